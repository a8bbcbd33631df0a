package proto

import (
	"math"
	"slices"
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
}

// CharterKind says what a channel is for.
type CharterKind uint8

// The kinds of channel.
const (
	KindCalling  CharterKind = 1 // the standing channel on which agencies hail each other
	KindStanding CharterKind = 2 // any other lasting talkgroup
	KindIncident CharterKind = 3 // opened by an accepted hail
)

// String is the kind in one word.
func (k CharterKind) String() string {
	switch k {
	case KindCalling:
		return "calling"
	case KindIncident:
		return "incident"
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

// Party is one agency's share in a channel.
type Party struct {
	Agency      Agency
	Send        []Role // roles that may send and hear
	Listen      []Role // roles that may only hear and read
	MaxPriority Priority
}

// Right is what a charter lets an endpoint do.
type Right uint8

// The rights, each including the lower ones.
const (
	RightNone   Right = 0
	RightListen Right = 1
	RightSend   Right = 2
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
		c.Incident, c.Parent = IncidentID(m.Incident), ChannelID(m.Parent)
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
	amends, incident := m.Revision > 0, CharterKind(octet(uint32(m.Kind))) == KindIncident
	for _, f := range []struct {
		what  string
		value []byte
		want  int
		there bool
	}{
		{"nonce", m.Nonce, nonceLen, true},
		{"channel", m.Channel, len(ChannelID{}), amends},
		{"incident", m.Incident, len(IncidentID{}), incident},
		{"parent", m.Parent, len(ChannelID{}), incident},
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

func parseParties(list []*wire.Charter_Party) ([]Party, error) {
	if len(list) > MaxParties {
		return nil, Refusef(ReasonMalformed, "charter with %d parties, limit %d", len(list), MaxParties)
	}
	parties := make([]Party, 0, len(list))
	for _, m := range list {
		a, err := ParseAgency(m.Agency)
		if err != nil {
			return nil, Refuse(ReasonMalformed, "charter names no valid agency")
		}
		if slices.ContainsFunc(parties, func(p Party) bool { return p.Agency == a }) {
			return nil, Refusef(ReasonMalformed, "charter names %s twice", a)
		}
		p := Party{Agency: a, MaxPriority: Priority(octet(m.MaxPriority))}
		if p.MaxPriority > PriorityEmergency {
			return nil, Refusef(ReasonMalformed, "charter's priority %d", m.MaxPriority)
		}
		if p.Send, err = parseRoles(m.Send); err != nil {
			return nil, err
		}
		if p.Listen, err = parseRoles(m.Listen); err != nil {
			return nil, err
		}
		parties = append(parties, p)
	}
	return parties, nil
}

func parseRoles(words []string) ([]Role, error) {
	roles := make([]Role, 0, len(words))
	for _, w := range words {
		r, err := ParseRole(w)
		if err != nil || !r.IsEndpoint() || slices.Contains(roles, r) {
			return nil, Refusef(ReasonMalformed, "charter's role %q", clip(w))
		}
		roles = append(roles, r)
	}
	return roles, nil
}

func (c *Charter) validate() error {
	switch {
	case c.Kind < KindCalling || c.Kind > KindIncident:
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
	for _, r := range s {
		if r < ' ' || r >= 0x7f && r < 0xa0 || r == 0xad || r > 0x24f { // Latin letters only: no look-alikes, no direction marks, nothing that steers a terminal
			return false
		}
	}
	return true
}

func (c *Charter) party(a Agency) (Party, bool) {
	i := slices.IndexFunc(c.Parties, func(p Party) bool { return p.Agency == a })
	if i < 0 {
		return Party{}, false
	}
	return c.Parties[i], true
}

// HasParty reports whether the agency takes part in the channel.
func (c *Charter) HasParty(a Agency) bool { _, ok := c.party(a); return ok }

// RightOf returns what the charter lets name do.
func (c *Charter) RightOf(n Name) Right {
	p, ok := c.party(n.Agency)
	switch {
	case !ok:
		return RightNone
	case slices.Contains(p.Send, n.Role):
		return RightSend
	case slices.Contains(p.Listen, n.Role):
		return RightListen
	}
	return RightNone
}

// MaxPriority returns the highest class that name may use.
func (c *Charter) MaxPriority(n Name) Priority {
	p, _ := c.party(n.Agency)
	return p.MaxPriority
}

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

// SignerMay checks who signed the charter: the owner's authority, or for an
// incident a desk, unit or hook of the owner that parent lets send and whose
// parties lie within parent's template. parent is nil when it is not known;
// then only the signer is judged.
func (c *Charter) SignerMay(signer Name, parent *Charter) error {
	if signer.Agency != c.Owner {
		return Refusef(ReasonCharter, "%s signed a charter of %s", signer, c.Owner)
	}
	if signer.Role == RoleAuthority {
		return nil
	}
	if c.Kind != KindIncident || !signer.Role.mayHail() {
		return Refusef(ReasonCharter, "%s may not sign it", signer)
	}
	if parent == nil {
		return nil
	}
	if parent.Kind != KindCalling || parent.Channel != c.Parent || parent.RightOf(signer) != RightSend {
		return Refusef(ReasonCharter, "%s may not hail on the calling channel", signer)
	}
	return c.within(parent)
}

// mayHail reports whether the role may hail, and so open the incident that its
// hail leads to (ruleFor, KindHail).
func (r Role) mayHail() bool { return r == RoleUnit || r == RoleDesk || r == RoleHook }

// within checks an incident against its calling channel's template.
func (c *Charter) within(parent *Charter) error {
	if c.Expires.After(parent.Expires) || c.Exercise != parent.Exercise && !c.Exercise || c.Storage > parent.Storage {
		return Refuse(ReasonCharter, "the incident goes beyond its calling channel's time, storage or exercise rule")
	}
	if c.Suite != parent.Suite || c.TalkLimit > parent.TalkLimit {
		return Refuse(ReasonCharter, "the incident has another suite or a longer talk limit than its calling channel")
	}
	for _, p := range c.Parties {
		i := slices.IndexFunc(parent.Template, func(t Party) bool { return t.Agency == p.Agency })
		if i < 0 {
			return Refusef(ReasonCharter, "%s is not in the calling channel's template", p.Agency)
		}
		t := parent.Template[i]
		if !subset(p.Send, t.Send) || !subset(p.Listen, append(slices.Clone(t.Send), t.Listen...)) || p.MaxPriority > t.MaxPriority {
			return Refusef(ReasonCharter, "%s would have more rights than the template gives", p.Agency)
		}
	}
	return nil
}

func subset(small, big []Role) bool {
	return !slices.ContainsFunc(small, func(r Role) bool { return !slices.Contains(big, r) })
}

// MayChange checks a change of membership against the charter: who committed
// it, whom it adds and whom it removes. The hub and every member ask the same
// question, so that neither can let in what the other would refuse.
//
// Anybody with a right may join and may leave; adding others takes the right
// to send; removing others takes a desk of the owner, or one's own agency.
// revoked are those of removed whose certificates their agency has taken back:
// every member may, and should, remove them, whoever is there.
func (c *Charter) MayChange(by Name, added, removed, revoked []Name) error {
	right := c.RightOf(by)
	if right == RightNone {
		return Refusef(ReasonCharter, "%s has no right on the channel", by)
	}
	for _, n := range added {
		if c.RightOf(n) == RightNone {
			return Refusef(ReasonCharter, "%s may not be a member", n)
		}
		if n != by && right != RightSend {
			return Refusef(ReasonListenOnly, "%s may not add %s", by, n)
		}
	}
	for _, n := range removed {
		own := n == by || n.Agency == by.Agency && right == RightSend
		if !own && !(by.Agency == c.Owner && by.Role == RoleDesk) && !slices.Contains(revoked, n) {
			return Refusef(ReasonCharter, "%s may not remove %s", by, n)
		}
	}
	return nil
}
