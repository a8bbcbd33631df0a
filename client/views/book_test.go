package views

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"fmt"
	"slices"
	"testing"
	"time"

	"crossband/proto"
)

// bench is one member's book and the others' keys.
type bench struct {
	t     *testing.T
	book  *Book
	now   time.Time
	keys  map[string]*ecdsa.PrivateKey
	epoch uint64
}

func name(s string) proto.Name {
	agency := proto.Agency("us.example")
	if s[0] == 'm' {
		agency = "mx.example"
	}
	return proto.Name{Agency: agency, Role: proto.RoleUnit, Label: s}
}

// newBench is u1's book in epoch 10, with u2 of its own agency and m1 of
// another.
func newBench(t *testing.T) *bench {
	w := &bench{t: t, now: time.Unix(1_750_000_000, 0), keys: make(map[string]*ecdsa.PrivateKey)}
	w.book = NewBook(proto.ChannelID{1}, name("u1"), func(d time.Duration) time.Duration { return d / 2 })
	for i, who := range []string{"u1", "u2", "m1", "m2"} {
		curve := elliptic.P256()
		if i%2 == 1 {
			curve = elliptic.P384()
		}
		key, err := ecdsa.GenerateKey(curve, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		w.keys[who] = key
	}
	w.enter(10, "u1", "u2", "m1")
	w.sweep(true)
	return w
}

func (w *bench) enter(epoch uint64, who ...string) []Difference {
	var seats []Member
	for _, n := range who {
		seats = append(seats, Member{name(n), w.keys[n].Public()})
	}
	w.epoch = epoch
	return w.book.Enter(epoch, digest("a", epoch), seats, w.now)
}

// digest is that of an epoch in one of two histories.
func digest(history string, epoch uint64) Digest {
	return DigestOf(proto.ChannelID{1}, epoch, []byte(history))
}

func (w *bench) beat(who, history string, epoch uint64) Beat {
	b := Beat{From: name(who), Epoch: epoch, Digest: digest(history, epoch), At: w.now}
	if err := b.Sign(proto.ChannelID{1}, w.keys[who]); err != nil {
		w.t.Fatal(err)
	}
	return b
}

func (w *bench) hear(who, history string, epoch uint64) []Difference {
	w.now = w.now.Add(time.Millisecond)
	return w.book.Hear(w.beat(who, history, epoch), w.now)
}

func (w *bench) sweep(inTouch bool) []Difference { return w.book.Sweep(w.now, inTouch) }

// wait lets seconds pass, in touch or not, and returns what they bring to light.
func (w *bench) wait(d time.Duration, inTouch bool) (out []Difference) {
	for end := w.now.Add(d); w.now.Before(end); {
		w.now = w.now.Add(time.Second)
		out = append(out, w.sweep(inTouch)...)
	}
	return out
}

func (w *bench) is(want State, why string) {
	w.t.Helper()
	if v := w.book.Views(w.now); v.State != want {
		w.t.Errorf("%s: the views are %s, want %s: %+v", why, v.State, want, v)
	}
}

func (w *bench) told(got []Difference, why string, want ...Difference) {
	w.t.Helper()
	if !slices.Equal(got, want) {
		w.t.Errorf("%s: told %v, want %v", why, got, want)
	}
}

func TestViewsAgreeWhenEveryAgencyHasSpoken(t *testing.T) {
	w := newBench(t)
	w.is(Unconfirmed, "nobody has spoken")
	w.told(w.hear("u2", "a", 10), "one of our own agency")
	w.wait(Silence, true)
	w.hear("u2", "a", 10)
	w.is(Unconfirmed, "the other agency is silent: the hub may keep it from us")
	if v := w.book.Views(w.now); !slices.Equal(v.Silent, []proto.Agency{"mx.example"}) || v.Agree != 1 || v.Others != 2 {
		t.Errorf("the state rests on %+v", v)
	}
	w.told(w.hear("m1", "a", 10), "one of the other")
	w.is(Agreed, "both have spoken")
	w.wait(Silence+time.Second, true)
	w.is(Unconfirmed, "nobody for a minute")
	w.hear("u2", "a", 10)
	w.hear("m1", "a", 10)
	w.is(Agreed, "they are heard again")
	w.enter(11, "u1", "u2", "m1")
	w.is(Agreed, "a new epoch alone changes nothing")
	w.told(w.hear("m1", "a", 10), "one who has not yet followed")
	w.is(Agreed, "one who has not yet followed")
	w.wait(Silence, true)
	w.hear("m1", "a", 11)
	w.is(Agreed, "the other agency has spoken, of our own nobody else")
	w.enter(12, "u1")
	w.is(Agreed, "alone: there is nobody to ask")
}

// TestStragglerDoesNotConfirm: who says the same old epoch for long does not
// know what has changed since.
func TestStragglerDoesNotConfirm(t *testing.T) {
	w := newBench(t)
	w.enter(11, "u1", "u2", "m1")
	for range 8 {
		w.wait(Interval, true)
		w.hear("u2", "a", 11)
		w.told(w.hear("m1", "a", 10), "one who does not follow is no alarm: its relay may be out of the hub's reach")
	}
	w.is(Unconfirmed, "an agency that does not follow")
}

func TestViewsDiffer(t *testing.T) {
	w := newBench(t)
	w.hear("u2", "a", 10)
	w.told(w.hear("m1", "b", 10), "another history of the same epoch", Difference{name("m1"), 10, false})
	w.is(Differ, "one differs")
	w.told(w.hear("m1", "b", 10), "it is told once")
	w.hear("u2", "a", 10)
	w.wait(5*time.Minute, true)
	w.is(Differ, "silence does not make it good")
	w.enter(11, "u1", "u2", "m1")
	w.told(w.hear("m1", "b", 11), "and again in the next epoch", Difference{name("m1"), 11, false})
	w.told(w.hear("u2", "a", 11), "another agrees")
	w.is(Differ, "one agrees, the other does not")
	w.told(w.hear("m1", "a", 11), "it has come over")
	w.is(Agreed, "all agree again")
	w.told(w.hear("m1", "b", 10), "an old epoch that differs", Difference{name("m1"), 10, false})
	w.is(Differ, "its word about an epoch that we remember counts")
	w.enter(12, "u1", "u2")
	w.hear("u2", "a", 12)
	w.is(Agreed, "who is no member any more does not differ")
}

func TestEpochThatOurRelayHides(t *testing.T) {
	w := newBench(t)
	w.hear("u2", "a", 10)
	w.told(w.hear("m1", "a", 11), "it is ahead of us")
	w.told(w.wait(Unreached-time.Second, true), "the commit may be on its way")
	w.told(w.enter(11, "u1", "u2", "m1"), "it has come, and it is the same")
	w.told(w.wait(2*Unreached, true), "there is nothing left to wait for")

	w.told(w.hear("m1", "b", 12), "ahead again")
	w.told(w.enter(12, "u1", "u2", "m1"), "it has come, and it is another", Difference{name("m1"), 12, false})
	w.told(w.hear("m1", "a", 12), "it has come over")

	w.told(w.hear("m1", "a", 14), "ahead")
	w.told(w.hear("m1", "a", 15), "further ahead: the wait is not begun anew")
	w.told(w.wait(Unreached+time.Second, true), "our relay says that there is nothing newer", Difference{name("m1"), 14, true})
	w.is(Differ, "an epoch is hidden from us")
	w.told(w.wait(5*time.Minute, true), "it is told once")
	w.enter(13, "u1", "u2", "m1")
	w.told(w.enter(14, "u1", "u2", "m1"), "we have reached it after all")
	w.hear("u2", "a", 14)
	w.is(Agreed, "we have reached it after all")
}

// TestWaitsThatDoNotCount: with the hub away, entries still to come, no link,
// or a device that slept, it is no wonder that an epoch is not reached.
func TestWaitsThatDoNotCount(t *testing.T) {
	w := newBench(t)
	w.hear("m1", "a", 12)
	w.told(w.wait(10*time.Minute, false), "out of touch")
	w.told(w.wait(Unreached-2*time.Second, true), "in touch again: the wait begins")
	w.now = w.now.Add(time.Hour)
	w.told(w.sweep(true), "asleep for an hour")
	w.told(w.wait(Unreached-2*time.Second, true), "awake: the wait begins anew")
	w.told(w.wait(3*time.Second, true), "now it counts", Difference{name("m1"), 12, true})
}

func TestBeatsThatChangeNothing(t *testing.T) {
	w := newBench(t)
	old := w.beat("m1", "b", 10)
	w.now = w.now.Add(time.Minute)
	w.hear("m1", "a", 10)
	w.hear("u2", "a", 10)
	w.is(Agreed, "before")
	before := w.book.Counts()
	change := func(fn func(*Beat)) Beat {
		w.now = w.now.Add(time.Millisecond)
		b := w.beat("m1", "b", 10)
		fn(&b)
		return b
	}
	other := w.beat("m1", "b", 10)
	for why, c := range map[string]struct {
		beat  Beat
		count func(Counts) uint64
	}{
		"an old one again":             {old, func(c Counts) uint64 { return c.Replayed }},
		"by nobody we know":            {w.beat("m2", "b", 10), func(c Counts) uint64 { return c.Strangers }},
		"our own":                      {w.beat("u1", "b", 10), func(c Counts) uint64 { return c.Own }},
		"another's digest":             {change(func(b *Beat) { b.Digest[0] ^= 1 }), func(c Counts) uint64 { return c.Forged }},
		"another epoch":                {change(func(b *Beat) { b.Epoch = 99 }), func(c Counts) uint64 { return c.Forged }},
		"another time":                 {change(func(b *Beat) { b.At = b.At.Add(time.Minute) }), func(c Counts) uint64 { return c.Forged }},
		"another's signature":          {change(func(b *Beat) { b.Signature = w.beat("u2", "b", 10).Signature }), func(c Counts) uint64 { return c.Forged }},
		"a name that did not sign":     {change(func(b *Beat) { b.From = name("u2") }), func(c Counts) uint64 { return c.Forged }},
		"signed for another channel":   {change(func(b *Beat) { b.Sign(proto.ChannelID{2}, w.keys["m1"]) }), func(c Counts) uint64 { return c.Forged }},
		"from two minutes and one ago": {change(func(b *Beat) { b.At = w.now.Add(-Freshness - time.Second); b.Sign(proto.ChannelID{1}, w.keys["m1"]) }), func(c Counts) uint64 { return c.Stale }},
		"from as far in the future":    {change(func(b *Beat) { b.At = w.now.Add(Freshness + time.Second); b.Sign(proto.ChannelID{1}, w.keys["m1"]) }), func(c Counts) uint64 { return c.Stale }},
		"of a time that is not newer":  {Beat{From: other.From, Epoch: 10, At: old.At.Add(time.Minute - time.Hour), Digest: other.Digest}, func(c Counts) uint64 { return c.Stale }},
	} {
		was := c.count(w.book.Counts())
		w.told(w.book.Hear(c.beat, w.now), why)
		if c.count(w.book.Counts()) != was+1 {
			t.Errorf("%s: not counted: %+v", why, w.book.Counts())
		}
		w.is(Agreed, why)
	}
	if after := w.book.Counts(); after.Agreed != before.Agreed || after.Differed != 0 || after.Unknown != 0 {
		t.Errorf("counts %+v, before %+v", after, before)
	}
	w.told(w.hear("m1", "b", 3), "its own word about an epoch before our time")
	w.is(Agreed, "there is nothing to compare")
	w.told(w.hear("m1", "b", 10), "its own word", Difference{name("m1"), 10, false})
}

func TestRestartOfTheDeviceAndOfTheMembership(t *testing.T) {
	w := newBench(t)
	for e := uint64(11); e < 90; e++ {
		w.enter(e, "u1", "u2", "m1")
	}
	saved := w.book.Save()
	if len(saved) != PastEpochs*savedView {
		t.Errorf("saved %d octets, want %d", len(saved), PastEpochs*savedView)
	}
	again := newBench(t)
	again.keys, again.book = w.keys, NewBook(proto.ChannelID{1}, name("u1"), func(d time.Duration) time.Duration { return d / 2 })
	again.book.Load(saved, again.now)
	again.enter(89, "u1", "u2", "m1")
	again.told(again.hear("m1", "b", 30), "an epoch from before the restart", Difference{name("m1"), 30, false})
	again.told(again.hear("m1", "b", 25), "one that is too long ago")

	// We come in anew: what we knew of earlier epochs may be another branch's.
	again.book.Restart()
	again.is(Differ, "it differs until it says otherwise")
	again.enter(95, "u1", "u2", "m1")
	again.told(again.hear("u2", "b", 40), "an epoch from before we came in anew")
	again.hear("m1", "a", 95)
	again.hear("u2", "a", 95)
	again.is(Agreed, "both agree")
	again.enter(99, "u1", "u2", "m1")
	again.told(again.hear("u2", "b", 95), "epochs that do not follow each other are a new beginning, too")
	for _, bad := range [][]byte{saved[:savedView-1], append(slices.Clone(saved), saved...), append(slices.Clone(saved[:savedView]), saved[:savedView]...)} {
		b := NewBook(proto.ChannelID{1}, name("u1"), nil)
		if b.Load(bad, w.now); len(b.past) != 0 {
			t.Errorf("%d octets of nonsense were loaded", len(bad))
		}
	}
}

// TestFirstDifferencesSayItAll: a fork of a large group does not drown its
// members in alarms.
func TestFirstDifferencesSayItAll(t *testing.T) {
	w := newBench(t)
	seats := []Member{{name("u1"), w.keys["u1"].Public()}}
	for i := range 40 {
		who := fmt.Sprintf("m%d", 100+i)
		w.keys[who] = w.keys["m1"]
		seats = append(seats, Member{name(who), w.keys[who].Public()})
	}
	w.book.Enter(11, digest("a", 11), seats, w.now)
	told := 0
	for i := range 40 {
		told += len(w.hear(fmt.Sprintf("m%d", 100+i), "b", 11))
	}
	if v := w.book.Views(w.now); told != maxNamed || len(v.Differ) != 40 {
		t.Errorf("told %d times of %d who differ, want %d of 40", told, len(v.Differ), maxNamed)
	}
}
