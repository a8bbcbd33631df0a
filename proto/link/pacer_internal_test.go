package link

import (
	"testing"
	"time"
)

// thinPath is a bottleneck with place for everything, in which other traffic stands as
// well. Round trips are told late: as they were when the packet that shows them left.
type thinPath struct {
	rate, other float64 // octets a second
	trip        time.Duration
	queue       float64 // octets
}

// pass lets d pass and n octets come.
func (q *thinPath) pass(n int, d time.Duration) {
	q.queue = max(0, q.queue+float64(n)+(q.other-q.rate)*d.Seconds())
}

func (q *thinPath) delay() time.Duration {
	return time.Duration(q.queue / q.rate * float64(time.Second))
}

// run sends for so long and returns octets a second and the mean delay of the queue, the
// first two seconds left out, and the longest.
func (q *thinPath) run(p *pacer, long time.Duration) (rate float64, longest, mean time.Duration) {
	now := time.Unix(1_000_000_000, 0)
	octets, n, sum := 0, 0, time.Duration(0)
	type sample struct {
		at   time.Time
		trip time.Duration
	}
	var under []sample
	newest := q.trip
	for t := time.Duration(0); t < long; {
		size := p.piece()
		q.pass(size, 0)
		trip := q.trip + q.delay()
		under = append(under, sample{now.Add(trip), trip})
		for len(under) > 0 && !under[0].at.After(now) {
			newest, under = under[0].trip, under[1:]
		}
		wait := p.sent(size, now, newest)
		q.pass(0, wait)
		t, now = t+wait, now.Add(wait)
		if t > 2*time.Second {
			octets += size
			sum, n = sum+q.delay(), n+1
		}
		longest = max(longest, q.delay())
	}
	return float64(octets) / (long - 2*time.Second).Seconds(), longest, sum / time.Duration(n)
}

// TestThePacerLeavesAThinPathToOthers: it uses what is left, and lets no queue grow.
func TestThePacerLeavesAThinPathToOthers(t *testing.T) {
	for name, q := range map[string]thinPath{
		"256 kbit/s, a burst beside it": {rate: 32_000, other: 8_000, trip: 100 * time.Millisecond},
		"128 kbit/s, a burst beside it": {rate: 16_000, other: 8_000, trip: 100 * time.Millisecond},
		"2 Mbit/s, far":                 {rate: 250_000, other: 8_000, trip: 400 * time.Millisecond},
	} {
		rate, longest, mean := q.run(new(pacer), 30*time.Second)
		left := q.rate - q.other
		t.Logf("%s: %.0f of %.0f octets a second; queue %v at most, %v in the mean", name, rate, left, longest, mean)
		if longest > q.trip*3/2 || mean > bulkQueue {
			t.Errorf("%s: the queue is %v at most, %v in the mean", name, longest, mean)
		}
		if rate < left*2/5 {
			t.Errorf("%s: %.0f octets a second of %.0f", name, rate, left)
		}
	}
}

// TestThePacerFindsAFastPath within seconds, and goes by what it gets once the path has
// become longer.
func TestThePacerFindsAFastPath(t *testing.T) {
	p := new(pacer)
	q := thinPath{rate: 50e6, trip: 50 * time.Millisecond}
	if rate, _, _ := q.run(p, 10*time.Second); rate < 4<<20 {
		t.Errorf("%.0f octets a second", rate)
	}
	p = new(pacer)
	near, far := thinPath{rate: 250_000, trip: 20 * time.Millisecond}, thinPath{rate: 250_000, trip: 200 * time.Millisecond}
	near.run(p, 30*time.Second)
	if rate, _, _ := far.run(p, 90*time.Second); rate < 50_000 {
		t.Errorf("after the path has become longer: %.0f octets a second", rate)
	}
}

// TestThePacerDoesNotGrowUnused: what something else holds back says nothing of the path.
func TestThePacerDoesNotGrowUnused(t *testing.T) {
	p, now := new(pacer), time.Unix(1_000_000_000, 0)
	for range 200 {
		p.sent(100, now, 50*time.Millisecond)
		now = now.Add(100 * time.Millisecond)
	}
	if p.rate > 2*firstBulk {
		t.Errorf("%.0f octets a second after 1,000 a second", p.rate)
	}
}
