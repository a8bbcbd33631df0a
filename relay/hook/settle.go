package hook

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"crossband/proto"
)

// giveUpAfter is how long it is tried to call somebody about an alert that does
// not say when it expires. It is the longest life of a hail.
const giveUpAfter = proto.HailLife

// deadline is when an alert is given up.
func (r *record) deadline() time.Time {
	d := r.Received.Add(giveUpAfter)
	if r.Op != opCancel && r.Alert != nil && !r.Alert.Expires.IsZero() && r.Alert.Expires.Before(d) {
		return r.Alert.Expires
	}
	return d
}

// next picks what is to be done now on a way: the most urgent, in the order of
// acceptance within an incident. waiting tells which records are to wait.
func (l *ledger) next(way lane, waiting func(*record) bool) (best *record) {
	blocked := make(map[Key]bool)
	isBlocked := func(k Key) bool { return blocked[k] }
	l.pending = slices.DeleteFunc(l.pending, func(r *record) bool { return r.State != statePending })
	for _, r := range l.pending {
		better := r.lane() == way && (best == nil || r.Verdict.Urgency > best.Verdict.Urgency)
		if better && !l.atWork[r.key] && !blocked[r.Root] && !slices.ContainsFunc(r.Also, isBlocked) && !waiting(r) {
			best = r
		}
		blocked[r.Root] = true
		for _, k := range r.Also {
			blocked[k] = true
		}
	}
	return best
}

func (r *record) lane() lane {
	if r.Op == opRaise {
		return raising
	}
	return telling
}

// call says which hail a record is about.
func (l *ledger) call(r *record, root Key) Call {
	ring := r
	if inc := l.incidents[root]; r.Op != opRaise && inc != nil && inc.ring != nil {
		ring = inc.ring
	}
	return Call{Source: r.Source, Alert: *r.Alert, Hail: l.ids.hail(ring.key, ring.Attempt), Incident: l.ids.incident(root), Exercise: ring.Verdict.Exercise}
}

// settled notes what came of a record's errand. It returns true when it is to be
// tried again.
func (l *ledger) settled(now time.Time, k Key, err error) (again bool) {
	r := l.records[k]
	if r == nil || r.State != statePending {
		return false
	}
	switch {
	case err == nil:
		if r.State = stateDone; r.Op == opRaise {
			r.Rung = true
			l.rings(l.incidents[r.Root], r)
		}
		l.keep(r)
	case errors.Is(err, ErrOver) && (r.Op == opUpdate || r.Op == opRepeat) && !l.incidents[r.Root].closed:
		l.ringAgain(now, r)
	case errors.Is(err, ErrOver):
		r.State, r.Why, r.Alert = stateDone, "its hail rings no more", nil
	case errors.Is(err, ErrRefused):
		r.Attempt++
		r.Why = line(err.Error(), maxText)
		l.write(r)
		return true
	default:
		r.Why = line(err.Error(), maxText)
		return true
	}
	l.write(r)
	return false
}

// ringAgain makes a hail of news about one that is over: nobody took it. It counts as
// any other does, so that a source that repeats itself does not ring all the time.
func (l *ledger) ringAgain(now time.Time, r *record) {
	if r.Op = opRaise; !l.mayRing(now, r) {
		r.State = stateHeld
		l.storm(r.Source).hold(r)
	}
	l.rings(l.incidents[r.Root], r)
}

// returned takes back what was on its way and was not taken by the hub: a hail, a text
// or a reply.
func (l *ledger) returned(id proto.MessageID, why string) (r *record, ours bool) {
	r = l.records[l.sent[id]]
	if r == nil || r.State != stateDone || r.Alert == nil || !slices.Contains(l.ids.messages(r), id) {
		return nil, false
	}
	l.unsent(r)
	r.Rung, r.State, r.Why = false, statePending, line(why, maxText)
	r.Attempt++
	l.pending = append(l.pending, r)
	l.write(r)
	return r, true
}

// unsent forgets what was sent for a record.
func (l *ledger) unsent(r *record) {
	for _, id := range l.ids.messages(r) {
		delete(l.sent, id)
	}
}

// lapse forgets the alerts of which nothing will come back any more. What comes back
// after its deadline is given up, so that it is known that nobody was called.
func (l *ledger) lapse(now time.Time) {
	l.kept = slices.DeleteFunc(l.kept, func(r *record) bool {
		if r.State != stateDone || l.records[r.key] != r || r.Alert == nil {
			return true
		}
		if now.Before(r.deadline().Add(giveUpAfter)) {
			return false
		}
		l.unsent(r)
		r.Alert = nil
		l.write(r)
		return true
	})
}

// doubtful lists the hails that are on their way by what the journal says. One that
// came back as the last run ended is among them.
func (l *ledger) doubtful(now time.Time) (list []Key) {
	for _, r := range l.order {
		if l.inDoubt(now, r.key) {
			list = append(list, r.key)
		}
	}
	return list
}

// inDoubt reports that a record's hail should ring or have rung, and that it would
// still be of use.
func (l *ledger) inDoubt(now time.Time, k Key) bool {
	r := l.records[k]
	return r != nil && r.State == stateDone && r.Rung && r.Alert != nil && now.Before(r.deadline()) && !l.incidents[r.Root].closed
}

// incidentOf names a record's incident for the log.
func (l *ledger) incidentOf(r *record) string { return l.ids.incident(r.Root).String() }

func (l *ledger) hailOf(k Key) proto.MessageID { return l.ids.hail(k, l.records[k].Attempt) }

// again has a record's hail raised again as it was.
func (l *ledger) again(k Key) {
	r := l.records[k]
	if r == nil || r.State != stateDone || !r.Rung {
		return
	}
	r.Rung, r.State = false, statePending
	l.pending = append(l.pending, r)
	l.write(r)
}

// tick gives up what has waited too long and is not being done just now, sums up what is held, and forgets what
// is old. It returns what was given up.
func (l *ledger) tick(now time.Time) (lost []*record) {
	for _, r := range l.pending {
		if r.State == statePending && !now.Before(r.deadline()) && !l.atWork[r.key] {
			r.State, r.Why = stateFailed, fmt.Sprintf("given up at %s: %s", now.UTC().Format(time.RFC3339), r.Why)
			l.write(r)
			lost = append(lost, r)
		}
	}
	l.lapse(now)
	l.summaries(now)
	l.forget(now)
	return lost
}
