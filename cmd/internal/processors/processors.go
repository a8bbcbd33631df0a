// Package processors keeps a relay's goroutines on as few processors as its load
// needs.
//
// A relay is woken some thousand times a second, for a few microseconds each. With
// more processors than it needs Go's scheduler wakes another thread nearly each time,
// which finds nothing to do and goes back to sleep (docs/decisions/0042). Under a load
// that needs them all, threads are awake anyway and there is nothing to save.
package processors

import (
	"context"
	"os"
	"runtime"
	"sync"
	"time"
)

// Govern adapts GOMAXPROCS of this process to its load, between 1 and what it was,
// until the context ends or stop is called, which leaves it to Go's runtime again. It does
// nothing where the environment sets GOMAXPROCS, there is one processor only, or the
// system does not tell what the process uses. Two governors of one process would undo each
// other's work: only a program's main calls it, which runs once.
func Govern(ctx context.Context) (stop func()) {
	most := runtime.GOMAXPROCS(0)
	if _, err := processorTime(); os.Getenv("GOMAXPROCS") != "" || most < 2 || err != nil {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() { // ends with ctx
		defer runtime.SetDefaultGOMAXPROCS()
		g := governor{used: processorTime, waits: newWaits(), set: func(n int) { runtime.GOMAXPROCS(n) }}
		g.govern(ctx, newLoad(most))
	})
	return func() { cancel(); wg.Wait() }
}

// governor is what governing looks at and what it turns.
type governor struct {
	used  func() (time.Duration, error) // of processors, since the process began
	waits interface{ since() bool }     // a goroutine has waited for lateAt since the last look
	set   func(n int)
}

func (g *governor) govern(ctx context.Context, l *load) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	before, at := g.look()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		used, now := g.look()
		took := now.Sub(at)
		late := took-lookEvery > lateAt || g.waits.since()
		if n, change := l.look((used-before).Seconds()/took.Seconds(), late); change {
			g.set(n)
			used, now = g.look() // it may have waited for a collection of garbage
			g.waits.since()
			tick.Reset(lookEvery)
		}
		before, at = used, now
	}
}

func (g *governor) look() (used time.Duration, at time.Time) {
	used, _ = g.used() // it cannot fail where it did not at the start
	return used, time.Now()
}
