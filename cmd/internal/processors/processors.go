// Package processors keeps a relay's goroutines on as few processors as its load
// needs.
//
// A relay is woken some thousand times a second, for a few microseconds each. With
// more processors than it needs Go's scheduler wakes another thread nearly each time,
// which finds nothing to do and goes back to sleep; at half a processor's load that is
// a quarter of all that the relay uses (docs/decisions/0042). Under a load that needs
// them all, threads are awake anyway and there is nothing to save.
package processors

import (
	"context"
	"os"
	"runtime"
	"sync"
	"time"
)

// Govern adapts GOMAXPROCS of this process to its load, between 1 and what it was,
// until the context ends or stop is called, which puts it back. It does nothing where
// the environment sets GOMAXPROCS, there is one processor only, or the system does not
// tell what the process uses.
func Govern(ctx context.Context) (stop func()) {
	most := runtime.GOMAXPROCS(0)
	used, err := processorTime()
	if os.Getenv("GOMAXPROCS") != "" || most < 2 || err != nil {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() { // ends with ctx
		defer runtime.GOMAXPROCS(most)
		govern(ctx, newLoad(most), used)
	})
	return func() { cancel(); wg.Wait() }
}

func govern(ctx context.Context, l *load, before time.Duration) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	at := time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		used, err := processorTime()
		if err != nil {
			continue // it cannot fail now where it did not before
		}
		now := time.Now()
		took := now.Sub(at)
		if n, change := l.look((used-before).Seconds()/took.Seconds(), took-lookEvery); change {
			runtime.GOMAXPROCS(n)
		}
		before, at = used, now
	}
}
