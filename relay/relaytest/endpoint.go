package relaytest

import (
	"context"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"crossband/client"
	"crossband/proto"
)

// Endpoint is a device under test.
type Endpoint struct {
	*client.Session
	Addr  *net.UDPAddr
	Watch *Watch
	Ear   *Ear
	world *World
	once  sync.Once
}

// Close ends the session; a second call does nothing.
func (e *Endpoint) Close() {
	e.once.Do(func() {
		e.Session.Close()
		e.Watch.stop()
	})
}

// Join joins a channel, or fails the test.
func (e *Endpoint) MustJoin(id proto.ChannelID) *client.Channel {
	e.world.T.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	ch, err := e.Session.Join(ctx, id)
	if err != nil {
		e.world.T.Fatalf("%s joins %s: %v", e.Name().Short(), id.Short(), err)
	}
	return ch
}

// Watch keeps every event of a session with the time at which it came.
type Watch struct {
	mu     sync.Mutex // guards events and more
	events []seen
	blind  bool          // shows texts to nobody
	more   chan struct{} // closed and replaced at each event
	end    chan struct{}
}

type seen struct {
	client.Event
	at time.Time
}

func newWatch() *Watch { return &Watch{more: make(chan struct{}), end: make(chan struct{})} }

func (w *Watch) stop() { close(w.end) }

// Blind makes the Watch show texts to nobody from now on.
func (w *Watch) Blind() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.blind = true
}

func (w *Watch) isBlind() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.blind
}

// drain keeps every event. A text counts as shown to a person.
func (w *Watch) drain(s *client.Session) {
	for {
		select {
		case e := <-s.Events():
			if t, ok := e.(client.TextReceived); ok && !w.isBlind() {
				s.Shown(t)
			}
			w.mu.Lock()
			w.events = append(w.events, seen{e, time.Now()})
			close(w.more)
			w.more = make(chan struct{})
			w.mu.Unlock()
		case <-w.end:
			return
		}
	}
}

// Mark is a place in a Watch: what came before it is the past.
type Mark int

// Mark returns the present place.
func (w *Watch) Mark() Mark {
	w.mu.Lock()
	defer w.mu.Unlock()
	return Mark(len(w.events))
}

// All returns the events so far.
func (w *Watch) All() []client.Event { return w.After(0) }

// After returns the events from a mark on.
func (w *Watch) After(m Mark) []client.Event {
	w.mu.Lock()
	defer w.mu.Unlock()
	var list []client.Event
	for _, s := range w.events[m:] {
		list = append(list, s.Event)
	}
	return list
}

// Wait returns the first event of type E for which ok holds, past or to come
// within a virtual minute.
func Wait[E client.Event](t testing.TB, w *Watch, why string, ok func(E) bool) E {
	t.Helper()
	e, _ := WaitAfter(t, w, 0, why, ok)
	return e
}

// WaitAfter is Wait for events after a mark. It also says when the event came.
func WaitAfter[E client.Event](t testing.TB, w *Watch, m Mark, why string, ok func(E) bool) (E, time.Time) {
	t.Helper()
	timeout := time.NewTimer(time.Minute)
	defer timeout.Stop()
	for {
		w.mu.Lock()
		more := w.more
		for _, s := range w.events[m:] {
			if v, is := s.Event.(E); is && (ok == nil || ok(v)) {
				w.mu.Unlock()
				return v, s.at
			}
		}
		w.mu.Unlock()
		select {
		case <-more:
		case <-timeout.C:
			var zero E
			t.Fatalf("%s: no %T in a minute; events: %+v", why, zero, w.After(m))
		}
	}
}

// Find returns the events of type E so far.
func Find[E client.Event](w *Watch) []E {
	var list []E
	for _, e := range w.All() {
		if v, is := e.(E); is {
			list = append(list, v)
		}
	}
	return list
}

// Ear keeps what was played.
type Ear struct {
	mu     sync.Mutex // held for the whole of every method
	played []client.Played
	late   []client.LateBurst
	also   client.Sink
}

// Late implements client.LateSink.
func (e *Ear) Late(b client.LateBurst) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.late = append(e.late, b)
}

// Missed returns the bursts that were given late, in their order.
func (e *Ear) Missed() []client.LateBurst {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.late)
}

// Pass has the Ear play what comes from now on to another Sink, too.
func (e *Ear) Pass(to client.Sink) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.also = to
}

// Play implements client.Sink.
func (e *Ear) Play(p client.Played) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.also != nil {
		e.also.Play(p)
	}
	p.PCM, p.Payload, p.Before = slices.Clone(p.PCM), slices.Clone(p.Payload), slices.Clone(p.Before)
	e.played = append(e.played, p)
}

// Played returns what was played of a burst; all bursts for the zero one.
func (e *Ear) Played(burst proto.BurstID) []client.Played {
	e.mu.Lock()
	defer e.mu.Unlock()
	if burst == (proto.BurstID{}) {
		return slices.Clone(e.played)
	}
	var list []client.Played
	for _, p := range e.played {
		if p.Burst == burst {
			list = append(list, p)
		}
	}
	return list
}

// PCM joins the samples of a list.
func PCM(list []client.Played) []int16 {
	var pcm []int16
	for _, p := range list {
		pcm = append(pcm, p.PCM...)
	}
	return pcm
}
