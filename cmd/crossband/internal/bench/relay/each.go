package relay

import (
	"context"
	"sync"
	"time"

	"crossband/cmd/crossband/internal/bench"
)

// each does something for 0 to n-1, at most so many at once and beginning pace
// apart, until one fails, and returns the first error.
func each(ctx context.Context, n, atOnce int, pace time.Duration, do func(i int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	turns := make(chan struct{}, atOnce)
	var wg sync.WaitGroup
	for i := range n {
		if bench.Sleep(ctx, pace) != nil {
			break
		}
		select {
		case turns <- struct{}{}:
		case <-ctx.Done():
		}
		if ctx.Err() != nil {
			break
		}
		wg.Go(func() { // ends when it is done
			defer func() { <-turns }()
			if err := do(i); err != nil {
				cancel(err)
			}
		})
	}
	wg.Wait()
	return context.Cause(ctx)
}
