package record

import (
	"encoding/hex"
	"slices"
	"testing"
)

// knownRoots are the roots of the test tree of RFC 6962's first implementation,
// for its first 1 to 8 leaves.
func knownRoots() (leaves, roots []string) {
	return []string{"", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"},
		[]string{
			"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
			"fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
			"aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
			"d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
			"4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
			"76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
			"ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
			"5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
		}
}

func TestMerkleRoots(t *testing.T) {
	leaves, roots := knownRoots()
	var tree Tree
	if got := tree.Root().String(); got != "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" {
		t.Errorf("empty tree: %s", got)
	}
	for i := range leaves {
		leaf := must(hex.DecodeString(leaves[i]))(t)
		tree.Append(LeafHash(leaf))
		if got := tree.Root().String(); got != roots[i] || tree.Size() != uint64(i)+1 {
			t.Errorf("root of %d leaves is %s, want %s", i+1, got, roots[i])
		}
	}
}

// recursiveRoot is RFC 9162, section 2.1.1, as it is written there.
func recursiveRoot(leaves []Digest) Digest {
	if len(leaves) == 1 {
		return leaves[0]
	}
	k := 1
	for 2*k < len(leaves) {
		k *= 2
	}
	return nodeHash(recursiveRoot(leaves[:k]), recursiveRoot(leaves[k:]))
}

func someLeaves(n int) []Digest {
	var l []Digest
	for i := range n {
		l = append(l, LeafHash([]byte{byte(i)}))
	}
	return l
}

// TestProofs makes and verifies every proof of small trees, and no proof
// verifies for anything else.
func TestProofs(t *testing.T) {
	const most = 33
	leaves := someLeaves(most)
	for n := uint64(1); n <= most; n++ {
		root := recursiveRoot(leaves[:n])
		if rootOf(leaves[:n]) != root {
			t.Fatalf("root of %d leaves differs from the definition's", n)
		}
		for i := range n {
			inclusion(t, leaves[:n], i, root)
		}
		for old := uint64(1); old <= n; old++ {
			consistency(t, leaves[:n], old, root)
		}
	}
}

func inclusion(t *testing.T, leaves []Digest, i uint64, root Digest) {
	t.Helper()
	n := uint64(len(leaves))
	proof := must(ProveInclusion(leaves, i))(t)
	ok(t, VerifyInclusion(leaves[i], i, n, proof, root))
	bad := func(why string, err error) {
		t.Helper()
		if err == nil {
			t.Errorf("leaf %d of %d: %s verifies", i, n, why)
		}
	}
	bad("another leaf", VerifyInclusion(Digest{1}, i, n, proof, root))
	bad("another root", VerifyInclusion(leaves[i], i, n, proof, Digest{1}))
	bad("no such leaf", VerifyInclusion(leaves[i], n, n, proof, root))
	bad("a tree of twice the size", VerifyInclusion(leaves[i], i, 2*n, proof, root))
	bad("a longer proof", VerifyInclusion(leaves[i], i, n, append(slices.Clone(proof), Digest{}), root))
	if n > 1 {
		bad("another index", VerifyInclusion(leaves[i], (i+1)%n, n, proof, root))
		bad("a shorter proof", VerifyInclusion(leaves[i], i, n, proof[:len(proof)-1], root))
	}
	for j := range proof {
		p := slices.Clone(proof)
		p[j][0] ^= 1
		bad("another node", VerifyInclusion(leaves[i], i, n, p, root))
	}
}

func consistency(t *testing.T, leaves []Digest, old uint64, root Digest) {
	t.Helper()
	n := uint64(len(leaves))
	before := recursiveRoot(leaves[:old])
	proof := must(ProveConsistency(leaves, old))(t)
	ok(t, VerifyConsistency(old, n, before, root, proof))
	bad := func(why string, err error) {
		t.Helper()
		if err == nil {
			t.Errorf("%d to %d: %s verifies", old, n, why)
		}
	}
	bad("another old root", VerifyConsistency(old, n, Digest{1}, root, proof))
	bad("another new root", VerifyConsistency(old, n, before, Digest{1}, proof))
	bad("a longer proof", VerifyConsistency(old, n, before, root, append(slices.Clone(proof), Digest{})))
	bad("a tree of twice the size", VerifyConsistency(old, 2*n, before, root, proof))
	bad("backwards", VerifyConsistency(n+1, n, before, root, proof))
	if len(proof) > 0 {
		bad("a shorter proof", VerifyConsistency(old, n, before, root, proof[:len(proof)-1]))
		bad("no proof", VerifyConsistency(old, n, before, root, nil))
	}
	for j := range proof {
		p := slices.Clone(proof)
		p[j][0] ^= 1
		bad("another node", VerifyConsistency(old, n, before, root, p))
	}
}

func TestNoProofOfWhatIsNotThere(t *testing.T) {
	leaves := someLeaves(3)
	wantFault(t, failed(ProveInclusion(leaves, 3)), Malformed, "a leaf beyond the tree")
	wantFault(t, failed(ProveConsistency(leaves, 0)), Malformed, "from an empty tree")
	wantFault(t, failed(ProveConsistency(leaves, 4)), Malformed, "from a larger tree")
}
