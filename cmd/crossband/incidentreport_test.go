package main

import (
	"bytes"
	"context"
	"encoding/xml"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"crossband/cmd/crossband/internal/report/reporttest"
	"crossband/crypto/record"
	"crossband/proto"
)

// reportFiles writes a record, one that was changed, and both agencies' bundles
// into a folder, and returns it.
func reportFiles(t *testing.T, exercise bool) string {
	t.Helper()
	dir, b := t.TempDir(), reporttest.NewBorder(t)
	x := b.Record(t, exercise, b.Ordinary(t)...)
	var good bytes.Buffer
	if err := record.WriteExport(&good, x); err != nil {
		t.Fatal(err)
	}
	changed := bytes.Replace(good.Bytes(), []byte(`"urgency":5`), []byte(`"urgency":1`), 1)
	for name, octets := range map[string][]byte{
		"good.record": good.Bytes(), "changed.record": changed, "us.bundle": b.US.Bundle().Export(), "mx.bundle": b.MX.Bundle().Export(),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), octets, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// reported runs crossband incident report in a folder.
func reported(t *testing.T, dir, record string, args ...string) (code int, out, errs string) {
	t.Helper()
	for n, a := range args {
		if strings.HasSuffix(a, ".bundle") || strings.HasPrefix(a, "out") {
			args[n] = filepath.Join(dir, a)
			if strings.HasSuffix(a, "/") {
				args[n] += "/"
			}
		}
	}
	var o, e bytes.Buffer
	code = run(context.Background(), append([]string{"incident", "report", filepath.Join(dir, record)}, args...), env{strings.NewReader(""), &o, &e})
	return code, o.String(), e.String()
}

// TestIncidentReport: every form in every format, verified, not verified, and of
// a record that was changed.
func TestIncidentReport(t *testing.T) {
	t.Parallel()
	dir := reportFiles(t, false)
	bundles := []string{"--bundle", "us.bundle", "--bundle", "mx.bundle"}
	for _, form := range []string{"ics-214", "ics-205", "edxl-rm", "cap", "timeline"} {
		for _, format := range formatsOf(form) {
			with := func(args ...string) []string {
				return append([]string{"--form", form, "--format", format, "--zone", "America/Chicago"}, args...)
			}
			code, out, errs := reported(t, dir, "good.record", with()...)
			if code != 0 || !strings.Contains(out, "NOT VERIFIED: crossband") || errs != "" {
				t.Errorf("%s as %s without bundles: exit %d, %q\n%.500s", form, format, code, errs, out)
			}
			code, out, errs = reported(t, dir, "good.record", with(slices.Clone(bundles)...)...)
			if code != 0 || !strings.Contains(out, "VERIFIED: log of usbp.example") || strings.Contains(out, "NOT VERIFIED") || strings.Count(errs, "judged by the bundle of ") != 2 {
				t.Errorf("%s as %s with bundles: exit %d, %q\n%.500s", form, format, code, errs, out)
			}
			for _, more := range [][]string{nil, slices.Clone(bundles)} {
				code, out, errs = reported(t, dir, "changed.record", with(slices.Clone(more)...)...)
				if code != exitFailed || out != "" || !strings.Contains(errs, "entries 1 to 2: ") && !strings.Contains(errs, "entry 1: ") || !strings.Contains(errs, "hint: --even-so") {
					t.Errorf("%s as %s of a changed record: exit %d, %q\n%.500s", form, format, code, errs, out)
				}
				code, out, errs = reported(t, dir, "changed.record", with(append(more, "--even-so")...)...)
				if code != 0 || !strings.Contains(out, "TAMPERED WITH: edited: ") || !strings.Contains(errs, "TAMPERED WITH: ") {
					t.Errorf("%s as %s of a changed record even so: exit %d, %q\n%.500s", form, format, code, errs, out)
				}
			}
		}
	}
}

// TestIncidentReportInFiles: one file that was not there, or one for each
// message; never over what is there, and all or none.
func TestIncidentReportInFiles(t *testing.T) {
	t.Parallel()
	dir := reportFiles(t, true)
	if code, out, errs := reported(t, dir, "good.record", "--form", "ics-214", "--out", "out.txt"); code != 0 || out != "" {
		t.Fatalf("exit %d, %q, %q", code, out, errs)
	}
	made, err := os.ReadFile(filepath.Join(dir, "out.txt"))
	if err != nil || !bytes.Contains(made, []byte("EXERCISE")) {
		t.Fatalf("error %v\n%.300s", err, made)
	}
	if code, _, errs := reported(t, dir, "good.record", "--form", "timeline", "--out", "out.txt"); code != exitFailed || !strings.Contains(errs, "exists") {
		t.Errorf("over a file: exit %d, %q", code, errs)
	}
	if now, err := os.ReadFile(filepath.Join(dir, "out.txt")); err != nil || !bytes.Equal(now, made) {
		t.Errorf("the file was changed, error %v", err)
	}
	want := map[string][]string{
		"cap":     {"01-Alert.xml", "02-Update.xml", "03-Update.xml", "04-Update.xml", "05-Cancel.xml"},
		"edxl-rm": {"01-RequestResource.xml", "02-ResponseToRequestResource.xml", "03-CommitResource.xml", "04-ReleaseResource.xml"},
	}
	for form, names := range want {
		folder := filepath.Join(dir, "out-"+form)
		if code, _, errs := reported(t, dir, "good.record", "--form", form, "--out", "out-"+form+"/"); code != 0 {
			t.Fatalf("%s: exit %d, %s", form, code, errs)
		}
		if got := filesOf(t, folder); !slices.Equal(got, names) {
			t.Errorf("%s: files %q, want %q", form, got, names)
		}
		for _, name := range names {
			wellFormed(t, filepath.Join(folder, name))
		}
		os.Remove(filepath.Join(folder, names[0])) // so that the second is in the way
		if code, _, errs := reported(t, dir, "good.record", "--form", form, "--out", "out-"+form); code != exitFailed || !strings.Contains(errs, "exists") {
			t.Errorf("%s: over files: exit %d, %q", form, code, errs)
		}
		if got := filesOf(t, folder); !slices.Equal(got, names[1:]) {
			t.Errorf("%s: files after a failure %q, want %q", form, got, names[1:])
		}
	}
}

func filesOf(t *testing.T, folder string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func wellFormed(t *testing.T, file string) {
	t.Helper()
	octets, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for d := xml.NewDecoder(bytes.NewReader(octets)); ; {
		if _, err := d.Token(); err == io.EOF {
			return
		} else if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
	}
}

// TestIncidentReportUsage: what does not fit is a usage error that says what does.
func TestIncidentReportUsage(t *testing.T) {
	t.Parallel()
	dir := reportFiles(t, false)
	for _, c := range []struct {
		args string
		want string
	}{
		{"", "--form is required"}, {"--form ics-215", "want ics-214"}, {"--form cap --format text", "cap is made as xml"}, {"--form timeline --format html", "made as text, json"},
		{"--form timeline --zone Mars/Olympus", "time zone database"}, {"--form timeline --zone Local", "time zone database"}, {"--form timeline --lang de", `unknown language "de"`},
		{"--form ics-214 --out out/", "is one file"},
	} {
		code, out, errs := reported(t, dir, "good.record", strings.Fields(c.args)...)
		if code != exitUsage || out != "" || !strings.Contains(errs, c.want) {
			t.Errorf("%q: exit %d, %q, %q", c.args, code, out, errs)
		}
	}
	if code, out, _ := reported(t, dir, "us.bundle", "--form", "timeline"); code != exitFailed || out != "" {
		t.Errorf("a file that is no record: exit %d, %q", code, out)
	}
}

// TestIncidentReportOfManyCalls: what no feed holds goes into files, as the error
// says.
func TestIncidentReportOfManyCalls(t *testing.T) {
	t.Parallel()
	dir, b := t.TempDir(), reporttest.NewBorder(t)
	list := b.Ordinary(t)
	for n := range 101 {
		list = append(list, reporttest.Entry{Actor: b.Unit(), Body: &record.Hail{
			Channel: reporttest.Calling(), Message: proto.MessageID{0xd0, byte(n)}, To: b.Desk, Urgency: proto.PriorityUrgent,
		}, Says: reporttest.Said(t, "request-backup", "")})
	}
	var many bytes.Buffer
	if err := record.WriteExport(&many, b.Record(t, false, list...)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "many.record"), many.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _, errs := reported(t, dir, "many.record", "--form", "cap"); code == 0 || !strings.Contains(errs, "--out DIR/") {
		t.Errorf("%d, %s", code, errs)
	}
	if code, out, errs := reported(t, dir, "many.record", "--form", "cap", "--out", "out/"); code != 0 || strings.Count(out, ".xml") < 101 {
		t.Errorf("%d, %s, %s", code, out, errs)
	}
}
