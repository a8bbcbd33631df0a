package client

import (
	"context"
	"errors"
	"time"

	"crossband/proto"
	"crossband/proto/wire"
)

// MaxText is the most octets of a text that a person may send at once.
const MaxText = 8 << 10

// Text sends a text to the channel. It returns when the channel's hub has
// stored it. Lost links are waited out until ctx ends; the hub stores a text
// that it gets twice once.
func (ch *Channel) Text(ctx context.Context, text string) (proto.MessageID, error) {
	if text == "" || len(text) > MaxText {
		return proto.MessageID{}, proto.Refusef(proto.ReasonTooLarge, "a text of %d octets; 1 to %d are allowed", len(text), MaxText)
	}
	return ch.sendMessage(ctx, &wire.Message{Body: &wire.Message_Text{Text: text}})
}

func (ch *Channel) sendMessage(ctx context.Context, m *wire.Message) (proto.MessageID, error) {
	id := proto.NewMessageID()
	return id, ch.submit(ctx, func() (*wire.Frame, error) {
		b := &wire.Text{Channel: ch.id[:], Id: id[:]}
		aad, err := envelopeAAD(b)
		if err != nil {
			return nil, err
		}
		if b.Sealed, err = ch.sealLocked(m, aad); err != nil {
			return nil, err
		}
		b.Epoch = uint64(ch.group.Epoch())
		ch.sent[id] = aad
		return &wire.Frame{Body: &wire.Frame_Text{Text: b}}, nil
	})
}

// submit sends a log entry until the hub has it. seal is called with the mutex
// held, again when the membership has moved on meanwhile; after a lost link the
// same octets are sent again under the same identifier.
func (ch *Channel) submit(ctx context.Context, seal func() (*wire.Frame, error)) error {
	s := ch.s
	var f *wire.Frame
	for {
		if err := s.wait(ctx, func() bool { return s.conn != nil && (ch.out != 0 || ch.group == nil) }); err != nil {
			return err
		}
		if f == nil {
			if err := ch.beforeSending(ctx); err != nil {
				return err
			}
			s.mu.Lock()
			var err error
			f, err = seal()
			s.mu.Unlock()
			if err != nil {
				return err
			}
		}
		_, err := s.call(ctx, f)
		if proto.ReasonOf(err) == proto.ReasonStaleEpoch {
			f = nil
			if err = ch.catchUp(ctx); err == nil {
				continue
			}
		}
		switch {
		case errors.Is(err, ErrNoLink): // it may still be closing
			if !sleep(ctx, linkRetry) {
				return err
			}
		case proto.ReasonOf(err) == proto.ReasonHubAway:
			if !sleep(ctx, hubAwayRetry) {
				return err
			}
		default:
			return err
		}
	}
}

// How long a text waits before it is tried again.
const (
	linkRetry    = 50 * time.Millisecond
	hubAwayRetry = time.Second
)

// textLocked reads a text out of the log.
func (ch *Channel) textLocked(e *wire.Entry, b *wire.Text) ([]Event, error) {
	id, m, from, err := ch.readLocked(b.Id, b, b.Sealed, b.Epoch)
	if err != nil || m == nil {
		return nil, err
	}
	if o := m.GetIncident(); o != nil {
		return ch.incidentLocked(from, o)
	}
	return []Event{TextReceived{ch.id, id, from, m.GetText(), time.UnixMilli(e.TimeMs), e.Seq}}, nil
}
