package mls

import (
	"bytes"
	"fmt"

	"crossband/crypto/mls/message"
	"crossband/crypto/mls/roster"
	"crossband/crypto/mls/tree"
)

// Received is an application message that was opened.
type Received struct {
	Sender       tree.LeafIndex
	SignatureKey []byte // the sender's in that epoch
	Epoch        message.Epoch
	AAD          []byte
	Plaintext    []byte
}

// Encrypt makes an application message: a PrivateMessage in an MLSMessage. aad is
// authenticated but readable by everybody. Save the group before sending it.
func (g *Group) Encrypt(plaintext, aad []byte) ([]byte, error) {
	if err := g.open(); err != nil {
		return nil, err
	}
	ac := g.content(message.Content{Type: message.ContentApplication, Application: plaintext, AAD: aad}, true)
	if err := g.sign(ac); err != nil {
		return nil, err
	}
	return g.frame(ac)
}

// Decrypt opens an application message of this epoch or of the last PastEpochs.
// Messages may come out of order, each once.
func (g *Group) Decrypt(msg []byte) (*Received, error) {
	if err := g.usable(); err != nil {
		return nil, err
	}
	pm, err := parseApplication(msg)
	if err != nil {
		return nil, err
	}
	keys, err := g.keysFor(pm)
	if err != nil {
		return nil, err
	}
	return keys.decrypt(pm, g.own)
}

func parseApplication(msg []byte) (*message.PrivateMessage, error) {
	m, err := message.ParseAs(msg, message.FormatPrivate)
	if err != nil {
		return nil, err
	}
	if m.Private.Type != message.ContentApplication {
		return nil, fmt.Errorf("%w: a handshake message", message.ErrNotThisKind)
	}
	return m.Private, nil
}

// decrypt opens an application message and uses its key up.
func (k *messageKeys) decrypt(pm *message.PrivateMessage, own tree.LeafIndex) (*Received, error) {
	ac, keep, err := k.open(pm, own)
	if err != nil {
		return nil, err
	}
	keep()
	sender := ac.Content.Sender.Leaf
	return &Received{
		Sender: sender, SignatureKey: bytes.Clone(k.signer(sender)), Epoch: pm.Epoch,
		AAD: pm.AAD, Plaintext: ac.Content.Application,
	}, nil
}

// keysFor finds the keys of a message's epoch.
func (g *Group) keysFor(pm *message.PrivateMessage) (*messageKeys, error) {
	if !bytes.Equal(pm.GroupID, g.current.groupID) {
		return nil, roster.ErrGroupID
	}
	if pm.Epoch > g.current.epoch {
		return nil, fmt.Errorf("%w: %d, now %d", roster.ErrFutureEpoch, pm.Epoch, g.current.epoch)
	}
	if k := g.messageKeysOf(pm.Epoch); k != nil {
		return k, nil
	}
	return nil, fmt.Errorf("%w: epoch %d, now %d", ErrNoEpochKeys, pm.Epoch, g.current.epoch)
}

// ForgetPast drops the keys of past epochs now, as when a member was removed
// and late messages are no longer worth it.
func (g *Group) ForgetPast() {
	for _, k := range g.past {
		k.erase()
	}
	g.past = nil
}
