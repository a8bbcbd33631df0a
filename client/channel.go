package client

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"time"

	"crossband/client/views"
	"crossband/crypto/mls"
	"crossband/crypto/mls/policy"
	"crossband/crypto/mls/tree"
	"crossband/crypto/sframe"
	"crossband/proto"
	"crossband/proto/wire"
)

// Channel is a channel that this endpoint may join or has joined.
type Channel struct {
	s        *Session
	id       proto.ChannelID // static
	charter  proto.Charter   // static
	signed   []byte          // static
	turn     chan struct{}   // holds one token: whoever changes membership takes it
	reading  chan struct{}   // holds one token: whoever fetches the log takes it
	fetching bool            // a task fetches the log
	created  bool            // a group exists, as far as the relay said
	wanted   bool            // we have been a member and were not removed: come back by ourselves

	comingBack bool // a goroutine tries to

	outcasts   []proto.Name // members whose certificates have been taken back
	puttingOut bool         // a goroutine sees to it that they go
	warnedOf   string       // outcasts of whom we have said that they may be listening

	// Set by joining.
	group   *mls.Group              // nil: not a member
	cursor  uint64                  // newest log entry applied
	head    uint64                  // newest that there is, as the relay has told us last
	missing uint64                  // entry of which we have said that the relay leaves it out
	present map[proto.Name]struct{} // the members
	pending []*ownCommit            // made by us in this epoch, not yet in the log; oldest first
	seen    uint64                  // highest epoch that we were in: never joined below it
	lost    bool                    // the hub says that it has lost the group: a new one may begin lower
	greeted [][]byte                // digests of welcomes followed: none is followed twice
	restart uint64                  // counts the starts of this group's state: see newContext
	old     bool                    // the log has shown that it is an old copy: nothing may be sealed by it

	// What has been said and heard.
	outbox    []*outgoing // not back from the log yet
	inbox     []savedText // not shown yet
	mine      sentList    // whose delivery is followed
	texts     textList    // of others: none is shown twice
	numbers   numbers
	delivered map[proto.Agency]uint64 // how far relays have the log
	read      map[proto.Name]uint64   // how far readers have been shown it
	told      uint64                  // how far we have told our relay, on this link
	sending   bool                    // a goroutine empties the outbox
	moved     bool                    // its last try got somewhere
	restored  bool                    // the group's state is of a run before this one, as it was kept
	again     []savedText             // to be shown again, before the first link
	news      []Event                 // of the entry being applied
	holes     holeState               // entries passed over, to be read when their origin is back

	// Set by subscribing, on each link anew.
	in        proto.Alias // our number: voice that we hear
	out       proto.Alias // the relay's: voice that we send; 0 while not subscribed
	hubAway   bool
	awaySince time.Time // when we were told last that it is

	heart heart // compares the members' views of the membership

	sender *sframe.Sender // seals our voice in the present epoch; nil: not a member
	floor  FloorChanged
	burst  *Burst // ours, under way
}

// maxPending bounds the commits of one epoch that we would know again; the oldest
// goes.
const maxPending = 4

type ownCommit struct {
	id      proto.MessageID
	pending *mls.Pending
}

// ID returns the channel's identifier.
func (ch *Channel) ID() proto.ChannelID { return ch.id }

// Charter returns the channel's rules.
func (ch *Channel) Charter() proto.Charter { return ch.charter }

// roomLocked makes room for one more channel, or says that there is none.
func (s *Session) roomLocked() error {
	s.pruneLocked()
	if n := len(s.channels); n >= proto.MaxSubscribed {
		return proto.Refusef(proto.ReasonQuota, "%d channels", n)
	}
	return nil
}

func (s *Session) newChannelLocked(c proto.Charter, signed []byte) *Channel {
	s.lastAlias++
	ch := &Channel{
		s: s, id: c.Channel, charter: c, signed: signed, turn: make(chan struct{}, 1), reading: make(chan struct{}, 1),
		in: s.lastAlias, delivered: make(map[proto.Agency]uint64), read: make(map[proto.Name]uint64),
	}
	ch.turn <- struct{}{}
	ch.reading <- struct{}{}
	ch.heart.book = views.NewBook(ch.id, s.Name(), spread(s.Name()))
	s.channels[ch.id] = ch
	return ch
}

// Channels lists the channels that this endpoint knows.
func (s *Session) Channels() []*Channel {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]*Channel, 0, len(s.channels))
	for _, ch := range s.channels {
		list = append(list, ch)
	}
	return list
}

// Channel returns a channel that this endpoint knows, or nil.
func (s *Session) Channel(id proto.ChannelID) *Channel {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.channels[id]
}

// offerLocked learns of a channel. The charter is judged here, whatever the
// relay thinks of it; once is enough, for it is offered on every link.
func (s *Session) offerLocked(b *wire.ChannelOffer) []Event {
	for _, ch := range s.channels {
		if bytes.Equal(ch.signed, b.Charter) && ch.charter.Check(time.Now()) == nil {
			return s.offeredLocked(ch, b.Created)
		}
	}
	c, signer, err := s.judge().Read(b.Charter, time.Now())
	if err == nil {
		err = s.signerMayLocked(c, signer)
	}
	if err == nil && c.RightOf(s.Name()) == proto.RightNone {
		err = proto.Refusef(proto.ReasonCharter, "%s is not for us", c.Title)
	}
	if err != nil {
		s.log.Warn("channel offer refused", "why", err.Error())
		return nil
	}
	ch := s.channels[c.Channel]
	if ch == nil {
		if err := s.roomLocked(); err != nil {
			return []Event{Alarm{c.Channel, proto.AsRefusal(err)}}
		}
		ch = s.newChannelLocked(c, b.Charter)
	}
	return s.offeredLocked(ch, b.Created)
}

func (s *Session) offeredLocked(ch *Channel, created bool) []Event {
	ch.created = ch.created || created
	if ch.wanted && ch.created && (ch.group == nil || ch.out == 0) {
		ch.comeBackLocked()
	}
	s.changedLocked()
	return []Event{Offered{ch.id, ch.charter, ch.created}}
}

// pruneLocked ends channels whose charter has.
func (s *Session) pruneLocked() {
	for _, ch := range s.channels {
		if why := ch.ended(); why != nil {
			ch.endLocked(why)
		}
	}
}

// ended returns a refusal if the channel's charter has ended, and else nil.
func (ch *Channel) ended() *proto.Refusal {
	if time.Now().Before(ch.charter.Expires) {
		return nil
	}
	return proto.Refusef(proto.ReasonClosed, "ended %s", ch.charter.Expires.UTC().Format(time.RFC3339))
}

// endLocked drops a channel whose charter has ended, with its keys. What waited on
// it has failed, and what no run has given yet is given: tellEnded does both.
func (ch *Channel) endLocked(why *proto.Refusal) {
	s := ch.s
	ch.wanted = false
	ch.dropLocked()
	ch.news = append(ch.news, ch.againLocked()...)
	ch.news = append(ch.news, ch.giveUpLocked(ch.holes.list)...)
	for _, o := range slices.Clone(ch.outbox) {
		ch.news = append(ch.news, ch.abandonLocked(o, why)...)
	}
	delete(s.channels, ch.id)
	s.ended = append(s.ended, ch)
	s.changedLocked()
}

// tellEnded tells what ended channels leave behind, and only then deletes their
// states: a crash between tells it again.
func (s *Session) tellEnded() {
	s.mu.Lock()
	ended := s.ended
	s.ended = nil
	s.mu.Unlock()
	for _, ch := range ended {
		s.emitAll(ch.news)
		s.mu.Lock()
		if s.ctx.Err() == nil && s.channels[ch.id] == nil {
			if err := s.cfg.State.Delete(channelKey + ch.id.String()); err != nil {
				s.log.Warn("state of an ended channel not deleted", "why", err.Error())
			}
		}
		s.mu.Unlock()
	}
}

func (s *Session) signerMayLocked(c proto.Charter, signer proto.Name) error {
	var parent *proto.Charter
	if p := s.channels[c.Parent]; c.Kind == proto.KindIncident && p != nil {
		parent = &p.charter
	}
	return c.SignerMay(signer, parent)
}

// Join makes this endpoint a member of the channel and returns it. It waits
// until the relay has offered the channel. An endpoint of the owner creates
// the group if there is none; everybody else waits for it and joins by an
// external commit (RFC 9420 12.4.3.2).
func (s *Session) Join(ctx context.Context, id proto.ChannelID) (*Channel, error) {
	err := s.wait(ctx, func() bool {
		ch := s.channels[id]
		return s.conn != nil && ch != nil && (ch.created || ch.mayCreate())
	})
	if err != nil {
		return nil, fmt.Errorf("wait for channel %s: %w", id.Short(), err)
	}
	ch := s.Channel(id)
	if err := ch.take(ctx); err != nil {
		return nil, err
	}
	defer ch.give()
	return ch, ch.join(ctx)
}

func (ch *Channel) mayCreate() bool {
	return ch.charter.Owner == ch.s.Name().Agency && ch.charter.RightOf(ch.s.Name()) == proto.RightSend
}

// take waits for the turn to change this channel's membership.
func (ch *Channel) take(ctx context.Context) error {
	select {
	case <-ch.turn:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (ch *Channel) give() { ch.turn <- struct{}{} }

// joinTries bounds how often a join is tried against a membership that moves.
const joinTries = 8

// join is Join with the turn taken.
func (ch *Channel) join(ctx context.Context) error {
	if ch.joined() {
		return ch.resume(ctx)
	}
	if ours := ch.s.ownSuite(); ours != suiteOf(ch.charter) {
		return proto.Refusef(proto.ReasonWeakSuite, "%s uses suite %d, this device's key is for suite %d", ch.charter.Title, ch.charter.Suite, ours)
	}
	if !ch.isCreated() {
		if !ch.mayCreate() {
			return proto.Refuse(proto.ReasonNoChannel, ch.charter.Title)
		}
		err := ch.create(ctx)
		if proto.ReasonOf(err) != proto.ReasonExists {
			return err
		}
	}
	for range joinTries {
		err := ch.joinExternal(ctx)
		if proto.ReasonOf(err) != proto.ReasonStaleEpoch {
			return err
		}
	}
	return proto.Refusef(proto.ReasonStaleEpoch, "%d tries", joinTries)
}

// resume subscribes a member that is not subscribed on the present link.
func (ch *Channel) resume(ctx context.Context) error {
	ch.s.mu.Lock()
	subscribed := ch.out != 0
	ch.s.mu.Unlock()
	if subscribed {
		return nil
	}
	if err := ch.subscribe(ctx); err != nil {
		return err
	}
	return ch.catchUp(ctx)
}

func (ch *Channel) joined() bool {
	ch.s.mu.Lock()
	defer ch.s.mu.Unlock()
	return ch.group != nil
}

func (ch *Channel) isCreated() bool {
	ch.s.mu.Lock()
	defer ch.s.mu.Unlock()
	return ch.created
}

func (ch *Channel) create(ctx context.Context) error {
	g, err := mls.Create(ch.s.member(), mls.CreateOptions{
		GroupID: ch.id[:], Suite: suiteOf(ch.charter), Extensions: charterExtension(ch.signed), Verifier: ch.gate(), Now: time.Now(),
	})
	if err != nil {
		return fmt.Errorf("create group: %w", err)
	}
	info, err := g.GroupInfo(true)
	if err != nil {
		return fmt.Errorf("create group: %w", err)
	}
	if _, err := ch.s.call(ctx, &wire.Frame{Body: &wire.Frame_CreateChannel{CreateChannel: &wire.CreateChannel{Charter: ch.signed, GroupInfo: info}}}); err != nil {
		return err
	}
	return ch.enter(ctx, g, 0)
}

func (ch *Channel) joinExternal(ctx context.Context) error {
	a, err := ch.s.call(ctx, &wire.Frame{Body: &wire.Frame_FetchGroupInfo{FetchGroupInfo: &wire.FetchGroupInfo{Channel: ch.id[:]}}})
	if err != nil {
		return err
	}
	j, err := mls.JoinExternal(a.GetGroupInfo().GetGroupInfo(), ch.s.member(), mls.ExternalOptions{
		JoinOptions: mls.JoinOptions{Verifier: ch.gate(), Now: time.Now()},
		Replaces:    ch.s.isUs,
	})
	if err != nil {
		return fmt.Errorf("join group: %w", err)
	}
	g := j.Accepted()
	if err := ch.isOurs(g, uint64(g.Epoch())-1, true); err != nil {
		return err
	}
	id := proto.NewMessageID()
	a, err = ch.s.call(ctx, &wire.Frame{Body: &wire.Frame_Commit{Commit: &wire.Commit{
		Channel: ch.id[:], Id: id[:], Epoch: uint64(g.Epoch()) - 1, Message: j.Commit, GroupInfo: j.GroupInfo,
	}}})
	if err != nil {
		return err
	}
	return ch.enter(ctx, g, a.GetAppended().GetSeq())
}

// isOurs checks that a group is the channel's and no other, and that it is not
// entered from an epoch that this device has left behind: a hub could keep an
// old branch alive in which somebody sits who was removed.
func (ch *Channel) isOurs(g *mls.Group, from uint64, external bool) error {
	ch.s.mu.Lock()
	seen, lost := ch.seen, ch.lost && external
	ch.s.mu.Unlock()
	if from < seen && !lost {
		return proto.Refusef(proto.ReasonViewsDiffer, "offered epoch %d, this device has been in %d", from, seen)
	}
	if string(g.GroupID()) != string(ch.id[:]) || g.Suite() != suiteOf(ch.charter) {
		return proto.Refuse(proto.ReasonBadCommit, "the group is not the channel's")
	}
	return nil
}

// gate judges the members of the channel's group.
func (ch *Channel) gate() *policy.Gate {
	return &policy.Gate{Judge: ch.s.judge(), Charter: ch.charter, Signed: ch.signed}
}

// enter takes a group as ours from log entry seq on, subscribes, and catches up.
func (ch *Channel) enter(ctx context.Context, g *mls.Group, seq uint64) error {
	s := ch.s
	s.mu.Lock()
	g.SetPadding(paddingBucket)
	var missed uint64 // entries between our last one and our coming back
	if ch.cursor > 0 && seq > ch.cursor+1 {
		missed = seq - 1 - ch.cursor
	}
	first := ch.cursor + 1
	if ch.lost {
		ch.seen, ch.lost = uint64(g.Epoch()), false
	}
	// A new context for every entry, kept before it is used: no voice key is
	// ever counted from zero twice.
	ch.restart++
	ch.heart.beginAnew()
	ch.old = false
	ch.group, ch.cursor, ch.created, ch.pending, ch.wanted, ch.restored = g, seq, true, nil, true, false
	if missed > 0 {
		ch.numbers.forget()
	}
	for _, o := range ch.outbox { // asked again, for it may be in the log where we did not see it
		o.Unseen, o.asked = seq, false
	}
	err := ch.saveLocked()
	if err == nil {
		err = ch.newEpochLocked()
	}
	if err != nil {
		ch.dropLocked()
	}
	epoch := uint64(g.Epoch())
	s.changedLocked()
	s.mu.Unlock()
	if err != nil {
		return err
	}
	if missed > 0 {
		s.emit(Missed{Channel: ch.id, Seq: first, Count: missed})
	}
	if err := ch.subscribe(ctx); err != nil {
		return err
	}
	s.emit(Joined{ch.id, ch.charter, epoch})
	return ch.catchUp(ctx)
}

// subscribe asks for the channel's news and voice on the present link.
func (ch *Channel) subscribe(ctx context.Context) error {
	a, err := ch.s.call(ctx, &wire.Frame{Body: &wire.Frame_Subscribe{Subscribe: &wire.Subscribe{Channel: ch.id[:], Alias: uint64(ch.in)}}})
	if err != nil {
		return fmt.Errorf("subscribe to %s: %w", ch.charter.Title, err)
	}
	ch.s.mu.Lock()
	news := ch.s.subscribedLocked(a.GetSubscribed())
	ch.s.mu.Unlock()
	for _, e := range news {
		ch.s.emit(e)
	}
	return nil
}

// subscribedLocked takes a channel's present state from the relay.
func (s *Session) subscribedLocked(b *wire.Subscribed) []Event {
	ch := s.channelLocked(b.GetChannel())
	if ch == nil || b.Alias == 0 || b.Alias > uint64(proto.MaxAlias) {
		return nil
	}
	ch.head = max(ch.head, b.Head)
	if ch.out == 0 { // a new link: our relay may not have all that we sent
		ch.told = 0
		ch.fillSoonLocked(time.Now())
		for _, o := range ch.outbox {
			o.asked = false
		}
	}
	ch.out = proto.Alias(b.Alias)
	news := ch.rolledBackLocked(b.Number)
	if ch.hubAway != b.HubAway {
		if ch.hubAway = b.HubAway; ch.hubAway {
			ch.awaySince = time.Now()
		}
		ch.fillSoonLocked(time.Now()) // what lay beyond the hub may be in reach
		news = append(news, HubAway{ch.id, ch.hubAway, ch.awaySince})
	}
	news = append(news, s.floorLocked(ch.id[:], b.Floor)...)
	if ch.group != nil && b.Head > ch.cursor {
		ch.fetchLocked()
	}
	ch.sendLocked()
	ch.caughtUpLocked()
	s.changedLocked()
	return news
}

func (s *Session) channelLocked(id []byte) *Channel {
	cid, err := proto.ChannelIDFrom(id)
	if err != nil {
		return nil
	}
	return s.channels[cid]
}

func (s *Session) floorLocked(id []byte, b *wire.FloorTaken) []Event {
	ch := s.channelLocked(id)
	if ch == nil {
		return nil
	}
	next := FloorChanged{Channel: ch.id}
	if b != nil {
		var err error
		if next.Holder, err = ch.holderLocked(b.Holder); err != nil {
			return []Event{Alarm{ch.id, proto.AsRefusal(err)}}
		}
		next.Burst, _ = proto.BurstIDFrom(b.Burst)
		next.Priority, next.Local = proto.Priority(b.Priority), b.Local
	}
	if next == ch.floor {
		return nil
	}
	ch.floor = next
	s.changedLocked()
	return []Event{next}
}

// holderLocked judges whom the relay says to hold the floor: a member that may
// send. While entries of the log are still to come the charter alone decides,
// for the member may be one of them.
func (ch *Channel) holderLocked(holder string) (proto.Name, error) {
	n, err := proto.ParseName(holder)
	if err != nil {
		return proto.Name{}, proto.Refuse(proto.ReasonMalformed, "holder of the floor")
	}
	if ch.charter.RightOf(n) != proto.RightSend {
		return proto.Name{}, proto.Refusef(proto.ReasonListenOnly, "%s on the floor", n)
	}
	if _, in := ch.present[n]; !in && ch.group != nil && ch.head <= ch.cursor {
		return proto.Name{}, proto.Refusef(proto.ReasonNotMember, "%s on the floor", n)
	}
	return n, nil
}

// linkLost is called with the mutex held when the link has ended.
func (ch *Channel) linkLost() {
	ch.out = 0
	if ch.burst != nil {
		ch.burst.endLocked(ErrNoLink)
	}
}

// paddingBucket fills sealed messages so that their length says little.
const paddingBucket = 64

func charterExtension(signed []byte) tree.Extensions {
	return tree.Extensions{{Type: tree.ExtensionCharter, Data: signed}}
}
