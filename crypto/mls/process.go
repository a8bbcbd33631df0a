package mls

import (
	"bytes"
	"fmt"
	"time"

	"crossband/crypto/mls/message"
	"crossband/crypto/mls/roster"
	"crossband/crypto/mls/suite"
	"crossband/crypto/mls/syntax"
	"crossband/crypto/mls/tree"
)

// Kind says what a handshake message was.
type Kind uint8

// The kinds.
const (
	KindProposal Kind = iota + 1
	KindCommit
)

// Processed tells what a handshake message did.
type Processed struct {
	Kind     Kind
	Sender   message.Sender
	AAD      []byte
	Proposal message.Proposal // KindProposal: kept for a commit to refer to
	Change   roster.Change    // KindCommit
	// SelfRemoved: the commit removed us. The group stays in its old epoch and
	// refuses further work.
	SelfRemoved bool
}

// Process takes a handshake message of somebody else: a proposal or a commit, as
// PublicMessage or PrivateMessage. An error leaves the group as it was. Our own
// commits come back as ErrOwnMessage: merge the pending one.
func (g *Group) Process(msg []byte, now time.Time) (*Processed, error) {
	if err := g.usable(); err != nil {
		return nil, err
	}
	m, err := message.Parse(msg)
	if err != nil {
		return nil, err
	}
	ac, keep, err := g.unframe(m)
	if err != nil {
		return nil, err
	}
	var out *Processed
	switch ac.Content.Type {
	case message.ContentProposal:
		out, err = g.processProposal(ac, now)
	case message.ContentCommit:
		out, err = g.processCommit(ac, now)
	default:
		return nil, roster.ErrApplication
	}
	if err != nil {
		return nil, err
	}
	keep()
	return out, nil
}

// unframe opens a handshake message. keep uses up its key, if it had one.
func (g *Group) unframe(m *message.Message) (*message.AuthenticatedContent, func(), error) {
	switch m.Format {
	case message.FormatPublic:
		ac, err := g.unframePublic(m.Public)
		return ac, func() {}, err
	case message.FormatPrivate:
		if m.Private.Type == message.ContentApplication {
			return nil, nil, fmt.Errorf("%w: application data", message.ErrNotThisKind)
		}
		if err := g.pub.CheckAddress(m.Private.GroupID, m.Private.Epoch); err != nil {
			return nil, nil, err
		}
		return g.current.open(m.Private, g.own)
	}
	return nil, nil, fmt.Errorf("%w: wire format %d", message.ErrNotThisKind, m.Format)
}

// unframePublic checks address and membership tag (RFC 9420 6.2). The signature
// is checked by the roster.
func (g *Group) unframePublic(pm *message.PublicMessage) (*message.AuthenticatedContent, error) {
	if pm.Content.Type == message.ContentApplication {
		return nil, roster.ErrApplication
	}
	if err := g.pub.CheckAddress(pm.Content.GroupID, pm.Content.Epoch); err != nil {
		return nil, err
	}
	ac := pm.Authenticated()
	if pm.Content.Sender.Type != message.SenderMember {
		return ac, nil
	}
	if !g.pub.Suite().VerifyMAC(g.epoch.membership, ac.TBM(g.current.context), pm.MembershipTag) {
		return nil, ErrMembershipTag
	}
	if pm.Content.Sender == message.Member(g.own) {
		return nil, ErrOwnMessage
	}
	return ac, nil
}

func (g *Group) processProposal(ac *message.AuthenticatedContent, now time.Time) (*Processed, error) {
	pub, err := g.pub.Cache(ac, now)
	if err != nil {
		return nil, err
	}
	g.pub = pub
	return &Processed{Kind: KindProposal, Sender: ac.Content.Sender, AAD: ac.Content.AAD, Proposal: ac.Content.Proposal}, nil
}

// processCommit follows a commit (RFC 9420 12.4.2).
func (g *Group) processCommit(ac *message.AuthenticatedContent, now time.Time) (*Processed, error) {
	d, err := g.pub.Stage(ac, now)
	if err != nil {
		return nil, err
	}
	out := &Processed{Kind: KindCommit, Sender: ac.Content.Sender, AAD: ac.Content.AAD, Change: d.Change()}
	for _, m := range d.Removed {
		if m.Leaf == g.own {
			out.SelfRemoved, g.removed = true, true
			return out, nil
		}
	}
	keys, err := g.ownKeys(d)
	if err != nil {
		return nil, err
	}
	s := g.pub.Suite()
	commitSecret := make([]byte, s.HashSize())
	if path := ac.Content.Commit.Path; path != nil {
		if commitSecret, err = openPath(d, path, g.own, keys); err != nil {
			return nil, err
		}
	}
	initSecret, err := g.initSecret(d)
	if err != nil {
		return nil, err
	}
	pskSecret, err := g.allPSKs().secret(s, d.PSKs)
	if err != nil {
		return nil, err
	}
	ctx := d.Context(ac)
	joiner := joinerSecret(s, initSecret, commitSecret, ctx.Bytes())
	e := deriveEpoch(s, joiner, pskSecret, ctx.Bytes())
	if !s.VerifyMAC(e.confirmation, ctx.ConfirmedHash, ac.Auth.ConfirmationTag) {
		return nil, ErrConfirmationTag
	}
	next := g.advance(d.Next(ac), keys, e)
	g.succeed(next)
	*g = *next
	return out, nil
}

// ownKeys is the private keys that remain ours after the proposals and the
// path's public keys, with that of an Update of our own that was committed.
func (g *Group) ownKeys(d *roster.Draft) (treeKeys, error) {
	keys := g.keys.matching(d.Tree)
	want := d.Tree.PublicKey(g.own.Node())
	if keys[g.own.Node()] != nil {
		return keys, nil
	}
	for _, u := range g.updates {
		if bytes.Equal(u.key.Public(), want) {
			keys[g.own.Node()] = u.key
			return keys, nil
		}
	}
	return nil, ErrOwnLeaf
}

// initSecret is the last epoch's, or the one that an external joiner sent
// (RFC 9420 8.3).
func (g *Group) initSecret(d *roster.Draft) ([]byte, error) {
	if !d.External() {
		return g.epoch.init, nil
	}
	key, err := g.epoch.externalKey(g.pub.Suite())
	if err != nil {
		return nil, err
	}
	return g.pub.Suite().OpenExternalInit(key, d.KEMOutput)
}

// ProposeAdd asks for a member to be added. The proposal is kept like one of
// another member's, so that a commit of ours can refer to it.
func (g *Group) ProposeAdd(keyPackage []byte, now time.Time) ([]byte, error) {
	m, err := message.ParseAs(keyPackage, message.FormatKeyPackage)
	if err != nil {
		return nil, err
	}
	return g.propose(message.Add{KeyPackage: m.KeyPackage}, now)
}

// ProposeRemove asks for a member to be removed.
func (g *Group) ProposeRemove(at tree.LeafIndex, now time.Time) ([]byte, error) {
	return g.propose(message.Remove{Leaf: at}, now)
}

// ProposePSK asks for a pre-shared key to be mixed in.
func (g *Group) ProposePSK(id message.PSKID, now time.Time) ([]byte, error) {
	return g.propose(message.PreSharedKey{ID: freshNonce(g.pub.Suite(), id)}, now)
}

// ProposeUpdate renews our leaf's encryption key, once another member commits it.
func (g *Group) ProposeUpdate(now time.Time) ([]byte, error) {
	if err := g.open(); err != nil {
		return nil, err
	}
	s := g.pub.Suite()
	key, err := s.GenerateKey()
	if err != nil {
		return nil, err
	}
	leaf := *g.pub.Tree().Leaf(g.own)
	leaf.EncryptionKey, leaf.Source, leaf.ParentHash, leaf.Lifetime = key.Public(), tree.SourceUpdate, nil, tree.Lifetime{}
	if err := leaf.Sign(s, g.signer, g.pub.GroupID(), g.own); err != nil {
		return nil, err
	}
	msg, err := g.propose(message.Update{Leaf: &leaf}, now)
	if err != nil {
		return nil, err
	}
	g.updates = append(g.updates, pendingUpdate{key})
	return msg, nil
}

func (g *Group) propose(p message.Proposal, now time.Time) ([]byte, error) {
	if err := g.open(); err != nil {
		return nil, err
	}
	ac := g.content(message.Content{Type: message.ContentProposal, Proposal: p}, false)
	if err := g.sign(ac); err != nil {
		return nil, err
	}
	pub, err := g.pub.Cache(ac, now)
	if err != nil {
		return nil, err
	}
	msg, err := g.frame(ac)
	if err != nil {
		return nil, err
	}
	g.pub = pub
	return msg, nil
}

func appendUpdates(b []byte, list []pendingUpdate) []byte {
	return syntax.AppendVector(b, func(b []byte) []byte {
		for _, u := range list {
			b = syntax.AppendBytes(b, u.key.Bytes())
		}
		return b
	})
}

func readUpdates(r *syntax.Reader, s suite.Suite) []pendingUpdate {
	var list []pendingUpdate
	r.Vector(func(r *syntax.Reader) {
		key, err := s.ParsePrivateKey(r.Bytes())
		if err != nil {
			r.Fail(err)
			return
		}
		list = append(list, pendingUpdate{key})
	})
	return list
}
