package tree

import "crypto/sha256"

// keySet counts public keys. A set is never changed: with and without give another
// that shares all but a few nodes with it, so that a clone of a tree costs nothing
// and one key of a thousand is found without looking at the others.
type keySet struct {
	root   *keyNode
	double int // keys that stand in it more than once
}

// keyNode is a node of a trie over the keys' SHA-256, four bits a level. The hash
// keeps it flat whatever keys members choose. One with a count is a key's place and
// has no nodes below it.
type keyNode struct {
	below [16]*keyNode
	sum   [sha256.Size]byte
	count int
}

// nibble is the branch that a hash takes at a depth.
func nibble(sum *[sha256.Size]byte, depth int) byte {
	b := sum[depth/2]
	if depth%2 == 0 {
		return b >> 4
	}
	return b & 15
}

// has reports whether key is in the set.
func (s keySet) has(key []byte) bool {
	sum := sha256.Sum256(key)
	n := s.root
	for depth := 0; n != nil; depth++ {
		if n.count > 0 {
			return n.sum == sum
		}
		n = n.below[nibble(&sum, depth)]
	}
	return false
}

// with is the set with one more of key.
func (s keySet) with(key []byte) keySet {
	sum := sha256.Sum256(key)
	s.root = s.root.add(&sum, 0, &s.double)
	return s
}

// without is the set with one less of key, which is in it.
func (s keySet) without(key []byte) keySet {
	sum := sha256.Sum256(key)
	s.root = s.root.take(&sum, 0, &s.double)
	return s
}

func (n *keyNode) add(sum *[sha256.Size]byte, depth int, double *int) *keyNode {
	if n == nil {
		return &keyNode{sum: *sum, count: 1}
	}
	out := *n
	switch {
	case n.count == 0:
	case n.sum == *sum:
		if out.count++; out.count == 2 {
			*double++
		}
		return &out
	default: // two keys on one way: let the one that is here go a level down
		out = keyNode{}
		out.below[nibble(&n.sum, depth)] = n
	}
	at := nibble(sum, depth)
	out.below[at] = out.below[at].add(sum, depth+1, double)
	return &out
}

func (n *keyNode) take(sum *[sha256.Size]byte, depth int, double *int) *keyNode {
	switch {
	case n == nil || n.count > 0 && n.sum != *sum:
		return n
	case n.count == 1:
		return nil
	}
	out := *n
	if n.count > 1 {
		if out.count--; out.count == 1 {
			*double--
		}
		return &out
	}
	at := nibble(sum, depth)
	out.below[at] = n.below[at].take(sum, depth+1, double)
	var only *keyNode
	for _, b := range out.below {
		switch {
		case b == nil:
		case only != nil || b.count == 0:
			return &out
		default:
			only = b
		}
	}
	return only // nothing is left below, or one key, which needs no way of its own
}
