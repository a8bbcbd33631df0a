package ptt

import (
	"bytes"
	"time"
)

// syllable is how many frames at an end of a burst are one: less than 60 ms are none.
const syllable = 3

// verdict is what became of the frames of one burst.
type verdict struct {
	said, played, concealed int
	first, last             int // frames not played before the first and after the last that were; all of them are first when none was
	wrong                   int // played, but not what was said
	delays                  []time.Duration
}

// judge compares what was played of a burst with what was said, frame by frame. A
// frame's delay is from when its first sound left the mouth until it was given to the
// loudspeaker.
func judge(m *mouth, h heard) verdict {
	v := verdict{said: m.length, concealed: h.concealed}
	lowest, highest := m.length, -1
	was := make([]bool, m.length)
	for _, f := range h.frames {
		n := int(f.index)
		if n >= m.length || was[n] || !bytes.Equal(f.payload, m.said(f.index)) {
			v.wrong++
			continue
		}
		was[n] = true
		v.played++
		v.delays = append(v.delays, f.at.Sub(m.spoken(f.index)))
		lowest, highest = min(lowest, n), max(highest, n)
	}
	v.first = lowest
	if highest >= 0 {
		v.last = m.length - 1 - highest
	}
	return v
}
