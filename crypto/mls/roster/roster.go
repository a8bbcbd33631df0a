// Package roster follows a group from outside, as the hub does: who is in it,
// in which epoch, under which charter. It checks everything about a commit that
// can be checked without a secret: signatures, epochs, proposal rules, the
// ratchet tree and its hashes, the application's policy.
//
// It cannot check membership tags, confirmation tags or the sealed path secrets,
// because these need group secrets. A member may therefore still refuse a commit
// that the roster took; it must then report it. The package imports nothing that
// could derive a group secret.
//
// A Group never changes: Apply and Propose return a new one. There is no clock,
// lock or goroutine here.
package roster

import (
	"bytes"
	"fmt"
	"time"

	"crossband/crypto/mls/message"
	"crossband/crypto/mls/suite"
	"crossband/crypto/mls/syntax"
	"crossband/crypto/mls/tree"
)

// MaxProposals bounds the proposals kept for later reference in one epoch.
const MaxProposals = 256

// Group is the public state of one epoch of one group.
type Group struct {
	suite    suite.Suite
	verifier Verifier
	context  message.GroupContext
	tree     *tree.Tree // shared with later states where unchanged; never modified here
	interim  []byte     // interim transcript hash: enters the next confirmed one
	cache    []cached   // proposals that a commit of this epoch may refer to
	reinit   *message.ReInit
}

// cached is a verified proposal waiting for a commit.
type cached struct {
	ref     []byte
	content *message.AuthenticatedContent
}

// Member is one place in the tree.
type Member struct {
	Leaf         tree.LeafIndex
	Credential   tree.Credential
	SignatureKey []byte
}

// New reads a GroupInfo MLSMessage and, beside it, the ratchet tree of its epoch,
// and judges both in full, as a joiner would (RFC 9420 12.4.3.1). The tree is
// encoded as in the ratchet_tree extension; nil takes the one in the GroupInfo.
// now may be zero if the verifier has no use for it.
func New(groupInfo, ratchetTree []byte, verifier Verifier, now time.Time) (*Group, error) {
	m, err := message.ParseAs(groupInfo, message.FormatGroupInfo)
	if err != nil {
		return nil, err
	}
	return FromGroupInfo(m.GroupInfo, ratchetTree, verifier, now)
}

// FromGroupInfo is New for decoded group information. treeBytes is the ratchet
// tree if it came by another way; nil takes the one in the extension.
func FromGroupInfo(gi *message.GroupInfo, treeBytes []byte, verifier Verifier, now time.Time) (*Group, error) {
	g, err := read(gi, treeBytes, verifier)
	if err != nil {
		return nil, err
	}
	if err := g.checkInfo(gi); err != nil {
		return nil, err
	}
	t := g.tree
	if err := t.Verify(gi.Context.GroupID, gi.Context.Extensions, g.checks()); err != nil {
		return nil, fmt.Errorf("ratchet tree: %w", err)
	}
	if err := t.CheckCapabilities(gi.Context.Extensions); err != nil {
		return nil, err
	}
	return g, g.verifyAll(t, gi.Context.Extensions, gi.Context.Epoch, Present, now)
}

// read puts a Group together and judges nothing.
func read(gi *message.GroupInfo, treeBytes []byte, verifier Verifier) (*Group, error) {
	if verifier == nil {
		return nil, ErrNoVerifier
	}
	if gi.Context.Version != tree.Version {
		return nil, fmt.Errorf("%w: group context", tree.ErrVersion)
	}
	s, err := suite.Lookup(gi.Context.Suite)
	if err != nil {
		return nil, err
	}
	if treeBytes == nil {
		var ok bool
		if treeBytes, ok = gi.Extensions.Find(tree.ExtensionRatchetTree); !ok {
			return nil, ErrNoTree
		}
	}
	t, err := tree.Parse(s, treeBytes)
	if err != nil {
		return nil, fmt.Errorf("ratchet tree: %w", err)
	}
	g := &Group{suite: s, verifier: verifier, context: gi.Context, tree: t}
	g.interim = message.InterimTranscriptHash(s, gi.Context.ConfirmedHash, gi.ConfirmationTag)
	return g, nil
}

// Create is the public state of a new group with one member, at epoch 0
// (RFC 9420 11). The confirmation tag follows from secrets, so the interim hash
// is set by Confirm.
func Create(ctx message.GroupContext, leaf *tree.LeafNode, verifier Verifier, now time.Time) (*Group, error) {
	if verifier == nil {
		return nil, ErrNoVerifier
	}
	s, err := suite.Lookup(ctx.Suite)
	if err != nil {
		return nil, err
	}
	t := tree.New(s, leaf)
	if err := leaf.Check(s, ctx.GroupID, 0, ctx.Extensions); err != nil {
		return nil, err
	}
	if err := t.CheckCapabilities(ctx.Extensions); err != nil {
		return nil, err
	}
	ctx.TreeHash = t.Hash()
	g := &Group{suite: s, verifier: verifier, context: ctx, tree: t}
	return g, g.verifyAll(t, ctx.Extensions, ctx.Epoch, Present, now)
}

// Confirm returns g with the confirmation tag of its epoch mixed in.
func (g *Group) Confirm(confirmationTag []byte) *Group {
	out := *g
	out.interim = message.InterimTranscriptHash(g.suite, g.context.ConfirmedHash, confirmationTag)
	return &out
}

// checkInfo checks what binds a GroupInfo to the tree of g: hash and signature.
func (g *Group) checkInfo(gi *message.GroupInfo) error {
	if !bytes.Equal(g.tree.Hash(), gi.Context.TreeHash) {
		return ErrTreeHash
	}
	signer := g.tree.Leaf(gi.Signer)
	if signer == nil {
		return fmt.Errorf("%w: signer of the group information: %d", tree.ErrNoLeaf, gi.Signer)
	}
	if err := gi.Verify(g.suite, signer.SignatureKey); err != nil {
		return fmt.Errorf("group information: %w", err)
	}
	return nil
}

// verifyAll puts every member to the verifier.
func (g *Group) verifyAll(t *tree.Tree, ext tree.Extensions, epoch message.Epoch, why Reason, now time.Time) error {
	type seat struct {
		at   tree.LeafIndex
		leaf *tree.LeafNode
	}
	var seats []seat
	t.Leaves(func(at tree.LeafIndex, leaf *tree.LeafNode) { seats = append(seats, seat{at, leaf}) })
	return g.checks().Each(len(seats), func(i int) error {
		return g.verify(seats[i].at, seats[i].leaf, nil, ext, epoch, why, now)
	})
}

func (g *Group) verify(at tree.LeafIndex, leaf *tree.LeafNode, previous *tree.Credential, ext tree.Extensions, epoch message.Epoch, why Reason, now time.Time) error {
	err := g.verifier.VerifyMember(Candidate{
		Reason: why, GroupID: g.context.GroupID, Suite: g.suite.ID(), Epoch: epoch, Leaf: at,
		Credential: leaf.Credential, SignatureKey: leaf.SignatureKey, Capabilities: leaf.Capabilities, LeafOctets: len(leaf.AppendTo(nil)),
		Previous: previous, Extensions: ext, Now: now,
	})
	if err != nil {
		return fmt.Errorf("%w: leaf %d: %w", ErrRefused, at, err)
	}
	return nil
}

// CheckGroupInfo tells whether group information describes exactly this state
// and is signed by one of its members, with an external public key that joiners
// can use. The confirmation tag is compared with the one in the commit. Nothing
// else is in it, nor is the ratchet tree: whoever hands it out hands out Tree beside
// it (RFC 9420 12.4.3.3).
func (g *Group) CheckGroupInfo(groupInfo []byte) error {
	m, err := message.ParseAs(groupInfo, message.FormatGroupInfo)
	if err != nil {
		return err
	}
	gi := m.GroupInfo
	if !bytes.Equal(gi.Context.Bytes(), g.context.Bytes()) {
		return fmt.Errorf("%w: group context (epoch %d, here %d)", ErrGroupInfoMismatch, gi.Context.Epoch, g.context.Epoch)
	}
	interim := message.InterimTranscriptHash(g.suite, gi.Context.ConfirmedHash, gi.ConfirmationTag)
	if !bytes.Equal(interim, g.interim) {
		return fmt.Errorf("%w: confirmation tag", ErrGroupInfoMismatch)
	}
	if _, err := ExternalPub(gi, g.suite); err != nil {
		return err
	}
	if len(gi.Extensions) != 1 {
		return fmt.Errorf("%w: %d extensions", ErrGroupInfoMismatch, len(gi.Extensions))
	}
	return g.checkInfo(gi)
}

// ExternalPub reads the external_pub extension (RFC 9420 12.4.3.2).
func ExternalPub(gi *message.GroupInfo, s suite.Suite) ([]byte, error) {
	data, ok := gi.Extensions.Find(tree.ExtensionExternalPub)
	if !ok {
		return nil, fmt.Errorf("%w: no external public key", ErrGroupInfoMismatch)
	}
	r := syntax.NewReader(data)
	key := r.Bytes()
	if err := r.End(); err != nil {
		return nil, fmt.Errorf("external public key: %w", err)
	}
	return key, s.CheckPublicKey(key)
}
