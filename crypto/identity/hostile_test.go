package identity

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
)

// held writes down all that a trust store decides by.
func held(s *TrustStore) string {
	b := fmt.Appendf(nil, "list %x\n", s.TrustList())
	for _, a := range s.Agencies() {
		b = fmt.Appendf(b, "%s %x\n", a, s.Bundle(a).Export())
	}
	for _, r := range s.Revocations() {
		b = fmt.Appendf(b, "revoked %x\n", r)
	}
	return string(b)
}

// spoilt lists what can become of a document on its way: cut anywhere, an
// octet more, a bit turned anywhere. Every step-th place is tried.
func spoilt(doc []byte, step int) [][]byte {
	list := [][]byte{nil, append(slices.Clone(doc), 0)}
	for i := 0; i < len(doc); i += step {
		turned := slices.Clone(doc)
		turned[i] ^= 1 << (i % 8)
		list = append(list, doc[:i], turned)
	}
	return append(list, doc[:len(doc)-1], flipLast(doc))
}

// TestHostileListsChangeNothing: whatever is wrong with a trust or revocation
// list, the store decides afterwards as before, and takes the next good one.
func TestHostileListsChangeNothing(t *testing.T) {
	us, mx := newAuthority(t, "usbp.example", noon()), newAuthority(t, "gn.example", noon())
	twin := newAuthority(t, "usbp.example", noon())
	store := storeOf(t, us)
	first := must(us.TrustList(noon()))(t)
	ok(t, store.ApplyTrustList(first, noon()))
	ok(t, store.ApplyRevocations(must(us.Revoke(name(t, "spiffe://usbp.example/unit/lost"), noon()))(t), noon()))

	ok(t, us.Pins().Pin(mx.Bundle(), mx.Bundle().Fingerprint(), noon()))
	now := noon().Add(day)
	trust := must(us.TrustList(now))(t)
	revoked := must(us.Revoke(name(t, "spiffe://usbp.example/unit/stolen"), now))(t)
	refused := func(kind string, apply func([]byte) error, docs ...[]byte) {
		t.Helper()
		for i, doc := range docs {
			before := held(store)
			if apply(doc) == nil {
				t.Errorf("%s %d of %d octets was accepted", kind, i, len(doc))
			}
			if held(store) != before {
				t.Fatalf("%s %d was refused and changed the store", kind, i)
			}
		}
	}
	lists := func(b []byte) error { return store.ApplyTrustList(b, now) }
	revocations := func(b []byte) error { return store.ApplyRevocations(b, now) }
	refused("trust list", lists, spoilt(trust, 41)...)
	refused("another's trust list", lists, must(twin.TrustList(now))(t), must(mx.TrustList(now))(t), revoked)
	refused("revocation list", revocations, spoilt(revoked, 13)...)
	refused("another's revocation list", revocations, must(twin.Revoke(name(t, "spiffe://usbp.example/unit/a"), now))(t), trust)

	ok(t, store.ApplyRevocations(revoked, now))
	ok(t, store.ApplyTrustList(trust, now))
	if store.Bundle("gn.example") == nil || !bytes.Equal(store.TrustList(), trust) {
		t.Error("the good list that came after is not in force")
	}
	refused("the list of before", lists, first)
}
