package identity

import (
	"crypto"
	"crypto/sha256"
	"encoding/binary"
	"time"
)

// MaxRenewalAge is how far the clocks of device and authority may be apart,
// and how old a renewal request may be.
const MaxRenewalAge = 15 * time.Minute

// Renewal is a device's side of replacing its certificate while it is valid.
type Renewal struct {
	old     *Identity
	key     crypto.Signer
	request []byte
}

// NewRenewal asks for a new certificate of the same name, for key, which may
// be a new one or id.Key. The request is signed with id.Key.
func NewRenewal(id *Identity, key crypto.Signer, now time.Time) (*Renewal, error) {
	csr, err := newCSR(key)
	if err != nil {
		return nil, err
	}
	s, err := id.sign(contextRenewal, renewalRequest{now, csr}.encode())
	if err != nil {
		return nil, err
	}
	return &Renewal{id, key, s.Encode()}, nil
}

// Request returns the octets to send, at most MaxSigned.
func (r *Renewal) Request() []byte { return r.request }

// Finish verifies the authority's reply and returns the identity that takes
// the place of the old one, which is left as it was. A trust list older than
// the one held is refused as Stale.
func (r *Renewal) Finish(reply []byte, now time.Time) (*Identity, error) {
	g, err := parseGrant(reply)
	if err != nil {
		return nil, err
	}
	id, err := g.identity(r.old.Name, r.old.Bundle.Fingerprint(), r.key, now)
	if err != nil {
		return nil, err
	}
	if held, given := sequenceOf(r.old.Trust), sequenceOf(id.Trust); given < held {
		return nil, refuse(Stale, "the reply holds trust list %d, but list %d is held", given, held)
	}
	id.Revoked = r.old.Revoked
	return id, nil
}

type renewalRequest struct {
	at  time.Time
	csr []byte
}

func (r renewalRequest) encode() []byte {
	e := newEncoder()
	e.time(r.at)
	e.bytes(r.csr)
	return e.b
}

// Renew answers a renewal request of a device of this agency whose
// certificate is valid and not revoked. A request more than MaxRenewalAge
// away from now is refused as Stale.
func (a *Authority) Renew(request []byte, now time.Time) ([]byte, error) {
	store, err := a.trustStore(now)
	if err != nil {
		return nil, err
	}
	payload, name, err := store.verifySigned(contextRenewal, request, now)
	if err != nil {
		return nil, err
	}
	d := newDecoder("renewal request", payload, MaxSigned)
	r := renewalRequest{d.time(), d.bytes(maxCSR)}
	if err := d.end(); err != nil {
		return nil, err
	}
	if age := now.Sub(r.at).Abs(); age > MaxRenewalAge {
		return nil, refuse(Stale, "the renewal of %s was asked on %s; this clock shows %s", name, date(r.at), date(now))
	}
	chain, err := a.Issue(r.csr, name, now)
	if err != nil {
		return nil, err
	}
	trust, err := a.TrustList(now)
	if err != nil {
		return nil, err
	}
	return grant{chain, trust}.encode(), nil
}

// RenewAt returns when to renew: after two thirds of the certificate's life
// and up to a twelfth more, by a share that is the device's own, so that a
// fleet enrolled together does not come back together.
func (id *Identity) RenewAt() (time.Time, error) {
	leaf, err := id.Leaf()
	if err != nil {
		return time.Time{}, err
	}
	sum := sha256.Sum256([]byte(id.Name.String()))
	life := leaf.NotAfter.Sub(leaf.NotBefore)
	share := time.Duration(binary.BigEndian.Uint16(sum[:]))
	return leaf.NotBefore.Add(life*2/3 + life/12/65536*share), nil
}
