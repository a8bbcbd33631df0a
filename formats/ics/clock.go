package ics

import (
	"fmt"
	"time"
)

// clock writes times in UTC and in one local zone.
type clock struct {
	zone *time.Location
}

const (
	dateLayout  = "2006-01-02"
	timeLayout  = "15:04:05.00"
	localLayout = timeLayout + " -07:00"
)

func (c clock) hasLocal() bool { return c.zone != nil && c.zone != time.UTC }

// local returns date and time of day where the reader is.
func (c clock) local(t time.Time) (date, clock string) {
	if !c.hasLocal() {
		return c.utc(t)
	}
	t = t.In(c.zone)
	return t.Format(dateLayout), t.Format(localLayout)
}

func (c clock) utc(t time.Time) (date, clock string) {
	t = t.UTC()
	return t.Format(dateLayout), t.Format(timeLayout) + " UTC"
}

// both returns an instant in UTC and, on a second line, in the local zone.
func (c clock) both(t time.Time) string {
	date, clock := c.utc(t)
	if !c.hasLocal() {
		return date + " " + clock
	}
	localDate, localClock := c.local(t)
	return date + " " + clock + "\n" + localDate + " " + localClock
}

// fields returns a box's date and time fields: local, and UTC if that is
// another. A zero instant is the open end of a period.
func (c clock) fields(date, clock string, t time.Time) []field {
	if t.IsZero() {
		return []field{{date, "(continues)"}, {clock, "(continues)"}}
	}
	d, h := c.local(t)
	if c.hasLocal() {
		utcDate, utcClock := c.utc(t)
		h += " = " + utcDate + " " + utcClock
	}
	return []field{{date, d}, {clock, h}}
}

func (c clock) period(p Period) []field {
	from, to := c.fields("Date From", "Time From", p.From), c.fields("Date To", "Time To", p.To)
	return []field{from[0], to[0], from[1], to[1]}
}

func (p Period) check() error {
	if err := checkTime("operational period", p.From); err != nil {
		return err
	}
	if p.To.IsZero() {
		return nil
	}
	if p.To.Before(p.From) {
		return fmt.Errorf("operational period ends before it begins")
	}
	return checkTime("operational period", p.To)
}

// checkTime wants an instant that is set and has a year of four digits in
// every zone.
func checkTime(what string, t time.Time) error {
	if t.IsZero() {
		return fmt.Errorf("%s: no time", what)
	}
	if y := t.UTC().Year(); y < 2 || y > 9998 {
		return fmt.Errorf("%s: year %d", what, y)
	}
	return nil
}
