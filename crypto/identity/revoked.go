package identity

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/binary"
	"slices"
	"time"

	"crossband/proto"
)

// Revoked refuses, as Revoked, a chain of which a certificate has been taken
// back, and returns nil for any other. It verifies no signature: it is asked
// about chains that were good when they came, as often as lists change.
func (t *TrustStore) Revoked(raw [][]byte) error {
	s := t.cur.Load()
	if len(s.revoked) == 0 {
		return nil // nothing has been taken back, nor could be: no parsing
	}
	d := chainDigest(raw)
	list, ok := t.known.get(d)
	if !ok {
		c, err := parseChain(raw)
		if err != nil {
			return err
		}
		list = c.revocables()
		t.known.put(d, list)
	}
	return s.checkRevoked(list)
}

// revocable is what a revocation list may name in a certificate.
type revocable struct {
	agency proto.Agency
	name   proto.Name // whose it is; the zero one for an authority's
	who    string     // for a sentence
	serial []byte
	issued time.Time
}

// revocables is what of a chain can be revoked, the leaf first.
func (c chain) revocables() []revocable {
	list := make([]revocable, len(c.certs))
	for i, cert := range c.certs {
		list[i] = revocableOf(cert, c.name.Agency, proto.Name{})
		if i == 0 {
			list[i] = revocableOf(cert, c.name.Agency, c.name)
		}
	}
	return list
}

func revocableOf(cert *x509.Certificate, a proto.Agency, name proto.Name) revocable {
	return revocable{a, name, describe(cert, name), cert.SerialNumber.Bytes(), cert.NotBefore.Add(Backdate)}
}

func chainDigest(raw [][]byte) [sha256.Size]byte {
	h := sha256.New()
	for _, der := range raw {
		h.Write(binary.BigEndian.AppendUint32(nil, uint32(len(der))))
		h.Write(der)
	}
	return [sha256.Size]byte(h.Sum(nil))
}

// RevokedEntries returns what an agency has taken back, by all of its lists
// held, newest first.
func (t *TrustStore) RevokedEntries(a proto.Agency) []Revocation {
	return t.cur.Load().revoked[a].entries()
}

// RevokedEntries returns what the authority itself has taken back so far,
// newest first.
func (a *Authority) RevokedEntries() ([]Revocation, error) {
	held, err := a.revocations()
	if err != nil {
		return nil, err
	}
	return held.entries(), nil
}

func (r revocations) entries() []Revocation {
	var all []Revocation
	for _, l := range []*RevocationList{r.byIssuing, r.byRoot} {
		if l != nil {
			all = append(all, l.Entries...)
		}
	}
	slices.SortStableFunc(all, func(x, y Revocation) int { return y.At.Compare(x.At) })
	return all
}

// SelfRevoked refuses, as Revoked, an identity whose own certificate has been
// taken back.
func (id *Identity) SelfRevoked(t *TrustStore) error { return t.Revoked(id.Chain) }

// HasRevoked reports whether the authority has taken back an identity's
// certificate.
func (a *Authority) HasRevoked(id *Identity, now time.Time) (bool, error) {
	t, err := a.trustStore(now)
	if err != nil {
		return false, err
	}
	return FaultOf(id.SelfRevoked(t)) == Revoked, nil
}
