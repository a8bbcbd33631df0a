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
	if err := t.verify(t.cur.Load(), c, usage, now); err != nil {
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

func (t *TrustStore) verify(s *snapshot, c chain, usage Usage, now time.Time) error {
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
	// Dates, usage and revocation are judged each time; only what crypto/x509 finds
	// about the path is remembered, for this chain below these roots.
	if err := c.checkRoots(roots, now); err != nil {
		return err
	}
	if err := t.verifyPath(c, roots, usage, now); err != nil {
		return s.explain(c, err)
	}
	if len(s.revoked) == 0 {
		return nil
	}
	return s.checkRevoked(c.revocables())
}

// checkRoots judges the roots that the chain may hang on: crypto/x509 would only say
// of one that itself does not hold that the authority is unknown.
func (c chain) checkRoots(roots []*x509.Certificate, now time.Time) error {
	for _, r := range roots {
		if slices.Equal(c.certs[len(c.certs)-1].RawIssuer, r.RawSubject) {
			if err := checkAuthority(r, c.name.Agency, len(c.certs)-1, now); err != nil {
				return err
			}
		}
	}
	return nil
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
