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
	Message  []byte // wire.Message: what is to be sealed
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
	Kind proto.Kind // KindText, KindHail or KindHailReply
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
	err = ch.s.wait(ctx, func() bool { return o.Kept || o.why != nil || o.seq != 0 })
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
	case ch.group == nil && !ch.wanted: // who is on its way back in waits
		return nil, proto.Refuse(proto.ReasonNotMember, ch.charter.Title)
	case ch.ended() != nil:
		return nil, ch.ended()
	case len(ch.outbox) >= maxOutbox:
		return nil, proto.Refusef(proto.ReasonFull, "%d messages wait in the outbox", len(ch.outbox))
	}
	now := time.Now()
	o := &outgoing{ID: id, Number: ch.numbers.take(), At: now}
	m.TimeMs = now.UnixMilli()
	proto.SetNumber(proto.EnvelopeOf(envelope), o.Number)
	var err, err2 error
	o.Envelope, err = pb.Marshal(envelope)
	o.Message, err2 = pb.Marshal(m)
	if err = errors.Join(err, err2); err != nil {
		ch.numbers.giveBack(o.Number)
		return nil, fmt.Errorf("encode message: %w", err)
	}
	ch.outbox = append(ch.outbox, o)
	if err := ch.saveLocked(); err != nil {
		ch.outbox = ch.outbox[:len(ch.outbox)-1]
		ch.numbers.giveBack(o.Number)
		return nil, err
	}
	ch.sendLocked()
	return o, nil
}

// sendLocked starts the one goroutine that empties the channel's outbox. It ends
// when nothing is left to send, or with the link.
func (ch *Channel) sendLocked() {
	if ch.sending || ch.s.conn == nil || ch.out == 0 || ch.group == nil || ch.nextOutLocked() == nil {
		return
	}
	ch.sending = true
	ch.s.wg.Go(func() {
		for wait := sendAgainFirst; ch.sendNext(); {
			if ch.progressed() {
				wait = sendAgainFirst
				continue
			}
			sleep(ch.s.ctx, wait)
			wait = min(2*wait, sendAgainMost)
		}
	})
}

// Waits after a try that did not bring a message on its way.
const (
	sendAgainFirst = 500 * time.Millisecond
	sendAgainMost  = 10 * time.Second
	sendTimeout    = 2 * proto.AnswerTimeout
)

// nextOutLocked is the first message that our relay has not been given on this
// link.
func (ch *Channel) nextOutLocked() *outgoing {
	for _, o := range ch.outbox {
		if !o.asked {
			return o
		}
	}
	return nil
}

// progressed reports, once, whether the last try brought a message on its way.
func (ch *Channel) progressed() bool {
	ch.s.mu.Lock()
	defer ch.s.mu.Unlock()
	moved := ch.moved
	ch.moved = false
	return moved
}

// sendNext tries the first message that is to be sent; false, and the goroutine is
// at its end, when there is none or no way to send it. Whatever changes that starts
// it again.
func (ch *Channel) sendNext() bool {
	ctx, cancel := context.WithTimeout(ch.s.ctx, sendTimeout)
	defer cancel()
	ch.freshenFor(ctx)
	clean := ch.beforeSending(ctx)
	ch.s.mu.Lock()
	o := ch.nextOutLocked()
	if o == nil || ch.s.conn == nil || ch.out == 0 || ch.group == nil || ch.s.ctx.Err() != nil {
		ch.sending = false
		ch.s.mu.Unlock()
		return false
	}
	if clean != nil {
		if o = ch.notHeldLocked(clean); o == nil {
			ch.s.mu.Unlock()
			return true
		}
	}
	f, err := (*wire.Frame)(nil), clean
	if err == nil || len(o.Sealed) > 0 {
		f, err = ch.readyLocked(o)
	}
	ch.s.mu.Unlock()
	if err == nil {
		var a *wire.Frame
		if a, err = ch.s.call(ctx, f); err == nil {
			ch.taken(o, a.GetAppended())
			return true
		}
	}
	ch.notTaken(ctx, o, err)
	return true
}

// notHeldLocked is the first message that is not held back by why: it would hold
// back a call for help behind it.
func (ch *Channel) notHeldLocked(why error) *outgoing {
	for _, o := range ch.outbox {
		if !o.asked && (len(o.Sealed) > 0 || !ch.heldBackLocked(o, why)) {
			return o
		}
	}
	return nil
}

// heldBackLocked keeps a text in the outbox that a revoked member would read, until
// that one is out of the group, and alarms once. Calls for help and their answers
// fail at once instead: whoever waits for help must know.
func (ch *Channel) heldBackLocked(o *outgoing, why error) bool {
	f, err := o.frame()
	if err != nil || f.GetText() == nil || o.tooLate(f) != nil || proto.ReasonOf(why) != proto.ReasonRevoked {
		return false
	}
	if names := shortNames(ch.outcasts); ch.warnedOf != names {
		ch.warnedOf = names
		ch.heart.news = append(ch.heart.news, Alarm{ch.id, proto.AsRefusal(why)})
	}
	return true
}

// tooLate refuses a message that has waited too long to be said.
func (o *outgoing) tooLate(f *wire.Frame) error {
	if h := f.GetHail(); time.Since(o.At) > OutboxLife || h != nil && time.Now().After(time.UnixMilli(h.ExpiresMs)) {
		return proto.Refuse(proto.ReasonRetention, "it waited since "+o.At.UTC().Format(time.RFC3339))
	}
	return nil
}

// readyLocked returns the message as it is to be sent. It is sealed once in an
// epoch and said again as it was: whoever has it already knows it again.
func (ch *Channel) readyLocked(o *outgoing) (*wire.Frame, error) {
	f, err := o.frame()
	if err != nil {
		return nil, err
	}
	if err := o.tooLate(f); err != nil {
		return nil, err
	}
	if ch.old {
		return nil, errOldState
	}
	if len(o.Sealed) == 0 {
		aad, err := o.aad()
		if err != nil {
			return nil, err
		}
		if o.Sealed, err = ch.group.Encrypt(o.Message, aad); err != nil {
			return nil, fmt.Errorf("seal message: %w", err)
		}
		o.Epoch = uint64(ch.group.Epoch())
		if err := ch.saveLocked(); err != nil { // the ratchet and the seal, before anybody can see it
			o.Sealed = nil
			return nil, err
		}
	}
	proto.SetSealed(proto.EnvelopeOf(f), o.Sealed, o.Epoch)
	return f, nil
}

// errOldState says that this state seals nothing more: the device comes in anew.
var errOldState = errors.New("client: the group's state is an old copy")

// taken notes that our relay has the message.
func (ch *Channel) taken(o *outgoing, a *wire.Appended) {
	ch.s.mu.Lock()
	o.asked, o.tries, ch.moved = true, 0, true
	var news []Event
	switch seq := a.GetSeq(); {
	case o.seq != 0 || o.why != nil:
	case seq != 0 && seq <= o.Unseen: // nothing else will show us that it is in the log
		ch.orderedLocked(o, seq)
		news = ch.keepNewsLocked()
	case !o.Kept:
		o.Kept = true
		ch.news = append(ch.news, MessageMoved{Channel: ch.id, ID: o.ID, State: MessageKept})
		news = ch.keepNewsLocked()
	}
	ch.s.changedLocked()
	ch.s.mu.Unlock()
	ch.s.emitAll(news)
}

// keepNewsLocked keeps the channel's state and returns what is to be told of it.
func (ch *Channel) keepNewsLocked() []Event {
	news := ch.news
	ch.news = nil
	if err := ch.saveLocked(); err != nil {
		news = append(news, Alarm{ch.id, proto.Refuse(proto.ReasonStore, err.Error())})
	}
	return news
}

// alreadyThere notes that the channel has a message under another seal of ours. It
// is in the log where we could not see it, or will come in it.
func (ch *Channel) alreadyThere(o *outgoing) {
	ch.s.mu.Lock()
	var news []Event
	o.asked, o.tries, ch.moved = true, 0, true
	if o.Unseen != 0 && o.seq == 0 {
		ch.orderedLocked(o, 0)
		news = ch.keepNewsLocked()
	}
	ch.s.changedLocked()
	ch.s.mu.Unlock()
	ch.s.emitAll(news)
}

// notTaken decides what becomes of a message that was not taken.
func (ch *Channel) notTaken(ctx context.Context, o *outgoing, err error) {
	reason := proto.ReasonOf(err)
	switch {
	case errors.Is(err, ErrNoLink): // it may still be closing
	case reason == proto.ReasonStaleEpoch:
		ch.s.mu.Lock()
		o.Sealed = nil
		o.tries++
		ch.moved = o.tries < joinTries
		ch.s.mu.Unlock()
		ch.catchUp(ctx) // or the next try finds out
	case reason == proto.ReasonConflict && o.Kept:
		ch.alreadyThere(o)
	case isRefusal(err) && !passes(reason):
		ch.s.mu.Lock()
		news := ch.failLocked(o, proto.AsRefusal(err))
		ch.moved = true
		ch.s.mu.Unlock()
		ch.s.emitAll(news)
	default:
		ch.s.log.Info("message not taken; it is tried again", "channel", ch.id.Short(), "code", int(reason), "why", err.Error())
	}
}

func isRefusal(err error) bool {
	var r *proto.Refusal
	return errors.As(err, &r)
}

// passes tells reasons that may be over later from rules that stay.
func passes(r proto.Reason) bool {
	switch r {
	case proto.ReasonHubAway, proto.ReasonQuota, proto.ReasonSlow, proto.ReasonClosing, proto.ReasonStore, proto.ReasonInternal, proto.ReasonNotReady:
		return true
	}
	return false
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
