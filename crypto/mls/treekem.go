package mls

import (
	"bytes"
	"crypto"
	"maps"

	"crossband/crypto/mls/message"
	"crossband/crypto/mls/roster"
	"crossband/crypto/mls/suite"
	"crossband/crypto/mls/syntax"
	"crossband/crypto/mls/tree"
)

// treeKeys is the private keys that a member holds in the ratchet tree: its
// leaf's, and those of parents whose secret it learned (RFC 9420 4.2).
type treeKeys map[tree.NodeIndex]*suite.PrivateKey

// matching copies the keys that still belong to t.
func (k treeKeys) matching(t *tree.Tree) treeKeys {
	out := maps.Clone(k)
	maps.DeleteFunc(out, func(x tree.NodeIndex, key *suite.PrivateKey) bool {
		return !bytes.Equal(key.Public(), t.PublicKey(x))
	})
	return out
}

// nodeKey is the key pair of a node with a path secret (RFC 9420 7.4).
func nodeKey(s suite.Suite, pathSecret []byte) (*suite.PrivateKey, error) {
	return s.DeriveKeyPair(s.DeriveSecret(pathSecret, "node"))
}

func nextPathSecret(s suite.Suite, pathSecret []byte) []byte {
	return s.DeriveSecret(pathSecret, "path")
}

const pathLabel = "UpdatePathNode"

// newPath is a fresh update path of our own.
type newPath struct {
	path         *message.UpdatePath
	keys         treeKeys // the leaf's and the path's
	secrets      map[tree.NodeIndex][]byte
	commitSecret []byte
}

// makePath renews the committer's leaf and direct path in d (RFC 9420 7.4-7.6).
// leaf holds everything but the encryption key, parent hash and signature.
func makePath(d *roster.Draft, leaf tree.LeafNode, signer crypto.Signer, groupID []byte) (*newPath, error) {
	s := d.Tree.Suite()
	leafKey, err := s.GenerateKey()
	if err != nil {
		return nil, err
	}
	leaf.EncryptionKey, leaf.Source = leafKey.Public(), tree.SourceCommit

	// Try the path out on a copy, to learn the parent hash that the leaf signs.
	scratch, at := d.Tree.Clone(), d.Committer()
	if d.External() {
		if at, err = scratch.Add(&leaf); err != nil {
			return nil, err
		}
	}
	np := &newPath{keys: treeKeys{at.Node(): leafKey}, secrets: make(map[tree.NodeIndex][]byte)}
	steps := scratch.FilteredPath(at)
	public := make([][]byte, len(steps))
	secret := randomBytes(s.HashSize())
	for i, step := range steps {
		key, err := nodeKey(s, secret)
		if err != nil {
			return nil, err
		}
		np.keys[step.Node], np.secrets[step.Node], public[i] = key, secret, key.Public()
		secret = nextPathSecret(s, secret)
	}
	np.commitSecret = secret
	if leaf.ParentHash, err = scratch.SetPath(at, public); err != nil {
		return nil, err
	}
	if err := leaf.Sign(s, signer, groupID, at); err != nil {
		return nil, err
	}
	if err := d.MergePath(&leaf, public); err != nil {
		return nil, err
	}
	np.path, err = np.sealTo(d, &leaf, steps)
	return np, err
}

// sealTo seals each path secret to the members below the copath (RFC 9420 7.6).
func (np *newPath) sealTo(d *roster.Draft, leaf *tree.LeafNode, steps []tree.PathStep) (*message.UpdatePath, error) {
	path := &message.UpdatePath{Leaf: leaf}
	context := d.Provisional().Bytes()
	for _, step := range steps {
		n := message.UpdatePathNode{Key: np.keys[step.Node].Public()}
		for _, x := range d.SealTo(step) {
			c, err := d.Tree.Suite().EncryptWithLabel(d.Tree.PublicKey(x), pathLabel, context, np.secrets[step.Node])
			if err != nil {
				return nil, err
			}
			n.Secrets = append(n.Secrets, c)
		}
		path.Nodes = append(path.Nodes, n)
	}
	return path, nil
}

// openPath finds the secret that a received path holds for us and derives the
// keys above it (RFC 9420 7.5). keys gains them.
func openPath(d *roster.Draft, path *message.UpdatePath, own tree.LeafIndex, keys treeKeys) (commitSecret []byte, err error) {
	s := d.Tree.Suite()
	steps := d.Tree.FilteredPath(d.Committer())
	for i, step := range steps {
		if !step.Copath.Covers(own.Node()) {
			continue
		}
		for j, x := range d.SealTo(step) {
			key, ok := keys[x]
			if !ok {
				continue
			}
			secret, err := s.DecryptWithLabel(key, pathLabel, d.Provisional().Bytes(), path.Nodes[i].Secrets[j])
			if err != nil {
				return nil, err
			}
			nodes := make([]tree.NodeIndex, 0, len(steps)-i)
			for _, up := range steps[i:] {
				nodes = append(nodes, up.Node)
			}
			return keys.climb(d.Tree, nodes, secret)
		}
	}
	return nil, ErrNoPathKey
}

// climb derives the keys of nodes from the path secret of the first, checks
// them against the tree, and returns the secret above the last.
func (k treeKeys) climb(t *tree.Tree, nodes []tree.NodeIndex, pathSecret []byte) ([]byte, error) {
	for _, x := range nodes {
		key, err := nodeKey(t.Suite(), pathSecret)
		if err != nil {
			return nil, err
		}
		if !bytes.Equal(key.Public(), t.PublicKey(x)) {
			return nil, ErrPathSecret
		}
		k[x] = key
		pathSecret = nextPathSecret(t.Suite(), pathSecret)
	}
	return pathSecret, nil
}

// learn takes the path secret from a Welcome: the keys of the lowest node above
// both us and the committer, and of what is not blank above it (RFC 9420 12.4.3.1).
func (k treeKeys) learn(t *tree.Tree, own, committer tree.LeafIndex, pathSecret []byte) error {
	first := tree.CommonAncestor(own.Node(), committer.Node())
	nodes := []tree.NodeIndex{first}
	for _, x := range first.DirectPath(t.LeafCount()) {
		if t.PublicKey(x) != nil {
			nodes = append(nodes, x)
		}
	}
	_, err := k.climb(t, nodes, pathSecret)
	return err
}

func (k treeKeys) appendTo(b []byte) []byte {
	return syntax.AppendVector(b, func(b []byte) []byte {
		for _, x := range mapKeys(k) {
			b = syntax.AppendBytes(syntax.AppendUint32(b, uint32(x)), k[x].Bytes())
		}
		return b
	})
}

func readTreeKeys(r *syntax.Reader, s suite.Suite) treeKeys {
	k := make(treeKeys)
	last := int64(-1)
	r.Vector(func(r *syntax.Reader) {
		x := tree.NodeIndex(r.Uint32())
		if int64(x) <= last {
			r.Refuse("order of saved keys", uint64(x))
		}
		last = int64(x)
		key, err := s.ParsePrivateKey(r.Bytes())
		if err != nil {
			r.Fail(err)
			return
		}
		k[x] = key
	})
	return k
}
