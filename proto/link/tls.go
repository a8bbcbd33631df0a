package link

import (
	"crypto/tls"
	"crypto/x509"
	"slices"

	"crossband/proto"
)

// curves are the key exchanges allowed: the hybrids, which a recorder with a
// later quantum computer cannot open, are preferred by crypto/tls in any order.
func curves() []tls.CurveID {
	return []tls.CurveID{
		tls.X25519MLKEM768, tls.SecP256r1MLKEM768, tls.SecP384r1MLKEM1024,
		tls.CurveP384, tls.CurveP256, tls.X25519,
	}
}

// listenerTLS asks for a client certificate on links and for none on
// enrolment links. TLS checks here that the client holds the key; whether the
// chain is good is judged after the handshake, where a reason can be told.
func (c *Config) listenerTLS() *tls.Config {
	member := &tls.Config{
		MinVersion:             tls.VersionTLS13,
		CurvePreferences:       curves(),
		NextProtos:             []string{proto.ALPN},
		ClientAuth:             tls.RequireAnyClientCert,
		SessionTicketsDisabled: true, // every link is judged anew, and there is no 0-RTT to replay
		GetCertificate:         func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return c.Certificate() },
	}
	newcomer := member.Clone()
	newcomer.NextProtos = []string{proto.ALPNEnrol}
	newcomer.ClientAuth = tls.NoClientCert
	outer := member.Clone()
	outer.NextProtos = []string{proto.ALPN, proto.ALPNEnrol}
	outer.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		if slices.Contains(hello.SupportedProtos, proto.ALPN) {
			return member, nil
		}
		return newcomer, nil // with neither protocol, TLS refuses by itself
	}
	return outer
}

// dialerTLS shows our certificate. judge, if not nil, judges the server within
// the handshake, before our certificate is sent (RFC 8446 4.4.2).
func (c *Config) dialerTLS(judge func(chain [][]byte) error) *tls.Config {
	t := serverJudgedBy(judge)
	t.NextProtos = []string{proto.ALPN}
	t.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return c.Certificate() }
	return t
}

// enrolTLS shows no certificate.
func enrolTLS(judge func(chain [][]byte) error) *tls.Config {
	t := serverJudgedBy(judge)
	t.NextProtos = []string{proto.ALPNEnrol}
	return t
}

func serverJudgedBy(judge func(chain [][]byte) error) *tls.Config {
	t := &tls.Config{
		MinVersion:       tls.VersionTLS13,
		CurvePreferences: curves(),
		// Names are SPIFFE IDs under one agency's roots, which crypto/tls cannot
		// judge; Config.Verify does, and no link exists without it.
		InsecureSkipVerify: true,
	}
	if judge != nil {
		t.VerifyPeerCertificate = func(chain [][]byte, _ [][]*x509.Certificate) error { return judge(chain) }
	}
	return t
}

// chainOf returns the certificates that the peer showed, leaf first.
func chainOf(s tls.ConnectionState) [][]byte {
	chain := make([][]byte, len(s.PeerCertificates))
	for i, cert := range s.PeerCertificates {
		chain[i] = cert.Raw
	}
	return chain
}
