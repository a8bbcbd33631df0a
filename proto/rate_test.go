package proto

import (
	"testing"
	"time"
)

func TestBucket(t *testing.T) {
	start := time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC)
	r := Rate{PerSecond: 10, Burst: 5}
	for _, c := range []struct {
		why  string
		do   func(b *Bucket) any
		want any
	}{
		{"a new bucket is full", func(b *Bucket) any { return b.Full(start, r) && b.Allows(start, r, 5) }, true},
		{"and holds no more than its burst", func(b *Bucket) any { return b.Allows(start, r, 5.1) }, false},
		{"what is refused takes nothing", func(b *Bucket) any { return !b.TakeIf(start, r, 6) && b.TakeIf(start, r, 5) }, true},
		{"an empty one refuses", func(b *Bucket) any { return b.TakeIf(start, r, 5) && b.TakeIf(start, r, 1) }, false},
		{"it fills at its rate", func(b *Bucket) any {
			b.Take(start, r, 5)
			return b.TakeIf(start.Add(99*time.Millisecond), r, 1) || !b.TakeIf(start.Add(101*time.Millisecond), r, 1)
		}, false},
		{"and not beyond its burst", func(b *Bucket) any {
			b.Take(start, r, 1)
			return b.Allows(start.Add(time.Hour), r, 6)
		}, false},
		{"who takes more than there is waits for it", func(b *Bucket) any { return b.Take(start, r, 8) }, 300 * time.Millisecond},
		{"and so does the next", func(b *Bucket) any { b.Take(start, r, 8); return b.Take(start, r, 1) }, 400 * time.Millisecond},
		{"a clock that goes back gives nothing", func(b *Bucket) any {
			b.Take(start, r, 5)
			b.Take(start.Add(-time.Hour), r, 0)
			return b.Allows(start.Add(time.Millisecond), r, 1)
		}, false},
		{"it is full again in time", func(b *Bucket) any { b.Take(start, r, 5); return b.Full(start.Add(time.Second), r) }, true},
	} {
		if got := c.do(new(Bucket)); got != c.want {
			t.Errorf("%s: got %v, want %v", c.why, got, c.want)
		}
	}
	if r := PerMinute(60, 3); r != (Rate{1, 3}) {
		t.Errorf("60 a minute is %v", r)
	}
	if r := PerDay(86400); r != (Rate{1, 86400}) {
		t.Errorf("86,400 a day is %v", r)
	}
}

// TestBucketKeepsItsRate: whoever asks as fast as it can gets the rate, and
// the burst once.
func TestBucketKeepsItsRate(t *testing.T) {
	now := time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC)
	r, passed := Rate{PerSecond: 50, Burst: 100}, 0
	var b Bucket
	for range 10_000 { // ten seconds, ten times the rate
		now = now.Add(time.Millisecond)
		if b.TakeIf(now, r, 1) {
			passed++
		}
	}
	if passed < 595 || passed > 605 {
		t.Errorf("%d passed in ten seconds, want 100 + 10 × 50", passed)
	}
}
