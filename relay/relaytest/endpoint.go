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

// Watch keeps every event of a session.
type Watch struct {
	mu     sync.Mutex // guards events and more
	events []client.Event
	more   chan struct{} // closed and replaced at each event
	end    chan struct{}
}

func newWatch() *Watch { return &Watch{more: make(chan struct{}), end: make(chan struct{})} }

func (w *Watch) stop() { close(w.end) }

func (w *Watch) drain(events <-chan client.Event) {
	for {
		select {
		case e := <-events:
			w.mu.Lock()
			w.events = append(w.events, e)
			close(w.more)
			w.more = make(chan struct{})
			w.mu.Unlock()
		case <-w.end:
			return
		}
	}
}

// All returns the events so far.
func (w *Watch) All() []client.Event {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.events)
}

// Wait returns the first event of type E for which ok holds, past or to come
// within a virtual minute.
func Wait[E client.Event](t testing.TB, w *Watch, why string, ok func(E) bool) E {
	t.Helper()
	timeout := time.NewTimer(time.Minute)
	defer timeout.Stop()
	for {
		w.mu.Lock()
		more := w.more
		for _, e := range w.events {
			if v, is := e.(E); is && (ok == nil || ok(v)) {
				w.mu.Unlock()
				return v
			}
		}
		w.mu.Unlock()
		select {
		case <-more:
		case <-timeout.C:
			var zero E
			t.Fatalf("%s: no %T in a minute; events: %+v", why, zero, w.All())
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
}

// Play implements client.Sink.
func (e *Ear) Play(p client.Played) {
	e.mu.Lock()
	defer e.mu.Unlock()
	p.PCM = slices.Clone(p.PCM)
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
