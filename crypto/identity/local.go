package identity

import (
	"crypto/elliptic"
	"time"

	"crossband/proto"
)

// IssueLocal makes the identity of somebody who lives beside the authority's
// folder: its first relay and the authority's own mailbox. Everybody else
// makes the key on its own machine and enrols.
func (a *Authority) IssueLocal(name proto.Name, curve elliptic.Curve, now time.Time) (*Identity, error) {
	key, err := GenerateKey(curve)
	if err != nil {
		return nil, err
	}
	csr, err := newCSR(key)
	if err != nil {
		return nil, err
	}
	chain, err := a.Issue(csr, name, now)
	if err != nil {
		return nil, err
	}
	trust, err := a.TrustList(now)
	if err != nil {
		return nil, err
	}
	return NewIdentity(chain, key, a.Bundle(), trust, now)
}
