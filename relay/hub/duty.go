package hub

import (
	"encoding/binary"
	"time"

	pb "google.golang.org/protobuf/proto"

	"crossband/proto"
	"crossband/proto/incident"
	"crossband/proto/wire"
)

// bucketDuty holds who is on duty for each desk, by channel and desk: what was said
// of it in the log may have expired there.
const bucketDuty = "duty"

// duty takes a change of who is on duty for a desk.
func (h *Hub) duty(l *link, ch *channel, actor proto.Name, f *wire.Frame, b *wire.Duty) error {
	return h.said(l, ch, actor, f, b, &wire.Entry{Item: &wire.Entry_Duty{Duty: b}}, func(at time.Time) error {
		if proto.DutyAct(b.Act) == proto.DutyHandOver {
			if err := ch.canOpen(b.To); err != nil {
				return err
			}
		}
		role, err := proto.ParseName(b.Role)
		if err != nil {
			return proto.Refuse(proto.ReasonMalformed, err.Error())
		}
		if !ch.hosted.members.has(role) && !ch.hosted.book.InLadder(role) {
			return proto.Refusef(proto.ReasonHailTo, "%s has not joined", role)
		}
		idle := ch.hosted.book.IdleDuty(role)
		if err := ch.hosted.book.Duty(b, actor, at); err != nil {
			return err
		}
		if idle != (proto.Name{}) {
			h.erase(bucketDuty, dutyKey(ch, idle.String()))
		}
		h.saveDuty(ch, b.Role)
		return nil
	})
}

// sayDuty tells all members, by an entry of the log, that nobody is found at a desk,
// or somebody again. A log that is full has no room for it: calls for help go first.
func (h *Hub) sayDuty(ch *channel, role proto.Name, act proto.DutyAct) bool {
	if ch.hosted.room(0) != nil || h.storeRoom(false) != nil {
		return false
	}
	id := ch.derivedID(binary.BigEndian.AppendUint64([]byte("crossband/1 duty\x00"), ch.hosted.head+1))
	b := &wire.Duty{
		Channel: ch.id[:], Id: id[:], Epoch: ch.hosted.members.epoch(), From: h.self.String(), Role: role.String(), Act: uint32(act),
	}
	if err := ch.hosted.book.Duty(b, proto.Name{}, h.entryTime()); err != nil {
		return false
	}
	h.saveDuty(ch, b.Role)
	h.append(nil, ch, nil, accepted{id: id, from: h.self}, &wire.Entry{Item: &wire.Entry_Duty{Duty: b}})
	h.emit(Audit{Actor: role, Channel: ch.id, Kind: proto.KindDuty, What: act.String(), Alarm: act == proto.DutyUnmanned})
	return true
}

func dutyKey(ch *channel, role string) []byte { return append(ch.id[:len(ch.id):len(ch.id)], role...) }

func (h *Hub) saveDuty(ch *channel, role string) {
	n, err := proto.ParseName(role)
	if err != nil {
		return
	}
	d := ch.hosted.book.DutyOf(n)
	h.save(bucketDuty, dutyKey(ch, role), &wire.StoredDuty{
		Role: role, StandsIn: d.StandsIn.String(), Off: d.Off, Unmanned: d.Unmanned, By: d.By.String(), TimeMs: d.At.UnixMilli(),
	})
}

// loadDuty takes up one record of the bucket after a restart, when its channel has
// been restored. A record of a channel that is not there is passed over.
func (h *Hub) loadDuty(e Loaded) error {
	v := new(wire.StoredDuty)
	if err := pb.Unmarshal(e.Value, v); err != nil {
		return err
	}
	d := incident.Duty{Off: v.Off, Unmanned: v.Unmanned, At: time.UnixMilli(v.TimeMs)}
	for _, n := range []struct {
		to   *proto.Name
		text string
	}{{&d.Role, v.Role}, {&d.StandsIn, v.StandsIn}, {&d.By, v.By}} {
		if err := n.to.UnmarshalText([]byte(n.text)); err != nil {
			return err
		}
	}
	if len(e.Key) <= len(proto.ChannelID{}) || d.Role == (proto.Name{}) {
		return proto.Refuse(proto.ReasonMalformed, "record of a desk's duty")
	}
	if ch := h.channels[proto.ChannelID(e.Key[:len(proto.ChannelID{})])]; ch != nil {
		ch.hosted.book.Restore(d)
	}
	return nil
}

// forgetDuties drops the duties of a channel that is over.
func (h *Hub) forgetDuties(ch *channel) {
	for _, d := range ch.hosted.book.Duties() {
		h.erase(bucketDuty, dutyKey(ch, d.Role.String()))
	}
}
