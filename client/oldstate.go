package client

import (
	"context"

	"crossband/proto"
)

// A device's folder may be put back from a backup, or copied. Its state would then
// seal again with keys and counters that have been used. Four things keep it from
// that: our relay tells the number of our last message (rolledBackLocked); the log
// may hold messages that we signed and this state has not sent (below); the first
// text of a run waits for new keys (freshenFor); and voice keys depend on chance
// (newContext). The first two look at what others saw, the last two need nobody.

// oldStateLocked says once that the log holds what this state has not sent, and
// seals nothing more by it: what can still be read is read, then the device comes
// in again with new keys. Only our own signature counts, so that no member can talk
// another out of its state.
func (ch *Channel) oldStateLocked(why *proto.Refusal) []Event {
	if ch.old {
		return nil
	}
	ch.old = true
	ch.sealNoMoreLocked()
	return []Event{Alarm{ch.id, why}}
}

// stillOldLocked goes on where a run ended that knew its state to be old and had
// not come in again: nothing else would show it once more.
func (ch *Channel) stillOldLocked() {
	ch.sealNoMoreLocked()
	ch.heart.news = append(ch.heart.news, Alarm{ch.id, proto.Refuse(proto.ReasonRolledBack, "found by an earlier run, which did not come in again")})
}

func (ch *Channel) sealNoMoreLocked() {
	ch.silence()
	if ch.burst != nil {
		ch.burst.endLocked(proto.Refuse(proto.ReasonRolledBack, ch.charter.Title))
	}
	for _, o := range ch.outbox {
		o.Sealed = nil
	}
	ch.comeBackLocked()
}

// caughtUpLocked is called when the log may have been read to its end.
func (ch *Channel) caughtUpLocked() {
	if ch.group == nil || !ch.old || ch.out == 0 || ch.hubAway || ch.cursor < ch.head {
		return
	}
	ch.dropLocked()
	ch.comeBackLocked()
}

// readOn reads what an old state can still read. It returns an error as long as
// the log has not been read to its end.
func (ch *Channel) readOn(ctx context.Context) error {
	if !ch.isOld() {
		return nil
	}
	if err := ch.catchUp(ctx); err != nil {
		return err
	}
	if ch.isOld() {
		return proto.Refuse(proto.ReasonHubAway, ch.charter.Title)
	}
	return nil
}

func (ch *Channel) isOld() bool {
	ch.s.mu.Lock()
	defer ch.s.mu.Unlock()
	return ch.old && ch.group != nil
}

func (ch *Channel) caughtUp() {
	ch.s.mu.Lock()
	defer ch.s.mu.Unlock()
	ch.caughtUpLocked()
}
