package relay

import (
	"testing"
	"time"
)

func TestBucketsKeepTheirOrderAndWidth(t *testing.T) {
	last := -1
	for us := range 5_000_000 {
		if us > 100_000 && us%997 != 0 {
			continue
		}
		d := time.Duration(us) * time.Microsecond
		b := bucket(d)
		if b < last || b > last+1 && us <= 100_000 {
			t.Fatalf("%v in bucket %d after %d", d, b, last)
		}
		last = b
		if off := (middle(b) - d).Abs(); off > time.Microsecond && float64(off) > 0.04*float64(d) {
			t.Fatalf("%v is told as %v", d, middle(b))
		}
	}
	if b := bucket(time.Hour); b != octaves*perOctave-1 {
		t.Errorf("an hour in bucket %d", b)
	}
	if b := bucket(-time.Second); b != 0 {
		t.Errorf("a negative delay in bucket %d", b)
	}
}

func TestQuantilesAreOverAllEars(t *testing.T) {
	a, b := new(ear), new(ear)
	for range 98 {
		a.delay.add(10 * time.Millisecond)
	}
	b.delay.add(time.Second)
	b.delay.add(time.Second)
	ears := []*ear{a, b}
	for q, want := range map[float64]time.Duration{0.5: 10 * time.Millisecond, 0.97: 10 * time.Millisecond, 0.99: time.Second} {
		if got := quantile(ears, q); (got - want).Abs() > want/20 {
			t.Errorf("quantile %v: %v, want %v", q, got, want)
		}
	}
	if got := quantile(nil, 0.99); got != 0 {
		t.Errorf("of nothing: %v", got)
	}
}

func TestOnlyFramesOfTheSliceCount(t *testing.T) {
	c := &clock{zero: time.Now()}
	e := &ear{clock: c}
	frame := make([]byte, minFrame)
	number := c.begin()
	stamp(frame, c.now(), 0)
	e.hear(frame) // while warming up
	if e.heard.Load() != 0 {
		t.Error("a frame of the warming up counts")
	}
	stamp(frame, c.now(), number)
	e.hear(frame)
	e.hear(frame[:stampLen-1])
	if e.heard.Load() != 1 {
		t.Errorf("%d frames heard, want 1", e.heard.Load())
	}
	c.end()
	e.hear(frame)
	stamp(frame, c.now(), 0)
	e.hear(frame)
	stamp(frame, c.now(), number)
	c.begin()
	e.hear(frame)
	if e.heard.Load() != 1 {
		t.Error("a frame counts that came too late, or of no slice")
	}
}
