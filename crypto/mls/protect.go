package mls

import (
	"fmt"

	"crossband/crypto/mls/message"
	"crossband/crypto/mls/suite"
	"crossband/crypto/mls/syntax"
	"crossband/crypto/mls/tree"
)

// messageKeys opens and seals the messages of one epoch. It outlives the epoch
// a little, for messages that come late.
type messageKeys struct {
	suite      suite.Suite
	groupID    []byte
	epoch      message.Epoch
	context    []byte // encoded group context: part of what is signed
	senderData []byte
	signers    signers
	secrets    *secretTree
}

// newMessageKeys takes over the encryption and sender data secrets of e.
func newMessageKeys(s suite.Suite, ctx message.GroupContext, t *tree.Tree, e *epochSecrets) *messageKeys {
	k := &messageKeys{
		suite: s, groupID: ctx.GroupID, epoch: ctx.Epoch, context: ctx.Bytes(), senderData: e.senderData,
		signers: signers{tree: t}, secrets: newSecretTree(s, t.LeafCount(), e.encryption),
	}
	e.encryption, e.senderData = nil, nil
	return k
}

// reuseGuardLen is the length of SenderData.reuse_guard (RFC 9420 6.3.2).
const reuseGuardLen = 4

// senderDataKey comes from the secret and the beginning of the ciphertext
// (RFC 9420 6.3.2).
func senderDataKey(s suite.Suite, secret, ciphertext []byte) keyNonce {
	sample := ciphertext[:min(len(ciphertext), s.HashSize())]
	return keyNonce{
		key:   s.Derive(secret, "key", sample, s.KeySize()),
		nonce: s.Derive(secret, "nonce", sample, s.NonceSize()),
	}
}

func kindOf(t message.ContentType) ratchetKind {
	if t == message.ContentApplication {
		return applicationRatchet
	}
	return handshakeRatchet
}

// seal makes a PrivateMessage (RFC 9420 6.3.1) and uses up a key. The content is
// filled with zeros to a multiple of bucket octets, if bucket is positive.
func (k *messageKeys) seal(ac *message.AuthenticatedContent, bucket int) (*message.PrivateMessage, error) {
	c := &ac.Content
	plain := ac.Auth.AppendTo(c.AppendBody(nil), c.Type)
	if bucket > 0 && len(plain)%bucket != 0 {
		plain = append(plain, make([]byte, bucket-len(plain)%bucket)...)
	}
	mk, err := k.secrets.send(ratchetID{c.Sender.Leaf, kindOf(c.Type)})
	if err != nil {
		return nil, err
	}
	mk.keep()
	defer mk.erase()
	pm := &message.PrivateMessage{GroupID: c.GroupID, Epoch: c.Epoch, Type: c.Type, AAD: c.AAD}
	guard := randomBytes(reuseGuardLen)
	pm.Ciphertext, err = sealAEAD(k.suite, mk.guarded(guard), pm.AppendAAD(nil), plain)
	if err != nil {
		return nil, err
	}
	data := syntax.AppendUint32(nil, uint32(c.Sender.Leaf))
	data = append(syntax.AppendUint32(data, mk.generation), guard...)
	sk := senderDataKey(k.suite, k.senderData, pm.Ciphertext)
	pm.SenderData, err = sealAEAD(k.suite, sk, pm.AppendSenderDataAAD(nil), data)
	return pm, err
}

// open undoes seal and checks the signature. The key is used up when the caller
// calls keep; until then nothing has changed.
func (k *messageKeys) open(pm *message.PrivateMessage, own tree.LeafIndex) (ac *message.AuthenticatedContent, keep func(), err error) {
	sk := senderDataKey(k.suite, k.senderData, pm.Ciphertext)
	data, err := openAEAD(k.suite, sk, pm.AppendSenderDataAAD(nil), pm.SenderData)
	if err != nil {
		return nil, nil, fmt.Errorf("sender data: %w", err)
	}
	r := syntax.NewReader(data)
	leaf, generation, guard := tree.LeafIndex(r.Uint32()), r.Uint32(), r.Fixed(reuseGuardLen)
	if err := r.End(); err != nil {
		return nil, nil, fmt.Errorf("sender data: %w", err)
	}
	if k.signer(leaf) == nil {
		return nil, nil, fmt.Errorf("%w: sender %d", tree.ErrNoLeaf, leaf)
	}
	id := ratchetID{leaf, kindOf(pm.Type)}
	if leaf == own && k.secrets.sent(id, generation) {
		return nil, nil, ErrOwnMessage
	}
	mk, err := k.secrets.receive(id, generation)
	if err != nil {
		return nil, nil, err
	}
	defer mk.erase()
	plain, err := openAEAD(k.suite, mk.guarded(guard), pm.AppendAAD(nil), pm.Ciphertext)
	if err != nil {
		return nil, nil, err
	}
	ac, err = readSealed(pm, leaf, plain)
	if err != nil {
		return nil, nil, err
	}
	err = k.suite.VerifyWithLabel(k.signer(leaf), message.ContentLabel, ac.TBS(k.context), ac.Auth.Signature)
	if err == nil && leaf == own {
		// We signed it, and this state has not sent it: it was put back to what
		// it was before, and would use the same keys once more.
		return nil, nil, ErrRolledBack
	}
	return ac, mk.keep, err
}

// guarded mixes the reuse guard into the nonce (RFC 9420 6.3.1).
func (k keyNonce) guarded(guard []byte) keyNonce {
	nonce := append([]byte(nil), k.nonce...)
	for i := range guard {
		nonce[i] ^= guard[i]
	}
	return keyNonce{k.key, nonce}
}

// readSealed decodes PrivateMessageContent (RFC 9420 6.3.1). Any number of zero
// octets may follow as padding, and nothing else.
func readSealed(pm *message.PrivateMessage, leaf tree.LeafIndex, plain []byte) (*message.AuthenticatedContent, error) {
	r := syntax.NewReader(plain)
	ac := &message.AuthenticatedContent{WireFormat: message.FormatPrivate, Content: message.Content{
		GroupID: pm.GroupID, Epoch: pm.Epoch, Sender: message.Member(leaf), AAD: pm.AAD, Type: pm.Type,
	}}
	ac.Content.ReadBody(r)
	ac.Auth = message.ReadAuth(r, pm.Type)
	for _, b := range r.Rest() {
		if b != 0 {
			return nil, ErrPadding
		}
	}
	return ac, r.Err()
}

func sealAEAD(s suite.Suite, k keyNonce, aad, plain []byte) ([]byte, error) {
	a, err := s.AEAD(k.key)
	if err != nil {
		return nil, err
	}
	return a.Seal(nil, k.nonce, plain, aad), nil
}

func openAEAD(s suite.Suite, k keyNonce, aad, sealed []byte) ([]byte, error) {
	a, err := s.AEAD(k.key)
	if err != nil {
		return nil, err
	}
	plain, err := a.Open(nil, k.nonce, sealed, aad)
	if err != nil {
		return nil, suite.ErrDecrypt
	}
	return plain, nil
}

// erase overwrites all secrets. The keys open and seal nothing afterwards.
func (k *messageKeys) erase() {
	clear(k.senderData)
	for _, n := range k.secrets.nodes {
		clear(n)
	}
	for _, r := range k.secrets.ratchets {
		clear(r.secret)
		for _, s := range r.skipped {
			s.erase()
		}
		clear(r.skipped)
	}
}

// signer is the signature key of a leaf in the epoch, nil if nobody sits there.
func (k *messageKeys) signer(at tree.LeafIndex) []byte {
	if tree.LeafCount(at) >= k.secrets.leaves {
		return nil
	}
	return k.signers.key(at)
}

// appendTo saves the keys: group context<V>, sender data secret<V>, the signers that
// are not those of the tree t, the secret tree.
func (k *messageKeys) appendTo(b []byte, t *tree.Tree) []byte {
	b = syntax.AppendBytes(b, k.context)
	b = syntax.AppendBytes(b, k.senderData)
	return k.secrets.appendTo(k.signers.against(t).appendTo(b))
}

// readMessageKeys reads what appendTo saved.
func readMessageKeys(r *syntax.Reader, s suite.Suite, t *tree.Tree) *messageKeys {
	k := readContext(r, s)
	k.signers = readSigners(r, t)
	k.secrets = readSecretTree(r, s)
	return k
}

// readOldMessageKeys reads them as versions 1 were saved, with every leaf's signer.
func readOldMessageKeys(r *syntax.Reader, s suite.Suite) *messageKeys {
	k := readContext(r, s)
	var leaves int
	k.signers, leaves = readAllSigners(r)
	k.secrets = readSecretTree(r, s)
	if leaves != int(k.secrets.leaves) {
		r.Refuse("number of signers", uint64(leaves))
	}
	return k
}

func readContext(r *syntax.Reader, s suite.Suite) *messageKeys {
	k := &messageKeys{suite: s, context: r.Bytes()}
	cr := syntax.NewReader(k.context)
	ctx := message.ReadGroupContext(cr)
	if err := cr.End(); err != nil {
		r.Fail(err)
	}
	k.groupID, k.epoch = ctx.GroupID, ctx.Epoch
	k.senderData = append([]byte(nil), r.Bytes()...)
	return k
}
