package relay

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime/debug"
	"time"

	"crossband/cmd/crossband/internal/bench"
)

// Run measures size by size. It ends all that it started, also when ctx ends.
func Run(ctx context.Context, o Options) (rows []Row, err error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	// The load has some memory to spare, and its collector is not to be measured.
	defer debug.SetGCPercent(debug.SetGCPercent(loadGCPercent))
	for i, s := range o.Sizes {
		more, err := run(ctx, o, filepath.Join(o.Dir, fmt.Sprint("size-", i+1)), s)
		rows = append(rows, more...)
		if err != nil {
			return rows, fmt.Errorf("%d listeners, %d talkers: %w", s.Listeners, s.Talkers, err)
		}
	}
	return rows, nil
}

const loadGCPercent = 800

// field is all that is measured in turn at one size.
type field struct {
	o       Options
	size    Size
	clock   *clock
	parties []*party          // in the order of their turns
	relays  map[string]*party // by path; none for one that this build does not have
	plain   *party
	floor   *party
}

func run(ctx context.Context, o Options, dir string, s Size) ([]Row, error) {
	f := &field{o: o, size: s, clock: &clock{zero: time.Now()}, relays: make(map[string]*party)}
	defer f.close()
	for _, path := range o.Paths {
		f.relays[path] = f.add("relay, path "+path, &node{o: o, size: s, dir: filepath.Join(dir, path), path: path, clock: f.clock})
	}
	f.plain = f.add(KindPlain, &plain{yard: yard{o: o, size: s, dir: filepath.Join(dir, KindPlain), clock: f.clock}})
	f.floor = f.add(KindFloor, &floor{yard: yard{o: o, size: s, dir: filepath.Join(dir, KindFloor), clock: f.clock}})
	if err := f.open(ctx); err != nil {
		return nil, err
	}
	if err := f.turns(ctx); err != nil {
		return nil, err
	}
	for _, p := range []*party{f.plain, f.floor} {
		if err := p.check(); err != nil {
			return nil, fmt.Errorf("%s: %w", p.name, err)
		}
	}
	var rows []Row
	for _, path := range o.Paths {
		rows = append(rows, f.row(path))
	}
	for _, p := range f.parties {
		if p.behind() {
			o.Say("%-21s the load could not keep its pace, and this machine was too busy or is too small: take the figures for rough ones", p.name)
		}
		o.Say("%-21s loss %.4f; the load sent %d of %d frames, %v late at most", p.name, p.loss(), p.sent, p.due, p.latest.Round(100*time.Microsecond))
	}
	return rows, nil
}

func (f *field) add(name string, c contestant) *party {
	p := &party{contestant: c, name: name}
	f.parties = append(f.parties, p)
	return p
}

// open starts all parties and connects their endpoints.
func (f *field) open(ctx context.Context) error {
	f.o.Say("start   relays and yardsticks, for %d listeners and %d talkers each", f.size.Listeners, f.size.Talkers)
	err := f.every(func(p *party) (err error) {
		p.process, err = p.start(ctx)
		return err
	})
	if err == nil {
		err = f.memory(ctx, func(p *party) *int { return &p.rssBefore })
	}
	if err == nil {
		err = f.every(func(p *party) error {
			f.o.Say("connect to %s", p.name)
			return p.connect(ctx)
		})
	}
	if err == nil {
		err = f.memory(ctx, func(p *party) *int { return &p.rssAfter })
	}
	if err == nil {
		err = f.every(func(p *party) (err error) {
			f.o.Say("furnish %s", p.name)
			p.ends, err = p.furnish(ctx)
			return err
		})
	}
	return err
}

// every does something with each party. A party that this build cannot be measured
// on is left out from then on.
func (f *field) every(do func(p *party) error) error {
	var left []*party
	for i, p := range f.parties {
		err := do(p)
		if errors.Is(err, errNoLane) {
			p.close()
			f.relays[PathLane] = nil
			continue
		}
		left = append(left, p)
		if err != nil {
			f.parties = append(left, f.parties[i+1:]...)
			return fmt.Errorf("%s: %w", p.name, err)
		}
	}
	f.parties = left
	return nil
}

func (f *field) memory(ctx context.Context, of func(p *party) *int) error {
	if err := bench.Sleep(ctx, f.o.Settle); err != nil {
		return err
	}
	return f.every(func(p *party) (err error) {
		*of(p), err = p.residentNow()
		return err
	})
}

// turns lets each carry voice in turn.
func (f *field) turns(ctx context.Context) error {
	for round := range f.o.Rounds {
		f.o.Say("round   %d of %d: %d times %v", round+1, f.o.Rounds, len(f.parties), f.o.Slice)
		err := f.every(func(p *party) error { return p.slice(ctx, f.clock, f.o.Slice, f.o.Frame) })
		if err != nil {
			return err
		}
	}
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
	if err := p.check(); err != nil {
		r.Error = err.Error()
		return r
	}
	r.CPU, r.PlainCPU, r.FloorCPU = p.perForward(), f.plain.perForward(), f.floor.perForward()
	r.Ratio = r.CPU / r.PlainCPU
	r.Loss, r.PlainLoss = p.loss(), f.plain.loss()
	r.P50, r.P99 = bench.MS(quantile(p.ends.ears, 0.5)), bench.MS(quantile(p.ends.ears, 0.99))
	r.PlainP99 = bench.MS(quantile(f.plain.ends.ears, 0.99))
	r.RSS, r.PlainRSS = p.kibPerEndpoint(f.size.endpoints()), f.plain.kibPerEndpoint(f.size.endpoints())
	r.Share = p.cpu.Seconds() / p.wall.Seconds()
	r.Behind = p.behind() || f.plain.behind()
	return r
}
