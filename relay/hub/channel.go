package hub

import (
	"bytes"
	"cmp"
	"maps"
	"slices"
	"time"

	"crossband/crypto/mls/policy"
	"crossband/proto"
	"crossband/proto/incident"
	"crossband/proto/wire"
)

// channel is one channel, as hub or as follower.
type channel struct {
	id       proto.ChannelID
	charter  proto.Charter
	signed   []byte    // the charter as its signer made it
	created  bool      // a group exists
	begins   time.Time // when the channel may begin
	end      proto.End // when the channel ends, as far as is known
	waits    bool      // it has not begun, and nobody has been told of it
	ended    bool      // its end has come, and nothing of it runs any more
	watch    time.Time // when the next observer's time is over; zero: never
	subs     map[LinkID]*link
	expects  map[proto.Name]time.Time // endpoints of ours that have lost their link, and until when voice is kept for them
	floor    floor
	spoken   spokenList // bursts of which the talker may still tell, at the hub
	marks    marks
	hosted   hosted   // when this agency owns the channel
	up       upstream // when another does
	followed followed // then too: its members, as far as they are known here
	told     toldTree // to those who join
	origin   origin   // then too: what our endpoints have sent
	presence presence // of a calling channel's desks and hooks
	stalled  bool     // ladders wait, for the log has no place for their pages
}

// hosted is what only the channel's hub knows.
type hosted struct {
	members  *membership
	epochSeq uint64 // log entry that made the current epoch
	head     uint64 // newest log entry
	first    uint64 // oldest one that is still kept; 0: none has expired
	seen     map[proto.MessageID]stored
	book     *incident.Book           // of hails and incidents
	barred   map[proto.Name]time.Time // removed by another member, and when; see barred.go
}

// stored remembers an accepted message, to answer its repetition.
type stored struct {
	seq uint64
	sum [32]byte
}

func newChannel(c proto.Charter, signed []byte) *channel {
	return &channel{
		id: c.Channel, charter: c, signed: signed,
		subs: make(map[LinkID]*link), marks: newMarks(), origin: newOrigin(),
		up:     upstream{asked: make(map[proto.Name]request)},
		hosted: hosted{seen: make(map[proto.MessageID]stored), book: incident.NewBook(c)},
	}
}

func (h *Hub) sortedChannels() []*channel {
	return slices.SortedFunc(maps.Values(h.channels), func(a, b *channel) int {
		// Incidents and patrols last: whoever is offered one can judge it by its calling channel.
		return cmp.Or(cmp.Compare(a.charter.Kind, b.charter.Kind), bytes.Compare(a.id[:], b.id[:]))
	})
}

func (ch *channel) sortedSubs() []*link {
	return slices.SortedFunc(maps.Values(ch.subs), func(a, b *link) int { return cmp.Compare(a.id, b.id) })
}

// readCharter checks a signed charter: signature, signer's standing, time, and the
// agreement between agencies that it must rest on.
func (h *Hub) readCharter(signed []byte) (proto.Charter, proto.Name, error) {
	c, signer, err := h.judgeCharter(signed)
	if err != nil {
		return proto.Charter{}, proto.Name{}, err
	}
	return c, signer, h.pacts.Covers(&c, h.now)
}

// judgeCharter is readCharter without the agreement that the charter must rest on. A
// charter that is not in force is returned beside the error.
func (h *Hub) judgeCharter(signed []byte) (proto.Charter, proto.Name, error) {
	payload, signer, err := h.judge.Charter(signed, h.now)
	if err != nil {
		return proto.Charter{}, proto.Name{}, err
	}
	c, err := proto.ParseCharter(payload)
	if err != nil {
		return proto.Charter{}, proto.Name{}, err
	}
	if c.Revision != 0 { // its identifier is its own claim, not its digest
		return proto.Charter{}, proto.Name{}, proto.Refusef(proto.ReasonCharter, "revision %d of %s creates no channel", c.Revision, c.Channel.Short())
	}
	var parent *proto.Charter
	if p := h.channels[c.Parent]; c.Kind.Opened() && p != nil {
		parent = &p.charter
	}
	if err := c.SignerMay(signer, parent); err != nil {
		return proto.Charter{}, proto.Name{}, err
	}
	return c, signer, c.Check(h.now)
}

// putCharter takes in a charter from our own authority: an endpoint of ours may
// create the channel, at once or as soon as its agreement begins.
func (h *Hub) putCharter(l *link, f *wire.Frame, b *wire.PutCharter) error {
	if err := h.register(l.peer, b.Charter); err != nil {
		return err
	}
	return h.done(l, f)
}

func (h *Hub) register(peer proto.Name, signed []byte) error {
	c, signer, err := h.judgeCharter(signed)
	if err != nil {
		return err
	}
	if c.Owner != h.self.Agency || signer.Role != proto.RoleAuthority {
		return proto.Refusef(proto.ReasonCharter, "%s signed by %s", c.Title, signer)
	}
	if err := h.pacts.Covers(&c, h.opening(&c)); err != nil {
		h.remember(c, signed, peer, err)
		return err
	}
	if h.channels[c.Channel] != nil {
		return nil
	}
	if err := h.addChannel(newChannel(c, signed)); err != nil {
		return err
	}
	h.openChannel(h.channels[c.Channel])
	h.emit(Audit{Peer: peer, Actor: signer, Kind: proto.KindPutCharter, Channel: c.Channel, What: "charter registered"})
	return nil
}

func (h *Hub) addChannel(ch *channel) error {
	if err := h.notLost(ch); err != nil {
		return err
	}
	if err := h.storeRoom(false); err != nil {
		return err
	}
	if len(h.channels) >= proto.MaxChannels {
		return proto.Refusef(proto.ReasonFull, "%d channels", len(h.channels))
	}
	if ch.charter.Owner != h.self.Agency {
		if n := h.ownedBy(ch.charter.Owner); n >= proto.MaxPeerChannels {
			return proto.Refusef(proto.ReasonQuota, "%d channels of %s", n, ch.charter.Owner)
		}
	}
	if err := h.patrolRoom(ch.charter); err != nil {
		return err
	}
	h.enter(ch)
	h.saveChannel(ch)
	return nil
}

// patrolRoom keeps one unit, and all of them, from filling the table with patrols,
// which anybody who may speak on a calling channel opens: incidents must find room.
// One that has ended counts until it is forgotten (docs/PROTOCOL.md, 4.4).
func (h *Hub) patrolRoom(c proto.Charter) error {
	if c.Kind != proto.KindPatrol {
		return nil
	}
	opener, _ := c.Pair() // who signs a patrol is the owner's unit of the pair
	all, own := 0, 0
	for _, ch := range h.channels {
		if ch.charter.Kind != proto.KindPatrol {
			continue
		}
		all++
		if by, _ := ch.charter.Pair(); by == opener {
			own++
		}
	}
	switch {
	case own >= proto.MaxUnitPatrols:
		return proto.Refusef(proto.ReasonQuota, "%d patrols of %s", own, opener)
	case all >= proto.MaxPatrols:
		return proto.Refusef(proto.ReasonFull, "%d patrols", all)
	}
	return nil
}

// enter puts a channel into the table and finds out when it ends.
func (h *Hub) enter(ch *channel) {
	h.findSpan(ch)
	ch.waits = h.now.Before(ch.begins)
	ch.watch = ch.charter.NextObserverEnd(h.now)
	h.channels[ch.id] = ch
}

func (h *Hub) ownedBy(a proto.Agency) (n int) {
	for _, ch := range h.channels {
		if ch.charter.Owner == a {
			n++
		}
	}
	return n
}

// forgetEnded drops a channel some time after its charter has ended, so that
// incidents of long ago do not fill the table.
func (h *Hub) forgetEnded(ch *channel) {
	end := ch.end.At
	if ch.end.Reason == proto.ReasonNoAgreement { // it may be on its way, or its record be damaged
		end = ch.charter.Expires
	}
	if h.now.Before(end.Add(proto.EndedChannelLife)) {
		return
	}
	h.dropSubs(ch, func(*link) bool { return true })
	h.endWaiting(ch)
	delete(h.channels, ch.id)
	h.forgetBars(ch)
	h.forgetDuties(ch)
	h.dropWelcomesOf(ch)
	h.erase(bucketChannels, ch.id[:])
	h.keepEnded(ch)
	h.emit(Audit{Actor: h.self, Channel: ch.id, What: "ended channel forgotten"})
}

// create makes a chartered channel's group known, or a new incident's.
func (h *Hub) create(l *link, actor proto.Name, f *wire.Frame, b *wire.CreateChannel) error {
	c, signer, err := h.readCharter(b.Charter)
	if err != nil {
		return err
	}
	ch := h.channels[c.Channel]
	switch {
	case c.Owner != h.self.Agency:
		return proto.Refusef(proto.ReasonCharter, "%s is owned by %s", c.Title, c.Owner)
	case c.RightOf(actor) != proto.RightSend:
		return proto.Refusef(proto.ReasonCharter, "%s may not create %s", actor, c.Title)
	case ch != nil && ch.created:
		return proto.Refuse(proto.ReasonExists, ch.id.Short())
	case ch != nil && !bytes.Equal(ch.signed, b.Charter):
		return proto.Refusef(proto.ReasonCharter, "%s is registered with another signature", c.Title)
	case ch == nil && !c.Kind.Opened():
		return proto.Refuse(proto.ReasonNoChannel, "the charter is not registered")
	case c.Kind.Opened() && (signer != actor || h.channels[c.Parent] == nil):
		return proto.Refusef(proto.ReasonCharter, "%s may not open this %s", actor, c.Kind)
	}
	if c.Kind == proto.KindIncident {
		if err := h.isOf(c.Incident, c.Parent); err != nil {
			return err
		}
	}
	m, err := newMembership(b.GroupInfo, b.RatchetTree, c, b.Charter, h.judge, h.now)
	if err != nil {
		return err
	}
	if leaf, ok := m.leafOf(actor); !ok || m.size() != 1 {
		return proto.Refusef(proto.ReasonBadCommit, "a new group holds its creator only; leaf %d", leaf)
	}
	if err := h.storeRoom(false); err != nil {
		return err
	}
	if ch == nil {
		ch = newChannel(c, b.Charter)
		if err := h.addChannel(ch); err != nil {
			return err
		}
	}
	ch.created, ch.hosted.members = true, m
	h.saveChannel(ch)
	h.emit(Audit{Peer: l.peer, Actor: actor, Kind: proto.KindCreateChannel, Channel: ch.id, What: "channel created", Added: []proto.Name{actor}})
	h.recordMembers(ch, policy.Difference{By: actor, Added: []proto.Name{actor}})
	if err := h.done(l, f); err != nil {
		return err
	}
	h.offerEndpoints(ch)
	for _, p := range sortedLinks(h.peers) {
		if c.HasPartyAt(p.peer.Agency, h.now) {
			h.offer(p, ch)
		}
	}
	return nil
}

func (h *Hub) offer(l *link, ch *channel) {
	h.hand(l, &wire.Frame{Body: &wire.Frame_ChannelOffer{ChannelOffer: &wire.ChannelOffer{Charter: ch.signed, Created: ch.created}}})
}

func (h *Hub) offerEndpoints(ch *channel) {
	for _, l := range sortedLinks(h.names) {
		if ch.charter.RightAt(l.peer, h.now) != proto.RightNone {
			h.offer(l, ch)
		}
	}
}
