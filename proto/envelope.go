package proto

import (
	"google.golang.org/protobuf/proto"

	"crossband/proto/wire"
)

// Envelope is a message between members as relays see it: a text, a hail, or what
// is said of one, open but for the sealed part.
type Envelope interface {
	proto.Message
	GetChannel() []byte
	GetId() []byte
	GetEpoch() uint64  // that the sealed part belongs to
	GetNumber() uint64 // by the sender's count; 0 for what is not counted
	GetSealed() []byte
	GetCommitment() []byte // to what is sealed; empty for what is not sealed
}

// EnvelopeOf returns a frame's envelope; nil for any other frame.
func EnvelopeOf(f *wire.Frame) Envelope {
	switch b := f.GetBody().(type) {
	case *wire.Frame_Text:
		return b.Text
	case *wire.Frame_Hail:
		return b.Hail
	case *wire.Frame_HailReply:
		return b.HailReply
	case *wire.Frame_PageResult:
		return b.PageResult
	case *wire.Frame_Incident:
		return b.Incident
	case *wire.Frame_Duty:
		return b.Duty
	}
	return nil
}

// EntryEnvelope returns a log entry's envelope; nil for a commit and a page.
func EntryEnvelope(e *wire.Entry) Envelope {
	switch item := e.GetItem().(type) {
	case *wire.Entry_Text:
		return item.Text
	case *wire.Entry_Hail:
		return item.Hail
	case *wire.Entry_HailReply:
		return item.HailReply
	case *wire.Entry_PageResult:
		return item.PageResult
	case *wire.Entry_Incident:
		return item.Incident
	case *wire.Entry_Duty:
		return item.Duty
	}
	return nil
}

// SetSealed puts the sealed part, and the epoch that it belongs to, into an
// envelope.
func SetSealed(e Envelope, sealed []byte, epoch uint64) {
	switch e := e.(type) {
	case *wire.Text:
		e.Sealed, e.Epoch = sealed, epoch
	case *wire.Hail:
		e.Sealed, e.Epoch = sealed, epoch
	case *wire.HailReply:
		e.Sealed, e.Epoch = sealed, epoch
	case *wire.PageResult:
		e.Sealed, e.Epoch = sealed, epoch
	case *wire.Incident:
		e.Sealed, e.Epoch = sealed, epoch
	case *wire.Duty:
		e.Sealed, e.Epoch = sealed, epoch
	}
}

// CommitmentLen is the length of a commitment and of its salt, in octets.
const CommitmentLen = 32

// SetCommitment puts the commitment to what is sealed into an envelope.
func SetCommitment(e Envelope, c []byte) {
	switch e := e.(type) {
	case *wire.Text:
		e.Commitment = c
	case *wire.Hail:
		e.Commitment = c
	case *wire.HailReply:
		e.Commitment = c
	case *wire.PageResult:
		e.Commitment = c
	case *wire.Incident:
		e.Commitment = c
	case *wire.Duty:
		e.Commitment = c
	}
}

// CheckCommitment refuses a sealed envelope without one: what it says could never be
// proven.
func CheckCommitment(e Envelope) error {
	if n := len(e.GetCommitment()); n != CommitmentLen {
		return Refusef(ReasonMalformed, "commitment of %d octets, want %d", n, CommitmentLen)
	}
	return nil
}

// SetNumber puts the sender's count into an envelope.
func SetNumber(e Envelope, n uint64) {
	switch e := e.(type) {
	case *wire.Text:
		e.Number = n
	case *wire.Hail:
		e.Number = n
	case *wire.HailReply:
		e.Number = n
	case *wire.PageResult:
		e.Number = n
	case *wire.Incident:
		e.Number = n
	case *wire.Duty:
		e.Number = n
	}
}
