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

// spectrum computes power spectra of pieces of simSize samples. It holds the
// tables and the scratch space for that.
type spectrum struct {
	hann     []float64
	cos, sin []float64 // of -2πk/simSize
	re, im   []float64
	power    []float64 // of the lower half of the bins
}

func newSpectrum() *spectrum {
	x := &spectrum{
		hann:  make([]float64, simSize),
		cos:   make([]float64, simSize/2),
		sin:   make([]float64, simSize/2),
		re:    make([]float64, simSize),
		im:    make([]float64, simSize),
		power: make([]float64, simSize/2),
	}
	for i := range x.hann {
		x.hann[i] = 0.5 - 0.5*math.Cos(2*math.Pi*float64(i)/simSize)
	}
	for k := range x.cos {
		x.sin[k], x.cos[k] = math.Sincos(-2 * math.Pi * float64(k) / simSize)
	}
	return x
}

// of returns the power spectrum of a piece, good until the next call.
func (x *spectrum) of(pcm []int16) []float64 {
	for i, s := range pcm {
		x.re[i] = float64(s) * x.hann[i]
		x.im[i] = 0
	}
	x.fft()
	for i := range x.power {
		x.power[i] = (x.re[i]*x.re[i] + x.im[i]*x.im[i]) / simSize
	}
	return x.power
}

// fft is the radix-2 transform of Cooley and Tukey, in place.
func (x *spectrum) fft() {
	re, im := x.re, x.im
	const shift = 64 - simBits
	for i := range simSize {
		if j := int(bits.Reverse64(uint64(i)) >> shift); i < j {
			re[i], re[j] = re[j], re[i]
			im[i], im[j] = im[j], im[i]
		}
	}
	for size := 2; size <= simSize; size *= 2 {
		half := size / 2
		for k := range half {
			cos, sin := x.cos[k*(simSize/size)], x.sin[k*(simSize/size)]
			for i := k; i < simSize; i += size {
				oddRe := re[i+half]*cos - im[i+half]*sin
				oddIm := re[i+half]*sin + im[i+half]*cos
				re[i+half], im[i+half] = re[i]-oddRe, im[i]-oddIm
				re[i], im[i] = re[i]+oddRe, im[i]+oddIm
			}
		}
	}
}
