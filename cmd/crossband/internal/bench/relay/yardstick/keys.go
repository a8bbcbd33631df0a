package yardstick

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

const alpn = "crossband-yardstick"

// Files of the folder that a plain server reads.
const (
	fileRoot   = "root.pem"
	fileServer = "server.pem" // certificate, then key
)

// keysLife is longer than any run lasts.
const keysLife = 24 * time.Hour

// Keys is a certificate authority of one run.
type Keys struct {
	root *x509.Certificate
	key  *ecdsa.PrivateKey
}

// NewKeys makes an authority and leaves in dir what ServePlain reads there. dir
// must exist.
func NewKeys(dir string, now time.Time) (*Keys, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	k := &Keys{key: key}
	t := template("root", now)
	t.IsCA, t.BasicConstraintsValid, t.KeyUsage = true, true, x509.KeyUsageCertSign
	if k.root, err = k.sign(t, t, key); err != nil {
		return nil, err
	}
	server, err := k.issue("relay", now)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalECPrivateKey(server.PrivateKey.(*ecdsa.PrivateKey))
	if err != nil {
		return nil, err
	}
	both := append(block("CERTIFICATE", server.Certificate[0]), block("EC PRIVATE KEY", der)...)
	if err := os.WriteFile(filepath.Join(dir, fileServer), both, 0o600); err != nil {
		return nil, err
	}
	return k, os.WriteFile(filepath.Join(dir, fileRoot), block("CERTIFICATE", k.root.Raw), 0o600)
}

func block(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

func template(name string, now time.Time) *x509.Certificate {
	serial := make([]byte, 16)
	rand.Read(serial)
	return &x509.Certificate{
		SerialNumber: new(big.Int).SetBytes(serial), Subject: pkix.Name{CommonName: name},
		NotBefore: now.Add(-time.Minute), NotAfter: now.Add(keysLife),
	}
}

func (k *Keys) sign(t, parent *x509.Certificate, of *ecdsa.PrivateKey) (*x509.Certificate, error) {
	der, err := x509.CreateCertificate(rand.Reader, t, parent, of.Public(), k.key)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}

func (k *Keys) issue(name string, now time.Time) (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	t := template(name, now)
	t.KeyUsage = x509.KeyUsageDigitalSignature
	t.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	t.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1)}
	leaf, err := k.sign(t, k.root, key)
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.Certificate{Certificate: [][]byte{leaf.Raw}, PrivateKey: key, Leaf: leaf}, nil
}

// client is what an endpoint shows and expects.
func (k *Keys) client(name string, now time.Time) (*tls.Config, error) {
	cert, err := k.issue(name, now)
	if err != nil {
		return nil, err
	}
	return mutual(cert, k.root), nil
}

func mutual(own tls.Certificate, root *x509.Certificate) *tls.Config {
	pool := x509.NewCertPool()
	pool.AddCert(root)
	return &tls.Config{
		MinVersion: tls.VersionTLS13, NextProtos: []string{alpn}, Certificates: []tls.Certificate{own},
		RootCAs: pool, ClientCAs: pool, ClientAuth: tls.RequireAndVerifyClientCert, SessionTicketsDisabled: true,
	}
}

// readServer reads what NewKeys left for a server.
func readServer(dir string) (*tls.Config, error) {
	file := filepath.Join(dir, fileServer)
	cert, err := tls.LoadX509KeyPair(file, file)
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(filepath.Join(dir, fileRoot))
	if err != nil {
		return nil, err
	}
	b, _ := pem.Decode(text)
	if b == nil {
		return nil, fmt.Errorf("%s: no certificate", filepath.Join(dir, fileRoot))
	}
	root, err := x509.ParseCertificate(b.Bytes)
	if err != nil {
		return nil, err
	}
	return mutual(cert, root), nil
}
