package soak

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"crossband/cmd/crossband/internal/endpointdir"
	"crossband/cmd/crossband/internal/rig"
	"crossband/cmd/internal/relayd"
	"crossband/crypto/agreement"
	"crossband/proto"
)

// founding is the shape of every run: an agency that owns the channel, and two
// that follow it. The followers' relays do not know each other.
func founding() []struct {
	name      proto.Agency
	endpoints int
} {
	return []struct {
		name      proto.Agency
		endpoints int
	}{{"alpha.example", 2}, {"bravo.example", 2}, {"charlie.example", 1}}
}

func relayNode(a proto.Agency) Node { return Node("relay-" + short(a)) }

func short(a proto.Agency) string { return string(a[:len(a)-len(".example")]) }

func endpointNode(a proto.Agency, i int) Node { return Node(fmt.Sprintf("%s-%d", short(a), i+1)) }

// ShapeOfRuns is what a plan can break.
func ShapeOfRuns() Shape {
	var s Shape
	hub := relayNode(founding()[0].name)
	for i, a := range founding() {
		relay := relayNode(a.name)
		s.Relays = append(s.Relays, relay)
		if i > 0 {
			s.Paths = append(s.Paths, [2]Node{hub, relay})
		}
		for j := range a.endpoints {
			e := endpointNode(a.name, j)
			s.Endpoints = append(s.Endpoints, e)
			s.Paths = append(s.Paths, [2]Node{e, relay})
		}
	}
	return s
}

// world is everything that runs.
type world struct {
	o        Options
	ports    rig.Ports
	agencies []*agency
	stations []*unit
	paths    map[[2]Node][]*rig.Tap
	channel  proto.ChannelID
	cancel   context.CancelFunc
	wg       sync.WaitGroup // taps and registrars

	mu      sync.Mutex    // guards processes, orders and what follows
	down    map[Node]bool // killed by us, or given up
	crashes []Crash
}

// agency is an agency with the disk of its relay.
type agency struct {
	*rig.Agency
	node  Node
	disk  *disk        // nil when none is to be filled
	relay *rig.Process // nil until it is started
}

// unit is an endpoint: its folder, its journal and, while it runs, its process.
type unit struct {
	node    Node
	home    string
	journal string
	agency  *agency
	talker  uint8
	process *rig.Process
	order   string // the last one: to be told again after a kill
}

// build makes the world, without starting endpoints, while setup lasts. The world
// lasts until it is closed, or ctx ends.
func build(ctx, setup context.Context, o Options) (_ *world, err error) {
	ctx, cancel := context.WithCancel(ctx)
	w := &world{o: o, cancel: cancel, paths: make(map[[2]Node][]*rig.Tap), down: make(map[Node]bool)}
	defer func() {
		if err != nil {
			w.close()
		}
	}()
	if err := w.found(ctx); err != nil {
		return nil, err
	}
	for _, a := range w.agencies {
		if err := w.startRelay(a); err != nil {
			return nil, err
		}
		w.wg.Go(func() { // ends with ctx
			if err := a.ServeRegistrar(ctx, a.Listen); err != nil && ctx.Err() == nil {
				w.o.Say("registrar of %s: %v", a.Name, err)
			}
		})
	}
	for i, a := range w.agencies {
		for j := range founding()[i].endpoints {
			if err := w.enrol(ctx, setup, a, j); err != nil {
				return nil, fmt.Errorf("enrol %s: %w", endpointNode(a.Name, j), err)
			}
		}
	}
	return w, nil
}

// found founds the agencies and lets the followers and the owner trust each other.
func (w *world) found(ctx context.Context) error {
	for _, f := range founding() {
		listen, err := w.ports.Free()
		if err != nil {
			return err
		}
		a, err := rig.Found(filepath.Join(w.o.Dir, string(f.name)), f.name, listen, listen, founded())
		if err != nil {
			return fmt.Errorf("found %s: %w", f.name, err)
		}
		mine := &agency{Agency: a, node: relayNode(f.name)}
		w.agencies = append(w.agencies, mine)
		if err := w.giveDisk(mine); err != nil {
			return err
		}
	}
	owner := w.agencies[0]
	for _, a := range w.agencies[1:] {
		to, err := w.tap(ctx, [2]Node{owner.node, a.node}, a.Agency)
		if err != nil {
			return err
		}
		back, err := w.tap(ctx, [2]Node{owner.node, a.node}, owner.Agency)
		if err != nil {
			return err
		}
		if err := errors.Join(owner.Trust(a.Agency, to.Addr().String()), a.Trust(owner.Agency, back.Addr().String())); err != nil {
			return fmt.Errorf("trust: %w", err)
		}
	}
	b, c := w.agencies[1], w.agencies[2]
	if err := errors.Join(b.Trust(c.Agency, ""), c.Trust(b.Agency, "")); err != nil {
		return fmt.Errorf("trust: %w", err)
	}
	var err error
	at := founded()
	w.channel, err = rig.Agree(agreement.Terms{
		Title: "Soak", Parties: []proto.Agency{owner.Name, b.Name, c.Name}, Begins: at.Add(-24 * time.Hour), Ends: at.Add(w.o.Plan.Duration + 48*time.Hour),
	}, at, owner.Agency, b.Agency, c.Agency)
	return err
}

// founded is when the agencies were founded and the charter signed: long enough ago
// that to a clock which is behind they are not yet to come.
func founded() time.Time { return time.Now().Add(-time.Hour) }

// tap opens a tap on a path to an agency's relay.
func (w *world) tap(ctx context.Context, path [2]Node, to *rig.Agency) (*rig.Tap, error) {
	t, err := rig.NewTap(to.Listen, false)
	if err != nil {
		return nil, err
	}
	w.paths[path] = append(w.paths[path], t)
	w.wg.Go(func() { t.Run(ctx) }) // ends with ctx
	return t, nil
}

// giveDisk puts an agency's store on a small disk of its own, when disks are to be
// filled.
func (w *world) giveDisk(a *agency) error {
	if w.o.Plan.Count()[DiskFull] == 0 {
		return nil
	}
	config := a.Dir.RelayConfig()
	c, err := relayd.Load(config)
	if err != nil {
		return err
	}
	dir := filepath.Join(filepath.Dir(config), "store")
	if a.disk, err = newDisk(dir); err != nil {
		return fmt.Errorf("a small disk for %s: %w", a.Name, err)
	}
	c.Store, c.StoreLimit = filepath.Join(dir, "relay.db"), storeLimit
	return c.Save(config)
}

func (w *world) startRelay(a *agency) error {
	p, err := a.StartRelay(w.o.Command("relay", "run", "--config", a.Dir.RelayConfig()))
	if err != nil {
		return err
	}
	w.mu.Lock()
	a.relay = p
	w.mu.Unlock()
	return nil
}

// enrol enrols an endpoint and gives it a path of its own to its relay.
func (w *world) enrol(ctx, setup context.Context, a *agency, i int) error {
	node := endpointNode(a.Name, i)
	token, err := a.Dir.Invite("unit/"+string(node), time.Hour, time.Now())
	if err != nil {
		return err
	}
	u := &unit{
		node: node, agency: a, home: filepath.Join(w.o.Dir, string(a.Name), string(node)),
		journal: filepath.Join(w.o.Dir, string(node)+".journal"), talker: uint8(len(w.stations) + 1),
	}
	home := endpointdir.At(u.home)
	if err := rig.EnrolPatiently(setup, func() error { _, err := home.Enroll(setup, token, false); return err }); err != nil {
		return err
	}
	tap, err := w.tap(ctx, [2]Node{node, a.node}, a.Agency)
	if err != nil {
		return err
	}
	w.stations = append(w.stations, u)
	return home.SetRelay(tap.Addr().String())
}

// startUnit starts an endpoint's process.
func (w *world) startUnit(u *unit) error {
	args := w.o.Command("soak-endpoint", "--node", string(u.node), "--home", u.home, "--journal", u.journal, "--channel", w.channel.String(),
		"--talker", strconv.Itoa(int(u.talker)), "--seed", strconv.FormatUint(w.o.Plan.Seed, 10),
		"--texts", w.o.Texts.String(), "--bursts", w.o.Bursts.String())
	p, ready, err := rig.Start(rig.Command{Args: args, Log: w.logOf(u.node), Stdin: true})
	if err != nil {
		return err
	}
	w.mu.Lock()
	u.process = p
	order := u.order
	w.mu.Unlock()
	select {
	case <-ready:
	case <-p.Done():
		return fmt.Errorf("%s did not start: %w", u.node, p.Err())
	}
	if order == "" {
		return nil
	}
	return p.Tell(order)
}

// agencyOf and unitOf find what a fault is about; nil when it is the other sort.
func (w *world) agencyOf(n Node) *agency {
	for _, a := range w.agencies {
		if a.node == n {
			return a
		}
	}
	return nil
}

func (w *world) unitOf(n Node) *unit {
	for _, u := range w.stations {
		if u.node == n {
			return u
		}
	}
	return nil
}

// grace is how long a process may take to end.
const grace = 5 * time.Second

// close ends all processes, paused ones too, and everything else.
func (w *world) close() {
	for _, u := range w.stations {
		if u.process != nil {
			u.process.Kill() // what it had to say is in its journal
		}
	}
	for _, a := range w.agencies {
		if a.relay != nil {
			a.relay.End(grace)
		}
	}
	w.cancel()
	w.wg.Wait()
	for _, a := range w.agencies {
		if a.disk != nil {
			if err := a.disk.remove(); err != nil {
				w.o.Say("the disk of %s is left: %v", a.Name, err)
			}
		}
	}
	if !w.o.Keep {
		os.RemoveAll(w.o.Dir)
	}
}
