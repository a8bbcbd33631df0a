package sound

import "math"

// Silence is the level of digital silence, in dBFS: none of ours is lower.
const Silence = -96.0

// fullScale is the magnitude from which on a sample may have been cut off by the
// converter: some stop a little short of the end of the range.
const fullScale = 32_700

// cutRun is how many samples in a row, all at full scale, are a cut-off wave: a
// single one is only a loud peak.
const cutRun = 3

// Reading is how loud a piece of voice is.
type Reading struct {
	Peak    float64 // dBFS, of the largest sample
	RMS     float64 // dBFS, of a full-scale square wave
	Clipped int     // samples in runs that the converter cut off
}

// Measure reads the level of 16-bit samples.
func Measure(pcm []int16) Reading {
	if len(pcm) == 0 {
		return Reading{Peak: Silence, RMS: Silence}
	}
	var sum float64
	peak, run, clipped := 0, 0, 0
	for _, s := range pcm {
		v := int(s)
		if v < 0 {
			v = -v
		}
		peak = max(peak, v)
		sum += float64(v) * float64(v)
		if v < fullScale {
			run = 0
			continue
		}
		switch run++; {
		case run == cutRun:
			clipped += cutRun
		case run > cutRun:
			clipped++
		}
	}
	return Reading{Peak: decibels(float64(peak)), RMS: decibels(math.Sqrt(sum / float64(len(pcm)))), Clipped: clipped}
}

func decibels(magnitude float64) float64 {
	if magnitude <= 0 {
		return Silence
	}
	return max(Silence, 20*math.Log10(magnitude/32_768))
}

// meterFloor is what a level meter shows as nothing, in dBFS.
const meterFloor = -60.0

// Percent is a level as a meter shows it: 0 at -60 dBFS and below, 100 at full scale.
func Percent(dBFS float64) int {
	return int(math.Round(100 * min(1, max(0, (dBFS-meterFloor)/-meterFloor))))
}
