package relay

import (
	"slices"
	"strings"
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
		e.keep(e.now, a, leaf, []byte(w))
	}
}

func (e *early) barred(a proto.Alias, leaf uint32, bound bool, d time.Duration) {
	e.bar(e.now, hub.BarEarly{Alias: a, Leaf: leaf, Bound: bound, For: d})
}

func (e *early) wants(t *testing.T, a proto.Alias, r hub.Route, want ...string) {
	t.Helper()
	var got []string
	for _, f := range e.all(t, a, r) {
		got = append(got, string(f))
	}
	if !slices.Equal(got, want) {
		t.Errorf("under %d leaf %d passes %q, want %q", a, r.Leaf, got, want)
	}
}

// all is what passes, bit by bit.
func (e *early) all(t *testing.T, a proto.Alias, r hub.Route) (all [][]byte) {
	t.Helper()
	for more := true; more; {
		var list [][]byte
		if list, more = e.take(e.now, a, &route{Route: r}); len(list) > earlyAtOnce || more && len(list) == 0 {
			t.Fatalf("%d frames pass at once, want %d at most", len(list), earlyAtOnce)
		}
		all = append(all, list...)
	}
	return all
}

func (e *early) empty(t *testing.T, why string) {
	t.Helper()
	if e.octets != 0 || e.senders != nil || e.holds.Load() {
		t.Errorf("%s: %d octets and %d senders are here", why, e.octets, len(e.senders))
	}
}

func TestEarlyVoicePassesOnceAndInOrder(t *testing.T) {
	e := newEarly(1 << 20)
	e.say(1, 7, "a", "b")
	e.say(2, 7, "other channel")
	e.say(1, 8, "other sender")
	e.say(1, 7, "c")
	seven := hub.Route{Leaf: 7, Bound: true}
	e.wants(t, 1, seven, "a", "b", "c")
	e.wants(t, 1, seven)
	e.say(1, 8, "and more")
	e.wants(t, 1, hub.Route{}, "other sender", "and more") // a route for whoever comes
	e.wants(t, 2, hub.Route{Leaf: 7, Bound: true}, "other channel")
	e.sweep(e.now)
	e.empty(t, "all has passed")
}

func TestEarlyVoiceIsKeptForASecond(t *testing.T) {
	e := newEarly(1 << 20)
	e.say(1, 7, "old")
	e.now = e.now.Add(earlyLife)
	e.say(1, 7, "new")
	e.wants(t, 1, hub.Route{}, "old", "new")
	e.say(1, 7, "old")
	e.now = e.now.Add(earlyLife + time.Millisecond)
	e.say(1, 7, "new")
	e.wants(t, 1, hub.Route{}, "new")
	e.say(1, 7, "a", "b")
	e.barred(2, 7, true, earlyLife)
	e.now = e.now.Add(earlyLife)
	e.sweep(e.now)
	if n := len(e.senders[earlySender{alias: 1, leaf: 7}].frames); n != 2 {
		t.Errorf("%d frames are left after %v, want 2", n, earlyLife)
	}
	e.now = e.now.Add(time.Millisecond)
	e.sweep(e.now)
	e.empty(t, "all is old") // and nothing came that would have driven it out
}

func TestEarlyVoiceIsBounded(t *testing.T) {
	e := newEarly(1 << 20)
	for range earlyFrames {
		e.say(1, 7, "x")
	}
	e.say(1, 7, "last")
	e.say(1, 8, "of another")
	got := e.all(t, 1, hub.Route{Leaf: 7, Bound: true})
	if len(got) != earlyFrames || string(got[len(got)-1]) != "last" {
		t.Errorf("%d frames of one sender, want %d and the newest", len(got), earlyFrames)
	}
	big := strings.Repeat("x", 1000)
	for range earlyOctets/1000 + 5 {
		e.say(1, 7, big)
	}
	if n := len(e.all(t, 1, hub.Route{Leaf: 7, Bound: true})); n != earlyOctets/1000 {
		t.Errorf("%d frames of %d octets of one sender, want %d", n, len(big), earlyOctets/1000)
	}
	e.wants(t, 1, hub.Route{Leaf: 8, Bound: true}, "of another") // nobody drives out another's

	e = newEarly(10*(earlyCost+1) + earlyCost) // ten frames of one octet
	for leaf := range uint32(1000) {
		e.say(1, leaf, "x")
	}
	if n := len(e.all(t, 1, hub.Route{})); n != 10 {
		t.Errorf("%d frames of 1,000 senders, want the 10 for which there is room", n)
	}
	none := newEarly(0) // a bulk link's
	none.say(1, 7, "a")
	none.empty(t, "nothing is kept")
}

func TestVoiceOfAPressThatIsOverIsNotKept(t *testing.T) {
	e := newEarly(1 << 20)
	e.say(1, 7, "refused")
	e.say(1, 8, "not refused")
	e.say(2, 7, "elsewhere")
	e.barred(1, 7, true, 500*time.Millisecond)
	e.barred(1, 7, true, 200*time.Millisecond) // no bar shortens another
	e.now = e.now.Add(500*time.Millisecond - 1)
	e.say(1, 7, "said before it knew")
	e.say(2, 7, "so on")
	e.wants(t, 1, hub.Route{}, "not refused")
	e.wants(t, 2, hub.Route{}, "elsewhere", "so on")
	e.now = e.now.Add(1)
	e.say(1, 7, "the next press")
	e.wants(t, 1, hub.Route{}, "the next press")

	e.say(1, 7, "a")
	e.say(1, 8, "b")
	e.barred(1, 0, false, 500*time.Millisecond) // whoever it is
	e.say(1, 8, "c")
	e.say(1, 0, "d")
	e.wants(t, 1, hub.Route{})
}

// TestBarsFailClosed: where there is no room for one more bar nothing is kept for its time.
func TestBarsFailClosed(t *testing.T) {
	const room = 20
	e := newEarly(room * earlyCost)
	e.say(2, 1, "a")
	e.barred(1, 99, true, 2*time.Second)
	for leaf := range uint32(room - 1) {
		e.barred(1, leaf, true, time.Second)
	}
	e.barred(1, room+4, true, time.Second) // there is no room for this one
	e.say(2, 1, "b")
	e.say(1, 0, "of the first that was barred")
	e.say(1, room+4, "of the last")
	e.wants(t, 1, hub.Route{})
	e.wants(t, 2, hub.Route{})
	if len(e.senders) > room {
		t.Errorf("%d bars where there is room for %d", len(e.senders), room)
	}
	e.now = e.now.Add(time.Second)
	e.say(1, 99, "of who was barred for longer")
	e.wants(t, 1, hub.Route{})
	e.now = e.now.Add(time.Second)
	e.sweep(e.now)
	e.empty(t, "all bars are over")
	e.say(2, 1, "c")
	e.wants(t, 2, hub.Route{}, "c")
}
