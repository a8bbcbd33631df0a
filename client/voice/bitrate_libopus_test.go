//go:build libopus

package voice

import (
	"math/rand/v2"
	"testing"
)

// carried encodes speech at the bit rate that rate gives for each frame, loses a share
// of the frames, and decodes the rest.
func carried(t *testing.T, pcm []int16, rate func(frame int) int, lost float64) (out []int16, octets int) {
	t.Helper()
	enc, err := NewEncoder()
	if err != nil {
		t.Fatal(err)
	}
	var packets [][]byte
	for i := range len(pcm) / FrameSamples {
		enc.(Limited).Limit(rate(i))
		b, err := enc.Encode(pcm[i*FrameSamples:][:FrameSamples])
		if err != nil {
			t.Fatal(err)
		}
		packets, octets = append(packets, b), octets+len(b)
	}
	dec, err := NewDecoder(CodecOpus)
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(3, 7))
	came := make([]bool, len(packets)+1)
	for i := range packets {
		came[i] = r.Float64() >= lost
	}
	for i, b := range packets {
		var frame []int16
		switch {
		case came[i]:
			frame, err = dec.Decode(b)
		case came[i+1]:
			frame, err = dec.Conceal(packets[i+1])
		default:
			frame, err = dec.Conceal(nil)
		}
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, frame...)
	}
	return out, octets
}

// Speech stays intelligible at each step, with a tenth of it lost, and while steps are
// taken: up and down every half second.
func TestSpeechIsIntelligibleAtEachBitrate(t *testing.T) {
	for name, pcm := range speech(t) {
		pcm = pcm[:min(len(pcm), 4*SampleRate)]
		full := 0
		for _, bits := range bitrates() {
			out, octets := carried(t, pcm, func(int) int { return bits }, 0.1)
			if got := Compare(pcm, out).Score; got < 0.8 {
				t.Errorf("%s at %d bit/s, a tenth lost: score %.3f", name, bits, got)
			}
			if full = max(full, octets); octets*DefaultBitrate > full*bits*101/100 {
				t.Errorf("%s at %d bit/s: %d octets, at the best rate %d", name, bits, octets, full)
			}
		}
		steps := bitrates()
		out, _ := carried(t, pcm, func(i int) int { return steps[i/25%len(steps)] }, 0)
		if got := Compare(pcm, out).Score; got < 0.9 {
			t.Errorf("%s while the bit rate goes up and down: score %.3f", name, got)
		}
	}
}
