package client

import (
	"context"
	"errors"
	"fmt"
	"time"

	"crossband/crypto/mls"
	"crossband/proto"
	"crossband/proto/wire"
)

// HandOver gives an incident to another desk or unit, which has it from then on. Only
// who has it may, and the desks of its agency. It returns as Hail.Reply does.
func (ch *Channel) HandOver(ctx context.Context, id proto.IncidentID, to proto.Name, note string) error {
	return ch.act(ctx, id, &wire.Incident{Act: uint32(proto.ActHandOver), To: to.String()}, note)
}

// Merge makes an incident part of another, of which it is a duplicate: its ladder
// stops, and it is closed with the other.
func (ch *Channel) Merge(ctx context.Context, id, into proto.IncidentID, note string) error {
	return ch.act(ctx, id, &wire.Incident{Act: uint32(proto.ActMerge), Into: into[:]}, note)
}

// Rearm has the ladder of an incident's hails begin again, with the addressee.
func (ch *Channel) Rearm(ctx context.Context, id proto.IncidentID, note string) error {
	return ch.act(ctx, id, &wire.Incident{Act: uint32(proto.ActRearm)}, note)
}

// CloseIncident ends an incident and its duplicates for good.
func (ch *Channel) CloseIncident(ctx context.Context, id proto.IncidentID, d proto.Disposition, note string) error {
	return ch.act(ctx, id, &wire.Incident{Act: uint32(proto.ActClose), Disposition: uint32(d)}, note)
}

// act says what is done with an incident that this endpoint knows.
func (ch *Channel) act(ctx context.Context, incident proto.IncidentID, b *wire.Incident, note string) error {
	if len(note) > MaxText {
		return proto.Refusef(proto.ReasonTooLarge, "a note of %d octets, limit %d", len(note), MaxText)
	}
	ch.s.mu.Lock()
	k, known := ch.book.Case(incident)
	ch.s.mu.Unlock()
	if !known {
		return proto.Refuse(proto.ReasonIncident, incident.String())
	}
	id := proto.NewMessageID()
	b.Channel, b.Id, b.Incident, b.From, b.Exercise = ch.id[:], id[:], incident[:], ch.s.Name().String(), k.Exercise
	return ch.say(ctx, id, &wire.Frame{Body: &wire.Frame_Incident{Incident: b}}, &wire.Message{Note: note})
}

// incidentActLocked reads an act on an incident out of the log.
func (ch *Channel) incidentActLocked(e *wire.Entry, b *wire.Incident) ([]Event, error) {
	id, err := proto.IncidentIDFrom(b.Incident)
	if err != nil {
		return nil, err
	}
	if ch.holes.holdsUp(e) {
		return nil, fmt.Errorf("%w: %s", errElsewhere, e.Agency)
	}
	m, by, known, err := ch.sealedByLocked(e, b)
	k, ours := ch.book.Case(id)
	if errors.Is(err, mls.ErrNoEpochKeys) {
		for _, h := range k.Hails {
			ch.book.Doubt(h)
		}
	}
	if err != nil || !known || !ours {
		return nil, err
	}
	at := time.UnixMilli(e.TimeMs)
	if err := ch.book.Act(b, by, at); err != nil {
		return nil, err
	}
	moved := IncidentMoved{
		Channel: ch.id, Incident: id, Act: proto.Act(b.Act), By: by, Disposition: proto.Disposition(b.Disposition),
		Note: m.GetNote(), Exercise: k.Exercise, At: at,
	}
	moved.To, _ = proto.ParseName(b.To)
	moved.Into, _ = proto.IncidentIDFrom(b.Into)
	news := []Event{moved}
	for _, h := range ch.s.hails {
		if h.ch != ch || h.state.Over() {
			continue
		}
		if h.syncLocked(); h.state == proto.HailClosed {
			news = append(news, HailMoved{Channel: ch.id, Hail: h.id, State: h.state, Said: h.state, By: by, Exercise: k.Exercise, At: at})
		}
	}
	return append(news, ch.ringAllLocked()...), nil
}
