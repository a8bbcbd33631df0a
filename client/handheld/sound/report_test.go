package sound

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"crossband/client/phrase"
	"crossband/client/voice"
)

// speech is three seconds of words with pauses: half a second each.
func speech(voiceAt, noiseAt float64) []int16 {
	r := rand.New(rand.NewPCG(1, 2))
	pcm := tone(3*voice.SampleRate, noiseAt)
	for i := range pcm {
		pcm[i] = int16(float64(pcm[i]) * (2*r.Float64() - 1))
		if i/(voice.SampleRate/2)%2 == 1 {
			pcm[i] = 0
		}
	}
	for at, word := 0, tone(voice.SampleRate/2, voiceAt); at+2*len(word) <= len(pcm); at += 2 * len(word) {
		copy(pcm[at+len(word):], word)
	}
	return pcm
}

func TestJudge(t *testing.T) {
	cut := speech(0, -60)
	for i, s := range cut {
		cut[i] = int16(max(-32_768, min(32_767, 3*int(s))))
	}
	for _, c := range []struct {
		name string
		pcm  []int16
		want Verdict
	}{
		{"nothing", nil, Dead},
		{"a muted microphone", make([]int16, 3*voice.SampleRate), Dead},
		{"a dead microphone's hiss", speech(-80, -90), Dead},
		{"good speech", speech(-12, -55), Healthy},
		{"quiet speech", speech(-45, -65), Faint},
		{"cut off speech", cut, Cut},
		{"nearly too loud", speech(-0.5, -55), Loud},
		{"a rotor", speech(-20, -18), Noisy},
		{"a tone without a pause", tone(3*voice.SampleRate, -20), Noisy},
	} {
		r := Judge(c.pcm)
		if r.Verdict != c.want {
			t.Errorf("%s: %v (%s), want %v", c.name, r.Verdict, r.Figures(), c.want)
		}
		if c.pcm != nil && r.Seconds != 3 {
			t.Errorf("%s: %v s, want 3", c.name, r.Seconds)
		}
	}
}

func TestVerdictsAreSaidInThreeLanguages(t *testing.T) {
	var said []string
	for v := Dead; v <= Healthy; v++ {
		for _, l := range phrase.Languages() {
			says := v.Sentence(l)
			if len(says) < 10 || strings.ContainsAny(says, "\n\t") || slices.Contains(said, says) {
				t.Errorf("verdict %d in %v: %q", v, l, says)
			}
			said = append(said, says)
		}
	}
	if Verdict(99).Sentence(phrase.English) != "" {
		t.Error("an unknown verdict says something")
	}
	for v, good := range map[Verdict]bool{Healthy: true, Loud: true, Cut: false, Dead: false, Faint: false, Noisy: false} {
		if v.Good() != good {
			t.Errorf("verdict %d good: %v", v, !good)
		}
	}
}
