// Package policy is what a channel's charter lets into its group. The hub and
// every member put the same question to the same Gate, so that a hostile relay
// cannot add anybody whom a member would refuse, and no member refuses in
// silence what the hub took.
//
// It holds no secret, socket, clock or lock; certificates are judged by the
// Judge that the caller gives.
package policy

import (
	"bytes"
	"crypto/x509"
	"time"

	"crossband/crypto/mls/roster"
	"crossband/crypto/mls/tree"
	"crossband/proto"
)

// Judge verifies a member's certificate chain, leaf first, against the agency
// that it names.
type Judge interface {
	Member(chain [][]byte, at time.Time) (proto.Name, error)
}

// Gate implements roster.Verifier for one channel at one moment.
type Gate struct {
	Judge   Judge
	Charter proto.Charter
	Signed  []byte // the charter as the group context must carry it
	Now     time.Time
	Names   map[tree.LeafIndex]proto.Name // of those let in; made by the caller
}

// VerifyMember implements roster.Verifier.
func (g *Gate) VerifyMember(c roster.Candidate) error {
	if c.Credential.Type != tree.CredentialX509 || len(c.Credential.Chain) == 0 {
		return proto.Refuse(proto.ReasonNoIdentity, "a member without a certificate")
	}
	at := g.Now
	if c.Reason == roster.Present {
		at = whileValid(c.Credential.Chain[0], at)
	}
	name, err := g.Judge.Member(c.Credential.Chain, at)
	if err != nil {
		return err
	}
	if g.Charter.RightOf(name) == proto.RightNone {
		return proto.Refusef(proto.ReasonCharter, "%s may not be a member", name)
	}
	if signed, _ := c.Extensions.Find(tree.ExtensionCharter); !bytes.Equal(signed, g.Signed) {
		return proto.Refuse(proto.ReasonCharter, "the group carries another charter")
	}
	g.Names[c.Leaf] = name
	return nil
}

// VerifyContext implements roster.Verifier: no member's commit changes the
// charter.
func (g *Gate) VerifyContext(roster.ContextChange) error {
	return proto.Refuse(proto.ReasonCharter, "a commit may not change the charter")
}

// whileValid moves the moment of judgement back to the end of a certificate's
// life. Whoever is a member already was let in while it was valid; a device
// that has been switched off for longer than its certificate lives must not
// keep others from joining. Revocation is judged as of today all the same.
func whileValid(der []byte, now time.Time) time.Time {
	cert, err := x509.ParseCertificate(der)
	if err != nil || now.Before(cert.NotAfter) {
		return now
	}
	return cert.NotAfter.Add(-time.Second)
}
