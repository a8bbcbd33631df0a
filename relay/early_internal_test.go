package relay

import (
	"slices"
	"testing"
	"time"

	"crossband/proto"
	"crossband/relay/hub"
)

// early is an earlyVoice and a clock.
type early struct {
	earlyVoice
	now time.Time
}

func newEarly(most int) *early {
	return &early{earlyVoice: earlyVoice{most: most}, now: time.Unix(1_700_000_000, 0)}
}

func (e *early) say(a proto.Alias, leaf uint32, words ...string) {
	for _, w := range words {
		e.keep(earlyFrame{e.now, a, leaf, []byte(w)})
	}
}

func (e *early) barred(a proto.Alias, leaf uint32, bound bool) {
	e.bar(earlyBar{hub.BarEarly{Alias: a, Leaf: leaf, Bound: bound}, e.now.Add(earlyLife)})
}

func (e *early) wants(t *testing.T, a proto.Alias, r hub.Route, want ...string) {
	t.Helper()
	var got []string
	for _, f := range e.take(e.now, a, &route{Route: r}) {
		got = append(got, string(f.frame))
	}
	if !slices.Equal(got, want) {
		t.Errorf("under %d leaf %d passes %q, want %q", a, r.Leaf, got, want)
	}
}

func TestEarlyVoicePassesOnceAndInOrder(t *testing.T) {
	e := newEarly(100)
	e.say(1, 7, "a", "b")
	e.say(2, 7, "other channel")
	e.say(1, 8, "other sender")
	e.say(1, 7, "c")
	seven := hub.Route{Leaf: 7, Bound: true}
	e.wants(t, 1, seven, "a", "b", "c")
	e.wants(t, 1, seven)
	e.wants(t, 1, hub.Route{Leaf: 8, Bound: true}, "other sender")
	e.wants(t, 2, hub.Route{}, "other channel") // a route for whoever comes
	if e.octets != 0 || e.frames != nil {
		t.Errorf("%d octets and %d frames are left", e.octets, len(e.frames))
	}
}

func TestEarlyVoiceIsBounded(t *testing.T) {
	e := newEarly(4)
	e.say(1, 7, "a", "b", "cc", "d", "too much by itself")
	e.wants(t, 1, hub.Route{})
	e.say(1, 7, "a", "b", "cc", "d")
	e.wants(t, 1, hub.Route{}, "b", "cc", "d")
	e.say(1, 7, "old")
	e.now = e.now.Add(earlyLife)
	e.say(1, 7, "n")
	e.wants(t, 1, hub.Route{}, "old", "n")
	e.say(1, 7, "old")
	e.now = e.now.Add(earlyLife + time.Millisecond)
	e.wants(t, 1, hub.Route{})
	e.say(1, 7, "a", "b")
	e.now = e.now.Add(earlyLife + time.Millisecond)
	e.say(1, 7, "c")
	if len(e.frames) != 1 || e.octets != 1 {
		t.Errorf("%d frames of %d octets, and all but one of one octet are too old", len(e.frames), e.octets)
	}
	none := newEarly(0) // a bulk link's
	none.say(1, 7, "a")
	none.wants(t, 1, hub.Route{})
}

func TestVoiceOfARefusedPressIsNotKept(t *testing.T) {
	e := newEarly(100)
	e.say(1, 7, "refused")
	e.say(1, 8, "not refused")
	e.say(2, 7, "elsewhere")
	e.barred(1, 7, true)
	e.now = e.now.Add(earlyLife - time.Millisecond)
	e.say(1, 7, "said before it knew")
	e.say(2, 7, "so on")
	e.wants(t, 1, hub.Route{}, "not refused")
	e.wants(t, 2, hub.Route{}, "elsewhere", "so on")
	e.now = e.now.Add(time.Millisecond)
	e.say(1, 7, "the next press")
	e.wants(t, 1, hub.Route{}, "the next press")
	e.say(1, 7, "a")
	e.say(1, 8, "b")
	e.barred(1, 0, false)
	e.say(1, 8, "c")
	e.wants(t, 1, hub.Route{})
	for range 2 * maxEarlyBars {
		e.barred(3, 7, true)
	}
	if len(e.bars) != maxEarlyBars {
		t.Errorf("%d bars are remembered, want %d", len(e.bars), maxEarlyBars)
	}
}
