package relaytest_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	pb "google.golang.org/protobuf/proto"

	"crossband/client"
	"crossband/proto"
	"crossband/proto/wire"
	"crossband/relay/relaytest"
	"crossband/relay/store"
)

// TestOffersLockNobodyOut: two partners offer as many channels as they may, and one
// endpoint has many messages to hear about that went back. Its link stays.
func TestOffersLockNobodyOut(t *testing.T) {
	long(t)
	synctest.Test(t, func(t *testing.T) {
		b := newBorder(t, 1, directly)
		b.returned(t, "spiffe://usbp.example/unit/del-rio-1", 256)
		b.Start(b.us) // alone: the rogues are the others' relays
		defer b.Close(b.us)
		for _, a := range []*relaytest.Agency{b.mx, b.ca} {
			r := b.Rogue(a.Identity("relay/r1"), b.us)
			for range proto.MaxPeerChannels {
				a.Charter(&wire.Charter{Kind: wire.Charter_KIND_STANDING, Title: "x", Parties: []*wire.Charter_Party{relaytest.Party(a), relaytest.Party(b.us)}})
				offer := a.Charters[len(a.Charters)-1]
				if err := r.Send(&wire.Frame{Body: &wire.Frame_ChannelOffer{ChannelOffer: &wire.ChannelOffer{Charter: offer, Created: true}}}); err != nil {
					t.Fatal(err)
				}
				time.Sleep(20 * time.Millisecond)
			}
		}
		time.Sleep(10 * time.Second)
		if n := len(b.us.Node.State().Hub.Channels); n < 2*proto.MaxPeerChannels {
			t.Fatalf("%d channels", n)
		}
		b.us.Dial(b.us.Identity("unit/del-rio-1"), client.NewMemoryState())
		time.Sleep(5 * time.Second)
		served := b.us.Node.Stats().Links
		time.Sleep(20 * time.Second)
		up := false
		for _, l := range b.us.Node.State().Links {
			up = up || l.Role == proto.RoleUnit
		}
		if again := b.us.Node.Stats().Links - served; again != 0 || !up {
			t.Errorf("the unit's link came again %d times; up: %v", again, up)
		}
	})
}

// returned makes n messages wait for an endpoint of the US to hear that they went back.
func (b *border) returned(t *testing.T, to string, n int) {
	t.Helper()
	for i := range n {
		id := fmt.Appendf(nil, "%016d", i)
		v, err := pb.Marshal(&wire.Returned{Channel: b.calling[:], Id: id, Code: uint32(proto.ReasonRetention)})
		if err != nil {
			t.Fatal(err)
		}
		key := append([]byte(to+" "), id...)
		if err := b.us.Store.Write(t.Context(), []store.Record{{Bucket: "returned", Key: key, Value: v}}); err != nil {
			t.Fatal(err)
		}
	}
}
