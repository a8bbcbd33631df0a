package demo

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"

	"crossband/client/registrar"
	"crossband/cmd/crossband/internal/agencydir"
	"crossband/crypto/identity"
	"crossband/proto"
)

// world is the three agencies with all that runs.
type world struct {
	o        Options
	agencies []*agency
	devices  []*device
	calling  proto.ChannelID
	title    string // of the calling channel: the relays know it
	cancel   context.CancelFunc
	wg       sync.WaitGroup // registrars and taps
}

// agency is one of them: folder, relay process, and a tap through which all of
// the relay's traffic goes.
type agency struct {
	name  proto.Agency
	dir   agencydir.Dir
	tap   *tap
	relay *exec.Cmd
	log   string
}

// found founds the agencies, lets them trust each other and starts them.
func found(ctx context.Context, o Options, t *timeline) (_ *world, err error) {
	ctx, cancel := context.WithCancel(ctx)
	w := &world{o: o, cancel: cancel}
	defer func() {
		if err != nil {
			err = errors.Join(err, w.close())
		}
	}()
	for _, name := range []proto.Agency{"usbp.example", "gn.example", "rcmp.example"} {
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
	w.title = "Eagle Pass - Piedras Negras " + proto.NewBurstID().String()
	w.calling, err = us.dir.Charter(agencydir.Calling{
		Title: w.title, Partner: mx.name, Observers: []proto.Agency{ca.name}, Life: 24 * time.Hour,
	}, time.Now())
	if err != nil {
		return w, fmt.Errorf("charter: %w", err)
	}
	for _, a := range w.agencies {
		if err := w.start(ctx, a); err != nil {
			return w, fmt.Errorf("start %s: %w", a.name, err)
		}
	}
	t.say("running", "three relays, processes %d, %d and %d; three registrars apart from them", us.pid(), mx.pid(), ca.pid())
	return w, nil
}

func (a *agency) pid() int { return a.relay.Process.Pid }

func (w *world) agency(ctx context.Context, name proto.Agency) (*agency, error) {
	listen, err := freePort()
	if err != nil {
		return nil, err
	}
	tap, err := newTap(listen)
	if err != nil {
		return nil, err
	}
	w.wg.Go(func() { tap.run(ctx) }) // ends with ctx
	path := filepath.Join(w.o.Dir, string(name))
	dir, err := agencydir.Init(path, agencydir.Setup{
		Agency: name, Relay: "relay-1", Address: tap.addr().String(), Listen: listen.String(),
	}, time.Now())
	return &agency{name: name, dir: dir, tap: tap, log: filepath.Join(path, "relay.log")}, err
}

// freePort finds a loopback port for a relay.
func freePort() (*net.UDPAddr, error) {
	c, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return nil, err
	}
	defer c.Close()
	return c.LocalAddr().(*net.UDPAddr), nil
}

// trust pins b's bundle at a, as an administrator does with the words that he
// hears on the phone.
func (a *agency) trust(b *agency, link bool) error {
	theirs, err := b.dir.Authority()
	if err != nil {
		return err
	}
	bundle, err := identity.ParseBundle(theirs.Bundle().Export())
	if err != nil {
		return err
	}
	if err := bundle.Fingerprint().MatchWords(theirs.Bundle().Fingerprint().String()); err != nil {
		return err
	}
	return a.dir.Trust(bundle, bundle.Fingerprint(), b.tap.addr().String(), link, time.Now())
}

// start runs a relay in a process of its own, and the agency's registrar.
func (w *world) start(ctx context.Context, a *agency) error {
	args := w.o.Relay(a.dir.RelayConfig())
	a.relay = exec.CommandContext(ctx, args[0], args[1:]...)
	a.relay.Cancel = func() error { return a.relay.Process.Signal(os.Interrupt) }
	a.relay.WaitDelay = 5 * time.Second
	log, err := os.OpenFile(a.log, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	a.relay.Stderr = log
	out, err := a.relay.StdoutPipe()
	if err != nil {
		return err
	}
	if err := a.relay.Start(); err != nil {
		return err
	}
	if _, err := bufio.NewReader(out).ReadString('\n'); err != nil { // "listening on …"
		return fmt.Errorf("the relay did not start; see %s: %w", a.log, err)
	}
	return w.serveRegistrar(ctx, a)
}

func (w *world) serveRegistrar(ctx context.Context, a *agency) error {
	id, err := identity.Load(a.dir.Registrar(), nil)
	if err != nil {
		return err
	}
	socket, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return err
	}
	w.wg.Go(func() { // ends with ctx
		err := registrar.Run(ctx, registrar.Config{
			Open: a.dir.Authority, Mailbox: id, Charters: a.dir.Charters, Relay: a.tap.addr(), Socket: socket, Log: slog.New(slog.DiscardHandler),
		})
		if err != nil {
			fmt.Fprintln(w.o.Out, "registrar:", err)
		}
	})
	return nil
}

// close ends devices, relays, registrars and taps.
func (w *world) close() error {
	var err error
	for _, d := range w.devices {
		err = errors.Join(err, d.close())
	}
	w.cancel()
	for _, a := range w.agencies {
		if a.relay != nil && a.relay.Process != nil {
			a.relay.Wait() // ended by cancel
		}
	}
	w.wg.Wait()
	return err
}
