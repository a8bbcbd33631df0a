package cot_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"crossband/formats/cot"
	"crossband/formats/strictxml"
)

const good = `<event version="2.0" uid="U-1-9-1-1" type="b-a-o-tbl" how="m-g" time="2026-08-14T23:44:00Z" start="2026-08-14T23:44:00Z" stale="2026-08-14T23:54:00Z">` +
	`<point lat="31.3351" lon="-110.9402" hae="1180.4" ce="6.2" le="9999999.0"/><detail><emergency type="911 Alert">US-47</emergency><link uid="U-1" relation="p-p"/></detail></event>`

func swap(s, old, with string) string {
	if !strings.Contains(s, old) {
		panic("nothing to swap: " + old)
	}
	return strings.Replace(s, old, with, 1)
}

func TestReads(t *testing.T) {
	e, err := cot.Parse([]byte(good), "")
	if err != nil {
		t.Fatal(err)
	}
	if e.Kind() != cot.Emergency || e.Callsign != "US-47" || e.Parent != "U-1" || e.Alarm != "911 Alert" || *e.HAE != 1180.4 || e.LE != nil || *e.CE != 6.2 {
		t.Errorf("%+v", e)
	}
	for kind, doc := range map[cot.Kind]string{
		cot.EmergencyCancel: swap(swap(good, "b-a-o-tbl", "b-a-o-can"), `type="911 Alert"`, `cancel="true"`),
		cot.Position:        swap(swap(good, "b-a-o-tbl", "a-f-G-U-C"), `<emergency type="911 Alert">US-47</emergency>`, ""),
		cot.Emergency:       swap(good, "b-a-o-tbl", "a-f-G-U-C"), // the detail alone says it
		cot.Other:           swap(swap(good, "b-a-o-tbl", "u-d-f"), `<emergency type="911 Alert">US-47</emergency>`, ""),
	} {
		if e, err := cot.Parse([]byte(doc), ""); err != nil || e.Kind() != kind {
			t.Errorf("%v: %v, %v", kind, e.Kind(), err)
		}
	}
	if e, err := cot.Parse([]byte(swap(good, `type="911 Alert"`, `cancel="true"`)), ""); err != nil || e.Kind() != cot.EmergencyCancel {
		t.Errorf("cancelled by the detail alone: %v, %v", e.Kind(), err)
	}
}

func TestRefused(t *testing.T) {
	for doc, element := range map[string]string{
		swap(good, ` uid="U-1-9-1-1"`, ""):                         "event/@uid",
		swap(good, `uid="U-1-9-1-1"`, `uid=" "`):                   "event/@uid",
		swap(good, "U-1-9-1-1", strings.Repeat("x", 257)):          "event/@uid",
		swap(good, ` type="b-a-o-tbl"`, ""):                        "event/@type",
		swap(good, "b-a-o-tbl", "b--a"):                            "event/@type",
		swap(good, "b-a-o-tbl", "b-a o"):                           "event/@type",
		swap(good, ` time="2026-08-14T23:44:00Z"`, ""):             "event/@time",
		swap(good, `start="2026-08-14T23:44:00Z"`, `start="now"`):  "event/@start",
		swap(good, "23:54:00Z", "23:54:00-07:00"):                  "event/@stale",
		swap(good, "23:54:00Z", "23:43:59Z"):                       "event/@stale",
		swap(good, `lat="31.3351"`, `lat="91"`):                    "event/point/@lat",
		swap(good, `lat="31.3351"`, `lat="NaN"`):                   "event/point/@lat",
		swap(good, `lon="-110.9402"`, `lon="0x10"`):                "event/point/@lon",
		swap(good, ` ce="6.2"`, ""):                                "event/point/@ce",
		swap(good, `hae="1180.4"`, `hae="Inf"`):                    "event/point/@hae",
		swap(good, "<detail>", "<point/><detail>"):                 "event/point",
		swap(good, "</event>", "<detail/></event>"):                "event/detail",
		good[:strings.Index(good, "<point")] + "</event>":          "event/point",
		swap(good, `type="911 Alert"`, `cancel="yes"`):             "event/detail/emergency/@cancel",
		swap(good, "<link", `<emergency cancel="true"/><link`):     "event/detail/emergency",
		swap(good, "US-47", strings.Repeat("x", cot.MaxText+1)):    "event/detail/emergency",
		swap(good, "<link", "<remarks>a</remarks><remarks/><link"): "event/detail/remarks",
	} {
		_, err := cot.Parse([]byte(doc), "")
		var fault *cot.Fault
		if !errors.As(err, &fault) || fault.Element != element {
			t.Errorf("%s: %v", element, err)
		}
	}
	for name, doc := range map[string]string{
		"version 1":    swap(good, `version="2.0"`, `version="1.0"`),
		"no event":     "<alert/>",
		"a name space": swap(good, "<event ", `<event xmlns="urn:x" `),
	} {
		if _, err := cot.Parse([]byte(doc), ""); !errors.Is(err, cot.ErrNotCoT) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, doc := range map[string]string{
		"document type": "<!DOCTYPE event>" + good,
		"entity":        `<!DOCTYPE event [<!ENTITY x "y">]>` + swap(good, "US-47", "&x;"),
		"second root":   good + good,
		"a uid twice":   swap(good, "<event ", `<event uid="other" `),
		"cut":           good[:len(good)-1],
		"10,000 deep":   swap(good, "US-47", strings.Repeat("<x>", 5_000)+strings.Repeat("</x>", 5_000)),
		"too large":     swap(good, "US-47", strings.Repeat("x", cot.MaxOctets)),
	} {
		if _, err := cot.Parse([]byte(doc), ""); !errors.Is(err, strictxml.ErrMalformed) && !errors.Is(err, strictxml.ErrTooLarge) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func vectorDir() string {
	if dir := os.Getenv("CROSSBAND_VECTORS"); dir != "" {
		return dir
	}
	return filepath.Join("..", "..", "..", "shared", "vectors")
}

func vectors(t *testing.T, under string) string {
	t.Helper()
	dir := filepath.Join(vectorDir(), under)
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("no test vectors: set CROSSBAND_VECTORS, or put them in %s", vectorDir())
	}
	return dir
}

func TestAuthoredVectors(t *testing.T) {
	dir := vectors(t, "cot/authored")
	text, err := os.ReadFile(filepath.Join(dir, "expected.json"))
	if err != nil {
		t.Fatal(err)
	}
	var all map[string]map[string]any
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.xml"))
	if err != nil || len(files) < 6 || len(files) != len(all) {
		t.Fatalf("%d files, %d expectations, %v", len(files), len(all), err)
	}
	events := map[string]cot.Event{}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		e, err := cot.Parse(b, "")
		if err != nil {
			t.Errorf("%s: %v", filepath.Base(f), err)
		}
		events[filepath.Base(f)] = e
	}
	for name, want := range all {
		e := events[name]
		got := map[string]any{
			"uid": e.UID, "type": e.Type, "callsign": e.Callsign, "lat": e.Lat, "lon": e.Lon, "kind": e.Kind().String(),
			"stale_after_s": e.Stale.Sub(e.Start).Seconds(), "of": e.Parent, "text": e.Remarks, "hae": orNil(e.HAE), "ce": orNil(e.CE),
			"same_uid_as": name,
		}
		for key, w := range want {
			if key == "must" || key == "note" {
				continue
			}
			if other, ok := w.(string); key == "same_uid_as" && ok {
				if events[other].UID != e.UID {
					t.Errorf("%s has not the UID of %s", name, other)
				}
				continue
			}
			if g, known := got[key]; !known || g != w {
				t.Errorf("%s: %s is %v, want %v", name, key, got[key], w)
			}
		}
	}
}

func orNil(v *float64) any {
	if v == nil {
		return nil
	}
	return *v
}

func TestLibraryVectors(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(vectors(t, "cot/cotlib"), "*.xml"))
	if err != nil || len(files) < 5 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		// simple_chat.xml and group_chat.xml leave out how.
		if e, err := cot.Parse(b, ""); err != nil || e.Kind() != cot.Chat {
			t.Errorf("%s: %v, %v", filepath.Base(f), e.Kind(), err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(good))
	f.Add([]byte(swap(good, `type="911 Alert"`, `cancel="true"`)))
	files, _ := filepath.Glob(filepath.Join(vectorDir(), "cot", "*", "*.xml"))
	for _, name := range files {
		if b, err := os.ReadFile(name); err == nil {
			f.Add(b)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := cot.Parse(b, "")
		if err != nil {
			if e != (cot.Event{}) {
				t.Fatal("an event beside an error")
			}
			return
		}
		if e.UID == "" || e.Type == "" || e.Time.IsZero() || e.Lat < -90 || e.Lat > 90 || e.Lon < -180 || e.Lon > 180 || e.Stale.Before(e.Start) {
			t.Fatalf("%+v", e)
		}
	})
}
