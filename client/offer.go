package client

import (
	"bytes"
	"slices"
	"time"

	"crossband/proto"
	"crossband/proto/wire"
)

// roomLocked makes room for one more channel, or says that there is none.
func (s *Session) roomLocked() error {
	s.pruneLocked()
	if n := len(s.channels); n >= proto.MaxSubscribed {
		return proto.Refusef(proto.ReasonQuota, "%d channels", n)
	}
	return nil
}

// offerLocked learns of a channel. The charter is judged here, whatever the
// relay thinks of it; once is enough, for it is offered on every link.
func (s *Session) offerLocked(b *wire.ChannelOffer) []Event {
	for _, ch := range s.channels {
		if bytes.Equal(ch.signed, b.Charter) && ch.ended() == nil {
			return s.offeredLocked(ch, b.Created)
		}
	}
	c, signer, err := s.judge().Read(b.Charter, time.Now())
	if err == nil {
		err = s.signerMayLocked(c, signer)
	}
	if err == nil && c.RightAt(s.Name(), time.Now()) == proto.RightNone {
		err = proto.Refusef(proto.ReasonCharter, "%s is not for us", c.Title)
	}
	if err == nil {
		if err := s.pacts.Covers(&c, time.Now()); err != nil {
			s.log.Warn("channel offer refused", "why", err.Error())
			return s.refuseOfferLocked(&c, b, proto.AsRefusal(err))
		}
	}
	if err != nil {
		s.log.Warn("channel offer refused", "why", err.Error())
		return nil
	}
	ch := s.channels[c.Channel]
	if ch == nil {
		if err := s.roomLocked(); err != nil {
			return []Event{Alarm{c.Channel, proto.AsRefusal(err)}}
		}
		ch = s.openLocked(c, b.Charter)
	}
	return s.offeredLocked(ch, b.Created)
}

func (s *Session) offeredLocked(ch *Channel, created bool) []Event {
	ch.created = ch.created || created
	if ch.wanted && ch.created && (ch.group == nil || ch.out == 0) {
		ch.comeBackLocked()
	}
	s.changedLocked()
	return []Event{Offered{ch.id, ch.charter, ch.created}}
}

// pruneLocked ends channels whose time is over.
func (s *Session) pruneLocked() {
	for _, ch := range s.channels {
		if why := ch.ended(); why != nil {
			ch.endLocked(why)
		}
	}
}

// ended returns a refusal if the channel's time is over, and else nil.
func (ch *Channel) ended() *proto.Refusal {
	if time.Now().Before(ch.end.At) {
		return nil
	}
	if ch.findEndLocked(); time.Now().Before(ch.end.At) { // a later revision has begun
		return nil
	}
	return ch.end.Refusal()
}

// endLocked drops a channel whose time is over, with its keys. What waited on
// it has failed, and what no run has given yet is given: tellEnded does both.
func (ch *Channel) endLocked(why *proto.Refusal) {
	s := ch.s
	ch.wanted = false
	if ch.group != nil {
		ch.news = append(ch.news, Left{ch.id, why})
	}
	if ch.burst != nil {
		ch.burst.endLocked(why)
	}
	ch.dropLocked()
	ch.news = append(ch.news, ch.againLocked()...)
	ch.news = append(ch.news, ch.giveUpLocked(ch.holes.list)...)
	for _, o := range slices.Clone(ch.outbox) {
		ch.news = append(ch.news, ch.abandonLocked(o, why)...)
	}
	delete(s.channels, ch.id)
	s.ended = append(s.ended, ch)
	s.changedLocked()
}

// tellEnded tells what ended channels leave behind, and only then deletes their
// states: a crash between tells it again.
func (s *Session) tellEnded() {
	s.mu.Lock()
	ended := s.ended
	s.ended = nil
	s.mu.Unlock()
	for _, ch := range ended {
		s.emitAll(ch.news)
		s.mu.Lock()
		if s.ctx.Err() == nil && s.channels[ch.id] == nil {
			if err := s.cfg.State.Delete(channelKey + ch.id.String()); err != nil {
				s.log.Warn("state of an ended channel not deleted", "why", err.Error())
			}
		}
		s.mu.Unlock()
	}
}

func (s *Session) signerMayLocked(c proto.Charter, signer proto.Name) error {
	var parent *proto.Charter
	if p := s.channels[c.Parent]; c.Kind.Opened() && p != nil {
		parent = &p.charter
	}
	return c.SignerMay(signer, parent)
}
