package mls

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"testing"
	"time"

	"crossband/crypto/mls/message"
	"crossband/crypto/mls/roster"
	"crossband/crypto/mls/suite"
	"crossband/crypto/mls/syntax"
	"crossband/crypto/mls/tree"
)

// frozen demands that f fails by a rule and leaves member and hub byte-equal.
// rule nil means any refusal.
func (w *world) frozen(t *testing.T, why string, victim string, rule error, f func(*Group) error) {
	t.Helper()
	g := w.member[victim]
	before, err := g.MarshalBinary()
	must(t, err)
	hubBefore, err := w.hub.MarshalBinary()
	must(t, err)
	err = f(g)
	if err == nil || rule != nil && !errors.Is(err, rule) {
		t.Errorf("%s: got %v, want %v", why, err, rule)
	}
	after, _ := g.MarshalBinary()
	hubAfter, _ := w.hub.MarshalBinary()
	if !bytes.Equal(before, after) || !bytes.Equal(hubBefore, hubAfter) {
		t.Errorf("%s: the state changed", why)
	}
}

// forge lets the member at from change its own commit and sign and tag it anew:
// what a hostile member can do.
func (g *Group) forge(t *testing.T, commit []byte, change func(*message.Content)) []byte {
	t.Helper()
	m, err := message.ParseAs(commit, message.FormatPublic)
	must(t, err)
	ac := m.Public.Authenticated()
	change(&ac.Content)
	ac.Auth.Signature, err = g.pub.Suite().SignWithLabel(g.signer, message.ContentLabel, ac.TBS(g.current.context))
	must(t, err)
	return framePublic(g.pub.Suite(), ac, g.epoch.membership, g.current.context)
}

// retag changes a PublicMessage without signing it anew, but with a good
// membership tag if tag is set.
func (g *Group) retag(t *testing.T, commit []byte, tag bool, change func(*message.PublicMessage)) []byte {
	t.Helper()
	m, err := message.ParseAs(commit, message.FormatPublic)
	must(t, err)
	change(m.Public)
	if tag {
		return framePublic(g.pub.Suite(), m.Public.Authenticated(), g.epoch.membership, g.current.context)
	}
	return m.Bytes()
}

func flip(b []byte) []byte {
	out := bytes.Clone(b)
	out[len(out)-1] ^= 1
	return out
}

// TestHostileCommits: each forgery is refused by its rule, by a member and,
// where it can see it, by the hub; then a good commit works.
func TestHostileCommits(t *testing.T) {
	w := newWorld(t, suite.P256AES128, "a-1")
	w.add("a-1", "b-1", "c-1", "c-2")
	a := w.member["a-1"]
	p, err := a.Commit(CommitOptions{Now: testNow})
	must(t, err)
	good := p.Commit
	seal := func(change func(*message.Content)) []byte { return a.forge(t, good, change) }
	raw := func(tag bool, change func(*message.PublicMessage)) []byte { return a.retag(t, good, tag, change) }
	byValue := func(p message.Proposal) func(*message.Content) {
		return func(c *message.Content) {
			c.Commit = &message.Commit{Path: c.Commit.Path, Proposals: []message.ProposalOrRef{{Value: p}}}
		}
	}
	header := len(good[:4]) // version and format, then the group id
	longLength := append(append(bytes.Clone(good[:header]), 0x40, good[header]), good[header+1:]...)
	hugeLength := append(append(bytes.Clone(good[:header]), 0xbf, 0xff, 0xff, 0xff), good[header+1:]...)

	cases := []struct {
		name   string
		msg    []byte
		member error
		hub    error // errHubBlind if only members can see it
	}{
		{"signature", raw(true, func(m *message.PublicMessage) { m.Auth.Signature = flip(m.Auth.Signature) }), suite.ErrSignature, suite.ErrSignature},
		{"empty signature", raw(true, func(m *message.PublicMessage) { m.Auth.Signature = nil }), suite.ErrSignature, suite.ErrSignature},
		{"confirmation tag", raw(true, func(m *message.PublicMessage) { m.Auth.ConfirmationTag = flip(m.Auth.ConfirmationTag) }), ErrConfirmationTag, errHubBlind},
		{"short confirmation tag", raw(true, func(m *message.PublicMessage) { m.Auth.ConfirmationTag = m.Auth.ConfirmationTag[:8] }), roster.ErrProposalList, roster.ErrProposalList},
		{"membership tag", raw(false, func(m *message.PublicMessage) { m.MembershipTag = flip(m.MembershipTag) }), ErrMembershipTag, errHubBlind},
		{"short membership tag", raw(false, func(m *message.PublicMessage) { m.MembershipTag = m.MembershipTag[:16] }), ErrMembershipTag, errHubBlind},
		{"no membership tag", raw(false, func(m *message.PublicMessage) { m.MembershipTag = nil }), ErrMembershipTag, errHubBlind},
		{"trailing octet", append(bytes.Clone(good), 0), syntax.ErrTrailing, syntax.ErrTrailing},
		{"length not minimal", longLength, syntax.ErrNotMinimal, syntax.ErrNotMinimal},
		{"huge length", hugeLength, syntax.ErrTruncated, syntax.ErrTruncated},
		{"other version", append([]byte{0, 2}, good[2:]...), message.ErrVersion, message.ErrVersion},
		{"future epoch", seal(func(c *message.Content) { c.Epoch++ }), roster.ErrFutureEpoch, roster.ErrFutureEpoch},
		{"past epoch", seal(func(c *message.Content) { c.Epoch-- }), roster.ErrPastEpoch, roster.ErrPastEpoch},
		{"other group", seal(func(c *message.Content) { c.GroupID = []byte("del-rio") }), roster.ErrGroupID, roster.ErrGroupID},
		{"another's leaf", seal(func(c *message.Content) { c.Sender.Leaf = 1 }), suite.ErrSignature, suite.ErrSignature},
		{"leaf outside", seal(func(c *message.Content) { c.Sender.Leaf = 1 << 30 }), roster.ErrSender, roster.ErrSender},
		{"posing as a joiner", seal(func(c *message.Content) { c.Sender = message.Sender{Type: message.SenderNewMemberCommit} }), roster.ErrProposalList, roster.ErrProposalList},
		{"commit by an external sender", seal(func(c *message.Content) { c.Sender = message.Sender{Type: message.SenderExternal} }), roster.ErrSender, roster.ErrSender},
		{"application data in clear", seal(func(c *message.Content) { c.Type, c.Application = message.ContentApplication, []byte("x") }), roster.ErrApplication, roster.ErrApplication},
		{"unknown reference", seal(func(c *message.Content) {
			c.Commit = &message.Commit{Path: c.Commit.Path, Proposals: []message.ProposalOrRef{{Ref: make([]byte, 32)}}}
		}), roster.ErrUnknownRef, roster.ErrUnknownRef},
		{"removes itself", seal(byValue(message.Remove{Leaf: a.own})), roster.ErrProposalList, roster.ErrProposalList},
		{"removes nobody", seal(byValue(message.Remove{Leaf: 77})), roster.ErrProposal, roster.ErrProposal},
		{"ExternalInit by a member", seal(byValue(message.ExternalInit{KEMOutput: []byte{1}})), roster.ErrProposalList, roster.ErrProposalList},
		{"PSK without nonce", seal(byValue(message.PreSharedKey{ID: message.PSKID{Type: message.PSKExternal, ID: []byte("x")}})), roster.ErrProposal, roster.ErrProposal},
		{"drops the charter", seal(byValue(message.SetExtensions{})), roster.ErrRefused, roster.ErrRefused},
		{"no path", seal(func(c *message.Content) { c.Commit = &message.Commit{} }), roster.ErrPathMissing, roster.ErrPathMissing},
		{"path too short", seal(func(c *message.Content) { c.Commit = shortPath(c.Commit) }), tree.ErrPathLength, tree.ErrPathLength},
		{"path for another tree", seal(byValue(message.Remove{Leaf: 1})), nil, nil},
		{"path key not on the curve", seal(func(c *message.Content) { c.Commit = offCurvePath(c.Commit) }), suite.ErrPublicKey, suite.ErrPublicKey},
		{"other path key", seal(func(c *message.Content) { c.Commit = otherPathKey(t, a, c.Commit) }), tree.ErrParentHash, tree.ErrParentHash},
	}
	for _, c := range cases {
		w.frozen(t, c.name+" (member)", "c-1", c.member, func(g *Group) error { _, err := g.Process(c.msg, testNow); return err })
		if c.hub != errHubBlind {
			w.frozen(t, c.name+" (hub)", "c-1", c.hub, func(*Group) error { _, _, err := w.hub.Apply(c.msg, testNow); return err })
		}
	}
	for i := range good {
		w.frozen(t, "cut", "c-1", nil, func(g *Group) error { _, err := g.Process(good[:i], testNow); return err })
		if _, _, err := w.hub.Apply(good[:i], testNow); err == nil {
			t.Errorf("hub takes %d octets", i)
		}
	}
	unknown := bytes.Clone(seal(byValue(message.Remove{Leaf: 1})))
	i := bytes.Index(unknown, []byte{1, 0, 3, 0, 0, 0, 1})
	unknown[i+2] = 0x63
	w.frozen(t, "unknown proposal", "c-1", message.ErrUnknownProposal, func(g *Group) error { _, err := g.Process(unknown, testNow); return err })
	w.frozen(t, "own message", "a-1", ErrOwnMessage, func(g *Group) error { _, err := g.Process(good, testNow); return err })

	// The good commit still works, once; a rival for the same epoch comes too late.
	rival, err := w.member["b-1"].Commit(CommitOptions{Now: testNow})
	must(t, err)
	w.deliver("a-1", good, p.GroupInfo)
	must(t, a.Merge(p))
	w.frozen(t, "replayed commit", "c-1", roster.ErrPastEpoch, func(g *Group) error { _, err := g.Process(good, testNow); return err })
	w.frozen(t, "rival commit", "c-1", roster.ErrPastEpoch, func(g *Group) error { _, err := g.Process(rival.Commit, testNow); return err })
	w.frozen(t, "rival at the hub", "c-1", roster.ErrPastEpoch, func(*Group) error { _, _, err := w.hub.Apply(rival.Commit, testNow); return err })
	w.frozen(t, "merging a stale commit", "b-1", ErrStale, func(g *Group) error { return g.Merge(rival) })
	w.frozen(t, "merging twice", "a-1", ErrStale, func(g *Group) error { return g.Merge(p) })
	w.agree()
}

var errHubBlind = errors.New("only members can see this")

func shortPath(c *message.Commit) *message.Commit {
	return &message.Commit{Path: &message.UpdatePath{Leaf: c.Path.Leaf, Nodes: c.Path.Nodes[1:]}}
}

func offCurvePath(c *message.Commit) *message.Commit {
	nodes := append([]message.UpdatePathNode(nil), c.Path.Nodes...)
	nodes[0].Key = flip(nodes[0].Key)
	return &message.Commit{Path: &message.UpdatePath{Leaf: c.Path.Leaf, Nodes: nodes}}
}

func otherPathKey(t *testing.T, g *Group, c *message.Commit) *message.Commit {
	k, err := g.pub.Suite().GenerateKey()
	must(t, err)
	nodes := append([]message.UpdatePathNode(nil), c.Path.Nodes...)
	nodes[0].Key = k.Public()
	return &message.Commit{Path: &message.UpdatePath{Leaf: c.Path.Leaf, Nodes: nodes}}
}

// partlySealed makes a commit that is good in everything but for one member, to
// whom its path is sealed wrongly: what a hostile member can do before it signs.
func (w *world) partlySealed(t *testing.T, by, not string) *Pending {
	t.Helper()
	g := w.member[by]
	sender := message.Member(g.own)
	commit := &message.Commit{}
	list, err := g.pub.Resolve(commit, sender)
	must(t, err)
	d, err := g.pub.DraftOwn(list, sender, testNow)
	must(t, err)
	np, err := makePath(d, *g.pub.Tree().Leaf(g.own), g.signer, g.pub.GroupID())
	must(t, err)
	must(t, d.Check())
	spoilt := 0
	for i, step := range d.Tree.FilteredPath(g.own) {
		for j, x := range d.SealTo(step) {
			if x == w.member[not].own.Node() {
				ct := &np.path.Nodes[i].Secrets[j]
				ct.Ciphertext = flip(ct.Ciphertext)
				spoilt++
			}
		}
	}
	if spoilt != 1 {
		t.Fatalf("%d secrets of the path are sealed to %s alone: the test shows nothing", spoilt, not)
	}
	commit.Path = np.path
	p, err := g.finish(d, np, commit, g.signer, CommitOptions{Now: testNow})
	must(t, err)
	return p
}

// TestPartlySealedCommit: hub and others follow a commit that one member cannot
// open. That one says so, stays where it is, and is back after one external
// commit: it need not know who is right.
func TestPartlySealedCommit(t *testing.T) {
	w := newWorld(t, suite.P256AES128, "a-1")
	w.add("a-1", "b-1", "c-1", "c-2")
	p := w.partlySealed(t, "a-1", "c-1")
	w.frozen(t, "path that does not open", "c-1", suite.ErrDecrypt, func(g *Group) error { _, err := g.Process(p.Commit, testNow); return err })
	delete(w.member, "c-1")
	w.deliver("a-1", p.Commit, p.GroupInfo)
	must(t, w.member["a-1"].Merge(p))
	w.join("c-1", SameCredential(w.id["c-1"]))
	w.commit("c-1", CommitOptions{})
	w.agree()
}

// permissive is the group as its member would hold it without a verifier.
func permissive(t *testing.T, g *Group) *Group {
	t.Helper()
	data, err := g.MarshalBinary()
	must(t, err)
	out, err := UnmarshalGroup(data, g.signer, anyone{})
	must(t, err)
	return out
}

// TestGhosts: nobody comes in whom the charter does not allow,
// by whichever door.
func TestGhosts(t *testing.T) {
	w := newWorld(t, suite.P256AES128, "a-1")
	w.add("a-1", "b-1", "c-1")
	refuse := func(why string, msg []byte, rule error) {
		t.Helper()
		w.frozen(t, why+" (member)", "c-1", rule, func(g *Group) error { _, err := g.Process(msg, testNow); return err })
		w.frozen(t, why+" (hub)", "c-1", rule, func(*Group) error { _, _, err := w.hub.Apply(msg, testNow); return err })
	}
	ghost, _ := w.keyPackage("x-1")
	w.frozen(t, "adder", "a-1", errGhost, func(g *Group) error {
		_, err := g.Commit(CommitOptions{Add: [][]byte{ghost}, Now: testNow})
		return err
	})
	traitor := permissive(t, w.member["a-1"])
	p, err := traitor.Commit(CommitOptions{Add: [][]byte{ghost}, Now: testNow})
	must(t, err)
	refuse("added ghost", p.Commit, errGhost)

	hubless := ExternalOptions{JoinOptions: w.joining()}
	hubless.Verifier = anyone{}
	j, err := JoinExternal(w.info, w.id["x-1"], hubless)
	must(t, err)
	refuse("joining ghost", j.Commit, errGhost)

	// A joiner may take out its own former leaf, not another's.
	hubless.Replaces = func(m roster.Member) bool { return m.Leaf == 1 }
	w.keyPackage("b-7")
	j, err = JoinExternal(w.info, w.id["b-7"], hubless)
	must(t, err)
	refuse("joiner removes another", j.Commit, roster.ErrRefused)

	// A member cannot change its name.
	other := newIdentity(t, w.suite, "a-2")
	p, err = traitor.Commit(CommitOptions{Renew: &other, Now: testNow})
	must(t, err)
	refuse("changed name", p.Commit, roster.ErrRefused)

	// A charter that leaves out a present agency is refused.
	narrow := tree.Extensions{{Type: tree.ExtensionCharter, Data: []byte("ab")}}
	p, err = traitor.Commit(CommitOptions{Extensions: narrow, Now: testNow})
	must(t, err)
	refuse("charter without a member's agency", p.Commit, errGhost)

	// Group information of an older epoch is of no use.
	j, err = JoinExternal(w.info, newIdentity(t, w.suite, "b-8"), ExternalOptions{JoinOptions: w.joining()})
	must(t, err)
	w.commit("a-1", CommitOptions{})
	refuse("old group information", j.Commit, roster.ErrPastEpoch)
	w.agree()
}

// TestRemovedMember: what a removed member says is refused, and it reads no more.
func TestRemovedMember(t *testing.T) {
	w := newWorld(t, suite.P256AES128, "a-1")
	w.add("a-1", "b-1", "c-1")
	gone := w.member["c-1"]
	old, err := gone.Commit(CommitOptions{Now: testNow})
	must(t, err)
	p, _ := w.commit("a-1", CommitOptions{Remove: []tree.LeafIndex{gone.OwnLeaf()}})
	w.agree()
	if !gone.Removed() {
		t.Fatal("the removed member does not know")
	}
	wantErr(t, "encrypt", ErrRemoved, func() error { _, err := gone.Encrypt(nil, nil); return err })
	wantErr(t, "commit", ErrRemoved, func() error { _, err := gone.Commit(CommitOptions{}); return err })
	wantErr(t, "process", ErrRemoved, func() error { _, err := gone.Process(p.Commit, testNow); return err })
	w.frozen(t, "commit of a removed member", "b-1", roster.ErrPastEpoch, func(g *Group) error { _, err := g.Process(old.Commit, testNow); return err })
	forged := gone.forge(t, old.Commit, func(c *message.Content) { c.Epoch++ })
	w.frozen(t, "the same with the new epoch", "b-1", ErrMembershipTag, func(g *Group) error { _, err := g.Process(forged, testNow); return err })
	w.frozen(t, "and at the hub", "b-1", roster.ErrSender, func(*Group) error { _, _, err := w.hub.Apply(forged, testNow); return err })
	// It cannot read on.
	m, err := w.member["a-1"].Encrypt([]byte("after"), nil)
	must(t, err)
	gone.removed = false
	wantErr(t, "new epoch's message", roster.ErrFutureEpoch, func() error { _, err := gone.Decrypt(m); return err })
}

// TestHostileKeyPackages: an adder refuses what is wrong, and what was used.
func TestHostileKeyPackages(t *testing.T) {
	w := newWorld(t, suite.P256AES128, "a-1")
	w.add("a-1", "b-1")
	s, err := suite.Lookup(w.suite)
	must(t, err)
	id := newIdentity(t, w.suite, "b-2")
	// build makes a key package, lets change spoil it, and signs leaf and package.
	build := func(change func(*tree.KeyPackage, *tree.LeafNode)) []byte {
		t.Helper()
		o := KeyPackageOptions{Suite: w.suite, NotBefore: testNow.Add(-time.Hour), NotAfter: testNow.Add(time.Hour)}
		_, secret, err := NewKeyPackage(id, o)
		must(t, err)
		kp, leaf := *secret.Package, *secret.Package.Leaf
		kp.Leaf = &leaf
		change(&kp, &leaf)
		must(t, leaf.Sign(s, id.Signer, nil, 0))
		must(t, kp.Sign(s, id.Signer))
		return (&message.Message{Format: message.FormatKeyPackage, KeyPackage: &kp}).Bytes()
	}
	compressed := func(key []byte) []byte { return append([]byte{2 + key[64]&1}, key[1:33]...) }
	cases := []struct {
		name   string
		rule   error
		change func(*tree.KeyPackage, *tree.LeafNode)
	}{
		{"expired", tree.ErrLifetime, func(_ *tree.KeyPackage, l *tree.LeafNode) { l.Lifetime.NotAfter = uint64(testNow.Unix()) - 1 }},
		{"not yet valid", tree.ErrLifetime, func(_ *tree.KeyPackage, l *tree.LeafNode) { l.Lifetime.NotBefore = uint64(testNow.Unix()) + 1 }},
		{"wrong suite", tree.ErrSuiteMismatch, func(k *tree.KeyPackage, _ *tree.LeafNode) { k.Suite = suite.P384AES256 }},
		{"wrong version", tree.ErrVersion, func(k *tree.KeyPackage, _ *tree.LeafNode) { k.Version = 2 }},
		{"suite not listed", tree.ErrCapabilities, func(_ *tree.KeyPackage, l *tree.LeafNode) { l.Capabilities.Suites = []suite.ID{7} }},
		{"charter not understood", tree.ErrCapabilities, func(_ *tree.KeyPackage, l *tree.LeafNode) { l.Capabilities.Extensions = nil }},
		{"others' credentials not understood", tree.ErrCapabilities, func(_ *tree.KeyPackage, l *tree.LeafNode) {
			l.Capabilities.Credentials = []tree.CredentialType{tree.CredentialBasic}
		}},
		{"init key is leaf key", tree.ErrSameKey, func(k *tree.KeyPackage, l *tree.LeafNode) { k.InitKey = l.EncryptionKey }},
		{"compressed init key", suite.ErrPublicKey, func(k *tree.KeyPackage, _ *tree.LeafNode) { k.InitKey = compressed(k.InitKey) }},
		{"off-curve init key", suite.ErrPublicKey, func(k *tree.KeyPackage, _ *tree.LeafNode) { k.InitKey = flip(k.InitKey) }},
		{"compressed leaf key", suite.ErrPublicKey, func(_ *tree.KeyPackage, l *tree.LeafNode) { l.EncryptionKey = compressed(l.EncryptionKey) }},
		{"off-curve leaf key", suite.ErrPublicKey, func(_ *tree.KeyPackage, l *tree.LeafNode) { l.EncryptionKey = flip(l.EncryptionKey) }},
		{"compressed signature key", suite.ErrPublicKey, func(_ *tree.KeyPackage, l *tree.LeafNode) { l.SignatureKey = compressed(l.SignatureKey) }},
		{"off-curve signature key", suite.ErrPublicKey, func(_ *tree.KeyPackage, l *tree.LeafNode) { l.SignatureKey = flip(l.SignatureKey) }},
		{"empty keys", suite.ErrPublicKey, func(k *tree.KeyPackage, l *tree.LeafNode) {
			k.InitKey, l.EncryptionKey, l.SignatureKey = nil, []byte{}, nil
		}},
		{"another's certificate", tree.ErrCredential, func(_ *tree.KeyPackage, l *tree.LeafNode) { l.Credential = w.id["a-1"].Credential }},
		{"empty chain", tree.ErrCredential, func(_ *tree.KeyPackage, l *tree.LeafNode) { l.Credential = tree.X509() }},
		{"no certificate", tree.ErrCredential, func(_ *tree.KeyPackage, l *tree.LeafNode) { l.Credential = tree.X509([]byte("x")) }},
		{"64 KiB certificate", tree.ErrCredential, func(_ *tree.KeyPackage, l *tree.LeafNode) { l.Credential = tree.X509(make([]byte, 64<<10)) }},
		{"empty identity", tree.ErrCredential, func(_ *tree.KeyPackage, l *tree.LeafNode) { l.Credential = tree.Basic(nil) }},
		{"64 KiB identity", tree.ErrCredential, func(_ *tree.KeyPackage, l *tree.LeafNode) { l.Credential = tree.Basic(make([]byte, 64<<10)) }},
		{"leaf made by a commit", tree.ErrLeafSource, func(_ *tree.KeyPackage, l *tree.LeafNode) { l.Source = tree.SourceCommit }},
		{"same extension twice", tree.ErrExtension, func(k *tree.KeyPackage, _ *tree.LeafNode) { k.Extensions = tree.Extensions{{Type: 10}, {Type: 10}} }},
		{"name without certificate", roster.ErrRefused, func(_ *tree.KeyPackage, l *tree.LeafNode) { l.Credential = tree.Basic([]byte("b-2")) }},
	}
	for _, c := range cases {
		msg := build(c.change)
		w.frozen(t, c.name, "a-1", c.rule, func(g *Group) error { _, err := g.Commit(CommitOptions{Add: [][]byte{msg}, Now: testNow}); return err })
		w.frozen(t, c.name+" (proposal)", "a-1", nil, func(g *Group) error {
			_, err := g.ProposeAdd(msg, testNow.Add(3*time.Hour)) // beyond the skew for the lifetime cases too
			if c.rule == roster.ErrRefused || c.name == "others' credentials not understood" {
				return c.rule // both are judged when the proposal is committed
			}
			return err
		})
	}
	unsigned := build(func(*tree.KeyPackage, *tree.LeafNode) {})
	unsigned[len(unsigned)-1] ^= 1
	w.frozen(t, "signature", "a-1", suite.ErrSignature, func(g *Group) error {
		_, err := g.Commit(CommitOptions{Add: [][]byte{unsigned}, Now: testNow})
		return err
	})

	good, _ := w.keyPackage("b-3")
	w.frozen(t, "twice in one commit", "a-1", tree.ErrDuplicateKey, func(g *Group) error {
		_, err := g.Commit(CommitOptions{Add: [][]byte{good, good}, Now: testNow})
		return err
	})
	w.commit("a-1", CommitOptions{Add: [][]byte{good}})
	w.frozen(t, "used twice", "a-1", tree.ErrDuplicateKey, func(g *Group) error { _, err := g.Commit(CommitOptions{Add: [][]byte{good}, Now: testNow}); return err })
}

// atGeneration says of a sealed message that it is of another generation: what
// any member can say of its own.
func (g *Group) atGeneration(t *testing.T, msg []byte, generation uint32) []byte {
	t.Helper()
	m, err := message.ParseAs(msg, message.FormatPrivate)
	must(t, err)
	data := syntax.AppendUint32(syntax.AppendUint32(nil, uint32(g.own)), generation)
	data = append(data, make([]byte, reuseGuardLen)...)
	sk := senderDataKey(g.current.suite, g.current.senderData, m.Private.Ciphertext)
	m.Private.SenderData, err = sealAEAD(g.current.suite, sk, m.Private.AppendSenderDataAAD(nil), data)
	must(t, err)
	return m.Bytes()
}

// TestFarGeneration: a member cannot make others run a ratchet for ever. To
// refuse the farthest number costs no more than to open a message.
func TestFarGeneration(t *testing.T) {
	w := newWorld(t, suite.P384AES256, "a-1")
	w.add("a-1", "b-1")
	a, b := w.member["a-1"], w.member["b-1"]
	r := a.current.secrets.ratchets[ratchetID{a.own, applicationRatchet}]
	keep := r.next
	r.next = math.MaxUint32
	wantErr(t, "sending beyond the end", ErrExhausted, func() error { _, err := a.Encrypt(nil, nil); return err })
	r.next = keep
	good, err := a.Encrypt([]byte("near"), nil)
	must(t, err)
	data, err := b.MarshalBinary()
	must(t, err)
	fresh := func() *Group { g, err := UnmarshalGroup(data, b.signer, anyone{}); must(t, err); return g }
	load := testing.AllocsPerRun(20, func() { fresh() })
	open := testing.AllocsPerRun(20, func() { _, err := fresh().Decrypt(good); must(t, err) }) - load
	for _, far := range []uint32{math.MaxUint32, math.MaxUint32 - 1, 1 << 31, 1 << 20, keep + MaxForward + 1} {
		msg := a.atGeneration(t, good, far)
		w.frozen(t, fmt.Sprint("generation ", far), "b-1", ErrTooFarAhead, func(g *Group) error { _, err := g.Decrypt(msg); return err })
		if n := testing.AllocsPerRun(20, func() { fresh().Decrypt(msg) }) - load; n > open {
			t.Errorf("refusing generation %d takes %v allocations, opening a message %v", far, n, open)
		}
	}
	_, err = b.Decrypt(good)
	must(t, err)
}

// TestHostileApplication changes a sealed message everywhere.
func TestHostileApplication(t *testing.T) {
	w := newWorld(t, suite.P256AES128, "a-1")
	w.add("a-1", "b-1", "c-1")
	a := w.member["a-1"]
	good, err := a.Encrypt([]byte("text"), []byte("aad"))
	must(t, err)
	for i := range good {
		w.frozen(t, "cut", "b-1", nil, func(g *Group) error { _, err := g.Decrypt(good[:i]); return err })
		bad := bytes.Clone(good)
		bad[i] ^= 1
		w.frozen(t, "changed octet", "b-1", nil, func(g *Group) error { _, err := g.Decrypt(bad); return err })
	}
	w.frozen(t, "own message", "a-1", ErrOwnMessage, func(g *Group) error { _, err := g.Decrypt(good); return err })
	w.frozen(t, "as handshake", "b-1", message.ErrNotThisKind, func(g *Group) error { _, err := g.Process(good, testNow); return err })

	// Posing as another member needs that member's signature key.
	data, err := a.MarshalBinary()
	must(t, err)
	poser, err := UnmarshalGroup(data, a.signer, anyone{})
	must(t, err)
	poser.own = w.member["c-1"].OwnLeaf()
	forged, err := poser.Encrypt([]byte("lie"), nil)
	must(t, err)
	w.frozen(t, "another's leaf", "b-1", suite.ErrSignature, func(g *Group) error { _, err := g.Decrypt(forged); return err })
	_, err = w.member["b-1"].Decrypt(good)
	must(t, err)
	w.frozen(t, "replay", "b-1", ErrReplay, func(g *Group) error { _, err := g.Decrypt(good); return err })
}
