package link

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"crossband/proto"
)

// voiceSenders hand the frames of a socket's links to quic-go. Links with work
// stand in one list, each at most once. A sender takes the first, hands over all
// its frames in a row, so that several fit into a packet, and takes the next.
//
// quic-go blocks whoever hands it more than a cut off or slow peer takes. So
// while a link waits in the list, some sender is awake that will look there
// before it does anything that may block: the watcher. When it takes a link it
// makes another sender the watcher first, if any link is left. A sender that is
// blocked is then its link's own, and nobody else waits for it.
//
// Bound: one sender more than links, since each link is with one sender; those
// with nothing to do beyond one a processor end. Counter: running.
type voiceSenders struct {
	began time.Time
	spare int // idle senders that are kept

	running atomic.Int64
	wg      sync.WaitGroup

	mu          sync.Mutex  // guards what follows; held for a few pointers only
	first, last *voiceQueue // links with work
	watcher     *voiceSender
	idle        []*voiceSender
	closed      bool
}

// voiceSender is one sender's own.
type voiceSender struct {
	wake    chan struct{} // a token makes it the watcher, or ends it
	scratch [proto.MaxDatagram]byte
}

func newVoiceSenders() *voiceSenders {
	return &voiceSenders{began: time.Now(), spare: runtime.GOMAXPROCS(0) + 1}
}

// at is a time by the socket's clock.
func (s *voiceSenders) at(t time.Time) time.Duration { return t.Sub(s.began) }

// add puts a link that is not in the list at its end.
func (s *voiceSenders) add(q *voiceQueue) {
	s.mu.Lock()
	if s.last == nil {
		s.first = q
	} else {
		s.last.next = q
	}
	s.last = q
	w := s.watchLocked()
	s.mu.Unlock()
	w.watch()
}

// watchLocked sees that there is a watcher. The caller, who holds the lock,
// wakes what it returns as soon as the lock is free.
func (s *voiceSenders) watchLocked() *voiceSender {
	if s.watcher != nil {
		return nil
	}
	if n := len(s.idle); n > 0 {
		s.watcher, s.idle = s.idle[n-1], s.idle[:n-1]
		return s.watcher
	}
	s.watcher = &voiceSender{wake: make(chan struct{}, 1)}
	s.running.Add(1)
	// Ends when there is more than enough of them, or with the socket.
	s.wg.Go(s.watcher.run(s))
	return s.watcher
}

func (w *voiceSender) watch() {
	if w != nil {
		w.wake <- struct{}{}
	}
}

func (w *voiceSender) run(s *voiceSenders) func() {
	return func() {
		defer s.running.Add(-1)
		<-w.wake
		for {
			q, ok := s.take(w)
			if !ok {
				return
			}
			if q == nil {
				<-w.wake
				continue
			}
			q.send(&w.scratch)
		}
	}
}

// take returns the first link with work. Without one, w is idle and to wait, or
// to end.
func (s *voiceSenders) take(w *voiceSender) (q *voiceQueue, ok bool) {
	s.mu.Lock()
	if s.watcher == w {
		s.watcher = nil
	}
	q = s.first
	if q == nil {
		defer s.mu.Unlock()
		if s.closed || len(s.idle) >= s.spare {
			return nil, false
		}
		s.idle = append(s.idle, w)
		return nil, true
	}
	s.first, q.next = q.next, nil
	var other *voiceSender
	if s.first == nil {
		s.last = nil
	} else {
		other = s.watchLocked()
	}
	s.mu.Unlock()
	other.watch()
	return q, true
}

// close ends the senders. No link is left.
func (s *voiceSenders) close() {
	s.mu.Lock()
	s.closed = true
	idle := s.idle
	s.idle = nil
	s.mu.Unlock()
	for _, w := range idle {
		w.wake <- struct{}{}
	}
	s.wg.Wait()
}
