package relaytest_test

import (
	"testing"
	"testing/synctest"
	"time"

	"crossband/client"
	"crossband/proto"
	"crossband/proto/wire"
	"crossband/relay/relaytest"
	"crossband/relay/store"
)

// TestWelcomesCannotFillTheStore: a partner brings welcomes without end for an
// endpoint that is away. They are refused before the store is full, and the relay
// runs on.
func TestWelcomesCannotFillTheStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBorder(t, 1, directly)
		b.us.Store = store.OpenMemory(store.Options{Limit: 32 << 20})
		b.Start(b.us) // alone: the rogue is Mexico's relay
		defer b.Close(b.us)
		for _, who := range []string{"unit/x", "unit/y"} { // they leave key packages
			e := b.us.Dial(b.us.Identity(who), client.NewMemoryState())
			time.Sleep(5 * time.Second)
			e.Close()
		}
		r := b.Rogue(b.mx.Identity("relay/r1"), b.us)
		id := b.mx.Charter(&wire.Charter{Kind: wire.Charter_KIND_STANDING, Title: "x", Parties: []*wire.Charter_Party{relaytest.Party(b.mx), relaytest.Party(b.us)}})
		offer := b.mx.Charters[len(b.mx.Charters)-1]
		r.Send(&wire.Frame{Body: &wire.Frame_ChannelOffer{ChannelOffer: &wire.ChannelOffer{Charter: offer, Created: true}}})
		time.Sleep(time.Second)
		for i := range 48 {
			to := []string{"unit/x", "unit/y"}[i%2]
			w := &wire.Welcome{Channel: id[:], Welcome: make([]byte, 900<<10), To: "spiffe://" + string(b.us.Name) + "/" + to, Id: make([]byte, 16)}
			w.Id[0] = byte(i)
			if err := r.Send(&wire.Frame{Id: uint64(i + 1), Body: &wire.Frame_Welcome{Welcome: w}}); err != nil {
				t.Fatal(err)
			}
			time.Sleep(200 * time.Millisecond)
		}
		time.Sleep(2 * time.Second)
		if since := time.Since(b.us.Node.Ticked()); since > time.Second {
			t.Errorf("the relay turned %v ago", since)
		}
		if n := r.Refusals()[proto.ReasonQuota]; n == 0 {
			t.Errorf("none was refused: %v", r.Refusals())
		}
	})
}
