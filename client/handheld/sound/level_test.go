package sound

import (
	"math"
	"testing"

	"crossband/client/voice"
)

// tone is a sine of so many samples, its peak at a level in dBFS.
func tone(n int, dBFS float64) []int16 {
	pcm := make([]int16, n)
	for i := range pcm {
		pcm[i] = int16(math.Round(32_767 * math.Pow(10, dBFS/20) * math.Sin(2*math.Pi*440*float64(i)/voice.SampleRate)))
	}
	return pcm
}

func TestMeasure(t *testing.T) {
	cut := tone(voice.SampleRate, 0)
	for i, s := range cut {
		cut[i] = int16(max(-32_768, min(32_767, 2*int(s)))) // twice too loud
	}
	for _, c := range []struct {
		name      string
		pcm       []int16
		peak, rms float64
		clipped   bool
	}{
		{"nothing", nil, Silence, Silence, false},
		{"silence", make([]int16, 960), Silence, Silence, false},
		{"the lowest sample there is", []int16{-32_768}, 0, 0, false},
		{"a tone at full scale", tone(voice.SampleRate, 0), 0, -3.01, true},
		{"a tone at -20 dBFS", tone(voice.SampleRate, -20), -20, -23.01, false},
		{"a tone that was cut off", cut, 0, -1.06, true},
		{"two loud samples in a row", []int16{32_767, 32_767, 0, 0}, 0, -3.01, false},
		{"three", []int16{32_767, 32_767, 32_767, 0}, 0, -1.25, true},
	} {
		r := Measure(c.pcm)
		if math.Abs(r.Peak-c.peak) > 0.1 || math.Abs(r.RMS-c.rms) > 0.1 || r.Clipped > 0 != c.clipped {
			t.Errorf("%s: %+v, want peak %v, RMS %v, clipped %v", c.name, r, c.peak, c.rms, c.clipped)
		}
	}
	if r := Measure([]int16{32_767, -32_768, 32_767, 32_767, 32_767, 0}); r.Clipped != 5 {
		t.Errorf("%d samples clipped of a run of five", r.Clipped)
	}
}

func TestPercent(t *testing.T) {
	for dBFS, want := range map[float64]int{Silence: 0, -60: 0, -30: 50, 0: 100, 3: 100} {
		if got := Percent(dBFS); got != want {
			t.Errorf("%v dBFS is %d %%, want %d", dBFS, got, want)
		}
	}
}
