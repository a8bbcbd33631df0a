package proto_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"crossband/proto"
)

// day0 is when the agreements of these tests begin.
func day0() time.Time { return time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC) }

const (
	us proto.Agency = "usbp.example"
	mx proto.Agency = "gn.example"
	ca proto.Agency = "rcmp.example"
)

func nameOf(t testing.TB, s string) proto.Name {
	t.Helper()
	n, err := proto.ParseName("spiffe://" + s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// agreed is an agreement of two agencies with an observer.
func agreed(t testing.TB) proto.Agreement {
	t.Helper()
	unit, desk := proto.RoleUnit, proto.RoleDesk
	channel := func(name string, kind proto.CharterKind, owners []proto.Agency, parties ...proto.Party) proto.AgreedChannel {
		return proto.AgreedChannel{Name: name, Title: "Title of " + name, Kind: kind, Owners: owners, Suite: proto.SuiteP384, Storage: proto.StorageNone, TalkLimit: 30 * time.Second, Parties: parties}
	}
	a := proto.Agreement{
		ID: proto.AgreementID{1}, Title: "Border", Parties: []proto.Agency{us, mx},
		Begins: day0(), Ends: day0().Add(100 * 24 * time.Hour), Countdown: time.Minute,
		Channels: []proto.AgreedChannel{
			channel("calling", proto.KindCalling, []proto.Agency{us},
				proto.Party{Agency: us, Send: []proto.Role{unit, desk}, Hail: []proto.Role{unit}, Listen: []proto.Role{proto.RoleRecorder}, MaxPriority: proto.PriorityEmergency},
				proto.Party{Agency: mx, Send: []proto.Role{desk}, MaxPriority: proto.PriorityUrgent, Only: []proto.Name{nameOf(t, "gn.example/desk/a"), nameOf(t, "gn.example/desk/b")}}),
			channel("talk", proto.KindStanding, []proto.Agency{mx},
				proto.Party{Agency: us, Send: []proto.Role{unit}, MaxPriority: proto.PriorityUrgent},
				proto.Party{Agency: mx, Send: []proto.Role{desk, unit}, MaxPriority: proto.PriorityEmergency}),
			channel("incidents", proto.KindIncident, []proto.Agency{us, mx},
				proto.Party{Agency: us, Send: []proto.Role{unit, desk}, MaxPriority: proto.PriorityEmergency},
				proto.Party{Agency: mx, Send: []proto.Role{desk}, MaxPriority: proto.PriorityEmergency}),
		},
		Observers: []proto.AgreedObserver{{Agency: ca, Roles: []proto.Role{desk}, Channels: []string{"talk", "incidents"}, Until: day0().Add(10 * 24 * time.Hour)}},
		Ladder:    []proto.LadderStep{{After: 20 * time.Second, Page: []proto.Name{nameOf(t, "gn.example/desk/b")}}},
		Rearm:     time.Minute,
	}
	if err := a.Validate(); err != nil {
		t.Fatal(err)
	}
	return a
}

// chartered is the widest charter that an agreement's channel allows.
func chartered(a proto.Agreement, channel string) proto.Charter {
	i := slices.IndexFunc(a.Channels, func(c proto.AgreedChannel) bool { return c.Name == channel })
	entry := a.Channels[i]
	c := proto.Charter{
		Owner: entry.Owners[0], Kind: entry.Kind, Title: entry.Title, Suite: entry.Suite, Storage: entry.Storage, TalkLimit: entry.TalkLimit,
		NotBefore: a.Begins, Expires: a.Ends, Exercise: a.Exercise, Agreement: a.ID, Parties: withObservers(a, entry),
	}
	if entry.Kind == proto.KindCalling {
		c.Ladder, c.Rearm = slices.Clone(a.Ladder), a.Rearm
		for _, e := range a.Channels {
			if e.Kind == proto.KindIncident {
				c.Template = withObservers(a, e)
			}
		}
	}
	return c
}

func withObservers(a proto.Agreement, entry proto.AgreedChannel) []proto.Party {
	parties := slices.Clone(entry.Parties)
	for _, o := range a.Observers {
		if slices.Contains(o.Channels, entry.Name) {
			parties = append(parties, proto.Party{Agency: o.Agency, Listen: o.Roles, Observer: o.Until})
		}
	}
	return parties
}

// TestACharterWiderInAnyOneRespectIsRefused: the widest charter passes, and none
// that is wider by one thing.
func TestACharterWiderInAnyOneRespectIsRefused(t *testing.T) {
	a := agreed(t)
	for _, name := range []string{"calling", "talk", "incidents"} {
		c := chartered(a, name)
		if err := a.Allows(&c, day0()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	add := func(list *[]proto.Role, r proto.Role) { *list = append(slices.Clone(*list), r) }
	for why, tt := range map[string]struct {
		channel string
		widen   func(*proto.Charter)
		want    proto.Reason
	}{
		"another agreement":              {"talk", func(c *proto.Charter) { c.Agreement[0]++ }, proto.ReasonNoAgreement},
		"another title":                  {"talk", func(c *proto.Charter) { c.Title += "x" }, proto.ReasonAgreement},
		"another owner":                  {"talk", func(c *proto.Charter) { c.Owner = us }, proto.ReasonAgreement},
		"a kind that is not there":       {"talk", func(c *proto.Charter) { c.Kind = proto.KindPatrol }, proto.ReasonAgreement},
		"a calling channel of that name": {"talk", func(c *proto.Charter) { c.Kind = proto.KindCalling }, proto.ReasonAgreement},
		"another suite":                  {"talk", func(c *proto.Charter) { c.Suite = proto.SuiteP256 }, proto.ReasonAgreement},
		"more storage":                   {"talk", func(c *proto.Charter) { c.Storage = proto.StorageSealed }, proto.ReasonAgreement},
		"a longer talk limit":            {"talk", func(c *proto.Charter) { c.TalkLimit += time.Second }, proto.ReasonAgreement},
		"another agency": {"talk", func(c *proto.Charter) {
			c.Parties = append(c.Parties, proto.Party{Agency: "x.example", Listen: []proto.Role{proto.RoleDesk}})
		}, proto.ReasonAgreement},
		"a role that speaks":  {"talk", func(c *proto.Charter) { add(&c.Parties[0].Send, proto.RoleDesk) }, proto.ReasonAgreement},
		"a role that listens": {"talk", func(c *proto.Charter) { add(&c.Parties[0].Listen, proto.RoleRecorder) }, proto.ReasonAgreement},
		"a role that hails":   {"calling", func(c *proto.Charter) { add(&c.Parties[0].Hail, proto.RoleDesk) }, proto.ReasonAgreement},
		"the called who hail": {"calling", func(c *proto.Charter) { add(&c.Parties[1].Hail, proto.RoleDesk) }, proto.ReasonAgreement},
		"a higher priority":   {"talk", func(c *proto.Charter) { c.Parties[0].MaxPriority++ }, proto.ReasonAgreement},
		"all instead of two":  {"calling", func(c *proto.Charter) { c.Parties[1].Only = nil }, proto.ReasonAgreement},
		"a third name": {"calling", func(c *proto.Charter) {
			c.Parties[1].Only = append(slices.Clone(c.Parties[1].Only), nameOf(t, "gn.example/desk/c"))
		}, proto.ReasonAgreement},
		"another step of the ladder":  {"calling", func(c *proto.Charter) { c.Ladder = append(c.Ladder, c.Ladder[0]) }, proto.ReasonAgreement},
		"a ladder that is faster":     {"calling", func(c *proto.Charter) { c.Ladder[0].After-- }, proto.ReasonAgreement},
		"a ladder that pages others":  {"calling", func(c *proto.Charter) { c.Ladder[0].Page = []proto.Name{nameOf(t, "gn.example/desk/a")} }, proto.ReasonAgreement},
		"no ladder":                   {"calling", func(c *proto.Charter) { c.Ladder = nil }, proto.ReasonAgreement},
		"another time to begin again": {"calling", func(c *proto.Charter) { c.Rearm = 0 }, proto.ReasonAgreement},
		"a template that is wider":    {"calling", func(c *proto.Charter) { add(&c.Template[1].Send, proto.RoleUnit) }, proto.ReasonAgreement},
		"an observer for longer":      {"talk", func(c *proto.Charter) { c.Parties[2].Observer = c.Parties[2].Observer.Add(time.Second) }, proto.ReasonAgreement},
		"an observer for ever":        {"talk", func(c *proto.Charter) { c.Parties[2].Observer = time.Time{} }, proto.ReasonAgreement},
		"an observer that speaks":     {"talk", func(c *proto.Charter) { add(&c.Parties[2].Send, proto.RoleDesk) }, proto.ReasonAgreement},
		"another role that observes":  {"talk", func(c *proto.Charter) { add(&c.Parties[2].Listen, proto.RoleUnit) }, proto.ReasonAgreement},
		"an observer where it is not": {"calling", func(c *proto.Charter) {
			c.Parties = append(c.Parties, proto.Party{Agency: ca, Listen: []proto.Role{proto.RoleDesk}, Observer: day0().Add(time.Hour)})
		}, proto.ReasonAgreement},
		"a party that observes": {"talk", func(c *proto.Charter) {
			c.Parties[0] = proto.Party{Agency: us, Listen: []proto.Role{proto.RoleUnit}, Observer: day0().Add(time.Hour)}
		}, proto.ReasonAgreement},
	} {
		c := chartered(a, tt.channel)
		tt.widen(&c)
		if err := a.Allows(&c, day0()); proto.ReasonOf(err) != tt.want {
			t.Errorf("%s: %v, want reason %d", why, err, tt.want)
		}
	}
	exercise := a
	exercise.Exercise = true
	c := chartered(a, "talk")
	if err := exercise.Allows(&c, day0()); proto.ReasonOf(err) != proto.ReasonAgreement {
		t.Errorf("a real channel under an exercise: %v", err)
	}
	if c.Exercise = true; a.Allows(&c, day0()) != nil {
		t.Error("an exercise under a real agreement is refused")
	}
	for at, want := range map[time.Time]proto.Reason{day0().Add(-1): proto.ReasonNoAgreement, a.Ends.Add(-1): proto.ReasonNone, a.Ends: proto.ReasonWithdrawn} {
		if err := a.Allows(&c, at); proto.ReasonOf(err) != want {
			t.Errorf("at %v: %v, want reason %d", at, err, want)
		}
	}
}

// TestAnAllowedCharterGivesNobodyMore: whatever a charter that the agreement allows
// lets anybody do, the agreement says too that they may. Charters are made at random
// from what there could be.
func TestAnAllowedCharterGivesNobodyMore(t *testing.T) {
	a := agreed(t)
	rng := rand.New(rand.NewPCG(1, 2))
	roles := []proto.Role{proto.RoleUnit, proto.RoleDesk, proto.RoleRecorder}
	some := func() (list []proto.Role) {
		for _, r := range roles {
			if rng.IntN(3) == 0 {
				list = append(list, r)
			}
		}
		return list
	}
	allowed, refused := 0, 0
	for range 30_000 {
		entry := a.Channels[rng.IntN(len(a.Channels))]
		c := chartered(a, entry.Name)
		for range 1 + rng.IntN(2) {
			p := &c.Parties[rng.IntN(len(c.Parties))]
			switch rng.IntN(5) {
			case 0:
				p.Send = some()
			case 1:
				p.Listen = some()
			case 2:
				p.Hail = some()
			case 3:
				p.Only = nil
			case 4:
				p.Agency = []proto.Agency{us, mx, ca}[rng.IntN(3)]
			}
		}
		if a.Allows(&c, day0()) != nil {
			refused++
			continue
		}
		allowed++
		for _, agency := range []proto.Agency{us, mx, ca} {
			for _, r := range roles {
				for _, label := range []string{"a", "z"} {
					n := proto.Name{Agency: agency, Role: r, Label: label}
					for act, may := range map[proto.May]bool{
						proto.MayListen: c.RightAt(n, day0()) != proto.RightNone, proto.MaySpeak: c.RightAt(n, day0()) == proto.RightSend,
						proto.MayHail: c.Kind == proto.KindCalling && c.MayHail(n),
					} {
						if says := a.Explain(n, entry.Name, act, day0(), proto.English); may && !says.May {
							t.Fatalf("the charter lets %v %v: %s; charter %+v", n, act, says.Sentence, c)
						}
					}
				}
			}
		}
	}
	if allowed < 1000 || refused < 1000 {
		t.Errorf("%d charters allowed, %d refused: the test does not see both", allowed, refused)
	}
}

// TestExplain: the sentence names who, what, where and why.
func TestExplain(t *testing.T) {
	a := agreed(t)
	for _, tt := range []struct {
		name, channel string
		act           proto.May
		at            time.Time
		may           bool
		says          string
	}{
		{"usbp.example/unit/a", "calling", proto.MayHail, day0(), true, `unit/a of usbp.example may hail on "calling" (calling), until 2027-02-10T12:00:00Z`},
		{"usbp.example/unit/a", "calling", proto.MaySpeak, day0(), true, "up to emergency"},
		{"usbp.example/desk/a", "calling", proto.MayHail, day0(), false, "only unit may"},
		{"usbp.example/recorder/a", "calling", proto.MayListen, day0(), true, "may listen"},
		{"usbp.example/recorder/a", "calling", proto.MaySpeak, day0(), false, "only unit and desk may"},
		{"gn.example/desk/a", "calling", proto.MaySpeak, day0(), true, "up to urgent"},
		{"gn.example/desk/c", "calling", proto.MaySpeak, day0(), false, "of gn.example only desk/a, desk/b may"},
		{"gn.example/desk/a", "calling", proto.MayHail, day0(), false, "nobody may"},
		{"gn.example/desk/a", "incidents", proto.MayOpen, day0(), true, "by a hail that is accepted"},
		{"usbp.example/unit/a", "talk", proto.MayOpen, day0(), false, "usbp.example opens none"},
		{"rcmp.example/desk/a", "talk", proto.MayListen, day0(), true, "as an observer, shown to everybody, until 2026-11-12T12:00:00Z"},
		{"rcmp.example/desk/a", "talk", proto.MaySpeak, day0(), false, "it hears and reads, and cannot send"},
		{"rcmp.example/unit/a", "talk", proto.MayListen, day0(), false, "only desk may"},
		{"rcmp.example/desk/a", "calling", proto.MayListen, day0(), false, "observes other channels"},
		{"rcmp.example/desk/a", "talk", proto.MayListen, day0().Add(11 * 24 * time.Hour), false, "observed until"},
		{"x.example/desk/a", "talk", proto.MayListen, day0(), false, "x.example has no part in it"},
		{"usbp.example/unit/a", "other", proto.MaySpeak, day0(), false, `"Border" has no such channel`},
		{"usbp.example/unit/a", "talk", proto.MaySpeak, a.Ends, false, "ended 2027-02-10"},
	} {
		got := a.Explain(nameOf(t, tt.name), tt.channel, tt.act, tt.at, proto.English)
		for _, l := range []proto.Language{proto.Spanish, proto.French} {
			other := a.Explain(nameOf(t, tt.name), tt.channel, tt.act, tt.at, l)
			left := strings.ContainsAny(other.Sentence, "%") || strings.Contains(other.Sentence, " may ") || strings.Contains(other.Sentence, " only ")
			if other.May != got.May || other.Sentence == got.Sentence || left {
				t.Errorf("in language %d: %v, %s; in English %v, %s", l, other.May, other.Sentence, got.May, got.Sentence)
			}
		}
		if got.May != tt.may || !strings.Contains(got.Sentence, tt.says) {
			t.Errorf("%s %s %s: %v, %s; want %v, %q", tt.name, tt.act, tt.channel, got.May, got.Sentence, tt.may, tt.says)
		}
	}
}
