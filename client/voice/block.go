package voice

import (
	"crypto"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"

	"crossband/crypto/curve"
)

// A signature block binds the sealed frames of one second to the device that
// sent them. Its octets, before the signature:
//
//	octet 0       version 1
//	octet 1       flags: 1 if this is the burst's last block
//	octets 2-9    burst id
//	octets 10-13  block number, from 0
//	octets 14-17  index of its first frame
//	octet 18      number of frames, 0 to 50 (0 only in a last block)
//	octets 19-50  SHA-256 of the block before without its signature (which others
//	              could vary: ECDSA is malleable); zero in block 0
//	then          for each frame the first 16 octets of SHA-256(sealed frame)
//	then          ECDSA signature, ASN.1, to the end
//
// What is signed is the hash of BlockContext, a zero octet, the channel (32
// octets), the epoch (8), the sender's leaf (4), and those octets.
const (
	// BlockContext separates these signatures from all others a key makes.
	BlockContext = "Crossband 1 burst"
	// BlockFrames is how many frames a full block signs: one second.
	BlockFrames = 50

	blockVersion   = 1
	blockHeaderLen = 51
	blockFinal     = 1 << 0
	frameHashLen   = 16
	maxSigLen      = 104 // ECDSA over P-384 as ASN.1; the whole is at most 955 octets
)

// BurstContext is what a burst's signatures are bound to beyond its frames.
type BurstContext struct {
	Channel [32]byte // the MLS group's identifier
	Leaf    uint32   // the sender's place in it
	Burst   BurstID
}

// SignedBlock is one block as the talker sends it.
type SignedBlock struct {
	Number uint32
	Bytes  []byte
}

type frameHash [frameHashLen]byte

// hashFrame truncates to 128 bits: a second frame with a given hash costs
// 2^128 tries, and a talker who makes two frames collide (2^64) has signed
// both anyway.
func hashFrame(sealed []byte) frameHash {
	sum := sha256.Sum256(sealed)
	return frameHash(sum[:frameHashLen])
}

// block is the parsed form.
type block struct {
	final  bool
	burst  BurstID
	number uint32
	first  uint32
	prev   [sha256.Size]byte
	hashes []frameHash
}

// end returns the index after the block's last frame.
func (b block) end() uint32 { return b.first + uint32(len(b.hashes)) }

func (b block) appendTo(out []byte) []byte {
	flags := byte(0)
	if b.final {
		flags = blockFinal
	}
	out = append(out, blockVersion, flags)
	out = append(out, b.burst[:]...)
	out = binary.BigEndian.AppendUint32(out, b.number)
	out = binary.BigEndian.AppendUint32(out, b.first)
	out = append(out, byte(len(b.hashes)))
	out = append(out, b.prev[:]...)
	for _, h := range b.hashes {
		out = append(out, h[:]...)
	}
	return out
}

// Errors about signature blocks.
var (
	ErrBlock          = errors.New("not a signature block of this burst")
	ErrBlockSignature = errors.New("the block's signature does not match")
	ErrBlockChain     = errors.New("the block contradicts another block of the burst")
)

// parseBlock splits a block into its parts and its signature.
func parseBlock(b []byte) (blk block, signed, signature []byte, err error) {
	if len(b) < blockHeaderLen || len(b) > MaxPayload {
		return block{}, nil, nil, fmt.Errorf("%w: %d octets", ErrBlock, len(b))
	}
	count := int(b[18])
	blk = block{
		final:  b[1] == blockFinal,
		burst:  BurstID(b[2:10]),
		number: binary.BigEndian.Uint32(b[10:]),
		first:  binary.BigEndian.Uint32(b[14:]),
		prev:   [sha256.Size]byte(b[19:51]),
	}
	end := blockHeaderLen + count*frameHashLen
	switch {
	case b[0] != blockVersion || b[1]&^blockFinal != 0:
		return block{}, nil, nil, fmt.Errorf("%w: version %d, flags %#02x", ErrBlock, b[0], b[1])
	case count > BlockFrames || count == 0 && !blk.final:
		return block{}, nil, nil, fmt.Errorf("%w: %d frames", ErrBlock, count)
	case blk.first > MaxBurstFrames || blk.number > MaxBurstFrames:
		return block{}, nil, nil, fmt.Errorf("%w: number %d, first frame %d", ErrBlock, blk.number, blk.first)
	case blk.number == 0 && blk.prev != [sha256.Size]byte{}:
		return block{}, nil, nil, fmt.Errorf("%w: block 0 follows another", ErrBlock)
	case len(b) <= end || len(b) > end+maxSigLen:
		return block{}, nil, nil, fmt.Errorf("%w: %d octets with %d frames", ErrBlock, len(b), count)
	}
	for at := blockHeaderLen; at < end; at += frameHashLen {
		blk.hashes = append(blk.hashes, frameHash(b[at:at+frameHashLen]))
	}
	return blk, b[:end], b[end:], nil
}

// blockDigest hashes what is signed, with the hash that fits the key's curve.
func blockDigest(pub crypto.PublicKey, c BurstContext, epoch uint64, signed []byte) ([]byte, crypto.Hash, error) {
	alg, err := curve.Hash(pub)
	if err != nil {
		return nil, 0, err
	}
	h := alg.New()
	h.Write([]byte(BlockContext))
	h.Write([]byte{0})
	h.Write(c.Channel[:])
	var place [12]byte
	binary.BigEndian.PutUint64(place[:], epoch)
	binary.BigEndian.PutUint32(place[8:], c.Leaf)
	h.Write(place[:])
	h.Write(signed)
	return h.Sum(nil), alg, nil
}
