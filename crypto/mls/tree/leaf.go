package tree

import (
	"crypto"
	"fmt"
	"slices"
	"time"

	"crossband/crypto/mls/suite"
	"crossband/crypto/mls/syntax"
)

// LeafSource says in which object a leaf node was made (RFC 9420 7.2).
type LeafSource uint8

// The sources.
const (
	SourceKeyPackage LeafSource = 1
	SourceUpdate     LeafSource = 2
	SourceCommit     LeafSource = 3
)

// Lifetime is the time in which a key package may be used, in Unix seconds.
type Lifetime struct {
	NotBefore uint64
	NotAfter  uint64
}

// LifetimeSkew is the clock difference forgiven when another member's Add is
// judged: RFC 9420 7.3 only recommends that check, and a receiver whose clock
// is a little off must not fall out of the group by it. Making an Add is strict.
const LifetimeSkew = time.Hour

// Check refuses a lifetime that does not hold now, give or take skew.
func (l Lifetime) Check(now time.Time, skew time.Duration) error {
	t := now.Unix()
	early, late := t+int64(skew/time.Second), t-int64(skew/time.Second)
	if early < 0 || uint64(early) < l.NotBefore {
		return fmt.Errorf("%w: not valid before %d, it is %d", ErrLifetime, l.NotBefore, t)
	}
	if late > 0 && uint64(late) > l.NotAfter {
		return fmt.Errorf("%w: not valid after %d, it is %d", ErrLifetime, l.NotAfter, t)
	}
	return nil
}

// LeafNode is a member's public part (RFC 9420 7.2). It is never changed after
// it was signed or decoded; trees share it.
type LeafNode struct {
	EncryptionKey []byte
	SignatureKey  []byte
	Credential    Credential
	Capabilities  Capabilities
	Source        LeafSource
	Lifetime      Lifetime // SourceKeyPackage only
	ParentHash    []byte   // SourceCommit only
	Extensions    Extensions
	Signature     []byte
}

func (l *LeafNode) appendUnsigned(b []byte) []byte {
	b = syntax.AppendBytes(b, l.EncryptionKey)
	b = syntax.AppendBytes(b, l.SignatureKey)
	b = l.Credential.AppendTo(b)
	b = l.Capabilities.AppendTo(b)
	b = append(b, byte(l.Source))
	switch l.Source {
	case SourceKeyPackage:
		b = syntax.AppendUint64(b, l.Lifetime.NotBefore)
		b = syntax.AppendUint64(b, l.Lifetime.NotAfter)
	case SourceCommit:
		b = syntax.AppendBytes(b, l.ParentHash)
	}
	return l.Extensions.AppendTo(b)
}

// AppendTo appends the encoding of l.
func (l *LeafNode) AppendTo(b []byte) []byte {
	return syntax.AppendBytes(l.appendUnsigned(b), l.Signature)
}

// ReadLeafNode decodes a leaf node.
func ReadLeafNode(r *syntax.Reader) *LeafNode {
	l := &LeafNode{
		EncryptionKey: r.Bytes(),
		SignatureKey:  r.Bytes(),
		Credential:    ReadCredential(r),
		Capabilities:  ReadCapabilities(r),
		Source:        LeafSource(r.Uint8()),
	}
	switch l.Source {
	case SourceKeyPackage:
		l.Lifetime = Lifetime{NotBefore: r.Uint64(), NotAfter: r.Uint64()}
	case SourceUpdate:
	case SourceCommit:
		l.ParentHash = r.Bytes()
	default:
		r.Refuse("leaf node source", uint64(l.Source))
	}
	l.Extensions = ReadExtensions(r)
	l.Signature = r.Bytes()
	return l
}

const leafLabel = "LeafNodeTBS"

// tbs is LeafNodeTBS: leaves made inside a group are bound to their place in it.
func (l *LeafNode) tbs(groupID []byte, at LeafIndex) []byte {
	b := l.appendUnsigned(nil)
	if l.Source != SourceKeyPackage {
		b = syntax.AppendUint32(syntax.AppendBytes(b, groupID), uint32(at))
	}
	return b
}

// Sign sets the signature. It is called once, before the leaf is shared.
func (l *LeafNode) Sign(s suite.Suite, signer crypto.Signer, groupID []byte, at LeafIndex) error {
	sig, err := s.SignWithLabel(signer, leafLabel, l.tbs(groupID, at))
	l.Signature = sig
	return err
}

// VerifySignature checks the signature.
func (l *LeafNode) VerifySignature(s suite.Suite, groupID []byte, at LeafIndex) error {
	return s.VerifyWithLabel(l.SignatureKey, leafLabel, l.tbs(groupID, at), l.Signature)
}

// Check judges a leaf by itself (RFC 9420 7.3): keys, credential, signature,
// and that its capabilities cover what it and the group use. The credential's
// chain is the verifier's business, and keys that stand twice are the tree's.
func (l *LeafNode) Check(s suite.Suite, groupID []byte, at LeafIndex, group Extensions) error {
	return l.judge(s, groupID, at, group, Checks{})
}

func (l *LeafNode) judge(s suite.Suite, groupID []byte, at LeafIndex, group Extensions, c Checks) error {
	if err := s.CheckPublicKey(l.EncryptionKey); err != nil {
		return fmt.Errorf("encryption key: %w", err)
	}
	if err := s.CheckSignatureKey(l.SignatureKey); err != nil {
		return fmt.Errorf("signature key: %w", err)
	}
	if err := l.Credential.check(s, l.SignatureKey); err != nil {
		return err
	}
	if err := l.Extensions.check(); err != nil {
		return err
	}
	if err := l.checkCapabilities(group); err != nil {
		return err
	}
	tbs := l.tbs(groupID, at)
	return c.once(
		func() Digest { return l.signatureDigest(s, tbs) },
		func() error { return s.VerifyWithLabel(l.SignatureKey, leafLabel, tbs, l.Signature) },
	)
}

// checkCapabilities: RFC 9420 7.3 (own extensions and credential are listed,
// required capabilities are met) and 13.4 (group context extensions are known).
func (l *LeafNode) checkCapabilities(group Extensions) error {
	c := l.Capabilities
	if !slices.Contains(c.Credentials, l.Credential.Type) {
		return fmt.Errorf("%w: own credential type %d is not listed", ErrCapabilities, l.Credential.Type)
	}
	for _, x := range l.Extensions {
		if !c.supports(x.Type) {
			return fmt.Errorf("%w: own extension %#04x is not listed", ErrCapabilities, uint16(x.Type))
		}
	}
	for _, x := range group {
		if !c.supports(x.Type) {
			return fmt.Errorf("%w: group context extension %#04x is not listed", ErrCapabilities, uint16(x.Type))
		}
	}
	q, ok, err := group.Required()
	if err != nil || !ok {
		return err
	}
	return q.met(c)
}
