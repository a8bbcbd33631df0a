package relaytest_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	pb "google.golang.org/protobuf/proto"

	"crossband/client"
	"crossband/proto"
	"crossband/proto/wire"
	"crossband/relay/relaytest"
)

// TestADeskThatStartsAgainCanAnswerWhatRings: a crash at the desk must not
// swallow a call for help.
func TestADeskThatStartsAgainCanAnswerWhatRings(t *testing.T) {
	run(t, func(t *testing.T, b *border) {
		b.us.Endpoint("desk/del-rio").MustJoin(b.calling)
		agent := b.us.Endpoint("unit/del-rio-214")
		calling := agent.MustJoin(b.calling)
		id, state := b.mx.Identity("desk/piedras-negras"), client.NewMemoryState()
		guard := b.mx.EndpointWith(id, state)
		guard.MustJoin(b.calling)

		h, err := calling.Hail(minute(t), guard.Name(), phraseOf(t, "shots-fired"), client.HailOptions{Urgency: proto.PriorityEmergency, Note: "south bank"})
		if err != nil {
			t.Fatal(err)
		}
		relaytest.Wait(t, guard.Watch, "it rings", func(e client.HailReceived) bool { return e.ID == h.ID() })
		if _, err := h.WaitState(minute(t), proto.HailReceived); err != nil {
			t.Fatal(err)
		}
		guard.Close()

		again := b.mx.EndpointWith(id, state)
		rung := relaytest.Wait(t, again.Watch, "it rings again after the restart", func(e client.HailReceived) bool { return e.ID == h.ID() })
		if rung.Note != "south bank" || rung.Content.Code == 0 || rung.From != agent.Name() {
			t.Errorf("what rings again has lost its words: %+v", rung)
		}
		there := again.FindHail(h.ID())
		if there == nil {
			t.Fatal("the desk cannot find the hail that rings")
		}
		if err := there.Reply(minute(t), proto.HailAccepted, 0, nil); err != nil {
			t.Fatal(err)
		}
		channel, err := h.WaitIncident(minute(t))
		if err != nil {
			t.Fatal(err)
		}
		relaytest.Wait(t, again.Watch, "the desk is in the incident", func(e client.Joined) bool { return e.Channel == channel })
	})
}

// TestARestartOnTheWayBackIntoAGroupForgetsNothing: a device cannot follow a
// commit, and is switched off before it is in again. Switched on it comes back by
// itself, says what waited, shows what nobody had been shown, rings again, and is
// told what it missed.
func TestARestartOnTheWayBackIntoAGroupForgetsNothing(t *testing.T) {
	between(t, func(t *testing.T, p *patrol, m *relaytest.Middle) {
		calling := p.agent.MustJoin(p.border.calling)
		id, state := p.border.mx.Identity("desk/no-group"), client.NewMemoryState()
		e := p.border.mx.EndpointWith(id, state)
		e.Watch.Blind()
		e.MustJoin(p.group)
		e.MustJoin(p.border.calling)
		time.Sleep(2 * time.Second)
		h, err := calling.Hail(minute(t), id.Name, phraseOf(t, "shots-fired"), client.HailOptions{Life: 10 * time.Minute})
		ok(t, err)
		relaytest.Wait(t, e.Watch, "it rings", func(x client.HailReceived) bool { return x.ID == h.ID() })
		ok(t, second(p.us.Text(minute(t), "nobody was shown this")))
		relaytest.Wait(t, e.Watch, "it came", func(x client.TextReceived) bool { return x.Text == "nobody was shown this" })

		spoilt := map[proto.ChannelID]uint64{}
		spoilt[p.group], _ = p.us.Epoch()
		spoilt[p.border.calling], _ = calling.Epoch()
		m.Tamper(func(x relaytest.Passing) []*wire.Frame {
			f := pb.Clone(x.Frame).(*wire.Frame)
			for _, entry := range f.GetEntries().GetEntries() {
				c := entry.GetCommit()
				if id, err := proto.ChannelIDFrom(c.GetChannel()); err == nil && c.Epoch == spoilt[id] {
					c.Message[len(c.Message)/2] ^= 1
				}
			}
			if f.GetFetchGroupInfo() != nil {
				return nil // it cannot come back yet
			}
			return []*wire.Frame{f}
		})
		for _, ch := range []*client.Channel{p.us, calling} {
			ok(t, ch.Refresh(minute(t)))
			relaytest.Wait(t, e.Watch, "it cannot follow", func(a client.Alarm) bool { return a.Channel == ch.ID() })
		}
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		_, err = e.Channel(p.group).Text(ctx, "said on the way")
		cancel()
		if !errors.Is(err, client.ErrWaiting) {
			t.Fatalf("%v, want that the text waits", err)
		}
		e.Close()
		for _, text := range []string{"without it", "without it", "without it"} {
			ok(t, second(p.us.Text(minute(t), text)))
		}
		m.Tamper(nil)

		e = p.border.mx.EndpointWith(id, state)
		if got := texts(e, p.group); !slices.Equal(got, []string{"nobody was shown this"}) {
			t.Errorf("shown %q, want what nobody had been shown", got)
		}
		relaytest.Wait(t, e.Watch, "it rings again", func(x client.HailReceived) bool { return x.ID == h.ID() })
		relaytest.Wait(t, e.Watch, "it is in again", func(j client.Joined) bool { return j.Channel == p.group })
		missed := relaytest.Wait(t, e.Watch, "it is told what it missed", func(x client.Missed) bool { return x.Channel == p.group })
		if missed.Count < 3 {
			t.Errorf("told of %d entries that it cannot read, want the 3 texts at least", missed.Count)
		}
		relaytest.Wait(t, p.agent.Watch, "what waited is read", func(x client.TextReceived) bool { return x.Text == "said on the way" })
		time.Sleep(time.Second)
		if n := len(e.Channel(p.group).Outbox()); n > 0 {
			t.Errorf("%d messages wait", n)
		}
	})
}
