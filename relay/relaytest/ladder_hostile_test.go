package relaytest_test

import (
	"strings"
	"testing"
	"time"

	"crossband/client"
	"crossband/proto"
	"crossband/proto/wire"
	"crossband/relay/relaytest"
)

// TestAHubThatDoesNotKeepTheLadderIsSeen: the US relay, hub of the calling channel,
// shows Mexico's desks other pages than the charter calls for, or none.
func TestAHubThatDoesNotKeepTheLadderIsSeen(t *testing.T) {
	l := new(ladder)
	var m *relaytest.Middle
	runWith(t, 1, func(b *border) {
		m = b.Middle(b.mx, b.us)
		withLadder(l)(b)
	}, func(t *testing.T, b *border) {
		l.join()
		seen := func(why string, mark relaytest.Mark, want string) {
			t.Helper()
			relaytest.WaitAfter(t, l.guard.Watch, mark, why, func(a client.Alarm) bool {
				return a.Why.Reason == proto.ReasonLadder && strings.Contains(a.Why.Detail, want)
			})
		}
		page := func(h *client.Hail, round, step uint32, to ...string) func(*wire.Entry) {
			hid, id := h.ID(), proto.NewMessageID()
			return func(e *wire.Entry) {
				e.Item = &wire.Entry_Page{Page: &wire.Page{Channel: l.channel[:], Id: id[:], Hail: hid[:], Round: round, Step: step, To: to}}
			}
		}
		inPlaceOfAText := func(change func(*wire.Entry)) relaytest.Mark {
			t.Helper()
			mark := l.guard.Watch.Mark()
			stop := onEntries(m, b.mx, each(change))
			ok(t, second(l.calling.Text(minute(t), "in whose place it comes")))
			time.Sleep(2 * time.Second)
			stop()
			return mark
		}
		supervisor := l.supervisor.Name().String()

		h, _ := l.hail(t, client.HailOptions{})
		rings(t, l.guard, h, 1, 0)
		mark := inPlaceOfAText(page(h, 1, 1, supervisor))
		seen("a page before its time", mark, "early")
		rings(t, l.supervisor, h, 1, 1) // better too early than never

		h, _ = l.hail(t, client.HailOptions{})
		rings(t, l.guard, h, 1, 0)
		time.Sleep(toNeighbour - 5*time.Second)
		mark = inPlaceOfAText(page(h, 1, 3, l.hook.Name().String()))
		seen("a step left out", mark, "was next")
		reply(t, l.guard.FindHail(h.ID()), proto.HailAccepted, 0)
		stands(t, proto.HailAccepted, h)
		mark = inPlaceOfAText(page(h, 2, 0, l.guard.Name().String()))
		seen("a page after the acceptance", mark, "round 2, step 0")
		if got := pagesOf(l.guard, h); len(got) != 2 {
			t.Errorf("pages %v: one after the acceptance counts for nothing", got)
		}

		// The time that it writes beside a page is not the hub's to choose.
		h, _ = l.hail(t, client.HailOptions{})
		rings(t, l.guard, h, 1, 0)
		early := page(h, 1, 1, supervisor)
		mark = inPlaceOfAText(func(e *wire.Entry) { early(e); e.TimeMs += time.Hour.Milliseconds() })
		seen("a page of an hour to come", mark, "yet to come")
		reply(t, l.guard.FindHail(h.ID()), proto.HailAccepted, 0)

		// It keeps the steps to itself, in the place of which it shows nothing new.
		h, _ = l.hail(t, client.HailOptions{Life: 10 * time.Minute})
		rings(t, l.guard, h, 1, 0)
		mark = l.guard.Watch.Mark()
		stop := onEntries(m, b.mx, each(func(e *wire.Entry) {
			if e.GetPage() != nil {
				e.Item = &wire.Entry_Duty{Duty: &wire.Duty{
					Channel: l.channel[:], Id: e.GetPage().Id, From: b.us.Node.Name().String(), Role: l.neighbour.Name().String(), Act: uint32(proto.DutyManned),
				}}
			}
		}))
		time.Sleep(toSupervisor + 3*time.Minute)
		stop()
		seen("no page at all", mark, "has not come")
	})
}

// TestAHubThatCallsADeskUnmannedWhichIsThereIsSeen: the hub's word on who is found is
// all that the others have; the desk itself knows better.
func TestAHubThatCallsADeskUnmannedWhichIsThereIsSeen(t *testing.T) {
	l := new(ladder)
	var m *relaytest.Middle
	runWith(t, 1, func(b *border) {
		m = b.Middle(b.mx, b.us)
		withLadder(l)(b)
	}, func(t *testing.T, b *border) {
		l.join()
		time.Sleep(10 * time.Minute)
		id, mark := proto.NewMessageID(), l.guard.Watch.Mark()
		stop := onEntries(m, b.mx, each(func(e *wire.Entry) {
			e.Item = &wire.Entry_Duty{Duty: &wire.Duty{
				Channel: l.channel[:], Id: id[:], From: b.us.Node.Name().String(), Role: l.guard.Name().String(), Act: uint32(proto.DutyUnmanned),
			}}
		}))
		ok(t, second(l.calling.Text(minute(t), "in whose place it comes")))
		relaytest.WaitAfter(t, l.guard.Watch, mark, "the desk itself", func(a client.Alarm) bool { return a.Why.Reason == proto.ReasonOffDuty })
		stop()

		// Nor does anybody but the hub say so, or the hub what only members do.
		for _, c := range []struct {
			from string
			act  proto.DutyAct
		}{{"spiffe://gn.example/relay/r1", proto.DutyManned}, {b.us.Node.Name().String(), proto.DutyOff}} {
			id, mark = proto.NewMessageID(), l.guard.Watch.Mark()
			stop = onEntries(m, b.mx, each(func(e *wire.Entry) {
				e.Item = &wire.Entry_Duty{Duty: &wire.Duty{Channel: l.channel[:], Id: id[:], From: c.from, Role: l.guard.Name().String(), Act: uint32(c.act)}}
			}))
			ok(t, second(l.calling.Text(minute(t), "in whose place it comes")))
			alarmed(t, l.guard, mark, c.from)
			stop()
			if d := l.guard.Channel(l.channel).DutyOf(l.guard.Name()); d.Off || !d.Unmanned {
				t.Errorf("%s moved the duty: %+v", c.from, d)
			}
		}
	})
}
