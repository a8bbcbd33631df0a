package identity

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"slices"
	"time"

	"crossband/proto"
)

// MaxBundle is the most octets of a bundle file.
const MaxBundle = 48 << 10

// Bundle is what one agency gives another so that it can judge certificates:
// the root, and the roll-overs that led to it. It is signed by that root, so
// the fingerprint of the root, confirmed by voice, vouches for all of it. A
// Bundle is not changed once made.
type Bundle struct {
	Agency    proto.Agency
	Sequence  uint64 // grows with every bundle the agency issues
	Issued    time.Time
	Root      *x509.Certificate
	Rollovers []*Rollover // oldest first; the last one leads to Root

	text []byte
}

const bundleBlock = "CROSSBAND TRUST BUNDLE"

func (b *Bundle) payload() []byte {
	e := newEncoder()
	e.text(string(b.Agency))
	e.u64(b.Sequence)
	e.time(b.Issued)
	e.bytes(b.Root.Raw)
	e.u64(uint64(len(b.Rollovers)))
	for _, r := range b.Rollovers {
		e.bytes(r.raw)
	}
	return e.b
}

// signBundle makes the bundle with the key of its root.
func signBundle(b Bundle, key crypto.Signer) (*Bundle, error) {
	payload := b.payload()
	sig, err := sign(key, contextBundle, payload)
	if err != nil {
		return nil, err
	}
	return ParseBundle(b.file(Signed{payload, [][]byte{b.Root.Raw}, sig}))
}

// Fingerprint returns the root's fingerprint, to be compared by voice.
func (b *Bundle) Fingerprint() Fingerprint { return fingerprintOf(b.Root) }

// Export returns the bundle as a file: a readable head, then the signed
// document in PEM.
func (b *Bundle) Export() []byte { return slices.Clone(b.text) }

func (b *Bundle) file(s Signed) []byte {
	var out bytes.Buffer
	fmt.Fprintf(&out, "Crossband trust bundle\nagency: %s\nsequence: %d\nissued: %s\nroot until: %s\nfingerprint: %s\n\n",
		b.Agency, b.Sequence, date(b.Issued), date(b.Root.NotAfter), b.Fingerprint())
	out.Write(pem.EncodeToMemory(&pem.Block{Type: bundleBlock, Bytes: s.Encode()}))
	return out.Bytes()
}

// ParseBundle reads a bundle file and verifies its signatures. The readable
// head must be the one that belongs to the document, octet for octet. It says
// nothing about trust: anybody can make a bundle.
func ParseBundle(file []byte) (*Bundle, error) {
	if len(file) > MaxBundle {
		return nil, refuse(TooLarge, "trust bundle of %d octets, at most %d are read", len(file), MaxBundle)
	}
	block, _ := pem.Decode(file)
	if block == nil || block.Type != bundleBlock {
		return nil, refuse(Malformed, "the file holds no %q block", bundleBlock)
	}
	s, err := parseSigned("trust bundle", block.Bytes, MaxBundle)
	if err != nil {
		return nil, err
	}
	b, err := parseBundlePayload(s.Payload)
	if err != nil {
		return nil, err
	}
	if len(s.Chain) != 1 || !slices.Equal(s.Chain[0], b.Root.Raw) {
		return nil, refuse(Malformed, "trust bundle of %s does not carry its own root as signer", b.Agency)
	}
	if err := rootSignature(b.Root, contextBundle, s); err != nil {
		return nil, within("trust bundle of "+string(b.Agency), err)
	}
	if b.text = b.file(s); !slices.Equal(b.text, file) {
		return nil, refuse(Malformed, "trust bundle of %s: the readable part was changed and does not belong to the signed one", b.Agency)
	}
	return b, nil
}

func parseBundlePayload(payload []byte) (*Bundle, error) {
	d := newDecoder("trust bundle", payload, MaxBundle)
	b := &Bundle{Agency: d.agency()}
	b.Sequence, b.Issued = d.u64(), d.time()
	b.Root = d.root(b.Agency)
	for range d.count(MaxRollovers) {
		raw := d.bytes(maxRollover)
		if d.err != nil {
			break
		}
		r, err := ParseRollover(raw)
		if err != nil {
			return nil, err
		}
		b.Rollovers = append(b.Rollovers, r)
	}
	if err := d.end(); err != nil {
		return nil, err
	}
	for i, r := range b.Rollovers {
		to, seq := b.Root, b.Sequence
		if i+1 < len(b.Rollovers) {
			to, seq = b.Rollovers[i+1].Old, b.Rollovers[i+1].Sequence-1
		}
		if r.Agency != b.Agency || !r.New.Equal(to) || r.Sequence > seq {
			return nil, refuse(Malformed, "the roll-overs of %s's trust bundle do not lead to its root", b.Agency)
		}
	}
	return b, nil
}

// anchors returns the roots accepted at now: the newest, and older ones whose
// overlap has not ended.
func (b *Bundle) anchors(now time.Time) []*x509.Certificate {
	roots := []*x509.Certificate{b.Root}
	for _, r := range b.Rollovers {
		if now.Before(r.Until) {
			roots = append(roots, r.Old)
		}
	}
	return roots
}

// all returns every root the bundle speaks of, ended ones too.
func (b *Bundle) all() []*x509.Certificate {
	roots := []*x509.Certificate{b.Root}
	for _, r := range b.Rollovers {
		roots = append(roots, r.Old)
	}
	return roots
}

func (b *Bundle) isRoot(cert *x509.Certificate) bool { return holds(b.all(), cert) }

// descends reports whether b's root is the one with fingerprint f or follows
// from it by signed roll-overs. The end of an overlap does not matter here:
// an old root's key could write any date.
func (b *Bundle) descends(f Fingerprint) bool {
	return slices.ContainsFunc(b.all(), func(c *x509.Certificate) bool { return fingerprintOf(c) == f })
}

// authoritySigner verifies a document signed by the agency itself at now: by
// a root, or by an issuing authority directly below one. It returns the
// signer's certificate.
func (b *Bundle) authoritySigner(s Signed, context string, now time.Time) (*x509.Certificate, error) {
	if len(s.Chain) != 1 {
		return nil, refuse(ChainTooLong, "signed by a chain of %d certificates, exactly one is allowed", len(s.Chain))
	}
	cert, err := x509.ParseCertificate(s.Chain[0])
	if err != nil {
		return nil, refuse(Malformed, "the signer's certificate: %v", err)
	}
	if err := strongCertificate(cert); err != nil {
		return nil, err
	}
	if err := checkAuthority(cert, b.Agency, 0, now); err != nil {
		return nil, err
	}
	if cert.KeyUsage&x509.KeyUsageDigitalSignature == 0 {
		return nil, refuse(WrongUsage, "authority %s may not sign documents", cert.Subject)
	}
	if err := b.vouches(cert, now); err != nil {
		return nil, err
	}
	return cert, rootSignature(cert, context, s)
}

// vouches returns nil if cert is an accepted root or signed by one.
func (b *Bundle) vouches(cert *x509.Certificate, now time.Time) error {
	for _, root := range b.anchors(now) {
		if root.Equal(cert) {
			return nil
		}
		if slices.Equal(cert.RawIssuer, root.RawSubject) && cert.CheckSignatureFrom(root) == nil {
			return checkAuthority(root, b.Agency, 1, now)
		}
	}
	return refuse(UnknownAuthority, "no trusted root of %s vouches for authority %s", b.Agency, cert.Subject)
}
