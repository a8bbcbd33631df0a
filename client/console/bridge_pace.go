package console

import (
	"time"

	"github.com/pion/rtp"

	"crossband/client/voice"
	"crossband/proto"
)

// pace numbers and times one track's packets. The zero value begins with the first.
//
// Within a burst each frame follows the one before; a lost frame takes its number and
// its time all the same, so that the page covers it up. Between bursts, and where
// nothing came for longer than paceSlack, time goes on as the clock does. The unit of
// time is that of the frame's codec, also for the time since the last frame (RFC 7160
// section 4.1: a change of clock rate never sets the timestamp back).
type pace struct {
	seq   uint16
	stamp uint32
	due   time.Time // when the next frame belongs
	codec voice.Codec
}

// paceSlack is how late a frame of a burst may come and still follow the last one
// without a pause.
const paceSlack = 3 * proto.VoiceFrame

// frame returns the header of the next frame, without payload type and source.
func (p *pace) frame(now time.Time, c voice.Codec, begins bool) rtp.Header {
	marker := p.turn(now, c, begins)
	h := rtp.Header{Version: 2, Marker: marker, SequenceNumber: p.seq, Timestamp: p.stamp}
	p.step()
	return h
}

// hole leaves a frame out.
func (p *pace) hole(now time.Time, begins bool) {
	p.turn(now, p.codec, begins)
	p.step()
}

// turn comes to the next frame, and reports whether speech begins with it.
func (p *pace) turn(now time.Time, c voice.Codec, begins bool) bool {
	p.codec = c
	late := now.Sub(p.due)
	switch {
	case p.due.IsZero():
		p.due = now
		return true
	case late >= proto.VoiceFrame && (begins || late > paceSlack):
		frames := late / proto.VoiceFrame
		p.stamp += uint32(frames) * ticks(c) // modulo 2^32
		p.due = p.due.Add(frames * proto.VoiceFrame)
		return true
	}
	return begins
}

func (p *pace) step() {
	p.seq++
	p.stamp += ticks(p.codec)
	p.due = p.due.Add(proto.VoiceFrame)
}

// ticks is how far a codec's RTP clock goes in a frame: Opus always counts 48 kHz (RFC
// 7587 section 4.1), G.711 8 kHz.
func ticks(c voice.Codec) uint32 {
	if c == voice.CodecPCMU {
		return 160
	}
	return 960
}
