package client

import (
	"cmp"
	"slices"
	"time"

	"crossband/proto"
	"crossband/proto/incident"
)

// IncidentState is where an incident stands, taken as a whole.
type IncidentState string

// The states of an incident.
const (
	IncidentOpen      IncidentState = "open"      // nobody has accepted any of its hails
	IncidentAccepted  IncidentState = "accepted"  // somebody has
	IncidentCommitted IncidentState = "committed" // help is committed
	IncidentOver      IncidentState = "over"      // its hails are; it is not closed yet
	IncidentMerged    IncidentState = "merged"    // it is part of another
	IncidentClosed    IncidentState = "closed"
)

// Incident is an incident as this endpoint knows it.
type Incident struct {
	ID           proto.IncidentID
	Calling      proto.ChannelID // on which it was opened
	Channel      proto.ChannelID // of the incident; zero: not known, or none yet
	State        IncidentState
	Exercise     bool
	Opened       time.Time
	Changed      time.Time
	Hails        []HailInfo   // oldest first
	Holder       proto.Name   // who has it; zero: nobody
	Participants []proto.Name // who hailed, who has it or had accepted, and the members of its channel if we are one
	Into         proto.IncidentID
	Disposition  proto.Disposition
	By           proto.Name // who closed or merged it
}

// HailInfo is one hail of an incident.
type HailInfo struct {
	incident.Call
	Shown HailReceived // what was said with it
}

// Incidents lists the incidents of all calling channels that this endpoint knows, the
// oldest first. Those that are over are forgotten in time.
func (s *Session) Incidents() []Incident {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []Incident
	for _, ch := range s.channels {
		for _, k := range ch.book.Cases() {
			list = append(list, ch.incidentInfoLocked(k))
		}
	}
	slices.SortFunc(list, func(a, b Incident) int {
		return cmp.Or(a.Opened.Compare(b.Opened), cmp.Compare(a.ID.String(), b.ID.String()))
	})
	return list
}

func (ch *Channel) incidentInfoLocked(k incident.Case) Incident {
	v := Incident{
		ID: k.ID, Calling: ch.id, Exercise: k.Exercise, Opened: k.Opened, Changed: k.Changed,
		Holder: k.Holder, Into: k.Into, Disposition: k.Disposition, By: k.By, State: IncidentOver,
	}
	best := proto.HailState(0)
	for _, id := range k.Hails {
		c, _ := ch.book.Call(id)
		info := HailInfo{Call: c}
		if h := ch.s.hails[id]; h != nil && h.ch == ch {
			info.Shown = h.event()
			if v.Channel == (proto.ChannelID{}) {
				v.Channel = h.opened
			}
		}
		v.Hails = append(v.Hails, info)
		v.Participants = addName(addName(v.Participants, c.From), c.Holder)
		if !c.State.Over() {
			best = max(best, c.State)
		}
	}
	v.Participants = addName(v.Participants, k.Holder)
	if in := ch.s.channels[v.Channel]; in != nil {
		for n := range in.present {
			v.Participants = addName(v.Participants, n)
		}
	}
	slices.SortFunc(v.Participants, func(a, b proto.Name) int { return cmp.Compare(a.String(), b.String()) })
	switch {
	case k.Closed:
		v.State = IncidentClosed
	case k.Merged():
		v.State = IncidentMerged
	case best == proto.HailCommitted:
		v.State = IncidentCommitted
	case best == proto.HailAccepted:
		v.State = IncidentAccepted
	case best > 0:
		v.State = IncidentOpen
	}
	return v
}

// addName adds a name that is not there yet; nobody is not added.
func addName(list []proto.Name, n proto.Name) []proto.Name {
	if n == (proto.Name{}) || slices.Contains(list, n) {
		return list
	}
	return append(list, n)
}
