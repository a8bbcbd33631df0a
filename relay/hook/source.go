package hook

import (
	"errors"
	"time"

	"crossband/formats/webhook"
	"crossband/proto"
)

// Source is a system that may send alerts.
type Source struct {
	Name    string // in the address and in every record
	Secrets []webhook.Secret
	Formats []Format
	Policy  Policy
	Rate    proto.Rate // of alerts, and of messages without one; the zero Rate is 100 a second, 1,000 at once
}

// Limits of an inbox. A zero value means the default.
type Limits struct {
	Records int           // alerts and deliveries that are remembered; 100,000
	Memory  time.Duration // for how long an alert is known again; 7 days
}

func (l Limits) filled() Limits {
	if l.Records == 0 {
		l.Records = 100_000
	}
	if l.Memory == 0 {
		l.Memory = 7 * 24 * time.Hour
	}
	return l
}

// Outcome is what became of an alert at its acceptance.
type Outcome string

// The outcomes. All but Conflict, Refused and Ignored are on disk.
const (
	Accepted  Outcome = "accepted"  // it is raised, or moves what was raised
	Logged    Outcome = "logged"    // it calls nobody, and Why says why not
	Held      Outcome = "held"      // too many ring: a summary tells of it
	Duplicate Outcome = "duplicate" // it was there before
	Conflict  Outcome = "conflict"  // its identifier was there before, with other content
	Refused   Outcome = "refused"   // it breaks a rule of its format
	Ignored   Outcome = "ignored"   // the message holds no alert, and nothing is kept of it
)

// Result is what the sender of an alert is told.
type Result struct {
	Sender   string  `json:"sender,omitempty"`
	ID       string  `json:"id"`
	Outcome  Outcome `json:"outcome"`
	Kind     Kind    `json:"-"`
	Rings    bool    `json:"rings"`              // a hail of it is out, or will be
	Waits    bool    `json:"waits,omitempty"`    // it is not done yet
	GivenUp  bool    `json:"given_up,omitempty"` // it could not be done, and Why says why not
	Exercise bool    `json:"exercise,omitempty"`
	Incident string  `json:"incident,omitempty"`
	Hail     string  `json:"hail,omitempty"`
	Element  string  `json:"element,omitempty"`
	Why      string  `json:"why,omitempty"`
}

// Errors of Accept.
var (
	ErrBusy   = errors.New("hook: too many alerts at once; send it again")
	ErrFull   = errors.New("hook: too many alerts of this source wait; send it again")
	ErrBroken = errors.New("hook: the journal cannot be written")
	ErrClosed = errors.New("hook: no alert is taken in any more")
)
