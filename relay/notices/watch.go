package notices

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"crossband/proto"
)

const (
	// settleTime is how long after a link has come up what it shows is judged: a
	// partner hands over its newest notices only then.
	settleTime = 10 * time.Second
	// alarmLife is how long a change that nobody announced is shown.
	alarmLife = 7 * 24 * time.Hour
	// maxStored bounds the changes read from a record of one partner.
	maxStored = 16
	// maxNext bounds the looks that wait to be judged: a partner cannot link more often
	// in settleTime than its rate of links allows, and what is equal is judged once.
	maxNext = 16
)

// Watch follows the notices that a relay holds and what its partners are like. Its
// zero value is not usable; see NewWatch.
type Watch struct {
	partners map[proto.Agency]*partner
	told     map[proto.NoticeID]proto.NoticeStage
}

// partner is what is remembered of one agency's relay.
type partner struct {
	look   *Look              // the last that was judged; nil: none yet
	next   []Look             // to be judged, oldest first
	alarms []Change           // that no notice covers: one of each aspect, so that none pushes another out
	said   map[Aspect]*saying // what was told of each aspect
}

// NewWatch returns a watch that remembers nothing.
func NewWatch() *Watch {
	return &Watch{partners: make(map[proto.Agency]*partner), told: make(map[proto.NoticeID]proto.NoticeStage)}
}

// Seen notes what a partner's relay is like as its link comes up. The partners are
// those of the configuration, which bounds them.
func (w *Watch) Seen(by proto.Agency, l Look) {
	p := w.of(by)
	if n := len(p.next); n > 0 && same(&p.next[n-1], &l) {
		return // another link of the same kind: one judgement is enough
	}
	if p.next = append(p.next, l); len(p.next) > maxNext {
		p.next = p.next[1:]
	}
}

func (w *Watch) of(a proto.Agency) *partner {
	p := w.partners[a]
	if p == nil {
		p = new(partner)
		w.partners[a] = p
	}
	return p
}

// Last returns what a partner's relay was like when it was last judged, or nil.
func (w *Watch) Last(a proto.Agency) *Look {
	if p := w.partners[a]; p != nil {
		return p.look
	}
	return nil
}

// News is what a turn of the watch found.
type News struct {
	Reminders []Reminder
	Changes   []Seen
	Records   []Record // to be stored before the rest is told
}

// Reminder says that a change has come nearer, or is over.
type Reminder struct {
	Held
	Stage proto.NoticeStage
	Left  time.Duration // to the beginning; below 0: since
	Does  []Breakage
}

// Seen is a change of a partner's relay.
type Seen struct {
	Agency proto.Agency
	Change
	Alarm bool
	Late  bool // an alarm of before, which a notice covers that has come since
}

// Tick judges what is due and tells what has come nearer. It is called about once a
// second; what it has told once it tells no more, also after a restart.
func (w *Watch) Tick(now time.Time, held []Held, k *Knowledge) (n News) {
	for _, a := range slices.Sorted(maps.Keys(w.partners)) {
		w.judge(now, a, held, &n)
	}
	for i := range held {
		w.remind(now, &held[i], k, &n)
	}
	w.forget(held, &n)
	return n
}

// judge compares a partner's relay with what it was, and looks again at the alarms.
func (w *Watch) judge(now time.Time, a proto.Agency, held []Held, n *News) {
	p := w.partners[a]
	changed := false
	for len(p.next) > 0 && !now.Before(p.next[0].At.Add(settleTime)) {
		is := p.next[0]
		p.next, changed = p.next[1:], true
		if p.look != nil {
			is = is.known(p.look)
			for _, c := range compare(p.look, &is) {
				p.enter(now, a, c, &is, held, n)
			}
		}
		p.look = &is
	}
	p.sayLater(now, n)
	kept := p.alarms[:0:0]
	for _, c := range p.alarms {
		if id, _ := c.covered(a, p.look, held); c.Times == 1 && id != (proto.NoticeID{}) && c.After == p.look.tell(c.What) {
			c.Notice, c.Why = id, ""
			p.say(now, Seen{Agency: a, Change: c, Late: true}, n)
		} else if now.Sub(c.At) < alarmLife {
			kept = append(kept, c)
		}
	}
	changed = changed || len(kept) != len(p.alarms)
	if p.alarms = kept; changed {
		n.Records = append(n.Records, p.record(a))
	}
}

func (p *partner) enter(now time.Time, a proto.Agency, c Change, is *Look, held []Held, n *News) {
	c.Notice, c.Why = c.covered(a, is, held)
	alarm := c.alarms()
	if p.say(now, Seen{Agency: a, Change: c, Alarm: alarm}, n); alarm {
		p.alarm(c)
	}
}

// alarm remembers a change that no notice covers. One of an aspect of which one is
// remembered is counted there.
func (p *partner) alarm(c Change) {
	if i := slices.IndexFunc(p.alarms, func(o Change) bool { return o.What == c.What }); i >= 0 {
		p.alarms[i].join(c)
		return
	}
	p.alarms = append(p.alarms, c)
}

// remind tells a stage that has been reached and was not told. Of stages that have
// passed meanwhile the last alone is told.
func (w *Watch) remind(now time.Time, h *Held, k *Knowledge, n *News) {
	stage := h.Stage(now)
	if h.Kind == proto.NoticeWithdrawn {
		stage = proto.StageAnnounced
	}
	if h.Replaced || stage <= w.told[h.ID] {
		return
	}
	w.told[h.ID] = stage
	n.Reminders = append(n.Reminders, Reminder{*h, stage, h.Begins.Sub(now), Impact(&h.Notice, k)})
	n.Records = append(n.Records, reminderRecord(h.ID, stage))
}

// forget lets go of notices that are held no more.
func (w *Watch) forget(held []Held, n *News) {
	for _, id := range slices.SortedFunc(maps.Keys(w.told), func(a, b proto.NoticeID) int { return cmp.Compare(string(a[:]), string(b[:])) }) {
		if !slices.ContainsFunc(held, func(h Held) bool { return h.ID == id }) {
			delete(w.told, id)
			n.Records = append(n.Records, reminderRecord(id, 0))
		}
	}
}

// Alarms lists what has changed at partners and was not announced, by agency.
func (w *Watch) Alarms() (list []Seen) {
	for _, a := range slices.Sorted(maps.Keys(w.partners)) {
		for _, c := range w.partners[a].alarms {
			list = append(list, Seen{Agency: a, Change: c, Alarm: true})
		}
	}
	return list
}
