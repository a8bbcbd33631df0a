package relaytest_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"crossband/client"
	"crossband/proto"
	"crossband/proto/wire"
	"crossband/relay/relaytest"
)

// border is two agencies with a calling channel, or three.
type border struct {
	*relaytest.World
	us, mx, ca *relaytest.Agency
	calling    proto.ChannelID // US and MX; the template has CA listen
	agencies   []*relaytest.Agency
}

func newBorder(t *testing.T) *border {
	w := relaytest.New(t, 1)
	b := &border{World: w, us: w.Agency("usbp.example"), mx: w.Agency("gn.example"), ca: w.Agency("rcmp.example")}
	b.agencies = []*relaytest.Agency{b.us, b.mx, b.ca}
	w.Trust(b.us, b.mx)
	w.Trust(b.us, b.ca)
	w.Trust(b.mx, b.ca) // members judge each other's certificates; no link follows from it
	w.Link(b.us, b.mx)
	w.Link(b.us, b.ca)
	both := []*wire.Charter_Party{relaytest.Party(b.us), relaytest.Party(b.mx)}
	b.calling = b.us.Calling("Eagle Pass - Piedras Negras", both, append(both[:2:2], relaytest.Observer(b.ca)))
	w.Net.Everywhere(relaytest.Path{Delay: 5 * time.Millisecond})
	w.Net.Between(b.us.Addr, b.mx.Addr, relaytest.Path{Delay: 50 * time.Millisecond})
	return b
}

func run(t *testing.T, fn func(*testing.T, *border)) {
	synctest.Test(t, func(t *testing.T) {
		b := newBorder(t)
		b.Start(b.agencies...)
		defer b.Close(b.agencies...)
		fn(t, b)
	})
}

func minute(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func TestTextCrossesTheBorderBothWays(t *testing.T) {
	run(t, func(t *testing.T, b *border) {
		desk, agent := b.us.Endpoint("desk/del-rio"), b.us.Endpoint("unit/del-rio-214")
		guard := b.mx.Endpoint("desk/piedras-negras")
		here := desk.MustJoin(b.calling)
		there := guard.MustJoin(b.calling)
		field := agent.MustJoin(b.calling)

		if _, err := field.Text(minute(t), "two persons in the river"); err != nil {
			t.Fatal(err)
		}
		got := relaytest.Wait(t, guard.Watch, "the text crosses", func(e client.TextReceived) bool { return true })
		if got.Text != "two persons in the river" || got.From != agent.Name() {
			t.Fatalf("got %+v", got)
		}
		if _, err := there.Text(minute(t), "unidades en camino"); err != nil {
			t.Fatal(err)
		}
		relaytest.Wait(t, desk.Watch, "the answer crosses", func(e client.TextReceived) bool { return e.From == guard.Name() })
		e1, a1 := here.Epoch()
		e2, a2 := there.Epoch()
		if e1 != e2 || string(a1) != string(a2) {
			t.Fatalf("the two sides see different groups: epochs %d and %d", e1, e2)
		}
	})
}
