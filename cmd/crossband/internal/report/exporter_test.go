package report_test

import (
	"strings"
	"testing"

	"crossband/client/phrase"
	"crossband/cmd/crossband/internal/report/reporttest"
	"crossband/formats/ics"
)

// TestWhoMadeTheFileIsNobodysWord: the name in the file is not signed, so it prepares
// and keeps nothing, and every report that has it says so.
func TestWhoMadeTheFileIsNobodysWord(t *testing.T) {
	b := reporttest.NewBorder(t)
	x := b.Record(t, false, b.Ordinary(t)...)
	x.From = reporttest.Name(t, "fbi.example/desk/washington")
	i := verified(t, b, x)
	for l, word := range map[phrase.Language]string{
		phrase.English: "exported by, not signed:", phrase.Spanish: "exportado por, sin firma:", phrase.French: "exporté par, sans signature :",
	} {
		o := options(l)
		all := map[string][]byte{}
		var err error
		for name, f := range map[string]ics.Form{"log": i.ActivityLog(o), "plan": i.RadioPlan(o)} {
			all[name+" text"], err = ics.Text(f, i.Layout(o))
			ok(t, err)
			all[name+" html"], err = ics.HTML(f, i.Layout(o))
			ok(t, err)
			all[name+" csv"], err = ics.CSV(f, i.Layout(o))
			ok(t, err)
		}
		all["feed"], err = i.CAPFeed(o)
		ok(t, err)
		all["timeline"] = i.TimelineText(o)
		for name, out := range all {
			s := strings.ReplaceAll(string(out), "\u00a0", " ")
			claims, said := strings.Count(s, "washington"), strings.Count(s, word+" desk/washington@fbi.example")
			if claims != said || said == 0 && name != "timeline" {
				t.Errorf("%s: the name stands in %d places, and in %d as not signed", name, claims, said)
			}
		}
		if f := i.ActivityLog(o); f.Name+f.Position+f.Agency+f.Prepared.Name+f.Prepared.Position+i.RadioPlan(o).By.Name != "" {
			t.Errorf("prepared or kept by somebody: %+v", f.Prepared)
		}
	}
}
