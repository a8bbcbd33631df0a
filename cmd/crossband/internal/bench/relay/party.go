package relay

import (
	"context"
	"crypto/rand"
	"sync"
	"time"

	"crossband/cmd/crossband/internal/rig"
	"crossband/proto"
)

// party is one of those that are compared: a process that forwards, and the load's
// talkers and listeners at it.
type party struct {
	name    string
	process *rig.Process
	mouths  []*mouth
	ears    []*ear
	press   func(context.Context) (release func(), err error) // takes the floor for all talkers; nil: there is none
	close   func()                                            // ends listeners' readers too

	rssBefore, rssAfter int // of the process, octets: without endpoints, and with all of them, silent

	// Over all slices so far.
	cpu, wall time.Duration
	forwards  uint64 // frames sent × listeners of their channels
}

// mouth is one talker.
type mouth struct {
	listeners int
	header    func(number uint64) proto.SFrameHeader
	send      func(frame []byte)

	number uint64
}

// frame makes the talker's next frame, but for its stamp.
func (m *mouth) frame(room []byte) {
	m.number++
	h := m.header(m.number).AppendTo(room[:0])
	rand.Read(room[len(h):])
}

// plainHeader is the header of those who have no group.
func plainHeader(number uint64) proto.SFrameHeader {
	return proto.SFrameHeader{KID: 1 << 16, CTR: firstCounter + number}
}

// firstCounter keeps a frame's header the same length for as long as a run lasts.
const firstCounter = 1 << 16

// warmUp is how long a party carries voice before it is measured.
const warmUp = 500 * time.Millisecond

// lateness is how long what is under way may take to be heard.
const lateness = 500 * time.Millisecond

// slice lets a party carry voice and measures it: all talkers talk, one after the
// other within the time of a frame, as talkers do who do not know of each other.
func (p *party) slice(ctx context.Context, c *clock, number uint32, o Options) error {
	if p.press != nil {
		release, err := p.press(ctx)
		if err != nil {
			return err
		}
		defer release()
	}
	from := c.now() + warmUp
	till := from + o.Slice
	sent := make([]uint64, len(p.mouths))
	var wg sync.WaitGroup
	defer wg.Wait()
	for i, m := range p.mouths {
		phase := proto.VoiceFrame * time.Duration(i) / time.Duration(len(p.mouths))
		wg.Go(func() { sent[i] = m.talk(ctx, c, phase, from, till, number, o.Frame) }) // ends when the slice is over, or with ctx
	}
	if err := sleep(ctx, from-c.now()); err != nil {
		return err
	}
	cpu, err := cpuOf(p.process.Pid())
	if err != nil {
		return err
	}
	begun := c.now()
	if err := sleep(ctx, till-c.now()); err != nil {
		return err
	}
	used, err := cpuOf(p.process.Pid())
	if err != nil {
		return err
	}
	p.cpu += used - cpu
	p.wall += c.now() - begun
	wg.Wait()
	for i, m := range p.mouths {
		p.forwards += sent[i] * uint64(m.listeners)
	}
	return sleep(ctx, lateness)
}

// talk sends a frame every 20 ms and returns how many of them count.
func (m *mouth) talk(ctx context.Context, c *clock, phase, from, till time.Duration, slice uint32, octets int) (counted uint64) {
	room := make([]byte, octets)
	for at := c.now() + phase; at < till; at += proto.VoiceFrame {
		if sleep(ctx, at-c.now()) != nil {
			return counted
		}
		m.frame(room)
		now, in := c.now(), uint32(0)
		if now >= from && now < till {
			in = slice
			counted++
		}
		stamp(room, now, in)
		m.send(room)
	}
	return counted
}

// heard sums up what all listeners heard.
func (p *party) heard() (n uint64) {
	for _, e := range p.ears {
		n += e.heard.Load()
	}
	return n
}

// perForward is the processor time of one forward, in microseconds.
func (p *party) perForward() float64 {
	if p.forwards == 0 {
		return 0
	}
	return float64(p.cpu.Nanoseconds()) / 1000 / float64(p.forwards)
}

// loss is the part of the forwards that was not heard.
func (p *party) loss() float64 {
	if p.forwards == 0 {
		return 1
	}
	return 1 - float64(p.heard())/float64(p.forwards)
}

func (p *party) kibPerEndpoint() float64 {
	return float64(p.rssAfter-p.rssBefore) / 1024 / float64(len(p.ears)+len(p.mouths))
}

func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
