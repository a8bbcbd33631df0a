package suite

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/subtle"
	"encoding/binary"

	"crossband/crypto/mls/syntax"
)

// labelPrefix starts every label of this protocol version (RFC 9420 5.1.2, 5.1.3, 8).
const labelPrefix = "MLS 1.0 "

// Hash is the suite's hash of data.
func (s Suite) Hash(data []byte) []byte {
	h := s.newH()
	h.Write(data)
	return h.Sum(nil)
}

// RefHash makes the short names of objects (RFC 9420 5.2). The label is taken
// as it stands, without the version prefix.
func (s Suite) RefHash(label string, value []byte) []byte {
	return s.Hash(syntax.AppendBytes(syntax.AppendString(nil, label), value))
}

// MAC is HMAC with the suite's hash (RFC 9420 5.1).
func (s Suite) MAC(key, data []byte) []byte {
	m := hmac.New(s.newH, key)
	m.Write(data)
	return m.Sum(nil)
}

// VerifyMAC compares in constant time; a tag of another length never matches.
func (s Suite) VerifyMAC(key, data, tag []byte) bool {
	want := s.MAC(key, data)
	return len(tag) == len(want) && subtle.ConstantTimeCompare(want, tag) == 1
}

// Extract is KDF.Extract (RFC 9420 8).
func (s Suite) Extract(salt, ikm []byte) []byte {
	// hkdf.Extract fails only in FIPS-only mode for hashes that are not
	// approved; SHA-2 is.
	out, err := hkdf.Extract(s.newH, ikm, salt)
	if err != nil {
		panic("mls suite: internal error: " + err.Error())
	}
	return out
}

// ExpandWithLabel is the labelled KDF.Expand (RFC 9420 8).
func (s Suite) ExpandWithLabel(secret []byte, label string, context []byte, length int) ([]byte, error) {
	if length < 0 || length > 0xffff || length > 255*s.HashSize() {
		return nil, ErrExportLength
	}
	info := syntax.AppendUint16(nil, uint16(length))
	info = syntax.AppendString(info, labelPrefix+label)
	info = syntax.AppendBytes(info, context)
	return hkdf.Expand(s.newH, secret, string(info), length)
}

// Derive is ExpandWithLabel for lengths that are constants of the suite, which
// cannot be out of range.
func (s Suite) Derive(secret []byte, label string, context []byte, length int) []byte {
	out, err := s.ExpandWithLabel(secret, label, context, length)
	if err != nil {
		panic("mls suite: internal error: " + err.Error())
	}
	return out
}

// DeriveSecret is ExpandWithLabel with no context and the hash length (RFC 9420 8).
func (s Suite) DeriveSecret(secret []byte, label string) []byte {
	return s.Derive(secret, label, nil, s.HashSize())
}

// DeriveTreeSecret binds a derived secret to a generation (RFC 9420 9.1).
func (s Suite) DeriveTreeSecret(secret []byte, label string, generation uint32, length int) []byte {
	return s.Derive(secret, label, binary.BigEndian.AppendUint32(nil, generation), length)
}
