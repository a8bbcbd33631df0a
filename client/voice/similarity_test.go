package voice

import (
	"math"
	"math/cmplx"
	"testing"
)

func TestCompare(t *testing.T) {
	recordings, spectra := speech(t), map[string]*spectrogram{}
	for name, pcm := range recordings {
		spectra[name] = newSpectrogram(pcm)
	}
	for name, pcm := range recordings {
		compare := func(got []int16) Similarity { return spectra[name].compare(newSpectrogram(got)) }
		if s := spectra[name].compare(spectra[name]); s.Score < 0.9999 || s.Lag != 0 || s.Voiced < 50 {
			t.Errorf("%s with itself: %+v", name, s)
		}
		coded := compare(code(t, newPCMUEncoder(), pcm))
		if coded.Score < 0.9 {
			t.Errorf("%s through G.711: %+v", name, coded)
		}
		enc, err := NewEncoder()
		if err != nil {
			t.Fatal(err)
		}
		own := compare(code(t, enc, pcm))
		if own.Score < 0.9 {
			t.Errorf("%s through %s: %+v", name, EncoderName(), own)
		}
		worst := 0.0
		for other := range recordings {
			if other == name {
				continue
			}
			s := spectra[name].compare(spectra[other])
			worst = max(worst, s.Score)
			if s.Score > 0.3 {
				t.Errorf("%s against %s: %+v", name, other, s)
			}
		}
		t.Logf("%s: G.711 %.3f, %s %.3f, other words at most %.3f, %d frames",
			name, coded.Score, EncoderName(), own.Score, worst, coded.Voiced)
	}
}

func TestCompareChanges(t *testing.T) {
	recordings := speech(t)
	for _, name := range []string{"human-es-MX-callsign", "espeak-en-US"} {
		pcm := recordings[name]
		words := newSpectrogram(pcm)
		compare := func(got []int16) Similarity { return words.compare(newSpectrogram(got)) }
		late := append(make([]int16, 14_400), pcm...)
		if s := compare(late); s.Score < 0.99 || math.Abs(float64(s.Lag-14_400)) > SampleRate/200 {
			t.Errorf("%s 300 ms late: %+v", name, s)
		}
		quiet := make([]int16, len(pcm))
		for i, v := range pcm {
			quiet[i] = v / 4
		}
		if s := compare(quiet); s.Score < 0.98 {
			t.Errorf("%s at a quarter of the volume: %+v", name, s)
		}
		hiss := compare(noise(len(pcm), 8000, 1))
		if hiss.Score > 0.3 {
			t.Errorf("%s against noise: %+v", name, hiss)
		}
		if s := compare(make([]int16, len(pcm))); s.Score != 0 {
			t.Errorf("%s against silence: %+v", name, s)
		}
		half := append(append([]int16(nil), pcm[:len(pcm)/2]...), make([]int16, len(pcm)-len(pcm)/2)...)
		cut := compare(half)
		if cut.Score > 0.8 {
			t.Errorf("%s with its second half missing: %+v", name, cut)
		}
		t.Logf("%s: noise %.3f, half %.3f", name, hiss.Score, cut.Score)
	}
}

func TestCompareNothing(t *testing.T) {
	voice := tone(SampleRate, 150, 8000)
	if s := Compare(voice, voice); s.Voiced == 0 {
		t.Errorf("a vowel with itself: %+v", s)
	}
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
	x := newSpectrum()
	in := noise(simSize, 1000, 3)
	for i, v := range in {
		x.re[i] = float64(v)
	}
	x.fft()
	for k := range simSize {
		var want complex128
		for i, v := range in {
			want += complex(float64(v), 0) * cmplx.Exp(complex(0, -2*math.Pi*float64(i*k)/simSize))
		}
		if cmplx.Abs(want-complex(x.re[k], x.im[k])) > 1e-5 {
			t.Errorf("bin %d: %v, want %v", k, complex(x.re[k], x.im[k]), want)
		}
	}
}
