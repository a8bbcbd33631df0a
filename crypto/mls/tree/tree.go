package tree

import (
	"bytes"
	"fmt"

	"crossband/crypto/mls/suite"
	"crossband/crypto/mls/syntax"
)

// MaxLeaves bounds a tree. It is far above any channel and keeps a forged leaf
// index from costing memory.
const MaxLeaves LeafCount = 1 << 16

// ParentNode is an inner node (RFC 9420 7.1). It is never changed once in a tree.
type ParentNode struct {
	EncryptionKey  []byte
	ParentHash     []byte
	UnmergedLeaves []LeafIndex // ascending
}

// AppendTo appends the encoding of p.
func (p *ParentNode) AppendTo(b []byte) []byte {
	b = syntax.AppendBytes(b, p.EncryptionKey)
	b = syntax.AppendBytes(b, p.ParentHash)
	b = syntax.AppendLength(b, 4*len(p.UnmergedLeaves))
	for _, l := range p.UnmergedLeaves {
		b = syntax.AppendUint32(b, uint32(l))
	}
	return b
}

func readParentNode(r *syntax.Reader) *ParentNode {
	p := &ParentNode{EncryptionKey: r.Bytes(), ParentHash: r.Bytes()}
	r.Vector(func(r *syntax.Reader) { p.UnmergedLeaves = append(p.UnmergedLeaves, LeafIndex(r.Uint32())) })
	return p
}

// node is a decoded place of the tree: blank if both are nil.
type node struct {
	leaf   *LeafNode
	parent *ParentNode
}

func (n node) blank() bool { return n.leaf == nil && n.parent == nil }

// Tree is the public ratchet tree. Changing methods work in place; Clone costs
// nothing, because trees share all that is alike in them and none of it is ever
// changed. What a change costs grows with the logarithm of the leaves.
//
// Hashes are kept once they are computed. A tree may be read by several goroutines
// at once after Hash has been called; before, by one.
type Tree struct {
	suite   suite.Suite
	root    *vertex
	leaves  LeafCount
	keys    keySet // encryption keys of all nodes
	signers keySet // signature keys of all leaves
}

// New makes a tree of one member.
func New(s suite.Suite, leaf *LeafNode) *Tree {
	t := &Tree{suite: s}
	t.plant([]node{{leaf: leaf}})
	return t
}

// Clone copies the tree.
func (t *Tree) Clone() *Tree {
	c := *t
	return &c
}

// Suite is the suite of the tree's keys.
func (t *Tree) Suite() suite.Suite { return t.suite }

// LeafCount is the number of places for leaves, a power of two.
func (t *Tree) LeafCount() LeafCount { return t.leaves }

// Leaf is the leaf node at l, nil if blank or outside.
func (t *Tree) Leaf(l LeafIndex) *LeafNode {
	if LeafCount(l) >= t.leaves {
		return nil
	}
	return t.at(l.Node()).leaf
}

// PublicKey is the encryption key of a node, nil if it is blank or outside.
func (t *Tree) PublicKey(x NodeIndex) []byte {
	if uint32(x) >= t.leaves.Width() {
		return nil
	}
	return t.at(x).key()
}

// Leaves calls f for every member, in order.
func (t *Tree) Leaves(f func(LeafIndex, *LeafNode)) {
	t.root.each(t.leaves.Root(), func(x NodeIndex, v *vertex) bool {
		if v.leaf != nil {
			f(x.Leaf(), v.leaf)
		}
		return true
	})
}

// Members counts the leaves that are not blank.
func (t *Tree) Members() int { return int(t.root.members) }

// AppendTo appends the tree as the ratchet_tree extension holds it (RFC 9420
// 12.4.3.3): array order, without the blanks at the end.
func (t *Tree) AppendTo(b []byte) []byte {
	return syntax.AppendVector(b, func(b []byte) []byte {
		next := NodeIndex(0) // the place after the last one appended
		t.root.each(t.leaves.Root(), func(x NodeIndex, n *vertex) bool {
			for ; next < x; next++ {
				b = syntax.AppendOptional(b, false)
			}
			next++
			b = syntax.AppendOptional(b, true)
			switch {
			case n.leaf != nil:
				b = n.leaf.AppendTo(append(b, 1))
			case n.parent != nil:
				b = n.parent.AppendTo(append(b, 2))
			}
			return true
		})
		return b
	})
}

// Parse decodes a ratchet_tree. It checks the shape only; see Verify.
func Parse(s suite.Suite, b []byte) (*Tree, error) {
	r := syntax.NewReader(bytes.Clone(b))
	nodes := readNodes(r)
	if err := r.End(); err != nil {
		return nil, err
	}
	if len(nodes) == 0 {
		return nil, fmt.Errorf("%w: it is empty", ErrMalformedTree)
	}
	if nodes[len(nodes)-1].blank() {
		return nil, fmt.Errorf("%w: the last node is blank", ErrMalformedTree)
	}
	n := LeafCount(1)
	for int(n.Width()) < len(nodes) {
		if n *= 2; n > MaxLeaves {
			return nil, ErrTreeFull
		}
	}
	full := make([]node, n.Width())
	copy(full, nodes)
	t := &Tree{suite: s}
	t.plant(full)
	return t, nil
}

func readNodes(r *syntax.Reader) []node {
	var nodes []node
	r.Vector(func(r *syntax.Reader) {
		var n node
		if r.Optional() {
			switch kind := r.Uint8(); kind {
			case 1:
				n.leaf = ReadLeafNode(r)
			case 2:
				n.parent = readParentNode(r)
			default:
				r.Refuse("node type", uint64(kind))
			}
			// RFC 9420 7.8: leaves stand at even places, parents at odd ones.
			if r.Err() == nil && (n.leaf != nil) != (len(nodes)%2 == 0) {
				r.Fail(fmt.Errorf("%w: node %d is of the wrong kind", ErrMalformedTree, len(nodes)))
			}
		}
		nodes = append(nodes, n)
	})
	return nodes
}

// Resolution is the smallest set of nodes that covers all members below x
// (RFC 9420 4.1.1).
func (t *Tree) Resolution(x NodeIndex) []NodeIndex { return t.at(x).resolution(nil, x) }

func (v *vertex) resolution(out []NodeIndex, x NodeIndex) []NodeIndex {
	switch {
	case v.filled == 0:
		return out
	case v.leaf != nil:
		return append(out, x)
	case v.parent != nil:
		out = append(out, x)
		for _, l := range v.parent.UnmergedLeaves {
			out = append(out, l.Node())
		}
		return out
	}
	left, _ := x.Left()
	right, _ := x.Right()
	return v.right.resolution(v.left.resolution(out, left), right)
}

// empty reports whether no member is below x.
func (t *Tree) empty(x NodeIndex) bool { return t.at(x).members == 0 }

// PathStep is one node of a filtered direct path with its copath child.
type PathStep struct {
	Node   NodeIndex
	Copath NodeIndex
}

// FilteredPath is the direct path of l without the nodes whose copath child
// has nobody below it (RFC 9420 4.1.2).
func (t *Tree) FilteredPath(l LeafIndex) []PathStep {
	var path []PathStep
	for _, p := range l.Node().DirectPath(t.LeafCount()) {
		_, away := p.ChildToward(l.Node())
		if !t.empty(away) {
			path = append(path, PathStep{Node: p, Copath: away})
		}
	}
	return path
}
