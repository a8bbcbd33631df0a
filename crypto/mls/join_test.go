package mls

import (
	"bytes"
	"testing"
	"time"

	"crossband/crypto/mls/message"
	"crossband/crypto/mls/roster"
	"crossband/crypto/mls/suite"
	"crossband/crypto/mls/syntax"
	"crossband/crypto/mls/tree"
)

// invited is a group of two and a Welcome for a third.
type invited struct {
	*world
	welcome []byte
	secret  *KeyPackageSecret
	pending *Pending
}

func invite(t *testing.T, o CommitOptions) invited {
	t.Helper()
	w := newWorld(t, suite.P256AES128, "a-1")
	w.add("a-1", "b-1")
	msg, secret := w.keyPackage("c-1")
	o.Add, o.Now = [][]byte{msg}, testNow
	p, err := w.member["a-1"].Commit(o)
	must(t, err)
	return invited{w, p.Welcome, secret, p}
}

func (i invited) join(welcome []byte, o JoinOptions) (*Group, error) {
	o.Now = testNow
	if o.Verifier == nil {
		o.Verifier = charter{}
	}
	return JoinWelcome(welcome, func(ref []byte) *KeyPackageSecret {
		if bytes.Equal(ref, i.secret.Ref()) {
			return i.secret
		}
		return nil
	}, i.id["c-1"].Signer, o)
}

func TestHostileWelcome(t *testing.T) {
	i := invite(t, CommitOptions{})
	for n := range i.welcome {
		if _, err := i.join(i.welcome[:n], JoinOptions{}); err == nil {
			t.Fatalf("welcome cut at %d is taken", n)
		}
	}
	for n := 0; n < len(i.welcome); n += 3 {
		bad := bytes.Clone(i.welcome)
		bad[n] ^= 0x40
		if _, err := i.join(bad, JoinOptions{}); err == nil {
			t.Fatalf("welcome changed at %d is taken", n)
		}
	}
	wantErr(t, "trailing octet", syntax.ErrTrailing, func() error {
		_, err := i.join(append(bytes.Clone(i.welcome), 0), JoinOptions{})
		return err
	})
	wantErr(t, "for others", ErrNotForUs, func() error {
		_, err := JoinWelcome(i.welcome, func([]byte) *KeyPackageSecret { return nil }, i.id["c-1"].Signer, JoinOptions{Verifier: charter{}})
		return err
	})
	wantErr(t, "wrong signer", ErrSignerKey, func() error {
		_, err := JoinWelcome(i.welcome, func([]byte) *KeyPackageSecret { return i.secret }, i.id["a-1"].Signer, JoinOptions{Verifier: charter{}})
		return err
	})
	wantErr(t, "no verifier", roster.ErrNoVerifier, func() error {
		_, err := JoinWelcome(i.welcome, func([]byte) *KeyPackageSecret { return i.secret }, i.id["c-1"].Signer, JoinOptions{})
		return err
	})
	_, err := i.join(i.welcome, JoinOptions{})
	must(t, err)
}

// TestWelcomeWithoutTree joins with the ratchet tree from the hub.
func TestWelcomeWithoutTree(t *testing.T) {
	i := invite(t, CommitOptions{OmitTree: true})
	wantErr(t, "no tree", roster.ErrNoTree, func() error { _, err := i.join(i.welcome, JoinOptions{}); return err })
	wantErr(t, "old tree", roster.ErrTreeHash, func() error {
		_, err := i.join(i.welcome, JoinOptions{Tree: i.hub.Tree().AppendTo(nil)})
		return err
	})
	next, _, err := i.hub.Apply(i.pending.Commit, testNow)
	must(t, err)
	g, err := i.join(i.welcome, JoinOptions{Tree: next.Tree().AppendTo(nil)})
	must(t, err)
	must(t, i.member["a-1"].Merge(i.pending))
	if !bytes.Equal(g.EpochAuthenticator(), i.member["a-1"].EpochAuthenticator()) {
		t.Error("joiner is in another state")
	}
	if len(g.EpochAuthenticator()) == 0 {
		t.Error("the state has no authenticator")
	}
}

// TestHostileGroupInfo covers what a hub could tell a joiner.
func TestHostileGroupInfo(t *testing.T) {
	w := newWorld(t, suite.P256AES128, "a-1")
	w.add("a-1", "b-1", "c-1")
	id := newIdentity(t, w.suite, "b-2")
	ratchetTree := w.joining().Tree
	joinBy := func(info, ratchetTree []byte) error {
		_, err := JoinExternal(info, id, ExternalOptions{JoinOptions: JoinOptions{Verifier: charter{}, Now: testNow, Tree: ratchetTree}})
		return err
	}
	join := func(info []byte) error { return joinBy(info, ratchetTree) }
	must(t, join(w.info))
	edit := func(signer *Group, change func(*message.GroupInfo)) []byte {
		m, err := message.ParseAs(w.info, message.FormatGroupInfo)
		must(t, err)
		change(m.GroupInfo)
		if signer != nil {
			must(t, m.GroupInfo.Sign(signer.pub.Suite(), signer.signer))
		}
		return m.Bytes()
	}
	a := w.member["a-1"]
	cases := []struct {
		name string
		rule error
		info []byte
	}{
		{"signature", suite.ErrSignature, edit(nil, func(g *message.GroupInfo) { g.Signature = flip(g.Signature) })},
		{"signer outside", tree.ErrNoLeaf, edit(a, func(g *message.GroupInfo) { g.Signer = 99 })},
		{"another's name", suite.ErrSignature, edit(a, func(g *message.GroupInfo) { g.Signer = 1 })},
		{"tree hash", roster.ErrTreeHash, edit(a, func(g *message.GroupInfo) { g.Context.TreeHash = flip(g.Context.TreeHash) })},
		{"suite", suite.ErrUnsupported, edit(a, func(g *message.GroupInfo) { g.Context.Suite = 3 })},
		{"no external key", roster.ErrGroupInfoMismatch, edit(a, func(g *message.GroupInfo) { g.Extensions = nil })},
		{"charter without the agency", errGhost, edit(a, func(g *message.GroupInfo) {
			g.Context.Extensions = g.Context.Extensions.With(tree.ExtensionCharter, []byte("z"))
		})},
		{"group id", suite.ErrSignature, edit(a, func(g *message.GroupInfo) { g.Context.GroupID = []byte("other") })},
	}
	for _, c := range cases {
		wantErr(t, c.name, c.rule, func() error { return join(c.info) })
		if err := w.hub.CheckGroupInfo(c.info); err == nil {
			t.Errorf("%s: the hub finds that it matches", c.name)
		}
	}
	// Who joins is given the tree beside the group information, and believes nobody's
	// but the one whose hash a member has signed.
	w.join("c-2", nil)
	_, ghost := w.keyPackage("c-3")
	retold := func(change func(*tree.Tree) error) []byte {
		x := w.hub.Tree().Clone()
		must(t, change(x))
		return x.AppendTo(nil)
	}
	for why, c := range map[string]struct {
		rule error
		tree []byte
	}{
		"no tree":                 {roster.ErrNoTree, nil},
		"a tree of before":        {roster.ErrTreeHash, ratchetTree},
		"a tree without a member": {roster.ErrTreeHash, retold(func(x *tree.Tree) error { return x.Remove(1) })},
		"a ghost in a free place": {roster.ErrTreeHash, retold(func(x *tree.Tree) error { _, err := x.Add(ghost.Package.Leaf); return err })},
		"a cut tree":              {syntax.ErrTruncated, w.joining().Tree[:100]},
	} {
		wantErr(t, why, c.rule, func() error { return joinBy(w.info, c.tree) })
	}
	must(t, joinBy(w.info, w.joining().Tree))
	within := edit(a, func(g *message.GroupInfo) {
		g.Extensions = append(g.Extensions, tree.Extension{Type: tree.ExtensionRatchetTree, Data: w.joining().Tree})
	})
	wantErr(t, "the hub wants no tree in it", roster.ErrGroupInfoMismatch, func() error { return w.hub.CheckGroupInfo(within) })
	junk := edit(a, func(g *message.GroupInfo) {
		g.Extensions = append(g.Extensions, tree.Extension{Type: 0x0a0a, Data: []byte("more")})
	})
	wantErr(t, "nor anything else", roster.ErrGroupInfoMismatch, func() error { return w.hub.CheckGroupInfo(junk) })

	old := w.info
	w.commit("b-1", CommitOptions{})
	wantErr(t, "older epoch", roster.ErrGroupInfoMismatch, func() error { return w.hub.CheckGroupInfo(old) })
	tag := func(g *message.GroupInfo) { g.ConfirmationTag = flip(g.ConfirmationTag) }
	wantErr(t, "confirmation tag", roster.ErrGroupInfoMismatch, func() error { return w.hub.CheckGroupInfo(edit(w.member["a-1"], tag)) })
}

// TestHubRestart saves and loads the roster between two commits, one of which
// refers to a proposal.
func TestHubRestart(t *testing.T) {
	w := newWorld(t, suite.P256AES128, "a-1")
	w.add("a-1", "b-1", "c-1")
	w.propose(func() ([]byte, error) { return w.member["b-1"].ProposeUpdate(testNow) })
	data, err := w.hub.MarshalBinary()
	must(t, err)
	w.hub, err = roster.Unmarshal(data, charter{})
	must(t, err)
	if w.hub.Pending() != 1 {
		t.Error("the proposal is lost")
	}
	w.commit("c-1", CommitOptions{Pending: true})
	w.agree()
	for i := range data {
		if _, err := roster.Unmarshal(data[:i], charter{}); err == nil {
			t.Fatalf("state cut at %d is taken", i)
		}
	}
}

// TestPrivateCommit: members follow an encrypted commit, the hub says that it
// cannot.
func TestPrivateCommit(t *testing.T) {
	w := newWorld(t, suite.P256AES128, "a-1")
	w.add("a-1", "b-1")
	a := w.member["a-1"]
	ac := a.content(message.Content{Type: message.ContentProposal, Proposal: message.Remove{Leaf: 0}}, true)
	must(t, a.sign(ac))
	sealed, err := a.frame(ac)
	must(t, err)
	_, err = w.member["b-1"].Process(sealed, testNow)
	must(t, err)
	w.frozen(t, "replayed proposal", "b-1", ErrReplay, func(g *Group) error { _, err := g.Process(sealed, testNow); return err })

	p, err := a.Commit(CommitOptions{Private: true, Now: testNow})
	must(t, err)
	wantErr(t, "hub", roster.ErrPrivate, func() error { _, _, err := w.hub.Apply(p.Commit, testNow); return err })
	_, err = w.member["b-1"].Process(p.Commit, testNow)
	must(t, err)
	must(t, w.member["a-1"].Merge(p))
	if !bytes.Equal(w.member["a-1"].EpochAuthenticator(), w.member["b-1"].EpochAuthenticator()) {
		t.Error("members are in different states")
	}
}

// TestReInit closes a group; what comes next belongs to another.
func TestReInit(t *testing.T) {
	w := newWorld(t, suite.P256AES128, "a-1")
	w.add("a-1", "b-1")
	next := &message.ReInit{GroupID: []byte("next"), Version: 1, Suite: suite.P384AES256}
	p, err := w.member["a-1"].Commit(CommitOptions{ReInit: next, Now: testNow})
	must(t, err)
	hub, change, err := w.hub.Apply(p.Commit, testNow)
	must(t, err)
	if change.ReInit == nil || change.ReInit.Suite != suite.P384AES256 {
		t.Errorf("reported as %+v", change)
	}
	_, err = w.member["b-1"].Process(p.Commit, testNow)
	must(t, err)
	must(t, w.member["a-1"].Merge(p))
	for name, g := range w.member {
		wantErr(t, name+" commits", roster.ErrClosed, func() error { _, err := g.Commit(CommitOptions{}); return err })
		wantErr(t, name+" talks", roster.ErrClosed, func() error { _, err := g.Encrypt(nil, nil); return err })
	}
	data, err := hub.MarshalBinary()
	must(t, err)
	hub, err = roster.Unmarshal(data, charter{})
	must(t, err)
	if hub.ReInit() == nil {
		t.Error("the saved hub forgot that the group is closed")
	}
}

func TestKeyPackageSecretSaved(t *testing.T) {
	w := newWorld(t, suite.P384AES256, "a-1")
	_, secret := w.keyPackage("b-1")
	data, err := secret.MarshalBinary()
	must(t, err)
	loaded, err := UnmarshalKeyPackageSecret(data)
	must(t, err)
	want(t, "reference", loaded.Ref(), secret.Ref())
	for i := range data {
		if _, err := UnmarshalKeyPackageSecret(data[:i]); err == nil {
			t.Fatalf("secret cut at %d is taken", i)
		}
	}
	msg, last, err := NewKeyPackage(w.id["b-1"], KeyPackageOptions{Suite: w.suite, NotBefore: testNow, NotAfter: testNow.Add(time.Hour), LastResort: true})
	must(t, err)
	if !last.Package.LastResort() || secret.Package.LastResort() {
		t.Error("last resort is not marked")
	}
	_, err = w.member["a-1"].Commit(CommitOptions{Add: [][]byte{msg}, Now: testNow})
	must(t, err)
}

// TestSavedStateCut: a damaged state is refused, never half loaded.
func TestSavedStateCut(t *testing.T) {
	w := newWorld(t, suite.X25519AES128, "a-1")
	w.add("a-1", "b-1")
	w.commit("a-1", CommitOptions{})
	g := w.member["b-1"]
	data, err := g.MarshalBinary()
	must(t, err)
	for i := range data {
		if _, err := UnmarshalGroup(data[:i], g.signer, charter{}); err == nil {
			t.Fatalf("state cut at %d is taken", i)
		}
	}
	wantErr(t, "another signer", ErrSignerKey, func() error {
		_, err := UnmarshalGroup(data, w.id["a-1"].Signer, charter{})
		return err
	})
}
