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
	turns   chan struct{} // a token for each request under way
}

const (
	bulkAtOnce = 4                // requests under way on it
	bulkIdle   = 60 * time.Second // it ends after so long without one
	bulkFirst  = time.Second      // back-off between dials that fail
	bulkMost   = time.Minute
	bulkTime   = 3 * time.Second        // what is to be fetched waits so long for it before it looks for a pause in talk
	bulkLook   = 250 * time.Millisecond // and how often
	bulkNever  = 10 * time.Second       // a log waits no longer for a pause: a small page, now and then, harms no voice
	bulkPage   = 64 << 10               // octets of a log page over it: on a path of 64 kbit/s still there within a task
)

// errNoBulk says that there is no bulk link now, where the relay offers one.
var errNoBulk = errors.New("client: no bulk link to the relay")

// wide returns the link on which something large may be asked for: the bulk link; the
// live one of a relay that has no bulk links; and the live one when nobody talks, if the
// bulk link has not come up in time. As long as somebody talks it waits: nothing large
// shares a window with voice. patience ends that wait for what can be asked for in small
// pages; 0: nothing does.
func (s *Session) wide(ctx context.Context, patience time.Duration) (conn *link.Conn, bulk bool, err error) {
	began := time.Now()
	for {
		s.mu.Lock()
		live := s.conn
		if live == nil {
			s.mu.Unlock()
			return nil, false, ErrNoLink
		}
		if !live.Has(proto.CapabilityBulk) {
			s.mu.Unlock()
			return live, false, nil
		}
		if c := s.bulk.conn; c != nil {
			s.mu.Unlock()
			return c, true, nil
		}
		dialing := s.dialBulkLocked(live)
		s.mu.Unlock()
		waited := time.Since(began)
		if (dialing == nil || waited > bulkTime) && !s.somebodyTalks() || patience > 0 && waited >= patience {
			return live, false, nil
		}
		look := time.NewTimer(bulkLook)
		select {
		case <-dialing: // never, if it is nil
		case <-look.C:
		case <-ctx.Done():
			look.Stop()
			return nil, false, errors.Join(errNoBulk, ctx.Err())
		}
		look.Stop()
	}
}

// callWide asks for something large.
func (s *Session) callWide(ctx context.Context, f *wire.Frame) (*wire.Frame, error) {
	return s.callWideAs(ctx, 0, func(bool) *wire.Frame { return f })
}

// callWideAs is callWide for what is asked for in other pages where it goes over the live
// link. For patience see wide.
func (s *Session) callWideAs(ctx context.Context, patience time.Duration, ask func(bulk bool) *wire.Frame) (*wire.Frame, error) {
	select {
	case s.bulk.turns <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-s.bulk.turns }()
	for {
		conn, bulk, err := s.wide(ctx, patience)
		if err != nil {
			return nil, err
		}
		a, err := s.callOn(ctx, conn, ask(bulk))
		if bulk && errors.Is(err, ErrNoLink) {
			s.lostBulk(conn)
			continue // wide says whether the live link is there
		}
		if bulk {
			s.usedBulk(conn)
		}
		return a, err
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
