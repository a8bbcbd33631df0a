package tree

import (
	"bytes"
	"fmt"
	"slices"
)

// Verify judges a tree received on joining (RFC 9420 12.4.3.1): every leaf,
// unique keys, unmerged lists, parent hashes. Chains are the verifier's.
func (t *Tree) Verify(groupID []byte, group Extensions) error {
	var err error
	t.Leaves(func(at LeafIndex, leaf *LeafNode) {
		if err != nil {
			return
		}
		if e := leaf.Check(t.suite, groupID, at, group); e != nil {
			err = fmt.Errorf("leaf %d: %w", at, e)
		}
	})
	if err != nil {
		return err
	}
	if err := t.CheckMembers(); err != nil {
		return err
	}
	if err := t.checkUnmerged(); err != nil {
		return err
	}
	return t.VerifyParentHashes()
}

// CheckMembers holds the rules between members (RFC 9420 7.3): no encryption
// or signature key twice, and everybody understands everybody's credential type.
func (t *Tree) CheckMembers() error {
	enc := make(map[string]NodeIndex)
	sig := make(map[string]LeafIndex)
	used := make(map[CredentialType]bool)
	for i := range t.nodes {
		x := NodeIndex(i)
		key := t.PublicKey(x)
		if key == nil {
			continue
		}
		if other, ok := enc[string(key)]; ok {
			return fmt.Errorf("%w: encryption key at nodes %d and %d", ErrDuplicateKey, other, x)
		}
		enc[string(key)] = x
		leaf := t.nodes[x].leaf
		if leaf == nil {
			continue
		}
		if other, ok := sig[string(leaf.SignatureKey)]; ok {
			return fmt.Errorf("%w: signature key at leaves %d and %d", ErrDuplicateKey, other, x.Leaf())
		}
		sig[string(leaf.SignatureKey)] = x.Leaf()
		used[leaf.Credential.Type] = true
	}
	var err error
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
func (t *Tree) checkUnmerged() error {
	for i := 1; i < len(t.nodes); i += 2 {
		p := t.nodes[i].parent
		if p == nil {
			continue
		}
		x := NodeIndex(i)
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
			for _, y := range l.Node().DirectPath(t.LeafCount()) {
				if y == x {
					break
				}
				if q := t.nodes[y].parent; q != nil && !slices.Contains(q.UnmergedLeaves, l) {
					return fmt.Errorf("%w: leaf %d is unmerged at node %d but not at %d", ErrUnmerged, l, x, y)
				}
			}
		}
	}
	return nil
}

// VerifyParentHashes: RFC 9420 7.9.2: each parent that is not blank has one
// node below it that vouches for it by carrying its parent hash.
func (t *Tree) VerifyParentHashes() error {
	for i := 1; i < len(t.nodes); i += 2 {
		x := NodeIndex(i)
		if t.nodes[i].parent == nil {
			continue
		}
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
	var want []byte
	unmerged := make(map[NodeIndex]bool)
	for _, l := range t.nodes[x].parent.UnmergedLeaves {
		if child.Covers(l.Node()) {
			unmerged[l.Node()] = true
		}
	}
	resolution := t.Resolution(child)
	for _, d := range resolution {
		carried := t.nodes[d].carriedParentHash()
		if len(carried) == 0 || unmerged[d] || len(resolution)-1 != len(unmerged) {
			continue
		}
		others := 0
		for _, y := range resolution {
			if unmerged[y] {
				others++
			}
		}
		if others != len(unmerged) {
			continue
		}
		if want == nil {
			want = t.parentHash(x, sibling)
		}
		if bytes.Equal(carried, want) {
			return true
		}
	}
	return false
}
