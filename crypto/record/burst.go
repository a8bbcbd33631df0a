package record

import (
	"time"

	"crossband/crypto/identity"
	"crossband/proto"
)

// burstContext separates a burst's signature for the record from every other
// (docs/PROTOCOL.md, section 2.3).
const burstContext = "crossband record burst 1"

// BurstStatement is what a device signs about a burst that it sent: that the
// burst of this digest was its own, in this incident and channel.
type BurstStatement struct {
	Incident proto.IncidentID
	Channel  proto.ChannelID
	Burst    proto.BurstID
	Digest   Digest // of the burst's signature blocks, one after the other
}

// payload is the fixed-length parts one after the other.
func (s BurstStatement) payload() []byte {
	b := append([]byte(nil), s.Incident[:]...)
	b = append(b, s.Channel[:]...)
	b = append(b, s.Burst[:]...)
	return append(b, s.Digest[:]...)
}

// SignBurst signs a statement and returns the signature with the digest of the
// device's leaf certificate, as a Burst holds them.
func SignBurst(id *identity.Identity, s BurstStatement) (signature []byte, certificate Digest, err error) {
	signed, err := id.Sign(burstContext, s.payload())
	if err != nil {
		return nil, Digest{}, err
	}
	return signed.Signature, DigestOf(id.Chain[0]), nil
}

// VerifyBurst checks a statement's signature by the chain's leaf, and the chain
// at the given time, and returns who signed.
func VerifyBurst(s BurstStatement, signature []byte, chain [][]byte, j Judge, at time.Time) (proto.Name, error) {
	if len(chain) == 0 || len(chain) > identity.MaxChain {
		return proto.Name{}, refuse(Certificate, "a chain of %d certificates", len(chain))
	}
	env := identity.Signed{Payload: s.payload(), Chain: chain, Signature: signature}
	_, name, err := j.VerifySigned(burstContext, env.Encode(), at)
	switch {
	case err == nil:
		return name, nil
	case FaultOf(err) == MissingBundle:
		return proto.Name{}, err
	case identity.FaultOf(err) == identity.BadSignature:
		return proto.Name{}, refuse(Signature, "%v", err)
	}
	return proto.Name{}, refuse(Certificate, "at %s: %v", formatTime(at), err)
}
