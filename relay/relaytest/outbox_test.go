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

// A call for help from a dead zone waits, and is given up when it would come too
// late: its caller is told, and nobody's desk rings for what is over.
func TestHailThatWaitedTooLongIsGivenUp(t *testing.T) {
	run(t, func(t *testing.T, b *border) {
		desk := b.us.Endpoint("desk/del-rio")
		desk.MustJoin(b.calling)
		guard := b.mx.Endpoint("desk/piedras-negras")
		guard.MustJoin(b.calling)
		agent := b.us.Endpoint("unit/del-rio-214")
		calling := agent.MustJoin(b.calling)
		time.Sleep(time.Second)
		for _, c := range []struct {
			why   string
			away  time.Duration
			rings bool
		}{{"back in time", 20 * time.Second, true}, {"too late", 3 * time.Minute, false}} {
			b.Net.Cut(agent.Addr, b.us.Addr)
			mark, there := agent.Watch.Mark(), guard.Watch.Mark()
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
			h, err := calling.Hail(ctx, guard.Name(), phraseOf(t, "shots-fired"), client.HailOptions{Life: time.Minute})
			cancel()
			if !errors.Is(err, client.ErrWaiting) || h == nil {
				t.Fatalf("%s: %v, want that the call waits", c.why, err)
			}
			time.Sleep(c.away)
			b.Net.Mend(agent.Addr, b.us.Addr)
			if c.rings {
				relaytest.WaitAfter(t, guard.Watch, there, c.why, func(e client.HailReceived) bool { return e.ID == h.ID() })
				continue
			}
			e, _ := relaytest.WaitAfter(t, agent.Watch, mark, c.why, func(e client.HailMoved) bool { return e.Hail == h.ID() })
			if e.State != proto.HailExpired || e.Reason != proto.ReasonRetention {
				t.Errorf("%s: the caller is told %v, reason %d", c.why, e.State, e.Reason)
			}
			if state, err := h.WaitState(minute(t), proto.HailAccepted); err != nil || !state.Over() {
				t.Errorf("%s: %v, %v", c.why, state, err)
			}
			time.Sleep(5 * time.Second)
			if slices.ContainsFunc(guard.Watch.After(there), func(e client.Event) bool { _, rang := e.(client.HailReceived); return rang }) {
				t.Errorf("%s: it rang", c.why)
			}
		}
	})
}

// What is said while a device is on its way back into a group waits for it.
func TestTextDuringComingBackWaits(t *testing.T) {
	run(t, func(t *testing.T, b *border) {
		p := newPatrol(t, b)
		id, state := b.mx.Identity("unit/restored"), client.NewMemoryState()
		unit := b.mx.EndpointWith(id, state)
		ch := unit.MustJoin(b.group)
		time.Sleep(time.Second)
		backup := snapshot(t, state)
		if _, err := ch.Text(minute(t), "one"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		unit.Close()
		again := b.mx.EndpointWith(id, backup)
		relaytest.Wait(t, again.Watch, "its state is old", func(e client.Alarm) bool { return e.Why.Reason == proto.ReasonRolledBack })
		if _, err := again.Channel(b.group).Text(minute(t), "while coming back"); err != nil {
			t.Errorf("%v", err)
		}
		relaytest.Wait(t, p.agent.Watch, "it arrives", func(e client.TextReceived) bool { return e.Text == "while coming back" })
	})
}

// A text is ordered while its device cannot follow the log. Back in behind it, the
// device learns all the same that it is there, and does not send it until it fails.
func TestATextThatWasOrderedWhileItsDeviceWasOutLeavesTheOutbox(t *testing.T) {
	between(t, func(t *testing.T, p *patrol, m *relaytest.Middle) {
		id, state := p.border.mx.Identity("unit/stuck"), client.NewMemoryState()
		e := p.border.mx.EndpointWith(id, state)
		ch := e.MustJoin(p.group)
		time.Sleep(2 * time.Second)
		good, _ := p.us.Epoch()
		spoilt := func(x relaytest.Passing) *wire.Frame {
			f := pb.Clone(x.Frame).(*wire.Frame)
			for _, en := range f.GetEntries().GetEntries() {
				if c := en.GetCommit(); c != nil && c.Epoch == good {
					c.Message[len(c.Message)/2] ^= 1
				}
			}
			return f
		}
		var held []*wire.Frame
		m.Tamper(func(x relaytest.Passing) []*wire.Frame {
			if x.Toward != p.border.mx.Name || x.Frame.GetEntries() == nil {
				return []*wire.Frame{x.Frame}
			}
			held = append(held, spoilt(x))
			return nil
		})
		ok(t, p.us.Refresh(minute(t)))
		mid, err := ch.Text(minute(t), "mine")
		ok(t, err)
		relaytest.Wait(t, p.agent.Watch, "the agent reads it", func(x client.TextReceived) bool { return x.Text == "mine" })
		time.Sleep(time.Second)
		m.Tamper(func(x relaytest.Passing) []*wire.Frame { return []*wire.Frame{spoilt(x)} })
		for _, f := range held {
			m.Say(p.border.mx, f)
		}
		relaytest.Wait(t, e.Watch, "it is in again", func(j client.Joined) bool { return j.Epoch > good+1 })
		m.Tamper(nil)
		relaytest.Wait(t, e.Watch, "it is told that the text is in the log", func(x client.MessageMoved) bool {
			return x.ID == mid && x.State == client.MessageOrdered && x.Seq != 0
		})
		if n := len(ch.Outbox()); n > 0 {
			t.Errorf("%d messages wait, want none", n)
		}
		if d := ch.Delivery(mid); d.State < client.MessageOrdered {
			t.Errorf("the text is %v", d.State)
		}
	})
}

// A charter ends while a device is off, with a text that waits and one that nobody
// has been shown. Both are told of, once, before the channel's state goes.
func TestACharterThatEndsTakesNothingWithItInSilence(t *testing.T) {
	long(t)
	var short proto.ChannelID
	runWith(t, 1, func(b *border) {
		directly(b)
		short = b.us.Charter(&wire.Charter{Kind: wire.Charter_KIND_STANDING, Title: "Short", ExpiresMs: time.Now().Add(time.Hour).UnixMilli(),
			Parties: []*wire.Charter_Party{relaytest.Party(b.us), relaytest.Party(b.mx)}})
	}, func(t *testing.T, b *border) {
		here := b.us.Endpoint("unit/del-rio-214").MustJoin(short)
		id, state := b.mx.Identity("unit/gn-7"), client.NewMemoryState()
		e := b.mx.EndpointWith(id, state)
		e.Watch.Blind()
		ch := e.MustJoin(short)
		time.Sleep(2 * time.Second)
		ok(t, second(here.Text(minute(t), "nobody was shown this")))
		relaytest.Wait(t, e.Watch, "it came", func(client.TextReceived) bool { return true })
		b.Net.Cut(e.Addr, b.mx.Addr)
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		mid, err := ch.Text(ctx, "waits")
		cancel()
		if !errors.Is(err, client.ErrWaiting) {
			t.Fatalf("%v, want that the text waits", err)
		}
		e.Close()
		time.Sleep(2 * time.Hour)

		for _, run := range []struct {
			name string
			told int
		}{{"the first run after the end", 1}, {"the second", 0}} {
			e = b.mx.Dial(id, state)
			time.Sleep(time.Minute)
			failed := 0
			for _, x := range relaytest.Find[client.MessageMoved](e.Watch) {
				if x.ID == mid && x.State == client.MessageFailed && x.Why.Reason == proto.ReasonClosed {
					failed++
				}
			}
			if failed != run.told {
				t.Errorf("%s: told %d times that the waiting text failed, want %d", run.name, failed, run.told)
			}
			if got := texts(e, short); len(got) != run.told {
				t.Errorf("%s: shown %q, want %d texts", run.name, got, run.told)
			}
			e.Close()
		}
		if keys, err := state.Keys(); err != nil || slices.Contains(keys, "channel-"+short.String()) {
			t.Errorf("kept: %q, %v; want nothing of a channel that has ended", keys, err)
		}
	})
}

// A charter ends in the middle of a run: whoever waits for a text to be taken is
// told, and nobody waits for another.
func TestATextOnAChannelThatEndsIsNotWaitedForForEver(t *testing.T) {
	var short proto.ChannelID
	runWith(t, 1, func(b *border) {
		directly(b)
		short = b.us.Charter(&wire.Charter{Kind: wire.Charter_KIND_STANDING, Title: "Short", ExpiresMs: time.Now().Add(time.Minute).UnixMilli(),
			Parties: []*wire.Charter_Party{relaytest.Party(b.us), relaytest.Party(b.mx)}})
	}, func(t *testing.T, b *border) {
		b.us.Endpoint("unit/del-rio-214").MustJoin(short)
		e := b.mx.Endpoint("unit/gn-7")
		ch := e.MustJoin(short)
		time.Sleep(2 * time.Second)
		b.Net.Cut(e.Addr, b.mx.Addr)
		for _, text := range []string{"waits", "comes too late"} {
			said := make(chan error, 1)
			go func() { _, err := ch.Text(t.Context(), text); said <- err }() // ends with its answer
			select {
			case err := <-said:
				if proto.ReasonOf(err) != proto.ReasonClosed {
					t.Errorf("%q: told %v, want reason %d", text, err, proto.ReasonClosed)
				}
			case <-time.After(2 * time.Minute):
				t.Fatalf("%q still waits after the channel has ended", text)
			}
		}
	})
}
