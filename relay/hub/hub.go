package hub

import (
	"time"

	"crossband/crypto/mls/policy"
	"crossband/proto"
	"crossband/proto/wire"
)

// LinkID is the caller's number for one link. It is never used again.
// SelfLink stands for the node itself, which renews its certificate through
// the same door as everybody else.
type LinkID uint64

// SelfLink is the node's own place among the links.
const SelfLink LinkID = 0

// Judge answers what needs certificates. Its answers depend on its arguments
// and on the trust installed, not on time passing.
type Judge interface {
	// Charter checks a signed charter's signature and its signer's chain.
	Charter(signed []byte, now time.Time) (payload []byte, signer proto.Name, err error)
	// Payload reads a signed charter and judges nothing: for what was judged
	// before it was stored.
	Payload(signed []byte) (proto.Charter, error)
	// Document checks a signed document: every signature that its kind asks for.
	Document(kind proto.DocumentKind, signed []byte, now time.Time) (proto.Document, error)
	// ReadDocument reads a document and judges nothing: for what was judged before
	// it was stored.
	ReadDocument(kind proto.DocumentKind, signed []byte) (proto.Document, error)
	policy.Judge
}

// Event is what happened: Loaded, Damaged, Settings, LinkUp, LinkDown, FrameIn, Heard,
// Trusted, Revoked, Expired or Tick.
type Event interface{ event() }

// Loaded is a record that a Hub of the same relay wrote before a restart. Records
// come before every other event, in the order of Load, each bucket by its keys.
type Loaded Write

// Damaged names a record of a Hub of the same relay that the store cannot serve. It
// comes after all that are Loaded.
type Damaged struct {
	Bucket string
	Key    []byte
}

// Expired is the answer to a Sweep: what it found, oldest first.
type Expired struct {
	Channel  proto.ChannelID
	Entries  []*wire.StoredEntry
	Messages []*wire.StoredMessage
}

// LinkUp says that a greeted link is there. The zero Peer is a newcomer on an
// enrolment link.
type LinkUp struct {
	Link    LinkID
	Peer    proto.Name
	Dialled bool // by us
	Bulk    bool // it is the bulk link beside the peer's live one
}

// LinkDown says that a link has ended.
type LinkDown struct{ Link LinkID }

// FrameIn is a frame that the permission table let through.
type FrameIn struct {
	Link  LinkID
	Frame *wire.Frame
}

// Heard says that voice of the channel's floor holder has been forwarded since
// the last such event.
type Heard struct{ Channel proto.ChannelID }

// Trusted says that the node has verified and installed a new trust list.
type Trusted struct{ Signed []byte }

// Tick says that time has passed. The hub wants one every TickEvery.
type Tick struct{}

// TickEvery is how often the caller sends Tick: timers are this coarse.
const TickEvery = 100 * time.Millisecond

func (Loaded) event()   {}
func (Damaged) event()  {}
func (Settings) event() {}
func (Expired) event()  {}
func (LinkUp) event()   {}
func (LinkDown) event() {}
func (FrameIn) event()  {}
func (Heard) event()    {}
func (Trusted) event()  {}
func (Tick) event()     {}

// Effect is what the caller must do: Send, Close, Write, Drop, ReadLog,
// ReadSealed, ReadVoice, Sweep, SetRoute, BarEarly, InstallTrust, InstallRevocations, Told or Audit.
type Effect interface{ effect() }

// Send queues a frame on a link.
type Send struct {
	Link  LinkID
	Frame *wire.Frame
}

// Close ends a link and tells the other side why.
type Close struct {
	Link LinkID
	Why  *proto.Refusal
}

// Write stores one record. Every effect after it waits until it is durable.
type Write struct {
	Bucket string
	Key    []byte
	Value  []byte // nil deletes
}

// Drop deletes a whole bucket: after the writes of the same turn, before the next Tick.
type Drop struct{ Bucket string }

// Sweep asks for the records of a channel that are older than Before: of its log,
// of its origin, where they are named. The caller answers with Expired, for no
// more than MaxSweep records at a time.
type Sweep struct {
	Channel     proto.ChannelID
	Log, Origin string // buckets; empty: none
	Before      time.Time
}

// MaxSweep bounds the records in one Expired: what is left over is found by the
// next Sweep.
const MaxSweep = 1000

// ReadSealed answers a FetchSealed from the store: the caller fills Answer's parts
// with the sealed parts of the messages under Keys that are there, at most
// MaxEntriesBytes, and sends it.
type ReadSealed struct {
	Link   LinkID
	Bucket string
	Keys   [][]byte
	Answer *wire.Frame
}

// ReadLog answers a FetchLog from the store: the caller fills Answer's entries
// with those after After, at most MaxEntries and Most octets, and sends it.
type ReadLog struct {
	Link    LinkID
	Bucket  string
	After   uint64
	Most    int // octets of the entries, one entry at least
	Channel proto.ChannelID
	Answer  *wire.Frame
}

// SetRoute replaces the route of voice that comes in on Link under Alias. A
// nil Route removes it.
type SetRoute struct {
	Link  LinkID
	Alias proto.Alias
	Route *Route
}

// BarEarly says that voice which came in on Link under Alias without a route, or comes so
// within For, is not to pass when a route is there: its talker's press is over, and the
// next one may be granted at once. When Bound that is the sender of Leaf alone.
type BarEarly struct {
	Link  LinkID
	Alias proto.Alias
	Leaf  uint32
	Bound bool
	For   time.Duration
}

// Route says where voice goes. It is never changed once published.
type Route struct {
	Channel proto.ChannelID
	Leaf    uint32 // the only sender whose frames pass, when Bound
	Bound   bool
	Floor   bool // frames here keep the floor from falling silent
	Keep    bool // frames here are kept for endpoints that come back
	Out     []Out
}

// Out is one receiver of a route.
type Out struct {
	Link  LinkID
	Alias proto.Alias
}

// InstallTrust asks the caller to verify a trust list and install it; then it
// applies Trusted. Who brought it, by request ID of Link, is answered Done, or
// told why it was refused.
type InstallTrust struct {
	Link   LinkID
	ID     uint64
	Signed []byte
}

// Audit is a line for both administrators: who was refused what, and why.
type Audit struct {
	Peer    proto.Name
	Actor   proto.Name
	Kind    proto.Kind
	Channel proto.ChannelID
	Refusal *proto.Refusal // nil for what succeeded
	What    string         // what succeeded
	Added   []proto.Name   // members that a commit took in
	Removed []proto.Name   // and those it took out
	Alarm   bool           // no mistake of a user explains it: an administrator should look
}

func (Send) effect()         {}
func (Close) effect()        {}
func (Write) effect()        {}
func (Drop) effect()         {}
func (Sweep) effect()        {}
func (ReadLog) effect()      {}
func (ReadSealed) effect()   {}
func (SetRoute) effect()     {}
func (BarEarly) effect()     {}
func (InstallTrust) effect() {}
func (Audit) effect()        {}

// Hub is the state. Its zero value is not usable; see New.
type Hub struct {
	self          proto.Name
	judge         Judge
	now           time.Time // of the event being applied
	out           []Effect  // of the event being applied
	links         map[LinkID]*link
	names         map[proto.Name]*link   // endpoints and authorities
	peers         map[proto.Agency]*link // relays of other agencies
	away          map[proto.Agency]*away // relays of other agencies that had a link
	channels      map[proto.ChannelID]*channel
	packages      map[proto.Name]*shelf
	welcomes      map[proto.Name][]*wire.Welcome
	returned      map[proto.Name][]*wire.Returned
	ended         map[proto.ChannelID]endedChannel
	lost          map[proto.ChannelID]loss // channels whose own record is damaged
	dropped       []proto.ChannelID        // ended ones whose logs went at the last tick
	settings      Settings
	last          time.Time    // of the tick before
	trust         []byte       // newest signed trust list, for endpoints
	lists         []SignedList // newest revocation lists, for endpoints and partners
	pacts         proto.Pacts  // agreements, as the documents say
	unagreed      unagreedList
	lastID        uint64 // of requests that this relay sends
	beats         beats
	documents     documents
	lostDocuments lostDocuments
	doubts        doubts // whose signatures are to be looked at again
	quotas        quotas // what everybody has used of late
}

// New returns the hub of the relay named self, with nothing in it.
func New(self proto.Name, judge Judge) *Hub {
	h := &Hub{
		self:          self,
		judge:         judge,
		links:         make(map[LinkID]*link),
		names:         make(map[proto.Name]*link),
		peers:         make(map[proto.Agency]*link),
		away:          make(map[proto.Agency]*away),
		channels:      make(map[proto.ChannelID]*channel),
		packages:      make(map[proto.Name]*shelf),
		welcomes:      make(map[proto.Name][]*wire.Welcome),
		returned:      make(map[proto.Name][]*wire.Returned),
		ended:         make(map[proto.ChannelID]endedChannel),
		lost:          make(map[proto.ChannelID]loss),
		beats:         beats{allowed: make(map[LinkID]map[beatKey]proto.Bucket)},
		quotas:        newQuotas(),
		pacts:         make(proto.Pacts),
		doubts:        make(doubts),
		lostDocuments: newLostDocuments(),
		documents:     newDocuments(),
		unagreed:      unagreedList{list: make(map[proto.ChannelID]unagreed)},
	}
	h.links[SelfLink] = newLink(SelfLink, self)
	return h
}

// Apply advances the hub. It is the only way the hub changes. Effects must be
// performed in order.
func (h *Hub) Apply(now time.Time, e Event) []Effect {
	h.now, h.out = now, nil
	switch e := e.(type) {
	case Loaded:
		h.load(e)
	case Damaged:
		h.damaged(e)
	case Settings:
		h.settings = e
	case Expired:
		h.expired(e)
	case LinkUp:
		h.linkUp(e)
	case LinkDown:
		h.linkDown(e.Link)
	case FrameIn:
		if l := h.links[e.Link]; l != nil {
			h.frame(l, e.Frame)
		}
	case Heard:
		if ch := h.channels[e.Channel]; ch != nil {
			ch.floor.heard(now)
		}
	case Trusted:
		h.trusted(e.Signed)
	case Revoked:
		h.revoked(e)
	case Tick:
		h.tick()
	}
	return h.out
}

func (h *Hub) emit(e Effect) { h.out = append(h.out, e) }

func (h *Hub) tick() {
	for _, l := range sortedLinks(h.links) {
		h.expirePending(l)
		h.tickPortions(l)
	}
	for _, ch := range h.sortedChannels() {
		h.tickEnd(ch)
		h.tickFloor(ch)
		h.tickPresence(ch)
		h.tickHails(ch)
		h.tickUpstream(ch)
		h.tickExpected(ch)
		h.tickMarks(ch)
		h.tickRetention(ch)
		h.forgetEnded(ch)
	}
	h.tickAway()
	h.tickUnagreed()
	h.tickEnded()
	h.tickNotices()
	h.last = h.now
}

func (h *Hub) trusted(signed []byte) {
	h.trust = signed
	h.doubt()
	for _, l := range sortedLinks(h.names) {
		if l.peer.Role.IsEndpoint() {
			h.send(l, &wire.Frame{Body: &wire.Frame_TrustList{TrustList: &wire.TrustList{Signed: signed}}})
		}
	}
}
