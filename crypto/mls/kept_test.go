package mls

import (
	"bytes"
	"testing"

	"crossband/crypto/mls/suite"
	"crossband/crypto/mls/tree"
)

// TestKeptEpoch: the keys of an epoch that were kept before the group forgot them
// open what the named member had sealed, each message once, after being saved and
// loaded; and nothing of another member, another epoch, or what was read before.
func TestKeptEpoch(t *testing.T) {
	eachSuite(t, func(t *testing.T, id suite.ID) {
		w := newWorld(t, id, "a-1")
		w.add("a-1", "b-1", "c-1")
		a, b, c := w.member["a-1"], w.member["b-1"], w.member["c-1"]
		seal := func(g *Group, text string) []byte {
			t.Helper()
			m, err := g.Encrypt([]byte(text), []byte("envelope"))
			must(t, err)
			return m
		}
		read, first, second, others := seal(a, "read"), seal(a, "first"), seal(a, "second"), seal(c, "not kept")
		epoch := b.Epoch()
		_, err := b.Decrypt(read)
		must(t, err)
		for range PastEpochs {
			w.commit("c-1", CommitOptions{})
		}
		next := seal(w.member["a-1"], "of another epoch")
		b = w.member["b-1"]
		if !b.HasEpoch(epoch) || b.HasEpoch(epoch-1) || b.HasEpoch(b.Epoch()+1) {
			t.Fatal("the group has other epochs than it should: the test shows nothing")
		}
		sender, _ := b.Member(w.member["a-1"].OwnLeaf())
		kept, err := b.KeepEpoch(epoch, [][]byte{sender.SignatureKey})
		must(t, err)
		w.commit("c-1", CommitOptions{})
		b = w.member["b-1"]
		wantErr(t, "the group", ErrNoEpochKeys, func() error { _, err := b.Decrypt(first); return err })
		_, err = b.KeepEpoch(epoch, nil)
		wantErr(t, "keeping too late", ErrNoEpochKeys, func() error { return err })

		saved, err := kept.MarshalBinary()
		must(t, err)
		kept, err = UnmarshalEpochKeys(saved)
		must(t, err)
		for _, m := range []struct {
			text   string
			sealed []byte
		}{{"second", second}, {"first", first}} { // out of order
			r, err := kept.Decrypt(m.sealed)
			if err != nil {
				t.Fatalf("%s: %v", m.text, err)
			}
			if string(r.Plaintext) != m.text || r.Epoch != epoch || !bytes.Equal(r.SignatureKey, sender.SignatureKey) || string(r.AAD) != "envelope" {
				t.Errorf("%s: opened as %+v", m.text, r)
			}
			saved, err := kept.MarshalBinary()
			must(t, err)
			kept, err = UnmarshalEpochKeys(saved)
			must(t, err)
			wantErr(t, m.text+" again", ErrReplay, func() error { _, err := kept.Decrypt(m.sealed); return err })
		}
		wantErr(t, "what was read before", ErrReplay, func() error { _, err := kept.Decrypt(read); return err })
		wantErr(t, "another member's", tree.ErrNoLeaf, func() error { _, err := kept.Decrypt(others); return err })
		wantErr(t, "another epoch's", ErrNoEpochKeys, func() error { _, err := kept.Decrypt(next); return err })

		for n := range len(saved) {
			if _, err := UnmarshalEpochKeys(saved[:n]); err == nil {
				t.Fatalf("the first %d octets of %d load", n, len(saved))
			}
		}
		held := [][]byte{kept.keys.senderData}
		for _, r := range kept.keys.secrets.ratchets {
			held = append(held, r.secret)
		}
		kept.Wipe()
		for i, secret := range held {
			if len(secret) == 0 || !bytes.Equal(secret, make([]byte, len(secret))) {
				t.Errorf("secret %d of %d is still there", i, len(held))
			}
		}
	})
}

// TestKeptEpochHoldsNoHandshakeKeys: of an epoch nothing is kept but what opens
// messages.
func TestKeptEpochHoldsNoHandshakeKeys(t *testing.T) {
	w := newWorld(t, suite.P256AES128, "a-1")
	w.add("a-1", "b-1")
	b := w.member["b-1"]
	var keys [][]byte
	for _, m := range b.Members() {
		keys = append(keys, m.SignatureKey)
	}
	kept, err := b.KeepEpoch(b.Epoch(), keys)
	must(t, err)
	for id := range kept.keys.secrets.ratchets {
		if id.kind != applicationRatchet {
			t.Errorf("ratchet %v is kept", id)
		}
	}
	if n := len(kept.keys.secrets.nodes); n != 0 {
		t.Errorf("%d secrets of the tree are kept", n)
	}
}
