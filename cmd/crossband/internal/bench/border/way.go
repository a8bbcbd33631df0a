package border

import (
	"bytes"
	"container/heap"
	"context"
	"math/rand/v2"
	"sync"
	"time"
)

// way is one direction of a crossing: packets that are due later wait in it.
type way struct {
	x *Crossing
	c Conditions

	mu      sync.Mutex // guards what follows
	rand    *rand.Rand
	waiting packets
	number  uint64
	sooner  chan struct{} // holds a token when the next packet may be another than it was
}

// maxWaiting bounds the packets under way in one direction; what comes beyond is
// dropped and counted.
const maxWaiting = 8192

type packet struct {
	due    time.Time
	number uint64 // of those due at one time the first goes first
	octets []byte
	send   func([]byte)
}

func newWay(x *Crossing, c Conditions, from rand.Source) *way {
	return &way{x: x, c: c, rand: rand.New(from), sooner: make(chan struct{}, 1)}
}

// pass sends a packet on its way, or loses it. It keeps nothing of b.
func (w *way) pass(b []byte, send func([]byte)) {
	w.mu.Lock()
	lost := w.c.Loss > 0 && w.rand.Float64() < w.c.Loss
	delay := w.c.Delay
	if w.c.Jitter > 0 {
		delay += time.Duration(w.rand.Int64N(int64(w.c.Jitter)))
	}
	full := false
	if !lost && delay > 0 {
		if full = len(w.waiting) >= maxWaiting; !full {
			w.number++
			heap.Push(&w.waiting, packet{time.Now().Add(delay), w.number, bytes.Clone(b), send})
		}
	}
	w.mu.Unlock()
	switch {
	case lost:
		w.x.lost.Add(1)
	case full:
		w.x.full.Add(1)
	case delay > 0:
		select {
		case w.sooner <- struct{}{}:
		default:
		}
	default:
		w.cross(b, send)
	}
}

func (w *way) cross(b []byte, send func([]byte)) {
	w.x.packets.Add(1)
	w.x.octets.Add(uint64(len(b)))
	send(b)
}

// run sends packets that are due until ctx ends.
func (w *way) run(ctx context.Context) {
	t := time.NewTimer(0)
	defer t.Stop()
	for {
		wait := time.Hour
		for {
			p, left, ok := w.next(time.Now())
			if !ok {
				wait = left
				break
			}
			w.cross(p.octets, p.send)
		}
		t.Reset(wait)
		select {
		case <-t.C:
		case <-w.sooner:
		case <-ctx.Done():
			return
		}
	}
}

// next takes a packet that is due, or returns how long to wait for the next one.
func (w *way) next(now time.Time) (p packet, wait time.Duration, ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.waiting) == 0 {
		return p, time.Hour, false
	}
	if wait = w.waiting[0].due.Sub(now); wait > 0 {
		return p, wait, false
	}
	return heap.Pop(&w.waiting).(packet), 0, true
}

// packets are a heap: the one that is due first is the first.
type packets []packet

// Len, Less, Swap, Push and Pop implement heap.Interface.
func (p packets) Len() int { return len(p) }

func (p packets) Less(i, j int) bool {
	if !p[i].due.Equal(p[j].due) {
		return p[i].due.Before(p[j].due)
	}
	return p[i].number < p[j].number
}

func (p packets) Swap(i, j int) { p[i], p[j] = p[j], p[i] }

func (p *packets) Push(x any) { *p = append(*p, x.(packet)) }

func (p *packets) Pop() any {
	old := *p
	last := old[len(old)-1]
	old[len(old)-1] = packet{}
	*p = old[:len(old)-1]
	return last
}
