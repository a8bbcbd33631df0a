package tree

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"fmt"
	"time"

	"crossband/crypto/mls/suite"
	"crossband/crypto/mls/syntax"
)

// CredentialType says what a credential holds (RFC 9420 17.5).
type CredentialType uint16

// The credential types of RFC 9420.
const (
	CredentialBasic CredentialType = 1
	CredentialX509  CredentialType = 2
)

// Limits on what a credential may carry: far above need, far below harm.
const (
	MaxIdentityLen = 4096
	MaxChainCerts  = 8
	MaxCertLen     = 16 << 10
)

// Credential names a member (RFC 9420 5.3). Identity is set for basic
// credentials; Chain, leaf certificate first, for X.509.
type Credential struct {
	Type     CredentialType
	Identity []byte
	Chain    [][]byte

	read *Certificate // what stands in Chain[0], if it has been read
}

// Certificate is what is asked of a leaf certificate again and again. Nothing in it
// has been verified.
type Certificate struct {
	URI      string // the one URI that it names; empty if it names none or several
	Key      crypto.PublicKey
	NotAfter time.Time

	err error
	der []byte
}

// X509 makes a credential of a certificate chain, leaf first.
func X509(chain ...[]byte) Credential {
	c := Credential{Type: CredentialX509, Chain: chain}
	c.read = c.parse()
	return c
}

// Certificate reads the first certificate of the chain. Of a credential that was
// decoded, or made by X509, it has been read already.
func (c Credential) Certificate() (*Certificate, error) {
	r := c.read
	if r == nil || len(c.Chain) == 0 || len(r.der) != len(c.Chain[0]) || &r.der[0] != &c.Chain[0][0] {
		r = c.parse() // made by hand, or of another chain since
	}
	return r, r.err
}

func (c Credential) parse() *Certificate {
	if len(c.Chain) == 0 || len(c.Chain[0]) == 0 || len(c.Chain[0]) > MaxCertLen {
		return &Certificate{err: fmt.Errorf("%w: no certificate of 1 to %d octets", ErrCredential, MaxCertLen)}
	}
	cert, err := x509.ParseCertificate(c.Chain[0])
	if err != nil {
		return &Certificate{der: c.Chain[0], err: fmt.Errorf("%w: %v", ErrCredential, err)}
	}
	r := &Certificate{Key: cert.PublicKey, NotAfter: cert.NotAfter, der: c.Chain[0]}
	if len(cert.URIs) == 1 {
		r.URI = cert.URIs[0].String()
	}
	return r
}

// Basic makes a credential that is only a name. Nothing vouches for it.
func Basic(identity []byte) Credential { return Credential{Type: CredentialBasic, Identity: identity} }

// AppendTo appends the encoding of c.
func (c Credential) AppendTo(b []byte) []byte {
	b = syntax.AppendUint16(b, uint16(c.Type))
	if c.Type == CredentialBasic {
		return syntax.AppendBytes(b, c.Identity)
	}
	return syntax.AppendVector(b, func(b []byte) []byte {
		for _, cert := range c.Chain {
			b = syntax.AppendBytes(b, cert)
		}
		return b
	})
}

// ReadCredential decodes a credential. A type that is not known has no known
// shape, so it is refused.
func ReadCredential(r *syntax.Reader) Credential {
	c := Credential{Type: CredentialType(r.Uint16())}
	switch c.Type {
	case CredentialBasic:
		c.Identity = r.Bytes()
	case CredentialX509:
		r.Vector(func(r *syntax.Reader) { c.Chain = append(c.Chain, r.Bytes()) })
		if r.Err() == nil {
			c.read = c.parse()
		}
	default:
		r.Refuse("credential type", uint64(c.Type))
	}
	return c
}

// Equal reports whether both encode alike.
func (c Credential) Equal(o Credential) bool { return bytes.Equal(c.AppendTo(nil), o.AppendTo(nil)) }

// check is what can be judged without a root pool: limits, and RFC 9420 5.3: the
// public key of the first certificate is the leaf's signature key.
func (c Credential) check(s suite.Suite, signatureKey []byte) error {
	if c.Type == CredentialBasic {
		if len(c.Identity) == 0 || len(c.Identity) > MaxIdentityLen {
			return fmt.Errorf("%w: identity of %d octets (1 to %d allowed)", ErrCredential, len(c.Identity), MaxIdentityLen)
		}
		return nil
	}
	if len(c.Chain) == 0 || len(c.Chain) > MaxChainCerts {
		return fmt.Errorf("%w: chain of %d certificates (1 to %d allowed)", ErrCredential, len(c.Chain), MaxChainCerts)
	}
	for _, cert := range c.Chain {
		if len(cert) == 0 || len(cert) > MaxCertLen {
			return fmt.Errorf("%w: certificate of %d octets (1 to %d allowed)", ErrCredential, len(cert), MaxCertLen)
		}
	}
	cert, err := c.Certificate()
	if err != nil {
		return err
	}
	key, err := s.SignatureKey(cert.Key)
	if err != nil {
		return fmt.Errorf("%w: the certificate's key is not of the group's suite", ErrCredential)
	}
	if !bytes.Equal(key, signatureKey) {
		return fmt.Errorf("%w: the certificate's key is not the leaf's signature key", ErrCredential)
	}
	return nil
}
