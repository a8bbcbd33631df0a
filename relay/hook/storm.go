package hook

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"crossband/proto"
)

// purse is one of two: severe alerts have their own, so that no number of others
// holds them up.
type purse int

const (
	ordinary purse = iota
	urgent
)

// rates returns what of hails one source has, and what all have. All together
// stay below what a hub lets one endpoint send (12 a minute, 30 at once), and one
// source cannot use up what is for all.
func (p purse) rates() (source, all proto.Rate) {
	if p == urgent {
		return proto.PerMinute(4, 10), proto.PerMinute(8, 20)
	}
	return proto.PerMinute(3, 8), proto.PerMinute(4, 10)
}

// Times of summaries.
const (
	summaryAfter = 3 * time.Second // what is held is told of so long after the first of it
	summaryEach  = time.Minute     // and not more often than this
)

// storm is what a source sent beyond what may ring.
type storm struct {
	purse [2]proto.Bucket // ordinary and severe
	held  []*record
	told  time.Time // the last summary
}

func (l *ledger) storm(source string) *storm {
	s := l.storms[source]
	if s == nil {
		s = new(storm)
		l.storms[source] = s
	}
	return s
}

// spentAs takes over what has been taken from another's purses.
func (l *ledger) spentAs(old *ledger) {
	l.total = old.total
	for name, s := range old.storms {
		now := l.storm(name)
		now.purse, now.told = s.purse, s.told
	}
}

func (s *storm) hold(r *record) { s.held = append(s.held, r) }

func (s *storm) release(r *record) {
	s.held = slices.DeleteFunc(s.held, func(h *record) bool { return h == r })
}

// mayRing takes one hail from the purses of the source and of all.
func (l *ledger) mayRing(now time.Time, src *Source, r *record) bool {
	which := ordinary
	if r.Alert.severe() {
		which = urgent
	}
	s := l.storm(src.Name)
	one, all := which.rates()
	if !s.purse[which].Allows(now, one, 1) || !l.total[which].Allows(now, all, 1) {
		return false
	}
	s.purse[which].Take(now, one, 1)
	l.total[which].Take(now, all, 1)
	return true
}

// summaries makes one hail of what each source has sent too much.
func (l *ledger) summaries(now time.Time) {
	for name, s := range l.storms {
		if len(s.held) == 0 || now.Sub(s.held[0].Received) < summaryAfter || now.Sub(s.told) < summaryEach {
			continue
		}
		s.told = now
		l.summarise(now, name, s)
	}
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
