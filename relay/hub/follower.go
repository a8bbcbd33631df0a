package hub

import (
	"bytes"
	"time"

	"crossband/proto"
	"crossband/proto/wire"
)

// upstream is a follower's standing with a channel's hub.
type upstream struct {
	state   upState
	alias   proto.Alias // the hub's number: voice that we send
	head    uint64      // newest log entry seen
	epoch   uint64
	request uint64                 // our Subscribe whose answer counts
	again   time.Time              // when to ask a hub again that did not take us
	waiting []waitingSub           // subscriptions that wait for the hub's answer
	asked   map[proto.Name]request // local talkers whose request is under way or granted
}

// request is a local talker's press on its way to the hub.
type request struct {
	talker
	queue bool
	held  bool // pressed in the tail of his burst before: nothing goes up until the hub's grant
}

type upState uint8

const (
	upIdle   upState = iota // no local subscriber
	upAsking                // Subscribe is under way
	upLive
	upAway // the hub's link is lost, or the hub does not take us
)

type waitingSub struct {
	link LinkID
	id   uint64
}

// maxWaiting bounds how many Subscribes of one link may wait for a hub's answer.
const maxWaiting = 4

// wait notes a request that is answered when the hub has answered: every one of
// them, for its sender waits for each.
func (u *upstream) wait(l LinkID, id uint64) error {
	n := 0
	for _, w := range u.waiting {
		if w.link == l {
			n++
		}
	}
	if n >= maxWaiting {
		return proto.Refusef(proto.ReasonQuota, "%d subscriptions wait for the hub", n)
	}
	u.waiting = append(u.waiting, waitingSub{l, id})
	return nil
}

// offered takes in a channel that its hub tells us of. One that we have by the
// same charter has been judged: a hub offers all of them on every link.
func (h *Hub) offered(l *link, b *wire.ChannelOffer) error {
	for _, ch := range h.channels {
		if b.Created && ch.charter.Owner == l.peer.Agency && bytes.Equal(ch.signed, b.Charter) {
			return nil
		}
	}
	return h.followNew(l.peer, b.Charter, b.Created)
}

// followNew takes in a channel by its charter. What no agreement allows is remembered:
// one may be on its way.
func (h *Hub) followNew(peer proto.Name, signed []byte, created bool) error {
	c, _, err := h.judgeCharter(signed)
	if err == nil {
		err = h.pacts.Covers(&c, h.now)
	}
	ours := created && c.Owner == peer.Agency && c.HasPartyAt(h.self.Agency, h.now)
	if err != nil {
		if ours {
			h.remember(c, signed, peer, err)
		}
		return err
	}
	if !ours {
		return proto.Refusef(proto.ReasonCharter, "%s offered %s of %s", peer.Agency, c.Title, c.Owner)
	}
	if h.channels[c.Channel] != nil {
		return nil
	}
	ch := newChannel(c, signed)
	ch.created = true
	if err := h.addChannel(ch); err != nil {
		return err
	}
	h.offerEndpoints(ch)
	h.emit(Audit{Peer: peer, Kind: proto.KindChannelOffer, Channel: ch.id, What: "channel followed"})
	return nil
}

// dispatchFollower handles frames about a channel that another agency owns:
// from the hub they go down, from our endpoints they go up.
func (h *Hub) dispatchFollower(l *link, ch *channel, actor proto.Name, f *wire.Frame) error {
	if h.isPeer(l) {
		if err := h.running(ch); err != nil {
			return err
		}
		if b := f.GetFetchSealed(); b != nil && ch.charter.HasPartyAt(l.peer.Agency, h.now) { // of what our endpoints sent
			return h.fetchSealed(l, ch, actor, f, b)
		}
		if l.peer.Agency != ch.charter.Owner {
			return proto.Refusef(proto.ReasonForbidden, "%s is not the channel's hub", l.peer.Agency)
		}
		return h.fromHub(l, ch, f)
	}
	if err := h.mayUse(l, ch, actor, f); err != nil {
		return err
	}
	switch b := f.Body.(type) {
	case *wire.Frame_Subscribe:
		return h.subscribeFollower(l, ch, f, b.Subscribe)
	case *wire.Frame_Unsubscribe:
		h.unsubscribe(l, ch)
		return h.done(l, f)
	case *wire.Frame_FloorRequest:
		return h.floorRequestUp(l, ch, actor, f, b.FloorRequest)
	case *wire.Frame_FloorRelease:
		return h.floorReleaseUp(l, ch, actor, f, b.FloorRelease)
	case *wire.Frame_Burst:
		if hub := h.peers[ch.charter.Owner]; hub != nil && ch.up.state == upLive { // what was said without it is in no record
			h.send(hub, &wire.Frame{Endpoint: actor.String(), Hops: 1, Body: f.Body})
		}
		return nil
	case *wire.Frame_Text, *wire.Frame_Hail, *wire.Frame_HailReply, *wire.Frame_PageResult, *wire.Frame_Incident, *wire.Frame_Duty:
		return h.accept(l, ch, actor, f)
	case *wire.Frame_Read:
		return h.read(l, ch, actor, b.Read)
	case *wire.Frame_FetchSealed:
		return h.fetchSealed(l, ch, actor, f, b.FetchSealed)
	case *wire.Frame_FetchVoice:
		return h.fetchVoice(l, ch, actor, f, b.FetchVoice)
	case *wire.Frame_FetchGroupInfo:
		return h.groupInfoHere(l, ch, actor, f, b.FetchGroupInfo)
	case *wire.Frame_FetchLog, *wire.Frame_Commit:
		if err := h.mayBringNew(ch, actor, f.GetCommit()); err != nil {
			return err
		}
		return h.forwardUp(l, ch, actor, f)
	}
	return proto.Refusef(proto.ReasonForbidden, "kind %d at a follower", proto.KindOf(f))
}

// forwardUp passes a request to the channel's hub.
func (h *Hub) forwardUp(l *link, ch *channel, actor proto.Name, f *wire.Frame) error {
	hub := h.peers[ch.charter.Owner]
	if hub == nil {
		return proto.Refuse(proto.ReasonHubAway, string(ch.charter.Owner))
	}
	return h.forward(l, f, hub, actor, ch.id)
}

// subscribeFollower subscribes a local endpoint, and us at the hub with the
// first of them.
func (h *Hub) subscribeFollower(l *link, ch *channel, f *wire.Frame, b *wire.Subscribe) error {
	if err := h.addSub(l, ch, b); err != nil {
		return err
	}
	switch ch.up.state {
	case upLive, upAway:
		h.answerSubscribe(l, ch, f.Id)
	default:
		if err := ch.up.wait(l.id, f.Id); err != nil {
			return err
		}
		if ch.up.state == upIdle {
			h.joinUpstream(ch)
		} else if ch.floor.speaker() != nil {
			h.routeAgain(ch) // a local talker is heard before the hub has answered
		}
	}
	return nil
}

func (h *Hub) answerSubscribe(l *link, ch *channel, id uint64) {
	h.send(l, &wire.Frame{Re: id, Body: &wire.Frame_Subscribed{Subscribed: h.subscribed(l, ch)}})
	h.tellMarks(l, ch)
	h.routeAgain(ch)
}

// joinUpstream asks the hub for the channel. Without a link to it the local
// subscribers are told that the hub is away.
func (h *Hub) joinUpstream(ch *channel) {
	hub := h.peers[ch.charter.Owner]
	if hub == nil {
		ch.up.state = upAway
		h.answerWaiting(ch)
		return
	}
	if err := h.addSub(hub, ch, &wire.Subscribe{Alias: 1}); err != nil { // our number for the hub's voice; theirs comes with the answer
		h.upstreamRefused(ch, proto.AsRefusal(err))
		return
	}
	delete(ch.subs, hub.id) // the hub is above us, not a subscriber
	ch.up.state = upAsking
	id, err := h.ask(hub, ch.id, &wire.Frame{Body: &wire.Frame_Subscribe{Subscribe: &wire.Subscribe{Channel: ch.id[:], Alias: uint64(hub.subs[ch.id].in)}}})
	if ch.up.request = id; err != nil {
		h.upstreamRefused(ch, proto.AsRefusal(err))
	}
}

// upstreamAsked returns the channel of a subscription that we asked for, or nil
// if we have left the channel, or asked again, since.
func (h *Hub) upstreamAsked(p pending) *channel {
	ch := h.channels[p.channel]
	if ch == nil || ch.up.state != upAsking || ch.up.request != p.re {
		return nil
	}
	return ch
}

func (h *Hub) answerWaiting(ch *channel) {
	waiting := ch.up.waiting
	ch.up.waiting = nil
	for _, w := range waiting {
		if l := h.links[w.link]; l != nil && l.subs[ch.id] != nil {
			h.answerSubscribe(l, ch, w.id)
		}
	}
}

// upstreamLive takes the hub's answer and passes the news on: those who have
// been subscribed before, or who came while the hub was away, learn from the head
// what they missed. After a start of ours that may be everybody: what we knew of the
// hub is gone, and they may have been here before its link.
func (h *Hub) upstreamLive(hub *link, ch *channel, s *wire.Subscribed) {
	if s.GetAlias() == 0 || s.Alias > uint64(proto.MaxAlias) {
		h.upstreamRefused(ch, proto.Refusef(proto.ReasonBadRequest, "%s did not say where it wants our voice", hub.peer))
		return
	}
	h.endLocalFloor(ch)
	ch.up.state, ch.up.alias = upLive, proto.Alias(s.Alias)
	hub.subs[ch.id].out = ch.up.alias
	ch.up.head, ch.up.epoch = s.Head, s.Epoch
	ch.floor.mirror(s.Floor, h.now)
	waiting := ch.up.waiting
	h.answerWaiting(ch)
	for _, l := range ch.sortedSubs() { // also after a restart, when we had heard nothing of the hub before
		if !waitsIn(waiting, l.id) {
			h.send(l, &wire.Frame{Body: &wire.Frame_Subscribed{Subscribed: h.subscribed(l, ch)}})
		}
	}
	h.routeAgain(ch)
	h.tellHub(hub, ch, ch.marks.all()) // it was away, or has started anew
	ch.presence.told = nil             // as nothing
	for _, o := range ch.origin.waiting {
		o.again = time.Time{}
	}
	h.flush(ch)
	h.rosterLive(ch)
}

func waitsIn(list []waitingSub, id LinkID) bool {
	for _, w := range list {
		if w.link == id {
			return true
		}
	}
	return false
}

// upstreamRefused ends the wait for a hub that does not take our subscription.
// If it only did not answer, we work locally as if it were away; otherwise those
// who waited are told why and are subscribers no more. Who had been subscribed
// before works locally, and the hub is asked again after a while.
func (h *Hub) upstreamRefused(ch *channel, why *proto.Refusal) {
	ch.up.state, ch.up.again = upAway, h.now.Add(proto.AnswerTimeout)
	if hub := h.peers[ch.charter.Owner]; hub != nil {
		h.dropUpstreamSub(hub, ch)
	}
	if why.Reason == proto.ReasonHubAway {
		h.answerWaiting(ch)
	}
	waiting := ch.up.waiting
	ch.up.waiting = nil
	for _, w := range waiting {
		if l := h.links[w.link]; l != nil {
			h.send(l, refused(w.id, why))
			h.unsubscribe(l, ch)
		}
	}
	if h.leavesHub(ch) {
		ch.up.state = upIdle
	}
}

// flushEvery is how often messages are tried again that a hub did not answer.
const flushEvery = time.Second

// tickUpstream asks a hub again whose link is there and who did not take us.
func (h *Hub) tickUpstream(ch *channel) {
	if ch.ended {
		return
	}
	if h.every(flushEvery) {
		h.flush(ch)
	}
	h.tickRoster(ch)
	if hub := h.peers[ch.charter.Owner]; ch.up.state == upAway && hub != nil && !h.now.Before(ch.up.again) && hub.portions.joins.TakeIf(h.now, joinRate(), 1) {
		h.joinUpstream(ch)
	}
}

func (h *Hub) leaveUpstream(ch *channel) {
	ch.up.state = upIdle
	ch.floor = floor{}
	hub := h.peers[ch.charter.Owner]
	if hub == nil || hub.subs[ch.id] == nil {
		return
	}
	h.dropUpstreamSub(hub, ch)
	h.ask(hub, ch.id, &wire.Frame{Body: &wire.Frame_Unsubscribe{Unsubscribe: &wire.Unsubscribe{Channel: ch.id[:]}}})
}

func (h *Hub) dropUpstreamSub(hub *link, ch *channel) {
	s := hub.subs[ch.id]
	if s == nil {
		return
	}
	h.emit(SetRoute{hub.id, s.in, nil})
	delete(hub.aliases, s.in)
	delete(hub.subs, ch.id)
}

// hubLost turns every channel of the lost hub to local working: local talk goes
// on, and everybody is told so.
func (h *Hub) hubLost(hub *link) {
	for _, ch := range h.sortedChannels() {
		if ch.charter.Owner != hub.peer.Agency || ch.up.state == upIdle {
			continue
		}
		ch.up.state = upAway
		h.floorToLocal(ch)
		waiting := ch.up.waiting
		h.answerWaiting(ch)
		for _, l := range ch.sortedSubs() {
			if !waitsIn(waiting, l.id) {
				h.send(l, &wire.Frame{Body: &wire.Frame_Subscribed{Subscribed: h.subscribed(l, ch)}})
			}
		}
		h.routeAgain(ch)
	}
}

// hubBack subscribes again where local endpoints still listen: on some channels now,
// on the rest at later ticks.
func (h *Hub) hubBack(hub *link, ch *channel) {
	switch {
	case len(ch.subs) == 0 && len(ch.expects) == 0 || ch.up.state != upAway && ch.up.state != upIdle:
	case hub.portions.joins.TakeIf(h.now, joinRate(), 1):
		h.joinUpstream(ch)
	default:
		ch.up.state, ch.up.again = upAway, h.now
	}
}

// fromHub hands what the hub says to the local subscribers.
func (h *Hub) fromHub(l *link, ch *channel, f *wire.Frame) error {
	if ch.up.state != upLive {
		return nil // late frames of a subscription that has ended
	}
	switch b := f.Body.(type) {
	case *wire.Frame_Progress:
		return h.progress(l, ch, b.Progress)
	case *wire.Frame_FloorTaken:
		if t := ch.floor.tail; t != nil && !ch.floor.trails(t.who, b.FloorTaken.Burst) {
			h.endTail(ch)
		}
		ch.floor.mirror(b.FloorTaken, h.now)
		h.toSubs(ch, f)
	case *wire.Frame_FloorIdle:
		ch.floor.mirror(nil, h.now)
		h.toSubs(ch, f)
	case *wire.Frame_FloorWaiting:
		h.toSubs(ch, f)
		return nil
	case *wire.Frame_FloorGranted, *wire.Frame_FloorDeny, *wire.Frame_FloorQueuePosition,
		*wire.Frame_FloorRevoke, *wire.Frame_FloorWarning:
		return h.floorDown(ch, f)
	default:
		return proto.Refusef(proto.ReasonForbidden, "kind %d from a hub", proto.KindOf(f))
	}
	h.routeAgain(ch)
	return nil
}

func (h *Hub) toSubs(ch *channel, f *wire.Frame) {
	for _, l := range ch.sortedSubs() {
		h.send(l, &wire.Frame{Body: f.Body})
	}
}

// feed passes new log entries of a followed channel to its local subscribers.
func (h *Hub) feed(l *link, b *wire.Entries) error {
	id, err := proto.ChannelIDFrom(b.Channel)
	if err != nil {
		return err
	}
	ch := h.channels[id]
	if ch == nil || ch.charter.Owner != l.peer.Agency {
		return proto.Refuse(proto.ReasonNoChannel, id.Short())
	}
	if err := h.running(ch); err != nil {
		return err
	}
	before := ch.up.head
	for _, e := range b.Entries {
		ch.up.head = max(ch.up.head, e.Seq)
		if c := e.GetCommit(); c != nil {
			ch.up.epoch = max(ch.up.epoch, c.Epoch+1)
		}
	}
	h.received(ch, b.Entries)
	h.toSubs(ch, &wire.Frame{Body: &wire.Frame_Entries{Entries: bare(b)}})
	h.follow(l, ch, b.Entries, before)
	return nil
}

// answered brings an answer back to whoever waits for it.
func (h *Hub) answered(l *link, f *wire.Frame) {
	p, ok := l.pending[f.Re]
	if !ok {
		h.audit(l, proto.Name{}, f, proto.Refusef(proto.ReasonBadRequest, "answer to nothing asked: %d", f.Re))
		return
	}
	delete(l.pending, f.Re)
	if r := f.GetRefused(); r != nil {
		h.listTold(l, p, proto.Refuse(proto.Reason(r.Code), r.Detail))
		h.refusePending(p, proto.Refuse(proto.Reason(r.Code), r.Detail))
		return
	}
	if p.message != (proto.MessageID{}) {
		if a := f.GetAppended(); a.GetSeq() != 0 {
			h.originAnswered(p, a, nil)
		} else {
			h.originAnswered(p, nil, proto.Refusef(proto.ReasonHubAway, "%s answered with kind %d", l.peer, proto.KindOf(f)))
		}
		return
	}
	h.listTold(l, p, nil)
	if p.kind == proto.KindSubscribe && p.from == SelfLink {
		if ch := h.upstreamAsked(p); ch != nil {
			h.upstreamLive(l, ch, f.GetSubscribed()) // nil when the answer is none
		}
		return
	}
	if p.asksRoster() {
		h.rosterAnswered(p, f.GetGroupInfo(), nil) // nil when the answer is none
		return
	}
	if to := h.links[p.from]; to != nil && p.id != 0 {
		h.send(to, &wire.Frame{Re: p.id, Body: f.Body})
	}
}
