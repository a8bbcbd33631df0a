package link

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"crossband/proto/link/lane"
)

// voiceInbox holds what an endpoint has received and not read. Bound:
// VoiceInbox. Policy: the oldest goes. Counter: VoiceDrops.Unread. Relays have
// none: their readers forward at once and never fall behind.
type voiceInbox struct {
	wake chan struct{} // one token: something came

	mu     sync.Mutex
	frames [][]byte
	most   int

	unread atomic.Uint64
}

func (in *voiceInbox) push(b []byte) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if len(in.frames) == in.most {
		in.frames = in.frames[1:]
		in.unread.Add(1)
	}
	in.frames = append(in.frames, b)
	select {
	case in.wake <- struct{}{}:
	default: // the token is there already
	}
}

func (in *voiceInbox) pop() []byte {
	in.mu.Lock()
	defer in.mu.Unlock()
	if len(in.frames) == 0 {
		return nil
	}
	b := in.frames[0]
	in.frames[0] = nil
	in.frames = in.frames[1:]
	return b
}

// readVoice fills the inbox until the connection ends.
func (c *Conn) readVoice() {
	for {
		b, err := c.receiveVoice(context.Background())
		if err != nil {
			return
		}
		c.inbox.push(b)
	}
}

// ReceiveVoice returns the next voice datagram, for proto.ParseVoice; it is
// the caller's. One goroutine may call it. On a relay it must not be kept
// waiting, for quic-go holds 128 datagrams and drops the newest beyond them;
// an endpoint's link holds VoiceInbox of them and drops the oldest. Errors are
// those of Receive.
func (c *Conn) ReceiveVoice(ctx context.Context) ([]byte, error) {
	b, err := c.nextVoice(ctx)
	if err == nil {
		c.voiceReceived.Add(1)
		return b, nil
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return nil, c.ended()
}

// receiveVoice takes the next voice datagram from quic-go. Soundings are dropped,
// and reports of the lane go to it.
func (c *Conn) receiveVoice(ctx context.Context) ([]byte, error) {
	for {
		b, err := c.quic.ReceiveDatagram(ctx)
		if err != nil || !isSounding(b) {
			return b, err
		}
		if c.laneOut != nil && lane.IsReport(b) {
			c.laneOut.take(b, c.sock.clock(time.Now()))
		}
	}
}

// isSounding reports whether a datagram is a sounding: no voice begins with 0.
func isSounding(b []byte) bool { return len(b) > 0 && b[0] == 0 }

func (c *Conn) nextVoice(ctx context.Context) ([]byte, error) {
	if c.inbox == nil {
		return c.receiveVoice(ctx)
	}
	for {
		if b := c.inbox.pop(); b != nil {
			return b, nil
		}
		select {
		case <-c.inbox.wake:
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-c.quic.Context().Done():
			return nil, context.Cause(c.quic.Context())
		}
	}
}
