package link

import (
	"time"

	"golang.org/x/net/ipv4"

	"crossband/proto"
	"crossband/proto/link/lane"
)

// Bounds of what a volley gathers before it sends.
const (
	volleyPackets = 128
	volleyOctets  = 24 << 10
)

// Volley carries one voice frame to many links of a listener's socket: by the
// voice lane where an endpoint has one, sealed and sent on the caller's goroutine
// in few system calls, and through SendVoiceAt to everybody else. It belongs to one
// goroutine, from Volley to Fire. No frame takes a lock or allocates.
type Volley struct {
	s       *socket
	now     time.Time
	at      int64 // now by the socket's clock
	n       int
	packets [volleyPackets]ipv4.Message
	parts   [volleyPackets][1][]byte
	room    []byte // what is left of arena
	arena   [volleyOctets]byte
	nonce   lane.Nonce
}

// Volley begins one, at the time of the frame.
func (l *Listener) Volley(now time.Time) *Volley {
	v := l.s.volleys.Get().(*Volley)
	v.s, v.now, v.at, v.room = l.s, now, l.s.clock(now), v.arena[:]
	return v
}

// Send sends the frame to a link of the listener's socket, dialled or accepted.
// What it returns, which frames it refuses, and that it keeps the frame, is as with
// SendVoiceAt.
func (v *Volley) Send(c *Conn, alias proto.Alias, frame []byte) bool {
	if c.laneOut == nil || !voiceFits(alias, frame) || c.sock != v.s {
		return c.SendVoiceAt(v.now, alias, frame)
	}
	w, how := c.laneOut.route(v.at)
	switch how {
	case byLane:
		return v.seal(w, alias, frame)
	case byDatagramAndProbe:
		if v.seal(w, 0, nil) {
			c.laneOut.probes.Add(1)
		}
	}
	return c.SendVoiceAt(v.now, alias, frame)
}

// seal adds a packet; without a frame it is a probe. It is false when the way
// has no sequence number left.
func (v *Volley) seal(w *laneWay, alias proto.Alias, frame []byte) bool {
	sequence := w.next.Add(1) - 1
	if sequence > lane.MaxSequence {
		return false
	}
	if v.n == len(v.packets) || len(v.room) < lane.MaxPacket {
		v.flush()
	}
	packet := v.room[:lane.HeaderSize]
	if frame != nil {
		packet = append(alias.AppendVoice(packet), frame...)
	}
	packet = w.keys.Seal(packet, uint32(sequence), &v.nonce)
	v.room = v.room[len(packet):]
	v.parts[v.n][0] = packet
	v.packets[v.n] = ipv4.Message{Buffers: v.parts[v.n][:], Addr: w.path, OOB: w.oob}
	v.n++
	w.octets.Add(uint64(len(packet)))
	return true
}

func (v *Volley) flush() {
	v.s.burst.write(v.packets[:v.n])
	clear(v.packets[:v.n])
	v.n, v.room = 0, v.arena[:]
}

// Fire sends what is left. The volley must not be used any more.
func (v *Volley) Fire() {
	if v.n > 0 {
		v.flush()
	}
	v.s.volleys.Put(v)
}
