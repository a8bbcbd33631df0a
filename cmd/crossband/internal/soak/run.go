// Package soak runs agencies under faults and judges whether their promises hold:
// relays and endpoints in processes of their own, killed, cut off, paused, without
// room on the disk and with wrong clocks, by a plan that a seed decides. Endpoints
// keep journals; what is promised is judged from those alone.
package soak

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// Options says how a run goes. All are required but Keep.
type Options struct {
	Plan    Plan
	Dir     string                        // everything is kept here
	Keep    bool                          // and stays here
	Say     func(format string, a ...any) // progress
	Command func(args ...string) []string // command line of this program
	Texts   time.Duration                 // between two texts of one endpoint, on average
	Bursts  time.Duration                 // between two bursts of one endpoint, on average
}

// What a run may find.
var (
	ErrBroken  = errors.New("a promise was broken")
	ErrNoDisk  = errors.New("a small disk cannot be mounted here")
	ErrNoClock = errors.New("one process's clock cannot be stepped here")
)

// setupLimit is how long the preparations may take.
const setupLimit = 90 * time.Second

// Run carries out a plan and judges it. It ends all that it started in any case.
func Run(ctx context.Context, o Options) (*Report, error) {
	setup, cancel := context.WithTimeout(ctx, setupLimit)
	defer cancel()
	w, err := build(ctx, setup, o)
	if err != nil {
		return nil, err
	}
	defer w.close()
	for _, u := range w.stations {
		if err := w.startUnit(u); err != nil {
			return nil, err
		}
	}
	if err := w.allIn(setup); err != nil {
		return nil, err
	}
	o.Say("ready   %d relays and %d endpoints; plan %s: %d faults", len(w.agencies), len(w.stations), o.Plan.Hash(), len(o.Plan.Faults))
	done, err := w.carryOut(ctx)
	if err != nil {
		return nil, err
	}
	e := Evidence{Plan: o.Plan, Faults: done, Journals: make(map[Node][]Record), Crashes: w.crashes}
	for _, u := range w.stations {
		if e.Journals[u.node], err = ReadJournal(u.journal); err != nil {
			return nil, err
		}
	}
	return Judge(e), nil
}

// allIn waits until all endpoints are in the channel.
func (w *world) allIn(ctx context.Context) error {
	for _, u := range w.stations {
		for {
			b, err := os.ReadFile(u.journal)
			if err == nil && bytes.Contains(b, []byte(`"what":"`+Joined+`"`)) {
				break
			}
			if u.process.Ended() {
				return errors.Join(errors.New(string(u.node)+" has ended; see "+w.logOf(u.node)), u.process.Err())
			}
			if !sleepUntil(ctx, time.Now().Add(50*time.Millisecond)) {
				return errors.Join(errors.New(string(u.node)+" does not come into the channel"), ctx.Err())
			}
		}
	}
	return nil
}

func (w *world) logOf(n Node) string { return filepath.Join(w.o.Dir, string(n)+".log") }

// tellEvery is how often a run says how it goes.
const tellEvery = 5 * time.Second

// carryOut lets everything happen as planned, to the end of the last quiet time.
func (w *world) carryOut(ctx context.Context) ([]Injected, error) {
	w.order(SayBegin)
	start := time.Now()
	done := make([]Injected, len(w.o.Plan.Faults))
	var wg sync.WaitGroup
	defer wg.Wait()
	for i, f := range w.o.Plan.Faults {
		wg.Go(func() { done[i] = w.inject(ctx, start, f) }) // ends with the fault
	}
	looks, stop := context.WithCancel(ctx)
	wg.Go(func() { w.watch(looks, start) }) // ends before the endpoints do
	defer stop()
	if !sleepUntil(ctx, start.Add(w.o.Plan.Silent)) {
		return nil, ctx.Err()
	}
	w.o.Say("quiet   no new texts: everything must come together")
	w.order(SayQuiet)
	if !sleepUntil(ctx, start.Add(w.o.Plan.Duration)) {
		return nil, ctx.Err()
	}
	stop()
	wg.Wait()
	w.end()
	return done, nil
}

// order tells all endpoints what to do. One that has crashed is told when it is
// started again.
func (w *world) order(what string) {
	for _, u := range w.stations {
		w.mu.Lock()
		u.order = what
		p := u.process
		w.mu.Unlock()
		p.Tell(what)
	}
}

// end lets every endpoint write down what it sees.
func (w *world) end() {
	w.order(SayEnd)
	late := time.After(2 * grace)
	for _, u := range w.stations {
		select {
		case <-u.process.Done():
		case <-late:
			w.o.Say("%s does not end", u.node)
			return
		}
	}
}

// watch says how the run goes and looks for crashes, until ctx ends.
func (w *world) watch(ctx context.Context, start time.Time) {
	counts := make(map[string]int)
	read := make(map[Node]int64)
	for sleepUntil(ctx, time.Now().Add(tellEvery)) {
		w.lookForCrashes()
		for _, u := range w.stations {
			read[u.node] = count(u.journal, read[u.node], counts)
		}
		w.o.Say("%4.0f s  of %.0f: %d texts said, %d acknowledged, %d showings, %d failed, %d alarms", time.Since(start).Seconds(),
			w.o.Plan.Duration.Seconds(), counts[Saying], counts[Accepted], counts[Shown], counts[Failed], counts[Alarmed])
	}
}

// count adds up a journal's new lines by what they tell, and returns how far it
// has read.
func count(path string, from int64, counts map[string]int) int64 {
	f, err := os.Open(path)
	if err != nil {
		return from
	}
	defer f.Close()
	b, err := io.ReadAll(io.NewSectionReader(f, from, 1<<40))
	if err != nil {
		return from
	}
	whole := bytes.LastIndexByte(b, '\n') + 1
	for line := range bytes.Lines(b[:whole]) {
		_, rest, _ := bytes.Cut(line, []byte(`"what":"`))
		what, _, _ := bytes.Cut(rest, []byte(`"`))
		counts[string(what)]++
	}
	return from + int64(whole)
}
