package link

import (
	"context"
	"net"
)

// Listener accepts links on one UDP socket.
type Listener struct{}

// Listen starts to accept links on pc, which is the Listener's from now on.
func Listen(pc net.PacketConn, cfg Config) (*Listener, error) { return nil, errConfig }

// Accept returns the next link whose peer is verified and greeted.
func (l *Listener) Accept(ctx context.Context) (*Conn, error) { return nil, errConfig }

// Dialer returns a Dialer on the same socket; Close of either closes both.
func (l *Listener) Dialer() *Dialer { return nil }

// Addr returns the local address.
func (l *Listener) Addr() net.Addr { return nil }

// Close ends the listener, its links and its socket, and waits for all of them.
func (l *Listener) Close() error { return nil }
