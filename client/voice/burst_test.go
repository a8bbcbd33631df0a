package voice

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"testing"

	"crossband/crypto/curve"
)

func deviceKey(t testing.TB, curve elliptic.Curve) *ecdsa.PrivateKey {
	t.Helper()
	k, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// signedBurst is a burst as it was sent.
type signedBurst struct {
	context BurstContext
	epoch   uint64
	public  crypto.PublicKey
	sealed  [][]byte
	blocks  []SignedBlock
}

func context(burst byte) BurstContext {
	return BurstContext{Channel: [32]byte{0xc0, 1}, Leaf: 4, Burst: BurstID{burst, 7}}
}

func sign(t testing.TB, key *ecdsa.PrivateKey, c BurstContext, frames int) signedBurst {
	t.Helper()
	s, err := NewBurstSigner(c, key, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	out := signedBurst{context: c, epoch: 9, public: key.Public()}
	for i := range frames {
		sealed := fmt.Appendf(nil, "sealed frame %d of %d in %v", i, frames, c.Burst)
		out.sealed = append(out.sealed, sealed)
		due, err := s.Add(sealed)
		if err != nil {
			t.Fatal(err)
		}
		if due != (len(out.sealed)%BlockFrames == 0) {
			t.Errorf("frame %d: due %t", i, due)
		}
		if due && i != frames-1 {
			out.blocks = append(out.blocks, mustBlock(t, s, out.epoch, false))
		}
	}
	out.blocks = append(out.blocks, mustBlock(t, s, out.epoch, true))
	if _, err := s.Add(nil); err == nil {
		t.Error("a frame after the last block")
	}
	if _, err := s.Block(out.epoch, true); err == nil {
		t.Error("a block after the last block")
	}
	return out
}

func mustBlock(t testing.TB, s *BurstSigner, epoch uint64, final bool) SignedBlock {
	t.Helper()
	b, err := s.Block(epoch, final)
	if err != nil {
		t.Fatal(err)
	}
	if len(b.Bytes) > MaxPayload {
		t.Errorf("block of %d octets", len(b.Bytes))
	}
	return b
}

func (b signedBurst) feed(t testing.TB, v *BurstVerifier) {
	t.Helper()
	for i, f := range b.sealed {
		v.Frame(uint32(i), f)
		if n := i / BlockFrames; i%BlockFrames == BlockFrames-1 && n < len(b.blocks)-1 {
			b.block(t, v, n, nil)
		}
	}
	b.block(t, v, len(b.blocks)-1, nil)
}

func (b signedBurst) block(t testing.TB, v *BurstVerifier, n int, want error) {
	t.Helper()
	if err := v.Block(b.epoch, b.blocks[n].Bytes, b.public); !errors.Is(err, want) {
		t.Errorf("block %d: %v, want %v", n, err, want)
	}
}

func TestBurstSigned(t *testing.T) {
	for _, curve := range []elliptic.Curve{elliptic.P256(), elliptic.P384()} {
		key := deviceKey(t, curve)
		for _, frames := range []int{0, 1, 49, 50, 51, 100, 130} {
			b := sign(t, key, context(1), frames)
			if want := max(1, (frames+BlockFrames-1)/BlockFrames); len(b.blocks) != want {
				t.Errorf("%d frames in %d blocks, want %d", frames, len(b.blocks), want)
			}
			v := NewBurstVerifier(b.context)
			b.feed(t, v)
			r := v.Result()
			if r.Verified != frames || r.Forged+r.Waiting+r.Unsigned != 0 || !r.Complete || int(r.Length) != frames || r.Genuine() != (frames > 0) {
				t.Errorf("%s, %d frames: %+v", curve.Params().Name, frames, r)
			}
		}
	}
}

// The signature covers exactly what the comment in block.go says, so that a
// recording can be checked by other means than this package.
func TestBlockSignatureIndependently(t *testing.T) {
	key := deviceKey(t, elliptic.P256())
	b := sign(t, key, context(1), 2)
	block := b.blocks[0].Bytes
	const end = 51 + 2*16
	signed := slices.Concat(
		[]byte("Crossband 1 burst\x00"),
		b.context.Channel[:],
		[]byte{0, 0, 0, 0, 0, 0, 0, 9}, // epoch
		[]byte{0, 0, 0, 4},             // leaf
		block[:end],
	)
	digest := sha256.Sum256(signed)
	if !ecdsa.VerifyASN1(&key.PublicKey, digest[:], block[end:]) {
		t.Error("the signature is not over what is documented")
	}
	hash := sha256.Sum256(b.sealed[1])
	if !bytes.Equal(block[51+16:end], hash[:16]) {
		t.Error("the frame's hash is not where it is documented")
	}
	v := NewBurstVerifier(b.context)
	v.Frame(0, b.sealed[0])
	v.Frame(0, b.sealed[0])
	if r := v.Result(); r.Waiting != 1 {
		t.Errorf("one frame, given twice: %+v", r)
	}
}

func TestBurstWithLosses(t *testing.T) {
	b := sign(t, deviceKey(t, elliptic.P256()), context(1), 130)
	v := NewBurstVerifier(b.context)
	b.block(t, v, 1, nil) // blocks before their frames, and in any order
	b.block(t, v, 0, nil)
	for i := 0; i < 130; i += 3 {
		v.Frame(uint32(i), b.sealed[i])
	}
	if r := v.Result(); r.Verified != 34 || r.Waiting != 10 || r.Complete || r.Genuine() {
		t.Errorf("before the last block: %+v", r)
	}
	b.block(t, v, 2, nil)
	b.block(t, v, 2, nil)
	if r := v.Result(); r.Verified != 44 || !r.Genuine() || r.Length != 130 {
		t.Errorf("two frames in three lost: %+v", r)
	}

	v = NewBurstVerifier(b.context) // block 0 is lost
	for i, f := range b.sealed {
		v.Frame(uint32(i), f)
	}
	b.block(t, v, 2, nil)
	b.block(t, v, 1, nil)
	if r := v.Result(); r.Verified != 80 || r.Waiting+r.Unsigned != 50 || r.Forged != 0 || r.Genuine() {
		t.Errorf("first block lost: %+v", r)
	}
}

func TestBurstForgedFrame(t *testing.T) {
	b := sign(t, deviceKey(t, elliptic.P256()), context(1), 60)
	for why, forge := range map[string]func(v *BurstVerifier){
		"instead of the genuine": func(v *BurstVerifier) { v.Frame(20, []byte("forged")) },
		"beside the genuine":     func(v *BurstVerifier) { v.Frame(20, b.sealed[20]); v.Frame(20, []byte("forged")) },
		"moved":                  func(v *BurstVerifier) { v.Frame(20, b.sealed[21]) },
		"after the end":          func(v *BurstVerifier) { v.Frame(60, []byte("forged")) },
	} {
		before := NewBurstVerifier(b.context)
		forge(before)
		b.block(t, before, 0, nil)
		b.block(t, before, 1, nil)
		after := NewBurstVerifier(b.context)
		b.block(t, after, 0, nil)
		b.block(t, after, 1, nil)
		forge(after)
		for _, v := range []*BurstVerifier{before, after} {
			if r := v.Result(); r.Forged != 1 || r.Genuine() {
				t.Errorf("%s: %+v", why, r)
			}
		}
	}
}

// Another member knows the group's key, so it can seal in the victim's name;
// it has no means to sign so.
func TestBurstByAnotherMember(t *testing.T) {
	victim, other := deviceKey(t, elliptic.P256()), deviceKey(t, elliptic.P256())
	forged := sign(t, other, context(1), 60)
	v := NewBurstVerifier(forged.context)
	for i, f := range forged.sealed {
		v.Frame(uint32(i), f)
	}
	for _, b := range forged.blocks {
		if err := v.Block(forged.epoch, b.Bytes, victim.Public()); !errors.Is(err, ErrBlockSignature) {
			t.Errorf("the other's signature as the victim's: %v", err)
		}
	}
	if r := v.Result(); r.Verified != 0 || r.Waiting != 60 || r.Genuine() {
		t.Errorf("%+v", r)
	}
}

func TestBurstReplayedElsewhere(t *testing.T) {
	key := deviceKey(t, elliptic.P384())
	b := sign(t, key, context(1), 60)
	other := context(1)
	other.Channel[5]++
	leaf := context(1)
	leaf.Leaf++
	for why, tt := range map[string]struct {
		c     BurstContext
		epoch uint64
		want  error
	}{
		"another channel": {other, 9, ErrBlockSignature},
		"another leaf":    {leaf, 9, ErrBlockSignature},
		"another epoch":   {context(1), 8, ErrBlockSignature},
		"another burst":   {context(2), 9, ErrBlock},
	} {
		v := NewBurstVerifier(tt.c)
		v.Frame(0, b.sealed[0])
		if err := v.Block(tt.epoch, b.blocks[0].Bytes, b.public); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", why, err, tt.want)
		}
		if r := v.Result(); r.Waiting != 1 || r.Verified != 0 {
			t.Errorf("%s: %+v", why, r)
		}
	}
}

func TestBurstCutSwappedAndContradicted(t *testing.T) {
	key := deviceKey(t, elliptic.P256())
	b := sign(t, key, context(1), 120)

	cut := NewBurstVerifier(b.context)
	for i, f := range b.sealed[:50] {
		cut.Frame(uint32(i), f)
	}
	b.block(t, cut, 0, nil)
	if r := cut.Result(); r.Verified != 50 || r.Complete || r.Genuine() {
		t.Errorf("the end cut off: %+v", r)
	}

	swapped := bytes.Clone(b.blocks[0].Bytes)
	copy(swapped[10:14], b.blocks[1].Bytes[10:14]) // block 0 as block 1
	if err := cut.Block(b.epoch, swapped, b.public); !errors.Is(err, ErrBlockSignature) {
		t.Errorf("a block under another's number: %v", err)
	}

	twin := sign(t, key, context(1), 220) // a second burst under the same id
	for _, pair := range [][2]int{{0, 0}, {1, 1}, {0, 1}, {1, 0}, {2, 1}, {2, 3}, {2, 4}} {
		v := NewBurstVerifier(b.context)
		b.block(t, v, pair[0], nil)
		twin.block(t, v, pair[1], ErrBlockChain)
		if r := v.Result(); !r.Contradicted || r.Genuine() {
			t.Errorf("blocks %v of two bursts: %+v", pair, r)
		}
		v = NewBurstVerifier(b.context)
		twin.block(t, v, pair[1], nil)
		b.block(t, v, pair[0], ErrBlockChain)
	}
}

func TestBlockTruncatedAndChanged(t *testing.T) {
	b := sign(t, deviceKey(t, elliptic.P256()), context(1), 3)
	good := b.blocks[0].Bytes
	v := NewBurstVerifier(b.context)
	for cut := range good {
		if err := v.Block(b.epoch, good[:cut], b.public); err == nil {
			t.Errorf("cut to %d of %d octets", cut, len(good))
		}
	}
	for at := range good {
		bad := bytes.Clone(good)
		bad[at] ^= 0x01
		if err := v.Block(b.epoch, bad, b.public); err == nil {
			t.Errorf("octet %d changed", at)
		}
	}
	if len(v.blocks) != 0 || v.Result() != (BurstResult{}) {
		t.Errorf("refused blocks left %+v", v.Result())
	}
	b.block(t, v, 0, nil)
}

func TestBurstKeysAndBounds(t *testing.T) {
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []crypto.Signer{ed, deviceKey(t, elliptic.P521())} {
		if _, err := NewBurstSigner(context(1), key, rand.Reader); !errors.Is(err, curve.ErrKey) {
			t.Errorf("%T: %v", key, err)
		}
	}
	v := NewBurstVerifier(context(1))
	for i := range uint32(10_000) {
		v.Frame(i, []byte{byte(i), byte(i >> 8)})
	}
	if r := v.Result(); r.Waiting != maxPending || r.Unsigned != 10_000-maxPending {
		t.Errorf("%+v", r)
	}
	s, err := NewBurstSigner(context(1), deviceKey(t, elliptic.P256()), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Block(1, false); err == nil {
		t.Error("a block of nothing that is not the last")
	}
	long := sign(t, deviceKey(t, elliptic.P256()), context(3), 40*BlockFrames)
	v = NewBurstVerifier(long.context)
	long.feed(t, v)
	if r := v.Result(); !r.Genuine() || len(v.blocks) > maxBlocks {
		t.Errorf("40 seconds: %+v, %d blocks kept", r, len(v.blocks))
	}
}

func FuzzParseBlock(f *testing.F) {
	for _, n := range []int{0, 1, 60} {
		for _, b := range sign(f, deviceKey(f, elliptic.P256()), context(1), n).blocks {
			f.Add(b.Bytes)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		blk, signed, signature, err := parseBlock(b)
		if err != nil {
			return
		}
		if back := append(blk.appendTo(nil), signature...); !bytes.Equal(back, b) || len(signed)+len(signature) != len(b) {
			t.Fatalf("%x is written %x", b, back)
		}
	})
}
