package main

import (
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
		return hookHail(ev, s.Name()), true
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

// hookHail tells of a hail. One that is addressed to this hook is a page: it is
// a step of somebody's ladder.
func hookHail(h client.HailReceived, self proto.Name) deliver.Event {
	e := deliver.Event{
		ID: deliver.EventID("hail", h.ID.String()), Incident: h.Incident, Kind: deliver.Hail, Exercise: h.Exercise, At: h.At,
		Hail: h.ID, From: h.From, To: h.To, By: h.From, Class: h.Urgency, State: proto.HailSent, Expires: h.Expires,
	}
	if h.To == self {
		e.Kind, e.Page = deliver.LadderStep, !h.Exercise
	}
	return e
}

func hookMoved(ring client.HailReceived, m client.HailMoved) deliver.Event {
	e := deliver.Event{
		ID: deliver.EventID("moved", ring.ID.String(), m.State.String()), Incident: ring.Incident, Kind: deliver.Reply, Exercise: ring.Exercise, At: m.At,
		Hail: ring.ID, From: ring.From, To: ring.To, By: m.By, Class: ring.Urgency, State: m.State, Reason: m.Reason,
	}
	if m.State.Over() {
		e.Kind = deliver.Closed
	}
	return e
}

func hookNotice(now time.Time, ch proto.ChannelID, text, unique string) deliver.Event {
	text = strings.ToValidUTF8(text[:min(len(text), deliver.MaxText)], "")
	return deliver.Event{ID: deliver.EventID("notice", ch.String(), text, unique), Kind: deliver.Notice, At: now, Channel: ch, Text: text}
}

// hookMissed makes the events of hails of before: a run that ended between
// hearing of one and keeping it for the targets has not told of it. What is
// known already is not told again.
func hookMissed(hails []*client.Hail, self proto.Name, now time.Time) (list []deliver.Event) {
	for _, h := range hails {
		ring := h.Ring()
		if ring.At.IsZero() {
			continue
		}
		list = append(list, hookHail(ring, self))
		if state, reason := h.State(); state != proto.HailSent {
			list = append(list, hookMoved(ring, client.HailMoved{Hail: ring.ID, State: state, Reason: reason, At: now}))
		}
	}
	return list
}
