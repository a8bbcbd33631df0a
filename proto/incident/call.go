package incident

import (
	"slices"
	"time"

	"crossband/proto"
)

// Call is one hail as the log tells it. Its times are the hub's.
type Call struct {
	ID       proto.MessageID
	Incident proto.IncidentID
	From, To proto.Name
	Urgency  proto.Priority
	Exercise bool
	Made     time.Time
	Life     time.Duration // how long it may ring after the last step of its ladder

	State  proto.HailState
	Reason proto.Reason // of the last refusal, if there was one
	Holder proto.Name   // who has accepted it, or has had it handed over; zero: nobody
	Since  time.Time    // when that was

	Turn
	Reached []Reached // everybody whom it has reached, the addressee first
	Doubt   bool      // entries that may have moved it could not be read: see Book.Doubt
}

// Turn is where a hail's ladder stands.
type Turn struct {
	Round   int       // 1 is the hail's own
	Began   time.Time // what the steps' times count from
	Step    int       // the last one made; 0: the addressee
	Stepped time.Time // when it was made
	Running bool      // steps come: nobody has acknowledged in this round
	Rearm   time.Time // a person has asked for the next round; zero: nobody has
}

// Reached is somebody whom a hail has reached, as the last page left it.
type Reached struct {
	Name      proto.Name
	Round     int
	Step      int
	Received  bool
	Declined  bool
	Delivered bool // of a hook
	Failed    bool // of a hook
}

// Rearmed reports whether the ladder runs again although somebody has accepted: who
// acknowledges now has it.
func (c *Call) Rearmed() bool {
	return c.Running && c.State >= proto.HailAccepted && !c.State.Over()
}

// open reports whether the call waits for somebody to accept it.
func (c *Call) open() bool { return c.State < proto.HailAccepted || c.Rearmed() }

// reach notes whom a step reaches, anew if it has been reached before.
func (c *Call) reach(names []proto.Name, round, step int) {
	for _, n := range names {
		r := Reached{Name: n, Round: round, Step: step}
		if i := slices.IndexFunc(c.Reached, func(x Reached) bool { return x.Name == n }); i >= 0 {
			c.Reached[i] = r
		} else {
			c.Reached = append(c.Reached, r)
		}
	}
}

// reached finds whom the call has reached under a name.
func (c *Call) reached(n proto.Name) *Reached {
	for i := range c.Reached {
		if c.Reached[i].Name == n {
			return &c.Reached[i]
		}
	}
	return nil
}

// hasReached reports whether a desk of the agency was reached.
func (c *Call) hasReached(a proto.Agency) bool {
	return slices.ContainsFunc(c.Reached, func(r Reached) bool { return r.Name.Role == proto.RoleDesk && r.Name.Agency == a })
}

// nobodyLeft reports whether everybody reached in this round has declined. Whom a
// hook has called may still come.
func (c *Call) nobodyLeft() bool {
	return !slices.ContainsFunc(c.Reached, func(r Reached) bool {
		return r.Round == c.Round && !r.Declined && !r.Failed
	})
}

// side says for which side a party may act: the caller for itself; for the called
// side whoever holds the call, and the desks of every agency of which a desk was
// reached.
func (c *Call) side(by proto.Name) (proto.Side, bool) {
	switch {
	case by == c.From:
		return proto.SideCaller, true
	case by == c.Holder, by.Role == proto.RoleDesk && c.hasReached(by.Agency):
		return proto.SideCalled, true
	}
	return 0, false
}

// heldBy reports whether a party may act for whoever has accepted: that one itself,
// and the desks of its agency.
func (c *Call) heldBy(n proto.Name) bool {
	return c.Holder != (proto.Name{}) && (n == c.Holder || n.Role == proto.RoleDesk && n.Agency == c.Holder.Agency)
}

// part finds for which of those reached a desk speaks: whom it names, itself, or the
// first of its agency, which is the addressee if that is of it. Nil: for none.
func (c *Call) part(by, role proto.Name) *Reached {
	if role != (proto.Name{}) {
		if role.Agency != by.Agency {
			return nil
		}
		return c.reached(role)
	}
	if r := c.reached(by); r != nil {
		return r
	}
	for i, r := range c.Reached {
		if r.Name.Role == proto.RoleDesk && r.Name.Agency == by.Agency {
			return &c.Reached[i]
		}
	}
	return nil
}

// end brings the call into a state in which nothing more can happen to it.
func (c *Call) end(s proto.HailState, why proto.Reason) {
	c.State, c.Reason = s, why
	c.Running, c.Rearm = false, time.Time{}
}
