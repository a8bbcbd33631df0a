package client

import (
	"bytes"
	"context"
	"crypto/sha256"
	"slices"
	"time"

	"crossband/proto"
	"crossband/proto/wire"
)

// MaxText is the most octets of a text that a person may send at once.
const MaxText = 8 << 10

// Text says a text on the channel. It returns when our relay has it on disk; from
// then on it reaches the channel without us. When ctx ends before, the error wraps
// ErrWaiting: the text stays in the outbox and goes out when it can. MessageMoved
// tells the rest.
func (ch *Channel) Text(ctx context.Context, text string) (proto.MessageID, error) {
	if text == "" || len(text) > MaxText {
		return proto.MessageID{}, proto.Refusef(proto.ReasonTooLarge, "a text of %d octets; 1 to %d are allowed", len(text), MaxText)
	}
	return ch.sendMessage(ctx, &wire.Message{Body: &wire.Message_Text{Text: text}})
}

// TextAs says a text under an identifier of the caller's, which may say it again
// after a crash: one that is on its way or has been said lately is not said twice,
// and an older one is refused with ReasonConflict.
func (ch *Channel) TextAs(ctx context.Context, id proto.MessageID, text string) error {
	if text == "" || len(text) > MaxText {
		return proto.Refusef(proto.ReasonTooLarge, "a text of %d octets; 1 to %d are allowed", len(text), MaxText)
	}
	if ch.Delivery(id).State != 0 {
		return nil
	}
	return ch.post(ctx, id, &wire.Frame{Body: &wire.Frame_Text{Text: &wire.Text{Channel: ch.id[:], Id: id[:]}}}, &wire.Message{Body: &wire.Message_Text{Text: text}})
}

func (ch *Channel) sendMessage(ctx context.Context, m *wire.Message) (proto.MessageID, error) {
	id := proto.NewMessageID()
	return id, ch.post(ctx, id, &wire.Frame{Body: &wire.Frame_Text{Text: &wire.Text{Channel: ch.id[:], Id: id[:]}}}, m)
}

// textLocked reads a text out of the log.
func (ch *Channel) textLocked(e *wire.Entry, b *wire.Text) ([]Event, error) {
	id, m, from, err := ch.readLocked(e, b)
	if err != nil || m == nil {
		return nil, err
	}
	if ch.texts.again(from, id) {
		return nil, proto.Refusef(proto.ReasonConflict, "a text of %s comes a second time", from)
	}
	if o := m.GetIncident(); o != nil {
		return ch.incidentLocked(from, o)
	}
	if p := m.GetPosition(); p != nil {
		return ch.positionLocked(e, from, p)
	}
	t := TextReceived{ch.id, id, from, m.GetText(), time.UnixMilli(e.TimeMs), e.Seq}
	ch.receivedLocked(t)
	return []Event{t}, nil
}

// textList tells which texts have been in the log, oldest first. A sender seals a
// text anew when the hub says that its first seal came too late; a hub that lied
// could have both read.
type textList [][]byte

// Bounds of a textList: how many are known, and octets of a digest that tells them.
const (
	maxTexts   = 256
	textDigest = 12
)

// again notes a text and reports whether it was there before.
func (l *textList) again(from proto.Name, id proto.MessageID) bool {
	sum := sha256.Sum256(append(id[:], from.String()...))
	d := sum[:textDigest]
	if slices.ContainsFunc(*l, func(x []byte) bool { return bytes.Equal(x, d) }) {
		return true
	}
	if len(*l) == maxTexts {
		*l = (*l)[1:]
	}
	*l = append(*l, d)
	return false
}
