package identity

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"fmt"
	"maps"
	"net/url"
	"strings"
	"testing"
	"time"

	"rsc.io/qr"
)

type privateKey = *ecdsa.PrivateKey

func invite(t testing.TB, a *Authority, who string) Token {
	t.Helper()
	return must(a.Invite(name(t, who), []string{"relay.usbp.example:4433"}, noon(), day))(t)
}

func TestTokenTextIsTolerantAndExact(t *testing.T) {
	tok := invite(t, newAuthority(t, "usbp.example", noon()), "spiffe://usbp.example/unit/a")
	text := tok.Text()
	spread := text[:30] + " \n\t" + text[30:60] + "\r\n" + text[60:]
	for _, s := range []string{text, strings.ToUpper(text), spread, "  " + text + "\n"} {
		got, err := ParseToken(s)
		if err != nil || got.Text() != text || got.Name != tok.Name || got.Root != tok.Root || !got.Expires.Equal(tok.Expires) {
			t.Errorf("%q came back as %v, %v", s, got, err)
		}
	}
	for _, v := range []string{fmt.Sprint(tok), fmt.Sprintf("%+v", tok), fmt.Sprintf("%#v", tok)} {
		if v != "invitation for spiffe://usbp.example/unit/a until 2026-11-03 12:00:00 UTC" {
			t.Errorf("printing a token shows %q", v)
		}
	}
	for i := range text {
		if _, err := ParseToken(text[:i]); err == nil {
			t.Fatalf("a token cut after %d characters was accepted", i)
		}
	}
	swap := []byte(text)
	swap[40] = 'a' + (swap[40]-'a'+1)%26
	_, err := ParseToken(string(swap))
	wantFault(t, err, Malformed, "one wrong character")
	_, err = ParseToken(strings.Repeat(" ", MaxToken) + text)
	wantFault(t, err, TooLarge, "a token over the limit")
}

func TestQRShowsTheTokenWithQuietZone(t *testing.T) {
	tok := invite(t, newAuthority(t, "usbp.example", noon()), "spiffe://usbp.example/unit/a")
	drawn := must(tok.QR())(t)
	code := must(qr.Encode(strings.ToUpper(tok.Text()), qr.M))(t)
	lines := strings.Split(strings.TrimSuffix(drawn, "\n"), "\n")
	side := code.Size + 2*quietZone
	if len(lines) != (side+1)/2 || side > 80 {
		t.Fatalf("%d lines for %d modules, which must fit 80 columns", len(lines), side)
	}
	for i, line := range lines {
		line = strings.TrimSuffix(strings.TrimPrefix(line, "\x1b[38;5;16;48;5;231m"), "\x1b[0m")
		for x, r := range []rune(line) {
			y := 2*i - quietZone
			top, bottom := r == '█' || r == '▀', r == '█' || r == '▄'
			if top != code.Black(x-quietZone, y) || bottom != code.Black(x-quietZone, y+1) {
				t.Fatalf("module %d,%d is drawn wrong", x-quietZone, y)
			}
		}
	}
}

func TestEnrolment(t *testing.T) {
	a := newAuthority(t, "usbp.example", noon())
	tok := must(ParseToken(invite(t, a, "spiffe://usbp.example/unit/a").Text()))(t)
	for path, content := range files(t, a.dir) {
		if strings.Contains(content, string(tok.secret[:])) {
			t.Errorf("%s holds the invitation's secret", path)
		}
	}
	key := newKey(t)
	e := must(NewEnrolment(tok, key))(t)
	if bytes.Contains(e.Request(), tok.secret[:]) {
		t.Error("the request holds the invitation's secret")
	}
	a = must(OpenAuthority(a.dir, nil))(t)
	reply := must(a.Enrol(e.Request(), noon()))(t)
	id := must(e.Finish(reply, noon()))(t)
	if id.Name != tok.Name || id.Key != key || id.Bundle.Fingerprint() != tok.Root {
		t.Errorf("enrolled as %v", id.Name)
	}
	leaf := must(id.Leaf())(t)
	if life := leaf.NotAfter.Sub(noon()); life != EndpointLife || !leaf.NotBefore.Equal(noon().Add(-Backdate)) {
		t.Errorf("certificate from %s for %s", leaf.NotBefore, life)
	}

	// The reply was lost: the device asks again, with a fresh request.
	again := must(NewEnrolment(tok, key))(t)
	a = must(OpenAuthority(a.dir, nil))(t)
	second := must(a.Enrol(again.Request(), noon().Add(10*time.Minute)))(t)
	if !bytes.Equal(second, reply) {
		t.Error("a retry by the same key got another certificate")
	}
	ok(t, failed(again.Finish(second, noon())))
	before := files(t, a.dir)
	wantFault(t, failed(a.Enrol(again.Request(), noon().Add(2*time.Hour))), TokenUsed, "a retry long after")
	thief := must(NewEnrolment(tok, newKey(t)))(t)
	wantFault(t, failed(a.Enrol(thief.Request(), noon())), TokenUsed, "a second device with the same invitation")
	if !maps.Equal(before, files(t, a.dir)) {
		t.Error("refused requests changed the authority")
	}
}

func TestEnrolmentIsRefused(t *testing.T) {
	a := newAuthority(t, "usbp.example", noon())
	tok := invite(t, a, "spiffe://usbp.example/unit/a")
	e := must(NewEnrolment(tok, newKey(t)))(t)
	before := files(t, a.dir)
	wantFault(t, failed(a.Enrol(e.Request(), noon().Add(25*time.Hour))), TokenExpired, "an invitation that is over")
	stranger := tok
	stranger.secret[0] ^= 1
	wantFault(t, failed(a.Enrol(must(NewEnrolment(stranger, newKey(t)))(t).Request(), noon())), NoInvitation, "a made-up invitation")
	weak := must(x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, must(ecdsa.GenerateKey(elliptic.P224(), rand.Reader))(t)))(t)
	wantFault(t, failed(a.Enrol(e.with(weak).encode(), noon())), WeakKey, "a weak key")
	unsigned := flipLast(must(newCSR(newKey(t)))(t))
	wantFault(t, failed(a.Enrol(e.with(unsigned).encode(), noon())), BadSignature, "a key the device does not hold")
	admin := must(url.Parse("spiffe://usbp.example/authority/a"))(t)
	other := must(x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{URIs: []*url.URL{admin}}, newKey(t)))(t)
	wantFault(t, failed(a.Enrol(e.with(other).encode(), noon())), WrongName, "a request for another name")
	wantFault(t, failed(a.Enrol(make([]byte, MaxEnrolment+1), noon())), TooLarge, "a request over the limit")
	if !maps.Equal(before, files(t, a.dir)) {
		t.Error("refused requests changed the authority")
	}
	ok(t, failed(a.Enrol(e.Request(), noon())))
}

// with returns a request whose proof is right for another CSR.
func (e *Enrolment) with(csr []byte) enrolmentRequest {
	r := enrolmentRequest{id: e.keys.id, csr: csr}
	r.mac = r.proof(e.keys.proof)
	return r
}

func TestWrongProofsLockTheInvitation(t *testing.T) {
	a := newAuthority(t, "usbp.example", noon())
	e := must(NewEnrolment(invite(t, a, "spiffe://usbp.example/unit/a"), newKey(t)))(t)
	// The relay in the middle exchanges the device's key for its own.
	swapped := e.with(must(newCSR(newKey(t)))(t))
	copy(swapped.mac[:], e.Request()[len(e.Request())-len(swapped.mac):])
	for range MaxProofTries {
		a = must(OpenAuthority(a.dir, nil))(t)
		wantFault(t, failed(a.Enrol(swapped.encode(), noon())), BadProof, "a CSR exchanged on the way")
	}
	wantFault(t, failed(a.Enrol(e.Request(), noon())), TooManyTries, "the right proof after too many wrong ones")
	fresh := must(NewEnrolment(invite(t, a, "spiffe://usbp.example/unit/b"), newKey(t)))(t)
	if err := failed(a.Enrol(fresh.Request(), noon())); err != nil {
		t.Errorf("another invitation suffers from the lock: %v", err)
	}
}

func TestFinishTrustsOnlyTheInvitation(t *testing.T) {
	a, twin := newAuthority(t, "usbp.example", noon()), newAuthority(t, "usbp.example", noon())
	key := newKey(t)
	tok := invite(t, a, "spiffe://usbp.example/unit/a")
	e := must(NewEnrolment(tok, key))(t)
	reply := must(a.Enrol(e.Request(), noon()))(t)
	for i := range len(reply) {
		if _, err := e.Finish(reply[:i], noon()); err == nil {
			t.Fatalf("a reply cut after %d octets was accepted", i)
		}
	}
	for i := 0; i < len(reply); i += 97 {
		bent := bytes.Clone(reply)
		bent[i] ^= 4
		if _, err := e.Finish(bent, noon()); err == nil {
			t.Fatalf("a reply changed at octet %d was accepted", i)
		}
	}
	// make signs an answer as somebody who knows the secret would.
	answer := func(by *Authority, who string, holder privateKey) []byte {
		chain := must(by.Issue(must(newCSR(holder))(t), name(t, who), noon()))(t)
		g := grant{chain, must(by.TrustList(noon()))(t)}.encode()
		mine := must(keyHash(&key.PublicKey))(t)
		return enrolmentReply{g, replyMAC(e.keys.reply, mine, g)}.encode()
	}
	finish := func(reply []byte) error { return failed(e.Finish(reply, noon())) }
	ok(t, finish(answer(a, tok.Name.String(), key)))
	wantFault(t, finish(answer(twin, tok.Name.String(), key)), PinChanged, "an authority with another root")
	wantFault(t, finish(answer(a, "spiffe://usbp.example/unit/b", key)), WrongName, "a certificate for somebody else")
	wantFault(t, finish(answer(a, tok.Name.String(), newKey(t))), WrongKey, "a certificate for another key")
	wantFault(t, failed(must(NewEnrolment(tok, newKey(t)))(t).Finish(reply, noon())), BadProof, "the reply to another device")
}

func TestInvitationLimits(t *testing.T) {
	a := newAuthority(t, "usbp.example", noon())
	who, relays := name(t, "spiffe://usbp.example/unit/a"), []string{"r:1"}
	wantFault(t, failed(a.Invite(name(t, "spiffe://gn.example/unit/a"), relays, noon(), day)), WrongAgency, "a name of another agency")
	wantFault(t, failed(a.Invite(who, nil, noon(), day)), Malformed, "no relay address")
	wantFault(t, failed(a.Invite(who, []string{"a b"}, noon(), day)), Malformed, "an address with a space")
	wantFault(t, failed(a.Invite(who, relays, noon(), 8*day)), Malformed, "an invitation for longer than a week")
	gone := invite(t, a, "spiffe://usbp.example/unit/gone")
	if n := must(a.Withdraw(gone.Name))(t); n != 1 {
		t.Errorf("%d invitations withdrawn, want 1", n)
	}
	wantFault(t, failed(a.Enrol(must(NewEnrolment(gone, newKey(t)))(t).Request(), noon())), NoInvitation, "a withdrawn invitation")
	old := invite(t, a, "spiffe://usbp.example/unit/old")
	ok(t, failed(a.Invite(who, relays, noon().Add(2*day), day)))
	wantFault(t, failed(a.Enrol(must(NewEnrolment(old, newKey(t)))(t).Request(), noon())), NoInvitation, "an invitation forgotten after its time")
}

func TestTokenVerifiesTheRelayByFingerprint(t *testing.T) {
	a, twin := newAuthority(t, "usbp.example", noon()), newAuthority(t, "usbp.example", noon())
	tok := invite(t, a, "spiffe://usbp.example/unit/a")
	relay := must(issue(t, a, eagle, noon()).TLSCertificate())(t)
	false1 := must(issue(t, twin, eagle, noon()).TLSCertificate())(t)
	unit := must(issue(t, a, "spiffe://usbp.example/unit/b", noon()).TLSCertificate())(t)
	ok(t, tok.VerifyRelay(relay.Certificate, noon()))
	wantFault(t, tok.VerifyRelay(false1.Certificate, noon()), PinChanged, "a relay of another root")
	wantFault(t, tok.VerifyRelay(relay.Certificate[:2], noon()), PinChanged, "a relay that hides its root")
	wantFault(t, tok.VerifyRelay(append(false1.Certificate[:2:2], relay.Certificate[2]), noon()), Malformed, "a true root behind a false chain")
	wantFault(t, tok.VerifyRelay(append(unit.Certificate, relay.Certificate[2]), noon()), WrongName, "a device that plays the relay")
}
