package report_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"crossband/client/phrase"
	"crossband/cmd/crossband/internal/report"
	"crossband/cmd/crossband/internal/report/reporttest"
	"crossband/crypto/record"
	"crossband/proto"
)

var update = flag.Bool("update", false, "rewrite the expected files in testdata")

// TestReports pins how reports look: of a verified record, each form in one
// language at least.
func TestReports(t *testing.T) {
	b := reporttest.NewBorder(t)
	i := verified(t, b, b.Record(t, false, b.Ordinary(t)...))
	if got := i.Standing.Word(); got != "verified" {
		t.Fatalf("the record is %s: %s", got, i.Standing.Note(phrase.English))
	}
	made := map[string][]byte{}
	for name, l := range map[string]phrase.Language{
		"ics214.txt": phrase.English, "ics205.txt": phrase.Spanish, "edxl.xml": phrase.English, "cap.xml": phrase.English,
		"timeline.txt": phrase.French, "timeline.jsonl": phrase.English, "ics214.csv": phrase.Spanish,
	} {
		made[name] = every(t, i, options(l))[name]
	}
	for name, got := range made {
		path := filepath.Join("testdata", name)
		if *update {
			ok(t, os.WriteFile(path, got, 0o644))
		}
		want, err := os.ReadFile(path)
		ok(t, err)
		if string(got) != string(want) {
			t.Errorf("%s: got\n%s\nwant\n%s", name, got, want)
		}
	}
}

// TestSealedStaysSealed: what is not revealed, and what is revealed but was not
// said, is in no report; each is named so.
func TestSealedStaysSealed(t *testing.T) {
	b := reporttest.NewBorder(t)
	x := b.Record(t, false, b.Ordinary(t)...)
	for n, r := range x.Logs[0].Reveals {
		if bytes.Contains(r.Content, []byte("ambulancia")) {
			x.Logs[0].Reveals[n].Content = bytes.Replace(r.Content, []byte("ambulancia"), []byte("patrullera"), 1)
		}
	}
	i := inspected(t, x)
	for name, out := range every(t, i, options(phrase.English)) {
		for _, secret := range []string{"nobody may read this", "ambulancia", "patrullera"} {
			if bytes.Contains(out, []byte(secret)) {
				t.Errorf("%s shows %q", name, secret)
			}
		}
	}
	text := string(i.TimelineText(options(phrase.English)))
	for _, want := range []string{"wrote on channel 1c1de007: (sealed)\n", "(sealed; what the file gives for it is not what was said)\n"} {
		if strings.Count(text, want) != 1 {
			t.Errorf("%q does not stand once in\n%s", want, text)
		}
	}
}

// TestHostileWordsAreHarmless: nothing of a person's words steers a terminal or
// becomes markup, and none of them keeps a report from being made.
func TestHostileWordsAreHarmless(t *testing.T) {
	b := reporttest.NewBorder(t)
	for _, l := range phrase.Languages() {
		for name, out := range every(t, inspected(t, b.Record(t, false, b.Everything(t)...)), options(l)) {
			bad := []string{"\x1b", "\ufffd"}
			if ext := filepath.Ext(name); ext == ".html" || ext == ".xml" {
				bad = append(bad, "<script>")
			}
			for _, bad := range bad {
				if bytes.Contains(out, []byte(bad)) {
					t.Errorf("%s in %s holds %q", name, l, bad)
				}
			}
		}
	}
}

// TestLongWordsAreCutOpenly: a content as long as a record may reveal still
// makes every report, and says how much of it is left out.
func TestLongWordsAreCutOpenly(t *testing.T) {
	b := reporttest.NewBorder(t)
	entries := b.Ordinary(t)
	entries[12].Says = reporttest.Wrote(strings.Repeat("\u202e", record.MaxContent/3-10))
	made := every(t, inspected(t, b.Record(t, false, entries...)), options(phrase.English))
	if !strings.Contains(string(made["timeline.txt"]), "<U+202E> [… 162680]”") {
		t.Errorf("the cut is not told in\n%.2000s", made["timeline.txt"])
	}
}

// TestEveryPartSaysExercise: no page, row, message or line of an exercise's
// reports could be taken for a real one.
func TestEveryPartSaysExercise(t *testing.T) {
	b := reporttest.NewBorder(t)
	i := inspected(t, b.Record(t, true, b.Everything(t)...))
	for name, out := range every(t, i, options(phrase.English)) {
		mark, parts := "EXERCISE", [][]byte{out}
		switch filepath.Ext(name) {
		case ".txt":
			parts = bytes.Split(out, []byte("\f"))
			if strings.HasPrefix(name, "timeline") {
				parts = bytes.Split(bytes.Split(out, []byte("\n\n"))[1], []byte("\n"))
			}
		case ".csv":
			rows, err := csv.NewReader(bytes.NewReader(out)).ReadAll()
			ok(t, err)
			parts = nil
			for _, row := range rows[1:] {
				parts = append(parts, []byte(row[0]))
			}
		case ".jsonl":
			mark, parts = `"exercise":true`, bytes.Split(bytes.TrimSpace(out), []byte("\n"))
		}
		switch {
		case strings.HasPrefix(name, "cap/"):
			mark = "<status>Exercise</status>"
		case name == "cap.xml":
			if bytes.Count(out, []byte("<status>Exercise</status>")) != bytes.Count(out, []byte("<alert ")) {
				t.Errorf("%s has alerts that are no exercise", name)
			}
		case name == "edxl.xml":
			mark = "<de:distributionStatus>Exercise<"
		}
		for n, p := range parts {
			if !bytes.Contains(p, []byte(mark)) {
				t.Errorf("%s: part %d of %d does not say %s:\n%.400s", name, n+1, len(parts), mark, p)
			}
		}
	}
}

// TestReportsSayHowTheRecordStands: in each part of each report, at least as far
// as its format has parts.
func TestReportsSayHowTheRecordStands(t *testing.T) {
	b := reporttest.NewBorder(t)
	x := b.Record(t, false, b.Ordinary(t)...)
	changed := replaced(t, x, `"urgency":5`, `"urgency":1`)
	unsigned := *x
	unsigned.Logs = append([]record.ExportedLog(nil), x.Logs...)
	unsigned.Logs[0].Checkpoints = nil
	for word, c := range map[string]struct {
		i    *report.Incident
		note string
	}{
		"verified":      {verified(t, b, x), "VERIFIED: log of usbp.example, 16 entries: signed by relay/eagle-pass-1@usbp.example as far as entry 15; cosigned by gn.example (relay/piedras-negras-1@gn.example) as far as entry 15"},
		"not-verified":  {inspected(t, x), "NOT VERIFIED: crossband incident verify proves it"},
		"tampered-with": {inspected(t, changed), "TAMPERED WITH: edited: usbp.example/record/01020300000000000000000000000000: entries 1 to 2: "},
	} {
		if got := c.i.Standing.Word(); got != word {
			t.Errorf("%s: the standing is %s", word, got)
		}
		for name, out := range every(t, c.i, options(phrase.English)) {
			text := strings.Join(strings.Fields(strings.ReplaceAll(string(out), "\\\n", "")), " ") // unwrapped
			if !strings.Contains(text, c.note) {
				t.Errorf("%s: %s does not say %q:\n%.3000s", word, name, c.note, out)
			}
		}
	}
	for _, i := range []*report.Incident{verified(t, b, changed), inspected(t, changed)} {
		if note := i.Standing.Note(phrase.English); !i.Standing.Tampered() || strings.HasPrefix(note, "VERIFIED") {
			t.Errorf("a changed record counts as sound: %s", note)
		}
		for n, page := range bytes.Split(every(t, i, options(phrase.French))["ics214.txt"], []byte("\f")) {
			if bytes.Count(page, []byte("ALTÉRÉ")) != 2 {
				t.Errorf("page %d does not say twice that the record was changed:\n%s", n+1, page)
			}
		}
	}
	i := verified(t, b, &unsigned)
	if got := i.Standing.Note(phrase.English); i.Standing.Word() != "not-verified" || !strings.HasPrefix(got, "NOT VERIFIED: ") || !strings.Contains(got, "NOT COMPLETE: unsigned-tail: ") {
		t.Errorf("a record that nobody signed is %s: %s", i.Standing.Word(), got)
	}
}

// TestLogsAreMergedByTime: entries of two logs stand in the order of time, those
// of each log in its own.
func TestLogsAreMergedByTime(t *testing.T) {
	b := reporttest.NewBorder(t)
	x := b.Record(t, false, b.Ordinary(t)...)
	other := record.NewLog(record.Origin{Agency: "gn.example", Incident: x.Incident})
	var l record.ExportedLog
	l.Origin = other.Origin()
	relay := reporttest.Name(t, "gn.example/relay/piedras-negras-1")
	for _, s := range []struct {
		after time.Duration
		body  record.Body
	}{
		{3 * time.Second, &record.Opened{Incident: x.Incident, Parties: []proto.Agency{"gn.example", "usbp.example"}}},
		{2 * time.Second, &record.ReArmed{}}, {9 * time.Second, &record.ReArmed{}},
	} {
		e, err := other.Append(reporttest.Noon().Add(s.after), relay, relay, s.body)
		ok(t, err)
		l.Entries = append(l.Entries, e.Line())
	}
	x.Logs = append(x.Logs, l)
	var order []string
	for _, e := range inspected(t, x).Events {
		order = append(order, string(e.Log.Agency[:1])+string(rune('a'+e.Index)))
	}
	if got, want := strings.Join(order, " "), "ua ub uc ga gb ud ue uf ug uh gc ui uj uk ul um un uo up"; got != want {
		t.Errorf("order %s, want %s", got, want)
	}
}

// TestNothingToReport: a record without an entry that can be read, and one
// without a call, are refused by name.
func TestNothingToReport(t *testing.T) {
	b := reporttest.NewBorder(t)
	empty := b.Record(t, false)
	if _, err := inspected(t, empty).EDXLFile(options(phrase.English)); !errors.Is(err, report.ErrNothing) {
		t.Errorf("EDXL-RM without a call: error %v", err)
	}
	if _, err := inspected(t, empty).CAPFeed(options(phrase.English)); !errors.Is(err, report.ErrNothing) {
		t.Errorf("CAP without a call: error %v", err)
	}
	empty.Logs[0].Entries = [][]byte{[]byte("torn")}
	if _, err := report.Read(empty, report.Inspect(empty)); !errors.Is(err, report.ErrNothing) {
		t.Errorf("a record that cannot be read: error %v", err)
	}
}

// TestTimelineForPrograms: an object a line, each with what a program needs to
// drop or to trust it.
func TestTimelineForPrograms(t *testing.T) {
	b := reporttest.NewBorder(t)
	i := inspected(t, replaced(t, b.Record(t, true, b.Ordinary(t)...), `"v":1`, `"v":2`))
	out, err := i.TimelineJSON(options(phrase.English))
	ok(t, err)
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	if len(lines) != 1+len(i.Events) {
		t.Fatalf("%d lines, want a head and %d", len(lines), len(i.Events))
	}
	for n, line := range lines {
		var v struct {
			Exercise     bool
			Record, Kind string
			Time         time.Time
		}
		ok(t, json.Unmarshal([]byte(line), &v))
		if !v.Exercise || v.Record != "tampered-with" {
			t.Errorf("line %d: %s", n, line)
		}
		if n == 1 && (v.Kind != "unreadable" || v.Time.IsZero()) {
			t.Errorf("an entry that cannot be read is %s", line)
		}
	}
}
