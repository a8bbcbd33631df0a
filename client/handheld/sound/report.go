package sound

import (
	"fmt"
	"slices"

	"crossband/client/phrase"
	"crossband/client/voice"
)

// Verdict is what is to be said of a recording of somebody's voice.
type Verdict uint8

// The verdicts, the one that matters most first: a microphone that is cut off is told
// of before one that is loud.
const (
	Dead    Verdict = iota + 1 // nothing at all comes from the microphone
	Cut                        // the wave is cut off: what is said is hard to understand
	Faint                      // too quiet to be understood in a vehicle
	Noisy                      // the noise is nearly as loud as the voice
	Loud                       // nearly cut off
	Healthy                    // as it should be
)

// Limits of the verdicts, in dBFS unless said otherwise.
const (
	deadPeak   = -70.0 // an open microphone hears more than this in any room
	faintVoice = -40.0
	loudPeak   = -1.0
	noisyGap   = 10.0 // decibels between voice and noise
	cutShare   = 1e-4 // of all samples
)

// Report is what Judge found.
type Report struct {
	Seconds float64
	Peak    float64 // dBFS
	Voice   float64 // dBFS: the level that the loudest twentieth of the time exceeds
	Noise   float64 // dBFS: the level that the quietest tenth of the time stays below
	Clipped int     // samples that were cut off
	Verdict Verdict
}

// Judge reports on a recording at voice.SampleRate: how loud the voice is, how loud
// what is between the words, and whether the wave was cut off.
func Judge(pcm []int16) Report {
	whole := Measure(pcm)
	r := Report{Seconds: float64(len(pcm)) / voice.SampleRate, Peak: whole.Peak, Clipped: whole.Clipped, Voice: Silence, Noise: Silence}
	var levels []float64
	for part := pcm; len(part) >= voice.FrameSamples; part = part[voice.FrameSamples:] {
		levels = append(levels, Measure(part[:voice.FrameSamples]).RMS)
	}
	if len(levels) > 0 {
		slices.Sort(levels)
		r.Noise, r.Voice = levels[len(levels)/10], levels[len(levels)*19/20]
	}
	r.Verdict = r.judge(len(pcm))
	return r
}

func (r Report) judge(samples int) Verdict {
	switch {
	case r.Peak < deadPeak:
		return Dead
	case float64(r.Clipped) > cutShare*float64(samples):
		return Cut
	case r.Voice < faintVoice:
		return Faint
	case r.Voice-r.Noise < noisyGap:
		return Noisy
	case r.Peak > loudPeak:
		return Loud
	}
	return Healthy
}

// Good reports whether others will understand what is said so.
func (v Verdict) Good() bool { return v == Healthy || v == Loud }

// Sentence says the verdict, and what to do about it.
func (v Verdict) Sentence(l phrase.Language) string {
	says := verdictSentences()[v]
	switch l {
	case phrase.Spanish, phrase.SpanishUnitedStates:
		return says[1]
	case phrase.French:
		return says[2]
	}
	return says[0]
}

// verdictSentences has English, Spanish and French for each verdict; for none of them,
// empty ones.
func verdictSentences() map[Verdict][3]string {
	return map[Verdict][3]string{
		Dead: {
			"Nothing comes from the microphone. Is it plugged in, chosen and not muted?",
			"No llega nada del micrófono. ¿Está conectado, seleccionado y sin silenciar?",
			"Rien ne vient du microphone. Est-il branché, choisi et non coupé?",
		},
		Cut: {
			"The voice is cut off: too loud. Turn the microphone down or hold it farther away.",
			"La voz se corta: demasiado fuerte. Baje el micrófono o aléjelo.",
			"La voix est écrêtée: trop forte. Baissez le microphone ou éloignez-le.",
		},
		Faint: {
			"The voice is too quiet. Turn the microphone up or speak closer to it.",
			"La voz es demasiado baja. Suba el micrófono o hable más cerca.",
			"La voix est trop faible. Montez le microphone ou parlez plus près.",
		},
		Noisy: {
			"There is nearly as much noise as voice, or nothing was said. Speak closer, or find a quieter place.",
			"Hay casi tanto ruido como voz, o no se dijo nada. Hable más cerca o busque un lugar más silencioso.",
			"Il y a presque autant de bruit que de voix, ou rien n’a été dit. Parlez plus près ou trouvez un endroit plus calme.",
		},
		Loud: {
			"Good, but nearly too loud. Turn the microphone down a little.",
			"Bien, pero casi demasiado fuerte. Baje un poco el micrófono.",
			"Bien, mais presque trop forte. Baissez un peu le microphone.",
		},
		Healthy: {
			"Good: the voice is clear and not cut off.",
			"Bien: la voz es clara y no se corta.",
			"Bien: la voix est claire et non écrêtée.",
		},
	}
}

// Figures are the report's numbers on one line.
func (r Report) Figures() string {
	return fmt.Sprintf("%.1f s, peak %.0f dBFS, voice %.0f dBFS, noise %.0f dBFS, %d samples cut off", r.Seconds, r.Peak, r.Voice, r.Noise, r.Clipped)
}
