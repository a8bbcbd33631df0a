package client

import (
	"context"
	"errors"
	"time"

	"crossband/client/redial"
	"crossband/proto"
	"crossband/proto/link"
	"crossband/proto/wire"
)

// bulkState is the Session's bulk link: what is large and not urgent goes over it, so
// that live voice has the other link's window for itself. It is made when it is first
// needed and ends with the live link, or when it has been idle. The Session's mutex
// guards all but turns.
type bulkState struct {
	conn    *link.Conn    // nil: none
	idle    *time.Timer   // ends conn
	dialing chan struct{} // closed when a dial has ended; nil: none is under way
	again   time.Time     // not to be dialled before
	wait    time.Duration // after the next dial that fails
	small   time.Time     // when a channel in a hurry may have its next small page
	turns   *turns        // for each request under way
}

const (
	bulkAtOnce = 4                // requests under way on it, to one agency's relay
	bulkIdle   = 60 * time.Second // it ends after so long without one
	bulkFirst  = time.Second      // back-off between dials that fail
	bulkMost   = time.Minute
	bulkTime   = 3 * time.Second        // what is to be fetched waits so long for it before it looks for a pause in talk
	bulkLook   = 250 * time.Millisecond // and how often
	bulkNever  = 10 * time.Second       // a log waits no longer for a pause: a small page, now and then, harms no voice
	bulkSmall  = bulkNever / bulkAtOnce // between two such pages of all channels: 13 kbit/s
	bulkPage   = 64 << 10               // octets of a log page over it: on a path of 64 kbit/s still there within a task
)

// errNoBulk says that there is no bulk link now, where the relay offers one.
var errNoBulk = errors.New("client: no bulk link to the relay")

// hurry is what is asked for over the live link while somebody talks, where the relay has
// bulk links and none can be made.
type hurry uint8

const (
	noHurry   hurry = iota // nothing: it waits for a pause
	logHurry               // a small page after bulkNever, if no other channel has just had one
	joinHurry              // all of it, after bulkTime or when a dial has failed: who joins is called, or calls
)

// wideLink is the link on which something large may be asked for at this moment.
type wideLink struct {
	of      proto.Agency  // who answers, and whose turn is taken
	conn    *link.Conn    // nil: none yet
	bulk    bool          // it is the bulk link
	dialing chan struct{} // closed when the dial has ended that is under way; nil: none is
}

// wideNow tells the link on which something large may be asked for: the bulk link; the
// live one of a relay that has no bulk links; and the live one when nobody talks, if the
// bulk link has not come up in time since it was asked for first. As long as somebody
// talks there is none but for what is in a hurry: nothing large shares a window with voice.
func (s *Session) wideNow(h hurry, began time.Time) (wideLink, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	live, now := s.conn, time.Now()
	if live == nil {
		return wideLink{}, ErrNoLink
	}
	if !live.Has(proto.CapabilityBulk) {
		return wideLink{conn: live}, nil
	}
	if c := s.bulk.conn; c != nil {
		return wideLink{conn: c, bulk: true}, nil
	}
	dialing := s.dialBulkLocked(live)
	waited := now.Sub(began)
	if (dialing == nil || waited > bulkTime) && (h == joinHurry || !s.somebodyTalksLocked()) {
		return wideLink{conn: live}, nil
	}
	if h == logHurry && waited >= bulkNever && !now.Before(s.bulk.small) {
		s.bulk.small = now.Add(bulkSmall)
		return wideLink{conn: live}, nil
	}
	return wideLink{dialing: dialing}, nil
}

// wait waits until it is worth looking again.
func (w wideLink) wait(ctx context.Context) error {
	look := time.NewTimer(bulkLook)
	defer look.Stop()
	select {
	case <-w.dialing: // never, if it is nil
		return nil
	case <-look.C:
		return nil
	case <-ctx.Done():
		return errors.Join(errNoBulk, ctx.Err())
	}
}

// wideTurn takes a turn for what is large and answered by an agency's relay, if there is a
// link for it now. Whoever waits for a link has none: others may be in more of a hurry.
func (s *Session) wideTurn(ctx context.Context, of proto.Agency, h hurry, began time.Time) (wideLink, error) {
	if err := s.bulk.turns.take(ctx, of); err != nil {
		return wideLink{}, err
	}
	w, err := s.wideNow(h, began)
	w.of = of
	if w.conn == nil {
		s.giveWide(w)
	}
	return w, err
}

func (s *Session) giveWide(w wideLink) { s.bulk.turns.give(w.of) }

// page is how many octets of a log are asked for over the bulk link, by one who has a turn.
// Where several agencies' relays are asked, more than bulkAtOnce requests may be under way:
// each page is then its part of what so many bring, for all share the link.
func (b *bulkState) page() int {
	return max(bulkAtOnce*bulkPage/max(b.turns.taken(), bulkAtOnce), logFirst)
}

// askWide asks for something large and gives the turn back. again says that the bulk
// link was lost; whether the live one is there has to be seen.
func (s *Session) askWide(ctx context.Context, w wideLink, f *wire.Frame) (a *wire.Frame, again bool, err error) {
	defer s.giveWide(w)
	a, err = s.callOn(ctx, w.conn, f)
	switch {
	case w.bulk && errors.Is(err, ErrNoLink):
		s.lostBulk(w.conn)
		return nil, true, nil
	case w.bulk:
		s.usedBulk(w.conn)
	}
	return a, false, err
}

// callWide asks for something large that an agency's relay answers.
func (s *Session) callWide(ctx context.Context, of proto.Agency, h hurry, f *wire.Frame) (*wire.Frame, error) {
	return s.callWideAs(ctx, of, h, func(bool) *wire.Frame { return f })
}

// callWideAs is callWide for what is asked for in other pages where it goes over the live
// link.
func (s *Session) callWideAs(ctx context.Context, of proto.Agency, h hurry, ask func(bulk bool) *wire.Frame) (*wire.Frame, error) {
	for began := time.Now(); ; {
		a, w, err := s.tryWide(ctx, of, h, &began, ask)
		if err != nil || w.conn != nil {
			return a, err
		}
		if err := w.wait(ctx); err != nil {
			return nil, err
		}
	}
}

// tryWide is callWideAs if there is a link for it now; else it returns what has to be
// waited for. Since began it is asked for: anew when the bulk link was lost.
func (s *Session) tryWide(ctx context.Context, of proto.Agency, h hurry, began *time.Time, ask func(bulk bool) *wire.Frame) (*wire.Frame, wideLink, error) {
	for {
		w, err := s.wideTurn(ctx, of, h, *began)
		if err != nil || w.conn == nil {
			return nil, w, err
		}
		a, again, err := s.askWide(ctx, w, ask(w.bulk))
		if !again {
			return a, w, err
		}
		*began = time.Now()
	}
}

// lostBulk gives up a bulk link that takes nothing any more, before its reader does.
func (s *Session) lostBulk(conn *link.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.bulk.conn == conn {
		s.endBulkLocked()
		s.bulk.putOff()
	}
}

// usedBulk puts off the end of the bulk link.
func (s *Session) usedBulk(conn *link.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.bulk.conn == conn {
		s.bulk.idle.Reset(bulkIdle)
	}
}

// dialBulkLocked starts a dial, if none is under way and it is time. It returns what is
// closed when the dial that is under way has ended, nil for none.
func (s *Session) dialBulkLocked(live *link.Conn) chan struct{} {
	b := &s.bulk
	if b.dialing != nil || time.Now().Before(b.again) || s.ctx.Err() != nil {
		return b.dialing
	}
	done := make(chan struct{})
	b.dialing = done
	d := s.dialer
	s.wg.Go(func() { // ends with the bulk link, which ends with the live one and with Close
		ctx, cancel := context.WithTimeout(s.ctx, redial.Timeout)
		stop := context.AfterFunc(live.Context(), cancel)
		conn, err := d.DialBulk(ctx, s.cfg.Relay, link.Exactly(live.Peer()))
		stop()
		cancel()
		s.mu.Lock()
		b.dialing = nil
		close(done)
		up := err == nil && s.conn == live && s.dialer == d && s.expelled == nil
		if up {
			b.conn, b.idle = conn, time.AfterFunc(bulkIdle, func() { s.leaveBulk(conn) })
		} else if err != nil {
			b.putOff()
		}
		s.mu.Unlock()
		switch {
		case up:
			s.serveBulk(conn)
		case err == nil:
			conn.Close(nil)
		case s.ctx.Err() == nil:
			s.log.Info("no bulk link", "why", err.Error())
		}
	})
	return done
}

// putOff has the next dial wait, each time longer.
func (b *bulkState) putOff() {
	b.wait = min(max(2*b.wait, bulkFirst), bulkMost)
	b.again = time.Now().Add(b.wait)
}

// serveBulk reads a bulk link until it ends. Nothing comes on it but answers.
func (s *Session) serveBulk(conn *link.Conn) {
	began := time.Now()
	for {
		f, err := conn.Receive(s.ctx)
		if err != nil {
			break
		}
		if !s.answered(conn, f) {
			conn.Close(proto.Refusef(proto.ReasonForbidden, "kind %d on a bulk link to nothing asked", proto.KindOf(f)))
		}
	}
	conn.Close(nil)
	<-conn.Done()
	s.mu.Lock()
	defer s.mu.Unlock()
	b := &s.bulk
	s.dropCallsLocked(conn)
	if b.conn != conn {
		return // we have ended it
	}
	b.conn = nil
	b.idle.Stop()
	if time.Since(began) >= redial.Lasts {
		b.wait = 0
	}
	b.putOff()
}

// leaveBulk ends a bulk link that has been idle. A request that is under way keeps it.
func (s *Session) leaveBulk(conn *link.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.bulk.conn != conn {
		return
	}
	for _, c := range s.calls {
		if c.on == conn {
			s.bulk.idle.Reset(bulkIdle)
			return
		}
	}
	s.endBulkLocked()
}

// endBulkLocked ends the bulk link, if there is one; its reader does the rest.
func (s *Session) endBulkLocked() {
	b := &s.bulk
	if b.conn == nil {
		return
	}
	b.conn.Close(nil)
	b.idle.Stop()
	b.conn = nil
}
