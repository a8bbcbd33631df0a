package hub

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"time"

	"crossband/crypto/mls/policy"
	"crossband/crypto/mls/roster"
	"crossband/crypto/mls/suite"
	"crossband/crypto/mls/tree"
	"crossband/proto"
)

// membership is a channel's public group state with the members' names.
// It is never changed: apply returns a new one.
type membership struct {
	group  *roster.Group
	names  map[tree.LeafIndex]proto.Name
	leaves map[proto.Name]tree.LeafIndex
}

// difference is what a commit did, by name.
type difference struct {
	added, removed []proto.Name
}

// newMembership reads the group information of a new group and checks that it
// is the channel's.
func newMembership(groupInfo []byte, c proto.Charter, signed []byte, judge Judge, now time.Time) (*membership, error) {
	g := &policy.Gate{Judge: judge, Charter: c, Signed: signed, Now: now, Names: make(map[tree.LeafIndex]proto.Name)}
	group, err := roster.New(groupInfo, g, now)
	if err != nil {
		return nil, badCommit(err)
	}
	switch {
	case !bytes.Equal(group.GroupID(), c.Channel[:]):
		return nil, proto.Refuse(proto.ReasonBadCommit, "the group is not named after the channel")
	case uint16(group.Suite().ID()) != c.Suite:
		return nil, proto.Refusef(proto.ReasonWeakSuite, "suite %d, the charter says %d", group.Suite().ID(), c.Suite)
	}
	return newNames(group, g.Names)
}

func newNames(group *roster.Group, names map[tree.LeafIndex]proto.Name) (*membership, error) {
	m := &membership{group, names, make(map[proto.Name]tree.LeafIndex, len(names))}
	for leaf, n := range names {
		if _, twice := m.leaves[n]; twice {
			return nil, proto.Refusef(proto.ReasonBadCommit, "%s would be a member twice", n)
		}
		m.leaves[n] = leaf
	}
	if len(m.leaves) > proto.MaxMembers {
		return nil, proto.Refusef(proto.ReasonFull, "%d members", len(m.leaves))
	}
	return m, nil
}

// badCommit keeps a refusal that the gate made and turns any other error of the
// group's rules into one.
func badCommit(err error) error {
	if proto.ReasonOf(err) != proto.ReasonInternal {
		return err
	}
	return proto.Refuse(proto.ReasonBadCommit, err.Error())
}

func (m *membership) epoch() uint64 { return uint64(m.group.Epoch()) }
func (m *membership) size() int     { return len(m.leaves) }

func (m *membership) leafOf(n proto.Name) (uint32, bool) {
	leaf, ok := m.leaves[n]
	return uint32(leaf), ok
}

// apply judges a commit that actor sent, with the group information that goes
// with it.
func (m *membership) apply(commit, groupInfo []byte, actor proto.Name, c proto.Charter, judge Judge, now time.Time) (*membership, difference, error) {
	signed, _ := m.group.Extension(tree.ExtensionCharter)
	g := &policy.Gate{Judge: judge, Charter: c, Signed: signed, Now: now, Names: make(map[tree.LeafIndex]proto.Name)}
	group, change, err := m.group.WithVerifier(g).Apply(commit, now)
	if err != nil {
		return nil, difference{}, badCommit(err)
	}
	if err := group.CheckGroupInfo(groupInfo); err != nil {
		return nil, difference{}, proto.Refuse(proto.ReasonBadCommit, err.Error())
	}
	names := maps.Clone(m.names)
	var d difference
	for _, r := range change.Removed {
		d.removed = append(d.removed, names[r.Leaf])
		delete(names, r.Leaf)
	}
	for leaf, n := range g.Names { // RFC 9420 5.3.1: a renewed leaf names the same member
		if was, ok := names[leaf]; ok && was != n {
			return nil, difference{}, proto.Refusef(proto.ReasonCharter, "%s in the place of %s", n, was)
		}
		names[leaf] = n
	}
	for _, a := range change.Added {
		d.added = append(d.added, names[a.Leaf])
	}
	if by := names[change.Committer]; by != actor {
		return nil, difference{}, proto.Refusef(proto.ReasonSpokenFor, "a commit of %s from %s", by, actor)
	}
	gone := slices.DeleteFunc(slices.Clone(d.removed), func(n proto.Name) bool { return n == actor && slices.Contains(d.added, n) })
	if err := c.MayChange(actor, d.added, gone); err != nil {
		return nil, difference{}, err
	}
	next, err := newNames(group, names)
	return next, d, err
}

// readKeyPackage judges a key package as far as the directory can.
func readKeyPackage(octets []byte, judge Judge, now time.Time) (proto.Name, uint16, error) {
	kp, err := tree.ParseKeyPackage(octets)
	if err != nil {
		return proto.Name{}, 0, err
	}
	s, err := suite.Lookup(kp.Suite)
	if err != nil {
		return proto.Name{}, 0, err
	}
	if err := kp.Check(s, nil); err != nil {
		return proto.Name{}, 0, err
	}
	if err := kp.Leaf.Lifetime.Check(now, tree.LifetimeSkew); err != nil {
		return proto.Name{}, 0, err
	}
	if kp.Leaf.Credential.Type != tree.CredentialX509 {
		return proto.Name{}, 0, fmt.Errorf("a key package without a certificate")
	}
	name, err := judge.Member(kp.Leaf.Credential.Chain, now)
	return name, uint16(kp.Suite), err
}
