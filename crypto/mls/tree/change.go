package tree

import (
	"bytes"
	"fmt"
)

// Add puts leaf at the leftmost free place, or doubles the tree (RFC 9420 7.7,
// 12.1.1), and notes it as unmerged in the parents above.
func (t *Tree) Add(leaf *LeafNode) (LeafIndex, error) {
	at, free := t.free()
	if !free {
		if t.leaves >= MaxLeaves {
			return 0, ErrTreeFull
		}
		at = LeafIndex(t.leaves)
		root := &vertex{left: t.root, right: blank(t.leaves.Root().Level())}
		root.sum()
		t.root, t.leaves = root, 2*t.leaves
	}
	t.along(at.Node(), func(x NodeIndex, v *vertex) {
		switch p := v.parent; {
		case x == at.Node():
			v.leaf = leaf
		case p != nil:
			v.parent = &ParentNode{
				EncryptionKey:  p.EncryptionKey,
				ParentHash:     p.ParentHash,
				UnmergedLeaves: insertSorted(p.UnmergedLeaves, at),
			}
		}
	})
	return at, nil
}

// free finds the leftmost blank leaf.
func (t *Tree) free() (at LeafIndex, ok bool) {
	v, x := t.root, t.leaves.Root()
	if LeafCount(v.members) == t.leaves {
		return 0, false
	}
	for v.left != nil {
		left, _ := x.Left()
		if v.left.members < 1<<left.Level() {
			v, x = v.left, left
		} else {
			v = v.right
			x, _ = x.Right()
		}
	}
	return x.Leaf(), true
}

// Update replaces a leaf and blanks the way above it (RFC 9420 12.1.2).
func (t *Tree) Update(at LeafIndex, leaf *LeafNode) error {
	if t.Leaf(at) == nil {
		return fmt.Errorf("%w: %d", ErrNoLeaf, at)
	}
	t.replace(at, leaf)
	return nil
}

// Remove blanks a leaf and the way above it and halves the tree while its right
// half is empty (RFC 9420 12.1.3, 7.7).
func (t *Tree) Remove(at LeafIndex) error {
	if t.Leaf(at) == nil {
		return fmt.Errorf("%w: %d", ErrNoLeaf, at)
	}
	t.replace(at, nil)
	for t.leaves > 1 && t.root.right.members == 0 {
		t.drop(&vertex{parent: t.root.parent})
		t.root.right.each(0, func(_ NodeIndex, v *vertex) bool { t.drop(v); return true })
		t.root, t.leaves = t.root.left, t.leaves/2
	}
	return nil
}

// drop takes the key of a parent node that goes out of the sets.
func (t *Tree) drop(v *vertex) { t.rekey(v, &vertex{}) }

// replace puts leaf in a place and blanks the way above.
func (t *Tree) replace(at LeafIndex, leaf *LeafNode) {
	t.along(at.Node(), func(x NodeIndex, v *vertex) {
		if v.parent = nil; x == at.Node() {
			v.leaf = leaf
		}
	})
}

// SetPath puts new public keys on the filtered direct path of a committer,
// blanks the rest of its direct path, sets the parent hashes from the top down,
// and returns the parent hash that the committer's new leaf has to carry
// (RFC 9420 7.5, 7.9). The keys stand in the order of FilteredPath.
func (t *Tree) SetPath(at LeafIndex, keys [][]byte) (leafParentHash []byte, err error) {
	path := t.FilteredPath(at)
	if len(path) != len(keys) {
		return nil, fmt.Errorf("%w: %d nodes, %d wanted", ErrPathLength, len(keys), len(path))
	}
	fresh := make(map[NodeIndex]*ParentNode, len(path))
	var above []byte
	for i := len(path) - 1; i >= 0; i-- {
		p := &ParentNode{EncryptionKey: keys[i], ParentHash: above}
		fresh[path[i].Node] = p
		above = t.parentHash(p, path[i].Copath)
	}
	t.along(at.Node(), func(x NodeIndex, v *vertex) { v.parent = fresh[x] })
	return above, nil
}

// SetLeaf puts the committer's new leaf in its place, after SetPath.
func (t *Tree) SetLeaf(at LeafIndex, leaf *LeafNode) {
	t.along(at.Node(), func(x NodeIndex, v *vertex) {
		if x == at.Node() {
			v.leaf = leaf
		}
	})
}

// MergePath applies a member's update path (RFC 9420 7.5): every key must be
// new to the tree and the leaf must carry the right parent hash. The leaf has
// been judged before. On an error the tree is spoilt: work on a clone.
func (t *Tree) MergePath(at LeafIndex, leaf *LeafNode, keys [][]byte) error {
	if err := t.checkNewKeys(leaf, keys); err != nil {
		return err
	}
	return t.mergePath(at, leaf, keys)
}

// JoinPath applies the update path of an external joiner, who takes the
// leftmost free leaf (RFC 9420 12.4.3.2).
func (t *Tree) JoinPath(leaf *LeafNode, keys [][]byte) (LeafIndex, error) {
	if err := t.checkNewKeys(leaf, keys); err != nil {
		return 0, err
	}
	at, err := t.Add(leaf)
	if err != nil {
		return 0, err
	}
	return at, t.mergePath(at, leaf, keys)
}

func (t *Tree) mergePath(at LeafIndex, leaf *LeafNode, keys [][]byte) error {
	if leaf.Source != SourceCommit {
		return fmt.Errorf("%w: update path with source %d", ErrLeafSource, leaf.Source)
	}
	want, err := t.SetPath(at, keys)
	if err != nil {
		return err
	}
	if !bytes.Equal(want, leaf.ParentHash) {
		return ErrParentHash
	}
	t.SetLeaf(at, leaf)
	return nil
}

// checkNewKeys: RFC 9420 12.4.2: path keys are keys, and new to the tree.
func (t *Tree) checkNewKeys(leaf *LeafNode, keys [][]byte) error {
	for i, k := range keys {
		if err := t.suite.CheckPublicKey(k); err != nil {
			return fmt.Errorf("update path node %d: %w", i, err)
		}
	}
	seen := make(map[string]bool, len(keys)+1)
	for _, k := range append([][]byte{leaf.EncryptionKey}, keys...) {
		if seen[string(k)] {
			return fmt.Errorf("%w: update path", ErrDuplicateKey)
		}
		seen[string(k)] = true
	}
	for i, k := range keys {
		if t.keys.has(k) {
			return fmt.Errorf("%w: key %d of the update path is in the tree already", ErrDuplicateKey, i)
		}
	}
	if t.keys.has(leaf.EncryptionKey) {
		return fmt.Errorf("%w: the leaf key of the update path is in the tree already", ErrDuplicateKey)
	}
	return nil
}
