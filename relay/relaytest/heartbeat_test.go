package relaytest_test

import (
	"slices"
	"testing"
	"time"

	pb "google.golang.org/protobuf/proto"

	"crossband/client"
	"crossband/client/views"
	"crossband/proto"
	"crossband/proto/wire"
	"crossband/relay/relaytest"
)

// agreed waits until all members' views agree.
func agreed(t *testing.T, id proto.ChannelID, why string, list ...*relaytest.Endpoint) {
	t.Helper()
	for _, e := range list {
		reaches(t, e, id, views.Agreed, shownWithin, why)
	}
}

// triangle is a border whose MX and CA relays are linked as well, with one
// member of the joint patrol in each agency.
func triangle(t *testing.T, fn func(*testing.T, *patrol, *relaytest.Endpoint)) {
	runWith(t, 1, func(b *border) {
		b.Link(b.us, b.mx)
		b.Link(b.mx, b.ca)
	}, func(t *testing.T, b *border) {
		p := newPatrol(t, b)
		observer := b.ca.Endpoint("desk/windsor")
		observer.MustJoin(b.group)
		agreed(t, b.group, "at first", p.agent, p.guard, observer)
		fn(t, p, observer)
	})
}

func TestTwoHundredChangesInAMinuteAreNoAlarm(t *testing.T) {
	if testing.Short() {
		t.Skip("takes half a minute under the race detector")
	}
	triangle(t, func(t *testing.T, p *patrol, observer *relaytest.Endpoint) {
		usDesk, mxUnit := p.border.us.Endpoint("desk/del-rio"), p.border.mx.Endpoint("unit/gn-8")
		before, _ := p.us.Epoch()
		start := time.Now()
		for round := range 50 {
			time.Sleep(500 * time.Millisecond) // a member may commit 60 times a minute, and 120 more at once
			for _, c := range []struct {
				who *relaytest.Endpoint
				by  *client.Channel
			}{{usDesk, p.us}, {mxUnit, p.mx}} {
				mark := c.who.Watch.Mark()
				if round == 0 {
					c.who.MustJoin(p.group)
				} else if err := c.by.Add(minute(t), c.who.Name()); err != nil { // who was removed is back when it is added
					t.Fatal(err)
				} else {
					relaytest.WaitAfter(t, c.who.Watch, mark, "it is in", func(client.Joined) bool { return true })
				}
				if err := c.by.Remove(minute(t), c.who.Name()); err != nil {
					t.Fatal(err)
				}
				relaytest.WaitAfter(t, c.who.Watch, 0, "it is out", func(client.Left) bool { return c.who.Channel(p.group).Views().State == views.None })
			}
		}
		after, _ := p.us.Epoch()
		took := time.Since(start)
		if after-before < 200 {
			t.Fatalf("%d changes: the test shows nothing", after-before)
		}
		t.Logf("%d changes in %v", after-before, took)
		if took > time.Minute {
			t.Errorf("200 changes took %v, want a minute at most", took)
		}
		agreed(t, p.group, "200 changes", p.agent, p.guard, observer)
		calm(t, "200 changes", p.agent, p.guard, observer)
		sameView(t, p.group, p.agent, p.guard, observer)
	})
}

// While the border link is cut the side of the hub goes on, and the others hear
// of it past the hub: that they do not follow is no wonder, and no alarm.
func TestCutBorderIsNotConfirmedAndNoAlarm(t *testing.T) {
	triangle(t, func(t *testing.T, p *patrol, observer *relaytest.Endpoint) {
		second := p.border.mx.Endpoint("unit/gn-8")
		second.MustJoin(p.group)
		agreed(t, p.group, "four members", p.agent, p.guard, second, observer)
		p.Net.Cut(p.border.us.Addr, p.border.mx.Addr)
		time.Sleep(10 * time.Second)
		for range 5 {
			if err := p.us.Refresh(minute(t)); err != nil {
				t.Fatal(err)
			}
			push(t, p.mx, 20, client.TalkOptions{}).well()
			time.Sleep(55 * time.Second)
		}
		for _, e := range []*relaytest.Endpoint{p.agent, p.guard, second} {
			if v := e.Channel(p.group).Views(); v.State != views.Unconfirmed {
				t.Errorf("%s: five minutes cut off and %+v", e.Name().Short(), v)
			}
		}
		p.Net.Mend(p.border.us.Addr, p.border.mx.Addr)
		agreed(t, p.group, "mended", p.agent, p.guard, second, observer)
		calm(t, "a cut border", p.agent, p.guard, second, observer)
		sameView(t, p.group, p.agent, p.guard, second, observer)
	})
}

func TestLossIsNoAlarm(t *testing.T) {
	triangle(t, func(t *testing.T, p *patrol, observer *relaytest.Endpoint) {
		p.Net.Everywhere(relaytest.Path{Delay: 20 * time.Millisecond, Jitter: 10 * time.Millisecond, Loss: 0.05})
		p.slow(relaytest.Path{Delay: 80 * time.Millisecond, Jitter: 40 * time.Millisecond, Loss: 0.05})
		for range 20 {
			if err := p.us.Refresh(minute(t)); err != nil {
				t.Fatal(err)
			}
			time.Sleep(15 * time.Second)
		}
		agreed(t, p.group, "loss of 5 %", p.agent, p.guard, observer)
		calm(t, "loss of 5 %", p.agent, p.guard, observer)
	})
}

// A border so slow that heartbeats overtake commits by far.
func TestLateCommitsAreNoAlarm(t *testing.T) {
	between(t, func(t *testing.T, p *patrol, m *relaytest.Middle) {
		agreed(t, p.group, "before", p.agent, p.guard)
		m.Tamper(func(x relaytest.Passing) []*wire.Frame {
			if x.Frame.GetEntries() == nil || x.Toward != p.border.mx.Name {
				return []*wire.Frame{x.Frame}
			}
			time.AfterFunc(12*time.Second, func() { m.Say(p.border.mx, x.Frame) })
			return nil
		})
		for range 10 {
			if err := p.us.Refresh(minute(t)); err != nil {
				t.Fatal(err)
			}
			time.Sleep(20 * time.Second)
		}
		m.Tamper(nil)
		if c := p.mx.HeartbeatCounts(); c.Ahead == 0 {
			t.Error("no heartbeat overtook its commit: the test shows nothing")
		}
		time.Sleep(15 * time.Second)
		agreed(t, p.group, "late commits", p.agent, p.guard)
		calm(t, "late commits", p.agent, p.guard)
	})
}

func TestMemberThatWasAwayIsNoAlarm(t *testing.T) {
	long(t)
	triangle(t, func(t *testing.T, p *patrol, observer *relaytest.Endpoint) {
		id, state := p.border.mx.Identity("unit/gn-9"), client.NewMemoryState()
		sleeper := p.border.mx.EndpointWith(id, state)
		sleeper.MustJoin(p.group)
		others := []*relaytest.Endpoint{p.agent, p.guard, observer}
		goOn := func() {
			for range 3 {
				if err := p.us.Refresh(minute(t)); err != nil {
					t.Fatal(err)
				}
			}
		}
		agreed(t, p.group, "before", append(others, sleeper)...)

		// Out of reach for an hour.
		p.Net.Cut(sleeper.Addr, p.border.mx.Addr)
		goOn()
		time.Sleep(time.Hour)
		if v := sleeper.Channel(p.group).Views(); v.State != views.Unconfirmed {
			t.Errorf("an hour without a link and %+v", v)
		}
		agreed(t, p.group, "one member is off, its agency is not", others...)
		p.Net.Mend(sleeper.Addr, p.border.mx.Addr)
		agreed(t, p.group, "back after an hour", append(others, sleeper)...)
		calm(t, "out of reach for an hour", append(others, sleeper)...)

		// A restart, while the others go on.
		sleeper.Close()
		goOn()
		again := p.border.mx.EndpointWith(id, state)
		agreed(t, p.group, "restarted", append(others, again)...)
		calm(t, "a restart", append(others, again)...)

		// A restart without its state: it joins again from outside.
		again.Close()
		anew := p.border.mx.EndpointWith(id, client.NewMemoryState())
		anew.MustJoin(p.group)
		agreed(t, p.group, "joined again", append(others, anew)...)
		calm(t, "an external join", append(others, anew)...)
		sameView(t, p.group, append(others, anew)...)
	})
}

// passing returns the newest heartbeat of a member that went through the middle.
func passing(t *testing.T, m *relaytest.Middle, from proto.Name) *wire.Frame {
	t.Helper()
	for _, s := range slices.Backward(m.Seen()) {
		if b := s.Frame.GetHeartbeat(); b != nil && b.From == from.String() {
			return s.Frame
		}
	}
	t.Fatalf("no heartbeat of %s passed", from)
	return nil
}

func TestForgedAndReplayedHeartbeatsAreDroppedAndCounted(t *testing.T) {
	between(t, func(t *testing.T, p *patrol, m *relaytest.Middle) {
		agreed(t, p.group, "before", p.agent, p.guard)
		genuine := passing(t, m, p.agent.Name())
		say := func(change func(*wire.Heartbeat)) {
			f := pb.Clone(genuine).(*wire.Frame)
			change(f.GetHeartbeat())
			m.Say(p.border.mx, f)
			time.Sleep(time.Second)
		}
		first := p.mx.HeartbeatCounts()
		say(func(*wire.Heartbeat) {})
		if c := p.mx.HeartbeatCounts(); c.Replayed != first.Replayed {
			t.Errorf("a copy passed the relay: %+v", c)
		}
		time.Sleep(95 * time.Second) // the relay has forgotten it
		say(func(*wire.Heartbeat) {})
		if c := p.mx.HeartbeatCounts(); c.Replayed != first.Replayed+1 {
			t.Errorf("a replay was not counted: %+v", c)
		}
		time.Sleep(2 * time.Minute)
		say(func(*wire.Heartbeat) {})
		if c := p.mx.HeartbeatCounts(); c.Stale != first.Stale+1 {
			t.Errorf("an old one was not counted: %+v", c)
		}
		stranger := p.border.us.Identity("unit/nobody")
		say(func(b *wire.Heartbeat) { b.From = stranger.Name.String() })
		if c := p.mx.HeartbeatCounts(); c.Strangers != first.Strangers+1 {
			t.Errorf("a stranger's was not counted: %+v", c)
		}
		for why, change := range map[string]func(*wire.Heartbeat){
			"another digest":    func(b *wire.Heartbeat) { b.Digest[0] ^= 1 },
			"another epoch":     func(b *wire.Heartbeat) { b.Epoch += 2 },
			"made newer":        func(*wire.Heartbeat) {},
			"another signature": func(b *wire.Heartbeat) { b.Signature[len(b.Signature)-1] ^= 1 },
		} {
			before := p.mx.HeartbeatCounts().Forged
			say(func(b *wire.Heartbeat) {
				b.TimeMs = time.Now().UnixMilli()
				change(b)
			})
			if now := p.mx.HeartbeatCounts().Forged; now != before+1 {
				t.Errorf("%s: %d counted as forged, want %d", why, now, before+1)
			}
			time.Sleep(15 * time.Second) // the relay lets no more through of one sender
		}
		calm(t, "false heartbeats", p.agent, p.guard)
		agreed(t, p.group, "after", p.agent, p.guard)

		// The hub in the guard's own name: the relay does not let it in.
		before := p.mx.HeartbeatCounts()
		mine := pb.Clone(passing(t, m, p.guard.Name())).(*wire.Frame)
		m.Say(p.border.mx, mine)
		time.Sleep(time.Second)
		if c := p.mx.HeartbeatCounts(); c.Own != before.Own {
			t.Errorf("our own heartbeat came back: %+v", c)
		}
		// How often the two of them beat: no more than a few times a minute.
		count, start := 0, len(m.Seen())
		time.Sleep(time.Minute)
		for _, s := range m.Seen()[start:] {
			if s.Frame.GetHeartbeat() != nil {
				count++
			}
		}
		t.Logf("%d heartbeats crossed the border in a minute", count)
		if count < 6 || count > 10 {
			t.Errorf("%d heartbeats crossed the border in a minute, want about 8", count)
		}
	})
}

// A partner's relay may bring heartbeats of its own endpoints only.
func TestForeignHeartbeatsAreRefused(t *testing.T) {
	runWith(t, 1, directly, func(t *testing.T, b *border) {
		p := newPatrol(t, b)
		agreed(t, b.group, "before", p.agent, p.guard)
		b.ca.Stop() // or the two would take each other's place
		rogue := b.Rogue(b.ca.Identity("relay/r1"), b.us)
		for why, c := range map[string]struct {
			from proto.Name
			want proto.Reason
		}{
			"of another agency":                 {p.guard.Name(), proto.ReasonSpokenFor},
			"of the hub's own":                  {p.agent.Name(), proto.ReasonSpokenFor},
			"of one that the charter keeps out": {b.ca.Identity("unit/ghost").Name, proto.ReasonCharter},
		} {
			f := &wire.Frame{Hops: 1, Body: &wire.Frame_Heartbeat{Heartbeat: &wire.Heartbeat{
				Channel: b.group[:], From: c.from.String(), Epoch: 1, Digest: make([]byte, 32), TimeMs: time.Now().UnixMilli(), Signature: []byte("signature"),
			}}}
			if got := rogue.Refused(f); got != c.want {
				t.Errorf("a heartbeat %s: reason %d, want %d", why, got, c.want)
			}
		}
		rogue.Send(&wire.Frame{Hops: 1, Body: &wire.Frame_Heartbeat{Heartbeat: &wire.Heartbeat{
			Channel: b.group[:], From: b.ca.Identity("desk/windsor").Name.String(), Epoch: 1, Digest: make([]byte, 32), TimeMs: time.Now().UnixMilli(), Signature: []byte("signature"),
		}}})
		time.Sleep(time.Second)
		for _, ch := range []*client.Channel{p.us, p.mx} {
			if c := ch.HeartbeatCounts(); c.Strangers != 1 || c.Forged != 0 {
				t.Errorf("one heartbeat of no member came through: %+v", c)
			}
		}
		calm(t, "a hostile partner", p.agent, p.guard)
	})
}
