package identity

import (
	"crypto"
	"crypto/elliptic"
	"time"

	"crossband/proto"
)

// Reissue makes a new certificate for the name and key of an identity that
// lives beside the authority's folder, expired or not.
func (a *Authority) Reissue(id *Identity, now time.Time) (*Identity, error) {
	csr, err := newCSR(id.Key)
	if err != nil {
		return nil, err
	}
	return a.issueHere(csr, id.Name, id.Key, now)
}

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
	return a.issueHere(csr, name, key, now)
}

func (a *Authority) issueHere(csr []byte, name proto.Name, key crypto.Signer, now time.Time) (*Identity, error) {
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
