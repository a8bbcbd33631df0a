package voice

import (
	"bytes"
	"crypto/elliptic"
	"fmt"
	"math/rand/v2"
	"testing"
)

// frameOf is the plaintext frame that belongs to a sealed one of a signed burst.
func frameOf(b signedBurst, i int) Frame {
	return Frame{Kind: KindAudio, Codec: CodecOpus, Burst: b.context.Burst, Index: uint32(i), First: i == 0, Stamp: Stamp{1, uint64(1000 + 20*i)}, Payload: fmt.Appendf(nil, "payload %d", i)}
}

// collect gives a Collector the frames of a burst but for some, and all its blocks but
// for some, in any order.
func collect(b signedBurst, r *rand.Rand, noFrame, noBlock func(int) bool) *Collector {
	c := NewCollector(b.context)
	var adds []func()
	for i := range b.sealed {
		if !noFrame(i) {
			adds = append(adds, func() { c.Add(b.epoch, frameOf(b, i), b.sealed[i], b.public) })
		}
	}
	for i, s := range b.blocks {
		if !noBlock(i) {
			f := Frame{Kind: KindSignature, Burst: b.context.Burst, Index: s.Number, Payload: s.Bytes}
			adds = append(adds, func() { c.Add(b.epoch, f, nil, b.public) })
		}
	}
	r.Shuffle(len(adds), func(i, j int) { adds[i], adds[j] = adds[j], adds[i] })
	for _, add := range adds {
		add()
	}
	return c
}

func never(int) bool { return false }

func TestCollectedBurstIsJudgedByItsSignatures(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	b := sign(t, deviceKey(t, elliptic.P256()), context(1), 420) // more blocks than a verifier remembers
	for name, x := range map[string]struct {
		noFrame, noBlock func(int) bool
		frames, length   int
		genuine, whole   bool
	}{
		"all of it":              {never, never, 420, 420, true, true},
		"frames missing":         {func(i int) bool { return i%7 == 3 }, never, 360, 420, true, false},
		"the beginning missing":  {func(i int) bool { return i < 120 }, never, 300, 420, true, false},
		"the end missing":        {func(i int) bool { return i >= 400 }, never, 400, 420, true, false},
		"cut after a block":      {func(i int) bool { return i >= 100 }, func(i int) bool { return i >= 2 }, 100, 100, true, false},
		"cut within a block":     {func(i int) bool { return i >= 110 }, func(i int) bool { return i >= 2 }, 110, 110, false, false},
		"a block missing":        {never, func(i int) bool { return i == 3 }, 420, 420, false, true},
		"no signature":           {never, func(int) bool { return true }, 420, 420, false, false},
		"nothing but signatures": {func(int) bool { return true }, never, 0, 0, false, false},
		"nothing but the last":   {func(i int) bool { return i != 419 }, never, 1, 420, true, false},
	} {
		got := collect(b, r, x.noFrame, x.noBlock).Collected()
		if got.Frames != x.frames || len(got.Payloads) != x.length || got.Genuine != x.genuine || got.Whole != x.whole || got.Forged != 0 {
			t.Errorf("%s: %d frames of %d, genuine %t, whole %t, forged %d; want %+v", name, got.Frames, len(got.Payloads), got.Genuine, got.Whole, got.Forged, x)
		}
		for i, p := range got.Payloads {
			if x.noFrame(i) != (p == nil) || p != nil && !bytes.Equal(p, frameOf(b, i).Payload) {
				t.Fatalf("%s: frame %d is %q", name, i, p)
			}
		}
		if got.Frames > 0 && got.At.Millis != 1000 {
			t.Errorf("%s: it began at %d, want 1000", name, got.At.Millis)
		}
	}
}

// TestCollectorLeavesForgedFramesOut: another member seals frames for places that have
// theirs, for places that are missing, and behind the end.
func TestCollectorLeavesForgedFramesOut(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	b := sign(t, deviceKey(t, elliptic.P256()), context(1), 100)
	for _, first := range []bool{true, false} { // the forged frame may come before the real one
		c := NewCollector(b.context)
		forge := func() {
			for _, i := range []int{5, 60, 100} {
				f := frameOf(b, i)
				f.Payload = []byte("forged")
				c.Add(b.epoch, f, fmt.Appendf(nil, "forged %d", i), b.public)
			}
		}
		if first {
			forge()
		}
		c2 := collect(b, r, func(i int) bool { return i == 60 }, never)
		for i, list := range c2.frames {
			for _, f := range list {
				c.Add(b.epoch, f.frame, b.sealed[i], b.public)
			}
		}
		c.blocks = append(c.blocks, c2.blocks...)
		if !first {
			forge()
		}
		got := c.Collected()
		if got.Genuine || got.Whole || got.Forged != 3 || got.Frames != 99 || len(got.Payloads) != 100 || got.Payloads[60] != nil {
			t.Errorf("forged first %t: %d frames of %d, genuine %t, whole %t, forged %d", first, got.Frames, len(got.Payloads), got.Genuine, got.Whole, got.Forged)
		}
		for i, p := range got.Payloads {
			if string(p) == "forged" {
				t.Errorf("forged first %t: the forged frame %d was given", first, i)
			}
		}
	}
}

// TestCollectorIsBounded: by frames, by frames for one place and by blocks.
func TestCollectorIsBounded(t *testing.T) {
	b := signedBurst{context: context(1), public: deviceKey(t, elliptic.P256()).Public()}
	c := NewCollector(b.context)
	for i := range MaxCollected + 100 {
		for v := range maxVariants + 1 {
			c.Add(1, frameOf(b, i), fmt.Appendf(nil, "%d of %d", v, i), b.public)
		}
	}
	if n := c.Add(1, frameOf(b, 3), []byte("0 of 3"), b.public); n != 0 {
		t.Errorf("a frame that is there already takes %d octets", n)
	}
	for _, list := range c.frames {
		if len(list) > maxVariants {
			t.Fatalf("%d frames are held for one place", len(list))
		}
	}
	for i := range 1000 {
		for v := range maxVariants + 1 {
			c.Add(1, Frame{Kind: KindSignature, Burst: b.context.Burst, Index: uint32(i), Payload: fmt.Appendf(nil, "%d of %d", v, i)}, nil, b.public)
		}
	}
	if len(c.frames) != MaxCollected || len(c.blocks) > maxVariants*(MaxCollected/BlockFrames+1) {
		t.Errorf("%d frames and %d blocks are held", len(c.frames), len(c.blocks))
	}
	if got := c.Collected(); got.Genuine || got.Whole || got.Frames != 0 {
		t.Errorf("of two unsigned frames for each place %d were chosen", got.Frames)
	}
}

// FuzzCollector: whatever a relay cuts out, repeats or mixes, what is given as genuine
// is what was said.
func FuzzCollector(f *testing.F) {
	b := sign(f, deviceKey(f, elliptic.P256()), context(1), 130)
	f.Add([]byte{0, 1, 2, 3, 200, 201, 202})
	f.Add([]byte{130, 0, 131, 50, 132, 129})
	f.Add(bytes.Repeat([]byte{7, 131, 255, 90}, 20))
	f.Fuzz(func(t *testing.T, order []byte) {
		c := NewCollector(b.context)
		for i, at := range order {
			switch n := int(at); {
			case n < len(b.sealed):
				c.Add(b.epoch, frameOf(b, n), b.sealed[n], b.public)
			case n < len(b.sealed)+len(b.blocks):
				s := b.blocks[n-len(b.sealed)]
				c.Add(b.epoch, Frame{Kind: KindSignature, Burst: b.context.Burst, Index: s.Number, Payload: s.Bytes}, nil, b.public)
			default:
				forged := frameOf(b, n%140)
				forged.Payload = []byte("forged")
				c.Add(b.epoch, forged, fmt.Appendf(nil, "forged %d", i), b.public)
			}
		}
		got := c.Collected()
		for i, p := range got.Payloads {
			if got.Genuine && p != nil && !bytes.Equal(p, frameOf(b, i).Payload) {
				t.Fatalf("frame %d of a genuine burst is %q", i, p)
			}
		}
		if got.Genuine && got.Forged > 0 || got.Whole && got.Frames < len(b.sealed) {
			t.Fatalf("%+v", got)
		}
	})
}
