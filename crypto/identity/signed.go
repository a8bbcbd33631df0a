package identity

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"fmt"
	"strings"
	"time"

	"crossband/proto"
)

// MaxSigned is the most octets of an envelope made by Identity.Sign.
const MaxSigned = 64 << 10

// maxContext is the most octets of a signature's context.
const maxContext = 64

// reservedContext starts the contexts of this package's own documents.
// Identity.Sign and VerifySigned refuse it, so that nobody can be brought to
// sign one of them by way of the general envelope.
const reservedContext = "identity/"

const (
	contextBundle   = reservedContext + "bundle"
	contextRollover = reservedContext + "rollover"
	contextTrust    = reservedContext + "trust-list"
	contextRevoked  = reservedContext + "revocation-list"
	contextRenewal  = reservedContext + "renewal"
)

// Signed is a payload with its signer's chain and signature. The signature is
// over the context and the exact payload octets; the context is not carried,
// because whoever verifies must know what he expects.
type Signed struct {
	Payload   []byte
	Chain     [][]byte // DER, signer first
	Signature []byte   // ASN.1 ECDSA
}

// Encode returns the envelope's one form.
func (s Signed) Encode() []byte {
	e := newEncoder()
	e.bytes(s.Payload)
	e.u8(uint8(len(s.Chain)))
	for _, c := range s.Chain {
		e.bytes(c)
	}
	e.bytes(s.Signature)
	return e.b
}

// Signer reads the name in the signer's certificate. It verifies nothing: see
// TrustStore.VerifySigned.
func (s Signed) Signer() (proto.Name, error) {
	c, err := parseChain(s.Chain)
	return c.name, err
}

// ParseSigned decodes an envelope of at most MaxSigned octets. It verifies
// nothing: see TrustStore.VerifySigned.
func ParseSigned(data []byte) (Signed, error) {
	return parseSigned("signed envelope", data, MaxSigned)
}

func parseSigned(what string, data []byte, most int) (Signed, error) {
	d := newDecoder(what, data, most)
	s := Signed{Payload: d.bytes(most)}
	n := int(d.u8())
	if d.err == nil && (n < 1 || n > MaxChain) {
		return Signed{}, refuse(ChainTooLong, "%s carries %d certificates, 1 to %d are read", what, n, MaxChain)
	}
	for range n {
		s.Chain = append(s.Chain, d.bytes(MaxChainBytes))
	}
	s.Signature = d.bytes(maxSignature)
	if err := d.end(); err != nil {
		return Signed{}, err
	}
	return s, nil
}

// maxSignature is an upper bound of an ASN.1 signature by P-384: 104 octets.
const maxSignature = 110

// tbs returns the octets that are signed. The constant in front cannot start
// a TLS 1.3 signature (64 spaces), an X.509 one (0x30) or an MLS one (a label
// length below 64), which the same key may make; the context's length octet
// keeps context and payload apart.
func tbs(context string, payload []byte) []byte {
	b := append([]byte("crossband/1 signed\x00"), byte(len(context)))
	b = append(b, context...)
	return append(b, payload...)
}

// digest hashes with the hash that matches the curve: SHA-256 or SHA-384.
func digest(pub *ecdsa.PublicKey, message []byte) ([]byte, crypto.Hash) {
	if pub.Curve == elliptic.P384() {
		h := sha512.Sum384(message)
		return h[:], crypto.SHA384
	}
	h := sha256.Sum256(message)
	return h[:], crypto.SHA256
}

func sign(key crypto.Signer, context string, payload []byte) ([]byte, error) {
	pub, err := strongKey(key.Public())
	if err != nil {
		return nil, err
	}
	sum, hash := digest(pub, tbs(context, payload))
	sig, err := key.Sign(rand.Reader, sum, hash)
	if err != nil {
		return nil, fmt.Errorf("sign %s: %w", context, err)
	}
	return sig, nil
}

func checkSignature(pub *ecdsa.PublicKey, context string, payload, sig []byte) error {
	sum, _ := digest(pub, tbs(context, payload))
	if !ecdsa.VerifyASN1(pub, sum, sig) {
		return refuse(BadSignature, "the signature is not one of this signer over this %s", context)
	}
	return nil
}

// strongKey returns a key of P-256 or P-384; everything else is a WeakKey.
func strongKey(key crypto.PublicKey) (*ecdsa.PublicKey, error) {
	pub, ok := key.(*ecdsa.PublicKey)
	if !ok {
		return nil, refuse(WeakKey, "key of type %T, only ECDSA P-256 and P-384 are allowed", key)
	}
	if pub.Curve != elliptic.P256() && pub.Curve != elliptic.P384() {
		return nil, refuse(WeakKey, "key on curve %s, only P-256 and P-384 are allowed", pub.Params().Name)
	}
	return pub, nil
}

// Sign puts payload into an envelope signed by the identity. The context, 1
// to 64 octets of printable ASCII, says what kind of document it is and must
// not begin with "identity/". The envelope is at most MaxSigned octets.
func (id *Identity) Sign(context string, payload []byte) (Signed, error) {
	if err := checkContext(context); err != nil {
		return Signed{}, err
	}
	return id.sign(context, payload)
}

func (id *Identity) sign(context string, payload []byte) (Signed, error) {
	sig, err := sign(id.Key, context, payload)
	if err != nil {
		return Signed{}, err
	}
	s := Signed{Payload: payload, Chain: id.Chain, Signature: sig}
	if n := len(s.Encode()); n > MaxSigned {
		return Signed{}, refuse(TooLarge, "signed %s of %d octets, at most %d are allowed", context, n, MaxSigned)
	}
	return s, nil
}

// VerifySigned decodes an envelope, verifies its signer as a member at now
// and the signature under context, and returns payload and signer. Whether
// this signer may sign such a document is for the caller to say.
func (t *TrustStore) VerifySigned(context string, signed []byte, now time.Time) ([]byte, proto.Name, error) {
	if err := checkContext(context); err != nil {
		return nil, proto.Name{}, err
	}
	return t.verifySigned(context, signed, now)
}

func (t *TrustStore) verifySigned(context string, signed []byte, now time.Time) ([]byte, proto.Name, error) {
	s, err := parseSigned("signed "+context, signed, MaxSigned)
	if err != nil {
		return nil, proto.Name{}, err
	}
	name, err := t.VerifyPeer(s.Chain, UsageMember, now)
	if err != nil {
		return nil, proto.Name{}, within("signer of "+context, err)
	}
	leaf, err := x509.ParseCertificate(s.Chain[0])
	if err != nil {
		return nil, proto.Name{}, refuse(Malformed, "signer's certificate: %v", err)
	}
	pub, err := strongKey(leaf.PublicKey)
	if err != nil {
		return nil, proto.Name{}, err
	}
	if err := checkSignature(pub, context, s.Payload, s.Signature); err != nil {
		return nil, proto.Name{}, err
	}
	return s.Payload, name, nil
}

func checkContext(context string) error {
	if len(context) == 0 || len(context) > maxContext || strings.HasPrefix(context, reservedContext) {
		return refuse(Malformed, "signature context %.80q is not 1 to %d octets outside %q", context, maxContext, reservedContext)
	}
	for i := range len(context) {
		if context[i] < ' ' || context[i] > '~' {
			return refuse(Malformed, "signature context %q is not printable ASCII", context)
		}
	}
	return nil
}
