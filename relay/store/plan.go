package store

import "fmt"

// plan is what one transaction does for a group of Writes.
type plan struct {
	change  []Record      // distinct; nil values delete what exists
	used    int64         // after the change
	refused map[int]error // by place in the group; no record of these is in change
}

// absent is the size of a value that does not exist.
const absent = -1

// makePlan decides in the order of the group which Writes fit below the limit,
// and folds those into one change. values holds, Write by Write and record by
// record, the length of the stored value or absent.
//
// A Write that does not make the store larger is never refused: a full store
// must let itself be emptied.
func makePlan(group []*request, values []int, used, limit int64) plan {
	p := plan{used: used, refused: make(map[int]error)}
	at := make(map[string]int) // place in change
	for i, r := range group {
		stored := values[:len(r.records)]
		values = values[len(r.records):]
		grown := int64(0)
		for j, rec := range r.records {
			grown += growth(rec, p.latest(at, rec, stored[j]))
		}
		if grown > 0 && p.used+grown > limit {
			p.refused[i] = fmt.Errorf("%w: %d octets used, %d more asked, limit %d", ErrFull, p.used, grown, limit)
			continue
		}
		p.used += grown
		for j, rec := range r.records {
			p.put(at, rec, stored[j])
		}
	}
	return p
}

// latest is the length of the value that rec would replace.
func (p *plan) latest(at map[string]int, rec Record, stored int) int {
	i, changed := at[rec.name()]
	switch {
	case !changed:
		return stored
	case p.change[i].Value == nil:
		return absent
	}
	return len(p.change[i].Value)
}

func (p *plan) put(at map[string]int, rec Record, stored int) {
	if i, changed := at[rec.name()]; changed {
		p.change[i] = rec
		return
	}
	if rec.Value == nil && stored == absent {
		return
	}
	at[rec.name()] = len(p.change)
	p.change = append(p.change, rec)
}

func growth(r Record, stored int) (octets int64) {
	if r.Value != nil {
		octets += r.size(len(r.Value))
	}
	if stored != absent {
		octets -= r.size(stored)
	}
	return octets
}
