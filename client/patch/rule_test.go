package patch

import (
	"testing"
	"time"

	"crossband/proto"
)

// TestWhoseVoiceIsCarried: that of the agencies to which it was said, and nobody's beyond
// them but that of the desk's own units.
func TestWhoseVoiceIsCarried(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	charter := func(title string, parties ...proto.Party) *proto.Charter {
		return &proto.Charter{Title: title, Parties: parties}
	}
	us, mx, ca := proto.Party{Agency: "us.example"}, proto.Party{Agency: "mx.example"}, proto.Party{Agency: "ca.example"}
	observes := func(p proto.Party, until time.Time) proto.Party {
		p.Observer = until
		return p
	}
	both, north := charter("both", us, mx), charter("north", us, ca)
	drill := charter("drill", us, mx)
	drill.Exercise = true
	unit, desk := proto.Name{Agency: "us.example", Role: proto.RoleUnit}, proto.Name{Agency: "us.example", Role: proto.RoleDesk}
	gateway, guard := proto.Name{Agency: "us.example", Role: proto.RoleGateway}, proto.Name{Agency: "mx.example", Role: proto.RoleUnit}
	for name, c := range map[string]struct {
		speaker  proto.Name
		from, to *proto.Charter
		want     proto.Reason
	}{
		"among the same agencies":             {guard, both, charter("other", mx, us), proto.ReasonNone},
		"to fewer":                            {guard, both, charter("own", us), proto.ReasonNone},
		"to a stranger":                       {guard, both, north, proto.ReasonNoAgreement},
		"an own unit to a stranger":           {unit, both, north, proto.ReasonNone},
		"an own desk, which may say it again": {desk, both, north, proto.ReasonNoAgreement},
		"an own gateway":                      {gateway, both, north, proto.ReasonNoAgreement},
		"an own desk among the same":          {desk, both, both, proto.ReasonNone},
		"to who observes":                     {guard, charter("seen", us, mx, observes(ca, now.Add(time.Minute))), north, proto.ReasonNone},
		"to who has observed":                 {guard, charter("seen", us, mx, observes(ca, now)), north, proto.ReasonNoAgreement},
		"to an exercise":                      {unit, both, drill, proto.ReasonExercise},
		"from an exercise":                    {unit, drill, both, proto.ReasonExercise},
	} {
		if err := Carries("us.example", c.speaker, c.from, c.to, now); proto.ReasonOf(err) != c.want {
			t.Errorf("%s: %v", name, err)
		}
	}
}
