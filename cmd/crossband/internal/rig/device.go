package rig

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"crossband/client"
	"crossband/cmd/crossband/internal/endpointdir"
	"crossband/proto"
)

// Home returns the folder of an agency's device below dir.
func Home(dir string, agency proto.Agency, short string) string {
	return filepath.Join(dir, string(agency), strings.ReplaceAll(short, "/", "-"))
}

// Enrol invites a device and lets it enrol through its relay into the folder home. It
// waits for a registrar that has just been started.
func (a *Agency) Enrol(ctx context.Context, short, home string) error {
	token, err := a.Dir.Invite(short, time.Hour, time.Now())
	if err != nil {
		return err
	}
	return EnrolPatiently(ctx, func() error {
		_, err := endpointdir.At(home).Enroll(ctx, token, false)
		return err
	})
}

// Device is an enrolled endpoint at work, with everything that it has seen and heard.
type Device struct {
	Session *client.Session
	Ear     *Ear
	end     func() error

	mu     sync.Mutex // guards events and more
	events []seen
	more   chan struct{} // closed and replaced at each event
}

type seen struct {
	at    time.Time
	event client.Event
}

// Open opens an enrolled device and waits for its link. software is what it says of
// itself. Close ends it.
func Open(ctx context.Context, home, software string) (*Device, error) {
	ear := &Ear{}
	s, closing, err := endpointdir.At(home).Session(ear, slog.New(slog.DiscardHandler), software)
	if err != nil {
		return nil, err
	}
	d := Hold(s, ear, closing)
	return d, s.WaitConnected(ctx)
}

// Hold makes a device of an open session and the ear, if any, that hears for it. Close
// ends the session by closing.
func Hold(s *client.Session, ear *Ear, closing func() error) *Device {
	d := &Device{Session: s, Ear: ear, more: make(chan struct{})}
	done := make(chan struct{})
	ended := make(chan struct{})
	go func() { // ends with Close
		defer close(ended)
		d.drain(s.Events(), done)
	}()
	d.end = sync.OnceValue(func() error {
		err := closing()
		close(done)
		<-ended
		return err
	})
	return d
}

// Close ends the device. A second call does nothing, and returns what the first did.
func (d *Device) Close() error { return d.end() }

func (d *Device) drain(events <-chan client.Event, done <-chan struct{}) {
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

// Short is the device's name within its agency.
func (d *Device) Short() string { return d.Session.Name().Short() }

// Await returns the first event of type E for which ok holds, and when it came. Events
// of before the call count too.
func Await[E client.Event](ctx context.Context, d *Device, ok func(E) bool) (e E, at time.Time, err error) {
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
			return e, at, fmt.Errorf("%s waits for %T: %w", d.Short(), e, ctx.Err())
		}
	}
}

// Every returns all events of type E.
func Every[E client.Event](d *Device) []E {
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
