package client

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
	"testing"
	"time"

	"crossband/client/voice"
	"crossband/crypto/identity"
	"crossband/crypto/sframe"
	"crossband/proto"
)

const lateAlias proto.Alias = 7

// lateWorld is the ears of a device that has come back, a member that talks, and what
// a relay that does as it likes gives of it.
type lateWorld struct {
	t      testing.TB
	e      *ears
	now    time.Time
	base   []byte
	key    *ecdsa.PrivateKey
	sender *sframe.Sender
	outage [2]time.Time
}

func newLateWorld(t testing.TB) *lateWorld {
	t.Helper()
	w := &lateWorld{t: t, now: time.Unix(1_800_000_000, 0), base: bytes.Repeat([]byte{3}, 16)}
	own, err := proto.ParseName("spiffe://gn.example/unit/gn-7")
	if err != nil {
		t.Fatal(err)
	}
	s := &Session{
		cfg: Config{Identity: &identity.Identity{Name: own}, Clock: func() time.Time { return w.now }},
		log: slog.New(slog.NewTextHandler(io.Discard, nil)), events: make(chan Event, 100),
	}
	w.e = newEars(s, nil)
	if w.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		t.Fatal(err)
	}
	w.outage = [2]time.Time{w.now.Add(-2 * time.Minute), w.now}
	w.epoch(3)
	return w
}

// epoch brings the keys of an epoch, under which the talker seals from then on. Leaf 1
// talks, leaf 2 may not.
func (w *lateWorld) epoch(n uint64) {
	w.t.Helper()
	talker, _ := proto.ParseName("spiffe://usbp.example/unit/del-rio-214")
	observer, _ := proto.ParseName("spiffe://rcmp.example/unit/o-1")
	w.e.news(keyNews{lateAlias, &keys{channel: proto.ChannelID{1}, suite: sframe.SuiteAES128GCM, epoch: n, base: bytes.Clone(w.base), speakers: map[uint32]speaker{
		0: {w.e.s.Name(), w.key.Public(), true},
		1: {talker, w.key.Public(), true}, 2: {observer, w.key.Public(), false},
	}}})
	w.sender = w.sealer(n, 1)
}

func (w *lateWorld) sealer(epoch uint64, leaf uint32) *sframe.Sender {
	return w.sealerAgain(epoch, leaf, 1)
}

// sealerAgain is a sender's after its starts so far.
func (w *lateWorld) sealerAgain(epoch uint64, leaf uint32, starts uint64) *sframe.Sender {
	w.t.Helper()
	s, err := sframe.NewSender(sframe.SenderConfig{Suite: sframe.SuiteAES128GCM, BaseKey: w.base, Epoch: epoch, Leaf: leaf, Context: starts})
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

// say seals a burst that began at a time, signed by a key.
func (w *lateWorld) say(by *sframe.Sender, leaf uint32, id byte, frames int, at time.Time, key crypto.Signer) (sealed [][]byte) {
	w.t.Helper()
	b := voice.BurstContext{Channel: proto.ChannelID{1}, Leaf: leaf, Burst: voice.BurstID{id}}
	signer, err := voice.NewBurstSigner(b, key, rand.Reader)
	if err != nil {
		w.t.Fatal(err)
	}
	talker := voice.NewTalker(b.Burst, voice.CodecOpus)
	seal := func(f voice.Frame) []byte {
		plain, err := f.AppendTo(nil)
		if err != nil {
			w.t.Fatal(err)
		}
		s, err := by.Seal(nil, nil, plain)
		if err != nil {
			w.t.Fatal(err)
		}
		sealed = append(sealed, s)
		return s
	}
	for i := range frames {
		stamp := voice.Stamp{Run: 1, Millis: uint64(at.UnixMilli() + int64(20*i))}
		f, err := talker.Next(fmt.Appendf(nil, "%d of %d", i, id), i == frames-1, stamp)
		if err != nil {
			w.t.Fatal(err)
		}
		due, err := signer.Add(seal(f))
		if err != nil {
			w.t.Fatal(err)
		}
		if due || i == frames-1 {
			blk, err := signer.Block(by.Epoch(), i == frames-1)
			if err != nil {
				w.t.Fatal(err)
			}
			seal(talker.Signature(blk, stamp))
		}
	}
	return sealed
}

// gives has the relay give frames, in pages, and returns the bursts found.
func (w *lateWorld) gives(frames ...[]byte) []voice.Collected {
	w.t.Helper()
	for len(frames) > 40 {
		w.e.late(keptVoice{alias: lateAlias, frames: frames[:40], since: w.outage[0], until: w.outage[1]})
		frames = frames[40:]
	}
	found := make(chan []*lateHearing, 1)
	w.e.late(keptVoice{alias: lateAlias, frames: frames, since: w.outage[0], until: w.outage[1], found: found})
	var out []voice.Collected
	for _, h := range <-found {
		out = append(out, h.frames.Collected())
	}
	return out
}

func (w *lateWorld) counts(why string, known, noKey, refused uint64) {
	w.t.Helper()
	if n := w.e.now; n.FetchedKnown != known || n.FetchedNoKey != noKey || n.FetchedRefused != refused {
		w.t.Errorf("%s: known %d, no key %d, refused %d; want %d, %d, %d", why, n.FetchedKnown, n.FetchedNoKey, n.FetchedRefused, known, noKey, refused)
	}
}

// TestWhatARelayMakesOfMissedVoice: it repeats, invents, damages, mixes, cuts off and
// brings what is old. Nothing of that is given out.
func TestWhatARelayMakesOfMissedVoice(t *testing.T) {
	ago := func(w *lateWorld, d time.Duration) time.Time { return w.now.Add(-d) }
	one := func(t *testing.T, got []voice.Collected, frames int, genuine, whole bool) {
		t.Helper()
		if len(got) != 1 || got[0].Frames != frames || got[0].Genuine != genuine || got[0].Whole != whole {
			t.Errorf("got %+v, want %d frames, genuine %t, whole %t", got, frames, genuine, whole)
		}
	}
	t.Run("as it was", func(t *testing.T) {
		w := newLateWorld(t)
		said := w.say(w.sender, 1, 1, 120, ago(w, time.Minute), w.key)
		one(t, w.gives(said...), 120, true, true)
		w.counts("as it was", 0, 0, 0)
		if got := w.gives(said...); len(got) != 0 {
			t.Errorf("a burst is given %d times more", len(got))
		}
		w.counts("the same once more", uint64(len(said)), 0, 0)
	})
	t.Run("repeated and mixed", func(t *testing.T) {
		w := newLateWorld(t)
		a := w.say(w.sender, 1, 1, 60, ago(w, time.Minute), w.key)
		b := w.say(w.sender, 1, 2, 60, ago(w, 30*time.Second), w.key)
		var mixed [][]byte
		for i := range a {
			mixed = append(mixed, b[i], a[i], a[i])
		}
		got := w.gives(mixed...)
		if len(got) != 2 || !got[0].Genuine || !got[0].Whole || !got[1].Genuine || !got[1].Whole {
			t.Errorf("two bursts mixed: %+v", got)
		}
		w.counts("repeated and mixed", uint64(len(a)), 0, 0)
	})
	t.Run("cut off", func(t *testing.T) {
		w := newLateWorld(t)
		said := w.say(w.sender, 1, 1, 120, ago(w, time.Minute), w.key)
		one(t, w.gives(said[:80]...), 79, false, false)
		if got := w.gives(said[80:]...); len(got) != 0 {
			t.Errorf("the rest of a burst that has been given comes as another: %+v", got)
		}
	})
	t.Run("damaged and invented", func(t *testing.T) {
		w := newLateWorld(t)
		said := w.say(w.sender, 1, 1, 50, ago(w, time.Minute), w.key)
		said[3] = bytes.Clone(said[3])
		said[3][len(said[3])-1] ^= 1
		one(t, w.gives(append(said, []byte("no frame"), nil, []byte{0x80})...), 49, true, false)
		w.counts("damaged", 0, 0, 4)
	})
	t.Run("of another epoch", func(t *testing.T) {
		w := newLateWorld(t)
		said := w.say(w.sealer(9, 1), 1, 1, 50, ago(w, time.Minute), w.key)
		if got := w.gives(said...); len(got) != 0 {
			t.Errorf("opened without a key: %+v", got)
		}
		w.counts("no key", 0, uint64(len(said)), 0)
	})
	t.Run("of an epoch that is over", func(t *testing.T) {
		w := newLateWorld(t)
		old := w.say(w.sender, 1, 1, 50, ago(w, time.Minute), w.key)
		older := w.say(w.sender, 1, 2, 50, ago(w, time.Minute), w.key)
		w.epoch(4)
		w.now = w.now.Add(9 * time.Second)
		one(t, w.gives(old...), 50, true, true)
		w.now = w.now.Add(2 * time.Second)
		if got := w.gives(older...); len(got) != 0 {
			t.Errorf("opened with a key that must be gone: %+v", got)
		}
	})
	t.Run("from before the outage and after it", func(t *testing.T) {
		w := newLateWorld(t)
		said := w.say(w.sender, 1, 1, 50, w.outage[0].Add(-voice.StrangerSkew-5*time.Second), w.key)
		said = append(said, w.say(w.sender, 1, 2, 50, w.outage[1].Add(voice.StrangerSkew+5*time.Second), w.key)...)
		if got := w.gives(said...); len(got) != 0 {
			t.Errorf("given: %+v", got)
		}
		w.counts("not of the outage", 0, 0, uint64(len(said)))
	})
	t.Run("from before the outage, of one who has been heard", func(t *testing.T) {
		w := newLateWorld(t)
		live := w.say(w.sender, 1, 9, 5, w.now, w.key)
		for _, f := range live {
			w.e.open(append(lateAlias.AppendVoice(nil), f...), w.now)
		}
		said := w.say(w.sender, 1, 1, 50, w.outage[0].Add(-10*time.Second), w.key)
		if got := w.gives(said...); len(got) != 0 {
			t.Errorf("given: %+v", got)
		}
		w.counts("not of the outage by the sender's pace", 0, 0, uint64(len(said)))
	})
	t.Run("of one who may not send, and our own", func(t *testing.T) {
		w := newLateWorld(t)
		said := w.say(w.sealer(3, 2), 2, 1, 50, ago(w, time.Minute), w.key)
		own := w.say(w.sealer(3, 0), 0, 2, 50, ago(w, time.Minute), w.key)
		if got := w.gives(append(said, own...)...); len(got) != 0 {
			t.Errorf("given: %+v", got)
		}
		w.counts("may not send", uint64(len(own)), 0, uint64(len(said)))
	})
	t.Run("signed by another", func(t *testing.T) {
		w := newLateWorld(t)
		other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		one(t, w.gives(w.say(w.sender, 1, 1, 50, ago(w, time.Minute), other)...), 50, false, false)
	})
	t.Run("more than there is room for", func(t *testing.T) {
		w := newLateWorld(t)
		var said [][]byte
		for id := range byte(maxLateBursts + 10) {
			said = append(said, w.say(w.sender, 1, id, 2, ago(w, time.Minute), w.key)...)
		}
		if got := w.gives(said...); len(got) != maxLateBursts {
			t.Errorf("%d bursts are put together, want %d", len(got), maxLateBursts)
		}
		w.counts("beyond the bound", 0, 0, 10*3)
	})
}

// TestWhatIsHeardLiveIsNotMissed: heard whole, or from its beginning and still going on.
func TestWhatIsHeardLiveIsNotMissed(t *testing.T) {
	for why, n := range map[string]int{"still going on": 30, "the second half missed": 0} {
		w := newLateWorld(t)
		said := w.say(w.sender, 1, 1, 60, w.now.Add(-time.Second), w.key)
		for _, f := range said[:n] {
			w.e.open(append(lateAlias.AppendVoice(nil), f...), w.now)
		}
		if got := w.gives(said...); len(got) != 1-min(n, 1) {
			t.Errorf("%s: %d bursts given late", why, len(got))
		}
	}
	w := newLateWorld(t)
	said := w.say(w.sender, 1, 1, 60, w.now, w.key)
	for i, f := range said {
		w.e.open(append(lateAlias.AppendVoice(nil), f...), w.now)
		if i%8 == 0 {
			w.now = w.now.Add(proto.VoiceFrame)
			w.e.tick(w.now)
		}
	}
	for range 400 {
		w.now = w.now.Add(proto.VoiceFrame)
		w.e.tick(w.now)
	}
	if h := (<-w.e.s.events).(BurstHeard); !h.Genuine || h.Frames < 55 {
		t.Fatalf("it was not heard: %+v", h)
	}
	w.outage[1] = w.now
	if got := w.gives(said...); len(got) != 0 {
		t.Errorf("heard whole, and given late: %+v", got)
	}
	w.counts("heard", uint64(len(said)), 0, 0)
}

func TestKnownBurstsAreBounded(t *testing.T) {
	var k knownBursts
	name := func(i int) knownBurst { return knownBurst{burst: voice.BurstID{byte(i), byte(i >> 8)}} }
	for i := range maxKnown + 5 {
		k.add(name(i))
		k.add(name(i))
	}
	if len(k.set) != maxKnown || len(k.order) != maxKnown || k.has(name(4)) || !k.has(name(5)) || !k.has(name(maxKnown+4)) {
		t.Errorf("%d and %d are remembered", len(k.set), len(k.order))
	}
}

// TestLatePaceLeavesRoomForLiveVoice: beside talk it takes less than two bursts.
func TestLatePaceLeavesRoomForLiveVoice(t *testing.T) {
	for _, talk := range []bool{false, true} {
		octets, every := latePace(talk)
		if perSecond := float64(octets) / every.Seconds(); talk && perSecond > 10_000 || perSecond > 70_000 {
			t.Errorf("talk %t: %.0f octets a second", talk, perSecond)
		}
	}
}

// FuzzKeptVoice: whatever a relay gives as kept voice, the ears go on, stay within
// their bounds, and open what is good after it.
func FuzzKeptVoice(f *testing.F) {
	w := newLateWorld(f)
	said := w.say(w.sender, 1, 1, 3, w.now.Add(-time.Minute), w.key)
	for _, s := range said {
		f.Add(s, 0)
		f.Add(s[:len(s)-1], 2)
	}
	f.Add([]byte{}, 1)
	f.Fuzz(func(t *testing.T, frame []byte, twice int) {
		w := newLateWorld(t)
		good := w.say(w.sealerAgain(3, 1, 2), 1, 200, 50, w.now.Add(-time.Minute), w.key)
		for range min(max(twice, 0), 3) {
			w.gives(frame)
		}
		got := w.gives(append([][]byte{frame}, good...)...)
		for _, c := range got {
			if c.Genuine && c.Whole {
				return
			}
		}
		t.Fatalf("the good burst was not given: %+v", got)
	})
}
