package client

import (
	"context"
	"errors"
	"math"
	"time"

	"crossband/proto"
	"crossband/proto/link"
	"crossband/proto/wire"
)

// ErrNoLink says that the relay cannot be reached now.
var ErrNoLink = errors.New("client: no link to the relay")

// question is a request that waits for its answer, which comes on the link that asked.
type question struct {
	on     *link.Conn
	answer chan *wire.Frame // closed when there will be none
}

// call sends a request on the live link and waits for its answer. A Refused answer is
// returned as a *proto.Refusal.
func (s *Session) call(ctx context.Context, f *wire.Frame) (*wire.Frame, error) {
	s.mu.Lock()
	conn := s.conn
	s.mu.Unlock()
	return s.callOn(ctx, conn, f)
}

// callOn is call on a given link, live or bulk; nil: there is none.
func (s *Session) callOn(ctx context.Context, conn *link.Conn, f *wire.Frame) (*wire.Frame, error) {
	answer := make(chan *wire.Frame, 1)
	s.mu.Lock()
	err := s.expelledErrLocked()
	if err == nil {
		err = ctx.Err() // who asked on the link before this one does not on this
	}
	if err != nil {
		s.mu.Unlock()
		return nil, err
	}
	if conn == nil || conn != s.conn && conn != s.bulk.conn {
		s.mu.Unlock()
		return nil, ErrNoLink
	}
	s.lastID++
	id := s.lastID
	f.Id = id
	s.calls[id] = question{conn, answer}
	err = conn.Send(f)
	s.mu.Unlock()
	if err != nil {
		s.forget(id)
		if proto.ReasonOf(err) == proto.ReasonTooLarge {
			return nil, err
		}
		return nil, errors.Join(ErrNoLink, err) // the link is closing, or full and closed for it
	}
	select {
	case a, ok := <-answer:
		if !ok {
			return nil, ErrNoLink
		}
		if r := a.GetRefused(); r != nil {
			return nil, proto.Refuse(reasonOf(r.Code), r.Detail)
		}
		return a, nil
	case <-ctx.Done():
		s.forget(id)
		return nil, ctx.Err()
	}
}

// reasonOf narrows a code that crossed the wire: what does not fit becomes the
// highest, which is no known reason, rather than a small known one.
func reasonOf(code uint32) proto.Reason { return proto.Reason(min(code, math.MaxUint16)) }

func (s *Session) forget(id uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.calls, id)
}

// tell sends a frame that has no answer. The caller holds the mutex.
func (s *Session) tellLocked(f *wire.Frame) error {
	if s.conn == nil {
		return ErrNoLink
	}
	return s.conn.Send(f)
}

// answered gives an answer to who waits for it on that link. It reports false for what
// is none.
func (s *Session) answered(conn *link.Conn, f *wire.Frame) bool {
	if f.Re == 0 {
		return false
	}
	s.mu.Lock()
	c := s.calls[f.Re]
	if c.on == conn {
		delete(s.calls, f.Re)
	}
	s.mu.Unlock()
	if c.on == conn {
		c.answer <- f
	}
	return true
}

// dropCallsLocked ends the calls on a link that has ended.
func (s *Session) dropCallsLocked(conn *link.Conn) {
	for id, c := range s.calls {
		if c.on == conn {
			delete(s.calls, id)
			close(c.answer)
		}
	}
}

// frame takes one frame off the live link: an answer, or news.
func (s *Session) frame(conn *link.Conn, f *wire.Frame) {
	if s.answered(conn, f) {
		return
	}
	var news []Event
	s.mu.Lock()
	switch b := f.Body.(type) {
	case *wire.Frame_Entries:
		news = s.entriesLocked(b.Entries)
	case *wire.Frame_Subscribed:
		news = s.subscribedLocked(b.Subscribed)
	case *wire.Frame_FloorGranted, *wire.Frame_FloorDeny, *wire.Frame_FloorQueuePosition,
		*wire.Frame_FloorRevoke, *wire.Frame_FloorWarning:
		s.burstNewsLocked(f)
	case *wire.Frame_FloorTaken:
		news = s.floorLocked(b.FloorTaken.Channel, b.FloorTaken)
	case *wire.Frame_FloorIdle:
		news = s.floorLocked(b.FloorIdle.Channel, nil)
	case *wire.Frame_FloorWaiting:
		news = s.waitingLocked(b.FloorWaiting)
	case *wire.Frame_VoiceStrain:
		news = s.strainLocked(b.VoiceStrain, time.Now())
	case *wire.Frame_ChannelOffer:
		news = s.offerLocked(b.ChannelOffer)
	case *wire.Frame_Progress:
		news = s.progressLocked(b.Progress)
	case *wire.Frame_Returned:
		news = s.returnedLocked(b.Returned)
	case *wire.Frame_Welcome:
		s.welcomeLocked(b.Welcome)
	case *wire.Frame_Heartbeat:
		news = s.heartbeatLocked(b.Heartbeat)
	case *wire.Frame_KeyPackagesLeft:
		s.packagesLeftLocked(b.KeyPackagesLeft)
	case *wire.Frame_TrustList:
		s.trustLocked(b.TrustList.Signed)
	case *wire.Frame_Document:
		if proto.DocumentKind(b.Document.Kind) >= proto.DocumentNotice {
			news = s.noticeLocked(b.Document)
		} else {
			news = s.documentLocked(b.Document)
		}
	case *wire.Frame_RevocationList:
		news = s.revocationsLocked(b.RevocationList.Signed)
	default:
		s.log.Debug("frame ignored", "kind", int(proto.KindOf(f)))
	}
	s.mu.Unlock()
	s.emitAll(news)
}
