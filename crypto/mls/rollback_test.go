package mls

import (
	"testing"

	"crossband/crypto/mls/suite"
)

// TestASavedStateThatWasPutBack: a state of before its last messages finds them
// to be its own and unsent, and says so; a message that another member only says
// to be its own is refused as the forgery that it is. No state changes.
func TestASavedStateThatWasPutBack(t *testing.T) {
	w := newWorld(t, suite.P256AES128, "a-1")
	w.add("a-1", "b-1", "c-1")
	a := w.member["a-1"]
	first, err := a.Encrypt([]byte("before the backup"), nil)
	must(t, err)
	backup, err := a.MarshalBinary()
	must(t, err)
	later, err := a.Encrypt([]byte("after the backup"), nil)
	must(t, err)
	w.frozen(t, "the state that sent both", "a-1", ErrOwnMessage, func(g *Group) error { _, err := g.Decrypt(later); return err })

	old, err := UnmarshalGroup(backup, a.signer, anyone{})
	must(t, err)
	w.member["a-1"] = old
	decrypt := func(msg []byte) func(*Group) error {
		return func(g *Group) error { _, err := g.Decrypt(msg); return err }
	}
	w.frozen(t, "what it had sent", "a-1", ErrOwnMessage, decrypt(first))
	w.frozen(t, "what it has not sent", "a-1", ErrRolledBack, decrypt(later))

	// An insider says that a message of its own is a-1's.
	c := w.member["c-1"]
	data, err := c.MarshalBinary()
	must(t, err)
	poser, err := UnmarshalGroup(data, c.signer, anyone{})
	must(t, err)
	poser.own = old.own
	_, err = poser.Encrypt(nil, nil) // past the one that a-1 has sent
	must(t, err)
	forged, err := poser.Encrypt([]byte("your state is old"), nil)
	must(t, err)
	w.frozen(t, "what an insider says it has sent", "a-1", suite.ErrSignature, decrypt(forged))

	// One that had sent nothing yet in this epoch has no ratchet to compare with.
	fresh, err := c.MarshalBinary()
	must(t, err)
	msg, err := c.Encrypt([]byte("the first"), nil)
	must(t, err)
	w.member["c-1"], err = UnmarshalGroup(fresh, c.signer, anyone{})
	must(t, err)
	w.frozen(t, "its very first message", "c-1", ErrRolledBack, decrypt(msg))
}
