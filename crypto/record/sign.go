package record

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"crossband/crypto/curve"
	"crossband/crypto/identity"
	"crossband/proto"
)

// Checkpoints are signed by the keys of relays' certificates, ECDSA on P-256 or
// P-384, always with SHA-256: that is what C2SP's type 0x02 says, and the tree's
// hash sets the strength anyway.
//
// A relay's key also signs TLS handshakes, which begin with 64 spaces; signing
// requests, which hold zero octets; and documents, which begin with
// "crossband/1 signed" and a zero octet. None of them can be the text of a
// checkpoint, whose second line is a number, nor a cosigned message.
const (
	typeECDSA   = 0x02 // C2SP signed-note: ECDSA over the note's text
	typeOther   = 0xff // C2SP signed-note: followed by a longer identifier
	cosignLabel = "crossband-cosignature/v1"

	maxSignature = 110 // octets of an ASN.1 signature by P-384, at most 104, and some
)

// Judge judges certificate chains, each against its own agency's roots alone.
// *identity.TrustStore is one.
type Judge interface {
	VerifyPeer(chain [][]byte, usage identity.Usage, at time.Time) (proto.Name, error)
	VerifySigned(context string, signed []byte, at time.Time) ([]byte, proto.Name, error)
}

// KeyName returns the name under which a relay signs notes: its SPIFFE ID
// without the scheme, as C2SP signed-note recommends.
func KeyName(n proto.Name) string { return strings.TrimPrefix(n.String(), "spiffe://") }

// publicKey returns a leaf's key and its DER encoding.
func publicKey(leaf []byte) (*ecdsa.PublicKey, []byte, error) {
	cert, err := x509.ParseCertificate(leaf)
	if err != nil {
		return nil, nil, refuse(Certificate, "a signer's certificate: %v", err)
	}
	if _, err := curve.Hash(cert.PublicKey); err != nil {
		return nil, nil, refuse(Certificate, "a signer's key: %v", err)
	}
	return cert.PublicKey.(*ecdsa.PublicKey), cert.RawSubjectPublicKeyInfo, nil
}

// signerID is the key ID of type 0x02: of the key alone, without the name.
func signerID(spki []byte) uint32 {
	sum := sha256.Sum256(spki)
	return binary.BigEndian.Uint32(sum[:])
}

// cosignerID follows C2SP's recommendation for types without an octet of their
// own: name, line feed, 0xff and an identifier, key.
func cosignerID(name string, spki []byte) uint32 {
	sum := sha256.Sum256(append(append([]byte(name+"\n"), typeOther), append([]byte(cosignLabel), spki...)...))
	return binary.BigEndian.Uint32(sum[:])
}

// cosignedMessage is what a cosigner signs: a label, the time in seconds since
// 1970 and the note's text, as in C2SP tlog-cosignature under another label.
func cosignedMessage(text []byte, at uint64) []byte {
	b := strconv.AppendUint([]byte(cosignLabel+"\ntime "), at, 10)
	return append(append(b, '\n'), text...)
}

func signMessage(key crypto.Signer, message []byte) ([]byte, error) {
	sum := sha256.Sum256(message)
	sig, err := key.Sign(rand.Reader, sum[:], crypto.SHA256)
	if err != nil {
		return nil, fmt.Errorf("sign a checkpoint: %w", err)
	}
	return sig, nil
}

func verifyMessage(pub *ecdsa.PublicKey, message, sig []byte) bool {
	sum := sha256.Sum256(message)
	return len(sig) <= maxSignature && ecdsa.VerifyASN1(pub, sum[:], sig)
}

// sign puts the sequencer's signature on the checkpoint.
func (c *Checkpoint) sign(id *identity.Identity) error {
	_, spki, err := publicKey(id.Chain[0])
	if err != nil {
		return err
	}
	sig, err := signMessage(id.Key, c.text())
	if err != nil {
		return err
	}
	c.Signatures = []NoteSignature{{KeyName(id.Name), signerID(spki), sig}}
	return nil
}

// cosign adds a cosignature made at now.
func (c *Checkpoint) cosign(id *identity.Identity, now time.Time) error {
	_, spki, err := publicKey(id.Chain[0])
	if err != nil {
		return err
	}
	at := uint64(now.Unix())
	sig, err := signMessage(id.Key, cosignedMessage(c.text(), at))
	if err != nil {
		return err
	}
	name := KeyName(id.Name)
	line := NoteSignature{name, cosignerID(name, spki), binary.BigEndian.AppendUint64(nil, at)}
	c.Signatures = slices.DeleteFunc(c.Signatures, line.sameKey)
	c.Signatures = append(c.Signatures, line)
	last := &c.Signatures[len(c.Signatures)-1]
	last.Bytes = append(last.Bytes, sig...)
	return nil
}

// Signers finds the certificate chains of those who sign checkpoints.
type Signers struct{ byKey map[signerKey][]*signer }

// signerKey is what a signature line says of its key.
type signerKey struct {
	name string
	id   uint32
}

// signer is a key and the chains that certify it, a renewed one each.
type signer struct {
	cosigner bool
	name     proto.Name
	pub      *ecdsa.PublicKey
	chains   [][][]byte
}

// maxRenewals is how many chains one key may have: a year's and more.
const maxRenewals = 64

// NewSigners takes chains, DER and leaf first, without judging them.
func NewSigners(chains ...[][]byte) (*Signers, error) {
	s := &Signers{map[signerKey][]*signer{}}
	for _, c := range chains {
		if err := s.Add(c); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// Add takes one more chain. It refuses one whose leaf cannot be read.
func (s *Signers) Add(chain [][]byte) error {
	if err := sizedChain(chain); err != nil {
		return err
	}
	pub, spki, err := publicKey(chain[0])
	if err != nil {
		return err
	}
	name, err := leafName(chain[0])
	if err != nil {
		return err
	}
	k := KeyName(name)
	if err := s.add(signerKey{k, signerID(spki)}, signer{false, name, pub, [][][]byte{chain}}); err != nil {
		return err
	}
	return s.add(signerKey{k, cosignerID(k, spki)}, signer{true, name, pub, [][][]byte{chain}})
}

func (s *Signers) add(k signerKey, v signer) error {
	for _, w := range s.byKey[k] {
		if w.cosigner != v.cosigner || !w.pub.Equal(v.pub) {
			continue
		}
		if len(w.chains) == maxRenewals {
			return refuse(TooLarge, "more than %d certificates of one key of %s", maxRenewals, v.name)
		}
		w.chains = append(w.chains, v.chains...)
		return nil
	}
	if len(s.byKey[k]) == maxRenewals {
		return refuse(TooLarge, "more than %d keys of %s under one key ID", maxRenewals, v.name)
	}
	s.byKey[k] = append(s.byKey[k], &v)
	return nil
}

// leafName reads whom a certificate names. Whether it may is the Judge's.
func leafName(leaf []byte) (proto.Name, error) {
	cert, err := x509.ParseCertificate(leaf)
	if err != nil || len(cert.URIs) != 1 {
		return proto.Name{}, refuse(Certificate, "a certificate that names nobody")
	}
	n, err := proto.ParseName(cert.URIs[0].String())
	if err != nil {
		return proto.Name{}, refuse(Certificate, "%v", err)
	}
	return n, nil
}

// SignerName returns whom a chain's leaf names, without judging the chain.
func SignerName(chain [][]byte) (proto.Name, error) {
	if err := sizedChain(chain); err != nil {
		return proto.Name{}, err
	}
	return leafName(chain[0])
}
