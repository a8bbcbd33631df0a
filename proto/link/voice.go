package link

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/quic-go/quic-go"

	"crossband/proto"
	"crossband/proto/link/lane"
)

// voiceFrame is one datagram on its way out.
type voiceFrame struct {
	queued time.Time
	n      int
	data   [proto.MaxDatagram]byte
}

// voiceQueue holds datagrams for the voice writer. Bound: VoiceFrames.
// Policy: the oldest goes, and what has waited longer than proto.VoiceQueue.
// Counter: VoiceDrops. Behind it, quic-go holds up to 32 more and blocks its
// caller, which is why no other goroutine sends frames. Migrate sends one
// sounding beside it.
type voiceQueue struct {
	pool *sync.Pool
	wake chan struct{} // one token: the writer sleeps and there is work

	mu     sync.Mutex
	ring   []*voiceFrame // nil until the first frame: an idle link holds none
	most   int
	head   int // index of the oldest
	n      int
	asleep bool // the writer waits for wake
	shut   bool

	depth  atomic.Int64 // n, for whoever looks without the lock
	sent   atomic.Uint64
	missed voiceMisses // counted, and read without the lock too
}

// voiceMisses counts what VoiceDrops shows. The figures are read without the
// queue's lock: whoever samples them must not hold up voice.
type voiceMisses struct{ full, stale, size, closed atomic.Uint64 }

func (m *voiceMisses) drops() VoiceDrops {
	return VoiceDrops{Full: m.full.Load(), Stale: m.stale.Load(), Size: m.size.Load(), Closed: m.closed.Load()}
}

func newVoiceQueue(l Limits, pool *sync.Pool) voiceQueue {
	return voiceQueue{pool: pool, most: l.VoiceFrames, wake: make(chan struct{}, 1)}
}

// SendVoice queues a voice frame for the peer and never blocks; many
// goroutines may call it. The frame is copied. It returns false when this
// frame was not taken: the link has ended, the alias is 0 or above
// proto.MaxAlias, or the size is not 1 to proto.MaxDatagram less the alias. A full
// queue takes it and drops its oldest.
func (c *Conn) SendVoice(alias proto.Alias, frame []byte) bool {
	q := &c.voice
	if !voiceFits(alias, frame) {
		q.missed.size.Add(1)
		return false
	}
	f := q.pool.Get().(*voiceFrame)
	f.n = len(append(alias.AppendVoice(f.data[:0]), frame...))
	return q.add(f)
}

// voiceFits reports whether a frame may go under an alias.
func voiceFits(alias proto.Alias, frame []byte) bool {
	var header [2]byte
	return alias != 0 && alias <= proto.MaxAlias && len(frame) > 0 && len(alias.AppendVoice(header[:0]))+len(frame) <= proto.MaxDatagram
}

// sendRaw queues a datagram that is no voice, of at most proto.MaxDatagram octets,
// among the voice.
func (c *Conn) sendRaw(datagram []byte) {
	f := c.voice.pool.Get().(*voiceFrame)
	f.n = copy(f.data[:], datagram)
	c.voice.add(f)
}

func (q *voiceQueue) add(f *voiceFrame) bool {
	f.queued = time.Now()
	old, ok := q.push(f)
	if old != nil {
		q.pool.Put(old)
	}
	return ok
}

// push returns the frame that is not queued any more, if any.
func (q *voiceQueue) push(f *voiceFrame) (out *voiceFrame, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.shut {
		q.missed.closed.Add(1)
		return f, false
	}
	if q.ring == nil {
		q.ring = make([]*voiceFrame, q.most)
	}
	if q.n == q.most {
		out = q.shift()
		q.missed.full.Add(1)
	}
	q.ring[(q.head+q.n)%q.most] = f
	q.n++
	q.depth.Store(int64(q.n))
	if q.asleep {
		q.asleep = false
		select {
		case q.wake <- struct{}{}:
		default: // the token is there already
		}
	}
	return out, true
}

func (q *voiceQueue) shift() *voiceFrame {
	f := q.ring[q.head]
	q.ring[q.head] = nil
	q.head = (q.head + 1) % q.most
	q.n--
	q.depth.Store(int64(q.n))
	return f
}

// pop returns the oldest frame that is fresh, nil when the writer is to sleep.
func (q *voiceQueue) pop() *voiceFrame {
	q.mu.Lock()
	defer q.mu.Unlock()
	for q.n > 0 {
		f := q.shift()
		if time.Since(f.queued) <= proto.VoiceQueue {
			q.sent.Add(1)
			return f
		}
		q.missed.stale.Add(1)
		q.pool.Put(f)
	}
	q.asleep = true
	return nil
}

func (q *voiceQueue) abandon() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.shut = true
	q.missed.closed.Add(uint64(q.n))
	q.ring, q.n = nil, 0
	q.depth.Store(0)
}

// soundEvery is how often a dialler that is silent sends a sounding: a datagram
// of zeros, which is no voice and is dropped. QUIC's own keep-alive packets are
// too short to be answered with a stateless reset (RFC 9000 10.3.3), so that a
// relay's restart would be noticed only when the link has been idle too long.
const (
	soundEvery = proto.LinkKeepAlive * 3 / 4
	sounding   = 32 // octets
)

// writeVoice hands queued datagrams to quic-go until the connection ends.
func (c *Conn) writeVoice() {
	over := c.quic.Context().Done()
	var sound <-chan time.Time
	if c.ends.dialled {
		t := time.NewTicker(soundEvery)
		defer t.Stop()
		sound = t.C
	}
	spoke := false // since the last tick
	for {
		f := c.voice.pop()
		if f == nil {
			select {
			case <-c.voice.wake:
				continue
			case <-sound:
				if !spoke {
					c.sound()
				}
				spoke = false
				continue
			case <-over:
				return
			}
		}
		spoke = true
		err := c.quic.SendDatagram(f.data[:f.n])
		c.voice.pool.Put(f)
		if err != nil && !c.voice.unsent(err) {
			return
		}
	}
}

// sound sends a sounding. An error is the link's end, which others see.
func (c *Conn) sound() { c.quic.SendDatagram(make([]byte, sounding)) }

// unsent counts a frame that quic-go did not take; false when the link is over.
func (q *voiceQueue) unsent(err error) bool {
	q.sent.Add(^uint64(0)) // one less
	var size *quic.DatagramTooLargeError
	if errors.As(err, &size) {
		q.missed.size.Add(1)
		return true
	}
	q.missed.closed.Add(1)
	return false
}

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
