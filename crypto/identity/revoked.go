package identity

import (
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
	c, err := parseChain(raw)
	if err != nil {
		return err
	}
	return s.checkRevoked(c)
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
