package redial

import (
	"testing"
	"time"

	"crossband/proto"
)

// about fails unless a pause lies where Jitter may put one of wait.
func about(t *testing.T, why string, got, wait time.Duration) {
	t.Helper()
	if got < wait/2 || got >= wait/2+wait {
		t.Errorf("%s: %v, want about %v", why, got, wait)
	}
}

func TestPausesDoubleUpToTheMost(t *testing.T) {
	var b Backoff
	for wait := First; wait < 4*Most; wait *= 2 {
		about(t, "a relay that is away", b.Pause(), min(wait, Most))
	}
}

func TestALinkThatLastedBeginsAnew(t *testing.T) {
	for _, c := range []struct {
		why    string
		lasted time.Duration
		reason proto.Reason
		want   time.Duration
	}{
		{"a good link", Lasts, proto.ReasonNone, First},
		{"a relay that stopped", Lasts, proto.ReasonClosing, Closed},
		{"a link that did not last", Lasts - 1, proto.ReasonNone, 4 * First},
	} {
		var b Backoff
		b.Pause()
		b.Pause()
		b.Lost(c.lasted, c.reason)
		about(t, c.why, b.Pause(), c.want)
	}
}

// TestManyEndpointsDoNotComeAtOnce: a thousand that lose their relay in one moment
// come over the whole time that the jitter gives them.
func TestManyEndpointsDoNotComeAtOnce(t *testing.T) {
	const tenths, endpoints = 10, 1000
	var in [tenths]int
	for range endpoints {
		var b Backoff
		b.Lost(Lasts, proto.ReasonClosing)
		p := b.Pause()
		about(t, "a relay that stopped", p, Closed)
		in[int((p-Closed/2)*tenths/Closed)]++
	}
	for i, n := range in {
		if n < endpoints/tenths/2 || n > endpoints/tenths*2 {
			t.Errorf("%d of %d endpoints in tenth %d of the time", n, endpoints, i)
		}
	}
}
