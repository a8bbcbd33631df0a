package voice

import (
	"math"
	"math/cmplx"
	"testing"
)

func TestCompare(t *testing.T) {
	recordings := speech(t)
	for name, pcm := range recordings {
		if s := Compare(pcm, pcm); s.Score < 0.9999 || s.Lag != 0 || s.Voiced < 50 {
			t.Errorf("%s with itself: %+v", name, s)
		}
		late := append(make([]int16, 14_400), pcm...)
		if s := Compare(pcm, late); s.Score < 0.99 || math.Abs(float64(s.Lag-14_400)) > SampleRate/200 {
			t.Errorf("%s 300 ms late: %+v", name, s)
		}
		quiet := make([]int16, len(pcm))
		for i, v := range pcm {
			quiet[i] = v / 4
		}
		if s := Compare(pcm, quiet); s.Score < 0.98 {
			t.Errorf("%s at a quarter of the volume: %+v", name, s)
		}
		coded := Compare(pcm, code(t, newPCMUEncoder(), pcm))
		if coded.Score < 0.9 {
			t.Errorf("%s through G.711: %+v", name, coded)
		}
		enc, err := NewEncoder()
		if err != nil {
			t.Fatal(err)
		}
		own := Compare(pcm, code(t, enc, pcm))
		if own.Score < 0.9 {
			t.Errorf("%s through %s: %+v", name, EncoderName(), own)
		}
		hiss := Compare(pcm, noise(len(pcm), 8000, 1))
		if hiss.Score > 0.3 {
			t.Errorf("%s against noise: %+v", name, hiss)
		}
		if s := Compare(pcm, make([]int16, len(pcm))); s.Score != 0 {
			t.Errorf("%s against silence: %+v", name, s)
		}
		half := append(append([]int16(nil), pcm[:len(pcm)/2]...), make([]int16, len(pcm)-len(pcm)/2)...)
		cut := Compare(pcm, half)
		if cut.Score > 0.8 {
			t.Errorf("%s with its second half missing: %+v", name, cut)
		}
		worst := 0.0
		for other, words := range recordings {
			if other == name {
				continue
			}
			s := Compare(pcm, words)
			worst = max(worst, s.Score)
			if s.Score > 0.3 {
				t.Errorf("%s against %s: %+v", name, other, s)
			}
		}
		t.Logf("%s: G.711 %.3f, %s %.3f, noise %.3f, half %.3f, other words at most %.3f, %d frames",
			name, coded.Score, EncoderName(), own.Score, hiss.Score, cut.Score, worst, coded.Voiced)
	}
}

func TestCompareNothing(t *testing.T) {
	voice := tone(SampleRate, 150, 8000)
	for why, pair := range map[string][2][]int16{
		"both empty": {nil, nil}, "want empty": {nil, voice}, "got empty": {voice, nil},
		"too short": {voice[:100], voice}, "silence wanted": {make([]int16, SampleRate), voice},
	} {
		if s := Compare(pair[0], pair[1]); s.Score != 0 {
			t.Errorf("%s: %+v", why, s)
		}
	}
}

func TestFFTAgainstTheDefinition(t *testing.T) {
	const n = 64
	in := noise(n, 1000, 3)
	re, im := make([]float64, n), make([]float64, n)
	for i, v := range in {
		re[i] = float64(v)
	}
	fft(re, im)
	for k := range n {
		var want complex128
		for i, v := range in {
			want += complex(float64(v), 0) * cmplx.Exp(complex(0, -2*math.Pi*float64(i*k)/n))
		}
		if cmplx.Abs(want-complex(re[k], im[k])) > 1e-6 {
			t.Errorf("bin %d: %v, want %v", k, complex(re[k], im[k]), want)
		}
	}
}
