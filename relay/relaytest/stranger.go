package relaytest

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"time"

	"crossband/crypto/identity"
	"crossband/proto"
	"crossband/proto/link"
)

// Forge signs a certificate for an identity URI with the agency's real issuing
// key, as change bends it: what an authority in the wrong hands can make.
func (a *Agency) Forge(uri string, change func(*x509.Certificate)) tls.Certificate {
	a.W.T.Helper()
	files, err := filepath.Glob(filepath.Join(a.dir, "issuing", "*.crt"))
	a.W.check(err)
	text, err := os.ReadFile(files[0])
	a.W.check(err)
	block, _ := pem.Decode(text)
	issuer, err := x509.ParseCertificate(block.Bytes)
	a.W.check(err)
	issuerKey, err := identity.LoadKey(strings.TrimSuffix(files[0], ".crt")+".key", nil)
	a.W.check(err)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	a.W.check(err)
	names, err := asn1.Marshal([]asn1.RawValue{{Class: asn1.ClassContextSpecific, Tag: 6, Bytes: []byte(uri)}})
	a.W.check(err)
	now := time.Now()
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()), NotBefore: now.Add(-time.Hour), NotAfter: now.Add(24 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, BasicConstraintsValid: true,
		ExtKeyUsage:     []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},
		ExtraExtensions: []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 17}, Critical: true, Value: names}},
	}
	if change != nil {
		change(tmpl)
	}
	leaf, err := x509.CreateCertificate(rand.Reader, tmpl, issuer, key.Public(), issuerKey)
	a.W.check(err)
	return tls.Certificate{Certificate: [][]byte{leaf, issuer.Raw}, PrivateKey: key}
}

// Stranger dials a relay with a certificate of the test's own making, and
// returns what it was told; nil if it was let in.
func (w *World) Stranger(cert tls.Certificate, to *Agency) error {
	w.T.Helper()
	socket, _, err := w.Net.Host()
	w.check(err)
	d, err := link.NewDialer(socket, link.Config{
		Self:        proto.Name{Agency: to.Name, Role: proto.RoleUnit, Label: "stranger"}, // the certificate says who it is
		Certificate: func() (*tls.Certificate, error) { return &cert, nil },
		Verify: func([][]byte, bool) (proto.Name, error) {
			return proto.Name{Agency: to.Name, Role: proto.RoleRelay, Label: "r1"}, nil
		},
	})
	w.check(err)
	defer d.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	_, err = d.Dial(ctx, to.Addr, link.RelayOf(to.Name))
	return err
}
