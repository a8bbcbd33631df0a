package lane

import (
	"math"
	"time"
)

// Interval is what a lane carried between two reports.
type Interval struct {
	Packets uint32 // sent
	Lost    uint32 // of them
	Octets  uint64 // sent
	Length  time.Duration
	RTT     time.Duration
}

// Loss is the part that was lost, 0 to 1.
func (i Interval) Loss() float64 {
	if i.Packets == 0 {
		return 0
	}
	return float64(i.Lost) / float64(i.Packets)
}

const (
	// strikes is how many intervals in a row must be bad: one may be an accident.
	strikes = 3
	// tolerance is how far voice may be above TCP's share, an order of magnitude
	// (RFC 8083 4.3).
	tolerance = 10
	// lossMost is the loss that no path excuses: on short ones the formula allows nearly
	// any, and nobody understands what is left.
	lossMost = 0.4
	// shortestRTT keeps loopback and local networks, where the formula allows
	// anything, within reason.
	shortestRTT = time.Millisecond
)

// Breaker is the circuit breaker of RFC 8083 4.3: a lane has no congestion
// control of its own, so where it takes ten times what TCP would get on the same
// path it must end, and QUIC's congestion control rules the voice; and where it
// loses lossMost. The other two breakers of RFC 8083, no reports (4.1) and reports
// that do not move (4.2), are the lane's silence.
type Breaker struct{ bad int }

// Judge takes an interval and says whether the circuit is broken.
func (b *Breaker) Judge(i Interval) bool {
	rate := float64(i.Octets) / i.Length.Seconds()
	if i.Packets == 0 || i.Length <= 0 || i.Lost == 0 || i.Loss() < lossMost && rate <= tolerance*tcpRate(i) {
		b.bad = 0
		return false
	}
	b.bad++
	return b.bad >= strikes
}

// tcpRate is what TCP would reach, in octets a second: the equation of RFC 5348
// 3.1 with b = 1 and a retransmission timeout of 4 RTT.
func tcpRate(i Interval) float64 {
	p, rtt := i.Loss(), max(i.RTT, shortestRTT).Seconds()
	size := float64(i.Octets) / float64(i.Packets)
	return size / (rtt*math.Sqrt(2*p/3) + 4*rtt*3*math.Sqrt(3*p/8)*p*(1+32*p*p))
}
