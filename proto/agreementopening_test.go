package proto_test

import (
	"testing"
	"time"

	"crossband/proto"
)

// TestWhoeverHailsCanOpenTheIncident: an agreement under which an accepted hail could
// open no incident, or units of no suite pair, is not made.
func TestWhoeverHailsCanOpenTheIncident(t *testing.T) {
	patrols := func(a *proto.Agreement, suite uint16) {
		p := a.Channels[1] // of units on both sides
		p.Name, p.Kind, p.Owners, p.Suite = "patrols", proto.KindPatrol, []proto.Agency{us, mx}, suite
		a.Channels = append(a.Channels, p)
	}
	for why, tt := range map[string]struct {
		change func(*proto.Agreement)
		want   proto.Reason
	}{
		"as it is":                 {func(*proto.Agreement) {}, proto.ReasonNone},
		"other storage":            {func(a *proto.Agreement) { a.Channels[0].Storage = proto.StorageSealed }, proto.ReasonNone},
		"another talk limit":       {func(a *proto.Agreement) { a.Channels[0].TalkLimit = time.Minute }, proto.ReasonNone},
		"patrols":                  {func(a *proto.Agreement) { patrols(a, proto.SuiteP384) }, proto.ReasonNone},
		"another suite":            {func(a *proto.Agreement) { a.Channels[0].Suite = proto.SuiteP256 }, proto.ReasonMalformed},
		"patrols in another suite": {func(a *proto.Agreement) { patrols(a, proto.SuiteP256) }, proto.ReasonMalformed},
		"opened by the others":     {func(a *proto.Agreement) { a.Channels[2].Owners = []proto.Agency{mx} }, proto.ReasonMalformed},
		"by another role":          {func(a *proto.Agreement) { a.Channels[2].Parties[0].Send = []proto.Role{proto.RoleDesk} }, proto.ReasonMalformed},
		"by others of the role": {func(a *proto.Agreement) {
			a.Channels[2].Parties[0].Only = []proto.Name{nameOf(t, "usbp.example/unit/x")}
		}, proto.ReasonMalformed},
		"by nobody of the one side": {func(a *proto.Agreement) {
			a.Channels[0].Parties[0].Hail = nil
			a.Channels[2].Owners = []proto.Agency{mx}
		}, proto.ReasonNone},
	} {
		a := agreed(t)
		if tt.change(&a); proto.ReasonOf(a.Validate()) != tt.want {
			t.Errorf("%s: %v", why, a.Validate())
		}
	}
}
