package identity

import (
	"bytes"
	"testing"
	"time"

	"crossband/proto"
)

func TestTrustListTellsDevicesWhomToTrust(t *testing.T) {
	us, mx := newAuthority(t, "usbp.example", noon()), newAuthority(t, "gn.example", noon())
	device := issue(t, us, "spiffe://usbp.example/unit/a", noon())
	partner := issue(t, mx, "spiffe://gn.example/desk/norte", noon())
	store := must(device.TrustStore(noon()))(t)
	_, err := store.VerifyPeer(partner.Chain, UsageMember, noon())
	wantFault(t, err, UnknownAuthority, "an agency before it is in the list")

	ok(t, us.Pins().Pin(mx.Bundle(), mx.Bundle().Fingerprint(), noon()))
	first := store.TrustList()
	list := must(us.TrustList(noon().Add(time.Minute)))(t)
	ok(t, store.ApplyTrustList(list, noon()))
	if _, err := store.VerifyPeer(partner.Chain, UsageMember, noon()); err != nil {
		t.Errorf("a pinned partner's device: %v", err)
	}
	if again := must(us.TrustList(noon().Add(time.Hour)))(t); !bytes.Equal(again, list) {
		t.Error("the list was signed anew though nothing changed")
	}
	if later := must(us.TrustList(noon().Add(25 * time.Hour)))(t); bytes.Equal(later, list) {
		t.Error("the list was not signed anew after a day")
	}
	ok(t, store.ApplyTrustList(list, noon())) // the same again changes nothing
	wantFault(t, store.ApplyTrustList(first, noon()), Stale, "the list of before the partner was pinned")
	if got := store.Agencies(); len(got) != 2 || !bytes.Equal(store.TrustList(), list) {
		t.Errorf("a refused list changed the store: %v", got)
	}

	dir := t.TempDir()
	ok(t, device.Adopt(store).Save(dir, nil))
	again := must(must(Load(dir, nil))(t).TrustStore(noon()))(t)
	wantFault(t, again.ApplyTrustList(first, noon()), Stale, "the older list after a restart")

	ok(t, us.Pins().Unpin("gn.example"))
	ok(t, store.ApplyTrustList(must(us.TrustList(noon().Add(2*time.Minute)))(t), noon()))
	_, err = store.VerifyPeer(partner.Chain, UsageMember, noon())
	wantFault(t, err, UnknownAuthority, "an agency that was taken out of the list")
}

func TestTrustListOfAnotherIsRefused(t *testing.T) {
	us, mx := newAuthority(t, "usbp.example", noon()), newAuthority(t, "gn.example", noon())
	twin := newAuthority(t, "usbp.example", noon())
	own, by := us.Bundle(), us.issuers[0]
	sign := func(by issuer, bundles ...*Bundle) []byte {
		l := &TrustList{Agency: "usbp.example", Sequence: 5, Issued: noon(), Bundles: bundles}
		return must(signAs(by, contextTrust, l.payload(), MaxTrustList))(t)
	}
	verify := func(data []byte) error { return failed(VerifyTrustList(data, own, 0, noon())) }
	ok(t, verify(sign(by, own, mx.Bundle())))
	device := issue(t, us, "spiffe://usbp.example/unit/a", noon())
	leaf := must(device.Leaf())(t)
	wantFault(t, verify(must(mx.TrustList(noon()))(t)), WrongAgency, "a partner's list")
	wantFault(t, verify(must(twin.TrustList(noon()))(t)), PinChanged, "a list with another root for the own agency")
	wantFault(t, verify(sign(twin.issuers[0], own)), UnknownAuthority, "a list signed by an impostor")
	wantFault(t, verify(sign(issuer{cert: leaf, key: device.Key.(privateKey)}, own)), UnknownAuthority, "a list signed by a device")
	wantFault(t, verify(sign(by, mx.Bundle())), Malformed, "a list without the own bundle")
	wantFault(t, verify(sign(by, own, mx.Bundle(), mx.Bundle())), Malformed, "an agency twice")
	wantFault(t, verify(sign(by, own, own)), Malformed, "the own agency as partner")
	list := sign(by, own)
	s := must(parseSigned("", list, MaxTrustList))(t)
	s.Payload = bytes.Clone(s.Payload)
	s.Payload[len(s.Payload)-1] ^= 1
	if verify(s.Encode()) == nil {
		t.Error("a changed list was accepted")
	}
	s.Payload[len(s.Payload)-1] ^= 1
	s.Signature = flipLast(s.Signature)
	wantFault(t, verify(s.Encode()), BadSignature, "a changed signature")
	// A revocation list's signature is not one of a trust list.
	other := must(signAs(by, contextRevoked, s.Payload, MaxTrustList))(t)
	wantFault(t, verify(other), BadSignature, "a signature made for another kind of document")
	_, err := VerifyTrustList(list, own, 0, noon().Add(3*365*day))
	wantFault(t, err, Expired, "a list whose signer has expired")
}

func TestOwnRootRollsOverByTheTrustList(t *testing.T) {
	us := newAuthority(t, "usbp.example", noon())
	device := issue(t, us, "spiffe://usbp.example/unit/a", noon())
	store := must(device.TrustStore(noon()))(t)
	ok(t, failed(us.RollRoot(nil, 60*day, noon().Add(time.Hour))))
	for _, later := range []time.Duration{2 * time.Hour, 40 * day, 70 * day} {
		now := noon().Add(later)
		ok(t, store.ApplyTrustList(must(us.TrustList(now))(t), now))
		id := issue(t, us, "spiffe://usbp.example/unit/b", now)
		if _, err := store.VerifyPeer(id.Chain, UsageMember, now); err != nil {
			t.Errorf("%s after the roll-over: %v", later, err)
		}
	}
	if store.Own().Fingerprint() != us.Bundle().Fingerprint() {
		t.Error("the device did not take the new root")
	}
}

func TestRevokedDeviceIsRefused(t *testing.T) {
	us, mx := newAuthority(t, "usbp.example", noon()), newAuthority(t, "gn.example", noon())
	store := storeOf(t, us, mx)
	lost, kept := issue(t, mx, "spiffe://gn.example/unit/lost", noon()), issue(t, mx, "spiffe://gn.example/unit/kept", noon())
	empty := must(mx.RevocationLists(noon()))(t)[0]
	ok(t, store.ApplyRevocations(empty, noon()))
	list := must(mx.Revoke(lost.Name, noon().Add(time.Hour)))(t)
	now := noon().Add(2 * time.Hour)
	ok(t, store.ApplyRevocations(list, now))
	_, err := store.VerifyPeer(lost.Chain, UsageClient, now)
	wantFault(t, err, Revoked, "a revoked device")
	ok(t, failed(store.VerifyPeer(kept.Chain, UsageClient, now)))
	wantFault(t, store.ApplyRevocations(empty, now), Stale, "an older list later")
	_, err = store.VerifyPeer(lost.Chain, UsageClient, now)
	wantFault(t, err, Revoked, "the refused list changed nothing")
	if number, issued, ok := store.RevocationStatus("gn.example"); !ok || number == 0 || !issued.Equal(noon().Add(time.Hour)) {
		t.Errorf("status is list %d of %s, %v", number, issued, ok)
	}
	anew := issue(t, mx, "spiffe://gn.example/unit/lost", now)
	if _, err := store.VerifyPeer(anew.Chain, UsageClient, now); err != nil {
		t.Errorf("the name, enrolled again after the revocation: %v", err)
	}
	second := must(mx.Revoke(kept.Name, now))(t)
	ok(t, store.ApplyRevocations(second, now))
	for _, id := range []*Identity{lost, kept} {
		_, err = store.VerifyPeer(id.Chain, UsageClient, now)
		wantFault(t, err, Revoked, "a list holds what earlier ones held")
	}
	l := must(ParseRevocationList(second))(t)
	l.Agency = "usbp.example"
	forged := must(signAs(mx.issuers[0], contextRevoked, l.payload(), MaxRevocationList))(t)
	wantFault(t, store.ApplyRevocations(forged, now), WrongAgency, "a partner that revokes the own agency's devices")
	l.Agency = "rcmp.example"
	forged = must(signAs(mx.issuers[0], contextRevoked, l.payload(), MaxRevocationList))(t)
	wantFault(t, store.ApplyRevocations(forged, now), UnknownAuthority, "a list of an agency not trusted")
	wantFault(t, failed(mx.Revoke(name(t, "spiffe://usbp.example/unit/a"), now)), WrongAgency, "revoking a partner's device")

	dir := t.TempDir()
	id := issue(t, us, "spiffe://usbp.example/relay/r", noon())
	ok(t, us.Pins().Pin(mx.Bundle(), mx.Bundle().Fingerprint(), now))
	ok(t, store.ApplyTrustList(must(us.TrustList(now))(t), now))
	ok(t, id.Adopt(store).Save(dir, nil))
	again := must(must(Load(dir, nil))(t).TrustStore(now))(t)
	_, err = again.VerifyPeer(kept.Chain, UsageClient, now)
	wantFault(t, err, Revoked, "a revoked device after a restart")
	wantFault(t, again.ApplyRevocations(list, now), Stale, "an older list after a restart")
}

func TestRevokedIssuingAuthorityIsRefused(t *testing.T) {
	us := newAuthority(t, "usbp.example", noon())
	store := storeOf(t, us)
	device, stolen := issue(t, us, "spiffe://usbp.example/unit/a", noon()), us.issuers[0]
	// The thief runs the numbers up so that nothing could follow.
	const top = ^uint64(0)
	revs := (&RevocationList{Agency: "usbp.example", Number: top, Issued: noon()}).payload()
	ok(t, store.ApplyRevocations(must(signAs(stolen, contextRevoked, revs, MaxRevocationList))(t), noon()))
	trust := (&TrustList{Agency: "usbp.example", Sequence: top, Issued: noon(), Bundles: []*Bundle{us.bundle}}).payload()
	stolenTrust := must(signAs(stolen, contextTrust, trust, MaxTrustList))(t)
	ok(t, store.ApplyTrustList(stolenTrust, noon()))

	now := noon().Add(time.Hour)
	ok(t, us.RevokeIssuing(nil, now))
	lists := must(us.RevocationLists(now))(t)
	if len(lists) != 2 {
		t.Fatalf("%d lists, want the issuing authority's and the root's", len(lists))
	}
	ok(t, store.ApplyRevocations(lists[1], now)) // the root's
	ok(t, store.ApplyRevocations(lists[0], now))
	ok(t, store.ApplyTrustList(must(us.TrustList(now))(t), now))
	_, err := store.VerifyPeer(device.Chain, UsageClient, now)
	wantFault(t, err, Revoked, "a device of a revoked issuing authority")
	wantFault(t, store.ApplyTrustList(stolenTrust, now), Revoked, "a trust list of a revoked authority")
	more := must(signAs(stolen, contextRevoked, revs, MaxRevocationList))(t)
	wantFault(t, store.ApplyRevocations(more, now), Revoked, "a revocation list of a revoked authority")
	anew := issue(t, us, "spiffe://usbp.example/unit/a", now)
	ok(t, failed(store.VerifyPeer(anew.Chain, UsageClient, now)))
}

func TestStoreHoldsEachAgencyOnce(t *testing.T) {
	a := newAuthority(t, "usbp.example", noon()).Bundle()
	_, err := NewTrustStore(a, a)
	wantFault(t, err, Exists, "two bundles of one agency")
	s := must(NewTrustStore(a))(t)
	if s.Bundle("gn.example") != nil || s.Bundle("usbp.example") != a || s.Agencies()[0] != proto.Agency("usbp.example") {
		t.Error("the store does not hold what it was given")
	}
}
