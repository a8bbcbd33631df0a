package tree

import (
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"testing"

	"crossband/crypto/mls/suite"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newKey(t testing.TB, s suite.Suite) []byte {
	t.Helper()
	k, err := s.GenerateKey()
	must(t, err)
	return k.Public()
}

// member is a leaf with the key that signs it.
type member struct {
	leaf   LeafNode
	signer ed25519.PrivateKey
}

func newMember(t testing.TB, s suite.Suite, name string) member {
	t.Helper()
	pub, priv, err := ed25519.GenerateKey(rand.Reader)
	must(t, err)
	m := member{signer: priv, leaf: LeafNode{
		EncryptionKey: newKey(t, s), SignatureKey: pub, Credential: Basic([]byte(name)),
		Capabilities: DefaultCapabilities(), Source: SourceKeyPackage, Lifetime: Lifetime{NotAfter: 1 << 62},
	}}
	must(t, m.leaf.Sign(s, priv, nil, 0))
	return m
}

// commit lets the member at a leaf renew its path.
func commit(t testing.TB, tr *Tree, at LeafIndex, m member) {
	t.Helper()
	s := tr.Suite()
	keys := make([][]byte, len(tr.FilteredPath(at)))
	for i := range keys {
		keys[i] = newKey(t, s)
	}
	leaf := m.leaf
	leaf.EncryptionKey, leaf.Source = newKey(t, s), SourceCommit
	var err error
	leaf.ParentHash, err = tr.Clone().SetPath(at, keys)
	must(t, err)
	must(t, leaf.Sign(s, m.signer, []byte("g"), at))
	must(t, tr.MergePath(at, &leaf, keys))
}

// grow is a tree of seven members of whom three committed and one came later.
func grow(t testing.TB) *Tree {
	t.Helper()
	s, err := suite.Lookup(suite.X25519AES128)
	must(t, err)
	var list []member
	for i := range 7 {
		list = append(list, newMember(t, s, fmt.Sprint("m", i)))
	}
	tr := New(s, &list[0].leaf)
	for i := 1; i < 6; i++ {
		_, err := tr.Add(&list[i].leaf)
		must(t, err)
	}
	commit(t, tr, 0, list[0])
	commit(t, tr, 3, list[3])
	commit(t, tr, 5, list[5])
	at, err := tr.Add(&list[6].leaf)
	must(t, err)
	if at != 6 {
		t.Fatalf("added at %d", at)
	}
	must(t, tr.Verify([]byte("g"), nil, Checks{}))
	return tr
}

// parent edits a copy of a parent node.
func (t *Tree) parent(x NodeIndex, edit func(*ParentNode)) {
	p := *t.at(x).parent
	p.UnmergedLeaves = slices.Clone(p.UnmergedLeaves)
	edit(&p)
	t.along(x, func(at NodeIndex, v *vertex) {
		if at == x {
			v.parent = &p
		}
	})
}

// TestForgedTrees changes one thing in a good tree; joiners must see it.
func TestForgedTrees(t *testing.T) {
	cases := []struct {
		name string
		rule error
		edit func(*testing.T, *Tree)
	}{
		{"parent key", ErrParentHash, func(t *testing.T, tr *Tree) {
			tr.parent(7, func(p *ParentNode) { p.EncryptionKey = newKey(t, tr.Suite()) })
		}},
		{"parent hash", ErrParentHash, func(_ *testing.T, tr *Tree) {
			tr.parent(3, func(p *ParentNode) { p.ParentHash = slices.Clone(p.ParentHash); p.ParentHash[0] ^= 1 })
		}},
		{"unmerged leaf left out", ErrParentHash, func(_ *testing.T, tr *Tree) {
			tr.parent(7, func(p *ParentNode) { p.UnmergedLeaves = nil })
		}},
		{"unmerged leaf not below", ErrUnmerged, func(_ *testing.T, tr *Tree) {
			tr.parent(3, func(p *ParentNode) { p.UnmergedLeaves = []LeafIndex{6} })
		}},
		{"unmerged leaf blank", ErrUnmerged, func(_ *testing.T, tr *Tree) {
			tr.parent(7, func(p *ParentNode) { p.UnmergedLeaves = []LeafIndex{6, 7} })
		}},
		{"unmerged leaves out of order", ErrUnmerged, func(_ *testing.T, tr *Tree) {
			tr.parent(7, func(p *ParentNode) { p.UnmergedLeaves = []LeafIndex{6, 6} })
		}},
		{"unmerged above but not between", ErrUnmerged, func(_ *testing.T, tr *Tree) {
			tr.parent(7, func(p *ParentNode) { p.UnmergedLeaves = []LeafIndex{3, 6} })
		}},
		{"leaf moved", suite.ErrSignature, func(_ *testing.T, tr *Tree) {
			a, b := tr.Leaf(0), tr.Leaf(3)
			tr.SetLeaf(0, b)
			tr.SetLeaf(3, a)
		}},
		{"leaf copied", ErrDuplicateKey, func(_ *testing.T, tr *Tree) {
			tr.SetLeaf(7, tr.Leaf(1)) // a key package's leaf is not bound to a place
		}},
		{"same signature key", ErrDuplicateKey, func(t *testing.T, tr *Tree) {
			m := newMember(t, tr.Suite(), "twin")
			leaf := *tr.Leaf(1)
			leaf.EncryptionKey, m.leaf = m.leaf.EncryptionKey, leaf
			err := tr.CheckMembers()
			must(t, err)
			tr.SetLeaf(7, &leaf)
			if err := tr.CheckMembers(); !errors.Is(err, ErrDuplicateKey) {
				t.Errorf("twin: %v", err)
			}
			tr.SetLeaf(7, tr.Leaf(1))
		}},
		{"bad parent key", suite.ErrPublicKey, func(_ *testing.T, tr *Tree) {
			tr.parent(7, func(p *ParentNode) { p.EncryptionKey = []byte{1, 2, 3} })
		}},
	}
	for _, c := range cases {
		tr := grow(t)
		c.edit(t, tr)
		if err := tr.Verify([]byte("g"), nil, Checks{}); !errors.Is(err, c.rule) {
			t.Errorf("%s: got %v, want %v", c.name, err, c.rule)
		}
	}
	if err := grow(t).Verify([]byte("other group"), nil, Checks{}); !errors.Is(err, suite.ErrSignature) {
		t.Errorf("leaves of another group: %v", err)
	}
}

// TestCachedHashes: after any change the cached hashes are those of a fresh tree.
func TestCachedHashes(t *testing.T) {
	tr := grow(t)
	check := func(what string) {
		t.Helper()
		fresh, err := Parse(tr.Suite(), tr.AppendTo(nil))
		must(t, err)
		if string(fresh.Hash()) != string(tr.Hash()) {
			t.Errorf("%s: stale hash", what)
		}
	}
	check("grown")
	m := newMember(t, tr.Suite(), "x")
	before := tr.Hash()
	other := tr.Clone()
	must(t, other.Remove(2))
	if string(tr.Hash()) != string(before) {
		t.Error("a clone's change shows in the original")
	}
	must(t, tr.Remove(2))
	check("removed")
	_, err := tr.Add(&m.leaf)
	must(t, err)
	check("added")
	must(t, tr.Update(4, &m.leaf))
	check("updated")
	for _, l := range []LeafIndex{6, 5, 4} {
		must(t, tr.Remove(l))
	}
	check("halved")
	if tr.LeafCount() != 4 {
		t.Errorf("%d leaves after the right half was emptied", tr.LeafCount())
	}
	if err := tr.Remove(99); !errors.Is(err, ErrNoLeaf) {
		t.Errorf("remove outside: %v", err)
	}
}

// TestMalformedTrees are refused before anything is computed.
func TestMalformedTrees(t *testing.T) {
	good := grow(t)
	s := good.Suite()
	leaf := good.Leaf(0).AppendTo([]byte{1, 1})
	cases := map[string][]byte{
		"empty":             {0},
		"only blanks":       {1, 0},
		"blank at the end":  vector(leaf, []byte{0}),
		"leaf at odd place": vector([]byte{0}, leaf),
	}
	for name, in := range cases {
		if _, err := Parse(s, in); !errors.Is(err, ErrMalformedTree) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Parse(s, vector(leaf)); err != nil {
		t.Errorf("a single leaf: %v", err)
	}
}

// vector puts a two-octet header before its parts.
func vector(parts ...[]byte) []byte {
	body := slices.Concat(parts...)
	return append([]byte{0x40 | byte(len(body)>>8), byte(len(body))}, body...)
}

// TestPathKeysAreNew: RFC 9420 12.4.2: a path brings no key that is in the tree.
func TestPathKeysAreNew(t *testing.T) {
	tr := grow(t)
	s := tr.Suite()
	fresh := func() [][]byte {
		keys := make([][]byte, len(tr.FilteredPath(0)))
		for i := range keys {
			keys[i] = newKey(t, s)
		}
		return keys
	}
	leaf := *tr.Leaf(0)
	leaf.EncryptionKey, leaf.Source = newKey(t, s), SourceCommit
	for name, change := range map[string]func([][]byte, *LeafNode){
		"a member's key":   func(k [][]byte, _ *LeafNode) { k[0] = tr.PublicKey(4) },
		"the old path key": func(k [][]byte, _ *LeafNode) { k[len(k)-1] = tr.PublicKey(7) },
		"one key twice":    func(k [][]byte, _ *LeafNode) { k[0] = k[1] },
		"the old leaf key": func(_ [][]byte, l *LeafNode) { l.EncryptionKey = tr.PublicKey(0) },
		"the leaf's own":   func(k [][]byte, l *LeafNode) { k[0] = l.EncryptionKey },
	} {
		keys, l := fresh(), leaf
		change(keys, &l)
		if err := tr.Clone().MergePath(0, &l, keys); !errors.Is(err, ErrDuplicateKey) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
