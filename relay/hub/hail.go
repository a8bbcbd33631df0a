package hub

import (
	"crypto/sha256"
	"encoding/binary"
	"time"

	"crossband/proto"
	"crossband/proto/incident"
	"crossband/proto/wire"
)

// The rules of hails, ladders and incidents are those of proto/incident, which every
// member applies too. Here is what the hub adds: who is a member, the order of the
// log, and the clock.

// entryTime is the time that an entry made now bears.
func (h *Hub) entryTime() time.Time { return time.UnixMilli(h.now.UnixMilli()) }

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
	if err := ch.hosted.book.MayHail(b, actor, h.entryTime()); err != nil {
		return err
	}
	if err := h.isOf(proto.IncidentID(b.Incident), ch.id); err != nil {
		return err
	}
	if err := ch.canOpen(b.To); err != nil {
		return err
	}
	if err := ch.hosted.book.MayOpen(proto.IncidentID(b.Incident), actor, proto.Priority(b.Urgency)); err != nil { // all has been judged
		return err
	}
	if err := ch.hosted.book.Hail(b, actor, h.entryTime()); err != nil {
		return err
	}
	h.append(l, ch, f, *a, &wire.Entry{Item: &wire.Entry_Hail{Hail: b}})
	return nil
}

// isOf refuses an incident that was opened on another calling channel of this hub: who
// merely knows its name must not be told of it, nor write into its record.
func (h *Hub) isOf(id proto.IncidentID, calling proto.ChannelID) error {
	for _, ch := range h.channels {
		if ch.charter.Owner != h.self.Agency || ch.id == calling || ch.charter.Parent == calling {
			continue
		}
		if _, opened := ch.hosted.book.Case(id); opened || ch.charter.Incident == id {
			return proto.Refusef(proto.ReasonConflict, "incident %s is another channel's", id)
		}
	}
	return nil
}

// canOpen refuses an addressee that could not open what is sealed for it: nobody
// would answer, and nobody be told.
func (ch *channel) canOpen(who string) error {
	to, err := proto.ParseName(who)
	switch {
	case err != nil:
		return proto.Refuse(proto.ReasonMalformed, err.Error())
	case !ch.hosted.members.has(to):
		return proto.Refusef(proto.ReasonHailTo, "%s has not joined", to)
	case ch.hosted.members.isOutcast(to):
		return proto.Refusef(proto.ReasonHailTo, "%s has been revoked by its agency", to)
	}
	return nil
}

// said accepts what a member says of a hail, an incident or a desk, if judge lets it.
func (h *Hub) said(l *link, ch *channel, actor proto.Name, f *wire.Frame, b proto.Envelope, e *wire.Entry, judge func(at time.Time) error) error {
	if err := h.maySend(ch, actor); err != nil {
		return err
	}
	a, err := h.fresh(l, ch, actor, f, b.GetId(), b)
	if err != nil || a == nil {
		return err
	}
	if err := ch.inTime(b.GetEpoch()); err != nil {
		return err
	}
	if err := judge(h.entryTime()); err != nil {
		return err
	}
	h.append(l, ch, f, *a, e)
	return nil
}

// hailReply moves a hail on, by the side that may.
func (h *Hub) hailReply(l *link, ch *channel, actor proto.Name, f *wire.Frame, b *wire.HailReply) error {
	return h.said(l, ch, actor, f, b, &wire.Entry{Item: &wire.Entry_HailReply{HailReply: b}}, func(at time.Time) error {
		return ch.hosted.book.Reply(b, actor, at)
	})
}

// pageResult takes a hook's word on its page.
func (h *Hub) pageResult(l *link, ch *channel, actor proto.Name, f *wire.Frame, b *wire.PageResult) error {
	return h.said(l, ch, actor, f, b, &wire.Entry{Item: &wire.Entry_PageResult{PageResult: b}}, func(at time.Time) error {
		return ch.hosted.book.Result(b, actor, at)
	})
}

// incident does with an incident what a member says.
func (h *Hub) incident(l *link, ch *channel, actor proto.Name, f *wire.Frame, b *wire.Incident) error {
	return h.said(l, ch, actor, f, b, &wire.Entry{Item: &wire.Entry_Incident{Incident: b}}, func(at time.Time) error {
		if proto.Act(b.Act) == proto.ActHandOver {
			if err := ch.canOpen(b.To); err != nil {
				return err
			}
		}
		if err := ch.hosted.book.MayMerge(b); err != nil {
			return err
		}
		return ch.hosted.book.Act(b, actor, at)
	})
}

// loadItem takes an entry of the last run into the book. What does not fit was
// refused by an older rule, or speaks of what is no longer kept. Duty has records of
// its own, which outlive the log.
func (ch *channel) loadItem(e *wire.Entry, from proto.Name) error {
	at, book := time.UnixMilli(e.TimeMs), ch.hosted.book
	switch item := e.Item.(type) {
	case *wire.Entry_Hail:
		return book.Hail(item.Hail, from, at)
	case *wire.Entry_HailReply:
		if id, err := proto.MessageIDFrom(item.HailReply.Hail); err == nil && from.Role == proto.RoleRelay {
			book.Expire(id, at)
			return nil
		}
		book.Reply(item.HailReply, from, at)
	case *wire.Entry_Page:
		book.Page(item.Page, at)
	case *wire.Entry_PageResult:
		book.Result(item.PageResult, from, at)
	case *wire.Entry_Incident:
		if err := book.Act(item.Incident, from, at); err != nil && proto.Act(item.Incident.Act) == proto.ActMerge {
			book.MergeIntoForgotten(item.Incident)
		}
	}
	return nil
}

// tickHails does what time brings about: steps of ladders, in the order in which
// they fell due, and the end of hails that nobody accepted. What fell due while the
// relay was down is done at the first tick.
func (h *Hub) tickHails(ch *channel) {
	if ch.hosted.book.Open() == 0 {
		return
	}
	at := h.entryTime()
	if err := ch.hosted.room(roomForPages); err != nil {
		h.stall(ch, at, err)
		return
	}
	ch.stalled = false
	for range len(ch.charter.Ladder) + 2 { // a round and an expiry at most are overdue
		list := ch.hosted.book.Due(at)
		if len(list) == 0 {
			return
		}
		for _, d := range list {
			if ch.hosted.room(roomForPages) != nil {
				return
			}
			if d.Expire {
				h.expire(ch, d, at)
			} else {
				h.page(ch, d, at)
			}
		}
	}
}

// stall says, once, that a ladder waits because the log has no place for its pages.
func (h *Hub) stall(ch *channel, at time.Time, why error) {
	if !ch.stalled && len(ch.hosted.book.Due(at)) > 0 {
		ch.stalled = true
		h.emit(Audit{Actor: h.self, Channel: ch.id, What: "ladders wait: " + why.Error(), Alarm: true})
	}
}

func (h *Hub) expire(ch *channel, d incident.Due, at time.Time) {
	if _, err := ch.hosted.book.Expire(d.Hail, at); err != nil {
		return
	}
	id := ch.derivedID(d.Hail[:])
	reply := &wire.HailReply{
		Channel: ch.id[:], Id: id[:], Epoch: ch.hosted.members.epoch(), Hail: d.Hail[:],
		From: h.self.String(), State: uint32(proto.HailExpired),
	}
	h.append(nil, ch, nil, accepted{id: id, from: h.self}, &wire.Entry{Item: &wire.Entry_HailReply{HailReply: reply}})
}

// page makes a step of a hail's ladder. Its place is in the log before anybody is
// told: a restart makes it neither twice nor not at all.
func (h *Hub) page(ch *channel, d incident.Due, at time.Time) {
	call, _ := ch.hosted.book.Call(d.Hail)
	id := ch.derivedID(pageName(d))
	page := &wire.Page{
		Channel: ch.id[:], Id: id[:], Hail: d.Hail[:], Round: uint32(d.Round), Step: uint32(d.Step), Exercise: call.Exercise,
	}
	for _, n := range ch.hosted.book.Targets(d.Hail, d.Step) {
		page.To = append(page.To, n.String())
	}
	if _, err := ch.hosted.book.Page(page, at); err != nil {
		return // nothing of it was due
	}
	h.append(nil, ch, nil, accepted{id: id, from: h.self}, &wire.Entry{Item: &wire.Entry_Page{Page: page}})
}

// pageName is what a page's identifier is derived from.
func pageName(d incident.Due) []byte {
	b := append([]byte("crossband/1 page\x00"), d.Hail[:]...)
	b = binary.BigEndian.AppendUint32(b, uint32(d.Round))
	return binary.BigEndian.AppendUint32(b, uint32(d.Step))
}

// derivedID derives an identifier for what the hub says itself that nobody has used:
// a member who guesses the first one must not be able to keep a hail open, or a
// ladder from being climbed.
func (ch *channel) derivedID(from []byte) (id proto.MessageID) {
	for sum := sha256.Sum256(from); ; sum = sha256.Sum256(sum[:]) {
		copy(id[:], sum[:])
		if _, used := ch.hosted.seen[id]; !used {
			return id
		}
	}
}
