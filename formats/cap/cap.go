// Package cap reads alerts of the Common Alerting Protocol 1.1 and 1.2 (OASIS,
// CAP-v1.1 and CAP-v1.2), alone or in an Atom feed or entry, and writes 1.2. The
// reader is strict about what decides (every required element, every code, every
// time) and takes what feeds are seen to do against the letter: "Z" for UTC, empty
// optional elements, elements in another order.
//
// XML signatures are not verified: an element of another name space at the end
// of an alert is passed over. Who sent an alert is for the carrier to prove. No
// address in an alert is ever fetched.
package cap

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Version is a version of the protocol.
type Version uint8

// The versions that are read.
const (
	V11 Version = 11
	V12 Version = 12
)

// String returns the version as its name space ends.
func (v Version) String() string {
	switch v {
	case V11:
		return "1.1"
	case V12:
		return "1.2"
	}
	return "unknown"
}

// The codes that an alert is judged by (CAP-v1.2 3.2). The zero value of each is
// no code at all.
type (
	Status    string
	MsgType   string
	Scope     string
	Urgency   string
	Severity  string
	Certainty string
)

// Codes of status: only Actual is real.
const (
	Actual   Status = "Actual"
	Exercise Status = "Exercise"
	System   Status = "System"
	Test     Status = "Test"
	Draft    Status = "Draft"
)

// Codes of msgType.
const (
	MsgAlert  MsgType = "Alert"
	MsgUpdate MsgType = "Update"
	MsgCancel MsgType = "Cancel"
	MsgAck    MsgType = "Ack"
	MsgError  MsgType = "Error"
)

// Codes of scope.
const (
	Public     Scope = "Public"
	Restricted Scope = "Restricted"
	Private    Scope = "Private"
)

// Codes of severity.
const (
	Extreme         Severity = "Extreme"
	Severe          Severity = "Severe"
	Moderate        Severity = "Moderate"
	Minor           Severity = "Minor"
	UnknownSeverity Severity = "Unknown"
)

// Codes of urgency that decide something.
const (
	Immediate Urgency = "Immediate"
	Past      Urgency = "Past"
)

// AllClear is the response type of an alert whose subject is over.
const AllClear = "AllClear"

// Limits. Lengths are in octets.
const (
	MaxOctets  = 1 << 20 // of a document
	MaxAlerts  = 100     // in a feed
	MaxInfos   = 50      // of an alert
	MaxAreas   = 500     // of an info
	MaxPoints  = 5_000   // of a polygon
	MaxName    = 512     // of an identifier or a sender
	MaxText    = 64 << 10
	MaxListed  = 1_000 // references, codes, addresses, parameters and others that repeat
	maxRadius  = 20_038
	maxYear    = 2200
	minYear    = 1970
	minPolygon = 4 // points: a triangle and its first point again
)

// Reference names an earlier alert (CAP-v1.2 3.2.1, references).
type Reference struct {
	Sender, Identifier string
	Sent               time.Time
}

// Pair is a valueName with its value.
type Pair struct{ Name, Value string }

// Point is a place in degrees, WGS 84.
type Point struct{ Lat, Lon float64 }

// Circle is a place and a radius in kilometres.
type Circle struct {
	Point
	Radius float64
}

// Area says where.
type Area struct {
	Desc     string
	Polygons [][]Point
	Circles  []Circle
	Geocodes []Pair
	Altitude string // feet above mean sea level
	Ceiling  string
}

// Resource points to something beside the alert. It is never fetched.
type Resource struct {
	Desc, MimeType, Size, URI, DerefURI, Digest string
}

// Info is what an alert says, in one language.
type Info struct {
	Language      string // RFC 3066 tag; "" in the document means en-US, and is read so
	Categories    []string
	Event         string
	ResponseTypes []string
	Urgency       Urgency
	Severity      Severity
	Certainty     Certainty
	Audience      string
	EventCodes    []Pair
	Effective     time.Time // zero: not said
	Onset         time.Time
	Expires       time.Time
	SenderName    string
	Headline      string
	Description   string
	Instruction   string
	Web           string
	Contact       string
	Parameters    []Pair
	Resources     []Resource
	Areas         []Area
}

// Alert is one alert.
type Alert struct {
	Version      Version
	Identifier   string
	Sender       string
	Sent         time.Time
	Status       Status
	MsgType      MsgType
	Source       string
	Scope        Scope
	Restriction  string
	Addresses    []string
	Codes        []string
	Note         string
	References   []Reference
	Incidents    []string
	Infos        []Info
	Raw          []byte // the alert's element as it stands in the document, in UTF-8; nil in one made here
	SignedInside bool   // it holds elements of another name space, such as a signature; they are not looked at
}

// Document is what was read: one alert, or those of a feed.
type Document struct {
	Atom    bool // they stood in an Atom feed or entry
	Alerts  []Alert
	Refused []error // alerts of a feed that do not hold to the rules, each an *Fault; of one alert alone Parse returns it
}

// ErrNotCAP: a document that is well-formed XML and holds no alert.
var ErrNotCAP = errors.New("cap: no alert")

// Fault says which element of an alert breaks which rule.
type Fault struct {
	Identifier string // of the alert, if it has one
	Element    string // such as "alert/info/severity"
	Why        string
}

// Error implements error.
func (f *Fault) Error() string { return fmt.Sprintf("cap: %s: %s", f.Element, f.Why) }

func isStatus(s Status) bool {
	return slices.Contains([]Status{Actual, Exercise, System, Test, Draft}, s)
}

func isMsgType(m MsgType) bool {
	return slices.Contains([]MsgType{MsgAlert, MsgUpdate, MsgCancel, MsgAck, MsgError}, m)
}

func isScope(s Scope) bool { return slices.Contains([]Scope{Public, Restricted, Private}, s) }

func isSeverity(s Severity) bool {
	return slices.Contains([]Severity{Extreme, Severe, Moderate, Minor, UnknownSeverity}, s)
}

func isUrgency(u Urgency) bool {
	return slices.Contains([]Urgency{Immediate, "Expected", "Future", Past, "Unknown"}, u)
}

// isCertainty knows "Very Likely" too, which CAP 1.1 deprecates and lets be read
// as Likely (3.2.2).
func isCertainty(c Certainty) bool {
	return slices.Contains([]Certainty{"Observed", "Likely", "Possible", "Unlikely", "Unknown", "Very Likely"}, c)
}

func isCategory(s string) bool {
	return slices.Contains(strings.Fields("Geo Met Safety Security Rescue Fire Health Env Transport Infra CBRNE Other"), s)
}

func isResponse(s string) bool {
	return slices.Contains(strings.Fields("Shelter Evacuate Prepare Execute Avoid Monitor Assess AllClear None"), s)
}
