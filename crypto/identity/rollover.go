package identity

import (
	"crypto"
	"crypto/x509"
	"slices"
	"time"

	"crossband/proto"
)

// Limits of a root roll-over.
const (
	MinOverlap   = 14 * 24 * time.Hour  // both roots are accepted at least so long
	MaxOverlap   = 400 * 24 * time.Hour // and at most so long
	MaxRollovers = 4                    // older ones are dropped from a bundle
)

// Limits of one root certificate and of one signed roll-over, in octets.
const (
	maxRoot     = 2 << 10
	maxRollover = 8 << 10
)

// Rollover is an agency's statement, signed by its old root, that New takes
// the place of Old. Both are accepted before Until, and only New after.
type Rollover struct {
	Agency   proto.Agency
	Sequence uint64 // grows with every roll-over of the agency
	Issued   time.Time
	Until    time.Time
	Old, New *x509.Certificate

	raw []byte
}

func (r *Rollover) payload() []byte {
	e := newEncoder()
	e.text(string(r.Agency))
	e.u64(r.Sequence)
	e.time(r.Issued)
	e.time(r.Until)
	e.bytes(r.Old.Raw)
	e.bytes(r.New.Raw)
	return e.b
}

// signRollover makes the document with the key of the old root.
func signRollover(r Rollover, key crypto.Signer) (*Rollover, error) {
	payload := r.payload()
	sig, err := sign(key, contextRollover, payload)
	if err != nil {
		return nil, err
	}
	return ParseRollover(Signed{payload, [][]byte{r.Old.Raw}, sig}.Encode())
}

// Encode returns the document as it was signed.
func (r *Rollover) Encode() []byte { return r.raw }

// ParseRollover decodes a roll-over and verifies that its old root signed it.
// Whether that root is trusted is for PinStore or TrustStore to say.
func ParseRollover(data []byte) (*Rollover, error) {
	s, err := parseSigned("roll-over", data, maxRollover)
	if err != nil {
		return nil, err
	}
	d := newDecoder("roll-over", s.Payload, maxRollover)
	r := &Rollover{raw: slices.Clone(data)}
	r.Agency = d.agency()
	r.Sequence, r.Issued, r.Until = d.u64(), d.time(), d.time()
	r.Old, r.New = d.root(r.Agency), d.root(r.Agency)
	if err := d.end(); err != nil {
		return nil, err
	}
	if len(s.Chain) != 1 || !slices.Equal(s.Chain[0], r.Old.Raw) || r.Old.Equal(r.New) {
		return nil, refuse(Malformed, "roll-over of %s does not go from its signer to another root", r.Agency)
	}
	if o := r.Until.Sub(r.Issued); o < MinOverlap || o > MaxOverlap {
		return nil, refuse(Malformed, "roll-over of %s with an overlap of %s, %s to %s is allowed", r.Agency, o, MinOverlap, MaxOverlap)
	}
	if err := rootSignature(r.Old, contextRollover, s); err != nil {
		return nil, within("roll-over of "+string(r.Agency), err)
	}
	return r, nil
}

func rootSignature(root *x509.Certificate, context string, s Signed) error {
	pub, err := strongKey(root.PublicKey)
	if err != nil {
		return err
	}
	return checkSignature(pub, context, s.Payload, s.Signature)
}

// root reads a self-signed root certificate of agency.
func (d *decoder) root(agency proto.Agency) *x509.Certificate {
	der := d.bytes(maxRoot)
	if d.err != nil {
		return nil
	}
	cert, err := parseRoot(der, agency)
	if err != nil {
		d.err = within(d.what, err)
		return nil
	}
	return cert
}

func parseRoot(der []byte, agency proto.Agency) (*x509.Certificate, error) {
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, refuse(Malformed, "root certificate: %v", err)
	}
	if err := strongCertificate(cert); err != nil {
		return nil, err
	}
	if !cert.BasicConstraintsValid || !cert.IsCA || cert.KeyUsage&x509.KeyUsageCertSign == 0 {
		return nil, refuse(UnknownAuthority, "the root certificate of %s is not an authority's", agency)
	}
	if p := cert.PermittedURIDomains; len(p) > 0 && !slices.Contains(p, string(agency)) {
		return nil, refuse(WrongAgency, "the root may only name %q and not %s", p, agency)
	}
	if err := cert.CheckSignatureFrom(cert); err != nil {
		return nil, refuse(BadSignature, "the root certificate of %s is not signed by itself", agency)
	}
	return cert, nil
}

func (d *decoder) agency() proto.Agency {
	s := d.text(proto.MaxAgencyLen)
	if d.err != nil {
		return ""
	}
	a, err := proto.ParseAgency(s)
	if err != nil {
		d.err = refuse(BadName, "%s: %v", d.what, err)
	}
	return a
}

// maxName is an upper bound of a name's octets.
const maxName = 200

func (d *decoder) name() proto.Name {
	s := d.text(maxName)
	if d.err != nil {
		return proto.Name{}
	}
	n, err := proto.ParseName(s)
	if err != nil {
		d.err = refuse(BadName, "%s: %v", d.what, err)
	}
	return n
}

// optionalName reads a name or an empty string for none.
func (d *decoder) optionalName() proto.Name {
	if d.err == nil && len(d.b) >= 4 && string(d.b[:4]) == "\x00\x00\x00\x00" {
		d.fixed(4)
		return proto.Name{}
	}
	return d.name()
}
