package relay

import (
	"sync"
	"sync/atomic"
	"time"

	"crossband/proto"
	"crossband/proto/link"
)

// figures are what the node measures of itself, beside the counters of voice.
// Nothing here is locked on the way of voice.
type figures struct {
	floorHere  *histogram // from a request's arrival to the grant of this relay
	floorAbove *histogram // from a request's arrival to the grant that another relay gave
	acks       *histogram // from a message's arrival to its acknowledgement, the store's write in between
	storeWrite *histogram // one write to the store
	loopBatch  *histogram // one turn of the loop: events applied, stored and performed
	apply      *histogram // one event in the hub
	events     atomic.Uint64
	records    atomic.Uint64 // written to the store
	ticked     atomic.Int64  // when the loop last had a tick, in nanoseconds since 1970; 0: not yet
	broken     atomic.Bool   // the store has failed
	refusals   refusals
	links      linkFigures
}

func newFigures() *figures {
	return &figures{
		floorHere: newHistogram(), floorAbove: newHistogram(), acks: newHistogram(),
		storeWrite: newHistogram(), loopBatch: newHistogram(), apply: newHistogram(),
		links: linkFigures{open: make(map[*link.Conn]struct{}), ended: make(map[LinkKind]LinkTotals)},
	}
}

// Refused says what a refusal was of, and whose it was.
type Refused uint8

// The kinds of refusal that are counted apart.
const (
	RefusedLinkByUs      Refused = iota // a party got no link, or lost it, by our word
	RefusedLinkByPeer                   // the other side gave us no link, or ended it
	RefusedRequestByUs                  // the hub said no to a frame, or took a floor back
	RefusedRequestByPeer                // another side said no to a frame of ours, or to one that we passed on
	RefusedFloor                        // a request for the floor was denied, here or by the hub above
	refusedKinds
)

// refusals counts refusals by kind and code. A code crosses the wire: one that
// is none of ours counts as proto.ReasonNone, so that nobody outside decides
// how many there are.
type refusals struct {
	counts [refusedKinds][refusalCodes]atomic.Uint64
}

const refusalCodes = 800 // codes end with class 7

func (r *refusals) count(kind Refused, code proto.Reason) {
	if code >= refusalCodes || !code.Known() {
		code = proto.ReasonNone
	}
	r.counts[kind][code].Add(1)
}

// RefusalCount is how often one code was the reason of one kind of refusal.
type RefusalCount struct {
	Kind  Refused
	Code  proto.Reason // proto.ReasonNone: none that this version knows
	Count uint64
}

func (r *refusals) snapshot() (list []RefusalCount) {
	for kind := range r.counts {
		for code := range r.counts[kind] {
			if n := r.counts[kind][code].Load(); n > 0 {
				list = append(list, RefusalCount{Refused(kind), proto.Reason(code), n})
			}
		}
	}
	return list
}

// linkFigures sums what links count, those that have ended included: a sum
// that shrank when a link ends would look like a restart.
type linkFigures struct {
	mu    sync.Mutex // guards what follows; held for sums in memory, never by voice
	open  map[*link.Conn]struct{}
	ended map[LinkKind]LinkTotals
}

// LinkKind is what links are counted by: the other side's role, and whether they are
// bulk links.
type LinkKind struct {
	Role proto.Role
	Bulk bool
}

func kindOf(c *link.Conn) LinkKind { return LinkKind{c.Peer().Role, c.Bulk()} }

// LinkTotals are the sums over the links of one kind, and the longest queues
// among those open.
type LinkTotals struct {
	Open  int
	Begun uint64

	FramesSent, FramesReceived uint64
	VoiceSent, VoiceReceived   uint64
	BytesSent, BytesReceived   uint64
	PacketsSent, PacketsLost   uint64
	Dropped                    link.VoiceDrops

	LanePackets, LaneSilent, LaneBroken uint64 // lanes' packets; ends for want of reports; by the breaker
	LaneUntrue                          uint64 // reports that cannot be true
	LanesOpen                           int

	ControlQueued, ControlOctets, VoiceQueued int // all open links together
	ControlLongest, VoiceLongest              int // the link with most
}

// add sums up a link's counters.
func (t *LinkTotals) add(s link.Stats) {
	t.FramesSent += s.FramesSent
	t.FramesReceived += s.FramesReceived
	t.VoiceSent += s.VoiceSent
	t.VoiceReceived += s.VoiceReceived
	t.BytesSent += s.BytesSent
	t.BytesReceived += s.BytesReceived
	t.PacketsSent += s.PacketsSent
	t.PacketsLost += s.PacketsLost
	t.LanePackets += s.Lane.Sent
	t.LaneSilent += s.Lane.Fallbacks
	t.LaneBroken += s.Lane.Broken
	t.LaneUntrue += s.Lane.Untrue
	t.Dropped.Full += s.Dropped.Full
	t.Dropped.Stale += s.Dropped.Stale
	t.Dropped.Size += s.Dropped.Size
	t.Dropped.Closed += s.Dropped.Closed
	t.Dropped.Unread += s.Dropped.Unread
}

// addQueues sums up an open link's queues.
func (t *LinkTotals) addQueues(s link.Stats) {
	t.Open++
	if s.Lane.Open {
		t.LanesOpen++
	}
	t.ControlQueued += s.ControlQueued
	t.ControlOctets += s.ControlOctets
	t.VoiceQueued += s.VoiceQueued
	t.ControlLongest = max(t.ControlLongest, s.ControlQueued)
	t.VoiceLongest = max(t.VoiceLongest, s.VoiceQueued)
}

func (f *linkFigures) begin(c *link.Conn) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.open[c] = struct{}{}
	t := f.ended[kindOf(c)]
	t.Begun++
	f.ended[kindOf(c)] = t
}

func (f *linkFigures) end(c *link.Conn) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.open, c)
	t := f.ended[kindOf(c)]
	t.add(c.Stats())
	f.ended[kindOf(c)] = t
}

// totals sums up by kind; the zero role is that of newcomers who enrol.
func (f *linkFigures) totals() map[LinkKind]LinkTotals {
	f.mu.Lock()
	defer f.mu.Unlock()
	sums := make(map[LinkKind]LinkTotals)
	for kind, t := range f.ended {
		sums[kind] = t
	}
	for c := range f.open {
		t, s := sums[kindOf(c)], c.Stats()
		t.add(s)
		t.addQueues(s)
		sums[kindOf(c)] = t
	}
	return sums
}

// Figures is a snapshot of what a node measures: counters since it began,
// depths as of now.
type Figures struct {
	Stats     Stats
	Listener  link.ListenerStats
	Links     map[LinkKind]LinkTotals
	Limits    link.Limits // of each link's queues
	Refusals  []RefusalCount
	Events    uint64 // applied to the hub
	Records   uint64 // written to the store
	Waiting   int    // events that wait for the loop
	MostWait  int    // bound of Waiting
	FloorHere Durations
	FloorUp   Durations
	Acks      Durations
	Store     Durations
	Loop      Durations
	Apply     Durations
}

// Figures takes a snapshot. It may be called at any time, while Run runs and
// before and after; it takes no lock that voice waits for.
func (n *Node) Figures() Figures {
	f := n.figures
	l := n.listener.Stats()
	return Figures{
		Stats: n.Stats(), Listener: l, Links: f.links.totals(), Limits: l.Limits, Refusals: f.refusals.snapshot(),
		Events: f.events.Load(), Records: f.records.Load(), Waiting: len(n.events), MostWait: cap(n.events),
		FloorHere: f.floorHere.snapshot(), FloorUp: f.floorAbove.snapshot(), Acks: f.acks.snapshot(),
		Store: f.storeWrite.snapshot(), Loop: f.loopBatch.snapshot(), Apply: f.apply.snapshot(),
	}
}

// since is how long ago t was, for a histogram.
func (h *histogram) since(t time.Time) { h.observe(time.Since(t)) }
