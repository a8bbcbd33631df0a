package main

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"crossband/client"
	"crossband/proto"
	"crossband/relay/hook/deliver"
)

// hookEvent makes of what a session tells what hooks are told: who, which
// desk, which class, when. What was said stays here. false: hooks are not told.
func hookEvent(s *client.Session, ev client.Event, now time.Time) (deliver.Event, bool) {
	switch ev := ev.(type) {
	case client.HailReceived:
		return hookHail(ev), true
	case client.Paged:
		return hookPaged(s, ev), true
	case client.HailMoved:
		h := s.FindHail(ev.Hail)
		if h == nil {
			return deliver.Event{}, false
		}
		return hookMoved(h.Ring(), ev), true
	case client.IncidentOpened:
		e := deliver.Event{ID: deliver.EventID("opened", ev.Channel.String()), Incident: ev.Incident, Kind: deliver.Opened, At: now, Hail: ev.Hail, By: ev.By, Channel: ev.Channel}
		if h := s.FindHail(ev.Hail); h != nil {
			ring := h.Ring()
			e.From, e.To, e.Class, e.Exercise = ring.From, ring.To, ring.Urgency, ring.Exercise
		}
		return e, true
	case client.IncidentMoved:
		return hookAct(ev), true
	case client.DeskUnmanned:
		text := "somebody is at " + shown(ev.Desk) + " again"
		if ev.Unmanned {
			text = "nobody is at " + shown(ev.Desk)
		}
		return hookNotice(ev.At, ev.Channel, text, ev.At.UTC().String()), true
	case client.HubAway:
		text := "the channel's hub is back"
		if ev.Away {
			text = "the channel's hub is away: only the own agency is reached"
		}
		return hookNotice(now, ev.Channel, text, ev.Since.UTC().String()), true
	case client.Left:
		return hookNotice(now, ev.Channel, "hooks are no longer on the channel: "+ev.Why.Error(), now.UTC().String()), true
	case client.Alarm:
		return hookNotice(now, ev.Channel, "alarm: "+ev.Why.Error(), now.UTC().String()), true
	}
	return deliver.Event{}, false
}

// hookHail tells of a hail. It may be told again when it rings elsewhere: the ID is
// the same.
func hookHail(h client.HailReceived) deliver.Event {
	return deliver.Event{
		ID: deliver.EventID("hail", h.ID.String()), Incident: h.Incident, Kind: deliver.Hail, Exercise: h.Exercise, At: h.At,
		Hail: h.ID, From: h.From, To: h.To, By: h.From, Class: h.Urgency, State: proto.HailSent, Expires: h.Expires,
	}
}

// hookPaged tells that a hail has come to a step of its ladder, and pages if that is
// this hook. An exercise pages nobody, whatever its hub says; nor does a hail that has
// been accepted when this is read.
func hookPaged(s *client.Session, p client.Paged) deliver.Event {
	e := deliver.Event{
		ID: pageID(p.Hail, p.Round, p.Step), Incident: p.Incident, Kind: deliver.LadderStep, Exercise: p.Exercise, At: p.At,
		Hail: p.Hail, Paged: p.To, Round: uint8(p.Round), Step: uint8(p.Step),
	}
	if h := s.FindHail(p.Hail); h != nil {
		ring := h.Ring()
		e.From, e.To, e.Class, e.Expires = ring.From, ring.To, ring.Urgency, ring.Expires
		e.State, _ = h.State()
		e.Exercise = e.Exercise || ring.Exercise
		page, reached := h.Page()
		e.Page = reached && page.Waits && page.Round == p.Round && page.Step == p.Step && slices.Contains(p.To, s.Name()) && !e.Exercise
	}
	return e
}

// pageID names a step of a hail's ladder.
func pageID(hail proto.MessageID, round, step int) string {
	return deliver.EventID("page", hail.String(), strconv.Itoa(round), strconv.Itoa(step))
}

func hookMoved(ring client.HailReceived, m client.HailMoved) deliver.Event {
	e := deliver.Event{
		ID: movedID(ring.ID, m), Incident: ring.Incident, Kind: deliver.Reply, Exercise: ring.Exercise, At: m.At, Round: uint8(m.Round),
		Hail: ring.ID, From: ring.From, To: ring.To, By: m.By, Class: ring.Urgency, State: m.State, Reason: m.Reason,
	}
	if m.Said != m.State {
		e.Said = m.Said
	}
	if m.State.Over() {
		e.Kind = deliver.Closed
	}
	return e
}

// movedID names what moved a hail: a state that it comes to once, an acceptance of a
// round by somebody, or what a desk said that left it where it was.
func movedID(hail proto.MessageID, m client.HailMoved) string {
	switch {
	case m.Said != 0 && m.Said != m.State:
		return deliver.EventID("said", hail.String(), m.Said.String(), m.By.String(), strconv.FormatInt(m.At.UnixMilli(), 10))
	case m.State.Over() || m.State < proto.HailAccepted:
		return deliver.EventID("moved", hail.String(), m.State.String())
	}
	return deliver.EventID("moved", hail.String(), m.State.String(), strconv.Itoa(m.Round), m.By.String())
}

// hookAct tells what was done with an incident; the note beside it was sealed.
func hookAct(m client.IncidentMoved) deliver.Event {
	e := deliver.Event{
		ID: deliver.EventID("act", m.Incident.String(), m.Act.String(), strconv.FormatInt(m.At.UnixMilli(), 10)), Incident: m.Incident,
		Exercise: m.Exercise, At: m.At, By: m.By, To: m.To, Into: m.Into, As: m.Disposition,
	}
	switch m.Act {
	case proto.ActHandOver:
		e.Kind = deliver.HandedOver
	case proto.ActRearm:
		e.Kind = deliver.Rearmed
	case proto.ActMerge: // once only
		e.Kind, e.ID = deliver.Merged, deliver.EventID("merged", m.Incident.String())
	case proto.ActClose:
		e.Kind, e.ID = deliver.Ended, deliver.EventID("incident-closed", m.Incident.String())
	}
	return e
}

func hookNotice(now time.Time, ch proto.ChannelID, text, unique string) deliver.Event {
	text = strings.ToValidUTF8(text[:min(len(text), deliver.MaxText)], "")
	return deliver.Event{ID: deliver.EventID("notice", ch.String(), text, unique), Kind: deliver.Notice, At: now, Channel: ch, Text: text}
}

// known is what a session knew before its link brought more.
type known struct {
	hails     []*client.Hail
	incidents []client.Incident
}

// missed makes the events of before: a run that ended between hearing of something
// and keeping it for the targets has not told of it. What is known already is not told
// again. Of handing over and re-arming nothing is left to tell.
func (k known) missed(now time.Time) (list []deliver.Event) {
	for _, h := range k.hails {
		ring := h.Ring()
		if ring.At.IsZero() {
			continue
		}
		list = append(list, hookHail(ring))
		if m, moved := hailStands(h, now); moved {
			list = append(list, hookMoved(ring, m))
		}
	}
	for _, i := range k.incidents {
		m := client.IncidentMoved{Incident: i.ID, By: i.By, Exercise: i.Exercise, At: i.Changed}
		switch {
		case i.Into != (proto.IncidentID{}): // closed with the other, if it is
			m.Act, m.Into = proto.ActMerge, i.Into
		case i.State == client.IncidentClosed:
			m.Act, m.Disposition = proto.ActClose, i.Disposition
		default:
			continue
		}
		list = append(list, hookAct(m))
	}
	return list
}

// hailStands is where a hail stands, as the move that brought it there; false: nothing
// has, or its ladder runs again.
func hailStands(h *client.Hail, now time.Time) (client.HailMoved, bool) {
	m := client.HailMoved{Hail: h.ID(), At: now}
	m.State, m.Reason = h.State()
	call, ok := h.Call()
	if m.State == proto.HailSent || ok && call.Rearmed() {
		return m, false
	}
	if m.Round = call.Round; !m.State.Over() {
		m.By = call.Holder
	}
	return m, true
}
