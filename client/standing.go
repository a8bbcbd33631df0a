package client

import (
	"time"

	"crossband/proto"
	"crossband/proto/incident"
)

// Standing is where a hail stands, and what can be done about it here.
type Standing struct {
	Call  incident.Call     // as the log tells it; of one that is not in it yet: as it was made here
	InLog bool              // it is in the log
	Rings bool              // here, for an answer
	For   proto.Name        // the desk for which it does; zero: for itself
	Ends  time.Time         // when it expires if nobody accepts, by the hub's clock
	May   []proto.HailState // what this endpoint may say of it now
}

// Standing returns where the hail stands at this moment, all of it at once.
func (h *Hail) Standing() Standing {
	h.s.mu.Lock()
	defer h.s.mu.Unlock()
	c, known := h.ch.book.Call(h.id)
	if !known {
		return Standing{Ends: h.ring.Expires, Call: incident.Call{
			ID: h.id, Incident: h.incident, From: h.from, To: h.to, Urgency: h.ring.Urgency, Exercise: h.ring.Exercise,
			Made: h.ring.At, State: h.state, Reason: h.reason, Holder: h.by,
		}}
	}
	v := Standing{Call: c, InLog: true, Ends: h.ch.book.Ends(h.id), May: h.ch.book.May(h.id, h.s.Name()), Rings: h.ringsLocked()}
	if v.Rings {
		v.For = h.ch.book.RoleOf(h.id, h.s.Name())
	}
	return v
}

// May lists what this endpoint may say of the hail now, in the order of the states.
func (h *Hail) May() []proto.HailState { return h.Standing().May }
