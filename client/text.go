package client

import (
	"context"
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

func (ch *Channel) sendMessage(ctx context.Context, m *wire.Message) (proto.MessageID, error) {
	id := proto.NewMessageID()
	return id, ch.post(ctx, id, &wire.Frame{Body: &wire.Frame_Text{Text: &wire.Text{Channel: ch.id[:], Id: id[:]}}}, m)
}

// textLocked reads a text out of the log.
func (ch *Channel) textLocked(e *wire.Entry, b *wire.Text) ([]Event, error) {
	id, m, from, err := ch.readLocked(e, b.Id, b, b.Sealed, b.Epoch)
	if err != nil || m == nil {
		return nil, err
	}
	if o := m.GetIncident(); o != nil {
		return ch.incidentLocked(from, o)
	}
	t := TextReceived{ch.id, id, from, m.GetText(), time.UnixMilli(e.TimeMs), e.Seq}
	ch.receivedLocked(t)
	return []Event{t}, nil
}
