package tree

import (
	"bytes"
	"fmt"
	"slices"
)

// Verify judges a tree received on joining (RFC 9420 12.4.3.1): every leaf,
// unique keys, unmerged lists, parent hashes. Chains are the verifier's.
func (t *Tree) Verify(groupID []byte, group Extensions, c Checks) error {
	var places []LeafIndex
	var leaves []*LeafNode
	t.Leaves(func(at LeafIndex, leaf *LeafNode) { places, leaves = append(places, at), append(leaves, leaf) })
	err := c.Each(len(leaves), func(i int) error {
		if err := leaves[i].judge(t.suite, groupID, places[i], group, c); err != nil {
			return fmt.Errorf("leaf %d: %w", places[i], err)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := t.CheckMembers(); err != nil {
		return err
	}
	if err := t.checkUnmerged(c); err != nil {
		return err
	}
	return t.VerifyParentHashes()
}

// CheckMembers holds the rules between members (RFC 9420 7.3): no encryption
// or signature key twice, and everybody understands everybody's credential type.
// A tree that keeps them is found good without a look at its leaves.
func (t *Tree) CheckMembers() error {
	if t.keys.double == 0 && t.signers.double == 0 && t.root.uses&t.root.lacks == 0 {
		return nil
	}
	return t.lookAtMembers()
}

// lookAtMembers is CheckMembers leaf by leaf: it names who breaks a rule.
func (t *Tree) lookAtMembers() (err error) {
	enc := make(map[string]NodeIndex)
	sig := make(map[string]LeafIndex)
	used := make(map[CredentialType]bool)
	t.root.each(t.leaves.Root(), func(x NodeIndex, v *vertex) bool {
		if other, ok := enc[string(v.key())]; ok {
			err = fmt.Errorf("%w: encryption key at nodes %d and %d", ErrDuplicateKey, other, x)
			return false
		}
		enc[string(v.key())] = x
		if v.leaf == nil {
			return true
		}
		if other, ok := sig[string(v.leaf.SignatureKey)]; ok {
			err = fmt.Errorf("%w: signature key at leaves %d and %d", ErrDuplicateKey, other, x.Leaf())
			return false
		}
		sig[string(v.leaf.SignatureKey)] = x.Leaf()
		used[v.leaf.Credential.Type] = true
		return true
	})
	if err != nil {
		return err
	}
	t.Leaves(func(at LeafIndex, leaf *LeafNode) {
		for c := range used {
			if !slices.Contains(leaf.Capabilities.Credentials, c) {
				err = fmt.Errorf("%w: leaf %d does not know credential type %d", ErrCapabilities, at, c)
			}
		}
	})
	return err
}

// CheckCapabilities asks every member to support the given group context
// extensions (RFC 9420 12.1.7), after these changed.
func (t *Tree) CheckCapabilities(group Extensions) error {
	if err := group.check(); err != nil {
		return err
	}
	var err error
	t.Leaves(func(at LeafIndex, leaf *LeafNode) {
		if e := leaf.checkCapabilities(group); e != nil && err == nil {
			err = fmt.Errorf("leaf %d: %w", at, e)
		}
	})
	return err
}

// checkUnmerged: RFC 9420 12.4.3.1: an unmerged leaf is a member below the
// parent, and stands in the list of every parent between the two.
func (t *Tree) checkUnmerged(c Checks) error {
	parents := t.parents()
	return c.Each(len(parents), func(i int) error {
		x := parents[i]
		p := t.at(x).parent
		if err := t.suite.CheckPublicKey(p.EncryptionKey); err != nil {
			return fmt.Errorf("node %d: %w", x, err)
		}
		for j, l := range p.UnmergedLeaves {
			if j > 0 && p.UnmergedLeaves[j-1] >= l {
				return fmt.Errorf("%w: node %d: not in ascending order", ErrUnmerged, x)
			}
			if t.Leaf(l) == nil || !x.Covers(l.Node()) {
				return fmt.Errorf("%w: node %d: leaf %d is no member below", ErrUnmerged, x, l)
			}
			if err := t.unmergedBetween(x, l); err != nil {
				return err
			}
		}
		return nil
	})
}

// unmergedBetween looks for l in the lists of all parents between it and x.
func (t *Tree) unmergedBetween(x NodeIndex, l LeafIndex) error {
	for y, v := x, t.at(x); ; {
		below, _ := y.ChildToward(l.Node())
		if below.IsLeaf() {
			return nil
		}
		if below < y {
			v = v.left
		} else {
			v = v.right
		}
		if y = below; v.parent == nil {
			continue
		}
		// A list that is not in order is refused when its own turn comes.
		if _, in := slices.BinarySearch(v.parent.UnmergedLeaves, l); !in {
			return fmt.Errorf("%w: leaf %d is unmerged at node %d but not at %d", ErrUnmerged, l, x, y)
		}
	}
}

// VerifyParentHashes: RFC 9420 7.9.2: each parent that is not blank has one
// node below it that vouches for it by carrying its parent hash.
func (t *Tree) VerifyParentHashes() error {
	for _, x := range t.parents() {
		left, _ := x.Left()
		right, _ := x.Right()
		if !t.vouched(x, left, right) && !t.vouched(x, right, left) {
			return fmt.Errorf("%w: node %d", ErrParentHash, x)
		}
	}
	return nil
}

// vouched looks for a node D in the resolution of child that carries the parent
// hash of x, where the rest of that resolution is exactly the unmerged leaves
// of x on that side.
func (t *Tree) vouched(x, child, sibling NodeIndex) bool {
	p := t.at(x).parent
	var want []byte
	unmerged := make(map[NodeIndex]bool)
	for _, l := range below(child, p.UnmergedLeaves) {
		unmerged[l.Node()] = true
	}
	resolution := t.Resolution(child)
	others := 0
	for _, y := range resolution {
		if unmerged[y] {
			others++
		}
	}
	if others != len(unmerged) || len(resolution)-1 != len(unmerged) {
		return false
	}
	for _, d := range resolution {
		carried := t.at(d).carriedParentHash()
		if len(carried) == 0 || unmerged[d] {
			continue
		}
		if want == nil {
			want = t.parentHash(p, sibling)
		}
		if bytes.Equal(carried, want) {
			return true
		}
	}
	return false
}
