package client

import (
	"context"
	"fmt"
	"time"

	"crossband/proto"
	"crossband/proto/wire"
)

// subscribe asks for the channel's news and voice on the present link, one asking after
// the other: the relay keeps to the last.
func (ch *Channel) subscribe(ctx context.Context) error {
	if err := ch.takeAsking(ctx); err != nil {
		return err
	}
	defer ch.giveAsking()
	return ch.ask(ctx)
}

func (ch *Channel) takeAsking(ctx context.Context) error {
	select {
	case <-ch.asking:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (ch *Channel) giveAsking() { ch.asking <- struct{}{} }

// ask subscribes, with the token of asking.
func (ch *Channel) ask(ctx context.Context) error {
	ch.s.mu.Lock()
	deaf := ch.deaf
	ch.s.mu.Unlock()
	a, err := ch.s.call(ctx, &wire.Frame{Body: &wire.Frame_Subscribe{Subscribe: &wire.Subscribe{Channel: ch.id[:], Alias: uint64(ch.in), Deaf: deaf}}})
	if err != nil {
		return fmt.Errorf("subscribe to %s: %w", ch.charter.Title, err)
	}
	ch.s.mu.Lock()
	ch.deafThere = deaf
	news := ch.s.subscribedLocked(a.GetSubscribed())
	ch.s.mu.Unlock()
	for _, e := range news {
		ch.s.emit(e)
	}
	return nil
}

// subscribedLocked takes a channel's present state from the relay.
func (s *Session) subscribedLocked(b *wire.Subscribed) []Event {
	ch := s.channelLocked(b.GetChannel())
	if ch == nil || b.Alias == 0 || b.Alias > uint64(proto.MaxAlias) {
		return nil
	}
	ch.head = max(ch.head, b.Head)
	if ch.out == 0 { // a new link: our relay may not have all that we sent
		ch.told, ch.touch = 0, time.Now()
		ch.fillSoonLocked(time.Now())
		for _, o := range ch.outbox {
			o.asked = false
		}
	}
	ch.out = proto.Alias(b.Alias)
	news := ch.rolledBackLocked(b.Number)
	if ch.hubAway != b.HubAway {
		if ch.hubAway, ch.touch = b.HubAway, time.Now(); ch.hubAway {
			ch.awaySince = time.Now()
		}
		ch.fillSoonLocked(time.Now()) // what lay beyond the hub may be in reach
		news = append(news, HubAway{ch.id, ch.hubAway, ch.awaySince})
	}
	news = append(news, s.floorLocked(ch.id[:], b.Floor)...)
	if ch.group != nil && b.Head > ch.cursor {
		ch.fetchLocked()
	}
	ch.sendLocked()
	ch.caughtUpLocked()
	s.changedLocked()
	return news
}

func (s *Session) floorLocked(id []byte, b *wire.FloorTaken) []Event {
	ch := s.channelLocked(id)
	if ch == nil {
		return nil
	}
	next := FloorChanged{Channel: ch.id}
	if b != nil {
		var err error
		if next.Holder, err = ch.holderLocked(b.Holder); err != nil {
			return []Event{Alarm{ch.id, proto.AsRefusal(err)}}
		}
		next.Burst, _ = proto.BurstIDFrom(b.Burst)
		next.Priority, next.Local = proto.Priority(b.Priority), b.Local
	}
	if next == ch.floor {
		return nil
	}
	ch.floor = next
	s.changedLocked()
	return []Event{next}
}

// holderLocked judges whom the relay says to hold the floor: a member that may
// send. While entries of the log are still to come the charter alone decides,
// for the member may be one of them.
func (ch *Channel) holderLocked(holder string) (proto.Name, error) {
	n, err := proto.ParseName(holder)
	if err != nil {
		return proto.Name{}, proto.Refuse(proto.ReasonMalformed, "holder of the floor")
	}
	if ch.charter.RightOf(n) != proto.RightSend {
		return proto.Name{}, proto.Refusef(proto.ReasonListenOnly, "%s on the floor", n)
	}
	if _, in := ch.present[n]; !in && ch.group != nil && ch.head <= ch.cursor {
		return proto.Name{}, proto.Refusef(proto.ReasonNotMember, "%s on the floor", n)
	}
	return n, nil
}
