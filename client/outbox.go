package client

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	pb "google.golang.org/protobuf/proto"

	"crossband/proto"
	"crossband/proto/wire"
)

// outgoing is a message of ours that has not come back in the channel's log. It is
// kept before it is sent, so that it goes out once, whatever ends this run.
type outgoing struct {
	ID       proto.MessageID
	Number   uint64 // the sender's count on this channel
	Envelope []byte // wire.Frame: the message without seal and epoch
	Message  []byte // wire.Letter: what is to be sealed
	At       time.Time
	Sealed   []byte // of the last try, to be said again as it was; empty: to be sealed
	Epoch    uint64
	Kept     bool   // our relay has it
	Unseen   uint64 // log entries up to this one may have passed us by while it waited: it may be among them

	asked bool           // on this link
	tries int            // seals refused as stale, one after the other
	why   *proto.Refusal // it will not be sent: removed from the outbox
	seq   uint64         // its place in the log: removed from the outbox
}

// Bounds of an outbox.
const (
	maxOutbox  = 100                // messages of one channel that wait
	OutboxLife = 7 * 24 * time.Hour // a message that our relay does not take for so long is given up
)

// ErrWaiting says that a message is in the outbox: it goes out as soon as it can,
// in a later run if need be.
var ErrWaiting = errors.New("client: not sent yet; it waits in the outbox")

// Queued is a message in the outbox.
type Queued struct {
	ID   proto.MessageID
	Kind proto.Kind // KindText, KindHail, KindHailReply, KindPageResult, KindIncidentAct or KindDuty
	At   time.Time  // when it was said
	Kept bool       // our relay has it, and waits for the hub
}

// Outbox lists what has been said on the channel and is not in its log yet, the
// oldest first.
func (ch *Channel) Outbox() []Queued {
	ch.s.mu.Lock()
	defer ch.s.mu.Unlock()
	list := make([]Queued, 0, len(ch.outbox))
	for _, o := range ch.outbox {
		f, err := o.frame()
		if err != nil {
			continue
		}
		list = append(list, Queued{o.ID, proto.KindOf(f), o.At, o.Kept})
	}
	return list
}

// post puts a message into the outbox and waits until our relay has it. envelope
// is the message without number, seal and epoch.
func (ch *Channel) post(ctx context.Context, id proto.MessageID, envelope *wire.Frame, m *wire.Message) error {
	o, err := ch.enqueue(id, envelope, m)
	if err != nil {
		return err
	}
	ch.tellSaid(ctx, o, m.GetText())
	return ch.await(ctx, o, func() bool { return o.Kept })
}

// say posts what moves a hail, an incident or a duty. It waits for it in the log too,
// if the hub is there: our relay's having it changes nothing yet, and the hub may refuse
// it. With the hub away it returns an error that wraps ErrWaiting.
func (ch *Channel) say(ctx context.Context, id proto.MessageID, envelope *wire.Frame, m *wire.Message) error {
	o, err := ch.enqueue(id, envelope, m)
	if err != nil {
		return err
	}
	if err := ch.await(ctx, o, func() bool { return o.Kept && (ch.group == nil || ch.hubAway) }); err != nil {
		return err
	}
	ch.s.mu.Lock()
	defer ch.s.mu.Unlock()
	if slices.Contains(ch.outbox, o) {
		return ErrWaiting
	}
	return nil
}

// await waits until a message has left the outbox or until holds. It returns why the
// message will not be sent, or ErrWaiting if the wait ends before.
func (ch *Channel) await(ctx context.Context, o *outgoing, until func() bool) error {
	out := func() bool { return o.why != nil || !slices.Contains(ch.outbox, o) }
	err := ch.s.wait(ctx, func() bool { return out() || until() })
	ch.s.mu.Lock()
	defer ch.s.mu.Unlock()
	switch {
	case o.why != nil:
		return o.why
	case err != nil:
		return errors.Join(ErrWaiting, err)
	}
	return nil
}

func (ch *Channel) enqueue(id proto.MessageID, envelope *wire.Frame, m *wire.Message) (*outgoing, error) {
	ch.s.mu.Lock()
	defer ch.s.mu.Unlock()
	switch {
	case ch.s.expelled != nil:
		return nil, ch.s.expelled
	case ch.ended() != nil:
		return nil, ch.ended()
	case ch.group == nil && !ch.wanted: // who is on its way back in waits
		return nil, proto.Refuse(proto.ReasonNotMember, ch.charter.Title)
	case len(ch.outbox) >= maxOutbox:
		return nil, proto.Refusef(proto.ReasonFull, "%d messages wait in the outbox", len(ch.outbox))
	}
	now := time.Now()
	o := &outgoing{ID: id, Number: ch.numbers.take(), At: now}
	m.TimeMs = now.UnixMilli()
	proto.SetNumber(proto.EnvelopeOf(envelope), o.Number)
	letter, commitment, err := writeLetter(m)
	proto.SetCommitment(proto.EnvelopeOf(envelope), commitment)
	o.Message = letter
	if err == nil {
		o.Envelope, err = pb.Marshal(envelope)
	}
	if err != nil {
		ch.numbers.giveBack(o.Number)
		return nil, fmt.Errorf("encode message: %w", err)
	}
	ch.outbox = append(ch.outbox, o)
	if err := ch.saveLocked(); err != nil {
		ch.outbox = ch.outbox[:len(ch.outbox)-1]
		ch.numbers.giveBack(o.Number)
		return nil, err
	}
	ch.keepLetterLocked(proto.EnvelopeOf(envelope), letter)
	ch.sendLocked()
	return o, nil
}

// failLocked gives a message up for good and tells why.
func (ch *Channel) failLocked(o *outgoing, why *proto.Refusal) []Event {
	news := ch.abandonLocked(o, why)
	if err := ch.saveLocked(); err != nil {
		news = append(news, Alarm{ch.id, proto.Refuse(proto.ReasonStore, err.Error())})
	}
	ch.s.changedLocked()
	return news
}

func (ch *Channel) abandonLocked(o *outgoing, why *proto.Refusal) []Event {
	ch.numbers.giveBack(o.Number)
	return ch.failedLocked(o, why)
}

// failedLocked notes that a message is not on its way, whatever became of it.
func (ch *Channel) failedLocked(o *outgoing, why *proto.Refusal) []Event {
	o.why = why
	ch.takeOutLocked(o)
	news := []Event{MessageMoved{Channel: ch.id, ID: o.ID, State: MessageFailed, Why: why}}
	if h := ch.s.hails[o.ID]; h != nil && h.ch == ch && h.state == proto.HailSent { // nobody has heard it
		h.state, h.reason = proto.HailExpired, why.Reason
		news = append(news, HailMoved{Channel: ch.id, Hail: h.id, State: h.state, By: ch.s.Name(), Reason: h.reason, At: time.Now()})
	}
	return news
}

// returnedLocked takes back a message that our relay had accepted.
func (s *Session) returnedLocked(b *wire.Returned) []Event {
	ch := s.channelLocked(b.Channel)
	id, err := proto.MessageIDFrom(b.Id)
	if ch == nil || err != nil {
		return nil
	}
	var news []Event
	why := proto.Refuse(reasonOf(b.Code), b.Detail)
	o := ch.findOutLocked(id)
	switch {
	case o == nil: // it was in the log: it has expired unread
		news = []Event{MessageMoved{Channel: ch.id, ID: id, State: MessageFailed, Why: why}}
	case why.Reason == proto.ReasonStaleEpoch:
		o.Sealed, o.Kept, o.asked = nil, false, false
		if err := ch.saveLocked(); err != nil {
			return []Event{Alarm{ch.id, proto.Refuse(proto.ReasonStore, err.Error())}} // it is told again on the next link
		}
		ch.sendLocked()
	default:
		news = ch.failLocked(o, why)
	}
	s.tellLocked(&wire.Frame{Body: &wire.Frame_ReturnedAck{ReturnedAck: &wire.ReturnedAck{Channel: b.Channel, Id: b.Id}}})
	return news
}

func (ch *Channel) findOutLocked(id proto.MessageID) *outgoing {
	for _, o := range ch.outbox {
		if o.ID == id {
			return o
		}
	}
	return nil
}

// ownLocked reports whether a log entry is what we sent. We cannot open our own
// seal, so the envelope is compared with the one that we sent.
func (ch *Channel) ownLocked(id proto.MessageID, aad []byte, seq uint64) (bool, error) {
	o := ch.findOutLocked(id)
	if o == nil {
		return false, nil
	}
	sent, err := o.aad()
	if err != nil || string(sent) != string(aad) {
		// Nobody can read it. Its number stays used, so that all see the gap.
		why := proto.Refuse(proto.ReasonMalformed, "the envelope of our own message was changed on its way")
		ch.news = append(ch.news, ch.failedLocked(o, why)...)
		return true, why
	}
	ch.orderedLocked(o, seq)
	return true, nil
}

// orderedLocked notes that a message of ours is in the log; seq is 0 when it is not
// known where.
func (ch *Channel) orderedLocked(o *outgoing, seq uint64) {
	o.seq = seq
	ch.takeOutLocked(o)
	if seq != 0 {
		ch.mine.add(o.ID, seq)
	}
	ch.news = append(ch.news, MessageMoved{Channel: ch.id, ID: o.ID, State: MessageOrdered, Seq: seq})
}

func (ch *Channel) takeOutLocked(o *outgoing) {
	ch.outbox = slices.DeleteFunc(ch.outbox, func(x *outgoing) bool { return x == o })
}

// failAllLocked gives up what waits on a channel that has ended, or that we have
// been taken out of.
func (ch *Channel) failAllLocked(why *proto.Refusal) (news []Event) {
	for _, o := range slices.Clone(ch.outbox) {
		news = append(news, ch.failLocked(o, why)...)
	}
	return news
}

func (o *outgoing) frame() (*wire.Frame, error) {
	f := new(wire.Frame)
	return f, pb.Unmarshal(o.Envelope, f)
}

func (o *outgoing) aad() ([]byte, error) {
	f, err := o.frame()
	if err != nil {
		return nil, err
	}
	envelope := proto.EnvelopeOf(f)
	if envelope == nil {
		return nil, proto.Refuse(proto.ReasonUnknown, "message in the outbox")
	}
	return envelopeAAD(envelope)
}
