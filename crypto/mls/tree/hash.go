package tree

import (
	"slices"

	"crossband/crypto/mls/syntax"
)

// Hash is the hash of the whole tree (RFC 9420 7.8).
func (t *Tree) Hash() []byte { return t.NodeHash(t.LeafCount().Root()) }

// NodeHash is the tree hash of the subtree under x.
func (t *Tree) NodeHash(x NodeIndex) []byte { return t.hashOf(t.at(x), x) }

func (t *Tree) hashOf(v *vertex, x NodeIndex) []byte {
	if v.hash == nil {
		if x.IsLeaf() {
			v.hash = t.leafHash(x, v.leaf)
		} else {
			left, _ := x.Left()
			right, _ := x.Right()
			v.hash = t.parentHashInput(v.parent, t.hashOf(v.left, left), t.hashOf(v.right, right))
		}
	}
	return v.hash
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

// originalHash is the tree hash of v at x as it was before the leaves in without
// were added: they are blank and in no unmerged list (RFC 9420 7.9). without is in
// ascending order.
func (t *Tree) originalHash(v *vertex, x NodeIndex, without []LeafIndex) []byte {
	if without = below(x, without); len(without) == 0 {
		return t.hashOf(v, x)
	}
	if x.IsLeaf() {
		return t.leafHash(x, nil)
	}
	p := v.parent
	if p != nil {
		kept := make([]LeafIndex, 0, len(p.UnmergedLeaves))
		for _, l := range p.UnmergedLeaves {
			if _, in := slices.BinarySearch(without, l); !in {
				kept = append(kept, l)
			}
		}
		p = &ParentNode{EncryptionKey: p.EncryptionKey, ParentHash: p.ParentHash, UnmergedLeaves: kept}
	}
	left, _ := x.Left()
	right, _ := x.Right()
	return t.parentHashInput(p, t.originalHash(v.left, left, without), t.originalHash(v.right, right, without))
}

// below cuts an ascending list down to the leaves below x.
func below(x NodeIndex, list []LeafIndex) []LeafIndex {
	k := x.Level()
	first := (x &^ (1<<k - 1)).Leaf()
	from, _ := slices.BinarySearch(list, first)
	to, _ := slices.BinarySearch(list, first+1<<k)
	return list[from:to]
}

// parentHash is the hash that the nodes below a parent p on one side carry, sibling
// being the child on the other side (RFC 9420 7.9).
func (t *Tree) parentHash(p *ParentNode, sibling NodeIndex) []byte {
	b := syntax.AppendBytes(nil, p.EncryptionKey)
	b = syntax.AppendBytes(b, p.ParentHash)
	return t.suite.Hash(syntax.AppendBytes(b, t.originalHash(t.at(sibling), sibling, p.UnmergedLeaves)))
}

// carriedParentHash is the parent hash that a node carries, nil for leaves
// that were not made by a commit.
func (n *vertex) carriedParentHash() []byte {
	switch {
	case n.parent != nil:
		return n.parent.ParentHash
	case n.leaf != nil && n.leaf.Source == SourceCommit:
		return n.leaf.ParentHash
	}
	return nil
}
