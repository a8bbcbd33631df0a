package relay

import (
	"time"

	"crossband/crypto/record"
	"crossband/proto"
)

// Bounds of what partners' logs take in memory. A log that is let go of is in the
// store.
const (
	maxBooksOf   = 2_500       // logs of one partner
	maxStrangeOf = 100         // of them, of channels that are not known here: of one that has ended, perhaps
	idleEvery    = time.Minute // how often it is looked for logs that nobody uses
)

// shelf is what of a partner's is in memory.
type shelf struct{ logs, strange int }

// enter takes a log into memory.
func (r *recorder) enter(b *book) {
	r.books[b.origin] = b
	r.count(b, 1)
	r.toDo(b)
}

// leave lets go of a log. What is to be kept of it is in the store.
func (r *recorder) leave(b *book) {
	delete(r.books, b.origin)
	r.count(b, -1)
}

func (r *recorder) count(b *book, n int) {
	if b.replica == nil {
		return
	}
	s := r.shelves[b.origin.Agency]
	if s.logs += n; b.strange {
		s.strange += n
	}
	r.shelves[b.origin.Agency] = s
}

// toDo puts a log of ours that is not settled among the work.
func (r *recorder) toDo(b *book) {
	if b.log != nil && !b.working && !b.done() {
		b.working = true
		r.work = append(r.work, b)
	}
}

// done reports whether nothing is left to sign or to bring.
func (b *book) done() bool { return b.broken != "" || (b.settled || b.lost) && b.unsigned.IsZero() }

// room refuses another log of a partner whose share is used up: it must not take what
// others need.
func (r *recorder) room(a proto.Agency, strange bool, now time.Time) error {
	s := r.shelves[a]
	if s.logs < maxBooksOf && (!strange || s.strange < maxStrangeOf) {
		return nil
	}
	r.alarmOfPartner(a, "a partner has too many records under way", now)
	return &record.Refusal{Fault: record.TooLarge, Index: record.NoEntry, Detail: "too many records are under way"}
}

// letGo lets go of logs that nobody has used for some time.
func (r *recorder) letGo(now time.Time) {
	if now.Before(r.idleAt) {
		return
	}
	r.idleAt = now.Add(idleEvery)
	for _, b := range r.books {
		if (b.log == nil || b.done()) && !b.working && now.Sub(b.used) > bookIdle {
			r.leave(b)
		}
	}
}
