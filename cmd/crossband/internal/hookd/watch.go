package hookd

import (
	"context"
	"errors"
	"fmt"
	"time"

	"crossband/client"
	"crossband/proto"
	"crossband/relay/hook"
)

// Watch gives an inbox back what did not go out, and ends with ctx or when the
// device is taken out. It drains the session's events, as somebody must; seen, if
// it is not nil, is told each.
func Watch(ctx context.Context, s *client.Session, inbox *hook.Inbox, seen func(client.Event)) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case ev := <-s.Events():
			if seen != nil {
				seen(ev)
			}
			switch ev := ev.(type) {
			case client.Expelled:
				return ev.Why
			case client.MessageMoved:
				if didNotGoOut(ev) {
					inbox.Returned(ctx, ev.ID, ev.Why.Error())
				}
			}
		}
	}
}

// didNotGoOut: what is in conflict is in the log, from a run before this one.
func didNotGoOut(ev client.MessageMoved) bool {
	return ev.State == client.MessageFailed && ev.Why.Reason != proto.ReasonConflict
}

// Sure is a Raiser that holds a hail for raised only when it has its place in the
// channel's log. What its relay alone has can still come back, and whoever ends
// then would not learn of it.
type Sure struct{ *Raiser }

// Raise implements hook.Raiser.
func (s Sure) Raise(ctx context.Context, x hook.Raise) error {
	if err := s.Raiser.Raise(ctx, x); err != nil {
		return err
	}
	return s.Out(ctx, x.Hail)
}

// ErrNotOut says that a hail is on its way and not in the channel's log.
var ErrNotOut = errors.New("it is on its way, and not in the channel's log yet")

// Out waits until a hail that is on its way is in the channel's log. It returns an
// error that wraps hook.ErrRefused when it came back, and ErrNotOut when ctx ended
// before.
func (r *Raiser) Out(ctx context.Context, hail proto.MessageID) error {
	ch, err := r.Join(ctx)
	if err != nil {
		return err
	}
	for {
		if err := cameBack(r.Session.FindHail(hail)); err != nil {
			return err
		}
		switch ch.Delivery(hail).State {
		case client.MessageQueued, client.MessageKept:
		default: // in the log, if need be since a run before this one
			return cameBack(r.Session.FindHail(hail))
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", ErrNotOut, ctx.Err())
		case <-time.After(50 * time.Millisecond):
		}
	}
}
