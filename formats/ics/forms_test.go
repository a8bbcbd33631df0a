package ics

import (
	"encoding/csv"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "rewrite the expected files in testdata")

func utc(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		panic(err)
	}
	return t
}

func central() *time.Location { return time.FixedZone("", -6*3600) }

func log() ActivityLog {
	return ActivityLog{
		Incident: "Eagle Pass river road", Period: Period{utc("2026-11-25T14:00:00Z"), utc("2026-11-26T02:00:00Z")},
		Name: "Desk Del Rio", Position: "Dispatcher", Agency: "usbp.example, Del Rio Sector",
		Resources: []Resource{{"Unit del-rio-214", "Patrol", "usbp.example"}, {"Patrulla 114", "", "gn.example"}},
		Activities: []Activity{
			{utc("2026-11-25T14:30:07.259Z"), "Hail from unit del-rio-214 to desk piedras-negras: officer needs help, river road mile 7. Class emergency."},
			{utc("2026-11-25T14:30:09.004Z"), "Accepted by desk piedras-negras.\nIncident channel opened."},
		},
		Prepared: Preparer{"R. Díaz", "Dispatcher", utc("2026-11-26T02:10:00Z")},
	}
}

func plan() RadioPlan {
	return RadioPlan{
		Incident: "Eagle Pass river road", Exercise: true, Prepared: utc("2026-11-25T13:00:00Z"), Period: Period{From: utc("2026-11-25T14:00:00Z")},
		Channels: []Channel{
			{Zone: "A", Number: "1", Function: "Calling", Name: "Del Rio calling", Assignment: "All desks", ID: "3fa9c1e2",
				Encryption: "end to end, AES-256", Agencies: []string{"usbp.example", "gn.example"}, Remarks: "Standing channel."},
			{Zone: "A", Number: "2", Function: "Tactical", Name: "VTAC11", Assignment: "Fire", RXFreq: "151.1375 N", RXTone: "156.7", TXFreq: "151.1375 N", TXTone: "156.7",
				Mode: Analog, Encryption: "none: anybody can hear this"},
		},
		Special: "Say the word EXERCISE first.", By: Preparer{Name: "M. Tremblay", At: utc("2026-11-25T13:05:00Z")},
	}
}

// TestForms pins how the forms look.
func TestForms(t *testing.T) {
	render := func(f func(Form, Layout) ([]byte, error), form Form, l Layout) []byte {
		out, err := f(form, l)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	local := Layout{Zone: central()}
	for name, got := range map[string][]byte{
		"ics214-80.txt":  render(Text, log(), local),
		"ics214-utc.txt": render(Text, log(), Layout{Columns: 100, Lines: 30}),
		"ics214.html":    render(HTML, log(), local),
		"ics214.csv":     render(CSV, log(), local),
		"ics205-80.txt":  render(Text, plan(), Layout{}),
		"ics205-100.txt": render(Text, plan(), Layout{Zone: central(), Columns: 100}),
		"ics205.html":    render(HTML, plan(), local),
		"ics205.csv":     render(CSV, plan(), local),
	} {
		path := filepath.Join("testdata", name)
		if *update {
			if err := os.WriteFile(path, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != string(want) {
			t.Errorf("%s: got\n%s\nwant\n%s", name, got, want)
		}
	}
}

func TestWhatCannotBeFilledIsRefused(t *testing.T) {
	ofLog := func(change func(*ActivityLog)) Form {
		l := log()
		change(&l)
		return l
	}
	ofPlan := func(change func(*RadioPlan)) Form {
		p := plan()
		change(&p)
		return p
	}
	long := strings.Repeat("a", MaxText+1)
	for name, c := range map[string]struct {
		form   Form
		layout Layout
	}{
		"no incident":                    {ofLog(func(l *ActivityLog) { l.Incident = "" }), Layout{}},
		"no period":                      {ofLog(func(l *ActivityLog) { l.Period = Period{} }), Layout{}},
		"a period turned round":          {ofLog(func(l *ActivityLog) { l.Period.To = l.Period.From.Add(-1) }), Layout{}},
		"an activity without a time":     {ofLog(func(l *ActivityLog) { l.Activities[1].At = time.Time{} }), Layout{}},
		"an activity in the year 12026":  {ofLog(func(l *ActivityLog) { l.Activities[1].At = time.Date(12026, 1, 1, 0, 0, 0, 0, time.UTC) }), Layout{}},
		"not prepared":                   {ofLog(func(l *ActivityLog) { l.Prepared.At = time.Time{} }), Layout{}},
		"a text too long":                {ofLog(func(l *ActivityLog) { l.Activities[0].What = long }), Layout{}},
		"a name too long":                {ofLog(func(l *ActivityLog) { l.Prepared.Name = long }), Layout{}},
		"a unit too long":                {ofLog(func(l *ActivityLog) { l.Name = long }), Layout{}},
		"too many rows":                  {ofLog(func(l *ActivityLog) { l.Resources = make([]Resource, MaxRows+1) }), Layout{}},
		"a plan without an incident":     {ofPlan(func(p *RadioPlan) { p.Incident = "" }), Layout{}},
		"a plan not prepared":            {ofPlan(func(p *RadioPlan) { p.Prepared = time.Time{} }), Layout{}},
		"a plan without a period":        {ofPlan(func(p *RadioPlan) { p.Period = Period{} }), Layout{}},
		"a plan without a signer's time": {ofPlan(func(p *RadioPlan) { p.By.At = time.Time{} }), Layout{}},
		"an unknown mode":                {ofPlan(func(p *RadioPlan) { p.Channels[0].Mode = 'X' }), Layout{}},
		"79 columns":                     {log(), Layout{Columns: 79}},
		"201 columns":                    {log(), Layout{Columns: 201}},
		"29 lines":                       {log(), Layout{Lines: 29}},
		"201 lines":                      {log(), Layout{Lines: 201}},
	} {
		for _, render := range []func(Form, Layout) ([]byte, error){Text, HTML, CSV} {
			if out, err := render(c.form, c.layout); !errors.Is(err, ErrForm) || out != nil {
				t.Errorf("%s: %d octets, error %v", name, len(out), err)
			}
		}
	}
}

// TestTimes: hundredths are kept and never rounded up, and each instant stands
// in UTC and local time with its own date.
func TestTimes(t *testing.T) {
	c := clock{central()}
	if got := c.both(utc("2026-11-26T02:10:00.999Z")); got != "2026-11-26 02:10:00.99 UTC\n2026-11-25 20:10:00.99 -06:00" {
		t.Errorf("both: %q", got)
	}
	for _, zone := range []*time.Location{nil, time.UTC} {
		if got := (clock{zone}).both(utc("2026-11-26T02:10:00Z")); got != "2026-11-26 02:10:00.00 UTC" {
			t.Errorf("UTC only: %q", got)
		}
	}
}

func TestFormulaStaysText(t *testing.T) {
	for in, want := range map[string]string{
		"=1+1": "'=1+1", "+1": "'+1", "-1": "'-1", "@x": "'@x", "＝1": "'＝1", "  =1": "  '=1", "\"=1": "\"'=1",
		"a;=1": "a;'=1", "a\n=1": "a\n'=1", "a; \"=1": "a; \"'=1", "a=1": "a=1", "a-1": "a-1", "a, =1": "a, =1", "'=1": "''=1", "": "", "\u00a0=1": "\u00a0'=1",
	} {
		if got := harmless(in); got != want {
			t.Errorf("%q becomes %q, want %q", in, got, want)
		}
	}
	l := log()
	l.Activities[0].What = "\t=HYPERLINK(\"http://x\",\"y\")"
	l.Incident = "@SUM(1)"
	out, err := CSV(l, Layout{})
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(strings.NewReader(string(out))).ReadAll()
	if err != nil || len(rows) != 3 || rows[1][1] != "'@SUM(1)" || rows[1][6] != " '=HYPERLINK(\"http://x\",\"y\")" {
		t.Errorf("error %v, rows %q", err, rows)
	}
}

func TestVisible(t *testing.T) {
	for in, want := range map[string]string{
		"\x1b[2J\x07": "<U+001B>[2J<U+0007>", "a\r\nb\rc\td\n": "a\nb<U+000D>c d\n", "\u202eabc\u2066": "<U+202E>abc<U+2066>",
		"\xff\xc3": "<0xFF><0xC3>", "\ufffd": "\ufffd", "\u200b\u2028\ufeff\u00ad": "<U+200B><U+2028><U+FEFF><U+00AD>", "\f": "<U+000C>", "\u0085": "<U+0085>",
		"\u3164\ufe0f\u2800\ue000": "<U+3164><U+FE0F><U+2800><U+E000>", "ñandú Québec 国境 🚨": "ñandú Québec 国境 🚨",
		"e\u0301\u0301\u0301\u0301": "e\u0301\u0301\u0301<U+0301>", "a\u00a0b": "a\u00a0b",
	} {
		if got := visible(in); got != want {
			t.Errorf("%q shows as %q, want %q", in, got, want)
		}
	}
}

func TestWrap(t *testing.T) {
	for _, c := range []struct {
		in   string
		want string // lines parted by |
	}{
		{"", ""}, {"one", "one"}, {"one two", "one|two"}, {"ab cd e", "ab cd|e"}, {"abcde", "abcde"}, {"abcdef", `abcd\|ef`},
		{"abcdefghij", `abcd\|efgh\|ij`}, {"a\n\nb", "a||b"}, {"abcde fg", "abcde|fg"}, {"国境国境", `国境\|国境`}, {"ab  cd", "ab |cd"}, {" abcdef", ` abc\|def`},
		{"e\u0301e\u0301e\u0301e\u0301e\u0301", "e\u0301e\u0301e\u0301e\u0301e\u0301"}, {"abcde ", "abcde"},
	} {
		if got := strings.Join(wrap(c.in, 5), "|"); got != c.want {
			t.Errorf("%q wraps to %q, want %q", c.in, got, c.want)
		}
	}
}

// TestALongIncidentName: the head of a page has one line for it and shows that
// it is cut; box 1 has all of it.
func TestALongIncidentName(t *testing.T) {
	l := log()
	l.Incident = "River\nroad " + strings.Repeat("very ", 40) + "long"
	out, err := Text(l, Layout{})
	if err != nil {
		t.Fatal(err)
	}
	head := strings.Split(string(out), "\n")[1]
	if !strings.HasPrefix(head, "Incident: River road very") || !strings.HasSuffix(head, "…") || width(head) > 80 || width(head) < 70 {
		t.Errorf("the head says %q", head)
	}
}
