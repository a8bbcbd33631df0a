package client

import (
	"crypto/sha256"
	"encoding/binary"
	"math/rand/v2"
	"time"

	"crossband/client/views"
	"crossband/proto"
	"crossband/proto/wire"
)

// heart is a channel's part in comparing views. The Session's mutex guards it.
type heart struct {
	book       *views.Book
	shown      views.State // as last told by ViewsChanged
	subscribed bool        // at the last look
	news       []Event     // found where none could be returned; told within a second
	awaited    *awaited    // a commit of ours that is not yet back
	looked     time.Time   // last look
	moved      time.Time   // when the log was last seen to move on, or to have nothing newer
	at         uint64      // our place in it then
	fetched    time.Time   // when it was last asked for because it did not move
}

// awaited is a commit of ours that the hub may have taken. It has to come back
// in the log.
type awaited struct {
	id       proto.MessageID
	since    time.Time
	accepted bool // the hub said so
}

// heartTick is how often heartbeats, silences and waits are looked at.
const heartTick = time.Second

// CommitBack is how long after it was sent a change of members may be missing
// from the log before its maker is alarmed.
const CommitBack = 10 * time.Second

// spread returns chance for a member's times: a duration uniformly below its
// argument. It has to differ from member to member and hide nothing, so it is
// drawn from the name, and the same run has the same times.
func spread(name proto.Name) func(time.Duration) time.Duration {
	sum := sha256.Sum256([]byte(name.String()))
	random := rand.New(rand.NewPCG(binary.BigEndian.Uint64(sum[:]), binary.BigEndian.Uint64(sum[8:])))
	return func(d time.Duration) time.Duration { return time.Duration(random.Int64N(int64(d))) }
}

// Views returns whether the members share one view of the membership, and what
// that rests on. Of a channel that we are no member of it is the zero Views.
func (ch *Channel) Views() views.Views {
	ch.s.mu.Lock()
	defer ch.s.mu.Unlock()
	if ch.group == nil {
		return views.Views{}
	}
	return ch.heart.book.Views(time.Now())
}

// LastHeard lists the other members with their last heartbeat.
func (ch *Channel) LastHeard() []views.Heard {
	ch.s.mu.Lock()
	defer ch.s.mu.Unlock()
	if ch.group == nil {
		return nil
	}
	return ch.heart.book.LastHeard()
}

// HeartbeatCounts says what became of the heartbeats that came in.
func (ch *Channel) HeartbeatCounts() views.Counts {
	ch.s.mu.Lock()
	defer ch.s.mu.Unlock()
	return ch.heart.book.Counts()
}

// heartbeats beats for every channel and watches for those who are not heard,
// for what does not come back and for what waits elsewhere. It ends with Close.
func (s *Session) heartbeats() {
	for sleep(s.ctx, heartTick) {
		s.tellEnded()
		var news []Event
		s.mu.Lock()
		s.uplinkLocked(time.Now())
		for _, ch := range s.channels {
			news = append(news, ch.heartLocked(time.Now())...)
			news = append(news, ch.expireHolesLocked(time.Now())...)
			news = append(news, ch.bitrateLocked(time.Now())...)
			ch.fillLocked(time.Now())
		}
		news = append(news, s.noticesDueLocked(time.Now())...)
		s.mu.Unlock()
		for _, e := range news {
			s.emit(e)
		}
	}
}

// heartLocked is one channel's second.
func (ch *Channel) heartLocked(now time.Time) []Event {
	h := &ch.heart
	news := h.news
	h.news = nil
	if why := ch.ended(); why != nil {
		news = append(news, ch.failAllLocked(why)...)
	}
	if ch.group == nil {
		h.shown, h.subscribed = views.None, false
		return news
	}
	subscribed := ch.out != 0
	if subscribed && !h.subscribed {
		h.book.Soon(now)
	}
	h.subscribed = subscribed
	there := subscribed && !ch.hubAway
	stuck := ch.stuckLocked(now, there)
	if stuck {
		news = append(news, ch.withheldLocked(now)...)
	}
	inTouch := there && (stuck || ch.head <= ch.cursor)
	news = append(news, ch.differences(h.book.Sweep(now, inTouch))...)
	if subscribed && h.book.Due(now) {
		if err := ch.beatLocked(now); err != nil {
			ch.s.log.Warn("heartbeat not sent", "channel", ch.id.Short(), "why", err.Error())
		}
	}
	news = append(news, ch.overdueLocked(now)...)
	news = append(news, ch.lateLocked(now)...)
	return append(news, ch.viewsLocked(now)...)
}

// withheld is how long the relay may tell of a log entry and not show it. Fetching
// it, and its sealed part from another agency, may take nearly as long.
const withheld = taskTimeout + 10*time.Second

// stuckLocked reports whether the relay has told us of log entries and shown none
// for so long that they excuse nothing any more. A wait that a sleeping device
// slept through begins anew.
func (ch *Channel) stuckLocked(now time.Time, there bool) bool {
	h := &ch.heart
	if !there || ch.head <= ch.cursor || h.at != ch.cursor || now.Sub(h.looked) > views.Asleep {
		h.moved, h.at = now, ch.cursor
	}
	h.looked = now
	return now.Sub(h.moved) >= withheld
}

// withheldLocked asks for the log again, now and then, and alarms once for each
// entry that does not come.
func (ch *Channel) withheldLocked(now time.Time) []Event {
	if now.Sub(ch.heart.fetched) >= withheld {
		ch.heart.fetched = now
		ch.fetchLocked()
	}
	next := ch.cursor + 1
	if ch.missing == next {
		return nil
	}
	ch.missing = next
	return []Event{Alarm{ch.id, proto.Refusef(proto.ReasonViewsDiffer,
		"the relay tells of %d log entries, and has not shown us number %d for %v", ch.head, next, withheld)}}
}

// beatLocked signs and sends one heartbeat. It goes unsealed: in a fork the
// halves could not open each other's seals.
func (ch *Channel) beatLocked(now time.Time) error {
	if ch.group == nil {
		return nil
	}
	b := views.Beat{
		From: ch.s.Name(), Epoch: uint64(ch.group.Epoch()), Digest: ch.digestLocked(), At: time.UnixMilli(now.UnixMilli()),
	}
	if err := b.Sign(ch.id, ch.s.identity.Key); err != nil {
		return err
	}
	return ch.s.tellLocked(&wire.Frame{Body: &wire.Frame_Heartbeat{Heartbeat: &wire.Heartbeat{
		Channel: ch.id[:], From: b.From.String(), Epoch: b.Epoch, Digest: b.Digest[:], TimeMs: b.At.UnixMilli(), Signature: b.Signature,
	}}})
}

func (ch *Channel) digestLocked() views.Digest {
	return views.DigestOf(ch.id, uint64(ch.group.Epoch()), ch.group.EpochAuthenticator())
}

// heartbeatLocked compares what another member says with what we know.
func (s *Session) heartbeatLocked(b *wire.Heartbeat) []Event {
	ch := s.channelLocked(b.Channel)
	if ch == nil || ch.group == nil {
		return nil
	}
	from, err := proto.ParseName(b.From)
	if err != nil || len(b.Digest) != len(views.Digest{}) || len(b.Signature) > views.MaxSignature {
		ch.heart.book.Malformed()
		return nil
	}
	now := time.Now()
	news := ch.differences(ch.heart.book.Hear(views.Beat{
		From: from, Epoch: b.Epoch, Digest: views.Digest(b.Digest), At: time.UnixMilli(b.TimeMs), Signature: b.Signature,
	}, now))
	return append(news, ch.viewsLocked(now)...)
}

// enterViewLocked takes the group's epoch into the book, with the members in
// the order of their leaves.
func (ch *Channel) enterViewLocked(members []views.Member) {
	h := &ch.heart
	h.news = append(h.news, ch.differences(h.book.Enter(uint64(ch.group.Epoch()), ch.digestLocked(), members, time.Now()))...)
}

// differences makes alarms of what a comparison has brought to light.
func (ch *Channel) differences(list []views.Difference) []Event {
	var news []Event
	for _, d := range list {
		why := proto.Refusef(proto.ReasonViewsDiffer, "%s has another history of epoch %d than we: some of those who hear it we may not see", d.Member, d.Epoch)
		if d.Hidden {
			why = proto.Refusef(proto.ReasonViewsDiffer, "%s is in epoch %d, which our relay does not show us", d.Member, d.Epoch)
		}
		news = append(news, Alarm{ch.id, why})
	}
	return news
}

// viewsLocked tells a change of the state.
func (ch *Channel) viewsLocked(now time.Time) []Event {
	v := ch.heart.book.Views(now)
	if v.State == ch.heart.shown {
		return nil
	}
	before := ch.heart.shown
	ch.heart.shown = v.State
	ch.s.changedLocked()
	return []Event{ViewsChanged{ch.id, before, v}}
}

// beginAnew is called when we come into a group by joining it.
func (h *heart) beginAnew() {
	h.book.Restart()
	h.awaited = nil
}

// awaitLocked notes a commit that is about to be sent. While the hub is known
// to be away nobody takes it, and its maker is told so at once.
func (ch *Channel) awaitLocked(id proto.MessageID) {
	ch.heart.awaited = nil
	if ch.s.conn != nil && !ch.hubAway {
		ch.heart.awaited = &awaited{id: id, since: time.Now()}
	}
}

// answered takes the answer to a commit. A refusal ends the wait, but for one
// that says only that no answer came: the hub may have taken it all the same.
func (ch *Channel) answered(id proto.MessageID, err error) {
	ch.s.mu.Lock()
	defer ch.s.mu.Unlock()
	a := ch.heart.awaited
	if a == nil || a.id != id {
		return
	}
	switch proto.ReasonOf(err) {
	case proto.ReasonNone:
		a.accepted = true
	case proto.ReasonHubAway, proto.ReasonInternal: // no answer, or no link any more
	default:
		ch.heart.awaited = nil
	}
}

// cameBack ends the wait for a commit.
func (h *heart) cameBack(id proto.MessageID) {
	if h.awaited != nil && h.awaited.id == id {
		h.awaited = nil
	}
}

// overdueLocked alarms, once, about a commit that does not come back.
func (ch *Channel) overdueLocked(now time.Time) []Event {
	a := ch.heart.awaited
	if a == nil || now.Sub(a.since) < CommitBack {
		return nil
	}
	ch.heart.awaited = nil
	if a.accepted {
		return []Event{Alarm{ch.id, proto.Refusef(proto.ReasonViewsDiffer,
			"our change of members is not confirmed: accepted %v ago, but not in the log that our relay shows us", CommitBack)}}
	}
	return []Event{Alarm{ch.id, proto.Refusef(proto.ReasonHubAway, "our change of members is not confirmed: no answer for %v", CommitBack)}}
}
