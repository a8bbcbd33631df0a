package incident

import (
	"slices"

	"crossband/proto"
	"crossband/proto/wire"
)

// MayMerge judges whether an incident has place for what an act merges into it. The
// hub asks it before it takes the act in; members, who may still know duplicates that
// the hub has forgotten, do not. Of other acts it says nothing.
func (b *Book) MayMerge(m *wire.Incident) error {
	k, into := b.cases[caseID(m.Incident)], b.cases[caseID(m.Into)]
	if k == nil || into == nil || len(into.Duplicates)+1+len(k.Duplicates) <= proto.MaxDuplicates {
		return nil
	}
	return proto.Refusef(proto.ReasonFull, "%d duplicates of %s", len(into.Duplicates), into.ID)
}

func caseID(octets []byte) proto.IncidentID {
	id, _ := proto.IncidentIDFrom(octets) // zero is nobody's
	return id
}

// join makes an incident, and with it its duplicates, duplicates of another.
func (b *Book) join(k, into *Case) {
	for _, d := range append(b.duplicates(k), k) {
		d.Into = into.ID
		into.Duplicates = append(into.Duplicates, d.ID)
	}
	k.Duplicates = nil
}

// MergeIntoForgotten takes in an act of the log that merged an incident into one that
// the log no longer knows: its ladder stays still.
func (b *Book) MergeIntoForgotten(m *wire.Incident) {
	k, into := b.cases[caseID(m.Incident)], caseID(m.Into)
	if k != nil && !k.Closed && !k.Merged() && b.cases[into] == nil {
		k.Into = into
	}
}

// duplicates lists the incidents that have been merged into one.
func (b *Book) duplicates(k *Case) []*Case {
	var list []*Case
	for _, id := range k.Duplicates {
		if d := b.cases[id]; d != nil {
			list = append(list, d)
		}
	}
	return list
}

// dropEmpty forgets an incident of which nothing is left, and takes it from among the
// other's duplicates.
func (b *Book) dropEmpty(k *Case) {
	if len(k.Hails) > 0 || len(k.Duplicates) > 0 {
		return
	}
	delete(b.cases, k.ID)
	if into := b.cases[k.Into]; into != nil && k.Merged() {
		into.Duplicates = slices.DeleteFunc(into.Duplicates, func(id proto.IncidentID) bool { return id == k.ID })
		b.dropEmpty(into)
	}
}

// isParty reports whether somebody has a part in an incident: its holder, whoever
// hailed or was reached by one of its hails or of its duplicates', and the desks of
// their agencies.
func (b *Book) isParty(k *Case, n proto.Name) bool {
	if n == k.Holder || b.hasPart(k, n) {
		return true
	}
	return slices.ContainsFunc(b.duplicates(k), func(d *Case) bool { return b.hasPart(d, n) })
}

// hasPart reports whether somebody has a part in an incident's own hails.
func (b *Book) hasPart(k *Case, n proto.Name) bool {
	return slices.ContainsFunc(k.Hails, func(id proto.MessageID) bool {
		c := b.calls[id]
		return n == c.From || n == c.Holder || n.Role == proto.RoleDesk && (n.Agency == c.From.Agency || c.hasReached(n.Agency))
	})
}
