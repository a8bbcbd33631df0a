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
// keep hails; of each incident all hails, and of its duplicates: who has a part in it
// rests on them.
func (b *Book) Save(keep int) Saved {
	var s Saved
	kept := b.kept(keep)
	for _, id := range b.order {
		c := b.calls[id]
		if _, ok := kept[b.whole(c.Incident)]; ok {
			s.Calls = append(s.Calls, c.copy())
		}
	}
	for _, k := range b.Cases() {
		if _, ok := kept[b.whole(k.ID)]; ok {
			s.Cases = append(s.Cases, k)
		}
	}
	s.Duties = b.Duties()
	return s
}

// kept is the incidents to be saved: those of the hails that are not over, and of the
// newest keep that are.
func (b *Book) kept(keep int) map[proto.IncidentID]struct{} {
	kept := make(map[proto.IncidentID]struct{})
	for _, id := range slices.Backward(b.order) {
		c := b.calls[id]
		if c.State.Over() {
			if keep == 0 {
				continue
			}
			keep--
		}
		kept[b.whole(c.Incident)] = struct{}{}
	}
	return kept
}

// whole is the incident of which one is a duplicate in the end; its own if of none.
func (b *Book) whole(id proto.IncidentID) proto.IncidentID {
	for k := b.cases[id]; k != nil && k.Merged(); k = b.cases[id] { // no ring: see duplicates
		id = k.Into
	}
	return id
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
