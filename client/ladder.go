package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"crossband/crypto/mls"
	"crossband/proto"
	"crossband/proto/incident"
	"crossband/proto/wire"
)

// pageLocked reads a step of a hail's ladder out of the log, and holds it against the
// charter: a hub that pages too early, leaves a step out or pages after somebody has
// accepted is seen. Whom the step reaches here, it makes ring.
func (ch *Channel) pageLocked(e *wire.Entry, b *wire.Page) ([]Event, error) {
	id, err := proto.MessageIDFrom(b.Hail)
	if err != nil {
		return nil, err
	}
	if ch.holes.holdsUp(e) {
		return nil, fmt.Errorf("%w: %s", errElsewhere, e.Agency)
	}
	at := time.UnixMilli(e.TimeMs)
	applied, err := ch.book.Page(b, at)
	if err == nil && at.After(ch.s.relayTime().Add(proto.ClockSkewWarning)) {
		err = proto.Refusef(proto.ReasonLadder, "a page of %s, which is yet to come", at.UTC().Format(time.RFC3339))
	}
	var news []Event
	if err != nil && len(ch.holes.list) == 0 { // what could not be read yet may be what called for it
		news = append(news, Alarm{ch.id, proto.Refusef(proto.ReasonLadder, "hail %s: %v", id, proto.AsRefusal(err).Detail)})
	}
	c, known := ch.book.Call(id)
	if !applied || !known {
		return news, nil
	}
	step := int(b.Step)
	news = append(news, Paged{
		Channel: ch.id, Hail: id, Incident: c.Incident, Round: c.Round, Step: step,
		To: ch.book.Targets(id, step), Exercise: c.Exercise, At: at,
	})
	if h := ch.s.hails[id]; h != nil && h.ch == ch {
		h.syncLocked()
		news = append(news, h.ringLocked()...)
	}
	return news, nil
}

// clockLocked takes the log's time from entries before they are read: what rang itself
// out while we were away does not ring on the way. A time that is yet to come is none.
func (ch *Channel) clockLocked(list []*wire.Entry) {
	now := ch.s.relayTime()
	for _, e := range list {
		if at := time.UnixMilli(e.TimeMs); at.After(ch.logTime) && !at.After(now.Add(proto.ClockSkewWarning)) {
			ch.logTime = at
		}
	}
}

// ringsLocked reports whether the hail waits for an answer here. One that comes late may
// have rung itself out, by the time of the log: this device's clock may be wrong.
func (h *Hail) ringsLocked() bool {
	if _, rings := h.ch.book.Rings(h.id, h.s.Name()); !rings {
		return false
	}
	return h.state >= proto.HailAccepted || h.ch.logTime.Before(h.ch.book.Ends(h.id))
}

// ringLocked makes this device ring, once for each step of the ladder that reaches
// it, and says to the others that it does.
func (h *Hail) ringLocked() []Event {
	c, known := h.ch.book.Call(h.id)
	if !known || h.again {
		return nil
	}
	if !h.ringsLocked() {
		h.rang = rang{}
		return nil
	}
	step, _ := h.ch.book.Rings(h.id, h.s.Name())
	now := rang{c.Round, step}
	if h.rang == now {
		return nil
	}
	h.rang = now
	role := h.ch.book.RoleOf(h.id, h.s.Name())
	if role == (proto.Name{}) {
		role = h.s.Name()
	}
	for _, r := range c.Reached {
		if r.Name == role && !r.Received {
			h.s.task("acknowledge hail", func(ctx context.Context) error {
				return h.Reply(ctx, proto.HailReceived, proto.ReasonNone, nil)
			})
		}
	}
	e := h.event()
	e.Rings, e.For, e.Round, e.Step = true, role, c.Round, step
	return []Event{e}
}

// ringAllLocked looks at every hail of the channel: who is on duty has changed, or an
// incident has.
func (ch *Channel) ringAllLocked() []Event {
	var news []Event
	for _, h := range ch.s.hails {
		if h.ch == ch {
			h.syncLocked()
			news = append(news, h.ringLocked()...)
		}
	}
	return news
}

// Call returns the hail as the log tells it; false: it is not in the log yet, or has
// been forgotten.
func (h *Hail) Call() (incident.Call, bool) {
	h.s.mu.Lock()
	defer h.s.mu.Unlock()
	return h.ch.book.Call(h.id)
}

// Page is the step of a hail's ladder that has reached this device, a hook, last, and
// what it has said of it as far as that is in the log.
type Page struct {
	Round, Step       int
	At                time.Time // by the hub's clock; zero: further steps have been made since
	Delivered, Failed bool
	Waits             bool // the hail waits for an acceptance, and has not rung itself out
}

// Page returns the page that has reached this device; false: none has.
func (h *Hail) Page() (Page, bool) {
	h.s.mu.Lock()
	defer h.s.mu.Unlock()
	c, known := h.ch.book.Call(h.id)
	i := slices.IndexFunc(c.Reached, func(r incident.Reached) bool { return r.Name == h.s.Name() && r.Step > 0 })
	if !known || i < 0 {
		return Page{}, false
	}
	r := c.Reached[i]
	k, _ := h.ch.book.Case(c.Incident)
	p := Page{
		Round: r.Round, Step: r.Step, Delivered: r.Delivered, Failed: r.Failed,
		Waits: !k.Merged() && (c.Rearmed() || c.State < proto.HailAccepted && h.s.relayTime().Before(h.ch.book.Ends(h.id))),
	}
	if r.Round == c.Round && r.Step == c.Step {
		p.At = c.Stepped
	}
	return p, true
}

// AnswerPage is a hook's word on a page that reached it: whether it delivered, or why
// not. A hook that says nothing for proto.HookAnswer has failed. What has been said of
// a page is not said again, nor while it waits in the outbox: it may be asked for after
// a restart, but by one goroutine at a time. Having failed, a hook may still deliver.
func (h *Hail) AnswerPage(ctx context.Context, round, step int, why proto.Reason) error {
	id := proto.NewMessageID()
	b := &wire.PageResult{
		Channel: h.ch.id[:], Id: id[:], Hail: h.id[:], From: h.s.Name().String(),
		Round: uint32(round), Step: uint32(step), Reason: uint32(why),
	}
	if p, paged := h.Page(); paged && p.Round == round && p.Step == step && (p.Delivered || p.Failed && why != 0) {
		return nil
	}
	if h.ch.waitsInOutbox(b) {
		return nil
	}
	return h.ch.say(ctx, id, &wire.Frame{Body: &wire.Frame_PageResult{PageResult: b}}, &wire.Message{})
}

// waitsInOutbox reports whether the same word on the same page is on its way.
func (ch *Channel) waitsInOutbox(b *wire.PageResult) bool {
	ch.s.mu.Lock()
	defer ch.s.mu.Unlock()
	return slices.ContainsFunc(ch.outbox, func(o *outgoing) bool {
		f, err := o.frame()
		r := f.GetPageResult()
		return err == nil && r != nil && bytes.Equal(r.Hail, b.Hail) && r.Round == b.Round && r.Step == b.Step && (r.Reason == 0) == (b.Reason == 0)
	})
}

// pageResultLocked reads a hook's word on its page.
func (ch *Channel) pageResultLocked(e *wire.Entry, b *wire.PageResult) ([]Event, error) {
	id, err := proto.MessageIDFrom(b.Hail)
	if err != nil {
		return nil, err
	}
	if ch.holes.holdsUp(e) {
		return nil, fmt.Errorf("%w: %s", errElsewhere, e.Agency)
	}
	_, by, known, err := ch.sealedByLocked(e, b)
	if errors.Is(err, mls.ErrNoEpochKeys) {
		ch.book.Doubt(id)
	}
	if _, ours := ch.book.Call(id); err != nil || !known || !ours {
		return nil, err
	}
	at := time.UnixMilli(e.TimeMs)
	if err := ch.book.Result(b, by, at); err != nil {
		return nil, err
	}
	return []Event{PageAnswered{
		Channel: ch.id, Hail: id, Round: int(b.Round), Step: int(b.Step), By: by,
		Delivered: b.Reason == 0, Reason: reasonOf(b.Reason), At: at,
	}}, nil
}

// A hub that is in touch and does nothing about what is due is seen after this long:
// the clocks of both sides may differ by so much, and what it has done is on its way.
const (
	ladderLate  = proto.ClockSkewWarning + 10*time.Second
	ladderTouch = 10 * time.Second
)

// lateLocked alarms, once for each step, about what the hub should have done.
func (ch *Channel) lateLocked(now time.Time) []Event {
	if ch.out == 0 || ch.hubAway || ch.head > ch.cursor || len(ch.holes.list) > 0 || now.Sub(ch.touch) < ladderTouch || ch.book.Open() == 0 {
		return nil
	}
	var news []Event
	late := make(map[proto.MessageID]incident.Due)
	for _, d := range ch.book.Due(ch.s.relayTime().Add(-ladderLate)) {
		if late[d.Hail] = d; ch.overdue[d.Hail] == d {
			continue
		}
		what := fmt.Sprintf("page %d of round %d", d.Step, d.Round)
		if d.Expire {
			what = "end"
		}
		news = append(news, Alarm{ch.id, proto.Refusef(proto.ReasonLadder, "the %s of hail %s was due at %s and has not come", what, d.Hail, d.At.UTC().Format(time.RFC3339))})
	}
	ch.overdue = late
	return news
}
