package adminhttp

import (
	"slices"
	"time"

	"crossband/cmd/internal/fips"
	"crossband/cmd/internal/version"
	"crossband/proto"
	"crossband/relay"
	"crossband/relay/hub"
)

// Status is what GET /status answers. Fields are added, never changed.
type Status struct {
	Name          string        `json:"name"`
	Version       string        `json:"version"`
	Go            string        `json:"go"`
	FIPS          FIPS          `json:"fips140"`
	Started       time.Time     `json:"started"`
	UptimeSeconds int64         `json:"uptime_seconds"`
	At            time.Time     `json:"at"` // of what follows, a second old at most; zero: the relay has not begun
	Healthy       bool          `json:"healthy"`
	Ready         bool          `json:"ready"`
	Warnings      []Warning     `json:"warnings"` // problems first
	Certificates  []Certificate `json:"certificates"`
	Peers         []Peer        `json:"peers"`
	Links         []Links       `json:"links"`
	Channels      []Channel     `json:"channels"`
	Agreements    []Agreement   `json:"agreements"`
	Queues        []Queue       `json:"queues"`
	Store         *Store        `json:"store,omitempty"` // absent when the store does not tell
	Notices       Notices       `json:"notices"`
}

// FIPS is how the relay stands with FIPS 140-3.
type FIPS struct {
	fips.State
	Asked bool `json:"asked"` // the configuration asks for it
}

// Warning is something that an administrator should look at.
type Warning struct {
	Problem bool   `json:"problem"` // something does not work; else it will not, later
	About   string `json:"about"`   // certificate, peer, clock, agreement, channel, queue, store, notice or relay
	Text    string `json:"text"`
}

// Certificate is one of the relay's own chain, its own first.
type Certificate struct {
	Of       string    `json:"of"` // relay or authority
	Ends     time.Time `json:"ends"`
	DaysLeft float64   `json:"days_left"`
}

// Peer is another agency's relay.
type Peer struct {
	Agency      string    `json:"agency"`
	Linked      bool      `json:"linked"`
	Dials       bool      `json:"dials"`           // this relay dials it; else it waits to be dialled
	Since       time.Time `json:"since,omitzero"`  // linked, or not linked any more; absent: never was
	Relay       string    `json:"relay,omitempty"` // name of the one that is linked
	Software    string    `json:"software,omitempty"`
	SkewSeconds float64   `json:"clock_ahead_seconds"` // its clock less ours when the link began
	Refusal     *Refusal  `json:"last_refusal,omitempty"`
}

// Refusal is why a link did not come to be, or ended.
type Refusal struct {
	At   time.Time `json:"at"`
	By   string    `json:"by"` // us or peer
	Code int       `json:"code"`
	Why  string    `json:"why"`
}

// Links counts what is linked now.
type Links struct {
	Agency string `json:"agency,omitempty"` // empty for newcomers who enrol
	Role   string `json:"role"`
	Count  int    `json:"count"`
}

// Channel is one channel that the relay knows.
type Channel struct {
	ID          string    `json:"id"` // its beginning, as in the log
	Title       string    `json:"title"`
	Kind        string    `json:"kind"` // calling, standing or incident
	Owner       string    `json:"owner"`
	Part        string    `json:"part"` // hub or follower
	Open        bool      `json:"open"` // it has a group
	Expires     time.Time `json:"expires"`
	Subscribers int       `json:"subscribers"` // links
	Members     int       `json:"members,omitempty"`
	Epoch       uint64    `json:"epoch"`
	Head        uint64    `json:"log_entries"`
	Hails       int       `json:"open_hails,omitempty"`
	Talking     bool      `json:"talking"`
	FloorQueue  int       `json:"floor_queue"`
	Hub         string    `json:"hub,omitempty"` // a follower's: live, asking, away or idle
	AwaySince   time.Time `json:"hub_away_since,omitzero"`
}

// Agreement is one agreement with other agencies that the relay holds.
type Agreement struct {
	ID        string    `json:"id"` // its beginning, as in the log
	Revision  uint32    `json:"revision"`
	Title     string    `json:"title"`
	Agencies  []string  `json:"agencies"` // who have signed
	Exercise  bool      `json:"exercise,omitempty"`
	Begins    time.Time `json:"begins"`
	Ends      time.Time `json:"ends"`                // or as of when a party withdraws
	Withdrawn string    `json:"withdrawn,omitempty"` // the party that withdraws
}

// Queue is one bounded queue; where there are many of a kind, the longest.
type Queue struct {
	Name    string  `json:"name"`
	Depth   int     `json:"depth"`
	Bound   int     `json:"bound"`
	Drops   *uint64 `json:"drops,omitempty"` // absent: not counted
	AtBound string  `json:"at_bound"`        // what happens there
}

// Store is how full the store is.
type Store struct {
	Used  int64 `json:"used_octets"`
	Bound int64 `json:"bound_octets"` // 0: none
}

// Look returns the state of a relay as it is now.
func Look(o Options, now time.Time) Status {
	n := o.Node
	v := version.Read()
	s := Status{
		Name: n.Name().String(), Version: v.Version, Go: v.Go, FIPS: FIPS{fips.Read(), o.FIPS},
		Started: o.Started.UTC(), UptimeSeconds: int64(now.Sub(o.Started).Seconds()),
		Healthy: unhealthy(n, now) == nil, Ready: unready(n, now) == nil,
		Certificates: certificates(n, now), Warnings: []Warning{}, Peers: []Peer{}, Links: []Links{}, Channels: []Channel{}, Agreements: []Agreement{},
	}
	if used, most, ok := n.StoreUse(); ok {
		s.Store = &Store{used, most}
	}
	state := n.State()
	if state == nil {
		state = &relay.State{}
	}
	s.At = state.At.UTC()
	for _, p := range state.Peers {
		s.Peers = append(s.Peers, peerOf(p))
	}
	for _, l := range state.Links {
		s.Links = append(s.Links, linksOf(l))
	}
	for _, ch := range state.Hub.Channels {
		s.Channels = append(s.Channels, channelOf(ch, state.Away[ch.ID]))
	}
	s.Notices = LookAtNotices(n)
	for _, a := range state.Hub.Agreements {
		s.Agreements = append(s.Agreements, agreementOf(a))
	}
	for _, q := range relay.Queues(n.Figures(), state) {
		s.Queues = append(s.Queues, queueOf(q))
	}
	s.Warnings = append(s.Warnings, warnings(n, s, now)...)
	slices.SortStableFunc(s.Warnings, func(a, b Warning) int {
		switch {
		case a.Problem == b.Problem:
			return 0
		case a.Problem:
			return -1
		}
		return 1
	})
	return s
}

func peerOf(p relay.PeerState) Peer {
	out := Peer{Agency: string(p.Agency), Linked: p.Linked, Dials: p.Dials, Since: p.Since.UTC(), Software: p.Software, SkewSeconds: p.Skew.Seconds()}
	if p.Linked {
		out.Relay = p.Name.String()
	}
	if r := p.Refusal; r != nil {
		out.Refusal = &Refusal{At: r.At.UTC(), By: "us", Code: int(r.Code), Why: r.Why}
		if r.ByPeer {
			out.Refusal.By = "peer"
		}
	}
	return out
}

func linksOf(l relay.LinkCount) Links {
	if l.Role == proto.RoleNone {
		return Links{Role: "newcomer", Count: l.Count}
	}
	return Links{string(l.Agency), l.Role.String(), l.Count}
}

func channelOf(ch hub.ChannelSummary, away time.Time) Channel {
	out := Channel{
		ID: ch.ID.Short(), Title: ch.Title, Kind: ch.Kind.String(), Owner: string(ch.Owner), Part: "follower", Open: ch.Created,
		Expires: ch.Expires.UTC(), Subscribers: ch.Subscribers, Members: ch.Members, Epoch: ch.Epoch, Head: ch.Head, Hails: ch.Hails,
		Talking: ch.FloorHeld, FloorQueue: ch.FloorQueue,
	}
	if ch.Hub {
		out.Part = "hub"
		return out
	}
	out.Hub = ch.Upstream.String()
	if !away.IsZero() {
		out.AwaySince = away.UTC()
	}
	return out
}

func queueOf(q relay.Queue) Queue { return Queue{q.Name, q.Depth, q.Bound, q.Drops, q.AtBound} }
func agreementOf(a hub.AgreementSummary) Agreement {
	out := Agreement{
		ID: a.ID.Short(), Revision: a.Revision, Title: a.Title, Exercise: a.Exercise, Begins: a.Begins.UTC(), Ends: a.Ends.UTC(), Withdrawn: string(a.Withdrawn),
	}
	for _, s := range a.Signers {
		out.Agencies = append(out.Agencies, string(s))
	}
	return out
}
