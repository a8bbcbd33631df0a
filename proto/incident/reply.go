package incident

import (
	"time"

	"crossband/proto"
	"crossband/proto/wire"
)

// Reply moves a hail on, by the side that may. An acceptance stops its ladder.
func (b *Book) Reply(m *wire.HailReply, by proto.Name, at time.Time) error {
	id, err := proto.MessageIDFrom(m.Hail)
	if err != nil {
		return err
	}
	if m.From != by.String() {
		return proto.Refusef(proto.ReasonSpokenFor, "a reply of %s from %s", m.From, by)
	}
	var role proto.Name
	if m.Role != "" {
		if role, err = proto.ParseName(m.Role); err != nil {
			return proto.Refuse(proto.ReasonMalformed, err.Error())
		}
	}
	c := b.active[id]
	if c == nil {
		return proto.Refuse(proto.ReasonNoHail, id.String())
	}
	next := proto.HailState(m.State)
	refusal := proto.Refusef(proto.ReasonHailState, "%s to %s by %s", c.State, next, by)
	side, ok := c.side(by)
	if !ok || uint32(next) != m.State {
		return refusal
	}
	if side == proto.SideCaller {
		if !c.State.CanBecome(next, proto.SideCaller) && !(c.Doubt && next.Over()) {
			return refusal
		}
		c.end(next, 0)
		b.settle(c, at)
		return nil
	}
	part := c.part(by, role)
	if role != (proto.Name{}) && part == nil {
		return refusal
	}
	err = b.called(c, next, by, part, proto.Reason(min(m.Reason, 1<<16-1)), at)
	if err != nil && c.Doubt && next >= proto.HailReceived && next <= proto.HailReleased {
		c.follow(next, by, at)
		err = nil
	}
	if err != nil {
		if err == errState {
			return refusal
		}
		return err
	}
	b.settle(c, at)
	return nil
}

// follow moves a call in doubt to where the hub let it go.
func (c *Call) follow(next proto.HailState, by proto.Name, at time.Time) {
	switch {
	case next.Over() && next != proto.HailDeclined:
		c.end(next, 0)
	case next >= proto.HailAccepted && next != proto.HailDeclined:
		c.State, c.Holder, c.Since, c.Running, c.Rearm = next, by, at, false, time.Time{}
	}
}

// errState stands for a refusal that names the states.
var errState = proto.Refuse(proto.ReasonHailState, "")

// called moves a hail for the called side. part is for whom by speaks; nil: for
// itself, who has had it handed over.
func (b *Book) called(c *Call, next proto.HailState, by proto.Name, part *Reached, why proto.Reason, at time.Time) error {
	switch next {
	case proto.HailReceived:
		if part == nil || part.Received || !c.open() {
			return errState
		}
		part.Received = true
		c.State = max(c.State, proto.HailReceived)
		return nil
	case proto.HailAccepted:
		if !c.open() {
			return c.taken(by)
		}
		c.State, c.Holder, c.Since = proto.HailAccepted, by, at
		c.Running, c.Rearm = false, time.Time{}
		b.cases[c.Incident].Holder = by
		return nil
	case proto.HailDeclined:
		return b.declined(c, by, part, why, at)
	case proto.HailCommitted, proto.HailReleased:
		if !c.State.CanBecome(next, proto.SideCalled) {
			return c.refuse(by)
		}
		if !c.heldBy(by) {
			return c.taken(by)
		}
		if c.State, c.Running, c.Rearm = next, false, (time.Time{}); next.Over() {
			c.end(next, why)
		}
		return nil
	}
	return errState
}

// taken refuses an acceptance that comes second, and says who has it.
func (c *Call) taken(by proto.Name) error {
	if by == c.Holder {
		return errState
	}
	return proto.Refusef(proto.ReasonTaken, "%s has it", c.Holder)
}

// refuse refuses what does not fit the state, and whoever acts on a call that
// another agency has.
func (c *Call) refuse(by proto.Name) error {
	if c.Holder == (proto.Name{}) || c.heldBy(by) {
		return errState
	}
	return c.taken(by)
}

// mayDecline reports why a desk may not decline now; held says that it would give
// back what it has.
func (b *Book) mayDecline(c *Call, by proto.Name, part *Reached) (held bool, err error) {
	held = c.State >= proto.HailAccepted && c.heldBy(by)
	switch {
	case !c.open() && !held:
		return held, c.refuse(by)
	case c.State >= proto.HailCommitted && !c.Rearmed():
		return held, errState
	case len(b.charter.Ladder) == 0 && c.Rearmed() && !held:
		return held, errState // it is still another's
	case len(b.charter.Ladder) > 0 && !held && (part == nil || part.Declined && part.Round == c.Round):
		return held, errState
	}
	return held, nil
}

// declined takes note that a desk will not come. Without a ladder the hail is over.
// With one it stays open as long as a step is left or somebody reached has not
// declined; who had accepted gives it back.
func (b *Book) declined(c *Call, by proto.Name, part *Reached, why proto.Reason, at time.Time) error {
	held, err := b.mayDecline(c, by, part)
	if err != nil {
		return err
	}
	if len(b.charter.Ladder) == 0 {
		c.end(proto.HailDeclined, why)
		return nil
	}
	if part != nil {
		part.Declined = true
	}
	c.Reason = why
	if held {
		b.giveBack(c, at)
	}
	if c.State < proto.HailAccepted && c.Step >= len(b.charter.Ladder) && c.nobodyLeft() {
		c.end(proto.HailDeclined, why)
	}
	return nil
}

// giveBack opens an accepted hail again: the next step is due at once, those after
// it at their distances, and who has not declined has a whole life to answer.
func (b *Book) giveBack(c *Call, at time.Time) {
	if k := b.cases[c.Incident]; k.Holder == c.Holder {
		k.Holder = proto.Name{}
	}
	c.State, c.Holder, c.Since = proto.HailReceived, proto.Name{}, time.Time{}
	c.Running, c.Rearm = true, time.Time{}
	if c.Step < len(b.charter.Ladder) {
		c.Began = at.Add(-b.charter.Ladder[c.Step].After)
	} else {
		c.Stepped = at
	}
}
