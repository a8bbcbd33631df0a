package proto

import (
	"crossband/proto/wire"
	"slices"
	"time"
)

// Party is one agency's share in a channel.
type Party struct {
	Agency      Agency
	Send        []Role // roles that may send and hear
	Listen      []Role // roles that may only hear and read
	MaxPriority Priority
	Hail        []Role    // on a calling channel: roles that may hail; see Charter.MayHail
	Observer    time.Time // not zero: the party only listens, visible to all, up to then
	Only        []Name    // of the roles' endpoints only these; none: all
}

// Right is what a charter lets an endpoint do.
type Right uint8

// The rights, each including the lower ones.
const (
	RightNone   Right = 0
	RightListen Right = 1
	RightSend   Right = 2
)

func parseParties(list []*wire.Charter_Party) ([]Party, error) {
	if len(list) > MaxParties {
		return nil, Refusef(ReasonMalformed, "charter with %d parties, limit %d", len(list), MaxParties)
	}
	parties := make([]Party, 0, len(list))
	for _, m := range list {
		a, err := ParseAgency(m.Agency)
		if err != nil {
			return nil, Refuse(ReasonMalformed, "charter names no valid agency")
		}
		if slices.ContainsFunc(parties, func(p Party) bool { return p.Agency == a }) {
			return nil, Refusef(ReasonMalformed, "charter names %s twice", a)
		}
		p := Party{Agency: a, MaxPriority: Priority(octet(m.MaxPriority))}
		if p.MaxPriority > PriorityEmergency {
			return nil, Refusef(ReasonMalformed, "charter's priority %d", m.MaxPriority)
		}
		if p.Send, err = parseRoles(m.Send); err != nil {
			return nil, err
		}
		if p.Listen, err = parseRoles(m.Listen); err != nil {
			return nil, err
		}
		if err := p.fillLimits(m); err != nil {
			return nil, err
		}
		parties = append(parties, p)
	}
	return parties, nil
}

// fillLimits reads what narrows a party's roles.
func (p *Party) fillLimits(m *wire.Charter_Party) (err error) {
	if p.Hail, err = parseRoles(m.Hail); err != nil {
		return err
	}
	if !subset(p.Hail, p.Send) {
		return Refusef(ReasonMalformed, "%s would hail with roles that may not send", p.Agency)
	}
	if m.ObserverUntilMs != 0 {
		p.Observer = time.UnixMilli(m.ObserverUntilMs)
	}
	if !p.Observer.IsZero() && (len(p.Send) > 0 || len(p.Listen) == 0) {
		return Refusef(ReasonMalformed, "%s observes: it listens and does nothing else", p.Agency)
	}
	if len(m.Only) > MaxOnly {
		return Refusef(ReasonMalformed, "%d names for %s, limit %d", len(m.Only), p.Agency, MaxOnly)
	}
	for _, s := range m.Only {
		n, err := ParseName(s)
		if err != nil || n.Agency != p.Agency || !n.Role.IsEndpoint() || slices.Contains(p.Only, n) {
			return Refusef(ReasonMalformed, "charter's name %q", clip(s))
		}
		p.Only = append(p.Only, n)
	}
	return nil
}

func parseRoles(words []string) ([]Role, error) {
	roles := make([]Role, 0, len(words))
	for _, w := range words {
		r, err := ParseRole(w)
		if err != nil || !r.IsEndpoint() || slices.Contains(roles, r) {
			return nil, Refusef(ReasonMalformed, "charter's role %q", clip(w))
		}
		roles = append(roles, r)
	}
	return roles, nil
}

func subset[T comparable](small, big []T) bool {
	return !slices.ContainsFunc(small, func(r T) bool { return !slices.Contains(big, r) })
}

func (c *Charter) party(a Agency) (Party, bool) {
	i := slices.IndexFunc(c.Parties, func(p Party) bool { return p.Agency == a })
	if i < 0 {
		return Party{}, false
	}
	return c.Parties[i], true
}

// Members lists the agencies that take part in the channel, in order.
func (c *Charter) Members() []Agency { return agencies(c.Parties) }

// Agencies lists those and the ones that may take part in what is opened under it.
func (c *Charter) Agencies() []Agency { return agencies(c.Parties, c.Template) }

func agencies(lists ...[]Party) (out []Agency) {
	for _, list := range lists {
		for _, p := range list {
			if at, found := slices.BinarySearch(out, p.Agency); !found {
				out = slices.Insert(out, at, p.Agency)
			}
		}
	}
	return out
}

// HasParty reports whether the agency takes part in the channel.
func (c *Charter) HasParty(a Agency) bool { _, ok := c.party(a); return ok }

// HasPartyAt is HasParty at a moment: an observer's time may be over.
func (c *Charter) HasPartyAt(a Agency, now time.Time) bool {
	p, ok := c.party(a)
	return ok && !p.over(now)
}

func (p *Party) over(now time.Time) bool { return !p.Observer.IsZero() && !now.Before(p.Observer) }

// Observes reports whether an agency only observes, and up to when.
func (c *Charter) Observes(a Agency) (until time.Time, observes bool) {
	p, _ := c.party(a)
	return p.Observer, !p.Observer.IsZero()
}

// NextObserverEnd returns when the time of an observer ends next after now; zero
// when none does.
func (c *Charter) NextObserverEnd(now time.Time) (next time.Time) {
	for i := range c.Parties {
		if p := &c.Parties[i]; p.Observer.After(now) && (next.IsZero() || p.Observer.Before(next)) {
			next = p.Observer
		}
	}
	return next
}

// MayHail reports whether name may call for help on the channel. A charter that
// rests on an agreement names every role that may; any other lets all hail that
// may send and names none, or names those who may.
func (c *Charter) MayHail(n Name) bool {
	if c.RightOf(n) != RightSend {
		return false
	}
	p, _ := c.party(n.Agency)
	return slices.Contains(p.Hail, n.Role) || len(p.Hail) == 0 && c.Agreement == AgreementID{}
}

// RightAt returns what the charter lets name do at a moment: an observer's time may
// be over.
func (c *Charter) RightAt(n Name, now time.Time) Right {
	if p, ok := c.party(n.Agency); ok && p.over(now) {
		return RightNone
	}
	return c.RightOf(n)
}

// RightOf returns what the charter lets name do, an observer up to its end.
func (c *Charter) RightOf(n Name) Right {
	p, ok := c.party(n.Agency)
	switch {
	case !ok, len(p.Only) > 0 && !slices.Contains(p.Only, n):
		return RightNone
	case slices.Contains(p.Send, n.Role):
		return RightSend
	case slices.Contains(p.Listen, n.Role):
		return RightListen
	}
	return RightNone
}

// MaxPriority returns the highest class that name may use.
func (c *Charter) MaxPriority(n Name) Priority {
	p, _ := c.party(n.Agency)
	return p.MaxPriority
}
