package hook

import (
	"context"
	"errors"
	"time"
)

// dispatch gives the raiser its next errand, if it has none.
func (b *Inbox) dispatch(ctx context.Context, r Raiser) {
	if b.busy {
		return
	}
	now := b.clock()
	next := b.ledger.next(func(r *record) bool { w := b.waits[r.key]; return w != nil && now.Before(w.next) })
	if next == nil {
		return
	}
	do := b.errandOf(now, next, r)
	key := next.key
	select {
	case b.errand <- func() {
		bounded, cancel := context.WithTimeout(ctx, errandLife)
		defer cancel()
		err := do(bounded)
		select {
		case b.done <- errandOutcome{key, err}:
		case <-ctx.Done():
		}
	}:
		b.busy = true
	case <-ctx.Done():
	}
}

// errandOf copies what the raiser needs: the record stays Run's.
func (b *Inbox) errandOf(now time.Time, r *record, raiser Raiser) func(context.Context) error {
	c := b.ledger.call(r, r.Root)
	switch r.Op {
	case opRaise:
		raise := Raise{Call: c, Urgency: r.Verdict.Urgency, Late: r.Alert.late(now), Summary: r.Summary}
		return func(ctx context.Context) error { return raiser.Raise(ctx, raise) }
	case opCancel:
		calls := []Call{c}
		for _, k := range r.Also {
			calls = append(calls, b.ledger.call(r, k))
		}
		message := b.ledger.ids.update(r.key)
		return func(ctx context.Context) error {
			for _, c := range calls {
				if err := raiser.Cancel(ctx, Cancel{c, message}); err != nil && !errors.Is(err, ErrOver) {
					return err
				}
			}
			return nil
		}
	}
	u := Update{c, b.ledger.ids.update(r.key), r.Op == opRepeat}
	return func(ctx context.Context) error { return raiser.Update(ctx, u) }
}

// settle notes what came of an errand, and when a failed one is tried again.
func (b *Inbox) settle(ctx context.Context, o errandOutcome) {
	now := b.clock()
	if b.ledger.settled(now, o.key, o.err) {
		b.postpone(now, o.key)
		b.log.Warn("alert not raised; it is tried again", "why", o.err.Error())
	} else {
		delete(b.waits, o.key)
	}
	b.write(ctx)
}

// postpone has an errand wait before it is tried again: longer each time, and
// longer for an alert whose hails were refused.
func (b *Inbox) postpone(now time.Time, k Key) {
	w := b.waits[k]
	if w == nil {
		w = &patience{wait: againFirst}
		b.waits[k] = w
	}
	if r := b.ledger.records[k]; r != nil {
		w.wait = max(w.wait, min(againFirst<<min(r.Attempt, 10), againMost))
	}
	w.next, w.wait = now.Add(w.wait), min(2*w.wait, againMost)
}
