package identity

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"fmt"
	"testing"
	"time"
)

func digestOf(i int) [sha256.Size]byte {
	return sha256.Sum256(binary.BigEndian.AppendUint64(nil, uint64(i)))
}

// TestOnlySuccessIsRemembered: a failure is tried again each time, a success never,
// and each is counted.
func TestOnlySuccessIsRemembered(t *testing.T) {
	store := storeOf(t, newAuthority(t, "usbp.example", noon()))
	calls, fail := 0, errors.New("bad")
	try := func(err error) error {
		return store.Once(digestOf(1), func() error { calls++; return err })
	}
	for i := 1; i <= 3; i++ {
		if err := try(fail); err != fail || calls != i {
			t.Fatalf("failure %d: %v after %d calls", i, err, calls)
		}
	}
	ok(t, try(nil))
	ok(t, try(fail)) // found good before: not called
	if calls != 4 {
		t.Errorf("%d calls, want 4", calls)
	}
	if c := store.VerifiedCounters(); c != (Counters{Spared: 1, Made: 4}) {
		t.Errorf("counters %+v", c)
	}
}

// TestTheMemoryIsBounded: no more than MaxVerified are kept, what is in use stays,
// and what goes is counted.
func TestTheMemoryIsBounded(t *testing.T) {
	store := storeOf(t, newAuthority(t, "usbp.example", noon()))
	for i := range 3 * MaxVerified {
		ok(t, store.Once(digestOf(i), func() error { return nil }))
		ok(t, store.Once(digestOf(0), func() error { return nil }))
		if n := len(store.verified.young) + len(store.verified.old); n > MaxVerified {
			t.Fatalf("%d are remembered after %d", n, i+1)
		}
	}
	kept := true
	ok(t, store.Once(digestOf(0), func() error { kept = false; return nil }))
	forgot := false
	ok(t, store.Once(digestOf(1), func() error { forgot = true; return nil }))
	if c := store.VerifiedCounters(); !kept || !forgot || c.Forgotten < MaxVerified {
		t.Errorf("in use: kept %v; the oldest: forgotten %v; %+v", kept, forgot, c)
	}
}

// TestAMembersPathIsVerifiedOnce, and what can change about it is judged each time:
// its times, revocation, and whose roots are trusted.
func TestAMembersPathIsVerifiedOnce(t *testing.T) {
	us := newAuthority(t, "usbp.example", noon())
	mx := newAuthority(t, "gn.example", noon())
	store := storeOf(t, us, mx)
	var units []*Identity
	for _, label := range []string{"a", "b", "c"} {
		units = append(units, issue(t, us, "spiffe://usbp.example/unit/"+label, noon()))
	}
	member := func(chain [][]byte, at time.Time) error {
		return failed(store.VerifyPeer(chain, UsageMember, at))
	}
	for range 3 {
		for _, id := range units {
			ok(t, member(id.Chain, noon()))
		}
	}
	// Three leaves and the authority that they share; the rest was recalled.
	if c := store.VerifiedCounters(); c.Made != 4 || c.Spared != 14 {
		t.Errorf("counters %+v, want 4 made of 18", c)
	}
	a := units[0].Chain
	wantFault(t, member(a, noon().Add(EndpointLife+time.Hour)), Expired, "a known chain after its time")
	wantFault(t, member(a, noon().Add(-time.Hour)), NotYetValid, "a known chain before its time")
	flipped := [][]byte{flipLast(a[0]), a[1]}
	for range 2 {
		wantFault(t, member(flipped, noon()), UnknownAuthority, "a known chain with another signature")
	}
	crossed := [][]byte{a[0], issue(t, mx, "spiffe://gn.example/unit/a", noon()).Chain[1]}
	wantFault(t, member(crossed, noon()), Malformed, "a known leaf below another authority")

	ok(t, store.ApplyRevocations(must(us.Revoke(units[1].Name, noon().Add(time.Hour)))(t), noon().Add(time.Hour)))
	wantFault(t, member(units[1].Chain, noon().Add(time.Hour)), Revoked, "a known chain that was taken back")
	ok(t, member(a, noon().Add(time.Hour)))

	ok(t, store.update(func(next *snapshot) error { next.agencies[us.Agency()] = mustRoot(t); return nil }))
	wantFault(t, member(a, noon()), UnknownAuthority, "a known chain when its root is no longer trusted")
}

// mustRoot is the bundle of another authority of the same agency.
func mustRoot(t *testing.T) *Bundle { return newAuthority(t, "usbp.example", noon()).Bundle() }

// TestConstraintsOfOtherKinds: what an authority or its root excludes is excluded,
// although the path is taken in two steps.
func TestConstraintsOfOtherKinds(t *testing.T) {
	w := newTwoAgencies(t)
	for _, c := range []struct {
		why      string
		excluded []string
		good     bool
	}{
		{"nothing is excluded", nil, true},
		{"another domain is excluded", []string{"gn.example"}, true},
		{"its own domain is excluded", []string{"usbp.example"}, false},
	} {
		change := func(c509 *x509.Certificate) { c509.ExcludedURIDomains = c.excluded }
		try := func(where string, below forger) {
			chain := [][]byte{below.leaf(t, []string{eagle}, nil), below.cert.Raw}
			for range 2 {
				if _, err := w.store.VerifyPeer(chain, UsageMember, noon()); (err == nil) != c.good {
					t.Errorf("%s by the %s: %v", c.why, where, err)
				}
			}
		}
		try("authority", w.usRoot.authority(t, "usbp.example", change))
		root := w.usRoot.authority(t, "usbp.example", func(c509 *x509.Certificate) {
			change(c509)
			c509.MaxPathLen, c509.MaxPathLenZero = 1, false
		})
		below := root.authority(t, "usbp.example", nil)
		ok(t, w.store.update(func(next *snapshot) error {
			next.agencies["usbp.example"] = &Bundle{Agency: "usbp.example", Root: root.cert}
			return nil
		}))
		try("root", below)
		ok(t, w.store.update(func(next *snapshot) error {
			next.agencies["usbp.example"] = &Bundle{Agency: "usbp.example", Root: w.usRoot.cert}
			return nil
		}))
	}
}

// TestKnownChainsAreRevoked: what lists may name in a chain is read once; a list
// that comes later counts at once.
func TestKnownChainsAreRevoked(t *testing.T) {
	us := newAuthority(t, "usbp.example", noon())
	store := storeOf(t, us)
	var ids []*Identity
	for i := range 16 { // as many that their lengths cannot tell them apart
		ids = append(ids, issue(t, us, fmt.Sprintf("spiffe://usbp.example/unit/u%02d", i), noon()))
	}
	at := noon().Add(time.Hour)
	for i, id := range ids {
		ok(t, store.ApplyRevocations(must(us.Revoke(id.Name, at))(t), at))
		for j, other := range ids {
			if j > i {
				ok(t, store.Revoked(other.Chain))
				continue
			}
			wantFault(t, store.Revoked(other.Chain), Revoked, "by a list that came when the chain was known")
		}
		at = at.Add(time.Minute)
	}
	if n := len(store.known.young); n != len(ids) {
		t.Errorf("%d chains are known, want %d", n, len(ids))
	}
	wantFault(t, store.Revoked(ids[0].Chain[:1]), Revoked, "the same leaf alone")
}
