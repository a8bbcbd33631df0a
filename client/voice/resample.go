package voice

import "math"

// resampler changes the sampling rate by a ratio of whole numbers, with a
// windowed-sinc low-pass as anti-alias filter. It keeps state from call to
// call, so a stream may be fed in pieces.
type resampler struct {
	up, down int         // output rate / input rate, in lowest terms
	taps     int         // length of each phase
	phases   [][]float32 // filter for each of the up phases
	hist     []float32   // the last taps-1 samples of input
	at       int         // position of the next output, in 1/up input samples
}

// sincLobes is how many zero crossings of the slower rate the filter spans on
// each side: its delay, and how steep it is. 12 lobes at 8 kHz are 1.5 ms.
const sincLobes = 12

func newResampler(from, to int) *resampler {
	g := gcd(from, to)
	r := &resampler{up: to / g, down: from / g}
	scale := min(1, float64(to)/float64(from)) // cutoff, as a share of the input's Nyquist frequency
	half := int(math.Ceil(sincLobes / scale))
	r.taps = 2 * half
	r.hist = make([]float32, r.taps-1)
	const edge = 0.92 // leaves room for the filter's slope below the Nyquist frequency
	for p := range r.up {
		r.phases = append(r.phases, sincPhase(half, float64(p)/float64(r.up), scale*edge))
	}
	return r
}

// sincPhase returns the filter for an output that lies frac of a sample behind
// the middle of its taps, with unit gain for a constant.
func sincPhase(half int, frac, cutoff float64) []float32 {
	h := make([]float64, 2*half)
	sum := 0.0
	for i := range h {
		x := float64(i-half+1) - frac
		h[i] = cutoff * sinc(cutoff*x) * window(x/float64(half))
		sum += h[i]
	}
	out := make([]float32, len(h))
	for i := range h {
		out[i] = float32(h[i] / sum)
	}
	return out
}

func sinc(x float64) float64 {
	if x == 0 {
		return 1
	}
	return math.Sin(math.Pi*x) / (math.Pi * x)
}

// window is Blackman's on [-1, 1]: side lobes 58 dB down.
func window(x float64) float64 {
	if x <= -1 || x >= 1 {
		return 0
	}
	return 0.42 + 0.5*math.Cos(math.Pi*x) + 0.08*math.Cos(2*math.Pi*x)
}

// process appends to dst what the input makes due.
func (r *resampler) process(dst []int16, in []int16) []int16 {
	buf := make([]float32, len(r.hist), len(r.hist)+len(in))
	copy(buf, r.hist)
	for _, s := range in {
		buf = append(buf, float32(s))
	}
	for ; r.at/r.up+r.taps <= len(buf); r.at += r.down {
		from := r.at / r.up
		dst = append(dst, toInt16(dot(r.phases[r.at%r.up], buf[from:from+r.taps])))
	}
	r.at -= len(in) * r.up
	copy(r.hist, buf[len(in):])
	return dst
}

// delay returns how far the output lags behind the input, in input samples.
func (r *resampler) delay() int { return r.taps / 2 }

func dot(a, b []float32) float32 {
	var sum float32
	b = b[:len(a)]
	for i := range a {
		sum += a[i] * b[i]
	}
	return sum
}

func toInt16(v float32) int16 {
	return int16(math.RoundToEven(float64(min(max(v, math.MinInt16), math.MaxInt16))))
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// resampleAll converts a whole recording and takes the filter's delay out.
func resampleAll(pcm []int16, from, to int) []int16 {
	if from == to {
		return pcm
	}
	r := newResampler(from, to)
	want := len(pcm) * to / from
	padded := append(pcm[:len(pcm):len(pcm)], make([]int16, 2*r.delay())...)
	out := r.process(make([]int16, 0, want+r.taps*to/from), padded)
	lag := r.delay() * to / from
	return out[lag:min(len(out), lag+want)]
}
