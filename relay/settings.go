package relay

import (
	"context"
	"maps"
	"time"

	"crossband/proto"
	"crossband/relay/hub"
)

// lookEvery is how often the node looks at what may have changed from outside:
// the room in the store, the legal holds.
const lookEvery = time.Second

// lookAfter is how many octets may be written before it looks again all the same:
// far less than the store has left when it begins to refuse.
const lookAfter = 1 << 20

// settle returns the settings if they have changed.
func (l *loop) settle(ctx context.Context, now time.Time) []hub.Event {
	if now.Before(l.look) {
		return nil
	}
	l.look, l.written = now.Add(lookEvery), 0
	l.lookAtHolds()
	next := hub.Settings{Room: l.room(ctx), Retention: l.n.cfg.Retention, Held: make(map[proto.ChannelID]bool, len(l.held))}
	for id := range l.held {
		next.Held[id] = true
	}
	if next.Room == l.settings.Room && next.Retention == l.settings.Retention && maps.Equal(next.Held, l.settings.Held) {
		return nil
	}
	if next.Room != l.settings.Room {
		l.n.log.Warn("room in the store has changed", "room", int(next.Room))
	}
	l.settings = next
	return []hub.Event{next}
}

// lookAtHolds reads the legal holds and records which came and went. When they
// cannot be read the last known ones stay: nothing is deleted for a fault of ours.
func (l *loop) lookAtHolds() {
	if l.n.cfg.Holds == nil {
		return
	}
	held, err := l.n.cfg.Holds()
	if err != nil {
		l.n.log.Error("legal holds not read: the last known ones stay", "why", err.Error())
		return
	}
	for id, order := range held {
		if was, ok := l.held[id]; !ok || was != order {
			l.n.recordHold("hold", "legal hold in force", id, order)
		}
	}
	for id, order := range l.held {
		if _, ok := held[id]; !ok {
			l.n.recordHold("release", "legal hold released", id, order)
		}
	}
	l.held = held
}

// room says what the store has place for. A store that cannot tell has none: what
// it would refuse later is refused now.
func (l *loop) room(ctx context.Context) hub.Room {
	u, err := l.n.cfg.Store.Usage(ctx)
	switch {
	case err != nil:
		l.n.log.Error("the store does not tell how full it is", "why", err.Error())
		return hub.RoomNone
	case u.Used > u.Limit-u.Reserve/4:
		return hub.RoomNone
	case u.Full():
		return hub.RoomControl
	}
	return hub.RoomAll
}
