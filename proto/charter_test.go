package proto_test

import (
	"testing"
	"time"

	pb "google.golang.org/protobuf/proto"

	"crossband/proto"
	"crossband/proto/wire"
)

// calling is a good calling channel of two agencies.
func calling() *wire.Charter {
	return &wire.Charter{
		Owner: "usbp.example",
		Kind:  wire.Charter_KIND_CALLING,
		Title: "Del Rio / Acuña",
		Suite: uint32(proto.SuiteP384),
		Parties: []*wire.Charter_Party{
			{Agency: "usbp.example", Send: []string{"desk", "unit"}, Listen: []string{"recorder"}, MaxPriority: 5},
			{Agency: "gn.example", Send: []string{"desk"}, MaxPriority: 5},
		},
		Template: []*wire.Charter_Party{
			{Agency: "usbp.example", Send: []string{"desk", "unit"}, MaxPriority: 5},
			{Agency: "gn.example", Send: []string{"desk", "unit"}, MaxPriority: 4},
		},
		Storage:     wire.Charter_STORAGE_SEALED,
		NotBeforeMs: 1_000,
		ExpiresMs:   100_000,
		Nonce:       []byte("0123456789abcdef"),
	}
}

func ladder(page ...string) []*wire.Charter_Step {
	return []*wire.Charter_Step{{AfterMs: 20_000, Page: page}}
}

// incident is a good incident under calling's channel.
func incident(parent proto.ChannelID) *wire.Charter {
	c := calling()
	c.Kind, c.Template = wire.Charter_KIND_INCIDENT, nil
	c.Incident, c.Parent = make([]byte, 16), parent[:]
	c.Parties[0].Listen = nil
	c.Parties[1].MaxPriority = 4
	return c
}

func marshal(t testing.TB, m pb.Message) []byte {
	t.Helper()
	b, err := pb.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func parse(t testing.TB, m *wire.Charter) proto.Charter {
	t.Helper()
	c, err := proto.ParseCharter(marshal(t, m))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestParseCharter(t *testing.T) {
	c := parse(t, calling())
	if c.Channel != proto.ChannelIDOf(marshal(t, calling())) || c.TalkLimit != proto.TalkLimit || len(c.Parties) != 2 {
		t.Errorf("charter %+v", c)
	}
	for name, right := range map[string]proto.Right{
		"spiffe://usbp.example/unit/a":     proto.RightSend,
		"spiffe://usbp.example/recorder/a": proto.RightListen,
		"spiffe://usbp.example/gateway/a":  proto.RightNone,
		"spiffe://gn.example/unit/a":       proto.RightNone,
		"spiffe://rcmp.example/desk/a":     proto.RightNone,
	} {
		n, err := proto.ParseName(name)
		if err != nil || c.RightOf(n) != right {
			t.Errorf("%s has right %d, %v; want %d", name, c.RightOf(n), err, right)
		}
	}
	for at, want := range map[int64]proto.Reason{999: proto.ReasonClosed, 1_000: 0, 99_999: 0, 100_000: proto.ReasonClosed} {
		if err := c.Check(time.UnixMilli(at)); proto.ReasonOf(err) != want {
			t.Errorf("at %d ms: %v", at, err)
		}
	}
}

func TestCharterLimits(t *testing.T) {
	m := calling()
	m.Agreement, m.RearmMs = make([]byte, 32), 60_000
	m.Ladder = []*wire.Charter_Step{
		{AfterMs: 20_000, Page: []string{"spiffe://gn.example/desk/a", "spiffe://gn.example/desk/b"}},
		{AfterMs: 40_000, Page: []string{"spiffe://usbp.example/desk/a"}},
	}
	m.Parties[0].Hail = []string{"unit"}
	m.Parties[1].Only = []string{"spiffe://gn.example/desk/a", "spiffe://gn.example/desk/b"}
	m.Parties = append(m.Parties, &wire.Charter_Party{Agency: "rcmp.example", Listen: []string{"desk"}, ObserverUntilMs: 50_000})
	c := parse(t, m)
	if len(c.Ladder) != 2 || c.Ladder[1].After != 40*time.Second || c.Ladder[1].Page[0].Agency != "usbp.example" || c.Rearm != time.Minute {
		t.Errorf("ladder %+v, again after %v", c.Ladder, c.Rearm)
	}
	if !c.Parties[2].Observer.Equal(time.UnixMilli(50_000)) || !c.Parties[0].Observer.IsZero() {
		t.Errorf("parties %+v", c.Parties)
	}
	for name, right := range map[string]proto.Right{
		"spiffe://gn.example/desk/a":   proto.RightSend,
		"spiffe://gn.example/desk/c":   proto.RightNone, // not among those named
		"spiffe://usbp.example/desk/c": proto.RightSend,
		"spiffe://rcmp.example/desk/a": proto.RightListen,
	} {
		n, err := proto.ParseName(name)
		if err != nil || c.RightOf(n) != right {
			t.Errorf("%s has right %d, %v; want %d", name, c.RightOf(n), err, right)
		}
	}
}

func TestCharterRefusals(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*wire.Charter)
		want   proto.Reason
	}{
		"no kind":                {func(c *wire.Charter) { c.Kind = 0 }, proto.ReasonMalformed},
		"kind 5":                 {func(c *wire.Charter) { c.Kind = 5 }, proto.ReasonMalformed},
		"kind 257":               {func(c *wire.Charter) { c.Kind = 257 }, proto.ReasonMalformed},
		"no storage rule":        {func(c *wire.Charter) { c.Storage = 0 }, proto.ReasonMalformed},
		"storage rule 258":       {func(c *wire.Charter) { c.Storage = 258 }, proto.ReasonMalformed},
		"suite 1":                {func(c *wire.Charter) { c.Suite = 1 }, proto.ReasonWeakSuite},
		"suite 65538":            {func(c *wire.Charter) { c.Suite = 65538 }, proto.ReasonWeakSuite},
		"no title":               {func(c *wire.Charter) { c.Title = "" }, proto.ReasonMalformed},
		"title turned round":     {func(c *wire.Charter) { c.Title = "a\u202eb" }, proto.ReasonMalformed},
		"title in look-alike":    {func(c *wire.Charter) { c.Title = "Dеl Rio" }, proto.ReasonMalformed},
		"title with a C1":        {func(c *wire.Charter) { c.Title = "Del\u009b2JRio" }, proto.ReasonMalformed},
		"title with U+00AD":      {func(c *wire.Charter) { c.Title = "Del\u00adRio" }, proto.ReasonMalformed},
		"title not UTF-8":        {func(c *wire.Charter) { c.Title = "Del\tRio" }, proto.ReasonMalformed},
		"ends as it begins":      {func(c *wire.Charter) { c.ExpiresMs = c.NotBeforeMs }, proto.ReasonMalformed},
		"talk limit too long":    {func(c *wire.Charter) { c.TalkLimitMs = 60_001 }, proto.ReasonMalformed},
		"owner not a party":      {func(c *wire.Charter) { c.Owner = "rcmp.example" }, proto.ReasonMalformed},
		"party twice":            {func(c *wire.Charter) { c.Parties = append(c.Parties, c.Parties[0]) }, proto.ReasonMalformed},
		"relay as a member":      {func(c *wire.Charter) { c.Parties[0].Send = []string{"relay"} }, proto.ReasonMalformed},
		"short agreement":        {func(c *wire.Charter) { c.Agreement = make([]byte, 31) }, proto.ReasonMalformed},
		"unit not in send hails": {func(c *wire.Charter) { c.Parties[1].Hail = []string{"unit"} }, proto.ReasonMalformed},
		"observer that sends":    {func(c *wire.Charter) { c.Parties[1].ObserverUntilMs = 50_000 }, proto.ReasonMalformed},
		"only another's unit":    {func(c *wire.Charter) { c.Parties[1].Only = []string{"spiffe://usbp.example/unit/a"} }, proto.ReasonMalformed},
		"only a relay":           {func(c *wire.Charter) { c.Parties[1].Only = []string{"spiffe://gn.example/relay/a"} }, proto.ReasonMalformed},
		"the same name twice": {func(c *wire.Charter) {
			c.Parties[1].Only = []string{"spiffe://gn.example/desk/a", "spiffe://gn.example/desk/a"}
		}, proto.ReasonMalformed},
		"ladder in a talkgroup": {func(c *wire.Charter) {
			c.Kind, c.Template, c.Ladder = wire.Charter_KIND_STANDING, nil, ladder("spiffe://gn.example/desk/a")
		}, proto.ReasonMalformed},
		"begins again without a ladder":    {func(c *wire.Charter) { c.RearmMs = 60_000 }, proto.ReasonMalformed},
		"begins again at once":             {func(c *wire.Charter) { c.Ladder, c.RearmMs = ladder("spiffe://gn.example/desk/a"), 59_999 }, proto.ReasonMalformed},
		"begins again after two days":      {func(c *wire.Charter) { c.Ladder, c.RearmMs = ladder("spiffe://gn.example/desk/a"), 172_800_000 }, proto.ReasonMalformed},
		"ladder to a unit":                 {func(c *wire.Charter) { c.Ladder = ladder("spiffe://usbp.example/unit/a") }, proto.ReasonMalformed},
		"ladder to a stranger":             {func(c *wire.Charter) { c.Ladder = ladder("spiffe://rcmp.example/desk/a") }, proto.ReasonMalformed},
		"ladder to a hook without a right": {func(c *wire.Charter) { c.Ladder = ladder("spiffe://gn.example/hook/a") }, proto.ReasonMalformed},
		"ladder to nobody":                 {func(c *wire.Charter) { c.Ladder = ladder() }, proto.ReasonMalformed},
		"ladder of nine steps": {func(c *wire.Charter) {
			for i := range 9 {
				c.Ladder = append(c.Ladder, &wire.Charter_Step{AfterMs: uint32(i + 1), Page: []string{"spiffe://gn.example/desk/a"}})
			}
		}, proto.ReasonMalformed},
		"ladder that falls": {func(c *wire.Charter) {
			c.Ladder = append(ladder("spiffe://gn.example/desk/a"), ladder("spiffe://gn.example/desk/b")...)
		}, proto.ReasonMalformed},
		"role twice":         {func(c *wire.Charter) { c.Parties[0].Send = []string{"desk", "desk"} }, proto.ReasonMalformed},
		"upper case agency":  {func(c *wire.Charter) { c.Owner = "USBP.example" }, proto.ReasonMalformed},
		"priority too high":  {func(c *wire.Charter) { c.Parties[0].MaxPriority = 6 }, proto.ReasonMalformed},
		"priority 257":       {func(c *wire.Charter) { c.Parties[0].MaxPriority = 257 }, proto.ReasonMalformed},
		"no such incident":   {func(c *wire.Charter) { c.Kind, c.Template = wire.Charter_KIND_INCIDENT, nil }, proto.ReasonMalformed},
		"template elsewhere": {func(c *wire.Charter) { c.Kind = wire.Charter_KIND_STANDING }, proto.ReasonMalformed},
		"amends nothing":     {func(c *wire.Charter) { c.Revision = 1 }, proto.ReasonMalformed},
		"a short nonce":      {func(c *wire.Charter) { c.Nonce = c.Nonce[1:] }, proto.ReasonMalformed},
		"a long nonce":       {func(c *wire.Charter) { c.Nonce = make([]byte, 50<<10) }, proto.ReasonMalformed},
		"a channel":          {func(c *wire.Charter) { c.Channel = make([]byte, 50<<10) }, proto.ReasonMalformed},
		"an incident":        {func(c *wire.Charter) { c.Incident = make([]byte, 16) }, proto.ReasonMalformed},
		"a long parent":      {func(c *wire.Charter) { c.Parent = make([]byte, 50<<10) }, proto.ReasonMalformed},
		"too large":          {func(c *wire.Charter) { c.Nonce = make([]byte, proto.MaxCharter) }, proto.ReasonTooLarge},
	} {
		c := calling()
		tt.change(c)
		if got, err := proto.ParseCharter(marshal(t, c)); proto.ReasonOf(err) != tt.want {
			t.Errorf("%s: %+v, %v; want reason %d", name, got, err, tt.want)
		}
	}
	if _, err := proto.ParseCharter([]byte{0xff}); proto.ReasonOf(err) != proto.ReasonMalformed {
		t.Errorf("no protobuf: %v", err)
	}
}

func TestIncidentStaysWithinItsTemplate(t *testing.T) {
	parent := parse(t, calling())
	desk := proto.Name{Agency: "usbp.example", Role: proto.RoleDesk, Label: "del-rio"}
	for name, tt := range map[string]struct {
		change func(*wire.Charter)
		want   proto.Reason
	}{
		"as the template": {func(*wire.Charter) {}, proto.ReasonNone},
		"fewer roles":     {func(c *wire.Charter) { c.Parties[0].Send = []string{"unit"} }, proto.ReasonNone},
		"a sender listens": {func(c *wire.Charter) {
			c.Parties[0].Send, c.Parties[0].Listen = []string{"desk"}, []string{"unit"}
		}, proto.ReasonNone},
		"a role more":       {func(c *wire.Charter) { c.Parties[1].Send = []string{"desk", "gateway"} }, proto.ReasonCharter},
		"a listener more":   {func(c *wire.Charter) { c.Parties[1].Listen = []string{"recorder"} }, proto.ReasonCharter},
		"more priority":     {func(c *wire.Charter) { c.Parties[1].MaxPriority = 5 }, proto.ReasonCharter},
		"an agency more":    {func(c *wire.Charter) { c.Parties = append(c.Parties, &wire.Charter_Party{Agency: "rcmp.example"}) }, proto.ReasonCharter},
		"longer":            {func(c *wire.Charter) { c.ExpiresMs++ }, proto.ReasonCharter},
		"another agreement": {func(c *wire.Charter) { c.Agreement = make([]byte, 32); c.Agreement[0] = 1 }, proto.ReasonCharter},
		"an observer more": {func(c *wire.Charter) {
			c.Parties[1].Send, c.Parties[1].Listen, c.Parties[1].ObserverUntilMs = nil, []string{"desk"}, 50_000
		}, proto.ReasonCharter},
		"only some":        {func(c *wire.Charter) { c.Parties[1].Only = []string{"spiffe://gn.example/desk/a"} }, proto.ReasonNone},
		"another parent":   {func(c *wire.Charter) { c.Parent = make([]byte, 32) }, proto.ReasonCharter},
		"signed elsewhere": {func(c *wire.Charter) { c.Owner = "gn.example" }, proto.ReasonCharter},
	} {
		m := incident(parent.Channel)
		tt.change(m)
		c := parse(t, m)
		if err := c.SignerMay(desk, &parent); proto.ReasonOf(err) != tt.want {
			t.Errorf("%s: %v, want reason %d", name, err, tt.want)
		}
	}
	narrow := calling()
	narrow.Template[1].Only = []string{"spiffe://gn.example/desk/a", "spiffe://gn.example/desk/b"}
	narrowed := parse(t, narrow)
	for name, only := range map[string][]string{"all": nil, "another": {"spiffe://gn.example/desk/c"}, "one of two": {"spiffe://gn.example/desk/a"}} {
		m := incident(narrowed.Channel)
		m.Parties[1].Only = only
		c := parse(t, m)
		if err := c.SignerMay(desk, &narrowed); (err == nil) != (name == "one of two") {
			t.Errorf("a template that names two, an incident that names %s: %v", name, err)
		}
	}
	c := parse(t, incident(parent.Channel))
	for _, role := range []proto.Role{proto.RoleHook, proto.RoleGateway, proto.RoleRecorder, proto.RoleRelay} {
		signer := proto.Name{Agency: "usbp.example", Role: role, Label: "x"}
		if err := c.SignerMay(signer, &parent); proto.ReasonOf(err) != proto.ReasonCharter {
			t.Errorf("%s signed an incident: %v", signer, err)
		}
	}
	withHooks := calling()
	withHooks.Parties[0].Send = append(withHooks.Parties[0].Send, "hook")
	open := parse(t, withHooks)
	opened := parse(t, incident(open.Channel))
	if err := opened.SignerMay(proto.Name{Agency: "usbp.example", Role: proto.RoleHook, Label: "x"}, &open); err != nil {
		t.Errorf("a hook that may hail may not open what its hail leads to: %v", err)
	}
	if err := opened.SignerMay(proto.Name{Agency: "usbp.example", Role: proto.RoleGateway, Label: "x"}, &open); proto.ReasonOf(err) != proto.ReasonCharter {
		t.Errorf("a gateway signed an incident: %v", err)
	}
	if err := parent.SignerMay(desk, nil); proto.ReasonOf(err) != proto.ReasonCharter {
		t.Errorf("a desk signed a calling channel: %v", err)
	}
}

func FuzzParseCharter(f *testing.F) {
	good := marshal(f, calling())
	f.Add(good)
	f.Add(marshal(f, incident(proto.ChannelIDOf(good))))
	f.Add(good[:len(good)/2])
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := proto.ParseCharter(b)
		if err != nil {
			return
		}
		if !c.HasParty(c.Owner) || !c.Expires.After(c.NotBefore) || len(c.Parties) > proto.MaxParties ||
			c.TalkLimit <= 0 || c.TalkLimit > proto.TalkLimit {
			t.Fatalf("%x accepted as %+v", b, c)
		}
	})
}
