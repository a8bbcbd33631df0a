// Package barelink opens links for endpoints that a benchmark reduces to their links: no
// session, no groups, nothing sealed or opened.
package barelink

import (
	"crypto/tls"
	"net"
	"time"

	"crossband/crypto/identity"
	"crossband/proto"
	"crossband/proto/link"
)

// Endpoint is who links. Trust judges the relay; endpoints may share it. Capabilities
// are as in link.Config.
type Endpoint struct {
	Name         proto.Name
	Certificate  func() (*tls.Certificate, error)
	Trust        *identity.TrustStore
	Capabilities []string
}

// Dialer opens a UDP socket on loopback for the endpoint's links. Closing the dialer
// closes it.
func (e Endpoint) Dialer() (*link.Dialer, error) {
	socket, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return nil, err
	}
	d, err := link.NewDialer(socket, link.Config{
		Self: e.Name, Certificate: e.Certificate, Software: "crossband bench", Capabilities: e.Capabilities,
		Verify: func(chain [][]byte, _ bool) (proto.Name, error) {
			return e.Trust.VerifyPeer(chain, identity.UsageServer, time.Now())
		},
	})
	if err != nil {
		socket.Close()
		return nil, err
	}
	return d, nil
}
