package processors

import (
	"testing"
	"time"
)

// TestProcessorsFollowTheLoad goes through looks: how often, what is in use, how late,
// and how many processors there are after the last of them.
func TestProcessorsFollowTheLoad(t *testing.T) {
	const soon = time.Millisecond
	l := newLoad(8)
	for i, s := range []struct {
		times int
		used  float64
		late  time.Duration
		want  int
	}{
		{19, 0.1, soon, 8}, // not at once
		{1, 0.1, soon, 7},
		{20, 0.1, soon, 6},
		{200, 0.1, soon, 1},
		{100, 0.1, soon, 1}, // never none
		{100, 0.75, soon, 1},
		{1, 0.81, soon, 1},
		{1, 0.79, soon, 1}, // it was a moment
		{1, 0.81, soon, 1},
		{1, 0.81, soon, 2}, // at once
		{1, 1.5, soon, 2},
		{100, 0.7, soon, 2}, // what one could just bear
		{17, 0.5, soon, 2},
		{2, 1.7, soon, 4}, // and again at once
		{2, 4, soon, 8},
		{100, 8, soon, 8}, // never more than there are
		{100, 4.3, soon, 8},
		{20, 4.1, soon, 7},
		{200, 0, soon, 1},
		{1, 0.3, 21 * time.Millisecond, 2}, // it had to wait
		{19, 0.3, soon, 2},
		{1, 0.3, 21 * time.Millisecond, 4},
		{100, 0.3, -soon, 1},
	} {
		for range s.times {
			l.look(s.used, s.late)
		}
		if l.now != s.want {
			t.Errorf("step %d: %d processors, want %d", i, l.now, s.want)
		}
	}
}

// TestALateLookIsNotForgotten: at the most there are, and none fewer soon after.
func TestALateLookIsNotForgotten(t *testing.T) {
	l := newLoad(2)
	for range 50 {
		for range restLooks - 1 {
			l.look(0, 0)
		}
		if n, change := l.look(0, 2*lateAt); n != 2 || change {
			t.Fatalf("%d processors, %v", n, change)
		}
	}
}
