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
	"slices"
	"time"

	"crossband/crypto/mls/roster"
	"crossband/crypto/mls/tree"
	"crossband/proto"
)

// Judge verifies a member's certificate chain, leaf first, against the agency
// that it names.
type Judge interface {
	Member(chain [][]byte, at time.Time) (proto.Name, error)

	// Revoked refuses, with proto.ReasonRevoked, a chain that its agency has
	// taken back, and returns nil for any other. Who asks has found the chain
	// good before.
	Revoked(chain [][]byte) error
}

// Sharing may be implemented by a Judge that lets many members be judged at once and
// remembers what it has verified: see tree.Checks. Member is then called by several
// goroutines.
type Sharing interface {
	Spread(n int, judge func(i int) error) error
	Once(digest [32]byte, verify func() error) error
}

// Gate implements roster.Verifier, roster.ChecksVerifier and roster.CommitVerifier for one channel.
type Gate struct {
	Judge   Judge
	Charter proto.Charter
	Signed  []byte // the charter as the group context must carry it
}

// VerifyMember implements roster.Verifier.
func (g *Gate) VerifyMember(c roster.Candidate) error {
	if c.Credential.Type != tree.CredentialX509 || len(c.Credential.Chain) == 0 {
		return proto.Refuse(proto.ReasonNoIdentity, "a member without a certificate")
	}
	if c.LeafOctets > proto.MaxLeaf {
		return proto.Refusef(proto.ReasonTooLarge, "a member's leaf of %d octets, limit %d", c.LeafOctets, proto.MaxLeaf)
	}
	at := c.Now
	if c.Reason == roster.Present {
		at = whileValid(c.Credential, at)
	}
	name, err := g.Judge.Member(c.Credential.Chain, at)
	if c.Reason == roster.Present && proto.ReasonOf(err) == proto.ReasonRevoked {
		name, err = NameOf(c.Credential) // see Outcasts
	}
	if err != nil {
		return err
	}
	if g.Charter.RightAt(name, c.Now) == proto.RightNone && !(c.Reason == roster.Present && g.Charter.RightOf(name) != proto.RightNone) { // see Outcasts
		return proto.Refusef(proto.ReasonCharter, "%s may not be a member", name)
	}
	if c.Previous != nil { // RFC 9420 5.3.1: a renewed leaf names the same member
		if was, err := NameOf(*c.Previous); err != nil || was != name {
			return proto.Refusef(proto.ReasonCharter, "%s in the place of %s", name, was)
		}
	}
	if signed, _ := c.Extensions.Find(tree.ExtensionCharter); !bytes.Equal(signed, g.Signed) {
		return proto.Refuse(proto.ReasonCharter, "the group carries another charter")
	}
	return nil
}

// Checks implements roster.ChecksVerifier.
func (g *Gate) Checks() tree.Checks {
	if s, ok := g.Judge.(Sharing); ok {
		return tree.Checks{Spread: s.Spread, Once: s.Once}
	}
	return tree.Checks{}
}

// VerifyContext implements roster.Verifier: no member's commit changes the
// charter.
func (g *Gate) VerifyContext(roster.ContextChange) error {
	return proto.Refuse(proto.ReasonCharter, "a commit may not change the charter")
}

// VerifyCommit implements roster.CommitVerifier: who may take whom in and out,
// and nobody is a member twice.
func (g *Gate) VerifyCommit(before *roster.Group, change roster.Change) error {
	if r := change.ReInit; r != nil {
		// RFC 9420 12.1.5 would let any member end the group in favour of
		// another. A channel's group is the charter's, and so is its suite.
		if id := uint16(r.Suite); id != proto.SuiteP256 && id != proto.SuiteP384 {
			return proto.Refusef(proto.ReasonWeakSuite, "suite %d in the place of %d", id, g.Charter.Suite)
		}
		return proto.Refuse(proto.ReasonCharter, "a commit may not close the group")
	}
	d, err := Describe(before, change)
	if err != nil {
		return err
	}
	outcasts, err := g.outcastsIn(before, change)
	if err != nil {
		return err
	}
	if err := nobodyTwice(before, change, d); err != nil {
		return err
	}
	gone := slices.DeleteFunc(slices.Clone(d.Removed), func(n proto.Name) bool { return n == d.By && slices.Contains(d.Added, n) })
	return g.Charter.MayChange(d.By, d.Added, gone, outcasts, change.Now)
}

// nobodyTwice refuses a commit after which a name would stand in two places.
func nobodyTwice(before *roster.Group, change roster.Change, d Difference) error {
	if len(d.Added) == 0 {
		return nil
	}
	coming := make(map[string]bool, len(d.Added)) // as certificates write it: parsing a thousand names takes longer
	for _, n := range d.Added {
		if coming[n.String()] {
			return proto.Refusef(proto.ReasonBadCommit, "%s would be a member twice", n)
		}
		coming[n.String()] = true
	}
	going := make(map[tree.LeafIndex]bool, len(change.Removed))
	for _, m := range change.Removed {
		going[m.Leaf] = true
	}
	for _, m := range before.Members() {
		cert, err := m.Credential.Certificate()
		if err != nil || cert.URI == "" {
			return proto.Refuse(proto.ReasonNoIdentity, "a member without a certificate")
		}
		if coming[cert.URI] && !going[m.Leaf] {
			return proto.Refusef(proto.ReasonBadCommit, "%s would be a member twice", cert.URI)
		}
	}
	return nil
}

// outcastsIn names the outcasts whom a commit removes. A commit by a revoked member
// itself is refused: one without a path shows no leaf that VerifyMember would be
// asked about.
func (g *Gate) outcastsIn(before *roster.Group, change roster.Change) ([]proto.Name, error) {
	if by, ok := before.Member(change.Committer); ok && !change.External {
		if err := g.Judge.Revoked(by.Credential.Chain); proto.ReasonOf(err) == proto.ReasonRevoked {
			return nil, err
		}
	}
	return g.Outcasts(change.Removed, change.Now), nil
}

// Outcasts names the members whose certificates have been taken back, and observers
// whose time is over. They may still be found in a group that one looks into: a
// stolen device must not keep others from joining, and who joins removes it before
// saying anything.
func (g *Gate) Outcasts(members []roster.Member, now time.Time) []proto.Name {
	var names []proto.Name
	for _, m := range members {
		n, err := NameOf(m.Credential)
		if err != nil {
			continue
		}
		over := g.Charter.RightAt(n, now) == proto.RightNone && g.Charter.RightOf(n) != proto.RightNone
		if over || proto.ReasonOf(g.Judge.Revoked(m.Credential.Chain)) == proto.ReasonRevoked {
			names = append(names, n)
		}
	}
	return names
}

// Difference is what a commit did, by name.
type Difference struct {
	By             proto.Name
	Added, Removed []proto.Name
}

// Describe puts names to a change of the group before.
func Describe(before *roster.Group, change roster.Change) (d Difference, err error) {
	if d.Added, err = namesOf(change.Added); err != nil {
		return d, err
	}
	if d.Removed, err = namesOf(change.Removed); err != nil {
		return d, err
	}
	if change.External {
		d.By = d.Added[len(d.Added)-1] // the joiner stands last among those added
		return d, nil
	}
	by, ok := before.Member(change.Committer)
	if !ok {
		return d, proto.Refuse(proto.ReasonBadCommit, "the committer is not in the tree")
	}
	d.By, err = NameOf(by.Credential)
	return d, err
}

func namesOf(members []roster.Member) ([]proto.Name, error) {
	var names []proto.Name
	for _, m := range members {
		n, err := NameOf(m.Credential)
		if err != nil {
			return nil, err
		}
		names = append(names, n)
	}
	return names, nil
}

// NameOf reads the name in a credential that has been judged: it verifies
// nothing.
func NameOf(c tree.Credential) (proto.Name, error) {
	if len(c.Chain) == 0 {
		return proto.Name{}, proto.Refuse(proto.ReasonNoIdentity, "a member without a certificate")
	}
	cert, err := c.Certificate()
	if err != nil || cert.URI == "" {
		return proto.Name{}, proto.Refuse(proto.ReasonNoIdentity, "a certificate without its one name")
	}
	return proto.ParseName(cert.URI)
}

// whileValid moves the moment of judgement back to the end of a certificate's
// life. Whoever is a member already was let in while it was valid; a device
// that has been switched off for longer than its certificate lives must not
// keep others from joining. Revocation is judged as of today all the same.
func whileValid(c tree.Credential, now time.Time) time.Time {
	cert, err := c.Certificate()
	if err != nil || now.Before(cert.NotAfter) {
		return now
	}
	return cert.NotAfter.Add(-time.Second)
}
