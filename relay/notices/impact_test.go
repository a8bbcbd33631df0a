package notices

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"crossband/crypto/identity"
	"crossband/proto"
)

const (
	us = proto.Agency("usbp.example")
	mx = proto.Agency("gn.example")
	ca = proto.Agency("rcmp.example")
)

func start() time.Time { return time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC) }

// world is what the relay of us knows: a calling channel that it owns, a standing one
// of suite 2 whose hub is at mx, and one with ca alone.
func world() *Knowledge {
	return &Knowledge{
		Self: us, VersionMin: 1, VersionMax: 1, Capabilities: []string{"x"}, Suites: []uint16{2, 7}, Codecs: []string{"opus"}, OwnRoots: [][32]byte{{1}},
		Channels: []Channel{
			{Title: "Rio calling", Owner: us, Suite: 7, Calling: true, Parties: []Party{{us, false, 4}, {mx, true, 2}}},
			{Title: "Rio patrol", Owner: mx, Suite: 2, Parties: []Party{{us, false, 3}, {mx, false, 5}}},
			{Title: "North", Owner: ca, Suite: 2, Parties: []Party{{us, false, 1}, {ca, false, 1}}},
		},
		Partners: map[proto.Agency]Partner{
			mx: {Dials: "192.0.2.7:4433", Roots: [][32]byte{{7}}, Last: &Look{VersionMin: 1, VersionMax: 2}},
			ca: {Roots: [][32]byte{{9}}},
		},
	}
}

func change(by proto.Agency, to []proto.Agency, f func(*proto.Notice)) *proto.Notice {
	n := &proto.Notice{Agency: by, To: to, Title: "A change", Issued: start(), Begins: start().Add(48 * time.Hour), Ends: start().Add(49 * time.Hour)}
	f(n)
	return n
}

// TestImpact: of each kind what breaks, for whom, and what does not.
func TestImpact(t *testing.T) {
	words := identity.Fingerprint([32]byte{8}).String()
	for _, c := range []struct {
		what   string
		notice *proto.Notice
		want   []string // code, for whom, "breaks", channels
		say    []string
	}{
		{"versions that do not meet", change(mx, []proto.Agency{us}, func(n *proto.Notice) {
			n.Kind, n.Protocol = proto.NoticeProtocol, proto.ProtocolChange{Min: 2, Max: 3}
		}), []string{"link-refused usbp.example breaks [Rio calling Rio patrol]"}, []string{"2 to 3", "1 to 1", "(200)", "2026-11-04 12:00 UTC"}},
		{"versions that meet, without a capability", change(mx, []proto.Agency{us}, func(n *proto.Notice) {
			n.Kind, n.Protocol = proto.NoticeProtocol, proto.ProtocolChange{Min: 1, Max: 3, Capabilities: []string{"y"}}
		}), []string{"version-agreed usbp.example  []", "capability-ends usbp.example  []"}, []string{"version 1", "no more: x"}},
		{"our own versions: one partner is left behind, of one nothing is known", change(us, []proto.Agency{mx, ca}, func(n *proto.Notice) {
			n.Kind, n.Protocol = proto.NoticeProtocol, proto.ProtocolChange{Min: 3, Max: 3}
		}), []string{"link-refused gn.example breaks [Rio calling Rio patrol]", "partner-unknown rcmp.example  []"}, []string{"gn.example speaks 1 to 2"}},
		{"a suite that a channel rests on ends", change(mx, []proto.Agency{us}, func(n *proto.Notice) {
			n.Kind, n.Suites = proto.NoticeSuite, proto.SuiteChange{Before: []uint16{2, 7}, After: []uint16{7}}
		}), []string{"suite-ends usbp.example breaks [Rio patrol]"}, []string{"suite 2", "3 of usbp.example", `"Rio patrol"`}},
		{"a suite that no channel rests on ends", change(ca, []proto.Agency{us}, func(n *proto.Notice) {
			n.Kind, n.Suites = proto.NoticeSuite, proto.SuiteChange{Before: []uint16{2, 7}, After: []uint16{2}}
		}), []string{"nothing-affected usbp.example  []"}, nil},
		{"suites of which this build does none", change(ca, []proto.Agency{us}, func(n *proto.Notice) {
			n.Kind, n.Suites = proto.NoticeSuite, proto.SuiteChange{Before: []uint16{2}, After: []uint16{77}}
		}), []string{"suite-ends usbp.example breaks [North]", "suite-unknown usbp.example breaks []"}, []string{"[77]"}},
		{"our own suite ends", change(us, []proto.Agency{mx, ca}, func(n *proto.Notice) {
			n.Kind, n.Suites = proto.NoticeSuite, proto.SuiteChange{Before: []uint16{2, 7}, After: []uint16{7}}
		}), []string{"suite-ends gn.example breaks [Rio patrol]", "suite-ends rcmp.example breaks [North]"}, []string{"5 of gn.example", "1 of rcmp.example"}},
		{"a codec that nobody here speaks", change(mx, []proto.Agency{us}, func(n *proto.Notice) {
			n.Kind, n.Codecs = proto.NoticeCodec, proto.CodecChange{Before: []string{"opus"}, After: []string{"codec2"}}
		}), []string{"codec-unknown usbp.example breaks [Rio calling Rio patrol]"}, []string{"codec2", "opus"}},
		{"a codec beside ours", change(mx, []proto.Agency{us}, func(n *proto.Notice) {
			n.Kind, n.Codecs = proto.NoticeCodec, proto.CodecChange{Before: []string{"opus"}, After: []string{"codec2", "opus"}}
		}), []string{"nothing-affected usbp.example  []"}, nil},
		{"a root that has not been rolled here", change(mx, []proto.Agency{us}, func(n *proto.Notice) {
			n.Kind, n.Root = proto.NoticeRollover, [32]byte{8}
		}), []string{"root-not-trusted usbp.example breaks [Rio calling Rio patrol]"}, []string{words, "(102)"}},
		{"a root that is trusted", change(mx, []proto.Agency{us}, func(n *proto.Notice) {
			n.Kind, n.Root = proto.NoticeRollover, [32]byte{7}
		}), []string{"root-trusted usbp.example  []"}, nil},
		{"our own root, not rolled yet", change(us, []proto.Agency{mx}, func(n *proto.Notice) {
			n.Kind, n.Root = proto.NoticeRollover, [32]byte{8}
		}), []string{"root-not-trusted gn.example breaks []"}, []string{words, "agency roll"}},
		{"our own root, rolled", change(us, []proto.Agency{mx}, func(n *proto.Notice) {
			n.Kind, n.Root = proto.NoticeRollover, [32]byte{1}
		}), []string{"nothing-affected usbp.example  []"}, nil},
		{"a gateway comes", change(mx, []proto.Agency{us}, func(n *proto.Notice) {
			n.Kind, n.Gateway = proto.NoticeGateway, proto.GatewayChange{Name: proto.Name{Agency: mx, Role: proto.RoleGateway, Label: "p25"}, Up: true}
		}), []string{"gateway-up usbp.example  [Rio calling]"}, []string{"encryption ends there"}},
		{"a gateway goes", change(mx, []proto.Agency{us}, func(n *proto.Notice) {
			n.Kind, n.Gateway = proto.NoticeGateway, proto.GatewayChange{Name: proto.Name{Agency: mx, Role: proto.RoleGateway, Label: "p25"}}
		}), []string{"gateway-down usbp.example breaks [Rio calling]"}, []string{"not reached"}},
		{"maintenance at a hub", change(mx, []proto.Agency{us}, func(n *proto.Notice) { n.Kind = proto.NoticeMaintenance }),
			[]string{"hub-away usbp.example breaks [Rio patrol]", "members-away usbp.example breaks [Rio calling]"},
			[]string{"2026-11-04 12:00 UTC to 2026-11-04 13:00 UTC", "work locally"}},
		{"our own maintenance: their hails wait", change(us, []proto.Agency{mx}, func(n *proto.Notice) { n.Kind = proto.NoticeMaintenance }),
			[]string{"hub-away gn.example breaks [Rio calling]", "members-away gn.example breaks [Rio patrol]"}, []string{"hails to usbp.example wait"}},
		{"an address that we dial", change(mx, []proto.Agency{us}, func(n *proto.Notice) {
			n.Kind, n.Address = proto.NoticeAddress, proto.AddressChange{Before: "192.0.2.7:4433", After: "192.0.2.8:4433"}
		}), []string{"address-differs usbp.example breaks [Rio calling Rio patrol]"}, []string{"dials 192.0.2.7:4433", "to 192.0.2.8:4433"}},
		{"an address that we dial already", change(mx, []proto.Agency{us}, func(n *proto.Notice) {
			n.Kind, n.Address = proto.NoticeAddress, proto.AddressChange{Before: "192.0.2.8:4433", After: "192.0.2.7:4433"}
		}), []string{"address-changes usbp.example  []"}, nil},
		{"an address of who dials us", change(ca, []proto.Agency{us}, func(n *proto.Notice) {
			n.Kind, n.Address = proto.NoticeAddress, proto.AddressChange{Before: "192.0.2.8:4433", After: "192.0.2.9:4433"}
		}), []string{"address-changes usbp.example  []"}, []string{"let it through"}},
		{"words", change(mx, []proto.Agency{us}, func(n *proto.Notice) { n.Kind = proto.NoticeOther }), []string{"cannot-be-reckoned usbp.example  []"}, nil},
		{"taken back", change(mx, []proto.Agency{us}, func(n *proto.Notice) { n.Kind, n.Replaces = proto.NoticeWithdrawn, proto.NoticeID{1} }), nil, nil},
	} {
		if err := c.notice.Validate(); err != nil && c.notice.Kind != proto.NoticeWithdrawn {
			if slices.Sort(c.notice.To); c.notice.Validate() != nil {
				t.Fatalf("%s: %v", c.what, err)
			}
		}
		var got []string
		said := ""
		for _, b := range Impact(c.notice, world()) {
			breaks := ""
			if b.Breaks {
				breaks = "breaks"
			}
			got = append(got, fmt.Sprintf("%s %s %s %v", b.Code, b.For, breaks, b.Channels))
			said += b.Text + "\n"
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s:\n%s\nwant\n%s", c.what, strings.Join(got, "\n"), strings.Join(c.want, "\n"))
		}
		for _, s := range c.say {
			if !strings.Contains(said, s) {
				t.Errorf("%s: it does not say %q:\n%s", c.what, s, said)
			}
		}
	}
}

// TestSentencesStayShort: however many channels there are.
func TestSentencesStayShort(t *testing.T) {
	k := world()
	for i := range 500 {
		k.Channels = append(k.Channels, Channel{Title: fmt.Sprintf("Channel %d", i), Owner: mx, Suite: 2, Parties: []Party{{us, false, 1}, {mx, false, 1}}})
	}
	list := Impact(change(mx, []proto.Agency{us}, func(n *proto.Notice) { n.Kind = proto.NoticeMaintenance }), k)
	if len(list[0].Channels) != 501 || len(list[0].Text) > 1000 || !strings.Contains(list[0].Text, "496 more") {
		t.Errorf("%d channels, %q", len(list[0].Channels), list[0].Text)
	}
}
