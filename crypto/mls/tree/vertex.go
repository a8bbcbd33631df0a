package tree

import (
	"bytes"
	"slices"
)

// vertex is a node of the tree with what is known of everything below it. Once it
// is in a tree it is not changed, but for its hash, which is put in when it is first
// asked for: a tree that changes copies the way from the root to the place of the
// change and shares the rest with what it was.
type vertex struct {
	leaf        *LeafNode   // nil for a blank leaf, and for all others
	parent      *ParentNode // nil for a blank parent, and for all others
	left, right *vertex     // both nil for a leaf

	hash    []byte // tree hash, nil until it is asked for
	members uint32 // leaves that are not blank
	filled  uint32 // nodes that are not blank, this one counted
	uses    credentialSet
	lacks   credentialSet
}

// credentialSet holds credential types as bits: which some member uses, or which
// some member does not understand.
type credentialSet uint8

const (
	setBasic credentialSet = 1 << iota
	setX509
	setOther // any other: whoever meets it has to look closer
)

func setOf(t CredentialType) credentialSet {
	switch t {
	case CredentialBasic:
		return setBasic
	case CredentialX509:
		return setX509
	}
	return setOther
}

// blank makes an empty subtree of a height.
func blank(level uint) *vertex {
	if level == 0 {
		return &vertex{}
	}
	return &vertex{left: blank(level - 1), right: blank(level - 1)}
}

func (v *vertex) blank() bool { return v.leaf == nil && v.parent == nil }

// key is the node's encryption key, nil if it is blank.
func (v *vertex) key() []byte {
	switch {
	case v.leaf != nil:
		return v.leaf.EncryptionKey
	case v.parent != nil:
		return v.parent.EncryptionKey
	}
	return nil
}

// sum finds what is known of everything below anew.
func (v *vertex) sum() {
	v.members, v.filled, v.uses, v.lacks = 0, 0, 0, 0
	if v.left != nil {
		l, r := v.left, v.right
		v.members, v.filled, v.uses, v.lacks = l.members+r.members, l.filled+r.filled, l.uses|r.uses, l.lacks|r.lacks
	}
	if !v.blank() {
		v.filled++
	}
	if v.leaf == nil {
		return
	}
	v.members, v.uses, v.lacks = 1, setOf(v.leaf.Credential.Type), setBasic|setX509|setOther
	for _, t := range v.leaf.Capabilities.Credentials {
		if s := setOf(t); s != setOther {
			v.lacks &^= s
		}
	}
}

// along copies the way from the root down to x and lets edit change every node of
// it. edit sees the copies, the lowest first.
func (t *Tree) along(x NodeIndex, edit func(at NodeIndex, v *vertex)) {
	t.root = t.copied(t.root, t.LeafCount().Root(), x, edit)
}

func (t *Tree) copied(v *vertex, at, x NodeIndex, edit func(NodeIndex, *vertex)) *vertex {
	c := *v
	c.hash = nil
	switch {
	case x < at:
		left, _ := at.Left()
		c.left = t.copied(v.left, left, x, edit)
	case x > at:
		right, _ := at.Right()
		c.right = t.copied(v.right, right, x, edit)
	}
	edit(at, &c)
	t.rekey(v, &c)
	c.sum()
	return &c
}

// rekey keeps the sets of keys in step with a node that changes.
func (t *Tree) rekey(from, to *vertex) {
	if a, b := from.key(), to.key(); !bytes.Equal(a, b) || from.blank() != to.blank() {
		if !from.blank() {
			t.keys = t.keys.without(a)
		}
		if !to.blank() {
			t.keys = t.keys.with(b)
		}
	}
	if from.leaf == to.leaf {
		return
	}
	if from.leaf != nil {
		t.signers = t.signers.without(from.leaf.SignatureKey)
	}
	if to.leaf != nil {
		t.signers = t.signers.with(to.leaf.SignatureKey)
	}
}

// at finds a node, which is inside the tree.
func (t *Tree) at(x NodeIndex) *vertex {
	v := t.root
	for at := t.LeafCount().Root(); at != x; {
		if x < at {
			v = v.left
			at, _ = at.Left()
		} else {
			v = v.right
			at, _ = at.Right()
		}
	}
	return v
}

// each calls f for every node that is not blank below v, which stands at x, in the
// order of their places, until f returns false.
func (v *vertex) each(x NodeIndex, f func(NodeIndex, *vertex) bool) bool {
	if v.filled == 0 {
		return true
	}
	if v.left == nil {
		return f(x, v)
	}
	left, _ := x.Left()
	right, _ := x.Right()
	return v.left.each(left, f) && (v.blank() || f(x, v)) && v.right.each(right, f)
}

// parents lists the parent nodes that are not blank, in the order of their places.
func (t *Tree) parents() []NodeIndex {
	var list []NodeIndex
	t.root.each(t.LeafCount().Root(), func(x NodeIndex, v *vertex) bool {
		if v.parent != nil {
			list = append(list, x)
		}
		return true
	})
	return list
}

// plant makes the tree of a list of nodes, as many as a full tree has.
func (t *Tree) plant(nodes []node) {
	t.leaves = LeafCount(len(nodes)+1) / 2
	var grow func(x NodeIndex) *vertex
	grow = func(x NodeIndex) *vertex {
		v := &vertex{leaf: nodes[x].leaf, parent: nodes[x].parent}
		if left, ok := x.Left(); ok {
			right, _ := x.Right()
			v.left, v.right = grow(left), grow(right)
		}
		t.rekey(&vertex{}, v)
		v.sum()
		return v
	}
	t.root = grow(t.leaves.Root())
}

// insertSorted is a copy of an ascending list with one more in it.
func insertSorted(list []LeafIndex, l LeafIndex) []LeafIndex {
	i, _ := slices.BinarySearch(list, l)
	return slices.Insert(slices.Clone(list), i, l)
}

// Differences calls f for the places of leaves that are not the same in two trees,
// in no order that matters. It looks only where the trees share nothing, which for a
// tree and what became of it by a few commits is little. nil is a tree of nobody.
func Differences(a, b *Tree, f func(LeafIndex)) {
	if a == nil || b != nil && b.leaves > a.leaves {
		a, b = b, a
	}
	if a == nil {
		return
	}
	v, x := a.root, a.leaves.Root()
	for b != nil && x != b.leaves.Root() { // what the larger tree has beside the smaller one
		right, _ := x.Right()
		differ(v.right, nil, right, f)
		v = v.left
		x, _ = x.Left()
	}
	if b == nil {
		differ(v, nil, x, f)
		return
	}
	differ(v, b.root, x, f)
}

// differ is Differences below x. Of a and b one may be nil: nobody is below it.
func differ(a, b *vertex, x NodeIndex, f func(LeafIndex)) {
	if a == nil {
		a, b = b, a
	}
	if a == b || a.members == 0 && (b == nil || b.members == 0) {
		return
	}
	if x.IsLeaf() {
		if b == nil || a.leaf != b.leaf {
			f(x.Leaf())
		}
		return
	}
	left, _ := x.Left()
	right, _ := x.Right()
	if b == nil {
		b = &vertex{}
	}
	differ(a.left, b.left, left, f)
	differ(a.right, b.right, right, f)
}
