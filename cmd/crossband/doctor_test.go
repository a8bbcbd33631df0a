package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"log/slog"
	"math/big"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"crossband/cmd/crossband/internal/agencydir"
	"crossband/cmd/crossband/internal/rig"
	"crossband/cmd/internal/relayd"
	"crossband/crypto/agreement"
	"crossband/crypto/charter"
	"crossband/crypto/identity"
	"crossband/proto"
	"crossband/proto/link"
	"crossband/proto/wire"
)

const day = 24 * time.Hour

// house is an agency with its folder, whose relay may run within the test.
type house struct {
	t      *testing.T
	name   proto.Agency
	path   string
	dir    agencydir.Dir
	addr   string
	listen *net.UDPAddr
}

// foundHouse founds an agency a month ago, so that certificates of any age can
// be issued, and gives its relay and registrar certificates of today.
func foundHouse(t *testing.T, name proto.Agency) *house {
	t.Helper()
	at, err := rig.FreePort()
	check(t, err)
	h := &house{t: t, name: name, path: filepath.Join(t.TempDir(), string(name)), addr: at.String(), listen: at}
	h.dir, err = agencydir.Init(h.path, agencydir.Setup{Agency: name, Relay: "relay-1", Address: h.addr, SmallKeys: true}, time.Now().Add(-30*day))
	check(t, err)
	for home, n := range map[string]proto.Name{
		h.dir.Registrar(): {Agency: name, Role: proto.RoleAuthority, Label: "main"},
		h.relayHome():     {Agency: name, Role: proto.RoleRelay, Label: "relay-1"},
	} {
		check(t, h.issue(n, time.Now()).Save(home, nil))
	}
	return h
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (h *house) relayHome() string { return filepath.Join(h.path, "relay", "identity") }

func (h *house) authority() *identity.Authority {
	h.t.Helper()
	a, err := h.dir.Authority()
	check(h.t, err)
	return a
}

func (h *house) issue(n proto.Name, at time.Time) *identity.Identity {
	h.t.Helper()
	id, err := h.authority().IssueLocal(n, elliptic.P256(), at)
	check(h.t, err)
	return id
}

// charter puts a charter of a channel of the house alone, for an hour, beside its relay.
func (h *house) charter(title string, at time.Time) {
	h.t.Helper()
	id, err := identity.Load(h.dir.Registrar(), nil)
	check(h.t, err)
	signed, _, err := charter.Sign(id, &wire.Charter{
		Owner: string(h.name), Kind: wire.Charter_KIND_STANDING, Title: title, Suite: uint32(proto.SuiteP256), Storage: wire.Charter_STORAGE_SEALED,
		Parties: []*wire.Charter_Party{{Agency: string(h.name), Send: []string{"unit"}, MaxPriority: 1}}, ExpiresMs: at.Add(time.Hour).UnixMilli(),
	}, at)
	check(h.t, err)
	check(h.t, os.WriteFile(filepath.Join(h.path, "relay", "charters", title+".charter"), signed, 0o600))
}

// trusts pins the other house and makes it a peer, if it has an address.
func (h *house) trusts(other *house, link bool) {
	h.t.Helper()
	b := other.authority().Bundle()
	check(h.t, h.dir.Trust(b, b.Fingerprint(), other.addr, link, time.Now()))
}

// run runs the relay until the test ends.
func (h *house) run() {
	h.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ready, ended := make(chan struct{}), make(chan error, 1)
	go func() { // ends with the test
		ended <- relayd.Run(ctx, h.dir.RelayConfig(), slog.New(slog.DiscardHandler), "test", func(net.Addr) { close(ready) })
	}()
	h.t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			h.t.Error(err)
		}
	})
	select {
	case <-ready:
	case err := <-ended:
		ended <- nil // for the cleanup: it has ended
		h.t.Fatal(err)
	}
}

// listenAs answers at the relay's address with the relay's identity, but with
// the clock or the versions that change gives it.
func (h *house) listenAs(change func(*link.Config)) {
	h.t.Helper()
	id, err := identity.Load(h.relayHome(), nil)
	check(h.t, err)
	trust, err := id.TrustStore(time.Now())
	check(h.t, err)
	socket, err := net.ListenUDP("udp", h.listen)
	check(h.t, err)
	cfg := link.Config{
		Self: id.Name, Software: "another",
		Certificate: func() (*tls.Certificate, error) { c, err := id.TLSCertificate(); return &c, err },
		Verify: func(chain [][]byte, _ bool) (proto.Name, error) {
			return trust.VerifyPeer(chain, identity.UsageClient, time.Now())
		},
	}
	change(&cfg)
	l, err := link.Listen(socket, cfg)
	check(h.t, err)
	h.t.Cleanup(func() { l.Close() })
}

func unitOf(h *house) proto.Name {
	return proto.Name{Agency: h.name, Role: proto.RoleUnit, Label: "del-rio-214"}
}

// device writes a device's folder and returns it.
func (h *house) device(id *identity.Identity) (home string) {
	h.t.Helper()
	home = h.t.TempDir()
	check(h.t, id.Save(filepath.Join(home, "identity"), nil))
	check(h.t, os.WriteFile(filepath.Join(home, "endpoint.toml"), fmt.Appendf(nil, "relay = %q\n", h.addr), 0o600))
	return home
}

// forge makes an identity of name n at house h, with a certificate that by's
// issuing authority would never make.
func (h *house) forge(by *house, n proto.Name, change func(*x509.Certificate)) *identity.Identity {
	h.t.Helper()
	id := h.issue(n, time.Now())
	parent, key := by.issuing()
	uri, err := url.Parse(n.String())
	check(h.t, err)
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(4711), URIs: []*url.URL{uri},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(day),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
	}
	change(tmpl)
	leaf, err := x509.CreateCertificate(rand.Reader, tmpl, parent, id.Key.Public(), key)
	check(h.t, err)
	id.Chain = [][]byte{leaf, parent.Raw}
	return id
}

// issuing returns the issuing authority's certificate and key.
func (h *house) issuing() (*x509.Certificate, *ecdsa.PrivateKey) {
	h.t.Helper()
	files, err := filepath.Glob(filepath.Join(h.path, "authority", "issuing", "*.crt"))
	if err != nil || len(files) != 1 {
		h.t.Fatalf("issuing authorities %v, %v", files, err)
	}
	b, err := os.ReadFile(files[0])
	check(h.t, err)
	block, _ := pem.Decode(b)
	cert, err := x509.ParseCertificate(block.Bytes)
	check(h.t, err)
	key, err := identity.LoadKey(strings.TrimSuffix(files[0], ".crt")+".key", nil)
	check(h.t, err)
	return cert, key
}

// examine runs doctor and returns what it found wrong.
func examine(t *testing.T, args ...string) (code int, wrong []finding) {
	t.Helper()
	code, out, errs := command(t, append([]string{"doctor", "--json"}, args...)...)
	if errs != "" {
		t.Errorf("doctor says beside its findings: %s", errs)
	}
	var all []finding
	if err := json.Unmarshal([]byte(out), &all); err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	if len(all) == 0 {
		t.Error("nothing was looked at")
	}
	for _, f := range all {
		if !f.OK {
			wrong = append(wrong, f)
		}
	}
	return code, wrong
}

// want is a finding that must be there.
type want struct {
	check  string // the beginning
	fault  string
	reason proto.Reason
	found  string // part of the sentence
}

// expect compares all that was found wrong with what should be.
func expect(t *testing.T, code int, got []finding, wants ...want) {
	t.Helper()
	if code != exitFound {
		t.Errorf("exit code %d, want %d", code, exitFound)
	}
	if len(got) != len(wants) {
		t.Fatalf("found %+v, want %+v", got, wants)
	}
	for i, w := range wants {
		g := got[i]
		if !strings.HasPrefix(g.Check, w.check) || g.Fault != w.fault || proto.Reason(g.Reason) != w.reason || !strings.Contains(g.Found, w.found) {
			t.Errorf("finding %d is %+v, want %+v", i, g, w)
		}
		if g.Hint == "" {
			t.Errorf("finding %d, %q, has no hint", i, g.Found)
		}
	}
}

// TestDoctorAndCertificates: what is wrong with a device's own certificate is
// found here, and is what its relay refuses it for, under the same code.
func TestDoctorAndCertificates(t *testing.T) {
	t.Parallel()
	us, mx := foundHouse(t, "usbp.example"), foundHouse(t, "gn.example")
	us.trusts(mx, false)
	us.run()
	unit := unitOf(us)
	for _, c := range []struct {
		name   string
		id     *identity.Identity
		fault  string
		reason proto.Reason
		found  string
	}{
		{"expired", us.issue(unit, time.Now().Add(-10*day)), "expired", proto.ReasonExpired, "this clock shows"},
		{"not yet valid", us.issue(unit, time.Now().Add(2*day)), "not yet valid", proto.ReasonNotYetValid, "this clock shows"},
		{"an authority of another agency vouches for it", us.forge(mx, unit, func(*x509.Certificate) {}), "wrong agency", proto.ReasonWrongAgency, "gn.example"},
		{"not for clients", us.forge(us, unit, func(c *x509.Certificate) { c.ExtKeyUsage = c.ExtKeyUsage[1:] }), "wrong usage", proto.ReasonWrongUsage, "clientAuth"},
		{"not for signing", us.forge(us, unit, func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageKeyAgreement }), "wrong usage", proto.ReasonWrongUsage, "digital signatures"},
	} {
		t.Run(c.name, func(t *testing.T) {
			code, wrong := examine(t, "--home", us.device(c.id))
			expect(t, code, wrong,
				want{"certificate, to dial others", c.fault, c.reason, c.found},
				want{"relay " + us.addr, "refused", c.reason, "it refuses us"})
		})
	}
	t.Run("sound", func(t *testing.T) {
		if code, wrong := examine(t, "--home", us.device(us.issue(unit, time.Now()))); code != exitOK || len(wrong) > 0 {
			t.Errorf("exit code %d, %+v", code, wrong)
		}
	})
	t.Run("overdue", func(t *testing.T) {
		code, wrong := examine(t, "--home", us.device(us.issue(unit, time.Now().Add(-6*day))))
		expect(t, code, wrong, want{"certificate", "renewal overdue", 0, "has not been renewed"})
	})
}

// TestDoctorAndFiles: what lies on disk is looked at before anybody is asked.
func TestDoctorAndFiles(t *testing.T) {
	t.Parallel()
	us := foundHouse(t, "usbp.example")
	us.run()
	t.Run("no device", func(t *testing.T) {
		code, wrong := examine(t, "--home", t.TempDir())
		expect(t, code, wrong, want{"device", "not enrolled", 0, "holds no enrolled device"})
	})
	t.Run("an open key", func(t *testing.T) {
		home := us.device(us.issue(unitOf(us), time.Now()))
		keys, _ := filepath.Glob(filepath.Join(home, "identity", "key-*.pem"))
		check(t, os.Chmod(keys[0], 0o644))
		code, wrong := examine(t, "--home", home)
		expect(t, code, wrong, want{"identity", "exposed", 0, keys[0] + " has mode 0644"})
	})
	t.Run("a damaged certificate", func(t *testing.T) {
		home := us.device(us.issue(unitOf(us), time.Now()))
		check(t, os.Truncate(filepath.Join(home, "identity", "identity.pem"), 600))
		code, wrong := examine(t, "--home", home)
		if code != exitFound || len(wrong) != 1 || wrong[0].Check != "identity" || wrong[0].Hint == "" {
			t.Errorf("exit code %d, %+v", code, wrong)
		}
	})
	t.Run("a broken charter", func(t *testing.T) {
		big := filepath.Join(us.path, "relay", "charters", "big.charter")
		check(t, os.WriteFile(big, make([]byte, proto.MaxCharter+1), 0o600))
		code, wrong := examine(t, "--config", us.dir.RelayConfig())
		expect(t, code, wrong, want{"charters", "configuration", 0, big})
		check(t, os.Remove(big))
	})
	t.Run("a charter that has ended", func(t *testing.T) {
		us.charter("Past", time.Now().Add(-2*time.Hour))
		code, wrong := examine(t, "--config", us.dir.RelayConfig())
		expect(t, code, wrong, want{"charter 1 of 1", "refused", proto.ReasonClosed, "ended"})
	})
}

// TestDoctorAndTheOtherSide: what the other side is, thinks and speaks.
func TestDoctorAndTheOtherSide(t *testing.T) {
	t.Parallel()
	t.Run("its clock is wrong", func(t *testing.T) {
		us := foundHouse(t, "usbp.example")
		us.listenAs(func(c *link.Config) { c.Now = func() time.Time { return time.Now().Add(-10 * time.Minute) } })
		code, wrong := examine(t, "--home", us.device(us.issue(unitOf(us), time.Now())))
		expect(t, code, wrong, want{"clock", "clock", 0, "-10m0s ahead of ours"})
	})
	t.Run("its versions are others", func(t *testing.T) {
		us := foundHouse(t, "usbp.example")
		us.listenAs(func(c *link.Config) { c.VersionMin, c.VersionMax = 7, 9 })
		code, wrong := examine(t, "--home", us.device(us.issue(unitOf(us), time.Now())))
		expect(t, code, wrong, want{"relay", "refused", proto.ReasonVersion, "versions 7 to 9, the dialler 1 to 1"})
	})
	t.Run("it does not know us as a peer", func(t *testing.T) {
		us, mx := foundHouse(t, "usbp.example"), foundHouse(t, "gn.example")
		us.trusts(mx, false)
		mx.trusts(us, true)
		us.run()
		code, wrong := examine(t, "--config", mx.dir.RelayConfig())
		expect(t, code, wrong, want{"peer usbp.example", "refused", proto.ReasonUnknownPeer, "it refuses us"})
	})
	t.Run("it does not trust us", func(t *testing.T) {
		us, mx := foundHouse(t, "usbp.example"), foundHouse(t, "gn.example")
		mx.trusts(us, true)
		us.run()
		code, wrong := examine(t, "--config", mx.dir.RelayConfig())
		expect(t, code, wrong, want{"peer usbp.example", "refused", proto.ReasonUnknownAuthority, "it refuses us"})
	})
	t.Run("we do not trust it", func(t *testing.T) {
		us, mx := foundHouse(t, "usbp.example"), foundHouse(t, "gn.example")
		mx.run()
		us.addr = mx.addr // a device that was sent to somebody else's relay
		code, wrong := examine(t, "--home", us.device(us.issue(unitOf(us), time.Now())))
		expect(t, code, wrong, want{"relay", "refused", proto.ReasonUnknownAuthority, "we refuse it"})
	})
	t.Run("it is another agency's", func(t *testing.T) {
		us, mx := foundHouse(t, "usbp.example"), foundHouse(t, "gn.example")
		us.trusts(mx, false)
		mx.run()
		us.addr = mx.addr
		code, wrong := examine(t, "--home", us.device(us.issue(unitOf(us), time.Now())))
		expect(t, code, wrong, want{"relay", "refused", proto.ReasonWrongAgency, "we refuse it"})
	})
	t.Run("a peer that is not pinned", func(t *testing.T) {
		us := foundHouse(t, "usbp.example")
		c, err := relayd.Load(us.dir.RelayConfig())
		check(t, err)
		c.Peers = append(c.Peers, relayd.Peer{Agency: "gn.example", Address: "127.0.0.1:1"})
		check(t, c.Save(us.dir.RelayConfig()))
		code, wrong := examine(t, "--config", us.dir.RelayConfig())
		expect(t, code, wrong, want{"peer gn.example", "refused", proto.ReasonUnknownAuthority, "gn.example"})
	})
}

// TestDoctorAndSilence: nothing there and a firewall that swallows UDP look the
// same from here; both end in time and say what to look at.
func TestDoctorAndSilence(t *testing.T) {
	t.Parallel()
	us := foundHouse(t, "usbp.example")
	home := us.device(us.issue(unitOf(us), time.Now()))
	silent := want{"relay " + us.addr, "no answer", 0, "no answer over UDP from " + us.addr}
	code, wrong := examine(t, "--home", home, "--timeout", "300ms")
	expect(t, code, wrong, silent)
	hole, err := net.ListenUDP("udp", us.listen)
	check(t, err)
	defer hole.Close()
	start := time.Now()
	code, wrong = examine(t, "--home", home, "--timeout", "300ms")
	expect(t, code, wrong, silent)
	if !strings.Contains(wrong[0].Hint, "firewall") {
		t.Errorf("hint %q", wrong[0].Hint)
	}
	if took := time.Since(start); took > 20*time.Second {
		t.Errorf("took %v", took)
	}
	t.Run("a name that does not resolve", func(t *testing.T) {
		us.addr = "relay.invalid:4433"
		code, wrong := examine(t, "--home", us.device(us.issue(unitOf(us), time.Now())))
		expect(t, code, wrong, want{"relay", "bad address", 0, "relay.invalid"})
	})
}

// TestDoctorSpeaksToPeople: without --json the same is readable, line by line.
func TestDoctorSpeaksToPeople(t *testing.T) {
	t.Parallel()
	code, out, errs := command(t, "doctor", "--home", t.TempDir())
	if code != exitFound || errs != "" || !strings.HasPrefix(out, "PROBLEM  device: ") || !strings.Contains(out, "\n         hint: crossband enroll") {
		t.Errorf("%d\n%s%s", code, out, errs)
	}
}

// TestARelayThatWasOffTooLong: after more than a week its certificate is good no
// more, and nobody would renew it over a link. The administrator can.
func TestARelayThatWasOffTooLong(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "us")
	dir, err := agencydir.Init(path, agencydir.Setup{Agency: "usbp.example", Relay: "relay-1", Address: "127.0.0.1:4433", SmallKeys: true}, time.Now().Add(-30*day))
	check(t, err)
	code, wrong := examine(t, "--config", dir.RelayConfig())
	expect(t, code, wrong,
		want{"certificate, to dial others", "expired", proto.ReasonExpired, "expired on"},
		want{"certificate, to be dialled", "expired", proto.ReasonExpired, "expired on"})
	if !strings.Contains(wrong[0].Hint, "crossband agency renew") {
		t.Errorf("hint %q", wrong[0].Hint)
	}
	if code, _, errs := command(t, "agency", "renew", "--dir", path); code != exitOK || strings.Count(errs, "renewed: spiffe://usbp.example/") != 2 {
		t.Errorf("%d\n%s", code, errs)
	}
	if code, wrong := examine(t, "--config", dir.RelayConfig()); code != exitOK {
		t.Errorf("%+v", wrong)
	}
	if code, _, errs := command(t, "agency", "renew", "--dir", path); code != exitOK || errs != "" {
		t.Errorf("renewed again: %d\n%s", code, errs)
	}
	b, err := os.ReadFile(filepath.Join(path, "relay", "identity", "identity.pem"))
	if err != nil || !strings.Contains(string(b), "TRUST LIST") {
		t.Errorf("the trust list is lost: %v", err)
	}
}

// TestAnAgreementAfterALongStop: the authority's mailbox signs agreements and
// charters, and one that is signed with an expired certificate would be refused by
// everybody.
func TestAnAgreementAfterALongStop(t *testing.T) {
	t.Parallel()
	var dirs []agencydir.Dir
	for _, name := range []proto.Agency{"usbp.example", "gn.example"} {
		dir, err := agencydir.Init(filepath.Join(t.TempDir(), string(name)), agencydir.Setup{Agency: name, Relay: "relay-1", Address: "127.0.0.1:4433", SmallKeys: true}, time.Now().Add(-30*day))
		check(t, err)
		dirs = append(dirs, dir)
	}
	partner, err := dirs[1].Authority()
	check(t, err)
	check(t, dirs[0].Trust(partner.Bundle(), partner.Bundle().Fingerprint(), "", false, time.Now()))
	a, err := agreement.Usual(agreement.Terms{Title: "Later", Parties: []proto.Agency{"usbp.example", "gn.example"}, Begins: time.Now(), Ends: time.Now().Add(30 * day), SmallKeys: true})
	check(t, err)
	f, err := agreement.Parse(agreement.Write(&a))
	check(t, err)
	for _, d := range []agencydir.Dir{dirs[1], dirs[0]} {
		f, err = d.Sign(f, time.Now())
		check(t, err)
	}
	made, err := dirs[0].Put(f, time.Now())
	if err != nil || len(made) != 1 {
		t.Fatalf("%v, %v", made, err)
	}
	if code, wrong := examine(t, "--config", dirs[0].RelayConfig()); code != exitOK {
		t.Errorf("%+v", wrong)
	}
}
