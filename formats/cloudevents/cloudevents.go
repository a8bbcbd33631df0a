// Package cloudevents reads events of CloudEvents 1.0 (CNCF, cloudevents/spec
// v1.0.2): in structured mode, one JSON text (json-format), and in binary mode,
// headers and a body (http-protocol-binding). JSON is read strictly, so that no
// two readers see two events. Batches are not read.
package cloudevents

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"crossband/formats/strictjson"
)

// MediaType is that of an event in structured mode.
const MediaType = "application/cloudevents+json"

// Limits.
const (
	MaxOctets     = 1 << 20 // of a body
	MaxAttribute  = 2 << 10 // octets of an attribute
	MaxAttributes = 64
)

// Event is one event.
type Event struct {
	ID              string // with Source it names the event
	Source          string // a URI reference
	Type            string
	Subject         string // may be empty
	Time            time.Time
	DataContentType string // may be empty, which means JSON
	DataSchema      string
	Extensions      map[string]string
	Data            []byte           // octets of the data, however they were carried; nil: none
	JSON            strictjson.Value // the data, where it is JSON
}

// ErrNotCloudEvent: what was read is JSON, or has headers, but no event of 1.0.
var ErrNotCloudEvent = errors.New("cloudevents: no event of 1.0")

// Fault says which attribute breaks which rule.
type Fault struct{ Attribute, Why string }

// Error implements error.
func (f *Fault) Error() string { return fmt.Sprintf("cloudevents: %s: %s", f.Attribute, f.Why) }

// ParseStructured reads an event in structured mode.
func ParseStructured(b []byte) (Event, error) {
	v, err := strictjson.Parse(b, strictjson.Limits{Octets: MaxOctets})
	if err != nil {
		return Event{}, fmt.Errorf("cloudevents: %w", err)
	}
	if v.Kind() != strictjson.Object {
		return Event{}, fmt.Errorf("%w: no object", ErrNotCloudEvent)
	}
	attrs := make(map[string]string)
	for _, m := range v.Members() {
		if m.Name == "data" || m.Name == "data_base64" || m.Value.Kind() == strictjson.Null {
			continue // null is "not there" (json-format 2.2)
		}
		if attrs[m.Name], err = attribute(m); err != nil {
			return Event{}, err
		}
	}
	e, err := assemble(attrs)
	if err == nil {
		err = e.carried(v.Get("data"), v.Get("data_base64"))
	}
	if err != nil {
		return Event{}, err
	}
	return e, nil
}

// attribute returns an attribute as a string: a string, an integer or a truth
// value (json-format 2.2).
func attribute(m strictjson.Member) (string, error) {
	if s, ok := m.Value.Text(); ok {
		return s, nil
	}
	if n, ok := m.Value.Number(); ok {
		if _, err := strconv.ParseInt(n, 10, 32); err == nil {
			return n, nil
		}
	}
	if b, ok := m.Value.Bool(); ok {
		return strconv.FormatBool(b), nil
	}
	return "", &Fault{clip(m.Name), "is no string, whole number of 32 bits or truth value"}
}

// carried takes the data of an event in structured mode (json-format 3.1).
func (e *Event) carried(data, encoded strictjson.Value) error {
	if data.Kind() != strictjson.None && encoded.Kind() != strictjson.None {
		return &Fault{"data", "stands beside data_base64"}
	}
	if text, ok := encoded.Text(); ok {
		b, err := base64.StdEncoding.Strict().DecodeString(text)
		if err != nil || strings.ContainsAny(text, "\r\n") {
			return &Fault{"data_base64", "is not base64"}
		}
		return e.octets(b)
	}
	switch {
	case encoded.Kind() != strictjson.None && encoded.Kind() != strictjson.Null:
		return &Fault{"data_base64", "is no string"}
	case data.Kind() == strictjson.None, data.Kind() == strictjson.Null:
		return nil
	case isJSON(e.DataContentType):
		e.Data, e.JSON = data.Raw(), data
		return nil
	}
	text, ok := data.Text()
	if !ok {
		return &Fault{"data", "is JSON, and datacontenttype says another"}
	}
	e.Data = []byte(text)
	return nil
}

// octets takes data that came as octets.
func (e *Event) octets(b []byte) error {
	if len(b) == 0 {
		return nil
	}
	e.Data = b
	if !isJSON(e.DataContentType) {
		return nil
	}
	v, err := strictjson.Parse(b, strictjson.Limits{Octets: MaxOctets})
	if err != nil {
		return fmt.Errorf("cloudevents: data: %w", err)
	}
	e.JSON = v
	return nil
}

// isJSON reports whether a media type is JSON's; "" is, by default.
func isJSON(mediaType string) bool {
	t, _, _ := strings.Cut(strings.ToLower(mediaType), ";")
	t = strings.TrimSpace(t)
	return t == "" || t == "application/json" || t == "text/json" || strings.HasSuffix(t, "+json")
}

const headerPrefix = "ce-"

// ParseBinary reads an event in binary mode: attributes in headers named ce-…,
// percent-encoded (http-protocol-binding 3.1.3), and the data as the body. A
// header that comes twice is refused. Names of headers are in any case.
//
// Whoever trusts a signature over the body alone must know that it says nothing
// of the headers.
func ParseBinary(header map[string][]string, contentType string, body []byte) (Event, error) {
	if len(body) > MaxOctets {
		return Event{}, fmt.Errorf("cloudevents: %w: %d octets", strictjson.ErrTooLarge, len(body))
	}
	attrs := make(map[string]string)
	for name, values := range header {
		name, ours := strings.CutPrefix(strings.ToLower(name), headerPrefix)
		if !ours {
			continue
		}
		if _, twice := attrs[name]; twice || len(values) != 1 {
			return Event{}, &Fault{clip(name), "is there twice"}
		}
		v, ok := unescape(values[0])
		if !ok {
			return Event{}, &Fault{clip(name), "is not percent-encoded UTF-8"}
		}
		attrs[name] = v
	}
	if _, there := attrs["datacontenttype"]; there {
		return Event{}, &Fault{"datacontenttype", "is the header Content-Type in binary mode"}
	}
	if contentType != "" {
		attrs["datacontenttype"] = contentType
	}
	e, err := assemble(attrs)
	if err == nil {
		err = e.octets(body)
	}
	if err != nil {
		return Event{}, err
	}
	return e, nil
}

func unescape(s string) (string, bool) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c == '%' && i+2 < len(s):
			n, err := strconv.ParseUint(s[i+1:i+3], 16, 8)
			if err != nil {
				return "", false
			}
			b.WriteByte(byte(n))
			i += 2
		case c == '%' || c < ' ' || c > '~':
			return "", false
		default:
			b.WriteByte(c)
		}
	}
	return b.String(), utf8.ValidString(b.String())
}

// assemble holds attributes to the rules (spec, Context Attributes).
func assemble(attrs map[string]string) (Event, error) {
	if len(attrs) > MaxAttributes {
		return Event{}, &Fault{"event", fmt.Sprintf("%d attributes, at most %d", len(attrs), MaxAttributes)}
	}
	for name, v := range attrs {
		if why := badAttribute(name, v); why != "" {
			return Event{}, &Fault{clip(name), why}
		}
	}
	version, ok := attrs["specversion"]
	if !ok {
		return Event{}, fmt.Errorf("%w: no specversion", ErrNotCloudEvent)
	}
	if version != "1.0" {
		return Event{}, fmt.Errorf("%w: specversion %q", ErrNotCloudEvent, clip(version))
	}
	e := Event{
		ID: attrs["id"], Source: attrs["source"], Type: attrs["type"], Subject: attrs["subject"],
		DataContentType: attrs["datacontenttype"], DataSchema: attrs["dataschema"], Extensions: map[string]string{},
	}
	for _, name := range []string{"id", "source", "type"} {
		if attrs[name] == "" {
			return Event{}, &Fault{name, "is missing"}
		}
	}
	if strings.ContainsFunc(e.Source, unicode.IsSpace) {
		return Event{}, &Fault{"source", "is no URI reference"}
	}
	if s, ok := attrs["time"]; ok {
		t, err := time.Parse(time.RFC3339, s)
		if err != nil || !offsetOfClock(t) || strings.Contains(s, ",") || t.Year() < 1970 || t.Year() > 2200 {
			return Event{}, &Fault{"time", "is no time of RFC 3339"}
		}
		e.Time = t
	}
	for name, v := range attrs {
		switch name {
		case "id", "source", "type", "subject", "datacontenttype", "dataschema", "time", "specversion":
		default:
			e.Extensions[name] = v
		}
	}
	return e, nil
}

// offsetOfClock: an offset is a time of the clock, 23:59 at most (RFC 3339, 5.6,
// time-numoffset). The standard library reads 24:60 too.
func offsetOfClock(t time.Time) bool {
	_, seconds := t.Zone()
	return max(seconds, -seconds) < 24*60*60
}

// badAttribute: names are lower-case letters and digits, values hold no control
// characters (spec, Naming Conventions and Type System).
func badAttribute(name, v string) string {
	if name == "" || name == "data" || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789") != "" {
		return "is no name of an attribute"
	}
	if len(v) > MaxAttribute {
		return fmt.Sprintf("%d octets, at most %d", len(v), MaxAttribute)
	}
	if strings.ContainsFunc(v, unicode.IsControl) {
		return "holds a control character"
	}
	return ""
}

func clip(s string) string {
	const most = 60
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}
