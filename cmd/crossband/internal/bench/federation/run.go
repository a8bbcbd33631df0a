// Package federation measures what it costs that voice passes more relays than one: the
// time under way, the relays' use of processors, and what crosses a border.
package federation

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"crossband/cmd/crossband/internal/bench/border"
	"crossband/cmd/crossband/internal/bench/stand"
	"crossband/cmd/crossband/internal/rig"
	"crossband/crypto/identity"
	"crossband/proto"
)

// Options says what to measure. All are required.
type Options struct {
	Relay     func(config string) []string // command line of a relay with that file
	Listeners []int                        // numbers of listeners, each from 1 to MaxListeners; none twice
	Bursts    int                          // of each route
	Speech    time.Duration                // of each burst
	Say       func(format string, args ...any)
}

// Bounds of Options.
const (
	MaxListeners = 64
	MaxSizes     = 8
	MaxBursts    = 2000
	MinSpeech    = 100 * time.Millisecond
	MaxSpeech    = 30 * time.Second
)

// Check reports what cannot be measured.
func (o Options) Check() error {
	if n := len(o.Listeners); n < 1 || n > MaxSizes {
		return fmt.Errorf("%d numbers of listeners: from 1 to %d are possible", n, MaxSizes)
	}
	for i, n := range o.Listeners {
		if n < 1 || n > MaxListeners {
			return fmt.Errorf("%d listeners: from 1 to %d are possible", n, MaxListeners)
		}
		if slices.Contains(o.Listeners[:i], n) {
			return fmt.Errorf("%d listeners twice", n)
		}
	}
	switch {
	case o.Bursts < 1 || o.Bursts > MaxBursts:
		return fmt.Errorf("%d bursts: from 1 to %d are possible", o.Bursts, MaxBursts)
	case o.Speech < MinSpeech || o.Speech > MaxSpeech:
		return fmt.Errorf("bursts of %v: from %v to %v are possible", o.Speech, MinSpeech, MaxSpeech)
	}
	return nil
}

// maxHops is the longest way: follower, hub, follower.
const maxHops = 2

// Times of a run.
const (
	setup = time.Minute
	rest  = 150 * time.Millisecond // after a burst, for its last frames
)

// route is a way from a talker to listeners, on a channel of its own.
type route struct {
	hops, listeners int
	title           string
	channel         proto.ChannelID
	alias           proto.Alias // of its voice at the listeners
	talker          *station
	out             proto.Alias // of its voice at the talker's relay
	ears            []*listener
	borders         []*stand.Border

	said    int // frames
	heard   []time.Duration
	bursts  int
	cpu     time.Duration // of all relays while it was talked
	talked  time.Duration // how long that was
	crossed border.Counts // of its borders, all together, from the press on
	pressed time.Duration // how long that was
}

// run is all of a benchmark.
type run struct {
	o      Options
	s      *stand.Stand
	begun  time.Time
	routes []*route
	ends   []func()
	number uint64 // of the last frame

	idleCPU, idle time.Duration                   // of all relays while nobody talks, and how long that was
	idleCrossed   map[*stand.Border]border.Counts // likewise
	proxy         time.Duration                   // what a border's proxy adds to a packet's time
}

// Run measures and returns a row for each number of hops and listeners.
func Run(ctx context.Context, o Options) (rows []Row, err error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	r := &run{o: o, begun: time.Now(), idleCrossed: make(map[*stand.Border]border.Counts)}
	var titles []string
	for hops := range maxHops + 1 {
		for _, n := range o.Listeners {
			title := fmt.Sprintf("%d hops to %d", hops, n)
			titles = append(titles, title)
			r.routes = append(r.routes, &route{hops: hops, listeners: n, title: title, alias: proto.Alias(len(titles))})
		}
	}
	o.Say("three agencies are founded and their relays started")
	r.s, err = stand.Build(ctx, stand.Options{Relay: o.Relay, Channels: titles, Borders: make([]border.Conditions, 2), Say: o.Say})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.s.Close()) }()
	defer r.end()
	if err := r.cast(ctx); err != nil {
		return nil, err
	}
	if _, err := r.s.CPU(); err != nil {
		if !errors.Is(err, rig.ErrNoCost) {
			return nil, err
		}
		o.Say("%v: 0 is shown", err)
	}
	o.Say("all are there; %d routes have %d bursts each, in turn", len(r.routes), o.Bursts)
	for i := range o.Bursts {
		if err := r.turn(ctx); err != nil {
			return nil, err
		}
		o.Say("%d of %d bursts", i+1, o.Bursts)
	}
	if r.proxy, err = proxyCost(ctx); err != nil {
		return nil, fmt.Errorf("a border's own cost: %w", err)
	}
	for _, x := range r.routes {
		if len(x.heard) == 0 {
			return nil, fmt.Errorf("%s: none of %d frames was heard", x.title, x.said)
		}
		rows = append(rows, r.row(x))
	}
	return rows, nil
}

// end closes all links.
func (r *run) end() {
	for _, end := range r.ends {
		end()
	}
}

// cast brings talkers and listeners to their places: the talker of no hop and of one is
// at the hub's relay, that of two at the one follower, with the listeners at the other.
func (r *run) cast(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, setup)
	defer cancel()
	hub, near, far := r.s.Hub, r.s.Followers[0], r.s.Followers[1]
	home, abroad, err := r.groups(ctx, hub, near)
	if err != nil {
		return err
	}
	talkers := make(map[*stand.Agency]*station)
	for a, id := range map[*stand.Agency]*identity.Identity{hub: home, near: abroad} {
		if talkers[a], err = r.link(ctx, a, id); err != nil {
			return err
		}
	}
	ears := make(map[*stand.Agency][]*listener)
	for _, a := range []*stand.Agency{hub, near, far} {
		if ears[a], err = r.listeners(ctx, a, slices.Max(r.o.Listeners)); err != nil {
			return err
		}
	}
	for _, x := range r.routes {
		from, to := hub, near
		switch x.hops {
		case 0:
			to = hub
		case 1:
			x.borders = []*stand.Border{near.Border}
		case 2:
			from, to, x.borders = near, far, []*stand.Border{near.Border, far.Border}
		}
		x.talker, x.ears = talkers[from], ears[to][:x.listeners]
		if x.out, err = x.talker.subscribe(ctx, x.channel, x.alias); err != nil {
			return err
		}
		for _, l := range x.ears {
			if _, err := l.st.subscribe(ctx, x.channel, x.alias); err != nil {
				return err
			}
		}
	}
	return nil
}

// groups has two devices create all channels and come in. Listeners need not: relays
// cannot tell who opens what.
func (r *run) groups(ctx context.Context, hub, near *stand.Agency) (home, abroad *identity.Identity, err error) {
	if home, err = hub.Identity("talker"); err != nil {
		return nil, nil, err
	}
	if abroad, err = near.Identity("talker"); err != nil {
		return nil, nil, err
	}
	creator, err := r.s.Open(ctx, hub, home, nil)
	if err != nil {
		return nil, nil, err
	}
	guest, err := r.s.Open(ctx, near, abroad, nil)
	if err != nil {
		return nil, nil, err
	}
	for _, x := range r.routes {
		if x.channel, err = stand.Channel(ctx, creator, x.title); err != nil {
			return nil, nil, err
		}
		if _, err = creator.Session.Join(ctx, x.channel); err != nil {
			return nil, nil, fmt.Errorf("create %q: %w", x.title, err)
		}
		if x.hops < maxHops {
			continue
		}
		if _, err = guest.Session.Join(ctx, x.channel); err != nil {
			return nil, nil, fmt.Errorf("join %q: %w", x.title, err)
		}
	}
	return home, abroad, errors.Join(creator.Close(), guest.Close())
}

func (r *run) link(ctx context.Context, a *stand.Agency, id *identity.Identity) (*station, error) {
	st, err := dial(ctx, a, id)
	if err != nil {
		return nil, err
	}
	r.ends = append(r.ends, st.close)
	return st, nil
}

// listeners links n listeners with an agency's relay.
func (r *run) listeners(ctx context.Context, a *stand.Agency, n int) ([]*listener, error) {
	var list []*listener
	for i := range n {
		id, err := a.Identity(fmt.Sprintf("listener-%d", i))
		if err != nil {
			return nil, err
		}
		st, err := r.link(ctx, a, id)
		if err != nil {
			return nil, err
		}
		l := &listener{st: st, begun: r.begun, heard: make(map[proto.Alias]map[uint64]time.Duration)}
		var reading sync.WaitGroup
		reading.Go(l.listen) // ends with the link
		r.ends = append(r.ends, reading.Wait)
		list = append(list, l)
	}
	return list, nil
}
