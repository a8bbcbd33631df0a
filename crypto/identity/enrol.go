package identity

import (
	"crypto"
	"crypto/hmac"
	"crypto/sha256"
	"time"

	"crossband/proto"
)

// MaxEnrolment and MaxEnrolmentReply bound the two messages, in octets.
const (
	MaxEnrolment      = 8 << 10
	MaxEnrolmentReply = maxGrant + 1<<10
)

// Enrolment is a device's side of getting its first certificate. The request
// goes through a relay to the authority; the relay can neither change it, nor
// the answer, nor learn the invitation's secret. Until a reply has come the
// same Enrolment, or another one with the same token and key, may ask again.
type Enrolment struct {
	token   Token
	key     crypto.Signer
	keys    invitationKeys
	request []byte
}

// NewEnrolment makes a request for the token with the device's own key. The
// caller keeps the key (see SaveKey) before sending: it alone can repeat a
// request whose answer was lost.
func NewEnrolment(t Token, key crypto.Signer) (*Enrolment, error) {
	csr, err := newCSR(key)
	if err != nil {
		return nil, err
	}
	k, err := t.keys()
	if err != nil {
		return nil, err
	}
	r := enrolmentRequest{id: k.id, csr: csr}
	r.mac = r.proof(k.proof)
	return &Enrolment{t, key, k, r.encode()}, nil
}

// Request returns the octets to send. They hold no secret.
func (e *Enrolment) Request() []byte { return e.request }

// Finish verifies the authority's reply and returns the identity: the answer
// must come from who knows the invitation's secret and lead to the root whose
// fingerprint the token holds, and certificate name and key must be ours.
func (e *Enrolment) Finish(reply []byte, now time.Time) (*Identity, error) {
	pub, err := strongKey(e.key.Public())
	if err != nil {
		return nil, err
	}
	mine, err := keyHash(pub)
	if err != nil {
		return nil, err
	}
	r, err := parseEnrolmentReply(reply)
	if err != nil {
		return nil, err
	}
	if want := replyMAC(e.keys.reply, mine, r.grant); !hmac.Equal(want[:], r.mac[:]) {
		return nil, refuse(BadProof, "the reply was not made by the authority that invited %s for this key", e.token.Name)
	}
	g, err := parseGrant(r.grant)
	if err != nil {
		return nil, err
	}
	return g.identity(e.token.Name, e.token.Root, e.key, now)
}

// enrolmentRequest is the invitation's id, a CSR and a proof of the secret
// over both.
type enrolmentRequest struct {
	id  [invitationID]byte
	csr []byte
	mac [sha256.Size]byte
}

func (r enrolmentRequest) body() []byte {
	e := newEncoder()
	e.fixed(r.id[:])
	e.bytes(r.csr)
	return e.b
}

func (r enrolmentRequest) encode() []byte { return append(r.body(), r.mac[:]...) }

func (r enrolmentRequest) proof(key [sha256.Size]byte) [sha256.Size]byte {
	return mac(key, "crossband/1 enrolment request", r.body())
}

func parseEnrolmentRequest(data []byte) (enrolmentRequest, error) {
	d := newDecoder("enrolment request", data, MaxEnrolment)
	var r enrolmentRequest
	copy(r.id[:], d.fixed(invitationID))
	r.csr = d.bytes(maxCSR)
	copy(r.mac[:], d.fixed(sha256.Size))
	return r, d.end()
}

type enrolmentReply struct {
	grant []byte
	mac   [sha256.Size]byte
}

func (r enrolmentReply) encode() []byte {
	e := newEncoder()
	e.bytes(r.grant)
	e.fixed(r.mac[:])
	return e.b
}

func parseEnrolmentReply(data []byte) (enrolmentReply, error) {
	d := newDecoder("enrolment reply", data, MaxEnrolmentReply)
	r := enrolmentReply{grant: d.bytes(maxGrant)}
	copy(r.mac[:], d.fixed(sha256.Size))
	return r, d.end()
}

func replyMAC(key [sha256.Size]byte, device Fingerprint, grant []byte) [sha256.Size]byte {
	return mac(key, "crossband/1 enrolment reply", append(device[:len(device):len(device)], grant...))
}

// mac is HMAC-SHA-256 over a label, a zero octet and the message.
func mac(key [sha256.Size]byte, label string, message []byte) (out [sha256.Size]byte) {
	h := hmac.New(sha256.New, key[:])
	h.Write([]byte(label + "\x00"))
	h.Write(message)
	h.Sum(out[:0])
	return out
}

// VerifyRelay verifies, before enrolment, the chain of the relay that the
// token's address led to: it must end with the root whose fingerprint the
// token holds, as Identity.TLSCertificate of a relay does.
func (t Token) VerifyRelay(raw [][]byte, now time.Time) error {
	c, err := parseChain(raw)
	if err != nil {
		return err
	}
	if c.root == nil || fingerprintOf(c.root) != t.Root {
		return refuse(PinChanged, "the chain of %s does not end with the root of the invitation for %s", c.name, t.Name)
	}
	root, err := parseRoot(c.root.Raw, t.Name.Agency)
	if err != nil {
		return err
	}
	store, err := NewTrustStore(&Bundle{Agency: t.Name.Agency, Root: root})
	if err != nil {
		return err
	}
	if _, err = store.VerifyPeer(raw, UsageServer, now); err != nil {
		return err
	}
	if c.name.Role != proto.RoleRelay {
		return refuse(WrongName, "%s is no relay and does not forward enrolments", c.name)
	}
	return nil
}
