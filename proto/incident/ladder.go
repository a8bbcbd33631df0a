package incident

import (
	"bytes"
	"slices"
	"time"

	"crossband/proto"
	"crossband/proto/wire"
)

// Due is what time brings about for one hail: a step of its ladder, or its expiry.
type Due struct {
	Hail   proto.MessageID
	At     time.Time
	Round  int
	Step   int
	Expire bool
}

// Next returns what time brings a hail next; false: nothing, as long as nobody says
// anything. It follows from the log alone.
func (b *Book) Next(id proto.MessageID) (Due, bool) {
	c := b.active[id]
	if c == nil || c.Doubt {
		return Due{}, false
	}
	return b.next(c)
}

func (b *Book) next(c *Call) (Due, bool) {
	d := Due{Hail: c.ID, Round: c.Round, Step: c.Step + 1}
	again := Due{Hail: c.ID, Round: c.Round + 1}
	switch {
	case b.cases[c.Incident].Merged():
		return Due{}, false
	case !c.Rearm.IsZero():
		again.At = c.Rearm
		return again, true
	case c.Running && c.Step < len(b.charter.Ladder):
		d.At = c.Began.Add(b.charter.Ladder[c.Step].After)
		if at, stuck := b.stuck(c); stuck && at.Before(d.At) {
			d.At = at
		}
		return d, true
	case c.State < proto.HailAccepted:
		return Due{Hail: c.ID, At: c.Stepped.Add(c.Life), Expire: true}, true
	case b.charter.Rearm > 0 && c.Round < proto.MaxRounds && (c.Running || c.State == proto.HailAccepted):
		again.At = proto.Later(c.Since, c.Stepped).Add(b.charter.Rearm)
		return again, true
	}
	return Due{}, false
}

// stuck reports whether the step made last leads nowhere, and since when at the
// earliest: every desk that it reached has declined or is unmanned, or a hook of it
// has failed, is not there, or has not said in time that it has delivered.
func (b *Book) stuck(c *Call) (time.Time, bool) {
	desks, out, silent := 0, 0, false
	for _, r := range c.Reached {
		if r.Round != c.Round || r.Step != c.Step {
			continue
		}
		switch {
		case r.Name.Role == proto.RoleDesk:
			desks++
			if r.Declined || b.unmanned(r.Name) {
				out++
			}
		case r.Failed, !r.Delivered && b.unmanned(r.Name):
			return c.Stepped, true
		case !r.Delivered && b.charter.RightOf(r.Name) == proto.RightSend: // it could have said so
			silent = true
		}
	}
	if desks > 0 && desks == out {
		return c.Stepped, true
	}
	return c.Stepped.Add(proto.HookAnswer), silent
}

// Due lists what is due at now, in the order in which it fell due, one for each
// hail: what comes after it depends on it. Of a hail in doubt nothing is known.
func (b *Book) Due(now time.Time) []Due {
	var list []Due
	for _, c := range b.active {
		if d, ok := b.next(c); ok && !c.Doubt && !now.Before(d.At) {
			list = append(list, d)
		}
	}
	slices.SortFunc(list, func(x, y Due) int {
		if d := x.At.Compare(y.At); d != 0 {
			return d
		}
		return bytes.Compare(x.Hail[:], y.Hail[:])
	})
	return list
}

// Targets returns whom a step of a hail's ladder reaches; step 0 is its addressee.
// An exercise reaches no hook, and nobody is called by their own hail.
func (b *Book) Targets(id proto.MessageID, step int) []proto.Name {
	c := b.calls[id]
	switch {
	case c == nil || step > len(b.charter.Ladder):
		return nil
	case step == 0:
		return []proto.Name{c.To}
	}
	return slices.DeleteFunc(slices.Clone(b.charter.Ladder[step-1].Page), func(n proto.Name) bool {
		return n == c.From || c.Exercise && n.Role == proto.RoleHook
	})
}

// Expire ends a hail that nobody accepted in time. Only the hub says so; early says
// that by its own time it was not due.
func (b *Book) Expire(id proto.MessageID, at time.Time) (early bool, err error) {
	c := b.active[id]
	if c == nil || c.State >= proto.HailAccepted {
		return false, proto.Refusef(proto.ReasonHailState, "%s to Expired", b.stateOf(id))
	}
	d, ok := b.next(c)
	early = !ok || !d.Expire || at.Before(d.At)
	c.end(proto.HailExpired, 0)
	b.settle(c, at)
	return early, nil
}

func (b *Book) stateOf(id proto.MessageID) proto.HailState {
	if c := b.calls[id]; c != nil {
		return c.State
	}
	return 0
}

// Page takes in a step that the hub has made. One that comes before its time, leaves
// another out or reaches others than the charter says is refused with ReasonLadder;
// it counts all the same (applied) as long as nobody has acknowledged, for whom it
// reached it has reached. Of a hail that the book does not know it says nothing.
func (b *Book) Page(m *wire.Page, at time.Time) (applied bool, err error) {
	id, err := proto.MessageIDFrom(m.Hail)
	if err != nil {
		return false, err
	}
	c := b.calls[id]
	if c == nil {
		return false, nil
	}
	round, step := int(min(m.Round, 1<<16)), int(min(m.Step, 1<<16))
	d, ok := b.next(c)
	if c.Doubt && !c.State.Over() && round >= c.Round && round <= proto.MaxRounds && step <= len(b.charter.Ladder) {
		d, ok = Due{Round: round, Step: step}, true // where it stands is what the hub says
		if c.Running = true; round > c.Round && step > 0 {
			c.Round, c.Began = round, at.Add(-b.charter.Ladder[step-1].After)
		}
	}
	switch {
	case c.State.Over() || !ok:
		return false, proto.Refusef(proto.ReasonLadder, "paged in round %d, step %d, when it was %s", round, step, c.State)
	case d.Expire || round != d.Round || step != d.Step:
		err = proto.Refusef(proto.ReasonLadder, "round %d, step %d came where round %d, step %d was next", round, step, d.Round, d.Step)
	case at.Before(d.At):
		err = proto.Refusef(proto.ReasonLadder, "round %d, step %d came %v early", round, step, d.At.Sub(at))
	case m.Exercise != c.Exercise || !slices.Equal(m.To, words(b.Targets(id, step))):
		err = proto.Refusef(proto.ReasonLadder, "round %d, step %d pages others than the charter says", round, step)
	}
	forward := round == c.Round && step > c.Step && step <= len(b.charter.Ladder) && c.Running
	if err != nil && !forward {
		return false, err
	}
	if step == 0 {
		c.Round, c.Began, c.Running, c.Rearm = round, at, true, time.Time{}
	}
	c.Step, c.Stepped, c.Doubt = step, at, false
	c.reach(b.Targets(id, step), round, step)
	b.settle(c, at)
	return true, err
}

func words(names []proto.Name) []string {
	var list []string
	for _, n := range names {
		list = append(list, n.String())
	}
	return list
}

// Result takes a paged hook's word on whether it has delivered. Having failed, it
// may still deliver.
func (b *Book) Result(m *wire.PageResult, by proto.Name, at time.Time) error {
	id, err := proto.MessageIDFrom(m.Hail)
	if err != nil {
		return err
	}
	c := b.calls[id]
	switch {
	case m.From != by.String():
		return proto.Refusef(proto.ReasonSpokenFor, "a result of %s from %s", m.From, by)
	case c == nil:
		return proto.Refuse(proto.ReasonNoHail, id.String())
	case c.Exercise:
		return proto.Refuse(proto.ReasonExercise, id.String())
	}
	r := c.reached(by)
	if by.Role != proto.RoleHook || r == nil || uint32(r.Round) != m.Round || uint32(r.Step) != m.Step {
		return proto.Refusef(proto.ReasonLadder, "%s was not paged in round %d, step %d", by, m.Round, m.Step)
	}
	if r.Delivered || r.Failed && m.Reason != 0 {
		return proto.Refusef(proto.ReasonLadder, "%s has said so before", by)
	}
	r.Delivered, r.Failed = m.Reason == 0, m.Reason != 0
	return nil
}

// Rings reports whether a hail waits for an answer at a desk, and by which step of
// its ladder it does.
func (b *Book) Rings(id proto.MessageID, desk proto.Name) (step int, rings bool) {
	c := b.active[id]
	if c == nil || !c.open() || b.cases[c.Incident].Merged() {
		return 0, false
	}
	for _, r := range c.Reached {
		if r.Round == c.Round && !r.Declined && r.Name.Role == proto.RoleDesk && b.onDuty(r.Name) == desk {
			return r.Step, true
		}
	}
	return 0, false
}

// RoleOf returns for which of those that a hail has reached a desk answers by its
// duty; zero: for itself.
func (b *Book) RoleOf(id proto.MessageID, desk proto.Name) proto.Name {
	c := b.active[id]
	if c == nil || c.reached(desk) != nil {
		return proto.Name{}
	}
	for _, r := range c.Reached {
		if r.Name.Role == proto.RoleDesk && b.onDuty(r.Name) == desk {
			return r.Name
		}
	}
	return proto.Name{}
}

// Doubt says that entries which may have moved a hail could not be read: from now on
// it goes where the hub lets it go, until a page tells where its ladder stands.
func (b *Book) Doubt(id proto.MessageID) {
	if c := b.active[id]; c != nil {
		c.Doubt = true
	}
}

// DoubtAll says so of every hail that is not over.
func (b *Book) DoubtAll() {
	for _, c := range b.active {
		c.Doubt = true
	}
}

// Ends returns when a hail expires if nobody accepts it and every step comes at its
// time.
func (b *Book) Ends(id proto.MessageID) time.Time {
	c := b.calls[id]
	if c == nil {
		return time.Time{}
	}
	last := c.Stepped
	if n := len(b.charter.Ladder); c.Step < n {
		last = c.Began.Add(b.charter.Ladder[n-1].After)
	}
	return last.Add(c.Life)
}
