package link

import (
	"errors"
	"os"
	"sync"
	"time"

	"crossband/proto"
	"crossband/proto/wire"
)

// controlQueue holds encoded frames for the control writer. Bound: frames and
// octets. Policy: the link closes as slow. Counter: Stats.ControlQueued.
type controlQueue struct {
	maxFrames, maxOctets int
	wake                 chan struct{} // one token: something changed

	mu     sync.Mutex
	frames [][]byte
	octets int
	last   *proto.Refusal // once set, nothing more is taken in
	shut   bool           // the link has ended
}

func newControlQueue(l Limits) controlQueue {
	return controlQueue{maxFrames: l.ControlFrames, maxOctets: l.ControlOctets, wake: make(chan struct{}, 1)}
}

var errQueueShut = errors.New("link is closing")

func (q *controlQueue) push(frame []byte) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.shut || q.last != nil {
		return errQueueShut
	}
	if len(q.frames) >= q.maxFrames || q.octets+len(frame) > q.maxOctets {
		return proto.Refusef(proto.ReasonSlow, "%d frames of %d octets wait to be sent", len(q.frames), q.octets)
	}
	q.frames = append(q.frames, frame)
	q.octets += len(frame)
	q.signal()
	return nil
}

// finish lets the writer end the link with why once the queue is empty.
func (q *controlQueue) finish(why *proto.Refusal) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.last == nil {
		q.last = why
	}
	q.signal()
}

func (q *controlQueue) signal() {
	select {
	case q.wake <- struct{}{}:
	default: // the token is there already
	}
}

// coalesce is how much of several frames the writer hands over in one piece.
const coalesce = 16 << 10

// take returns the next piece to write, nil when the queue is empty; then last
// says whether and why the link is to end.
func (q *controlQueue) take() (piece []byte, frames int, last *proto.Refusal) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.frames) == 0 {
		q.frames = nil // an idle link holds no queue
		return nil, 0, q.last
	}
	total := len(q.frames[0])
	for frames = 1; frames < len(q.frames) && total+len(q.frames[frames]) <= coalesce; frames++ {
		total += len(q.frames[frames])
	}
	piece = q.frames[0]
	if frames > 1 {
		piece = make([]byte, 0, total)
		for _, f := range q.frames[:frames] {
			piece = append(piece, f...)
		}
	}
	clear(q.frames[:frames])
	q.frames = q.frames[frames:]
	q.octets -= total
	return piece, frames, nil
}

func (q *controlQueue) abandon() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.shut, q.frames, q.octets = true, nil, 0
}

func (q *controlQueue) depth() (frames, octets int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.frames), q.octets
}

// Send queues a frame and never blocks. The frame may be reused at once. When
// the peer does not take frames as fast as they come and the queue is full,
// the link closes with proto.ReasonSlow and Send returns that refusal. A frame
// over proto.MaxFrame is refused with ReasonTooLarge and the link goes on.
func (c *Conn) Send(f *wire.Frame) error {
	b, err := proto.AppendFrame(nil, f)
	if err != nil {
		return err
	}
	return c.SendEncoded(b)
}

// SendEncoded queues a frame that proto.AppendFrame encoded, as Send does. The
// link keeps b and never writes to it: one encoding may go out on many links.
func (c *Conn) SendEncoded(b []byte) error {
	err := c.control.push(b)
	var slow *proto.Refusal
	if errors.As(err, &slow) {
		c.Close(slow)
	}
	return err
}

// writeControl writes queued frames until the connection ends or the queue is
// finished.
func (c *Conn) writeControl() {
	over := c.quic.Context().Done()
	sound := c.newSoundings()
	defer sound.stop()
	for {
		piece, frames, last := c.control.take()
		switch {
		case piece != nil && !c.writePiece(piece):
			return
		case piece != nil:
			c.framesSent.Add(uint64(frames))
			continue
		case last != nil:
			c.drain(last)
			return
		}
		select {
		case <-c.control.wake:
		case <-sound.due():
			sound.sound(&c.voice)
		case <-c.peerEnded:
			c.answerEnd()
			return
		case <-over:
			return
		}
	}
}

// write reports false when the link is over. A peer that takes nothing for
// StallTime is slow; one that takes a little is only on a thin path.
func (c *Conn) write(b []byte) bool {
	stall := c.sock.cfg.Limits.StallTime
	for progress := time.Now(); len(b) > 0; {
		// A write that times out tells only how much was taken, not when: it
		// is made in short turns.
		c.stream.SetWriteDeadline(time.Now().Add(stall / 5))
		n, err := c.stream.Write(b)
		b = b[n:]
		if n > 0 {
			progress = time.Now()
		}
		switch {
		case err == nil:
		case !errors.Is(err, os.ErrDeadlineExceeded):
			// The peer stopped the stream, or the connection is over and keeps
			// its own reason.
			refuse(c.quic, proto.Refuse(proto.ReasonMalformed, "the control stream was stopped"))
			return false
		case time.Since(progress) >= stall:
			refuse(c.quic, proto.Refusef(proto.ReasonSlow, "no octet taken for %v", stall))
			return false
		}
	}
	return true
}

// drain ends the stream behind the last frame and waits for the peer to end
// its own, which it does when it has read everything, or for DrainTime.
func (c *Conn) drain(why *proto.Refusal) {
	c.stream.Close()
	late := time.NewTimer(c.sock.cfg.Limits.DrainTime)
	defer late.Stop()
	select {
	case <-c.peerEnded:
	case <-late.C:
	case <-c.quic.Context().Done():
	}
	refuse(c.quic, why)
}

// answerEnd tells a peer that drains its link that all was read, and leaves it
// the last word. Should that be lost on the way, the link does not stay until
// it is idle: what hangs on it, such as a floor, is to be freed.
func (c *Conn) answerEnd() {
	c.stream.Close()
	late := time.NewTimer(2 * c.sock.cfg.Limits.DrainTime)
	defer late.Stop()
	select {
	case <-late.C:
	case <-c.quic.Context().Done():
	}
	refuse(c.quic, proto.Refuse(proto.ReasonClosing, ""))
}
