package hook

import (
	"math"
	"slices"
	"time"
)

// maxSources is for how many sources there is room at the least.
const maxSources = 64

// room is what may still be taken in to wait: to be raised, or for a summary. One
// source's flood leaves room for the others, and for its own severe alerts.
type room struct {
	records, waits int
	of             map[string]waiting
}

// waiting is how much of a source waits.
type waiting struct{ all, severe int }

func (l *ledger) room() *room {
	m := &room{records: l.limits.Records, of: make(map[string]waiting)}
	for _, r := range l.pending {
		if r.State == statePending {
			m.add(r.Source, r.Alert)
		}
	}
	for _, s := range l.storms {
		for _, r := range s.held {
			m.add(r.Source, r.Alert)
		}
	}
	return m
}

func (m *room) add(source string, a *Alert) {
	w := m.of[source]
	w.all++
	if a.severe() {
		w.severe++
	}
	m.waits++
	m.of[source] = w
}

// take reports whether a delivery can be taken in, and counts it. A quarter of the
// records may be one source's that wait; as many again if they come with severe ones,
// which are refused for severe ones only. When all sources together are at the limit,
// those that use little are not refused.
func (m *room) take(a ask) bool {
	share, w := m.records/4, m.of[a.source.Name]
	severe := 0
	for i := range a.alerts {
		if a.alerts[i].severe() {
			severe++
		}
	}
	most, total := share, m.records
	if severe > 0 {
		most, total = 2*share, 2*m.records
	}
	switch {
	case w.all > 0 && w.all+len(a.alerts) > most, w.severe > 0 && w.severe+severe > share:
		return false
	case m.waits+len(a.alerts) > total && w.all >= m.records/maxSources:
		return false
	}
	for i := range a.alerts {
		m.add(a.source.Name, &a.alerts[i])
	}
	return true
}

// forget drops what is older than the memory and, when there is too much, of what is
// done the oldest of those sources that have most: what one source sends makes
// nobody else's forgotten.
func (l *ledger) forget(now time.Time) {
	has := make(map[string]int)
	for _, r := range l.order {
		has[r.Source]++
	}
	most := math.MaxInt
	if len(l.order) > l.limits.Records {
		most = level(has, l.limits.Records-l.limits.Records/100) // so that it is not done for each one
	}
	l.order = slices.DeleteFunc(l.order, func(r *record) bool {
		idle := r.State == stateDone || r.State == stateFailed
		if !idle || has[r.Source] <= most && now.Sub(r.Received) < l.limits.Memory {
			return false
		}
		has[r.Source]--
		l.drop(r)
		return true
	})
}

// level is how many each may keep so that all together keep total at most.
func level(has map[string]int, total int) int {
	var list []int
	for _, n := range has {
		list = append(list, n)
	}
	slices.Sort(list)
	for i, n := range list {
		if each := total / (len(list) - i); n > each {
			return each
		}
		total -= n
	}
	return math.MaxInt
}

func (l *ledger) drop(r *record) {
	delete(l.records, r.key)
	l.changed[r.key] = nil
	for _, k := range r.Aliases {
		delete(l.aliases, subject{k, r.Status})
	}
	inc := l.incidents[r.Root]
	if inc != nil && (inc.ring == r || inc.ring == nil && inc.root == r.key) {
		l.close(r.Root)
		delete(l.incidents, r.Root)
	}
	l.unsent(r)
}
