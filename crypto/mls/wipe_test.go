package mls

import (
	"bytes"
	"testing"

	"crossband/crypto/mls/suite"
)

// A wiped group opens nothing, says nothing, and its secrets are gone from where
// they were.
func TestWipe(t *testing.T) {
	eachSuite(t, func(t *testing.T, id suite.ID) {
		w := newWorld(t, id, "a-1")
		w.add("a-1", "b-1")
		g := w.member["b-1"]
		sealed, err := w.member["a-1"].Encrypt([]byte("secret"), nil)
		if err != nil {
			t.Fatal(err)
		}
		late, err := w.member["a-1"].Encrypt([]byte("later"), nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := g.Decrypt(late); err != nil { // and keeps the key of the one before
			t.Fatal(err)
		}
		held := [][]byte{g.epoch.exporter, g.epoch.init, g.epoch.membership, g.current.senderData}
		for _, node := range g.current.secrets.nodes {
			held = append(held, node)
		}
		skipped := 0
		for _, r := range g.current.secrets.ratchets {
			held = append(held, r.secret)
			for _, k := range r.skipped {
				held = append(held, k.key, k.nonce)
				skipped++
			}
		}
		if skipped == 0 {
			t.Fatal("no key of a message that is still to come")
		}
		g.Wipe()
		for i, secret := range held {
			if len(secret) == 0 || !bytes.Equal(secret, make([]byte, len(secret))) {
				t.Errorf("secret %d of %d is still there", i, len(held))
			}
		}
		wantErr(t, "opens a message", ErrRemoved, func() error { _, err := g.Decrypt(sealed); return err })
		wantErr(t, "seals a message", ErrRemoved, func() error { _, err := g.Encrypt([]byte("x"), nil); return err })
		wantErr(t, "commits", ErrRemoved, func() error { _, err := g.Commit(CommitOptions{}); return err })
	})
}
