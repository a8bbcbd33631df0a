package relay

import (
	"bytes"
	"context"
	"slices"
	"time"

	"crossband/crypto/record"
	"crossband/proto"
)

// tick signs what has waited long enough, brings partners what they lack, and lets go
// of what nobody uses.
func (r *recorder) tick(ctx context.Context, l *loop, now time.Time) error {
	signed := 0
	for _, o := range r.inOrder() {
		b := r.books[o]
		if b.log != nil && b.broken == "" && !b.unsigned.IsZero() && now.Sub(b.unsigned) >= checkpointWait && signed < maxSignedATurn && b.asked(r.n.Name().Agency, now) {
			r.sign(b, now)
			signed++
		}
	}
	if err := l.store(ctx, r.written()); err != nil {
		return err
	}
	for _, o := range r.inOrder() {
		b := r.books[o]
		if b.log == nil && now.Sub(b.used) > bookIdle || b.settled && now.Sub(b.used) > bookIdle {
			delete(r.books, o)
			continue
		}
		if err := r.push(ctx, l, b, now); err != nil {
			return err
		}
	}
	return r.sweepRecords(ctx, l, now)
}

// inOrder lists the logs in memory, so that a run can be repeated.
func (r *recorder) inOrder() []record.Origin {
	list := make([]record.Origin, 0, len(r.books))
	for o := range r.books {
		list = append(list, o)
	}
	slices.SortFunc(list, func(a, b record.Origin) int {
		return bytes.Compare([]byte(a.String()), []byte(b.String()))
	})
	return list
}

func (r *recorder) sign(b *book, now time.Time) {
	id := r.n.identity.Load()
	c, err := b.log.Checkpoint(id, now)
	if err != nil {
		r.alarm(b, "record not signed", err)
		b.unsigned = now // and tried again
		return
	}
	b.unsigned = time.Time{}
	r.keepChain(b, id.Chain)
	b.put(note{at: c})
	r.keepNote(b, b.notes[len(b.notes)-1])
	r.settle(b)
	r.thin(b)
	r.keepBook(b)
}

// settle notes whether everybody who may have the log has cosigned all of it, and
// knows that the others have.
func (r *recorder) settle(b *book) {
	newest := &b.notes[len(b.notes)-1]
	b.settled = newest.at.Size == b.log.Size()
	for _, a := range b.told {
		f := b.followers[a]
		if a != r.n.Name().Agency && (!slices.Contains(newest.cosigned, a) || f == nil || f.seen < len(newest.at.Signatures)) {
			b.settled = false
		}
	}
}

// thin lets go of checkpoints that say nothing more than a later one: each partner's
// newest cosignature stays, and one checkpoint of each minute.
func (r *recorder) thin(b *book) {
	later := make(map[proto.Agency]bool)
	kept := b.notes[:0:0]
	for i := len(b.notes) - 1; i >= 0; i-- {
		n := b.notes[i]
		first := i == 0 || !n.at.Time.Truncate(time.Minute).Equal(b.notes[i-1].at.Time.Truncate(time.Minute))
		useful := first || i == len(b.notes)-1
		for _, a := range n.cosigned {
			useful = useful || !later[a]
			later[a] = true
		}
		if useful {
			kept = append(kept, n)
			continue
		}
		r.keep(notesPrefix+b.origin.String(), indexKey(n.at.Size), nil)
	}
	slices.Reverse(kept)
	b.notes = kept
}
