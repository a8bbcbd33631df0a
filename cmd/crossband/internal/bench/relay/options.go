package relay

import (
	"errors"
	"fmt"
	"time"

	"crossband/proto"
)

// ErrNotHere says that this system tells nobody what another process has used.
var ErrNotHere = errors.New("the processor time of another process is read on Linux only")

// Options says what to measure.
type Options struct {
	Sizes  []Size
	Paths  []string
	Frame  int           // octets of a voice frame, as the relay forwards it
	Slice  time.Duration // for which each is measured before it is the next one's turn
	Rounds int           // turns of each

	Dir     string                           // for agencies and logs; must be empty
	Command func(args ...string) []string    // the command line of this program with arguments
	Say     func(format string, args ...any) // progress
}

// Limits of a run. A press may last proto.TalkLimit, and warming up is part of it.
const (
	MaxTalkers   = 200
	MaxListeners = 4000
	MaxSlice     = 50 * time.Second
	MaxRounds    = 100
	maxFrame     = proto.MaxDatagram - 2
)

// Check refuses what cannot be measured.
func (o Options) Check() error {
	for _, s := range o.Sizes {
		switch {
		case s.Talkers < 1 || s.Talkers > MaxTalkers:
			return fmt.Errorf("%d talkers: 1 to %d", s.Talkers, MaxTalkers)
		case s.Listeners < s.Talkers || s.Listeners > MaxListeners:
			return fmt.Errorf("%d listeners: one for each of %d talkers at least, %d at most", s.Listeners, s.Talkers, MaxListeners)
		}
	}
	for _, p := range o.Paths {
		if p != PathDatagram && p != PathLane {
			return fmt.Errorf("path %q: there are %s and %s", p, PathDatagram, PathLane)
		}
	}
	switch {
	case len(o.Sizes) == 0 || len(o.Paths) == 0:
		return errors.New("nothing to measure")
	case o.Frame < minFrame || o.Frame > maxFrame:
		return fmt.Errorf("frames of %d octets: %d to %d", o.Frame, minFrame, maxFrame)
	case o.Slice <= 0 || o.Slice > MaxSlice:
		return fmt.Errorf("slices of %v: more than 0, and %v at most, which one press may last", o.Slice, MaxSlice)
	case o.Rounds < 1 || o.Rounds > MaxRounds:
		return fmt.Errorf("%d rounds: 1 to %d", o.Rounds, MaxRounds)
	}
	return here()
}

// Size is one size of load: so many listeners in all, shared out to the channels of
// so many talkers.
type Size struct{ Listeners, Talkers int }

func (s Size) endpoints() int { return s.Listeners + s.Talkers }

// firstOf is the first listener of a talker's channel.
func (s Size) firstOf(talker int) int { return s.Listeners * talker / s.Talkers }

func (s Size) listenersOf(talker int) int { return s.firstOf(talker+1) - s.firstOf(talker) }

// groupOf is the channel of an endpoint: talkers come first, then their listeners.
func (s Size) groupOf(endpoint int) uint16 {
	if endpoint < s.Talkers {
		return uint16(endpoint)
	}
	t := 0
	for s.firstOf(t+1) <= endpoint-s.Talkers {
		t++
	}
	return uint16(t)
}
