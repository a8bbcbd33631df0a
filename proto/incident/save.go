package incident

import (
	"slices"

	"crossband/proto"
)

// Saved is a book as a member keeps it over a restart.
type Saved struct {
	Calls  []Call
	Cases  []Case
	Duties []Duty
}

// Save returns all of the book that can still change, and of what is over the newest
// keep hails.
func (b *Book) Save(keep int) Saved {
	var s Saved
	cases := make(map[proto.IncidentID]struct{})
	for _, id := range slices.Backward(b.order) {
		c := b.calls[id]
		if c.State.Over() {
			if keep == 0 {
				continue
			}
			keep--
		}
		s.Calls = append(s.Calls, c.copy())
		cases[c.Incident] = struct{}{}
	}
	slices.Reverse(s.Calls)
	for _, k := range b.Cases() {
		if _, ok := cases[k.ID]; ok {
			s.Cases = append(s.Cases, k)
		}
	}
	s.Duties = b.Duties()
	return s
}

// Load takes a saved book into an empty one. What does not fit together is left out.
func (b *Book) Load(s Saved) {
	for _, k := range s.Cases {
		k.Hails = nil
		b.cases[k.ID] = &k
	}
	for _, c := range s.Calls {
		k := b.cases[c.Incident]
		if k == nil || b.calls[c.ID] != nil || len(b.calls) >= proto.MaxCalls {
			continue
		}
		k.Hails = append(k.Hails, c.ID)
		b.calls[c.ID] = &c
		b.order = append(b.order, c.ID)
		if !c.State.Over() {
			b.active[c.ID] = &c
		}
	}
	for id, k := range b.cases {
		if len(k.Hails) == 0 {
			delete(b.cases, id)
		}
	}
	for _, d := range s.Duties {
		if len(b.duties) < proto.MaxDuties {
			b.Restore(d)
		}
	}
}
