package proto

import (
	"testing"
	"time"
)

func aNotice() Notice {
	at := time.Date(2026, 12, 24, 2, 0, 0, 0, time.UTC)
	return Notice{
		Agency: "usbp.example", To: []Agency{"gn.example"}, Kind: NoticeMaintenance, Title: "New disks",
		Issued: at.Add(-60 * 24 * time.Hour), Begins: at, Ends: at.Add(time.Hour),
	}
}

// TestNoticeStages: each reminder comes at its time, and not a second earlier.
func TestNoticeStages(t *testing.T) {
	n := aNotice()
	day := 24 * time.Hour
	for _, c := range []struct {
		left time.Duration
		want NoticeStage
	}{
		{30*day + time.Second, StageAnnounced}, {30 * day, StageMonth},
		{7*day + time.Second, StageMonth}, {7 * day, StageWeek},
		{day + time.Second, StageWeek}, {day, StageDay},
		{time.Hour + time.Second, StageDay}, {time.Hour, StageHour},
		{time.Second, StageHour}, {0, StageBegun}, {-time.Hour + time.Second, StageBegun}, {-time.Hour, StageOver},
	} {
		if got := n.Stage(n.Begins.Add(-c.left)); got != c.want {
			t.Errorf("%v before: %s, want %s", c.left, got, c.want)
		}
	}
}

func TestNoticeCoversItsTime(t *testing.T) {
	n := aNotice()
	for at, want := range map[time.Time]bool{
		n.Begins.Add(-NoticeSkew): true, n.Begins.Add(-NoticeSkew - time.Second): false,
		n.Ends.Add(NoticeSkew): true, n.Ends.Add(NoticeSkew + time.Second): false,
	} {
		if n.Covers(at) != want {
			t.Errorf("%v: covers %v", at, !want)
		}
	}
}

// TestNoticeRules: a rule that is broken is refused, one at a time.
func TestNoticeRules(t *testing.T) {
	gateway := Name{"usbp.example", RoleGateway, "p25"}
	for what, spoil := range map[string]func(*Notice){
		"no kind":                    func(n *Notice) { n.Kind = 0 },
		"withdraws nothing":          func(n *Notice) { n.Kind = NoticeWithdrawn },
		"for itself":                 func(n *Notice) { n.To = []Agency{"usbp.example"} },
		"for one twice":              func(n *Notice) { n.To = []Agency{"gn.example", "gn.example"} },
		"after it is over":           func(n *Notice) { n.Issued = n.Ends },
		"years ahead":                func(n *Notice) { n.Issued = n.Issued.Add(-3 * 366 * 24 * time.Hour) },
		"for years":                  func(n *Notice) { n.Ends = n.Ends.Add(MaxNoticeSpan) },
		"half seconds":               func(n *Notice) { n.Ends = n.Ends.Add(time.Second / 2) },
		"parameters of another kind": func(n *Notice) { n.Root = [32]byte{1} },
		"protocol without versions":  func(n *Notice) { n.Kind = NoticeProtocol },
		"versions upside down":       func(n *Notice) { n.Kind, n.Protocol = NoticeProtocol, ProtocolChange{Min: 2, Max: 1} },
		"odd capability": func(n *Notice) {
			n.Kind, n.Protocol = NoticeProtocol, ProtocolChange{Min: 1, Max: 1, Capabilities: []string{"a b"}}
		},
		"no suite left": func(n *Notice) { n.Kind, n.Suites.Before = NoticeSuite, []uint16{2} },
		"same suites":   func(n *Notice) { n.Kind, n.Suites = NoticeSuite, SuiteChange{[]uint16{2}, []uint16{2}} },
		"suite 0":       func(n *Notice) { n.Kind, n.Suites = NoticeSuite, SuiteChange{[]uint16{2}, []uint16{0}} },
		"odd codec":     func(n *Notice) { n.Kind, n.Codecs = NoticeCodec, CodecChange{[]string{"opus"}, []string{"a b"}} },
		"no root":       func(n *Notice) { n.Kind = NoticeRollover },
		"another's gateway": func(n *Notice) {
			n.Kind, n.Gateway.Name = NoticeGateway, Name{"gn.example", RoleGateway, "p25"}
		},
		"a unit for a gateway":     func(n *Notice) { n.Kind, n.Gateway.Name = NoticeGateway, Name{"usbp.example", RoleUnit, "a"} },
		"gateway and suite":        func(n *Notice) { n.Kind, n.Gateway.Name, n.Suites.After = NoticeGateway, gateway, []uint16{2} },
		"address without port":     func(n *Notice) { n.Kind, n.Address = NoticeAddress, AddressChange{"a.example:1", "a.example"} },
		"address with an escape":   func(n *Notice) { n.Kind, n.Address = NoticeAddress, AddressChange{"a.example:1", "a\x1b.example:1"} },
		"port 0":                   func(n *Notice) { n.Kind, n.Address = NoticeAddress, AddressChange{"a.example:1", "a.example:0"} },
		"address without brackets": func(n *Notice) { n.Kind, n.Address = NoticeAddress, AddressChange{"a.example:1", "2001:db8::1:1"} },
		"address in another form":  func(n *Notice) { n.Kind, n.Address = NoticeAddress, AddressChange{"a.example:1", "[2001:DB8::1]:1"} },
		"port alone":               func(n *Notice) { n.Kind, n.Address = NoticeAddress, AddressChange{"a.example:1", ":1"} },
		"port 01":                  func(n *Notice) { n.Kind, n.Address = NoticeAddress, AddressChange{"a.example:1", "a.example:01"} },
	} {
		n := aNotice()
		if err := n.Validate(); err != nil {
			t.Fatal(err)
		}
		if spoil(&n); ReasonOf(n.Validate()) != ReasonMalformed {
			t.Errorf("%s: %v", what, n.Validate())
		}
	}
	for what, spoil := range map[string]func(*NoticeAnswer){
		"answers itself":     func(a *NoticeAnswer) { a.By = a.Of },
		"objects in silence": func(a *NoticeAnswer) { a.Objects = true },
		"escapes":            func(a *NoticeAnswer) { a.Text = "\x1b" },
		"no time":            func(a *NoticeAnswer) { a.Issued = time.Time{} },
	} {
		a := NoticeAnswer{Notice: NoticeID{1}, Of: "usbp.example", By: "gn.example", Issued: aNotice().Issued}
		if err := a.Validate(); err != nil {
			t.Fatal(err)
		}
		if spoil(&a); ReasonOf(a.Validate()) != ReasonMalformed {
			t.Errorf("%s: %v", what, a.Validate())
		}
	}
}

func TestNoticeKindsAreReadAsTheyAreWritten(t *testing.T) {
	for k := NoticeProtocol; k <= NoticeWithdrawn; k++ {
		if got, err := ParseNoticeKind(k.String()); err != nil || got != k {
			t.Errorf("%s: %v, %v", k, got, err)
		}
	}
	if _, err := ParseNoticeKind("unknown kind"); err == nil {
		t.Error("an unknown kind is read")
	}
}
