package curve_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"errors"
	"testing"

	"crossband/crypto/curve"
)

func TestEachCurveHasItsHash(t *testing.T) {
	for c, want := range map[elliptic.Curve]crypto.Hash{elliptic.P256(): crypto.SHA256, elliptic.P384(): crypto.SHA384} {
		if h, err := curve.Hash(&ecdsa.PublicKey{Curve: c}); h != want || err != nil || !h.Available() {
			t.Errorf("%s: %v, %v", c.Params().Name, h, err)
		}
	}
	for _, other := range []crypto.PublicKey{nil, ed25519.PublicKey{}, &ecdsa.PublicKey{Curve: elliptic.P521()}, &ecdsa.PublicKey{}, ecdsa.PublicKey{Curve: elliptic.P256()}} {
		if h, err := curve.Hash(other); !errors.Is(err, curve.ErrKey) || h != 0 {
			t.Errorf("%T: %v, %v", other, h, err)
		}
	}
}
