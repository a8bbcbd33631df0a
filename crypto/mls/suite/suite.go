// Package suite holds the cipher suites of MLS (RFC 9420 5.1, 17.1) and the
// labelled operations built on them: hashes, signatures, key derivation and
// HPKE. It keeps no state and no keys of its own.
//
// Everything comes from the standard library. Suite 3 needs ChaCha20-Poly1305 and
// suites 4 and 6 need X448, which it does not offer; suite 5 (P-521) would work,
// but no policy asks for it.
package suite

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/elliptic"
	"crypto/hpke"
	"crypto/sha256"
	"crypto/sha512"
	"errors"
	"fmt"
	"hash"
)

// ID is a cipher suite number (RFC 9420 17.1).
type ID uint16

// The suites built here. P384 is the default between agencies, P256 is for
// small devices.
const (
	X25519AES128 ID = 1 // MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519
	P256AES128   ID = 2 // MLS_128_DHKEMP256_AES128GCM_SHA256_P256
	P384AES256   ID = 7 // MLS_256_DHKEMP384_AES256GCM_SHA384_P384
)

// Errors that name the rule an operation broke.
var (
	ErrUnsupported  = errors.New("mls: cipher suite is not supported")
	ErrPublicKey    = errors.New("mls: public key is not a valid key of the suite (an uncompressed point on the curve, or 32 octets)")
	ErrPrivateKey   = errors.New("mls: private key is not a valid key of the suite")
	ErrSignature    = errors.New("mls: signature does not verify")
	ErrSigner       = errors.New("mls: signer's key type is not the suite's")
	ErrDecrypt      = errors.New("mls: ciphertext does not open")
	ErrExportLength = errors.New("mls: derived secret is longer than 65535 octets or than the KDF allows")
)

// Suite is one row of the table. The zero value is no suite; Lookup makes them.
type Suite struct {
	id    ID
	kem   hpke.KEM
	kdf   hpke.KDF
	aead  hpke.AEAD
	keyN  int
	newH  func() hash.Hash
	hash  crypto.Hash
	curve elliptic.Curve // nil means Ed25519
}

// Supported lists the suites that Lookup knows, the preferred one first.
func Supported() []ID { return []ID{P384AES256, P256AES128, X25519AES128} }

// Lookup finds a suite.
func Lookup(id ID) (Suite, error) {
	s := Suite{id: id, keyN: 16, newH: sha256.New, hash: crypto.SHA256, kdf: hpke.HKDFSHA256(), aead: hpke.AES128GCM()}
	switch id {
	case X25519AES128:
		s.kem = hpke.DHKEM(ecdh.X25519())
	case P256AES128:
		s.kem, s.curve = hpke.DHKEM(ecdh.P256()), elliptic.P256()
	case P384AES256:
		s.kem, s.curve = hpke.DHKEM(ecdh.P384()), elliptic.P384()
		s.keyN, s.newH, s.hash = 32, sha512.New384, crypto.SHA384
		s.kdf, s.aead = hpke.HKDFSHA384(), hpke.AES256GCM()
	default:
		return Suite{}, fmt.Errorf("%w: %d", ErrUnsupported, id)
	}
	return s, nil
}

// ID is the suite's number.
func (s Suite) ID() ID { return s.id }

// HashSize is KDF.Nh.
func (s Suite) HashSize() int { return s.hash.Size() }

// KeySize is AEAD.Nk.
func (s Suite) KeySize() int { return s.keyN }

// NonceSize is AEAD.Nn, 12 for every suite here.
func (s Suite) NonceSize() int { return 12 }

// AEAD is the suite's cipher under key.
func (s Suite) AEAD(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}
