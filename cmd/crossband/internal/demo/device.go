package demo

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"crossband/client"
	"crossband/client/voice"
	"crossband/cmd/crossband/internal/endpointdir"
	"crossband/cmd/crossband/internal/rig"
	"crossband/proto"
)

// device is an enrolled endpoint with everything that it has seen and heard.
type device struct {
	session *client.Session
	ear     *ear
	close   func() error

	mu     sync.Mutex // guards events and more
	events []seen
	more   chan struct{} // closed and replaced at each event
}

type seen struct {
	at    time.Time
	event client.Event
}

// enrol invites a device, lets it enrol through its relay, and opens it.
func (w *world) enrol(ctx context.Context, a *agency, short string) (*device, error) {
	token, err := a.Dir.Invite(short, time.Hour, time.Now())
	if err != nil {
		return nil, err
	}
	home := endpointdir.At(filepath.Join(w.o.Dir, string(a.Name), strings.ReplaceAll(short, "/", "-")))
	if err := rig.EnrolPatiently(ctx, func() error { _, err := home.Enroll(ctx, token, false); return err }); err != nil {
		return nil, err
	}
	d := &device{ear: &ear{}, more: make(chan struct{})}
	s, closing, err := home.Session(d.ear, slog.New(slog.DiscardHandler), "crossband demo")
	if err != nil {
		return nil, err
	}
	d.session = s
	done := make(chan struct{})
	ended := make(chan struct{})
	go func() { // ends with close
		defer close(ended)
		d.drain(s.Events(), done)
	}()
	d.close = func() error {
		err := closing()
		close(done)
		<-ended
		return err
	}
	w.devices = append(w.devices, d)
	return d, s.WaitConnected(ctx)
}

func (d *device) drain(events <-chan client.Event, done <-chan struct{}) {
	for {
		select {
		case e := <-events:
			d.mu.Lock()
			d.events = append(d.events, seen{time.Now(), e})
			close(d.more)
			d.more = make(chan struct{})
			d.mu.Unlock()
		case <-done:
			return
		}
	}
}

func (d *device) short() string { return d.session.Name().Short() }

func (d *device) file() string {
	n := d.session.Name()
	return fmt.Sprintf("%s-%s-%s.wav", n.Agency, n.Role, n.Label)
}

// await returns the first event of type E for which ok holds, and when it came.
func await[E client.Event](ctx context.Context, d *device, ok func(E) bool) (e E, at time.Time, err error) {
	for {
		d.mu.Lock()
		more := d.more
		for _, s := range d.events {
			if v, is := s.event.(E); is && ok(v) {
				d.mu.Unlock()
				return v, s.at, nil
			}
		}
		d.mu.Unlock()
		select {
		case <-more:
		case <-ctx.Done():
			return e, at, fmt.Errorf("%s waits for %T: %w", d.short(), e, ctx.Err())
		}
	}
}

// every returns all events of type E.
func every[E client.Event](d *device) []E {
	d.mu.Lock()
	defer d.mu.Unlock()
	var list []E
	for _, s := range d.events {
		if v, is := s.event.(E); is {
			list = append(list, v)
		}
	}
	return list
}

// ear keeps what a device played.
type ear struct {
	mu     sync.Mutex // held for the whole of every method
	played []client.Played
}

// Play implements client.Sink.
func (e *ear) Play(p client.Played) {
	e.mu.Lock()
	defer e.mu.Unlock()
	p.PCM = append([]int16(nil), p.PCM...)
	e.played = append(e.played, p)
}

// burst returns what was played of one burst.
func (e *ear) burst(id proto.BurstID) (list []client.Played) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, p := range e.played {
		if p.Burst == id {
			list = append(list, p)
		}
	}
	return list
}

// save writes all that was heard as one WAV file, if anything was.
func (e *ear) save(dir, file string) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	var pcm []int16
	for _, p := range e.played {
		pcm = append(pcm, p.PCM...)
	}
	if len(pcm) == 0 {
		return nil
	}
	if err := makeDir(dir); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, file), voice.EncodeWAV(pcm), 0o600)
}
