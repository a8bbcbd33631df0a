package hook

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"crossband/proto"
)

// Kind is what an alert does.
type Kind uint8

// The kinds. Notice is anything that never calls anybody, such as an
// acknowledgement.
const (
	KindAlert Kind = iota + 1
	KindUpdate
	KindCancel
	KindNotice
)

// String returns the kind in one word.
func (k Kind) String() string {
	switch k {
	case KindAlert:
		return "alert"
	case KindUpdate:
		return "update"
	case KindCancel:
		return "cancel"
	case KindNotice:
		return "notice"
	}
	return "none"
}

// Status says whether an alert is real.
type Status uint8

// The statuses, of CAP. Only Actual is real.
const (
	Actual Status = iota + 1
	Exercise
	System
	Test
	Draft
)

// String returns the status in one word.
func (s Status) String() string {
	switch s {
	case Actual:
		return "Actual"
	case Exercise:
		return "Exercise"
	case System:
		return "System"
	case Test:
		return "Test"
	case Draft:
		return "Draft"
	}
	return "none"
}

// Severity orders alerts, Extreme highest. Unknown stands beside the order: what
// nobody has judged may be the worst.
type Severity uint8

// The severities, of CAP.
const (
	Unknown Severity = iota
	Minor
	Moderate
	Severe
	Extreme
)

// String returns the severity in one word.
func (s Severity) String() string {
	switch s {
	case Minor:
		return "Minor"
	case Moderate:
		return "Moderate"
	case Severe:
		return "Severe"
	case Extreme:
		return "Extreme"
	}
	return "Unknown"
}

// ParseSeverity reads a word of CAP in any case, or one that alerting systems
// write for it.
func ParseSeverity(s string) (Severity, bool) {
	switch strings.ToLower(s) {
	case "extreme", "critical":
		return Extreme, true
	case "severe", "error", "high":
		return Severe, true
	case "moderate", "warning", "medium":
		return Moderate, true
	case "minor", "info", "low":
		return Minor, true
	case "unknown", "":
		return Unknown, true
	}
	return Unknown, false
}

// Ref names another alert of the same source.
type Ref struct{ Sender, ID string }

// Text is what an alert says, in one language.
type Text struct{ Language, Text string }

// Place is where, in degrees of WGS 84.
type Place struct {
	Lat, Lon float64
	Desc     string
}

// Limits of an alert's texts, in octets, and of what repeats.
const (
	maxName   = 512
	maxText   = 400
	maxTexts  = 6
	maxRefs   = 100
	maxPlace  = 120
	maxEvent  = 100
	maxDigits = 32
)

// Alert is one alert, whatever it was written in.
type Alert struct {
	Sender     string // who says it, within the source that sent it; may be empty
	ID         string // with source and Sender it names the alert
	Thread     string // what it is about: alerts of one thread are one incident while that is open; may be empty
	Kind       Kind
	References []Ref // which alerts an update or a cancellation is about
	Status     Status
	Severity   Severity
	Immediate  bool   // to be acted on at once
	Distress   bool   // a person's call for help
	AllClear   bool   // what it is about is over
	Event      string // what kind of event it is
	Codes      []string
	Texts      []Text
	Place      *Place
	Sent       time.Time // zero: not said
	Expires    time.Time // zero: not said
	Digest     [32]byte  // of what was said, to tell a repetition from a conflict
}

// bound cuts what an alert says to its limits and makes single lines of it. What
// names it is not cut but refused: two names must not become one.
func (a *Alert) bound() error {
	for _, n := range append(names(a.References), a.Sender, a.ID, a.Thread) {
		if len(n) > maxName || !utf8.ValidString(n) || strings.ContainsFunc(n, unicode.IsControl) {
			return fault("id", "an identifier of %d octets, or with control characters; at most %d", len(n), maxName)
		}
	}
	switch {
	case a.ID == "":
		return fault("id", "is missing")
	case len(a.References) > maxRefs:
		return fault("references", "%d, at most %d", len(a.References), maxRefs)
	}
	a.Sent, a.Expires = a.Sent.UTC(), a.Expires.UTC()
	a.Event = line(a.Event, maxEvent)
	if len(a.Codes) > maxRefs {
		a.Codes = a.Codes[:maxRefs]
	}
	if len(a.Texts) > maxTexts {
		a.Texts = a.Texts[:maxTexts]
	}
	for i := range a.Texts {
		a.Texts[i].Text = line(a.Texts[i].Text, maxText)
	}
	if a.Place != nil {
		a.Place.Desc = line(a.Place.Desc, maxPlace)
	}
	return nil
}

func names(refs []Ref) (list []string) {
	for _, r := range refs {
		list = append(list, r.Sender, r.ID)
	}
	return list
}

// line makes one line of a text, of at most so many octets.
func line(s string, most int) string {
	s = strings.Join(strings.FieldsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }), " ")
	if len(s) <= most {
		return s
	}
	s = s[:most-len("…")]
	for !utf8.ValidString(s) {
		s = s[:len(s)-1]
	}
	return s + "…"
}

// urgency is the class of the hail that the alert is worth.
func (a *Alert) urgency() proto.Priority {
	switch {
	case a.Distress:
		return proto.PriorityEmergency
	case a.Severity == Extreme, a.Severity == Severe && a.Immediate:
		return proto.PriorityImminentPeril
	case a.Severity == Minor:
		return proto.PriorityRoutine
	}
	return proto.PriorityUrgent
}

// severe reports that the alert goes before others when there are too many.
func (a *Alert) severe() bool { return a.Distress || a.Severity >= Severe }
