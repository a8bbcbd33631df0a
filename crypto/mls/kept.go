package mls

import (
	"bytes"
	"fmt"
	"slices"

	"crossband/crypto/mls/message"
	"crossband/crypto/mls/suite"
	"crossband/crypto/mls/syntax"
	"crossband/crypto/mls/tree"
)

// EpochKeys opens what some members sealed in one epoch, for as long as it is kept:
// it outlives the group's own memory of PastEpochs. It holds those members'
// application ratchets as they stood, and nothing of handshakes, of other members,
// or of other epochs. Each message opens once. Save it after every Decrypt.
type EpochKeys struct {
	keys *messageKeys
	own  tree.LeafIndex
	_    [0]func() // not comparable
}

// HasEpoch reports whether the group still has an epoch's keys.
func (g *Group) HasEpoch(e message.Epoch) bool { return g.messageKeysOf(e) != nil }

// KeepEpoch copies what opens messages of the given signature keys' owners in an
// epoch. It is for the moment before the group forgets the epoch: as long as both
// have the keys, a message opens by each. A group that we have been removed from
// still has them, until it is wiped.
func (g *Group) KeepEpoch(e message.Epoch, keys [][]byte) (*EpochKeys, error) {
	k := g.messageKeysOf(e)
	if k == nil {
		return nil, fmt.Errorf("%w: epoch %d, now %d", ErrNoEpochKeys, e, g.current.epoch)
	}
	kept := &messageKeys{
		suite: k.suite, groupID: bytes.Clone(k.groupID), epoch: k.epoch, context: bytes.Clone(k.context),
		senderData: bytes.Clone(k.senderData), signers: signers{apart: make(map[tree.LeafIndex][]byte)},
		secrets: newSecretTree(k.suite, k.secrets.leaves, nil),
	}
	clear(kept.secrets.nodes) // the ratchets are all that is wanted
	for at := range tree.LeafIndex(k.secrets.leaves) {
		key := k.signer(at)
		if key == nil || !slices.ContainsFunc(keys, func(s []byte) bool { return bytes.Equal(s, key) }) {
			continue
		}
		id := ratchetID{at, applicationRatchet}
		r, _, err := k.secrets.find(id)
		if err != nil {
			return nil, err
		}
		kept.signers.apart[at] = bytes.Clone(key)
		kept.secrets.ratchets[id] = r.clone()
	}
	return &EpochKeys{keys: kept, own: g.own}, nil
}

// Decrypt opens a message of the epoch by one of the members whose keys are kept.
func (k *EpochKeys) Decrypt(msg []byte) (*Received, error) {
	pm, err := parseApplication(msg)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(pm.GroupID, k.keys.groupID) || pm.Epoch != k.keys.epoch {
		return nil, fmt.Errorf("%w: epoch %d, kept is %d", ErrNoEpochKeys, pm.Epoch, k.keys.epoch)
	}
	return k.keys.decrypt(pm, k.own)
}

// Wipe overwrites the secrets. The keys are of no use afterwards.
func (k *EpochKeys) Wipe() { k.keys.erase() }

// keptVersion is the first octet of saved EpochKeys.
const keptVersion = 2

// MarshalBinary saves the keys; the bytes are as secret as they: version u8, suite
// u16, own leaf u32, message keys.
func (k *EpochKeys) MarshalBinary() ([]byte, error) {
	b := syntax.AppendUint16([]byte{keptVersion}, uint16(k.keys.suite.ID()))
	return k.keys.appendTo(syntax.AppendUint32(b, uint32(k.own)), nil), nil
}

// UnmarshalEpochKeys loads saved keys.
func UnmarshalEpochKeys(data []byte) (*EpochKeys, error) {
	r := syntax.NewReader(bytes.Clone(data))
	v := r.Uint8()
	if v < 1 || v > keptVersion {
		return nil, fmt.Errorf("%w: version %d", ErrState, v)
	}
	s, err := suite.Lookup(suite.ID(r.Uint16()))
	if err != nil {
		return nil, err
	}
	k := &EpochKeys{own: tree.LeafIndex(r.Uint32())}
	if v == 1 {
		k.keys = readOldMessageKeys(r, s)
	} else {
		k.keys = readMessageKeys(r, s, nil)
	}
	if err := r.End(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrState, err)
	}
	return k, nil
}

// messageKeysOf finds an epoch's keys, or nil.
func (g *Group) messageKeysOf(e message.Epoch) *messageKeys {
	for _, k := range append([]*messageKeys{g.current}, g.past...) {
		if k.epoch == e {
			return k
		}
	}
	return nil
}

func (r *ratchet) clone() *ratchet {
	c := &ratchet{secret: bytes.Clone(r.secret), next: r.next, skipped: make(map[uint32]keyNonce, len(r.skipped))}
	for g, k := range r.skipped {
		c.skipped[g] = keyNonce{bytes.Clone(k.key), bytes.Clone(k.nonce)}
	}
	return c
}
