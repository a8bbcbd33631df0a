package processors

import "testing"

// TestProcessorsFollowTheLoad goes through looks: how often, what is in use, whether something waits,
// and how many processors there are after the last of them.
func TestProcessorsFollowTheLoad(t *testing.T) {
	const soon, late = false, true
	l := newLoad(8)
	for i, s := range []struct {
		times int
		used  float64
		late  bool
		want  int
	}{
		{restLooks - 1, 0.1, soon, 8}, // not at once
		{1, 0.1, soon, 7},
		{restLooks, 0.1, soon, 6},
		{10 * restLooks, 0.1, soon, 1},
		{10 * restLooks, 0.1, soon, 1}, // never none
		{10 * restLooks, 0.75, soon, 1},
		{fullLooks - 1, 0.81, soon, 1},
		{1, 0.79, soon, 1}, // it was a moment
		{fullLooks - 1, 0.81, soon, 1},
		{1, 0.81, soon, 2},
		{10 * restLooks, 0.7, soon, 2}, // what one could just bear
		{restLooks - fullLooks - 1, 0.5, soon, 2},
		{fullLooks, 1.7, soon, 4},
		{fullLooks - 1, 4, soon, 4},
		{1, 4, soon, 8},
		{10 * restLooks, 8, soon, 8}, // never more than there are
		{10 * restLooks, 4.3, soon, 8},
		{restLooks, 4.1, soon, 7},
		{10 * restLooks, 0, soon, 1},
		{1, 0.3, late, 2}, // it had to wait
		{2*restLooks - 1, 0.3, soon, 2},
		{1, 0.3, soon, 1},
		{1, 0.3, late, 2}, // and again
		{4*restLooks - 1, 0.3, soon, 2},
		{1, 0.3, soon, 1},
		{10 * restLooks, 0.3, soon, 1}, // it has not had to for long
		{1, 0.3, late, 2},
		{2 * restLooks, 0.3, soon, 1},
	} {
		for range s.times {
			l.look(s.used, s.late)
		}
		if l.now != s.want {
			t.Errorf("step %d: %d processors, want %d", i, l.now, s.want)
		}
	}
}

// TestAStormIsForgotten: what waited with all processors at work makes no rest longer.
func TestAStormIsForgotten(t *testing.T) {
	l := newLoad(2)
	for range 10 * restLooks {
		if _, change := l.look(2, true); change {
			t.Fatal("a change in a storm")
		}
	}
	for range restLooks - 1 {
		l.look(0.1, false)
	}
	if n, change := l.look(0.1, false); n != 1 || !change {
		t.Errorf("%d processors a rest after the storm", n)
	}
}

// TestWhereVoiceHasToWaitFewerAreSeldomTried: however often it happens, and not never.
func TestWhereVoiceHasToWaitFewerAreSeldomTried(t *testing.T) {
	l, fewer, last := newLoad(2), 0, 0
	const looks = 2_000_000 // a night
	for i := range looks {
		if n, change := l.look(0.1, l.now == 1); change && n == 1 {
			fewer, last = fewer+1, i
		}
	}
	if want := looks / restMost; fewer < want || fewer > want+10 || last < looks-2*restMost {
		t.Errorf("%d times fewer, the last at %d", fewer, last)
	}
}
