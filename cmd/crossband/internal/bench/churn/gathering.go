package churn

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"crossband/cmd/crossband/internal/bench"
	"crossband/cmd/crossband/internal/bench/crowd"
	"crossband/proto/link"
)

// gathering counts who is back. It implements crowd.Watcher.
type gathering struct {
	all int

	mu      sync.Mutex // guards what follows
	back    map[*crowd.Member]time.Time
	refused int
	lost    int
	last    error
	more    chan struct{} // closed and replaced whenever somebody has come
}

func newGathering(all int) *gathering {
	return &gathering{all: all, back: make(map[*crowd.Member]time.Time), more: make(chan struct{})}
}

// reset begins anew: nobody is back.
func (g *gathering) reset() {
	g.mu.Lock()
	defer g.mu.Unlock()
	clear(g.back)
	g.refused, g.lost = 0, 0
}

// Linked implements crowd.Watcher.
func (g *gathering) Linked(m *crowd.Member) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.back[m] = time.Now()
	close(g.more)
	g.more = make(chan struct{})
}

// Lost implements crowd.Watcher.
func (g *gathering) Lost(m *crowd.Member, _ error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.back, m)
}

// Failed implements crowd.Watcher.
func (g *gathering) Failed(_ *crowd.Member, err error) {
	var refused *link.RefusedByPeer
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.last = err; errors.As(err, &refused) {
		g.refused++
	} else {
		g.lost++
	}
}

// wait returns when all are back.
func (g *gathering) wait(ctx context.Context) error {
	for {
		g.mu.Lock()
		n, more, last := len(g.back), g.more, g.last
		g.mu.Unlock()
		if n == g.all {
			return nil
		}
		select {
		case <-more:
		case <-ctx.Done():
			return fmt.Errorf("%d of %d endpoints have a link: %w; the last try that failed: %v", n, g.all, ctx.Err(), last)
		}
	}
}

// row tells how they came back to a relay that went at one time and listens from
// another on. It is an error if one of them has gone again: then not all are back.
func (g *gathering) row(fault, listens time.Time) (Row, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.back) < g.all {
		return Row{}, fmt.Errorf("%d of %d endpoints lost their new link", g.all-len(g.back), g.all)
	}
	times := make([]time.Duration, 0, len(g.back)) // from when it listens
	for _, at := range g.back {
		times = append(times, at.Sub(listens))
	}
	last := slices.Max(times)
	r := Row{
		DownMS: bench.MS(listens.Sub(fault)), Refused: g.refused, Lost: g.lost,
		BackP50MS: bench.MS(bench.Quantile(times, 0.5)), BackP99MS: bench.MS(bench.Quantile(times, 0.99)), AllBackMS: bench.MS(last), FaultToAllMS: bench.MS(last + listens.Sub(fault)),
	}
	if long := last - slices.Min(times); long > 0 {
		r.HandshakesPS = float64(len(times)-1) / long.Seconds()
	}
	return r, nil
}
