package soak

import (
	"bytes"
	"io"
	"time"

	"crossband/client/voice"
)

// A burst of the soak run carries, in each frame's sound, who talks and when the
// frame was captured, so that a listener knows the age of what it plays from what
// it plays and from nothing else. A frame of G.711 has 160 samples: nine tones of
// 16 samples and one that fills it up, because the decoder's filter lags by 12
// samples. Each tone is one of 16 levels, that is 4 bits: talker (4), the time in
// milliseconds (24, which repeats after 4 h 39 min), check (8).
const (
	stampTones   = 9
	toneSamples  = 16                                    // at 8 kHz: 2 ms
	tonePlayed   = toneSamples * voice.SampleRate / 8000 // as it is played
	decoderDelay = 12 * voice.SampleRate / 8000
	stampTimes   = 1 << 24
	maxTalker    = 15
	levels       = 16
	loudest      = 12000 // of the outermost levels, of 32767
	fullScale    = 32768
)

// stamp returns a frame of sound: who talks, and a time in nanoseconds.
func stamp(talker uint8, now int64) []byte {
	t := uint64(now/int64(time.Millisecond)) % stampTimes
	word := uint64(talker&maxTalker)<<32 | t<<8
	word |= uint64(checkOf(word))
	var frame []byte
	for i := stampTones - 1; i >= 0; i-- {
		frame = append(frame, tone(word>>(4*i))...)
	}
	return append(frame, tone(word)...)
}

func tone(nibble uint64) []byte {
	return bytes.Repeat([]byte{muLaw(levelOf(int(nibble & (levels - 1))))}, toneSamples)
}

// age reads a frame as it is played and says who talked and how long before now;
// false when the sound has been changed, as at a burst's edges or where two frames
// were played as one.
func age(pcm []int16, now int64) (talker uint8, d time.Duration, ok bool) {
	if len(pcm) != voice.FrameSamples {
		return 0, 0, false
	}
	var word uint64
	for i := range stampTones {
		mid := decoderDelay + i*tonePlayed + tonePlayed/2
		word = word<<4 | uint64(nearest(mean(pcm[mid-tonePlayed/8:mid+tonePlayed/8])))
	}
	if checkOf(word&^0xff) != uint8(word) {
		return 0, 0, false
	}
	then := int64(word >> 8 & (stampTimes - 1))
	gone := (now/int64(time.Millisecond) - then) % stampTimes
	if gone < 0 {
		gone += stampTimes
	}
	return uint8(word >> 32), time.Duration(gone) * time.Millisecond, true
}

func mean(pcm []int16) int {
	sum := 0
	for _, s := range pcm {
		sum += int(s)
	}
	return sum / len(pcm)
}

// checkOf folds a word into 8 bits, so that a blurred frame is told from a good
// one in all but one of 256.
func checkOf(word uint64) uint8 { return uint8(word * 0x9e3779b97f4a7c15 >> 56) }

func levelOf(i int) int { return (2*i - (levels - 1)) * loudest / (levels - 1) }

func nearest(s int) int {
	const step = 2 * loudest / (levels - 1)
	return min(max((s+loudest+step/2)/step, 0), levels-1)
}

// muLaw codes a sample as G.711 does.
func muLaw(s int) byte {
	const bias = 132
	sign := byte(0)
	if s < 0 {
		s, sign = -s, 0x80
	}
	s = min(s, fullScale-1-bias) + bias
	exponent := byte(7)
	for mask := 0x4000; s&mask == 0 && exponent > 0; mask >>= 1 {
		exponent--
	}
	return ^(sign | exponent<<4 | byte(s>>(exponent+3))&0x0f)
}

// stamped is a burst of stamped frames. It implements voice.Source.
type stamped struct {
	talker uint8
	left   int // frames
}

// Codec implements voice.Source.
func (s *stamped) Codec() voice.Codec { return voice.CodecPCMU }

// Next implements voice.Source.
func (s *stamped) Next() ([]byte, error) {
	if s.left == 0 {
		return nil, io.EOF
	}
	s.left--
	return stamp(s.talker, Monotonic()), nil
}
