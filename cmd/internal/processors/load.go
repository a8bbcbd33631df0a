package processors

import "time"

const (
	// lookEvery is how soon it is noticed that something waits.
	lookEvery = 25 * time.Millisecond

	// growAt is the part of the processors in use above which, in fullLooks looks in a
	// row, there are to be twice as many: what is ready to run begins to wait. So it does
	// where the look itself comes lateAt too late, a frame of voice, or a goroutine had to
	// wait so long: something computes and lets nothing else run, or other programs have
	// the processors.
	growAt    = 0.8
	fullLooks = 8
	lateAt    = 20 * time.Millisecond

	// shrinkAt is the part of one processor fewer below which, in the mean of a rest,
	// there is to be one fewer. It leaves room below growAt, so that the number does not
	// swing.
	shrinkAt = 0.6

	// A rest is restLooks, 2 s; twice as long each time that something had to wait with fewer
	// than all, at most
	// restMost, 5 minutes, and half as long after each rest that changed nothing: where
	// voice had to wait it is not soon tried again.
	restLooks = 80
	restMost  = 150 * restLooks
)

// load decides how many processors there are to be. It is pure.
type load struct {
	most, now int
	rest      int     // looks
	looks     int     // since the last change, or the last rest
	sum       float64 // of what was in use in them
	full      int     // looks in a row with more than growAt in use
}

// newLoad begins with all processors: a relay that starts has much to do.
func newLoad(most int) *load { return &load{most: most, now: most, rest: restLooks} }

// look takes in how many processors were in use since the last look, and whether something
// had to wait, and says how many there are to be.
func (l *load) look(used float64, late bool) (n int, change bool) {
	l.looks++
	l.sum += used
	if l.full++; used <= growAt*float64(l.now) {
		l.full = 0
	}
	before := l.now
	switch {
	case late && l.now < l.most:
		l.now, l.rest = min(2*l.now, l.most), min(2*l.rest, restMost)
	case late: // with all that there are: it is not for the rest being short
	case l.full >= fullLooks:
		l.now = min(2*l.now, l.most)
	case l.looks < l.rest:
		return l.now, false
	case l.sum/float64(l.looks) < shrinkAt*float64(l.now-1):
		l.now--
	default:
		l.rest = max(l.rest/2, restLooks)
	}
	l.looks, l.sum, l.full = 0, 0, 0
	return l.now, l.now != before
}
