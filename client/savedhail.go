package client

import (
	"context"
	"slices"
	"time"

	"crossband/client/phrase"
	"crossband/proto"
	"crossband/proto/incident"
)

// savedHail is what a restart needs of a hail beside the book: a desk that starts
// again must be able to answer what rings there.
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

// rang is by which step of its ladder a hail has made this device ring.
type rang struct{ round, step int }

// event is the hail as it is shown.
func (h *Hail) event() HailReceived {
	content, unread := phrase.ParseContent(h.ring.Phrase) // what cannot be read rings all the same
	return HailReceived{
		Channel: h.ch.id, ID: h.id, Incident: h.incident, From: h.from, To: h.to,
		Urgency: h.ring.Urgency, Exercise: h.ring.Exercise, Content: content, Unreadable: unread != nil,
		Note: h.ring.Note, Expires: h.ring.Expires, At: h.ring.At,
	}
}

// keptOver is how many hails that are over a restart still shows, beside those of the
// same incidents.
const keptOver = 32

// hailsLocked returns the channel's hails of which the book is saved.
func (ch *Channel) hailsLocked(book incident.Saved) []savedHail {
	var list []savedHail
	for _, c := range book.Calls {
		if h := ch.s.hails[c.ID]; h != nil && h.ch == ch {
			list = append(list, savedHail{h.id, h.incident, h.from.String(), h.to.String(), h.state, h.by.String(), h.opened, h.announced, h.ring})
		}
	}
	for _, h := range ch.s.hails { // ours that are not in the log yet
		if _, known := ch.book.Call(h.id); h.ch == ch && !known && !h.state.Over() {
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
		h.syncLocked()
		h.again = h.ringsLocked()
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
		if h.ch != ch || !h.again {
			continue
		}
		if h.again = false; ch.wanted {
			news = append(news, h.ringLocked()...)
		}
	}
	ch.s.mu.Unlock()
	for _, e := range news {
		ch.s.emit(e)
	}
}
