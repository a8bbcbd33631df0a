package demo

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"time"

	"crossband/cmd/crossband/internal/rig"
	"crossband/crypto/agreement"
	"crossband/proto"
)

// world is the three agencies with all that runs.
type world struct {
	o        Options
	ports    rig.Ports
	agencies []*agency
	devices  []*rig.Device
	calling  proto.ChannelID
	title    string // of the calling channel: the relays know it
	cancel   context.CancelFunc
	wg       sync.WaitGroup // registrars and taps
}

// The agencies of every demo.
const (
	us proto.Agency = "usbp.example"
	mx proto.Agency = "gn.example"
	ca proto.Agency = "rcmp.example"
)

// agency is one of them: folder, relay process, and a tap through which all of
// the relay's traffic goes.
type agency struct {
	*rig.Agency
	tap   *rig.Tap
	relay *rig.Process // nil until it is started
}

// found founds the agencies, lets them trust each other and starts them. Of their
// agreement's terms, title, ladder and talkgroups are given.
func found(ctx context.Context, o Options, t *timeline, terms agreement.Terms) (_ *world, err error) {
	ctx, cancel := context.WithCancel(ctx)
	w := &world{o: o, cancel: cancel}
	defer func() {
		if err != nil {
			err = errors.Join(err, w.close())
		}
	}()
	for _, name := range []proto.Agency{us, mx, ca} {
		a, err := w.agency(ctx, name)
		if err != nil {
			return w, fmt.Errorf("found %s: %w", name, err)
		}
		w.agencies = append(w.agencies, a)
	}
	t.say("founded", "three agencies, three roots, nothing shared")
	us, mx, ca := w.agencies[0], w.agencies[1], w.agencies[2]
	for _, p := range []struct {
		a, b *agency
		link bool
	}{{us, mx, true}, {us, ca, true}, {mx, ca, false}} {
		if err := errors.Join(p.a.trust(p.b, p.link), p.b.trust(p.a, p.link)); err != nil {
			return w, fmt.Errorf("trust: %w", err)
		}
	}
	t.say("trusted", "bundles exchanged, fingerprints compared by their words; relays of US-MX and US-CA link, MX-CA do not")
	now := time.Now()
	terms.Parties, terms.Observers = []proto.Agency{us.Name, mx.Name}, []proto.Agency{ca.Name}
	terms.Begins, terms.Ends = now.Add(-time.Hour), now.Add(24*time.Hour)
	w.title = terms.Title
	w.calling, err = rig.Agree(terms, now, us.Agency, mx.Agency, ca.Agency)
	if err != nil {
		return w, fmt.Errorf("agreement: %w", err)
	}
	t.say("agreed", "one agreement, signed by US and MX, and by CA as an observer of incidents; without it no relay and no device lets anything pass")
	for _, a := range w.agencies {
		if err := w.start(ctx, a); err != nil {
			return w, fmt.Errorf("start %s: %w", a.Name, err)
		}
	}
	t.say("running", "three relays, processes %d, %d and %d; three registrars apart from them", us.pid(), mx.pid(), ca.pid())
	return w, nil
}

func (a *agency) pid() int { return a.relay.Pid() }

func (w *world) agency(ctx context.Context, name proto.Agency) (*agency, error) {
	listen, err := w.ports.Free()
	if err != nil {
		return nil, err
	}
	tap, err := rig.NewTap(listen, true)
	if err != nil {
		return nil, err
	}
	w.wg.Go(func() { tap.Run(ctx) }) // ends with ctx
	a, err := rig.Found(filepath.Join(w.o.Dir, string(name)), name, listen, tap.Addr(), time.Now())
	return &agency{Agency: a, tap: tap}, err
}

func (a *agency) trust(b *agency, link bool) error {
	if !link {
		return a.Trust(b.Agency, "")
	}
	return a.Trust(b.Agency, b.tap.Addr().String())
}

// enrol has a device enrol and opens it.
func (w *world) enrol(ctx context.Context, a *agency, short string) (*rig.Device, error) {
	home := rig.Home(w.o.Dir, a.Name, short)
	if err := a.Enrol(ctx, short, home); err != nil {
		return nil, err
	}
	d, err := rig.Open(ctx, home, "crossband demo")
	if d != nil {
		w.devices = append(w.devices, d)
	}
	return d, err
}

// start runs a relay in a process of its own, and the agency's registrar.
func (w *world) start(ctx context.Context, a *agency) error {
	var err error
	if a.relay, err = a.StartRelay(w.o.Relay(a.Dir.RelayConfig())); err != nil {
		return err
	}
	w.wg.Go(func() { // ends with ctx
		if err := a.ServeRegistrar(ctx, a.tap.Addr()); err != nil {
			fmt.Fprintln(w.o.Out, "registrar:", err)
		}
	})
	return nil
}

// relayGrace is how long a relay may take to end.
const relayGrace = 5 * time.Second

// close ends devices, relays, registrars and taps.
func (w *world) close() error {
	var err error
	for _, d := range w.devices {
		err = errors.Join(err, d.Close())
	}
	for _, a := range w.agencies {
		if a.relay != nil {
			a.relay.End(relayGrace)
		}
	}
	w.cancel()
	w.wg.Wait()
	return err
}
