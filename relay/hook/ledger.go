package hook

import (
	"slices"
	"time"

	"crossband/proto"
)

// ledger is what the inbox knows: the journal in memory. It is pure: it is told
// the time and returns what has to be written. When that cannot be written it is
// of no use any more and is loaded anew.
type ledger struct {
	ids       ids
	limits    Limits
	records   map[Key]*record
	order     []*record // by acceptance, the oldest first
	pending   []*record // those of them that may have something left to do
	incidents map[Key]*incident
	aliases   map[subject]Key         // alert that has not come → incident
	threads   map[subject]Key         // open thread → incident
	sent      map[proto.MessageID]Key // what was sent, and for which record
	kept      []*record               // records that are done and of which something may come back
	storms    map[string]*storm       // by source
	total     [purses]proto.Bucket
	seq       uint64
	atWork    map[Key]bool    // what the raiser is at
	changed   map[Key]*record // to be written; nil: to be deleted
}

// subject is an alert or a thread, of one status: an exercise, a test and what is
// real never touch each other, whatever they are called.
type subject struct {
	name   Key
	status Status
}

// incident is what alerts that belong together have opened.
type incident struct {
	root   Key
	ring   *record // whose hail stands for it; nil: none was to be made
	closed bool
	status Status // of all its alerts
}

// live reports that somebody was called, or is about to be.
func (i *incident) live() bool {
	return !i.closed && i.ring != nil && (i.ring.Rung || i.ring.State == statePending)
}

func newLedger(i ids, l Limits) *ledger {
	return &ledger{
		ids: i, limits: l, records: make(map[Key]*record), incidents: make(map[Key]*incident), aliases: make(map[subject]Key),
		threads: make(map[subject]Key), sent: make(map[proto.MessageID]Key), storms: make(map[string]*storm), changed: make(map[Key]*record), atWork: make(map[Key]bool),
	}
}

// add takes a record up: a new one, or one of the journal, in order.
func (l *ledger) add(r *record) {
	l.records[r.key], l.order, l.seq = r, append(l.order, r), max(l.seq, r.Seq)
	if r.State == statePending {
		l.pending = append(l.pending, r)
	}
	if r.Kind == 0 { // a delivery
		return
	}
	inc := l.incidents[r.Root]
	if inc == nil {
		inc = &incident{root: r.Root, status: r.Status}
		l.incidents[r.Root] = inc
	}
	for _, k := range r.Aliases {
		l.aliases[subject{k, r.Status}] = r.Root
	}
	l.rings(inc, r)
	if r.Closes {
		for _, k := range append(r.Also, r.Root) {
			l.close(k)
		}
	} else if r.Thread != (Key{}) && r.Op != opNone {
		l.threads[subject{r.Thread, r.Status}] = r.Root
	}
	switch {
	case r.State == stateHeld:
		l.storm(r.Source).hold(r)
	case r.State == stateDone && r.Alert != nil:
		l.keep(r)
	}
}

// rings notes that a record's hail stands for its incident.
func (l *ledger) rings(inc *incident, r *record) {
	if r.Op != opRaise {
		return
	}
	inc.ring, inc.closed = r, false
}

// keep remembers what was sent for a record that is done.
func (l *ledger) keep(r *record) {
	for _, id := range l.ids.messages(r) {
		l.sent[id] = r.key
	}
	l.kept = append(l.kept, r)
}

func (l *ledger) close(root Key) {
	if inc := l.incidents[root]; inc != nil {
		inc.closed = true
	}
	for t, k := range l.threads {
		if k == root {
			delete(l.threads, t)
		}
	}
}

func (l *ledger) write(r *record) { l.changed[r.key] = r }

// begin makes a record of an alert, with nothing decided.
func (l *ledger) begin(now time.Time, src *Source, a *Alert) *record {
	l.seq++
	r := &record{
		key: keyOf(forAlert, src.Name, a.Sender, a.ID), Source: src.Name, Sender: a.Sender, Digest: a.Digest, Received: now,
		Seq: l.seq, State: stateDone, Kind: a.Kind, Status: a.Status, Verdict: Judge(a, src.Policy, now), Alert: a,
	}
	r.Root, r.Why = r.key, r.Verdict.Why
	if a.Thread != "" {
		r.Thread = keyOf(forThread, src.Name, a.Sender, a.Thread)
	}
	return r
}

// decide takes an alert in. What it returns is true once what changed has been
// written.
func (l *ledger) decide(now time.Time, src *Source, a *Alert) Result {
	if old := l.records[keyOf(forAlert, src.Name, a.Sender, a.ID)]; old != nil {
		if old.Digest != a.Digest {
			return Result{Sender: a.Sender, ID: a.ID, Outcome: Conflict, Why: "the same identifier came with another content"}
		}
		if l.revive(now, src, old, a) {
			return l.taken(old, a)
		}
		return l.result(old, a, Duplicate)
	}
	r := l.begin(now, src, a)
	switch a.Kind {
	case KindAlert:
		l.alert(r)
	case KindUpdate:
		l.update(src, r)
	case KindCancel:
		l.cancel(now, src, r)
	}
	if r.Op == opRaise && !l.mayRing(now, r) {
		r.State = stateHeld
	}
	if r.Op == opNone {
		r.Alert = nil
	}
	l.add(r)
	l.write(r)
	return l.taken(r, a)
}

// taken is what the sender of an alert is told that has been decided about now.
func (l *ledger) taken(r *record, a *Alert) Result {
	switch {
	case r.State == stateHeld:
		return l.result(r, a, Held)
	case r.Op == opNone:
		return l.result(r, a, Logged)
	}
	return l.result(r, a, Accepted)
}

// revive decides anew about an alert that was given up, or would be, and comes again
// while it still calls for something. It reports false when there is nothing to do.
func (l *ledger) revive(now time.Time, src *Source, r *record, a *Alert) bool {
	overdue := r.State == statePending && !now.Before(r.deadline()) && !l.atWork[r.key]
	inc := l.incidents[r.Root]
	if r.State != stateFailed && !overdue || inc == nil {
		return false
	}
	v := Judge(a, src.Policy, now)
	switch {
	case r.Op == opCancel && (inc.ring == nil || !inc.ring.Rung), r.Op != opCancel && !v.Rings:
		return false
	case r.Op == opRaise && (inc.ring != r || inc.closed), (r.Op == opUpdate || r.Op == opRepeat) && !inc.live():
		return false
	}
	r.State, r.Received, r.Verdict, r.Why, r.Alert = statePending, now, v, "", a
	if r.Op == opRaise && !l.mayRing(now, r) {
		r.State = stateHeld
		l.storm(r.Source).hold(r)
	} else if !overdue {
		l.pending = append(l.pending, r)
	}
	l.write(r)
	return true
}

func (l *ledger) todo(r *record, o op) { r.Op, r.State = o, statePending }

// alert decides about a first message: it opens an incident, unless something
// about it has come before.
func (l *ledger) alert(r *record) {
	if root, known := l.aliases[subject{r.key, r.Status}]; known {
		r.Root, r.Why = root, "what updates or cancels it came before it"
		return
	}
	if root, open := l.threads[subject{r.Thread, r.Status}]; open {
		r.Root = root
		if r.Verdict.Rings {
			l.todo(r, opRepeat)
		}
		return
	}
	if r.Verdict.Rings {
		l.todo(r, opRaise)
	}
}

// update follows to the incident of the first, and opens one where that never
// came.
func (l *ledger) update(src *Source, r *record) {
	roots, unknown := l.follow(src, r)
	if r.Aliases = unknown; len(roots) == 0 {
		if r.Verdict.Rings {
			l.todo(r, opRaise)
		}
		return
	}
	r.Root = roots[0]
	for _, root := range roots {
		if l.incidents[root].live() { // rather than one that is over
			r.Root = root
			break
		}
	}
	inc := l.incidents[r.Root]
	switch {
	case inc.live() && (r.Verdict.Rings || r.Alert.AllClear && r.Alert.Status == Actual):
		l.todo(r, opUpdate)
		l.supersede(r.Root, maxNews)
	case r.Verdict.Rings:
		l.todo(r, opRaise)
	}
}

// cancel ends the incidents that it is about. One that is not real, or of another
// sender, ends nothing.
func (l *ledger) cancel(now time.Time, src *Source, r *record) {
	switch {
	case r.Alert.Status != Actual && r.Alert.Status != Exercise:
		return // Why says that it is a test
	case slices.ContainsFunc(r.Alert.References, func(ref Ref) bool { return ref.Sender != r.Sender }):
		r.Why = "it cancels an alert of another sender, which is for that sender to do"
		return
	}
	roots, unknown := l.follow(src, r)
	r.Aliases, r.Closes, r.Why = unknown, true, ""
	if len(roots) == 0 {
		r.Why = "it cancels what is not known here"
		return
	}
	r.Root, r.Also = roots[0], roots[1:]
	r.Why = "what it cancels called nobody"
	for _, k := range roots {
		inc := l.incidents[k]
		if inc.live() {
			r.Why = ""
			l.todo(r, opCancel)
			if !l.mayTell(now, r.Source, max(1, len(l.news(k)))) { // the end does not wait for news
				l.supersede(k, 1)
			}
		} else if inc.ring != nil && inc.ring.State == stateHeld {
			l.storm(inc.ring.Source).release(inc.ring)
			inc.ring.State, inc.ring.Why, inc.ring.Alert = stateDone, "it was cancelled before it rang", nil
			l.write(inc.ring)
		}
	}
}

// follow finds the incidents that a message is about, of its own status, and the
// alerts that it names and that have not come. An update of another sender's alert is taken as
// one of its own: it rings rather than be lost in an incident that it may not
// belong to.
func (l *ledger) follow(src *Source, r *record) (roots, unknown []Key) {
	for _, ref := range r.Alert.References {
		if ref.Sender != r.Sender {
			continue
		}
		k := keyOf(forAlert, src.Name, ref.Sender, ref.ID)
		root, known := l.aliases[subject{k, r.Status}]
		if old := l.records[k]; old != nil {
			if known = true; old.Status == r.Status {
				root = old.Root
			}
		}
		switch {
		case !known:
			unknown = append(unknown, k)
		case !slices.Contains(roots, root) && l.incidents[root] != nil:
			roots = append(roots, root)
		}
	}
	if root, open := l.threads[subject{r.Thread, r.Status}]; open && !slices.Contains(roots, root) {
		roots = append(roots, root)
	}
	return roots, unknown
}

// result is what the sender of an alert is told.
func (l *ledger) result(r *record, a *Alert, o Outcome) Result {
	res := Result{Sender: a.Sender, ID: a.ID, Outcome: o, Kind: r.Kind, Why: r.Why, Exercise: r.Verdict.Exercise}
	res.Rings = r.Op == opRaise && (r.Rung || r.State == statePending)
	res.Waits, res.GivenUp = r.State == statePending, r.State == stateFailed
	if inc := l.incidents[r.Root]; inc != nil && inc.ring != nil {
		res.Incident, res.Hail = l.ids.incident(r.Root).String(), l.ids.hail(inc.ring.key, inc.ring.Attempt).String()
	}
	return res
}
