package voice

import (
	"crypto"
	"crypto/sha256"
	"fmt"
	"io"
)

// BurstSigner signs what one burst sent. After each sealed frame call Add;
// when it says so, and once more after the last frame, send a Block.
type BurstSigner struct {
	context BurstContext
	key     crypto.Signer
	random  io.Reader
	next    block
	over    bool
}

// NewBurstSigner starts a burst. The key is the device's, on P-256 or P-384;
// random feeds its signatures.
func NewBurstSigner(c BurstContext, key crypto.Signer, random io.Reader) (*BurstSigner, error) {
	if _, _, err := blockDigest(key.Public(), c, 0, nil); err != nil {
		return nil, err
	}
	return &BurstSigner{context: c, key: key, random: random, next: block{burst: c.Burst}}, nil
}

// Add records the next audio frame as it was sealed, in order of index from 0,
// and reports whether a block is due. Signature frames are not added.
func (s *BurstSigner) Add(sealed []byte) (due bool, err error) {
	if s.over || len(s.next.hashes) == BlockFrames {
		return true, fmt.Errorf("%w: no frame fits before the next block", ErrBlock)
	}
	s.next.hashes = append(s.next.hashes, hashFrame(sealed))
	return len(s.next.hashes) == BlockFrames, nil
}

// Block signs the frames added since the last one. The epoch is that of the
// sender which will seal the block. After a final block there is no more.
func (s *BurstSigner) Block(epoch uint64, final bool) (SignedBlock, error) {
	if s.over || len(s.next.hashes) == 0 && !final {
		return SignedBlock{}, fmt.Errorf("%w: nothing to sign", ErrBlock)
	}
	s.next.final = final
	signed := s.next.appendTo(make([]byte, 0, MaxPayload))
	digest, alg, err := blockDigest(s.key.Public(), s.context, epoch, signed)
	if err != nil {
		return SignedBlock{}, err
	}
	signature, err := s.key.Sign(s.random, digest, alg)
	if err != nil {
		return SignedBlock{}, fmt.Errorf("signing a burst: %w", err)
	}
	prev := sha256.Sum256(signed)
	out := SignedBlock{Number: s.next.number, Bytes: append(signed, signature...)}
	s.next = block{
		burst:  s.context.Burst,
		number: s.next.number + 1,
		first:  s.next.end(),
		prev:   prev,
	}
	s.over = final
	return out, nil
}
