package growth

import (
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"crossband/cmd/crossband/internal/rig"
	"crossband/crypto/agreement"
	"crossband/crypto/charter"
	"crossband/crypto/identity"
	"crossband/crypto/mls"
	"crossband/crypto/mls/policy"
	"crossband/crypto/mls/suite"
	"crossband/crypto/mls/tree"
	"crossband/crypto/notice"
	"crossband/proto"
	"crossband/proto/wire"
	"crossband/relay/hub"
)

// station is a relay's hub without its sockets and its disk, with a time of its own. It
// judges what real agencies have signed.
type station struct {
	hub    *hub.Hub
	judge  hub.Judge
	now    time.Time
	agency *rig.Agency
	signer *identity.Identity // the authority's: signs charters
	unit   *identity.Identity // the one member of every channel
	from   hub.LinkID         // of the unit
	made   []hub.Effect       // what the hub did for the newest channel
	last   hub.LinkID
	people int
}

// verdicts judges charters, members and documents, as a relay does.
type verdicts struct {
	charter.Judge
	agreements agreement.Judge
	notices    notice.Judge
}

func (v verdicts) Document(kind proto.DocumentKind, signed []byte, now time.Time) (proto.Document, error) {
	if kind >= proto.DocumentNotice {
		return v.notices.Document(kind, signed, now)
	}
	return v.agreements.Document(kind, signed, now)
}

func (v verdicts) ReadDocument(kind proto.DocumentKind, signed []byte) (proto.Document, error) {
	if kind >= proto.DocumentNotice {
		return v.notices.ReadDocument(kind, signed)
	}
	return v.agreements.ReadDocument(kind, signed)
}

// newStation is the hub of an agency's relay, with one unit linked.
func newStation(a *rig.Agency, now time.Time) (*station, error) {
	authority, err := a.Dir.Authority()
	if err != nil {
		return nil, err
	}
	unit, err := proto.ParseName(fmt.Sprintf("spiffe://%s/unit/growth", a.Name))
	if err != nil {
		return nil, err
	}
	s := &station{now: now, agency: a}
	if s.unit, err = authority.IssueLocal(unit, elliptic.P384(), now); err != nil {
		return nil, err
	}
	if s.signer, err = identity.Load(a.Dir.Registrar(), nil); err != nil {
		return nil, err
	}
	trust, err := s.unit.TrustStore(now)
	if err != nil {
		return nil, err
	}
	s.judge = verdicts{charter.Judge{Trust: trust}, agreement.Judge{Trust: trust}, notice.Judge{Trust: trust}}
	s.begin()
	s.from, _ = s.link(unit)
	return s, nil
}

// relayName is the hub's own.
func (s *station) relayName() proto.Name {
	return proto.Name{Agency: s.agency.Name, Role: proto.RoleRelay, Label: "relay-1"}
}

// begin starts the hub anew, with nothing in it.
func (s *station) begin() { s.hub = hub.New(s.relayName(), s.judge) }

// later lets time pass, so that no quota is in the way.
func (s *station) later(d time.Duration) { s.now = s.now.Add(d) }

func (s *station) apply(e hub.Event) []hub.Effect { return s.hub.Apply(s.now, e) }

// link has somebody come, and returns what the hub does about it at once.
func (s *station) link(peer proto.Name) (hub.LinkID, []hub.Effect) {
	s.last++
	return s.last, s.apply(hub.LinkUp{Link: s.last, Peer: peer})
}

// newcomer is the name of one more unit.
func (s *station) newcomer() proto.Name {
	s.people++
	return proto.Name{Agency: s.agency.Name, Role: proto.RoleUnit, Label: fmt.Sprintf("u%d", s.people)}
}

// say gives the hub a frame. A refusal is an error.
func (s *station) say(link hub.LinkID, f *wire.Frame) ([]hub.Effect, error) {
	f.Id = 1
	effects := s.apply(hub.FrameIn{Link: link, Frame: f})
	return effects, refusal(effects)
}

func refusal(effects []hub.Effect) error {
	for _, e := range effects {
		switch e := e.(type) {
		case hub.Send:
			if r := e.Frame.GetRefused(); r != nil {
				return proto.Refuse(proto.Reason(min(r.Code, 1<<16-1)), r.Detail)
			}
		case hub.Close:
			return e.Why
		case hub.Audit:
			if e.Refusal != nil {
				return e.Refusal
			}
		}
	}
	return nil
}

// channel is one with a group of one member.
type channel struct {
	id    proto.ChannelID
	rules proto.Charter
	said  uint64 // texts
}

// charter signs a charter for the parties, gives it to the hub, and makes its group.
// One whose owner is alone needs no agreement.
func (s *station) charter(title string) (*channel, error) {
	signed, rules, err := charter.Sign(s.signer, &wire.Charter{
		Owner: string(s.agency.Name), Kind: wire.Charter_KIND_STANDING, Title: title, Suite: uint32(proto.SuiteP384), Storage: wire.Charter_STORAGE_SEALED,
		ExpiresMs: s.now.Add(life).UnixMilli(),
		Parties:   []*wire.Charter_Party{{Agency: string(s.agency.Name), Send: []string{proto.RoleUnit.String()}, MaxPriority: uint32(proto.PriorityEmergency)}},
	}, s.now)
	if err != nil {
		return nil, err
	}
	return s.put(signed, rules)
}

// life is how long charters and agreements last: longer than any station's time.
const life = 300 * 24 * time.Hour

// put gives the hub a charter, and makes its group.
func (s *station) put(signed []byte, rules proto.Charter) (*channel, error) {
	effects, err := s.say(hub.SelfLink, &wire.Frame{Body: &wire.Frame_PutCharter{PutCharter: &wire.PutCharter{Charter: signed}}})
	if err != nil {
		return nil, fmt.Errorf("charter of %q: %w", rules.Title, err)
	}
	c := &channel{id: rules.Channel, rules: rules}
	g, err := mls.Create(mls.Identity{Signer: s.unit.Key, Credential: tree.X509(s.unit.Chain...)}, mls.CreateOptions{
		GroupID: c.id[:], Suite: suite.ID(rules.Suite), Extensions: tree.Extensions{{Type: tree.ExtensionCharter, Data: signed}}, Now: s.now,
		Verifier: &policy.Gate{Judge: s.judge, Charter: rules, Signed: signed},
	})
	if err != nil {
		return nil, err
	}
	info, err := g.GroupInfo()
	if err != nil {
		return nil, err
	}
	s.later(time.Second)
	more, err := s.say(s.from, &wire.Frame{Body: &wire.Frame_CreateChannel{CreateChannel: &wire.CreateChannel{Charter: signed, GroupInfo: info, RatchetTree: g.RatchetTree()}}})
	if err != nil {
		return nil, fmt.Errorf("group of %q: %w", rules.Title, err)
	}
	s.made = append(effects, more...)
	return c, nil
}

// subscribe has a link hear a channel.
func (s *station) subscribe(link hub.LinkID, c *channel) error {
	_, err := s.say(link, &wire.Frame{Body: &wire.Frame_Subscribe{Subscribe: &wire.Subscribe{Channel: c.id[:], Alias: 1}}})
	return err
}

// text makes the next text of the unit on a channel. Its sealed part is random.
func (s *station) text(c *channel, octets int) hub.FrameIn {
	c.said++
	id := proto.NewMessageID()
	sealed := make([]byte, octets)
	rand.Read(sealed)
	return hub.FrameIn{Link: s.from, Frame: &wire.Frame{Id: 1, Body: &wire.Frame_Text{Text: &wire.Text{Channel: c.id[:], Id: id[:], Sealed: sealed, Number: c.said, Commitment: make([]byte, 32)}}}}
}

var errNothing = errors.New("the hub did nothing")
