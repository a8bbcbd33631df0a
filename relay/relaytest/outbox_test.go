package relaytest_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"crossband/client"
	"crossband/proto"
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
