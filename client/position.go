package client

import (
	"context"
	"slices"
	"time"

	"crossband/client/phrase"
	"crossband/proto"
	"crossband/proto/wire"
)

// Position is where a unit is. It is sealed like a text, and only a mirrored
// patrol's channel carries it.
type Position struct {
	Place    phrase.Place  // without landmark: that is for hails
	Accuracy int           // metres: the radius in which the unit is, with 68 %; 0: not known
	Fix      time.Time     // when it was found, by the sender's clock
	Course   int           // degrees from true north, 1 to 360; 0: not known, or it stands
	Speed    float64       // metres a second; 0: not known, or it stands
	Age      time.Duration // of the fix when the hub took it; negative: the clocks differ
}

// PositionReceived is a position of the other unit of a patrol. It is given once and
// not kept: the next one makes it useless.
type PositionReceived struct {
	Channel  proto.ChannelID
	From     proto.Name
	Position Position
	At       time.Time // the hub's clock when it was accepted
	Seq      uint64
}

func (PositionReceived) event() {}

// Bounds of a position.
const (
	maxAccuracy = 1_000_000 // metres
	maxSpeed    = 400.0     // metres a second: a fast aircraft
)

func (p Position) wire() (*wire.Position, error) {
	lat, lon := p.Place.Latitude, p.Place.Longitude
	switch {
	case lat < -90e6 || lat > 90e6 || lon < -180e6 || lon >= 180e6:
		return nil, proto.Refuse(proto.ReasonMalformed, "a position beyond the poles, or with a longitude not from -180 to less than 180")
	case p.Fix.IsZero():
		return nil, proto.Refuse(proto.ReasonMalformed, "a position without the time of its fix")
	case p.Accuracy < 0 || p.Accuracy > maxAccuracy || p.Course < 0 || p.Course > 360 || !(p.Speed >= 0 && p.Speed <= maxSpeed):
		return nil, proto.Refuse(proto.ReasonMalformed, "a position's accuracy, course or speed")
	}
	return &wire.Position{
		Latitude: int32(lat), Longitude: int32(lon), AccuracyM: uint32(p.Accuracy), FixMs: p.Fix.UnixMilli(),
		CourseDeg: uint32(p.Course), SpeedCmS: uint32(p.Speed*100 + 0.5),
	}, nil
}

func positionOf(m *wire.Position, at time.Time) (Position, error) {
	if m.AccuracyM > maxAccuracy || m.CourseDeg > 360 || m.SpeedCmS > maxSpeed*100 {
		return Position{}, proto.Refuse(proto.ReasonMalformed, "a position's accuracy, course or speed")
	}
	p := Position{
		Place:    phrase.Place{Latitude: phrase.Microdegrees(m.Latitude), Longitude: phrase.Microdegrees(m.Longitude)},
		Accuracy: int(m.AccuracyM), Fix: time.UnixMilli(m.FixMs), Course: int(m.CourseDeg), Speed: float64(m.SpeedCmS) / 100,
	}
	p.Age = at.Sub(p.Fix)
	_, err := p.wire()
	return p, err
}

// SendPosition tells the other unit of a patrol where this one is. One that has not
// gone out yet gives way to a newer one: after an hour without coverage the other
// unit wants to know where we are, not where we were. It returns as Text does.
func (ch *Channel) SendPosition(ctx context.Context, p Position) (proto.MessageID, error) {
	if ch.charter.Kind != proto.KindPatrol {
		return proto.MessageID{}, proto.Refuse(proto.ReasonCharter, "positions are shared on a patrol's channel only")
	}
	m, err := p.wire()
	if err != nil {
		return proto.MessageID{}, err
	}
	ch.s.mu.Lock()
	ch.withdrawPositionsLocked()
	ch.s.mu.Unlock()
	return ch.sendMessage(ctx, &wire.Message{Body: &wire.Message_Position{Position: m}})
}

// withdrawPositionsLocked takes out of the outbox the positions that nobody can have
// seen: neither sealed nor on their way.
func (ch *Channel) withdrawPositionsLocked() {
	for _, o := range slices.Clone(ch.outbox) {
		if o.asked || o.Kept || len(o.Sealed) > 0 {
			continue
		}
		if m, err := openLetter(o.Message); err != nil || m.GetPosition() == nil {
			continue
		}
		ch.numbers.giveBack(o.Number)
		o.why = proto.Refuse(proto.ReasonReplaced, "a newer position")
		ch.takeOutLocked(o)
	}
	ch.s.changedLocked()
}

// positionLocked reads a position out of the log.
func (ch *Channel) positionLocked(e *wire.Entry, from proto.Name, m *wire.Position) ([]Event, error) {
	at := time.UnixMilli(e.TimeMs)
	p, err := positionOf(m, at)
	if err == nil && ch.charter.Kind != proto.KindPatrol {
		err = proto.Refusef(proto.ReasonCharter, "%s shares its position where no patrol is", from)
	}
	if err != nil {
		return nil, err
	}
	return []Event{PositionReceived{ch.id, from, p, at, e.Seq}}, nil
}
