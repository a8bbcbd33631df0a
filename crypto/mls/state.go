package mls

import (
	"bytes"
	"crypto"
	"fmt"

	"crossband/crypto/mls/message"
	"crossband/crypto/mls/roster"
	"crossband/crypto/mls/syntax"
	"crossband/crypto/mls/tree"
)

// stateVersion is the first octet of a saved group. Version 1 had every leaf's
// signature key once more for each epoch; it is still read.
const stateVersion = 2

// MarshalBinary saves everything but the signer. The bytes are as secret as the
// group: version u8, public state<V>, own leaf u32, first epoch u64, removed u8,
// padding u16, tree keys<V>, epoch secrets, pending updates<V>, PSKs<V>, message
// keys<V> of the current and the past epochs.
func (g *Group) MarshalBinary() ([]byte, error) {
	pub, err := g.pub.MarshalBinary()
	if err != nil {
		return nil, err
	}
	b := syntax.AppendBytes([]byte{stateVersion}, pub)
	b = syntax.AppendUint32(b, uint32(g.own))
	b = syntax.AppendUint64(b, uint64(g.joined))
	b = syntax.AppendOptional(b, g.removed)
	b = syntax.AppendUint16(b, uint16(g.padding))
	b = g.keys.appendTo(b)
	b = g.epoch.appendTo(b)
	b = appendUpdates(b, g.updates)
	b = syntax.AppendVector(b, func(b []byte) []byte {
		for _, p := range g.psks {
			b = syntax.AppendBytes(p.ID.AppendTo(b), p.Secret)
		}
		return b
	})
	return syntax.AppendVector(b, func(b []byte) []byte {
		for _, k := range append([]*messageKeys{g.current}, g.past...) {
			b = k.appendTo(b, g.pub.Tree())
		}
		return b
	}), nil
}

// UnmarshalGroup loads a saved group. signer must be the key of our leaf.
func UnmarshalGroup(data []byte, signer crypto.Signer, verifier roster.Verifier) (*Group, error) {
	r := syntax.NewReader(bytes.Clone(data))
	version := r.Uint8()
	if version < 1 || version > stateVersion {
		return nil, fmt.Errorf("%w: version %d", ErrState, version)
	}
	pub, err := roster.Unmarshal(r.Bytes(), verifier)
	if err != nil {
		return nil, err
	}
	s := pub.Suite()
	g := &Group{pub: pub, signer: signer, own: tree.LeafIndex(r.Uint32()), joined: message.Epoch(r.Uint64())}
	g.removed, g.padding = r.Optional(), int(r.Uint16())
	g.keys = readTreeKeys(r, s)
	g.epoch = readEpochSecrets(r)
	g.updates = readUpdates(r, s)
	r.Vector(func(r *syntax.Reader) { g.psks = append(g.psks, PSK{ID: message.ReadPSKID(r), Secret: r.Bytes()}) })
	var epochs []*messageKeys
	r.Vector(func(r *syntax.Reader) {
		if version == 1 {
			epochs = append(epochs, readOldMessageKeys(r, s))
		} else {
			epochs = append(epochs, readMessageKeys(r, s, pub.Tree()))
		}
	})
	if err := r.End(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrState, err)
	}
	if len(epochs) == 0 || len(epochs) > 1+PastEpochs || epochs[0].epoch != g.Epoch() {
		return nil, fmt.Errorf("%w: message keys", ErrState)
	}
	g.current, g.past = epochs[0], epochs[1:]
	return g, g.checkLoaded()
}

// checkLoaded refuses a state whose parts do not belong together.
func (g *Group) checkLoaded() error {
	s := g.pub.Suite()
	leaf := g.pub.Tree().Leaf(g.own)
	if leaf == nil || !bytes.Equal(g.current.context, g.pub.Context().Bytes()) {
		return fmt.Errorf("%w: own leaf or group context", ErrState)
	}
	if len(g.keys.matching(g.pub.Tree())) != len(g.keys) || g.keys[g.own.Node()] == nil {
		return fmt.Errorf("%w: tree keys", ErrState)
	}
	for _, f := range g.epoch.kept() {
		if len(*f) != s.HashSize() {
			return fmt.Errorf("%w: epoch secrets", ErrState)
		}
	}
	key, err := s.SignatureKey(g.signer.Public())
	if err != nil || !bytes.Equal(key, leaf.SignatureKey) {
		return ErrSignerKey
	}
	return nil
}
