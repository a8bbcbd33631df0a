package sound

import (
	"math"

	"crossband/client/voice"
	"crossband/proto"
)

// Bounds of a mix.
const (
	mixFrames = 25 // of one channel that wait: half a second; beyond it the oldest goes
	mixAhead  = 2  // frames that a channel begins with: the sound server asks unevenly
	mixMost   = 64 // channels at once
)

// mix adds up the voice of several channels. It is one goroutine's at a time.
type mix struct {
	lines   map[proto.ChannelID]*line
	dropped uint64 // frames that gave way at a bound
}

// line is what one channel has to say.
type line struct {
	pcm     []int16
	playing bool
	over    bool // the burst has ended: what is there is played without waiting for more
}

func newMix() *mix { return &mix{lines: make(map[proto.ChannelID]*line)} }

// put adds a frame of a channel; end says that it is the burst's last.
func (m *mix) put(ch proto.ChannelID, pcm []int16, end bool) {
	l := m.lines[ch]
	if l == nil {
		if len(m.lines) == mixMost {
			m.dropped++
			return
		}
		l = &line{}
		m.lines[ch] = l
	}
	if len(l.pcm) >= mixFrames*voice.FrameSamples {
		l.pcm = l.pcm[voice.FrameSamples:]
		m.dropped++
	}
	l.pcm = append(l.pcm, pcm...)
	l.over = end
}

// take fills out with what all channels say now, silence where nobody does, and
// reports whether anything was said. What is too loud together is cut off rather than
// wrapped around.
func (m *mix) take(out []int16) (said bool) {
	clear(out)
	for id, l := range m.lines {
		if !l.playing && len(l.pcm) < mixAhead*voice.FrameSamples && !l.over {
			continue
		}
		l.playing = true
		n := min(len(out), len(l.pcm))
		for i, s := range l.pcm[:n] {
			out[i] = int16(min(math.MaxInt16, max(math.MinInt16, int32(out[i])+int32(s))))
		}
		said = said || n > 0
		if l.pcm = l.pcm[n:]; len(l.pcm) == 0 {
			delete(m.lines, id)
		}
	}
	return said
}
