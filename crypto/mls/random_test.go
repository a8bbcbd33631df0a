package mls

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"crossband/crypto/mls/message"
	"crossband/crypto/mls/roster"
	"crossband/crypto/mls/suite"
	"crossband/crypto/mls/tree"
)

// asFresh demands that the state of a member or of the hub is what its saved octets
// say, with every hash computed from scratch.
func asFresh(t *testing.T, what string, g *roster.Group) {
	t.Helper()
	fresh, err := tree.Parse(g.Suite(), g.Tree().AppendTo(nil))
	must(t, err)
	if !bytes.Equal(fresh.Hash(), g.Tree().Hash()) || !bytes.Equal(fresh.Hash(), g.Context().TreeHash) {
		t.Fatalf("%s: the tree hash is not that of a fresh tree", what)
	}
	must(t, fresh.Verify(g.GroupID(), g.Context().Extensions, tree.Checks{}))
}

// TestRandomCommits: commits of every kind in any order leave the tree hashes that a
// fresh look finds, with every member and at the hub; a commit that was tampered
// with, at any place, leaves both byte-equal; and a state that was saved goes on.
func TestRandomCommits(t *testing.T) {
	for seed := range uint64(4) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { randomCommits(t, rand.New(rand.NewPCG(seed, 7))) })
	}
}

func randomCommits(t *testing.T, r *rand.Rand) {
	w := newWorld(t, suite.P256AES128, "a-1")
	w.add("a-1", "b-1")
	for step := range 25 {
		names := slices.Sorted(maps.Keys(w.member))
		by, other := names[r.IntN(len(names))], names[r.IntN(len(names))]
		what := fmt.Sprintf("step %d, by %s", step, by)
		switch kind := r.IntN(10); {
		case kind < 3:
			w.add(by, fmt.Sprint("c-", step))
		case kind < 5:
			w.join(fmt.Sprint("b-", step+2), nil)
		case kind < 7 && by != other:
			w.commit(by, CommitOptions{Remove: []tree.LeafIndex{w.member[other].OwnLeaf()}})
		default:
			w.tampered(t, what, by, r)
			w.commit(by, CommitOptions{})
		}
		names = slices.Sorted(maps.Keys(w.member))
		asFresh(t, what+": hub", w.hub)
		for _, name := range names {
			asFresh(t, what+": "+name, w.member[name].Roster())
		}
		again := names[r.IntN(len(names))]
		data, err := w.member[again].MarshalBinary()
		must(t, err)
		w.member[again], err = UnmarshalGroup(data, w.member[again].signer, charter{})
		must(t, err)
		same, err := w.member[again].MarshalBinary()
		must(t, err)
		if !bytes.Equal(data, same) {
			t.Fatalf("%s: %s is saved otherwise after it was loaded", what, again)
		}
	}
	w.agree()
}

// tampered shows everybody a commit with one octet changed, and one that its maker
// has changed and signed and tagged again, so that it is found out later.
func (w *world) tampered(t *testing.T, what, by string, r *rand.Rand) {
	t.Helper()
	p, err := w.member[by].Commit(CommitOptions{Now: testNow})
	must(t, err)
	bad := bytes.Clone(p.Commit)
	bad[r.IntN(len(bad))] ^= byte(1 + r.IntN(255))
	forged := w.member[by].forge(t, p.Commit, func(c *message.Content) {
		path := c.Commit.Path
		node := &path.Nodes[r.IntN(len(path.Nodes))]
		switch r.IntN(4) {
		case 0:
			c.AAD = []byte("not what was confirmed")
		case 1:
			node.Key = flip(node.Key)
		case 2:
			node.Secrets[0].Ciphertext = flip(node.Secrets[0].Ciphertext)
		case 3:
			path.Nodes = path.Nodes[:len(path.Nodes)-1]
		}
	})
	for name := range w.member {
		for _, msg := range [][]byte{bad, forged} {
			if name != by {
				w.frozen(t, what+", tampered with", name, nil, func(g *Group) error { _, err := g.Process(msg, testNow); return err })
			}
		}
	}
}
