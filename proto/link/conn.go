package link

import (
	"context"
	"crypto/tls"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/quic-go/quic-go"

	"crossband/proto"
)

// Conn is one greeted link. It runs two goroutines of its own: the control
// writer, which also sees to the link's end, and, for an endpoint, the voice
// reader. An enrolment link has the first only; so has a bulk link, and who
// accepted it one that waits for voice, which may not come. Voice goes out by the
// socket's senders.
type Conn struct {
	sock   *socket
	quic   *quic.Conn
	stream *quic.Stream
	ends   ends
	terms  terms

	control controlQueue // drained by the control writer
	pace    pacer        // of a bulk link; owned by the control writer
	voice   voiceQueue   // drained by the socket's senders
	inbox   *voiceInbox  // filled by the voice reader; nil on a relay
	laneOut *laneOut     // a relay's to an endpoint, if both have lanes
	laneIn  *laneIn      // an endpoint's

	// Owned by the one goroutine that calls Receive.
	source  frameSource
	enrolls int // Enrol frames taken from a newcomer

	peerEnded chan struct{} // closed by Receive: the peer has sent its last frame
	done      chan struct{} // closed when everything has ended; err is set before
	err       error

	strain strainMeter // owned by the one goroutine that calls Strain

	framesSent, framesReceived atomic.Uint64
	voiceReceived              atomic.Uint64
}

// ends says who is on either side of a link.
type ends struct {
	self, peer proto.Name
	enrol      bool // an enrolment link
	dialled    bool // by us
	bulk       bool // a bulk link
}

// start makes a link of a greeted connection.
func (s *socket) start(q *quic.Conn, stream *quic.Stream, e ends, t terms) (*Conn, error) {
	c := &Conn{
		sock:      s,
		quic:      q,
		stream:    stream,
		ends:      e,
		terms:     t,
		control:   newControlQueue(s.cfg.Limits),
		voice:     voiceQueue{senders: s.voice, out: q, most: s.cfg.Limits.VoiceFrames},
		source:    frameSource{stream: stream, frameTime: s.cfg.Limits.FrameTime, slowest: e.slowest()},
		peerEnded: make(chan struct{}),
		done:      make(chan struct{}),
	}
	if e.bulk {
		c.voice.abandon() // whatever is given to it is counted as not sent
	}
	if !e.enrol && !e.bulk && e.self.Role != proto.RoleRelay {
		c.inbox = &voiceInbox{wake: make(chan struct{}, 1), most: s.cfg.Limits.VoiceInbox}
	}
	if err := s.adopt(c); err != nil {
		refuse(q, proto.Refuse(proto.ReasonClosing, ""))
		return nil, err
	}
	c.openLane()
	// Ends when the connection has ended, the voice reader has, and no sender has the link.
	go c.run()
	return c, nil
}

// run is the link's life, on the control writer's goroutine.
func (c *Conn) run() {
	defer c.sock.running.Done()
	over := c.quic.Context().Done()
	if c.ends.enrol {
		late := time.AfterFunc(c.sock.cfg.Limits.EnrolTime, func() {
			c.Close(proto.Refuse(proto.ReasonSlow, "the enrolment took too long"))
		})
		defer late.Stop()
	}
	var reader sync.WaitGroup
	switch {
	case c.inbox != nil:
		reader.Go(c.readVoice) // ends with the connection
	case c.ends.bulk && !c.ends.dialled: // who dialled has datagrams off
		reader.Go(c.refuseVoice) // ends with the connection
	}
	c.writeControl()
	<-over
	reader.Wait()
	c.closeLane()
	c.control.abandon()
	c.voice.abandon()
	c.err = verdict(context.Cause(c.quic.Context()))
	c.sock.forget(c)
	close(c.done)
}

// Peer returns the other side's certified name; zero for a newcomer.
func (c *Conn) Peer() proto.Name { return c.ends.peer }

// Enrolment reports whether this is an enrolment link.
func (c *Conn) Enrolment() bool { return c.ends.enrol }

// Dialled reports whether our side made the link.
func (c *Conn) Dialled() bool { return c.ends.dialled }

// Version returns the protocol version in force.
func (c *Conn) Version() uint32 { return c.terms.version }

// Has reports whether both sides offered the capability.
func (c *Conn) Has(capability string) bool { return slices.Contains(c.terms.capabilities, capability) }

// Software returns the other side's free text, printable and at most 200 octets.
func (c *Conn) Software() string { return c.terms.software }

// Offers returns what the peer said that it speaks. Each greeting says it anew.
func (c *Conn) Offers() Offers { return c.terms.offers }

// ClockSkew returns how far the peer's clock was ahead of ours when the link
// began, good to the asymmetry of the path. See proto.ClockSkewWarning.
func (c *Conn) ClockSkew() time.Duration { return c.terms.skew }

// RemoteAddr returns the peer's present address; it may change while the link
// lives.
func (c *Conn) RemoteAddr() net.Addr { return c.quic.RemoteAddr() }

// TLS returns what the handshake came to: suite, key exchange, the peer's chain.
func (c *Conn) TLS() tls.ConnectionState { return c.quic.ConnectionState().TLS }

// Close ends the link with a reason that the peer will see; nil means
// proto.ReasonClosing. For that reason frames already queued get DrainTime to
// go out; for any other the link ends at once, and so does a bulk link for any:
// at its pace what is queued may take minutes, and who asked asks again. It does
// not block: Done tells when it is over. The first reason counts.
func (c *Conn) Close(why *proto.Refusal) {
	if why == nil {
		why = proto.Refuse(proto.ReasonClosing, "")
	}
	if why.Reason == proto.ReasonClosing && !c.ends.bulk {
		c.control.finish(why)
		return
	}
	refuse(c.quic, why)
}

// Done is closed when the link has ended and everything it started with it.
func (c *Conn) Done() <-chan struct{} { return c.done }

// Err says whose doing the end was: *RefusedByPeer, a *proto.Refusal of our
// own, or *Lost. It is nil before Done is closed.
func (c *Conn) Err() error {
	select {
	case <-c.done:
		return c.err
	default:
		return nil
	}
}

// ended waits for the connection's end, which is near, and says whose doing
// it was.
func (c *Conn) ended() error {
	<-c.quic.Context().Done()
	return verdict(context.Cause(c.quic.Context()))
}

// Context returns a context that ends when the connection does, shortly before
// Done is closed.
func (c *Conn) Context() context.Context { return c.quic.Context() }
