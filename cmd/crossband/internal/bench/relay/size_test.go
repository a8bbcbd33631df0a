package relay

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"
)

func TestEveryListenerHasOneChannel(t *testing.T) {
	for _, s := range []Size{{12, 2}, {500, 1}, {7, 3}, {10, 10}, {503, 10}} {
		sum := 0
		for i := range s.Talkers {
			if s.groupOf(i) != uint16(i) {
				t.Errorf("%v: talker %d talks on %d", s, i, s.groupOf(i))
			}
			for l := s.firstOf(i); l < s.firstOf(i)+s.listenersOf(i); l++ {
				if got := s.groupOf(s.Talkers + l); got != uint16(i) {
					t.Errorf("%v: listener %d hears %d, want %d", s, l, got, i)
				}
			}
			if s.listenersOf(i) < 1 {
				t.Errorf("%v: nobody hears talker %d", s, i)
			}
			sum += s.listenersOf(i)
		}
		if sum != s.Listeners {
			t.Errorf("%v: %d listeners in the channels", s, sum)
		}
	}
}

func good() Options {
	return Options{Sizes: []Size{{12, 2}}, Paths: []string{PathDatagram}, Frame: 120, Slice: time.Second, Rounds: 1}
}

func TestWhatCannotBeMeasuredIsRefused(t *testing.T) {
	if err := good().Check(); err != nil && !errors.Is(err, ErrNotHere) {
		t.Fatal(err)
	}
	for what, spoil := range map[string]func(*Options){
		"no sizes":            func(o *Options) { o.Sizes = nil },
		"no paths":            func(o *Options) { o.Paths = nil },
		"an unknown path":     func(o *Options) { o.Paths = []string{"pigeon"} },
		"no talkers":          func(o *Options) { o.Sizes[0].Talkers = 0 },
		"too many talkers":    func(o *Options) { o.Sizes[0] = Size{1000, MaxTalkers + 1} },
		"a talker alone":      func(o *Options) { o.Sizes[0] = Size{1, 2} },
		"too many listeners":  func(o *Options) { o.Sizes[0].Listeners = MaxListeners + 1 },
		"a frame too short":   func(o *Options) { o.Frame = minFrame - 1 },
		"a frame too long":    func(o *Options) { o.Frame = maxFrame + 1 },
		"no slice":            func(o *Options) { o.Slice = 0 },
		"more than one press": func(o *Options) { o.Slice = MaxSlice + 1 },
		"no rounds":           func(o *Options) { o.Rounds = 0 },
		"too many rounds":     func(o *Options) { o.Rounds = MaxRounds + 1 },
	} {
		o := good()
		spoil(&o)
		if err := o.Check(); err == nil || errors.Is(err, ErrNotHere) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestEachStopsAtTheFirstError(t *testing.T) {
	var done atomic.Int64
	if err := each(t.Context(), 100, 4, 0, func(int) error { done.Add(1); return nil }); err != nil || done.Load() != 100 {
		t.Errorf("%v after %d of 100", err, done.Load())
	}
	broken := errors.New("broken")
	done.Store(0)
	err := each(t.Context(), 1000, 2, time.Millisecond, func(i int) error {
		done.Add(1)
		if i == 3 {
			return broken
		}
		return nil
	})
	if !errors.Is(err, broken) || done.Load() > 100 {
		t.Errorf("%v after %d", err, done.Load())
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := each(ctx, 10, 1, 0, func(int) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}
