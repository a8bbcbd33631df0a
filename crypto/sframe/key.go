package sframe

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"encoding/binary"
	"fmt"
	"hash"
)

// key is the pair (sframe_key, sframe_salt) of one KID. It holds scratch
// space, so that sealing and opening allocate nothing.
type key struct {
	aead  cipher.AEAD
	salt  [nonceLen]byte
	nonce [nonceLen]byte // scratch
	aad   []byte         // scratch: header, then metadata
}

// newKey derives the key of a KID, RFC 9605 section 4.4.2:
//
//	sframe_secret = HKDF-Extract("", base_key)
//	sframe_key    = HKDF-Expand(sframe_secret, sframe_key_label, AEAD.Nk)
//	sframe_salt   = HKDF-Expand(sframe_secret, sframe_salt_label, AEAD.Nn)
func newKey(suite Suite, kid uint64, baseKey []byte) (*key, error) {
	p, err := suite.params()
	if err != nil {
		return nil, err
	}
	newHash := func() hash.Hash { return p.hash.New() }
	secret, err := hkdf.Extract(newHash, baseKey, nil)
	if err != nil {
		return nil, fmt.Errorf("extracting the frame secret: %w", err)
	}
	defer clear(secret)
	raw, err := hkdf.Expand(newHash, secret, keyLabel(suite, kid), p.keyLen())
	if err != nil {
		return nil, fmt.Errorf("expanding the frame key: %w", err)
	}
	defer clear(raw)
	salt, err := hkdf.Expand(newHash, secret, saltLabel(suite, kid), nonceLen)
	if err != nil {
		return nil, fmt.Errorf("expanding the frame salt: %w", err)
	}
	k := &key{}
	copy(k.salt[:], salt)
	k.aead, err = p.newAEAD(raw)
	return k, err
}

func (p suiteParams) newAEAD(raw []byte) (cipher.AEAD, error) {
	if p.macLen != 0 {
		return newCTRHMAC(p, raw)
	}
	block, err := aes.NewCipher(raw)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// keyLabel is "SFrame 1.0 Secret key " || KID (8 octets) || suite (2 octets).
func keyLabel(suite Suite, kid uint64) string {
	return "SFrame 1.0 Secret key " + labelTail(suite, kid)
}

func saltLabel(suite Suite, kid uint64) string {
	return "SFrame 1.0 Secret salt " + labelTail(suite, kid)
}

func labelTail(suite Suite, kid uint64) string {
	var b [10]byte
	binary.BigEndian.PutUint64(b[:8], kid)
	binary.BigEndian.PutUint16(b[8:], uint16(suite))
	return string(b[:])
}

// bind sets up the nonce and the associated data of one frame, RFC 9605
// section 4.4.3: nonce = salt XOR counter, aad = header || metadata.
func (k *key) bind(ctr uint64, header, metadata []byte) {
	k.nonce = k.salt
	tail := k.nonce[nonceLen-8:]
	binary.BigEndian.PutUint64(tail, binary.BigEndian.Uint64(tail)^ctr)
	k.aad = append(append(k.aad[:0], header...), metadata...)
}

// seal appends ciphertext and tag to dst.
func (k *key) seal(dst []byte, ctr uint64, header, metadata, plaintext []byte) []byte {
	k.bind(ctr, header, metadata)
	return k.aead.Seal(dst, k.nonce[:], plaintext, k.aad)
}

// open appends the plaintext to dst, or returns ErrTag.
func (k *key) open(dst []byte, ctr uint64, header, metadata, sealed []byte) ([]byte, error) {
	k.bind(ctr, header, metadata)
	out, err := k.aead.Open(dst, k.nonce[:], sealed, k.aad)
	if err != nil {
		return nil, ErrTag
	}
	return out, nil
}

// wipe zeroes what this package holds of the key.
func (k *key) wipe() {
	clear(k.salt[:])
	clear(k.nonce[:])
	k.aead = nil
}
