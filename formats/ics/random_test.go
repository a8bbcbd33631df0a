package ics

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"
	"unicode"
)

// boxesOf are the numbered boxes of the paper forms and what each asks for:
// fields, or the columns of a table.
func boxesOf(number string) []struct {
	title string
	parts []string
} {
	type box = struct {
		title string
		parts []string
	}
	if number == "ICS 214" {
		return []box{
			{"Incident Name", nil}, {"Operational Period", []string{"Date From", "Date To", "Time From", "Time To"}}, {"Name", nil}, {"ICS Position", nil},
			{"Home Agency (and Unit)", nil}, {"Resources Assigned", []string{"Name", "ICS Position", "Home Agency (and Unit)"}},
			{"Activity Log", []string{"Date/Time", "Notable Activities"}}, {"Prepared by", []string{"Name", "Position/Title", "Signature"}},
		}
	}
	return []box{
		{"Incident Name", nil}, {"Date/Time Prepared", []string{"Date", "Time"}}, {"Operational Period", []string{"Date From", "Date To", "Time From", "Time To"}},
		{"Basic Radio Channel Use", []string{"Zone Grp.", "Ch #", "Function", "Channel Name/Trunked Radio System Talkgroup", "Assignment", "RX Freq N or W",
			"RX Tone/NAC", "TX Freq N or W", "TX Tone/NAC", "Mode (A, D, or M)", "Remarks"}},
		{"Special Instructions", nil}, {"Prepared by (Communications Unit Leader)", []string{"Name", "Signature"}},
	}
}

// words are what random forms are made of: harmless ones, long ones, and ones
// that would like to be a form, a page, markup, an escape or a formula. None
// holds the mark of a cut word.
func words() []string {
	return []string{
		"help", "river", "road", "mile", "7", "ñandú", "Québec", "国境警備", "🚨", "e\u0301", strings.Repeat("x", 130), "usbp.example/incident/3fa9c1e2",
		"\n", "\r\n", "\t", "  ", "\n8. Prepared by:\n   Name: forged", "\f", "\n***** EXERCISE - EXERCISE - EXERCISE *****", "|", "+----+", "\n====",
		"<script>alert(1)</script>", "</td></tr></table>", "\"><img src=x onerror=y>", "{{.Number}}", "&amp;", "</style>", "<!--", "'", "\"",
		"\x1b[2J", "\x1b]0;x\x07", "\x00", "\x9b", "\xff", "\xc3", "\u202e", "\u200b", "\u2028", "\ufeff", "\u3164", "\ue000",
		"=1+1", "+1", "-1", "@x", ";=1", "\n=1", "\"=1", ",", ";",
	}
}

func phrase(random *rand.Rand) string {
	var b strings.Builder
	for range random.IntN(12) {
		b.WriteString(words()[random.IntN(len(words()))])
		if random.IntN(3) > 0 {
			b.WriteByte(' ')
		}
	}
	return b.String()
}

func instant(random *rand.Rand) time.Time {
	return time.Unix(random.Int64N(4e9), random.Int64N(1e9)).In(time.FixedZone("", (random.IntN(1600)-800)*60))
}

func anyLog(random *rand.Rand) ActivityLog {
	from := instant(random)
	l := ActivityLog{
		Incident: "I" + phrase(random), Exercise: random.IntN(2) == 0, Period: Period{From: from}, Name: phrase(random), Position: phrase(random), Agency: phrase(random),
		Prepared: Preparer{phrase(random), phrase(random), instant(random)},
	}
	if random.IntN(2) == 0 {
		l.Period.To = from.Add(time.Duration(random.Int64N(1e15)))
	}
	for range random.IntN(6) {
		l.Resources = append(l.Resources, Resource{phrase(random), phrase(random), phrase(random)})
	}
	for range random.IntN(40) {
		l.Activities = append(l.Activities, Activity{instant(random), phrase(random)})
	}
	if random.IntN(4) == 0 { // longer than a page
		l.Activities = append(l.Activities, Activity{instant(random), strings.Repeat("long story ", 1000)})
	}
	return l
}

func anyPlan(random *rand.Rand) RadioPlan {
	p := RadioPlan{
		Incident: "I" + phrase(random), Exercise: random.IntN(2) == 0, Prepared: instant(random), Period: Period{From: instant(random)},
		Special: phrase(random), By: Preparer{Name: phrase(random), At: instant(random)},
	}
	for range random.IntN(12) {
		p.Channels = append(p.Channels, Channel{
			phrase(random), phrase(random), phrase(random), phrase(random), phrase(random), "3fa9c1e2", phrase(random), phrase(random), phrase(random), phrase(random),
			[]Mode{0, Analog, Digital, Mixed}[random.IntN(4)], phrase(random), []string{phrase(random), phrase(random)}, phrase(random),
		})
	}
	return p
}

// anyForms calls a test with random forms and layouts.
func anyForms(t *testing.T, test func(t *testing.T, f Form, l Layout, s sheet)) {
	t.Helper()
	random := rand.New(rand.NewPCG(3, 5))
	for n := range 150 {
		l := Layout{Zone: []*time.Location{nil, central()}[n%2], Columns: []int{80, 100, 132}[n%3], Lines: 30 + random.IntN(60)}
		for _, f := range []Form{anyLog(random), anyPlan(random)} {
			s, _, err := fill(f, l)
			if err != nil {
				t.Fatal(err)
			}
			test(t, f, l, s)
			if t.Failed() {
				t.Fatalf("form %d: %#v, layout %+v", n, f, l)
			}
		}
	}
}

// bare is a text without what layout may change: spaces and line feeds.
func bare(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return r
	}, s)
}
