package identity

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/fips140"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"

	"golang.org/x/crypto/scrypt"
)

const (
	plainKeyBlock    = "PRIVATE KEY" // PKCS #8
	sealedKeyBlock   = "CROSSBAND ENCRYPTED KEY"
	approvedKeyBlock = "CROSSBAND PBKDF2 ENCRYPTED KEY" // sealed in FIPS 140-3 mode
)

// The cost of a passphrase: scrypt with 32 MiB, about 0.1 s. It is fixed, so
// that a file cannot ask for more. FIPS 140-3 does not approve scrypt: where
// that mode is in force it is PBKDF2 with HMAC-SHA-256 (SP 800-132), about
// 0.2 s, which costs whoever guesses no memory and so protects less well.
const (
	scryptN  = 1 << 15
	scryptR  = 8
	scryptP  = 1
	pbkdf2N  = 600_000
	saltSize = 16
)

// ErrNotApproved says that FIPS 140-3 mode is in force and what was asked for
// is not approved there.
var ErrNotApproved = errors.New("not approved by FIPS 140-3, whose mode is in force")

// GenerateKey makes a device key on elliptic.P256() or elliptic.P384(): the
// curve of the MLS suite the device is to be a member with, since its
// certificate is its credential there.
func GenerateKey(curve elliptic.Curve) (*ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make key: %w", err)
	}
	if _, err := strongKey(key.Public()); err != nil {
		return nil, err
	}
	return key, nil
}

// SaveKey writes a key to path, mode 0600, under a passphrase if that is not
// empty. An existing file is refused as Exists.
func SaveKey(path string, key *ecdsa.PrivateKey, passphrase []byte) error {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return fmt.Errorf("encode key: %w", err)
	}
	block := &pem.Block{Type: plainKeyBlock, Bytes: der}
	if len(passphrase) > 0 {
		sealed, err := sealKey(der, passphrase, fips140.Enabled())
		if err != nil {
			return err
		}
		block = &pem.Block{Type: sealedKeyBlock, Bytes: sealed}
		if fips140.Enabled() {
			block.Type = approvedKeyBlock
		}
	}
	err = createFile(path, pem.EncodeToMemory(block))
	if exists(err) {
		return refuse(Exists, "key file %s exists and is not overwritten", path)
	}
	return err
}

// LoadKey reads a key that SaveKey wrote. It refuses a file that others may
// read as Exposed, naming its mode, and a wrong or missing passphrase as
// BadPassphrase.
func LoadKey(path string, passphrase []byte) (*ecdsa.PrivateKey, error) {
	data, err := readSecret(path)
	if err != nil {
		return nil, err
	}
	block, rest := pem.Decode(data)
	if block == nil || len(rest) != 0 {
		return nil, refuse(Malformed, "%s is not one PEM block", path)
	}
	der := block.Bytes
	switch block.Type {
	case plainKeyBlock:
	case sealedKeyBlock, approvedKeyBlock:
		if block.Type == sealedKeyBlock && fips140.Enabled() {
			return nil, fmt.Errorf("key file %s is sealed by scrypt: %w", path, ErrNotApproved)
		}
		if der, err = openKey(der, passphrase, block.Type == approvedKeyBlock); err != nil {
			return nil, within("key file "+path, err)
		}
	default:
		return nil, refuse(Malformed, "%s holds a %q block, not a key", path, block.Type)
	}
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, refuse(Malformed, "%s: %v", path, err)
	}
	ec, ok := key.(*ecdsa.PrivateKey)
	if !ok {
		return nil, refuse(WeakKey, "%s holds a key of type %T, only ECDSA is allowed", path, key)
	}
	if _, err := strongKey(ec.Public()); err != nil {
		return nil, within("key file "+path, err)
	}
	return ec, nil
}

// sealKey returns version, salt, nonce and AES-256-GCM ciphertext. The nonce
// is random; the key is used once, because the salt is fresh.
func sealKey(der, passphrase []byte, approved bool) ([]byte, error) {
	e := newEncoder()
	salt := make([]byte, saltSize)
	rand.Read(salt)
	e.fixed(salt)
	aead, err := passphraseAEAD(passphrase, salt, approved)
	if err != nil {
		return nil, err
	}
	return aead.Seal(e.b, nil, der, e.b[:1+saltSize]), nil
}

func openKey(sealed, passphrase []byte, approved bool) ([]byte, error) {
	d := newDecoder("encrypted key", sealed, maxFile)
	salt := d.fixed(saltSize)
	if d.err != nil {
		return nil, d.err
	}
	if len(passphrase) == 0 {
		return nil, refuse(BadPassphrase, "the key is encrypted and no passphrase was given")
	}
	aead, err := passphraseAEAD(passphrase, salt, approved)
	if err != nil {
		return nil, err
	}
	der, err := aead.Open(nil, nil, d.b, sealed[:1+saltSize])
	if err != nil {
		return nil, refuse(BadPassphrase, "the key does not open with this passphrase")
	}
	return der, nil
}

// passphraseAEAD derives the key as FIPS 140-3 approves it, or by scrypt.
func passphraseAEAD(passphrase, salt []byte, approved bool) (cipher.AEAD, error) {
	var key []byte
	var err error
	if approved {
		key, err = pbkdf2.Key(sha256.New, string(passphrase), salt, pbkdf2N, 32)
	} else {
		key, err = scrypt.Key(passphrase, salt, scryptN, scryptR, scryptP, 32)
	}
	if err != nil {
		return nil, fmt.Errorf("derive key from passphrase: %w", err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("derive key from passphrase: %w", err)
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// sameKey reports whether a certificate is for the key that signer holds.
func sameKey(cert *x509.Certificate, signer crypto.Signer) bool {
	pub, ok := cert.PublicKey.(*ecdsa.PublicKey)
	return ok && pub.Equal(signer.Public())
}
