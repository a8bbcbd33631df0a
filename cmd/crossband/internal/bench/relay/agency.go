package relay

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"path/filepath"
	"time"

	"crossband/cmd/crossband/internal/rig"
	"crossband/crypto/identity"
	"crossband/proto"
	"crossband/proto/wire"
)

const agencyName proto.Agency = "bench.example"

// charterLife is longer than any run lasts.
const charterLife = 24 * time.Hour

// channel is one talker's channel.
type channel struct {
	id     proto.ChannelID
	rules  proto.Charter
	signed []byte
}

// foundAgency founds an agency that is alone, with a channel for each talker.
func foundAgency(dir string, talkers int) (*rig.Agency, []channel, error) {
	listen, err := rig.FreePort()
	if err != nil {
		return nil, nil, err
	}
	now := time.Now()
	a, err := rig.Found(filepath.Join(dir, string(agencyName)), agencyName, listen, listen, now)
	if err != nil {
		return nil, nil, err
	}
	channels := make([]channel, talkers)
	for i := range channels {
		c := &channels[i]
		c.signed, c.rules, err = a.Dir.Charter(&wire.Charter{
			Owner: string(agencyName), Kind: wire.Charter_KIND_STANDING, Title: fmt.Sprintf("Bench %d", i+1), Suite: uint32(proto.SuiteP256), Storage: wire.Charter_STORAGE_SEALED,
			ExpiresMs: now.Add(charterLife).UnixMilli(),
			Parties:   []*wire.Charter_Party{{Agency: string(agencyName), Send: []string{proto.RoleUnit.String()}, MaxPriority: uint32(proto.PriorityEmergency)}},
		}, now)
		if err != nil {
			return nil, nil, fmt.Errorf("charter: %w", err)
		}
		c.id = c.rules.Channel
	}
	return a, channels, nil
}

// unit is who an endpoint is: its certificate, as it shows it and as its credential
// in a group.
type unit struct {
	name  proto.Name
	key   *ecdsa.PrivateKey
	chain [][]byte
	cert  tls.Certificate
}

// certify makes certificates for so many units, beside the authority: enrolments by
// way of the relay would be another benchmark.
func certify(ctx context.Context, a *rig.Agency, n int) ([]*unit, error) {
	authority, err := a.Dir.Authority()
	if err != nil {
		return nil, err
	}
	units := make([]*unit, n)
	for i := range units {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		name := proto.Name{Agency: a.Name, Role: proto.RoleUnit, Label: fmt.Sprintf("bench-%d", i+1)}
		if units[i], err = newUnit(authority, name); err != nil {
			return nil, fmt.Errorf("certificate of %s: %w", name, err)
		}
	}
	return units, nil
}

func newUnit(authority *identity.Authority, name proto.Name) (*unit, error) {
	key, err := identity.GenerateKey(elliptic.P256())
	if err != nil {
		return nil, err
	}
	csr, err := x509.CreateCertificateRequest(rand.Reader, new(x509.CertificateRequest), key)
	if err != nil {
		return nil, err
	}
	chain, err := authority.Issue(csr, name, time.Now())
	if err != nil {
		return nil, err
	}
	leaf, err := x509.ParseCertificate(chain[0])
	if err != nil {
		return nil, err
	}
	return &unit{name, key, chain, tls.Certificate{Certificate: chain, PrivateKey: key, Leaf: leaf}}, nil
}

// trustOf is how all units judge the relay and each other.
func trustOf(a *rig.Agency) (*identity.TrustStore, error) {
	authority, err := a.Dir.Authority()
	if err != nil {
		return nil, err
	}
	return identity.NewTrustStore(authority.Bundle())
}

// Handshakes go on so many at once. A relay lets an address begin 1,000 of them
// freely and 100 a second from then on.
const (
	handshakesAtOnce = 8
	handshakesFree   = 900
	handshakePace    = time.Second / 80
)

// paceOf is how far apart so many handshakes begin.
func paceOf(n int) time.Duration {
	if n <= handshakesFree {
		return 0
	}
	return handshakePace
}
