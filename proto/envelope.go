package proto

import (
	"google.golang.org/protobuf/proto"

	"crossband/proto/wire"
)

// Envelope is a message between members as relays see it: a text, a hail or a
// reply to one, open but for the sealed part.
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
	}
	return nil
}

// EntryEnvelope returns a log entry's envelope; nil for a commit.
func EntryEnvelope(e *wire.Entry) Envelope {
	switch item := e.GetItem().(type) {
	case *wire.Entry_Text:
		return item.Text
	case *wire.Entry_Hail:
		return item.Hail
	case *wire.Entry_HailReply:
		return item.HailReply
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
	}
}
