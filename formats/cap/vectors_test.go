package cap_test

import (
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"crossband/formats/cap"
)

// vectors finds the shared test data: $CROSSBAND_VECTORS, or else
// ../shared/vectors beside the module's root.
func vectors(t *testing.T, under string) string {
	t.Helper()
	dir := os.Getenv("CROSSBAND_VECTORS")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "vectors")
	}
	dir = filepath.Join(dir, under)
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("no test vectors: set CROSSBAND_VECTORS, or put them in %s", dir)
	}
	return dir
}

func parseFile(t *testing.T, path string) (cap.Document, error) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return cap.Parse(b, "")
}

// expected is one entry of expected.json. A pointer that is nil is not said.
type expected struct {
	Identifier  *string
	Sender      *string
	Sent        *string `json:"sent_utc"`
	Status      *string
	MsgType     *string
	Scope       *string
	Restriction *string
	References  []string
	Addresses   []string
	Version     *string `json:"cap_version"`
	Wrapped     *string `json:"wrapped_in"`
	Infos       *int
	Languages   []string
	Language    *string `json:"default_language"`
	Severity    *string
	Urgency     *string
	Certainty   *string
	Expires     *string `json:"expires_utc"`
	Polygons    *int
	Points      *int `json:"polygon_points"`
	Circles     *int
}

func TestAuthoredVectors(t *testing.T) {
	dir := vectors(t, "cap/authored")
	text, err := os.ReadFile(filepath.Join(dir, "expected.json"))
	if err != nil {
		t.Fatal(err)
	}
	var all map[string]expected
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.xml"))
	if err != nil || len(files) < 8 || len(files) != len(all) {
		t.Fatalf("%d files, %d expectations, %v", len(files), len(all), err)
	}
	for _, f := range files {
		d, err := parseFile(t, f)
		if err != nil || len(d.Alerts) != 1 || len(d.Refused) != 0 {
			t.Errorf("%s: %d alerts, %v, %v", filepath.Base(f), len(d.Alerts), d.Refused, err)
			continue
		}
		e, ok := all[filepath.Base(f)]
		if !ok {
			t.Errorf("%s: nothing is expected of it", filepath.Base(f))
		}
		for _, w := range e.differ(d) {
			t.Errorf("%s: %s", filepath.Base(f), w)
		}
	}
}

// differ lists what is not as it is expected.
func (e expected) differ(d cap.Document) (wrong []string) {
	a := d.Alerts[0]
	text := func(what string, want *string, got string) {
		if want != nil && *want != got {
			wrong = append(wrong, what+" "+got+", want "+*want)
		}
	}
	number := func(what string, want *int, got int) {
		if want != nil && *want != got {
			wrong = append(wrong, what)
		}
	}
	list := func(what string, want, got []string) {
		if want != nil && !slices.Equal(want, got) {
			wrong = append(wrong, what+" "+strings.Join(got, "; "))
		}
	}
	text("identifier", e.Identifier, a.Identifier)
	text("sender", e.Sender, a.Sender)
	text("sent", e.Sent, a.Sent.UTC().Format(time.RFC3339))
	text("status", e.Status, string(a.Status))
	text("msgType", e.MsgType, string(a.MsgType))
	text("scope", e.Scope, string(a.Scope))
	text("restriction", e.Restriction, a.Restriction)
	text("version", e.Version, a.Version.String())
	if (e.Wrapped != nil) != d.Atom {
		wrong = append(wrong, "Atom")
	}
	var refs []string
	for _, r := range a.References {
		refs = append(refs, r.Sender+","+r.Identifier+","+r.Sent.Format(time.RFC3339))
	}
	list("references", e.References, refs)
	list("addresses", e.Addresses, a.Addresses)
	number("infos", e.Infos, len(a.Infos))
	if len(a.Infos) == 0 {
		return wrong
	}
	var languages []string
	for _, i := range a.Infos {
		languages = append(languages, i.Language)
	}
	list("languages", e.Languages, languages)
	i := a.Infos[0]
	text("language", e.Language, i.Language)
	text("severity", e.Severity, string(i.Severity))
	text("urgency", e.Urgency, string(i.Urgency))
	text("certainty", e.Certainty, string(i.Certainty))
	text("expires", e.Expires, i.Expires.UTC().Format(time.RFC3339))
	number("polygons", e.Polygons, len(i.Areas[0].Polygons))
	number("circles", e.Circles, len(i.Areas[0].Circles))
	if e.Points != nil {
		number("points", e.Points, len(i.Areas[0].Polygons[0]))
	}
	return wrong
}

// TestLibraryVectors: files of the field are read, or refused as their names
// say.
func TestLibraryVectors(t *testing.T) {
	dir := vectors(t, "cap/google-cap-library")
	refused := map[string]string{"canada_errors.cap": "alert/references", "invalid.cap": "alert/scope"}
	signed := map[string]bool{"canada_signed.cap": true, "earthquake-iso8859-1.cap": true}
	seen := 0
	for _, pattern := range []string{"*.cap", "weather.atom"} {
		files, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			seen++
			name := filepath.Base(f)
			d, err := parseFile(t, f)
			if element, bad := refused[name]; bad {
				var fault *cap.Fault
				if !errors.As(err, &fault) || fault.Element != element {
					t.Errorf("%s: %v, want %s named", name, err, element)
				}
				continue
			}
			if err != nil || len(d.Alerts) != 1 {
				t.Errorf("%s: %v", name, err)
				continue
			}
			if d.Atom != (name == "weather.atom") || d.Alerts[0].SignedInside != signed[name] {
				t.Errorf("%s: Atom %t, others' elements %t", name, d.Atom, d.Alerts[0].SignedInside)
			}
		}
	}
	if seen < 9 {
		t.Errorf("%d files seen", seen)
	}
	if _, err := parseFile(t, filepath.Join(dir, "weather_index.atom")); !errors.Is(err, cap.ErrNotCAP) {
		t.Errorf("a feed of links: %v", err)
	}
	d, err := parseFile(t, filepath.Join(dir, "earthquake-iso8859-1.cap"))
	if err != nil || !strings.Contains(d.Alerts[0].Infos[0].Headline, "Usulután") {
		t.Errorf("ISO-8859-1: %v", err)
	}
	d, err = parseFile(t, filepath.Join(dir, "..", "oasis", "cap_amber_alert_example.xml"))
	if err != nil || len(d.Alerts[0].Infos) != 2 || d.Alerts[0].Infos[1].Event != "Abducción de Niño" {
		t.Errorf("the example of the standard: %v", err)
	}
}

// TestVectorsSurviveWriting: what was read is written and read again the same.
func TestVectorsSurviveWriting(t *testing.T) {
	n := 0
	for _, sub := range []string{"cap/authored", "cap/google-cap-library", "cap/oasis"} {
		files, err := filepath.Glob(filepath.Join(vectors(t, sub), "*"))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			b, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			if d, err := cap.Parse(b, ""); err == nil {
				n++
				checkRoundTrip(t, d.Alerts[0])
			}
		}
	}
	if n < 15 {
		t.Errorf("only %d alerts", n)
	}
}

func checkRoundTrip(t *testing.T, a cap.Alert) {
	t.Helper()
	b, err := a.Marshal()
	if err != nil {
		if v11NeedsMore(a) || strings.Contains(err.Error(), "quotation mark") || strings.Contains(err.Error(), "XML cannot carry") {
			return
		}
		t.Fatalf("%s is not written: %v", a.Identifier, err)
	}
	d, err := cap.Parse(b, "")
	if err != nil {
		t.Fatalf("%s as written: %v\n%s", a.Identifier, err, b)
	}
	back := d.Alerts[0]
	second, err := back.Marshal()
	if err != nil || string(second) != string(b) {
		t.Fatalf("%s: written, read and written it differs (%v)\n%s\n%s", a.Identifier, err, b, second)
	}
	if back.Identifier != a.Identifier || back.Sent.Unix() != a.Sent.Unix() || len(back.Infos) != len(a.Infos) || len(back.References) != len(a.References) {
		t.Fatalf("%s comes back as %+v", a.Identifier, back)
	}
	for i := range a.Infos {
		if x, y := a.Infos[i], back.Infos[i]; x.Headline != y.Headline || x.Description != y.Description || x.Expires.Unix() != y.Expires.Unix() || len(x.Areas) != len(y.Areas) {
			t.Fatalf("%s: info %d differs", a.Identifier, i)
		}
		for j, area := range a.Infos[i].Areas {
			for k, p := range area.Polygons {
				if q := back.Infos[i].Areas[j].Polygons[k]; !slices.EqualFunc(p, q, func(a, b cap.Point) bool { return math.Abs(a.Lat-b.Lat)+math.Abs(a.Lon-b.Lon) == 0 }) {
					t.Fatalf("%s: a polygon differs", a.Identifier)
				}
			}
		}
	}
}

// v11NeedsMore: 1.1 lets a resource have no media type, 1.2 does not.
func v11NeedsMore(a cap.Alert) bool {
	for _, i := range a.Infos {
		for _, r := range i.Resources {
			if r.MimeType == "" {
				return true
			}
		}
	}
	return false
}
