package sframe

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"encoding/binary"
	"hash"
	"slices"
)

// ctrHMAC is AES-CTR with a truncated HMAC, RFC 9605 section 4.5.1. Only the
// published vectors use it: see Suite.ForChannel.
type ctrHMAC struct {
	block cipher.Block
	mac   hash.Hash
	tag   int
}

// newCTRHMAC splits the key: enc_key first, auth_key behind it.
func newCTRHMAC(p suiteParams, raw []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(raw[:p.encLen])
	if err != nil {
		return nil, err
	}
	return &ctrHMAC{block: block, mac: hmac.New(p.hash.New, raw[p.encLen:]), tag: p.tagLen}, nil
}

func (c *ctrHMAC) NonceSize() int { return nonceLen }
func (c *ctrHMAC) Overhead() int  { return c.tag }

func (c *ctrHMAC) Seal(dst, nonce, plaintext, aad []byte) []byte {
	start := len(dst)
	dst = slices.Grow(dst, len(plaintext)+c.tag)[:start+len(plaintext)]
	c.xor(dst[start:], nonce, plaintext)
	return append(dst, c.sum(nonce, aad, dst[start:])...)
}

func (c *ctrHMAC) Open(dst, nonce, sealed, aad []byte) ([]byte, error) {
	if len(sealed) < c.tag {
		return nil, ErrTag
	}
	body, tag := sealed[:len(sealed)-c.tag], sealed[len(sealed)-c.tag:]
	if !hmac.Equal(tag, c.sum(nonce, aad, body)) { // constant time
		return nil, ErrTag
	}
	start := len(dst)
	dst = slices.Grow(dst, len(body))[:start+len(body)]
	c.xor(dst[start:], nonce, body)
	return dst, nil
}

// xor runs AES-CTR from the counter block nonce || 0x00000000.
func (c *ctrHMAC) xor(dst, nonce, src []byte) {
	var iv [aes.BlockSize]byte
	copy(iv[:], nonce)
	cipher.NewCTR(c.block, iv[:]).XORKeyStream(dst, src)
}

// sum computes the tag over the three lengths (8 octets each), nonce, aad and
// ciphertext; the lengths keep one triple from reading as another.
func (c *ctrHMAC) sum(nonce, aad, body []byte) []byte {
	var lengths [24]byte
	binary.BigEndian.PutUint64(lengths[0:], uint64(len(aad)))
	binary.BigEndian.PutUint64(lengths[8:], uint64(len(body)))
	binary.BigEndian.PutUint64(lengths[16:], uint64(c.tag))
	c.mac.Reset()
	for _, part := range [][]byte{lengths[:], nonce, aad, body} {
		c.mac.Write(part)
	}
	return c.mac.Sum(nil)[:c.tag]
}
