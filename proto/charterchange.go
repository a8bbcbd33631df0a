package proto

import (
	"slices"
	"time"
)

// SignerMay checks who signed the charter: the owner's authority, or for an
// incident a desk, unit or hook of the owner, and for a patrol the owner's unit in it,
// that parent lets hail. An incident's parties lie within parent's template; those of a
// patrol are on parent. parent is nil when it is not known; then only the signer is
// judged.
func (c *Charter) SignerMay(signer Name, parent *Charter) error {
	if signer.Agency != c.Owner {
		return Refusef(ReasonCharter, "%s signed a charter of %s", signer, c.Owner)
	}
	if signer.Role == RoleAuthority {
		return nil
	}
	if !c.opens(signer) {
		return Refusef(ReasonCharter, "%s may not sign it", signer)
	}
	if parent == nil {
		return nil
	}
	if parent.Kind != KindCalling || parent.Channel != c.Parent || !parent.MayHail(signer) {
		return Refusef(ReasonCharter, "%s may not hail on the calling channel", signer)
	}
	return c.within(parent)
}

// opens reports whether signer is one who may open a channel of this kind.
func (c *Charter) opens(signer Name) bool {
	switch c.Kind {
	case KindIncident:
		return signer.Role.mayHail()
	case KindPatrol:
		return c.RightOf(signer) == RightSend
	}
	return false
}

// mayHail reports whether the role may hail, and so open the incident that its
// hail leads to (ruleFor, KindHail).
func (r Role) mayHail() bool { return r == RoleUnit || r == RoleDesk || r == RoleHook }

// within checks an incident or a patrol against its calling channel.
func (c *Charter) within(parent *Charter) error {
	if c.Expires.After(parent.Expires) || c.Exercise != parent.Exercise && !c.Exercise || c.Storage > parent.Storage {
		return Refuse(ReasonCharter, "it goes beyond its calling channel's time, storage or exercise rule")
	}
	if c.Agreement != parent.Agreement {
		return Refuse(ReasonCharter, "it rests on another agreement than its calling channel")
	}
	if c.Suite != parent.Suite || c.TalkLimit > parent.TalkLimit {
		return Refuse(ReasonCharter, "it has another suite or a longer talk limit than its calling channel")
	}
	if c.Kind == KindPatrol { // its agreement says who may, and how urgently (Pacts.Covers)
		for _, p := range c.Parties {
			if !parent.HasParty(p.Agency) {
				return Refusef(ReasonCharter, "%s is not on the calling channel", p.Agency)
			}
		}
		return nil
	}
	for _, p := range c.Parties {
		i := slices.IndexFunc(parent.Template, func(t Party) bool { return t.Agency == p.Agency })
		if i < 0 {
			return Refusef(ReasonCharter, "%s is not in the calling channel's template", p.Agency)
		}
		t := parent.Template[i]
		if !subset(p.Send, t.Send) || !subset(p.Listen, append(slices.Clone(t.Send), t.Listen...)) || p.MaxPriority > t.MaxPriority {
			return Refusef(ReasonCharter, "%s would have more rights than the template gives", p.Agency)
		}
		if !p.Observer.Equal(t.Observer) || len(t.Only) > 0 && (len(p.Only) == 0 || !subset(p.Only, t.Only)) {
			return Refusef(ReasonCharter, "%s would observe, or name, others than the template", p.Agency)
		}
	}
	return nil
}

// MayChange checks a change of membership against the charter: who committed
// it, whom it adds and whom it removes. The hub and every member ask the same
// question, so that neither can let in what the other would refuse.
//
// Anybody with a right may join and may leave; adding others takes the right
// to send; removing others takes a desk of the owner, or one's own agency.
// outcasts are those of removed whose certificates their agency has taken back, or
// who observed and whose time is over: every member may, and should, remove them,
// whoever is there.
func (c *Charter) MayChange(by Name, added, removed, outcasts []Name, now time.Time) error {
	right := c.RightAt(by, now)
	if right == RightNone {
		return Refusef(ReasonCharter, "%s has no right on the channel", by)
	}
	for _, n := range added {
		if c.RightAt(n, now) == RightNone {
			return Refusef(ReasonCharter, "%s may not be a member", n)
		}
		if n != by && right != RightSend {
			return Refusef(ReasonListenOnly, "%s may not add %s", by, n)
		}
	}
	for _, n := range removed {
		own := n == by || n.Agency == by.Agency && right == RightSend
		if !own && !(by.Agency == c.Owner && by.Role == RoleDesk) && !slices.Contains(outcasts, n) {
			return Refusef(ReasonCharter, "%s may not remove %s", by, n)
		}
	}
	return nil
}
