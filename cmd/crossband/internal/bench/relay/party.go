package relay

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"

	"crossband/cmd/crossband/internal/bench"
	"crossband/cmd/crossband/internal/rig"
	"crossband/proto"
)

// contestant is who forwards: a process, and the load's ends at it. Its methods are
// called in this order; close whatever has become of them.
type contestant interface {
	start(ctx context.Context) (*rig.Process, error)
	connect(ctx context.Context) error // all endpoints, which stay silent
	furnish(ctx context.Context) (ends, error)
	close()
}

// ends are the load's talkers and listeners at one contestant.
type ends struct {
	mouths []*mouth
	ears   []*ear
	press  func(context.Context) (release func(), err error) // takes the floor for all talkers; nil: there is none
}

// party is a contestant with what has been measured of it so far.
type party struct {
	contestant
	name    string
	process *rig.Process
	ends    ends

	rssBefore, rssAfter int // of the process, octets: without endpoints, and with all of them, silent

	cpu, wall time.Duration // over all slices
	forwards  uint64        // frames sent × listeners of their channels
	heard     uint64        // of them, in time
	latest    time.Duration // of all frames, how late the load sent one at most
	sent, due uint64        // frames that count, and how many there should have been
}

// Each slice begins with warmUp, which is not measured; when it is over, what is
// under way may take lateness to be heard.
const (
	warmUp   = 500 * time.Millisecond
	lateness = 500 * time.Millisecond
)

// slice lets a party carry voice and measures it: all talkers talk, one after the
// other within the time of a frame, as talkers do who do not know of each other.
func (p *party) slice(ctx context.Context, c *clock, length time.Duration, octets int) error {
	runtime.GC() // of the load, between slices rather than in one
	if p.ends.press != nil {
		release, err := p.ends.press(ctx)
		if err != nil {
			return err
		}
		defer release()
	}
	s := &slice{clock: c, number: c.begin(), octets: octets}
	defer c.end()
	talked := make([]said, len(p.ends.mouths))
	var wg sync.WaitGroup
	defer wg.Wait()
	defer s.over.Store(true)
	for i, m := range p.ends.mouths {
		phase := proto.VoiceFrame * time.Duration(i) / time.Duration(len(p.ends.mouths))
		wg.Go(func() { talked[i] = m.talk(ctx, s, phase) }) // ends when the slice is over
	}
	if err := p.account(ctx, s, length); err != nil {
		return err
	}
	s.over.Store(true)
	wg.Wait()
	if err := bench.Sleep(ctx, lateness); err != nil {
		return err
	}
	c.end()
	for i, m := range p.ends.mouths {
		p.forwards += talked[i].counted * uint64(m.listeners)
		p.sent, p.due = p.sent+talked[i].counted, p.due+talked[i].due
		p.latest = max(p.latest, talked[i].latest)
	}
	p.heard = 0
	for _, e := range p.ends.ears {
		p.heard += e.heard.Load()
	}
	return nil
}

// account waits for the warming up, then reads what the process uses in length, while
// the talkers count their frames.
func (p *party) account(ctx context.Context, s *slice, length time.Duration) error {
	if err := bench.Sleep(ctx, warmUp); err != nil {
		return err
	}
	before, err := cpuOf(p.process.Pid())
	if err != nil {
		return err
	}
	s.measured.Store(true)
	begun := s.clock.now()
	err = bench.Sleep(ctx, length)
	s.measured.Store(false)
	if err != nil {
		return err
	}
	after, err := cpuOf(p.process.Pid())
	if err != nil {
		return err
	}
	if p.process.Ended() {
		return fmt.Errorf("the process ended while it was measured: %w", p.process.Err())
	}
	p.cpu += after - before
	p.wall += s.clock.now() - begun
	return nil
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
	return 1 - float64(p.heard)/float64(p.forwards)
}

// check refuses figures that would say nothing of forwarding: nobody sent or heard
// anything, or voice went where it should not, or more than once.
func (p *party) check() error {
	odd := uint64(0)
	for _, e := range p.ends.ears {
		odd += e.odd.Load()
	}
	switch {
	case p.forwards == 0:
		return errors.New("no frame was sent while it was measured")
	case p.heard == 0:
		return fmt.Errorf("none of %d frames was heard", p.forwards)
	case odd > 0:
		return fmt.Errorf("%d frames were heard twice, or on a channel that they were not said on", odd)
	case p.cpu <= 0:
		return errors.New("its process has no processor time")
	}
	return nil
}

// behind reports whether the load left out more than one frame in a hundred.
func (p *party) behind() bool { return p.sent*100 < p.due*99 }

// kibPerEndpoint is what a connected, silent endpoint costs in resident memory.
func (p *party) kibPerEndpoint(endpoints int) float64 {
	return float64(p.rssAfter-p.rssBefore) / 1024 / float64(endpoints)
}

func (p *party) residentNow() (int, error) {
	if p.process.Ended() {
		return 0, fmt.Errorf("%s has ended: %w", p.name, p.process.Err())
	}
	return residentOf(p.process.Pid())
}
