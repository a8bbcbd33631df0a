package ptt

import (
	"bytes"
	"sync"
	"time"

	"crossband/client"
	"crossband/proto"
)

// ear notes what is played, and when. It implements client.Sink.
type ear struct {
	mu     sync.Mutex // held for the whole of every method
	bursts map[proto.BurstID]*heard
	first  chan time.Time // takes when the first frame was played
}

// heard is what was played of one burst.
type heard struct {
	frames    []frame
	concealed int // times that something was played in place of a lost frame
}

// frame is one that was played.
type frame struct {
	index   uint32
	payload []byte // nil: it could not be decoded
	at      time.Time
}

func newEar() *ear {
	return &ear{bursts: make(map[proto.BurstID]*heard), first: make(chan time.Time, 1)}
}

// Play implements client.Sink.
func (e *ear) Play(p client.Played) {
	now := time.Now()
	e.mu.Lock()
	defer e.mu.Unlock()
	h := e.bursts[p.Burst]
	if h == nil {
		h = &heard{}
		e.bursts[p.Burst] = h
	}
	if p.Conceal {
		h.concealed++
		return
	}
	if p.Before != nil { // two in the time of one
		h.frames = append(h.frames, frame{p.Index - 1, bytes.Clone(p.Before), now})
	}
	h.frames = append(h.frames, frame{p.Index, bytes.Clone(p.Payload), now})
	select {
	case e.first <- now:
	default:
	}
}

// burst returns what was played of one burst so far.
func (e *ear) burst(id proto.BurstID) heard {
	e.mu.Lock()
	defer e.mu.Unlock()
	h := e.bursts[id]
	if h == nil {
		return heard{}
	}
	return heard{append([]frame(nil), h.frames...), h.concealed}
}
