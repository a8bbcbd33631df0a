package notice

import (
	"bytes"
	"crypto/elliptic"
	"encoding/base64"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"crossband/crypto/identity"
	"crossband/proto"
)

func begin() time.Time { return time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC) }

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func found(t *testing.T, name proto.Agency) *identity.Authority {
	t.Helper()
	a, err := identity.InitAuthority(filepath.Join(t.TempDir(), string(name)), name, begin(), identity.AuthorityOptions{})
	check(t, err)
	return a
}

func holder(t *testing.T, a *identity.Authority, role proto.Role) *identity.Identity {
	t.Helper()
	id, err := a.IssueLocal(proto.Name{Agency: a.Agency(), Role: role, Label: "main"}, elliptic.P256(), begin())
	check(t, err)
	return id
}

// ofEachKind returns a sound notice of each kind.
func ofEachKind() []proto.Notice {
	base := proto.Notice{
		Agency: "usbp.example", To: []proto.Agency{"gn.example", "rcmp.example"}, Title: "A change", Text: "Call the desk: +1 555 0100",
		Issued: begin(), Begins: begin().Add(48 * time.Hour), Ends: begin().Add(50 * time.Hour),
	}
	gateway := proto.Name{Agency: "usbp.example", Role: proto.RoleGateway, Label: "p25"}
	var list []proto.Notice
	for _, change := range []func(*proto.Notice){
		func(n *proto.Notice) { n.Kind, n.Protocol = proto.NoticeProtocol, proto.ProtocolChange{Min: 2, Max: 3} },
		func(n *proto.Notice) {
			n.Kind, n.Protocol = proto.NoticeProtocol, proto.ProtocolChange{Min: 1, Max: 1, Capabilities: []string{"a", "b"}}
		},
		func(n *proto.Notice) {
			n.Kind, n.Protocol = proto.NoticeProtocol, proto.ProtocolChange{Min: 1, Max: 1, Capabilities: []string{}}
		},
		func(n *proto.Notice) {
			n.Kind, n.Suites = proto.NoticeSuite, proto.SuiteChange{Before: []uint16{2, 7}, After: []uint16{7}}
		},
		func(n *proto.Notice) {
			n.Kind, n.Codecs = proto.NoticeCodec, proto.CodecChange{Before: []string{"opus"}, After: []string{"codec2", "opus"}}
		},
		func(n *proto.Notice) { n.Kind, n.Root = proto.NoticeRollover, [32]byte{1, 2, 3} },
		func(n *proto.Notice) {
			n.Kind, n.Gateway = proto.NoticeGateway, proto.GatewayChange{Name: gateway, Up: true}
		},
		func(n *proto.Notice) { n.Kind, n.Gateway = proto.NoticeGateway, proto.GatewayChange{Name: gateway} },
		func(n *proto.Notice) {
			n.Kind, n.Address = proto.NoticeAddress, proto.AddressChange{Before: "192.0.2.1:4433", After: "[2001:db8::1]:4433"}
		},
		func(n *proto.Notice) { n.Kind, n.Text = proto.NoticeMaintenance, "" },
		func(n *proto.Notice) { n.Kind = proto.NoticeOther },
		func(n *proto.Notice) { n.Kind, n.Replaces = proto.NoticeWithdrawn, proto.NoticeID{9} },
		func(n *proto.Notice) { n.Kind, n.Replaces = proto.NoticeOther, proto.NoticeID{9} },
	} {
		n := base
		change(&n)
		list = append(list, n)
	}
	return list
}

// TestNoticesOfEveryKindAreReadAsTheyWereWritten: signed, judged, and the same again.
func TestNoticesOfEveryKindAreReadAsTheyWereWritten(t *testing.T) {
	us := found(t, "usbp.example")
	trust, err := identity.NewTrustStore(found(t, "gn.example").Bundle(), us.Bundle())
	check(t, err)
	for _, n := range ofEachKind() {
		signed, done, err := Sign(holder(t, us, proto.RoleAuthority), n, begin())
		check(t, err)
		d, err := Judge{trust}.Document(proto.DocumentNotice, signed, begin().Add(time.Hour))
		check(t, err)
		if got, want := fmt.Sprintf("%+v", *d.Notice), fmt.Sprintf("%+v", done); got != want {
			t.Errorf("%s: read %s\nwritten %s", n.Kind, got, want)
		}
		if d.Notice.ID == (proto.NoticeID{}) || d.Issuer != "usbp.example" || len(d.Concerns) != 3 || !d.Ends.Equal(n.Ends) {
			t.Errorf("%s: %+v", n.Kind, d)
		}
		n.ID = d.Notice.ID
		if got, want := fmt.Sprintf("%+v", *d.Notice), fmt.Sprintf("%+v", n); got != want {
			t.Errorf("%s: read %s\nmeant %s", n.Kind, got, want)
		}
	}
}

func TestAnswerIsReadAsItWasWritten(t *testing.T) {
	mx := found(t, "gn.example")
	trust, err := identity.NewTrustStore(mx.Bundle())
	check(t, err)
	for _, a := range []proto.NoticeAnswer{
		{Notice: proto.NoticeID{7}, Of: "usbp.example"},
		{Notice: proto.NoticeID{7}, Of: "usbp.example", Objects: true, Text: "Not in the fire season"},
	} {
		signed, done, err := SignAnswer(holder(t, mx, proto.RoleAuthority), a, begin())
		check(t, err)
		d, err := Judge{trust}.Document(proto.DocumentNoticeAnswer, signed, begin().Add(30*24*time.Hour))
		check(t, err)
		if *d.NoticeAnswer != done || done.By != "gn.example" || done.Objects != a.Objects || d.Issuer != "gn.example" || len(d.Concerns) != 2 {
			t.Errorf("read %+v, written %+v", d, done)
		}
	}
}

// TestHostileNotices: whatever is cut, changed, added, signed by somebody else or
// dated ahead is refused, and the good one passes afterwards as before.
func TestHostileNotices(t *testing.T) {
	us, mx, stranger := found(t, "usbp.example"), found(t, "gn.example"), found(t, "evil.example")
	trust, err := identity.NewTrustStore(mx.Bundle(), us.Bundle())
	check(t, err)
	judge, now := Judge{trust}, begin().Add(time.Hour)
	good, n, err := Sign(holder(t, us, proto.RoleAuthority), ofEachKind()[3], begin())
	check(t, err)
	refused := func(why string, signed []byte, at time.Time, want proto.Reason) {
		t.Helper()
		if _, err := judge.Document(proto.DocumentNotice, signed, at); err == nil || want != 0 && proto.ReasonOf(err) != want {
			t.Errorf("%s: %v", why, err)
		}
		if _, err := judge.Document(proto.DocumentNotice, good, now); err != nil {
			t.Errorf("after %q the good one is refused: %v", why, err)
		}
	}
	for i := range good {
		if _, err := judge.Document(proto.DocumentNotice, good[:i], now); err == nil {
			t.Fatalf("cut at %d it passes", i)
		}
	}
	for i := 0; i < len(good); i += 3 {
		if bad := bytes.Clone(good); true {
			bad[i] ^= 1
			if _, err := judge.Document(proto.DocumentNotice, bad, now); err == nil {
				t.Fatalf("with octet %d changed it passes", i)
			}
		}
	}
	text, rest, _ := strings.Cut(string(good), signatureLine)
	swap := func(old, new string) []byte {
		if !strings.Contains(text, old) {
			t.Fatalf("no %q in the text", old)
		}
		return []byte(strings.Replace(text, old, new, 1) + signatureLine + rest)
	}
	for _, c := range [][2]string{
		{"title: A change\n", "title: A change\r\n"}, {"title: A change", "title:  A change"}, {"to: rcmp", "to: rcmpx"},
		{"kind: suite", "kind: suites"}, {"kind: suite", "kind: other"}, {"suites-before: 2 7", "suites-before: 7 2"},
		{"suites-before: 2 7", "suites-before: 02 7"}, {"suites-before: 2 7", "suites-before: 2  7"}, {"suites-after: 7", "suites-after: 2 7"},
		{"suites-after: 7\n", "suites-after: 7\nsuites-after: 7\n"}, {"suites-after: 7\n", "suites-after: 7\nnote: more\n"},
		{"text: Call", "text: \x1b[2JCall"}, {"text: Call", "text: \u202eCall"}, {"title: A", "title: \u0410"},
		{"title: A change", "title: " + strings.Repeat("x", 81)}, {"text: Call", "text: " + strings.Repeat("x", 1001)},
		{"begins: 2026-11-04T12:00:00Z", "begins: 2026-11-04T13:00:00+01:00"}, {"begins: 2026-11-04T12:00:00Z", "begins: 2026-11-04T12:00:00.5Z"},
		{"ends: 2026-11-04T14:00:00Z", "ends: 2026-11-04T11:00:00Z"}, {"ends: 2026", "ends: 2199"}, {"ends: 2026-11-04T14", "ends: 2028-11-04T14"},
		{"to: gn.example\nto: rcmp.example\n", "to: rcmp.example\nto: gn.example\n"}, {"to: gn.example\nto: rcmp.example\n", ""},
		{"to: gn.example", "to: usbp.example"}, {"agency: usbp.example", "agency: gn.example"}, {"crossband change", "Crossband change"},
	} {
		refused(fmt.Sprintf("%q for %q", c[1], c[0]), swap(c[0], c[1]), now, 0)
	}
	refused("two signatures", append(bytes.Clone(good), good[len(text):]...), now, proto.ReasonMalformed)
	refused("as an answer's octets", append([]byte("x"), good...), now, proto.ReasonMalformed)
	refused("from the future", good, begin().Add(-Skew-time.Second), proto.ReasonNotYetValid)
	refused("too long", append(bytes.Repeat([]byte("to: gn.example\n"), 2000), good...), now, proto.ReasonTooLarge)
	if _, err := judge.Document(proto.DocumentNoticeAnswer, good, now); err == nil {
		t.Error("a notice passes as an answer")
	}
	if _, err := judge.Document(9, good, now); proto.ReasonOf(err) != proto.ReasonUnknown {
		t.Errorf("of an unknown kind: %v", err)
	}
	byOther, err := sign(holder(t, mx, proto.RoleAuthority), contextNotice, Write(&n))
	check(t, err)
	refused("signed by another agency", byOther, now, proto.ReasonNotice)
	byStranger, err := sign(holder(t, stranger, proto.RoleAuthority), contextNotice, Write(&n))
	check(t, err)
	refused("signed by a stranger", byStranger, now, proto.ReasonUnknownAuthority)
	other, err := sign(holder(t, us, proto.RoleAuthority), contextAnswer, Write(&n))
	check(t, err)
	refused("signed as something else", other, now, 0)
	if _, _, err := Sign(holder(t, us, proto.RoleRelay), n, begin()); proto.ReasonOf(err) != proto.ReasonNotice {
		t.Errorf("a relay signs: %v", err)
	}
	relay := holder(t, us, proto.RoleRelay)
	s, err := relay.Sign(contextNotice, Write(&n))
	check(t, err)
	s.Payload = nil
	forged := []byte(text + signatureLine + base64.StdEncoding.EncodeToString(s.Encode()) + "\n")
	refused("signed by the agency's relay", forged, now, proto.ReasonNotice)
}

// FuzzRead: what is read has one form, and reading never panics.
func FuzzRead(f *testing.F) {
	for _, n := range ofEachKind() {
		f.Add(Write(&n), false)
	}
	f.Add(WriteAnswer(&proto.NoticeAnswer{By: "gn.example", Of: "usbp.example", Objects: true, Text: "no", Issued: begin()}), true)
	f.Fuzz(func(t *testing.T, text []byte, answer bool) {
		if answer {
			if a, err := ReadAnswer(text); err == nil && !bytes.Equal(WriteAnswer(&a), text) {
				t.Errorf("%q is read, and written otherwise", text)
			}
			return
		}
		if n, err := Read(text); err == nil && !bytes.Equal(Write(&n), text) {
			t.Errorf("%q is read, and written otherwise", text)
		}
	})
}

// TestSeedsAreRead keeps the fuzzer from starting with texts that are all refused.
func TestSeedsAreRead(t *testing.T) {
	for _, n := range ofEachKind() {
		if _, err := Read(Write(&n)); err != nil {
			t.Errorf("%s: %v", n.Kind, err)
		}
	}
}
