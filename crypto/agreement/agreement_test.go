package agreement

import (
	"bytes"
	"crypto/elliptic"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	pb "google.golang.org/protobuf/proto"

	"crossband/crypto/identity"
	"crossband/proto"
)

func begin() time.Time { return time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC) }

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func name(t testing.TB, s string) proto.Name {
	t.Helper()
	n, err := proto.ParseName("spiffe://" + s)
	check(t, err)
	return n
}

// whole is an agreement that uses every field of the text.
func whole(t testing.TB) proto.Agreement {
	t.Helper()
	unit, desk := proto.RoleUnit, proto.RoleDesk
	both := []proto.Party{
		{Agency: "usbp.example", Send: []proto.Role{unit, desk}, Hail: []proto.Role{unit}, Listen: []proto.Role{proto.RoleRecorder}, MaxPriority: proto.PriorityEmergency},
		{Agency: "gn.example", Send: []proto.Role{desk}, MaxPriority: proto.PriorityImminentPeril, Only: []proto.Name{name(t, "gn.example/desk/a"), name(t, "gn.example/desk/b")}},
	}
	without := []proto.Party{both[0], both[1]}
	without[0].Hail = nil
	return proto.Agreement{
		Title: "Del Rio / Acuña", Parties: []proto.Agency{"usbp.example", "gn.example"},
		Begins: begin(), Ends: begin().Add(365 * 24 * time.Hour), Countdown: 90 * time.Second,
		Channels: []proto.AgreedChannel{
			{Name: "calling", Title: "Río", Kind: proto.KindCalling, Owners: []proto.Agency{"usbp.example"}, Suite: proto.SuiteP384, Storage: proto.StorageSealed, TalkLimit: time.Minute, Parties: both},
			{Name: "incidents", Title: "Incidents", Kind: proto.KindIncident, Owners: []proto.Agency{"usbp.example", "gn.example"}, Suite: proto.SuiteP384, Storage: proto.StorageNone, TalkLimit: 30 * time.Second, Parties: without},
		},
		Observers: []proto.AgreedObserver{{Agency: "rcmp.example", Roles: []proto.Role{desk}, Channels: []string{"incidents"}, Until: begin().Add(30 * 24 * time.Hour)}},
		Ladder: []proto.LadderStep{
			{After: 20 * time.Second, Page: []proto.Name{name(t, "gn.example/desk/a"), name(t, "usbp.example/desk/a")}},
		},
		Rearm: 5 * time.Minute,
	}
}

// TestTextIsReadAsItWasWritten: whatever is written is read back, revision by
// revision.
func TestTextIsReadAsItWasWritten(t *testing.T) {
	for revision := range uint32(2) {
		a := whole(t)
		if a.Revision = revision; revision > 0 {
			a.ID = proto.AgreementID{1, 2, 3}
			a.Exercise = true
		}
		text := Write(&a)
		got, err := ParseText(text)
		check(t, err)
		a.Digest = got.Digest
		if revision == 0 {
			a.ID = proto.AgreementIDOf(text)
		}
		for i := range got.Channels { // no list is an empty list
			for j := range got.Channels[i].Parties {
				if p := &got.Channels[i].Parties[j]; len(p.Hail) == 0 {
					p.Hail = nil
				}
			}
		}
		if !reflect.DeepEqual(got, a) {
			t.Errorf("read\n%+v\nwritten\n%+v", got, a)
		}
	}
}

// TestTextsThatAreRefused: each is the good text with one thing changed.
func TestTextsThatAreRefused(t *testing.T) {
	a := whole(t)
	good := string(Write(&a))
	if _, err := ParseText([]byte(good)); err != nil {
		t.Fatal(err)
	}
	for why, c := range map[string]struct {
		old, new string
		want     proto.Reason
	}{
		"an unknown key":                 {"revision = 0", "revision = 0\nsecret = true", proto.ReasonMalformed},
		"an unknown key of a party":      {"hail = [\"unit\"]", "hail = [\"unit\"]\nreads = [\"unit\"]", proto.ReasonMalformed},
		"a key twice":                    {"revision = 0", "revision = 0\nrevision = 0", proto.ReasonMalformed},
		"a key in another case":          {"status = \"actual\"", "Status = \"actual\"", proto.ReasonMalformed},
		"a key beside itself, in case":   {"status = \"actual\"", "status = \"exercise\"\nStatus = \"actual\"", proto.ReasonMalformed},
		"a key with a long s":            {"status = \"actual\"", "status = \"exercise\"\n\"\\u017ftatus\" = \"actual\"", proto.ReasonMalformed},
		"another format":                 {"format = 1", "format = 2", proto.ReasonVersion},
		"an id in revision 0":            {"revision = 0", "revision = 0\nid = \"" + strings.Repeat("ab", 32) + "\"", proto.ReasonMalformed},
		"no id in revision 1":            {"revision = 0", "revision = 1", proto.ReasonMalformed},
		"a local time":                   {"begins = 2026-11-02T12:00:00Z", "begins = 2026-11-02T12:00:00", proto.ReasonMalformed},
		"a day":                          {"begins = 2026-11-02T12:00:00Z", "begins = 2026-11-02", proto.ReasonMalformed},
		"a time with another zone":       {"begins = 2026-11-02T12:00:00Z", "begins = 2026-11-02T12:00:00-06:00", proto.ReasonMalformed},
		"no status":                      {"status = \"actual\"", "", proto.ReasonMalformed},
		"another status":                 {"\"actual\"", "\"test\"", proto.ReasonMalformed},
		"letters that look like others":  {"Del Rio", "Dеl Rio", proto.ReasonMalformed},
		"a comment that turns round":     {"# Agreement", "# \u202eAgreement", proto.ReasonMalformed},
		"a return that hides a line":     {"# Agreement", "# x\rAgreement", proto.ReasonMalformed},
		"not UTF-8":                      {"# Agreement", "# \xff", proto.ReasonMalformed},
		"one party":                      {"parties = [\"usbp.example\", \"gn.example\"]", "parties = [\"usbp.example\"]", proto.ReasonMalformed},
		"an agency twice":                {"parties = [\"usbp.example\", \"gn.example\"]", "parties = [\"usbp.example\", \"gn.example\", \"gn.example\"]", proto.ReasonMalformed},
		"an observer that is a party":    {"parties = [\"usbp.example\", \"gn.example\"]", "parties = [\"usbp.example\", \"gn.example\", \"rcmp.example\"]", proto.ReasonMalformed},
		"a countdown too short":          {"\"1m30s\"", "\"9s\"", proto.ReasonMalformed},
		"a countdown too long":           {"\"1m30s\"", "\"2h\"", proto.ReasonMalformed},
		"a countdown of part of seconds": {"\"1m30s\"", "\"30.5s\"", proto.ReasonMalformed},
		"an end before the beginning":    {"ends = 2027", "ends = 2025", proto.ReasonMalformed},
		"an end in twenty years":         {"ends = 2027", "ends = 2047", proto.ReasonMalformed},
		"another kind":                   {"kind = \"calling\"", "kind = \"chat\"", proto.ReasonMalformed},
		"an owner who is no party":       {"owner = \"usbp.example\"", "owner = \"rcmp.example\"", proto.ReasonMalformed},
		"a calling channel opened by":    {"owner = \"usbp.example\"", "owner = \"usbp.example\"\nopened-by = [\"gn.example\"]", proto.ReasonMalformed},
		"incidents with an owner":        {"opened-by = [\"usbp.example\", \"gn.example\"]", "owner = \"usbp.example\"", proto.ReasonMalformed},
		"a weak suite":                   {"suite = 7", "suite = 1", proto.ReasonWeakSuite},
		"a suite beyond its octets":      {"suite = 7", "suite = 65543", proto.ReasonWeakSuite},
		"another storage rule":           {"storage = \"sealed\"", "storage = \"open\"", proto.ReasonMalformed},
		"a talk limit too long":          {"talk-limit = \"1m0s\"", "talk-limit = \"61s\"", proto.ReasonMalformed},
		"hailing without speaking":       {"hail = [\"unit\"]", "hail = [\"gateway\"]", proto.ReasonMalformed},
		"a relay that speaks":            {"speak = [\"unit\", \"desk\"]", "speak = [\"relay\"]", proto.ReasonMalformed},
		"another's name":                 {"only = [\"spiffe://gn.example/desk/a\"", "only = [\"spiffe://usbp.example/desk/a\"", proto.ReasonMalformed},
		"another priority":               {"\"emergency\"", "\"mayday\"", proto.ReasonMalformed},
		"an observer of no channel":      {"channels = [\"incidents\"]", "channels = [\"other\"]", proto.ReasonMalformed},
		"an observer for longer":         {"until = 2026", "until = 2028", proto.ReasonMalformed},
		"an observer without a role":     {"roles = [\"desk\"]", "roles = []", proto.ReasonMalformed},
		"a step after nothing":           {"after = \"20s\"", "after = \"0s\"", proto.ReasonMalformed},
		"a step that pages a stranger":   {"page = [\"spiffe://gn.example/desk/a\"", "page = [\"spiffe://rcmp.example/desk/a\"", proto.ReasonMalformed},
		"a step that pages who hears":    {"page = [\"spiffe://gn.example/desk/a\"", "page = [\"spiffe://gn.example/desk/c\"", proto.ReasonMalformed},
		"too long":                       {"# Agreement", strings.Repeat("#\n", proto.MaxAgreementText/2) + "# Agreement", proto.ReasonTooLarge},
	} {
		if strings.Count(good, c.old) < 1 {
			t.Fatalf("%s: %q is not in the text:\n%s", why, c.old, good)
		}
		_, err := ParseText([]byte(strings.Replace(good, c.old, c.new, 1)))
		if proto.ReasonOf(err) != c.want {
			t.Errorf("%s: %v, want reason %d", why, err, c.want)
		}
	}
}

// agency is one with its authority.
type agency struct {
	t    testing.TB
	auth *identity.Authority
}

func found(t testing.TB, a proto.Agency) agency {
	t.Helper()
	auth, err := identity.InitAuthority(filepath.Join(t.TempDir(), string(a)), a, begin(), identity.AuthorityOptions{})
	check(t, err)
	return agency{t, auth}
}

func (a agency) id(short string) *identity.Identity {
	a.t.Helper()
	id, err := a.auth.IssueLocal(name(a.t, string(a.auth.Agency())+"/"+short), elliptic.P256(), begin())
	check(a.t, err)
	return id
}

// three are two parties and an observer, and what the first of them trusts.
type three struct {
	us, mx, ca agency
	judge      Judge
}

func newThree(t testing.TB) three {
	t.Helper()
	x := three{us: found(t, "usbp.example"), mx: found(t, "gn.example"), ca: found(t, "rcmp.example")}
	trust, err := identity.NewTrustStore(x.us.auth.Bundle(), x.mx.auth.Bundle(), x.ca.auth.Bundle())
	check(t, err)
	x.judge = Judge{trust}
	return x
}

func sign(t testing.TB, f File, by ...*identity.Identity) File {
	t.Helper()
	for _, id := range by {
		var err error
		f, err = f.Sign(id, begin().Add(time.Hour))
		check(t, err)
	}
	return f
}

func unsigned(t testing.TB) File {
	t.Helper()
	a := whole(t)
	f, err := Parse(Write(&a))
	check(t, err)
	return f
}

// TestSigning: the order of signing does not matter, signing again replaces, and
// the whole file is still read as the text that it begins with.
func TestSigning(t *testing.T) {
	x, f := newThree(t), unsigned(t)
	us, mx, ca := x.us.id("authority/main"), x.mx.id("authority/main"), x.ca.id("authority/main")
	one := sign(t, f, us)
	if got := one.Missing(); !slices.Equal(got, []proto.Agency{"gn.example", "rcmp.example"}) {
		t.Errorf("missing %v", got)
	}
	if _, err := x.judge.Document(proto.DocumentAgreement, one.Encode(), begin().Add(2*time.Hour)); proto.ReasonOf(err) != proto.ReasonNoAgreement {
		t.Errorf("with one signature: %v", err)
	}
	for _, order := range [][]*identity.Identity{{us, mx, ca}, {ca, mx, us}, {mx, us, mx, ca, us}} {
		octets := sign(t, f, order...)
		d, err := x.judge.Document(proto.DocumentAgreement, octets.Encode(), begin().Add(2*time.Hour))
		if err != nil {
			t.Fatalf("signed by all: %v", err)
		}
		if d.Agreement.ID != f.Agreement.ID || !slices.Equal(d.Concerns, []proto.Agency{"usbp.example", "gn.example", "rcmp.example"}) || !d.Ends.Equal(f.Agreement.Ends) {
			t.Errorf("document %+v", d)
		}
		if a, err := ParseText(octets.Text); err != nil || a.ID != f.Agreement.ID {
			t.Errorf("the text of the signed file: %v", err)
		}
		if _, err := toText(octets.Encode()); err != nil {
			t.Errorf("the signed file is no TOML: %v", err)
		}
		again, err := Parse(octets.Encode())
		if err != nil || !bytes.Equal(again.Encode(), octets.Encode()) {
			t.Errorf("the file has another form: %v", err)
		}
	}
	for why, id := range map[string]*identity.Identity{
		"a desk": x.us.id("desk/a"), "a stranger": found(t, "evil.example").id("authority/main"),
	} {
		if _, err := f.Sign(id, begin().Add(time.Hour)); proto.ReasonOf(err) != proto.ReasonAgreement {
			t.Errorf("%s signs: %v", why, err)
		}
	}
	if _, err := f.Sign(us, f.Agreement.Ends); proto.ReasonOf(err) != proto.ReasonWithdrawn {
		t.Errorf("signed after its end: %v", err)
	}
}

// toText reads a whole file as TOML, as any other program would.
func toText(octets []byte) (text, error) {
	var t text
	return t, decode(octets, &t)
}

// TestSignaturesOutliveCertificates: signers' certificates last a week.
func TestSignaturesOutliveCertificates(t *testing.T) {
	x, f := newThree(t), unsigned(t)
	f = sign(t, f, x.us.id("authority/main"), x.mx.id("authority/main"), x.ca.id("authority/main"))
	if _, err := x.judge.Document(proto.DocumentAgreement, f.Encode(), begin().Add(200*24*time.Hour)); err != nil {
		t.Errorf("200 days later: %v", err)
	}
	late, err := unsignedAt(t).Sign(x.us.id("authority/main"), begin().Add(30*24*time.Hour))
	check(t, err)
	late = sign(t, late, x.mx.id("authority/main"), x.ca.id("authority/main"))
	if _, err := x.judge.Document(proto.DocumentAgreement, late.Encode(), begin().Add(31*24*time.Hour)); proto.ReasonOf(err) != proto.ReasonExpired {
		t.Errorf("signed with a certificate that had ended: %v", err)
	}
	if _, err := x.judge.Document(proto.DocumentAgreement, f.Encode(), begin()); proto.ReasonOf(err) != proto.ReasonNotYetValid {
		t.Errorf("signed in an hour from now: %v", err)
	}
}

func unsignedAt(t testing.TB) *File { f := unsigned(t); return &f }

// TestHostileFiles: what was cut or changed, or signed by somebody else, is
// refused, and the good one still passes afterwards.
func TestHostileFiles(t *testing.T) {
	x, f, now := newThree(t), unsigned(t), begin().Add(2*time.Hour)
	us, mx, ca := x.us.id("authority/main"), x.mx.id("authority/main"), x.ca.id("authority/main")
	signed := sign(t, f, us, mx, ca)
	good := signed.Encode()
	judge := func(octets []byte) error {
		_, err := x.judge.Document(proto.DocumentAgreement, octets, now)
		return err
	}
	for i := 0; i < len(good); i += 3 {
		turned := slices.Clone(good)
		turned[i] ^= 1 << (i % 8)
		for _, bad := range [][]byte{good[:i], turned} {
			if judge(bad) == nil {
				t.Fatalf("a file cut or changed at octet %d of %d was accepted", i, len(good))
			}
		}
	}
	lines := strings.SplitAfter(string(good[len(f.Text)+len(Marker):]), "\n")[:3]
	head := string(f.Text) + Marker
	swap := func(of, by string) string { return strings.Replace(by, strings.Fields(by)[1], of, 1) }
	other := unsigned(t)
	other.Text = append(slices.Clone(other.Text), "# another end\n"...)
	other.Agreement.ID = proto.AgreementIDOf(other.Text)
	others := sign(t, other, us, mx, ca)
	otherLines := strings.SplitAfter(string(others.Encode()[len(other.Text)+len(Marker):]), "\n")
	otherKind, err := us.Sign("another document", payload("usbp.example", begin().Add(time.Hour), f.Text))
	check(t, err)
	otherKind.Payload = nil
	wrongKind := signed
	wrongKind.Signatures = append([]Signature{{"usbp.example", begin().Add(time.Hour), envelope{otherKind.Encode()}}}, signed.Signatures[1:]...)
	byDesk := signed
	deskSign, err := x.us.id("desk/a").Sign(context, payload("usbp.example", begin().Add(time.Hour), f.Text))
	check(t, err)
	deskSign.Payload = nil
	byDesk.Signatures = append([]Signature{{"usbp.example", begin().Add(time.Hour), envelope{deskSign.Encode()}}}, signed.Signatures[1:]...)
	for why, c := range map[string]struct {
		octets string
		want   proto.Reason
	}{
		"no signature":                     {string(f.Text), proto.ReasonNoAgreement},
		"a missing signature":              {head + lines[0] + lines[2], proto.ReasonNoAgreement},
		"the observer's missing":           {head + lines[0] + lines[1], proto.ReasonNoAgreement},
		"one twice":                        {head + lines[0] + lines[0] + lines[1] + lines[2], proto.ReasonMalformed},
		"in another order":                 {head + lines[1] + lines[0] + lines[2], proto.ReasonMalformed},
		"an extra signer":                  {head + lines[0] + lines[1] + lines[2] + swap("evil.example", lines[2]), proto.ReasonAgreement},
		"another agency's under our name":  {head + swap("usbp.example", lines[1]) + lines[1] + lines[2], proto.ReasonNone},
		"a signature of another text":      {head + otherLines[0] + lines[1] + lines[2], proto.ReasonNone},
		"one for another kind of document": {string(wrongKind.Encode()), proto.ReasonNone},
		"one by a desk":                    {string(byDesk.Encode()), proto.ReasonAgreement},
		"a line that is no signature":      {head + lines[0] + lines[1] + lines[2] + "# and so on\n", proto.ReasonMalformed},
		"TOML below the marker":            {head + lines[0] + lines[1] + lines[2] + "revision = 1\n", proto.ReasonMalformed},
		"a last line without its end":      {strings.TrimSuffix(string(good), "\n"), proto.ReasonMalformed},
		"another time":                     {strings.Replace(string(good), "2026-11-02T13:00:00Z", "2026-11-02T13:00:01Z", 1), proto.ReasonNone},
		"too long":                         {string(good) + strings.Repeat("#\n", proto.MaxDocument/2), proto.ReasonTooLarge},
	} {
		if err := judge([]byte(c.octets)); err == nil || c.want != proto.ReasonNone && proto.ReasonOf(err) != c.want {
			t.Errorf("%s: %v, want reason %d", why, err, c.want)
		}
	}
	if err := judge(good); err != nil {
		t.Errorf("the good file after all that: %v", err)
	}
	strange, err := identity.NewTrustStore(x.us.auth.Bundle(), x.mx.auth.Bundle())
	check(t, err)
	if _, err := (Judge{strange}).Document(proto.DocumentAgreement, good, now); proto.ReasonOf(err) != proto.ReasonUnknownAuthority {
		t.Errorf("signed by an agency that is not trusted here: %v", err)
	}
}

// TestWithdrawals: one party's authority says it, with the countdown, and nothing
// else passes for it.
func TestWithdrawals(t *testing.T) {
	x, f, now := newThree(t), unsigned(t), begin().Add(2*time.Hour)
	mx, at := x.mx.id("authority/main"), begin().Add(3*time.Hour)
	good, err := Withdraw(mx, &f.Agreement, at, now, "the bridge is closed")
	check(t, err)
	d, err := x.judge.Document(proto.DocumentWithdrawal, good, now)
	check(t, err)
	want := proto.Withdrawal{Agreement: f.Agreement.ID, By: "gn.example", At: d.Withdrawal.At, Issued: d.Withdrawal.Issued, Why: "the bridge is closed"}
	if *d.Withdrawal != want || !d.Withdrawal.At.Equal(at) || !d.Withdrawal.Issued.Equal(now) || d.Issuer != "gn.example" {
		t.Errorf("withdrawal %+v of %s", *d.Withdrawal, d.Issuer)
	}
	for i := range good {
		turned := slices.Clone(good)
		turned[i] ^= 1 << (i % 8)
		for _, bad := range [][]byte{good[:i], turned} {
			if _, err := x.judge.Document(proto.DocumentWithdrawal, bad, now); err == nil {
				t.Fatalf("a withdrawal cut or changed at octet %d was accepted", i)
			}
		}
	}
	for why, c := range map[string]struct {
		id  *identity.Identity
		at  time.Time
		why string
	}{
		"a desk":                {x.mx.id("desk/a"), at, ""},
		"the observer":          {x.ca.id("authority/main"), at, ""},
		"without the countdown": {mx, now.Add(89 * time.Second), ""},
		"a reason that hides":   {mx, at, "a\u202eb"},
		"a long reason":         {mx, at, strings.Repeat("x", proto.MaxWithdrawalWhy+1)},
	} {
		if _, err := Withdraw(c.id, &f.Agreement, c.at, now, c.why); err == nil {
			t.Errorf("%s withdraws", why)
		}
	}
	byDesk, err := x.mx.id("desk/a").Sign(contextWithdrawal, mustPayload(t, good))
	check(t, err)
	if _, err := x.judge.Document(proto.DocumentWithdrawal, byDesk.Encode(), now); proto.ReasonOf(err) != proto.ReasonAgreement {
		t.Errorf("signed by a desk: %v", err)
	}
	if _, err := x.judge.Document(proto.DocumentWithdrawal, good, begin()); proto.ReasonOf(err) != proto.ReasonNotYetValid {
		t.Errorf("issued in two hours: %v", err)
	}
}

func mustPayload(t testing.TB, signed []byte) []byte {
	t.Helper()
	s, err := identity.ParseSigned(signed)
	check(t, err)
	return s.Payload
}

// FuzzParse: what is read has one form, and its text is read alone to the same.
func FuzzParse(f *testing.F) {
	a := whole(f)
	file, err := Parse(Write(&a))
	check(f, err)
	f.Add(file.Encode())
	for _, s := range a.Signers() { // whether it is good is not looked at
		e := identity.Signed{Chain: [][]byte{[]byte("certificate")}, Signature: []byte("signature")}
		file.Signatures = append(file.Signatures, Signature{s, begin(), envelope{e.Encode()}})
	}
	f.Add(file.Encode())
	f.Fuzz(func(t *testing.T, octets []byte) {
		got, err := Parse(octets)
		if err != nil {
			return
		}
		if !bytes.Equal(got.Encode(), octets) {
			t.Errorf("another form:\n%s", got.Encode())
		}
		if b, err := ParseText(Write(&got.Agreement)); err != nil {
			t.Errorf("what was read cannot be written: %v", err)
		} else if b.Title != got.Agreement.Title || len(b.Channels) != len(got.Agreement.Channels) {
			t.Errorf("written and read: %+v, want %+v", b, got.Agreement)
		}
	})
}

// TestChartersOfAnAgreement: what is made for the owner to sign is what the agreement
// allows, also with everything in it.
func TestChartersOfAnAgreement(t *testing.T) {
	full := whole(t)
	usual, err := Usual(Terms{
		Title: "Del Rio", Parties: []proto.Agency{"usbp.example", "gn.example", "sedena.example"}, Observers: []proto.Agency{"rcmp.example"}, Observe: []string{Calling, Incidents, "talk-1"},
		Talk: []string{"Bridge", "River"}, Begins: begin(), Ends: begin().Add(24 * time.Hour), Until: begin().Add(time.Hour),
		Ladder: []proto.LadderStep{{After: time.Minute, Page: []proto.Name{name(t, "gn.example/desk/b")}}}, Rearm: time.Minute,
	})
	check(t, err)
	for _, a := range []proto.Agreement{full, usual} {
		f, err := Parse(Write(&a))
		check(t, err)
		made := 0
		for _, c := range f.Agreement.Channels {
			r, err := Charter(&f.Agreement, c.Name)
			if lasting := c.Kind == proto.KindCalling || c.Kind == proto.KindStanding; lasting != (err == nil) {
				t.Errorf("charter of %s (%s): %v", c.Name, c.Kind, err)
			}
			if err != nil {
				continue
			}
			r.Nonce, r.NotBeforeMs = make([]byte, 16), begin().UnixMilli()
			octets, err := pb.Marshal(r)
			check(t, err)
			parsed, err := proto.ParseCharter(octets)
			if err == nil {
				err = f.Agreement.Allows(&parsed, begin())
			}
			if made++; err != nil {
				t.Errorf("charter of %s: %v", c.Name, err)
			}
		}
		if made == 0 {
			t.Error("no charter was made")
		}
	}
	if _, err := Usual(Terms{Title: "x", Parties: []proto.Agency{"a.example"}, Begins: begin(), Ends: begin().Add(time.Hour)}); err == nil {
		t.Error("an agreement of one")
	}
	if _, err := Usual(Terms{}); err == nil {
		t.Error("an agreement of nobody")
	}
}
