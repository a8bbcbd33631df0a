package growth

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"crossband/cmd/crossband/internal/rig"
	"crossband/crypto/agreement"
	"crossband/proto"
	"crossband/proto/wire"
	"crossband/relay/hub"
)

// AgenciesRow is what so many agencies mean for the relay of one of them.
type AgenciesRow struct {
	Agencies      int     `json:"agencies"` // the own one counted
	LinkFrames    int     `json:"link_frames"`
	LinkOctets    int     `json:"link_octets"` // that a new endpoint is told: documents, lists, channels
	PartnerOctets int     `json:"partner_octets"`
	Parties       int     `json:"parties"` // of the widest channel
	Copies        int     `json:"copies"`  // of one text there, the own reader's counted
	FramesPerText int     `json:"frames_per_text"`
	TextUS        float64 `json:"text_us"`
	DocumentsHeld int     `json:"documents"`
	Channels      int     `json:"channels"` // that the hub holds
}

// Agencies measures the relay of an agency that has agreements with more and more
// others.
func Agencies(s Sizes) Axis {
	return Axis{
		Name: "agencies", Title: "Agencies that one agency has agreements with",
		How: fmt.Sprintf("A relay's hub in this process. The agency has an agreement with each of the others, with a calling channel, and one with as many as a channel may have, %d with itself, "+
			"with a talkgroup that all their relays and one of its own endpoints subscribe to; those for fewer parties, of the rows above, are still in force. Octets are those of frames, before QUIC.", proto.MaxParties),
		Columns: []Column{{"agencies", "agencies", 0}, {"documents", "documents", 0}, {"channels", "channels", 0}, {"link_frames", "frames to a new endpoint", 0}, {"link_octets", "octets to a new endpoint", 0}, {"partner_octets", "octets to a partner's relay", 0},
			{"parties", "parties of the talkgroup", 0}, {"copies", "copies of a text", 0}, {"frames_per_text", "frames per text", 0}, {"text_us", "text µs", 1}},
		Charts: []Chart{
			{Name: "link", Title: "What a new link is told", X: "agencies", Y: []string{"link_octets", "partner_octets"}, YHeading: "octets"},
			{Name: "text", Title: "Copies of one text", X: "agencies", Y: []string{"copies", "frames_per_text"}, YHeading: "frames"},
		},
		Measure: func(ctx context.Context) ([]Point, error) {
			rows, err := agencies(ctx, s)
			if err != nil {
				return nil, err
			}
			return points(rows)
		},
	}
}

// federation is agencies that trust each other, with their signed agreements.
type federation struct {
	dir     string
	all     []*rig.Agency
	now     time.Time
	parties int    // of the newest wide agreement
	wide    agreed // what that brought
}

func agencies(ctx context.Context, sizes Sizes) (rows []AgenciesRow, err error) {
	if err := sizes.check(2); err != nil { // one alone has an agreement with nobody
		return nil, err
	}
	dir, err := os.MkdirTemp("", "crossband-bench-growth-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	f := &federation{dir: dir, now: time.Now()}
	for _, size := range sizes.List {
		if err := f.grow(ctx, size); err != nil {
			return nil, err
		}
		row, err := f.measure(size)
		if err != nil {
			return nil, fmt.Errorf("%d agencies: %w", size, err)
		}
		rows = append(rows, row)
		sizes.Say("%d agencies: a new endpoint is told %d octets", size, row.LinkOctets)
	}
	return rows, nil
}

// grow founds agencies until there are so many. Each trusts those it signs with, and
// has an agreement with the first.
func (f *federation) grow(ctx context.Context, size int) error {
	for n := len(f.all); n < size; n++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		a, err := rig.Found(filepath.Join(f.dir, fmt.Sprintf("a%d", n+1)), agencyName(n+1), nowhere(), nowhere(), f.now)
		if err != nil {
			return err
		}
		for i, b := range f.all {
			if i > 0 && n >= proto.MaxParties {
				break // it shares no agreement with them
			}
			if err := errors.Join(a.Trust(b, ""), b.Trust(a, "")); err != nil {
				return err
			}
		}
		if f.all = append(f.all, a); n > 0 {
			if _, err := f.agree(fmt.Sprintf("Border %d", n), nil, f.all[0], a); err != nil {
				return err
			}
		}
	}
	return nil
}

func (f *federation) agree(title string, talk []string, parties ...*rig.Agency) (agreed, error) {
	t := agreement.Terms{Title: title, Talk: talk, Begins: f.now.Add(-time.Hour), Ends: f.now.Add(life)}
	for _, p := range parties {
		t.Parties = append(t.Parties, p.Name)
	}
	made, err := rig.AgreeAll(t, f.now, parties...)
	a := agreed{}
	for _, c := range made {
		if c.Kind == proto.KindStanding {
			a.talkgroup = c.Channel
		}
	}
	return a, err
}

// agreed is what an agreement brought.
type agreed struct{ talkgroup proto.ChannelID }

// measure makes the first agency's hub with everything that it has been given.
func (f *federation) measure(size int) (row AgenciesRow, err error) {
	parties := f.all[:min(size, proto.MaxParties)]
	if f.parties < len(parties) {
		f.parties = len(parties)
		if f.wide, err = f.agree(fmt.Sprintf("All %d", len(parties)), []string{"Everybody"}, parties...); err != nil {
			return row, err
		}
	}
	s, err := newStation(f.all[0], f.now)
	if err != nil {
		return row, err
	}
	row = AgenciesRow{Agencies: size, Parties: len(parties)}
	if row.DocumentsHeld, err = s.takeDocuments(); err != nil {
		return row, err
	}
	talkgroup, held, err := s.takeCharters(f.wide.talkgroup)
	if row.Channels = held; err != nil {
		return row, err
	}
	partner, err := s.handOver(proto.Name{Agency: f.all[1].Name, Role: proto.RoleRelay, Label: "relay-1"})
	if err != nil {
		return row, err
	}
	row.PartnerOctets = partner.octets
	if err := s.gather(f.all[1:size], len(parties)-1, talkgroup); err != nil {
		return row, err
	}
	own, err := s.handOver(s.newcomer())
	if err != nil {
		return row, err
	}
	row.LinkFrames, row.LinkOctets = own.frames, own.octets
	s.later(time.Second)
	effects := s.apply(s.text(talkgroup, usualText))
	if err := refusal(effects); err != nil {
		return row, fmt.Errorf("a text: %w", err)
	}
	row.Copies, row.FramesPerText = copies(effects), sends(effects)
	row.TextUS, err = s.textUS(talkgroup)
	return row, err
}

func sends(effects []hub.Effect) (n int) {
	for _, e := range effects {
		if _, ok := e.(hub.Send); ok {
			n++
		}
	}
	return n
}

// takeDocuments gives the hub what its administrator put beside the relay.
func (s *station) takeDocuments() (int, error) {
	list, err := s.agency.Dir.Documents()
	if err != nil {
		return 0, err
	}
	for _, d := range list {
		s.later(time.Second)
		f := &wire.Frame{Body: &wire.Frame_Document{Document: &wire.Document{Kind: wire.Document_Kind(d.Kind), Signed: d.Signed}}}
		if _, err := s.say(hub.SelfLink, f); err != nil {
			return 0, fmt.Errorf("a document: %w", err)
		}
	}
	return len(list), nil
}

// takeCharters gives the hub all charters, and makes the group of one channel. It
// returns how many there are.
func (s *station) takeCharters(of proto.ChannelID) (c *channel, held int, err error) {
	list, err := s.agency.Dir.Charters()
	if err != nil {
		return nil, 0, err
	}
	for _, signed := range list {
		rules, err := s.judge.Payload(signed)
		if err != nil {
			return nil, 0, err
		}
		s.later(time.Second)
		if rules.Channel == of {
			c, err = s.put(signed, rules)
		} else {
			_, err = s.say(hub.SelfLink, &wire.Frame{Body: &wire.Frame_PutCharter{PutCharter: &wire.PutCharter{Charter: signed}}})
		}
		if err != nil {
			return nil, 0, err
		}
	}
	if c == nil {
		return nil, 0, fmt.Errorf("no charter of channel %s", of.Short())
	}
	return c, len(list), nil
}

// gather has the relays of all partners come, and as many subscribe to a channel as
// are parties of it, and one endpoint.
func (s *station) gather(partners []*rig.Agency, parties int, c *channel) error {
	if err := s.subscribe(s.from, c); err != nil {
		return fmt.Errorf("the reader subscribes: %w", err)
	}
	for i, p := range partners {
		s.later(time.Minute)
		link, _ := s.link(proto.Name{Agency: p.Name, Role: proto.RoleRelay, Label: "relay-1"})
		for range quietTicks { // it hears of the channel first
			s.later(hub.TickEvery)
			s.apply(hub.Tick{})
		}
		if i >= parties {
			continue
		}
		if err := s.subscribe(link, c); err != nil {
			return fmt.Errorf("%s subscribes: %w", p.Name, err)
		}
	}
	return nil
}
