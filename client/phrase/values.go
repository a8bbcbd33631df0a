package phrase

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"time"
)

// Count is a number of persons, 1 to MaxCount.
type Count uint16

// Kind returns KindCount.
func (Count) Kind() Kind { return KindCount }

func (c Count) check() error {
	if c < 1 || c > MaxCount {
		return fmt.Errorf("count of %d, want 1 to %d", uint16(c), MaxCount)
	}
	return nil
}

func (c Count) appendValue(b []byte) []byte { return binary.BigEndian.AppendUint16(b, uint16(c)) }

func (c Count) show(l Language) string {
	noun := wording{"people", "personas", "personnes"}
	if c == 1 {
		noun = wording{"person", "persona", "personne"}
	}
	return strconv.Itoa(int(c)) + " " + noun.in(l)
}

// Unit is the name of a unit as its own agency says it, such as "Del Rio 214".
type Unit string

// Kind returns KindUnit.
func (Unit) Kind() Kind { return KindUnit }

func (u Unit) check() error                { return checkText(string(u), MaxUnit) }
func (u Unit) appendValue(b []byte) []byte { return append(b, u...) }
func (u Unit) show(l Language) string      { return quote(string(u), MaxUnit, l) }

// ETA is the time to arrival in minutes, 0 to MaxETA.
type ETA uint16

// Kind returns KindETA.
func (ETA) Kind() Kind { return KindETA }

func (e ETA) check() error {
	if e > MaxETA {
		return fmt.Errorf("arrival in %d minutes, at most %d", uint16(e), MaxETA)
	}
	return nil
}

func (e ETA) appendValue(b []byte) []byte { return binary.BigEndian.AppendUint16(b, uint16(e)) }

func (e ETA) show(l Language) string {
	h, m := e/60, e%60
	switch {
	case e == 0:
		return wording{"less than 1 min", "menos de 1 min", "moins de 1 min"}.in(l)
	case h == 0:
		return fmt.Sprintf("%d min", m)
	case m == 0:
		return fmt.Sprintf("%d h", h)
	}
	return fmt.Sprintf("%d h %d min", h, m)
}

// Text is free text, shown as it was typed in whatever language it is.
type Text string

// Kind returns KindText.
func (Text) Kind() Kind { return KindText }

func (t Text) check() error                { return checkText(string(t), MaxText) }
func (t Text) appendValue(b []byte) []byte { return append(b, t...) }
func (t Text) show(l Language) string      { return quote(string(t), MaxText, l) }

// Instant is a moment with the offset of the clock it was read from, so that
// a reader sees UTC and the sender's time of day.
type Instant struct {
	Unix   int64 // seconds since 1970, from 2000 to the end of 2199
	Offset int16 // minutes east of UTC, a multiple of 15 from -12 to +14 hours
}

const (
	minUnix = 946_684_800   // 2000-01-01
	maxUnix = 7_258_118_399 // 2199-12-31 23:59:59
)

// At returns the instant of t, to the second, with the offset of its zone.
func At(t time.Time) Instant {
	_, offset := t.Zone()
	return Instant{t.Unix(), int16(offset / 60)}
}

// Kind returns KindTime.
func (Instant) Kind() Kind { return KindTime }

func (i Instant) check() error {
	if i.Unix < minUnix || i.Unix > maxUnix {
		return fmt.Errorf("time is not between the years 2000 and 2199")
	}
	if i.Offset < -12*60 || i.Offset > 14*60 || i.Offset%15 != 0 {
		return fmt.Errorf("offset from UTC of %d minutes", i.Offset)
	}
	return nil
}

func (i Instant) appendValue(b []byte) []byte {
	b = binary.BigEndian.AppendUint64(b, uint64(i.Unix))
	return binary.BigEndian.AppendUint16(b, uint16(i.Offset))
}

func decodeInstant(v []byte) (Slot, bool) {
	if len(v) != 10 {
		return nil, false
	}
	return Instant{int64(binary.BigEndian.Uint64(v)), int16(binary.BigEndian.Uint16(v[8:]))}, true
}

// show writes dates and times in one form in every language: two desks compare
// them digit by digit.
func (i Instant) show(Language) string {
	if i.check() != nil {
		return fmt.Sprintf("(%d)", i.Unix)
	}
	layout := "2006-01-02 15:04"
	if i.Unix%60 != 0 {
		layout = "2006-01-02 15:04:05"
	}
	at := time.Unix(i.Unix, 0).UTC()
	out := at.Format(layout) + " UTC"
	if i.Offset == 0 {
		return out
	}
	local := at.In(time.FixedZone("", int(i.Offset)*60))
	return out + " (" + local.Format(layout+" UTC-07:00") + ")"
}

// unlisted shows a member of an enumeration that this phrasebook lacks.
func unlisted(n uint8, l Language) string {
	return fmt.Sprintf(wording{"(value %d, not in this phrasebook)", "(valor %d, no está en este catálogo de frases)",
		"(valeur %d, absente de ce recueil de phrases)"}.in(l), n)
}
