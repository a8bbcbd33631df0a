package ptt

import (
	"io"
	"sync/atomic"
	"time"

	"crossband/client/voice"
	"crossband/cmd/crossband/internal/clip"
)

// speech returns the frames of a recorded message: what is said here, over and over.
func speech() ([][]byte, error) {
	c, err := clip.Get(clip.HailEnglish)
	if err != nil {
		return nil, err
	}
	f, err := voice.ParseOggOpus(c.Ogg)
	return f.Packets, err
}

// mouth is a person at a microphone that is open from the press on: frame n is spoken
// from start + n*20 ms on, and the microphone gives it when its 20 ms are over. It
// implements voice.Source.
type mouth struct {
	words  [][]byte
	from   int // of words, the first that is said
	length int // frames; 0: until hush
	start  time.Time
	given  int
	hushed atomic.Bool
}

// hush lets the person stop, with the frame that is being spoken.
func (m *mouth) hush() { m.hushed.Store(true) }

// said returns what frame n of the burst holds.
func (m *mouth) said(n uint32) []byte { return m.words[(m.from+int(n))%len(m.words)] }

// spoken is when the first sound of frame n left the mouth.
func (m *mouth) spoken(n uint32) time.Time {
	return m.start.Add(time.Duration(n) * voice.FrameDuration)
}

// Codec implements voice.Source.
func (m *mouth) Codec() voice.Codec { return voice.CodecOpus }

// Next implements voice.Source. It waits as a microphone does.
func (m *mouth) Next() ([]byte, error) {
	if m.length > 0 && m.given == m.length || m.hushed.Load() {
		return nil, io.EOF
	}
	n := uint32(m.given)
	m.given++
	time.Sleep(time.Until(m.spoken(n + 1)))
	return m.said(n), nil
}
