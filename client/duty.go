package client

import (
	"context"
	"fmt"
	"time"

	"crossband/proto"
	"crossband/proto/incident"
	"crossband/proto/wire"
)

// Duty is who is on duty for a desk, as far as the log that this endpoint has read
// tells.
type Duty = incident.Duty

// OnDuty says that this desk is on duty for role, its own or another's of its agency.
func (ch *Channel) OnDuty(ctx context.Context, role proto.Name, note string) error {
	return ch.tellDuty(ctx, role, proto.DutyOn, proto.Name{}, note)
}

// OffDuty says that nobody is on duty for role: a ladder passes it at once.
func (ch *Channel) OffDuty(ctx context.Context, role proto.Name, note string) error {
	return ch.tellDuty(ctx, role, proto.DutyOff, proto.Name{}, note)
}

// HandOverDuty has another desk of the agency stand in for role, as at a change of
// shifts: what is for role rings there from then on, what rings already too.
func (ch *Channel) HandOverDuty(ctx context.Context, role, to proto.Name, note string) error {
	return ch.tellDuty(ctx, role, proto.DutyHandOver, to, note)
}

func (ch *Channel) tellDuty(ctx context.Context, role proto.Name, act proto.DutyAct, to proto.Name, note string) error {
	if len(note) > MaxText {
		return proto.Refusef(proto.ReasonTooLarge, "a note of %d octets, limit %d", len(note), MaxText)
	}
	id := proto.NewMessageID()
	return ch.say(ctx, id, &wire.Frame{Body: &wire.Frame_Duty{Duty: &wire.Duty{
		Channel: ch.id[:], Id: id[:], From: ch.s.Name().String(), Role: role.String(), Act: uint32(act), To: to.String(),
	}}}, &wire.Message{Note: note})
}

// Duties lists every desk of which something has been said, by name. What was said
// before this endpoint joined is not known to it.
func (ch *Channel) Duties() []Duty {
	ch.s.mu.Lock()
	defer ch.s.mu.Unlock()
	return ch.book.Duties()
}

// DutyOf returns who is on duty for one desk.
func (ch *Channel) DutyOf(role proto.Name) Duty {
	ch.s.mu.Lock()
	defer ch.s.mu.Unlock()
	return ch.book.DutyOf(role)
}

// dutyLocked reads a change of duty out of the log: a member's, sealed, or the hub's
// own word that nobody is found at a desk.
func (ch *Channel) dutyLocked(e *wire.Entry, b *wire.Duty) ([]Event, error) {
	at := time.UnixMilli(e.TimeMs)
	if proto.DutyAct(b.Act).ByHub() && len(b.Sealed) == 0 && len(e.Digest) == 0 {
		return ch.deskLocked(b, at)
	}
	m, by, known, err := ch.sealedByLocked(e, b)
	if err != nil || !known {
		return nil, err
	}
	if err := ch.book.Duty(b, by, at); err != nil {
		return nil, err
	}
	role, _ := proto.ParseName(b.Role) // has been judged
	d := ch.book.DutyOf(role)
	news := []Event{DutyChanged{Channel: ch.id, Role: role, On: !d.Off, At: d.OnDuty(), By: by, Note: m.GetNote(), Time: at}}
	return append(news, ch.ringAllLocked()...), nil
}

// deskLocked takes the hub's word on a desk. Where it speaks of this very one, which
// has been here all the time, the hub lies or our own relay does.
func (ch *Channel) deskLocked(b *wire.Duty, at time.Time) ([]Event, error) {
	from, err := proto.ParseName(b.From)
	if err != nil || from.Role != proto.RoleRelay || from.Agency != ch.charter.Owner {
		return nil, proto.Refusef(proto.ReasonSpokenFor, "duty told without a seal by %q", b.From)
	}
	if err := ch.book.Duty(b, proto.Name{}, at); err != nil {
		if proto.ReasonOf(err) == proto.ReasonBadRequest { // it was so when we came
			err = nil
		}
		return nil, err
	}
	role, _ := proto.ParseName(b.Role) // has been judged
	d := ch.book.DutyOf(role)
	news := []Event{DeskUnmanned{ch.id, role, d.Unmanned, at}}
	here := ch.out != 0 && !ch.hubAway && at.Sub(ch.touch) > proto.DeskAway+proto.ClockSkewWarning
	if d.Unmanned && !ch.book.OffDuty(role) && d.OnDuty() == ch.s.Name() && here {
		news = append(news, Alarm{ch.id, proto.Refuse(proto.ReasonOffDuty, fmt.Sprintf("the hub says so of %s, and we are here", role))})
	}
	return news, nil
}
