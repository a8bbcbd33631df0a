package hub

import (
	"bytes"
	"cmp"
	"slices"
	"time"

	"crossband/proto"
)

// Summary is what an administrator may see of a hub: numbers, standings and
// channels, no content, no key and no endpoint's name. It shares nothing with
// the hub.
type Summary struct {
	Channels []ChannelSummary // in the order of sortedChannels
	Pending  []PendingSummary // links on which requests of ours wait, in the order of the links
	Welcomes int              // that wait for their joiners
	Fullest  int              // of which the endpoint with most has so many; bound proto.MaxWelcomes
	Shelves  int              // endpoints that have left key packages
	Packages int              // key packages on them, without those of last resort
	Notices  []NoticeSummary  // by agency and beginning

	Agreements []AgreementSummary // by title
	Documents  int                // held; bound proto.MaxDocuments
	Unagreed   int                // charters that no agreement allows yet, judged again; 64 of an owner
}

// AgreementSummary is one agreement that is held.
type AgreementSummary struct {
	ID        proto.AgreementID
	Revision  uint32
	Title     string
	Signers   []proto.Agency // parties, then observers
	Exercise  bool
	Begins    time.Time
	Ends      time.Time    // or when it is withdrawn, if that is sooner
	Withdrawn proto.Agency // who withdraws from it; empty: nobody
}

// ChannelSummary is one channel.
type ChannelSummary struct {
	ID          proto.ChannelID
	Title       string // of the charter: our own authority's words, or a partner's
	Owner       proto.Agency
	Hub         bool // this relay is its hub
	Kind        proto.CharterKind
	Created     bool // it has a group
	Expires     time.Time
	Subscribers int      // links
	Members     int      // at the hub only
	Head        uint64   // newest log entry known here
	Epoch       uint64   // of the group, as known here
	FloorHeld   bool     // somebody talks
	FloorQueue  int      // who waits for the floor; bound proto.MaxFloorQueue
	Hails       int      // that are not over, at the hub only
	Upstream    Upstream // at a follower: how it stands with the hub
	Suite       uint16
	Parties     []PartySummary // in the order of the charter
}

// PartySummary is one agency's part in a channel.
type PartySummary struct {
	Agency  proto.Agency
	Gateway bool // the charter lets a gateway of it in
	Members int  // as far as they are known here
}

// PendingSummary is how many requests wait for one peer's answer.
type PendingSummary struct {
	Agency proto.Agency
	Count  int // bound proto.MaxPending
}

// Upstream is how a follower stands with a channel's hub.
type Upstream uint8

// The standings of a follower. UpstreamNone is that of a hub.
const (
	UpstreamNone   Upstream = iota
	UpstreamIdle            // nobody here is subscribed
	UpstreamAsking          // the hub has been asked
	UpstreamLive
	UpstreamAway // the hub's link is lost, or the hub does not take us: local working
)

func (u Upstream) String() string {
	switch u {
	case UpstreamIdle:
		return "idle"
	case UpstreamAsking:
		return "asking"
	case UpstreamLive:
		return "live"
	case UpstreamAway:
		return "away"
	}
	return "none"
}

// Summary looks at the hub and changes nothing. Whoever owns the hub calls it,
// between events.
func (h *Hub) Summary() Summary {
	s := Summary{Shelves: len(h.packages), Documents: len(h.documents.held), Unagreed: len(h.unagreed.list), Notices: h.noticeSummaries()}
	for _, ch := range h.sortedChannels() {
		s.Channels = append(s.Channels, h.summaryOf(ch))
	}
	for _, l := range sortedLinks(h.links) {
		if len(l.pending) > 0 {
			s.Pending = append(s.Pending, PendingSummary{l.peer.Agency, len(l.pending)})
		}
	}
	for _, list := range h.welcomes {
		s.Welcomes += len(list)
		s.Fullest = max(s.Fullest, len(list))
	}
	for _, shelf := range h.packages {
		s.Packages += len(shelf.packages)
	}
	s.Agreements = h.agreementSummaries()
	return s
}

func (h *Hub) agreementSummaries() (list []AgreementSummary) {
	for _, p := range h.pacts {
		a := p.Current(h.now)
		s := AgreementSummary{ID: a.ID, Revision: a.Revision, Title: a.Title, Signers: a.Signers(), Exercise: a.Exercise, Begins: a.Begins, Ends: a.Ends}
		if w := p.Withdrawn(); w != nil && w.At.Before(s.Ends) {
			s.Ends, s.Withdrawn = w.At, w.By
		}
		list = append(list, s)
	}
	slices.SortFunc(list, func(a, b AgreementSummary) int {
		return cmp.Or(cmp.Compare(a.Title, b.Title), bytes.Compare(a.ID[:], b.ID[:]))
	})
	return list
}

func (h *Hub) summaryOf(ch *channel) ChannelSummary {
	s := ChannelSummary{
		ID: ch.id, Title: ch.charter.Title, Owner: ch.charter.Owner, Hub: ch.charter.Owner == h.self.Agency,
		Kind: ch.charter.Kind, Created: ch.created, Expires: ch.end.At,
		Subscribers: len(ch.subs), FloorHeld: ch.floor.holder != nil, FloorQueue: len(ch.floor.queue),
		Suite: ch.charter.Suite, Parties: h.partiesOf(ch),
	}
	if !s.Hub {
		s.Head, s.Epoch, s.Upstream = ch.up.head, ch.up.epoch, ch.up.state.summary()
		return s
	}
	s.Head, s.Hails = ch.hosted.head, ch.hosted.book.Open()
	if m := ch.hosted.members; m != nil {
		s.Members, s.Epoch = m.size(), m.epoch()
	}
	return s
}

func (h *Hub) partiesOf(ch *channel) (list []PartySummary) {
	known := ch.followed.members
	if ch.charter.Owner == h.self.Agency {
		known = ch.hosted.members
	}
	var count map[proto.Agency]int
	if known != nil {
		count = known.count
	}
	for _, p := range ch.charter.Parties {
		gateway := slices.Contains(p.Send, proto.RoleGateway) || slices.Contains(p.Listen, proto.RoleGateway)
		list = append(list, PartySummary{p.Agency, gateway, count[p.Agency]})
	}
	return list
}

func (u upState) summary() Upstream {
	switch u {
	case upAsking:
		return UpstreamAsking
	case upLive:
		return UpstreamLive
	case upAway:
		return UpstreamAway
	}
	return UpstreamIdle
}
