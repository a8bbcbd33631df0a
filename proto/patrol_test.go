package proto_test

import (
	"testing"
	"time"

	"crossband/proto"
	"crossband/proto/wire"
)

// mirrored is a good patrol under calling's channel.
func mirrored(parent proto.ChannelID) *wire.Charter {
	c := calling()
	c.Kind, c.Template, c.Parent = wire.Charter_KIND_PATROL, nil, parent[:]
	c.Parties = []*wire.Charter_Party{
		{Agency: "usbp.example", Send: []string{"unit"}, Only: []string{"spiffe://usbp.example/unit/a"}, MaxPriority: 5},
		{Agency: "gn.example", Send: []string{"unit"}, Only: []string{"spiffe://gn.example/unit/b"}, MaxPriority: 4},
	}
	return c
}

func TestPatrolIsAPairForAShift(t *testing.T) {
	parent := parse(t, calling())
	c := parse(t, mirrored(parent.Channel))
	own, other := c.Pair()
	if own.Label != "a" || other.Label != "b" || !c.Kind.Opened() {
		t.Errorf("pair %v, %v", own, other)
	}
	for name, change := range map[string]func(*wire.Charter){
		"one side": func(c *wire.Charter) { c.Parties = c.Parties[:1] },
		"a third": func(c *wire.Charter) {
			c.Parties = append(c.Parties, &wire.Charter_Party{Agency: "rcmp.example", Listen: []string{"desk"}})
		},
		"any unit":  func(c *wire.Charter) { c.Parties[1].Only = nil },
		"two units": func(c *wire.Charter) { c.Parties[1].Only = append(c.Parties[1].Only, "spiffe://gn.example/unit/c") },
		"a desk": func(c *wire.Charter) {
			c.Parties[1].Send, c.Parties[1].Only = []string{"desk"}, []string{"spiffe://gn.example/desk/b"}
		},
		"one that hears": func(c *wire.Charter) { c.Parties[1].Send, c.Parties[1].Listen = nil, []string{"unit"} },
		"longer":         func(c *wire.Charter) { c.ExpiresMs = c.NotBeforeMs + proto.PatrolLife.Milliseconds() + 1 },
		"without parent": func(c *wire.Charter) { c.Parent = nil },
		"with a ladder":  func(c *wire.Charter) { c.Ladder = ladder("spiffe://gn.example/desk/a") },
		"of an incident": func(c *wire.Charter) { c.Incident = make([]byte, 16) },
	} {
		m := mirrored(parent.Channel)
		change(m)
		if _, err := proto.ParseCharter(marshal(t, m)); proto.ReasonOf(err) != proto.ReasonMalformed {
			t.Errorf("%s: %v", name, err)
		}
	}
	m := mirrored(parent.Channel)
	m.ExpiresMs = m.NotBeforeMs + proto.PatrolLife.Milliseconds()
	if c := parse(t, m); c.Expires.Sub(c.NotBefore) != 16*time.Hour {
		t.Errorf("a shift of %v", c.Expires.Sub(c.NotBefore))
	}
}

func TestPatrolIsOpenedByItsOwnUnit(t *testing.T) {
	parent := parse(t, calling())
	c := parse(t, mirrored(parent.Channel))
	for signer, want := range map[string]proto.Reason{
		"spiffe://usbp.example/unit/a":         proto.ReasonNone,
		"spiffe://usbp.example/authority/main": proto.ReasonNone,
		"spiffe://usbp.example/unit/c":         proto.ReasonCharter, // not of the pair
		"spiffe://usbp.example/desk/a":         proto.ReasonCharter,
		"spiffe://gn.example/unit/b":           proto.ReasonCharter, // not the owner's
	} {
		n, err := proto.ParseName(signer)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.SignerMay(n, &parent); proto.ReasonOf(err) != want {
			t.Errorf("%s signed it: %v, want reason %d", signer, err, want)
		}
	}
	unit := proto.Name{Agency: "usbp.example", Role: proto.RoleUnit, Label: "a"}
	for why, tt := range map[string]struct {
		change func(*wire.Charter)
		want   proto.Reason
	}{
		"without incidents":            {func(c *wire.Charter) { c.Template = nil }, proto.ReasonNone},
		"with an agency not on it":     {func(c *wire.Charter) { c.Parties = c.Parties[:1] }, proto.ReasonCharter},
		"stored, which it must not be": {func(c *wire.Charter) { c.Storage = wire.Charter_STORAGE_NONE }, proto.ReasonCharter},
	} {
		m := calling()
		tt.change(m)
		other := parse(t, m)
		c = parse(t, mirrored(other.Channel))
		if err := c.SignerMay(unit, &other); proto.ReasonOf(err) != tt.want {
			t.Errorf("a calling channel %s: %v", why, err)
		}
	}
}
