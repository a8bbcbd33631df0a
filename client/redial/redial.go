// Package redial says how long an endpoint waits before it dials its relay again. It
// is a package of its own so that a load that stands for many endpoints comes back as
// they do.
package redial

import (
	"math/rand/v2"
	"time"

	"crossband/proto"
)

// Bounds of the waits between two dials, before they are spread by Jitter.
const (
	First = 200 * time.Millisecond
	Most  = 10 * time.Second

	// A link that lasted so long was a good one. After one that did not, the
	// back-off goes on: two devices under one name that take each other's place
	// would do so for ever, as fast as they can.
	Lasts = 10 * time.Second

	// A relay that stops tells all its endpoints in one moment: they come back
	// over a second rather than in a fifth of one.
	Closed = time.Second

	// Timeout bounds one dial, greeting included.
	Timeout = 10 * time.Second
)

// Backoff is how an endpoint has fared with its relay. The zero value is that of one
// that has not dialled yet. One goroutine owns it.
type Backoff struct {
	next time.Duration // 0: First
}

// Lost tells of a link that has ended after it lasted so long, with the reason.
func (b *Backoff) Lost(lasted time.Duration, why proto.Reason) {
	if lasted < Lasts {
		return
	}
	if b.next = First; why == proto.ReasonClosing {
		b.next = Closed
	}
}

// Pause returns how long to wait now; the next one, if nothing is Lost in between, is
// twice as long, up to Most.
func (b *Backoff) Pause() time.Duration {
	wait := max(b.next, First)
	b.next = min(2*wait, Most)
	return Jitter(wait)
}

// Jitter spreads a wait evenly over half of it to one and a half.
func Jitter(wait time.Duration) time.Duration { return wait/2 + rand.N(wait) }
