package views

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"time"

	"crossband/crypto/curve"
	"crossband/proto"
)

// What separates the hashes and signatures made here from all others that the
// same keys take part in. The first octet, "C" (67), starts neither a signature
// of TLS 1.3 (64 spaces), nor an X.509 one (0x30), nor one of MLS, whose first
// octets are the length of a label below 64.
const (
	digestLabel = "Crossband 1 view"
	beatContext = "Crossband 1 heartbeat"
)

// MaxSignature is an upper bound of an ASN.1 signature by P-384, in octets.
const MaxSignature = 110

// Digest stands for one view of one epoch. The authenticator itself is not
// shown: it is a secret of the group that others may derive from.
type Digest [sha256.Size]byte

// DigestOf hashes an epoch's authenticator.
func DigestOf(ch proto.ChannelID, epoch uint64, authenticator []byte) Digest {
	h := sha256.New()
	h.Write([]byte(digestLabel))
	h.Write([]byte{0})
	h.Write(ch[:])
	h.Write(binary.BigEndian.AppendUint64(nil, epoch))
	h.Write(authenticator)
	return Digest(h.Sum(nil))
}

// Beat is one heartbeat: who says to be in which view, and when.
type Beat struct {
	From      proto.Name
	Epoch     uint64
	Digest    Digest
	At        time.Time // the sender's clock, in whole milliseconds
	Signature []byte    // ASN.1 ECDSA by the key in the sender's leaf
}

// Sign signs the beat with the sender's device key.
func (b *Beat) Sign(ch proto.ChannelID, key crypto.Signer) error {
	sum, alg, err := b.hash(ch, key.Public())
	if err != nil {
		return err
	}
	if b.Signature, err = key.Sign(rand.Reader, sum, alg); err != nil {
		return fmt.Errorf("sign heartbeat: %w", err)
	}
	return nil
}

// signedBy reports whether the beat is what the key's holder signed for this
// channel.
func (b *Beat) signedBy(ch proto.ChannelID, key crypto.PublicKey) bool {
	sum, _, err := b.hash(ch, key)
	if err != nil {
		return false
	}
	pub, ok := key.(*ecdsa.PublicKey)
	return ok && ecdsa.VerifyASN1(pub, sum, b.Signature)
}

// hash hashes what is signed, with the hash that fits the key's curve. All
// parts but the last have one length.
func (b *Beat) hash(ch proto.ChannelID, key crypto.PublicKey) ([]byte, crypto.Hash, error) {
	alg, err := curve.Hash(key)
	if err != nil {
		return nil, 0, err
	}
	h := alg.New()
	h.Write([]byte(beatContext))
	h.Write([]byte{0})
	h.Write(ch[:])
	h.Write(binary.BigEndian.AppendUint64(nil, b.Epoch))
	h.Write(binary.BigEndian.AppendUint64(nil, uint64(b.At.UnixMilli())))
	h.Write(b.Digest[:])
	h.Write([]byte(b.From.String()))
	return h.Sum(nil), alg, nil
}
