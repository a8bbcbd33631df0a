package link

import "time"

// pacer decides how fast a bulk link sends. Its own window is not enough: on a thin
// path it would fill the bottleneck's queue, in which live voice of the other link
// stands as well. So the rate follows the delay, as in LEDBAT (RFC 6817): while round
// trips are hardly longer than the shortest of late it grows, and when they are it
// falls. It grows fast until the path's rate has been met, and then slowly: most
// of the time the path has room, and voice meets an empty queue. Loss is QUIC's business. The zero value is ready.
type pacer struct {
	rate   float64 // octets a second; 0: not begun
	slowed bool    // the path's rate has been met
	fell   bool    // at the end of the turn before
	turn   time.Time
	octets int              // sent in this turn
	low    time.Duration    // shortest round trip seen in this turn; 0: none
	base   [2]time.Duration // shortest of this span and of the one before
	span   time.Time
	after  float64   // rate after the pause in which the base is measured; 0: no pause
	last   time.Time // when something was sent
}

// Rates, in octets a second, and times of the pacer.
const (
	slowestBulk  = 4 << 10
	fastestBulk  = 8 << 20
	firstBulk    = 8 << 10
	bulkQueue    = 40 * time.Millisecond // delay that it may cause, its own packets included (RFC 6817 2.5 allows 100)
	bulkTurn     = 50 * time.Millisecond // or a round trip, if that is longer
	bulkSpan     = 10 * time.Second      // RFC 6817 4.2: the path may have become longer
	bulkEvery    = 10 * time.Millisecond // between two pieces
	smallestBulk = 300                   // octets of a piece: with its headers 11 ms of 256 kbit/s
)

// piece is how many octets go at once.
func (p *pacer) piece() int {
	return max(smallestBulk, int(max(p.rate, firstBulk)*bulkEvery.Seconds()))
}

// sent notes n octets that have been sent, and the newest round trip. It returns how
// long to wait.
func (p *pacer) sent(n int, now time.Time, trip time.Duration) time.Duration {
	switch {
	case p.rate == 0:
		p.rate, p.turn = firstBulk, now
	case now.Sub(p.last) > bulkQuiet:
		p.rate = max(min(p.rate, firstBulk), p.rate/4)
		p.turn, p.octets, p.low = now, 0, 0
	}
	p.last = now
	p.octets += n
	if trip > 0 {
		p.note(trip, now)
	}
	if long := now.Sub(p.turn); long >= max(bulkTurn, p.shortest()*3/2) {
		p.judge(long)
		p.turn, p.octets, p.low = now, 0, 0
	}
	return time.Duration(float64(n) / p.rate * float64(time.Second))
}

// bulkQuiet is a pause after which nothing is known of the path's present load.
const bulkQuiet = time.Second

// note takes a round trip down, for this turn and for the base. A new span begins with a
// slow turn, in which the queue runs empty: otherwise what stands in it would come to
// count as the path's own length, each time more.
func (p *pacer) note(trip time.Duration, now time.Time) {
	if p.low == 0 || trip < p.low {
		p.low = trip
	}
	if now.Sub(p.span) > bulkSpan {
		if !p.span.IsZero() && p.slowed && p.after == 0 {
			p.after, p.rate = max(p.rate*0.8, slowestBulk), slowestBulk
			p.turn, p.octets, p.low = now, 0, trip
		}
		p.span, p.base = now, [2]time.Duration{0, p.base[0]}
	}
	if p.base[0] == 0 || trip < p.base[0] {
		p.base[0] = trip
	}
}

// judge changes the rate at the end of a turn of the given length.
func (p *pacer) judge(long time.Duration) {
	if p.low == 0 {
		return
	}
	if p.after > 0 {
		p.rate, p.after = p.after, 0
		return
	}
	used := float64(p.octets) >= p.rate*long.Seconds()/2     // else something other than the pace holds it
	full := float64(p.low-p.shortest()) / float64(bulkQueue) // of what the queue may be
	fell := p.fell
	p.fell = false
	switch {
	case full > 1 && !fell: // what a turn shows that follows a fall is from before it
		p.rate, p.slowed, p.fell = max(p.rate*0.6, slowestBulk), true, true
	case full > 1:
	case full > 0.3 && !p.slowed: // the first sign: it is above the path's rate already
		p.rate, p.slowed, p.fell = max(p.rate*0.7, slowestBulk), true, true
	case full > 0.7 || !used:
	case p.slowed:
		p.rate = min(p.rate*1.03, fastestBulk)
	default:
		p.rate = min(p.rate*1.1, fastestBulk)
	}
}

// shortest is the shortest round trip of late.
func (p *pacer) shortest() time.Duration {
	if p.base[1] > 0 {
		return min(p.base[0], p.base[1])
	}
	return p.base[0]
}
