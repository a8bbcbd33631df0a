package patch

import (
	"context"
	"time"

	"crossband/proto"
)

// When a channel is told again of its patch.
const (
	tellSoon  = 2 * time.Second // after somebody has come: others may come with them
	tellEvery = time.Minute     // at least, between two texts
	tellTime  = 4 * time.Second // that a text may take before it is left to the outbox
)

// Newcomers is told that somebody has come to a channel: nobody reads what was said there
// before they came. If it is one of the patch's, it is told again which others hear it.
func (p *Patch) Newcomers(id proto.ChannelID) {
	l := p.leg(id)
	if l == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ctx.Err() != nil || p.telling[id] {
		return
	}
	p.telling[id] = true
	wait := max(tellSoon, tellEvery-time.Since(p.told[id]))
	p.talks.Go(func() { p.tellAgain(l, wait) }) // ends within wait and tellTime, or with the patch
}

func (p *Patch) tellAgain(l Leg, wait time.Duration) {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-p.ctx.Done():
		return
	}
	p.mu.Lock()
	p.telling[l.ID()], p.told[l.ID()] = false, time.Now() // who comes from now on is told once more
	p.mu.Unlock()
	ctx, cancel := context.WithTimeout(p.ctx, tellTime)
	defer cancel()
	if err := tell(ctx, l, joined(p.cfg, l)); err != nil {
		p.cfg.Log.Warn("newcomers not told of the patch", "channel", l.Charter().Title, "why", err.Error())
	}
}
