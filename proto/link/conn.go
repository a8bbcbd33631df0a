package link

import (
	"context"
	"net"
	"time"

	"crossband/proto"
	"crossband/proto/wire"
)

// Conn is one greeted link.
type Conn struct{}

// Peer returns the other side's certified name; zero for a newcomer.
func (c *Conn) Peer() proto.Name { return proto.Name{} }

// Enrolment reports whether this is an enrolment link.
func (c *Conn) Enrolment() bool { return false }

// Version returns the protocol version in force.
func (c *Conn) Version() uint32 { return 0 }

// Has reports whether both sides offered the capability.
func (c *Conn) Has(capability string) bool { return false }

// Software returns the other side's free text.
func (c *Conn) Software() string { return "" }

// ClockSkew returns how far the peer's clock is ahead of ours.
func (c *Conn) ClockSkew() time.Duration { return 0 }

// RemoteAddr returns the peer's present address.
func (c *Conn) RemoteAddr() net.Addr { return nil }

// Receive returns the next frame. One goroutine may call it.
func (c *Conn) Receive(ctx context.Context) (*wire.Frame, error) { return nil, errConfig }

// Send queues a frame and never blocks. The frame may be reused at once.
func (c *Conn) Send(f *wire.Frame) error { return errConfig }

// SendVoice queues a voice frame and never blocks; false when it was dropped.
func (c *Conn) SendVoice(alias proto.Alias, frame []byte) bool { return false }

// ReceiveVoice returns the next voice datagram, for proto.ParseVoice.
func (c *Conn) ReceiveVoice(ctx context.Context) ([]byte, error) { return nil, errConfig }

// Close ends the link with a reason that the peer will see; nil means
// proto.ReasonClosing. It does not block; Done tells when it is over.
func (c *Conn) Close(why *proto.Refusal) {}

// Done is closed when the link has ended and everything it started with it.
func (c *Conn) Done() <-chan struct{} { return nil }

// Err says whose doing the end was: *RefusedByPeer, a *proto.Refusal of our
// own, or *Lost; nil before Done is closed.
func (c *Conn) Err() error { return nil }

// Stats returns a snapshot of the link's figures.
func (c *Conn) Stats() Stats { return Stats{} }
