package identity

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"crossband/proto"
)

const day = 24 * time.Hour

// noon is when most tests happen.
func noon() time.Time { return time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC) }

func name(t testing.TB, s string) proto.Name {
	t.Helper()
	n, err := proto.ParseName(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// must passes a value through and stops the test on an error.
func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		ok(t, err)
		return v
	}
}

// wantFault fails unless err is a refusal for this fault; why says what rule
// is at stake.
func wantFault(t testing.TB, err error, f Fault, why string) {
	t.Helper()
	if err == nil {
		t.Errorf("%s: accepted, want a refusal: %s", why, f)
	} else if FaultOf(err) != f {
		t.Errorf("%s: fault is %s, want %s (%v)", why, FaultOf(err), f, err)
	}
}

func newAuthority(t testing.TB, agency proto.Agency, now time.Time) *Authority {
	t.Helper()
	return must(InitAuthority(filepath.Join(t.TempDir(), "authority"), agency, now, AuthorityOptions{}))(t)
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	return must(GenerateKey(elliptic.P256()))(t)
}

// issue gives a device of the authority its identity without an invitation.
func issue(t testing.TB, a *Authority, who string, now time.Time) *Identity {
	t.Helper()
	key := newKey(t)
	csr := must(newCSR(key))(t)
	chain := must(a.Issue(csr, name(t, who), now))(t)
	list := must(a.TrustList(now))(t)
	return must(NewIdentity(chain, key, a.Bundle(), list, now))(t)
}

func storeOf(t testing.TB, own *Authority, partners ...*Authority) *TrustStore {
	t.Helper()
	var bundles []*Bundle
	for _, p := range partners {
		bundles = append(bundles, p.Bundle())
	}
	return must(NewTrustStore(own.Bundle(), bundles...))(t)
}

// files returns the content of every file below dir, to show that a refusal
// changed nothing.
func files(t testing.TB, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	ok(t, filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		all[path] = string(data)
		return err
	}))
	return all
}

// forger makes certificates that Authority would never make.
type forger struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func (f forger) sign(t testing.TB, tmpl *x509.Certificate, pub crypto.PublicKey) *x509.Certificate {
	t.Helper()
	return must(createCertificate(tmpl, f.cert, pub, f.key))(t)
}

// authority makes an authority below f; change bends its template.
func (f forger) authority(t testing.TB, agency proto.Agency, change func(*x509.Certificate)) forger {
	t.Helper()
	key := newKey(t)
	tmpl := authorityTemplate(agency, "issuing", key, noon().Add(-day))
	tmpl.NotAfter, tmpl.MaxPathLenZero = noon().Add(100*day), true
	if change != nil {
		change(tmpl)
	}
	return forger{f.sign(t, tmpl, key.Public()), key}
}

// leaf makes a device certificate for raw identity URIs; change bends it.
func (f forger) leaf(t testing.TB, uris []string, change func(*x509.Certificate)) []byte {
	t.Helper()
	return f.leafFor(t, uris, newKey(t).Public(), change)
}

func (f forger) leafFor(t testing.TB, uris []string, pub crypto.PublicKey, change func(*x509.Certificate)) []byte {
	t.Helper()
	tmpl := &x509.Certificate{
		SerialNumber:          serialNumber(),
		NotBefore:             noon().Add(-time.Hour),
		NotAfter:              noon().Add(day),
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
	}
	if uris != nil {
		var names []asn1.RawValue
		for _, u := range uris {
			names = append(names, asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 6, Bytes: []byte(u)})
		}
		san(t, tmpl, names)
	}
	if change != nil {
		change(tmpl)
	}
	// Not createCertificate: crypto/x509 would refuse to read some of these.
	return must(x509.CreateCertificate(rand.Reader, tmpl, f.cert, pub, f.key))(t)
}

// failed keeps the error of a call whose value does not matter.
func failed[T any](_ T, err error) error { return err }

func pemOf(file []byte) []byte {
	block, _ := pem.Decode(file)
	return block.Bytes
}
