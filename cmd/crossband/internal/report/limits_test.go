package report_test

import (
	"errors"
	"strings"
	"testing"

	"crossband/client/phrase"
	"crossband/cmd/crossband/internal/report"
	"crossband/cmd/crossband/internal/report/reporttest"
	"crossband/crypto/record"
	"crossband/formats/ics"
	"crossband/proto"
	"crossband/proto/wire"
)

// TestNobodysWordsEndAReport: whatever a member writes, in a text, a note or a call,
// every form of the incident can be made, and says what it does not show.
func TestNobodysWordsEndAReport(t *testing.T) {
	hostile := &wire.Message{Body: &wire.Message_Text{Text: strings.Repeat("\x01", 6000)}, Note: strings.Repeat("\x02", 6000)}
	b := reporttest.NewBorder(t)
	for name, e := range map[string]reporttest.Entry{
		"text": {Actor: b.Desk, Body: &record.Text{Channel: reporttest.Channel(), Message: proto.MessageID{0xee}}, Says: hostile},
		"call": {Actor: b.Unit(), Body: &record.Hail{Channel: reporttest.Calling(), Message: proto.MessageID{0xee}, To: b.Desk, Urgency: proto.PriorityUrgent}, Says: hostile},
		"end":  {Actor: b.Desk, Body: &record.Closed{Disposition: strings.Repeat("\x01", 200)}},
	} {
		i := verified(t, b, b.Record(t, false, append(b.Ordinary(t), e)...))
		for _, l := range phrase.Languages() {
			o := options(l)
			text, err := ics.Text(i.ActivityLog(o), i.Layout(o))
			ok(t, err)
			if flat := strings.Join(strings.Fields(string(text)), " "); name != "end" && (!strings.Contains(flat, "U+0001") || !strings.Contains(flat, "U+0002") || !strings.Contains(flat, "[…")) {
				t.Errorf("%s, %s: the log does not show some of both, or not that some is missing", name, l)
			}
			_, err = ics.CSV(i.ActivityLog(o), i.Layout(o))
			ok(t, err)
			_, err = ics.HTML(i.ActivityLog(o), i.Layout(o))
			ok(t, err)
			_, err = i.EDXLFile(o)
			ok(t, err)
			_, err = i.CAPFeed(o)
			ok(t, err)
			_, err = i.TimelineJSON(o)
			ok(t, err)
			for n := range i.Events {
				if s := i.Events[n].Sentence(l); len(s) > 14_100 {
					t.Errorf("%s, %s: a sentence of %d octets", name, l, len(s))
				}
			}
		}
	}
}

// TestMoreCallsThanAFeedHolds: the feed is refused by its own name, each alert as a
// document is not.
func TestMoreCallsThanAFeedHolds(t *testing.T) {
	b := reporttest.NewBorder(t)
	list := b.Ordinary(t)
	for n := range 60 {
		id := proto.MessageID{0xd0, byte(n)}
		list = append(list,
			reporttest.Entry{Actor: b.Unit(), Body: &record.Hail{Channel: reporttest.Calling(), Message: id, To: b.Desk, Urgency: proto.PriorityUrgent}, Says: reporttest.Said(t, "request-backup", "")},
			reporttest.Entry{Actor: b.Desk, Body: &record.Reply{Hail: id, Message: proto.MessageID{0xd1, byte(n)}, State: proto.HailReceived}, Says: &wire.Message{}})
	}
	i := verified(t, b, b.Record(t, false, list...))
	if _, err := i.CAPFeed(options(phrase.English)); !errors.Is(err, report.ErrFeed) {
		t.Errorf("a feed: %v", err)
	}
	if docs, err := i.CAPDocuments(options(phrase.English)); err != nil || len(docs) <= 120 {
		t.Errorf("%d documents, %v", len(docs), err)
	}
}
