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
	simBits  = 8             // logarithm to base 2 of
	simSize  = 1 << simBits  // samples of one spectrum: 21 ms
	simBands = 20
	simLow   = 200.0  // Hz: what lies below, telephone codecs cut off
	simHigh  = 3400.0 // Hz: and above

	maxLagHops = 2 * 200 // looked for on either side: two seconds
	partHops   = 100     // the recordings are aligned anew every half second,
	partDrift  = 14      // by up to 70 ms from one part to the next,
	partLag    = 80      // and 400 ms from the whole: buffers shrink and stretch
	driftCost  = 1.5     // hops of likeness that a hop of drift must bring

	simRange = 4.5 // natural logarithm of the amplitude range kept: 39 dB
)

// Compare says how much of the speech in want is to be heard in got. Both are
// 48 kHz mono.
//
// Each recording is turned into a spectrogram: every 5 ms the logarithm of the
// energies in 20 mel-spaced bands between 200 and 3,400 Hz, of which only the
// upper 39 dB count. The two are aligned by their loudness over time (within
// two seconds), then every half second by their bands, following the drift of
// a jitter buffer that catches up or holds back. The score
// is the correlation, over all voiced frames of want, of the two spectrograms,
// each less its mean in each band: what all speech has in common, and the
// tint that a codec gives, count for nothing.
func Compare(want, got []int16) Similarity {
	return newSpectrogram(want).compare(newSpectrogram(got))
}

func (a *spectrogram) compare(b *spectrogram) Similarity {
	if len(a.bands) == 0 || len(b.bands) == 0 {
		return Similarity{}
	}
	lag := envelopeLag(a.level, b.level)
	var sum correlation
	for part, lag := range partLags(a, b, lag) {
		sum.add(a, b, part*partHops, lag)
	}
	return Similarity{Score: max(0, sum.value()), Lag: lag * SampleRate / 200, Voiced: sum.frames / 4}
}

// partLags finds for each part of a where it lies in b: of all the paths that
// stay near the lag of the whole and drift slowly, the one on which the parts
// fit best (by dynamic programming).
func partLags(a, b *spectrogram, lag int) []int {
	const width = 2*partLag + 1
	parts := (len(a.bands) + partHops - 1) / partHops
	came := make([][width]int, parts) // the lag before, on the best path to here
	var best [width]float64
	for part := range parts {
		var next [width]float64
		for d := range width {
			from, most := d, best[d]
			for e := max(0, d-partDrift); e <= min(width-1, d+partDrift); e++ {
				if v := best[e] - driftCost*math.Abs(float64(d-e)); v > most {
					from, most = e, v
				}
			}
			var c correlation
			c.add(a, b, part*partHops, lag+d-partLag)
			next[d], came[part][d] = most+c.value()*float64(c.frames), from
		}
		best = next
	}
	at := 0
	for d := range best {
		if best[d] > best[at] {
			at = d
		}
	}
	lags := make([]int, parts)
	for part := parts - 1; part >= 0; part-- {
		lags[part] = lag + at - partLag
		at = came[part][at]
	}
	return lags
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
	filters, piece := melFilters(), newSpectrum()
	peak := 0.0
	for from := 0; from+simSize <= len(pcm); from += simHop {
		power := piece.of(pcm[from : from+simSize])
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

// add takes in the part of a that starts at a hop, with b so much later.
func (c *correlation) add(a, b *spectrogram, from, lag int) {
	for i := from; i < min(from+partHops, len(a.bands)); i++ {
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
