package client

import (
	"context"
	"errors"
	"fmt"
	"time"

	"crossband/client/phrase"
	"crossband/crypto/mls"
	"crossband/proto"
	"crossband/proto/wire"
)

// Hail is a call for help, ours or one that we have seen.
type Hail struct {
	s        *Session
	ch       *Channel // the calling channel
	id       proto.MessageID
	incident proto.IncidentID
	from, to proto.Name
	state    proto.HailState
	reason   proto.Reason
	by       proto.Name      // who has it
	opened   proto.ChannelID // the incident's channel, once there is one

	announced bool // everybody on the calling channel can know of it
	again     bool // it rang before a restart and has not rung again yet
	ring      ring // what was said with it
	rang      rang // where it has made this device ring
}

// HailOptions says how a hail is made. The zero value is an urgent one.
type HailOptions struct {
	Urgency  proto.Priority // 0: PriorityUrgent
	Life     time.Duration  // how long it may ring unanswered; 0: two minutes
	Exercise bool
	Note     string // free text beside the phrase

	// ID and Incident name the hail and its incident; zero: new ones. They let a
	// caller that may have died before it wrote down that it had called call
	// again: a hail that is known here, or in the channel's log (ReasonConflict),
	// is not made twice. An incident in which this endpoint has a part already takes
	// further hails.
	ID       proto.MessageID
	Incident proto.IncidentID
}

// Hail calls a desk on this calling channel, of another agency or the own. It returns when
// our relay has the call; State and WaitState follow it. With the hub away the call
// waits for it, until the call expires. When ctx ends before, it returns the hail
// with an error that wraps ErrWaiting.
func (ch *Channel) Hail(ctx context.Context, to proto.Name, what phrase.Content, o HailOptions) (*Hail, error) {
	if err := what.Validate(); err != nil {
		return nil, proto.Refuse(proto.ReasonMalformed, err.Error())
	}
	if ch.charter.Kind == proto.KindCalling && !ch.charter.MayHail(ch.s.Name()) {
		return nil, proto.Refusef(proto.ReasonCharter, "%s may not hail on %s", ch.s.Name(), ch.charter.Title)
	}
	if o.Urgency == 0 {
		o.Urgency = proto.PriorityUrgent
	}
	if o.Life == 0 {
		o.Life = 2 * time.Minute
	}
	content, err := what.AppendTo(nil)
	if err != nil {
		return nil, proto.Refuse(proto.ReasonMalformed, err.Error())
	}
	s := ch.s
	now := s.relayTime()
	expires := now.Add(o.Life).UnixMilli()
	h := &Hail{s: s, ch: ch, id: o.ID, incident: o.Incident, from: s.Name(), to: to, state: proto.HailSent, ring: ring{
		Urgency: o.Urgency, Exercise: o.Exercise, Phrase: content, Note: o.Note, Expires: time.UnixMilli(expires), At: now,
	}}
	if h.id == (proto.MessageID{}) {
		h.id = proto.NewMessageID()
	}
	if h.incident == (proto.IncidentID{}) {
		h.incident = proto.NewIncidentID()
	}
	s.mu.Lock()
	if known := s.hails[h.id]; known != nil {
		s.mu.Unlock()
		return known, nil
	}
	s.rememberLocked(h)
	s.mu.Unlock()
	err = ch.post(ctx, h.id, &wire.Frame{Body: &wire.Frame_Hail{Hail: &wire.Hail{
		Channel: ch.id[:], Id: h.id[:], Incident: h.incident[:], From: h.from.String(), To: to.String(),
		Urgency: uint32(o.Urgency), Exercise: o.Exercise, ExpiresMs: expires,
	}}}, &wire.Message{Body: &wire.Message_Phrase{Phrase: content}, Note: o.Note})
	if err != nil && !errors.Is(err, ErrWaiting) {
		s.mu.Lock()
		delete(s.hails, h.id)
		s.mu.Unlock()
		return nil, err
	}
	return h, err
}

// FindHail returns a hail that this endpoint sent or has seen, or nil.
func (s *Session) FindHail(id proto.MessageID) *Hail {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.hails[id]
}

// ID returns the hail's identifier.
func (h *Hail) ID() proto.MessageID { return h.id }

// Incident returns the incident that the hail opens.
func (h *Hail) Incident() proto.IncidentID { return h.incident }

// Exercise reports whether it is one.
func (h *Hail) Exercise() bool { return h.ring.Exercise }

// State returns where the hail stands, and why if it was declined.
func (h *Hail) State() (proto.HailState, proto.Reason) {
	h.s.mu.Lock()
	defer h.s.mu.Unlock()
	return h.state, h.reason
}

// WaitState waits until the hail has come at least to state, or is over.
func (h *Hail) WaitState(ctx context.Context, state proto.HailState) (proto.HailState, error) {
	var now proto.HailState
	err := h.s.wait(ctx, func() bool { now = h.state; return now >= state })
	return now, err
}

// WaitIncident waits for the incident's channel.
func (h *Hail) WaitIncident(ctx context.Context) (proto.ChannelID, error) {
	var id proto.ChannelID
	err := h.s.wait(ctx, func() bool { id = h.opened; return h.announced || h.state.Over() })
	if err == nil && id == (proto.ChannelID{}) {
		return id, proto.Refusef(proto.ReasonHailState, "%s", h.state)
	}
	return id, err
}

// Reply moves the hail on: Accepted, Committed, Declined, Cancelled or
// Released, with words of the phrasebook if what is not nil. It returns nil when it is
// in the log, for the hub may refuse it until then, and returns that refusal. While the
// hub or our relay is away, or when ctx ends before, it returns an error that wraps
// ErrWaiting: the reply goes out when it can, and MessageMoved tells what becomes of it.
func (h *Hail) Reply(ctx context.Context, state proto.HailState, reason proto.Reason, what *phrase.Content) error {
	return h.ReplyAs(ctx, proto.NewMessageID(), state, reason, what)
}

// ReplyAs replies under an identifier of the caller's, who may learn by it
// (MessageMoved) what became of the reply and may reply again after a crash: one that
// is on its way, or has been lately, is not sent twice.
func (h *Hail) ReplyAs(ctx context.Context, id proto.MessageID, state proto.HailState, reason proto.Reason, what *phrase.Content) error {
	if h.ch.Delivery(id).State != 0 {
		return nil
	}
	m := &wire.Message{}
	if what != nil {
		content, err := what.AppendTo(nil)
		if err != nil {
			return proto.Refuse(proto.ReasonMalformed, err.Error())
		}
		m.Body = &wire.Message_Phrase{Phrase: content}
	}
	h.s.mu.Lock()
	role := h.ch.book.RoleOf(h.id, h.s.Name())
	h.s.mu.Unlock()
	return h.ch.say(ctx, id, &wire.Frame{Body: &wire.Frame_HailReply{HailReply: &wire.HailReply{
		Channel: h.ch.id[:], Id: id[:], Hail: h.id[:], From: h.s.Name().String(), Role: role.String(),
		State: uint32(state), Reason: uint32(reason),
	}}}, m)
}

// hailLocked reads a hail out of the log. Received where it rings, it is
// acknowledged at once. Our own counts too: the log says when it was made.
func (ch *Channel) hailLocked(e *wire.Entry, b *wire.Hail) ([]Event, error) {
	m, from, known, err := ch.sealedByLocked(e, b)
	if err != nil || !known {
		return nil, err
	}
	if err := ch.book.Hail(b, from, time.UnixMilli(e.TimeMs)); err != nil {
		return nil, err
	}
	c, _ := ch.book.Call(proto.MessageID(b.Id)) // has been judged
	h := ch.s.hails[c.ID]
	if from == ch.s.Name() {
		h.syncLocked()
		return nil, nil
	}
	if h != nil {
		return nil, proto.Refuse(proto.ReasonConflict, c.ID.String())
	}
	h = &Hail{s: ch.s, ch: ch, id: c.ID, incident: c.Incident, from: from, to: c.To, ring: ring{
		Urgency: c.Urgency, Exercise: c.Exercise, Phrase: m.GetPhrase(), Note: m.GetNote(),
		Expires: time.UnixMilli(b.ExpiresMs), At: c.Made,
	}}
	ch.s.rememberLocked(h)
	h.syncLocked()
	if news := h.ringLocked(); len(news) > 0 {
		return news, nil
	}
	return []Event{h.event()}, nil // it rings elsewhere
}

// syncLocked takes over from the book where the hail stands.
func (h *Hail) syncLocked() {
	if h == nil {
		return
	}
	if c, ok := h.ch.book.Call(h.id); ok {
		h.state, h.reason, h.by = c.State, c.Reason, c.Holder
	}
}

// replyLocked reads a reply out of the log. Our own count too: the log is
// where a hail's state comes from.
func (ch *Channel) replyLocked(e *wire.Entry, b *wire.HailReply) ([]Event, error) {
	hid, err := proto.MessageIDFrom(b.Hail)
	if err != nil {
		return nil, err
	}
	if ch.holes.holdsUp(e) {
		return nil, fmt.Errorf("%w: %s", errElsewhere, e.Agency)
	}
	by, said, err := ch.openReplyLocked(e, b)
	if err != nil {
		if errors.Is(err, mls.ErrOwnMessage) { // of a run before this one
			return nil, nil
		}
		if errors.Is(err, mls.ErrNoEpochKeys) {
			ch.book.Doubt(hid)
		}
		return nil, err
	}
	if _, known := ch.book.Call(hid); !known {
		return nil, nil // of before our time
	}
	news, err := ch.moveLocked(hid, b, by, time.UnixMilli(e.TimeMs))
	if err != nil {
		return nil, err
	}
	c, _ := ch.book.Call(hid)
	moved := HailMoved{
		Channel: ch.id, Hail: hid, State: c.State, Said: proto.HailState(b.State), By: by, Round: c.Round, Reason: reasonOf(b.Reason),
		Content: said.content, Unreadable: said.unreadable, Exercise: c.Exercise, At: time.UnixMilli(e.TimeMs),
	}
	moved.For, _ = proto.ParseName(b.Role)
	news = append([]Event{moved}, news...)
	if h := ch.s.hails[hid]; h != nil && h.ch == ch { // it may have been forgotten
		news = append(news, h.ringLocked()...)
	}
	return news, nil
}

// moveLocked applies the rule that the hub applied, so that the hub need not be
// believed.
func (ch *Channel) moveLocked(hail proto.MessageID, b *wire.HailReply, by proto.Name, at time.Time) ([]Event, error) {
	var news []Event
	if by.Role == proto.RoleRelay { // only the hub's clock says so, and only of a call that nobody took
		early, err := ch.book.Expire(hail, at)
		if err != nil {
			return nil, err
		}
		if early && len(ch.holes.list) == 0 {
			news = append(news, Alarm{ch.id, proto.Refusef(proto.ReasonLadder, "hail %s expired before its time", hail)})
		}
	} else if err := ch.book.Reply(b, by, at); err != nil {
		return nil, err
	}
	h := ch.s.hails[hail]
	if h == nil || h.ch != ch {
		return news, nil
	}
	h.syncLocked()
	if proto.HailState(b.State) == proto.HailAccepted && h.from == ch.s.Name() {
		ch.s.task("open incident", func(ctx context.Context) error { return h.openIncident(ctx, by) })
	}
	return news, nil
}

// openReplyLocked returns who replied and what was said. Only an expiry, which
// the hub's clock makes, comes without a seal.
func (ch *Channel) openReplyLocked(e *wire.Entry, b *wire.HailReply) (proto.Name, words, error) {
	from, err := proto.ParseName(b.From)
	if err != nil {
		return proto.Name{}, words{}, proto.Refuse(proto.ReasonMalformed, err.Error())
	}
	_, aad, own, err := ch.arrivedLocked(e, b)
	if own || err != nil {
		return ch.s.Name(), words{}, err
	}
	if len(b.Sealed) == 0 {
		if from.Role != proto.RoleRelay || from.Agency != ch.charter.Owner || proto.HailState(b.State) != proto.HailExpired {
			return proto.Name{}, words{}, proto.Refusef(proto.ReasonSpokenFor, "an unsealed reply of %s", from)
		}
		return from, words{}, nil
	}
	m, by, err := ch.openLocked(b, aad)
	if err != nil {
		return proto.Name{}, words{}, err
	}
	if by != from {
		return proto.Name{}, words{}, proto.Refusef(proto.ReasonSpokenFor, "a reply of %s sealed by %s", from, by)
	}
	ch.countLocked(by, b.Number)
	return by, wordsOf(m), nil
}

// words is what came with a reply.
type words struct {
	content    *phrase.Content // nil: nothing that can be read
	unreadable bool
}

// wordsOf reads the words of a reply. What cannot be read, of a newer phrasebook
// perhaps, does not undo the reply: the hub has moved the hail on.
func wordsOf(m *wire.Message) words {
	if len(m.GetPhrase()) == 0 {
		return words{}
	}
	content, err := phrase.ParseContent(m.GetPhrase())
	if err != nil {
		return words{unreadable: true}
	}
	return words{content: &content}
}
