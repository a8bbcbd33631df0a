package identity

import (
	"crypto/x509"
	"errors"
	"slices"
	"time"

	"crossband/proto"
)

// VerifyPeer verifies the chain a peer presented, leaf first and at most
// MaxChain certificates, for usage at now, and returns who it is. Only roots
// of the agency that the leaf names are considered. It has the shape for
// tls.Config.VerifyPeerCertificate, with InsecureSkipVerify on the dialling
// side and RequireAnyClientCert on the listening one. TLS skips that call
// when it resumes a session: turn session tickets off, or call it from
// VerifyConnection.
func (t *TrustStore) VerifyPeer(raw [][]byte, usage Usage, now time.Time) (proto.Name, error) {
	c, err := parseChain(raw)
	if err != nil {
		return proto.Name{}, err
	}
	if err := t.cur.Load().verify(c, usage, now); err != nil {
		return proto.Name{}, err
	}
	return c.name, nil
}

// Verify is VerifyPeer for parsed certificates.
func (t *TrustStore) Verify(certs []*x509.Certificate, usage Usage, now time.Time) (proto.Name, error) {
	raw := make([][]byte, len(certs))
	for i, c := range certs {
		raw[i] = c.Raw
	}
	return t.VerifyPeer(raw, usage, now)
}

func (s *snapshot) verify(c chain, usage Usage, now time.Time) error {
	own, known := s.agencies[c.name.Agency]
	if !known {
		return refuse(UnknownAuthority, "agency %s of %s is not trusted here: no bundle of it is pinned", c.name.Agency, c.name)
	}
	if err := c.checkLeaf(usage, now); err != nil {
		return err
	}
	if err := c.checkAuthorities(now); err != nil {
		return err
	}
	roots := own.anchors(now)
	if c.root != nil && !holds(roots, c.root) {
		return s.stranger(c)
	}
	if err := verifySignatures(c, roots, usage, now); err != nil {
		return s.explain(c, err)
	}
	return s.checkRevoked(c)
}

// verifySignatures leaves the path to crypto/x509, with the roots of one
// agency and nothing else.
func verifySignatures(c chain, roots []*x509.Certificate, usage Usage, now time.Time) error {
	o := x509.VerifyOptions{
		Roots:         x509.NewCertPool(),
		Intermediates: x509.NewCertPool(),
		CurrentTime:   now,
		KeyUsages:     []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	}
	switch usage {
	case UsageClient:
		o.KeyUsages[0] = x509.ExtKeyUsageClientAuth
	case UsageServer:
		o.KeyUsages[0] = x509.ExtKeyUsageServerAuth
	}
	for _, r := range roots {
		// A root that itself does not hold gives its reason here: crypto/x509
		// would only say that the authority is unknown.
		if slices.Equal(c.certs[len(c.certs)-1].RawIssuer, r.RawSubject) {
			if err := checkAuthority(r, c.name.Agency, len(c.certs)-1, now); err != nil {
				return err
			}
		}
		o.Roots.AddCert(r)
	}
	for _, cert := range c.certs[1:] {
		o.Intermediates.AddCert(cert)
	}
	_, err := c.leaf().Verify(o)
	return err
}

// explain turns an error of crypto/x509 into a refusal.
func (s *snapshot) explain(c chain, err error) error {
	var r *Refusal
	var invalid x509.CertificateInvalidError
	switch {
	case errors.As(err, &r):
		return err
	case errors.As(err, &x509.UnknownAuthorityError{}):
		return s.stranger(c)
	case !errors.As(err, &invalid):
		return refuse(Malformed, "the chain of %s: %v", c.name, err)
	}
	faults := map[x509.InvalidReason]Fault{
		x509.Expired:                       Expired,
		x509.CANotAuthorizedForThisName:    WrongAgency,
		x509.CANotAuthorizedForExtKeyUsage: WrongUsage,
		x509.IncompatibleUsage:             WrongUsage,
		x509.TooManyIntermediates:          ChainTooLong,
		x509.NotAuthorizedToSign:           UnknownAuthority,
	}
	if f, ok := faults[invalid.Reason]; ok {
		return refuse(f, "the chain of %s: %v", c.name, err)
	}
	return refuse(Malformed, "the chain of %s: %v", c.name, err)
}

// stranger says of a chain that the claimed agency's roots did not sign
// whether another agency's did: that is not a mistake but an attack.
func (s *snapshot) stranger(c chain) error {
	for agency, a := range s.agencies {
		if agency == c.name.Agency {
			continue
		}
		for _, r := range a.all() {
			if signedBy(c, r) {
				return refuse(WrongAgency, "the authority of %s vouches for %s, which is not allowed for this trust domain", agency, c.name)
			}
		}
	}
	return refuse(UnknownAuthority, "no trusted authority of %s vouches for %s: unknown authority %s",
		c.name.Agency, c.name, c.certs[len(c.certs)-1].Issuer)
}

func signedBy(c chain, root *x509.Certificate) bool {
	for _, cert := range c.certs {
		// The name comparison keeps signature checks to roots that claim the
		// certificate; it decides nothing.
		if slices.Equal(cert.RawIssuer, root.RawSubject) && cert.CheckSignatureFrom(root) == nil {
			return true
		}
	}
	return false
}

func holds(roots []*x509.Certificate, cert *x509.Certificate) bool {
	return slices.ContainsFunc(roots, cert.Equal)
}
