package relaytest_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"crossband/client"
	"crossband/crypto/identity"
	"crossband/proto"
	"crossband/proto/wire"
	"crossband/relay"
	"crossband/relay/relaytest"
)

func fetchLog(id proto.ChannelID) *wire.Frame {
	return &wire.Frame{Body: &wire.Frame_FetchLog{FetchLog: &wire.FetchLog{Channel: id[:]}}}
}

// endsWith waits for a link's end and checks why it ended.
func endsWith(t *testing.T, r *relaytest.Rogue, why string, want proto.Reason) {
	t.Helper()
	select {
	case <-r.Done():
	case <-time.After(10 * time.Second):
		t.Fatalf("%s: the link goes on", why)
	}
	if got := proto.ReasonOf(r.Err()); got != want {
		t.Errorf("%s: ended with %v, want reason %d", why, r.Err(), want)
	}
}

func refusedBulk(t *testing.T, b *border, id *identity.Identity, why string, want proto.Reason) {
	t.Helper()
	if err := b.RogueBulkEnd(id, b.us); proto.ReasonOf(err) != want {
		t.Errorf("%s: %v, want reason %d", why, err, want)
	}
}

func lives(t *testing.T, r *relaytest.Rogue, id proto.ChannelID, why string) {
	t.Helper()
	if a := r.Call(fetchLog(id)); a.GetEntries() == nil {
		t.Errorf("%s: %v", why, a)
	}
}

// TestABulkLinkNeedsItsLiveLink: of the same device, and no longer than it.
func TestABulkLinkNeedsItsLiveLink(t *testing.T) {
	run(t, func(t *testing.T, b *border) {
		b.us.Endpoint("unit/del-rio-214").MustJoin(b.group)
		id := b.us.Identity("unit/del-rio-300")
		refusedBulk(t, b, id, "no live link", proto.ReasonNotReady)

		live := b.Rogue(id, b.us)
		bulk := b.RogueBulk(id, b.us)
		lives(t, bulk, b.group, "its own")
		refusedBulk(t, b, b.us.Identity("unit/del-rio-301"), "another device's certificate", proto.ReasonNotReady)
		refusedBulk(t, b, b.us.Identity("unit/del-rio-300"), "another key under the same name", proto.ReasonForbidden)
		lives(t, bulk, b.group, "after others have tried")
		lives(t, live, b.group, "the live link")

		second := b.RogueBulk(id, b.us)
		endsWith(t, bulk, "a second one has come", proto.ReasonReplaced)
		lives(t, second, b.group, "the second")
		lives(t, live, b.group, "the live link beside the second")

		live.Close()
		endsWith(t, second, "its live link has ended", proto.ReasonClosing)
		if n := b.us.Node.Figures().Links[relay.LinkKind{Role: proto.RoleUnit, Bulk: true}]; n.Open != 0 || n.Begun != 5 {
			t.Errorf("counted %d bulk links of units, %d open", n.Begun, n.Open)
		}
	})
}

// TestABulkLinkAsksForNothingElse: it ends for it, and the live link does not notice.
func TestABulkLinkAsksForNothingElse(t *testing.T) {
	run(t, func(t *testing.T, b *border) {
		agent := b.us.Endpoint("unit/del-rio-214")
		agent.MustJoin(b.group)
		id := b.us.Identity("unit/del-rio-300")
		live := b.Rogue(id, b.us)
		for what, f := range map[string]*wire.Frame{
			"floor":     {Body: &wire.Frame_FloorRequest{FloorRequest: &wire.FloorRequest{Channel: b.group[:], Burst: make([]byte, 16)}}},
			"subscribe": {Id: 1, Body: &wire.Frame_Subscribe{Subscribe: &wire.Subscribe{Channel: b.group[:], Alias: 9}}},
			"packages":  {Id: 1, Body: &wire.Frame_PublishKeyPackages{PublishKeyPackages: &wire.PublishKeyPackages{}}},
			"text":      {Id: 1, Body: &wire.Frame_Text{Text: &wire.Text{Channel: b.group[:]}}},
		} {
			bulk := b.RogueBulk(id, b.us)
			b.check(t, bulk.Send(f))
			endsWith(t, bulk, what, proto.ReasonForbidden)
			lives(t, live, b.group, "the live link after "+what)
			time.Sleep(2 * time.Second) // so that links of the name do not come too fast
		}
		bulk := b.RogueBulk(id, b.us)
		bulk.Call(fetchLog(b.group))
		b.check(t, bulk.Send(&wire.Frame{Body: fetchLog(b.group).Body})) // nobody waits for the answer
		time.Sleep(time.Second)
		if n := len(bulk.Frames()); n != 1 {
			t.Errorf("%d frames on the bulk link, want the one that was asked for", n)
		}
		heard(t, agent, push(t, b.us.Endpoint("unit/del-rio-215").MustJoin(b.group), 30, client.TalkOptions{}).well(), "beside all that")
	})
}

func (b *border) check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestRevocationEndsTheBulkLinkToo: and no other comes to be.
func TestRevocationEndsTheBulkLinkToo(t *testing.T) {
	run(t, func(t *testing.T, b *border) {
		b.us.Endpoint("unit/del-rio-214").MustJoin(b.group)
		id := b.us.Identity("unit/del-rio-300")
		live, bulk := b.Rogue(id, b.us), b.RogueBulk(id, b.us)
		lives(t, bulk, b.group, "before")
		b.us.Revoke(id.Name)
		endsWith(t, live, "the live link", proto.ReasonRevoked)
		endsWith(t, bulk, "the bulk link", proto.ReasonRevoked)
		if err := b.RogueBulkEnd(id, b.us); proto.ReasonOf(err) != proto.ReasonRevoked {
			t.Errorf("another bulk link: %v", err)
		}
	})
}

// TestAnOlderRelayRefusesABulkLink: it would take it for a live one otherwise.
func TestAnOlderRelayRefusesABulkLink(t *testing.T) {
	runWith(t, 1, func(b *border) { directly(b); b.us.Offers.Capabilities = []string{} }, func(t *testing.T, b *border) {
		id := b.us.Identity("unit/del-rio-300")
		live := b.Rogue(id, b.us)
		if err := b.RogueBulkEnd(id, b.us); proto.ReasonOf(err) != proto.ReasonForbidden {
			t.Errorf("%v", err)
		}
		if live.Err() != nil {
			t.Errorf("the live link has ended: %v", live.Err())
		}
	})
}

// missedTexts has a device lose its link, miss so many texts and come back.
func missedTexts(t *testing.T, b *border, from *client.Channel, e *relaytest.Endpoint, n int) relaytest.Mark {
	t.Helper()
	mark := e.Watch.Mark()
	b.Net.Cut(e.Addr, b.mx.Addr)
	relaytest.WaitAfter(t, e.Watch, mark, "the link is lost", func(client.Disconnected) bool { return true })
	for range n {
		if _, err := from.Text(minute(t), strings.Repeat("x", historyText)); err != nil {
			t.Fatal(err)
		}
	}
	time.Sleep(10 * time.Second)
	mark = e.Watch.Mark()
	b.Net.Mend(e.Addr, b.mx.Addr)
	relaytest.WaitAfter(t, e.Watch, mark, "the link is back", func(client.Connected) bool { return true })
	return mark
}

func textsAfter(e *relaytest.Endpoint, m relaytest.Mark) (n int) {
	for _, x := range e.Watch.After(m) {
		if _, is := x.(client.TextReceived); is {
			n++
		}
	}
	return n
}

// TestABulkLinkEndsWhenIdle: it is made when it is needed, and once.
func TestABulkLinkEndsWhenIdle(t *testing.T) {
	run(t, func(t *testing.T, b *border) {
		agent, guard := b.us.Endpoint("unit/del-rio-214"), b.mx.Endpoint("unit/gn-7")
		ch := agent.MustJoin(b.group)
		guard.MustJoin(b.group)
		kind := relay.LinkKind{Role: proto.RoleUnit, Bulk: true}
		time.Sleep(2 * time.Second)
		if n := b.mx.Node.Figures().Links[kind]; n.Begun != 0 {
			t.Errorf("%d bulk links of a device that has missed nothing", n.Begun)
		}
		mark := missedTexts(t, b, ch, guard, 30)
		time.Sleep(20 * time.Second)
		if n := textsAfter(guard, mark); n != 30 {
			t.Errorf("%d texts of 30", n)
		}
		if n := b.mx.Node.Figures().Links[kind]; n.Begun != 1 || n.Open != 1 {
			t.Errorf("%d bulk links, %d open, want one", n.Begun, n.Open)
		}
		for _, l := range b.mx.Node.State().Links {
			if l.Role == proto.RoleUnit && l.Count != 1 {
				t.Errorf("the device counts %d times", l.Count)
			}
		}
		time.Sleep(time.Minute)
		if n := b.mx.Node.Figures().Links[kind]; n.Open != 0 {
			t.Errorf("%d bulk links are open after a minute", n.Open)
		}
		if n := b.mx.Node.Figures().Links[relay.LinkKind{Role: proto.RoleUnit}]; n.Open != 1 || n.Begun != 2 {
			t.Errorf("the live link: %d begun, %d open", n.Begun, n.Open)
		}
		peers := relay.LinkKind{Role: proto.RoleRelay, Bulk: true}
		if n := b.mx.Node.Figures().Links[peers]; n.Open != 1 {
			t.Errorf("%d bulk links with the partner's relay", n.Open)
		}
	})
}

// TestWithoutItsBulkLinkHistoryWaitsForAPause: no connection can be made. Nothing large is
// asked for on the live link while somebody talks, and all of it when nobody does.
func TestWithoutItsBulkLinkHistoryWaitsForAPause(t *testing.T) {
	run(t, func(t *testing.T, b *border) {
		agent, guard := b.us.Endpoint("unit/del-rio-214"), b.mx.Endpoint("unit/gn-7")
		talk := agent.MustJoin(b.calling)
		ch := agent.MustJoin(b.group)
		guard.MustJoin(b.calling)
		guard.MustJoin(b.group)
		time.Sleep(time.Second)
		b.Net.Between(guard.Addr, b.mx.Addr, relaytest.Path{Delay: 100 * time.Millisecond})
		p := push(t, talk, endless, client.TalkOptions{}).held()
		mark := missedTexts(t, b, ch, guard, 30)
		b.Net.Bar(guard.Addr, true)
		time.Sleep(20 * time.Second)
		if n := textsAfter(guard, mark); n > 3 {
			t.Errorf("%d texts came while somebody talked, want the first page's and one each ten seconds", n)
		}
		p.release()
		time.Sleep(10 * time.Second)
		if n := textsAfter(guard, mark); n != 30 {
			t.Errorf("%d texts of 30 in a pause", n)
		}
		kind := relay.LinkKind{Role: proto.RoleUnit, Bulk: true}
		if n := b.mx.Node.Figures().Links[kind]; n.Begun != 0 {
			t.Errorf("%d bulk links: this is no test", n.Begun)
		}
	})
}

// TestHistoryComesOnceTheBulkLinkDoes: while somebody talks on.
func TestHistoryComesOnceTheBulkLinkDoes(t *testing.T) {
	run(t, func(t *testing.T, b *border) {
		agent, guard := b.us.Endpoint("unit/del-rio-214"), b.mx.Endpoint("unit/gn-7")
		talk := agent.MustJoin(b.calling)
		ch := agent.MustJoin(b.group)
		guard.MustJoin(b.calling)
		guard.MustJoin(b.group)
		time.Sleep(time.Second)
		b.Net.Between(guard.Addr, b.mx.Addr, relaytest.Path{Delay: 100 * time.Millisecond})
		p := push(t, talk, endless, client.TalkOptions{}).held()
		mark := missedTexts(t, b, ch, guard, 30)
		b.Net.Bar(guard.Addr, true)
		time.Sleep(6 * time.Second)
		b.Net.Bar(guard.Addr, false)
		time.Sleep(35 * time.Second)
		if n := textsAfter(guard, mark); n != 30 {
			t.Errorf("%d texts of 30", n)
		}
		p.release()
	})
}

// TestHistoryGoesOnBehindALostBulkLink: the live link is there all the time, and nothing
// new is said that would have the device ask again.
func TestHistoryGoesOnBehindALostBulkLink(t *testing.T) {
	run(t, func(t *testing.T, b *border) {
		id := b.mx.Identity("unit/gn-7")
		agent, guard := b.us.Endpoint("unit/del-rio-214"), b.mx.EndpointWith(id, client.NewMemoryState())
		talk := agent.MustJoin(b.calling)
		ch := agent.MustJoin(b.group)
		guard.MustJoin(b.calling)
		guard.MustJoin(b.group)
		time.Sleep(time.Second)
		b.Net.Between(guard.Addr, b.mx.Addr, relaytest.Path{Delay: 50 * time.Millisecond, Rate: 128_000})
		p := push(t, talk, endless, client.TalkOptions{}).held() // nothing takes the live link
		mark := missedTexts(t, b, ch, guard, 40)
		time.Sleep(3 * time.Second)
		if n := textsAfter(guard, mark); n == 0 || n >= 40 {
			t.Fatalf("%d texts before the link is lost: this is no test", n)
		}
		begun := guard.Watch.Mark()
		for range 2 { // settling and what a new head sets off each read on once
			b.RogueBulk(id, b.mx).Close() // it takes the place of the device's
			time.Sleep(5 * time.Second)
		}
		time.Sleep(25 * time.Second)
		p.release()
		if n := textsAfter(guard, mark); n != 40 {
			t.Errorf("%d texts of 40", n)
		}
		for _, e := range guard.Watch.After(begun) {
			if a, is := e.(client.Alarm); is {
				t.Errorf("alarm: %v", a.Why)
			}
			if _, is := e.(client.Disconnected); is {
				t.Error("the live link was lost: this is no test")
			}
		}
	})
}

// TestALogIsReadOnInEndlessTalk: no bulk link can be made and nobody pauses. The log goes
// on, a little at a time, and the relay is accused of nothing.
func TestALogIsReadOnInEndlessTalk(t *testing.T) {
	t.Run("alone", func(t *testing.T) { readOnInEndlessTalk(t, 0) })
	t.Run("beside what waits for a pause", func(t *testing.T) { readOnInEndlessTalk(t, 8) })
}

// readOnInEndlessTalk has the device ask for so many records as well, which wait.
func readOnInEndlessTalk(t *testing.T, records int) {
	run(t, func(t *testing.T, b *border) {
		agent, guard := b.us.Endpoint("unit/del-rio-214"), b.mx.Endpoint("desk/piedras-negras")
		talk := agent.MustJoin(b.calling)
		ch := agent.MustJoin(b.group)
		guard.MustJoin(b.calling)
		guard.MustJoin(b.group)
		time.Sleep(time.Second)
		b.Net.Between(guard.Addr, b.mx.Addr, relaytest.Path{Delay: 100 * time.Millisecond})
		p := push(t, talk, endless, client.TalkOptions{}).held()
		mark := missedTexts(t, b, ch, guard, 12)
		b.Net.Bar(guard.Addr, true)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		for range records {
			go guard.Record(ctx, proto.NewIncidentID()) // until the test has ended
		}
		time.Sleep(35 * time.Second) // in one talk, as long as a grant lasts
		p.release()
		p = push(t, talk, endless, client.TalkOptions{}).held()
		time.Sleep(25 * time.Second)
		if n := textsAfter(guard, mark); n < 4 || n > 9 {
			t.Errorf("%d texts in a minute of talk", n)
		}
		for _, e := range guard.Watch.After(mark) {
			if a, is := e.(client.Alarm); is {
				t.Errorf("alarm: %v", a.Why)
			}
		}
		p.release()
	})
}

// TestAJoinOfALargeGroupWaitsForNoPause: no bulk link can be made and somebody talks on
// and on. Who joins is in all the same.
func TestAJoinOfALargeGroupWaitsForNoPause(t *testing.T) {
	run(t, func(t *testing.T, b *border) {
		agent, guard := b.us.Endpoint("unit/del-rio-214"), b.mx.Endpoint("unit/gn-7")
		talk := agent.MustJoin(b.calling)
		agent.MustJoin(b.group)
		guard.MustJoin(b.calling)
		for i := range 16 {
			b.us.Endpoint(fmt.Sprintf("unit/del-rio-%d", 300+i)).MustJoin(b.group)
		}
		looks := b.Rogue(b.mx.Identity("unit/gn-9"), b.mx)
		ask := &wire.Frame{Body: &wire.Frame_FetchGroupInfo{FetchGroupInfo: &wire.FetchGroupInfo{Channel: b.group[:], Most: proto.MaxLive}}}
		if r := looks.Refused(ask); r != proto.ReasonTooLarge {
			t.Fatalf("the group is not large, reason %d: this is no test", r)
		}
		p := push(t, talk, endless, client.TalkOptions{}).held()
		time.Sleep(time.Second)
		b.Net.Bar(guard.Addr, true)
		began := time.Now()
		guard.MustJoin(b.group)
		if took := time.Since(began); took > 8*time.Second { // three, and what the relays' own bulk link needs for it
			t.Errorf("the join took %v", took)
		}
		p.release()
	})
}
