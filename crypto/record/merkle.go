package record

import (
	"crypto/sha256"
	"math/bits"
	"slices"
)

// Merkle trees are those of RFC 9162, section 2.1: SHA-256, 0x00 before a leaf
// and 0x01 before two nodes.

// LeafHash returns the hash of an entry's line as a leaf.
func LeafHash(line []byte) Digest {
	h := sha256.New()
	h.Write([]byte{0})
	h.Write(line)
	return Digest(h.Sum(nil))
}

func nodeHash(left, right Digest) Digest {
	var b [1 + 2*sha256.Size]byte
	b[0] = 1
	copy(b[1:], left[:])
	copy(b[1+sha256.Size:], right[:])
	return sha256.Sum256(b[:])
}

// Tree is a growing Merkle tree of which only the roots of the full subtrees
// are kept, at most one for each power of two. The zero Tree is empty.
type Tree struct {
	size  uint64
	nodes []Digest // left to right: one for each bit set in size, the largest first
}

// Size returns the number of leaves.
func (t *Tree) Size() uint64 { return t.size }

// Append adds a leaf's hash in O(log n) at worst, O(1) on average.
func (t *Tree) Append(leaf Digest) {
	for n := t.size; n&1 == 1; n >>= 1 {
		last := len(t.nodes) - 1
		leaf = nodeHash(t.nodes[last], leaf)
		t.nodes = t.nodes[:last]
	}
	t.nodes = append(t.nodes, leaf)
	t.size++
}

// Root returns the tree's root: of the empty tree, the SHA-256 of nothing.
func (t *Tree) Root() Digest {
	if t.size == 0 {
		return sha256.Sum256(nil)
	}
	root := t.nodes[len(t.nodes)-1]
	for _, n := range slices.Backward(t.nodes[:len(t.nodes)-1]) {
		root = nodeHash(n, root)
	}
	return root
}

func (t *Tree) clone() Tree { return Tree{t.size, slices.Clone(t.nodes)} }

// valid reports whether a tree that was read has as many nodes as its size
// wants.
func (t *Tree) valid() bool { return bits.OnesCount64(t.size) == len(t.nodes) }

// rootOf returns the root over leaves' hashes.
func rootOf(leaves []Digest) Digest {
	var t Tree
	for _, l := range leaves {
		t.Append(l)
	}
	return t.Root()
}

// split is the largest power of two below n, for n above 1 (RFC 9162, 2.1.1).
func split(n uint64) uint64 { return 1 << (bits.Len64(n-1) - 1) }

// ProveInclusion makes the proof that the leaf at index is in the tree of these
// leaves' hashes (RFC 9162, section 2.1.3.1).
func ProveInclusion(leaves []Digest, index uint64) ([]Digest, error) {
	if index >= uint64(len(leaves)) {
		return nil, refuse(Malformed, "no leaf %d in a tree of %d", index, len(leaves))
	}
	var proof []Digest
	for n := uint64(len(leaves)); n > 1; n = uint64(len(leaves)) {
		k := split(n)
		if index < k {
			proof = append(proof, rootOf(leaves[k:]))
			leaves = leaves[:k]
		} else {
			proof = append(proof, rootOf(leaves[:k]))
			leaves, index = leaves[k:], index-k
		}
	}
	slices.Reverse(proof)
	return proof, nil
}

// VerifyInclusion checks a proof that leaf is at index of the tree of size
// leaves under root (RFC 9162, section 2.1.3.2).
func VerifyInclusion(leaf Digest, index, size uint64, proof []Digest, root Digest) error {
	if index >= size {
		return refuse(Malformed, "no leaf %d in a tree of %d", index, size)
	}
	fn, sn, r := index, size-1, leaf
	for _, p := range proof {
		if sn == 0 {
			return refuse(Mismatch, "an inclusion proof of %d nodes is too long", len(proof))
		}
		if fn&1 == 1 || fn == sn {
			r = nodeHash(p, r)
			for fn&1 == 0 && fn != 0 {
				fn, sn = fn>>1, sn>>1
			}
		} else {
			r = nodeHash(r, p)
		}
		fn, sn = fn>>1, sn>>1
	}
	if sn != 0 || r != root {
		return refuse(Mismatch, "the inclusion proof does not lead to the root")
	}
	return nil
}

// ProveConsistency makes the proof that the tree of the first old leaves is the
// beginning of the whole (RFC 9162, section 2.1.4.1).
func ProveConsistency(leaves []Digest, old uint64) ([]Digest, error) {
	if old == 0 || old > uint64(len(leaves)) {
		return nil, refuse(Malformed, "no consistency proof from %d to %d leaves", old, len(leaves))
	}
	var proof []Digest
	whole := true // what remains of the old tree is one of its subtrees as it was
	for old < uint64(len(leaves)) {
		k := split(uint64(len(leaves)))
		if old <= k {
			proof = append(proof, rootOf(leaves[k:]))
			leaves = leaves[:k]
		} else {
			proof = append(proof, rootOf(leaves[:k]))
			leaves, old, whole = leaves[k:], old-k, false
		}
	}
	if !whole {
		proof = append(proof, rootOf(leaves))
	}
	slices.Reverse(proof)
	return proof, nil
}

// VerifyConsistency checks a proof that the tree of first leaves is the
// beginning of the tree of second (RFC 9162, section 2.1.4.2).
func VerifyConsistency(first, second uint64, firstRoot, secondRoot Digest, proof []Digest) error {
	switch {
	case first == 0 || first > second:
		return refuse(Malformed, "no consistency from %d to %d leaves", first, second)
	case first == second && len(proof) == 0 && firstRoot == secondRoot:
		return nil
	case first == second || len(proof) == 0:
		return refuse(Mismatch, "the consistency proof does not lead to the roots")
	}
	if first&(first-1) == 0 { // the old tree is full: its root begins the path
		proof = slices.Concat([]Digest{firstRoot}, proof)
	}
	fn, sn := first-1, second-1
	for fn&1 == 1 {
		fn, sn = fn>>1, sn>>1
	}
	fr, sr := proof[0], proof[0]
	for _, c := range proof[1:] {
		if sn == 0 {
			return refuse(Mismatch, "a consistency proof of %d nodes is too long", len(proof))
		}
		if fn&1 == 1 || fn == sn {
			fr, sr = nodeHash(c, fr), nodeHash(c, sr)
			for fn&1 == 0 && fn != 0 {
				fn, sn = fn>>1, sn>>1
			}
		} else {
			sr = nodeHash(sr, c)
		}
		fn, sn = fn>>1, sn>>1
	}
	if sn != 0 || fr != firstRoot || sr != secondRoot {
		return refuse(Mismatch, "the consistency proof does not lead to the roots")
	}
	return nil
}
