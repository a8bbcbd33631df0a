package identity

import (
	"crypto/ecdsa"
	"crypto/hkdf"
	"crypto/sha256"
)

// Derive returns a secret that only the holder of the identity's key has, the
// same after every restart and under every certificate of that key, and another
// for each label (HKDF, RFC 5869: the private key is uniform keying material of
// at least 256 bits, and no output tells anything of it). A new key gives new
// secrets. The zero value means that there is none: the key is kept where it
// can only sign.
func (id *Identity) Derive(label string) (secret [32]byte) {
	key, ok := id.Key.(*ecdsa.PrivateKey)
	if !ok {
		return secret
	}
	octets, err := key.Bytes()
	if err != nil {
		return secret
	}
	defer clear(octets)
	b, err := hkdf.Key(sha256.New, octets, nil, "crossband/1 derived "+label, len(secret))
	if err != nil {
		return secret
	}
	copy(secret[:], b)
	return secret
}
