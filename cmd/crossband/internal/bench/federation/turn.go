package federation

import (
	"context"
	"errors"
	"fmt"
	"time"

	"crossband/cmd/crossband/internal/bench"
	"crossband/cmd/crossband/internal/bench/border"
	"crossband/cmd/crossband/internal/bench/stand"
	"crossband/cmd/crossband/internal/rig"
	"crossband/proto"
)

// turn lets every route have a burst, and then nobody talk for as long.
func (r *run) turn(ctx context.Context) error {
	for _, x := range r.routes {
		if err := r.burst(ctx, x); err != nil {
			return fmt.Errorf("%s: %w", x.title, err)
		}
	}
	return r.silence(ctx)
}

// burst says one burst on a route and counts what it took.
func (r *run) burst(ctx context.Context, x *route) error {
	before, pressed, id := x.counts(), time.Now(), proto.NewBurstID()
	leaf, err := x.talker.press(ctx, x.channel, id)
	if err != nil {
		return err
	}
	cpu, err := r.cpu()
	if err != nil {
		return err
	}
	first, start := r.number+1, time.Now()
	frames := int(r.o.Speech / proto.VoiceFrame)
	tick := time.NewTicker(proto.VoiceFrame)
	defer tick.Stop()
	for range frames {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
		r.number++
		b, err := sealed(leaf, r.number, time.Since(r.begun))
		if err != nil {
			return err
		}
		x.talker.SendVoice(x.out, b)
	}
	if err := bench.Sleep(ctx, rest); err != nil {
		return err
	}
	used, err := r.cpu()
	if err != nil {
		return err
	}
	x.cpu, x.talked = x.cpu+used-cpu, x.talked+time.Since(start)
	if err := x.talker.release(x.channel, id); err != nil {
		return err
	}
	if err := bench.Sleep(ctx, rest); err != nil {
		return err
	}
	x.crossed, x.pressed = x.crossed.Add(x.counts().Sub(before)), x.pressed+time.Since(pressed)
	x.said, x.bursts = x.said+frames, x.bursts+1
	for _, l := range x.ears {
		heard, err := l.burst(x.alias, first, r.number)
		if err != nil {
			return err
		}
		x.heard = append(x.heard, heard...)
	}
	return nil
}

// silence measures what relays and borders do while nobody talks.
func (r *run) silence(ctx context.Context) error {
	borders := make(map[*stand.Border]border.Counts)
	for _, a := range r.s.Followers {
		borders[a.Border] = a.Border.Counts()
	}
	cpu, err := r.cpu()
	if err != nil {
		return err
	}
	start := time.Now()
	if err := bench.Sleep(ctx, r.o.Speech+rest); err != nil {
		return err
	}
	used, err := r.cpu()
	if err != nil {
		return err
	}
	r.idleCPU, r.idle = r.idleCPU+used-cpu, r.idle+time.Since(start)
	for b, before := range borders {
		r.idleCrossed[b] = r.idleCrossed[b].Add(b.Counts().Sub(before))
	}
	return nil
}

// cpu is 0 on a system that does not tell.
func (r *run) cpu() (time.Duration, error) {
	d, err := r.s.CPU()
	if errors.Is(err, rig.ErrNoCost) {
		return 0, nil
	}
	return d, err
}

// counts sums up the route's borders.
func (x *route) counts() (c border.Counts) {
	for _, b := range x.borders {
		c = c.Add(b.Counts())
	}
	return c
}
