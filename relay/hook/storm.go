package hook

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"crossband/proto"
)

// purse is what is taken from for a hail or a text. Severe alerts have their own, so
// that no number of others holds them up.
type purse int

const (
	ordinary purse = iota
	urgent
	summing // hails that tell of what was held
	texts
	purses
)

// rates returns what one source has, and what all have. All hails together stay at
// what a hub lets one endpoint send (12 a minute, 30 at once), texts at half of it
// (120 and 300); one source cannot use up what is for all.
func (p purse) rates() (source, all proto.Rate) {
	switch p {
	case urgent:
		return proto.PerMinute(4, 10), proto.PerMinute(7, 18)
	case summing:
		return proto.PerMinute(1, 1), proto.PerMinute(1, 2)
	case texts:
		return proto.PerMinute(20, 20), proto.PerMinute(60, 100)
	}
	return proto.PerMinute(3, 8), proto.PerMinute(4, 10)
}

// summaryAfter: what is held is told of so long after the first of it.
const summaryAfter = 3 * time.Second

// storm is what a source sent beyond what may ring.
type storm struct {
	purse [purses]proto.Bucket
	held  []*record
}

func (l *ledger) storm(source string) *storm {
	s := l.storms[source]
	if s == nil {
		s = new(storm)
		l.storms[source] = s
	}
	return s
}

// spentAs takes over from another what has been taken from its purses, and what is
// under way.
func (l *ledger) spentAs(old *ledger) {
	l.total, l.atWork = old.total, old.atWork
	for name, s := range old.storms {
		l.storm(name).purse = s.purse
	}
}

func (s *storm) hold(r *record) { s.held = append(s.held, r) }

func (s *storm) release(r *record) {
	s.held = slices.DeleteFunc(s.held, func(h *record) bool { return h == r })
}

// mayRing takes one hail from the purses of the source and of all.
func (l *ledger) mayRing(now time.Time, r *record) bool {
	if r.Alert.severe() {
		return l.take(now, r.Source, urgent)
	}
	return l.take(now, r.Source, ordinary)
}

func (l *ledger) take(now time.Time, source string, p purse) bool {
	s := l.storm(source)
	one, all := p.rates()
	if !s.purse[p].Allows(now, one, 1) || !l.total[p].Allows(now, all, 1) {
		return false
	}
	s.purse[p].Take(now, one, 1)
	l.total[p].Take(now, all, 1)
	return true
}

// mayTell reports that a source may have so many texts said now.
func (l *ledger) mayTell(now time.Time, source string, n int) bool {
	one, all := texts.rates()
	return l.storm(source).purse[texts].Allows(now, one, float64(n)) && l.total[texts].Allows(now, all, float64(n))
}

// maxNews is how many texts of one incident wait to be said. They wait when a source
// sends more than it may; of more than these the oldest are out of date.
const maxNews = 4

// supersede gives the oldest news about an incident up, so that less than so much of
// it waits.
func (l *ledger) supersede(root Key, most int) {
	waits := l.news(root)
	for len(waits) >= most {
		l.outdated(waits[0])
		waits = waits[1:]
	}
}

// news is what waits to be said about an incident, oldest first.
func (l *ledger) news(root Key) (waits []*record) {
	for _, r := range l.pending {
		if r.State == statePending && r.Op == opUpdate && r.Root == root && !l.atWork[r.key] {
			waits = append(waits, r)
		}
	}
	return waits
}

func (l *ledger) outdated(r *record) {
	r.State, r.Why, r.Alert = stateDone, "not said: later news of the incident came before it could be", nil
	l.write(r)
}

// summaries makes one hail of what each source has sent too much: of what is severe
// first, and then of what has waited longest.
func (l *ledger) summaries(now time.Time) {
	var due []string
	for name, s := range l.storms {
		if len(s.held) > 0 && now.Sub(s.held[0].Received) >= summaryAfter {
			due = append(due, name)
		}
	}
	slices.SortFunc(due, func(x, y string) int {
		a, b := l.storms[x], l.storms[y]
		return cmp.Or(-cmp.Compare(a.worst(), b.worst()), cmp.Compare(a.held[0].Seq, b.held[0].Seq))
	})
	for _, name := range due {
		if s := l.storms[name]; l.take(now, name, summing) {
			l.summarise(now, name, s)
		}
	}
}

// worst is the highest class of what is held.
func (s *storm) worst() (p proto.Priority) {
	for _, r := range s.held {
		p = max(p, r.Verdict.Urgency)
	}
	return p
}

func (l *ledger) summarise(now time.Time, source string, s *storm) {
	l.seq++
	first := s.held[0]
	a := &Alert{ID: "summary", Kind: KindAlert, Status: Actual, Event: "too many alerts", Sent: first.Received}
	sum := &record{
		key: keyOf(forSummary, source, string(first.key[:])), Source: source, Received: now, Seq: l.seq, Kind: KindAlert, Status: Actual,
		State: statePending, Op: opRaise, Summary: len(s.held), Alert: a, Verdict: Verdict{Rings: true, Exercise: true},
	}
	sum.Root = sum.key
	var most *record
	for _, r := range s.held {
		sum.Verdict.Exercise = sum.Verdict.Exercise && r.Verdict.Exercise
		sum.Verdict.Urgency = max(sum.Verdict.Urgency, r.Verdict.Urgency)
		if a.Severity = max(a.Severity, r.Alert.Severity); most == nil || r.Verdict.Urgency > most.Verdict.Urgency {
			most = r
		}
	}
	a.Texts = []Text{{"", line(fmt.Sprintf("%d alerts of %s were not rung one by one; the most urgent: %s", len(s.held), source, gist(most.Alert)), maxText)}}
	a.Place = most.Alert.Place
	for _, r := range s.held {
		r.State, r.Op, r.Why, r.Alert = stateDone, opNone, "a summary tells of it", nil
		if inc := l.incidents[r.Root]; inc != nil && inc.ring == r {
			inc.ring = nil
		}
		l.write(r)
	}
	if s.held = nil; sum.Verdict.Exercise {
		sum.Status = Exercise
	}
	l.add(sum)
	l.write(sum)
}

// gist is the first thing that an alert says.
func gist(a *Alert) string {
	for _, t := range a.Texts {
		if s := strings.TrimSpace(t.Text); s != "" {
			return s
		}
	}
	return a.Event
}
