package proto

import (
	"cmp"
	"slices"
	"time"
)

// Allows refuses a charter that goes beyond the agreement at a moment: the
// agreement is not in force, or the charter is wider in any one respect. When the
// charter ends is no such respect: a channel ends with its agreement, whatever its
// charter says (Pacts.Span).
func (a *Agreement) Allows(c *Charter, at time.Time) error {
	if err := a.Check(at); err != nil {
		return err
	}
	return a.permits(c)
}

// permits is Allows without the time.
func (a *Agreement) permits(c *Charter) error {
	switch {
	case c.Agreement != a.ID:
		return Refusef(ReasonNoAgreement, "%q rests on agreement %s", c.Title, c.Agreement.Short())
	case a.Exercise && !c.Exercise:
		return Refusef(ReasonAgreement, "%q is for exercises only", a.Title)
	}
	var closest error
	for i := range a.Channels {
		entry := &a.Channels[i]
		if entry.Kind != c.Kind {
			continue
		}
		err := a.permitsAs(entry, c)
		if err == nil {
			return nil
		}
		if closest == nil || entry.Title == c.Title {
			closest = err
		}
	}
	return cmp.Or(closest, error(Refusef(ReasonAgreement, "%q names no %s channel", a.Title, c.Kind)))
}

// Patterns lists the patterns of a kind in an agreement's revision that is in force;
// none where there is no agreement. Whoever opens an incident or a patrol makes its
// charter by one of them, and by its calling channel.
func (p Pacts) Patterns(id AgreementID, kind CharterKind, now time.Time) (list []AgreedChannel) {
	pact := p[id]
	if pact == nil || pact.Check(now) != nil {
		return nil
	}
	for _, c := range pact.Current(now).Channels {
		if c.Kind == kind {
			list = append(list, c)
		}
	}
	return list
}

func (a *Agreement) permitsAs(entry *AgreedChannel, c *Charter) error {
	no := func(what string) error {
		return Refusef(ReasonAgreement, "%s of channel %q: not as in %q", what, c.Title, a.Title)
	}
	switch {
	case entry.lasting() && entry.Title != c.Title:
		return no("the title")
	case !slices.Contains(entry.Owners, c.Owner):
		return no("the owner " + string(c.Owner))
	case entry.Suite != c.Suite:
		return no("the cipher suite")
	case c.Storage > entry.Storage:
		return no("the storage rule")
	case c.TalkLimit > entry.TalkLimit:
		return no("the talk limit")
	case c.Kind == KindCalling && !(slices.EqualFunc(c.Ladder, a.Ladder, LadderStep.equal) && c.Rearm == a.Rearm):
		return no("the ladder")
	}
	for _, p := range c.Parties {
		if err := a.permitsParty(entry, p); err != nil {
			return err
		}
	}
	if len(c.Template) == 0 {
		return nil
	}
	incident := a.incident()
	if incident == nil {
		return no("the template for incidents, of which there are none,")
	}
	for _, p := range c.Template {
		if err := a.permitsParty(incident, p); err != nil {
			return err
		}
	}
	return nil
}

func (s LadderStep) equal(o LadderStep) bool {
	return s.After == o.After && slices.Equal(s.Page, o.Page)
}

// permitsParty compares one party of a charter with its place in the agreement.
func (a *Agreement) permitsParty(entry *AgreedChannel, p Party) error {
	no := func(what string) error {
		return Refusef(ReasonAgreement, "%s on channel %s of %q: %s", p.Agency, entry.Name, a.Title, what)
	}
	if o := a.observer(p.Agency); o != nil {
		switch {
		case !slices.Contains(o.Channels, entry.Name):
			return no("it does not observe there")
		case p.Observer.IsZero() || p.Observer.After(o.Until):
			return no("it observes up to " + stamp(o.Until))
		case len(p.Send)+len(p.Hail) > 0 || !subset(p.Listen, o.Roles):
			return no("other roles than agreed")
		}
		return nil
	}
	t, ok := entry.party(p.Agency)
	hears := append(slices.Clone(t.Send), t.Listen...)
	switch {
	case !ok:
		return no("no party")
	case !p.Observer.IsZero():
		return no("a party, no observer")
	case !subset(p.Send, t.Send):
		return no("more roles would speak than agreed")
	case !subset(p.Listen, hears):
		return no("more roles would listen than agreed")
	case !subset(p.Hail, t.Hail):
		return no("more roles would hail than agreed")
	case p.MaxPriority > t.MaxPriority && len(p.Send) > 0:
		return no("a higher priority than agreed")
	case len(t.Only) > 0 && (len(p.Only) == 0 || !subset(p.Only, t.Only)):
		return no("others than the names agreed")
	}
	return nil
}
