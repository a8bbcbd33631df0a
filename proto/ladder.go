package proto

import (
	"time"

	"crossband/proto/wire"
)

// LadderStep says whom a hail reaches besides its addressee when it has not been
// accepted so long after it was made. Every tier is reached whatever the ones
// before it did: only an acceptance, or the hail's end, stops the rest.
type LadderStep struct {
	After time.Duration // since the hail
	Page  []Name        // desks and hooks of the channel's parties
}

// LadderReach bounds how long after a hail a step may come, and how long after an
// acceptance the ladder may begin again.
const LadderReach = 24 * time.Hour

func parseLadder(list []*wire.Charter_Step) ([]LadderStep, error) {
	if len(list) > MaxLadder {
		return nil, Refusef(ReasonMalformed, "ladder of %d steps, limit %d", len(list), MaxLadder)
	}
	var ladder []LadderStep
	for i, m := range list {
		s := LadderStep{After: time.Duration(m.AfterMs) * time.Millisecond}
		if len(m.Page) == 0 || len(m.Page) > MaxPaged {
			return nil, Refusef(ReasonMalformed, "step %d pages %d, 1 to %d may be", i+1, len(m.Page), MaxPaged)
		}
		for _, word := range m.Page {
			n, err := ParseName(word)
			if err != nil || n.Role != RoleDesk && n.Role != RoleHook {
				return nil, Refusef(ReasonMalformed, "step %d pages %q, which is no desk and no hook", i+1, clip(word))
			}
			s.Page = append(s.Page, n)
		}
		ladder = append(ladder, s)
	}
	return ladder, nil
}

// checkLadder judges the ladder by the charter that it stands in.
func (c *Charter) checkLadder() error {
	var before time.Duration
	for i, s := range c.Ladder {
		if s.After <= before || s.After > LadderReach {
			return Refusef(ReasonMalformed, "step %d after %v: steps rise, and come within %v", i+1, s.After, LadderReach)
		}
		before = s.After
		for _, n := range s.Page {
			if r := c.RightOf(n); r == RightNone || n.Role == RoleDesk && r != RightSend {
				return Refusef(ReasonMalformed, "step %d pages %s, which the charter does not let answer", i+1, n)
			}
		}
	}
	if c.Rearm != 0 && (c.Rearm < MinRearm || c.Rearm > LadderReach) {
		return Refusef(ReasonMalformed, "the ladder would begin again after %v; from %v to %v may be", c.Rearm, MinRearm, LadderReach)
	}
	return nil
}
