package identity

import (
	"crypto"
	"testing"
)

// onlySigns is a key that cannot be read, as one in hardware.
type onlySigns struct{ crypto.Signer }

func TestDerivedSecretsStayWithTheKey(t *testing.T) {
	auth := newAuthority(t, "usbp.example", noon())
	relay := func() *Identity { return issue(t, auth, "spiffe://usbp.example/relay/r1", noon()) }
	id, other := relay(), relay()
	secret := id.Derive("stateless reset")
	again := *id
	again.Chain = other.Chain // another certificate: what is derived hangs on the key alone
	locked := *id
	locked.Key = onlySigns{id.Key}
	for _, c := range []struct {
		why   string
		got   [32]byte
		equal bool
	}{
		{"asked again", id.Derive("stateless reset"), true},
		{"under another certificate", again.Derive("stateless reset"), true},
		{"under another label", id.Derive("another"), false},
		{"of another key", other.Derive("stateless reset"), false},
		{"of a key that cannot be read", locked.Derive("stateless reset"), false},
	} {
		if (c.got == secret) != c.equal {
			t.Errorf("the secret %s is equal: %v, want %v", c.why, !c.equal, c.equal)
		}
	}
	if secret == ([32]byte{}) || locked.Derive("stateless reset") != ([32]byte{}) {
		t.Error("none is told by zeros, and one is not zeros")
	}
}
