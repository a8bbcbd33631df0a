package sframe

import (
	"bytes"
	"errors"
	"fmt"
	"testing"
	"time"

	"crossband/proto"
)

var start = time.Unix(1_800_000_000, 0)

func baseKey(suite Suite, epoch uint64) []byte {
	return bytes.Repeat([]byte{byte(epoch) ^ 0x5a ^ byte(epoch>>8)<<4}, suite.BaseKeyLen())
}

func sender(t testing.TB, epoch uint64, leaf uint32, context uint64) *Sender {
	t.Helper()
	s, err := NewSender(SenderConfig{Suite: SuiteAES256GCM, BaseKey: baseKey(SuiteAES256GCM, epoch), Epoch: epoch, Leaf: leaf, Context: context})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func receiver(t testing.TB, epochs ...uint64) *Receiver {
	t.Helper()
	r, err := NewReceiver(SuiteAES256GCM, proto.KIDLayout{})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range epochs {
		addEpoch(t, r, e, start)
	}
	return r
}

func addEpoch(t testing.TB, r *Receiver, epoch uint64, now time.Time) {
	t.Helper()
	if err := r.AddEpoch(epoch, baseKey(SuiteAES256GCM, epoch), now); err != nil {
		t.Fatal(err)
	}
}

func seal(t testing.TB, s *Sender, text string) []byte {
	t.Helper()
	b, err := s.Seal(nil, []byte("channel"), []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func wantOpen(t *testing.T, why string, r *Receiver, frame []byte, now time.Time, text string) {
	t.Helper()
	got, err := r.Open([]byte("dst:"), []byte("channel"), frame, now)
	if err != nil || string(got.Plaintext) != "dst:"+text {
		t.Errorf("%s: %q, %v", why, got.Plaintext, err)
	}
}

func wantRefused(t *testing.T, why string, r *Receiver, frame []byte, now time.Time, want error) {
	t.Helper()
	before := snapshot(r)
	got, err := r.Open(nil, []byte("channel"), frame, now)
	if !errors.Is(err, want) || got.Plaintext != nil {
		t.Errorf("%s: %q, %v, want %v", why, got.Plaintext, err, want)
	}
	if after := snapshot(r); after != before {
		t.Errorf("%s: a refused frame changed the receiver from\n%s to\n%s", why, before, after)
	}
}

// snapshot writes down everything that a refused frame must leave alone.
func snapshot(r *Receiver) string {
	s := fmt.Sprintf("%d keys", r.keys)
	for _, e := range r.epochs {
		s += fmt.Sprintf("; epoch %d ends %v base %x:", e.number, e.ends, e.baseKey)
		for leaf, l := range e.leaves {
			if len(e.leaves) == 1 { // map order: one leaf is what these tests use
				s += fmt.Sprintf(" leaf %d %+v", leaf, *l)
			}
		}
		for kid, st := range e.senders {
			if len(e.senders) == 1 {
				s += fmt.Sprintf(" kid %d %+v", kid, st.window)
			}
		}
	}
	return s
}

// TestHostileFrames: whatever is wrong with a frame, it is dropped for its own
// reason, moves no window and leaves no key.
func TestHostileFrames(t *testing.T) {
	r, s := receiver(t, 7), sender(t, 7, 3, 0)
	first := seal(t, s, "one")
	wantOpen(t, "the first frame", r, first, start, "one")
	good := seal(t, s, "two")
	h, n, _ := proto.ParseSFrameHeader(good)
	reheader := func(h proto.SFrameHeader) []byte { return append(h.AppendTo(nil), good[n:]...) }
	flip := func(i int) []byte { b := bytes.Clone(good); b[i] ^= 0x80; return b }

	for _, tt := range []struct {
		why   string
		frame []byte
		want  error
	}{
		{"replay", first, ErrReplay},
		{"far forged counter", reheader(proto.SFrameHeader{KID: h.KID, CTR: 1 << 60}), ErrTag},
		{"near forged counter", reheader(proto.SFrameHeader{KID: h.KID, CTR: 99}), ErrTag},
		{"counter of an opened frame on another's body", reheader(proto.SFrameHeader{KID: h.KID, CTR: 0}), ErrTag},
		{"another leaf's KID", reheader(proto.SFrameHeader{KID: h.KID + 1<<8, CTR: h.CTR}), ErrTag},
		{"another context's KID", reheader(proto.SFrameHeader{KID: h.KID + 1<<18, CTR: h.CTR}), ErrTag},
		{"an epoch never added", reheader(proto.SFrameHeader{KID: h.KID + 1, CTR: h.CTR}), ErrUnknownKey},
		{"header longer than need be", append([]byte{0x98 | good[0]&7, 0, 0}, good[1:]...), ErrHeader},
		{"nothing", nil, ErrHeader},
		{"oversize", append(bytes.Clone(good), make([]byte, MaxFrameLen)...), ErrTooLong},
		{"an octet too many", append(bytes.Clone(good), 0), ErrTag},
		{"body changed", flip(n), ErrTag},
		{"tag changed", flip(len(good) - 1), ErrTag},
		{"another member's sealing with the wrong key", seal(t, sender(t, 8, 3, 0), "x"), ErrUnknownKey},
	} {
		wantRefused(t, tt.why, r, tt.frame, start, tt.want)
	}
	for cut := range good {
		want := ErrTag
		switch {
		case cut < n:
			want = ErrHeader
		case cut < n+maxTagLen:
			want = ErrTooShort
		}
		wantRefused(t, fmt.Sprintf("cut to %d octets", cut), r, good[:cut], start, want)
	}
	if got, err := r.Open(nil, []byte("other channel"), good, start); !errors.Is(err, ErrTag) {
		t.Errorf("other metadata: %q, %v", got.Plaintext, err)
	}
	wantOpen(t, "the good frame after all that", r, good, start, "two")
	wantRefused(t, "the good frame again", r, good, start, ErrReplay)
}

func TestOpenedSaysWhoseKey(t *testing.T) {
	r := receiver(t, 0x1ff, 0x200)
	got, err := r.Open(nil, []byte("channel"), seal(t, sender(t, 0x1ff, 1023, 77), "x"), start)
	if err != nil || got.Leaf != 1023 || got.Epoch != 0x1ff || got.Context != 77 || got.CTR != 0 {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestReplayLeavesNoPlaintext(t *testing.T) {
	r, s := receiver(t, 1), sender(t, 1, 0, 0)
	frame := seal(t, s, "secret words")
	wantOpen(t, "once", r, frame, start, "secret words")
	buf := make([]byte, 0, 100)
	if _, err := r.Open(buf, []byte("channel"), frame, start); !errors.Is(err, ErrReplay) {
		t.Fatal(err)
	}
	if bytes.Contains(buf[:100], []byte("secret")) {
		t.Error("the plaintext of a refused frame is left in the caller's buffer")
	}
}

func TestWindow(t *testing.T) {
	r, s := receiver(t, 1), sender(t, 1, 0, 0)
	var frames [][]byte
	for range 300 {
		frames = append(frames, seal(t, s, "f"))
	}
	wantOpen(t, "late entry: the first heard is not the first sent", r, frames[150], start, "f")
	wantOpen(t, "127 behind the newest", r, frames[150-127], start, "f")
	wantRefused(t, "128 behind the newest", r, frames[150-128], start, ErrOld)
	wantRefused(t, "127 behind, again", r, frames[150-127], start, ErrReplay)
	for i := 151; i < 300; i += 3 { // order within a group of three is turned round
		for _, j := range []int{i + 2, i + 1, i} {
			if j < 300 {
				wantOpen(t, "out of order", r, frames[j], start, "f")
			}
		}
	}
	for i := range 300 {
		if _, err := r.Open(nil, []byte("channel"), frames[i], start); err == nil && (i >= 150 || i < 150-127) {
			t.Errorf("frame %d opened twice, or from beyond the window", i)
		}
	}
}

// TestWindowAgainstAModel compares the bit window with a plain set.
func TestWindowAgainstAModel(t *testing.T) {
	var w window
	opened := map[uint64]bool{}
	top, seed := uint64(0), uint64(1)
	for range 20_000 {
		seed = seed*6364136223846793005 + 1442695040888963407
		ctr := top + seed>>33%40
		if back := seed >> 20 % 160; back < top && seed>>60 < 9 {
			ctr = top - back
		}
		if seed>>56%61 == 0 {
			ctr = top + 60 + seed>>40%140
		}
		var want error
		if opened[ctr] {
			want = ErrReplay
		}
		if len(opened) > 0 && ctr+windowLen <= top {
			want = ErrOld
		}
		if got := w.check(ctr); got != want {
			t.Fatalf("counter %d, newest %d: %v, want %v", ctr, top, got, want)
		}
		if want == nil {
			w.mark(ctr)
			opened[ctr] = true
			top = max(top, ctr)
		}
	}
}

func TestPastEpochsEnd(t *testing.T) {
	r, old := receiver(t, 5), sender(t, 5, 2, 0)
	if _, ok := r.Deadline(); ok {
		t.Error("the current epoch has a deadline")
	}
	addEpoch(t, r, 6, start)
	wantOpen(t, "a frame under way when the epoch changed", r, seal(t, old, "a"), start.Add(PastEpochLife-1), "a")
	if at, ok := r.Deadline(); !ok || !at.Equal(start.Add(PastEpochLife)) {
		t.Errorf("deadline %v, %v", at, ok)
	}
	base := r.epochs[0].baseKey
	st := r.epochs[0].senders[old.KID()]
	late := seal(t, old, "b")
	wantRefused(t, "past epoch after its life", r, late, start.Add(PastEpochLife), ErrUnknownKey)
	r.Expire(start.Add(PastEpochLife))
	if len(r.epochs) != 1 || r.keys != 0 || !bytes.Equal(base, make([]byte, len(base))) || st.key.aead != nil {
		t.Errorf("keys left behind: %d epochs, %d keys, base %x", len(r.epochs), r.keys, base)
	}
	wantRefused(t, "and even if the clock goes back", r, late, start, ErrUnknownKey)
	for _, e := range []uint64{5, 6} {
		if err := r.AddEpoch(e, baseKey(SuiteAES256GCM, e), start); !errors.Is(err, ErrEpoch) {
			t.Errorf("epoch %d after 6: %v", e, err)
		}
	}
	wantOpen(t, "the current epoch goes on", r, seal(t, sender(t, 6, 2, 0), "c"), start, "c")
}

func TestRecurringLowBitsDropTheOldEpoch(t *testing.T) {
	r, old := receiver(t, 1), sender(t, 1, 0, 0)
	wantOpen(t, "epoch 1", r, seal(t, old, "a"), start, "a")
	addEpoch(t, r, 257, start)
	if len(r.epochs) != 1 {
		t.Fatalf("%d epochs share their low bits", len(r.epochs))
	}
	wantRefused(t, "epoch 1 under the KID that now means 257", r, seal(t, old, "b"), start, ErrTag)
	wantOpen(t, "epoch 257", r, seal(t, sender(t, 257, 0, 0), "c"), start, "c")
}

func TestEpochsAreBounded(t *testing.T) {
	r := receiver(t)
	for e := range uint64(200) {
		addEpoch(t, r, e, start)
	}
	if len(r.epochs) != MaxEpochs || r.epochs[0].number != 200-MaxEpochs {
		t.Errorf("%d epochs from %d", len(r.epochs), r.epochs[0].number)
	}
}

// TestMembershipStorm: 200 changes of membership in a minute, with frames that
// arrive three seconds after their epoch was left.
func TestMembershipStorm(t *testing.T) {
	r := receiver(t)
	now := start
	var underway []*Sender
	for e := range uint64(200) {
		addEpoch(t, r, e, now)
		underway = append(underway, sender(t, e, 1, 0))
		if e >= 10 {
			wantOpen(t, "a frame of three seconds ago", r, seal(t, underway[e-10], "x"), now, "x")
		}
		now = now.Add(300 * time.Millisecond)
	}
	if len(r.epochs) > 36 {
		t.Errorf("%d epochs live after the storm", len(r.epochs))
	}
}

func TestContextsAreBounded(t *testing.T) {
	r := receiver(t, 1)
	first := sender(t, 1, 0, 10)
	replay := seal(t, first, "a")
	wantOpen(t, "first start", r, replay, start, "a")
	for c := uint64(11); c <= 14; c++ {
		wantOpen(t, "restarted", r, seal(t, sender(t, 1, 0, c), "b"), start, "b")
	}
	if r.keys != MaxContexts || len(r.epochs[0].senders) != MaxContexts {
		t.Errorf("%d keys, %d senders", r.keys, len(r.epochs[0].senders))
	}
	wantRefused(t, "the retired context, whose window is gone", r, replay, start, ErrOld)
	wantRefused(t, "a context below it", r, seal(t, sender(t, 1, 0, 3), "c"), start, ErrOld)
	wantOpen(t, "another leaf is not touched", r, seal(t, sender(t, 1, 1, 0), "d"), start, "d")
}

func TestForgeriesLeaveNoKeys(t *testing.T) {
	r := receiver(t, 1)
	body := make([]byte, 60)
	for leaf := range uint64(1024) {
		frame := append(proto.SFrameHeader{KID: leaf<<8 | 1 | leaf<<18, CTR: leaf}.AppendTo(nil), body...)
		if _, err := r.Open(nil, nil, frame, start); !errors.Is(err, ErrTag) {
			t.Fatal(err)
		}
	}
	if r.keys != 0 || len(r.epochs[0].senders) != 0 || len(r.epochs[0].leaves) != 0 {
		t.Errorf("%d keys, %d senders after forgeries only", r.keys, len(r.epochs[0].senders))
	}
}

func TestKeysAreBounded(t *testing.T) {
	r := receiver(t, 1)
	fill := func(epoch uint64, leaves int) {
		for leaf := range leaves {
			for c := range uint64(MaxContexts) {
				wantOpen(t, "member", r, seal(t, sender(t, epoch, uint32(leaf), c), "x"), start, "x")
			}
		}
	}
	fill(1, 300)
	addEpoch(t, r, 2, start)
	fill(2, 1024)
	if r.keys > MaxKeys || len(r.epochs) != 1 {
		t.Errorf("%d keys in %d epochs", r.keys, len(r.epochs))
	}
	wantOpen(t, "the current epoch is whole", r, seal(t, sender(t, 2, 1023, 4), "y"), start, "y")
}

func TestSenderRefuses(t *testing.T) {
	key := baseKey(SuiteAES128GCM, 0)
	for why, tt := range map[string]struct {
		c    SenderConfig
		want error
	}{
		"suite 1, tag of ten octets":  {SenderConfig{Suite: 1, BaseKey: make([]byte, 48)}, ErrSuite},
		"suite 3, tag of four octets": {SenderConfig{Suite: 3, BaseKey: make([]byte, 48)}, ErrSuite},
		"no suite":                    {SenderConfig{BaseKey: key}, ErrSuite},
		"short base key":              {SenderConfig{Suite: SuiteAES256GCM, BaseKey: key}, ErrBaseKey},
		"no base key":                 {SenderConfig{Suite: SuiteAES128GCM}, ErrBaseKey},
		"leaf 1024":                   {SenderConfig{Suite: SuiteAES128GCM, BaseKey: key, Leaf: 1024}, ErrLayout},
		"context too large":           {SenderConfig{Suite: SuiteAES128GCM, BaseKey: key, Context: 1 << 46}, ErrLayout},
	} {
		if _, err := NewSender(tt.c); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", why, err, tt.want)
		}
	}
	for suite := range Suite(9) {
		if _, err := NewReceiver(suite, proto.KIDLayout{}); (err == nil) != (suite == 4 || suite == 5) {
			t.Errorf("receiver of suite %d: %v", suite, err)
		}
	}
	s := sender(t, 1, 1, 1)
	if _, err := s.Seal(nil, nil, make([]byte, MaxFrameLen)); !errors.Is(err, ErrTooLong) || s.Sealed() != 0 {
		t.Errorf("oversize: %v, counter %d", err, s.Sealed())
	}
	s.next = MaxFrames - 1
	if _, err := s.Seal(nil, nil, nil); err != nil {
		t.Errorf("the last counter: %v", err)
	}
	if _, err := s.Seal(nil, nil, nil); !errors.Is(err, ErrExhausted) {
		t.Errorf("beyond the last counter: %v", err)
	}
	s.Wipe()
	if _, err := s.Seal(nil, nil, nil); !errors.Is(err, ErrClosed) {
		t.Errorf("wiped: %v", err)
	}
}

func TestNothingIsAllocatedPerFrame(t *testing.T) {
	r, s := receiver(t, 1), sender(t, 1, 1, 0)
	meta, voice := []byte("channel"), make([]byte, 60)
	frame, out := make([]byte, 0, 128), make([]byte, 0, 128)
	n := testing.AllocsPerRun(200, func() {
		f, err := s.Seal(frame, meta, voice)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.Open(out, meta, f, start); err != nil {
			t.Fatal(err)
		}
	})
	if n > 0 {
		t.Errorf("%v allocations per frame sealed and opened", n)
	}
}

func FuzzOpen(f *testing.F) {
	s := sender(f, 1, 1, 0)
	genuine := seal(f, s, "hello")
	f.Add(genuine)
	f.Add(genuine[:len(genuine)-1])
	f.Add([]byte{0x80, 0x07, 0, 0})
	f.Add(append(proto.SFrameHeader{KID: s.KID(), CTR: 1 << 40}.AppendTo(nil), genuine[4:]...))
	f.Fuzz(func(t *testing.T, b []byte) {
		r := receiver(t, 1)
		before := snapshot(r)
		if _, err := r.Open(nil, []byte("channel"), b, start); err == nil {
			if !bytes.Equal(b, genuine) {
				t.Fatalf("%x opened", b)
			}
		} else if snapshot(r) != before {
			t.Fatal("a refused frame changed the receiver")
		}
	})
}

func BenchmarkSeal60(b *testing.B) {
	for _, suite := range []Suite{SuiteAES128GCM, SuiteAES256GCM} {
		b.Run(fmt.Sprint("suite", suite), func(b *testing.B) {
			s, err := NewSender(SenderConfig{Suite: suite, BaseKey: baseKey(suite, 1), Epoch: 1})
			if err != nil {
				b.Fatal(err)
			}
			dst, voice := make([]byte, 0, 128), make([]byte, 60)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := s.Seal(dst, nil, voice); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkOpen60(b *testing.B) {
	for _, suite := range []Suite{SuiteAES128GCM, SuiteAES256GCM} {
		b.Run(fmt.Sprint("suite", suite), func(b *testing.B) {
			s, _ := NewSender(SenderConfig{Suite: suite, BaseKey: baseKey(suite, 1), Epoch: 1})
			r, _ := NewReceiver(suite, proto.KIDLayout{})
			if err := r.AddEpoch(1, baseKey(suite, 1), start); err != nil {
				b.Fatal(err)
			}
			frame, _ := s.Seal(nil, nil, make([]byte, 60))
			dst := make([]byte, 0, 128)
			st := (*senderState)(nil)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := r.Open(dst, nil, frame, start); err != nil {
					b.Fatal(err)
				}
				if st == nil {
					st = r.epochs[0].senders[s.KID()]
				}
				st.window = window{} // the same frame again, as if it were new
			}
		})
	}
}
