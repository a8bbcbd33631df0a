package relaytest_test

import (
	"context"
	"testing"
	"time"

	"crossband/client"
	"crossband/client/phrase"
	"crossband/proto"
	"crossband/relay/relaytest"
)

// pair is a mirrored patrol: two units that share a channel for a shift.
type pair struct {
	*border
	agent, guard *relaytest.Endpoint
	us, mx       *client.Channel // the patrol's channel on either side
}

func newPair(t *testing.T, b *border, shift time.Duration) *pair {
	t.Helper()
	p := &pair{border: b, agent: b.us.Endpoint("unit/del-rio-214"), guard: b.mx.Endpoint("unit/acuna-7")}
	calling := p.agent.MustJoin(b.calling)
	time.Sleep(time.Second)
	ch, err := calling.Pair(minute(t), p.guard.Name(), time.Now().Add(shift))
	if err != nil {
		t.Fatal(err)
	}
	relaytest.Wait(t, p.guard.Watch, "the other unit is in", func(j client.Joined) bool { return j.Channel == ch.ID() })
	p.us, p.mx = ch, p.guard.Channel(ch.ID())
	return p
}

func at(t *testing.T, lat, lon float64) client.Position {
	t.Helper()
	place, err := phrase.NewPlace(lat, lon, "")
	if err != nil {
		t.Fatal(err)
	}
	return client.Position{Place: place, Accuracy: 8, Fix: time.Now(), Course: 270, Speed: 1.5}
}

func positions(e *relaytest.Endpoint) (list []client.PositionReceived) {
	return relaytest.Find[client.PositionReceived](e.Watch)
}

func TestMirroredPatrolSharesPositionsBetweenTheTwo(t *testing.T) {
	run(t, func(t *testing.T, b *border) {
		desk, guardDesk := b.us.Endpoint("desk/del-rio"), b.mx.Endpoint("desk/piedras-negras")
		desk.MustJoin(b.calling)
		guardDesk.MustJoin(b.calling)
		third := b.us.Endpoint("unit/del-rio-9")
		p := newPair(t, b, 8*time.Hour)
		sameView(t, p.us.ID(), p.agent, p.guard)
		sent := at(t, 28.7091, -100.4995)
		if _, err := p.us.SendPosition(minute(t), sent); err != nil {
			t.Fatal(err)
		}
		got := relaytest.Wait(t, p.guard.Watch, "the position crosses", func(e client.PositionReceived) bool { return e.From == p.agent.Name() })
		if got.Position.Place != sent.Place || got.Position.Course != 270 || got.Position.Speed != 1.5 || got.Position.Accuracy != 8 ||
			got.Position.Fix.UnixMilli() != sent.Fix.UnixMilli() || got.Position.Age < 0 || got.Position.Age > time.Second {
			t.Errorf("sent %+v, got %+v", sent, got.Position)
		}
		if _, err := p.mx.SendPosition(minute(t), at(t, 28.7, -100.52)); err != nil {
			t.Fatal(err)
		}
		relaytest.Wait(t, p.agent.Watch, "the answer crosses", func(e client.PositionReceived) bool { return e.From == p.guard.Name() })
		heard(t, p.guard, push(t, p.us, 25, client.TalkOptions{}).well(), "they talk")
		for _, e := range []*relaytest.Endpoint{desk, guardDesk, third} {
			if list := positions(e); len(list) > 0 {
				t.Errorf("%s has got %+v", e.Name(), list)
			}
			if _, err := e.Session.Join(minute(t), p.us.ID()); err == nil {
				t.Errorf("%s has come into the pair's channel", e.Name())
			}
			if e.Channel(p.us.ID()) != nil {
				t.Errorf("%s has been told of the pair's channel", e.Name())
			}
		}
		if err := p.us.Add(minute(t), third.Name()); proto.ReasonOf(err) == proto.ReasonNone {
			t.Error("a third unit was taken in")
		}
	})
}

func TestMirroredPatrolEndsByItself(t *testing.T) {
	run(t, func(t *testing.T, b *border) {
		p := newPair(t, b, 30*time.Minute)
		time.Sleep(29 * time.Minute)
		if _, err := p.us.SendPosition(minute(t), at(t, 28.7, -100.5)); err != nil {
			t.Fatalf("before the end: %v", err)
		}
		time.Sleep(2 * time.Minute)
		for _, ch := range []*client.Channel{p.us, p.mx} {
			if _, err := ch.SendPosition(minute(t), at(t, 28.7, -100.5)); proto.ReasonOf(err) != proto.ReasonClosed && proto.ReasonOf(err) != proto.ReasonNotMember {
				t.Errorf("after the shift: %v", err)
			}
			talk := push(t, ch, 5, client.TalkOptions{})
			if <-talk.done; talk.err == nil {
				t.Error("the pair talks after its shift")
			}
		}
	})
}

func soon(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	t.Cleanup(cancel)
	return ctx
}

// After a time without coverage the other unit is told where we are, once.
func TestOldPositionsGiveWayToTheNewest(t *testing.T) {
	run(t, func(t *testing.T, b *border) {
		p := newPair(t, b, 8*time.Hour)
		text := func(s string) {
			t.Helper()
			if _, err := p.us.Text(soon(t), s); err == nil {
				t.Fatal("the text went out: the test shows nothing")
			}
		}
		b.Net.Unplug(p.agent.Addr)
		time.Sleep(time.Minute)
		text("before")
		for i := range 20 {
			p.us.SendPosition(soon(t), at(t, 28.7+float64(i)/1000, -100.5))
		}
		text("after")
		if n := len(p.us.Outbox()); n != 3 {
			t.Errorf("%d messages wait, want two texts and one position", n)
		}
		b.Net.Plug(p.agent.Addr)
		relaytest.Wait(t, p.guard.Watch, "the last text", func(e client.TextReceived) bool { return e.Text == "after" })
		list := positions(p.guard)
		if len(list) != 1 || list[0].Position.Place.Latitude != 28_719_000 || list[0].Position.Age < time.Second {
			t.Errorf("received %+v", list)
		}
		for _, g := range relaytest.Find[client.Gap](p.guard.Watch) {
			t.Errorf("the other unit is told that something is missing: %+v", g)
		}
	})
}

func TestWhoMayPair(t *testing.T) {
	run(t, func(t *testing.T, b *border) {
		agent, desk := b.us.Endpoint("unit/del-rio-214"), b.us.Endpoint("desk/del-rio")
		guard, own := b.mx.Endpoint("unit/acuna-7"), b.us.Endpoint("unit/del-rio-9")
		mountie := b.ca.Endpoint("unit/cornwall-1")
		unit, board := agent.MustJoin(b.calling), desk.MustJoin(b.calling)
		group := agent.MustJoin(b.group)
		for name, try := range map[string]struct {
			on    *client.Channel
			other *relaytest.Endpoint
			shift time.Duration
			want  proto.Reason
		}{
			"a desk":           {board, guard, time.Hour, proto.ReasonCharter},
			"with a desk":      {unit, desk, time.Hour, proto.ReasonCharter},
			"on one side":      {unit, own, time.Hour, proto.ReasonCharter},
			"with an observer": {unit, mountie, time.Hour, proto.ReasonCharter},
			"elsewhere":        {group, guard, time.Hour, proto.ReasonCharter},
			"of yesterday":     {unit, guard, -time.Hour, proto.ReasonMalformed},
			"without end":      {unit, guard, client.MaxShift + time.Minute, proto.ReasonMalformed},
		} {
			before := len(agent.Channels())
			if _, err := try.on.Pair(minute(t), try.other.Name(), time.Now().Add(try.shift)); proto.ReasonOf(err) != try.want {
				t.Errorf("%s: %v, want reason %d", name, err, try.want)
			}
			if after := len(agent.Channels()); after != before {
				t.Errorf("%s: %d channels, before %d", name, after, before)
			}
		}
		if _, err := unit.Pair(minute(t), guard.Name(), time.Now().Add(client.MaxShift)); err != nil {
			t.Errorf("a long shift: %v", err)
		}
		if _, err := group.SendPosition(minute(t), at(t, 28.7, -100.5)); proto.ReasonOf(err) != proto.ReasonCharter {
			t.Errorf("a position where no patrol is: %v", err)
		}
	})
}
