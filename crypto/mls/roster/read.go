package roster

import (
	"bytes"

	"crossband/crypto/mls/message"
	"crossband/crypto/mls/suite"
	"crossband/crypto/mls/tree"
)

// GroupID is the group's name.
func (g *Group) GroupID() []byte { return bytes.Clone(g.context.GroupID) }

// Epoch is the current epoch.
func (g *Group) Epoch() message.Epoch { return g.context.Epoch }

// Suite is the group's cipher suite.
func (g *Group) Suite() suite.Suite { return g.suite }

// Context is the group context of the current epoch. It is shared: read only.
func (g *Group) Context() message.GroupContext { return g.context }

// Tree is the ratchet tree of the current epoch. It is shared: read only. Its
// AppendTo writes it as a joiner needs it beside the group information.
func (g *Group) Tree() *tree.Tree { return g.tree }

// InterimHash is the interim transcript hash. It is shared: read only.
func (g *Group) InterimHash() []byte { return g.interim }

// Extension is a group context extension.
func (g *Group) Extension(t tree.ExtensionType) (data []byte, ok bool) {
	data, ok = g.context.Extensions.Find(t)
	return bytes.Clone(data), ok
}

// ReInit is the proposal that closed the group, nil while it is open.
func (g *Group) ReInit() *message.ReInit { return g.reinit }

// Members lists the members in leaf order.
func (g *Group) Members() []Member {
	list := make([]Member, 0, g.tree.Members())
	g.tree.Leaves(func(at tree.LeafIndex, leaf *tree.LeafNode) {
		list = append(list, memberOf(at, leaf))
	})
	return list
}

// Member looks up one leaf.
func (g *Group) Member(at tree.LeafIndex) (Member, bool) {
	leaf := g.tree.Leaf(at)
	if leaf == nil {
		return Member{}, false
	}
	return memberOf(at, leaf), true
}

// FindKey looks up the member with a signature key.
func (g *Group) FindKey(signatureKey []byte) (Member, bool) {
	var found Member
	ok := false
	g.tree.Leaves(func(at tree.LeafIndex, leaf *tree.LeafNode) {
		if !ok && bytes.Equal(leaf.SignatureKey, signatureKey) {
			found, ok = memberOf(at, leaf), true
		}
	})
	return found, ok
}

func memberOf(at tree.LeafIndex, leaf *tree.LeafNode) Member {
	return Member{Leaf: at, Credential: leaf.Credential, SignatureKey: leaf.SignatureKey}
}

// Pending is the number of proposals that a commit may refer to.
func (g *Group) Pending() int { return len(g.cache) }

// PendingProposal is a cached proposal with the reference for it.
type PendingProposal struct {
	Signed
	Ref []byte
}

// PendingProposals lists the cached proposals, oldest first.
func (g *Group) PendingProposals() []PendingProposal {
	list := make([]PendingProposal, len(g.cache))
	for i, c := range g.cache {
		list[i] = PendingProposal{
			Signed: Signed{Proposal: c.content.Content.Proposal, Sender: c.content.Content.Sender, ByRef: true},
			Ref:    bytes.Clone(c.ref),
		}
	}
	return list
}
