package roster

import (
	"bytes"
	"fmt"
	"slices"
	"time"

	"crossband/crypto/mls/message"
	"crossband/crypto/mls/syntax"
	"crossband/crypto/mls/tree"
)

// CheckAddress refuses messages for another group or epoch.
func (g *Group) CheckAddress(groupID []byte, epoch message.Epoch) error {
	switch {
	case !bytes.Equal(groupID, g.context.GroupID):
		return ErrGroupID
	case epoch < g.context.Epoch:
		return fmt.Errorf("%w: %d, now %d", ErrPastEpoch, epoch, g.context.Epoch)
	case epoch > g.context.Epoch:
		return fmt.Errorf("%w: %d, now %d", ErrFutureEpoch, epoch, g.context.Epoch)
	}
	return nil
}

// Authenticate checks address, sender and signature of handshake content
// (RFC 9420 6.1). It is the first thing done with any message.
func (g *Group) Authenticate(ac *message.AuthenticatedContent) error {
	if err := g.CheckAddress(ac.Content.GroupID, ac.Content.Epoch); err != nil {
		return err
	}
	if g.reinit != nil {
		return ErrClosed
	}
	key, err := g.senderKey(&ac.Content)
	if err != nil {
		return err
	}
	return g.suite.VerifyWithLabel(key, message.ContentLabel, ac.TBS(g.context.Bytes()), ac.Auth.Signature)
}

// senderKey finds the key that must have signed c, and refuses senders that may
// not send such content (RFC 9420 6, 12.1.8).
func (g *Group) senderKey(c *message.Content) ([]byte, error) {
	switch c.Sender.Type {
	case message.SenderMember:
		leaf := g.tree.Leaf(c.Sender.Leaf)
		if leaf == nil {
			return nil, fmt.Errorf("%w: leaf %d is no member", ErrSender, c.Sender.Leaf)
		}
		return leaf.SignatureKey, nil
	case message.SenderExternal:
		return g.externalSenderKey(c)
	case message.SenderNewMemberProposal:
		if add, ok := c.Proposal.(message.Add); ok && c.Type == message.ContentProposal {
			return add.KeyPackage.Leaf.SignatureKey, nil
		}
		return nil, fmt.Errorf("%w: a new member may propose only its own Add", ErrSender)
	case message.SenderNewMemberCommit:
		if c.Type != message.ContentCommit {
			return nil, fmt.Errorf("%w: only a commit may come from a joiner", ErrSender)
		}
		if c.Commit.Path == nil {
			return nil, fmt.Errorf("%w: external commit", ErrPathMissing)
		}
		return c.Commit.Path.Leaf.SignatureKey, nil
	}
	return nil, message.ErrUnknownSender
}

// externalSenderKey reads the external_senders extension (RFC 9420 12.1.8.1).
func (g *Group) externalSenderKey(c *message.Content) ([]byte, error) {
	if c.Type != message.ContentProposal {
		return nil, fmt.Errorf("%w: an external sender may only propose", ErrSender)
	}
	switch c.Proposal.Type() {
	case message.TypeAdd, message.TypeRemove, message.TypePSK, message.TypeReInit, message.TypeExtensions:
	default:
		return nil, fmt.Errorf("%w: proposal type %d from an external sender", ErrSender, c.Proposal.Type())
	}
	data, _ := g.context.Extensions.Find(tree.ExtensionExternalSenders)
	r := syntax.NewReader(data)
	var keys [][]byte
	if len(data) > 0 {
		r.Vector(func(r *syntax.Reader) {
			keys = append(keys, r.Bytes())
			tree.ReadCredential(r)
		})
	}
	if err := r.End(); err != nil {
		return nil, fmt.Errorf("external senders: %w", err)
	}
	if uint64(c.Sender.Index) >= uint64(len(keys)) {
		return nil, fmt.Errorf("%w: external sender %d is not listed", ErrSender, c.Sender.Index)
	}
	return keys[c.Sender.Index], nil
}

// Propose checks a proposal in a PublicMessage and returns a state in which a
// commit may refer to it. The membership tag is not checked.
func (g *Group) Propose(msg []byte, now time.Time) (*Group, error) {
	ac, err := publicContent(msg)
	if err != nil {
		return nil, err
	}
	return g.Cache(ac, now)
}

// Cache is Propose for content that was opened already.
func (g *Group) Cache(ac *message.AuthenticatedContent, now time.Time) (*Group, error) {
	if ac.Content.Type != message.ContentProposal {
		return nil, ErrNotProposal
	}
	if err := g.Authenticate(ac); err != nil {
		return nil, err
	}
	p := Signed{Proposal: ac.Content.Proposal, Sender: ac.Content.Sender}
	if err := g.checkProposal(p, g.context.Extensions, now, tree.LifetimeSkew); err != nil {
		return nil, err
	}
	ref := ac.Ref(g.suite)
	if slices.ContainsFunc(g.cache, func(c cached) bool { return bytes.Equal(c.ref, ref) }) {
		return g, nil
	}
	if len(g.cache) >= MaxProposals {
		return nil, ErrTooManyProposals
	}
	out := *g
	out.cache = append(slices.Clone(g.cache), cached{ref: ref, content: ac})
	return &out, nil
}

// publicContent takes the content out of a PublicMessage.
func publicContent(msg []byte) (*message.AuthenticatedContent, error) {
	m, err := message.Parse(msg)
	if err != nil {
		return nil, err
	}
	switch m.Format {
	case message.FormatPublic:
	case message.FormatPrivate:
		return nil, ErrPrivate
	default:
		return nil, fmt.Errorf("%w: wire format %d", message.ErrNotThisKind, m.Format)
	}
	if m.Public.Content.Type == message.ContentApplication {
		return nil, ErrApplication
	}
	return m.Public.Authenticated(), nil
}
