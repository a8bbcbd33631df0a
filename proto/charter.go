package proto

import (
	"math"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	"crossband/proto/wire"
)

// Charter is a channel's rules as every relay and every member judges them.
// It is parsed from the exact bytes that were signed; who signed them is for
// the caller to check (identity.TrustStore) together with SignerMay.
type Charter struct {
	Revision  uint32
	Channel   ChannelID // of every revision
	Owner     Agency
	Kind      CharterKind
	Title     string
	Suite     uint16
	Parties   []Party
	Template  []Party
	Storage   Storage
	TalkLimit time.Duration
	NotBefore time.Time
	Expires   time.Time
	Incident  IncidentID
	Parent    ChannelID
	Exercise  bool
	Agreement AgreementID   // the zero one: the owner is alone
	Ladder    []LadderStep  // in the order of their times
	Rearm     time.Duration // 0: never
}

// CharterKind says what a channel is for.
type CharterKind uint8

// The kinds of channel.
const (
	KindCalling  CharterKind = 1 // the standing channel on which agencies hail each other
	KindStanding CharterKind = 2 // any other lasting talkgroup
	KindIncident CharterKind = 3 // opened by an accepted hail
	KindPatrol   CharterKind = 4 // of a pair of units on two sides, for a shift
)

// Opened reports whether endpoints open channels of this kind under a calling
// channel, without their authority signing each.
func (k CharterKind) Opened() bool { return k == KindIncident || k == KindPatrol }

// String is the kind in one word.
func (k CharterKind) String() string {
	switch k {
	case KindCalling:
		return "calling"
	case KindIncident:
		return "incident"
	case KindPatrol:
		return "patrol"
	}
	return "standing"
}

// Storage says what relays other than the sender's may keep on disk.
type Storage uint8

// The storage rules.
const (
	StorageNone   Storage = 1
	StorageSealed Storage = 2
)

// MLS cipher suites (RFC 9420 17.1) that a charter may name between agencies.
// Suite 1 is implemented and refused here: X25519 is not approved for it.
const (
	SuiteP256 uint16 = 2
	SuiteP384 uint16 = 7
)

// ParseCharter parses and checks the payload of a signed charter. Every rule
// that needs nothing but the charter itself is checked here.
func ParseCharter(payload []byte) (Charter, error) {
	if len(payload) > MaxCharter {
		return Charter{}, Refusef(ReasonTooLarge, "charter of %d octets, limit %d", len(payload), MaxCharter)
	}
	m := new(wire.Charter)
	if err := proto.Unmarshal(payload, m); err != nil {
		return Charter{}, Refuse(ReasonMalformed, "charter is not protobuf")
	}
	c := Charter{
		Revision:  m.Revision,
		Channel:   ChannelIDOf(payload),
		Kind:      CharterKind(octet(uint32(m.Kind))),
		Title:     m.Title,
		Suite:     uint16(min(m.Suite, math.MaxUint16)),
		Storage:   Storage(octet(uint32(m.Storage))),
		TalkLimit: time.Duration(m.TalkLimitMs) * time.Millisecond,
		NotBefore: time.UnixMilli(m.NotBeforeMs),
		Expires:   time.UnixMilli(m.ExpiresMs),
		Exercise:  m.Exercise,
		Rearm:     time.Duration(m.RearmMs) * time.Millisecond,
	}
	if hasUnknown(m) { // a rule that this version does not know could be a restriction
		return Charter{}, Refuse(ReasonMalformed, "charter holds a rule that this version does not know")
	}
	if err := c.fillIdentifiers(m); err != nil {
		return Charter{}, err
	}
	return c, c.validate()
}

// octet narrows a number that crossed the wire: what does not fit becomes 255,
// which is no valid kind, rule or priority, rather than a small valid one.
func octet(v uint32) uint8 { return uint8(min(v, math.MaxUint8)) }

func hasUnknown(m *wire.Charter) bool {
	for _, p := range append(m.Parties[:len(m.Parties):len(m.Parties)], m.Template...) {
		if len(p.ProtoReflect().GetUnknown()) > 0 {
			return true
		}
	}
	for _, s := range m.Ladder {
		if len(s.ProtoReflect().GetUnknown()) > 0 {
			return true
		}
	}
	return len(m.ProtoReflect().GetUnknown()) > 0
}

func (c *Charter) fillIdentifiers(m *wire.Charter) (err error) {
	if c.Owner, err = ParseAgency(m.Owner); err != nil {
		return Refuse(ReasonMalformed, "charter's owner")
	}
	if err := fixedLengths(m); err != nil {
		return err
	}
	if m.Revision > 0 {
		c.Channel = ChannelID(m.Channel)
	}
	if c.Kind == KindIncident {
		c.Incident = IncidentID(m.Incident)
	}
	if c.Kind.Opened() {
		c.Parent = ChannelID(m.Parent)
	}
	if len(m.Agreement) > 0 {
		c.Agreement = AgreementID(m.Agreement)
	}
	if c.Ladder, err = parseLadder(m.Ladder); err != nil {
		return err
	}
	if c.Parties, err = parseParties(m.Parties); err != nil {
		return err
	}
	c.Template, err = parseParties(m.Template)
	return err
}

// nonceLen is the length of a charter's nonce.
const nonceLen = 16

// fixedLengths refuses identifiers that are longer or shorter than they are, or
// there where none belongs: a charter is told on every link, and must be small.
func fixedLengths(m *wire.Charter) error {
	kind := CharterKind(octet(uint32(m.Kind)))
	amends, incident := m.Revision > 0, kind == KindIncident
	for _, f := range []struct {
		what  string
		value []byte
		want  int
		there bool
	}{
		{"nonce", m.Nonce, nonceLen, true},
		{"channel", m.Channel, len(ChannelID{}), amends},
		{"incident", m.Incident, len(IncidentID{}), incident},
		{"parent", m.Parent, len(ChannelID{}), kind.Opened()},
		{"agreement", m.Agreement, len(AgreementID{}), len(m.Agreement) > 0},
	} {
		want := f.want
		if !f.there {
			want = 0
		}
		if len(f.value) != want {
			return Refusef(ReasonMalformed, "charter's %s of %d octets, want %d", f.what, len(f.value), want)
		}
	}
	return nil
}

func (c *Charter) validate() error {
	switch {
	case c.Kind < KindCalling || c.Kind > KindPatrol:
		return Refuse(ReasonMalformed, "charter's kind")
	case c.Storage < StorageNone || c.Storage > StorageSealed:
		return Refuse(ReasonMalformed, "charter's storage rule")
	case c.Suite != SuiteP256 && c.Suite != SuiteP384:
		return Refusef(ReasonWeakSuite, "suite %d; want %d or %d", c.Suite, SuiteP384, SuiteP256)
	case !validTitle(c.Title):
		return Refuse(ReasonMalformed, "charter's title")
	case c.TalkLimit < 0 || c.TalkLimit > TalkLimit:
		return Refusef(ReasonMalformed, "talk limit over %v", TalkLimit)
	case !c.Expires.After(c.NotBefore):
		return Refuse(ReasonMalformed, "charter ends before it begins")
	case len(c.Template) > 0 && c.Kind != KindCalling:
		return Refuse(ReasonMalformed, "only a calling channel's charter has a template")
	case len(c.Ladder) > 0 && c.Kind != KindCalling, c.Rearm != 0 && len(c.Ladder) == 0:
		return Refuse(ReasonMalformed, "only a calling channel's charter has a ladder")
	}
	if err := c.checkLadder(); err != nil {
		return err
	}
	if err := c.checkPatrol(); err != nil {
		return err
	}
	if _, ok := c.party(c.Owner); !ok {
		return Refuse(ReasonMalformed, "the owner is not a party of its own charter")
	}
	if c.TalkLimit == 0 {
		c.TalkLimit = TalkLimit
	}
	return nil
}

func validTitle(s string) bool {
	if s == "" || len(s) > 80 {
		return false
	}
	return !strings.ContainsFunc(s, notLatin)
}

// notLatin picks out what a title may not hold. Latin letters only: no look-alikes,
// no direction marks, nothing that steers a terminal.
func notLatin(r rune) bool { return r < ' ' || r >= 0x7f && r < 0xa0 || r == 0xad || r > 0x24f }

// Check refuses a charter that is not in force at now.
func (c *Charter) Check(now time.Time) error {
	if now.Before(c.NotBefore) {
		return Refusef(ReasonClosed, "begins %s", c.NotBefore.UTC().Format(time.RFC3339))
	}
	if !now.Before(c.Expires) {
		return Refusef(ReasonClosed, "ended %s", c.Expires.UTC().Format(time.RFC3339))
	}
	return nil
}
