package identity

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/binary"
	"time"
)

// verifyPath finds a path of signatures from the leaf to one of the roots of one
// agency. For members of groups it recalls that there is one: what it recalls holds
// whenever all certificates of the chain are valid, which the caller has checked,
// and below the same roots. Peers of a link are verified each time.
//
// A member's chain is taken in two steps, the authority below its root and the leaf
// below the authority, because the members of one agency share the first: of a
// thousand of them it is verified once.
func (t *TrustStore) verifyPath(c chain, roots []*x509.Certificate, usage Usage, now time.Time) error {
	if usage != UsageMember {
		return path(c.certs, roots, usage, now)
	}
	once := func(certs, anchors []*x509.Certificate) error {
		return t.Once(pathDigest(certs, anchors), func() error { return path(certs, anchors, usage, now) })
	}
	issuing := c.certs[1:]
	if len(issuing) != 1 || !plainConstraints(roots) {
		return once(c.certs, roots)
	}
	if err := once(issuing, roots); err != nil {
		return err
	}
	return once(c.certs[:1], issuing)
}

// plainConstraints reports whether the roots' constraints are no more than those that
// checkAuthority judges: their agency, if anything, is the only name that they permit.
// A leaf with one name, of that agency, is within them, so that a root need not be
// asked once more for each leaf below an authority of its own. The constraints of that
// authority are applied by crypto/x509, which takes it as the anchor.
func plainConstraints(roots []*x509.Certificate) bool {
	for _, a := range roots {
		for _, list := range [][]string{a.ExcludedURIDomains, a.PermittedDNSDomains, a.ExcludedDNSDomains, a.PermittedEmailAddresses, a.ExcludedEmailAddresses} {
			if len(list) > 0 {
				return false
			}
		}
		if len(a.PermittedIPRanges)+len(a.ExcludedIPRanges)+len(a.UnhandledCriticalExtensions) > 0 {
			return false
		}
	}
	return true
}

// path leaves it to crypto/x509, with the given anchors and nothing else.
func path(certs, anchors []*x509.Certificate, usage Usage, now time.Time) error {
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
	for _, r := range anchors {
		o.Roots.AddCert(r)
	}
	for _, cert := range certs[1:] {
		o.Intermediates.AddCert(cert)
	}
	_, err := certs[0].Verify(o)
	return err
}

// pathDigest names the verification of a member's chain below a set of anchors. The
// first octets keep it apart from every other digest.
func pathDigest(certs, anchors []*x509.Certificate) [sha256.Size]byte {
	h := sha256.New()
	h.Write([]byte("crossband path of certificates 1"))
	for _, list := range [][]*x509.Certificate{certs, anchors} {
		h.Write(binary.BigEndian.AppendUint32(nil, uint32(len(list))))
		for _, c := range list {
			h.Write(binary.BigEndian.AppendUint32(nil, uint32(len(c.Raw))))
			h.Write(c.Raw)
		}
	}
	return [sha256.Size]byte(h.Sum(nil))
}
