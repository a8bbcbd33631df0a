package client

import (
	"context"
	"slices"
	"time"

	"crossband/client/phrase"
	"crossband/proto"
)

// savedHail is what a restart needs of a hail that is not over: a desk that
// starts again must be able to answer what rings there.
type savedHail struct {
	ID        proto.MessageID
	Incident  proto.IncidentID
	From, To  string
	State     proto.HailState
	By        string // who accepted
	Opened    proto.ChannelID
	Announced bool
	Ring      ring
}

// ring is what the desk was told when the hail rang.
type ring struct {
	Urgency  proto.Priority
	Exercise bool
	Phrase   []byte
	Note     string
	Expires  time.Time
	At       time.Time
}

// event is the hail as it rings.
func (h *Hail) event() HailReceived {
	content, unread := phrase.ParseContent(h.ring.Phrase) // what cannot be read rings all the same
	return HailReceived{
		Channel: h.ch.id, ID: h.id, Incident: h.incident, From: h.from, To: h.to,
		Urgency: h.ring.Urgency, Exercise: h.ring.Exercise, Content: content, Unreadable: unread != nil,
		Note: h.ring.Note, Expires: h.ring.Expires, At: h.ring.At,
	}
}

// hailsLocked returns the channel's hails that are not over.
func (ch *Channel) hailsLocked() []savedHail {
	var list []savedHail
	for _, h := range ch.s.hails {
		if h.ch == ch && !h.state.Over() {
			list = append(list, savedHail{h.id, h.incident, h.from.String(), h.to.String(), h.state, h.by.String(), h.opened, h.announced, h.ring})
		}
	}
	slices.SortFunc(list, func(a, b savedHail) int { return a.Ring.At.Compare(b.Ring.At) })
	return list
}

// restoreHailsLocked takes up the hails of the last run where they stood: what
// rings here will ring again, and an accepted one of ours gets its incident.
func (ch *Channel) restoreHailsLocked(list []savedHail) {
	for _, v := range list {
		from, err := proto.ParseName(v.From)
		to, err2 := proto.ParseName(v.To)
		if err != nil || err2 != nil {
			continue
		}
		by, _ := proto.ParseName(v.By)
		h := &Hail{s: ch.s, ch: ch, id: v.ID, incident: v.Incident, from: from, to: to, state: v.State, by: by, opened: v.Opened, announced: v.Announced, ring: v.Ring}
		ch.s.rememberLocked(h)
		h.again = h.rings()
		if from == ch.s.Name() && (h.state == proto.HailAccepted || h.state == proto.HailCommitted) && !h.announced {
			ch.s.task("open incident", func(ctx context.Context) error { return h.openIncident(ctx, by) })
		}
	}
}

// ringAgain rings what rang before the restart, unless we have been removed. It comes after catching up, so
// that what has been answered meanwhile stays silent.
func (ch *Channel) ringAgain() {
	var news []Event
	ch.s.mu.Lock()
	for _, h := range ch.s.hails {
		if h.ch == ch && h.again && h.rings() && ch.wanted {
			news = append(news, h.event())
			h.acknowledge()
		}
		if h.ch == ch {
			h.again = false
		}
	}
	ch.s.mu.Unlock()
	for _, e := range news {
		ch.s.emit(e)
	}
}

// rings reports whether the hail waits for an answer here.
func (h *Hail) rings() bool {
	return h.to == h.s.Name() && h.state < proto.HailAccepted && time.Now().Before(h.ring.Expires)
}

// acknowledge says once that the hail has reached the addressed device.
func (h *Hail) acknowledge() {
	if h.state == proto.HailSent {
		h.s.task("acknowledge hail", func(ctx context.Context) error {
			return h.Reply(ctx, proto.HailReceived, proto.ReasonNone, nil)
		})
	}
}
