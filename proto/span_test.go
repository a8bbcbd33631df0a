package proto_test

import (
	"testing"
	"time"

	"crossband/proto"
)

func day(n int) time.Time { return day0().Add(time.Duration(n) * 24 * time.Hour) }

// TestARevisionSignedAhead: a channel that only a later revision allows begins with it,
// and what the earlier one said does not end it: not by what it did not allow, and not
// by its own end.
func TestARevisionSignedAhead(t *testing.T) {
	a, p := agreed(t), proto.Pacts{}
	take(t, p, revised(a, 0, day(0), func(a *proto.Agreement) { a.Channels, a.Ends = a.Channels[:1], day(10).Add(-time.Second) }), day(0))
	take(t, p, revised(a, 1, day(10), nil), day(1))
	c := chartered(a, "talk")
	for _, running := range []bool{false, true} {
		for _, n := range []int{2, 11} {
			s := p.Span(&c, day(n), running)
			if !s.Begins.Equal(day(10)) || !s.End.At.Equal(day(100)) || s.End.Reason != proto.ReasonWithdrawn {
				t.Errorf("at day %d, running %v: %+v", n, running, s)
			}
			if err := p.Covers(&c, s.Begins); err != nil {
				t.Errorf("at its beginning: %v", err)
			}
		}
	}
	if err := p.Covers(&c, day(2)); proto.ReasonOf(err) != proto.ReasonAgreement {
		t.Errorf("covered before it begins: %v", err)
	}
	if end := p.Running(&c, day(2)); end.At.After(day(2)) || end.Reason != proto.ReasonAgreement {
		t.Errorf("runs before it begins: %+v", end)
	}
}

// TestTwoTimesOfAChannel: allowed, then not, then again; each time has its own end.
func TestTwoTimesOfAChannel(t *testing.T) {
	a, p := agreed(t), proto.Pacts{}
	take(t, p, a, day(0))
	take(t, p, revised(a, 1, day(10), func(a *proto.Agreement) { a.Channels = a.Channels[:1] }), day(1))
	take(t, p, revised(a, 2, day(20), nil), day(1))
	c := chartered(a, "talk")
	for _, tt := range []struct {
		at          time.Time
		begins, end time.Time
		why         proto.Reason
	}{
		{day(2), day(0), day(10), proto.ReasonAgreement},
		{day(10).Add(-1), day(0), day(10), proto.ReasonAgreement},
		{day(10), day(20), day(100), proto.ReasonWithdrawn},
		{day(20), day(20), day(100), proto.ReasonWithdrawn},
		{day(200), day(20), day(100), proto.ReasonWithdrawn},
	} {
		if s := p.Span(&c, tt.at, true); !s.Begins.Equal(tt.begins) || !s.End.At.Equal(tt.end) || s.End.Reason != tt.why {
			t.Errorf("at %v: %+v", tt.at, s)
		}
	}
	c.NotBefore = day(15) // it cannot have run under the first
	if s := p.Span(&c, day(2), false); !s.Begins.Equal(day(20)) {
		t.Errorf("a charter of later: %+v", s)
	}
	if end := p.Running(&c, day(11)); !end.At.Equal(day(11)) || end.Reason != proto.ReasonAgreement {
		t.Errorf("between: %+v", end)
	}
}

// TestRevisionsThatAllowAChannelFollow: one that has begun before those held can no
// longer be asked, and is taken to have allowed what runs: a countdown from when the
// news came, and none for what does not run.
func TestRevisionsThatAllowAChannelFollow(t *testing.T) {
	a, p := agreed(t), proto.Pacts{}
	take(t, p, a, day(0))
	late := day(5)
	take(t, p, revised(a, 1, day(4), func(a *proto.Agreement) { a.Channels = a.Channels[:1] }), late)
	take(t, p, revised(a, 2, day(6), nil), late)
	c := chartered(a, "talk")
	if s := p.Span(&c, late, true); !s.End.At.Equal(late.Add(a.Countdown)) || s.Begins.After(late) {
		t.Errorf("what runs: %+v", s)
	}
	if s := p.Span(&c, late, false); !s.Begins.Equal(day(6)) || !s.End.At.Equal(day(100)) {
		t.Errorf("what does not run: %+v", s)
	}
	if s := p.Span(&c, late.Add(a.Countdown), true); !s.Begins.Equal(day(6)) {
		t.Errorf("what ran, after the countdown: %+v", s)
	}
}
