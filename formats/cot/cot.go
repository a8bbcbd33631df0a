// Package cot reads Cursor on Target events, version 2.0, as TAK devices send
// them: positions, emergencies and their cancelling, chat, pings. It reads what
// these need and passes over other details, as the format asks of every reader.
// Nothing in an event says who really sent it: that is for the carrier to prove.
package cot

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"crossband/formats/strictxml"
)

// Kind is what an event is, by its type and details.
type Kind uint8

// The kinds. Other is a type that this package does not tell apart.
const (
	Other Kind = iota
	Position
	Emergency
	EmergencyCancel
	Chat
	Ping
)

// String returns the kind in one word.
func (k Kind) String() string {
	switch k {
	case Position:
		return "position"
	case Emergency:
		return "emergency"
	case EmergencyCancel:
		return "emergency-cancel"
	case Chat:
		return "chat"
	case Ping:
		return "ping"
	}
	return "other"
}

// Limits, in octets.
const (
	MaxOctets = 64 << 10 // of an event: one datagram
	MaxUID    = 256
	MaxText   = 8 << 10
)

// unknownFrom is where a height or an error means that it is not known. The
// format says 9999999.0; one digit less is seen in use.
const unknownFrom = 999_999

// Event is one event.
type Event struct {
	UID   string // names the thing that the event is about; a later event about it takes its place
	Type  string // such as a-f-G-U-C
	How   string // how the position came about; may be empty
	Time  time.Time
	Start time.Time
	Stale time.Time

	Lat, Lon float64  // degrees, WGS 84
	HAE      *float64 // metres above the ellipsoid; nil: not known
	CE, LE   *float64 // metres of circular and linear error; nil: not known

	Callsign  string // of whom or what the event is about; may be empty
	Parent    string // UID of the thing that it belongs to (a link p-p); may be empty
	Alarm     string // what kind of emergency, such as "911 Alert"; may be empty
	Remarks   string
	emergency bool
	cancel    bool
}

// Kind tells what the event is. An emergency is one by its type (b-a-o-…) or by
// its detail; what cancels it says so by either.
func (e Event) Kind() Kind {
	switch {
	case e.Type == "b-a-o-can", e.cancel:
		return EmergencyCancel
	case strings.HasPrefix(e.Type, "b-a-o-"), e.emergency:
		return Emergency
	case strings.HasPrefix(e.Type, "a-"):
		return Position
	case e.Type == "b-t-f", strings.HasPrefix(e.Type, "b-t-f-"):
		return Chat
	case e.Type == "t-x-c-t", e.Type == "t-x-c-t-r":
		return Ping
	}
	return Other
}

// ErrNotCoT: well-formed XML that is no event of version 2.0.
var ErrNotCoT = errors.New("cot: no event of version 2.0")

// Fault says which attribute or element of an event breaks which rule.
type Fault struct {
	Element string // such as "event/point/@lat"
	Why     string
}

// Error implements error.
func (f *Fault) Error() string { return fmt.Sprintf("cot: %s: %s", f.Element, f.Why) }

// Parse reads one event. charset is the encoding that the carrier states, or "".
func Parse(b []byte, charset string) (Event, error) {
	root, err := strictxml.Parse(b, charset, strictxml.Limits{Octets: MaxOctets, Elements: 2_000})
	if err != nil {
		return Event{}, fmt.Errorf("cot: %w", err)
	}
	if !root.Is("", "event") {
		return Event{}, fmt.Errorf("%w: the root element is %q", ErrNotCoT, clip(root.Local))
	}
	if v, _ := root.Attr("version"); v != "2.0" {
		return Event{}, fmt.Errorf("%w: version %q", ErrNotCoT, clip(v))
	}
	r := reader{}
	e := Event{
		UID: r.need(root, "event", "uid"), Type: r.need(root, "event", "type"), How: r.attr(root, "event", "how"),
		Time: r.time(root, "time"), Start: r.time(root, "start"), Stale: r.time(root, "stale"),
	}
	if e.Type != "" && !typeIsWellFormed(e.Type) {
		r.wrong("event/@type", fmt.Sprintf("%q is no type", clip(e.Type)))
	}
	if r.fault == nil && e.Stale.Before(e.Start) {
		r.wrong("event/@stale", "is before start")
	}
	r.kids(root, &e)
	if r.fault != nil {
		return Event{}, r.fault
	}
	return e, nil
}

// typeIsWellFormed: parts of letters and digits with hyphens between.
func typeIsWellFormed(s string) bool {
	for part := range strings.SplitSeq(s, "-") {
		if part == "" || strings.Trim(part, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.") != "" {
			return false
		}
	}
	return true
}

// reader keeps the first fault.
type reader struct{ fault *Fault }

func (r *reader) wrong(element, why string) {
	if r.fault == nil {
		r.fault = &Fault{element, why}
	}
}

func (r *reader) attr(e *strictxml.Element, of, name string) string {
	v, _ := e.Attr(name)
	if len(v) > MaxUID {
		r.wrong(of+"/@"+name, fmt.Sprintf("%d octets, at most %d", len(v), MaxUID))
	}
	return strings.TrimSpace(v)
}

func (r *reader) need(e *strictxml.Element, of, name string) string {
	v := r.attr(e, of, name)
	if v == "" {
		r.wrong(of+"/@"+name, "is missing")
	}
	return v
}

// time reads a time in UTC.
func (r *reader) time(e *strictxml.Element, name string) time.Time {
	v := r.need(e, "event", name)
	if v == "" {
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339, v)
	if err != nil || !strings.HasSuffix(v, "Z") || strings.Contains(v, ",") || t.Year() < 1970 || t.Year() > 2200 {
		r.wrong("event/@"+name, fmt.Sprintf("%q is no time in UTC", clip(v)))
	}
	return t
}

func (r *reader) kids(root *strictxml.Element, e *Event) {
	var point, detail bool
	for _, k := range root.Kids {
		switch k.Local {
		case "point":
			if point {
				r.wrong("event/point", "is there twice")
			}
			point = true
			r.point(k, e)
		case "detail":
			if detail {
				r.wrong("event/detail", "is there twice")
			}
			detail = true
			r.detail(k, e)
		}
	}
	if !point {
		r.wrong("event/point", "is missing")
	}
}

func (r *reader) point(k *strictxml.Element, e *Event) {
	e.Lat, e.Lon = r.number(k, "lat", 90), r.number(k, "lon", 180)
	e.HAE, e.CE, e.LE = r.known(k, "hae"), r.known(k, "ce"), r.known(k, "le")
}

func (r *reader) number(k *strictxml.Element, name string, most float64) float64 {
	s := r.need(k, "event/point", name)
	v, err := strconv.ParseFloat(s, 64)
	if s != "" && (err != nil || strings.Trim(s, "+-.0123456789eE") != "" || math.Abs(v) > most) {
		r.wrong("event/point/@"+name, fmt.Sprintf("%q is no number up to %v", clip(s), most))
	}
	return v
}

// known reads a number that may stand for not known.
func (r *reader) known(k *strictxml.Element, name string) *float64 {
	v := r.number(k, name, math.MaxFloat64)
	if v >= unknownFrom {
		return nil
	}
	return &v
}

// detail reads what is understood of it. Others may put there whatever they
// like; of what counts, one each is allowed.
func (r *reader) detail(d *strictxml.Element, e *Event) {
	seen := map[string]bool{}
	for _, k := range d.Kids {
		switch k.Local {
		case "contact", "emergency", "remarks":
			if seen[k.Local] {
				r.wrong("event/detail/"+k.Local, "is there twice")
			}
			seen[k.Local] = true
		}
		switch k.Local {
		case "contact":
			e.Callsign = r.attr(k, "event/detail/contact", "callsign")
		case "remarks":
			e.Remarks = r.text(k, "remarks")
		case "link":
			if v, _ := k.Attr("relation"); v == "p-p" && e.Parent == "" {
				e.Parent = r.attr(k, "event/detail/link", "uid")
			}
		case "emergency":
			r.emergency(k, e)
		}
	}
}

func (r *reader) emergency(k *strictxml.Element, e *Event) {
	e.Alarm = r.attr(k, "event/detail/emergency", "type")
	switch v := r.attr(k, "event/detail/emergency", "cancel"); v {
	case "true":
		e.cancel = true
	case "", "false":
		e.emergency = true
	default:
		r.wrong("event/detail/emergency/@cancel", fmt.Sprintf("%q is neither true nor false", clip(v)))
	}
	if name := r.text(k, "emergency"); name != "" {
		e.Callsign = name
	}
}

func (r *reader) text(k *strictxml.Element, name string) string {
	if len(k.Text) > MaxText {
		r.wrong("event/detail/"+name, fmt.Sprintf("text of %d octets, at most %d", len(k.Text), MaxText))
	}
	return strings.TrimSpace(k.Text)
}

func clip(s string) string {
	const most = 60
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}
