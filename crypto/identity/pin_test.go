package identity

import (
	"bytes"
	"crypto/x509"
	"maps"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func newPins(t testing.TB) *PinStore {
	t.Helper()
	return must(OpenPinStore(filepath.Join(t.TempDir(), "pins")))(t)
}

func TestBundleIsReadableAndExact(t *testing.T) {
	b := newAuthority(t, "usbp.example", noon()).Bundle()
	file := b.Export()
	back := must(ParseBundle(file))(t)
	if back.Fingerprint() != b.Fingerprint() || back.Agency != "usbp.example" || !bytes.Equal(back.Export(), file) {
		t.Errorf("bundle came back as %s %s", back.Agency, back.Fingerprint())
	}
	for _, want := range []string{"agency: usbp.example\n", "fingerprint: " + b.Fingerprint().String() + "\n"} {
		if !strings.Contains(string(file), want) {
			t.Errorf("the readable part lacks %q", want)
		}
	}
	for _, c := range []struct {
		file string
		want Fault
		why  string
	}{
		{strings.Replace(string(file), "agency: usbp", "agency: rcmp", 1), Malformed, "a readable part that lies"},
		{string(file) + "\n", Malformed, "something after it"},
		{"note\n" + string(file), Malformed, "something before it"},
		{strings.ReplaceAll(string(file), "\n", "\r\n"), Malformed, "other line ends"},
		{"", Malformed, "nothing"},
		{strings.Repeat("x", MaxBundle+1), TooLarge, "a file over the limit"},
	} {
		_, err := ParseBundle([]byte(c.file))
		wantFault(t, err, c.want, c.why)
	}
	s := must(parseSigned("bundle", must(pemOf(file), nil)(t), MaxBundle))(t)
	s.Signature = flipLast(s.Signature)
	_, err := ParseBundle(b.file(s))
	wantFault(t, err, BadSignature, "a signature that was changed")
}

func TestPinSurvivesRestartAndRefusesAnotherRoot(t *testing.T) {
	pins, mx := newPins(t), newAuthority(t, "gn.example", noon()).Bundle()
	false1 := newAuthority(t, "gn.example", noon().Add(day)).Bundle()
	wantFault(t, pins.Pin(false1, mx.Fingerprint(), noon()), PinChanged, "a bundle that is not the confirmed one")
	wantFault(t, pins.Update(mx, noon()), UnknownAuthority, "an update before the first confirmation")
	ok(t, pins.Pin(mx, mx.Fingerprint(), noon()))
	pins = must(OpenPinStore(pins.dir))(t)
	before := files(t, pins.dir)
	wantFault(t, pins.Update(false1, noon()), PinChanged, "another root for a pinned agency")
	wantFault(t, pins.Pin(false1, false1.Fingerprint(), noon()), PinChanged, "pinning over a pin, even confirmed")
	if !maps.Equal(before, files(t, pins.dir)) {
		t.Error("a refused bundle changed the pins")
	}
	held := must(pins.Bundle("gn.example"))(t)
	if held == nil || held.Fingerprint() != mx.Fingerprint() {
		t.Error("the pin is gone after a restart")
	}
	ok(t, pins.Unpin("gn.example"))
	ok(t, pins.Pin(false1, false1.Fingerprint(), noon().Add(day)))
	wantFault(t, pins.Unpin("../x"), BadName, "a path in place of an agency")
}

func TestRolloverMovesThePinForwardOnly(t *testing.T) {
	mx := newAuthority(t, "gn.example", noon())
	first := mx.Bundle()
	oldDevice := issue(t, mx, "spiffe://gn.example/unit/halcon-1", noon())
	pins := newPins(t)
	ok(t, pins.Pin(first, first.Fingerprint(), noon()))

	_, err := mx.RollRoot(nil, time.Hour, noon())
	wantFault(t, err, Malformed, "an overlap too short for partners to notice")
	if mx.Bundle() != first {
		t.Fatal("a refused roll-over changed the root")
	}
	second := must(mx.RollRoot(nil, 60*day, noon()))(t)
	_, err = mx.RollRoot(nil, 60*day, noon())
	wantFault(t, err, Exists, "a roll-over during a roll-over")
	ok(t, pins.Update(second, noon()))
	wantFault(t, pins.Update(first, noon()), PinChanged, "the bundle of before the roll-over")

	held := must(pins.Bundle("gn.example"))(t)
	us := newAuthority(t, "usbp.example", noon())
	store := must(NewTrustStore(us.Bundle(), held))(t)
	verify := func(id *Identity, now time.Time) error {
		_, err := store.VerifyPeer(id.Chain, UsageMember, now)
		return err
	}
	ok(t, verify(oldDevice, noon().Add(day)))
	early, late := noon().Add(20*day), noon().Add(40*day)
	if by := must(mx.issuing(early))(t); !by.root.Equal(first.Root) {
		t.Error("the new root issues before partners had time to learn of it")
	}
	if by := must(mx.issuing(late))(t); !by.root.Equal(second.Root) {
		t.Error("the old root still issues in the second half of the overlap")
	}
	ok(t, verify(issue(t, mx, "spiffe://gn.example/unit/halcon-2", early), early))
	ok(t, verify(issue(t, mx, "spiffe://gn.example/unit/halcon-3", late), late))
	lateOld := forger{mx.issuers[0].cert, mx.issuers[0].key}
	for _, i := range mx.issuers {
		if i.root.Equal(first.Root) {
			lateOld = forger{i.cert, i.key}
		}
	}
	leaf := lateOld.leaf(t, []string{"spiffe://gn.example/unit/x"}, func(c *x509.Certificate) { c.NotAfter = noon().Add(90 * day) })
	raw := [][]byte{leaf, lateOld.cert.Raw}
	_, err = store.VerifyPeer(raw, UsageMember, noon().Add(59*day))
	ok(t, err)
	_, err = store.VerifyPeer(raw, UsageMember, noon().Add(61*day))
	wantFault(t, err, UnknownAuthority, "the old root after the overlap")

	third := must(mx.RollRoot(nil, 60*day, noon().Add(100*day)))(t)
	fresh := newPins(t)
	ok(t, fresh.Pin(first, first.Fingerprint(), noon()))
	if err := fresh.Update(third, noon().Add(100*day)); err != nil {
		t.Errorf("a partner that slept through one roll-over follows two: %v", err)
	}
	wantFault(t, fresh.Update(second, noon().Add(100*day)), PinChanged, "the roll-over before the last, again")
	reopened := must(OpenAuthority(mx.dir, nil))(t)
	if reopened.Bundle().Fingerprint() != third.Fingerprint() {
		t.Error("the new root is gone after a restart")
	}
}

func TestForgedRolloverIsRefused(t *testing.T) {
	mx, thief := newAuthority(t, "gn.example", noon()), newAuthority(t, "gn.example", noon())
	pins := newPins(t)
	ok(t, pins.Pin(mx.Bundle(), mx.Bundle().Fingerprint(), noon()))
	key := must(thief.openRoot(thief.bundle.Root, nil))(t).key
	r := Rollover{Agency: "gn.example", Sequence: 9e9, Issued: noon(), Until: noon().Add(60 * day), Old: mx.bundle.Root, New: thief.bundle.Root}
	_, err := signRollover(r, key)
	wantFault(t, err, BadSignature, "a roll-over signed by the new root alone")
	b := Bundle{Agency: "gn.example", Sequence: 9e9, Issued: noon(), Root: thief.bundle.Root}
	forged := must(signBundle(b, key))(t)
	wantFault(t, pins.Update(forged, noon()), PinChanged, "a bundle without a roll-over")
	other := newAuthority(t, "rcmp.example", noon())
	ok(t, failed(other.RollRoot(nil, 60*day, noon())))
	b.Rollovers = other.bundle.Rollovers
	_, err = signBundle(b, key)
	wantFault(t, err, Malformed, "a roll-over of another agency")
}

func TestOlderBundleIsRefused(t *testing.T) {
	mx, pins := newAuthority(t, "gn.example", noon()), newPins(t)
	key := must(mx.openRoot(mx.bundle.Root, nil))(t).key
	again := func(seq uint64) *Bundle {
		return must(signBundle(Bundle{Agency: "gn.example", Sequence: seq, Issued: noon(), Root: mx.bundle.Root}, key))(t)
	}
	ok(t, pins.Pin(again(7), mx.bundle.Fingerprint(), noon()))
	wantFault(t, pins.Update(again(6), noon()), Stale, "a lower sequence")
	wantFault(t, pins.Update(again(7), noon()), Stale, "another bundle of the same sequence")
	ok(t, pins.Update(again(8), noon()))
}
