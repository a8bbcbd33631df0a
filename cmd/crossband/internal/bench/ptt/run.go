// Package ptt measures push-to-talk as people meet it: how long after the press one may
// talk, how long after it was said something is heard, how long it takes to come into a
// channel on which somebody talks, and whether the ends of bursts are heard. Devices are
// real sessions, relays are processes of their own, and borders are made worse.
package ptt

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"crossband/client"
	"crossband/client/voice"
	"crossband/cmd/crossband/internal/bench"
	"crossband/cmd/crossband/internal/bench/border"
	"crossband/cmd/crossband/internal/bench/stand"
	"crossband/cmd/crossband/internal/rig"
	"crossband/proto"
)

// Options says what to measure. All are required.
type Options struct {
	Relay  func(config string) []string // command line of a relay with that file
	Bursts int                          // presses on each path, and as many late entries
	Speech time.Duration                // of each press, from MinSpeech to MaxSpeech
	Bad    border.Conditions            // of the bad border; the good one has its delay alone
	Seed   uint64                       // of what the bad border delays and loses
	Say    func(format string, args ...any)
}

// Bounds of Options.
const (
	MinSpeech = 200 * time.Millisecond
	MaxSpeech = 30 * time.Second
	MaxBursts = 2000
)

// Check reports what cannot be measured.
func (o Options) Check() error {
	switch {
	case o.Bursts < 1 || o.Bursts > MaxBursts:
		return fmt.Errorf("%d bursts: from 1 to %d are possible", o.Bursts, MaxBursts)
	case o.Speech < MinSpeech || o.Speech > MaxSpeech:
		return fmt.Errorf("speech of %v: from %v to %v is possible", o.Speech, MinSpeech, MaxSpeech)
	}
	return o.Bad.Check()
}

// Pace of a run. A device may press and come in about once a second for long.
const (
	pressGap   = 250 * time.Millisecond  // between a burst's end and the next press
	entryPace  = time.Second             // between two late entries of a path
	entryQuiet = 250 * time.Millisecond  // from opening a device until it asks to join: what a new link brings is over
	entryAfter = 500 * time.Millisecond  // into a burst, the first of them
	entryPress = 45 * time.Second        // then the talker presses anew
	patience   = 5 * time.Second         // for an entry to be heard
	setup      = time.Minute             // for everybody to come in
	tail       = 1500 * time.Millisecond // after the last burst, for what is still to be played
)

// path is a way from a talker to a listener. Its bursts and its late entries are on
// channels of their own.
type path struct {
	name        string
	c           border.Conditions
	from, to    *stand.Agency    // of the bursts
	entry       [2]*stand.Agency // from and to, of the late entries
	mouth       *client.Channel
	listener    *ear
	entryMouth  *client.Channel
	entryTitle  string
	stand       *stand.Stand
	words       [][]byte
	bursts      []burst
	failed      int // presses
	entries     []time.Duration
	entryFailed int
	note        func(what string) // counts for progress
}

// burst is one that was said.
type burst struct {
	m      *mouth
	id     proto.BurstID
	access time.Duration
}

// Run measures on all paths at once and returns a row for each.
func Run(ctx context.Context, o Options) (rows []Row, err error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	words, err := speech()
	if err != nil {
		return nil, err
	}
	paths := []*path{
		{name: "home"},
		{name: "good out", c: border.Conditions{Delay: o.Bad.Delay}}, {name: "good back", c: border.Conditions{Delay: o.Bad.Delay}},
		{name: "bad out", c: o.Bad}, {name: "bad back", c: o.Bad},
	}
	var titles []string
	for _, p := range paths {
		p.words, p.entryTitle = words, p.name+" entry"
		titles = append(titles, p.name, p.entryTitle)
	}
	o.Say("three agencies are founded and their relays started")
	s, err := stand.Build(ctx, stand.Options{Relay: o.Relay, Channels: titles, Borders: []border.Conditions{paths[1].c, o.Bad, o.Bad}, Seed: o.Seed, Say: o.Say})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	// A lossy path leaves a link's congestion window little room: bursts and late entries
	// each have a bad border to themselves.
	good, bad, other := s.Followers[0], s.Followers[1], s.Followers[2]
	for i, far := range []struct{ bursts, entries *stand.Agency }{{s.Hub, s.Hub}, {good, good}, {good, good}, {bad, other}, {bad, other}} {
		p := paths[i]
		p.stand, p.from, p.to, p.entry = s, s.Hub, far.bursts, [2]*stand.Agency{s.Hub, far.entries}
		if i%2 == 0 && i > 0 { // back
			p.from, p.to, p.entry = far.bursts, s.Hub, [2]*stand.Agency{far.entries, s.Hub}
		}
	}
	if err := cast(ctx, s, paths); err != nil {
		return nil, err
	}
	o.Say("all are in their channels; each path has %d bursts and %d late entries", o.Bursts, o.Bursts)
	if err := measure(ctx, o, paths); err != nil {
		return nil, err
	}
	for _, p := range paths {
		r, err := p.row()
		if err != nil {
			return nil, err
		}
		rows = append(rows, r)
	}
	return rows, nil
}

// measure lets all paths talk at once.
func measure(ctx context.Context, o Options, paths []*path) error {
	t := &tally{all: len(paths) * o.Bursts, say: o.Say, done: make(map[string]int)}
	var work []func(context.Context) error
	for i, p := range paths {
		p.note = t.note
		work = append(work,
			func(ctx context.Context) error { return p.talk(ctx, o) },
			func(ctx context.Context) error {
				if err := bench.Sleep(ctx, time.Duration(i)*entryPace/time.Duration(len(paths))); err != nil {
					return err
				}
				return p.enterLate(ctx, o)
			})
	}
	if err := together(ctx, work); err != nil {
		return err
	}
	return bench.Sleep(ctx, tail)
}

// cast opens the devices: in each agency one that listens and one that talks for the late
// entries, and for each path's bursts one that talks, since a device may not press more
// often than a person does. The listener of the hub's agency creates all channels.
func cast(ctx context.Context, s *stand.Stand, paths []*path) error {
	ctx, cancel := context.WithTimeout(ctx, setup)
	defer cancel()
	mouths, listeners, ears := make(map[*stand.Agency]*rig.Device), make(map[*stand.Agency]*rig.Device), make(map[*stand.Agency]*ear)
	for _, a := range append([]*stand.Agency{s.Hub}, s.Followers...) {
		ears[a] = newEar()
		var err error
		if mouths[a], err = device(ctx, s, a, "mouth", nil); err != nil {
			return err
		}
		if listeners[a], err = device(ctx, s, a, "ear", ears[a]); err != nil {
			return err
		}
	}
	var work []func(context.Context) error
	for _, p := range paths {
		p.listener = ears[p.to]
		mouth, err := device(ctx, s, p.from, "mouth-"+strings.ReplaceAll(p.name, " ", "-"), nil)
		if err != nil {
			return err
		}
		work = append(work,
			func(ctx context.Context) (err error) {
				p.mouth, err = come(ctx, p.name, listeners[s.Hub], mouth, listeners[p.to], true)
				return err
			},
			func(ctx context.Context) (err error) {
				p.entryMouth, err = come(ctx, p.entryTitle, listeners[s.Hub], mouths[p.entry[0]], listeners[p.entry[1]], false)
				return err
			})
	}
	return together(ctx, work)
}

func device(ctx context.Context, s *stand.Stand, a *stand.Agency, label string, sink client.Sink) (*rig.Device, error) {
	id, err := a.Identity(label)
	if err != nil {
		return nil, err
	}
	d, err := s.Open(ctx, a, id, sink)
	if err != nil {
		return nil, fmt.Errorf("%s of %s: %w", label, a.Name, err)
	}
	return d, nil
}

// come creates a channel, and brings in who is there all the time: the mouth, whose
// channel is returned, and somebody of the listening agency, which hears or is only
// there, so that its relay follows the channel.
func come(ctx context.Context, title string, creator, mouth, listener *rig.Device, hears bool) (ch *client.Channel, err error) {
	for _, d := range []*rig.Device{creator, listener, mouth} {
		id, err := stand.Channel(ctx, d, title)
		if err != nil {
			return nil, err
		}
		if ch, err = d.Session.Join(ctx, id); err != nil {
			return nil, fmt.Errorf("%s joins %q: %w", d.Session.Name(), title, err)
		}
		if d != mouth && (d != listener || !hears) {
			if err := ch.Listen(ctx, false); err != nil {
				return nil, err
			}
		}
	}
	return ch, nil
}

// talk says bursts, one after the other.
func (p *path) talk(ctx context.Context, o Options) error {
	for i := range o.Bursts {
		m := &mouth{words: p.words, from: 7 * i, length: int(o.Speech / voice.FrameDuration), start: time.Now()}
		var access time.Duration
		r, err := p.mouth.Talk(ctx, m, client.TalkOptions{OnGrant: func(time.Duration) { access = time.Since(m.start) }})
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			p.failed++
		default:
			p.bursts = append(p.bursts, burst{m, r.Burst, access})
		}
		p.note("bursts")
		if err := bench.Sleep(ctx, pressGap); err != nil {
			return err
		}
	}
	return nil
}

// together does several things at once and ends them all with the first that fails.
func together(ctx context.Context, work []func(context.Context) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var wg sync.WaitGroup
	for _, do := range work {
		wg.Go(func() { // ends with do
			if err := do(ctx); err != nil {
				cancel(err)
			}
		})
	}
	wg.Wait()
	return context.Cause(ctx)
}

// tally says from time to time how far all paths have come.
type tally struct {
	all int
	say func(format string, args ...any)

	mu   sync.Mutex // guards done
	done map[string]int
}

func (t *tally) note(what string) {
	t.mu.Lock()
	t.done[what]++
	bursts, entries, now := t.done["bursts"], t.done["entries"], t.done[what]
	t.mu.Unlock()
	if part := max(t.all/5, 1); what == "bursts" && now%part == 0 {
		t.say("%d of %d bursts, %d of %d late entries", bursts, t.all, entries, t.all)
	}
}
