package relay

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"crossband/proto"
)

// ErrNotHere says that this system tells nobody what another process has used.
var ErrNotHere = errors.New("the processor time of another process is read on Linux only")

// Options says what to measure.
type Options struct {
	Sizes  []Size
	Paths  []string
	Frame  int           // octets of a voice frame, as the relay forwards it
	Slice  time.Duration // for which each is measured before it is the next one's turn
	Rounds int           // turns of each

	Dir     string                           // for agencies and logs; must be empty
	Command func(args ...string) []string    // the command line of this program with arguments
	Say     func(format string, args ...any) // progress
}

// Size is one size of load: so many listeners in all, shared out to the channels of
// so many talkers.
type Size struct{ Listeners, Talkers int }

// Limits of a run. A press may last proto.TalkLimit, and warming up is part of it.
const (
	MaxTalkers   = 200
	MaxListeners = 4000
	MaxSlice     = 50 * time.Second
	MaxRounds    = 100
	maxFrame     = proto.MaxDatagram - 2
)

// groupOf is the channel of an endpoint: talkers come first, then their listeners.
func (s Size) groupOf(i int) uint16 {
	if i < s.Talkers {
		return uint16(i)
	}
	i -= s.Talkers
	for t := range s.Talkers {
		if i < s.Listeners*(t+1)/s.Talkers {
			return uint16(t)
		}
	}
	return 0
}

func (s Size) listenersOf(talker int) int {
	return s.Listeners*(talker+1)/s.Talkers - s.Listeners*talker/s.Talkers
}

// Check refuses what cannot be measured.
func (o Options) Check() error {
	for _, s := range o.Sizes {
		switch {
		case s.Talkers < 1 || s.Talkers > MaxTalkers:
			return fmt.Errorf("%d talkers: 1 to %d", s.Talkers, MaxTalkers)
		case s.Listeners < s.Talkers || s.Listeners > MaxListeners:
			return fmt.Errorf("%d listeners: one for each of %d talkers at least, %d at most", s.Listeners, s.Talkers, MaxListeners)
		}
	}
	for _, p := range o.Paths {
		if p != PathDatagram && p != PathLane {
			return fmt.Errorf("path %q: there are %s and %s", p, PathDatagram, PathLane)
		}
	}
	switch {
	case len(o.Sizes) == 0 || len(o.Paths) == 0:
		return errors.New("nothing to measure")
	case o.Frame < minFrame || o.Frame > maxFrame:
		return fmt.Errorf("frames of %d octets: %d to %d", o.Frame, minFrame, maxFrame)
	case o.Slice <= 0 || o.Slice > MaxSlice:
		return fmt.Errorf("slices of %v: more than 0, and %v at most, which one press may last", o.Slice, MaxSlice)
	case o.Rounds < 1 || o.Rounds > MaxRounds:
		return fmt.Errorf("%d rounds: 1 to %d", o.Rounds, MaxRounds)
	}
	return here()
}

// Run measures size by size. It ends all that it started, also when ctx ends.
func Run(ctx context.Context, o Options) (rows []Row, err error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	for i, s := range o.Sizes {
		dir := filepath.Join(o.Dir, fmt.Sprint("size-", i+1))
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return rows, err
		}
		more, err := run(ctx, o, dir, s)
		rows = append(rows, more...)
		if err != nil {
			return rows, fmt.Errorf("%d listeners, %d talkers: %w", s.Listeners, s.Talkers, err)
		}
	}
	return rows, nil
}

// field is all that is measured in turn at one size.
type field struct {
	o       Options
	size    Size
	clock   *clock
	parties []*party          // relays in the order of Paths, then plain, then floor
	relays  map[string]*party // by path; none for one that this build does not have
	plain   *party
	floor   *party
}

func run(ctx context.Context, o Options, dir string, s Size) ([]Row, error) {
	f := &field{o: o, size: s, clock: &clock{time.Now()}, relays: make(map[string]*party)}
	defer f.close()
	if err := f.open(ctx, dir); err != nil {
		return nil, err
	}
	for round := range o.Rounds {
		o.Say("round   %d of %d: %d × %v", round+1, o.Rounds, len(f.parties), o.Slice)
		for _, p := range f.parties {
			if err := p.slice(ctx, f.clock, uint32(round+1), o); err != nil {
				return nil, fmt.Errorf("%s: %w", p.name, err)
			}
		}
	}
	var rows []Row
	for _, path := range o.Paths {
		rows = append(rows, f.row(path))
	}
	return rows, nil
}

// open starts all parties and connects their endpoints.
func (f *field) open(ctx context.Context, dir string) (err error) {
	all := f.size.Listeners + f.size.Talkers
	for _, path := range f.o.Paths {
		f.o.Say("set up  a relay and %d endpoints, path %s", all, path)
		p, err := newRelayParty(ctx, f.o, filepath.Join(dir, path), path, f.size, f.clock)
		if errors.Is(err, errNoLane) {
			continue
		}
		if err != nil {
			return fmt.Errorf("relay, path %s: %w", path, err)
		}
		f.relays[path], f.parties = p, append(f.parties, p)
	}
	f.o.Say("set up  a plain fan-out and %d endpoints", all)
	if f.plain, err = newPlainParty(ctx, f.o, dir, f.size, f.clock); err != nil {
		return fmt.Errorf("plain: %w", err)
	}
	f.parties = append(f.parties, f.plain)
	f.o.Say("set up  a floor and %d listeners", f.size.Listeners)
	if f.floor, err = newFloorParty(ctx, f.o, dir, f.size, f.clock); err != nil {
		return fmt.Errorf("floor: %w", err)
	}
	f.parties = append(f.parties, f.floor)
	return nil
}

func (f *field) close() {
	for _, p := range f.parties {
		p.close()
	}
}

func (f *field) row(path string) Row {
	r := Row{Path: path, Listeners: f.size.Listeners, Talkers: f.size.Talkers}
	p := f.relays[path]
	if p == nil {
		r.Error = errNoLane.Error()
		return r
	}
	r.CPU, r.PlainCPU, r.FloorCPU = p.perForward(), f.plain.perForward(), f.floor.perForward()
	r.Ratio = r.CPU / r.PlainCPU
	r.Loss = p.loss()
	r.P50, r.P99, r.PlainP99 = ms(quantile(p.ears, 0.5)), ms(quantile(p.ears, 0.99)), ms(quantile(f.plain.ears, 0.99))
	r.RSS, r.PlainRSS = p.kibPerEndpoint(), f.plain.kibPerEndpoint()
	r.Share = p.cpu.Seconds() / p.wall.Seconds()
	f.o.Say("loss    relay %.4f, plain %.4f, floor %.4f of the forwards", p.loss(), f.plain.loss(), f.floor.loss())
	return r
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
