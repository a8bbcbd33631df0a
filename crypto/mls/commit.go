package mls

import (
	"bytes"
	"crypto"
	"fmt"
	"time"

	"crossband/crypto/mls/message"
	"crossband/crypto/mls/roster"
	"crossband/crypto/mls/suite"
	"crossband/crypto/mls/tree"
)

// CommitOptions says what a commit does. The zero value only renews our keys.
type CommitOptions struct {
	Add    [][]byte         // KeyPackages, each as an MLSMessage
	Remove []tree.LeafIndex // members to take out
	// Extensions replaces all group context extensions if not nil.
	Extensions tree.Extensions
	PSKs       []message.PSKID // keys to mix in, without nonce; see StorePSK
	// Pending takes in all proposals received in this epoch, by reference,
	// except our own Updates, which a commit of ours cannot carry.
	Pending bool
	ReInit  *message.ReInit // closes the group; stands alone
	// Renew puts a new key and certificate into our leaf.
	Renew *Identity
	AAD   []byte // signed and visible to everybody
	Now   time.Time
	// OmitTree leaves the ratchet tree out of Welcome; joiners then need it by
	// another way.
	OmitTree bool
	// Private encrypts the commit. A hub cannot order or check it then.
	Private bool
}

// Pending is a commit that nobody has accepted yet. Making it changed nothing
// (RFC 9420 14). When the hub took Commit, call Group.Merge and send Welcome;
// otherwise drop it.
type Pending struct {
	Commit    []byte // MLSMessage
	Welcome   []byte // MLSMessage for the added members, nil if there are none
	GroupInfo []byte // MLSMessage describing the new epoch to late joiners, without the ratchet tree
	Change    roster.Change

	base []byte // group context that it was made in
	next *Group
}

// Commit makes a commit (RFC 9420 12.4.1).
func (g *Group) Commit(o CommitOptions) (*Pending, error) {
	if err := g.open(); err != nil {
		return nil, err
	}
	commit := &message.Commit{}
	values, err := g.proposals(o)
	if err != nil {
		return nil, err
	}
	if o.Pending {
		commit.Proposals = g.pendingRefs()
	}
	for _, p := range values {
		commit.Proposals = append(commit.Proposals, message.ProposalOrRef{Value: p})
	}
	list, err := g.pub.Resolve(commit, message.Member(g.own))
	if err != nil {
		return nil, err
	}
	d, err := g.pub.DraftOwn(list, message.Member(g.own), o.Now)
	if err != nil {
		return nil, err
	}
	leaf, signer := *g.pub.Tree().Leaf(g.own), g.signer
	if o.Renew != nil {
		fresh, err := o.Renew.newLeaf(g.pub.Suite())
		if err != nil {
			return nil, err
		}
		leaf.SignatureKey, leaf.Credential, signer = fresh.SignatureKey, fresh.Credential, o.Renew.Signer
	}
	np, err := makePath(d, leaf, signer, g.pub.GroupID())
	if err != nil {
		return nil, err
	}
	if err := d.Check(); err != nil {
		return nil, err
	}
	commit.Path = np.path
	return g.finish(d, np, commit, signer, o)
}

// proposals is what o asks for, by value.
func (g *Group) proposals(o CommitOptions) ([]message.Proposal, error) {
	var list []message.Proposal
	if o.Extensions != nil {
		ext, err := requireCharter(o.Extensions)
		if err != nil {
			return nil, err
		}
		list = append(list, message.SetExtensions{Extensions: ext})
	}
	for _, l := range o.Remove {
		list = append(list, message.Remove{Leaf: l})
	}
	for i, b := range o.Add {
		m, err := message.ParseAs(b, message.FormatKeyPackage)
		if err != nil {
			return nil, fmt.Errorf("key package %d: %w", i, err)
		}
		list = append(list, message.Add{KeyPackage: m.KeyPackage})
	}
	for _, id := range o.PSKs {
		list = append(list, message.PreSharedKey{ID: freshNonce(g.pub.Suite(), id)})
	}
	if o.ReInit != nil {
		list = append(list, *o.ReInit)
	}
	return list, nil
}

// pendingRefs refers to the received proposals, without Updates of ours.
func (g *Group) pendingRefs() []message.ProposalOrRef {
	var refs []message.ProposalOrRef
	for _, p := range g.pub.PendingProposals() {
		if p.Proposal.Type() == message.TypeUpdate && p.Sender == message.Member(g.own) {
			continue
		}
		refs = append(refs, message.ProposalOrRef{Ref: p.Ref})
	}
	return refs
}

// finish signs and tags the commit, runs the key schedule and makes what goes
// out (RFC 9420 12.4.1).
func (g *Group) finish(d *roster.Draft, np *newPath, commit *message.Commit, newSigner crypto.Signer, o CommitOptions) (*Pending, error) {
	s := g.pub.Suite()
	ac := g.content(message.Content{Type: message.ContentCommit, Commit: commit, AAD: o.AAD}, o.Private)
	if err := g.sign(ac); err != nil {
		return nil, err
	}
	pskSecret, err := g.allPSKs().secret(s, d.PSKs)
	if err != nil {
		return nil, err
	}
	ctx := d.Context(ac)
	joiner := joinerSecret(s, g.epoch.init, np.commitSecret, ctx.Bytes())
	e := deriveEpoch(s, joiner, pskSecret, ctx.Bytes())
	ac.Auth.ConfirmationTag = s.MAC(e.confirmation, ctx.ConfirmedHash)

	keys := g.keys.matching(d.Tree)
	for x, key := range np.keys {
		keys[x] = key
	}
	p := &Pending{base: g.pub.Context().Bytes(), Change: d.Change()}
	p.next = g.advance(d.Next(ac), keys, e)
	p.next.signer = newSigner
	if p.Commit, err = g.frame(ac); err != nil {
		return nil, err
	}
	if len(d.Added) > 0 {
		if p.Welcome, err = p.next.welcome(d, np, joiner, welcomeSecret(s, joiner, pskSecret), !o.OmitTree); err != nil {
			return nil, err
		}
	}
	if d.ReInit == nil {
		p.GroupInfo, err = p.next.GroupInfo()
	}
	return p, err
}

// Merge enters the epoch of a commit of our own that the hub accepted.
func (g *Group) Merge(p *Pending) error {
	if p.next == nil || g.removed || !bytes.Equal(p.base, g.pub.Context().Bytes()) {
		return ErrStale
	}
	next := p.next
	p.next = nil
	g.succeed(next)
	next.padding = g.padding
	*g = *next
	return nil
}

// content addresses content of ours to the group.
func (g *Group) content(c message.Content, private bool) *message.AuthenticatedContent {
	c.GroupID, c.Epoch, c.Sender = g.pub.GroupID(), g.Epoch(), message.Member(g.own)
	ac := &message.AuthenticatedContent{WireFormat: message.FormatPublic, Content: c}
	if private {
		ac.WireFormat = message.FormatPrivate
	}
	return ac
}

func (g *Group) sign(ac *message.AuthenticatedContent) error {
	sig, err := g.pub.Suite().SignWithLabel(g.signer, message.ContentLabel, ac.TBS(g.current.context))
	ac.Auth.Signature = sig
	return err
}

// frame makes the MLSMessage of signed content: with membership tag (RFC 9420
// 6.2), or sealed.
func (g *Group) frame(ac *message.AuthenticatedContent) ([]byte, error) {
	if ac.WireFormat == message.FormatPrivate {
		pm, err := g.current.seal(ac, g.padding)
		if err != nil {
			return nil, err
		}
		return (&message.Message{Format: message.FormatPrivate, Private: pm}).Bytes(), nil
	}
	return framePublic(g.pub.Suite(), ac, g.epoch.membership, g.current.context), nil
}

func framePublic(s suite.Suite, ac *message.AuthenticatedContent, membershipKey, context []byte) []byte {
	pm := &message.PublicMessage{Content: ac.Content, Auth: ac.Auth}
	if ac.Content.Sender.Type == message.SenderMember {
		pm.MembershipTag = s.MAC(membershipKey, ac.TBM(context))
	}
	return (&message.Message{Format: message.FormatPublic, Public: pm}).Bytes()
}
