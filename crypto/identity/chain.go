package identity

import (
	"crypto/x509"
	"slices"
	"time"

	"crossband/proto"
)

// Limits of a presented chain. quic-go reads 16 KiB of handshake at most.
const (
	MaxChain      = 4        // certificates, the leaf and the root counted
	MaxChainBytes = 16 << 10 // octets of all of them together
)

// Usage says what a certificate is used for.
type Usage uint8

const (
	UsageServer Usage = iota + 1 // the peer we dialled: needs serverAuth
	UsageClient                  // the peer that dialled us: needs clientAuth
	UsageMember                  // signs documents or is a member of groups: needs digitalSignature
)

// A chain has been parsed and has the right shape; no signature in it has
// been verified.
type chain struct {
	name  proto.Name
	certs []*x509.Certificate // leaf first; the root is left out
	root  *x509.Certificate   // the self-issued certificate at the end, if one was presented
}

func (c chain) leaf() *x509.Certificate { return c.certs[0] }

// parseChain does all that can be done without public-key operations, the
// cheapest first, so that a hostile chain costs little.
func parseChain(raw [][]byte) (chain, error) {
	if len(raw) == 0 {
		return chain{}, refuse(NoCertificate, "no certificate was presented")
	}
	size := 0
	for _, der := range raw {
		size += len(der)
	}
	if len(raw) > MaxChain || size > MaxChainBytes {
		return chain{}, refuse(ChainTooLong, "chain of %d certificates and %d octets, at most %d and %d are allowed",
			len(raw), size, MaxChain, MaxChainBytes)
	}
	name, err := claimedName(raw[0])
	if err != nil {
		return chain{}, err
	}
	c := chain{name: name}
	for i, der := range raw {
		cert, err := x509.ParseCertificate(der)
		if err != nil {
			return chain{}, refuse(Malformed, "certificate %d of %s's chain: %v", i+1, name, err)
		}
		if err := strongCertificate(cert); err != nil {
			return chain{}, within("certificate of "+describe(cert, name), err)
		}
		c.certs = append(c.certs, cert)
	}
	for i, cert := range c.certs[1:] {
		if !slices.Equal(c.certs[i].RawIssuer, cert.RawSubject) {
			return chain{}, refuse(Malformed, "certificate %d of %s's chain was not issued by the one after it", i+1, name)
		}
	}
	if last := len(c.certs) - 1; last > 0 && slices.Equal(c.certs[last].RawIssuer, c.certs[last].RawSubject) {
		c.certs, c.root = c.certs[:last], c.certs[last]
	}
	return c, nil
}

// describe names a certificate in a sentence.
func describe(cert *x509.Certificate, leaf proto.Name) string {
	if cert.IsCA {
		return "authority " + cert.Subject.String()
	}
	return leaf.String()
}

// strongCertificate refuses keys and signatures below the floor: RSA of any
// size, SHA-1, and every curve but P-256 and P-384.
func strongCertificate(cert *x509.Certificate) error {
	if _, err := strongKey(cert.PublicKey); err != nil {
		return err
	}
	switch cert.SignatureAlgorithm {
	case x509.ECDSAWithSHA256, x509.ECDSAWithSHA384, x509.ECDSAWithSHA512:
		return nil
	}
	return refuse(WeakKey, "signed with %v, only ECDSA with SHA-2 is allowed", cert.SignatureAlgorithm)
}

// checkDates refuses a certificate outside its validity, with both times.
func checkDates(cert *x509.Certificate, who string, now time.Time) error {
	if now.Before(cert.NotBefore) {
		return refuse(NotYetValid, "the certificate of %s is valid from %s; this clock shows %s", who, date(cert.NotBefore), date(now))
	}
	if now.After(cert.NotAfter) {
		return refuse(Expired, "the certificate of %s expired on %s; this clock shows %s", who, date(cert.NotAfter), date(now))
	}
	return nil
}

// checkLeaf holds the first certificate to what a device's may be.
func (c chain) checkLeaf(usage Usage, now time.Time) error {
	leaf := c.leaf()
	if leaf.IsCA || leaf.KeyUsage&(x509.KeyUsageCertSign|x509.KeyUsageCRLSign) != 0 {
		return refuse(NotALeaf, "the certificate of %s is an authority's and cannot be a device's", c.name)
	}
	if leaf.KeyUsage&x509.KeyUsageDigitalSignature == 0 {
		return refuse(WrongUsage, "the certificate of %s is not for digital signatures", c.name)
	}
	need, word := x509.ExtKeyUsageServerAuth, "serverAuth"
	switch usage {
	case UsageServer:
	case UsageClient:
		need, word = x509.ExtKeyUsageClientAuth, "clientAuth"
	case UsageMember:
		return checkDates(leaf, c.name.String(), now)
	default:
		return refuse(WrongUsage, "unknown usage %d", usage)
	}
	if !slices.Contains(leaf.ExtKeyUsage, need) {
		return refuse(WrongUsage, "the certificate of %s does not allow %s", c.name, word)
	}
	return checkDates(leaf, c.name.String(), now)
}

// checkAuthorities holds the certificates between leaf and root to the rules
// of an issuing authority of this agency.
func (c chain) checkAuthorities(now time.Time) error {
	for i, cert := range c.certs[1:] {
		if err := checkAuthority(cert, c.name.Agency, i, now); err != nil {
			return err
		}
	}
	return nil
}

// checkAuthority checks one authority that has below others under it before
// the leaf.
func checkAuthority(cert *x509.Certificate, agency proto.Agency, below int, now time.Time) error {
	who := cert.Subject.String()
	if !cert.BasicConstraintsValid || !cert.IsCA || cert.KeyUsage&x509.KeyUsageCertSign == 0 {
		return refuse(UnknownAuthority, "%s is not an authority and cannot issue certificates", who)
	}
	limited := cert.MaxPathLen > 0 || cert.MaxPathLen == 0 && cert.MaxPathLenZero
	if limited && below > cert.MaxPathLen {
		return refuse(ChainTooLong, "authority %s allows %d authorities below it, the chain has %d", who, cert.MaxPathLen, below)
	}
	if p := cert.PermittedURIDomains; len(p) > 0 && !slices.Contains(p, string(agency)) {
		return refuse(WrongAgency, "authority %s may only name %q and not %s", who, p, agency)
	}
	return checkDates(cert, "authority "+who, now)
}
