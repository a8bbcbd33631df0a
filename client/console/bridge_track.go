package console

import (
	"bytes"
	"sync/atomic"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"crossband/client/voice"
	"crossband/proto"
)

// voiceTrack is one channel's way down. It is a webrtc.TrackLocal that gives each frame
// the payload type of the frame's own codec: on a channel talk devices that code Opus
// and devices that cannot.
type voiceTrack struct {
	channel proto.ChannelID
	bound   atomic.Pointer[binding] // nil: not yet, or no more

	// Under the Bridge's mutex:
	pace  pace
	burst proto.BurstID // whose frame came last
}

// binding is where a track's packets go.
type binding struct {
	types map[voice.Codec]uint8
	ssrc  uint32
	to    webrtc.TrackLocalWriter
}

// down is a packet on its way to the page.
type down struct {
	track   *voiceTrack
	header  rtp.Header
	codec   voice.Codec
	payload []byte
}

// packet makes a frame into a packet. It copies the payload.
func (t *voiceTrack) packet(now time.Time, c voice.Codec, payload []byte, begins bool) down {
	h := t.pace.frame(now, c, begins)
	return down{t, h, c, bytes.Clone(payload)}
}

// endSilence is how many frames of silence follow a burst: a browser that is given
// nothing more goes on with the last sound for a while.
const endSilence = 3

// silence is 20 ms of it. Of Opus: a CELT frame of full bandwidth whose first bit says
// that it is silent (RFC 6716 section 4.3).
func silence(c voice.Codec) []byte {
	if c == voice.CodecPCMU {
		return bytes.Repeat([]byte{0xff}, 160)
	}
	return []byte{0xf8, 0xff, 0xfe}
}

// send sends a packet, if there is where to, and the page takes its codec.
func (d down) send() error {
	b := d.track.bound.Load()
	if b == nil {
		return nil
	}
	pt, takes := b.types[d.codec]
	if !takes {
		return nil
	}
	d.header.PayloadType, d.header.SSRC = pt, b.ssrc
	_, err := b.to.WriteRTP(&d.header, d.payload)
	return err
}

// ID implements webrtc.TrackLocal.
func (t *voiceTrack) ID() string { return "voice-" + t.channel.String() }

// RID implements webrtc.TrackLocal: there is one coding.
func (t *voiceTrack) RID() string { return "" }

// StreamID implements webrtc.TrackLocal: by it the page knows the channel.
func (t *voiceTrack) StreamID() string { return "ch-" + t.channel.String() }

// Kind implements webrtc.TrackLocal.
func (t *voiceTrack) Kind() webrtc.RTPCodecType { return webrtc.RTPCodecTypeAudio }

// Bind implements webrtc.TrackLocal.
func (t *voiceTrack) Bind(c webrtc.TrackLocalContext) (webrtc.RTPCodecParameters, error) {
	b := &binding{types: codecTypes(c.CodecParameters()), ssrc: uint32(c.SSRC()), to: c.WriteStream()}
	if len(b.types) == 0 {
		return webrtc.RTPCodecParameters{}, webrtc.ErrUnsupportedCodec
	}
	t.bound.Store(b)
	return c.CodecParameters()[0], nil
}

// Unbind implements webrtc.TrackLocal.
func (t *voiceTrack) Unbind(webrtc.TrackLocalContext) error {
	t.bound.Store(nil)
	return nil
}

// codecTypes returns the payload type of each codec of ours among those negotiated.
func codecTypes(negotiated []webrtc.RTPCodecParameters) map[voice.Codec]uint8 {
	types := make(map[voice.Codec]uint8, 2)
	for _, p := range negotiated {
		if c := codecOf(p.MimeType); c != voice.CodecNone {
			if _, there := types[c]; !there {
				types[c] = uint8(p.PayloadType)
			}
		}
	}
	return types
}
