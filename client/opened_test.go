package client

import (
	"slices"
	"testing"
	"time"

	"crossband/proto"
	"crossband/proto/wire"
)

// TestWhatIsOpenedIsAsTheAgreementHasIt: incidents and patrols that are narrower than
// their calling channel, and patrols where there are no incidents or more urgent than
// those, pass for everybody who judges them.
func TestWhatIsOpenedIsAsTheAgreementHasIt(t *testing.T) {
	of := func(a *proto.Agreement, kind proto.CharterKind) *proto.AgreedChannel {
		return &a.Channels[slices.IndexFunc(a.Channels, func(c proto.AgreedChannel) bool { return c.Kind == kind })]
	}
	for why, tt := range map[string]struct {
		change           func(*proto.Agreement)
		incident, patrol proto.Reason
	}{
		"as usual": {func(*proto.Agreement) {}, proto.ReasonNone, proto.ReasonNone},
		"not stored": {func(a *proto.Agreement) {
			of(a, proto.KindIncident).Storage, of(a, proto.KindPatrol).Storage = proto.StorageNone, proto.StorageNone
		}, proto.ReasonNone, proto.ReasonNone},
		"calling not stored": {func(a *proto.Agreement) { of(a, proto.KindCalling).Storage = proto.StorageNone }, proto.ReasonNone, proto.ReasonNone},
		"shorter bursts": {func(a *proto.Agreement) {
			of(a, proto.KindIncident).TalkLimit, of(a, proto.KindPatrol).TalkLimit = 20*time.Second, 10*time.Second
		}, proto.ReasonNone, proto.ReasonNone},
		"patrols less urgent": {func(a *proto.Agreement) {
			for i := range of(a, proto.KindPatrol).Parties {
				of(a, proto.KindPatrol).Parties[i].MaxPriority = proto.PriorityRoutine
			}
		}, proto.ReasonNone, proto.ReasonNone},
		"patrols more urgent": {func(a *proto.Agreement) {
			for i := range of(a, proto.KindIncident).Parties {
				of(a, proto.KindIncident).Parties[i].MaxPriority = proto.PriorityRoutine
			}
		}, proto.ReasonNone, proto.ReasonNone},
		"no incidents": {func(a *proto.Agreement) {
			a.Channels = slices.DeleteFunc(a.Channels, func(c proto.AgreedChannel) bool { return c.Kind == proto.KindIncident })
		}, proto.ReasonAgreement, proto.ReasonNone},
		"no patrols": {func(a *proto.Agreement) {
			a.Channels = slices.DeleteFunc(a.Channels, func(c proto.AgreedChannel) bool { return c.Kind == proto.KindPatrol })
		}, proto.ReasonNone, proto.ReasonAgreement},
	} {
		t.Run(why, func(t *testing.T) {
			p := newPair(t, NewMemoryState())
			a := p.terms()
			tt.change(&a)
			f := p.signed(a, p.us, p.mx)
			p.give(proto.DocumentAgreement, f.Encode())
			id, _ := p.offer(&f.Agreement, nil)
			ch := p.s.Channel(id)
			if ch == nil {
				t.Fatal("no calling channel")
			}
			h := &Hail{s: p.s, ch: ch, incident: proto.NewIncidentID()}
			_, c, err := h.charterIncident()
			if proto.ReasonOf(err) != tt.incident {
				t.Errorf("incident: %v", err)
			} else if err == nil {
				p.passes(&c, ch)
			}
			other := proto.Name{Agency: "gn.example", Role: proto.RoleUnit, Label: "b"}
			patterns := p.s.patternsLocked(ch.charter, proto.KindPatrol)
			_, c, err = p.s.charterPatrol(p.s.identity, ch.charter, patterns, other, p.now.Add(time.Hour))
			if proto.ReasonOf(err) != tt.patrol {
				t.Errorf("patrol: %v", err)
			} else if err == nil {
				p.passes(&c, ch)
				if got, want := c.Parties[0].MaxPriority, patterns[0].Parties[0].MaxPriority; got != want {
					t.Errorf("a patrol of priority %v, want %v", got, want)
				}
			}
		})
	}
}

// passes judges a charter as hub, follower and members do.
func (p *pair) passes(c *proto.Charter, calling *Channel) {
	p.t.Helper()
	if err := c.SignerMay(p.s.Name(), &calling.charter); err != nil {
		p.t.Errorf("%s: %v", c.Title, err)
	}
	if err := p.s.pacts.Covers(c, time.Now()); err != nil {
		p.t.Errorf("%s: %v", c.Title, err)
	}
	if wire.Charter_Kind(c.Kind) == wire.Charter_KIND_INCIDENT && c.RightOf(p.s.Name()) != proto.RightSend {
		p.t.Errorf("%s: who opens it may not speak", c.Title)
	}
}
