package client

import (
	"context"
	"time"

	"crossband/proto"
)

// A device's folder may be put back from a backup, or copied. Its state would
// then seal again with keys and counters that have been used. Two things keep it
// from that: voice keys depend on when the state was started (nextStart), and
// nothing is sealed for the log before the log has shown that it holds no later
// message of ours. If it does, the state is given up: what can still be read is
// read, and the device comes in again with new keys.

// nextStart is the SFrame context of a new start: above the last one, and not
// below the seconds since 2000, so that a state which was put back does not
// count its starts from where it once stood. 30 bits of it last until 2034, and
// the layout has room for 46.
func nextStart(last uint64, now time.Time) uint64 {
	since := now.Sub(time.Date(2000, time.January, 1, 0, 0, 0, 0, time.UTC))
	return max(last+1, uint64(max(since, 0)/time.Second))
}

// oldStateLocked says once that the log holds what this state has not sent, and
// seals nothing more by it.
func (ch *Channel) oldStateLocked() []Event {
	if ch.old {
		return nil
	}
	ch.old = true
	ch.silence()
	if ch.burst != nil {
		ch.burst.endLocked(proto.Refuse(proto.ReasonRolledBack, ch.charter.Title))
	}
	return []Event{Alarm{ch.id, proto.Refuse(proto.ReasonRolledBack, ch.charter.Title)}}
}

// caughtUpLocked is called when the log may have been read to its end: then the
// state is known to be good or, if it is old, the device comes in again.
func (ch *Channel) caughtUpLocked() {
	if ch.group == nil || ch.out == 0 || ch.hubAway || ch.cursor < ch.head {
		return
	}
	if ch.old {
		ch.dropLocked()
		ch.comeBackLocked()
		return
	}
	ch.checked = true
}

func (ch *Channel) caughtUp() {
	ch.s.mu.Lock()
	defer ch.s.mu.Unlock()
	ch.caughtUpLocked()
}

// checkState asks the log about our state, if it has not spoken yet since the
// state was loaded. Nothing is sealed before it has: without the hub it is as if
// the hub were away.
func (ch *Channel) checkState(ctx context.Context) error {
	if ch.isChecked() {
		return nil
	}
	if err := ch.catchUp(ctx); err != nil {
		return err
	}
	if !ch.isChecked() {
		return proto.Refuse(proto.ReasonHubAway, ch.charter.Title)
	}
	return nil
}

func (ch *Channel) isChecked() bool {
	ch.s.mu.Lock()
	defer ch.s.mu.Unlock()
	return ch.checked || ch.group == nil
}
