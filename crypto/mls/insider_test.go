package mls

import (
	"testing"

	"crossband/crypto/mls/message"
	"crossband/crypto/mls/suite"
	"crossband/crypto/mls/tree"
)

// TestSkippedKeys: a key kept for a late message opens it once, and no more than
// MaxSkipped are kept however the gaps add up.
func TestSkippedKeys(t *testing.T) {
	w := newWorld(t, suite.P256AES128, "a-1")
	w.add("a-1", "b-1")
	a, b := w.member["a-1"], w.member["b-1"]
	var msgs [][]byte
	for range 2*MaxSkipped + 10 {
		m, err := a.Encrypt([]byte("x"), nil)
		must(t, err)
		msgs = append(msgs, m)
	}
	for i := 1; i < len(msgs); i += 2 { // every other one: gaps of one
		_, err := b.Decrypt(msgs[i])
		must(t, err)
	}
	r := b.current.secrets.ratchets[ratchetID{a.own, applicationRatchet}]
	if len(r.skipped) != MaxSkipped {
		t.Errorf("%d keys are kept, want %d", len(r.skipped), MaxSkipped)
	}
	late := msgs[len(msgs)-2]
	_, err := b.Decrypt(late)
	must(t, err)
	w.frozen(t, "late message twice", "b-1", ErrReplay, func(g *Group) error { _, err := g.Decrypt(late); return err })
	w.frozen(t, "key pushed out", "b-1", ErrReplay, func(g *Group) error { _, err := g.Decrypt(msgs[0]); return err })
}

// TestPathShape: a path sealed to too few or too many keys is refused before
// anybody looks for its own.
func TestPathShape(t *testing.T) {
	w := newWorld(t, suite.P256AES128, "a-1")
	w.add("a-1", "b-1", "c-1", "c-2")
	a := w.member["a-1"]
	p, err := a.Commit(CommitOptions{Now: testNow})
	must(t, err)
	for why, change := range map[string]func(*message.UpdatePathNode){
		"none":     func(n *message.UpdatePathNode) { n.Secrets = nil },
		"too few":  func(n *message.UpdatePathNode) { n.Secrets = n.Secrets[:1] },
		"too many": func(n *message.UpdatePathNode) { n.Secrets = append(n.Secrets, n.Secrets[0]) },
	} {
		bad := a.forge(t, p.Commit, func(c *message.Content) { change(&c.Commit.Path.Nodes[1]) })
		w.frozen(t, why, "c-1", tree.ErrPathLength, func(g *Group) error { _, err := g.Process(bad, testNow); return err })
		w.frozen(t, why+" (hub)", "c-1", tree.ErrPathLength, func(*Group) error { _, _, err := w.hub.Apply(bad, testNow); return err })
	}
}

// TestWrongPathSecret: a secret that opens but is not the one of the public key.
func TestWrongPathSecret(t *testing.T) {
	w := newWorld(t, suite.P256AES128, "a-1")
	w.add("a-1", "b-1", "c-1", "c-2")
	a, c := w.member["a-1"], w.member["c-1"]
	p, err := a.Commit(CommitOptions{Now: testNow})
	must(t, err)
	m, err := message.Parse(p.Commit)
	must(t, err)
	d, err := w.hub.Stage(m.Public.Authenticated(), testNow)
	must(t, err)
	bad := a.forge(t, p.Commit, func(content *message.Content) {
		nodes := content.Commit.Path.Nodes
		for i, step := range d.Tree.FilteredPath(a.own) {
			for j, x := range d.SealTo(step) {
				if step.Copath.Covers(c.own.Node()) {
					var err error
					nodes[i].Secrets[j], err = d.Tree.Suite().EncryptWithLabel(d.Tree.PublicKey(x), pathLabel, d.Provisional().Bytes(), randomBytes(32))
					must(t, err)
				}
			}
		}
	})
	w.frozen(t, "wrong path secret", "c-1", ErrPathSecret, func(g *Group) error { _, err := g.Process(bad, testNow); return err })
}

// TestWelcomeOfALiar: the member who invites seals what it likes; the joiner
// still sees a wrong confirmation tag and a wrong path secret.
func TestWelcomeOfALiar(t *testing.T) {
	i := invite(t, CommitOptions{})
	m, err := message.Parse(i.welcome)
	must(t, err)
	liar := i.member["a-1"]
	s := liar.pub.Suite()
	none := make([]byte, s.HashSize())
	rewrite := func(change func(*message.GroupInfo, *groupSecrets)) []byte {
		w := *m.Welcome
		gs, err := openGroupSecrets(s, i.secret, w.Secrets[0].Secrets, w.EncryptedGroupInfo)
		must(t, err)
		keys := welcomeSecret(s, gs.joiner, none)
		gi, err := openGroupInfo(s, keys, w.EncryptedGroupInfo)
		must(t, err)
		change(gi, &gs)
		must(t, gi.Sign(s, liar.signer))
		w.EncryptedGroupInfo, err = sealAEAD(s, welcomeKeys(s, keys), nil, gi.AppendTo(nil))
		must(t, err)
		c, err := s.EncryptWithLabel(i.secret.Package.InitKey, welcomeLabel, w.EncryptedGroupInfo, gs.appendTo(nil))
		must(t, err)
		w.Secrets = []message.EncryptedSecrets{{NewMember: i.secret.Ref(), Secrets: c}}
		return (&message.Message{Format: message.FormatWelcome, Welcome: &w}).Bytes()
	}
	_, err = i.join(rewrite(func(*message.GroupInfo, *groupSecrets) {}), JoinOptions{})
	must(t, err)
	for _, c := range []struct {
		name   string
		rule   error
		change func(*message.GroupInfo, *groupSecrets)
	}{
		{"confirmation tag", ErrConfirmationTag, func(g *message.GroupInfo, _ *groupSecrets) { g.ConfirmationTag = flip(g.ConfirmationTag) }},
		{"path secret", ErrPathSecret, func(_ *message.GroupInfo, gs *groupSecrets) { gs.path = flip(gs.path) }},
		{"unknown PSK", ErrUnknownPSK, func(_ *message.GroupInfo, gs *groupSecrets) {
			gs.psks = []message.PSKID{{Type: message.PSKExternal, ID: []byte("x"), Nonce: none}}
		}},
		{"PSK nonce", ErrWelcome, func(_ *message.GroupInfo, gs *groupSecrets) {
			gs.psks = []message.PSKID{{Type: message.PSKExternal, ID: []byte("x")}}
		}},
		{"epoch", ErrConfirmationTag, func(g *message.GroupInfo, _ *groupSecrets) { g.Context.Epoch++ }},
	} {
		wantErr(t, c.name, c.rule, func() error { _, err := i.join(rewrite(c.change), JoinOptions{}); return err })
	}
}
