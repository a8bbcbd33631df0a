package suite

import (
	"crypto/hpke"

	"crossband/crypto/mls/syntax"
)

// PrivateKey is an HPKE private key. It cannot be compared with == and prints
// as nothing, so that it does not end up in a log by accident.
type PrivateKey struct {
	_   [0]func()
	key hpke.PrivateKey
}

// String hides the key.
func (k *PrivateKey) String() string { return "mls private key" }

// GoString hides the key.
func (k *PrivateKey) GoString() string { return "mls private key" }

// Public is the HPKEPublicKey that belongs to k.
func (k *PrivateKey) Public() []byte { return k.key.PublicKey().Bytes() }

// Bytes is SerializePrivateKey of RFC 9180.
func (k *PrivateKey) Bytes() []byte {
	b, err := k.key.Bytes()
	if err != nil {
		panic("mls suite: internal error: " + err.Error()) // only hardware keys fail here, and none is made
	}
	return b
}

// Ciphertext is HPKECiphertext (RFC 9420 7.6).
type Ciphertext struct {
	KEMOutput  []byte
	Ciphertext []byte
}

// AppendTo appends the encoding of c.
func (c Ciphertext) AppendTo(b []byte) []byte {
	return syntax.AppendBytes(syntax.AppendBytes(b, c.KEMOutput), c.Ciphertext)
}

// ReadCiphertext decodes a Ciphertext.
func ReadCiphertext(r *syntax.Reader) Ciphertext {
	return Ciphertext{KEMOutput: r.Bytes(), Ciphertext: r.Bytes()}
}

// GenerateKey makes a fresh HPKE key.
func (s Suite) GenerateKey() (*PrivateKey, error) {
	k, err := s.kem.GenerateKey()
	if err != nil {
		return nil, err
	}
	return &PrivateKey{key: k}, nil
}

// DeriveKeyPair derives an HPKE key from a secret (RFC 9420 7.4).
func (s Suite) DeriveKeyPair(secret []byte) (*PrivateKey, error) {
	k, err := s.kem.DeriveKeyPair(secret)
	if err != nil {
		return nil, err
	}
	return &PrivateKey{key: k}, nil
}

// ParsePrivateKey reads SerializePrivateKey of RFC 9180.
func (s Suite) ParsePrivateKey(b []byte) (*PrivateKey, error) {
	k, err := s.kem.NewPrivateKey(b)
	if err != nil {
		return nil, ErrPrivateKey
	}
	return &PrivateKey{key: k}, nil
}

// CheckPublicKey refuses HPKE keys that are not of the suite.
func (s Suite) CheckPublicKey(key []byte) error {
	if _, err := s.kem.NewPublicKey(key); err != nil {
		return ErrPublicKey
	}
	return nil
}

// encryptContext is the HPKE info (RFC 9420 5.1.3).
func encryptContext(label string, context []byte) []byte {
	return syntax.AppendBytes(syntax.AppendString(nil, labelPrefix+label), context)
}

// EncryptWithLabel seals plaintext to key (RFC 9420 5.1.3).
func (s Suite) EncryptWithLabel(key []byte, label string, context, plaintext []byte) (Ciphertext, error) {
	pub, err := s.kem.NewPublicKey(key)
	if err != nil {
		return Ciphertext{}, ErrPublicKey
	}
	enc, sender, err := hpke.NewSender(pub, s.kdf, s.aead, encryptContext(label, context))
	if err != nil {
		return Ciphertext{}, ErrPublicKey // an all-zero shared secret (X25519)
	}
	ct, err := sender.Seal(nil, plaintext)
	if err != nil {
		return Ciphertext{}, err
	}
	return Ciphertext{KEMOutput: enc, Ciphertext: ct}, nil
}

// DecryptWithLabel opens what EncryptWithLabel sealed.
func (s Suite) DecryptWithLabel(key *PrivateKey, label string, context []byte, c Ciphertext) ([]byte, error) {
	receiver, err := hpke.NewRecipient(c.KEMOutput, key.key, s.kdf, s.aead, encryptContext(label, context))
	if err != nil {
		return nil, ErrDecrypt
	}
	pt, err := receiver.Open(nil, c.Ciphertext)
	if err != nil {
		return nil, ErrDecrypt
	}
	return pt, nil
}

// externalInitLabel is the exporter context of external joins (RFC 9420 8.3).
const externalInitLabel = "MLS 1.0 external init secret"

// SealExternalInit makes the secret of an external join and its KEM output.
func (s Suite) SealExternalInit(externalPub []byte) (kemOutput, initSecret []byte, err error) {
	pub, err := s.kem.NewPublicKey(externalPub)
	if err != nil {
		return nil, nil, ErrPublicKey
	}
	enc, sender, err := hpke.NewSender(pub, s.kdf, s.aead, nil)
	if err != nil {
		return nil, nil, ErrPublicKey
	}
	initSecret, err = sender.Export(externalInitLabel, s.HashSize())
	return enc, initSecret, err
}

// OpenExternalInit finds the secret that SealExternalInit made.
func (s Suite) OpenExternalInit(key *PrivateKey, kemOutput []byte) ([]byte, error) {
	receiver, err := hpke.NewRecipient(kemOutput, key.key, s.kdf, s.aead, nil)
	if err != nil {
		return nil, ErrDecrypt
	}
	return receiver.Export(externalInitLabel, s.HashSize())
}
