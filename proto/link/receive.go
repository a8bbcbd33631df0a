package link

import (
	"context"
	"errors"
	"io"
	"os"
	"time"

	"github.com/quic-go/quic-go"

	"crossband/proto"
	"crossband/proto/wire"
)

// Receive returns the next frame. One goroutine may call it; it should do so
// without pause until an error, since a link whose frames are not read looks
// slow to its peer. What the peer may not send is judged from the header; any
// breach of the protocol closes the link with the same reason at both ends.
//
// Errors are of the three kinds that Err returns, or ctx's. After ctx's error
// Receive may be called again, unless a frame had begun: then the link closes.
func (c *Conn) Receive(ctx context.Context) (*wire.Frame, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if !c.source.begun() {
		c.stream.SetReadDeadline(time.Time{})
	}
	c.source.ctx = ctx
	woken := make(chan struct{})
	// The function ends at once: it only wakes the reader below.
	unwatch := context.AfterFunc(ctx, func() {
		c.stream.SetReadDeadline(time.Unix(1, 0))
		close(woken)
	})
	defer func() {
		if !unwatch() {
			<-woken // its deadline must not meet the next Receive
		}
	}()
	f, err := proto.ReadFrame(&c.source, c.permit)
	if err != nil {
		return nil, c.receiveFault(ctx, err)
	}
	if f.GetEnrol() != nil {
		c.enrolls++
	}
	c.framesReceived.Add(1)
	return f, nil
}

// permit judges a frame's header.
func (c *Conn) permit(k proto.Kind, length int) error {
	if err := proto.Permit(k, length, c.ends.self, c.ends.peer, c.ends.state()); err != nil {
		return err
	}
	if !c.ends.enrol || k == proto.KindRefused {
		return nil
	}
	// One request, one answer, nothing else.
	if c.ends.dialled && k == proto.KindEnrolReply || !c.ends.dialled && k == proto.KindEnrol && c.enrolls == 0 {
		return nil
	}
	return proto.Refusef(proto.ReasonForbidden, "kind %d on an enrolment link", k)
}

func (c *Conn) receiveFault(ctx context.Context, err error) error {
	var refusal *proto.Refusal
	switch {
	case errors.As(err, &refusal):
		return c.breach(refusal)
	case errors.Is(err, os.ErrDeadlineExceeded) && ctx.Err() != nil && !c.source.begun():
		return ctx.Err()
	case errors.Is(err, os.ErrDeadlineExceeded) && ctx.Err() != nil:
		c.Close(nil)
		return ctx.Err()
	case errors.Is(err, os.ErrDeadlineExceeded):
		return c.breach(proto.Refuse(proto.ReasonSlow, "a frame was begun and not finished in time"))
	case errors.Is(err, io.EOF) && !c.source.begun():
		return c.end()
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return c.breach(proto.Refuse(proto.ReasonMalformed, "the stream ended within a frame"))
	}
	var reset *quic.StreamError
	if errors.As(err, &reset) {
		return c.breach(proto.Refuse(proto.ReasonMalformed, "the control stream was reset"))
	}
	return c.ended()
}

// breach closes the link for what the peer did.
func (c *Conn) breach(why *proto.Refusal) error {
	refuse(c.quic, why)
	return c.ended()
}

// end is reached when the peer has sent its last frame: it closes in peace and
// waits to hear that we have read all.
func (c *Conn) end() error {
	select {
	case <-c.peerEnded:
	default:
		close(c.peerEnded)
	}
	return c.ended()
}

// frameSource reads the control stream and follows the frames in it, so that
// a frame once begun must arrive in time while the pause between two frames
// may last.
type frameSource struct {
	stream    *quic.Stream
	frameTime time.Duration
	slowest   int             // octets a second at which a body must come
	ctx       context.Context // of the running Receive

	head [6]byte // kind u16, length u32
	have int     // octets of head
	left int     // octets of the body still to come
}

// begun reports whether a frame has begun and not ended.
func (s *frameSource) begun() bool { return s.have > 0 }

// Read implements io.Reader.
func (s *frameSource) Read(p []byte) (int, error) {
	if s.have < len(s.head) {
		p = p[:min(len(p), len(s.head)-s.have)]
	} else {
		p = p[:min(len(p), s.left)]
	}
	n, err := s.stream.Read(p)
	if n > 0 {
		s.follow(p[:n])
	}
	return n, err
}

func (s *frameSource) follow(p []byte) {
	if s.have == len(s.head) {
		s.left -= len(p)
	} else {
		if s.have == 0 {
			s.deadline(s.frameTime)
		}
		s.have += copy(s.head[s.have:], p)
		if s.have < len(s.head) {
			return
		}
		s.left = int(uint32(s.head[2])<<24 | uint32(s.head[3])<<16 | uint32(s.head[4])<<8 | uint32(s.head[5]))
		if s.left > 0 {
			s.deadline(s.frameTime + time.Duration(min(s.left, proto.MaxFrame))*time.Second/time.Duration(s.slowest))
		}
	}
	if s.left == 0 {
		s.have = 0
		s.stream.SetReadDeadline(time.Time{})
		s.wakeIfCancelled()
	}
}

func (s *frameSource) deadline(d time.Duration) {
	s.stream.SetReadDeadline(time.Now().Add(d))
	s.wakeIfCancelled()
}

// wakeIfCancelled repeats what the watch on ctx did, if a deadline set since
// may have undone it.
func (s *frameSource) wakeIfCancelled() {
	if s.ctx.Err() != nil {
		s.stream.SetReadDeadline(time.Unix(1, 0))
	}
}
