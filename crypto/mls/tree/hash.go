package tree

import (
	"slices"

	"crossband/crypto/mls/syntax"
)

// Hash is the hash of the whole tree (RFC 9420 7.8).
func (t *Tree) Hash() []byte { return t.NodeHash(t.LeafCount().Root()) }

// NodeHash is the tree hash of the subtree under x.
func (t *Tree) NodeHash(x NodeIndex) []byte {
	if t.hashes[x] == nil {
		n := t.nodes[x]
		if x.IsLeaf() {
			t.hashes[x] = t.leafHash(x, n.leaf)
		} else {
			left, _ := x.Left()
			right, _ := x.Right()
			t.hashes[x] = t.parentHashInput(n.parent, t.NodeHash(left), t.NodeHash(right))
		}
	}
	return t.hashes[x]
}

// leafHash is Hash(TreeHashInput) of a leaf.
func (t *Tree) leafHash(x NodeIndex, leaf *LeafNode) []byte {
	b := syntax.AppendUint32([]byte{1}, uint32(x.Leaf()))
	b = syntax.AppendOptional(b, leaf != nil)
	if leaf != nil {
		b = leaf.AppendTo(b)
	}
	return t.suite.Hash(b)
}

// parentHashInput is Hash(TreeHashInput) of a parent.
func (t *Tree) parentHashInput(p *ParentNode, left, right []byte) []byte {
	b := syntax.AppendOptional([]byte{2}, p != nil)
	if p != nil {
		b = p.AppendTo(b)
	}
	return t.suite.Hash(syntax.AppendBytes(syntax.AppendBytes(b, left), right))
}

// originalHash is the tree hash of x as it was before the leaves in without
// were added: they are blank and in no unmerged list (RFC 9420 7.9).
func (t *Tree) originalHash(x NodeIndex, without []LeafIndex) []byte {
	if !slices.ContainsFunc(without, func(l LeafIndex) bool { return x.Covers(l.Node()) }) {
		return t.NodeHash(x)
	}
	if x.IsLeaf() {
		return t.leafHash(x, nil)
	}
	p := t.nodes[x].parent
	if p != nil {
		kept := make([]LeafIndex, 0, len(p.UnmergedLeaves))
		for _, l := range p.UnmergedLeaves {
			if !slices.Contains(without, l) {
				kept = append(kept, l)
			}
		}
		p = &ParentNode{EncryptionKey: p.EncryptionKey, ParentHash: p.ParentHash, UnmergedLeaves: kept}
	}
	left, _ := x.Left()
	right, _ := x.Right()
	return t.parentHashInput(p, t.originalHash(left, without), t.originalHash(right, without))
}

// parentHash is the hash that the nodes below the parent x on one side carry,
// sibling being the child on the other side (RFC 9420 7.9).
func (t *Tree) parentHash(x, sibling NodeIndex) []byte {
	p := t.nodes[x].parent
	b := syntax.AppendBytes(nil, p.EncryptionKey)
	b = syntax.AppendBytes(b, p.ParentHash)
	return t.suite.Hash(syntax.AppendBytes(b, t.originalHash(sibling, p.UnmergedLeaves)))
}

// carriedParentHash is the parent hash that a node carries, nil for leaves
// that were not made by a commit.
func (n node) carriedParentHash() []byte {
	switch {
	case n.parent != nil:
		return n.parent.ParentHash
	case n.leaf != nil && n.leaf.Source == SourceCommit:
		return n.leaf.ParentHash
	}
	return nil
}

// stale forgets the hashes of x and of everything above it.
func (t *Tree) stale(x NodeIndex) {
	t.hashes[x] = nil
	for p, ok := x.Parent(t.LeafCount()); ok; p, ok = p.Parent(t.LeafCount()) {
		t.hashes[p] = nil
	}
}
