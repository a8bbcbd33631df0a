package tree

import (
	"bytes"
	"fmt"
	"math/bits"
	"math/rand/v2"
	"slices"
	"testing"

	"crossband/crypto/mls/suite"
)

// lazyMember is a leaf whose signature nobody looks at.
func lazyMember(t testing.TB, s suite.Suite, name string, r *rand.Rand) *LeafNode {
	t.Helper()
	key := make([]byte, 32)
	for i := range key {
		key[i] = byte(r.Uint32())
	}
	return &LeafNode{
		EncryptionKey: newKey(t, s), SignatureKey: key, Credential: Basic([]byte(name)),
		Capabilities: DefaultCapabilities(), Source: SourceKeyPackage, Signature: []byte{1},
	}
}

// census is what a set of keys says, key by key.
func (n *keyNode) census(into map[[32]byte]int) {
	if n == nil {
		return
	}
	if n.count > 0 {
		into[n.sum] += n.count
		return
	}
	for _, b := range n.below {
		b.census(into)
	}
}

// sameAsFresh compares a tree with one made of its encoding: whatever it remembers
// must be what a look at every node finds.
func sameAsFresh(t *testing.T, what string, tr *Tree) {
	t.Helper()
	fresh, err := Parse(tr.Suite(), tr.AppendTo(nil))
	must(t, err)
	if !bytes.Equal(tr.Hash(), fresh.Hash()) {
		t.Fatalf("%s: the hash is not that of a fresh tree", what)
	}
	if tr.leaves != fresh.leaves || tr.root.members != fresh.root.members || tr.root.filled != fresh.root.filled ||
		tr.root.uses != fresh.root.uses || tr.root.lacks != fresh.root.lacks {
		t.Fatalf("%s: %d leaves, root %+v; fresh %d, %+v", what, tr.leaves, *tr.root, fresh.leaves, *fresh.root)
	}
	for name, sets := range map[string][2]keySet{"keys": {tr.keys, fresh.keys}, "signers": {tr.signers, fresh.signers}} {
		got, want := map[[32]byte]int{}, map[[32]byte]int{}
		sets[0].root.census(got)
		sets[1].root.census(want)
		if fmt.Sprint(got) != fmt.Sprint(want) || sets[0].double != sets[1].double {
			t.Fatalf("%s: %s: %d, %d twice; fresh %d, %d twice", what, name, len(got), sets[0].double, len(want), sets[1].double)
		}
	}
	if (tr.CheckMembers() == nil) != (tr.lookAtMembers() == nil) {
		t.Fatalf("%s: found good or bad without a look, otherwise with one", what)
	}
}

// TestRandomChanges: whatever changes, in whatever order, a tree remembers what a
// fresh one finds, and its clones of before stay what they were.
func TestRandomChanges(t *testing.T) {
	s, err := suite.Lookup(suite.X25519AES128)
	must(t, err)
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 1))
		tr := New(s, lazyMember(t, s, "first", r))
		for step := range 60 {
			what := fmt.Sprintf("seed %d, step %d", seed, step)
			before, octets := tr.Clone(), tr.AppendTo(nil)
			var present []LeafIndex
			tr.Leaves(func(at LeafIndex, _ *LeafNode) { present = append(present, at) })
			at := present[r.IntN(len(present))]
			leaf := lazyMember(t, s, what, r)
			if r.IntN(10) == 0 { // a key that somebody has, and a type that not all understand
				leaf.SignatureKey = tr.Leaf(at).SignatureKey
				leaf.EncryptionKey = tr.Leaf(present[0]).EncryptionKey
				leaf.Capabilities.Credentials = []CredentialType{CredentialX509}
			}
			switch kind := r.IntN(10); {
			case kind < 5:
				_, err = tr.Add(leaf)
			case kind < 6:
				err = tr.Update(at, leaf)
			case kind < 8 && len(present) > 1:
				err = tr.Remove(at)
			default:
				keys := make([][]byte, len(tr.FilteredPath(at)))
				for i := range keys {
					keys[i] = newKey(t, s)
				}
				_, err = tr.SetPath(at, keys)
				tr.SetLeaf(at, leaf)
			}
			must(t, err)
			sameAsFresh(t, what, tr)
			if !bytes.Equal(before.AppendTo(nil), octets) {
				t.Fatalf("%s: the change shows in a clone of before", what)
			}
			checkDifferences(t, what, before, tr)
		}
	}
}

func checkDifferences(t *testing.T, what string, a, b *Tree) {
	t.Helper()
	var want, got []LeafIndex
	for at := range LeafIndex(max(a.leaves, b.leaves)) {
		if a.Leaf(at) != b.Leaf(at) {
			want = append(want, at)
		}
	}
	Differences(a, b, func(at LeafIndex) { got = append(got, at) })
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Fatalf("%s: differences at %v, found %v", what, want, got)
	}
}

// TestAChangeCostsItsPath: in a tree of 1,024 leaves a commit makes no more nodes,
// and has no more hashes computed, than the path has.
func TestAChangeCostsItsPath(t *testing.T) {
	s, err := suite.Lookup(suite.X25519AES128)
	must(t, err)
	r := rand.New(rand.NewPCG(1, 1))
	tr := New(s, lazyMember(t, s, "first", r))
	for i := range 1023 {
		_, err := tr.Add(lazyMember(t, s, fmt.Sprint(i), r))
		must(t, err)
	}
	tr.Hash()
	before := tr.Clone()
	keys := make([][]byte, len(tr.FilteredPath(77)))
	for i := range keys {
		keys[i] = newKey(t, s)
	}
	_, err = tr.SetPath(77, keys)
	must(t, err)
	tr.SetLeaf(77, lazyMember(t, s, "renewed", r))
	path := 1 + bits.Len(1023)
	if n := unshared(before.root, tr.root); n != path {
		t.Errorf("%d nodes are not shared with the tree before, the path has %d", n, path)
	}
	if n := unhashed(tr.root); n != path {
		t.Errorf("%d hashes are to be computed, the path has %d", n, path)
	}
}

func unshared(a, b *vertex) int {
	if a == b || b == nil {
		return 0
	}
	return 1 + unshared(a.left, b.left) + unshared(a.right, b.right)
}

func unhashed(v *vertex) int {
	if v == nil {
		return 0
	}
	n := unhashed(v.left) + unhashed(v.right)
	if v.hash == nil {
		n++
	}
	return n
}

// TestHalvingForgetsKeys: a parent over nobody, which no judged tree has, does not
// leave its key behind when its half of the tree goes.
func TestHalvingForgetsKeys(t *testing.T) {
	s, err := suite.Lookup(suite.X25519AES128)
	must(t, err)
	r := rand.New(rand.NewPCG(2, 1))
	tr := New(s, lazyMember(t, s, "first", r))
	for i := range 4 {
		_, err := tr.Add(lazyMember(t, s, fmt.Sprint(i), r))
		must(t, err)
	}
	key := newKey(t, s)
	tr.along(13, func(x NodeIndex, v *vertex) {
		if x == 13 {
			v.parent = &ParentNode{EncryptionKey: key}
		}
	})
	if !tr.keys.has(key) {
		t.Fatal("the key is not found while it is there")
	}
	must(t, tr.Remove(4))
	if tr.leaves != 4 || tr.keys.has(key) {
		t.Errorf("%d leaves; key found %v", tr.leaves, tr.keys.has(key))
	}
	sameAsFresh(t, "halved", tr)
}
