package incident

import (
	"slices"
	"time"

	"crossband/proto"
	"crossband/proto/wire"
)

// Act does with an incident what by says. Who may: handing over whoever has it and
// the desks of that one's agency; the rest everybody who has a part in it. Whether
// who takes it over is a member is for the caller to judge.
func (b *Book) Act(m *wire.Incident, by proto.Name, at time.Time) error {
	id, err := proto.IncidentIDFrom(m.Incident)
	if err != nil {
		return err
	}
	k, act := b.cases[id], proto.Act(m.Act)
	switch {
	case m.From != by.String():
		return proto.Refusef(proto.ReasonSpokenFor, "an act of %s from %s", m.From, by)
	case uint32(act) != m.Act || act < proto.ActHandOver || act > proto.ActClose:
		return proto.Refusef(proto.ReasonMalformed, "act %d", m.Act)
	case (m.To != "") != (act == proto.ActHandOver), len(m.Into) > 0 != (act == proto.ActMerge), (m.Disposition != 0) != (act == proto.ActClose):
		return proto.Refusef(proto.ReasonMalformed, "%s with what belongs to another act, or without what belongs to it", act)
	case k == nil:
		return proto.Refuse(proto.ReasonIncident, id.String())
	case k.Closed:
		return proto.Refusef(proto.ReasonIncident, "%s is closed: %s", id, k.Disposition)
	case k.Merged():
		return proto.Refusef(proto.ReasonIncident, "%s is part of %s", id, k.Into)
	case k.Exercise != m.Exercise:
		return proto.Refusef(proto.ReasonExercise, "incident %s", id)
	case !b.isParty(k, by):
		return proto.Refusef(proto.ReasonIncident, "%s has no part in %s", by, id)
	}
	switch act {
	case proto.ActHandOver:
		err = b.handOver(k, m, by, at)
	case proto.ActMerge:
		err = b.merge(k, m, by)
	case proto.ActRearm:
		err = b.rearm(k, at)
	case proto.ActClose:
		err = b.close(k, m, by, at)
	}
	if err == nil {
		k.Changed = at
	}
	return err
}

func (b *Book) handOver(k *Case, m *wire.Incident, by proto.Name, at time.Time) error {
	to, err := proto.ParseName(m.To)
	switch {
	case err != nil:
		return proto.Refuse(proto.ReasonMalformed, err.Error())
	case k.Holder == proto.Name{}:
		return proto.Refusef(proto.ReasonIncident, "nobody has accepted %s", k.ID)
	case by != k.Holder && (by.Role != proto.RoleDesk || by.Agency != k.Holder.Agency):
		return proto.Refusef(proto.ReasonTaken, "%s has it", k.Holder)
	case to == k.Holder || to.Role != proto.RoleDesk && to.Role != proto.RoleUnit || b.charter.RightOf(to) != proto.RightSend:
		return proto.Refuse(proto.ReasonHailTo, to.String())
	case b.OffDuty(to):
		return proto.Refuse(proto.ReasonOffDuty, to.String())
	}
	k.Had, k.Holder = k.Holder, to
	for _, id := range k.Hails {
		if c := b.active[id]; c != nil && c.State >= proto.HailAccepted {
			c.Holder, c.Since = to, at
		}
	}
	return nil
}

// merge makes an incident part of another. Its ladder stops; its hails are over
// when the other is closed.
func (b *Book) merge(k *Case, m *wire.Incident, by proto.Name) error {
	id, err := proto.IncidentIDFrom(m.Into)
	if err != nil {
		return err
	}
	into := b.cases[id]
	switch {
	case into == nil || into == k || into.Closed || into.Merged():
		return proto.Refusef(proto.ReasonIncident, "%s cannot become part of %s", k.ID, id)
	case into.Exercise != k.Exercise:
		return proto.Refusef(proto.ReasonExercise, "%s into %s", k.ID, id)
	case !b.isParty(into, by):
		return proto.Refusef(proto.ReasonIncident, "%s has no part in %s", by, id)
	}
	k.By = by
	b.join(k, into)
	for _, c := range b.activeOf(k) {
		c.Running, c.Rearm = false, time.Time{}
	}
	return nil
}

// rearm has the next round of an incident's hails begin, of each that mayRearm lets.
func (b *Book) rearm(k *Case, at time.Time) error {
	list := slices.DeleteFunc(b.activeOf(k), func(c *Call) bool { return !b.mayRearm(c, at) })
	if len(list) == 0 {
		return proto.Refusef(proto.ReasonIncident, "no hail of %s can ring again yet: it is over, still climbs, or began less than %v ago", k.ID, proto.MinRearm)
	}
	for _, c := range list {
		c.Rearm = at
	}
	return nil
}

// mayRearm reports whether a person may have a hail's next round begin. While steps
// are to come there is nothing to begin: whoever asks again and again would keep the
// ladder at its foot. Nor may it page more often than a ladder by itself.
func (b *Book) mayRearm(c *Call, at time.Time) bool {
	climbs := c.Running && c.Step < len(b.charter.Ladder)
	soon := at.Before(c.Began.Add(proto.MinRearm))
	return c.Round < proto.MaxRounds && c.Rearm.IsZero() && (c.Doubt || !climbs && !soon)
}

// close ends an incident and its duplicates for good.
func (b *Book) close(k *Case, m *wire.Incident, by proto.Name, at time.Time) error {
	d := proto.Disposition(m.Disposition)
	switch {
	case uint32(d) != m.Disposition || !d.Valid():
		return proto.Refusef(proto.ReasonMalformed, "disposition %d", m.Disposition)
	case d == proto.DispositionExerciseOver && !k.Exercise:
		return proto.Refusef(proto.ReasonExercise, "%s is no exercise", k.ID)
	}
	for _, x := range append(b.duplicates(k), k) {
		x.Closed, x.Disposition, x.By, x.Changed = true, d, by, at
		for _, c := range b.activeOf(x) {
			c.end(proto.HailClosed, 0)
			b.settle(c, at)
		}
	}
	return nil
}
