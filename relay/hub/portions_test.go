package hub_test

import (
	"fmt"
	"testing"

	pb "google.golang.org/protobuf/proto"

	"crossband/proto"
	"crossband/proto/wire"
	"crossband/relay/hub"
)

// tally counts what one turn of the hub sends on a link.
type tally struct {
	offers, welcomes, returned, subscribes, octets int
}

func tell(effects []hub.Effect, to hub.LinkID) (n tally) {
	for _, e := range effects {
		s, ok := e.(hub.Send)
		if !ok || s.Link != to {
			continue
		}
		n.octets += pb.Size(s.Frame)
		switch s.Frame.Body.(type) {
		case *wire.Frame_ChannelOffer:
			n.offers++
		case *wire.Frame_Welcome:
			n.welcomes++
		case *wire.Frame_Returned:
			n.returned++
		case *wire.Frame_Subscribe:
			n.subscribes++
		}
	}
	return n
}

// TestLinksAreToldInPortions: whoever links hears of everything that is there for
// it, in order, and never so much in one turn that its queue overflows.
func TestLinksAreToldInPortions(t *testing.T) {
	w := newWorld(t)
	w.mute, w.deep = true, false
	do(t, w, "up us/unit/a")
	do(t, w, "up mx/relay")
	const channels = 150
	for i := range channels {
		do(t, w, "charter c%d owner=mx title=c%d party=us:send=unit party=mx:send=desk", i, i)
		do(t, w, "from mx/relay: channel-offer c%d created=true", i)
	}
	do(t, w, "make k by us/unit/a key-package")
	do(t, w, "from us/unit/a: publish-key-packages packages=k")
	do(t, w, "down us/unit/a")
	for i := range proto.MaxWelcomes {
		do(t, w, "from mx/relay: welcome c0 id=w%d welcome=big:200000 to=us/unit/a", i)
	}
	for i := range 256 {
		id, name := fmt.Sprintf("%016d", i), "spiffe://usbp.example/unit/a"
		v, err := pb.Marshal(&wire.Returned{Id: []byte(id), Code: 506})
		if err != nil {
			t.Fatal(err)
		}
		w.disk.write(hub.Write{Bucket: "returned", Key: []byte(name + " " + id), Value: v})
	}
	w.restart()
	var all tally
	last := 0 // what came last: offers are 0, welcomes 1, returned messages 2
	w.watch = func(effects []hub.Effect) {
		n := tell(effects, w.links["us/unit/a"])
		if frames := n.offers + n.welcomes + n.returned; frames > 64 || n.octets > 64<<10+200_000+2_000 {
			t.Errorf("%d frames of %d octets in one turn", frames, n.octets)
		}
		for kind, k := range []int{n.offers, n.welcomes, n.returned} {
			if k > 0 && kind < last {
				t.Errorf("kind %d came after kind %d", kind, last)
			} else if k > 0 {
				last = kind
			}
		}
		all.offers, all.welcomes, all.returned = all.offers+n.offers, all.welcomes+n.welcomes, all.returned+n.returned
	}
	do(t, w, "up us/unit/a")
	do(t, w, "tick 20s")
	if all != (tally{offers: channels, welcomes: proto.MaxWelcomes, returned: 256}) {
		t.Errorf("told %+v", all)
	}
}

// TestAHubIsJoinedInPortions: the same for a hub that comes back to a follower of
// many channels, and for a partner that comes to many of ours.
func TestAHubIsJoinedInPortions(t *testing.T) {
	w := newWorld(t)
	w.mute, w.deep = true, false
	do(t, w, "up mx/relay")
	const channels = 100
	for i := range channels {
		do(t, w, "charter c%d owner=mx title=c%d party=us:send=unit party=mx:send=desk", i, i)
		do(t, w, "from mx/relay: channel-offer c%d created=true", i)
		do(t, w, "charter o%d title=o%d party=us:send=unit party=mx:send=desk", i, i)
	}
	for i := range channels {
		unit := fmt.Sprintf("us/unit/u%d", i/40)
		if i%40 == 0 {
			do(t, w, "up %s", unit)
		}
		do(t, w, "channel o%d %s", i, unit)
	}
	do(t, w, "down mx/relay")
	for i := range channels {
		do(t, w, "from us/unit/u%d: subscribe c%d alias=%d", i/40, i, i+1)
	}
	var all tally
	w.watch = func(effects []hub.Effect) {
		n := tell(effects, w.links["mx/relay"])
		if n.offers > 64 || n.subscribes > 32 {
			t.Errorf("%d offers and %d subscriptions in one turn", n.offers, n.subscribes)
		}
		all.offers, all.subscribes = all.offers+n.offers, all.subscribes+n.subscribes
	}
	do(t, w, "up mx/relay")
	do(t, w, "tick 1s")
	if all.offers != channels || all.subscribes != channels {
		t.Errorf("told %+v, want %d of each", all, channels)
	}
}

// TestDocumentsAreHandedInPortions: however many a partner has to be told of, its link
// is not told them at once, and every one before the channels that rest on them.
func TestDocumentsAreHandedInPortions(t *testing.T) {
	w := newWorld(t)
	w.mute, w.deep = true, false
	do(t, w, "up us/authority")
	do(t, w, "up us/unit/a")
	const documents = 300
	for i := range documents {
		do(t, w, "agreement a%d channel=talk:standing:talk:us party=us:send=unit party=mx:send=unit", i)
		do(t, w, "from us/authority: document a%d", i)
		if i%100 == 0 {
			do(t, w, "wait 1h")
		}
	}
	do(t, w, "charter talk agreement=a0 party=us:send=unit party=mx:send=unit")
	do(t, w, "channel talk us/unit/a")
	told, most, offered := 0, 0, false
	w.watch = func(effects []hub.Effect) {
		turn, octets := 0, 0
		for _, e := range effects {
			s, ok := e.(hub.Send)
			if !ok || s.Link != w.links["mx/relay"] {
				continue
			}
			octets += pb.Size(s.Frame)
			switch {
			case s.Frame.GetDocument() != nil:
				turn++
			case s.Frame.GetChannelOffer() != nil:
				if offered = true; told+turn < documents {
					t.Errorf("the channel is offered after %d of %d documents", told+turn, documents)
				}
			}
		}
		told, most = told+turn, max(most, turn)
		if octets > 160<<10 {
			t.Errorf("%d octets in one turn", octets)
		}
	}
	do(t, w, "up mx/relay")
	do(t, w, "tick 20s")
	if told != documents || most > 64 || !offered {
		t.Errorf("%d documents were handed over, at most %d in one turn; the channel was offered: %v", told, most, offered)
	}
}
