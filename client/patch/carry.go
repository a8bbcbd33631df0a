package patch

import (
	"bytes"
	"context"
	"io"
	"slices"
	"time"

	"crossband/client"
	"crossband/client/voice"
	"crossband/proto"
)

// carry is one burst on its way to one channel. Queue: frames. Bound: carryFrames.
// Policy: the oldest goes. Counter: Counts.Dropped.
type carry struct {
	p        *Patch
	from, to proto.ChannelID
	burst    proto.BurstID
	codec    voice.Codec
	frames   chan []byte // closed when the burst is over
	ctx      context.Context
	stop     context.CancelFunc
	done     chan struct{} // closed when nothing of it is said any more
}

const (
	carryFrames = 25                      // half a second: what waits longer is old
	silence     = 1500 * time.Millisecond // a burst of which nothing is heard for so long is over
)

// Play carries 20 ms of what is heard to the other channels. It never blocks.
func (p *Patch) Play(heard client.Played) {
	from := p.leg(heard.Channel)
	if from == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ctx.Err() != nil {
		return
	}
	if !slices.Contains(p.met, heard.Burst) && heard.Payload != nil && !heard.End {
		p.meet(heard.Burst)
		p.beginLocked(from, heard)
	}
	p.passLocked(heard)
}

func (p *Patch) leg(id proto.ChannelID) Leg {
	i := slices.IndexFunc(p.cfg.Legs, func(l Leg) bool { return l.ID() == id })
	if i < 0 {
		return nil
	}
	return p.cfg.Legs[i]
}

// meet remembers a burst, so that it is carried once.
func (p *Patch) meet(id proto.BurstID) {
	if len(p.met) == memory {
		p.met = p.met[1:]
	}
	p.met = append(p.met, id)
}

// beginLocked presses for a burst on every other channel to which it may go.
func (p *Patch) beginLocked(from Leg, heard client.Played) {
	rules := from.Charter()
	for _, to := range p.cfg.Legs {
		if to.ID() == from.ID() {
			continue
		}
		there := to.Charter()
		if err := Carries(p.cfg.Self.Agency, heard.From, &rules, &there, heard.At); err != nil {
			p.counts.refused.Add(1)
			p.cfg.Log.Info("burst not carried", "to", there.Title, "from", heard.From.String(), "why", err.Error())
			continue
		}
		c := &carry{
			p: p, from: from.ID(), to: to.ID(), burst: heard.Burst, codec: heard.Codec,
			frames: make(chan []byte, carryFrames), done: make(chan struct{}),
		}
		c.ctx, c.stop = context.WithCancel(p.ctx)
		p.carries = append(p.carries, c)
		o := client.TalkOptions{Burst: heard.Burst, Priority: min(max(p.priority[heard.Channel], proto.PriorityRoutine), there.MaxPriority(p.cfg.Self))}
		p.talks.Go(func() { p.talk(to, c, o) })
	}
}

// passLocked hands a frame to whatever carries its burst. A lost frame is left out: the
// channel's listeners hear 20 ms less.
func (p *Patch) passLocked(heard client.Played) {
	p.carries = slices.DeleteFunc(p.carries, func(c *carry) bool {
		if c.from != heard.Channel {
			return false
		}
		if c.burst == heard.Burst && c.codec == heard.Codec {
			c.push(heard.Before)
			c.push(heard.Payload)
		}
		if over := heard.End || c.burst != heard.Burst; over {
			close(c.frames)
			return true
		}
		return false
	})
}

func (c *carry) push(payload []byte) {
	if payload == nil {
		return
	}
	b := bytes.Clone(payload)
	for {
		select {
		case c.frames <- b:
			return
		default:
		}
		select {
		case <-c.frames:
			c.p.counts.dropped.Add(1)
		default:
		}
	}
}

// talk says a burst again. It ends with the burst, with the patch, or when the floor is
// another's: a burst that was refused is not asked for a second time.
func (p *Patch) talk(to Leg, c *carry, o client.TalkOptions) {
	defer close(c.done)
	defer c.stop()
	_, err := to.Talk(c.ctx, c, o)
	p.forget(c)
	if err != nil && c.ctx.Err() == nil {
		p.counts.refused.Add(1)
		p.cfg.Log.Info("burst not carried", "to", to.Charter().Title, "why", err.Error())
		return
	}
	p.counts.carried.Add(1)
}

func (p *Patch) forget(c *carry) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.carries = slices.DeleteFunc(p.carries, func(o *carry) bool { return o == c })
}

// Codec implements voice.Source.
func (c *carry) Codec() voice.Codec { return c.codec }

// Next implements voice.Source. It waits for the next frame, as long as the burst and
// the patch last and the desk does not talk itself.
func (c *carry) Next() ([]byte, error) {
	over := time.NewTimer(silence)
	defer over.Stop()
	select {
	case b, ok := <-c.frames:
		if ok {
			return b, nil
		}
	case <-over.C:
	case <-c.ctx.Done():
	}
	return nil, io.EOF
}
