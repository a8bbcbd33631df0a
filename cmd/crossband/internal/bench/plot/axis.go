package plot

import (
	"math"
	"strconv"
)

// axis gives figures their places between two ends.
type axis struct {
	low, high float64 // figures at the ends
	from, to  float64 // places of these
	log       bool
	ticks     []float64
}

// fit makes an axis that holds low and high, begins and ends at a round figure, and is
// never empty. One that is not logarithmic begins at 0.
func fit(low, high float64, log bool, from, to float64) axis {
	a := axis{from: from, to: to, log: log}
	if log {
		a.low, a.high = below(low), above(high)
		if a.low == a.high {
			a.high *= 10
		}
		a.ticks = logTicks(a.low, a.high)
		return a
	}
	step := stepOf(high)
	a.high = max(step*math.Ceil(high/step-1e-9), step)
	for i := 0; float64(i)*step <= a.high*(1+1e-9); i++ {
		a.ticks = append(a.ticks, float64(i)*step)
	}
	return a
}

// at is the place of a figure.
func (a axis) at(v float64) float64 {
	low, high := a.low, a.high
	if a.log {
		v, low, high = math.Log10(v), math.Log10(low), math.Log10(high)
	}
	return a.from + (v-low)/(high-low)*(a.to-a.from)
}

// stepOf is 1, 2 or 5 times a power of ten, so that there are four to ten steps.
func stepOf(high float64) float64 {
	if high == 0 {
		return 1
	}
	unit := math.Pow(10, math.Floor(math.Log10(high)))
	switch m := high / unit; {
	case m <= 2:
		return unit / 5
	case m <= 5:
		return unit / 2
	}
	return unit
}

// roundFigures are where logarithmic axes begin, end and have lines.
func roundFigures() []float64 { return []float64{1, 2, 5, 10} }

func below(v float64) float64 {
	unit := math.Pow(10, math.Floor(math.Log10(v)))
	best := unit
	for _, m := range roundFigures() {
		if m*unit <= v*(1+1e-9) {
			best = m * unit
		}
	}
	return best
}

func above(v float64) float64 {
	unit := math.Pow(10, math.Floor(math.Log10(v)))
	for _, m := range roundFigures() {
		if m*unit >= v*(1-1e-9) {
			return m * unit
		}
	}
	return 10 * unit
}

// fewDecades is up to how many powers of ten there are lines at 2 and 5 too.
const fewDecades = 3

func logTicks(low, high float64) (ticks []float64) {
	few := math.Log10(high/low) <= fewDecades
	for unit := math.Pow(10, math.Floor(math.Log10(low))); unit <= high*(1+1e-9); unit *= 10 {
		for _, m := range roundFigures() {
			v := m * unit
			if m == 10 || v < low*(1-1e-9) || v > high*(1+1e-9) || m > 1 && !few {
				continue
			}
			ticks = append(ticks, v)
		}
	}
	return ticks
}

// short writes a figure for eyes: 1,000 is 1k, a million 1M.
func short(v float64) string {
	for _, u := range []struct {
		size float64
		name string
	}{{1e9, "G"}, {1e6, "M"}, {1e3, "k"}} {
		if v >= u.size {
			return strconv.FormatFloat(v/u.size, 'g', 4, 64) + u.name
		}
	}
	return strconv.FormatFloat(v, 'g', 4, 64)
}
