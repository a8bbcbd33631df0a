package incident

import (
	"slices"
	"time"

	"crossband/proto"
)

// Keeps returns until when, at most before, the log's entries may be forgotten. An
// incident is forgotten whole, with its duplicates, when none of its hails can change
// any more: whoever reads the rest of the log must not find open what was ended, nor
// an answer refused because what it answers is gone.
func (b *Book) Keeps(before time.Time) time.Time {
	spans := make(map[proto.IncidentID]span)
	for _, k := range b.cases {
		root := k.ID
		if k.Merged() {
			root = k.Into
		}
		spans[root] = spans[root].with(span{k.Opened, k.Changed, len(b.activeOf(k)) > 0})
	}
	list := make([]span, 0, len(spans))
	for _, s := range spans {
		list = append(list, s)
	}
	slices.SortFunc(list, func(x, y span) int { return y.first.Compare(x.first) })
	for _, s := range list {
		if s.first.Before(before) && (s.open || !s.last.Before(before)) {
			before = s.first
		}
	}
	return before
}

// span is from an incident's first entry to its last.
type span struct {
	first, last time.Time
	open        bool
}

func (s span) with(other span) span {
	if s.first.IsZero() {
		return other
	}
	if other.first.Before(s.first) {
		s.first = other.first
	}
	return span{s.first, proto.Later(s.last, other.last), s.open || other.open}
}
