package soak

import (
	"context"
	"errors"
	"fmt"
	"time"

	"crossband/cmd/crossband/internal/rig"
)

// Injected is a fault as it was carried out. Times are of the machine's monotonic
// clock, in nanoseconds, as in journals.
type Injected struct {
	Fault
	Begin int64  `json:"begin"`
	End   int64  `json:"end"` // 0: it never ended
	Error string `json:"error,omitempty"`
}

// inject carries out one fault: it waits until it is due, begins it, and ends it in
// any case.
func (w *world) inject(ctx context.Context, start time.Time, f Fault) Injected {
	done := Injected{Fault: f}
	if !sleepUntil(ctx, start.Add(f.At)) {
		done.Error = ctx.Err().Error()
		return done
	}
	w.o.Say("fault   %s %s for %v%s", f.Kind, f.Target(), f.For, shiftOf(f))
	done.Begin = Monotonic()
	end, err := w.begin(f)
	if err != nil {
		w.o.Say("fault   %s %s could not be made: %v", f.Kind, f.Target(), err)
		done.Error = err.Error()
		return done
	}
	w.lasting(ctx, start.Add(f.End()), f)
	if err := end(); err != nil {
		w.o.Say("fault   %s %s could not be ended: %v", f.Kind, f.Target(), err)
		done.Error = err.Error()
	}
	done.End = Monotonic()
	w.o.Say("over    %s %s", f.Kind, f.Target())
	return done
}

func shiftOf(f Fault) string {
	if f.Kind != Clock {
		return ""
	}
	return fmt.Sprintf(", by %v", f.Shift.Truncate(time.Second))
}

// refill is how often a full disk is filled again: what the store gives up of its
// reserve is its own for so long, as when another program writes now and then.
const refill = 2 * time.Second

// lasting waits until a fault is over.
func (w *world) lasting(ctx context.Context, end time.Time, f Fault) {
	for f.Kind == DiskFull && time.Until(end) > refill {
		if !sleepUntil(ctx, time.Now().Add(refill)) {
			return
		}
		if err := w.agencyOf(f.Node).disk.fill(); err != nil {
			w.o.Say("the disk of %s cannot be filled again: %v", f.Node, err)
		}
	}
	sleepUntil(ctx, end)
}

func sleepUntil(ctx context.Context, at time.Time) bool {
	t := time.NewTimer(time.Until(at))
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// begin begins a fault and returns what ends it.
func (w *world) begin(f Fault) (end func() error, err error) {
	switch f.Kind {
	case Partition:
		return w.partition(f)
	case DiskFull:
		d := w.agencyOf(f.Node).disk
		return d.free, d.fill()
	case Kill:
		return w.kill(f.Node)
	}
	p := w.process(f.Node)
	if p == nil || p.Ended() {
		return nil, errors.New("the process does not run")
	}
	if f.Kind == Pause {
		return p.Resume, p.Pause()
	}
	c, err := openClock(p)
	if err != nil {
		return nil, err
	}
	return func() error { return c.back(p) }, c.step(p, f.Shift)
}

func (w *world) partition(f Fault) (func() error, error) {
	taps := w.paths[[2]Node{f.Node, f.Other}]
	if len(taps) == 0 {
		return nil, errors.New("no such path")
	}
	cut := func(now bool) {
		for _, t := range taps {
			t.Cut(now)
		}
	}
	cut(true)
	return func() error { cut(false); return nil }, nil
}

// kill kills a process; what it returns starts it again.
func (w *world) kill(n Node) (func() error, error) {
	p := w.process(n)
	if p == nil {
		return nil, errors.New("the process does not run")
	}
	w.expectDown(n, true)
	p.Kill()
	return func() error {
		defer w.expectDown(n, false)
		return w.startNode(n)
	}, nil
}

// startNode starts a relay or an endpoint.
func (w *world) startNode(n Node) error {
	if a := w.agencyOf(n); a != nil {
		return w.startRelay(a)
	}
	return w.startUnit(w.unitOf(n))
}

func (w *world) process(n Node) *rig.Process {
	w.mu.Lock()
	defer w.mu.Unlock()
	if a := w.agencyOf(n); a != nil {
		return a.relay
	}
	if u := w.unitOf(n); u != nil {
		return u.process
	}
	return nil
}

func (w *world) expectDown(n Node, down bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.down[n] = down
}

// lookForCrashes finds processes that have ended though nobody killed them, notes
// them, and starts them again.
func (w *world) lookForCrashes() {
	for _, n := range append(ShapeOfRuns().Relays, ShapeOfRuns().Endpoints...) {
		p := w.process(n)
		w.mu.Lock()
		crashed := p != nil && p.Ended() && !w.down[n]
		if crashed {
			w.crashes = append(w.crashes, Crash{n, Monotonic(), p.Err().Error()})
		}
		w.mu.Unlock()
		if !crashed {
			continue
		}
		w.o.Say("CRASH   %s: %v", n, p.Err())
		if err := w.startNode(n); err != nil {
			w.o.Say("CRASH   %s does not start again: %v", n, err)
			w.expectDown(n, true)
		}
	}
}
