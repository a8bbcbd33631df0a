package cap_test

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"crossband/formats/cap"
	"crossband/formats/strictxml"
)

const good = `<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">
<identifier>ID-1</identifier><sender>s@example.gov</sender><sent>2026-08-14T16:42:00-07:00</sent>
<status>Actual</status><msgType>Alert</msgType><scope>Public</scope>
<info><category>Met</category><event>Storm</event><urgency>Immediate</urgency><severity>Severe</severity><certainty>Likely</certainty>
<expires>2026-08-14T23:45:00Z</expires>
<area><areaDesc>Here</areaDesc><polygon>1,1 1,2 2,2 1,1</polygon><circle>31.3,-110.9 2.5</circle></area></info>
</alert>`

func TestReads(t *testing.T) {
	d, err := cap.Parse([]byte(good), "")
	if err != nil {
		t.Fatal(err)
	}
	a := d.Alerts[0]
	i := a.Infos[0]
	if i.Language != "en-US" || !i.Expires.Equal(time.Date(2026, 8, 14, 23, 45, 0, 0, time.UTC)) || i.Areas[0].Circles[0].Radius != 2.5 {
		t.Errorf("%+v", i)
	}
	if string(a.Raw) != good {
		t.Errorf("raw %q", a.Raw)
	}
	for what, doc := range map[string]string{
		"another order":       strings.Replace(swap(good, "<status>Actual</status>", ""), "</info>", "</info><status>Actual</status>", 1),
		"empty optional ones": strings.Replace(good, "<info>", "<restriction/><addresses></addresses><note/><info>", 1),
		"a signature":         strings.Replace(good, "</alert>", `<Signature xmlns="http://www.w3.org/2000/09/xmldsig#"><x>y</x></Signature></alert>`, 1),
		"a pair without name and value": strings.Replace(good, "<expires>",
			"<parameter><valueName></valueName><value></value></parameter><expires>", 1),
		"fractions of a second": swap(good, "16:42:00-07:00", "16:42:00.123-07:00"),
		"CDATA":                 swap(good, "Storm", "<![CDATA[Storm]]>"),
		"1.1 with a password":   swap(swap(good, "cap:1.2", "cap:1.1"), "<scope>", "<password>x</password><scope>"),
		"1.1 Very Likely":       swap(swap(good, "cap:1.2", "cap:1.1"), "Likely", "Very Likely"),
	} {
		d, err := cap.Parse([]byte(doc), "")
		if err != nil || d.Alerts[0].Infos[0].Event != "Storm" || d.Alerts[0].Status != cap.Actual || d.Alerts[0].Infos[0].Certainty != "Likely" {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func swap(s, old, with string) string {
	if !strings.Contains(s, old) {
		panic("nothing to swap: " + old)
	}
	return strings.Replace(s, old, with, 1)
}

// TestFaultsNameTheElement: each rule has its element, which the sender is told.
func TestFaultsNameTheElement(t *testing.T) {
	for doc, element := range map[string]string{
		swap(good, "<identifier>ID-1</identifier>", ""): "alert/identifier",
		swap(good, "ID-1", "ID 1"):                      "alert/identifier",
		swap(good, "ID-1", "ID,1"):                      "alert/identifier",
		swap(good, "ID-1", strings.Repeat("x", 513)):    "alert/identifier",
		swap(good, "<identifier>ID-1</identifier>", "<identifier>a</identifier><identifier>b</identifier>"): "alert/identifier",
		swap(good, "<sender>s@example.gov</sender>", "<sender> </sender>"):                                  "alert/sender",
		swap(good, "2026-08-14T16:42:00-07:00", "2026-08-14T16:42:00"):                                      "alert/sent",
		swap(good, "2026-08-14T16:42:00-07:00", "2026-08-14 16:42:00-07:00"):                                "alert/sent",
		swap(good, "2026-08-14T16:42:00-07:00", "2026-02-30T16:42:00-07:00"):                                "alert/sent",
		swap(good, "2026-08-14T16:42:00-07:00", "9999-08-14T16:42:00-07:00"):                                "alert/sent",
		swap(good, "2026-08-14T16:42:00-07:00", "2026-08-14T16:42:00+24:00"):                                "alert/sent",
		swap(good, "2026-08-14T16:42:00-07:00", "2026-08-14T16:42:00-23:60"):                                "alert/sent",
		swap(good, "<sent>2026-08-14T16:42:00-07:00</sent>", ""):                                            "alert/sent",
		swap(good, "<status>Actual</status>", ""):                                                           "alert/status",
		swap(good, "Actual", "actual"):                                                                      "alert/status",
		swap(good, "<msgType>Alert", "<msgType>Boom"):                                                       "alert/msgType",
		swap(good, "Public", "Everybody"):                                                                   "alert/scope",
		swap(good, "<scope>Public", "<scope>Restricted"):                                                    "alert/restriction",
		swap(good, "<scope>Public", "<scope>Private"):                                                       "alert/addresses",
		swap(good, "<msgType>Alert", "<msgType>Update"):                                                     "alert/references",
		swap(good, "<msgType>Alert", "<msgType>Cancel"):                                                     "alert/references",
		swap(good, "<info>", "<references>a,b</references><info>"):                                          "alert/references",
		swap(good, "<info>", "<references>a,b,yesterday</references><info>"):                                "alert/references",
		swap(good, "<info>", `<addresses>"open</addresses><info>`):                                          "alert/addresses",
		swap(good, "<info>", "<novelty>x</novelty><info>"):                                                  "alert/novelty",
		swap(good, "<info>", "stray<info>"):                                                                 "alert",
		swap(good, "<status>Actual", "<status><b>Actual</b>"):                                               "alert/status",
		swap(good, "Severe", "Terrible"):                                                                    "alert/info/severity",
		swap(good, "<severity>Severe</severity>", ""):                                                       "alert/info/severity",
		swap(good, "<severity>Severe", "<severity>Minor</severity><severity>Severe"):                        "alert/info/severity",
		swap(good, "Immediate", "Now"):                                                                      "alert/info/urgency",
		swap(good, "Likely", "Maybe"):                                                                       "alert/info/certainty",
		swap(good, "<event>Storm</event>", ""):                                                              "alert/info/event",
		swap(good, "<category>Met</category>", ""):                                                          "alert/info/category",
		swap(good, "Met", "Weather"):                                                                        "alert/info/category",
		swap(good, "<urgency>", "<responseType>Run</responseType><urgency>"):                                "alert/info/responseType",
		swap(good, "<category>", "<language>x y</language><category>"):                                      "alert/info/language",
		swap(good, "2026-08-14T23:45:00Z", "soon"):                                                          "alert/info/expires",
		swap(good, "<expires>", "<parameter><value>x</value></parameter><expires>"):                         "alert/info/parameter/valueName",
		swap(good, "<areaDesc>Here</areaDesc>", ""):                                                         "alert/info/area/areaDesc",
		swap(good, "1,1 1,2 2,2 1,1", "1,1 1,2 1,1"):                                                        "alert/info/area/polygon",
		swap(good, "1,1 1,2 2,2 1,1", "1,1 1,2 2,2 3,3"):                                                    "alert/info/area/polygon",
		swap(good, "1,1 1,2 2,2 1,1", "1,1 91,2 2,2 1,1"):                                                   "alert/info/area/polygon",
		swap(good, "1,1 1,2 2,2 1,1", "1,1 NaN,2 2,2 1,1"):                                                  "alert/info/area/polygon",
		swap(good, "31.3,-110.9 2.5", "31.3,-110.9 -1"):                                                     "alert/info/area/circle",
		swap(good, "31.3,-110.9 2.5", "31.3,-110.9"):                                                        "alert/info/area/circle",
		swap(good, "<areaDesc>", "<altitude>high</altitude><areaDesc>"):                                     "alert/info/area/altitude",
		swap(good, "<area>", "<resource><resourceDesc>x</resourceDesc></resource><area>"):                   "alert/info/resource/mimeType",
		swap(good, "<area>", `<x xmlns="urn:y"/><area>`):                                                    "alert/info/x",
		swap(good, "<info>", strings.Repeat("<info/>", 60)+"<info>"):                                        "alert/info",
		swap(good, "Storm", strings.Repeat("x", cap.MaxText+1)):                                             "alert/info/event",
	} {
		d, err := cap.Parse([]byte(doc), "")
		var fault *cap.Fault
		if !errors.As(err, &fault) || fault.Element != element || len(d.Alerts) != 0 {
			t.Errorf("%s: %v", element, err)
		}
	}
}

// TestHostile: what attacks a reader of XML is refused, fast and in bounds.
func TestHostile(t *testing.T) {
	bomb := `<!DOCTYPE alert [<!ENTITY a "` + strings.Repeat("lol", 100) + `">`
	for c := 'b'; c < 'l'; c++ {
		bomb += `<!ENTITY ` + string(c) + ` "` + strings.Repeat("&"+string(c-1)+";", 10) + `">`
	}
	for name, doc := range map[string]string{
		"document type":      "<!DOCTYPE alert>" + good,
		"external entity":    `<!DOCTYPE alert [<!ENTITY x SYSTEM "file:///etc/passwd">]>` + swap(good, "Storm", "&x;"),
		"entity bomb":        bomb + "]>" + swap(good, "Storm", "&k;"),
		"second root":        good + good,
		"10,000 deep":        swap(good, "Storm", strings.Repeat("<x>", 10_000)+strings.Repeat("</x>", 10_000)),
		"too large":          swap(good, "Storm", strings.Repeat("x", cap.MaxOctets)),
		"bad UTF-8":          swap(good, "Storm", "St\xffrm"),
		"two attributes":     swap(good, "<info>", `<info a="1" a="2">`),
		"prefix undeclared":  strings.ReplaceAll(strings.ReplaceAll(good, "</", "</cap:"), "<info", "<cap:info"),
		"cut":                good[:len(good)-3],
		"another name space": swap(good, "cap:1.2", "cap:9.9"),
		"1.0":                swap(good, "urn:oasis:names:tc:emergency:cap:1.2", "http://www.incident.com/cap/1.0"),
		"empty feed":         `<feed xmlns="http://www.w3.org/2005/Atom"/>`,
		"feed of too many":   `<feed xmlns="http://www.w3.org/2005/Atom">` + strings.Repeat("<entry><content>"+good+"</content></entry>", cap.MaxAlerts+1) + `</feed>`,
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		d, err := cap.Parse([]byte(doc), "")
		runtime.ReadMemStats(&after)
		if err == nil || len(d.Alerts) != 0 {
			t.Errorf("%s is taken", name)
		}
		if used := after.TotalAlloc - before.TotalAlloc; used > 64<<20 {
			t.Errorf("%s: %d MiB allocated", name, used>>20)
		}
	}
	if _, err := cap.Parse([]byte("<!DOCTYPE alert>"+good), ""); !errors.Is(err, strictxml.ErrMalformed) {
		t.Errorf("the kind of the error is lost: %v", err)
	}
}

// TestFeedWithABadEntry: one sender's mistake does not silence another's alert.
func TestFeedWithABadEntry(t *testing.T) {
	bad := swap(good, "Severe", "Terrible")
	feed := `<feed xmlns="http://www.w3.org/2005/Atom"><title>x</title><entry><content type="text/xml">` + bad +
		`</content></entry><entry><content type="text/xml">` + good + `</content></entry></feed>`
	d, err := cap.Parse([]byte(feed), "")
	if err != nil || len(d.Alerts) != 1 || len(d.Refused) != 1 || !d.Atom {
		t.Fatalf("%d alerts, %v, %v", len(d.Alerts), d.Refused, err)
	}
	var fault *cap.Fault
	if !errors.As(d.Refused[0], &fault) || fault.Identifier != "ID-1" {
		t.Errorf("%v", d.Refused[0])
	}
	if string(d.Alerts[0].Raw) != good {
		t.Errorf("raw %q", d.Alerts[0].Raw)
	}
}

func TestWrites(t *testing.T) {
	a := cap.Alert{
		Identifier: "XB-1", Sender: "hook@usbp.example", Sent: time.Date(2026, 8, 14, 23, 42, 0, 0, time.UTC), Status: cap.Exercise,
		MsgType: cap.MsgUpdate, Scope: cap.Private, Addresses: []string{"a@b", "Sector Duty Desk"}, Note: "<EXERCISE> & more",
		References: []cap.Reference{{"hook@usbp.example", "XB-0", time.Date(2026, 8, 14, 16, 0, 0, 0, time.FixedZone("", -7*3600))}},
	}
	for _, l := range []string{"en-US", "es-MX", "fr-CA"} {
		a.Infos = append(a.Infos, cap.Info{Language: l, Categories: []string{"Security"}, Event: "Túnel", Urgency: cap.Immediate, Severity: cap.Severe, Certainty: "Observed",
			Parameters: []cap.Pair{{"empty", ""}}, Areas: []cap.Area{{Desc: "x", Circles: []cap.Circle{{cap.Point{31.5, -110.25}, 0}}}}})
	}
	b, err := a.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"<sent>2026-08-14T23:42:00-00:00</sent>", "<note>&lt;EXERCISE&gt; &amp; more</note>", `<addresses>a@b &#34;Sector Duty Desk&#34;</addresses>`,
		"<references>hook@usbp.example,XB-0,2026-08-14T16:00:00-07:00</references>", "<language>fr-CA</language>", "<circle>31.5,-110.25 0</circle>",
	} {
		if !strings.Contains(string(b), want) {
			t.Errorf("%s is not in\n%s", want, b)
		}
	}
	d, err := cap.Parse(b, "")
	if err != nil {
		t.Fatal(err)
	}
	back := d.Alerts[0]
	back.Raw, back.Version = nil, 0
	for i := range back.References {
		back.References[i].Sent = a.References[i].Sent
	}
	back.Sent = a.Sent
	if !reflect.DeepEqual(back, a) {
		t.Errorf("it comes back as\n%+v, was\n%+v", back, a)
	}
	for name, change := range map[string]func(*cap.Alert){
		"no identifier":     func(a *cap.Alert) { a.Identifier = "" },
		"unknown status":    func(a *cap.Alert) { a.Status = "Real" },
		"control character": func(a *cap.Alert) { a.Note = "\x1b[2J" },
		"quotation mark":    func(a *cap.Alert) { a.Addresses = []string{`a" b`} },
		"no references":     func(a *cap.Alert) { a.References = nil },
		"bad UTF-8":         func(a *cap.Alert) { a.Note = "\xff" },
		"no time":           func(a *cap.Alert) { a.Sent = time.Time{} },
	} {
		bad := a
		change(&bad)
		if b, err := bad.Marshal(); err == nil {
			t.Errorf("%s is written:\n%s", name, b)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(good))
	f.Add([]byte(`<feed xmlns="http://www.w3.org/2005/Atom"><entry><content>` + good + `</content></entry></feed>`))
	f.Add([]byte(swap(good, "<info>", "<references>a,b,2026-08-14T16:42:00-07:00</references><addresses>a \"b c\"</addresses><info>")))
	seeds := 3
	dir := os.Getenv("CROSSBAND_VECTORS")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "vectors")
	}
	for _, pattern := range []string{"cap/authored/*.xml", "cap/google-cap-library/*.cap"} {
		files, _ := filepath.Glob(filepath.Join(dir, pattern))
		for _, name := range files {
			if b, err := os.ReadFile(name); err == nil {
				f.Add(b)
				seeds++
			}
		}
	}
	f.Logf("%d seeds", seeds)
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := cap.Parse(b, "")
		if err != nil {
			if len(d.Alerts) != 0 {
				t.Fatal("alerts beside an error")
			}
			return
		}
		for _, a := range d.Alerts {
			if a.Identifier == "" || a.Sender == "" || a.Sent.IsZero() || a.Status == "" || a.MsgType == "" || a.Scope == "" {
				t.Fatalf("an alert without what it needs: %+v", a)
			}
			checkRoundTrip(t, a)
		}
	})
}
