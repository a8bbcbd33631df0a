package client

import (
	"context"
	"errors"
	"fmt"
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
	if err == nil && at.After(time.Now().Add(proto.ClockSkewWarning)) {
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

// ringsLocked reports whether the hail waits for an answer here.
func (h *Hail) ringsLocked() bool {
	if _, rings := h.ch.book.Rings(h.id, h.s.Name()); !rings {
		return false
	}
	return h.state >= proto.HailAccepted || time.Now().Before(h.ch.book.Ends(h.id)) // a late one may have rung itself out
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

// AnswerPage is a hook's word on a page that reached it: whether it delivered, or why
// not. A hook that says nothing for proto.HookAnswer has failed.
func (h *Hail) AnswerPage(ctx context.Context, round, step int, why proto.Reason) error {
	id := proto.NewMessageID()
	return h.ch.say(ctx, id, &wire.Frame{Body: &wire.Frame_PageResult{PageResult: &wire.PageResult{
		Channel: h.ch.id[:], Id: id[:], Hail: h.id[:], From: h.s.Name().String(),
		Round: uint32(round), Step: uint32(step), Reason: uint32(why),
	}}}, &wire.Message{})
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
	for _, d := range ch.book.Due(now.Add(-ladderLate)) {
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
