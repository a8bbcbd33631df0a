package processors

import "time"

const (
	lookEvery = 100 * time.Millisecond

	// growAt is the part of the processors in use above which, in two looks in a row,
	// there are to be twice as many: what is ready to run begins to wait. So it does
	// where the look itself comes lateAt too late, a frame of voice, also because other
	// programs have the processors.
	growAt = 0.8
	lateAt = 20 * time.Millisecond

	// shrinkAt is the part of one processor fewer below which, in the mean of restLooks
	// looks, there is to be one fewer. It leaves room below growAt, so that the number
	// does not swing.
	shrinkAt  = 0.6
	restLooks = 20
)

// load decides how many processors there are to be. It is pure.
type load struct {
	most, now int
	looks     int     // since the last change, or the last mean
	sum       float64 // of what was in use in them
	late      bool    // one of them was
	full      int     // looks in a row with more than growAt in use
}

// newLoad begins with all processors: a relay that starts has much to do.
func newLoad(most int) *load { return &load{most: most, now: most} }

// look takes in how many processors were in use since the last look, and how much later
// than it should have been this one is, and says how many there are to be.
func (l *load) look(used float64, late time.Duration) (n int, change bool) {
	l.looks++
	l.sum += used
	l.late = l.late || late > lateAt
	if l.full++; used <= growAt*float64(l.now) {
		l.full = 0
	}
	before := l.now
	switch {
	case l.full > 1 || l.late:
		l.now = min(2*l.now, l.most)
	case l.looks < restLooks:
		return l.now, false
	case l.sum/float64(l.looks) < shrinkAt*float64(l.now-1):
		l.now--
	}
	l.looks, l.sum, l.late, l.full = 0, 0, false, 0
	return l.now, l.now != before
}
