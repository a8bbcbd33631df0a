package record

import (
	"crypto/sha256"
	"encoding/hex"
)

// Digest is a SHA-256 value. In entries it is written as 64 lower-case
// hexadecimal digits.
type Digest [sha256.Size]byte

// DigestOf returns the SHA-256 of data.
func DigestOf(data []byte) Digest { return sha256.Sum256(data) }

// String returns the digest in hexadecimal.
func (d Digest) String() string { return hex.EncodeToString(d[:]) }

// ParseDigest reads what String wrote and nothing else.
func ParseDigest(s string) (d Digest, err error) { return d, readHex(d[:], s) }

// readHex fills dst from lower-case hexadecimal of exactly its length.
func readHex(dst []byte, s string) error {
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != len(dst) || hex.EncodeToString(b) != s {
		return refuse(Malformed, "%.80q is not %d lower-case hexadecimal digits", s, 2*len(dst))
	}
	copy(dst, b)
	return nil
}
