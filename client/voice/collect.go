package voice

import (
	"bytes"
	"cmp"
	"crypto"
	"slices"
	"time"
)

// MaxCollected bounds the frames of a burst that a Collector holds: twice the
// longest talk in one grant. What is beyond is left out, and the burst not whole.
const MaxCollected = 6000

// maxVariants is how many frames are held for one place: which of them was the
// talker's is known when the signatures are.
const maxVariants = 2

// Collector puts a burst together that is not played as it comes, from frames in
// any order of which some may be missing. Nothing is judged before the end.
type Collector struct {
	context BurstContext
	frames  map[uint32][]collectedFrame
	blocks  []collectedBlock
}

type collectedFrame struct {
	hash  frameHash
	frame Frame
}

type collectedBlock struct {
	number uint32
	epoch  uint64
	octets []byte
	public crypto.PublicKey
}

// Collected is a burst as far as it is there.
type Collected struct {
	Codec    Codec
	At       Stamp    // when the burst began, as its first frame that is there has it
	Payloads [][]byte // 20 ms each; nil: the frame is missing
	Frames   int      // that are there
	Forged   int      // frames left out: not what the device signed for their place
	Genuine  bool     // every frame that is there was signed by the device, and none was forged
	Whole    bool     // no frame is missing, to the last one that the device signed for
}

// NewCollector begins with nothing. The leaf in the context is the one whose key
// opened the frames.
func NewCollector(c BurstContext) *Collector {
	return &Collector{context: c, frames: make(map[uint32][]collectedFrame)}
}

// Add takes a frame as it was opened in an epoch, and as it was sealed. public is
// the device's key in that epoch. It returns by how many octets more is held; 0 when
// the frame is not taken: it is there already, or beyond a bound.
func (c *Collector) Add(epoch uint64, f Frame, sealed []byte, public crypto.PublicKey) int {
	if f.Burst != c.context.Burst {
		return 0
	}
	if f.Kind == KindSignature {
		return c.addBlock(collectedBlock{f.Index, epoch, bytes.Clone(f.Payload), public})
	}
	held, hash := c.frames[f.Index], hashFrame(sealed)
	if f.Index >= MaxCollected || len(held) == maxVariants || slices.ContainsFunc(held, func(x collectedFrame) bool { return x.hash == hash }) {
		return 0
	}
	f.Payload = bytes.Clone(f.Payload)
	c.frames[f.Index] = append(held, collectedFrame{hash, f})
	return len(f.Payload)
}

func (c *Collector) addBlock(b collectedBlock) int {
	same := 0
	for _, o := range c.blocks {
		if o.number == b.number {
			same++
		}
		if bytes.Equal(o.octets, b.octets) {
			return 0
		}
	}
	if same == maxVariants || b.number > MaxCollected/BlockFrames {
		return 0
	}
	c.blocks = append(c.blocks, b)
	return len(b.octets)
}

// Collected judges what is there by the signatures. It does not change the Collector.
func (c *Collector) Collected() Collected {
	v := NewBurstVerifier(c.context)
	chosen := make(map[uint32]Frame)
	signed := make(map[uint32]bool)
	blocks := slices.SortedStableFunc(slices.Values(c.blocks), func(a, b collectedBlock) int { return cmp.Compare(a.number, b.number) })
	for _, b := range blocks {
		if v.Block(b.epoch, b.octets, b.public) != nil {
			continue
		}
		if blk, _, _, err := parseBlock(b.octets); err == nil {
			for i := blk.first; i < blk.end(); i++ {
				c.judge(v, i, chosen, signed)
			}
		}
	}
	unsigned := 0
	for i, list := range c.frames {
		switch {
		case signed[i]:
		case v.result.Complete && i >= v.result.Length:
			v.result.Forged += len(list)
		case len(list) == 1: // of two, one is not the talker's
			chosen[i] = list[0].frame
			unsigned++
		}
	}
	out := c.lay(chosen, v.result)
	r := v.result
	out.Forged = r.Forged
	out.Genuine = out.Frames > 0 && unsigned == 0 && r.Forged == 0 && !r.Contradicted
	return out
}

// judge chooses among the frames for one place, whose block is good.
func (c *Collector) judge(v *BurstVerifier, index uint32, chosen map[uint32]Frame, signed map[uint32]bool) {
	if signed[index] {
		return
	}
	for _, f := range c.frames[index] {
		before := v.result.Verified
		v.judge(heardFrame{index, f.hash})
		if v.result.Verified > before {
			chosen[index] = f.frame
		}
	}
	signed[index] = len(c.frames[index]) > 0
}

// lay puts the chosen frames in their order. One burst has one codec.
func (c *Collector) lay(chosen map[uint32]Frame, r BurstResult) (out Collected) {
	length := uint32(0)
	if r.Complete {
		length = r.Length
	}
	first := uint32(MaxCollected)
	for i := range chosen {
		length, first = max(length, i+1), min(first, i)
	}
	if len(chosen) == 0 {
		return out
	}
	begun := chosen[first]
	out.Codec, out.At = begun.Codec, begun.Stamp
	out.At.Millis -= min(out.At.Millis, uint64(first)*uint64(FrameDuration/time.Millisecond))
	out.Payloads = make([][]byte, min(length, MaxCollected))
	for i, f := range chosen {
		if f.Codec == out.Codec {
			out.Payloads[i] = f.Payload
			out.Frames++
		}
	}
	out.Whole = r.Complete && out.Frames == int(length)
	return out
}
