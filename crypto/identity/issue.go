package identity

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"net/url"
	"time"

	"crossband/proto"
)

// Lifetimes of certificates.
const (
	RootLife     = 20 * 365 * 24 * time.Hour
	IssuingLife  = 2 * 365 * 24 * time.Hour
	RelayLife    = 7 * 24 * time.Hour // relays and authorities: longer than a weekend without power
	EndpointLife = 7 * 24 * time.Hour // everything else
	Backdate     = 15 * time.Minute   // for clocks that run behind, ten minutes and more

	// RevocationLife is how long a revocation is listed: as long as the longest
	// charter may last, and a month.
	RevocationLife = 400 * 24 * time.Hour
)

func lifeOf(r proto.Role) time.Duration {
	if r.IsEndpoint() {
		return EndpointLife
	}
	return RelayLife
}

// maxCSR is the most octets of a certificate signing request.
const maxCSR = 4 << 10

// issuer is an authority certificate with its key.
type issuer struct {
	cert *x509.Certificate
	root *x509.Certificate // cert itself for a root
	key  *ecdsa.PrivateKey
}

func serialNumber() *big.Int {
	b := make([]byte, 16)
	rand.Read(b)
	b[0] = b[0]&0x3f | 0x40 // positive, 127 bits, never with a leading zero
	return new(big.Int).SetBytes(b)
}

// newRoot makes a self-signed root that may name only its agency.
func newRoot(agency proto.Agency, key *ecdsa.PrivateKey, now time.Time) (*x509.Certificate, error) {
	t := authorityTemplate(agency, "root", key, now)
	t.NotAfter = now.Add(RootLife)
	t.MaxPathLen = 1
	return createCertificate(t, t, key.Public(), key)
}

// newIssuing makes the issuing authority below a root.
func newIssuing(agency proto.Agency, key *ecdsa.PrivateKey, root issuer, now time.Time) (*x509.Certificate, error) {
	t := authorityTemplate(agency, "issuing", key, now)
	t.NotAfter = earlier(now.Add(IssuingLife), root.cert.NotAfter)
	t.MaxPathLenZero = true
	return createCertificate(t, root.cert, key.Public(), root.key)
}

func authorityTemplate(agency proto.Agency, kind string, key *ecdsa.PrivateKey, now time.Time) *x509.Certificate {
	serial := serialNumber()
	return &x509.Certificate{
		SerialNumber: serial,
		// The serial number keeps the names of successive authorities apart,
		// so that a chain can be matched by name.
		Subject:                     pkix.Name{Organization: []string{string(agency)}, CommonName: fmt.Sprintf("%s %x", kind, serial.Bytes()[:8])},
		NotBefore:                   now.Add(-Backdate),
		IsCA:                        true,
		BasicConstraintsValid:       true,
		KeyUsage:                    x509.KeyUsageCertSign | x509.KeyUsageCRLSign | x509.KeyUsageDigitalSignature,
		PermittedDNSDomainsCritical: true,
		PermittedURIDomains:         []string{string(agency)},
		SignatureAlgorithm:          x509.ECDSAWithSHA384,
	}
}

// newLeaf makes a device's certificate. Its subject is empty: the one URI is
// the identity.
func newLeaf(name proto.Name, pub crypto.PublicKey, by issuer, now time.Time) (*x509.Certificate, error) {
	uri, err := url.Parse(name.String())
	if err != nil {
		return nil, refuse(BadName, "name %s: %v", name, err)
	}
	t := &x509.Certificate{
		SerialNumber:          serialNumber(),
		URIs:                  []*url.URL{uri},
		NotBefore:             now.Add(-Backdate),
		NotAfter:              earlier(now.Add(lifeOf(name.Role)), by.cert.NotAfter),
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
		SignatureAlgorithm:    x509.ECDSAWithSHA384,
	}
	return createCertificate(t, by.cert, pub, by.key)
}

func createCertificate(t, parent *x509.Certificate, pub crypto.PublicKey, key *ecdsa.PrivateKey) (*x509.Certificate, error) {
	der, err := x509.CreateCertificate(rand.Reader, t, parent, pub, key)
	if err != nil {
		return nil, fmt.Errorf("make certificate: %w", err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("read own certificate: %w", err)
	}
	return cert, nil
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// newCSR makes a signing request for the key. It names nobody: the authority
// decides the name.
func newCSR(key crypto.Signer) ([]byte, error) {
	if _, err := strongKey(key.Public()); err != nil {
		return nil, err
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key)
	if err != nil {
		return nil, fmt.Errorf("make signing request: %w", err)
	}
	return der, nil
}

// parseCSR checks that a request is signed by its own strong key and, where
// it names somebody, that it is name. It returns the key.
func parseCSR(der []byte, name proto.Name) (*x509.CertificateRequest, *ecdsa.PublicKey, error) {
	if len(der) > maxCSR {
		return nil, nil, refuse(TooLarge, "signing request of %d octets, at most %d are read", len(der), maxCSR)
	}
	csr, err := x509.ParseCertificateRequest(der)
	if err != nil {
		return nil, nil, refuse(Malformed, "signing request: %v", err)
	}
	pub, err := strongKey(csr.PublicKey)
	if err != nil {
		return nil, nil, within("signing request for "+name.String(), err)
	}
	if err := csr.CheckSignature(); err != nil {
		return nil, nil, refuse(BadSignature, "the signing request for %s is not signed by its own key", name)
	}
	for _, u := range csr.URIs {
		if u.String() != name.String() {
			return nil, nil, refuse(WrongName, "the signing request asks for %.100q, the certificate would be for %s", u, name)
		}
	}
	return csr, pub, nil
}
