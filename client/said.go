package client

import (
	"context"
	"time"

	"crossband/proto"
)

// TextSaid is a text of ours, once it is in the outbox; and, at the start of a run,
// each that a run before has left there. MessageMoved tells what becomes of it, and may
// come before.
type TextSaid struct {
	Channel proto.ChannelID
	ID      proto.MessageID
	Text    string
	At      time.Time // by our clock
}

func (TextSaid) event() {}

// tellSaid tells of a text. Who says it is not held up by a queue of events that
// nobody empties for longer than ctx allows.
func (ch *Channel) tellSaid(ctx context.Context, o *outgoing, text string) {
	if text == "" {
		return
	}
	select {
	case ch.s.events <- TextSaid{ch.id, o.ID, text, o.At}:
	case <-ctx.Done():
	case <-ch.s.ctx.Done():
	}
}

// unsentLocked lists the texts in the outbox, the oldest first.
func (ch *Channel) unsentLocked() (news []Event) {
	for _, o := range ch.outbox {
		if m, err := openLetter(o.Message); err == nil && m.GetText() != "" {
			news = append(news, TextSaid{ch.id, o.ID, m.GetText(), o.At})
		}
	}
	return news
}
