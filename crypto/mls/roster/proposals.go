package roster

import (
	"bytes"
	"fmt"
	"time"

	"crossband/crypto/mls/message"
	"crossband/crypto/mls/tree"
)

// Signed is a proposal with the one who made it: the committer, for proposals
// by value.
type Signed struct {
	Proposal message.Proposal
	Sender   message.Sender
	ByRef    bool
}

// Resolve replaces the references in a commit by the proposals (RFC 9420 12.4.2).
func (g *Group) Resolve(c *message.Commit, sender message.Sender) ([]Signed, error) {
	list := make([]Signed, 0, len(c.Proposals))
	for _, p := range c.Proposals {
		if p.Value != nil {
			list = append(list, Signed{Proposal: p.Value, Sender: sender})
			continue
		}
		if sender.Type != message.SenderMember {
			return nil, fmt.Errorf("%w: external commit refers to a proposal", ErrProposalList)
		}
		found := false
		for _, k := range g.cache {
			if bytes.Equal(k.ref, p.Ref) {
				list = append(list, Signed{Proposal: k.content.Content.Proposal, Sender: k.content.Content.Sender, ByRef: true})
				found = true
				break
			}
		}
		if !found {
			return nil, ErrUnknownRef
		}
	}
	return list, nil
}

// checkProposal judges one proposal by itself (RFC 9420 12.1) against the
// extensions that will be in force.
func (g *Group) checkProposal(p Signed, ext tree.Extensions, now time.Time, skew time.Duration) error {
	switch q := p.Proposal.(type) {
	case message.Add:
		if err := q.KeyPackage.Check(g.suite, ext); err != nil {
			return fmt.Errorf("add: %w", err)
		}
		if !now.IsZero() {
			return q.KeyPackage.Leaf.Lifetime.Check(now, skew)
		}
	case message.Update:
		return g.checkUpdate(q, p.Sender, ext)
	case message.Remove:
		if g.tree.Leaf(q.Leaf) == nil {
			return fmt.Errorf("%w: remove of leaf %d, which is no member", ErrProposal, q.Leaf)
		}
	case message.PreSharedKey:
		return g.checkPSK(q.ID)
	case message.ReInit:
		if q.Version < g.context.Version {
			return fmt.Errorf("%w: reinit to an older protocol version", ErrProposal)
		}
	case message.SetExtensions:
		return checkExtensionList(q.Extensions)
	}
	return nil
}

// checkUpdate: RFC 9420 12.1.2: from a member, for its own leaf, with a new key.
func (g *Group) checkUpdate(u message.Update, from message.Sender, ext tree.Extensions) error {
	old := g.tree.Leaf(from.Leaf)
	if from.Type != message.SenderMember || old == nil {
		return fmt.Errorf("%w: update from a sender that is no member", ErrProposal)
	}
	if u.Leaf.Source != tree.SourceUpdate {
		return fmt.Errorf("%w: update with source %d", tree.ErrLeafSource, u.Leaf.Source)
	}
	if bytes.Equal(u.Leaf.EncryptionKey, old.EncryptionKey) {
		return tree.ErrReusedKey
	}
	if err := u.Leaf.Check(g.suite, g.context.GroupID, from.Leaf, ext); err != nil {
		return fmt.Errorf("update: %w", err)
	}
	return nil
}

// checkPSK: RFC 9420 12.1.4.
func (g *Group) checkPSK(id message.PSKID) error {
	if len(id.Nonce) != g.suite.HashSize() {
		return fmt.Errorf("%w: PSK nonce of %d octets", ErrProposal, len(id.Nonce))
	}
	if id.Type == message.PSKResumption && id.Usage != message.UsageApplication {
		return fmt.Errorf("%w: resumption PSK with usage %d in a commit", ErrProposal, id.Usage)
	}
	return nil
}

// checkExtensionList: RFC 9420 13: extensions that belong elsewhere are refused.
func checkExtensionList(ext tree.Extensions) error {
	seen := make(map[tree.ExtensionType]bool, len(ext))
	for _, x := range ext {
		if seen[x.Type] {
			return fmt.Errorf("%w: extension %#04x stands twice", ErrProposal, uint16(x.Type))
		}
		seen[x.Type] = true
		switch x.Type {
		case tree.ExtensionRatchetTree, tree.ExtensionExternalPub, tree.ExtensionApplicationID:
			return fmt.Errorf("%w: extension %#04x does not belong in a group context", ErrProposal, uint16(x.Type))
		}
	}
	_, _, err := ext.Required()
	return err
}

// checkList holds the rules for a commit's list as a whole (RFC 9420 12.2).
func checkList(list []Signed, committer message.Sender) error {
	if committer.Type == message.SenderNewMemberCommit {
		return checkExternalList(list)
	}
	changed := make(map[tree.LeafIndex]bool)
	psks := make(map[string]bool)
	extensions := 0
	for _, p := range list {
		switch q := p.Proposal.(type) {
		case message.Update:
			if p.Sender == committer {
				return fmt.Errorf("%w: the committer's own Update", ErrProposalList)
			}
			if changed[p.Sender.Leaf] {
				return fmt.Errorf("%w: two proposals change leaf %d", ErrProposalList, p.Sender.Leaf)
			}
			changed[p.Sender.Leaf] = true
		case message.Remove:
			if q.Leaf == committer.Leaf {
				return fmt.Errorf("%w: the committer removes itself", ErrProposalList)
			}
			if changed[q.Leaf] {
				return fmt.Errorf("%w: two proposals change leaf %d", ErrProposalList, q.Leaf)
			}
			changed[q.Leaf] = true
		case message.PreSharedKey:
			id := string(q.ID.AppendTo(nil))
			if psks[id] {
				return fmt.Errorf("%w: the same PSK twice", ErrProposalList)
			}
			psks[id] = true
		case message.SetExtensions:
			if extensions++; extensions > 1 {
				return fmt.Errorf("%w: two changes of the group context extensions", ErrProposalList)
			}
		case message.ReInit:
			if len(list) > 1 {
				return fmt.Errorf("%w: a ReInit must stand alone", ErrProposalList)
			}
		case message.ExternalInit:
			return fmt.Errorf("%w: ExternalInit from a member", ErrProposalList)
		}
	}
	return nil
}

// checkExternalList: RFC 9420 12.2: one ExternalInit, at most one Remove, PSKs,
// nothing else, all by value.
func checkExternalList(list []Signed) error {
	inits, removes := 0, 0
	psks := make(map[string]bool)
	for _, p := range list {
		switch q := p.Proposal.(type) {
		case message.ExternalInit:
			inits++
		case message.Remove:
			removes++
		case message.PreSharedKey:
			id := string(q.ID.AppendTo(nil))
			if psks[id] {
				return fmt.Errorf("%w: the same PSK twice", ErrProposalList)
			}
			psks[id] = true
		default:
			return fmt.Errorf("%w: proposal type %d in an external commit", ErrProposalList, p.Proposal.Type())
		}
	}
	if inits != 1 || removes > 1 {
		return fmt.Errorf("%w: external commit with %d ExternalInit and %d Remove", ErrProposalList, inits, removes)
	}
	return nil
}

// pathNeeded: RFC 9420 12.4: only lists of Add, PSK and ReInit do without a path.
func pathNeeded(list []Signed) bool {
	if len(list) == 0 {
		return true
	}
	for _, p := range list {
		switch p.Proposal.Type() {
		case message.TypeAdd, message.TypePSK, message.TypeReInit:
		default:
			return true
		}
	}
	return false
}
