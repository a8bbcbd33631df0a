package voice

import (
	"math"
)

// Similarity is how alike two recordings are, and what was done to compare.
type Similarity struct {
	// Score is 0 to 1: the correlation of the two recordings' spectrograms,
	// never below 0. Speech through Opus or G.711 scores above 0.9, other
	// words, noise and silence below 0.3.
	Score float64
	// Lag is how many samples later the words are in got than in want, over
	// the whole. Parts may differ from it by up to partLag.
	Lag int
	// Voiced is the number of 20 ms frames of want that were compared.
	Voiced int
}

const (
	simRate  = 12_000        // samples a second while comparing
	simHop   = simRate / 200 // 5 ms between spectra
	simSize  = 256           // samples of one spectrum: 21 ms
	simBands = 20
	simLow   = 200.0  // Hz: what lies below, telephone codecs cut off
	simHigh  = 3400.0 // Hz: and above

	maxLagHops = 2 * 200 // looked for on either side: two seconds
	partHops   = 200     // the recordings are aligned anew every second,
	partLag    = 12      // by up to 60 ms: buffers shrink and stretch

	simRange = 4.5 // natural logarithm of the amplitude range kept: 39 dB
)

// Compare says how much of the speech in want is to be heard in got. Both are
// 48 kHz mono.
//
// Each recording is turned into a spectrogram: every 5 ms the logarithm of the
// energies in 20 mel-spaced bands between 200 and 3,400 Hz, of which only the
// upper 39 dB count. The two are aligned by their loudness over time (within
// two seconds), then second by second (within 60 ms) by their bands. The score
// is the correlation, over all voiced frames of want, of the two spectrograms,
// each less its mean in each band: what all speech has in common, and the
// tint that a codec gives, count for nothing.
func Compare(want, got []int16) Similarity {
	a, b := newSpectrogram(want), newSpectrogram(got)
	if len(a.bands) == 0 || len(b.bands) == 0 {
		return Similarity{}
	}
	lag := envelopeLag(a.level, b.level)
	var sum correlation
	for from := 0; from < len(a.bands); from += partHops {
		to := min(from+partHops, len(a.bands))
		sum.add(a, b, from, to, bestPart(a, b, from, to, lag))
	}
	return Similarity{Score: max(0, sum.value()), Lag: lag * SampleRate / 200, Voiced: sum.frames / 4}
}

// bestPart finds the lag at which a part of a fits b best, near the whole's.
func bestPart(a, b *spectrogram, from, to, lag int) int {
	best, at := math.Inf(-1), lag
	for d := -partLag; d <= partLag; d++ {
		var c correlation
		c.add(a, b, from, to, lag+d)
		if v := c.value(); v > best {
			best, at = v, lag+d
		}
	}
	return at
}

// spectrogram holds the bands of each hop, less their means over the voiced
// hops, and the loudness.
type spectrogram struct {
	bands  [][simBands]float64
	level  []float64
	voiced []bool
	mean   [simBands]float64
	floor  float64
}

func newSpectrogram(pcm []int16) *spectrogram {
	s := &spectrogram{}
	pcm = resampleAll(pcm, SampleRate, simRate)
	filters := melFilters()
	hann, re, im := hannWindow(simSize), make([]float64, simSize), make([]float64, simSize)
	power := make([]float64, simSize/2)
	peak := 0.0
	for from := 0; from+simSize <= len(pcm); from += simHop {
		powerSpectrum(pcm[from:from+simSize], hann, re, im, power)
		var row [simBands]float64
		total := 0.0
		for k, f := range filters {
			row[k] = f.apply(power)
			total += row[k]
		}
		s.bands = append(s.bands, row)
		s.level = append(s.level, total)
		peak = max(peak, total)
	}
	s.normalise(peak)
	return s
}

// normalise takes logarithms with a floor below the peak, marks voiced hops,
// and takes the voiced mean of each band out.
func (s *spectrogram) normalise(peak float64) {
	if peak == 0 {
		s.bands = nil // silence is like nothing
		return
	}
	const voicedBelow = 3.2 // 28 dB below the loudest hop
	top := math.Log(peak) / 2
	s.floor = top - simRange
	n := 0
	s.voiced = make([]bool, len(s.bands))
	for i := range s.bands {
		s.voiced[i] = math.Log(s.level[i]+1)/2 > top-voicedBelow
		s.level[i] = max(math.Log(s.level[i]+1)/2, s.floor) - s.floor
		for k, v := range s.bands[i] {
			s.bands[i][k] = max(math.Log(v+1)/2, s.floor) - s.floor
			if s.voiced[i] {
				s.mean[k] += s.bands[i][k]
			}
		}
		if s.voiced[i] {
			n++
		}
	}
	for k := range s.mean {
		s.mean[k] /= float64(max(n, 1))
	}
}

// at returns a band of a hop less its mean; outside the recording is silence.
func (s *spectrogram) at(i, k int) float64 {
	if i < 0 || i >= len(s.bands) {
		return -s.mean[k]
	}
	return s.bands[i][k] - s.mean[k]
}

// correlation gathers sums for Pearson's coefficient about means of zero.
type correlation struct {
	ab, aa, bb float64
	frames     int
}

func (c *correlation) add(a, b *spectrogram, from, to, lag int) {
	for i := from; i < to; i++ {
		if !a.voiced[i] {
			continue
		}
		c.frames++
		for k := range simBands {
			x, y := a.at(i, k), b.at(i+lag, k)
			c.ab += x * y
			c.aa += x * x
			c.bb += y * y
		}
	}
}

func (c *correlation) value() float64 {
	if c.aa == 0 || c.bb == 0 {
		return 0
	}
	return c.ab / math.Sqrt(c.aa*c.bb)
}

// envelopeLag finds by how many hops b's loudness follows a's.
func envelopeLag(a, b []float64) int {
	a, b = centred(a), centred(b)
	best, at := math.Inf(-1), 0
	for lag := -maxLagHops; lag <= maxLagHops; lag++ {
		sum := 0.0
		for i := max(0, -lag); i < len(a) && i+lag < len(b); i++ {
			sum += a[i] * b[i+lag]
		}
		if sum > best {
			best, at = sum, lag
		}
	}
	return at
}

func centred(x []float64) []float64 {
	mean := 0.0
	for _, v := range x {
		mean += v
	}
	mean /= float64(len(x))
	out := make([]float64, len(x))
	for i, v := range x {
		out[i] = v - mean
	}
	return out
}
