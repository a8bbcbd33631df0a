package plan

import (
	"cmp"
	"slices"
	"time"
)

// Orders is what is to be done now.
type Orders struct {
	Start []Job     // send these: they count as under way until Finish or Abandon
	Fail  []Job     // give these up: the caller removes them, and asks again; pages among them are in Tell too
	Tell  []Job     // report these pages as failed; they are tried on
	Wake  time.Time // when to ask again, if nothing happens before; zero: never
}

// Next returns what is to be done at now.
func (p *Plan) Next(now time.Time) Orders {
	var o Orders
	for _, t := range p.targets {
		for _, l := range t.lines {
			t.lapsed(now, l, &o)
			t.late(now, l, &o)
		}
	}
	bySerial(o.Fail)
	bySerial(o.Tell)
	if len(o.Fail) > 0 {
		o.Wake = now
		return o // what they held up is judged when they are gone
	}
	p.start(now, &o)
	return o
}

func bySerial(list []Job) {
	slices.SortFunc(list, func(a, b Job) int {
		return cmp.Or(cmp.Compare(a.Target, b.Target), cmp.Compare(a.Serial, b.Serial))
	})
}

// lapsed finds what is given up without a further try: everything for a target
// that is disabled, and what a failing one has kept waiting for too long.
func (t *target) lapsed(now time.Time, l *line, o *Orders) {
	if l.flying {
		return // what is behind it ends after it
	}
	for _, j := range l.jobs {
		if t.health.Disabled == "" && (!t.failing(now) || now.Sub(j.Accepted) < GiveUp) {
			return // those behind were accepted later
		}
		l.tell(j, o)
		o.Fail = append(o.Fail, *j)
	}
}

// tell has a page reported as failed, if it is one and has not been.
func (l *line) tell(j *Job, o *Orders) {
	if j.Page && !j.Told {
		j.Told = true
		l.pages--
		o.Tell = append(o.Tell, *j)
	}
}

// late finds pages that are to be reported as failed: not delivered in time, or
// behind one that failed.
func (t *target) late(now time.Time, l *line, o *Orders) {
	if l.pages == 0 {
		return
	}
	for i, j := range l.jobs {
		if !j.Page || j.Told {
			continue
		}
		if limit := j.Accepted.Add(PageLimit); now.Before(limit) && (i == 0 || l.jobs[0].Tries == 0) {
			o.wake(limit)
			continue
		}
		l.tell(j, o)
	}
}

func (o *Orders) wake(at time.Time) {
	if o.Wake.IsZero() || at.Before(o.Wake) {
		o.Wake = at
	}
}

// start gives the free places first to urgent lines, then to the others:
// target by target, so that a large backlog for one holds up no other.
func (p *Plan) start(now time.Time, o *Orders) {
	ready := make([][]*line, len(p.targets))
	for i, t := range p.targets {
		urgent, ordinary := t.ready(now, o)
		for _, l := range urgent {
			if p.flying < MaxFlying {
				p.fly(t, l, true, o)
			}
		}
		ready[i] = ordinary
	}
	begin := p.turn
	for more := true; more; {
		more = false
		for n := range p.targets {
			i := (begin + n) % len(p.targets)
			t := p.targets[i]
			if len(ready[i]) == 0 || p.flying >= MaxFlying || p.ordered >= MaxOrdinary || t.flying >= t.most(now) {
				continue
			}
			p.fly(t, ready[i][0], false, o)
			ready[i], more, p.turn = ready[i][1:], true, i+1
		}
	}
}

func (t *target) most(now time.Time) int {
	if t.failing(now) {
		return MaxFailing
	}
	return MaxHealthy
}

// ready returns the lines whose first delivery is due, those due first in
// front, and no more of them than there are places. A line is urgent while a
// page in it has neither been reported on nor waits behind a failure: its
// target is not spared then.
func (t *target) ready(now time.Time, o *Orders) (urgent, ordinary []*line) {
	for _, l := range t.lines {
		first := l.jobs[0]
		switch {
		case l.flying:
		case l.pages > 0: // late has told those that wait behind a failure
			urgent = dueFirst(urgent, l)
		case first.Due.After(now):
			o.wake(first.Due)
		case t.pause.After(now):
			o.wake(t.pause)
		default:
			ordinary = dueFirst(ordinary, l)
		}
	}
	return urgent, ordinary
}

// dueFirst puts a line into its place among the first MaxFlying.
func dueFirst(list []*line, l *line) []*line {
	i, _ := slices.BinarySearchFunc(list, l.jobs[0], func(in *line, j *Job) int {
		return cmp.Or(in.jobs[0].Due.Compare(j.Due), cmp.Compare(in.jobs[0].Serial, j.Serial))
	})
	if i == MaxFlying {
		return list
	}
	list = slices.Insert(list, i, l)
	return list[:min(len(list), MaxFlying)]
}

func (p *Plan) fly(t *target, l *line, urgent bool, o *Orders) {
	l.flying, l.urgent = true, urgent
	p.flying++
	if !urgent {
		p.ordered++
		t.flying++
	}
	o.Start = append(o.Start, *l.jobs[0])
}
