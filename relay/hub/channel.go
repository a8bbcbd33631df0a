package hub

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"maps"
	"slices"
	"time"

	pb "google.golang.org/protobuf/proto"

	"crossband/proto"
	"crossband/proto/wire"
)

// channel is one channel, as hub or as follower.
type channel struct {
	id      proto.ChannelID
	charter proto.Charter
	signed  []byte // the charter as its signer made it
	created bool   // a group exists
	subs    map[LinkID]*link
	floor   floor
	hosted  hosted   // when this agency owns the channel
	up      upstream // when another does
}

// hosted is what only the channel's hub knows.
type hosted struct {
	members   *membership
	groupInfo []byte // of the current epoch, as the last committer left it
	epochSeq  uint64 // log entry that made the current epoch
	head      uint64 // newest log entry
	seen      map[proto.MessageID]stored
	hails     map[proto.MessageID]*hail
	barred    map[proto.Name]time.Time // removed by another member, and when; see barred.go
}

// stored remembers an accepted message, to answer its repetition.
type stored struct {
	seq uint64
	sum [32]byte
}

func newChannel(c proto.Charter, signed []byte) *channel {
	return &channel{
		id: c.Channel, charter: c, signed: signed,
		subs:   make(map[LinkID]*link),
		hosted: hosted{seen: make(map[proto.MessageID]stored), hails: make(map[proto.MessageID]*hail)},
	}
}

func (h *Hub) sortedChannels() []*channel {
	return slices.SortedFunc(maps.Values(h.channels), func(a, b *channel) int {
		// Incidents last: whoever is offered one can judge it by its calling channel.
		return cmp.Or(cmp.Compare(a.charter.Kind, b.charter.Kind), bytes.Compare(a.id[:], b.id[:]))
	})
}

func (ch *channel) sortedSubs() []*link {
	return slices.SortedFunc(maps.Values(ch.subs), func(a, b *link) int { return cmp.Compare(a.id, b.id) })
}

// readCharter checks a signed charter: signature, signer's standing, time.
func (h *Hub) readCharter(signed []byte) (proto.Charter, proto.Name, error) {
	payload, signer, err := h.judge.Charter(signed, h.now)
	if err != nil {
		return proto.Charter{}, proto.Name{}, err
	}
	c, err := proto.ParseCharter(payload)
	if err != nil {
		return proto.Charter{}, proto.Name{}, err
	}
	if err := c.Check(h.now); err != nil {
		return proto.Charter{}, proto.Name{}, err
	}
	if c.Revision != 0 { // its identifier is its own claim, not its digest
		return proto.Charter{}, proto.Name{}, proto.Refusef(proto.ReasonCharter, "revision %d of %s creates no channel", c.Revision, c.Channel.Short())
	}
	var parent *proto.Charter
	if p := h.channels[c.Parent]; c.Kind == proto.KindIncident && p != nil {
		parent = &p.charter
	}
	return c, signer, c.SignerMay(signer, parent)
}

// putCharter takes in a charter from our own authority: an endpoint of ours
// may now create the channel.
func (h *Hub) putCharter(l *link, f *wire.Frame, b *wire.PutCharter) error {
	c, signer, err := h.readCharter(b.Charter)
	if err != nil {
		return err
	}
	if c.Owner != h.self.Agency || signer.Role != proto.RoleAuthority {
		return proto.Refusef(proto.ReasonCharter, "%s signed by %s", c.Title, signer)
	}
	if h.channels[c.Channel] == nil {
		if err := h.addChannel(newChannel(c, b.Charter)); err != nil {
			return err
		}
		h.offerEndpoints(h.channels[c.Channel])
		h.emit(Audit{Peer: l.peer, Actor: signer, Kind: proto.KindPutCharter, Channel: c.Channel, What: "charter registered"})
	}
	return h.done(l, f)
}

func (h *Hub) addChannel(ch *channel) error {
	if len(h.channels) >= proto.MaxChannels {
		return proto.Refusef(proto.ReasonFull, "%d channels", len(h.channels))
	}
	if ch.charter.Owner != h.self.Agency {
		if n := h.ownedBy(ch.charter.Owner); n >= proto.MaxPeerChannels {
			return proto.Refusef(proto.ReasonQuota, "%d channels of %s", n, ch.charter.Owner)
		}
	}
	h.channels[ch.id] = ch
	h.saveChannel(ch)
	return nil
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
	if h.now.Before(ch.charter.Expires.Add(proto.EndedChannelLife)) {
		return
	}
	for _, l := range sortedLinks(h.links) {
		if l.subs[ch.id] == nil {
			continue
		}
		if h.isPeer(l) && l.peer.Agency == ch.charter.Owner {
			h.dropUpstreamSub(l, ch)
		} else {
			h.unsubscribe(l, ch)
		}
	}
	delete(h.channels, ch.id)
	h.forgetBars(ch)
	h.emit(Write{bucketChannels, ch.id[:], nil})
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
	case ch == nil && c.Kind != proto.KindIncident:
		return proto.Refuse(proto.ReasonNoChannel, "the charter is not registered")
	case c.Kind == proto.KindIncident && (signer != actor || h.channels[c.Parent] == nil):
		return proto.Refusef(proto.ReasonCharter, "%s may not open this incident", actor)
	}
	m, err := newMembership(b.GroupInfo, c, b.Charter, h.judge, h.now)
	if err != nil {
		return err
	}
	if leaf, ok := m.leafOf(actor); !ok || m.size() != 1 {
		return proto.Refusef(proto.ReasonBadCommit, "a new group holds its creator only; leaf %d", leaf)
	}
	if ch == nil {
		ch = newChannel(c, b.Charter)
		if err := h.addChannel(ch); err != nil {
			return err
		}
	}
	ch.created, ch.hosted.members, ch.hosted.groupInfo = true, m, b.GroupInfo
	h.saveChannel(ch)
	if err := h.done(l, f); err != nil {
		return err
	}
	h.offerEndpoints(ch)
	for _, p := range sortedLinks(h.peers) {
		if c.HasParty(p.peer.Agency) {
			h.offer(p, ch)
		}
	}
	return nil
}

func (h *Hub) offer(l *link, ch *channel) {
	h.send(l, &wire.Frame{Body: &wire.Frame_ChannelOffer{ChannelOffer: &wire.ChannelOffer{Charter: ch.signed, Created: ch.created}}})
}

func (h *Hub) offerEndpoints(ch *channel) {
	for _, l := range sortedLinks(h.names) {
		if ch.charter.RightOf(l.peer) != proto.RightNone {
			h.offer(l, ch)
		}
	}
}

func (h *Hub) subscribe(l *link, ch *channel, f *wire.Frame, b *wire.Subscribe) error {
	if !ch.created {
		return proto.Refuse(proto.ReasonNoChannel, ch.id.Short())
	}
	if err := h.addSub(l, ch, b.Alias); err != nil {
		return err
	}
	h.send(l, &wire.Frame{Re: f.Id, Body: &wire.Frame_Subscribed{Subscribed: h.subscribed(l, ch)}})
	h.routeAgain(ch)
	return nil
}

// addSub enters a subscription and gives it a number for voice coming in.
func (h *Hub) addSub(l *link, ch *channel, alias uint64) error {
	if alias == 0 || alias > uint64(proto.MaxAlias) {
		return proto.Refusef(proto.ReasonMalformed, "voice alias %d", alias)
	}
	s := l.subs[ch.id]
	if s == nil {
		if limit := h.subLimit(l); len(l.subs) >= limit {
			return proto.Refusef(proto.ReasonQuota, "%d channels on one link", limit)
		}
		s = &sub{in: l.freeAlias()}
		l.aliases[s.in] = ch.id
		l.subs[ch.id] = s
		ch.subs[l.id] = l
	}
	s.out = proto.Alias(alias)
	return nil
}

func (h *Hub) subLimit(l *link) int {
	if h.isPeer(l) {
		return proto.MaxChannels
	}
	return proto.MaxSubscribed
}

func (l *link) freeAlias() proto.Alias {
	for {
		l.next = l.next%proto.MaxAlias + 1
		if _, used := l.aliases[l.next]; !used {
			return l.next
		}
	}
}

func (h *Hub) subscribed(l *link, ch *channel) *wire.Subscribed {
	s := &wire.Subscribed{
		Channel: ch.id[:], Alias: uint64(l.subs[ch.id].in), Charter: ch.signed, Floor: ch.floor.taken(ch.id),
	}
	if ch.charter.Owner == h.self.Agency {
		s.Head, s.Epoch = ch.hosted.head, ch.hosted.members.epoch()
	} else {
		s.Head, s.Epoch, s.HubAway = ch.up.head, ch.up.epoch, ch.up.state != upLive
	}
	return s
}

func (h *Hub) unsubscribe(l *link, ch *channel) {
	s := l.subs[ch.id]
	if s == nil {
		return
	}
	h.emit(SetRoute{l.id, s.in, nil})
	delete(l.aliases, s.in)
	delete(l.subs, ch.id)
	delete(ch.subs, l.id) // before the floor is freed: the news of it is not for this link
	h.releaseLink(ch, l)
	if ch.charter.Owner != h.self.Agency && len(ch.subs) == 0 {
		h.leaveUpstream(ch)
	}
	h.routeAgain(ch)
}

func (h *Hub) fetchLog(l *link, ch *channel, f *wire.Frame, b *wire.FetchLog) error {
	h.emit(ReadLog{
		Link: l.id, Bucket: logBucket(ch.id), After: b.After, Channel: ch.id,
		Answer: &wire.Frame{Re: f.Id, Body: &wire.Frame_Entries{Entries: &wire.Entries{Channel: ch.id[:], Head: ch.hosted.head}}},
	})
	return nil
}

func (h *Hub) groupInfo(l *link, ch *channel, f *wire.Frame) error {
	if !ch.created {
		return proto.Refuse(proto.ReasonNoChannel, ch.id.Short())
	}
	h.send(l, &wire.Frame{Re: f.Id, Body: &wire.Frame_GroupInfo{GroupInfo: &wire.GroupInfo{
		Channel: ch.id[:], GroupInfo: ch.hosted.groupInfo, Charter: ch.signed, Head: ch.hosted.epochSeq,
	}}})
	return nil
}

// commit orders one commit per epoch (RFC 9420 14): the first valid one wins.
func (h *Hub) commit(l *link, ch *channel, actor proto.Name, f *wire.Frame, b *wire.Commit) error {
	if !ch.created {
		return proto.Refuse(proto.ReasonNoChannel, ch.id.Short())
	}
	logged := &wire.Commit{Channel: b.Channel, Id: b.Id, Epoch: b.Epoch, Message: b.Message}
	id, sum, err := h.fresh(l, ch, f, b.Id, logged)
	if err != nil || sum == nil {
		return err
	}
	m := ch.hosted.members
	if b.Epoch != m.epoch() {
		return proto.Refusef(proto.ReasonStaleEpoch, "commit for epoch %d, the channel is at %d", b.Epoch, m.epoch())
	}
	next, change, err := m.apply(b.Message, b.GroupInfo, actor, h.judge, h.now)
	if err == nil {
		err = ch.mayCome(change)
	}
	if err != nil {
		return err
	}
	ch.hosted.members, ch.hosted.groupInfo = next, b.GroupInfo
	ch.hosted.epochSeq = ch.hosted.head + 1
	h.append(l, ch, f, id, *sum, actor.Agency, &wire.Entry{Item: &wire.Entry_Commit{Commit: logged}})
	h.saveChannel(ch)
	h.emit(Audit{Peer: l.peer, Actor: actor, Kind: proto.KindCommit, Channel: ch.id, What: "members changed", Added: change.Added, Removed: change.Removed})
	h.barRemoved(ch, m, change)
	h.sendWelcomes(ch, b, change.Added)
	h.placeAgain(ch)
	h.membersGone(ch, change.Removed)
	h.routeAgain(ch)
	return nil
}

// membersGone takes floor and subscription from those a commit removed.
func (h *Hub) membersGone(ch *channel, removed []proto.Name) {
	for _, n := range removed {
		if _, still := ch.hosted.members.leafOf(n); still {
			continue
		}
		h.floorGone(ch, n, proto.ReasonNotMember)
		if l := h.names[n]; l != nil && l.subs[ch.id] != nil {
			h.unsubscribe(l, ch)
		}
	}
}

// text accepts a sealed message of a member that may send.
func (h *Hub) text(l *link, ch *channel, actor proto.Name, f *wire.Frame, b *wire.Text) error {
	if err := h.maySend(ch, actor); err != nil {
		return err
	}
	id, sum, err := h.fresh(l, ch, f, b.Id, b)
	if err != nil || sum == nil {
		return err
	}
	if err := ch.inTime(b.Epoch); err != nil {
		return err
	}
	h.append(l, ch, f, id, *sum, actor.Agency, &wire.Entry{Item: &wire.Entry_Text{Text: b}})
	return nil
}

// pastEpochs is how many epochs back a sealed message may be: members keep
// that many epochs' message secrets. It may not be from before the last time
// that somebody came or went: who has come could not open it and would miss
// it, who has gone still could. Its sender seals it again.
const pastEpochs = 2

// inTime refuses what was sealed too long ago. It is asked after fresh: whoever
// repeats what has been accepted must hear so, however much later.
func (ch *channel) inTime(epoch uint64) error {
	m := ch.hosted.members
	if now := m.epoch(); epoch > now || now-epoch > pastEpochs || epoch < m.since {
		return proto.Refusef(proto.ReasonStaleEpoch, "sealed in epoch %d, the channel is at %d", epoch, now)
	}
	return nil
}

func (h *Hub) maySend(ch *channel, actor proto.Name) error {
	if !ch.created {
		return proto.Refuse(proto.ReasonNoChannel, ch.id.Short())
	}
	if ch.charter.RightOf(actor) != proto.RightSend {
		return proto.Refuse(proto.ReasonListenOnly, actor.String())
	}
	if _, ok := ch.hosted.members.leafOf(actor); !ok {
		return proto.Refuse(proto.ReasonNotMember, actor.String())
	}
	return nil
}

// fresh tells a new message from a repeated one. It returns a nil sum when the
// repetition has been answered.
func (h *Hub) fresh(l *link, ch *channel, f *wire.Frame, id []byte, m pb.Message) (proto.MessageID, *[32]byte, error) {
	mid, err := proto.MessageIDFrom(id)
	if err != nil {
		return mid, nil, err
	}
	octets, err := pb.MarshalOptions{Deterministic: true}.Marshal(m)
	if err != nil {
		return mid, nil, proto.Refuse(proto.ReasonMalformed, "message cannot be encoded again")
	}
	sum := sha256.Sum256(octets)
	if old, ok := ch.hosted.seen[mid]; ok {
		if old.sum != sum {
			return mid, nil, proto.Refuse(proto.ReasonConflict, mid.String())
		}
		h.appended(l, ch, f, mid, old.seq, true)
		return mid, nil, nil
	}
	limit := uint64(proto.MaxLog)
	if _, talk := m.(*wire.Text); !talk {
		limit += proto.MaxLog / 10 // whoever fills the log with texts must still be removed
	}
	if ch.hosted.head >= limit {
		return mid, nil, proto.Refusef(proto.ReasonFull, "%d log entries", ch.hosted.head)
	}
	return mid, &sum, nil
}

// append gives an entry its number, stores it, acknowledges it and feeds it to
// every subscriber, in this order: acknowledged means kept.
func (h *Hub) append(l *link, ch *channel, f *wire.Frame, id proto.MessageID, sum [32]byte, from proto.Agency, e *wire.Entry) {
	ch.hosted.head++
	e.Seq, e.TimeMs, e.Agency = ch.hosted.head, h.now.UnixMilli(), string(from)
	ch.hosted.seen[id] = stored{e.Seq, sum}
	octets, _ := pb.Marshal(e) // cannot fail: every part came off the wire or is ours
	h.emit(Write{logBucket(ch.id), seqKey(e.Seq), octets})
	if f != nil {
		h.appended(l, ch, f, id, e.Seq, false)
	}
	feed := &wire.Frame{Body: &wire.Frame_Entries{Entries: &wire.Entries{Channel: ch.id[:], Entries: []*wire.Entry{e}, Head: e.Seq}}}
	for _, s := range ch.sortedSubs() {
		h.send(s, feed)
	}
}

func (h *Hub) appended(l *link, ch *channel, f *wire.Frame, id proto.MessageID, seq uint64, dup bool) {
	if f.Id != 0 {
		h.send(l, &wire.Frame{Re: f.Id, Body: &wire.Frame_Appended{Appended: &wire.Appended{Channel: ch.id[:], Id: id[:], Seq: seq, Duplicate: dup}}})
	}
}

func logBucket(id proto.ChannelID) string { return "log/" + id.String() }

func seqKey(seq uint64) []byte { return binary.BigEndian.AppendUint64(nil, seq) }

// Buckets of the hub's own records in the store.
const (
	bucketChannels = "channels"
	bucketWelcomes = "welcomes"
	bucketPackages = "packages"
)

// saveChannel stores what a restart needs besides the log.
func (h *Hub) saveChannel(ch *channel) {
	octets, _ := pb.Marshal(&wire.GroupInfo{Channel: ch.id[:], Charter: ch.signed, GroupInfo: ch.hosted.groupInfo, Head: ch.hosted.epochSeq})
	h.emit(Write{bucketChannels, ch.id[:], octets})
}
