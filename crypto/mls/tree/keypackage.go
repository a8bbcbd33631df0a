package tree

import (
	"bytes"
	"crypto"
	"fmt"
	"slices"

	"crossband/crypto/mls/suite"
	"crossband/crypto/mls/syntax"
)

// Version is the protocol version mls10.
const Version = 1

// KeyPackage is an invitation to add its owner to a group (RFC 9420 10).
type KeyPackage struct {
	Version    uint16
	Suite      suite.ID
	InitKey    []byte
	Leaf       *LeafNode
	Extensions Extensions
	Signature  []byte
}

func (k *KeyPackage) appendUnsigned(b []byte) []byte {
	b = syntax.AppendUint16(b, k.Version)
	b = syntax.AppendUint16(b, uint16(k.Suite))
	b = syntax.AppendBytes(b, k.InitKey)
	b = k.Leaf.AppendTo(b)
	return k.Extensions.AppendTo(b)
}

// AppendTo appends the encoding of k.
func (k *KeyPackage) AppendTo(b []byte) []byte {
	return syntax.AppendBytes(k.appendUnsigned(b), k.Signature)
}

// ReadKeyPackage decodes a key package.
func ReadKeyPackage(r *syntax.Reader) *KeyPackage {
	return &KeyPackage{
		Version:    r.Uint16(),
		Suite:      suite.ID(r.Uint16()),
		InitKey:    r.Bytes(),
		Leaf:       ReadLeafNode(r),
		Extensions: ReadExtensions(r),
		Signature:  r.Bytes(),
	}
}

// ParseKeyPackage decodes a bare KeyPackage and nothing after it.
func ParseKeyPackage(b []byte) (*KeyPackage, error) {
	r := syntax.NewReader(bytes.Clone(b))
	k := ReadKeyPackage(r)
	if err := r.End(); err != nil {
		return nil, err
	}
	return k, nil
}

const keyPackageLabel = "KeyPackageTBS"

// Sign sets the signature.
func (k *KeyPackage) Sign(s suite.Suite, signer crypto.Signer) error {
	sig, err := s.SignWithLabel(signer, keyPackageLabel, k.appendUnsigned(nil))
	k.Signature = sig
	return err
}

// Ref is the name by which a Welcome finds its reader (RFC 9420 5.2).
func (k *KeyPackage) Ref(s suite.Suite) []byte {
	return s.RefHash("MLS 1.0 KeyPackage Reference", k.AppendTo(nil))
}

// LastResort reports whether the owner allows it to be used more than once.
func (k *KeyPackage) LastResort() bool {
	_, ok := k.Extensions.Find(ExtensionLastResort)
	return ok
}

// Check judges a key package for a group of suite s with the given group
// context extensions (RFC 9420 10.1). A directory passes no extensions.
// The lifetime and the credential's chain are checked by the caller.
func (k *KeyPackage) Check(s suite.Suite, group Extensions) error {
	if k.Version != Version {
		return fmt.Errorf("%w: %d", ErrVersion, k.Version)
	}
	if k.Suite != s.ID() {
		return fmt.Errorf("%w: key package is for %d, group has %d", ErrSuiteMismatch, k.Suite, s.ID())
	}
	if k.Leaf.Source != SourceKeyPackage {
		return fmt.Errorf("%w: key package with source %d", ErrLeafSource, k.Leaf.Source)
	}
	if !slices.Contains(k.Leaf.Capabilities.Versions, Version) || !slices.Contains(k.Leaf.Capabilities.Suites, k.Suite) {
		return fmt.Errorf("%w: the key package's own version or suite is not listed", ErrCapabilities)
	}
	if err := s.CheckPublicKey(k.InitKey); err != nil {
		return fmt.Errorf("init key: %w", err)
	}
	if bytes.Equal(k.InitKey, k.Leaf.EncryptionKey) {
		return ErrSameKey
	}
	if err := k.Extensions.check(); err != nil {
		return err
	}
	if err := k.Leaf.Check(s, nil, 0, group); err != nil {
		return fmt.Errorf("leaf node: %w", err)
	}
	return s.VerifyWithLabel(k.Leaf.SignatureKey, keyPackageLabel, k.appendUnsigned(nil), k.Signature)
}
