package relay

import (
	"cmp"
	"context"
	"slices"
	"time"

	"crossband/crypto/identity"
	"crossband/proto"
	"crossband/relay/hub"
)

// State is what the loop shows of itself, once a second. It is never changed
// once published, and holds no content, no key and no endpoint's name.
type State struct {
	At    time.Time
	Hub   hub.Summary
	Links []LinkCount
	Peers []PeerState
	Away  map[proto.ChannelID]time.Time // followed channels whose hub is away, since when to the second
}

// LinkCount is how many live links parties of one agency and role have. The zero
// role is that of newcomers who enrol.
type LinkCount struct {
	Agency proto.Agency
	Role   proto.Role
	Count  int
}

// PeerState is how it stands with another agency's relay.
type PeerState struct {
	Agency   proto.Agency
	Dials    bool // we know its address, and dial
	Linked   bool
	Since    time.Time     // of the link, or when there last was one; zero: never
	Name     proto.Name    // of the linked relay
	Software string        // its free text, printable
	Skew     time.Duration // its clock less ours when the link began
	Refusal  *PeerRefusal  // the last one, of either side; nil: none
}

// PeerRefusal is why a link with a peer did not come to be, or ended.
type PeerRefusal struct {
	At     time.Time
	ByPeer bool
	Code   proto.Reason
	Why    string // a sentence with its object; what a peer said has been made printable
}

// stateEvery is how often the loop publishes its state.
const stateEvery = time.Second

// showcase is the loop's part in publishing.
type showcase struct {
	next  time.Time
	since map[proto.Agency]time.Time // links of peers: begun, or ended
	up    map[proto.Agency]bool
	away  map[proto.ChannelID]time.Time
}

func newShowcase() *showcase {
	return &showcase{since: make(map[proto.Agency]time.Time), up: make(map[proto.Agency]bool), away: make(map[proto.ChannelID]time.Time)}
}

// show publishes the state if it is time.
func (l *loop) show(now time.Time) {
	if now.Before(l.showcase.next) {
		return
	}
	l.showcase.next = now.Add(stateEvery)
	s := &State{At: now, Hub: l.hub.Summary(), Links: l.countLinks(), Peers: l.peerStates(now)}
	s.Away = l.showcase.awaySince(s.Hub.Channels, now)
	l.n.state.Store(s)
}

func (l *loop) countLinks() (list []LinkCount) {
	type group struct {
		agency proto.Agency
		role   proto.Role
	}
	counts := make(map[group]int)
	for _, p := range l.ports {
		if p.conn.Bulk() {
			continue
		}
		counts[group{p.conn.Peer().Agency, p.conn.Peer().Role}]++
	}
	for g, n := range counts {
		list = append(list, LinkCount{g.agency, g.role, n})
	}
	slices.SortFunc(list, func(a, b LinkCount) int {
		return cmp.Or(cmp.Compare(a.Agency, b.Agency), cmp.Compare(a.Role, b.Role))
	})
	return list
}

func (l *loop) peerStates(now time.Time) (list []PeerState) {
	linked := make(map[proto.Agency]*port)
	for _, p := range l.ports {
		if a := p.conn.Peer().Agency; !p.conn.Bulk() && p.conn.Peer().Role == proto.RoleRelay && (linked[a] == nil || linked[a].id < p.id) {
			linked[a] = p
		}
	}
	for agency, p := range l.n.peers {
		s := PeerState{Agency: agency, Dials: p.Addr != nil, Refusal: p.refusal.Load()}
		if port := linked[agency]; port != nil {
			s.Linked, s.Name, s.Software, s.Skew = true, port.conn.Peer(), port.conn.Software(), port.conn.ClockSkew()
		}
		s.Since = l.showcase.linkSince(agency, s.Linked, now)
		list = append(list, s)
	}
	slices.SortFunc(list, func(a, b PeerState) int { return cmp.Compare(a.Agency, b.Agency) })
	return list
}

func (c *showcase) linkSince(a proto.Agency, up bool, now time.Time) time.Time {
	if up != c.up[a] {
		c.up[a], c.since[a] = up, now
	}
	return c.since[a]
}

// awaySince follows since when each hub is away. The map it returns is new.
func (c *showcase) awaySince(channels []hub.ChannelSummary, now time.Time) map[proto.ChannelID]time.Time {
	away := make(map[proto.ChannelID]time.Time)
	for _, ch := range channels {
		if ch.Upstream != hub.UpstreamAway {
			continue
		}
		away[ch.ID] = now
		if t, ok := c.away[ch.ID]; ok {
			away[ch.ID] = t
		}
	}
	c.away = away
	return away
}

// State returns what the loop published last; nil before it has begun.
func (n *Node) State() *State { return n.state.Load() }

// Ticked returns when the loop last turned; the zero time before it has begun.
func (n *Node) Ticked() time.Time {
	if t := n.figures.ticked.Load(); t != 0 {
		return time.Unix(0, t)
	}
	return time.Time{}
}

// StoreBroken reports whether the store has failed. Then the node ends.
func (n *Node) StoreBroken() bool { return n.figures.broken.Load() }

// Identity returns the identity in force: a renewal replaces it.
func (n *Node) Identity() *identity.Identity { return n.identity.Load() }

// StoreUse returns how much of its room the store uses, in octets; false if it
// cannot say. It may be called while Run runs.
func (n *Node) StoreUse() (used, most int64, ok bool) {
	u, err := n.cfg.Store.Usage(context.Background())
	return u.Used, u.Limit, err == nil
}
