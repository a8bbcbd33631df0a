package ics

import (
	"errors"
	"fmt"
	"time"
)

// ErrForm is wrapped by every error about a form that cannot be filled.
var ErrForm = errors.New("form cannot be filled")

// Limits. The forms set none; an export must not exhaust its reader.
const (
	MaxText  = 16384 // octets of one text
	MaxRows  = 50000 // rows of one table
	MaxNotes = 1000  // octets of Layout.Warning, and of Layout.Note
)

// Period is the operational period. To may be zero: it goes on.
type Period struct {
	From, To time.Time
}

// Preparer is who prepared a form. The signature is left to be given by hand.
type Preparer struct {
	Name     string
	Position string // ICS 214 only
	At       time.Time
}

// ActivityLog is an ICS 214. Incident, Period.From and Prepared.At are needed.
type ActivityLog struct {
	Incident  string // box 1
	Exercise  bool   // printed on every page
	Period    Period // box 2
	Name      string // box 3: the unit or resource that keeps the log
	Position  string // box 4: ICS position
	Agency    string // box 5: home agency, and unit
	Resources []Resource
	// Activities are printed in the order given.
	Activities []Activity
	Prepared   Preparer // box 8
}

// Resource is a row of box 6.
type Resource struct {
	Name     string
	Position string // ICS position
	Agency   string // home agency, and unit
}

// Activity is a row of box 7. Hundredths of a second are kept.
type Activity struct {
	At   time.Time
	What string
}

// RadioPlan is an ICS 205. Incident, Prepared, Period.From and By.At are
// needed.
type RadioPlan struct {
	Incident string    // box 1
	Exercise bool      // printed on every page
	Prepared time.Time // box 2
	Period   Period    // box 3
	Channels []Channel // box 4
	Special  string    // box 5: special instructions
	By       Preparer  // box 6: the communications unit leader
}

// Channel is a row of box 4.
type Channel struct {
	Zone       string // zone or group
	Number     string // as on the radio's knob
	Function   string // command, tactical, calling …
	Name       string // channel name or talkgroup
	Assignment string // who uses it
	ID         string // short identifier of a channel without a frequency; see RXFreq
	RXFreq     string // MHz and N or W; empty: "n/a (Crossband ID)"
	RXTone     string // tone or NAC; empty: "n/a"
	TXFreq     string // as RXFreq
	TXTone     string // as RXTone
	Mode       Mode
	Encryption string   // how it is encrypted, or that it is clear
	Agencies   []string // whose members may be on it
	Remarks    string   // printed after encryption and agencies
}

// Mode is how a channel is sent.
type Mode byte

// The form's modes. The zero Mode is Digital.
const (
	Analog  Mode = 'A'
	Digital Mode = 'D'
	Mixed   Mode = 'M'
)

func (m Mode) String() string {
	if m == 0 {
		m = Digital
	}
	return string(rune(m))
}

func (m Mode) check() error {
	if m != 0 && m != Analog && m != Digital && m != Mixed {
		return fmt.Errorf("mode %q", rune(m))
	}
	return nil
}

// Layout is how a form is rendered.
type Layout struct {
	Zone    *time.Location // local time beside UTC; nil or UTC: UTC only
	Columns int            // of text: 80 to 200, 0 means 80
	Lines   int            // of a page of text, all told: 30 to 200, 0 means 60
	Warning string         // printed at the top and the foot of every page, and in every row of CSV; may be empty
	Note    string         // printed at the foot of every page, and in every row of CSV without a warning; may be empty
}

// Form is an ActivityLog or a RadioPlan.
type Form interface {
	sheet(clock) (sheet, error)
}

// fill returns the form's sheet and the layout with its defaults.
func fill(f Form, l Layout) (sheet, Layout, error) {
	if l.Columns == 0 {
		l.Columns = 80
	}
	if l.Lines == 0 {
		l.Lines = 60
	}
	if l.Columns < 80 || l.Columns > 200 || l.Lines < 30 || l.Lines > 200 {
		return sheet{}, l, fmt.Errorf("%w: pages of %d columns and %d lines", ErrForm, l.Columns, l.Lines)
	}
	s, err := f.sheet(clock{l.Zone})
	s.warning, s.note = l.Warning, l.Note
	if err == nil {
		err = s.check()
	}
	if err != nil {
		return sheet{}, l, fmt.Errorf("%w: %w", ErrForm, err)
	}
	return s, l, nil
}
