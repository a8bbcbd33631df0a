package relaytest_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"crossband/client"
	"crossband/proto"
	"crossband/proto/wire"
	"crossband/relay/relaytest"
)

// TestAHookSaysOnceHowItsPageFared: asked again it does not say it again, neither in
// the same run, nor in the next one, nor while it waits because the relay is away.
// Having failed it may deliver.
func TestAHookSaysOnceHowItsPageFared(t *testing.T) {
	l := new(ladder)
	runWith(t, 1, withLadder(l), func(t *testing.T, b *border) {
		l.agent, l.guard = b.us.Endpoint("unit/del-rio-214"), b.mx.Endpoint("desk/piedras-negras")
		l.calling = l.agent.MustJoin(l.channel)
		l.guard.MustJoin(l.channel)
		id, state := b.us.Identity("hook/pager"), client.NewMemoryState()
		hook := b.us.EndpointWith(id, state)
		hook.MustJoin(l.channel)
		time.Sleep(3 * time.Second)
		h, _ := l.hail(t, client.HailOptions{})
		paged, _ := relaytest.WaitAfter(t, hook.Watch, 0, "the hook is paged", func(p client.Paged) bool { return slices.Contains(p.To, hook.Name()) })
		theirs := hook.FindHail(h.ID())
		want := client.Page{Round: 1, Step: 3, At: paged.At, Waits: true}
		if p, ok := theirs.Page(); !ok || p != want {
			t.Errorf("the page is %+v, %v, want %+v", p, ok, want)
		}
		if p, ok := l.guard.FindHail(h.ID()).Page(); ok {
			t.Errorf("the desk has the page %+v", p)
		}
		say := func(h *client.Hail, why proto.Reason) error {
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
			defer cancel()
			return h.AnswerPage(ctx, paged.Round, paged.Step, why)
		}
		ok(t, say(theirs, proto.ReasonNoPage))
		ok(t, say(theirs, proto.ReasonNoPage))

		b.us.Stop()
		if err := say(theirs, 0); !errors.Is(err, client.ErrWaiting) {
			t.Errorf("with the relay away: %v", err)
		}
		ok(t, say(theirs, 0))
		hook.Close()
		b.us.Restart()
		again := b.us.EndpointWith(id, state)
		theirs = again.FindHail(h.ID())
		ok(t, say(theirs, 0))
		time.Sleep(20 * time.Second)
		ok(t, say(theirs, 0))
		ok(t, say(theirs, proto.ReasonNoPage)) // it has been delivered: nothing is left to say
		time.Sleep(5 * time.Second)
		var said []proto.Reason
		for _, a := range relaytest.Find[client.PageAnswered](l.agent.Watch) {
			said = append(said, a.Reason)
		}
		if !slices.Equal(said, []proto.Reason{proto.ReasonNoPage, 0}) {
			t.Errorf("the caller has heard %v", said)
		}
		for _, e := range []*relaytest.Endpoint{hook, again} {
			for _, m := range relaytest.Find[client.MessageMoved](e.Watch) {
				if m.State == client.MessageFailed {
					t.Errorf("refused: %v", m.Why)
				}
			}
		}
		if p, _ := theirs.Page(); !p.Waits || !p.Delivered || p.Failed {
			t.Errorf("nobody has accepted, and the page is %+v", p)
		}
		noAlarms(t, l.agent)
	})
}

// TestAPageWaitsAsLongAsItsHailDoes: accepted, merged or rung out it does not, even if
// the hub is not there to say that the hail is over.
func TestAPageWaitsAsLongAsItsHailDoes(t *testing.T) {
	runLadder(t, func(t *testing.T, l *ladder) {
		var hails []*client.Hail
		for range 3 {
			h, _ := l.hail(t, client.HailOptions{})
			hails = append(hails, h)
		}
		time.Sleep(toPager + time.Second)
		waits := func(i int, why string, want bool) {
			t.Helper()
			time.Sleep(time.Second)
			if p, ok := l.hook.FindHail(hails[i].ID()).Page(); !ok || p.Waits != want {
				t.Errorf("%s: %+v, %v", why, p, ok)
			}
		}
		waits(0, "nobody has accepted", true)
		reply(t, l.guard.FindHail(hails[0].ID()), proto.HailAccepted, 0)
		waits(0, "accepted", false)
		waits(1, "nobody has accepted the second", true)
		ok(t, l.guard.Channel(l.channel).Merge(minute(t), hails[1].Incident(), hails[0].Incident(), ""))
		waits(1, "merged", false)
		waits(2, "nobody has accepted the third", true)
		l.us.Stop()
		time.Sleep(3 * time.Minute)
		waits(2, "rung out", false)
		if p, ok := l.guard.FindHail(hails[2].ID()).Page(); ok {
			t.Errorf("the desk has the page %+v", p)
		}
		l.us.Restart()
	})
}

// TestAHooksHailToItsOwnDeskClimbsAcrossTheBorder.
func TestAHooksHailToItsOwnDeskClimbsAcrossTheBorder(t *testing.T) {
	runLadder(t, func(t *testing.T, l *ladder) {
		made := time.Now()
		h, err := l.hook.Channel(l.channel).Hail(minute(t), l.neighbour.Name(), phraseOf(t, "sensor-activated"), client.HailOptions{})
		ok(t, err)
		within(t, "the own desk rings", rings(t, l.neighbour, h, 1, 0).Sub(made), 0)
		within(t, "the partner's rings", rings(t, l.supervisor, h, 1, 1).Sub(made), toSupervisor)
		reply(t, l.supervisor.FindHail(h.ID()), proto.HailAccepted, 0)
		_, err = h.WaitIncident(minute(t))
		ok(t, err)
		ok(t, l.supervisor.Channel(l.channel).CloseIncident(minute(t), h.Incident(), proto.DispositionResolved, ""))
		stands(t, proto.HailClosed, h)
		if err := h.Reply(minute(t), proto.HailCancelled, 0, nil); proto.ReasonOf(err) != proto.ReasonNoHail {
			t.Errorf("cancelled after it was closed: %v", err)
		}
	}, func(c *wire.Charter) { c.Template = c.Parties })
}
