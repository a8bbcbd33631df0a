package client

import (
	"context"
	"sync"
	"time"

	"crossband/crypto/identity"
	"crossband/proto"
	"crossband/proto/link"
	"crossband/proto/wire"
)

// settleAtOnce is how many subscriptions of a new link, and first pages of logs, are under
// way at a time on one agency's channels: what a thin link carries in a second or two.
const settleAtOnce = 8

// settle brings a new link into use: key packages if the relay lacks them, then every
// joined channel by itself. None waits for what another has to read, or for an answer that
// a channel of another agency does not get: a hub that gives none holds up its own agency's
// channels only. It ends with the link, and after taskTimeout.
func (s *Session) settle(conn *link.Conn) {
	ctx, cancel := context.WithTimeout(conn.Context(), taskTimeout)
	defer cancel()
	if err := s.settlePackages(ctx); err != nil {
		s.log.Warn("key packages not published", "why", err.Error())
	}
	var all sync.WaitGroup
	for _, ch := range s.Channels() {
		if !ch.joined() {
			ch.ringAgain() // what was answered meanwhile cannot be read any more
			continue
		}
		all.Go(func() { ch.settle(ctx) }) // ends with ctx
	}
	all.Wait()
	s.firstUp()
}

// settle subscribes a channel on a new link and catches up with its log, and then asks
// for what of its voice was missed and rings what rang.
func (ch *Channel) settle(ctx context.Context) {
	err := ch.s.small.take(ctx, ch.charter.Owner)
	if err == nil {
		err = ch.subscribe(ctx)
		ch.s.small.give(ch.charter.Owner)
	}
	there := err == nil
	if there {
		err = ch.catchUp(ctx)
	}
	if proto.ReasonOf(err) == proto.ReasonNoChannel && ch.charter.Owner == ch.s.Name().Agency {
		ch.startOver() // our own relay is the hub: it must know
		return
	}
	if err != nil {
		ch.s.log.Warn("channel not resumed", "channel", ch.id.Short(), "why", err.Error())
	}
	if there {
		ch.fetchLate() // now: the keys of the epochs that are over are gone in seconds
	}
	ch.ringAgain() // with the hub away too: better twice than never
}

// startOver gives up a group that the channel's hub does not know any more and
// joins, or makes, the one that takes its place.
func (ch *Channel) startOver() {
	ch.s.mu.Lock()
	ch.created, ch.lost = false, true // said to whoever looks: the hub may be lying
	news := ch.rejoinLocked(proto.Refuse(proto.ReasonNoChannel, "the hub has lost the group"))
	ch.s.mu.Unlock()
	for _, e := range news {
		ch.s.emit(e)
	}
}

func (s *Session) firstUp() {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-s.up:
	default:
		close(s.up)
	}
}

// renewRetry is how long to wait before asking again for a certificate.
const renewRetry = 5 * time.Minute

// renewals replaces the certificate after two thirds of its life, and in every
// channel the leaf that shows it. It ends with Close.
func (s *Session) renewals() {
	for s.WaitConnected(s.ctx) == nil {
		s.mu.Lock()
		id := s.identity
		s.mu.Unlock()
		at, err := id.RenewAt()
		if err != nil {
			s.log.Error("certificate cannot be renewed", "why", err.Error())
			return
		}
		if wait := time.Until(at); wait > 0 {
			if !sleep(s.ctx, wait) {
				return
			}
			continue
		}
		ctx, cancel := context.WithTimeout(s.ctx, taskTimeout)
		err = s.Renew(ctx)
		cancel()
		if err != nil {
			s.log.Warn("certificate not renewed", "why", err.Error())
			if !sleep(s.ctx, renewRetry) {
				return
			}
		}
	}
}

// Renew asks the agency's authority for a new certificate of the same key.
func (s *Session) Renew(ctx context.Context) error {
	s.mu.Lock()
	id := s.identity
	s.mu.Unlock()
	r, err := identity.NewRenewal(id, id.Key, time.Now())
	if err != nil {
		return err
	}
	a, err := s.call(ctx, &wire.Frame{Body: &wire.Frame_Enrol{Enrol: &wire.Enrol{Request: r.Request(), Renewal: true}}})
	if err != nil {
		return err
	}
	next, err := r.Finish(a.GetEnrolReply().GetReply(), time.Now())
	if err != nil {
		return err
	}
	s.mu.Lock()
	err = s.keepLocked(next.Adopt(s.trust))
	s.mu.Unlock()
	if err != nil {
		return err
	}
	if err := s.publishPackages(ctx); err != nil { // those that the relay holds show the old certificate
		s.log.Warn("key packages not published", "why", err.Error())
	}
	for _, ch := range s.Channels() {
		if ch.joined() {
			if err := ch.Refresh(ctx); err != nil {
				s.log.Warn("leaf not renewed", "channel", ch.id.Short(), "why", err.Error())
			}
		}
	}
	return nil
}

func (s *Session) keepLocked(id *identity.Identity) error {
	if s.cfg.Save != nil {
		if err := s.cfg.Save(id); err != nil {
			return err
		}
	}
	s.identity = id
	return nil
}

// trustLocked takes in a trust list that our authority signed.
func (s *Session) trustLocked(signed []byte) {
	if err := s.trust.ApplyTrustList(signed, time.Now()); err != nil {
		s.log.Warn("trust list refused", "why", err.Error())
		return
	}
	if err := s.keepLocked(s.identity.Adopt(s.trust)); err != nil {
		s.log.Error("trust list not kept", "code", proto.ReasonOf(err), "why", err.Error())
	}
}
