package proto

import "time"

// Rate is what may pass in the long run and at once. What is counted (frames,
// octets, attempts) is for whoever keeps the Bucket.
type Rate struct {
	PerSecond float64
	Burst     float64 // most at once, after a pause
}

// PerMinute returns the rate of n a minute with burst at once.
func PerMinute(n, burst float64) Rate { return Rate{n / 60, burst} }

// PerDay returns the rate of n a day, all of which may come at once.
func PerDay(n float64) Rate { return Rate{n / (24 * 60 * 60), n} }

// Bucket is a token bucket. Its zero value is full; it holds no clock and no
// rate, so that many can be kept. A clock that goes back gives nothing.
type Bucket struct {
	spent float64 // of the burst, as of at; above the burst: owed
	at    time.Time
}

// Allows reports whether n may pass now.
func (b *Bucket) Allows(now time.Time, r Rate, n float64) bool {
	return b.owed(now, r)+n <= r.Burst
}

// Take takes n whether there is so much or not, and returns how long its taker
// has to wait so that the rate is kept; 0 when there was.
func (b *Bucket) Take(now time.Time, r Rate, n float64) time.Duration {
	b.spent = b.owed(now, r) + n
	if b.at.Before(now) {
		b.at = now
	}
	if over := b.spent - r.Burst; over > 0 {
		return time.Duration(over / r.PerSecond * float64(time.Second))
	}
	return 0
}

// TakeIf takes n if there is so much, and nothing otherwise.
func (b *Bucket) TakeIf(now time.Time, r Rate, n float64) bool {
	if !b.Allows(now, r, n) {
		return false
	}
	b.Take(now, r, n)
	return true
}

// Full reports that nothing is missing: a full bucket need not be kept.
func (b *Bucket) Full(now time.Time, r Rate) bool { return b.owed(now, r) == 0 }

// owed is what was spent and has not come back by now.
func (b *Bucket) owed(now time.Time, r Rate) float64 {
	elapsed := max(0, now.Sub(b.at).Seconds())
	if b.spent == 0 {
		return 0
	}
	return max(0, b.spent-elapsed*r.PerSecond)
}
