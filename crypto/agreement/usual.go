package agreement

import (
	"fmt"
	"time"

	"crossband/proto"
)

// Terms are the few choices from which the usual agreement is made.
type Terms struct {
	Title     string
	Parties   []proto.Agency // the first owns the calling channel and the talkgroups
	Observers []proto.Agency // whose desks observe
	Observe   []string       // which channels, by name; none: incidents
	Until     time.Time      // the observers' end; zero: that of the agreement
	Talk      []string       // titles of standing talkgroups
	Exercise  bool
	Begins    time.Time
	Ends      time.Time
	Countdown time.Duration // zero: the usual one
	SmallKeys bool          // suite 2 instead of 7
	Unstored  bool          // storage rule none
	Hooks     bool          // the parties' hooks hail, and come into incidents; else they only listen to hails
	Ladder    []proto.LadderStep
	Rearm     time.Duration
}

// Names of the usual agreement's channels. Talkgroups are talk-1, talk-2 and so on.
const (
	Calling   = "calling"
	Incidents = "incidents"
	Patrols   = "patrols"
)

// Usual returns the usual agreement: units and desks of every party speak, up to an
// emergency; they hail on the calling channel; whoever hails opens the incident; units
// pair for patrols.
func Usual(t Terms) (proto.Agreement, error) {
	a := proto.Agreement{
		Title: t.Title, Parties: t.Parties, Exercise: t.Exercise, Begins: t.Begins.UTC().Truncate(time.Second), Ends: t.Ends.UTC().Truncate(time.Second),
		Countdown: t.Countdown, Ladder: t.Ladder, Rearm: t.Rearm,
	}
	if a.Countdown == 0 {
		a.Countdown = proto.UsualCountdown
	}
	if len(t.Parties) == 0 {
		return a, bad("an agreement without parties")
	}
	add := func(name, title string, kind proto.CharterKind, owners []proto.Agency) {
		a.Channels = append(a.Channels, t.channel(name, title, kind, owners))
	}
	add(Calling, t.Title, proto.KindCalling, t.Parties[:1])
	add(Incidents, "Incidents", proto.KindIncident, t.Parties)
	add(Patrols, "Patrols", proto.KindPatrol, t.Parties)
	for i, title := range t.Talk {
		add(fmt.Sprintf("talk-%d", i+1), title, proto.KindStanding, t.Parties[:1])
	}
	until := t.Until.UTC().Truncate(time.Second)
	if t.Until.IsZero() {
		until = a.Ends
	}
	observed := t.Observe
	if len(observed) == 0 {
		observed = []string{Incidents}
	}
	for _, o := range t.Observers {
		a.Observers = append(a.Observers, proto.AgreedObserver{Agency: o, Roles: []proto.Role{proto.RoleDesk}, Channels: observed, Until: until})
	}
	return a, a.Validate()
}

func (t *Terms) channel(name, title string, kind proto.CharterKind, owners []proto.Agency) proto.AgreedChannel {
	c := proto.AgreedChannel{Name: name, Title: title, Kind: kind, Owners: owners, Suite: proto.SuiteP384, Storage: proto.StorageSealed, TalkLimit: proto.TalkLimit}
	if t.SmallKeys {
		c.Suite = proto.SuiteP256
	}
	if t.Unstored {
		c.Storage = proto.StorageNone
	}
	for _, agency := range t.Parties {
		p := proto.Party{Agency: agency, Send: []proto.Role{proto.RoleUnit, proto.RoleDesk}, MaxPriority: proto.PriorityEmergency}
		switch kind {
		case proto.KindPatrol:
			p.Send = p.Send[:1]
		case proto.KindCalling, proto.KindIncident:
			if t.Hooks {
				p.Send = append(p.Send, proto.RoleHook)
			} else if kind == proto.KindCalling {
				p.Listen = []proto.Role{proto.RoleHook} // they tell of hails; into incidents they do not come
			}
		}
		if kind == proto.KindCalling {
			p.Hail = p.Send
		}
		c.Parties = append(c.Parties, p)
	}
	return c
}

// Charter returns the rules of a calling or standing channel of an agreement, as wide
// as the agreement lets them be, for its owner's authority to sign.
func Charter(a *proto.Agreement, name string) (*Rules, error) {
	for i := range a.Channels {
		if c := &a.Channels[i]; c.Name == name && (c.Kind == proto.KindCalling || c.Kind == proto.KindStanding) {
			return rules(a, c), nil
		}
	}
	return nil, proto.Refusef(proto.ReasonAgreement, "%q names no calling or standing channel %q", a.Title, name)
}
