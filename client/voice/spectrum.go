package voice

import (
	"math"
	"math/bits"
)

// melFilter is a triangle over the bins of a power spectrum.
type melFilter struct {
	from    int
	weights []float64
}

func (f melFilter) apply(power []float64) float64 {
	sum := 0.0
	for i, w := range f.weights {
		sum += w * power[f.from+i]
	}
	return sum
}

// melFilters spaces the bands' centres evenly in mel between simLow and
// simHigh; each triangle reaches from one neighbour's centre to the other's.
func melFilters() [simBands]melFilter {
	mel := func(hz float64) float64 { return 1127 * math.Log1p(hz/700) }
	low, high := mel(simLow), mel(simHigh)
	centre := func(i int) float64 { // in bins
		hz := 700 * math.Expm1((low+(high-low)*float64(i)/(simBands+1))/1127)
		return hz * simSize / simRate
	}
	var out [simBands]melFilter
	for k := range out {
		left, mid, right := centre(k), centre(k+1), centre(k+2)
		f := melFilter{from: int(math.Ceil(left))}
		for bin := f.from; float64(bin) < right; bin++ {
			w := (float64(bin) - left) / (mid - left)
			if float64(bin) > mid {
				w = (right - float64(bin)) / (right - mid)
			}
			f.weights = append(f.weights, w)
		}
		out[k] = f
	}
	return out
}

// powerSpectrum computes |FFT|² of a piece times a window. re and im are scratch
// of the piece's length, a power of two; power gets its lower half.
func powerSpectrum(pcm []int16, hann, re, im, power []float64) {
	n := len(pcm)
	for i, s := range pcm {
		re[i] = float64(s) * hann[i]
		im[i] = 0
	}
	fft(re, im)
	for i := range power {
		power[i] = (re[i]*re[i] + im[i]*im[i]) / float64(n)
	}
}

// hannWindow returns the raised cosine of n samples.
func hannWindow(n int) []float64 {
	w := make([]float64, n)
	for i := range w {
		w[i] = 0.5 - 0.5*math.Cos(2*math.Pi*float64(i)/float64(n))
	}
	return w
}

// fft is the radix-2 transform of Cooley and Tukey, in place; the length must
// be a power of two.
func fft(re, im []float64) {
	n := len(re)
	shift := 64 - bits.Len(uint(n)-1)
	for i := range n {
		if j := int(bits.Reverse64(uint64(i)) >> shift); i < j {
			re[i], re[j] = re[j], re[i]
			im[i], im[j] = im[j], im[i]
		}
	}
	for size := 2; size <= n; size *= 2 {
		half := size / 2
		for k := range half {
			sin, cos := math.Sincos(-2 * math.Pi * float64(k) / float64(size))
			for i := k; i < n; i += size {
				oddRe := re[i+half]*cos - im[i+half]*sin
				oddIm := re[i+half]*sin + im[i+half]*cos
				re[i+half], im[i+half] = re[i]-oddRe, im[i]-oddIm
				re[i], im[i] = re[i]+oddRe, im[i]+oddIm
			}
		}
	}
}
