package hook_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"crossband/formats/cap"
	"crossband/relay/hook"
	"crossband/relay/store"
)

func anyFormat(hook.Format) bool { return true }

// vectorDir finds the shared test data: $CROSSBAND_VECTORS, or else
// ../shared/vectors beside the module's root.
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

func readFile(t *testing.T, path, contentType string) (hook.Reading, error) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return hook.Read(hook.Message{ContentType: contentType, Body: b, ID: "msg_1"}, anyFormat)
}

// TestVectorsRingAsExpected: every alert of cap/authored rings, or does not, as
// its expectation says, when it is sent on time; and they follow each other.
func TestVectorsRingAsExpected(t *testing.T) {
	dir := vectors(t, "cap/authored")
	text, err := os.ReadFile(filepath.Join(dir, "expected.json"))
	if err != nil {
		t.Fatal(err)
	}
	var expected map[string]struct {
		Escalate bool
		Sent     time.Time `json:"sent_utc"`
	}
	if err := json.Unmarshal(text, &expected); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		var clock atomic.Pointer[time.Time] // what the inbox takes for the time of day
		clock.Store(new(time.Time))
		b, err := hook.Open(t.Context(), store.NewMemory(), hook.Limits{}, nil, func() time.Time { return *clock.Load() })
		if err != nil {
			t.Fatal(err)
		}
		r := newRadio()
		p := &post{t: t, inbox: b, radio: r, src: &hook.Source{Name: "all"}}
		go b.Run(t.Context(), r) // ends with the bubble's context
		incidents := map[string]string{}
		for _, name := range []string{"us-nws-flash-flood.xml", "ca-naads-amber.xml", "mx-conagua-huracan.xml", "mx-conagua-huracan-update.xml",
			"mx-conagua-huracan-cancel.xml", "mx-sasmex-atom-cap11.xml", "us-restricted-exercise.xml", "us-private-ack.xml"} {
			reading, err := readFile(t, filepath.Join(dir, name), "application/xml")
			if err != nil || len(reading.Alerts) != 1 || reading.Format != hook.FormatCAP {
				t.Fatalf("%s: %+v, %v", name, reading, err)
			}
			now := reading.Alerts[0].Sent.Add(2 * time.Second)
			clock.Store(&now)
			before := len(r.rang()) + len(r.heard())
			res, err := p.send(reading.Alerts...)
			if err != nil {
				t.Fatal(err)
			}
			settle()
			if paged := len(r.rang())+len(r.heard()) > before; paged != expected[name].Escalate {
				t.Errorf("%s: called somebody %t, want %t (%s)", name, paged, expected[name].Escalate, res[0].Why)
			}
			incidents[name] = res[0].Incident
			delete(expected, name)
		}
		if len(expected) != 0 {
			t.Errorf("not looked at: %v", expected)
		}
		if one := incidents["mx-conagua-huracan.xml"]; one == "" || incidents["mx-conagua-huracan-update.xml"] != one || incidents["mx-conagua-huracan-cancel.xml"] != one {
			t.Errorf("three messages about one hurricane are %v", incidents)
		}
		for _, x := range r.rang() {
			if (x.cancelled == 1) != strings.HasPrefix(x.Alert.ID, "b1a4e0c2") || x.Late != 0 {
				t.Errorf("%s: cancelled %d times, late %v", x.Alert.ID, x.cancelled, x.Late)
			}
		}
	})
}

func TestCAPBecomesAnAlert(t *testing.T) {
	dir := vectors(t, "cap")
	r, err := readFile(t, filepath.Join(dir, "authored", "us-nws-flash-flood.xml"), "application/cap+xml; charset=utf-8")
	if err != nil {
		t.Fatal(err)
	}
	a := r.Alerts[0]
	if a.Severity != hook.Severe || !a.Immediate || a.Event != "Flash Flood Warning" || len(a.Texts) != 2 || a.Texts[1].Language != "es-US" {
		t.Errorf("%+v", a)
	}
	if a.Place == nil || a.Place.Lat < 31.33 || a.Place.Lat > 31.51 || a.Place.Lon < -111.02 || a.Place.Lon > -110.79 || a.Place.Desc != "Santa Cruz, AZ" {
		t.Errorf("place %+v", a.Place)
	}
	all, err := readFile(t, filepath.Join(dir, "google-cap-library", "canada.cap"), "text/xml")
	if err != nil || !all.Alerts[0].AllClear || all.Alerts[0].Severity != hook.Minor || len(all.Alerts[0].References) != 2 {
		t.Errorf("%+v, %v", all, err)
	}
	_, err = readFile(t, filepath.Join(dir, "google-cap-library", "weather_index.atom"), "application/atom+xml")
	if !errors.Is(err, cap.ErrNotCAP) {
		t.Errorf("a feed of links: %v", err)
	}
}

// TestCoT: emergencies and what ends them; everything else is no alert.
func TestCoT(t *testing.T) {
	dir := vectors(t, "cot/authored")
	for name, kind := range map[string]hook.Kind{
		"emergency-911.xml": hook.KindAlert, "emergency-cancel.xml": hook.KindCancel,
		"pli-ground-unit.xml": 0, "pli-mx-vehicle.xml": 0, "geochat-all.xml": 0, "ping.xml": 0,
	} {
		r, err := readFile(t, filepath.Join(dir, name), "application/xml")
		if err != nil || r.Format != hook.FormatCoT || (len(r.Alerts) == 0) != (kind == 0) || (r.Nothing == "") != (kind != 0) {
			t.Errorf("%s: %+v, %v", name, r, err)
			continue
		}
		if kind != 0 && (r.Alerts[0].Kind != kind || r.Alerts[0].Thread != "ANDROID-us47aa01-9-1-1" || !r.Alerts[0].Distress || r.Alerts[0].Place == nil) {
			t.Errorf("%s: %+v", name, r.Alerts[0])
		}
	}
}

func TestBodiesOfOthers(t *testing.T) {
	dir := vectors(t, "hooks")
	r, err := readFile(t, filepath.Join(dir, "incident-escalated.json"), "application/json")
	if err != nil {
		t.Fatal(err)
	}
	a := r.Alerts[0]
	if r.Format != hook.FormatEvent || a.ID != "5b0a3b0e-6a2e-4d0d-9d55-7b0d3a1a5f10" || a.Sender != "sensor/TUS-0147" || a.Severity != hook.Severe ||
		a.Event != "ground-sensor" || a.Thread != "TUS-0147/2026-08-14T23:40" || len(a.Texts) != 2 || a.Texts[1].Language != "es" || a.Place.Lat != 31.3351 {
		t.Errorf("%+v", a)
	}
	r, err = readFile(t, filepath.Join(dir, "alertmanager-v4.json"), "application/json")
	if err != nil {
		t.Fatal(err)
	}
	a = r.Alerts[0]
	if r.Format != hook.FormatAlertmanager || a.Severity != hook.Extreme || a.Thread != "a3b1c5d7e9f01122" || a.Event != "RelayLinkDown" || a.Texts[0].Text != "Link to mx-gn down for 30 s" {
		t.Errorf("%+v", a)
	}
	r, err = readFile(t, filepath.Join(dir, "pagerduty-events-v2-style.json"), "application/json")
	if err != nil {
		t.Fatal(err)
	}
	a = r.Alerts[0]
	if r.Format != hook.FormatIncidents || a.Thread != "TUS-0147" || a.Kind != hook.KindAlert || a.Severity != hook.Extreme || a.Event != "intrusion" {
		t.Errorf("%+v", a)
	}
}

const event = `{"type":"t","timestamp":"2026-08-14T23:44:02Z","data":{"id":"1","source":"s","severity":"severe","title":"T","lat":31,"lon":-110}}`

func swap(s, old, with string) string {
	if !strings.Contains(s, old) {
		panic("nothing to swap: " + old)
	}
	return strings.Replace(s, old, with, 1)
}

func readJSON(body string) (hook.Reading, error) {
	return hook.Read(hook.Message{ContentType: "application/json", Body: []byte(body), ID: "msg_1"}, anyFormat)
}

func TestEvents(t *testing.T) {
	for body, check := range map[string]func(hook.Alert) bool{
		event:                        func(a hook.Alert) bool { return a.Kind == hook.KindAlert && a.Status == hook.Actual },
		swap(event, `"id":"1",`, ""): func(a hook.Alert) bool { return a.ID == "msg_1" },
		swap(event, `"id"`, `"action":"cancel","references":["0"],"id"`): func(a hook.Alert) bool {
			return a.Kind == hook.KindCancel && len(a.References) == 1 && a.References[0] == hook.Ref{Sender: "s", ID: "0"}
		},
		swap(event, `"id"`, `"status":"exercise","id"`): func(a hook.Alert) bool { return a.Status == hook.Exercise },
		swap(event, `"id"`, `"expires":"2026-08-15T00:00:00-07:00","urgency":"Immediate","id"`): func(a hook.Alert) bool {
			return a.Immediate && a.Expires.UTC().Hour() == 7
		},
		swap(event, `"T"`, `"a\u001b[2J\nb"`): func(a hook.Alert) bool { return a.Texts[0].Text == "a [2J b" },
		swap(event, `"T"`, `"`+strings.Repeat("é", 500)+`"`): func(a hook.Alert) bool {
			return len(a.Texts[0].Text) <= 400 && strings.HasSuffix(a.Texts[0].Text, "é…")
		},
		swap(event, `"severity":"severe",`, ""): func(a hook.Alert) bool { return a.Severity == hook.Unknown },
	} {
		r, err := readJSON(body)
		if err != nil || !check(r.Alerts[0]) {
			t.Errorf("%s: %+v, %v", body, r, err)
		}
	}
	for body, element := range map[string]string{
		swap(event, `"type":"t",`, ""):                       "type",
		swap(event, "2026-08-14T23:44:02Z", "yesterday"):     "timestamp",
		swap(event, "44:02Z", "44:02+24:00"):                 "timestamp",
		swap(event, "44:02Z", "44:02-23:60"):                 "timestamp",
		swap(event, `"severe"`, `"dreadful"`):                "data.severity",
		swap(event, `"severe"`, `3`):                         "data.severity",
		swap(event, `"lat":31,`, ""):                         "data.lat",
		swap(event, `31`, `91`):                              "data.lat",
		swap(event, `31`, `"31"`):                            "data.lat",
		swap(event, `"id"`, `"status":"real","id"`):          "data.status",
		swap(event, `"id"`, `"action":"boom","id"`):          "data.action",
		swap(event, `"id"`, `"references":"0","id"`):         "data.references",
		swap(event, `"id"`, `"expires":"never","id"`):        "data.expires",
		`{"type":"t","data":[]}`:                             "data.",
		swap(event, `"1"`, `"`+strings.Repeat("x", 600)+`"`): "id",
		swap(event, `"1"`, `"a\u0000b"`):                     "id",
		`{"version":"3","groupKey":"k","alerts":[]}`:         "version",
		`{"version":"4","groupKey":"k","alerts":[]}`:         "alerts",
		`{"version":"4","groupKey":"k","alerts":[{"status":"odd","fingerprint":"f","startsAt":"2026-08-14T23:40:00Z"}]}`: "alerts.0.status",
		`{"version":"4","groupKey":"k","alerts":[{"status":"firing","startsAt":"2026-08-14T23:40:00Z"}]}`:                "alerts.0.fingerprint",
		`{"event_action":"trigger","dedup_key":"k"}`:                                                                     "payload.",
		`{"event_action":"explode","dedup_key":"k"}`:                                                                     "event_action",
	} {
		_, err := readJSON(body)
		var f *hook.Fault
		if !errors.As(err, &f) || f.Element != element {
			t.Errorf("%s: %v, want %s named", body, err, element)
		}
	}
}

// TestOneOfSeveralIsRefusedAlone: a rule that one alert breaks costs the others
// nothing, whoever found it out.
func TestOneOfSeveralIsRefusedAlone(t *testing.T) {
	one := func(id, more string) string {
		return `<entry><content><alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>` + id + `</identifier><sender>s</sender><sent>2026-08-14T23:44:00-07:00</sent><status>Actual</status>` + more +
			`<info><category>Met</category><event>e</event><urgency>Immediate</urgency><severity>Severe</severity><certainty>Likely</certainty></info></alert></content></entry>`
	}
	refs := strings.Repeat("s,1,2026-08-14T23:44:00-07:00 ", 101)
	feed := `<feed xmlns="http://www.w3.org/2005/Atom">` + one("good", "<msgType>Alert</msgType><scope>Public</scope>") +
		one("bad", "<msgType>Update</msgType><scope>Public</scope><references>"+refs+"</references>") + `</feed>`
	fires := func(fingerprint, begun string) string {
		return `{"status":"firing","labels":{"severity":"page","n":"1"},"startsAt":"` + begun + `","fingerprint":"` + fingerprint + `"}`
	}
	group := `{"version":"4","groupKey":"k","alerts":[` + fires("f", "2026-08-14T23:40:00Z") + "," + fires("bad", "yesterday") + "," + fires(strings.Repeat("x", 600), "2026-08-14T23:40:00Z") + `]}`
	for body, want := range map[string]struct {
		media, good string
		refused     []string
	}{
		feed:  {"application/xml", "good", []string{"references"}},
		group: {"application/json", "f@2026-08-14T23:40:00Z", []string{"alerts.1.startsAt", "id"}},
	} {
		r, err := hook.Read(hook.Message{ContentType: want.media, Body: []byte(body), ID: "m"}, anyFormat)
		if err != nil || len(r.Alerts) != 1 || r.Alerts[0].ID != want.good || len(r.Refused) != len(want.refused) {
			t.Errorf("%s: %+v, %v", want.media, r, err)
			continue
		}
		for i, err := range r.Refused {
			if f := new(hook.Fault); !errors.As(err, &f) || f.Element != want.refused[i] || f.ID == "" {
				t.Errorf("%s: %#v, want %s named", want.media, err, want.refused[i])
			}
		}
	}
}

// TestSeveritiesOfLabels: what a label says and is not known here may be the worst.
func TestSeveritiesOfLabels(t *testing.T) {
	for label, want := range map[string]hook.Severity{"critical": hook.Extreme, "page": hook.Unknown, "P1": hook.Unknown, "": hook.Unknown} {
		r, err := readJSON(`{"version":"4","groupKey":"k","alerts":[{"status":"firing","labels":{"severity":"` + label + `"},"startsAt":"2026-08-14T23:40:00Z","fingerprint":"f"}]}`)
		if err != nil || r.Alerts[0].Severity != want {
			t.Errorf("%q: %+v, %v", label, r, err)
			continue
		}
		if v := hook.Judge(&r.Alerts[0], hook.Policy{Least: hook.Extreme}, r.Alerts[0].Sent); !v.Rings {
			t.Errorf("%q: %+v", label, v)
		}
	}
}

// TestRepeatedNotifications: the same alert again is the same, whatever else of
// the notification changed; its end is another, of the same thread.
func TestRepeatedNotifications(t *testing.T) {
	firing := `{"version":"4","groupKey":"k","status":"firing","alerts":[{"status":"firing","labels":{"severity":"warning"},"annotations":{"summary":"a"},"startsAt":"2026-08-14T23:40:00Z","fingerprint":"f"}]}`
	one, err1 := readJSON(firing)
	two, err2 := readJSON(swap(firing, `"summary":"a"`, `"summary":"b"`))
	end, err3 := readJSON(strings.ReplaceAll(firing, "firing", "resolved"))
	if err := errors.Join(err1, err2, err3); err != nil {
		t.Fatal(err)
	}
	a, b, c := one.Alerts[0], two.Alerts[0], end.Alerts[0]
	if a.ID != b.ID || a.Digest != b.Digest || c.ID == a.ID || c.Kind != hook.KindCancel || c.Thread != a.Thread || a.Severity != hook.Moderate {
		t.Errorf("%+v\n%+v\n%+v", a, b, c)
	}
	trigger := `{"event_action":"trigger","dedup_key":"k","payload":{"summary":"s","source":"x","severity":"error"}}`
	one, err1 = readJSON(trigger)
	end, err2 = readJSON(`{"event_action":"resolve","dedup_key":"k"}`)
	if err := errors.Join(err1, err2); err != nil || one.Alerts[0].Thread != end.Alerts[0].Thread || one.Alerts[0].Sender != end.Alerts[0].Sender || end.Alerts[0].Kind != hook.KindCancel {
		t.Errorf("%+v, %+v, %v", one, end, err)
	}
}

func TestCloudEvents(t *testing.T) {
	structured := `{"specversion":"1.0","id":"1","source":"/s","type":"t","data":{"severity":"severe","title":"T"}}`
	for _, contentType := range []string{"application/cloudevents+json", "application/json"} {
		r, err := hook.Read(hook.Message{ContentType: contentType, Body: []byte(structured)}, anyFormat)
		if err != nil || r.Format != hook.FormatCloudEvents || r.Alerts[0].Sender != "/s" || r.Alerts[0].Severity != hook.Severe {
			t.Errorf("%s: %+v, %v", contentType, r, err)
		}
	}
	xml, err := json.Marshal(`<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>I</identifier><sender>S</sender><sent>2026-08-14T16:42:00-07:00</sent>` +
		`<status>Actual</status><msgType>Alert</msgType><scope>Public</scope></alert>`)
	if err != nil {
		t.Fatal(err)
	}
	wrapped := fmt.Sprintf(`{"specversion":"1.0","id":"1","source":"/s","type":"t","datacontenttype":"application/cap+xml","data":%s}`, xml)
	r, err := hook.Read(hook.Message{ContentType: "application/cloudevents+json", Body: []byte(wrapped)}, anyFormat)
	if err != nil || r.Alerts[0].ID != "I" || r.Alerts[0].Sender != "S" {
		t.Errorf("CAP within: %+v, %v", r, err)
	}
	binary := hook.Message{ContentType: "application/json", Body: []byte(`{"severity":"severe"}`), ID: "1",
		Header: map[string][]string{"Ce-Specversion": {"1.0"}, "Ce-Id": {"1"}, "Ce-Source": {"/s"}, "Ce-Type": {"t"}}}
	if r, err := hook.Read(binary, anyFormat); err != nil || r.Format != hook.FormatBinaryEvents || r.Alerts[0].Severity != hook.Severe {
		t.Errorf("binary: %+v, %v", r, err)
	}
	binary.ID = "2"
	if _, err := hook.Read(binary, anyFormat); err == nil {
		t.Error("an id that no signature is over is taken")
	}
	onlySigned := func(f hook.Format) bool { return f != hook.FormatBinaryEvents }
	binary.ID = "1"
	if _, err := hook.Read(binary, onlySigned); err == nil {
		t.Error("a format that is not allowed is taken")
	}
	if _, err := hook.Read(hook.Message{ContentType: "application/cloudevents-batch+json", Body: []byte("[]")}, anyFormat); err == nil {
		t.Error("a batch is taken")
	}
}

func FuzzRead(f *testing.F) {
	f.Add("application/json", []byte(event))
	f.Add("application/json", []byte(`{"version":"4","groupKey":"k","alerts":[{"status":"firing","labels":{"severity":"warning"},"startsAt":"2026-08-14T23:40:00Z","fingerprint":"f"}]}`))
	f.Add("application/json", []byte(`{"event_action":"trigger","dedup_key":"k","payload":{"summary":"s","severity":"error"}}`))
	f.Add("application/cloudevents+json", []byte(`{"specversion":"1.0","id":"1","source":"/s","type":"t","data":{"severity":"severe"}}`))
	f.Add("text/xml", []byte(`<event version="2.0" uid="U" type="b-a-o-tbl" time="2026-08-14T23:44:00Z" start="2026-08-14T23:44:00Z" stale="2026-08-14T23:54:00Z"><point lat="1" lon="1" hae="0" ce="0" le="0"/></event>`))
	for _, pattern := range []string{"cap/*/*", "cot/*/*", "hooks/*"} {
		files, _ := filepath.Glob(filepath.Join(vectorDir(), pattern))
		for _, name := range files {
			if b, err := os.ReadFile(name); err == nil {
				f.Add("application/xml", b)
				f.Add("application/json", b)
			}
		}
	}
	f.Fuzz(func(t *testing.T, contentType string, body []byte) {
		r, err := hook.Read(hook.Message{ContentType: contentType, Body: body, ID: "msg_1"}, anyFormat)
		if err != nil {
			if len(r.Alerts) > 0 {
				t.Fatal("alerts beside an error")
			}
			return
		}
		if len(r.Alerts)+len(r.Refused) == 0 && r.Nothing == "" {
			t.Fatal("neither an alert nor why there is none")
		}
		for _, a := range r.Alerts {
			if a.ID == "" || a.Kind == 0 || a.Status == 0 || len(a.Texts) > 6 || a.Digest == [32]byte{} {
				t.Fatalf("%+v", a)
			}
			for _, x := range a.Texts {
				if len(x.Text) > 400 || strings.ContainsAny(x.Text, "\x1b\n\r\x00") {
					t.Fatalf("text %q", x.Text)
				}
			}
		}
	})
}
