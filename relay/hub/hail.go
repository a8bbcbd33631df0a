package hub

import (
	"bytes"
	"crypto/sha256"
	"slices"
	"time"

	"crossband/proto"
	"crossband/proto/wire"
)

// hail is the open side of one hail: what ringing and timers work from.
type hail struct {
	id       proto.MessageID
	from, to proto.Name
	state    proto.HailState
	expires  time.Time
}

// hail accepts a call for help and rings it at the addressed desk: the entry
// reaches every member, and the envelope says for whom it is.
func (h *Hub) hail(l *link, ch *channel, actor proto.Name, f *wire.Frame, b *wire.Hail) error {
	if err := h.maySend(ch, actor); err != nil {
		return err
	}
	a, err := h.fresh(l, ch, actor, f, b.Id, b)
	if err != nil || a == nil {
		return err
	}
	if err := ch.inTime(b.Epoch); err != nil {
		return err
	}
	to, err := proto.ParseName(b.To)
	if err != nil {
		return proto.Refuse(proto.ReasonMalformed, err.Error())
	}
	urgency := proto.Priority(b.Urgency)
	expires := time.UnixMilli(b.ExpiresMs)
	switch {
	case ch.charter.Kind != proto.KindCalling:
		return proto.Refuse(proto.ReasonCharter, "hails go on a calling channel")
	case !ch.charter.MayHail(actor):
		return proto.Refusef(proto.ReasonCharter, "%s may not hail", actor)
	case b.From != actor.String():
		return proto.Refusef(proto.ReasonSpokenFor, "a hail of %s from %s", b.From, actor)
	case to.Role != proto.RoleDesk || to.Agency == actor.Agency || ch.charter.RightOf(to) != proto.RightSend:
		return proto.Refuse(proto.ReasonHailTo, to.String())
	case !ch.hosted.members.has(to): // it could never open the hail: nobody would answer, and nobody be told
		return proto.Refusef(proto.ReasonHailTo, "%s has not joined", to)
	case ch.hosted.members.isOutcast(to):
		return proto.Refusef(proto.ReasonHailTo, "%s has been revoked by its agency", to)
	case uint32(urgency) != b.Urgency || !urgency.Valid():
		return proto.Refusef(proto.ReasonMalformed, "urgency %d", b.Urgency)
	case urgency > ch.charter.MaxPriority(actor):
		return proto.Refusef(proto.ReasonPriority, "%v; %s may use up to %v", urgency, actor.Agency, ch.charter.MaxPriority(actor))
	case !expires.After(h.now) || expires.After(h.now.Add(proto.HailLife+proto.ClockSkewWarning)):
		return proto.Refusef(proto.ReasonMalformed, "a hail lives at most %v", proto.HailLife)
	case b.Exercise != ch.charter.Exercise && !b.Exercise:
		return proto.Refuse(proto.ReasonCharter, "the channel is for exercises only")
	}
	if _, err := proto.IncidentIDFrom(b.Incident); err != nil {
		return err
	}
	ch.hosted.hails[a.id] = &hail{a.id, actor, to, proto.HailSent, expires}
	h.append(l, ch, f, *a, &wire.Entry{Item: &wire.Entry_Hail{Hail: b}})
	return nil
}

// hailReply moves a hail on, by the side that may.
func (h *Hub) hailReply(l *link, ch *channel, actor proto.Name, f *wire.Frame, b *wire.HailReply) error {
	if err := h.maySend(ch, actor); err != nil {
		return err
	}
	hid, err := proto.MessageIDFrom(b.Hail)
	if err != nil {
		return err
	}
	if b.From != actor.String() {
		return proto.Refusef(proto.ReasonSpokenFor, "a reply of %s from %s", b.From, actor)
	}
	a, err := h.fresh(l, ch, actor, f, b.Id, b)
	if err != nil || a == nil {
		return err
	}
	if err := ch.inTime(b.Epoch); err != nil {
		return err
	}
	call := ch.hosted.hails[hid]
	if call == nil {
		return proto.Refuse(proto.ReasonNoHail, hid.String())
	}
	next := proto.HailState(b.State)
	side, ok := call.side(actor)
	if !ok || uint32(next) != b.State || !call.state.CanBecome(next, side) {
		return proto.Refusef(proto.ReasonHailState, "%s to %s by %s", call.state, next, actor)
	}
	call.state = next
	h.append(l, ch, f, *a, &wire.Entry{Item: &wire.Entry_HailReply{HailReply: b}})
	if next.Over() {
		delete(ch.hosted.hails, hid)
	}
	return nil
}

// loadHail opens again a hail that was in the log.
func (ch *channel) loadHail(id proto.MessageID, b *wire.Hail) error {
	from, err := proto.ParseName(b.From)
	if err != nil {
		return err
	}
	to, err := proto.ParseName(b.To)
	if err != nil {
		return err
	}
	ch.hosted.hails[id] = &hail{id, from, to, proto.HailSent, time.UnixMilli(b.ExpiresMs)}
	return nil
}

// loadReply moves it to where it stood: the rule was applied when it came.
func (ch *channel) loadReply(b *wire.HailReply) {
	id, err := proto.MessageIDFrom(b.Hail)
	call := ch.hosted.hails[id]
	if err != nil || call == nil {
		return
	}
	if call.state = proto.HailState(b.State); call.state.Over() {
		delete(ch.hosted.hails, id)
	}
}

// side says for which side a party may act: the caller for itself, any desk of
// the called agency for the called desk.
func (c *hail) side(actor proto.Name) (proto.Side, bool) {
	switch {
	case actor == c.from:
		return proto.SideCaller, true
	case actor.Agency == c.to.Agency && actor.Role == proto.RoleDesk:
		return proto.SideCalled, true
	}
	return 0, false
}

// tickHails ends hails that nobody accepted in time.
func (h *Hub) tickHails(ch *channel) {
	if len(ch.hosted.hails) == 0 {
		return
	}
	var over []*hail
	for _, c := range ch.hosted.hails {
		if c.state < proto.HailAccepted && !h.now.Before(c.expires) {
			over = append(over, c)
		}
	}
	slices.SortFunc(over, func(a, b *hail) int { return bytes.Compare(a.id[:], b.id[:]) })
	for _, c := range over {
		delete(ch.hosted.hails, c.id)
		id := ch.expiryID(c.id)
		reply := &wire.HailReply{
			Channel: ch.id[:], Id: id[:], Epoch: ch.hosted.members.epoch(), Hail: c.id[:],
			From: h.self.String(), State: uint32(proto.HailExpired),
		}
		h.append(nil, ch, nil, accepted{id: id, from: h.self}, &wire.Entry{Item: &wire.Entry_HailReply{HailReply: reply}})
	}
}

// expiryID derives an identifier for the expiry of a hail that nobody has used:
// a member who guesses the first one must not be able to keep the hail open.
func (ch *channel) expiryID(hail proto.MessageID) (id proto.MessageID) {
	for sum := sha256.Sum256(hail[:]); ; sum = sha256.Sum256(sum[:]) {
		copy(id[:], sum[:])
		if _, used := ch.hosted.seen[id]; !used {
			return id
		}
	}
}
