package mls

import (
	"bytes"
	"crypto/rand"
	"fmt"

	"crossband/crypto/mls/message"
	"crossband/crypto/mls/suite"
	"crossband/crypto/mls/syntax"
)

// PSK is a pre-shared key that the application knows: an external one by its
// name, or a resumption key of another group or an older epoch.
type PSK struct {
	ID     message.PSKID // the nonce is not looked at
	Secret []byte
}

// ExternalPSK names a key agreed upon outside MLS.
func ExternalPSK(id, secret []byte) PSK {
	return PSK{ID: message.PSKID{Type: message.PSKExternal, ID: id}, Secret: secret}
}

// pskStore looks up keys by name.
type pskStore []PSK

// samePSK compares names without the nonce. The usage says what a resumption
// key is for, not which key it is.
func samePSK(a, b message.PSKID) bool {
	if a.Type != b.Type {
		return false
	}
	if a.Type == message.PSKExternal {
		return bytes.Equal(a.ID, b.ID)
	}
	return bytes.Equal(a.GroupID, b.GroupID) && a.Epoch == b.Epoch
}

func (st pskStore) find(id message.PSKID) ([]byte, error) {
	for _, p := range st {
		if samePSK(p.ID, id) {
			return p.Secret, nil
		}
	}
	return nil, fmt.Errorf("%w: type %d", ErrUnknownPSK, id.Type)
}

// with returns a store in which p is known, in place of an older value.
func (st pskStore) with(p PSK) pskStore {
	out := make(pskStore, 0, len(st)+1)
	for _, q := range st {
		if !samePSK(p.ID, q.ID) {
			out = append(out, q)
		}
	}
	return append(out, p)
}

// secret is psk_secret over the given keys in order (RFC 9420 8.4); all zero if
// there are none.
func (st pskStore) secret(s suite.Suite, ids []message.PSKID) ([]byte, error) {
	zero := make([]byte, s.HashSize())
	out := zero
	if len(ids) > 0xffff {
		return nil, fmt.Errorf("%w: more than 65535", ErrUnknownPSK)
	}
	for i, id := range ids {
		psk, err := st.find(id)
		if err != nil {
			return nil, err
		}
		label := id.AppendTo(nil)
		label = syntax.AppendUint16(label, uint16(i))
		label = syntax.AppendUint16(label, uint16(len(ids)))
		input := s.Derive(s.Extract(zero, psk), "derived psk", label, s.HashSize())
		out = s.Extract(input, out)
	}
	return out, nil
}

// freshNonce names a key for use in one commit (RFC 9420 8.4).
func freshNonce(s suite.Suite, id message.PSKID) message.PSKID {
	id.Nonce = randomBytes(s.HashSize())
	return id
}

// randomBytes reads the system's generator, which does not fail.
func randomBytes(n int) []byte {
	b := make([]byte, n)
	rand.Read(b)
	return b
}
