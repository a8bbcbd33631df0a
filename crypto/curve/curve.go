// Package curve says which hash goes with which of the curves that a device's key
// may be on: NIST SP 800-57 part 1, 5.6.1 wants equal strength.
package curve

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	_ "crypto/sha256" // crypto.SHA256
	_ "crypto/sha512" // crypto.SHA384
	"errors"
	"fmt"
)

// ErrKey says that a key is of no kind that a device may have.
var ErrKey = errors.New("not an ECDSA key on P-256 or P-384")

// Hash returns the hash for what a device's key signs.
func Hash(pub crypto.PublicKey) (crypto.Hash, error) {
	key, ok := pub.(*ecdsa.PublicKey)
	if !ok {
		return 0, fmt.Errorf("%w: %T", ErrKey, pub)
	}
	switch key.Curve {
	case elliptic.P256():
		return crypto.SHA256, nil
	case elliptic.P384():
		return crypto.SHA384, nil
	}
	return 0, ErrKey
}
