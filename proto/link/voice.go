package link

import (
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/quic-go/quic-go"

	"crossband/proto"
	"crossband/proto/link/lane"
)

// voiceFrame is a frame on its way out. The octets are shared with whoever gave
// them, and with other links.
type voiceFrame struct {
	queued time.Duration // by the socket's clock
	alias  proto.Alias   // 0 for a sounding
	frame  []byte
}

// voiceQueue holds a link's frames for the socket's senders. Bound: VoiceFrames.
// Policy: the oldest goes, and what has waited longer than proto.VoiceQueue.
// Counter: VoiceDrops. Behind it quic-go holds up to 32 more and blocks its
// caller, which is why nobody but a sender hands frames over.
type voiceQueue struct {
	senders *voiceSenders
	out     datagrams
	next    *voiceQueue // in the senders' list; theirs

	mu     sync.Mutex
	ring   []voiceFrame // grows up to most: an idle link holds none
	most   int
	head   int // index of the oldest
	n      int
	listed bool          // a sender has it, or it waits in their list for one
	shut   bool          // the link has ended
	quiet  chan struct{} // closed when no sender has it any more; made by abandon

	depth   atomic.Int64  // n, for whoever looks without the lock
	sent    atomic.Uint64 // handed over, soundings apart
	reports atomic.Uint64 // of the lane, that went with the voice
	missed  voiceMisses   // counted, and read without the lock too
}

// datagrams is what a voiceQueue needs of a quic.Conn. SendDatagram may block.
type datagrams interface{ SendDatagram([]byte) error }

// voiceMisses counts what VoiceDrops shows. The figures are read without the
// queue's lock: whoever samples them must not hold up voice.
type voiceMisses struct{ full, stale, size, closed atomic.Uint64 }

func (m *voiceMisses) drops() VoiceDrops {
	return VoiceDrops{Full: m.full.Load(), Stale: m.stale.Load(), Size: m.size.Load(), Closed: m.closed.Load()}
}

// SendVoice is SendVoiceAt, now, with a copy of the frame.
func (c *Conn) SendVoice(alias proto.Alias, frame []byte) bool {
	return c.SendVoiceAt(time.Now(), alias, slices.Clone(frame))
}

// SendVoiceAt queues a voice frame that came at now for the peer and never
// blocks; many goroutines may call it. The link keeps the frame: nobody may
// write to it any more, and it may go out on many links. It returns false when
// this frame was not taken: the link has ended, the alias is 0 or above
// proto.MaxAlias, or the size is not 1 to proto.MaxDatagram less the alias. A
// full queue takes it and drops its oldest.
func (c *Conn) SendVoiceAt(now time.Time, alias proto.Alias, frame []byte) bool {
	q := &c.voice
	if !voiceFits(alias, frame) {
		q.missed.size.Add(1)
		return false
	}
	return q.push(voiceFrame{queued: q.senders.at(now), alias: alias, frame: frame})
}

// voiceFits reports whether a frame may go under an alias.
func voiceFits(alias proto.Alias, frame []byte) bool {
	var header [2]byte
	return alias != 0 && alias <= proto.MaxAlias && len(frame) > 0 && len(alias.AppendVoice(header[:0]))+len(frame) <= proto.MaxDatagram
}

// sendReport queues a report of the lane, which takes a sounding's place.
func (c *Conn) sendReport(r lane.Report) {
	q := &c.voice
	q.reports.Add(1)
	q.push(voiceFrame{queued: q.senders.at(time.Now()), frame: r.Append(nil)[1:]}) // the first octet is the alias
}

// push takes a frame, unless the link has ended, and sees that a sender comes.
func (q *voiceQueue) push(f voiceFrame) bool {
	q.mu.Lock()
	if q.shut {
		q.mu.Unlock()
		q.missed.closed.Add(1)
		return false
	}
	if q.n == q.most {
		if q.shift().alias != 0 {
			q.missed.full.Add(1)
		}
	} else if q.n == len(q.ring) {
		q.grow()
	}
	q.ring[(q.head+q.n)%len(q.ring)] = f
	q.n++
	q.depth.Store(int64(q.n))
	ready := !q.listed
	q.listed = true
	q.mu.Unlock()
	if ready {
		q.senders.add(q)
	}
	return true
}

// grow makes room in a full ring.
func (q *voiceQueue) grow() {
	const first = 4
	ring := make([]voiceFrame, min(max(first, 2*q.n), q.most))
	copy(ring[copy(ring, q.ring[q.head:]):], q.ring[:q.head])
	q.ring, q.head = ring, 0
}

func (q *voiceQueue) shift() voiceFrame {
	f := q.ring[q.head]
	q.ring[q.head] = voiceFrame{}
	q.head = (q.head + 1) % len(q.ring)
	q.n--
	q.depth.Store(int64(q.n))
	return f
}

// pop returns the oldest frame that is fresh. When there is none the queue is
// nobody's any more.
func (q *voiceQueue) pop() (voiceFrame, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for q.n > 0 {
		f := q.shift()
		switch {
		case q.senders.at(time.Now())-f.queued <= proto.VoiceQueue:
			return f, true
		case f.alias != 0:
			q.missed.stale.Add(1)
		}
	}
	q.listed = false
	if q.quiet != nil {
		close(q.quiet)
	}
	return voiceFrame{}, false
}

// abandon ends a queue whose connection has ended, so that nothing that is
// called on it blocks, and waits until no sender has it.
func (q *voiceQueue) abandon() {
	q.mu.Lock()
	q.shut = true
	for q.n > 0 {
		if q.shift().alias != 0 {
			q.missed.closed.Add(1)
		}
	}
	q.ring = nil
	var quiet chan struct{}
	if q.listed {
		quiet = make(chan struct{})
		q.quiet = quiet
	}
	q.mu.Unlock()
	if quiet != nil {
		<-quiet
	}
}

// send hands quic-go what is fresh, until nothing is left. A peer that takes
// nothing holds its caller for as long. scratch is the caller's.
func (q *voiceQueue) send(scratch *[proto.MaxDatagram]byte) {
	for {
		f, ok := q.pop()
		if !ok {
			return
		}
		b := f.alias.AppendVoice(scratch[:0])
		err := q.out.SendDatagram(append(b, f.frame...))
		switch {
		case f.alias == 0: // a sounding: an error is the link's end, which others see
		case err == nil:
			q.sent.Add(1)
		default:
			q.unsent(err)
		}
	}
}

// unsent counts a frame that quic-go did not take.
func (q *voiceQueue) unsent(err error) {
	var size *quic.DatagramTooLargeError
	if errors.As(err, &size) {
		q.missed.size.Add(1)
		return
	}
	q.missed.closed.Add(1)
}

// soundEvery is how often a dialler that is silent sends a sounding: a datagram
// of zeros, which is no voice and is dropped. QUIC's own keep-alive packets are
// too short to be answered with a stateless reset (RFC 9000 10.3.3), so that a
// relay's restart would be noticed only when the link has been idle too long.
const (
	soundEvery = proto.LinkKeepAlive * 3 / 4
	sounding   = 32 // octets
)

// sound queues a sounding.
func (q *voiceQueue) sound() {
	q.push(voiceFrame{queued: q.senders.at(time.Now()), frame: make([]byte, sounding-1)})
}

// soundings sounds at each tick of a link that was silent since the last one.
type soundings struct {
	tick *time.Ticker // nil on a link that was not dialled
	sent uint64       // by then
}

// newSoundings returns the soundings that a link needs. stop them.
func (c *Conn) newSoundings() soundings {
	if !c.ends.dialled || c.ends.enrol || c.ends.bulk {
		return soundings{}
	}
	return soundings{tick: time.NewTicker(soundEvery)}
}

func (s *soundings) due() <-chan time.Time {
	if s.tick == nil {
		return nil
	}
	return s.tick.C
}

func (s *soundings) sound(q *voiceQueue) {
	sent := q.sent.Load() + q.reports.Load()
	if sent == s.sent {
		q.sound()
	}
	s.sent = sent
}

func (s *soundings) stop() {
	if s.tick != nil {
		s.tick.Stop()
	}
}
