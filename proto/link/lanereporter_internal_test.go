package link

import (
	"slices"
	"testing"
	"time"

	"crossband/proto/link/lane"
)

// TestWhenAnEndpointReports goes through packets at given milliseconds.
func TestWhenAnEndpointReports(t *testing.T) {
	type packet struct {
		at       int
		sequence uint32
		probe    bool
		due      bool
	}
	for why, list := range map[string][]packet{
		"the first, then each three seconds": {{0, 0, false, true}, {20, 1, false, false}, {200, 2, false, false}, {390, 3, false, false},
			{580, 4, false, false}, {770, 5, false, false}, {960, 6, false, false}, {1150, 7, false, false}, {1340, 8, false, false},
			{1530, 9, false, false}, {1720, 10, false, false}, {1910, 11, false, false}, {2100, 12, false, false}, {2290, 13, false, false},
			{2480, 14, false, false}, {2670, 15, false, false}, {2860, 16, false, false}, {3000, 17, false, true}, {3020, 18, false, false}},
		"a probe and what comes after it": {{0, 0, true, true}, {60, 1, false, true}, {120, 2, false, false}},
		"not within 50 ms":                {{0, 0, true, true}, {20, 1, false, false}, {40, 2, false, false}, {60, 3, false, true}, {80, 4, false, false}},
		"after a quiet":                   {{0, 0, false, true}, {199, 1, false, false}, {399, 2, false, true}},
		"one is missing":                  {{0, 0, false, true}, {150, 1, false, false}, {300, 3, false, false}, {450, 4, false, false}, {600, 5, false, false}, {700, 6, false, true}, {850, 7, false, false}, {1000, 8, false, false}, {1150, 9, false, false}, {1300, 10, false, false}, {1450, 11, false, false}},
	} {
		var l laneReporter
		begin := time.Now()
		for n, p := range list {
			at := begin.Add(time.Duration(p.at) * time.Millisecond)
			r := lane.Report{Highest: p.sequence, Received: uint32(n + 1)}
			_, due := l.packet(r, p.probe, at)
			if due != p.due {
				t.Errorf("%s: packet %d at %d ms: report %v", why, n, p.at, due)
			}
			if due {
				l.reported(r, at)
			}
		}
	}
}

// TestWhenAnEndpointSaysQuiet follows the timer: what comes while it waits for its next
// word of quiet makes it look for the next quiet anew.
func TestWhenAnEndpointSaysQuiet(t *testing.T) {
	var l laneReporter
	begin := time.Now()
	var timer time.Time // zero: it does not run
	var said []int
	packets := map[int]bool{0: true, 20: true, 40: true, 600: true, 620: true, 1000: true}
	for ms := range 4000 {
		now := begin.Add(time.Duration(ms) * time.Millisecond)
		if packets[ms] {
			if begins, _ := l.packet(lane.Report{}, false, now); begins {
				timer = now.Add(lane.Quiet)
			}
		}
		if timer.IsZero() || now.Before(timer) {
			continue
		}
		say, again := l.quiet(now)
		timer = now.Add(again)
		if again == 0 {
			timer = time.Time{}
		}
		if say {
			said = append(said, ms)
		}
	}
	want := []int{240, 540, 820, 1200, 1500, 2100}
	if !slices.Equal(said, want) {
		t.Errorf("quiet was said at %v ms, want %v", said, want)
	}
}
