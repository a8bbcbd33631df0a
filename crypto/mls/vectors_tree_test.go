package mls

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"crossband/crypto/mls/message"
	"crossband/crypto/mls/roster"
	"crossband/crypto/mls/suite"
	"crossband/crypto/mls/syntax"
	"crossband/crypto/mls/tree"
)

// anyone accepts every member and change: the vectors carry names without
// certificates.
type anyone struct{}

func (anyone) VerifyMember(roster.Candidate) error      { return nil }
func (anyone) VerifyContext(roster.ContextChange) error { return nil }

// readVectors decodes files of entries that have no suite.
func readVectors[T any](t *testing.T, pattern string) []T {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(vectorDir(t), pattern))
	if err != nil || len(files) == 0 {
		t.Fatalf("no file matches %s (%v)", pattern, err)
	}
	var all []T
	for _, file := range files {
		data, err := os.ReadFile(file)
		must(t, err)
		var entries []T
		must(t, json.Unmarshal(data, &entries))
		t.Logf("%s: %d entries", filepath.Base(file), len(entries))
		all = append(all, entries...)
	}
	return all
}

func TestVectorsTreeMath(t *testing.T) {
	type vector struct {
		Leaves                       tree.LeafCount `json:"n_leaves"`
		Nodes                        uint32         `json:"n_nodes"`
		Root                         tree.NodeIndex
		Left, Right, Parent, Sibling []*tree.NodeIndex
	}
	for _, v := range readVectors[vector](t, "tree-math*.json") {
		if v.Leaves.Width() != v.Nodes || v.Leaves.Root() != v.Root {
			t.Errorf("%d leaves: width %d, root %d", v.Leaves, v.Leaves.Width(), v.Leaves.Root())
		}
		check := func(what string, i int, got tree.NodeIndex, ok bool, want *tree.NodeIndex) {
			if ok != (want != nil) || ok && got != *want {
				t.Errorf("%d leaves: %s of %d: got %d %v, want %v", v.Leaves, what, i, got, ok, want)
			}
		}
		for i := range v.Left {
			x := tree.NodeIndex(i)
			y, ok := x.Left()
			check("left", i, y, ok, v.Left[i])
			y, ok = x.Right()
			check("right", i, y, ok, v.Right[i])
			y, ok = x.Parent(v.Leaves)
			check("parent", i, y, ok, v.Parent[i])
			y, ok = x.Sibling(v.Leaves)
			check("sibling", i, y, ok, v.Sibling[i])
		}
	}
}

func TestVectorsDeserialization(t *testing.T) {
	type vector struct {
		Header unhex `json:"vlbytes_header"`
		Length int
	}
	for _, v := range readVectors[vector](t, "deserialization*.json") {
		r := syntax.NewReader(v.Header)
		if n := r.Length(); n != v.Length || r.End() != nil {
			t.Errorf("%x: got %d %v, want %d", v.Header, n, r.End(), v.Length)
		}
		want(t, "header", syntax.AppendLength(nil, v.Length), v.Header)
	}
}

func TestVectorsMessages(t *testing.T) {
	bodies := map[string]message.ProposalType{
		"add_proposal": message.TypeAdd, "update_proposal": message.TypeUpdate, "remove_proposal": message.TypeRemove,
		"pre_shared_key_proposal": message.TypePSK, "re_init_proposal": message.TypeReInit,
		"external_init_proposal": message.TypeExternalInit, "group_context_extensions_proposal": message.TypeExtensions,
	}
	s, err := suite.Lookup(suite.X25519AES128) // the codec of a tree does not depend on it
	must(t, err)
	fields := 0
	for _, v := range readVectors[map[string]unhex](t, "messages*.json") {
		for name, data := range v {
			fields++
			var out []byte
			if kind, ok := bodies[name]; ok {
				r := syntax.NewReader(data)
				p := message.ReadProposalBody(r, kind)
				must(t, r.End())
				want(t, name, message.AppendProposalBody(nil, p), data)
				continue
			}
			switch name {
			case "ratchet_tree":
				tr, err := tree.Parse(s, data)
				must(t, err)
				out = tr.AppendTo(nil)
			case "group_secrets":
				gs, err := parseGroupSecrets(data)
				must(t, err)
				out = gs.appendTo(nil)
			case "commit":
				r := syntax.NewReader(data)
				c := message.ReadCommit(r)
				must(t, r.End())
				out = c.AppendTo(nil)
			default:
				m, err := message.Parse(data)
				if err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				out = m.Bytes()
			}
			want(t, name, out, data)
		}
	}
	t.Logf("%d fields", fields)
}

type treeOperation struct {
	CipherSuite suite.ID `json:"cipher_suite"`
	Before      unhex    `json:"tree_before"`
	Proposal    unhex
	Sender      tree.LeafIndex `json:"proposal_sender"`
	HashBefore  unhex          `json:"tree_hash_before"`
	After       unhex          `json:"tree_after"`
	HashAfter   unhex          `json:"tree_hash_after"`
}

func TestVectorsTreeOperations(t *testing.T) {
	eachVector(t, "tree-operations*.json", func(v treeOperation) suite.ID { return v.CipherSuite }, func(t *testing.T, s suite.Suite, v treeOperation) {
		tr, err := tree.Parse(s, v.Before)
		must(t, err)
		want(t, "tree hash before", tr.Hash(), v.HashBefore)
		r := syntax.NewReader(v.Proposal)
		p := message.ReadProposal(r)
		must(t, r.End())
		switch p := p.(type) {
		case message.Add:
			_, err = tr.Add(p.KeyPackage.Leaf)
		case message.Update:
			err = tr.Update(v.Sender, p.Leaf)
		case message.Remove:
			err = tr.Remove(p.Leaf)
		default:
			t.Fatalf("proposal type %d", p.Type())
		}
		must(t, err)
		want(t, "tree after", tr.AppendTo(nil), v.After)
		want(t, "tree hash after", tr.Hash(), v.HashAfter)
	})
}

type treeValidation struct {
	CipherSuite suite.ID `json:"cipher_suite"`
	Tree        unhex
	GroupID     unhex `json:"group_id"`
	Resolutions [][]tree.NodeIndex
	TreeHashes  []unhex `json:"tree_hashes"`
}

func TestVectorsTreeValidation(t *testing.T) {
	eachVector(t, "tree-validation*.json", func(v treeValidation) suite.ID { return v.CipherSuite }, func(t *testing.T, s suite.Suite, v treeValidation) {
		tr, err := tree.Parse(s, v.Tree)
		must(t, err)
		for i, want := range v.Resolutions {
			got := tr.Resolution(tree.NodeIndex(i))
			same := len(got) == len(want)
			for j := range want {
				same = same && got[j] == want[j]
			}
			if !same {
				t.Errorf("resolution of %d: got %v, want %v", i, got, want)
			}
		}
		for i, h := range v.TreeHashes {
			want(t, "tree hash", tr.NodeHash(tree.NodeIndex(i)), h)
		}
		must(t, tr.Verify(v.GroupID, nil, tree.Checks{}))
	})
}

type treeKEM struct {
	CipherSuite   suite.ID `json:"cipher_suite"`
	GroupID       unhex    `json:"group_id"`
	Epoch         message.Epoch
	ConfirmedHash unhex `json:"confirmed_transcript_hash"`
	Tree          unhex `json:"ratchet_tree"`
	Private       []struct {
		Index          tree.LeafIndex
		EncryptionPriv unhex `json:"encryption_priv"`
		SignaturePriv  unhex `json:"signature_priv"`
		PathSecrets    []struct {
			Node   tree.NodeIndex
			Secret unhex `json:"path_secret"`
		} `json:"path_secrets"`
	} `json:"leaves_private"`
	Paths []struct {
		Sender        tree.LeafIndex
		Path          unhex    `json:"update_path"`
		PathSecrets   []*unhex `json:"path_secrets"`
		CommitSecret  unhex    `json:"commit_secret"`
		TreeHashAfter unhex    `json:"tree_hash_after"`
	} `json:"update_paths"`
}

// group is the public state that the update paths of v start from: one epoch
// earlier, since a draft counts up.
func (v treeKEM) group(t *testing.T, s suite.Suite) *roster.Group {
	tr, err := tree.Parse(s, v.Tree)
	must(t, err)
	ctx := message.GroupContext{
		Version: 1, Suite: s.ID(), GroupID: v.GroupID, Epoch: v.Epoch - 1, TreeHash: tr.Hash(), ConfirmedHash: v.ConfirmedHash,
	}
	state := append([]byte{1}, ctx.Bytes()...)
	state = syntax.AppendBytes(syntax.AppendBytes(state, v.Tree), nil)
	g, err := roster.Unmarshal(append(state, 0, 0), anyone{})
	must(t, err)
	return g
}

func TestVectorsTreeKEM(t *testing.T) {
	eachVector(t, "treekem*.json", func(v treeKEM) suite.ID { return v.CipherSuite }, func(t *testing.T, s suite.Suite, v treeKEM) {
		g := v.group(t, s)
		private, signers := map[tree.LeafIndex]treeKeys{}, map[tree.LeafIndex]unhex{}
		for _, p := range v.Private {
			keys := treeKeys{p.Index.Node(): hpkeKey(t, s, p.EncryptionPriv)}
			for _, ps := range p.PathSecrets {
				key, err := nodeKey(s, ps.Secret)
				must(t, err)
				keys[ps.Node] = key
			}
			if len(keys.matching(g.Tree())) != len(keys) {
				t.Errorf("private keys of leaf %d do not match the tree", p.Index)
			}
			private[p.Index], signers[p.Index] = keys, p.SignaturePriv
		}
		draft := func(from tree.LeafIndex) *roster.Draft {
			d, err := g.DraftOwn(nil, message.Member(from), testNow)
			must(t, err)
			return d
		}
		for _, p := range v.Paths {
			r := syntax.NewReader(p.Path)
			path := message.ReadUpdatePath(r)
			must(t, r.End())
			d := draft(p.Sender)
			must(t, d.MergePath(path.Leaf, path.Keys()))
			want(t, "tree hash after", d.Tree.Hash(), p.TreeHashAfter)
			own := draft(p.Sender)
			np, err := makePath(own, *g.Tree().Leaf(p.Sender), signerOf(t, s, signers[p.Sender]), v.GroupID)
			must(t, err)
			for at, keys := range private {
				if at == p.Sender {
					continue
				}
				mine := keys.matching(d.Tree)
				secret, err := openPath(d, path, at, mine)
				must(t, err)
				want(t, "commit secret", secret, p.CommitSecret)
				first, err := nodeKey(s, *p.PathSecrets[at])
				must(t, err)
				x := tree.CommonAncestor(at.Node(), p.Sender.Node())
				want(t, "key of the path secret", mine[x].Public(), first.Public())

				secret, err = openPath(own, np.path, at, keys.matching(own.Tree))
				must(t, err)
				want(t, "own commit secret", secret, np.commitSecret)
			}
		}
	})
}
