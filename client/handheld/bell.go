package handheld

import (
	"math"
	"slices"
	"strings"
	"time"

	"crossband/client/console"
	"crossband/client/voice"
)

// ringEvery is how often a call is heard while it wants an answer.
const ringEvery = 3 * time.Second

// bell rings while a call wants an answer: one that sounds once is not heard over an engine.
type bell struct{ last time.Time }

// due returns what is to be heard now, as PCM; nil: nothing. The gravest call tells which.
func (b *bell) due(calls []console.Call, now time.Time) []int16 {
	if !slices.ContainsFunc(calls, func(c console.Call) bool { return c.Rings }) {
		b.last = time.Time{}
		return nil
	}
	if now.Sub(b.last) < ringEvery {
		return nil
	}
	b.last = now
	grave := slices.ContainsFunc(calls, func(c console.Call) bool {
		return c.Rings && (strings.Contains(c.Urgency, "emergency") || strings.Contains(c.Urgency, "peril"))
	})
	if grave {
		return tones(1320, 990, 1320, 990, 1320, 990)
	}
	return tones(880, 1175, 880)
}

// toneLong is how long a tone of the bell is.
const toneLong = 160 * time.Millisecond

// tones plays notes, in hertz, one after the other, a little below a loud voice.
func tones(hertz ...float64) (pcm []int16) {
	const loud = 0.3 * math.MaxInt16
	n := int(toneLong * voice.SampleRate / time.Second)
	for _, h := range hertz {
		for i := range n {
			fade := min(1, float64(min(i, n-i))/float64(voice.SampleRate/100)) // 10 ms: no click
			pcm = append(pcm, int16(loud*fade*math.Sin(2*math.Pi*h*float64(i)/voice.SampleRate)))
		}
	}
	return pcm
}
