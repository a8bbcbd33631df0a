package bench

import (
	"slices"
	"time"
)

// Quantile is the smallest of the values that a share of them do not exceed; 0 when
// there are none. A share of 1 gives the largest.
func Quantile(list []time.Duration, share float64) time.Duration {
	if len(list) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(list))
	for i, v := range sorted {
		if float64(i+1) >= share*float64(len(sorted)) {
			return v
		}
	}
	return sorted[len(sorted)-1]
}

// MS is a time in milliseconds.
func MS(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
