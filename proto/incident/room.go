package incident

import "crossband/proto"

// maxCallsOf bounds the hails of one agency that a book remembers, so that none can
// keep out what another calls for.
const maxCallsOf = proto.MaxCalls / proto.MaxParties

// MayOpen judges whether there is place for one more hail of an agency, of a sender
// and of an incident, of the last two beside those of at least its urgency: routine calls keep no emergency out.
// The hub asks it before it takes one in. A member does not: what it has not heard of
// the end of others must not keep it from hearing a call.
func (b *Book) MayOpen(incident proto.IncidentID, by proto.Name, urgency proto.Priority) error {
	ofIncident, ofSender := 0, 0
	for _, c := range b.active {
		switch {
		case c.Urgency < urgency:
			continue
		case c.From == by && c.State < proto.HailCommitted:
			ofSender++
		}
		if c.Incident == incident {
			ofIncident++
		}
	}
	switch {
	case ofIncident >= proto.MaxOpenHails:
		return proto.Refusef(proto.ReasonQuota, "%d hails of %s are not over", ofIncident, incident)
	case ofSender >= proto.MaxOpenHails:
		return proto.Refusef(proto.ReasonQuota, "%d hails of %s wait", ofSender, by)
	}
	return b.mayRemember(by.Agency, urgency)
}

// mayRemember refuses what an agency calls for when it fills its share with hails that
// are not over. An emergency displaces the oldest that somebody has committed to.
func (b *Book) mayRemember(a proto.Agency, urgency proto.Priority) error {
	oldest := b.leastNeeded(a)
	switch {
	case oldest == nil, oldest.State.Over():
		return nil
	case urgency == proto.PriorityEmergency && oldest.State >= proto.HailCommitted:
		return nil
	}
	return proto.Refusef(proto.ReasonFull, "%d hails of %s are not over", maxCallsOf, a)
}

// makeRoom forgets the hail of an agency that is needed least, when its share is full.
// It refuses nothing: at a member, what the hub has let in is in.
func (b *Book) makeRoom(a proto.Agency) {
	if c := b.leastNeeded(a); c != nil {
		b.Forget(c.ID)
	}
}

// leastNeeded returns, when an agency's share is full, the oldest of its hails that are
// over, or else committed, or else of all; nil: it is not full.
func (b *Book) leastNeeded(a proto.Agency) *Call {
	if len(b.calls) < maxCallsOf {
		return nil
	}
	n, rank, found := 0, -1, (*Call)(nil)
	for _, id := range b.order {
		c := b.calls[id]
		if c.From.Agency != a {
			continue
		}
		n++
		r := 0
		if c.State >= proto.HailCommitted {
			r = 1
		}
		if c.State.Over() {
			r = 2
		}
		if r > rank {
			rank, found = r, c
		}
	}
	if n < maxCallsOf {
		return nil
	}
	return found
}
