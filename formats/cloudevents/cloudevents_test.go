package cloudevents_test

import (
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	"crossband/formats/cloudevents"
	"crossband/formats/strictjson"
)

const good = `{"specversion":"1.0","id":"A-1","source":"/sensors/4","type":"example.intrusion","time":"2026-08-14T23:44:02.5Z",
"subject":"TUS-0147","xcount":4,"xlive":true,"xnone":null,"datacontenttype":"application/json","data":{"severity":"severe"}}`

func swap(s, old, with string) string {
	if !strings.Contains(s, old) {
		panic("nothing to swap: " + old)
	}
	return strings.Replace(s, old, with, 1)
}

func TestStructured(t *testing.T) {
	e, err := cloudevents.ParseStructured([]byte(good))
	if err != nil {
		t.Fatal(err)
	}
	if e.ID != "A-1" || e.Source != "/sensors/4" || e.Type != "example.intrusion" || e.Subject != "TUS-0147" || string(e.Data) != `{"severity":"severe"}` {
		t.Errorf("%+v", e)
	}
	if !e.Time.Equal(time.Date(2026, 8, 14, 23, 44, 2, 5e8, time.UTC)) || !maps.Equal(e.Extensions, map[string]string{"xcount": "4", "xlive": "true"}) {
		t.Errorf("%v, %v", e.Time, e.Extensions)
	}
	if s, _ := e.JSON.Get("severity").Text(); s != "severe" {
		t.Error("data is not read as JSON")
	}
	for name, c := range map[string]struct{ doc, data string }{
		"base64 of JSON": {swap(good, `"data":{"severity":"severe"}`, `"data_base64":"eyJhIjoxfQ=="`), `{"a":1}`},
		"XML as a string": {swap(swap(good, "application/json", "application/cap+xml"),
			`{"severity":"severe"}`, `"<alert/>"`), "<alert/>"},
		"no type of content": {swap(good, `"datacontenttype":"application/json",`, ""), `{"severity":"severe"}`},
		"no data":            {swap(good, `,"data":{"severity":"severe"}`, ""), ""},
		"null data":          {swap(good, `{"severity":"severe"}`, "null"), ""},
	} {
		if e, err := cloudevents.ParseStructured([]byte(c.doc)); err != nil || string(e.Data) != c.data {
			t.Errorf("%s: %q, %v", name, e.Data, err)
		}
	}
}

func TestStructuredRefuses(t *testing.T) {
	for name, c := range map[string]struct{ doc, attribute string }{
		"no id":              {swap(good, `"id":"A-1",`, ""), "id"},
		"empty id":           {swap(good, `"A-1"`, `""`), "id"},
		"no source":          {swap(good, `"source":"/sensors/4",`, ""), "source"},
		"source with spaces": {swap(good, "/sensors/4", "a b"), "source"},
		"no type":            {swap(good, `"type":"example.intrusion",`, ""), "type"},
		"id is an object":    {swap(good, `"A-1"`, `{}`), "id"},
		"offset of a day":    {swap(good, "44:02.5Z", "44:02.5+24:00"), "time"},
		"bad time":           {swap(good, "2026-08-14T23:44:02.5Z", "now"), "time"},
		"fraction":           {swap(good, `"xcount":4`, `"xcount":4.5`), "xcount"},
		"upper case":         {swap(good, "xcount", "xCount"), "xCount"},
		"control character":  {swap(good, "A-1", `A\u0007`), "id"},
		"long attribute":     {swap(good, "A-1", strings.Repeat("x", cloudevents.MaxAttribute+1)), "id"},
		"two data":           {swap(good, `"data"`, `"data_base64":"","data"`), "data"},
		"bad base64":         {swap(good, `"data":{"severity":"severe"}`, `"data_base64":"?"`), "data_base64"},
		"JSON as text":       {swap(good, "application/json", "text/plain"), "data"},
	} {
		e, err := cloudevents.ParseStructured([]byte(c.doc))
		var fault *cloudevents.Fault
		if !errors.As(err, &fault) || fault.Attribute != c.attribute || e.ID != "" {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, doc := range map[string]string{
		"0.3":        swap(good, `"1.0"`, `"0.3"`),
		"no version": swap(good, `"specversion":"1.0",`, ""),
		"no object":  "[" + good + "]",
	} {
		if _, err := cloudevents.ParseStructured([]byte(doc)); !errors.Is(err, cloudevents.ErrNotCloudEvent) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, doc := range map[string]string{
		"an id twice":           swap(good, `"id":"A-1"`, `"id":"A-1","id":"A-2"`),
		"case twins":            swap(good, `"id":"A-1"`, `"id":"A-1","ID":"A-2"`),
		"twins in the data":     swap(good, `"severity":"severe"`, `"severity":"severe","Severity":"minor"`),
		"bad UTF-8":             swap(good, "A-1", "A\xff"),
		"10,000 deep":           swap(good, `{"severity":"severe"}`, strings.Repeat("[", 10_000)+strings.Repeat("]", 10_000)),
		"too large":             swap(good, "severe", strings.Repeat("x", cloudevents.MaxOctets)),
		"bad JSON under base64": swap(good, `"data":{"severity":"severe"}`, `"data_base64":"eyJhIjoxLCJhIjoyfQ=="`), // {"a":1,"a":2}
	} {
		if _, err := cloudevents.ParseStructured([]byte(doc)); !errors.Is(err, strictjson.ErrMalformed) && !errors.Is(err, strictjson.ErrTooLarge) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func header() map[string][]string {
	return map[string][]string{
		"Ce-Specversion": {"1.0"}, "Ce-Id": {"A-1"}, "Ce-Source": {"/sensors/4"}, "Ce-Type": {"example.intrusion"},
		"Ce-Subject": {"Tun%C3%A9l%20a%25"}, "Host": {"x"},
	}
}

func TestBinary(t *testing.T) {
	e, err := cloudevents.ParseBinary(header(), "application/json; charset=utf-8", []byte(`{"severity":"severe"}`))
	if err != nil || e.ID != "A-1" || e.Subject != "Tunél a%" || string(e.Data) != `{"severity":"severe"}` || len(e.Extensions) != 0 {
		t.Fatalf("%+v, %v", e, err)
	}
	if s, _ := e.JSON.Get("severity").Text(); s != "severe" {
		t.Error("data is not read as JSON")
	}
	if e, err := cloudevents.ParseBinary(header(), "application/cap+xml", []byte("<alert/>")); err != nil || string(e.Data) != "<alert/>" || e.JSON.Kind() != strictjson.None {
		t.Errorf("XML: %v, %v", e, err)
	}
	for name, change := range map[string]func(map[string][]string){
		"id":              func(h map[string][]string) { delete(h, "Ce-Id") },
		"source":          func(h map[string][]string) { h["Ce-Source"] = []string{"a", "b"} },
		"type":            func(h map[string][]string) { h["ce-type"] = []string{"other"} },
		"subject":         func(h map[string][]string) { h["Ce-Subject"] = []string{"%zz"} },
		"xone":            func(h map[string][]string) { h["Ce-Xone"] = []string{"\xc3\xa9"} },
		"xtwo":            func(h map[string][]string) { h["Ce-Xtwo"] = []string{"%ff"} },
		"xthree":          func(h map[string][]string) { h["Ce-Xthree"] = []string{"%4"} },
		"datacontenttype": func(h map[string][]string) { h["Ce-Datacontenttype"] = []string{"text/plain"} },
		"xfour":           func(h map[string][]string) { h["Ce-Xfour"] = nil },
	} {
		h := header()
		change(h)
		var fault *cloudevents.Fault
		if _, err := cloudevents.ParseBinary(h, "application/json", []byte("{}")); !errors.As(err, &fault) || fault.Attribute != name {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := cloudevents.ParseBinary(header(), "application/json", []byte(`{"a":1,"A":2}`)); !errors.Is(err, strictjson.ErrMalformed) {
		t.Errorf("case twins: %v", err)
	}
	if _, err := cloudevents.ParseBinary(header(), "text/plain", make([]byte, cloudevents.MaxOctets+1)); !errors.Is(err, strictjson.ErrTooLarge) {
		t.Errorf("too large: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(good), "A-1", "Tun%C3%A9l")
	f.Add([]byte(swap(good, `"data":{"severity":"severe"}`, `"data_base64":"eyJhIjoxfQ=="`)), "%25", "")
	f.Add([]byte(`{"specversion":"1.0"}`), "%zz", "\xff")
	f.Fuzz(func(t *testing.T, b []byte, id, subject string) {
		h := header()
		h["Ce-Id"], h["Ce-Subject"] = []string{id}, []string{subject}
		structured, err1 := cloudevents.ParseStructured(b)
		binary, err2 := cloudevents.ParseBinary(h, "", b)
		for _, e := range []struct {
			cloudevents.Event
			err error
		}{{structured, err1}, {binary, err2}} {
			if e.err == nil && (e.ID == "" || e.Source == "" || e.Type == "") {
				t.Fatalf("%+v", e.Event)
			}
			if e.err != nil && e.ID != "" {
				t.Fatal("an event beside an error")
			}
		}
	})
}
