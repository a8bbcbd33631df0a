package adminhttp

import (
	"strings"
	"testing"
	"time"
)

// TestNoticeWarnings: what is told when, and how badly.
func TestNoticeWarnings(t *testing.T) {
	now := time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC)
	const day = 24 * time.Hour
	breaks := []Breakage{{Code: "suite-ends", For: "usbp.example", Breaks: true, Text: "suite 2 ends"}, {Code: "version-agreed", Text: "all is well"}}
	seen := []NoticeAnswer{{Agency: "usbp.example"}}
	for what, c := range map[string]struct {
		n    Notice
		left time.Duration
		want []string
	}{
		"far ahead":       {Notice{Kind: "suite", Does: breaks, Answers: seen}, 31 * day, nil},
		"near":            {Notice{Kind: "suite", Does: breaks, Answers: seen}, 29 * day, []string{`soon notice: "A change" of gn.example, in 29 days: suite 2 ends`}},
		"begun":           {Notice{Kind: "suite", Does: breaks, Answers: seen}, -time.Minute, []string{`problem notice: "A change" of gn.example, under way until 2026-11-02 12:59:00 UTC: suite 2 ends`}},
		"maintenance":     {Notice{Kind: "maintenance", Does: breaks, Answers: seen}, -time.Minute, []string{`soon notice: "A change" of gn.example, under way until`}},
		"over":            {Notice{Kind: "suite", Does: breaks}, -2 * time.Hour, nil},
		"replaced":        {Notice{Kind: "suite", Does: breaks, ReplacedBy: "x"}, day, nil},
		"taken back":      {Notice{Kind: "withdrawn"}, day, nil},
		"not answered":    {Notice{ID: "0123456789", Kind: "other"}, 90 * day, []string{`soon notice: "A change" of gn.example, in 90 days, wants an answer: crossband notice ack 01234567`}},
		"ours, far ahead": {Notice{Agency: "usbp.example", To: []string{"gn.example"}, Kind: "other"}, 8 * day, nil},
		"ours, silence":   {Notice{Agency: "usbp.example", To: []string{"gn.example"}, Kind: "other"}, 3 * day, []string{`soon notice: gn.example has not answered "A change", in 3 days`}},
		"ours, objection": {Notice{Agency: "usbp.example", To: []string{"gn.example"}, Kind: "other", Answers: []NoticeAnswer{{Agency: "gn.example", Objects: true, Text: "not then"}}}, 8 * day,
			[]string{`soon notice: gn.example objects to "A change", in 8 days: not then`}},
		"ours, seen": {Notice{Agency: "usbp.example", To: []string{"gn.example"}, Kind: "other", Answers: []NoticeAnswer{{Agency: "gn.example"}}}, day, nil},
	} {
		n := c.n
		if n.Title = "A change"; n.Agency == "" {
			n.Agency = "gn.example"
		}
		n.Begins, n.Ends = now.Add(c.left), now.Add(c.left+time.Hour)
		list := Notices{Agency: "usbp.example", Held: []Notice{n}}
		got := list.Warnings(now)
		if len(got) != len(c.want) {
			t.Errorf("%s: %+v, want %q", what, got, c.want)
			continue
		}
		for i, w := range got {
			var s said
			if s.add(w.Problem, w.About, "%s", w.Text); !strings.HasPrefix(s[0], c.want[i]) {
				t.Errorf("%s: %q, want %q", what, s[0], c.want[i])
			}
		}
	}
	changed := Notices{Agency: "usbp.example", Unannounced: []Unannounced{{"gn.example", "protocol versions", "1 to 1", "1 to 2", now, "the notice \"X\" announced something else", 0}}}
	if got := changed.Warnings(now); len(got) != 1 || !got[0].Problem || !strings.Contains(got[0].Text, "gn.example has changed without notice") || !strings.Contains(got[0].Text, "1 to 2; the notice") {
		t.Errorf("unannounced: %+v", got)
	}
}

// TestAnnouncedMaintenanceExplainsALostLink: while it lasts, and of that agency alone.
func TestAnnouncedMaintenanceExplainsALostLink(t *testing.T) {
	now := time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC)
	list := Notices{Agency: "usbp.example", Held: []Notice{{Agency: "gn.example", Kind: "maintenance", Title: "Disks", Begins: now, Ends: now.Add(time.Hour)}}}
	for _, c := range []struct {
		agency string
		at     time.Duration
		want   string
	}{
		{"gn.example", 0, "soon peer: no link with gn.example yet: announced maintenance until 2026-11-02 13:00:00 UTC"},
		{"gn.example", -time.Second, "problem peer"}, {"gn.example", time.Hour, "problem peer"}, {"rcmp.example", 0, "problem peer"},
	} {
		var s said
		warnPeer(Peer{Agency: c.agency}, list.Maintenance(c.agency, now.Add(c.at)), s.add)
		if len(s) != 1 || !strings.HasPrefix(s[0], c.want) {
			t.Errorf("%s after %v: %q, want %q", c.agency, c.at, s, c.want)
		}
	}
}
