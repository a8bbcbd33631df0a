package relay

import (
	"context"
	"slices"
	"time"

	"crossband/proto"
)

// tick signs what has waited long enough, brings partners what they lack, and lets go
// of what nobody uses.
func (r *recorder) tick(ctx context.Context, l *loop, now time.Time) error {
	r.signDue(now)
	if err := l.store(ctx, r.written()); err != nil {
		return err
	}
	if err := r.pushDue(ctx, l, now); err != nil {
		return err
	}
	r.work = slices.DeleteFunc(r.work, func(b *book) bool {
		b.working = !b.done()
		return !b.working
	})
	r.letGo(now)
	return r.sweepRecords(ctx, l, now)
}

func (r *recorder) signDue(now time.Time) {
	signed := 0
	for _, b := range r.work {
		if signed == maxSignedATurn {
			return
		}
		if b.broken == "" && !b.unsigned.IsZero() && now.Sub(b.unsigned) >= checkpointWait && b.asked(r.n.Name().Agency, now) {
			r.sign(b, now)
			signed++
		}
	}
}

// pushDue brings partners what they lack, of some logs: the others have the next turn.
func (r *recorder) pushDue(ctx context.Context, l *loop, now time.Time) error {
	links, pushed := l.peerLinks(), 0
	for range r.work {
		if pushed >= maxPushedATurn {
			break
		}
		r.turn = (r.turn + 1) % len(r.work)
		n, err := r.push(ctx, l, r.work[r.turn], links, now)
		if err != nil {
			return err
		}
		pushed += n
	}
	return nil
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
