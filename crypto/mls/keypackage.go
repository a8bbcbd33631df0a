package mls

import (
	"bytes"
	"crypto"
	"fmt"
	"time"

	"crossband/crypto/mls/message"
	"crossband/crypto/mls/suite"
	"crossband/crypto/mls/syntax"
	"crossband/crypto/mls/tree"
)

// Identity is who we are in a group: a key and what vouches for it. For X.509
// the certificate's public key must be the signer's.
type Identity struct {
	Signer     crypto.Signer
	Credential tree.Credential
}

// newLeaf is a leaf node without encryption key and signature.
func (id Identity) newLeaf(s suite.Suite) (tree.LeafNode, error) {
	key, err := s.SignatureKey(id.Signer.Public())
	if err != nil {
		return tree.LeafNode{}, err
	}
	return tree.LeafNode{SignatureKey: key, Credential: id.Credential, Capabilities: tree.DefaultCapabilities()}, nil
}

// KeyPackageSecret is the private half of a key package. The owner keeps it
// until a Welcome used it, and then deletes it, unless it is a last resort.
type KeyPackageSecret struct {
	Package *tree.KeyPackage
	Init    *suite.PrivateKey
	Leaf    *suite.PrivateKey
}

// KeyPackageOptions says how to make a key package.
type KeyPackageOptions struct {
	Suite     suite.ID
	NotBefore time.Time
	NotAfter  time.Time
	// LastResort marks a package that may be used when no other is left
	// (extension last_resort).
	LastResort bool
}

// NewKeyPackage makes a key package (RFC 9420 10), returned as an MLSMessage to
// publish, and its secret to keep.
func NewKeyPackage(id Identity, o KeyPackageOptions) (msg []byte, secret *KeyPackageSecret, err error) {
	s, err := suite.Lookup(o.Suite)
	if err != nil {
		return nil, nil, err
	}
	leaf, err := id.newLeaf(s)
	if err != nil {
		return nil, nil, err
	}
	secret = &KeyPackageSecret{}
	if secret.Init, err = s.GenerateKey(); err != nil {
		return nil, nil, err
	}
	if secret.Leaf, err = s.GenerateKey(); err != nil {
		return nil, nil, err
	}
	leaf.EncryptionKey, leaf.Source = secret.Leaf.Public(), tree.SourceKeyPackage
	leaf.Lifetime = tree.Lifetime{NotBefore: uint64(max(o.NotBefore.Unix(), 0)), NotAfter: uint64(max(o.NotAfter.Unix(), 0))}
	if err := leaf.Sign(s, id.Signer, nil, 0); err != nil {
		return nil, nil, err
	}
	kp := &tree.KeyPackage{Version: tree.Version, Suite: o.Suite, InitKey: secret.Init.Public(), Leaf: &leaf}
	if o.LastResort {
		kp.Extensions = tree.Extensions{{Type: tree.ExtensionLastResort}}
	}
	if err := kp.Sign(s, id.Signer); err != nil {
		return nil, nil, err
	}
	if err := kp.Check(s, nil); err != nil {
		return nil, nil, err
	}
	secret.Package = kp
	return (&message.Message{Format: message.FormatKeyPackage, KeyPackage: kp}).Bytes(), secret, nil
}

// Ref is the reference by which a Welcome names the package.
func (k *KeyPackageSecret) Ref() []byte {
	s, err := suite.Lookup(k.Package.Suite)
	if err != nil {
		return nil
	}
	return k.Package.Ref(s)
}

// MarshalBinary saves the secret: KeyPackage<V>, init key<V>, leaf key<V>.
func (k *KeyPackageSecret) MarshalBinary() ([]byte, error) {
	b := syntax.AppendBytes(nil, k.Package.AppendTo(nil))
	b = syntax.AppendBytes(b, k.Init.Bytes())
	return syntax.AppendBytes(b, k.Leaf.Bytes()), nil
}

// UnmarshalKeyPackageSecret loads what MarshalBinary saved.
func UnmarshalKeyPackageSecret(data []byte) (*KeyPackageSecret, error) {
	r := syntax.NewReader(bytes.Clone(data))
	kp, initKey, leafKey := r.Bytes(), r.Bytes(), r.Bytes()
	if err := r.End(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrState, err)
	}
	k := &KeyPackageSecret{}
	var err error
	if k.Package, err = tree.ParseKeyPackage(kp); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrState, err)
	}
	s, err := suite.Lookup(k.Package.Suite)
	if err != nil {
		return nil, err
	}
	if k.Init, err = s.ParsePrivateKey(initKey); err != nil {
		return nil, err
	}
	if k.Leaf, err = s.ParsePrivateKey(leafKey); err != nil {
		return nil, err
	}
	return k, k.check()
}

// check refuses private keys that do not belong to the package.
func (k *KeyPackageSecret) check() error {
	if !bytes.Equal(k.Init.Public(), k.Package.InitKey) || !bytes.Equal(k.Leaf.Public(), k.Package.Leaf.EncryptionKey) {
		return fmt.Errorf("%w: private keys do not belong to the key package", ErrState)
	}
	return nil
}
