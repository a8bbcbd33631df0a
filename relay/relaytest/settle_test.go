package relaytest_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"crossband/client"
	"crossband/proto"
	"crossband/proto/wire"
	"crossband/relay/relaytest"
)

// TestARingingHailWaitsForNoOtherChannelsHistory: a desk that starts again has much to
// read on other channels and no way to do so, for somebody talks and no bulk link can be
// made. What rang on its calling channel rings all the same.
func TestARingingHailWaitsForNoOtherChannelsHistory(t *testing.T) {
	var others [6]proto.ChannelID
	runWith(t, 1, func(b *border) {
		directly(b)
		for i := range others {
			others[i] = b.us.Charter(&wire.Charter{
				Kind: wire.Charter_KIND_STANDING, Title: fmt.Sprintf("Other %d", i), Parties: []*wire.Charter_Party{relaytest.Party(b.us), relaytest.Party(b.mx)},
			})
		}
	}, func(t *testing.T, b *border) {
		id, state := b.mx.Identity("desk/piedras-negras"), client.NewMemoryState()
		agent, guard := b.us.Endpoint("unit/del-rio-214"), b.mx.EndpointWith(id, state)
		talk := agent.MustJoin(b.calling)
		guard.MustJoin(b.calling)
		var texts []*client.Channel
		for _, other := range others {
			texts = append(texts, agent.MustJoin(other))
			guard.MustJoin(other)
		}
		time.Sleep(time.Second)
		h, _ := ring(t, talk, guard, client.HailOptions{})
		guard.Close()
		for _, ch := range texts {
			for range 3 {
				if _, err := ch.Text(minute(t), strings.Repeat("x", historyText)); err != nil {
					t.Fatal(err)
				}
			}
		}
		p := push(t, talk, endless, client.TalkOptions{}).held()
		time.Sleep(time.Second)
		again := b.mx.Dial(id, state)
		_, up := relaytest.WaitAfter(t, again.Watch, 0, "it is up", func(client.Connected) bool { return true })
		b.Net.Bar(again.Addr, true)
		_, rung := relaytest.WaitAfter(t, again.Watch, 0, "it rings again", func(e client.HailReceived) bool { return e.ID == h.ID() })
		if after := rung.Sub(up); after > 3*time.Second {
			t.Errorf("what rang rings %v after the link was up", after)
		}
		read := 0
		for _, e := range again.Watch.After(0) {
			if _, is := e.(client.TextReceived); is {
				read++
			}
		}
		if read >= 3*len(others) {
			t.Errorf("all %d texts are there: this is no test", read)
		}
		p.release()
	})
}

// TestWhoAsksNoMoreSendsNothing: a request whose time is over before it is sent, as one
// that waited on a link that has ended, does not go out.
func TestWhoAsksNoMoreSendsNothing(t *testing.T) {
	var m *relaytest.Middle
	runWith(t, 1, func(b *border) { m = b.Middle(b.us, b.mx) }, func(t *testing.T, b *border) {
		agent, guard := b.us.Endpoint("unit/del-rio-214"), b.mx.Endpoint("unit/gn-7")
		agent.MustJoin(b.calling)
		time.Sleep(10 * time.Second) // by then everybody has been offered it
		var asked atomic.Int32
		m.Tamper(func(x relaytest.Passing) []*wire.Frame {
			if x.Frame.GetFetchGroupInfo() != nil {
				asked.Add(1)
			}
			return []*wire.Frame{x.Frame}
		})
		over, cancel := context.WithCancel(t.Context())
		cancel()
		for range 20 { // whether one that is over gets its turn is left to chance
			if _, err := guard.Session.Join(over, b.calling); !errors.Is(err, context.Canceled) {
				t.Fatalf("joined when that was over: %v", err)
			}
		}
		time.Sleep(time.Second)
		if n := asked.Load(); n > 0 {
			t.Errorf("%d requests went out whose time was over", n)
		}
		if guard.MustJoin(b.calling); asked.Load() == 0 {
			t.Error("nobody was asked at all: this is no test")
		}
	})
}
