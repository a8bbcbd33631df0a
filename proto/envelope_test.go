package proto_test

import (
	"bytes"
	"testing"

	"crossband/proto"
	"crossband/proto/wire"
)

// TestEnvelopes: each kind is found in a frame and in the log, and is
// sealed and counted in place.
func TestEnvelopes(t *testing.T) {
	text, hail, reply := &wire.Text{Id: []byte("t")}, &wire.Hail{Id: []byte("h")}, &wire.HailReply{Id: []byte("r")}
	result, act, duty := &wire.PageResult{Id: []byte("p")}, &wire.Incident{Id: []byte("i")}, &wire.Duty{Id: []byte("d")}
	for _, c := range []struct {
		envelope proto.Envelope
		frame    *wire.Frame
		entry    *wire.Entry
	}{
		{text, &wire.Frame{Body: &wire.Frame_Text{Text: text}}, &wire.Entry{Item: &wire.Entry_Text{Text: text}}},
		{hail, &wire.Frame{Body: &wire.Frame_Hail{Hail: hail}}, &wire.Entry{Item: &wire.Entry_Hail{Hail: hail}}},
		{reply, &wire.Frame{Body: &wire.Frame_HailReply{HailReply: reply}}, &wire.Entry{Item: &wire.Entry_HailReply{HailReply: reply}}},
		{result, &wire.Frame{Body: &wire.Frame_PageResult{PageResult: result}}, &wire.Entry{Item: &wire.Entry_PageResult{PageResult: result}}},
		{act, &wire.Frame{Body: &wire.Frame_Incident{Incident: act}}, &wire.Entry{Item: &wire.Entry_Incident{Incident: act}}},
		{duty, &wire.Frame{Body: &wire.Frame_Duty{Duty: duty}}, &wire.Entry{Item: &wire.Entry_Duty{Duty: duty}}},
	} {
		if proto.EnvelopeOf(c.frame) != c.envelope || proto.EntryEnvelope(c.entry) != c.envelope {
			t.Errorf("%T is not found", c.envelope)
		}
		proto.SetSealed(c.envelope, []byte("seal"), 7)
		proto.SetNumber(c.envelope, 3)
		if e := c.envelope; !bytes.Equal(e.GetSealed(), []byte("seal")) || e.GetEpoch() != 7 || e.GetNumber() != 3 {
			t.Errorf("%T: %v", e, e)
		}
	}
	if proto.EnvelopeOf(nil) != nil || proto.EnvelopeOf(&wire.Frame{Body: &wire.Frame_Commit{Commit: &wire.Commit{}}}) != nil {
		t.Error("a frame without an envelope has one")
	}
	if proto.EntryEnvelope(&wire.Entry{Item: &wire.Entry_Page{Page: &wire.Page{}}}) != nil {
		t.Error("a page, which nobody seals, has an envelope")
	}
	if proto.EntryEnvelope(nil) != nil || proto.EntryEnvelope(&wire.Entry{Item: &wire.Entry_Commit{Commit: &wire.Commit{}}}) != nil {
		t.Error("an entry without an envelope has one")
	}
}
