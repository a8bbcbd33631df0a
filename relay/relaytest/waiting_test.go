package relaytest_test

import (
	"slices"
	"testing"
	"time"

	"crossband/client"
	"crossband/proto"
	"crossband/relay/relaytest"
)

// TestEverybodySeesWhoWaits: on both sides, in order of priority, up to the last; also
// where a relay arbitrates alone because the hub is away.
func TestEverybodySeesWhoWaits(t *testing.T) {
	run(t, func(t *testing.T, b *border) {
		first, second, looker := b.us.Endpoint("unit/del-rio-214"), b.us.Endpoint("unit/del-rio-215"), b.us.Endpoint("desk/del-rio")
		there, guard := b.mx.Endpoint("unit/gn-7"), b.mx.Endpoint("desk/piedras-negras")
		a, c := first.MustJoin(b.calling), second.MustJoin(b.calling)
		looker.MustJoin(b.calling)
		m := there.MustJoin(b.calling)
		g := guard.MustJoin(b.calling)
		time.Sleep(time.Second)
		sees := func(why string, want ...client.Waiter) {
			t.Helper()
			for _, e := range []*relaytest.Endpoint{looker, guard} {
				relaytest.Wait(t, e.Watch, why, func(w client.FloorWaiting) bool { return w.Channel == b.calling && slices.Equal(w.Waiting, want) })
			}
		}
		holder := push(t, a, endless, client.TalkOptions{}).held()
		routine := client.Waiter{Name: second.Name(), Priority: proto.PriorityRoutine}
		urgent := client.Waiter{Name: there.Name(), Priority: proto.PriorityUrgent}
		p := push(t, c, endless, client.TalkOptions{Queue: true})
		sees("one waits", routine)
		q := push(t, m, endless, client.TalkOptions{Queue: true, Priority: proto.PriorityUrgent})
		sees("the urgent one is before it", urgent, routine)
		marks := map[*relaytest.Endpoint]relaytest.Mark{looker: looker.Watch.Mark(), guard: guard.Watch.Mark()}
		holder.release()
		q.held()
		sees("its turn has come", routine)
		q.release()
		p.held().release()
		for e, mark := range marks {
			relaytest.WaitAfter(t, e.Watch, mark, "nobody waits", func(w client.FloorWaiting) bool { return len(w.Waiting) == 0 })
		}

		b.us.Stop() // Mexico's relay arbitrates alone
		relaytest.Wait(t, guard.Watch, "the hub is away", func(h client.HubAway) bool { return h.Away })
		alone := push(t, g, endless, client.TalkOptions{}).held()
		mark := guard.Watch.Mark()
		again := push(t, m, endless, client.TalkOptions{Queue: true})
		relaytest.WaitAfter(t, guard.Watch, mark, "who waits here", func(w client.FloorWaiting) bool {
			return slices.Equal(w.Waiting, []client.Waiter{{Name: there.Name(), Priority: proto.PriorityRoutine}})
		})
		alone.release()
		again.held().release()
		b.us.Restart()
	})
}
