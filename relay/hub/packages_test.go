package hub_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"crossband/crypto/mls"
	"crossband/crypto/mls/message"
	"crossband/crypto/mls/suite"
	"crossband/crypto/mls/tree"
	"crossband/proto"
)

// TestDirectoryRefusesHostilePackages: what a member would refuse when it adds
// somebody is not even laid on the shelf, so that it uses up nobody's time. What
// lies there stays.
func TestDirectoryRefusesHostilePackages(t *testing.T) {
	w := newWorld(t)
	do(t, w, "charter border party=us:send=unit+desk party=mx:send=desk")
	for _, n := range []string{"us/desk/d", "us/unit/a"} {
		do(t, w, "up %s", n)
	}
	do(t, w, "channel border us/desk/d")
	do(t, w, "make good by us/unit/a key-package")
	do(t, w, "from us/unit/a id=1: publish-key-packages packages=good")

	compressed := func(key []byte) []byte { return append([]byte{2 + key[64]&1}, key[1:33]...) }
	off := func(key []byte) []byte { k := append([]byte(nil), key...); k[64] ^= 1; return k }
	now := uint64(w.now.Unix())
	for why, change := range map[string]func(*tree.KeyPackage, *tree.LeafNode){
		"expired":                   func(_ *tree.KeyPackage, l *tree.LeafNode) { l.Lifetime.NotAfter = now - 2*3600 },
		"of tomorrow":               func(_ *tree.KeyPackage, l *tree.LeafNode) { l.Lifetime.NotBefore = now + 2*3600 },
		"another suite":             func(k *tree.KeyPackage, _ *tree.LeafNode) { k.Suite = suite.P384AES256 },
		"a suite below the floor":   func(k *tree.KeyPackage, _ *tree.LeafNode) { k.Suite = 1 },
		"suite not listed":          func(_ *tree.KeyPackage, l *tree.LeafNode) { l.Capabilities.Suites = []suite.ID{7} },
		"init key is leaf key":      func(k *tree.KeyPackage, l *tree.LeafNode) { k.InitKey = l.EncryptionKey },
		"compressed init key":       func(k *tree.KeyPackage, _ *tree.LeafNode) { k.InitKey = compressed(k.InitKey) },
		"init key off the curve":    func(k *tree.KeyPackage, _ *tree.LeafNode) { k.InitKey = off(k.InitKey) },
		"leaf key off the curve":    func(_ *tree.KeyPackage, l *tree.LeafNode) { l.EncryptionKey = off(l.EncryptionKey) },
		"signature key cut":         func(_ *tree.KeyPackage, l *tree.LeafNode) { l.SignatureKey = compressed(l.SignatureKey) },
		"empty keys":                func(k *tree.KeyPackage, l *tree.LeafNode) { k.InitKey, l.EncryptionKey, l.SignatureKey = nil, nil, nil },
		"no certificate":            func(_ *tree.KeyPackage, l *tree.LeafNode) { l.Credential = tree.X509() },
		"a certificate of noise":    func(_ *tree.KeyPackage, l *tree.LeafNode) { l.Credential = tree.X509([]byte("x")) },
		"a name in its place":       func(_ *tree.KeyPackage, l *tree.LeafNode) { l.Credential = tree.Basic([]byte("us/unit/a")) },
		"an empty name":             func(_ *tree.KeyPackage, l *tree.LeafNode) { l.Credential = tree.Basic(nil) },
		"a name of 64 KiB":          func(_ *tree.KeyPackage, l *tree.LeafNode) { l.Credential = tree.Basic(make([]byte, 64<<10)) },
		"a leaf that a commit made": func(_ *tree.KeyPackage, l *tree.LeafNode) { l.Source = tree.SourceCommit },
	} {
		w.made.packages["bad"] = w.hostilePackage(t, "us/unit/a", change)
		for _, field := range []string{"packages", "last-resort"} {
			w.lines = nil
			do(t, w, "from us/unit/a id=2: publish-key-packages %s=bad", field) // apply compares the whole state
			if len(w.lines) != 2 || !strings.Contains(w.lines[0], "refused") || !strings.HasPrefix(w.lines[1], "send us/unit/a Refused code=") {
				t.Errorf("%s as %s: %.300v, want a refusal and nothing else", why, field, w.lines)
			}
		}
	}
	w.lines = nil
	do(t, w, "from us/desk/d id=3: fetch-key-package name=us/unit/a suite=2 channel=border")
	if want := "send us/desk/d KeyPackage package=good re=3"; !slices.Contains(w.lines, want) {
		t.Errorf("the good package after all that: %v, want %s", w.lines, want)
	}
}

// hostilePackage makes a key package, lets change spoil it, and signs it anew:
// what a device in the wrong hands can publish under its own name.
func (w *world) hostilePackage(t *testing.T, who string, change func(*tree.KeyPackage, *tree.LeafNode)) []byte {
	t.Helper()
	n, err := parseName(who)
	if err != nil {
		t.Fatal(err)
	}
	id := w.people.identity(n)
	_, secret, err := mls.NewKeyPackage(id, mls.KeyPackageOptions{
		Suite: suite.ID(proto.SuiteP256), NotBefore: w.now.Add(-time.Hour), NotAfter: w.now.Add(time.Hour),
	})
	if err != nil {
		t.Fatal(err)
	}
	s, err := suite.Lookup(suite.ID(proto.SuiteP256))
	if err != nil {
		t.Fatal(err)
	}
	kp, leaf := *secret.Package, *secret.Package.Leaf
	kp.Leaf = &leaf
	change(&kp, &leaf)
	if err := leaf.Sign(s, id.Signer, nil, 0); err != nil {
		t.Fatal(err)
	}
	if err := kp.Sign(s, id.Signer); err != nil {
		t.Fatal(err)
	}
	return (&message.Message{Format: message.FormatKeyPackage, KeyPackage: &kp}).Bytes()
}
