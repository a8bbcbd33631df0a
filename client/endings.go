package client

import (
	"time"

	"crossband/crypto/mls/policy"
	"crossband/proto"
)

// endingsLook is how long endings waits at most: the clock may have been set.
const endingsLook = time.Minute

// endings ends channels at their time, warns of it before, lets observers be put out
// whose time is over, and judges refused offers again. It ends with Close.
func (s *Session) endings() {
	for {
		now := time.Now()
		s.mu.Lock()
		news, next := s.endingsLocked(now)
		s.mu.Unlock()
		s.emitAll(news)
		s.tellEnded()
		timer := time.NewTimer(min(endingsLook, next.Sub(now)))
		select {
		case <-timer.C:
		case <-s.pacts.moved:
		case <-s.ctx.Done():
		}
		timer.Stop()
		if s.ctx.Err() != nil {
			return
		}
	}
}

// endingsLocked does what is due at now and says when the next is.
func (s *Session) endingsLocked(now time.Time) (news []Event, next time.Time) {
	next = now.Add(endingsLook)
	sooner := func(at time.Time) {
		if at.After(now) && at.Before(next) {
			next = at
		}
	}
	news, again := s.refusedLocked(now)
	sooner(again)
	for _, ch := range s.channels {
		if why := ch.ended(); why != nil {
			ch.endLocked(why)
			continue
		}
		sooner(ch.end.At)
		for _, before := range EndingSaid() {
			sooner(ch.end.At.Add(-before))
		}
		news = append(news, ch.endingLocked(now)...)
		if !ch.watch.IsZero() && !now.Before(ch.watch) {
			ch.watch = ch.charter.NextObserverEnd(now)
			if ch.group != nil {
				ch.judgeLocked()
			}
		}
		if !ch.watch.IsZero() {
			sooner(ch.watch)
		}
	}
	return news, next
}

// endingLocked says that the channel will end, once for each of EndingSaid.
func (ch *Channel) endingLocked(now time.Time) []Event {
	left, due := ch.end.At.Sub(now), time.Duration(0)
	for _, before := range EndingSaid() {
		if left <= before {
			due = before
		}
	}
	if due == 0 || ch.said != 0 && ch.said <= due || ch.group == nil {
		return nil
	}
	ch.said = due
	return []Event{Ending{ch.id, left, ch.end.At, ch.end.Refusal()}}
}

// observersLocked tells which observers are among members.
func (ch *Channel) observersLocked(names []proto.Name) (news []Event) {
	for _, n := range names {
		if until, observes := ch.charter.Observes(n.Agency); observes {
			news = append(news, ObserverThere{ch.id, n, until})
		}
	}
	return news
}

// presentLocked lists the members' names.
func (ch *Channel) presentLocked() (names []proto.Name) {
	for _, m := range ch.group.Members() {
		if n, err := policy.NameOf(m.Credential); err == nil {
			names = append(names, n)
		}
	}
	return names
}
