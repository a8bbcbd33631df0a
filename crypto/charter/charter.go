// Package charter signs and verifies channel charters, and judges the
// certificates of members. The rules that a charter holds are in proto; the
// rules of certificates in crypto/identity; this package joins the two.
package charter

import (
	"crypto/rand"
	"time"

	pb "google.golang.org/protobuf/proto"

	"crossband/crypto/identity"
	"crossband/proto"
	"crossband/proto/wire"
)

// context separates a charter's signature from every other.
const context = "crossband charter 1"

// Sign completes a new charter (its nonce and beginning) and signs it. The beginning
// is set back for clocks that run behind, as a certificate's is (identity.Backdate).
func Sign(id *identity.Identity, c *wire.Charter, now time.Time) (signed []byte, parsed proto.Charter, err error) {
	c.Nonce = make([]byte, 16)
	rand.Read(c.Nonce)
	if c.NotBeforeMs == 0 {
		c.NotBeforeMs = now.Add(-identity.Backdate).UnixMilli()
	}
	payload, err := pb.MarshalOptions{Deterministic: true}.Marshal(c)
	if err != nil {
		return nil, proto.Charter{}, proto.Refuse(proto.ReasonMalformed, "charter cannot be encoded")
	}
	if parsed, err = proto.ParseCharter(payload); err != nil {
		return nil, parsed, err
	}
	s, err := id.Sign(context, payload)
	if err != nil {
		return nil, parsed, err
	}
	return s.Encode(), parsed, nil
}

// Judge judges charters and members by a trust store. It serves the hub and
// the members alike.
type Judge struct{ Trust *identity.TrustStore }

// Charter verifies a signed charter and returns its payload and signer.
//
// The signer's chain is judged as of the charter's beginning, because a
// charter outlives the short-lived certificate that signed it; revocation is
// judged as of what is known now. A charter that has not begun is refused.
func (j Judge) Charter(signed []byte, now time.Time) ([]byte, proto.Name, error) {
	s, err := identity.ParseSigned(signed)
	if err != nil {
		return nil, proto.Name{}, err
	}
	c, err := proto.ParseCharter(s.Payload)
	if err != nil {
		return nil, proto.Name{}, err
	}
	if err := c.Check(now); err != nil {
		return nil, proto.Name{}, err
	}
	at := c.NotBefore.Add(identity.Backdate)
	if at.After(now) {
		at = now
	}
	return j.Trust.VerifySigned(context, signed, at)
}

// Payload reads a signed charter and judges nothing.
func (j Judge) Payload(signed []byte) (proto.Charter, error) {
	s, err := identity.ParseSigned(signed)
	if err != nil {
		return proto.Charter{}, err
	}
	return proto.ParseCharter(s.Payload)
}

// Read is Charter with the rules parsed.
func (j Judge) Read(signed []byte, now time.Time) (proto.Charter, proto.Name, error) {
	payload, signer, err := j.Charter(signed, now)
	if err != nil {
		return proto.Charter{}, proto.Name{}, err
	}
	c, err := proto.ParseCharter(payload)
	return c, signer, err
}

// Member verifies the chain of an endpoint that is, or would be, a member. That
// the leaf node is signed with the certified key has been checked by then
// (RFC 9420 5.3).
func (j Judge) Member(chain [][]byte, at time.Time) (proto.Name, error) {
	name, err := j.Trust.VerifyPeer(chain, identity.UsageMember, at)
	if err != nil {
		return proto.Name{}, err
	}
	if !name.Role.IsEndpoint() {
		return proto.Name{}, proto.Refusef(proto.ReasonWrongUsage, "%s is no endpoint", name)
	}
	return name, nil
}

// Revoked refuses a member's chain that has been taken back by its agency, and
// returns nil for one that has not. It verifies nothing else.
func (j Judge) Revoked(chain [][]byte) error { return j.Trust.Revoked(chain) }
