package link_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"math/big"
	"net"
	"net/url"
	"testing"
	"time"

	"crossband/proto"
	"crossband/proto/link"
	"crossband/proto/wire"
)

// pki makes certificates that are valid from 1990, since virtual time begins
// in 2000, and judges them by one root.
type pki struct {
	t    testing.TB
	root *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newPKI(t testing.TB) *pki {
	t.Helper()
	p := &pki{t: t}
	p.key = newKey(t)
	p.root = p.sign(&x509.Certificate{IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}, &p.key.PublicKey)
	return p
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func (p *pki) sign(c *x509.Certificate, pub *ecdsa.PublicKey) *x509.Certificate {
	p.t.Helper()
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		p.t.Fatal(err)
	}
	c.SerialNumber, c.Subject = serial, pkix.Name{CommonName: "test"}
	c.NotBefore, c.NotAfter = time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2090, 1, 1, 0, 0, 0, 0, time.UTC)
	parent := p.root
	if parent == nil {
		parent = c
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, pub, p.key)
	if err != nil {
		p.t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		p.t.Fatal(err)
	}
	return cert
}

func (p *pki) issue(n proto.Name) *tls.Certificate {
	p.t.Helper()
	id, err := url.Parse(n.String())
	if err != nil {
		p.t.Fatal(err)
	}
	key := newKey(p.t)
	leaf := p.sign(&x509.Certificate{URIs: []*url.URL{id}, KeyUsage: x509.KeyUsageDigitalSignature}, &key.PublicKey)
	return &tls.Certificate{Certificate: [][]byte{leaf.Raw}, PrivateKey: key, Leaf: leaf}
}

func (p *pki) verify(chain [][]byte, _ bool) (proto.Name, error) {
	leaf, err := x509.ParseCertificate(chain[0])
	if err != nil {
		return proto.Name{}, proto.Refuse(proto.ReasonBadCertificate, "")
	}
	if err := leaf.CheckSignatureFrom(p.root); err != nil {
		return proto.Name{}, proto.Refuse(proto.ReasonUnknownAuthority, "another root")
	}
	return proto.ParseName(leaf.URIs[0].String())
}

func (p *pki) config(n proto.Name) link.Config {
	cert := p.issue(n)
	return link.Config{
		Self:        n,
		Certificate: func() (*tls.Certificate, error) { return cert, nil },
		Verify:      p.verify,
		Software:    "test of " + n.Label,
	}
}

func relayA() proto.Name {
	return proto.Name{Agency: "usbp.example", Role: proto.RoleRelay, Label: "a"}
}
func relayB() proto.Name { return proto.Name{Agency: "gn.example", Role: proto.RoleRelay, Label: "b"} }
func unit() proto.Name   { return proto.Name{Agency: "usbp.example", Role: proto.RoleUnit, Label: "u"} }

func anybody(proto.Name) error { return nil }

// pair is a listener and a dialler on one network.
type pair struct {
	l *link.Listener
	d *link.Dialer
}

// sockets opens both ends; the caller's network closes them.
func open(t testing.TB, at, from net.PacketConn, server, client link.Config) pair {
	t.Helper()
	l, err := link.Listen(at, server)
	if err != nil {
		t.Fatal(err)
	}
	d, err := link.NewDialer(from, client)
	if err != nil {
		t.Fatal(err)
	}
	return pair{l, d}
}

func (p pair) close(t testing.TB) {
	t.Helper()
	if err := errors.Join(p.d.Close(), p.l.Close()); err != nil {
		t.Error(err)
	}
}

// connect returns both ends of a link: the dialler's and the listener's.
func (p pair) connect(t testing.TB) (dialled, accepted *link.Conn) {
	t.Helper()
	dialled, err := p.d.Dial(t.Context(), p.l.Addr(), anybody)
	if err != nil {
		t.Fatal(err)
	}
	accepted, err = p.l.Accept(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return dialled, accepted
}

func text(n int) *wire.Frame {
	return &wire.Frame{Id: 1, Body: &wire.Frame_Text{Text: &wire.Text{Sealed: make([]byte, n)}}}
}

func loopback(t testing.TB) net.PacketConn {
	t.Helper()
	pc, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	return pc
}

// drain reads a link's frames until its end, as an owner's reader does.
func drain(c *link.Conn) {
	for {
		if _, err := c.Receive(context.Background()); err != nil {
			return
		}
	}
}

// wantPeerRefusal checks that err is the peer's doing, for the reason.
func wantPeerRefusal(t testing.TB, side string, err error, want proto.Reason) {
	t.Helper()
	var theirs *link.RefusedByPeer
	if !errors.As(err, &theirs) || theirs.Refusal.Reason != want {
		t.Errorf("%s: %v, want refused by the peer with reason %d", side, err, want)
	}
}

// wantOwnRefusal checks that err is our own doing, for the reason.
func wantOwnRefusal(t testing.TB, side string, err error, want proto.Reason) {
	t.Helper()
	var theirs *link.RefusedByPeer
	var ours *proto.Refusal
	if errors.As(err, &theirs) || !errors.As(err, &ours) || ours.Reason != want {
		t.Errorf("%s: %v, want our own refusal with reason %d", side, err, want)
	}
}
