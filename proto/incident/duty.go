package incident

import (
	"maps"
	"slices"
	"strings"
	"time"

	"crossband/proto"
	"crossband/proto/wire"
)

// Duty is who is on duty for a desk. A desk of which nothing has been said is so
// itself.
type Duty struct {
	Role     proto.Name
	StandsIn proto.Name // who has taken over; zero: the desk itself
	Off      bool       // nobody is
	Unmanned bool       // the hub has said that nobody is found there; or at a hook
	By       proto.Name // who said so last; zero: the hub
	At       time.Time
}

// maxDutiesOf bounds the desks of one agency whose duty is known.
const maxDutiesOf = proto.MaxDuties / proto.MaxParties

// Duty takes a change of duty that by has sealed; the zero Name is the hub, which
// alone says who is not found. For a desk every desk of its agency may speak: one
// that has broken down cannot hand over itself.
func (b *Book) Duty(m *wire.Duty, by proto.Name, at time.Time) error {
	role, err := proto.ParseName(m.Role)
	if err != nil {
		return proto.Refuse(proto.ReasonMalformed, err.Error())
	}
	act, hub := proto.DutyAct(m.Act), by == (proto.Name{})
	d, known := b.duties[role]
	switch {
	case !hub && m.From != by.String():
		return proto.Refusef(proto.ReasonSpokenFor, "duty told by %s from %s", m.From, by)
	case uint32(act) != m.Act || act < proto.DutyOn || act > proto.DutyManned || (m.To != "") != (act == proto.DutyHandOver):
		return proto.Refusef(proto.ReasonMalformed, "duty %d", m.Act)
	case hub != act.ByHub():
		return proto.Refusef(proto.ReasonSpokenFor, "%s by %s", act, m.From)
	case b.charter.Kind != proto.KindCalling:
		return proto.Refuse(proto.ReasonCharter, "duty is told on a calling channel")
	case !b.answers(role, hub):
		return proto.Refuse(proto.ReasonHailTo, role.String())
	case !hub && (by.Role != proto.RoleDesk || by.Agency != role.Agency || b.charter.RightOf(by) != proto.RightSend):
		return proto.Refusef(proto.ReasonForbidden, "%s tells the duty of %s", by, role)
	case !known && !hub && b.dutiesOf(role.Agency) >= maxDutiesOf && b.IdleDuty(role) == (proto.Name{}):
		return proto.Refusef(proto.ReasonFull, "the duty of %d desks of %s is known", maxDutiesOf, role.Agency)
	}
	d.Role, d.By, d.At = role, by, at
	switch act {
	case proto.DutyOn:
		if by != role && b.duties[by].Off {
			return proto.Refuse(proto.ReasonOffDuty, by.String())
		}
		d.Off, d.StandsIn = false, standIn(by, role)
	case proto.DutyOff:
		d.Off = true
	case proto.DutyHandOver:
		to, err := proto.ParseName(m.To)
		if err != nil || to.Role != proto.RoleDesk || to.Agency != role.Agency || b.charter.RightOf(to) != proto.RightSend {
			return proto.Refuse(proto.ReasonHailTo, m.To)
		}
		if to != role && b.duties[to].Off {
			return proto.Refuse(proto.ReasonOffDuty, m.To)
		}
		d.Off, d.StandsIn = false, standIn(to, role)
	case proto.DutyUnmanned, proto.DutyManned:
		if d.Unmanned == (act == proto.DutyUnmanned) {
			return proto.Refusef(proto.ReasonBadRequest, "%s is %s already", role, act)
		}
		d.Unmanned = act == proto.DutyUnmanned
	}
	if !hub {
		delete(b.duties, b.IdleDuty(role))
	}
	b.duties[role] = d
	return nil
}

// IdleDuty returns the desk whose duty is forgotten so that a role's can be known:
// when its agency's share is full, the one that has for the longest time been on duty
// itself, as a desk is of which nothing is known. Zero: none. What the hub says needs
// no room: it speaks of what a ladder needs, and that is bounded.
func (b *Book) IdleDuty(role proto.Name) (idle proto.Name) {
	if _, known := b.duties[role]; known || b.dutiesOf(role.Agency) < maxDutiesOf {
		return proto.Name{}
	}
	var since time.Time
	for _, d := range b.Duties() {
		if d.Role.Agency == role.Agency && !d.Off && !d.Unmanned && d.StandsIn == (proto.Name{}) && (idle == (proto.Name{}) || d.At.Before(since)) {
			idle, since = d.Role, d.At
		}
	}
	return idle
}

// InLadder reports whether a step of the channel's ladder pages a name.
func (b *Book) InLadder(n proto.Name) bool {
	return slices.ContainsFunc(b.charter.Ladder, func(s proto.LadderStep) bool { return slices.Contains(s.Page, n) })
}

// answers reports whether duty can be told of a name: of desks that may answer, and
// by the hub also of hooks.
func (b *Book) answers(n proto.Name, hub bool) bool {
	switch n.Role {
	case proto.RoleDesk:
		return b.charter.RightOf(n) == proto.RightSend
	case proto.RoleHook:
		return hub && b.charter.RightOf(n) != proto.RightNone
	}
	return false
}

// standIn is who stands in for a role; zero when that is the desk itself.
func standIn(n, role proto.Name) proto.Name {
	if n == role {
		return proto.Name{}
	}
	return n
}

func (b *Book) dutiesOf(a proto.Agency) (n int) {
	for role := range b.duties {
		if role.Agency == a {
			n++
		}
	}
	return n
}

// DutyOf returns who is on duty for a desk.
func (b *Book) DutyOf(role proto.Name) Duty {
	d := b.duties[role]
	d.Role = role
	return d
}

// OnDuty returns the endpoint at which a desk's hails ring.
func (d Duty) OnDuty() proto.Name {
	if d.StandsIn != (proto.Name{}) {
		return d.StandsIn
	}
	return d.Role
}

func (b *Book) onDuty(role proto.Name) proto.Name { return b.DutyOf(role).OnDuty() }

// OffDuty reports whether nobody is on duty for a desk, as its agency has said: of it,
// or of who stands in for it.
func (b *Book) OffDuty(role proto.Name) bool {
	return b.duties[role].Off || b.duties[b.onDuty(role)].Off
}

func (b *Book) unmanned(n proto.Name) bool { return b.OffDuty(n) || b.duties[n].Unmanned }

// Duties lists every desk of which something has been said, by name.
func (b *Book) Duties() []Duty {
	return slices.SortedFunc(maps.Values(b.duties), func(x, y Duty) int { return strings.Compare(x.Role.String(), y.Role.String()) })
}

// Watched lists the desks and hooks that must be there: those of the ladder, those
// that an open hail has reached in its present round, and those that have been said
// to be unmanned.
func (b *Book) Watched() []proto.Name {
	set := make(map[proto.Name]struct{})
	for _, s := range b.charter.Ladder {
		for _, n := range s.Page {
			set[n] = struct{}{}
		}
	}
	for _, c := range b.active {
		for _, r := range c.Reached {
			if r.Round == c.Round && c.open() {
				set[r.Name] = struct{}{}
			}
		}
	}
	for n, d := range b.duties {
		if d.Unmanned {
			set[n] = struct{}{}
		}
	}
	return slices.SortedFunc(maps.Keys(set), func(x, y proto.Name) int { return strings.Compare(x.String(), y.String()) })
}

// Restore takes in a duty as it was stored.
func (b *Book) Restore(d Duty) { b.duties[d.Role] = d }
