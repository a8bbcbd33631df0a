package proto

import "slices"

// Validate refuses an agreement that breaks a rule which needs nothing but the
// agreement itself.
func (a *Agreement) Validate() error {
	life := a.Ends.Sub(a.Begins)
	switch {
	case !validTitle(a.Title):
		return bad("title: 1 to 80 octets of Latin letters")
	case len(a.Parties) < 2 || len(a.Parties)+len(a.Observers) > MaxParties:
		return bad("%d parties and %d observers: 2 parties or more, %d in all", len(a.Parties), len(a.Observers), MaxParties)
	case twice(a.Signers()):
		return bad("an agency stands there twice among parties and observers")
	case life <= 0 || life > MaxAgreementLife:
		return bad("it begins %s and ends %s: want a time of at most ten years", stamp(a.Begins), stamp(a.Ends))
	case a.Countdown < MinCountdown || a.Countdown > MaxCountdown:
		return bad("countdown of %v: want %v to %v", a.Countdown, MinCountdown, MaxCountdown)
	case len(a.Channels) == 0 || len(a.Channels) > MaxAgreedChannels:
		return bad("%d channels: want 1 to %d", len(a.Channels), MaxAgreedChannels)
	case len(a.Ladder) == 0 && a.Rearm != 0:
		return bad("rearm without a ladder")
	}
	for i := range a.Channels {
		if err := a.checkChannel(i); err != nil {
			return err
		}
	}
	for i := range a.Observers {
		if err := a.checkObserver(&a.Observers[i]); err != nil {
			return err
		}
	}
	if err := a.checkOpening(); err != nil {
		return err
	}
	return a.checkAgreedLadder()
}

// checkOpening sees to it that what is opened under a calling channel can be: an
// incident by every role that may hail there, and all of it in a suite of a calling
// channel, whose members' keys are for that one.
func (a *Agreement) checkOpening() error {
	for i := range a.Channels {
		c := &a.Channels[i]
		same := func(o AgreedChannel) bool { return o.Kind == KindCalling && o.Suite == c.Suite }
		calls := slices.ContainsFunc(a.Channels, func(o AgreedChannel) bool { return o.Kind == KindCalling })
		if c.Kind == KindPatrol && calls && !slices.ContainsFunc(a.Channels, same) {
			return bad("channel %s: suite %d, and no calling channel has it", c.Name, c.Suite)
		}
		if incident := a.incident(); c.Kind == KindCalling && incident != nil {
			if err := incident.opensUnder(c); err != nil {
				return err
			}
		}
	}
	return nil
}

// opensUnder refuses a pattern of incidents that whoever hails on a calling channel
// cannot open.
func (c *AgreedChannel) opensUnder(calling *AgreedChannel) error {
	if c.Suite != calling.Suite {
		return bad("channel %s: suite %d, its calling channel %s has %d", c.Name, c.Suite, calling.Name, calling.Suite)
	}
	for _, p := range calling.Parties {
		t, ok := c.party(p.Agency)
		switch {
		case len(p.Hail) == 0:
		case !ok || !slices.Contains(c.Owners, p.Agency):
			return bad("channel %s: %s hails there, and may not open channel %s", calling.Name, p.Agency, c.Name)
		case !subset(p.Hail, t.Send) || len(t.Only) > 0 && (len(p.Only) == 0 || !subset(p.Only, t.Only)):
			return bad("channel %s: %s hails with roles or names that may not speak on channel %s", calling.Name, p.Agency, c.Name)
		}
	}
	return nil
}

func bad(format string, args ...any) *Refusal { return Refusef(ReasonMalformed, format, args...) }

func twice[T comparable](list []T) bool {
	for i, x := range list {
		if slices.Contains(list[:i], x) {
			return true
		}
	}
	return false
}

func (a *Agreement) checkChannel(i int) error {
	c := &a.Channels[i]
	switch {
	case !validLabel(c.Name):
		return bad("channel name %q", clip(c.Name))
	case !validTitle(c.Title):
		return bad("channel %s: title", c.Name)
	case c.Kind < KindCalling || c.Kind > KindPatrol:
		return bad("channel %s: kind", c.Name)
	case c.Suite != SuiteP256 && c.Suite != SuiteP384:
		return Refusef(ReasonWeakSuite, "channel %s: suite %d; want %d or %d", c.Name, c.Suite, SuiteP384, SuiteP256)
	case c.Storage < StorageNone || c.Storage > StorageSealed:
		return bad("channel %s: storage rule", c.Name)
	case c.TalkLimit <= 0 || c.TalkLimit > TalkLimit:
		return bad("channel %s: talk limit of %v: want up to %v", c.Name, c.TalkLimit, TalkLimit)
	case len(c.Owners) == 0 || c.lasting() && len(c.Owners) != 1 || twice(c.Owners):
		return bad("channel %s: a calling or standing channel has one owner, others name those who may open one", c.Name)
	}
	for j := range a.Channels[:i] {
		o := &a.Channels[j]
		if o.Name == c.Name || o.Kind == c.Kind && (c.Kind == KindIncident || c.lasting() && o.Title == c.Title) {
			return bad("channel %s is like channel %s: names and titles are there once, and incidents have one pattern", c.Name, o.Name)
		}
	}
	for _, o := range c.Owners {
		if p, ok := c.party(o); !ok || len(p.Send) == 0 {
			return bad("channel %s: its owner %s may not speak there", c.Name, o)
		}
	}
	return a.checkParties(c)
}

func (a *Agreement) checkParties(c *AgreedChannel) error {
	for i, p := range c.Parties {
		switch {
		case !a.HasParty(p.Agency):
			return bad("channel %s: %s is no party of the agreement", c.Name, p.Agency)
		case slices.ContainsFunc(c.Parties[:i], func(o Party) bool { return o.Agency == p.Agency }):
			return bad("channel %s names %s twice", c.Name, p.Agency)
		case !p.Observer.IsZero():
			return bad("channel %s: observers are named apart", c.Name)
		case p.MaxPriority > PriorityEmergency || len(p.Send) > 0 && !p.MaxPriority.Valid():
			return bad("channel %s: priority of %s", c.Name, p.Agency)
		case len(p.Send)+len(p.Listen) == 0:
			return bad("channel %s: %s may neither speak nor listen", c.Name, p.Agency)
		case twice(p.Send) || twice(p.Listen) || twice(p.Hail) || !areEndpoints(p.Send) || !areEndpoints(p.Listen):
			return bad("channel %s: roles of %s", c.Name, p.Agency)
		case len(p.Hail) > 0 && c.Kind != KindCalling:
			return bad("channel %s: hails go on calling channels", c.Name)
		case !subset(p.Hail, p.Send):
			return bad("channel %s: %s would hail with roles that may not speak", c.Name, p.Agency)
		case len(p.Only) > MaxOnly || twice(p.Only):
			return bad("channel %s: names of %s", c.Name, p.Agency)
		}
		for _, n := range p.Only {
			if n.Agency != p.Agency || !n.Role.IsEndpoint() {
				return bad("channel %s: %s is no endpoint of %s", c.Name, n, p.Agency)
			}
		}
	}
	return nil
}

func areEndpoints(roles []Role) bool {
	return !slices.ContainsFunc(roles, func(r Role) bool { return !r.IsEndpoint() })
}

func (a *Agreement) checkObserver(o *AgreedObserver) error {
	switch {
	case len(o.Roles) == 0 || twice(o.Roles) || !areEndpoints(o.Roles):
		return bad("observer %s: roles", o.Agency)
	case len(o.Channels) == 0 || twice(o.Channels):
		return bad("observer %s: channels", o.Agency)
	case !o.Until.After(a.Begins) || o.Until.After(a.Ends):
		return bad("observer %s: until %s is not within the agreement's time", o.Agency, stamp(o.Until))
	}
	for _, name := range o.Channels {
		if a.channel(name) == nil {
			return bad("observer %s: no channel %q", o.Agency, clip(name))
		}
	}
	return nil
}

// checkAgreedLadder judges the ladder on every calling channel: their charters
// carry it.
func (a *Agreement) checkAgreedLadder() error {
	if len(a.Ladder) > MaxLadder {
		return bad("ladder of %d steps, limit %d", len(a.Ladder), MaxLadder)
	}
	there := false
	for i := range a.Channels {
		c := &a.Channels[i]
		if c.Kind != KindCalling {
			continue
		}
		there = true
		rules := Charter{Kind: KindCalling, Parties: c.Parties, Ladder: a.Ladder, Rearm: a.Rearm}
		if err := rules.checkLadder(); err != nil {
			return Refusef(ReasonMalformed, "channel %s: %s", c.Name, AsRefusal(err).Detail)
		}
	}
	if len(a.Ladder) > 0 && !there {
		return bad("a ladder without a calling channel")
	}
	for i, s := range a.Ladder {
		if len(s.Page) == 0 || len(s.Page) > MaxPaged {
			return bad("step %d pages %d, 1 to %d may be", i+1, len(s.Page), MaxPaged)
		}
	}
	return nil
}
