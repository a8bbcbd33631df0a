// Package tree is the ratchet tree of MLS (RFC 9420 4, 7) as everybody may see
// it: leaves with their credentials, parent nodes with public keys, hashes, and
// the rules by which a tree is judged. It knows no private key and no secret;
// package mls keeps those.
package tree

import "math/bits"

// LeafIndex numbers the members of a group, from 0.
type LeafIndex uint32

// NodeIndex numbers the nodes in array order: leaves are even (RFC 9420 4.1.2, C).
type NodeIndex uint32

// LeafCount is the number of leaves of a full tree, a power of two.
type LeafCount uint32

// Node is where the leaf stands in the array.
func (l LeafIndex) Node() NodeIndex { return NodeIndex(l) << 1 }

// IsLeaf reports whether x is a leaf.
func (x NodeIndex) IsLeaf() bool { return x&1 == 0 }

// Leaf is the leaf's number; x must be a leaf.
func (x NodeIndex) Leaf() LeafIndex { return LeafIndex(x >> 1) }

// Level is the height above the leaves: the number of trailing one bits.
func (x NodeIndex) Level() uint { return uint(bits.TrailingZeros32(^uint32(x))) }

// Width is the number of nodes.
func (n LeafCount) Width() uint32 {
	if n == 0 {
		return 0
	}
	return 2*uint32(n) - 1
}

// Root is the topmost node.
func (n LeafCount) Root() NodeIndex { return NodeIndex(n) - 1 }

// Left is the left child; ok is false for a leaf.
func (x NodeIndex) Left() (child NodeIndex, ok bool) {
	k := x.Level()
	if k == 0 {
		return 0, false
	}
	return x ^ (1 << (k - 1)), true
}

// Right is the right child; ok is false for a leaf.
func (x NodeIndex) Right() (child NodeIndex, ok bool) {
	k := x.Level()
	if k == 0 {
		return 0, false
	}
	return x ^ (3 << (k - 1)), true
}

// Parent is the node above x; ok is false at the root of a tree of n leaves.
func (x NodeIndex) Parent(n LeafCount) (parent NodeIndex, ok bool) {
	if x == n.Root() {
		return 0, false
	}
	k := x.Level()
	b := (x >> (k + 1)) & 1
	return (x | 1<<k) ^ (b << (k + 1)), true
}

// Sibling is the other child of x's parent.
func (x NodeIndex) Sibling(n LeafCount) (sibling NodeIndex, ok bool) {
	p, ok := x.Parent(n)
	if !ok {
		return 0, false
	}
	if x < p {
		return p.Right()
	}
	return p.Left()
}

// Covers reports whether y is x or below it.
func (x NodeIndex) Covers(y NodeIndex) bool {
	k := x.Level()
	return y.Level() <= k && x>>(k+1) == y>>(k+1)
}

// DirectPath is the nodes above x, the lowest first (RFC 9420 4.1.2).
func (x NodeIndex) DirectPath(n LeafCount) []NodeIndex {
	var path []NodeIndex
	for p, ok := x.Parent(n); ok; p, ok = p.Parent(n) {
		path = append(path, p)
	}
	return path
}

// ChildToward is the child of x on the way to y, and the other one. x must be a
// parent above y.
func (x NodeIndex) ChildToward(y NodeIndex) (toward, away NodeIndex) {
	l, _ := x.Left()
	r, _ := x.Right()
	if l.Covers(y) {
		return l, r
	}
	return r, l
}

// CommonAncestor is the lowest node that covers both.
func CommonAncestor(x, y NodeIndex) NodeIndex {
	a := x
	for !a.Covers(y) {
		k := a.Level()
		b := (a >> (k + 1)) & 1
		a = (a | 1<<k) ^ (b << (k + 1))
	}
	return a
}
