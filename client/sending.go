package client

import (
	"context"
	"errors"
	"fmt"
	"time"

	"crossband/proto"
	"crossband/proto/wire"
)

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
	if err != nil || f.GetText() == nil || o.tooLate(f, ch.s.relayTime()) != nil || proto.ReasonOf(why) != proto.ReasonRevoked {
		return false
	}
	if names := shortNames(ch.outcasts); ch.warnedOf != names {
		ch.warnedOf = names
		ch.heart.news = append(ch.heart.news, Alarm{ch.id, proto.AsRefusal(why)})
	}
	return true
}

// tooLate refuses a message that has waited too long to be said, at now by the relay.
func (o *outgoing) tooLate(f *wire.Frame, now time.Time) error {
	if h := f.GetHail(); time.Since(o.At) > OutboxLife || h != nil && now.After(time.UnixMilli(h.ExpiresMs)) {
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
	if err := o.tooLate(f, ch.s.relayTime()); err != nil {
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
