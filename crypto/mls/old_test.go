package mls

import (
	"bytes"
	"errors"
	"testing"

	"crossband/crypto/mls/suite"
	"crossband/crypto/mls/syntax"
	"crossband/crypto/mls/tree"
)

// appendOld saves keys as version 1 did: with the signer of every leaf.
func (k *messageKeys) appendOld(b []byte) []byte {
	b = syntax.AppendBytes(syntax.AppendBytes(b, k.context), k.senderData)
	b = syntax.AppendVector(b, func(b []byte) []byte {
		for at := range tree.LeafIndex(k.secrets.leaves) {
			b = syntax.AppendBytes(b, k.signer(at))
		}
		return b
	})
	return k.secrets.appendTo(b)
}

// TestStatesOfVersion1 are read as they were written: a device that gets this
// version keeps its groups, its late messages, and what it kept of past epochs.
func TestStatesOfVersion1(t *testing.T) {
	w := newWorld(t, suite.P256AES128, "a-1")
	w.add("a-1", "b-1", "c-1")
	a, b := w.member["a-1"], w.member["b-1"]
	late, err := a.Encrypt([]byte("late"), nil)
	must(t, err)
	w.commit("a-1", CommitOptions{Remove: []tree.LeafIndex{w.member["c-1"].OwnLeaf()}})
	fresh := newIdentity(t, suite.P256AES128, "a-1")
	w.commit("a-1", CommitOptions{Renew: &fresh})

	now, err := b.MarshalBinary()
	must(t, err)
	newKeys := syntax.AppendVector(nil, func(out []byte) []byte {
		for _, k := range append([]*messageKeys{b.current}, b.past...) {
			out = k.appendTo(out, b.pub.Tree())
		}
		return out
	})
	oldKeys := syntax.AppendVector(nil, func(out []byte) []byte {
		for _, k := range append([]*messageKeys{b.current}, b.past...) {
			out = k.appendOld(out)
		}
		return out
	})
	head, ok := bytes.CutSuffix(now, newKeys)
	if !ok {
		t.Fatal("a saved group does not end with its message keys")
	}
	old := append(append([]byte{1}, head[1:]...), oldKeys...)
	loaded, err := UnmarshalGroup(old, b.signer, charter{})
	must(t, err)
	again, err := loaded.MarshalBinary()
	must(t, err)
	if !bytes.Equal(again, now) {
		t.Error("it is saved otherwise than what it was")
	}
	got, err := loaded.Decrypt(late)
	if err != nil || string(got.Plaintext) != "late" {
		t.Errorf("a late message: %v", err)
	}
	if _, err := UnmarshalGroup(append([]byte{3}, now[1:]...), b.signer, charter{}); !errors.Is(err, ErrState) {
		t.Errorf("a later version: %v", err)
	}
}
