package hub

import (
	"bytes"
	"fmt"
	"maps"
	"time"

	"crossband/crypto/mls/message"
	"crossband/crypto/mls/policy"
	"crossband/crypto/mls/roster"
	"crossband/crypto/mls/suite"
	"crossband/crypto/mls/tree"
	"crossband/proto"
)

// membership is a channel's public group state with the members' places.
// It is never changed: apply returns a new one.
type membership struct {
	group  *roster.Group
	info   []byte // the epoch's group information, as its committer left it; nil where it is not known
	leaves map[proto.Name]tree.LeafIndex
	count  map[proto.Agency]int // members of each agency
	since  uint64               // the first epoch with these members

	outcast map[proto.Name]struct{} // members whose certificates have been taken back, and observers whose time is over; nil for none
	rules   *proto.Charter
}

// newMembership reads the group information and the ratchet tree of a group that is
// not known yet and checks that it is the channel's.
func newMembership(groupInfo, ratchetTree []byte, c proto.Charter, signed []byte, judge Judge, now time.Time) (*membership, error) {
	group, err := roster.New(groupInfo, ratchetTree, &policy.Gate{Judge: judge, Charter: c, Signed: signed}, now)
	if err == nil {
		err = group.CheckGroupInfo(groupInfo) // joiners are given it as it is
	}
	if err != nil {
		return nil, badCommit(err)
	}
	switch {
	case !bytes.Equal(group.GroupID(), c.Channel[:]):
		return nil, proto.Refuse(proto.ReasonBadCommit, "the group is not named after the channel")
	case uint16(group.Suite().ID()) != c.Suite:
		return nil, proto.Refusef(proto.ReasonWeakSuite, "suite %d, the charter says %d", group.Suite().ID(), c.Suite)
	}
	m, err := newPlaces(group, &c)
	if err != nil {
		return nil, err
	}
	m.info = groupInfo
	return m.judged(judge, now), nil
}

func newPlaces(group *roster.Group, rules *proto.Charter) (*membership, error) {
	members := group.Members()
	m := &membership{group: group, rules: rules, leaves: make(map[proto.Name]tree.LeafIndex, len(members)), count: make(map[proto.Agency]int)}
	for _, member := range members {
		n, err := policy.NameOf(member.Credential)
		if err != nil {
			return nil, err
		}
		if !m.has(n) {
			m.count[n.Agency]++
		}
		m.leaves[n] = member.Leaf
		if member.Leaf >= proto.MaxMembers {
			return nil, proto.Refusef(proto.ReasonFull, "%d members", proto.MaxMembers)
		}
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

func (m *membership) has(n proto.Name) bool { _, ok := m.leaves[n]; return ok }

// apply judges a commit that actor sent, with the group information that goes
// with it. The gate has judged who comes and goes; here the commit is bound to
// the link it came by.
func (m *membership) apply(commit, groupInfo []byte, actor proto.Name, judge Judge, now time.Time) (*membership, policy.Difference, error) {
	next, d, err := m.follow(commit, judge, now)
	if err != nil {
		return nil, d, err
	}
	if d.By != actor {
		return nil, d, proto.Refusef(proto.ReasonSpokenFor, "a commit of %s from %s", d.By, actor)
	}
	if err := next.describedBy(groupInfo); err != nil {
		return nil, d, err
	}
	return next, d, nil
}

// describedBy takes in the group information of a membership that is new, and known
// to nobody yet.
func (m *membership) describedBy(groupInfo []byte) error {
	if err := m.group.CheckGroupInfo(groupInfo); err != nil {
		return proto.Refuse(proto.ReasonBadCommit, err.Error())
	}
	m.info = groupInfo
	return nil
}

// follow judges a commit by the rules of the group and of its gate alone: who
// finds it in the log knows neither the link by which it came nor the group
// information that came with it.
func (m *membership) follow(commit []byte, judge Judge, now time.Time) (*membership, policy.Difference, error) {
	group, change, err := m.group.Apply(commit, now)
	if err != nil {
		return nil, policy.Difference{}, badCommit(err)
	}
	d, err := policy.Describe(m.group, change)
	if err != nil {
		return nil, d, err
	}
	next, err := m.moved(group, change, d)
	if err != nil {
		return nil, d, err
	}
	next.judgeMoved(m, change, judge, now)
	return next, d, nil
}

// moved is the membership after a change. Places of which nothing has changed are
// those of before.
func (m *membership) moved(group *roster.Group, change roster.Change, d policy.Difference) (*membership, error) {
	next := *m
	next.group, next.info = group, nil
	if len(d.Added)+len(d.Removed) == 0 {
		return &next, nil
	}
	next.since = next.epoch()
	next.leaves, next.count = maps.Clone(m.leaves), maps.Clone(m.count)
	for _, n := range d.Removed {
		if next.has(n) {
			delete(next.leaves, n)
			if next.count[n.Agency]--; next.count[n.Agency] == 0 {
				delete(next.count, n.Agency)
			}
		}
	}
	for i, n := range d.Added {
		at := change.Added[i].Leaf
		if at >= proto.MaxMembers {
			return nil, proto.Refusef(proto.ReasonFull, "%d members", proto.MaxMembers)
		}
		if !next.has(n) {
			next.count[n.Agency]++
		}
		next.leaves[n] = at
	}
	return &next, nil
}

// readKeyPackage judges a key package as far as the directory can.
func readKeyPackage(octets []byte, judge Judge, now time.Time) (proto.Name, uint16, error) {
	m, err := message.ParseAs(octets, message.FormatKeyPackage)
	if err != nil {
		return proto.Name{}, 0, err
	}
	kp := m.KeyPackage
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

// packageSuite returns the suite of a key package that has been judged.
func packageSuite(octets []byte) uint16 {
	m, err := message.ParseAs(octets, message.FormatKeyPackage)
	if err != nil {
		return 0
	}
	return uint16(m.KeyPackage.Suite)
}
