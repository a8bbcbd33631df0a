package client

import (
	"context"
	"time"

	"crossband/crypto/identity"
	"crossband/proto"
	"crossband/proto/wire"
)

// settle brings a new link into use: key packages if the relay lacks them, every joined channel
// subscribed, then each caught up: none is deaf because another has much to read.
func (s *Session) settle() {
	ctx, cancel := context.WithTimeout(s.ctx, taskTimeout)
	defer cancel()
	if err := s.settlePackages(ctx); err != nil {
		s.log.Warn("key packages not published", "why", err.Error())
	}
	channels := s.Channels()
	subscribed := make(map[*Channel]error, len(channels))
	for _, ch := range channels {
		if !ch.joined() {
			ch.ringAgain() // what was answered meanwhile cannot be read any more
			continue
		}
		subscribed[ch] = ch.subscribe(ctx)
	}
	for _, ch := range channels {
		err, was := subscribed[ch]
		if !was {
			continue
		}
		there := err == nil
		if there {
			err = ch.catchUp(ctx)
		}
		if proto.ReasonOf(err) == proto.ReasonNoChannel && ch.charter.Owner == s.Name().Agency {
			ch.startOver() // our own relay is the hub: it must know
			continue
		}
		if err != nil {
			s.log.Warn("channel not resumed", "channel", ch.id.Short(), "why", err.Error())
		}
		if there {
			ch.fetchLate() // now: the keys of the epochs that are over are gone in seconds
		}
		ch.ringAgain() // with the hub away too: better twice than never
	}
	s.firstUp()
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
