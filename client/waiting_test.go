package client

import (
	"slices"
	"testing"

	"crossband/proto"
	"crossband/proto/wire"
)

// TestWaitersAreJudged: what a relay says of the queue is believed of those only who may
// send; anything else is an alarm, and nothing of it is shown.
func TestWaitersAreJudged(t *testing.T) {
	s := &Session{channels: make(map[proto.ChannelID]*Channel)}
	ch := &Channel{s: s, charter: proto.Charter{Parties: []proto.Party{{
		Agency: "us.example", Send: []proto.Role{proto.RoleUnit}, Listen: []proto.Role{proto.RoleRecorder},
	}}}}
	s.channels[ch.id] = ch
	const unit = "spiffe://us.example/unit/a"
	told := func(list ...*wire.FloorWaiting_Waiter) []Event {
		return s.waitingLocked(&wire.FloorWaiting{Channel: ch.id[:], Waiting: list})
	}
	waiter := func(name string, priority uint32) *wire.FloorWaiting_Waiter {
		return &wire.FloorWaiting_Waiter{Name: name, Priority: priority}
	}
	n, err := proto.ParseName(unit)
	if err != nil {
		t.Fatal(err)
	}
	want := FloorWaiting{Channel: ch.id, Waiting: []Waiter{{n, proto.PriorityUrgent}}}
	if got, ok := told(waiter(unit, 2))[0].(FloorWaiting); !ok || got.Channel != want.Channel || !slices.Equal(got.Waiting, want.Waiting) {
		t.Errorf("told %+v", got)
	}
	if got, ok := told()[0].(FloorWaiting); !ok || len(got.Waiting) != 0 {
		t.Errorf("of nobody told %+v", got)
	}
	many := slices.Repeat([]*wire.FloorWaiting_Waiter{waiter(unit, 1)}, proto.MaxFloorQueue+1)
	for why, list := range map[string][]*wire.FloorWaiting_Waiter{
		"no name":            {waiter("unit/a", 1)},
		"a stranger":         {waiter(unit, 1), waiter("spiffe://mx.example/unit/a", 1)},
		"who only listens":   {waiter("spiffe://us.example/recorder/r", 1)},
		"no priority":        {waiter(unit, 0)},
		"one too high":       {waiter(unit, 6)},
		"one that wraps":     {waiter(unit, 257)},
		"more than may wait": many,
	} {
		news := told(list...)
		if len(news) != 1 {
			t.Fatalf("%s: %+v", why, news)
		}
		if _, alarm := news[0].(Alarm); !alarm {
			t.Errorf("%s: %+v", why, news)
		}
	}
	if news := s.waitingLocked(&wire.FloorWaiting{Channel: make([]byte, 3)}); news != nil {
		t.Errorf("of a channel that is none: %+v", news)
	}
}
