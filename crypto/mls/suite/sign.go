package suite

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"fmt"

	"crossband/crypto/mls/syntax"
)

// signContent is the octets that are signed (RFC 9420 5.1.2).
func signContent(label string, content []byte) []byte {
	return syntax.AppendBytes(syntax.AppendString(nil, labelPrefix+label), content)
}

// SignWithLabel signs content under label (RFC 9420 5.1.2).
func (s Suite) SignWithLabel(signer crypto.Signer, label string, content []byte) ([]byte, error) {
	if _, err := s.SignatureKey(signer.Public()); err != nil {
		return nil, err
	}
	msg := signContent(label, content)
	if s.curve == nil {
		return signer.Sign(rand.Reader, msg, crypto.Hash(0))
	}
	return signer.Sign(rand.Reader, s.Hash(msg), s.hash)
}

// VerifyWithLabel checks a signature made by SignWithLabel.
func (s Suite) VerifyWithLabel(key []byte, label string, content, signature []byte) error {
	msg := signContent(label, content)
	if s.curve == nil {
		if len(key) != ed25519.PublicKeySize {
			return ErrPublicKey
		}
		if !ed25519.Verify(ed25519.PublicKey(key), msg, signature) {
			return fmt.Errorf("%w (%s)", ErrSignature, label)
		}
		return nil
	}
	// RFC 9420 5.1.1: ECDSA keys are uncompressed points; this refuses every
	// other form and points off the curve.
	pub, err := ecdsa.ParseUncompressedPublicKey(s.curve, key)
	if err != nil {
		return ErrPublicKey
	}
	if !ecdsa.VerifyASN1(pub, s.Hash(msg), signature) {
		return fmt.Errorf("%w (%s)", ErrSignature, label)
	}
	return nil
}

// SignatureKey encodes a public key as SignaturePublicKey (RFC 9420 5.1.1). A
// key of another type or curve than the suite's is an error.
func (s Suite) SignatureKey(pub crypto.PublicKey) ([]byte, error) {
	switch k := pub.(type) {
	case ed25519.PublicKey:
		if s.curve == nil && len(k) == ed25519.PublicKeySize {
			return append([]byte(nil), k...), nil
		}
	case *ecdsa.PublicKey:
		if s.curve != nil && k != nil && k.Curve == s.curve {
			b, err := k.Bytes()
			if err != nil {
				return nil, ErrPublicKey
			}
			return b, nil
		}
	}
	return nil, ErrSigner
}

// CheckSignatureKey refuses keys that are not of the suite.
func (s Suite) CheckSignatureKey(key []byte) error {
	if s.curve == nil {
		if len(key) != ed25519.PublicKeySize {
			return ErrPublicKey
		}
		return nil
	}
	if _, err := ecdsa.ParseUncompressedPublicKey(s.curve, key); err != nil {
		return ErrPublicKey
	}
	return nil
}
