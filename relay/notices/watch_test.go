package notices

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"crossband/proto"
)

// play is a watch with its clock, its store and what it is given.
type play struct {
	t     *testing.T
	w     *Watch
	now   time.Time
	held  []Held
	know  *Knowledge
	store map[string]Record
}

func newPlay(t *testing.T) *play {
	return &play{t: t, w: NewWatch(), now: start(), know: world(), store: make(map[string]Record)}
}

// after lets time pass and returns what is told then.
func (p *play) after(d time.Duration) (told []string) {
	p.t.Helper()
	p.now = p.now.Add(d)
	n := p.w.Tick(p.now, p.held, p.know)
	for _, r := range n.Records {
		key := r.Bucket + string(r.Key)
		if delete(p.store, key); r.Value != nil {
			p.store[key] = r
		}
	}
	for _, r := range n.Reminders {
		told = append(told, fmt.Sprintf("%s %s, %v left, %d", r.Title, r.Stage, r.Left, len(r.Does)))
	}
	for _, c := range n.Changes {
		word := "noted"
		if c.Alarm {
			word = "ALARM"
		}
		if c.Late {
			word = "late"
		}
		told = append(told, fmt.Sprintf("%s %s %s: %s -> %s; %s", word, c.Agency, c.What, c.Before, c.After, c.Why))
	}
	return told
}

func (p *play) expect(got []string, want ...string) {
	p.t.Helper()
	if !slices.Equal(got, want) {
		p.t.Errorf("told\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// restart begins anew with what was stored.
func (p *play) restart() {
	p.t.Helper()
	p.w = NewWatch()
	for _, r := range p.store {
		if err := p.w.Load(r.Bucket, r.Key, r.Value); err != nil {
			p.t.Fatal(err)
		}
	}
}

func (p *play) linked(f func(*Look)) {
	l := Look{
		VersionMin: 1, VersionMax: 1, Capabilities: []string{"x"}, Software: "crossband 1.0", Relay: "spiffe://gn.example/relay/1",
		Root: [32]byte{7}, Issuer: [32]byte{70}, Key: "P-384", Exchange: "X25519MLKEM768", Host: "192.0.2.7", Own: "crossband 1.0", At: p.now,
	}
	if f != nil {
		f(&l)
	}
	p.w.Seen(mx, l)
}

// TestCountdown: each stage is told once and at its time, through restarts.
func TestCountdown(t *testing.T) {
	p := newPlay(t)
	n := change(mx, []proto.Agency{us}, func(n *proto.Notice) {
		n.Kind, n.Title, n.Begins = proto.NoticeMaintenance, "Disks", start().Add(40*24*time.Hour)
		n.Ends = n.Begins.Add(time.Hour)
	})
	n.ID = proto.NoticeID{1}
	p.held = []Held{{Notice: *n, Came: start()}}
	day := 24 * time.Hour
	p.expect(p.after(0), "Disks announced, 960h0m0s left, 2")
	p.expect(p.after(10*day - time.Second))
	p.restart()
	p.expect(p.after(time.Second), "Disks within 30 days, 720h0m0s left, 2")
	p.expect(p.after(23*day), "Disks within a week, 168h0m0s left, 2")
	p.restart()
	p.expect(p.after(6*day), "Disks within a day, 24h0m0s left, 2")
	p.expect(p.after(23*time.Hour), "Disks within the hour, 1h0m0s left, 2")
	p.restart()
	p.expect(p.after(time.Hour), "Disks under way, 0s left, 2")
	p.restart()
	p.expect(p.after(time.Minute))
	p.expect(p.after(time.Hour), "Disks over, -1h1m0s left, 2")
	p.held = nil
	p.expect(p.after(day))
	if len(p.store) != 0 {
		t.Errorf("%d records are left of a notice that is held no more", len(p.store))
	}
}

// TestCountdownSkipsWhatPassedMeanwhile: a relay that was down tells where it stands.
func TestCountdownSkipsWhatPassedMeanwhile(t *testing.T) {
	p := newPlay(t)
	n := change(mx, []proto.Agency{us}, func(n *proto.Notice) { n.Kind = proto.NoticeOther })
	p.held = []Held{{Notice: *n, Came: start()}}
	p.expect(p.after(47*time.Hour+30*time.Minute), "A change within the hour, 30m0s left, 1")
	p.held[0].Replaced = true
	p.expect(p.after(time.Hour))
}

// TestUnannouncedChange: each aspect that changes without notice alarms, but software.
func TestUnannouncedChange(t *testing.T) {
	for what, c := range map[string]struct {
		change func(*Look)
		want   string
	}{
		"versions":     {func(l *Look) { l.VersionMax = 2 }, "ALARM gn.example protocol versions: 1 to 1 -> 1 to 2; "},
		"capabilities": {func(l *Look) { l.Capabilities = nil }, "ALARM gn.example capabilities: x -> none; "},
		"software":     {func(l *Look) { l.Software = "crossband 1.1" }, "noted gn.example software: crossband 1.0 -> crossband 1.1; "},
		"relay":        {func(l *Look) { l.Relay = "spiffe://gn.example/relay/2" }, "ALARM gn.example relay: spiffe://gn.example/relay/1 -> spiffe://gn.example/relay/2; "},
		"key":          {func(l *Look) { l.Key = "P-256" }, "ALARM gn.example key type: P-384 -> P-256; "},
		"exchange":     {func(l *Look) { l.Exchange = "P-256" }, "ALARM gn.example key exchange: X25519MLKEM768 -> P-256; "},
		"address":      {func(l *Look) { l.Host = "198.51.100.9" }, "ALARM gn.example address: 192.0.2.7 -> 198.51.100.9; "},
	} {
		t.Run(what, func(t *testing.T) {
			p := newPlay(t)
			p.linked(nil)
			p.expect(p.after(settleTime)) // the first look tells nothing
			p.restart()
			p.linked(c.change)
			p.expect(p.after(settleTime - time.Second))
			p.expect(p.after(time.Second), c.want)
			alarm := strings.HasPrefix(c.want, "ALARM")
			if got := p.w.Alarms(); len(got) == 1 != alarm {
				t.Errorf("alarms %+v", got)
			}
			p.linked(c.change)
			p.expect(p.after(settleTime))
			p.restart()
			if got := p.w.Alarms(); len(got) == 1 != alarm {
				t.Errorf("alarms after a restart %+v", got)
			}
			p.expect(p.after(alarmLife))
			if got := p.w.Alarms(); len(got) != 0 {
				t.Errorf("still shown after a week: %+v", got)
			}
		})
	}
	p := newPlay(t)
	p.linked(nil)
	p.after(settleTime)
	p.linked(func(l *Look) { l.Root, l.Issuer = [32]byte{8}, [32]byte{80} })
	if got := p.after(settleTime); len(got) != 2 || !strings.Contains(got[0], "root") || !strings.Contains(got[1], "issuing authority") {
		t.Errorf("another root: %q", got)
	}
}

// TestAnnouncedChange: a notice in its time, with just these parameters, covers it.
func TestAnnouncedChange(t *testing.T) {
	at := func(f func(*proto.Notice)) *proto.Notice {
		n := change(mx, []proto.Agency{us}, func(n *proto.Notice) { n.Begins, n.Ends = start().Add(time.Hour), start().Add(2*time.Hour) })
		n.ID = proto.NoticeID{1}
		f(n)
		return n
	}
	versions := func(low, high uint32, c []string) *proto.Notice {
		return at(func(n *proto.Notice) {
			n.Kind, n.Protocol = proto.NoticeProtocol, proto.ProtocolChange{Min: low, Max: high, Capabilities: c}
		})
	}
	suites := func(after uint16) *proto.Notice {
		return at(func(n *proto.Notice) { n.Kind, n.Suites = proto.NoticeSuite, proto.SuiteChange{After: []uint16{after}} })
	}
	address := func(after string) *proto.Notice {
		return at(func(n *proto.Notice) { n.Kind, n.Address = proto.NoticeAddress, proto.AddressChange{After: after} })
	}
	root := func(r byte) *proto.Notice {
		return at(func(n *proto.Notice) { n.Kind, n.Root = proto.NoticeRollover, [32]byte{r} })
	}
	for _, c := range []struct {
		what   string
		notice *proto.Notice
		change func(*Look)
		late   time.Duration // after the beginning
		why    string        // covered: "yes"
	}{
		{"versions", versions(1, 2, nil), func(l *Look) { l.VersionMax = 2 }, 0, "yes"},
		{"others than announced", versions(1, 3, nil), func(l *Look) { l.VersionMax = 2 }, 0, "something else"},
		{"capabilities that were not named", versions(1, 1, nil), func(l *Look) { l.Capabilities = []string{"y"} }, 0, ""},
		{"capabilities", versions(1, 1, []string{"y"}), func(l *Look) { l.Capabilities = []string{"y"} }, 0, "yes"},
		{"too early", versions(1, 2, nil), func(l *Look) { l.VersionMax = 2 }, -16 * time.Minute, "is for 2026-11-02 13:00 UTC"},
		{"a little early", versions(1, 2, nil), func(l *Look) { l.VersionMax = 2 }, -14 * time.Minute, "yes"},
		{"too late", versions(1, 2, nil), func(l *Look) { l.VersionMax = 2 }, 76 * time.Minute, "is for"},
		{"key by its suite", suites(2), func(l *Look) { l.Key = "P-256" }, 0, "yes"},
		{"key of another suite", suites(7), func(l *Look) { l.Key = "P-256" }, 0, "something else"},
		{"key exchange", suites(7), func(l *Look) { l.Exchange = "P-256" }, 0, "yes"},
		{"root", root(8), func(l *Look) { l.Root = [32]byte{8} }, 0, "yes"},
		{"another root", root(9), func(l *Look) { l.Root = [32]byte{8} }, 0, "something else"},
		{"issuing authority below the same root", root(7), func(l *Look) { l.Issuer = [32]byte{71} }, 0, "yes"},
		{"address", address("198.51.100.9:4433"), func(l *Look) { l.Host = "198.51.100.9" }, 0, "yes"},
		{"another address", address("198.51.100.8:4433"), func(l *Look) { l.Host = "198.51.100.9" }, 0, "something else"},
		{"address by a name", address("relay.gn.example:4433"), func(l *Look) { l.Host = "198.51.100.9" }, 0, "yes"},
		{"relay in maintenance", at(func(n *proto.Notice) { n.Kind = proto.NoticeMaintenance }), func(l *Look) { l.Relay = "other" }, 0, "yes"},
		{"versions in maintenance", at(func(n *proto.Notice) { n.Kind = proto.NoticeMaintenance }), func(l *Look) { l.VersionMax = 2 }, 0, ""},
		{"another agency's notice", func() *proto.Notice { n := versions(1, 2, nil); n.Agency = ca; return n }(), func(l *Look) { l.VersionMax = 2 }, 0, ""},
	} {
		p := newPlay(t)
		p.linked(nil)
		p.after(settleTime)
		p.now = start().Add(time.Hour + c.late)
		p.linked(c.change)
		p.held = []Held{{Notice: *c.notice}}
		n := p.w.Tick(p.now.Add(settleTime), p.held, p.know)
		if len(n.Changes) != 1 {
			t.Errorf("%s: %+v", c.what, n.Changes)
			continue
		}
		got := n.Changes[0]
		if covered := c.why == "yes"; got.Alarm == covered || (got.Notice == proto.NoticeID{1}) != covered || !covered && !strings.Contains(got.Why, c.why) || c.why == "" && got.Why != "" {
			t.Errorf("%s: %+v", c.what, got)
		}
		p.held[0].Replaced = true
		if p.w = NewWatch(); true { // the same, with a notice that was taken back
			p.now = start()
			p.linked(nil)
			p.w.Tick(p.now.Add(settleTime), nil, p.know)
			p.now = start().Add(time.Hour + c.late)
			p.linked(c.change)
			if n := p.w.Tick(p.now.Add(settleTime), p.held, p.know); len(n.Changes) != 1 || !n.Changes[0].Alarm {
				t.Errorf("%s: taken back, it covers still: %+v", c.what, n.Changes)
			}
		}
	}
}

// TestNoticeThatComesAfterTheChange ends the alarm, and it is said that it came late.
func TestNoticeThatComesAfterTheChange(t *testing.T) {
	p := newPlay(t)
	p.linked(nil)
	p.after(settleTime)
	p.linked(func(l *Look) { l.VersionMax = 2 })
	p.expect(p.after(settleTime), "ALARM gn.example protocol versions: 1 to 1 -> 1 to 2; ")
	n := change(mx, []proto.Agency{us}, func(n *proto.Notice) {
		n.Kind, n.Protocol, n.Begins = proto.NoticeProtocol, proto.ProtocolChange{Min: 1, Max: 2}, start()
	})
	p.held = []Held{{Notice: *n}}
	p.held[0].ID = proto.NoticeID{5}
	got := p.after(time.Hour)
	if !slices.Contains(got, "late gn.example protocol versions: 1 to 1 -> 1 to 2; ") || len(p.w.Alarms()) != 0 {
		t.Errorf("told %q, alarms %+v", got, p.w.Alarms())
	}
	p.restart()
	if len(p.w.Alarms()) != 0 {
		t.Error("the alarm is back after a restart")
	}
	// A notice of what came next does not cover what was before it.
	p.linked(func(l *Look) { l.VersionMax = 3 })
	p.after(settleTime)
	p.linked(func(l *Look) { l.VersionMax = 4 })
	n.ID, n.Protocol.Max = proto.NoticeID{6}, 4
	p.held = []Held{{Notice: *n}}
	p.after(settleTime)
	if list := p.w.Alarms(); len(list) != 1 || list[0].After != "1 to 3" {
		t.Errorf("alarms %+v", list)
	}
}

// TestWhatIsNotTold: a listener that tells no range, and whom we dialled, have not
// changed; nor is our own new software a change of theirs.
func TestWhatIsNotTold(t *testing.T) {
	p := newPlay(t)
	p.linked(nil)
	p.after(settleTime)
	p.linked(func(l *Look) { l.VersionMin, l.VersionMax, l.Capabilities, l.Host = 0, 0, nil, "" })
	p.expect(p.after(settleTime))
	p.linked(nil)
	p.expect(p.after(settleTime))
	p.linked(func(l *Look) { l.Exchange, l.ExchangeOut = "", "P-256" }) // dialled the other way for the first time
	p.expect(p.after(settleTime))
	p.linked(nil)
	p.expect(p.after(settleTime))
	p.restart()
	p.linked(func(l *Look) { l.Exchange, l.ExchangeOut = "", "P-384" })
	p.expect(p.after(settleTime), "ALARM gn.example key exchange when dialled: P-256 -> P-384; ")
	p.linked(func(l *Look) { l.Own, l.Exchange = "crossband 1.1", "P-256" })
	p.expect(p.after(settleTime))
}

// TestAShortChangeIsSeen: who is there in a partner's place for a moment only, between
// two links of the genuine one, is seen.
func TestAShortChangeIsSeen(t *testing.T) {
	p := newPlay(t)
	p.linked(nil)
	p.after(settleTime)
	p.linked(nil)
	p.after(time.Second)
	p.linked(func(l *Look) { l.Host = "198.51.100.9" })
	p.after(time.Second)
	p.linked(nil)
	p.linked(nil)
	p.expect(p.after(settleTime),
		"ALARM gn.example address: 192.0.2.7 -> 198.51.100.9; ", "ALARM gn.example address: 198.51.100.9 -> 192.0.2.7; ")
	for i := range 10 * maxNext {
		p.linked(func(l *Look) { l.VersionMax = uint32(i + 1) })
	}
	if got := len(p.w.partners[mx].next); got != maxNext {
		t.Errorf("%d looks wait", got)
	}
}

// TestAlarmsAreBounded: a partner that changes all the time fills no memory, and
// what it was at first is still told.
func TestAlarmsAreBounded(t *testing.T) {
	p := newPlay(t)
	const n = 64
	for i := range n {
		p.linked(func(l *Look) { l.VersionMax = uint32(i + 1) })
		p.after(settleTime)
	}
	got := p.w.Alarms()
	if len(got) != 1 || got[0].Before != "1 to 1" || got[0].After != fmt.Sprintf("1 to %d", n) || got[0].Times != n-1 {
		t.Errorf("%d alarms: %+v", len(got), got)
	}
	p.restart()
	again := p.w.Alarms()
	if len(again) != 1 || again[0].Before != got[0].Before || again[0].After != got[0].After || again[0].Times != got[0].Times {
		t.Errorf("other alarms after a restart: %+v", again)
	}
}

// TestBadRecords: what cannot be read is refused and changes nothing.
func TestBadRecords(t *testing.T) {
	p := newPlay(t)
	p.linked(nil)
	p.after(settleTime)
	for _, r := range []Record{
		{bucketPartners, []byte("gn.example"), []byte{0xff}}, {bucketPartners, []byte("gn.example"), nil}, {bucketPartners, []byte("GN"), p.store[bucketPartners+"gn.example"].Value},
		{bucketReminders, []byte{1}, []byte{8, 1}}, {bucketReminders, make([]byte, 32), []byte{8, 99}}, {"other", nil, nil},
	} {
		if err := p.w.Load(r.Bucket, r.Key, r.Value); err == nil {
			t.Errorf("%s %q passes", r.Bucket, r.Key)
		}
	}
	if p.w.Last(mx) == nil || p.w.Last(ca) != nil {
		t.Error("what was known is not what it was")
	}
}
