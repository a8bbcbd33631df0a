package tree

import (
	"bytes"
	"fmt"
	"slices"
)

// Add puts leaf at the leftmost free place, or doubles the tree (RFC 9420 7.7,
// 12.1.1), and notes it as unmerged in the parents above.
func (t *Tree) Add(leaf *LeafNode) (LeafIndex, error) {
	at := LeafIndex(t.LeafCount())
	for x := 0; x < len(t.nodes); x += 2 {
		if t.nodes[x].leaf == nil {
			at = NodeIndex(x).Leaf()
			break
		}
	}
	if LeafCount(at) == t.LeafCount() {
		if t.LeafCount() >= MaxLeaves {
			return 0, ErrTreeFull
		}
		grown := 2*len(t.nodes) + 1
		t.nodes = append(t.nodes, make([]node, grown-len(t.nodes))...)
		t.hashes = append(t.hashes, make([][]byte, grown-len(t.hashes))...)
	}
	t.nodes[at.Node()].leaf = leaf
	for _, x := range at.Node().DirectPath(t.LeafCount()) {
		p := t.nodes[x].parent
		if p == nil {
			continue
		}
		i, _ := slices.BinarySearch(p.UnmergedLeaves, at)
		t.nodes[x].parent = &ParentNode{
			EncryptionKey:  p.EncryptionKey,
			ParentHash:     p.ParentHash,
			UnmergedLeaves: slices.Insert(slices.Clone(p.UnmergedLeaves), i, at),
		}
	}
	t.stale(at.Node())
	return at, nil
}

// Update replaces a leaf and blanks the way above it (RFC 9420 12.1.2).
func (t *Tree) Update(at LeafIndex, leaf *LeafNode) error {
	if t.Leaf(at) == nil {
		return fmt.Errorf("%w: %d", ErrNoLeaf, at)
	}
	t.nodes[at.Node()].leaf = leaf
	t.blankPath(at)
	return nil
}

// Remove blanks a leaf and the way above it and halves the tree while its right
// half is empty (RFC 9420 12.1.3, 7.7).
func (t *Tree) Remove(at LeafIndex) error {
	if t.Leaf(at) == nil {
		return fmt.Errorf("%w: %d", ErrNoLeaf, at)
	}
	t.nodes[at.Node()].leaf = nil
	t.blankPath(at)
	for len(t.nodes) > 1 {
		right, _ := t.LeafCount().Root().Right()
		if !t.empty(right) {
			break
		}
		half := len(t.nodes) / 2
		t.nodes, t.hashes = t.nodes[:half:half], t.hashes[:half:half]
	}
	return nil
}

func (t *Tree) blankPath(at LeafIndex) {
	t.stale(at.Node())
	for _, x := range at.Node().DirectPath(t.LeafCount()) {
		t.nodes[x].parent = nil
	}
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
	t.blankPath(at)
	var above []byte
	for i := len(path) - 1; i >= 0; i-- {
		x := path[i].Node
		t.nodes[x].parent = &ParentNode{EncryptionKey: keys[i], ParentHash: above}
		above = t.parentHash(x, path[i].Copath)
	}
	return above, nil
}

// SetLeaf puts the committer's new leaf in its place, after SetPath.
func (t *Tree) SetLeaf(at LeafIndex, leaf *LeafNode) {
	t.nodes[at.Node()].leaf = leaf
	t.stale(at.Node())
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
	for x := range t.nodes {
		if k := t.PublicKey(NodeIndex(x)); k != nil && seen[string(k)] {
			return fmt.Errorf("%w: update path key is at node %d already", ErrDuplicateKey, x)
		}
	}
	return nil
}
