package client

import (
	"context"
	"fmt"
	"time"

	"crossband/crypto/mls"
	"crossband/crypto/mls/policy"
	"crossband/crypto/mls/tree"
	"crossband/proto"
	"crossband/proto/wire"
)

// Join makes this endpoint a member of the channel and returns it. It waits
// until the relay has offered the channel. An endpoint of the owner creates
// the group if there is none; everybody else waits for it and joins by an
// external commit (RFC 9420 12.4.3.2).
func (s *Session) Join(ctx context.Context, id proto.ChannelID) (*Channel, error) {
	err := s.wait(ctx, func() bool {
		ch := s.channels[id]
		if _, refused := s.pacts.refused[id]; refused && ch == nil {
			return true
		}
		return s.conn != nil && ch != nil && (ch.created || ch.mayCreate())
	})
	if err != nil {
		return nil, fmt.Errorf("wait for channel %s: %w", id.Short(), err)
	}
	ch, err := s.allowed(id)
	if err != nil {
		return nil, err
	}
	if err := ch.take(ctx); err != nil {
		return nil, err
	}
	defer ch.give()
	return ch, ch.join(ctx)
}

// allowed returns a channel, or why there is no agreement for it.
func (s *Session) allowed(id proto.ChannelID) (*Channel, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if ch := s.channels[id]; ch != nil {
		return ch, nil
	}
	if r, ok := s.pacts.refused[id]; ok {
		return nil, r.why
	}
	return nil, proto.Refuse(proto.ReasonNoChannel, id.Short())
}

func (ch *Channel) mayCreate() bool {
	return ch.charter.Owner == ch.s.Name().Agency && ch.charter.RightOf(ch.s.Name()) == proto.RightSend
}

// joinTries bounds how often a join is tried against a membership that moves.
const joinTries = 8

// join is Join with the turn taken.
func (ch *Channel) join(ctx context.Context) error {
	if end := ch.Ends(); !time.Now().Before(end.At) {
		return end.Refusal()
	}
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
	if err := ch.mayBeNew(); err != nil {
		return err
	}
	from := ch.lastSeen()
	var refused error
	for range joinTries {
		of, err := ch.joinExternal(ctx, from)
		refused = err
		switch proto.ReasonOf(err) {
		case proto.ReasonStaleEpoch, proto.ReasonBadCommit:
			from = of + 1 // our own relay may not know yet that this one is over, or know another branch: it asks the hub
		default:
			return err
		}
	}
	return refused
}

// lastSeen is the newest epoch that this device has been in.
func (ch *Channel) lastSeen() uint64 {
	ch.s.mu.Lock()
	defer ch.s.mu.Unlock()
	return ch.seen
}

// mayBeNew refuses to come in new where no agreement lets anybody in any more: the
// channel may run on for a countdown, for those who have been in it.
func (ch *Channel) mayBeNew() error {
	s := ch.s
	s.mu.Lock()
	defer s.mu.Unlock()
	if ch.seen > 0 || ch.cursor > 0 {
		return nil
	}
	return s.pacts.Covers(&ch.charter, time.Now())
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
	info, err := g.GroupInfo()
	if err != nil {
		return fmt.Errorf("create group: %w", err)
	}
	if _, err := ch.s.call(ctx, &wire.Frame{Body: &wire.Frame_CreateChannel{CreateChannel: &wire.CreateChannel{Charter: ch.signed, GroupInfo: info, RatchetTree: g.RatchetTree()}}}); err != nil {
		return err
	}
	return ch.enter(ctx, g, 0)
}

// joinExternal joins from the epoch that the relay tells of, and returns it. No epoch
// before from will do.
func (ch *Channel) joinExternal(ctx context.Context, from uint64) (of uint64, err error) {
	a, err := ch.groupInfo(ctx, from)
	if err != nil {
		return 0, err
	}
	info := a.GetGroupInfo()
	j, err := mls.JoinExternal(info.GetGroupInfo(), ch.s.member(), mls.ExternalOptions{
		JoinOptions: mls.JoinOptions{Verifier: ch.gate(), Now: time.Now(), Tree: info.GetRatchetTree()},
		Replaces:    ch.s.isUs,
	})
	if err != nil {
		return 0, fmt.Errorf("join group: %w", err)
	}
	g := j.Accepted()
	of = uint64(g.Epoch()) - 1
	if err := ch.isOurs(g, of, true); err != nil {
		return of, err
	}
	id := proto.NewMessageID()
	a, err = ch.s.call(ctx, &wire.Frame{Body: &wire.Frame_Commit{Commit: &wire.Commit{
		Channel: ch.id[:], Id: id[:], Epoch: of, Message: j.Commit, GroupInfo: j.GroupInfo,
	}}})
	if err != nil {
		return of, err
	}
	return of, ch.enter(ctx, g, a.GetAppended().GetSeq())
}

// groupInfo asks for what a joiner needs. Who comes to hear somebody talk waits for it: a
// small group's comes over the live link, a large one's over the bulk link, and without one
// over the live link too, also while somebody talks: see joinHurry.
func (ch *Channel) groupInfo(ctx context.Context, from uint64) (*wire.Frame, error) {
	a, err := ch.s.call(ctx, fetchGroupInfo(ch.id, proto.MaxLive, from))
	if proto.ReasonOf(err) != proto.ReasonTooLarge {
		return a, err
	}
	return ch.s.callWide(ctx, ch.charter.Owner, joinHurry, fetchGroupInfo(ch.id, 0, from))
}

func fetchGroupInfo(id proto.ChannelID, most uint32, from uint64) *wire.Frame {
	return &wire.Frame{Body: &wire.Frame_FetchGroupInfo{FetchGroupInfo: &wire.FetchGroupInfo{Channel: id[:], Most: most, FromEpoch: from}}}
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
		ch.book.DoubtAll()
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
	var observers []Event
	if err == nil {
		observers = ch.observersLocked(ch.presentLocked())
		s.pokeLocked()
	}
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
	s.emitAll(observers)
	return ch.catchUp(ctx)
}

// paddingBucket fills sealed messages so that their length says little.
const paddingBucket = 64

func charterExtension(signed []byte) tree.Extensions {
	return tree.Extensions{{Type: tree.ExtensionCharter, Data: signed}}
}
