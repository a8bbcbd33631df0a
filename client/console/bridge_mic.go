package console

import (
	"bytes"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"crossband/client/voice"
)

// upward is the order of what a page's microphone sends.
type upward struct {
	begun bool
	last  uint16 // sequence number of the newest packet
}

// maxBackward is how far a sequence number may lie behind the newest and still be a late
// packet; further back the page has begun to count anew.
const maxBackward = 1000

// fresh reports whether a packet is neither late nor doubled.
func (u *upward) fresh(seq uint16) bool {
	behind := int16(u.last - seq)
	if u.begun && behind >= 0 && behind < maxBackward {
		return false
	}
	u.begun, u.last = true, seq
	return true
}

// listen reads a microphone's packets. Its goroutine is pion's, and ends with the track.
func (p *voicePage) listen(t *webrtc.TrackRemote) {
	b := make([]byte, maxRTP)
	for {
		n, _, err := t.Read(b)
		if err != nil {
			return
		}
		var packet rtp.Packet
		if packet.Unmarshal(b[:n]) == nil {
			p.b.hear(p, codecOf(t.Codec().MimeType), packet.SequenceNumber, packet.Payload)
		}
	}
}

// hear takes a packet of a page's microphone. Who is not the page that speaks is not
// listened to.
func (b *Bridge) hear(p *voicePage, c voice.Codec, seq uint16, payload []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case p != b.page:
		return
	case !p.up.fresh(seq):
		b.stats.UpLate++
		return
	case len(payload) == 0: // padding only
		return
	case voice.CheckPayload(c, payload) != nil:
		b.stats.UpRefused++
		return
	}
	p.codec = c
	if len(b.presses) == 0 {
		return
	}
	payload = bytes.Clone(payload) // one copy serves all: nobody writes to it
	for press := range b.presses {
		press.sayLocked(c, payload)
	}
}
