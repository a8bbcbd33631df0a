package client

import (
	"errors"
	"time"

	"crossband/client/redial"
	"crossband/proto"
	"crossband/proto/link"
)

// Expelled says, once, that this device's certificate has been taken back by its
// agency. Everything that it held is gone: group keys, key packages, hails. It
// dials rarely from then on, so that a device which is enrolled again notices.
type Expelled struct{ Why *proto.Refusal }

func (Expelled) event() {}

// expelledDial is how often a device that is out asks its relay whether it
// still is.
const expelledDial = 10 * time.Minute

// expelLocked wipes what a lost handset must not hold, in memory and on disk,
// and lets every call and every wait end with the reason.
func (s *Session) expelLocked(why *proto.Refusal) []Event {
	if s.expelled != nil {
		return nil
	}
	s.expelled = why
	s.log.Warn("this device has been revoked", "why", why.Error())
	for id, ch := range s.channels {
		ch.wanted, ch.greeted = false, nil
		for _, o := range ch.outbox {
			o.why = why
		}
		ch.outbox, ch.inbox, ch.again, ch.mine = nil, nil, nil, nil
		ch.forgetHolesLocked()
		ch.dropLocked()
		delete(s.channels, id)
	}
	clear(s.hails)
	s.ended = nil
	s.packages = keyPackages{}
	s.pacts.Pacts, s.pacts.documents = make(proto.Pacts), make(map[proto.DocumentID]struct{})
	s.wipeState()
	for id, c := range s.calls {
		delete(s.calls, id)
		close(c.answer)
	}
	s.endBulkLocked()
	s.changedLocked()
	return []Event{Expelled{why}}
}

// saveLocked keeps a value, unless the device has been taken out: what was wiped
// must not come back by whoever was about to save it.
func (s *Session) saveLocked(key string, value []byte) error {
	if err := s.expelledErrLocked(); err != nil {
		return err
	}
	return s.cfg.State.Save(key, value)
}

// wipeState deletes every value kept, whatever it is.
func (s *Session) wipeState() {
	names, err := s.cfg.State.Keys()
	for _, name := range names {
		err = errors.Join(err, s.cfg.State.Delete(name))
	}
	if err != nil {
		s.log.Error("state of a revoked device not wiped", "why", err.Error())
	}
}

func (s *Session) expel(why *proto.Refusal) {
	s.mu.Lock()
	news := s.expelLocked(why)
	s.mu.Unlock()
	for _, e := range news {
		s.emit(e)
	}
}

// refusedAsRevoked returns the relay's word that our certificate has been taken
// back. Only a relay that we have judged can say so: the refusal comes after the
// handshake. A hostile one can make us wipe ourselves so, which costs our
// membership and nothing that it could not withhold anyway.
func refusedAsRevoked(err error) *proto.Refusal {
	var theirs *link.RefusedByPeer
	if errors.As(err, &theirs) && theirs.Refusal.Reason == proto.ReasonRevoked {
		return theirs.Refusal
	}
	return nil
}

// redial returns how long to wait before the next dial.
func (s *Session) redial(back *redial.Backoff) time.Duration {
	pause := back.Pause()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.expelled != nil {
		return redial.Jitter(expelledDial)
	}
	return pause
}

// readmitLocked is called when the relay has let us in: we are out no more, unless
// our own lists say that we are.
func (s *Session) readmitLocked() error {
	err := s.identity.SelfRevoked(s.trust)
	if proto.ReasonOf(err) == proto.ReasonRevoked {
		return err
	}
	s.expelled = nil
	return nil
}

// expelledErrLocked returns why nothing can be done any more, or nil.
func (s *Session) expelledErrLocked() error {
	if s.expelled == nil {
		return nil
	}
	return s.expelled
}
