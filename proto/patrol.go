package proto

import "time"

// PatrolLife is how long a mirrored patrol's channel may live: a long shift, from
// the charter's beginning, which is set back for clocks that run behind.
const PatrolLife = 16 * time.Hour

// checkPatrol holds a patrol's charter to what a mirrored patrol is: one unit on
// each of two sides, both of which speak, and nobody else, for a shift. A pair is
// private because its charter names the two, and members refuse everybody else.
func (c *Charter) checkPatrol() error {
	if c.Kind != KindPatrol {
		return nil
	}
	if len(c.Parties) != 2 {
		return Refusef(ReasonMalformed, "a patrol of %d parties, want 2", len(c.Parties))
	}
	for _, p := range c.Parties {
		if len(p.Only) != 1 || p.Only[0].Role != RoleUnit || c.RightOf(p.Only[0]) != RightSend {
			return Refusef(ReasonMalformed, "a patrol names one unit of %s that may send", p.Agency)
		}
	}
	if life := c.Expires.Sub(c.NotBefore); life > PatrolLife {
		return Refusef(ReasonMalformed, "a patrol of %v, limit %v", life, PatrolLife)
	}
	return nil
}

// Pair returns the two units of a patrol, the owner's first.
func (c *Charter) Pair() (own, other Name) {
	for _, p := range c.Parties {
		if p.Agency == c.Owner {
			own = p.Only[0]
		} else {
			other = p.Only[0]
		}
	}
	return own, other
}
