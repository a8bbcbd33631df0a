package voice

import (
	"math"
	"testing"
)

// biggestStep returns the largest difference between neighbouring samples.
func biggestStep(pcm []int16) float64 {
	most := 0.0
	for i := 1; i < len(pcm); i++ {
		most = max(most, math.Abs(float64(pcm[i])-float64(pcm[i-1])))
	}
	return most
}

// run plays pcm through a concealer with the given frames lost.
func run(pcm []int16, lost func(frame int) bool) []int16 {
	var c concealer
	var out []int16
	for i := 0; (i+1)*FrameSamples <= len(pcm); i++ {
		if lost(i) {
			out = append(out, c.lost()...)
		} else {
			out = append(out, c.good(pcm[i*FrameSamples:(i+1)*FrameSamples])...)
		}
	}
	return out
}

func TestConcealNothingLostChangesNothing(t *testing.T) {
	in := tone(20*FrameSamples, 140, 9000)
	for i, s := range run(in, func(int) bool { return false }) {
		if s != in[i] {
			t.Fatalf("sample %d: %d, was %d", i, s, in[i])
		}
	}
}

func TestConcealGoesOnWithTheVoice(t *testing.T) {
	for _, pitch := range []float64{90, 140, 233, 310} {
		in := tone(30*FrameSamples, pitch, 9000)
		out := run(in, func(i int) bool { return i == 10 })
		gap := out[10*FrameSamples : 11*FrameSamples]
		if level := rms(gap) / rms(in[10*FrameSamples:11*FrameSamples]); level < 0.75 || level > 1.05 {
			t.Errorf("pitch %v: one lost frame is played at %.2f of the level", pitch, level)
		}
		if step, natural := biggestStep(out), biggestStep(in); step > 1.5*natural {
			t.Errorf("pitch %v: a click: step of %.0f, the voice itself has %.0f", pitch, step, natural)
		}
	}
}

func TestConcealFadesToSilence(t *testing.T) {
	in := tone(40*FrameSamples, 150, 9000)
	out := run(in, func(i int) bool { return i >= 10 && i < 18 })
	last := math.Inf(1)
	for i := 10; i < 18; i++ {
		energy := rms(out[i*FrameSamples : (i+1)*FrameSamples])
		if energy > last {
			t.Errorf("lost frame %d is louder than the one before: %.0f after %.0f", i-10, energy, last)
		}
		last = energy
		if i >= 14 && energy != 0 { // 80 ms
			t.Errorf("lost frame %d still sounds: %.0f", i-10, energy)
		}
	}
	if step, natural := biggestStep(out), biggestStep(in); step > 1.5*natural {
		t.Errorf("a click: step of %.0f, the voice itself has %.0f", step, natural)
	}
	if back := rms(out[19*FrameSamples : 20*FrameSamples]); math.Abs(back-rms(in[19*FrameSamples:20*FrameSamples])) > 1 {
		t.Error("the voice does not come back whole")
	}
}

func TestConcealNoiseAndSilenceAndStart(t *testing.T) {
	in := noise(30*FrameSamples, 3000, 5)
	out := run(in, func(i int) bool { return i%7 == 3 })
	if biggestStep(out) > 1.5*biggestStep(in) {
		t.Errorf("noise: step of %.0f, was %.0f", biggestStep(out), biggestStep(in))
	}
	if out := run(make([]int16, 10*FrameSamples), func(i int) bool { return i%2 == 0 }); rms(out) != 0 {
		t.Error("silence does not stay silent")
	}
	if out := run(tone(3*FrameSamples, 100, 9000), func(i int) bool { return i == 0 }); rms(out[:FrameSamples]) != 0 {
		t.Error("something is played before anything was heard")
	}
	loud := tone(20*FrameSamples, 100, 32_767)
	if biggestStep(run(loud, func(i int) bool { return i == 5 })) > 2*biggestStep(loud) {
		t.Error("overflow at full scale")
	}
}

func TestConcealRealSpeech(t *testing.T) {
	recordings := speech(t)
	for _, name := range []string{"human-en-US-callsign", "espeak-fr"} {
		pcm := recordings[name]
		seed := uint64(7)
		out := run(pcm, func(int) bool {
			seed = seed*6364136223846793005 + 1442695040888963407
			return seed>>33%100 < 5
		})
		if s := Compare(pcm, out); s.Score < 0.9 {
			t.Errorf("%s with 5 %% of its frames lost: %+v", name, s)
		}
		if biggestStep(out) > 1.5*biggestStep(pcm) {
			t.Errorf("%s: step of %.0f, was %.0f", name, biggestStep(out), biggestStep(pcm))
		}
	}
}

func TestMergeFramesLeavesNoDipAndNoClick(t *testing.T) {
	for _, pitch := range []float64{113, 137, 171, 190} {
		in := tone(4*FrameSamples, pitch, 9000)
		out := append([]int16(nil), in[:FrameSamples]...)
		a := append([]int16(nil), in[FrameSamples:2*FrameSamples]...)
		out = append(out, mergeFrames(a, in[2*FrameSamples:3*FrameSamples])...)
		out = append(out, in[3*FrameSamples:]...)
		if len(out) != 3*FrameSamples || biggestStep(out) > 1.3*biggestStep(in) {
			t.Errorf("pitch %v: %d samples, step of %.0f, was %.0f", pitch, len(out), biggestStep(out), biggestStep(in))
		}
		const period = SampleRate / 100
		for at := FrameSamples; at+period <= 2*FrameSamples; at += period / 4 {
			if r := rms(out[at:at+period]) / rms(in); r < 0.75 {
				t.Errorf("pitch %v: the level dips to %.2f at the seam", pitch, r)
			}
		}
	}
}
