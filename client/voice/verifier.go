package voice

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/sha256"
	"fmt"
	"slices"
)

// Limits of a BurstVerifier: frames that wait for their block, and blocks kept
// for frames that come after them.
const (
	maxPending = 6 * BlockFrames
	maxBlocks  = 6
)

// BurstResult says what is known of a burst's frames. Every frame given to the
// verifier is counted once, in one of the first four.
type BurstResult struct {
	Verified int // signed by the device
	Forged   int // not what the device signed for their place
	Waiting  int // their block has not come yet
	Unsigned int // their block was lost: nothing can be said
	// Length is the number of frames that the device sent, known once Complete.
	Length uint32
	// Complete is set when the last block has come. Without it the end of the
	// burst may have been cut off.
	Complete bool
	// Contradicted is set when two good signatures contradict each other: the
	// device itself showed different bursts to different listeners.
	Contradicted bool
}

// Genuine reports whether the burst is over and every frame was verified.
func (r BurstResult) Genuine() bool {
	return r.Complete && !r.Contradicted && r.Verified > 0 && r.Forged == 0 && r.Waiting == 0 && r.Unsigned == 0
}

// BurstVerifier checks one burst as it was received: frames may be missing, out
// of order, or come before or after their blocks.
type BurstVerifier struct {
	context BurstContext
	pending []heardFrame
	blocks  []heardBlock // ascending by number
	result  BurstResult
}

type heardFrame struct {
	index uint32
	hash  frameHash
}

type heardBlock struct {
	block
	digest [sha256.Size]byte // of its signed octets, for the chain
}

// NewBurstVerifier begins with nothing heard. The leaf in the context is the
// one whose key opened the frames (sframe.Opened.Leaf).
func NewBurstVerifier(c BurstContext) *BurstVerifier { return &BurstVerifier{context: c} }

// Result returns what is known so far.
func (v *BurstVerifier) Result() BurstResult {
	r := v.result
	r.Waiting = len(v.pending)
	return r
}

// Frame takes an audio frame: its index, and its octets as they were sealed.
func (v *BurstVerifier) Frame(index uint32, sealed []byte) {
	f := heardFrame{index, hashFrame(sealed)}
	if v.judge(f) {
		return
	}
	if slices.Contains(v.pending, f) {
		return
	}
	if len(v.pending) == maxPending {
		v.pending = slices.Delete(v.pending, 0, 1)
		v.result.Unsigned++
	}
	v.pending = append(v.pending, f)
}

// Block checks a signature block that came in a frame of the given epoch, with
// the device's key as the group's tree has it, and judges the frames that
// waited for it. A block that is refused changes nothing, but for
// Contradicted.
func (v *BurstVerifier) Block(epoch uint64, b []byte, public crypto.PublicKey) error {
	blk, signed, signature, err := parseBlock(b)
	if err != nil {
		return err
	}
	if blk.burst != v.context.Burst {
		return fmt.Errorf("%w: it is of burst %v", ErrBlock, blk.burst)
	}
	digest, _, err := blockDigest(public, v.context, epoch, signed)
	if err != nil {
		return err
	}
	if !ecdsa.VerifyASN1(public.(*ecdsa.PublicKey), digest, signature) {
		return ErrBlockSignature
	}
	h := heardBlock{block: blk, digest: sha256.Sum256(signed)}
	if again, err := v.chain(h, signed); err != nil || again {
		return err
	}
	v.keep(h)
	v.settle(h)
	return nil
}

// chain compares the block with its neighbours. Two blocks of one number that
// differ only in the signature (ECDSA is randomised) are the same block.
func (v *BurstVerifier) chain(h heardBlock, signed []byte) (again bool, err error) {
	for _, o := range v.blocks {
		switch {
		case o.number == h.number:
			again = slices.Equal(o.appendTo(nil), signed)
			err = contradiction(!again)
		case o.number+1 == h.number:
			err = contradiction(h.prev != o.digest || h.first != o.end() || o.final)
		case h.number+1 == o.number:
			err = contradiction(o.prev != h.digest || o.first != h.end() || h.final)
		case o.number < h.number:
			err = contradiction(o.final || h.first < o.end())
		default:
			err = contradiction(h.final || o.first < h.end())
		}
		if err != nil {
			v.result.Contradicted = true
			return false, err
		}
	}
	return again, nil
}

func contradiction(found bool) error {
	if found {
		return ErrBlockChain
	}
	return nil
}

func (v *BurstVerifier) keep(h heardBlock) {
	at, _ := slices.BinarySearchFunc(v.blocks, h.number, func(o heardBlock, n uint32) int {
		return int(int64(o.number) - int64(n))
	})
	v.blocks = slices.Insert(v.blocks, at, h)
	if len(v.blocks) > maxBlocks {
		v.blocks = slices.Delete(v.blocks, 0, 1)
	}
	if h.final {
		v.result.Complete, v.result.Length = true, h.end()
	}
}

// settle judges the frames that waited, and gives up those so far behind the
// block that their own must be lost.
func (v *BurstVerifier) settle(h heardBlock) {
	v.pending = slices.DeleteFunc(v.pending, func(f heardFrame) bool {
		if v.judge(f) {
			return true
		}
		lost := int64(f.index) < int64(h.first)-2*BlockFrames
		if lost {
			v.result.Unsigned++
		}
		return lost
	})
}

// judge counts a frame as verified or forged if its block is there, or if it
// lies beyond the end of a complete burst.
func (v *BurstVerifier) judge(f heardFrame) bool {
	for _, b := range v.blocks {
		if f.index < b.first || f.index >= b.end() {
			continue
		}
		if b.hashes[f.index-b.first] == f.hash {
			v.result.Verified++
		} else {
			v.result.Forged++
		}
		return true
	}
	if v.result.Complete && f.index >= v.result.Length {
		v.result.Forged++
		return true
	}
	return false
}
