package relay

import (
	"errors"
	"testing"
	"time"

	"crossband/proto"
	"crossband/proto/wire"
	"crossband/relay/hub"
)

func TestHistogramCountsByBound(t *testing.T) {
	h := newHistogram()
	bounds := durationBounds()
	h.observe(bounds[3])     // a bound belongs to its own bucket
	h.observe(bounds[3] + 1) // the next instant to the next one
	h.observe(time.Hour)     // longer than any
	d := h.snapshot()
	if d.Counts[3] != 1 || d.Counts[4] != 1 || d.Counts[len(bounds)] != 1 || d.Count() != 3 {
		t.Errorf("counts %v", d.Counts)
	}
	if want := 2*bounds[3] + 1 + time.Hour; d.Sum != want {
		t.Errorf("sum %v, want %v", d.Sum, want)
	}
	for i := 1; i < len(bounds); i++ {
		if bounds[i] <= bounds[i-1] {
			t.Errorf("bound %d is not above the one before it", i)
		}
	}
}

// TestUnknownCodesAreOne: a peer that refuses with every number there is adds
// one line to the page, not 65,536.
func TestUnknownCodesAreOne(t *testing.T) {
	var r refusals
	known := 0
	for code := range 1 << 16 {
		r.count(RefusedLinkByPeer, proto.Reason(code))
		if proto.Reason(code).Known() {
			known++
			if code >= refusalCodes {
				t.Errorf("code %d is known and not counted apart", code)
			}
		}
	}
	list := r.snapshot()
	if len(list) != known+1 || list[0].Code != proto.ReasonNone || list[0].Count != uint64(1<<16-known) {
		t.Errorf("%d lines for %d known codes; the first: %+v", len(list), known, list[0])
	}
}

// TestPressesAreBounded: whoever presses and never lets the hub decide takes
// no memory without end, and what is old is forgotten.
func TestPressesAreBounded(t *testing.T) {
	w := newWatch(newFigures())
	now := time.Now()
	turn := w.turn(1)
	for range maxPresses + 10 {
		b := proto.NewBurstID()
		turn.applied(hub.FrameIn{Frame: &wire.Frame{Body: &wire.Frame_FloorRequest{FloorRequest: &wire.FloorRequest{Burst: b[:]}}}}, now, now, nil)
	}
	if len(w.presses) != maxPresses {
		t.Errorf("%d presses are measured, bound %d", len(w.presses), maxPresses)
	}
	if w.tick(now.Add(pressLife)); len(w.presses) != maxPresses {
		t.Errorf("%d presses left at their end of life", len(w.presses))
	}
	if w.tick(now.Add(pressLife + 1)); len(w.presses) != 0 {
		t.Errorf("%d presses are never forgotten", len(w.presses))
	}
}

// TestABrokenStoreIsNoticed: the health page must say so, and nothing counts
// as written.
func TestABrokenStoreIsNoticed(t *testing.T) {
	w := newWatch(newFigures())
	w.stored(time.Now(), 3, nil)
	if w.broken.Load() || w.records.Load() != 3 {
		t.Errorf("a good write: broken %t, %d records", w.broken.Load(), w.records.Load())
	}
	w.stored(time.Now(), 5, errors.New("disk full"))
	if !w.broken.Load() || w.records.Load() != 3 {
		t.Errorf("a failed write: broken %t, %d records", w.broken.Load(), w.records.Load())
	}
}
