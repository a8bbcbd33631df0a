package link

import (
	"context"
	"net"

	"crossband/proto"
)

// Dialer makes links from one UDP socket.
type Dialer struct{}

// NewDialer returns a Dialer on pc, which is the Dialer's from now on.
func NewDialer(pc net.PacketConn, cfg Config) (*Dialer, error) { return nil, errConfig }

// Expect judges whether the verified server is the one that was meant.
type Expect func(proto.Name) error

// Exactly expects one name; another of the same agency is ReasonUnknownPeer,
// another agency's ReasonWrongAgency.
func Exactly(want proto.Name) Expect { return nil }

// RelayOf expects any relay of the agency.
func RelayOf(want proto.Agency) Expect { return nil }

// Dial makes a link to addr and returns it greeted.
func (d *Dialer) Dial(ctx context.Context, addr net.Addr, expect Expect) (*Conn, error) {
	return nil, errConfig
}

// DialEnrol makes an enrolment link. verify judges the server's chain within
// the handshake; no certificate of ours is shown.
func (d *Dialer) DialEnrol(ctx context.Context, addr net.Addr, verify func(chain [][]byte) (proto.Name, error)) (*Conn, error) {
	return nil, errConfig
}

// Close ends the Dialer's links and its socket, and waits for all of them.
func (d *Dialer) Close() error { return nil }
