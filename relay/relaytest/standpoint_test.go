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

// What somebody has typed is told to whoever shows it, from the moment that it is kept:
// by the run in which it was said, and by the next one if it has not gone.
func TestOwnTextsAreTold(t *testing.T) {
	run(t, func(t *testing.T, b *border) {
		id, state := b.us.Identity("desk/del-rio"), client.NewMemoryState()
		desk := b.us.EndpointWith(id, state)
		ch := desk.MustJoin(b.calling)
		time.Sleep(time.Second)
		gone, err := ch.Text(minute(t), "at the gate")
		if err != nil {
			t.Fatal(err)
		}
		said := relaytest.Wait(t, desk.Watch, "what was said is told", func(e client.TextSaid) bool { return e.ID == gone })
		if said.Text != "at the gate" || said.Channel != b.calling || said.At.IsZero() {
			t.Errorf("told %+v", said)
		}
		b.Net.Cut(desk.Addr, b.us.Addr)
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		left, err := ch.Text(ctx, "no coverage")
		if !errors.Is(err, client.ErrWaiting) {
			t.Fatalf("%v, want that it waits", err)
		}
		desk.Close()
		again := b.us.EndpointWith(id, state)
		said = relaytest.Wait(t, again.Watch, "what waits is told by the next run", func(e client.TextSaid) bool { return true })
		if said.ID != left || said.Text != "no coverage" {
			t.Errorf("the next run tells %+v", said)
		}
	})
}

// A hail's standing says at both ends what can be said of it there.
func TestStandingAtBothEnds(t *testing.T) {
	run(t, func(t *testing.T, b *border) {
		d := newDesks(t, b)
		mine, theirs := ring(t, d.us, d.guard, client.HailOptions{})
		stands(t, proto.HailReceived, mine, theirs)
		check := func(when string, h *client.Hail, rings bool, may ...proto.HailState) {
			t.Helper()
			v := h.Standing()
			if !v.InLog || v.Rings != rings || !slices.Equal(v.May, may) || v.Call.To != d.guard.Name() || !v.Ends.After(v.Call.Made) {
				t.Errorf("%s: %+v, want rings %v and %v", when, v, rings, may)
			}
		}
		check("the caller, while it rings", mine, false, proto.HailCancelled)
		check("the desk, while it rings", theirs, true, proto.HailAccepted, proto.HailDeclined)
		reply(t, theirs, proto.HailAccepted, 0)
		stands(t, proto.HailAccepted, mine, theirs)
		check("the caller, accepted", mine, false, proto.HailCancelled)
		check("the desk, accepted", theirs, false, proto.HailCommitted, proto.HailDeclined)
		reply(t, theirs, proto.HailCommitted, 0)
		stands(t, proto.HailCommitted, mine, theirs)
		check("the desk, committed", theirs, false, proto.HailReleased)
		reply(t, mine, proto.HailCancelled, 0)
		stands(t, proto.HailCancelled, mine, theirs)
		check("the desk, cancelled", theirs, false)
	})
}
