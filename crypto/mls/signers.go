package mls

import (
	"bytes"
	"maps"
	"slices"

	"crossband/crypto/mls/syntax"
	"crossband/crypto/mls/tree"
)

// signers is whose signature an epoch's messages carry, by leaf: what stands in a
// tree, but for the leaves that are listed apart. Trees share what is alike in them,
// so that an epoch of a thousand members costs no list of a thousand keys.
type signers struct {
	tree  *tree.Tree                // nil: only the listed ones
	apart map[tree.LeafIndex][]byte // nil keys: nobody sits there
}

// key is a leaf's signature key, nil if nobody sits there.
func (s signers) key(at tree.LeafIndex) []byte {
	if key, ok := s.apart[at]; ok {
		return key
	}
	if s.tree == nil {
		return nil
	}
	if leaf := s.tree.Leaf(at); leaf != nil {
		return leaf.SignatureKey
	}
	return nil
}

// against is s as what differs from a tree.
func (s signers) against(t *tree.Tree) signers {
	places := make(map[tree.LeafIndex]bool, len(s.apart))
	for at := range s.apart {
		places[at] = true
	}
	tree.Differences(s.tree, t, func(at tree.LeafIndex) { places[at] = true })
	out := signers{tree: t, apart: make(map[tree.LeafIndex][]byte)}
	for at := range places {
		if key := s.key(at); !bytes.Equal(key, signers{tree: t}.key(at)) {
			out.apart[at] = key
		}
	}
	return out
}

// appendTo saves what is listed apart, in leaf order: leaf u32, key<V>, which is empty
// for nobody.
func (s signers) appendTo(b []byte) []byte {
	return syntax.AppendVector(b, func(b []byte) []byte {
		for _, at := range slices.Sorted(maps.Keys(s.apart)) {
			b = syntax.AppendBytes(syntax.AppendUint32(b, uint32(at)), s.apart[at])
		}
		return b
	})
}

func readSigners(r *syntax.Reader, t *tree.Tree) signers {
	s := signers{tree: t, apart: make(map[tree.LeafIndex][]byte)}
	last := int64(-1)
	r.Vector(func(r *syntax.Reader) {
		at := tree.LeafIndex(r.Uint32())
		if int64(at) <= last {
			r.Refuse("order of saved signers", uint64(at))
		}
		last = int64(at)
		s.apart[at] = keyOrNobody(r.Bytes())
	})
	return s
}

// readAllSigners reads the list of every leaf's key, as version 1 of a saved group
// has it.
func readAllSigners(r *syntax.Reader) (s signers, leaves int) {
	s.apart = make(map[tree.LeafIndex][]byte)
	r.Vector(func(r *syntax.Reader) {
		if key := keyOrNobody(r.Bytes()); key != nil {
			s.apart[tree.LeafIndex(leaves)] = key
		}
		leaves++
	})
	return s, leaves
}

func keyOrNobody(key []byte) []byte {
	if len(key) == 0 {
		return nil
	}
	return key
}
