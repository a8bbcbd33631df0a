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
	by       proto.Name      // who accepted
	opened   proto.ChannelID // the incident's channel, once there is one

	announced bool // everybody on the calling channel can know of it
	again     bool // it rang before a restart and has not rung again yet
	ring      ring // of one received
}

// HailOptions says how a hail is made. The zero value is an urgent one.
type HailOptions struct {
	Urgency  proto.Priority // 0: PriorityUrgent
	Life     time.Duration  // how long it may ring unanswered; 0: two minutes
	Exercise bool
	Note     string // free text beside the phrase
}

// Hail calls a desk of another agency on this calling channel. It returns when
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
	h := &Hail{s: s, ch: ch, id: proto.NewMessageID(), incident: proto.NewIncidentID(), from: s.Name(), to: to, state: proto.HailSent}
	s.mu.Lock()
	s.rememberLocked(h)
	s.mu.Unlock()
	expires := time.Now().Add(o.Life).UnixMilli()
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

// maxHails bounds the hails that a session remembers; beyond it those that are
// over go, and then any.
const maxHails = 1024

func (s *Session) rememberLocked(h *Hail) {
	for _, overOnly := range []bool{true, false} {
		for id, old := range s.hails {
			if len(s.hails) < maxHails {
				break
			}
			if old.state.Over() || !overOnly {
				delete(s.hails, id)
			}
		}
	}
	s.hails[h.id] = h
}

// FindHail returns a hail that this endpoint sent or has seen, or nil.
func (s *Session) FindHail(id proto.MessageID) *Hail {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.hails[id]
}

// ID returns the hail's identifier.
func (h *Hail) ID() proto.MessageID { return h.id }

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
// Released, with words of the phrasebook if what is not nil. It returns when the
// hub has it.
func (h *Hail) Reply(ctx context.Context, state proto.HailState, reason proto.Reason, what *phrase.Content) error {
	m := &wire.Message{}
	if what != nil {
		content, err := what.AppendTo(nil)
		if err != nil {
			return proto.Refuse(proto.ReasonMalformed, err.Error())
		}
		m.Body = &wire.Message_Phrase{Phrase: content}
	}
	id := proto.NewMessageID()
	err := h.ch.post(ctx, id, &wire.Frame{Body: &wire.Frame_HailReply{HailReply: &wire.HailReply{
		Channel: h.ch.id[:], Id: id[:], Hail: h.id[:], From: h.s.Name().String(), State: uint32(state), Reason: uint32(reason),
	}}}, m)
	if err != nil {
		return err
	}
	// Wait for it in the log too, if the hub is there: a run that ends before
	// would not know that the hail is answered.
	h.s.wait(ctx, func() bool { return h.ch.findOutLocked(id) == nil || h.ch.group == nil || h.ch.hubAway })
	return nil
}

// hailLocked reads a hail out of the log. Received at its addressee, it is
// acknowledged at once: it rings here.
func (ch *Channel) hailLocked(e *wire.Entry, b *wire.Hail) ([]Event, error) {
	id, m, from, err := ch.readLocked(e, b)
	if err != nil || m == nil {
		return nil, err
	}
	to, err := proto.ParseName(b.To)
	if err != nil || b.From != from.String() {
		return nil, proto.Refusef(proto.ReasonSpokenFor, "a hail of %s sealed by %s", b.From, from)
	}
	if ch.charter.Kind == proto.KindCalling && !ch.charter.MayHail(from) { // whatever the hub let pass
		return nil, proto.Refusef(proto.ReasonCharter, "%s may not hail", from)
	}
	incident, err := proto.IncidentIDFrom(b.Incident)
	if err != nil {
		return nil, err
	}
	if ch.s.hails[id] != nil {
		return nil, proto.Refuse(proto.ReasonConflict, id.String())
	}
	h := &Hail{s: ch.s, ch: ch, id: id, incident: incident, from: from, to: to, state: proto.HailSent, ring: ring{
		Urgency: proto.Priority(b.Urgency), Exercise: b.Exercise, Phrase: m.GetPhrase(), Note: m.GetNote(),
		Expires: time.UnixMilli(b.ExpiresMs), At: time.UnixMilli(e.TimeMs),
	}}
	ch.s.rememberLocked(h)
	if to == ch.s.Name() && (ch.holes.late == nil || h.rings()) { // a late one may have rung itself out
		h.acknowledge()
	}
	return []Event{h.event()}, nil
}

// replyLocked reads a reply out of the log. Our own count too: the log is
// where a hail's state comes from.
func (ch *Channel) replyLocked(e *wire.Entry, b *wire.HailReply) ([]Event, error) {
	hid, err := proto.MessageIDFrom(b.Hail)
	if err != nil {
		return nil, err
	}
	if ch.holes.waitsFor(b.Hail) { // it is read after its hail
		return nil, fmt.Errorf("%w: %s", errElsewhere, e.Agency)
	}
	by, content, err := ch.openReplyLocked(e, b)
	if err != nil {
		if errors.Is(err, mls.ErrOwnMessage) { // of a run before this one
			return nil, nil
		}
		return nil, err
	}
	h := ch.s.hails[hid]
	if h == nil || h.ch != ch {
		return nil, nil // of before our time, or not this channel's to move
	}
	next := proto.HailState(b.State)
	if !h.moves(next, by) {
		return nil, proto.Refusef(proto.ReasonHailState, "%s to %s by %s", h.state, next, by)
	}
	h.state, h.reason = next, reasonOf(b.Reason)
	if next == proto.HailAccepted {
		h.by = by
	}
	if next == proto.HailAccepted && h.from == ch.s.Name() {
		ch.s.task("open incident", func(ctx context.Context) error { return h.openIncident(ctx, by) })
	}
	return []Event{HailMoved{ch.id, hid, next, by, reasonOf(b.Reason), content, time.UnixMilli(e.TimeMs)}}, nil
}

// moves applies the rule that the hub applied, so that the hub need not be
// believed.
func (h *Hail) moves(next proto.HailState, by proto.Name) bool {
	switch {
	case next == proto.HailExpired: // only the hub's clock says so, and only of a call that nobody took
		return by.Role == proto.RoleRelay && h.state < proto.HailAccepted
	case by == h.from:
		return h.state.CanBecome(next, proto.SideCaller)
	case by.Agency == h.to.Agency && by.Role == proto.RoleDesk:
		return h.state.CanBecome(next, proto.SideCalled)
	}
	return false
}

// openReplyLocked returns who replied and what was said. Only an expiry, which
// the hub's clock makes, comes without a seal.
func (ch *Channel) openReplyLocked(e *wire.Entry, b *wire.HailReply) (proto.Name, *phrase.Content, error) {
	from, err := proto.ParseName(b.From)
	if err != nil {
		return proto.Name{}, nil, proto.Refuse(proto.ReasonMalformed, err.Error())
	}
	_, aad, own, err := ch.arrivedLocked(e, b)
	if own || err != nil {
		return ch.s.Name(), nil, err
	}
	if len(b.Sealed) == 0 {
		if from.Role != proto.RoleRelay || from.Agency != ch.charter.Owner || proto.HailState(b.State) != proto.HailExpired {
			return proto.Name{}, nil, proto.Refusef(proto.ReasonSpokenFor, "an unsealed reply of %s", from)
		}
		return from, nil, nil
	}
	m, by, err := ch.openLocked(b.Sealed, aad, b.Epoch)
	if err != nil {
		return proto.Name{}, nil, err
	}
	if by != from {
		return proto.Name{}, nil, proto.Refusef(proto.ReasonSpokenFor, "a reply of %s sealed by %s", from, by)
	}
	ch.countLocked(by, b.Number)
	if len(m.GetPhrase()) == 0 {
		return by, nil, nil
	}
	content, err := phrase.ParseContent(m.GetPhrase())
	if err != nil {
		return proto.Name{}, nil, proto.Refuse(proto.ReasonMalformed, err.Error())
	}
	return by, &content, nil
}
