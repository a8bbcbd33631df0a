package agreement

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/BurntSushi/toml"

	"crossband/proto"
)

// Format is the version of the text that this package reads and writes.
const Format = 1

// text is the agreement as TOML holds it. A key that is not here is refused.
type text struct {
	Format    int       `toml:"format"`
	ID        string    `toml:"id"` // of the first revision; absent in that one
	Revision  int64     `toml:"revision"`
	Title     string    `toml:"title"`
	Parties   []string  `toml:"parties"`
	Status    string    `toml:"status"`
	Begins    any       `toml:"begins"` // times are not decoded into time.Time, which forgets whether the text names a zone
	Ends      any       `toml:"ends"`
	Countdown string    `toml:"countdown"`
	Channels  []channel `toml:"channel"`
	Observers []watcher `toml:"observer"`
	Ladder    ladder    `toml:"ladder"`
}

// channel is one [[channel]].
type channel struct {
	Name      string   `toml:"name"`
	Title     string   `toml:"title"`
	Kind      string   `toml:"kind"`
	Owner     string   `toml:"owner"`     // of a calling or standing channel
	OpenedBy  []string `toml:"opened-by"` // of incidents and patrols
	Suite     int64    `toml:"suite"`
	Storage   string   `toml:"storage"`
	TalkLimit string   `toml:"talk-limit"`
	Parties   []party  `toml:"party"`
}

// party is one [[channel.party]].
type party struct {
	Agency   string   `toml:"agency"`
	Speak    []string `toml:"speak"`
	Hail     []string `toml:"hail"`
	Listen   []string `toml:"listen"`
	Priority string   `toml:"priority"`
	Only     []string `toml:"only"`
}

// watcher is one [[observer]].
type watcher struct {
	Agency   string   `toml:"agency"`
	Roles    []string `toml:"roles"`
	Channels []string `toml:"channels"`
	Until    any      `toml:"until"`
}

// ladder is [ladder].
type ladder struct {
	Rearm string `toml:"rearm"`
	Steps []step `toml:"step"`
}

// step is one [[ladder.step]].
type step struct {
	After string   `toml:"after"`
	Page  []string `toml:"page"`
}

// ParseText reads the text of an agreement, without signatures, and checks every
// rule that needs nothing but the agreement. Any two readers read the same, or
// refuse it: keys stand there once and in their one spelling, times are in UTC.
func ParseText(octets []byte) (proto.Agreement, error) {
	var t text
	if err := decode(octets, &t); err != nil {
		return proto.Agreement{}, err
	}
	a, err := t.agreement()
	if err != nil {
		return proto.Agreement{}, err
	}
	if a.Digest = sha256.Sum256(octets); a.Revision == 0 {
		a.ID = proto.AgreementIDOf(octets)
	}
	return a, a.Validate()
}

func bad(format string, args ...any) *proto.Refusal {
	return proto.Refusef(proto.ReasonMalformed, format, args...)
}

func decode(octets []byte, t *text) error {
	if len(octets) > proto.MaxAgreementText {
		return proto.Refusef(proto.ReasonTooLarge, "agreement of %d octets, limit %d", len(octets), proto.MaxAgreementText)
	}
	if err := plain(octets); err != nil {
		return err
	}
	meta, err := toml.Decode(string(octets), t)
	if p := (toml.ParseError{}); errors.As(err, &p) {
		return bad("line %d: %s", p.Position.Line, p.Message)
	}
	if err != nil {
		return bad("%v", err)
	}
	if unknown := meta.Undecoded(); len(unknown) > 0 {
		return bad("unknown key %q", unknown[0].String())
	}
	for _, key := range meta.Keys() { // the decoder would take Title for title, and one of the two
		for _, part := range key {
			if strings.Trim(part, "abcdefghijklmnopqrstuvwxyz-") != "" {
				return bad("key %q is not spelt as it must be", key.String())
			}
		}
	}
	return nil
}

// plain refuses what a person could read otherwise than a machine: anything but
// Latin letters, signs, spaces and line ends.
func plain(octets []byte) error {
	if !utf8.Valid(octets) {
		return bad("the text is not UTF-8")
	}
	line := 1
	for _, r := range string(octets) {
		if r == '\n' {
			line++
			continue
		}
		if r < ' ' || r >= 0x7f && r < 0xa0 || r == 0xad || r > 0x24f {
			return bad("line %d: character %U; a text holds Latin letters only", line, r)
		}
	}
	return nil
}

// moment reads a time: in UTC, whatever zone the reader lives in.
func moment(what string, v any) (time.Time, error) {
	at, ok := v.(time.Time)
	if !ok || at.Location() != time.UTC || at.Nanosecond() != 0 {
		return time.Time{}, bad("%s: want a time in UTC, such as 2026-11-02T12:00:00Z", what)
	}
	return at, nil
}

func (t *text) agreement() (a proto.Agreement, err error) {
	if t.Format != Format {
		return a, proto.Refusef(proto.ReasonVersion, "agreement of format %d, known is %d", t.Format, Format)
	}
	if t.Revision < 0 || t.Revision > 1<<20 {
		return a, bad("revision %d", t.Revision)
	}
	a = proto.Agreement{Revision: uint32(t.Revision), Title: t.Title}
	if a.Begins, err = moment("begins", t.Begins); err != nil {
		return a, err
	}
	if a.Ends, err = moment("ends", t.Ends); err != nil {
		return a, err
	}
	if (t.Revision == 0) != (t.ID == "") {
		return a, bad("id: a later revision names the first one, and the first has none")
	}
	if t.ID != "" {
		if a.ID, err = proto.ParseAgreementID(t.ID); err != nil || t.ID != a.ID.String() {
			return a, bad("id: want 64 hexadecimal digits in lower case")
		}
	}
	switch t.Status {
	case "actual":
	case "exercise":
		a.Exercise = true
	default:
		return a, bad("status %.40q: want actual or exercise", t.Status)
	}
	if a.Parties, err = agencies("parties", t.Parties); err != nil {
		return a, err
	}
	if a.Countdown, err = duration("countdown", t.Countdown, proto.UsualCountdown); err != nil {
		return a, err
	}
	for _, c := range t.Channels {
		entry, err := c.agreed()
		if err != nil {
			return a, err
		}
		a.Channels = append(a.Channels, entry)
	}
	for _, o := range t.Observers {
		entry, err := o.agreed()
		if err != nil {
			return a, err
		}
		a.Observers = append(a.Observers, entry)
	}
	return a, t.Ladder.agreed(&a)
}

func agencies(what string, words []string) (list []proto.Agency, err error) {
	for _, w := range words {
		a, err := proto.ParseAgency(w)
		if err != nil {
			return nil, bad("%s: %v", what, err)
		}
		list = append(list, a)
	}
	return list, nil
}

// duration reads a time such as "60s". An empty one is what it usually is.
func duration(what, s string, usually time.Duration) (time.Duration, error) {
	if s == "" {
		return usually, nil
	}
	d, err := time.ParseDuration(s)
	if err != nil || d%time.Second != 0 {
		return 0, bad("%s %.40q: want whole seconds, such as 60s", what, s)
	}
	return d, nil
}

func within(what string, err error) error {
	return bad("%s: %s", what, fmt.Sprint(err))
}
