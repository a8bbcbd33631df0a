package hook

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"crossband/proto"
)

// dispatch gives the raiser its next errand on a way, if it has none.
func (b *Inbox) dispatch(ctx context.Context, r Raiser, way lane) {
	if b.under[way] != nil {
		return
	}
	now := b.clock()
	do, e := b.choose(now, r, way)
	if e == nil {
		return
	}
	select {
	case b.errands[way] <- func() {
		bounded, cancel := context.WithTimeout(ctx, errandLife)
		defer cancel()
		err := do(bounded)
		select {
		case b.done <- errandOutcome{e, err}:
		case <-ctx.Done():
		}
	}:
		b.under[way] = e
		b.ledger.atWork[e.key] = true
	case <-ctx.Done():
	}
}

// choose picks what is to be done now; nil: nothing. Hails in doubt come when
// nothing else does.
func (b *Inbox) choose(now time.Time, r Raiser, way lane) (func(context.Context) error, *errand) {
	waits := func(k Key) bool { w := b.waits[k]; return w != nil && now.Before(w.next) }
	notNow := func(r *record) bool { return waits(r.key) || r.Op == opUpdate && !b.ledger.mayTell(now, r.Source, 1) }
	if next := b.ledger.next(way, notNow); next != nil {
		if next.Op == opUpdate {
			b.ledger.take(now, next.Source, texts)
		}
		return b.errandOf(now, next, r), &errand{lane: way, key: next.key, sends: b.ledger.ids.messages(next)}
	}
	if way != telling {
		return nil, nil
	}
	b.doubts = slices.DeleteFunc(b.doubts, func(k Key) bool { return !b.ledger.inDoubt(now, k) })
	for _, k := range b.doubts {
		if waits(k) {
			continue
		}
		hail := b.ledger.hailOf(k)
		return func(ctx context.Context) error { return unknown(ctx, r, hail) }, &errand{lane: way, key: k, doubt: true}
	}
	return nil, nil
}

// errUnknown: a hail that was on its way is neither there nor known.
var errUnknown = errors.New("it went out, and is not known any more")

func unknown(ctx context.Context, r Raiser, hail proto.MessageID) error {
	known, err := r.Known(ctx, hail)
	if err == nil && !known {
		return errUnknown
	}
	return err
}

// errandOf copies what the raiser needs: the record stays Run's.
func (b *Inbox) errandOf(now time.Time, r *record, raiser Raiser) func(context.Context) error {
	c := b.ledger.call(r, r.Root)
	switch r.Op {
	case opRaise:
		raise := Raise{Call: c, Urgency: r.Verdict.Urgency, Late: r.Alert.late(now), Summary: r.Summary}
		return func(ctx context.Context) error { return raiser.Raise(ctx, raise) }
	case opCancel:
		ids := b.ledger.ids
		ends := []Cancel{{c, ids.reply(r.key, r.Root), ids.update(r.key)}}
		for _, k := range r.Also {
			ends = append(ends, Cancel{b.ledger.call(r, k), ids.reply(r.key, k), ends[0].Message})
		}
		return func(ctx context.Context) error {
			var all error
			for _, c := range ends { // one that fails holds up no other
				if err := raiser.Cancel(ctx, c); err != nil && !errors.Is(err, ErrOver) {
					all = errors.Join(all, err)
				}
			}
			return all
		}
	}
	u := Update{c, b.ledger.ids.update(r.key), r.Op == opRepeat}
	return func(ctx context.Context) error { return raiser.Update(ctx, u) }
}

// settle notes what came of an errand, and when a failed one is tried again.
func (b *Inbox) settle(ctx context.Context, o errandOutcome) {
	now := b.clock()
	if o.doubt {
		b.settleDoubt(ctx, now, o)
		return
	}
	if o.back != "" { // it was on its way, and came back before its errand did
		o.err = fmt.Errorf("%w: %s", ErrRefused, o.back)
	}
	if b.ledger.settled(now, o.key, o.err) {
		b.postpone(now, o.key)
		b.log.Warn(b.ledger.records[o.key].Op.failed()+"; it is tried again", "why", o.err.Error())
	} else {
		delete(b.waits, o.key)
	}
	b.write(ctx)
}

// settleDoubt raises a hail again that the last run had on its way and that nobody
// knows: the run ended between its coming back and writing that down.
func (b *Inbox) settleDoubt(ctx context.Context, now time.Time, o errandOutcome) {
	if o.err != nil && !errors.Is(o.err, errUnknown) {
		b.postpone(now, o.key)
		return
	}
	b.doubts = slices.DeleteFunc(b.doubts, func(k Key) bool { return k == o.key })
	if o.err != nil {
		b.ledger.again(o.key)
		b.log.Warn("a hail of the last run is not known; it is raised again", "incident", b.ledger.incidentOf(b.ledger.records[o.key]))
		b.write(ctx)
	}
}

// takeBack has what came back sent again. What the journal has no room for is tried
// again.
func (b *Inbox) takeBack(ctx context.Context, m messageReturned) {
	for _, e := range b.under {
		if e != nil && slices.Contains(e.sends, m.id) {
			e.back = m.why
			return
		}
	}
	r, ours := b.ledger.returned(m.id, m.why)
	if !ours {
		return
	}
	b.postpone(b.clock(), r.key)
	b.log.Warn("it came back: "+r.Op.failed()+"; it is tried again", "incident", b.ledger.incidentOf(r), "why", m.why)
	if b.write(ctx) != nil {
		b.unwritten = append(b.unwritten, m) // one for each message of ours at most
	}
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
