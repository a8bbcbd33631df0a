package relay

import (
	"crossband/crypto/record"
)

// stop gives a log up: it is shown as it is, and not gone on with.
func (r *recorder) stop(b *book, what string, err error) {
	b.broken = err.Error()
	r.alarm(b, what, err)
	r.keepBook(b)
}

// alarm tells the administrator that a record cannot be kept, or that somebody has
// another one.
func (r *recorder) alarm(b *book, what string, err error) {
	r.n.counters.recordFaults.Add(1)
	r.n.log.Error(what, "record", b.origin.String(), "alarm", true, "fault", string(record.FaultOf(err)), "why", err.Error())
}
