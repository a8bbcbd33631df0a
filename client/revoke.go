package client

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"crossband/crypto/mls"
	"crossband/crypto/mls/policy"
	"crossband/crypto/mls/roster"
	"crossband/crypto/mls/tree"
	"crossband/proto"
	"crossband/proto/link"
)

// A revoked member is put out of its groups by the others, whoever is there: a
// cut link alone does not silence it, for its relay may be hostile. Each member
// judges the lists by itself. They try one after the other, desks first, and
// whoever is about to speak or write makes sure before it does.

// Times of putting out.
const (
	// outTurn is how long each member waits for those before it. Two commits for
	// one epoch harm nobody, but a crowd of them would.
	outTurn  = 300 * time.Millisecond
	outTurns = 6 // at most so many are waited for: the last ones try together
	// outLimit is how long a press or a text waits for the group to be clean.
	outLimit = 2 * time.Second
	// Waits between tries that the hub did not take.
	outRetry     = time.Second
	outRetryMost = 30 * time.Second
)

// revocationsLocked takes in a revocation list, ours or a partner's, which the
// relay only carries: its agency's signature is judged here.
func (s *Session) revocationsLocked(signed []byte) []Event {
	if slices.ContainsFunc(s.trust.Revocations(), func(held []byte) bool { return string(held) == string(signed) }) {
		return nil
	}
	if err := s.trust.ApplyRevocations(signed, time.Now()); err != nil {
		s.log.Warn("revocation list refused", "code", int(proto.ReasonOf(err)), "why", err.Error())
		return nil
	}
	if err := s.keepLocked(s.identity.Adopt(s.trust)); err != nil {
		s.log.Error("revocation list not kept", "code", int(proto.ReasonOf(err)), "why", err.Error())
	}
	if err := s.identity.SelfRevoked(s.trust); proto.ReasonOf(err) == proto.ReasonRevoked {
		return s.expelLocked(proto.AsRefusal(err))
	}
	if err := s.trust.Revoked(relayChain(s.conn)); proto.ReasonOf(err) == proto.ReasonRevoked {
		s.conn.Close(proto.AsRefusal(err)) // it is the relay that is out
	}
	for _, ch := range s.channels {
		if ch.group != nil {
			ch.judgeLocked()
		}
	}
	s.changedLocked()
	return nil
}

func relayChain(c *link.Conn) (chain [][]byte) {
	if c == nil {
		return nil
	}
	for _, cert := range c.TLS().PeerCertificates {
		chain = append(chain, cert.Raw)
	}
	return chain
}

// judgeLocked finds out which members are revoked by now, and sees to it that
// they are put out. It is called whenever the members or the lists change.
func (ch *Channel) judgeLocked() {
	ch.outcasts = ch.gate().Outcasts(ch.group.Members(), time.Now())
	if len(ch.outcasts) == 0 || ch.puttingOut {
		return
	}
	ch.puttingOut = true
	ch.s.wg.Go(ch.putOut) // ends when nobody revoked is left, with our membership, or with Close
}

// putOut removes the revoked members when it is our turn and nobody else has.
func (ch *Channel) putOut() {
	s := ch.s
	wait := time.Duration(0)
	for {
		err := s.wait(s.ctx, func() bool { return ch.cleanLocked() || ch.hubThereLocked() })
		s.mu.Lock()
		if err != nil || ch.cleanLocked() {
			ch.puttingOut = false
			s.mu.Unlock()
			return
		}
		if wait == 0 {
			wait = time.Duration(ch.turnOf(s.Name())) * outTurn
		}
		s.mu.Unlock()
		if sleep(s.ctx, wait) && !ch.clean() {
			ctx, cancel := context.WithTimeout(s.ctx, taskTimeout)
			if err := ch.removeOutcasts(ctx); err != nil && s.ctx.Err() == nil {
				s.log.Warn("revoked member not removed", "channel", ch.id.Short(), "why", err.Error())
			}
			cancel()
		}
		wait = min(max(2*wait, outRetry), outRetryMost)
	}
}

func (ch *Channel) cleanLocked() bool { return ch.group == nil || len(ch.outcasts) == 0 }

func (ch *Channel) clean() bool {
	ch.s.mu.Lock()
	defer ch.s.mu.Unlock()
	return ch.cleanLocked()
}

func (ch *Channel) hubThereLocked() bool { return ch.s.conn != nil && ch.out != 0 && !ch.hubAway }

// turnOf is a member's place among those who may remove: desks first, then by
// name, so that every member finds the same order without asking. The caller
// holds the mutex.
func (ch *Channel) turnOf(me proto.Name) int {
	turn := 0
	for n := range ch.present {
		if !slices.Contains(ch.outcasts, n) && before(n, me) {
			turn++
		}
	}
	return min(turn, outTurns)
}

func before(a, b proto.Name) bool {
	if desk := a.Role == proto.RoleDesk; desk != (b.Role == proto.RoleDesk) {
		return desk
	}
	return a.String() < b.String()
}

// removeOutcasts commits the removal of every revoked member. It ends well when
// somebody else was faster.
func (ch *Channel) removeOutcasts(ctx context.Context) error {
	err := ch.change(ctx, proto.Name{}, func() (mls.CommitOptions, error) {
		o := mls.CommitOptions{Now: time.Now()}
		for _, m := range ch.group.Members() {
			if n, err := policy.NameOf(m.Credential); err == nil && slices.Contains(ch.outcasts, n) {
				o.Remove = append(o.Remove, tree.LeafIndex(m.Leaf))
			}
		}
		if len(o.Remove) == 0 {
			return o, errNobody
		}
		return o, nil
	})
	if errors.Is(err, errNobody) {
		return nil
	}
	return err
}

// errNobody says that there is nobody left to remove.
var errNobody = errors.New("client: nobody to remove")

// beforeSending is asked by whoever is about to speak or write: a group that
// holds a revoked member is cleaned first. When that fails though the hub is
// there, nothing is said, and a text waits: a hub that will not let a revoked device be removed
// is not to be talked through. When the hub is away nobody can be removed; then
// speech goes on, for the people on this side need it more than silence, and
// the user is told who may be listening.
func (ch *Channel) beforeSending(ctx context.Context) error {
	s := ch.s
	s.mu.Lock()
	names, there := shortNames(ch.blockingLocked(time.Now())), ch.hubThereLocked()
	clean := ch.group == nil || names == ""
	s.mu.Unlock()
	if clean {
		return nil
	}
	var err error
	if there {
		limited, cancel := context.WithTimeout(ctx, outLimit)
		err = ch.removeOutcasts(limited)
		cancel()
		if err == nil && ch.clean() {
			return nil
		}
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	s.mu.Lock()
	there = ch.hubThereLocked() && proto.ReasonOf(err) != proto.ReasonHubAway && !errors.Is(err, ErrNoLink)
	told := ch.warnedOf == names
	if !there {
		ch.warnedOf = names
	}
	s.mu.Unlock()
	why := proto.Refusef(proto.ReasonRevoked, "%s is still in the group", names)
	if there {
		return why
	}
	if !told {
		s.emit(Alarm{ch.id, why})
	}
	return nil
}

// blockingLocked lists the outcasts before whom nothing is said. Before an observer
// whose time has just ended it still is: clocks differ, and it is on its way out.
func (ch *Channel) blockingLocked(now time.Time) []proto.Name {
	return slices.DeleteFunc(slices.Clone(ch.outcasts), func(n proto.Name) bool {
		until, observes := ch.charter.Observes(n.Agency)
		return observes && !until.Before(now.Add(-proto.ClockSkewWarning)) && !ch.revokedLocked(n)
	})
}

func (ch *Channel) revokedLocked(n proto.Name) bool {
	return slices.ContainsFunc(ch.group.Members(), func(m roster.Member) bool {
		name, err := policy.NameOf(m.Credential)
		return err == nil && name == n && ch.s.judge().Revoked(m.Credential.Chain) != nil
	})
}

func shortNames(names []proto.Name) string {
	words := make([]string, len(names))
	for i, n := range names {
		words[i] = n.String()
	}
	return strings.Join(words, ", ")
}
