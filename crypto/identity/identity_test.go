package identity

import (
	"bytes"
	"crypto/elliptic"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"crossband/proto"
)

func TestIdentityAtRest(t *testing.T) {
	a := newAuthority(t, "usbp.example", noon())
	id := issue(t, a, "spiffe://usbp.example/unit/a", noon())
	dir := filepath.Join(t.TempDir(), "id")
	phrase := []byte("correct horse")
	ok(t, id.Save(dir, phrase))
	for path := range files(t, dir) {
		if info := must(os.Stat(path))(t); info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %o, want 0600", path, info.Mode().Perm())
		}
	}
	if info := must(os.Stat(dir))(t); info.Mode().Perm() != 0o700 {
		t.Errorf("the folder has mode %o, want 0700", info.Mode().Perm())
	}
	back := must(Load(dir, phrase))(t)
	if back.Name != id.Name || !bytes.Equal(back.Chain[0], id.Chain[0]) || !bytes.Equal(back.Trust, id.Trust) {
		t.Error("the identity came back changed")
	}
	wantFault(t, failed(Load(dir, nil)), BadPassphrase, "no passphrase")
	wantFault(t, failed(Load(dir, []byte("wrong"))), BadPassphrase, "a wrong passphrase")
	wantFault(t, failed(LoadWithKey(dir, newKey(t))), WrongKey, "another key")
	ok(t, failed(LoadWithKey(dir, id.Key)))
	keys := must(filepath.Glob(filepath.Join(dir, "key-*.pem")))(t)
	ok(t, os.Chmod(keys[0], 0o640))
	_, err := Load(dir, phrase)
	wantFault(t, err, Exposed, "a key file that the group may read")
	if !strings.Contains(err.Error(), keys[0]) || !strings.Contains(err.Error(), "0640") {
		t.Errorf("the sentence %q names not both file and mode", err)
	}
}

func TestSaveAfterRenewalKeepsOneKey(t *testing.T) {
	a := newAuthority(t, "usbp.example", noon())
	id := issue(t, a, "spiffe://usbp.example/unit/a", noon())
	dir := t.TempDir()
	ok(t, id.Save(dir, nil))
	next := newKey(t)
	r := must(NewRenewal(id, next, noon()))(t)
	reply := must(a.Renew(r.Request(), noon()))(t)
	renewed := must(r.Finish(reply, noon()))(t)
	// A crash after the new key was written and before the rest was: the old
	// identity still loads.
	leaf := must(renewed.Leaf())(t)
	ok(t, SaveKey(filepath.Join(dir, keyFile(leaf)), next, nil))
	if back := must(Load(dir, nil))(t); !bytes.Equal(back.Chain[0], id.Chain[0]) {
		t.Error("half a renewal changed the identity")
	}
	ok(t, renewed.Save(dir, nil))
	if back := must(Load(dir, nil))(t); !bytes.Equal(back.Chain[0], renewed.Chain[0]) {
		t.Error("the renewed identity does not load")
	}
	if keys := must(filepath.Glob(filepath.Join(dir, "key-*.pem")))(t); len(keys) != 1 {
		t.Errorf("keys on disk: %v, want the current one alone", keys)
	}
}

func TestRenewal(t *testing.T) {
	a, twin := newAuthority(t, "usbp.example", noon()), newAuthority(t, "usbp.example", noon())
	id := issue(t, a, "spiffe://usbp.example/unit/a", noon())
	late := noon().Add(5 * day)
	r := must(NewRenewal(id, newKey(t), late))(t)
	reply := must(a.Renew(r.Request(), late))(t)
	renewed := must(r.Finish(reply, late))(t)
	if leaf := must(renewed.Leaf())(t); !leaf.NotAfter.Equal(late.Add(EndpointLife)) {
		t.Errorf("renewed until %s", leaf.NotAfter)
	}
	ok(t, failed(must(NewRenewal(renewed, renewed.Key, late))(t).Finish(must(a.Renew(must(NewRenewal(renewed, renewed.Key, late))(t).Request(), late))(t), late)))
	before := files(t, a.dir)
	renew := func(id *Identity, at, now time.Time) error {
		return failed(a.Renew(must(NewRenewal(id, newKey(t), at))(t).Request(), now))
	}
	wantFault(t, renew(id, late, late.Add(time.Hour)), Stale, "an old request, again")
	wantFault(t, renew(id, noon().Add(8*day), noon().Add(8*day)), Expired, "a certificate that is over")
	wantFault(t, renew(issue(t, twin, "spiffe://usbp.example/unit/a", noon()), noon(), noon()), UnknownAuthority, "a certificate of an impostor")
	s := must(id.Sign("charter", []byte("x")))(t)
	wantFault(t, failed(a.Renew(s.Encode(), noon())), BadSignature, "a signature made for something else")
	delete(before, filepath.Join(a.dir, "revoked", "issuing.list")) // signed anew with age, as it should be
	after := files(t, a.dir)
	delete(after, filepath.Join(a.dir, "revoked", "issuing.list"))
	if !maps.Equal(before, after) {
		t.Error("refused requests changed the authority")
	}
	ok(t, failed(a.Revoke(id.Name, late)))
	wantFault(t, renew(renewed, late, late), Revoked, "a revoked device")

	other := must(NewRenewal(id, newKey(t), late))(t)
	wantFault(t, failed(other.Finish(reply, late)), WrongKey, "the reply to another request")
	newer := *renewed
	newer.Trust = must(a.TrustList(late.Add(2 * day)))(t)
	stale := must(NewRenewal(&newer, renewed.Key, late))(t)
	old := grant{renewed.Chain, renewed.Trust}.encode()
	wantFault(t, failed(stale.Finish(old, late)), Stale, "an older trust list with the reply")
}

func TestRenewAtIsSpreadAndStable(t *testing.T) {
	a := newAuthority(t, "usbp.example", noon())
	at := func(who string) time.Duration {
		id := issue(t, a, who, noon())
		first, second := must(id.RenewAt())(t), must(id.RenewAt())(t)
		if !first.Equal(second) {
			t.Errorf("%s renews at %s or %s", who, first, second)
		}
		return first.Sub(noon().Add(-Backdate))
	}
	life := EndpointLife + Backdate
	x, y := at("spiffe://usbp.example/unit/a"), at("spiffe://usbp.example/unit/b")
	for _, d := range []time.Duration{x, y} {
		if d < life*2/3 || d > life*3/4 {
			t.Errorf("renews after %s of %s, want two thirds to three quarters", d, life)
		}
	}
	if x == y {
		t.Error("two devices renew in the same instant")
	}
}

func TestSignedDocuments(t *testing.T) {
	us, mx := newAuthority(t, "usbp.example", noon()), newAuthority(t, "gn.example", noon())
	store := storeOf(t, us, mx)
	for _, curve := range []elliptic.Curve{elliptic.P256(), elliptic.P384()} {
		key := must(GenerateKey(curve))(t)
		who := name(t, "spiffe://gn.example/desk/norte")
		chain := must(mx.Issue(must(newCSR(key))(t), who, noon()))(t)
		id := must(NewIdentity(chain, key, mx.Bundle(), nil, noon()))(t)
		raw := must(id.Sign("charter", []byte("the charter")))(t).Encode()
		payload, signer, err := store.VerifySigned("charter", raw, noon())
		if err != nil || string(payload) != "the charter" || signer != who {
			t.Fatalf("%s: %q by %v, %v", curve.Params().Name, payload, signer, err)
		}
		verify := func(context string, raw []byte, now time.Time) error {
			_, _, err := store.VerifySigned(context, raw, now)
			return err
		}
		wantFault(t, verify("consent", raw, noon()), BadSignature, "the wrong context, of the same length")
		wantFault(t, verify("charter", raw, noon().Add(8*day)), Expired, "a signer whose certificate is over")
		wantFault(t, verify("charter", append(raw, 0), noon()), Malformed, "something after the envelope")
		s := must(ParseSigned(raw))(t)
		s.Payload = []byte("the Charter")
		wantFault(t, verify("charter", s.Encode(), noon()), BadSignature, "another payload")
		for i := range raw {
			if verify("charter", raw[:i], noon()) == nil {
				t.Fatalf("an envelope cut after %d octets was accepted", i)
			}
		}
	}
	id := issue(t, us, "spiffe://usbp.example/desk/a", noon())
	for _, context := range []string{"", contextRenewal, strings.Repeat("x", 65), "a\nb"} {
		wantFault(t, failed(id.Sign(context, nil)), Malformed, "context "+context)
	}
	wantFault(t, failed(id.Sign("x", make([]byte, MaxSigned))), TooLarge, "a payload over the limit")
}

func TestAuthorityOnDisk(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a")
	opts := AuthorityOptions{RootPassphrase: []byte("root"), IssuingPassphrase: []byte("issuing")}
	a := must(InitAuthority(dir, "usbp.example", noon(), opts))(t)
	before := files(t, dir)
	for path := range before {
		if info := must(os.Stat(path))(t); info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %o, want 0600", path, info.Mode().Perm())
		}
	}
	wantFault(t, failed(InitAuthority(dir, "usbp.example", noon(), opts)), Exists, "an authority over another")
	wantFault(t, failed(InitAuthority(filepath.Join(dir, "x"), "usbp", noon(), opts)), BadName, "an agency without a dot")
	wantFault(t, failed(OpenAuthority(dir, []byte("wrong"))), BadPassphrase, "a wrong passphrase")
	wantFault(t, a.RenewIssuing(nil, noon()), BadPassphrase, "no passphrase for the root")
	if !maps.Equal(before, files(t, dir)) {
		t.Error("refusals changed the authority")
	}
}

func TestRootMayBeAway(t *testing.T) {
	a := newAuthority(t, "usbp.example", noon())
	dir := a.dir
	away := dir + "-root"
	ok(t, os.Rename(filepath.Join(dir, "root"), away))
	a = must(OpenAuthority(dir, nil))(t)
	issue(t, a, "spiffe://usbp.example/unit/a", noon())
	if err := a.RenewIssuing(nil, noon()); err == nil {
		t.Error("the issuing authority was renewed without the root")
	}
	ok(t, os.Rename(away, filepath.Join(dir, "root")))
	late := noon().Add(700 * day)
	ok(t, a.RenewIssuing(nil, late))
	if until := must(a.IssuingUntil(late))(t); !until.Equal(late.Add(IssuingLife)) {
		t.Errorf("the renewed issuing authority ends on %s", until)
	}
	wantFault(t, failed(must(OpenAuthority(dir, nil))(t).TrustList(noon().Add(5*365*day))), Expired, "an issuing authority that is over")
	log := files(t, dir)[filepath.Join(dir, "issued.log")]
	if !strings.Contains(log, " spiffe://usbp.example/unit/a until ") {
		t.Errorf("the log of issued certificates is %q", log)
	}
}

func TestIssueSpeaksForItsOwnAgencyOnly(t *testing.T) {
	a := newAuthority(t, "usbp.example", noon())
	csr := must(newCSR(newKey(t)))(t)
	wantFault(t, failed(a.Issue(csr, name(t, "spiffe://gn.example/unit/a"), noon())), WrongAgency, "a partner's name")
	wantFault(t, failed(a.Issue(csr, proto.Name{Agency: "usbp.example", Role: proto.RoleUnit, Label: "A"}, noon())), BadName, "a name not in its one form")
	wantFault(t, failed(a.Issue(make([]byte, maxCSR+1), name(t, eagle), noon())), TooLarge, "a request over the limit")
	chain := must(a.Issue(csr, name(t, eagle), noon()))(t)
	c := must(parseChain(chain))(t)
	if life := c.leaf().NotAfter.Sub(noon()); life != RelayLife {
		t.Errorf("a relay's certificate lives %s, want %s", life, RelayLife)
	}
}
