package report_test

import (
	"bytes"
	"testing"
	"time"

	"crossband/client/phrase"
	"crossband/cmd/crossband/internal/report"
	"crossband/cmd/crossband/internal/report/reporttest"
	"crossband/crypto/record"
	"crossband/formats/ics"
)

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// options are those of most tests: six hours behind UTC, a day later.
func options(l phrase.Language) report.Options {
	return report.Options{Language: l, Zone: time.FixedZone("", -6*3600), Now: reporttest.Noon().Add(24 * time.Hour)}
}

// verified reads a record with both agencies' bundles.
func verified(t testing.TB, b *reporttest.Border, x *record.Export) *report.Incident {
	t.Helper()
	r, err := record.Verify([]*record.Export{x}, b.Bundles())
	ok(t, err)
	i, err := report.Read(x, report.Judged(r))
	ok(t, err)
	return i
}

// inspected reads a record without any bundle.
func inspected(t testing.TB, x *record.Export) *report.Incident {
	t.Helper()
	i, err := report.Read(x, report.Inspect(x))
	ok(t, err)
	return i
}

// every returns all that can be made of an incident, by name.
func every(t testing.TB, i *report.Incident, o report.Options) map[string][]byte {
	t.Helper()
	made := map[string][]byte{"timeline.txt": i.TimelineText(o)}
	add := func(name string, out []byte, err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		made[name] = out
	}
	for name, form := range map[string]ics.Form{"ics214": i.ActivityLog(o), "ics205": i.RadioPlan(o)} {
		l := i.Layout(o)
		text, err := ics.Text(form, l)
		add(name+".txt", text, err)
		page, err := ics.HTML(form, l)
		add(name+".html", page, err)
		rows, err := ics.CSV(form, l)
		add(name+".csv", rows, err)
	}
	lines, err := i.TimelineJSON(o)
	add("timeline.jsonl", lines, err)
	file, err := i.EDXLFile(o)
	add("edxl.xml", file, err)
	feed, err := i.CAPFeed(o)
	add("cap.xml", feed, err)
	for of, documents := range map[string]func(report.Options) ([]report.Document, error){"edxl/": i.EDXLDocuments, "cap/": i.CAPDocuments} {
		list, err := documents(o)
		ok(t, err)
		for _, d := range list {
			made[of+d.Name] = d.XML
		}
	}
	return made
}

// replaced returns a copy of the record with an entry's octets changed.
func replaced(t testing.TB, x *record.Export, old, with string) *record.Export {
	t.Helper()
	y := *x
	y.Logs = append([]record.ExportedLog(nil), x.Logs...)
	l := &y.Logs[0]
	l.Entries = append([][]byte(nil), l.Entries...)
	for n, e := range l.Entries {
		if bytes.Contains(e, []byte(old)) {
			l.Entries[n] = bytes.Replace(e, []byte(old), []byte(with), 1)
			return &y
		}
	}
	t.Fatalf("no entry holds %s", old)
	return nil
}
