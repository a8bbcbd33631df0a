package identity

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"
)

const eagle = "spiffe://usbp.example/relay/eagle-pass-1"

func san(t testing.TB, tmpl *x509.Certificate, names []asn1.RawValue) {
	t.Helper()
	der := must(asn1.Marshal(names))(t)
	tmpl.ExtraExtensions = append(tmpl.ExtraExtensions, pkix.Extension{Id: asn1.ObjectIdentifier{2, 5, 29, 17}, Critical: true, Value: der})
}

// twoAgencies is what the tables of bad chains are made from.
type twoAgencies struct {
	store          *TrustStore
	usRoot, us     forger // us is the issuing authority
	mxRoot, mx     forger
	usRaw, usIsRaw []byte
}

func newForgerRoot(t testing.TB, a *Authority) (root, issuing forger) {
	t.Helper()
	r := must(a.openRoot(a.bundle.Root, nil))(t)
	return forger{r.cert, r.key}, forger{a.issuers[0].cert, a.issuers[0].key}
}

func newTwoAgencies(t testing.TB) twoAgencies {
	t.Helper()
	us, mx := newAuthority(t, "usbp.example", noon().Add(-day)), newAuthority(t, "gn.example", noon().Add(-day))
	w := twoAgencies{store: storeOf(t, us, mx)}
	w.usRoot, w.us = newForgerRoot(t, us)
	w.mxRoot, w.mx = newForgerRoot(t, mx)
	w.usRaw, w.usIsRaw = w.usRoot.cert.Raw, w.us.cert.Raw
	return w
}

type badChain struct {
	rule  string
	raw   [][]byte
	usage Usage
	want  Fault
}

func runBadChains(t *testing.T, s *TrustStore, cases []badChain) {
	t.Helper()
	for _, c := range cases {
		usage := c.usage
		if usage == 0 {
			usage = UsageClient
		}
		_, err := s.VerifyPeer(c.raw, usage, noon())
		wantFault(t, err, c.want, c.rule)
	}
}

func TestGoodChainsAreAccepted(t *testing.T) {
	w := newTwoAgencies(t)
	leaf := w.us.leaf(t, []string{eagle}, nil)
	for _, raw := range [][][]byte{{leaf, w.usIsRaw}, {leaf, w.usIsRaw, w.usRaw}} {
		for _, usage := range []Usage{UsageClient, UsageServer, UsageMember} {
			n, err := w.store.VerifyPeer(raw, usage, noon())
			ok(t, err)
			if n.String() != eagle {
				t.Errorf("verified as %s, want %s", n, eagle)
			}
		}
	}
	parsed := []*x509.Certificate{must(x509.ParseCertificate(leaf))(t), w.us.cert}
	if _, err := w.store.Verify(parsed, UsageClient, noon()); err != nil {
		t.Errorf("the same chain, parsed: %v", err)
	}
	mx := w.mx.leaf(t, []string{"spiffe://gn.example/unit/halcon-1"}, nil)
	if _, err := w.store.VerifyPeer([][]byte{mx, w.mx.cert.Raw}, UsageClient, noon()); err != nil {
		t.Errorf("the partner's own device: %v", err)
	}
}

func TestIdentityRules(t *testing.T) {
	w := newTwoAgencies(t)
	uri := func(u ...string) [][]byte { return [][]byte{w.us.leaf(t, u, nil), w.usIsRaw} }
	with := func(change func(*x509.Certificate)) [][]byte { return [][]byte{w.us.leaf(t, nil, change), w.usIsRaw} }
	cases := []badChain{
		{rule: "two identity URIs", raw: uri(eagle, "spiffe://usbp.example/unit/x"), want: ManyIdentities},
		{rule: "the same URI twice", raw: uri(eagle, eagle), want: ManyIdentities},
		{rule: "an identity and a host name", want: ManyIdentities, raw: with(func(c *x509.Certificate) {
			san(t, c, []asn1.RawValue{{Class: 2, Tag: 6, Bytes: []byte(eagle)}, {Class: 2, Tag: 2, Bytes: []byte("usbp.example")}})
		})},
		{rule: "no names at all", raw: with(nil), want: NoIdentity},
		{rule: "common name only", want: NoIdentity, raw: with(func(c *x509.Certificate) { c.Subject.CommonName = eagle })},
		{rule: "host name only", want: NoIdentity, raw: with(func(c *x509.Certificate) { c.DNSNames = []string{"usbp.example"} })},
	}
	for _, bad := range []string{
		"spiffe://usbp.example/relay/a\x00", "spiffe://usbp.example\x00.gn.example/relay/a", "spiffe://usbp.example/relay/a%2fb",
		"spiffe://usbp.example/relay/../a", "spiffe://usbp.example:443/relay/a", "spiffe://me@usbp.example/relay/a",
		"spiffe://usbp.example/relay/a?x", "spiffe://usbp.example/relay/a#x", "spiffe://USBP.example/relay/a",
		"SPIFFE://usbp.example/relay/a", "spiffe://xn--usbp-0ra.example/relay/a", "spiffe://usbp.exämple/relay/a",
		"https://usbp.example/relay/a", "", "spiffe://usbp.example/king/a",
	} {
		cases = append(cases, badChain{rule: fmt.Sprintf("URI %q", bad), raw: uri(bad), want: BadName})
	}
	runBadChains(t, w.store, cases)
}

func TestAgencyRules(t *testing.T) {
	w := newTwoAgencies(t)
	// An impostor has the names of the US authorities and other keys.
	impostor := newForger(t, w.usRoot.cert, nil)
	impostorIs := impostor.authority(t, "usbp.example", func(c *x509.Certificate) { c.Subject = w.us.cert.Subject })
	free := newForgerFrom(t, w.mxRoot, func(c *x509.Certificate) { c.PermittedURIDomains, c.PermittedDNSDomainsCritical = nil, false })
	asUS := w.mxRoot.authority(t, "usbp.example", nil)
	narrow := w.usRoot.authority(t, "gn.example", nil)
	leaf := func(f forger) []byte { return f.leaf(t, []string{eagle}, nil) }
	runBadChains(t, w.store, []badChain{
		{rule: "other authority of the same names", raw: [][]byte{leaf(impostorIs), impostorIs.cert.Raw}, want: UnknownAuthority},
		{rule: "with its root", raw: [][]byte{leaf(impostorIs), impostorIs.cert.Raw, impostor.cert.Raw}, want: UnknownAuthority},
		{rule: "a true chain with a false root behind it", raw: [][]byte{leaf(w.us), w.usIsRaw, impostor.cert.Raw}, want: UnknownAuthority},
		{rule: "with the real issuing certificate", raw: [][]byte{leaf(impostorIs), w.usIsRaw}, want: UnknownAuthority},
		{rule: "with the real root", raw: [][]byte{leaf(impostor), w.usRaw}, want: UnknownAuthority},
		{rule: "Mexican authority, US identity", raw: [][]byte{leaf(w.mx), w.mx.cert.Raw}, want: WrongAgency},
		{rule: "with its root", raw: [][]byte{leaf(w.mx), w.mx.cert.Raw, w.mxRoot.cert.Raw}, want: WrongAgency},
		{rule: "straight from the Mexican root", raw: [][]byte{leaf(w.mxRoot)}, want: WrongAgency},
		{rule: "authority without name constraint", raw: [][]byte{leaf(free), free.cert.Raw}, want: WrongAgency},
		{rule: "authority constrained to the US name", raw: [][]byte{leaf(asUS), asUS.cert.Raw}, want: WrongAgency},
		{rule: "US authority constrained to another name", raw: [][]byte{leaf(narrow), narrow.cert.Raw}, want: WrongAgency},
		{rule: "agency that nobody pinned", raw: [][]byte{w.us.leaf(t, []string{"spiffe://rcmp.example/unit/a"}, nil), w.usIsRaw}, want: UnknownAuthority},
		{rule: "self-signed device", raw: [][]byte{selfSigned(t)}, want: UnknownAuthority},
		{rule: "a device as authority", raw: deviceAsAuthority(t, w), want: UnknownAuthority},
	})
}

// newForger makes a self-signed authority of cert's names with a key of its own.
func newForger(t testing.TB, cert *x509.Certificate, change func(*x509.Certificate)) forger {
	t.Helper()
	key := newKey(t)
	tmpl := authorityTemplate("usbp.example", "root", key, noon().Add(-day))
	tmpl.Subject, tmpl.NotAfter, tmpl.MaxPathLen, tmpl.SignatureAlgorithm = cert.Subject, noon().Add(1000*day), 1, 0
	if change != nil {
		change(tmpl)
	}
	return forger{must(createCertificate(tmpl, tmpl, key.Public(), key))(t), key}
}

func newForgerFrom(t testing.TB, f forger, change func(*x509.Certificate)) forger {
	return f.authority(t, "gn.example", change)
}

func selfSigned(t testing.TB) []byte {
	key := newKey(t)
	self := forger{&x509.Certificate{PublicKey: key.Public()}, key}
	return self.leafFor(t, []string{eagle}, key.Public(), nil)
}

func deviceAsAuthority(t testing.TB, w twoAgencies) [][]byte {
	key := newKey(t)
	device := w.us.leafFor(t, []string{"spiffe://usbp.example/unit/a"}, key.Public(), func(c *x509.Certificate) {
		c.Subject.CommonName = "unit"
	})
	below := forger{must(x509.ParseCertificate(device))(t), key}
	return [][]byte{below.leaf(t, []string{eagle}, nil), device, w.usIsRaw}
}

func TestUsageAndDateRules(t *testing.T) {
	w := newTwoAgencies(t)
	raw := func(change func(*x509.Certificate)) [][]byte {
		return [][]byte{w.us.leaf(t, []string{eagle}, change), w.usIsRaw}
	}
	eku := func(u ...x509.ExtKeyUsage) [][]byte { return raw(func(c *x509.Certificate) { c.ExtKeyUsage = u }) }
	oldIs := w.usRoot.authority(t, "usbp.example", func(c *x509.Certificate) { c.NotAfter = noon().Add(-time.Second) })
	futureIs := w.usRoot.authority(t, "usbp.example", func(c *x509.Certificate) { c.NotBefore = noon().Add(time.Second) })
	sub := w.us.authority(t, "usbp.example", nil)
	leaf := func(f forger) []byte { return f.leaf(t, []string{eagle}, nil) }
	runBadChains(t, w.store, []badChain{
		{rule: "expired device", want: Expired, raw: raw(func(c *x509.Certificate) { c.NotAfter = noon().Add(-time.Second) })},
		{rule: "expired authority", want: Expired, raw: [][]byte{leaf(oldIs), oldIs.cert.Raw}},
		{rule: "device of tomorrow", want: NotYetValid, raw: raw(func(c *x509.Certificate) { c.NotBefore = noon().Add(day / 2) })},
		{rule: "authority of tomorrow", want: NotYetValid, raw: [][]byte{leaf(futureIs), futureIs.cert.Raw}},
		{rule: "server only, as client", raw: eku(x509.ExtKeyUsageServerAuth), want: WrongUsage},
		{rule: "client only, as server", raw: eku(x509.ExtKeyUsageClientAuth), usage: UsageServer, want: WrongUsage},
		{rule: "no extended usage", raw: eku(), want: WrongUsage},
		{rule: "any usage is not a usage", raw: eku(x509.ExtKeyUsageAny), want: WrongUsage},
		{rule: "not for signatures, as member", usage: UsageMember, want: WrongUsage,
			raw: raw(func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageKeyAgreement })},
		{rule: "a usage that does not exist", raw: raw(nil), usage: 9, want: WrongUsage},
		{rule: "authority as device", want: NotALeaf, raw: raw(func(c *x509.Certificate) { c.IsCA = true })},
		{rule: "device that may sign certificates", want: NotALeaf, raw: raw(func(c *x509.Certificate) { c.KeyUsage |= x509.KeyUsageCertSign })},
		{rule: "the issuing certificate itself", want: NoIdentity, raw: [][]byte{w.usIsRaw}},
		{rule: "authority below one that allows none", raw: [][]byte{leaf(sub), sub.cert.Raw, w.usIsRaw}, want: ChainTooLong},
		{rule: "a critical extension nobody knows", want: Malformed, raw: raw(func(c *x509.Certificate) {
			c.ExtraExtensions = append(c.ExtraExtensions, pkix.Extension{Id: asn1.ObjectIdentifier{1, 2, 3}, Critical: true, Value: []byte{5, 0}})
		})},
	})
	_, err := w.store.VerifyPeer(raw(nil), UsageClient, noon().Add(21*365*day))
	wantFault(t, err, Expired, "everything expired")
	_, err = w.store.VerifyPeer(raw(nil), UsageClient, noon().Add(2*day))
	for _, date := range []string{"2026-11-03 12:00:00 UTC", "2026-11-04 12:00:00 UTC"} {
		if !strings.Contains(err.Error(), date) {
			t.Errorf("an expired chain is told with both dates, %s is not in %q", date, err)
		}
	}
}

func TestExpiredRootIsRefused(t *testing.T) {
	root := newForger(t, &x509.Certificate{Subject: pkix.Name{CommonName: "root"}}, func(c *x509.Certificate) { c.NotAfter = noon().Add(-time.Second) })
	is := root.authority(t, "usbp.example", nil)
	store := must(NewTrustStore(&Bundle{Agency: "usbp.example", Root: root.cert}))(t)
	leaf := is.leaf(t, []string{eagle}, nil)
	for _, raw := range [][][]byte{{leaf, is.cert.Raw}, {leaf, is.cert.Raw, root.cert.Raw}} {
		_, err := store.VerifyPeer(raw, UsageClient, noon())
		wantFault(t, err, Expired, "expired root")
	}
}

func TestKeyAndSizeRules(t *testing.T) {
	w := newTwoAgencies(t)
	with := func(pub crypto.PublicKey) [][]byte {
		return [][]byte{w.us.leafFor(t, []string{eagle}, pub, nil), w.usIsRaw}
	}
	ec := func(c elliptic.Curve) crypto.PublicKey { return must(ecdsa.GenerateKey(c, rand.Reader))(t).Public() }
	leaf := w.us.leaf(t, []string{eagle}, nil)
	deep, extra := chainOf(t, w, 60), [][]byte{leaf, w.usIsRaw}
	for range 300 {
		extra = append(extra, w.usRaw)
	}
	hosts := func(n int) [][]byte {
		return [][]byte{w.us.leaf(t, nil, func(c *x509.Certificate) {
			names := []asn1.RawValue{{Class: 2, Tag: 6, Bytes: []byte(eagle)}}
			for i := range n {
				names = append(names, asn1.RawValue{Class: 2, Tag: 2, Bytes: fmt.Appendf(nil, "host-%d.example", i)})
			}
			san(t, c, names)
		}), w.usIsRaw}
	}
	runBadChains(t, w.store, []badChain{
		{rule: "RSA-1024", raw: with(rsaKey(1024)), want: WeakKey},
		{rule: "RSA-4096", raw: with(rsaKey(4096)), want: WeakKey},
		{rule: "RSA-16384", raw: with(rsaKey(16384)), want: WeakKey},
		{rule: "P-224", raw: with(ec(elliptic.P224())), want: WeakKey},
		{rule: "P-521 is outside the profile", raw: with(ec(elliptic.P521())), want: WeakKey},
		{rule: "SHA-1", raw: [][]byte{withSHA1(t, leaf), w.usIsRaw}, want: WeakKey},
		{rule: "RSA authority", raw: rsaAuthority(t, w), want: WeakKey},
		{rule: "60 deep", raw: deep, want: ChainTooLong},
		{rule: "300 extra certificates", raw: extra, want: ChainTooLong},
		{rule: "10,000 names", raw: hosts(10000), want: ChainTooLong},
		{rule: "300 names, below the size limit", raw: hosts(300), want: ManyIdentities},
		{rule: "no certificate", raw: nil, want: NoCertificate},
		{rule: "not DER", raw: [][]byte{[]byte("hello")}, want: Malformed},
		{rule: "empty certificate", raw: [][]byte{{}}, want: Malformed},
		{rule: "octets after the certificate", raw: [][]byte{append(slices.Clone(leaf), 0), w.usIsRaw}, want: Malformed},
		{rule: "broken authority certificate", raw: [][]byte{leaf, w.usIsRaw[:40]}, want: Malformed},
		{rule: "out of order", raw: [][]byte{leaf, w.usRaw, w.usIsRaw}, want: Malformed},
		{rule: "issuing certificate missing", raw: [][]byte{leaf}, want: UnknownAuthority},
		{rule: "signature changed", raw: [][]byte{flipLast(leaf), w.usIsRaw}, want: UnknownAuthority},
	})
}

func flipLast(b []byte) []byte {
	c := slices.Clone(b)
	c[len(c)-1] ^= 1
	return c
}

// rsaKey makes a public key of a size that would take long to generate in
// earnest; nobody will sign with it.
func rsaKey(bits int) *rsa.PublicKey {
	b := make([]byte, bits/8)
	rand.Read(b)
	b[0] |= 0x80
	b[len(b)-1] |= 1
	return &rsa.PublicKey{N: new(big.Int).SetBytes(b), E: 65537}
}

func rsaAuthority(t testing.TB, w twoAgencies) [][]byte {
	key := must(rsa.GenerateKey(rand.Reader, 2048))(t)
	tmpl := must(x509.ParseCertificate(w.usIsRaw))(t)
	tmpl.SignatureAlgorithm, tmpl.SerialNumber = 0, serialNumber()
	is := w.usRoot.sign(t, tmpl, key.Public())
	leaf := must(x509.ParseCertificate(w.us.leaf(t, []string{eagle}, nil)))(t)
	leaf.SignatureAlgorithm = 0
	der := must(x509.CreateCertificate(rand.Reader, leaf, is, newKey(t).Public(), key))(t)
	return [][]byte{der, is.Raw}
}

func chainOf(t testing.TB, w twoAgencies, n int) [][]byte {
	unlimited := func(c *x509.Certificate) { c.MaxPathLen, c.MaxPathLenZero = -1, false }
	raw, at := [][]byte{}, w.usRoot
	for range n {
		at = at.authority(t, "usbp.example", unlimited)
		raw = append([][]byte{at.cert.Raw}, raw...)
	}
	return append([][]byte{at.leaf(t, []string{eagle}, nil)}, raw...)
}

// withSHA1 rewrites a certificate's signature algorithm to ecdsa-with-SHA1;
// crypto/x509 would not make one.
func withSHA1(t testing.TB, der []byte) []byte {
	type body struct {
		Version                            int `asn1:"optional,explicit,default:0,tag:0"`
		Serial                             *big.Int
		Algorithm                          pkix.AlgorithmIdentifier
		Issuer, Validity, Subject, SubjKey asn1.RawValue
		Extensions                         []pkix.Extension `asn1:"optional,explicit,tag:3"`
	}
	var cert struct {
		Body      body
		Algorithm pkix.AlgorithmIdentifier
		Signature asn1.BitString
	}
	if _, err := asn1.Unmarshal(der, &cert); err != nil {
		t.Fatal(err)
	}
	sha1 := pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 1}}
	cert.Body.Algorithm, cert.Algorithm = sha1, sha1
	return must(asn1.Marshal(cert))(t)
}
