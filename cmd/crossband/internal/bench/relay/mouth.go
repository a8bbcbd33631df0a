package relay

import (
	"context"
	"crypto/rand"
	"sync/atomic"
	"time"

	"crossband/cmd/crossband/internal/bench"
	"crossband/proto"
)

// slice is one turn of a party.
type slice struct {
	clock    *clock
	number   uint32
	octets   int         // of a frame
	measured atomic.Bool // frames that are sent count: while the process's account is open
	over     atomic.Bool // talkers end
}

// mouth is one talker.
type mouth struct {
	talker    uint16
	listeners int
	kid       uint64 // of its frames' headers
	send      func(frame []byte)

	number uint64 // of its last frame
}

// said is what a talker did in a slice.
type said struct {
	counted uint64        // frames that count
	due     uint64        // frames that should have been sent in that time
	latest  time.Duration // how much after its time a frame was sent, at most
}

// talk sends a frame every 20 ms, the first one after phase. A load that was kept
// from sending for more than two frames leaves the rest out, and says so: to catch up
// in a burst is what no microphone does.
func (m *mouth) talk(ctx context.Context, s *slice, phase time.Duration) (t said) {
	room := make([]byte, s.octets)
	for at := s.clock.now() + phase; !s.over.Load(); at += proto.VoiceFrame {
		if bench.Sleep(ctx, at-s.clock.now()) != nil {
			return t
		}
		m.fill(room)
		now, in := s.clock.now(), uint32(0)
		if s.measured.Load() {
			in = s.number
			t.counted++
			t.due++
			t.latest = max(t.latest, now-at)
		}
		stamp{now, in, m.talker, uint32(m.number)}.put(room)
		m.send(room)
		for ; now-at > 2*proto.VoiceFrame; at += proto.VoiceFrame {
			if in != 0 {
				t.due++
			}
		}
	}
	return t
}

// firstCounter keeps a frame's header the same length for as long as a run lasts.
const firstCounter = 1 << 16

// fill makes the talker's next frame, but for its stamp.
func (m *mouth) fill(room []byte) {
	m.number++
	h := proto.SFrameHeader{KID: m.kid, CTR: firstCounter + m.number}.AppendTo(room[:0])
	rand.Read(room[len(h):])
}
