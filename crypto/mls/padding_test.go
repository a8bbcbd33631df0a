package mls

import (
	"testing"

	"crossband/crypto/mls/message"
	"crossband/crypto/mls/suite"
)

// TestPaddingMustBeZero: RFC 9420 6.3.1: padding of any length, but only zeros.
func TestPaddingMustBeZero(t *testing.T) {
	w := newWorld(t, suite.P256AES128, "a-1")
	w.add("a-1", "b-1")
	a := w.member["a-1"]
	ac := a.content(message.Content{Type: message.ContentApplication, Application: []byte("text")}, true)
	must(t, a.sign(ac))
	plain := ac.Auth.AppendTo(ac.Content.AppendBody(nil), ac.Content.Type)
	pm := &message.PrivateMessage{GroupID: ac.Content.GroupID, Epoch: ac.Content.Epoch, Type: message.ContentApplication}
	for _, c := range []struct {
		name    string
		padding []byte
		rule    error
	}{
		{"none", nil, nil},
		{"zeros", make([]byte, 1000), nil},
		{"one at the end", append(make([]byte, 10), 1), ErrPadding},
		{"one at the start", []byte{1, 0}, ErrPadding},
	} {
		wantErr(t, c.name, c.rule, func() error {
			_, err := readSealed(pm, a.own, append(plain[:len(plain):len(plain)], c.padding...))
			return err
		})
	}
}
