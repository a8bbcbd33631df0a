package link_test

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/quic-go/quic-go/testutils/simnet"

	"crossband/proto/link"
	"crossband/proto/link/lane"
)

// TestNoSequenceNumberComesTwice: a lane that has used them all is over, and QUIC
// has the voice.
func TestNoSequenceNumberComesTwice(t *testing.T) {
	withLane(t, func(t *testing.T, n *network, p pair, d, a *link.Conn, h *listener, s *laneSpy) {
		relayTalk(p.l, a, 0, 50)
		s.packets()
		link.SkipToSequence(a, lane.MaxSequence-50)
		relayTalk(p.l, a, 50, 1000)
		time.Sleep(time.Second)
		wantAll(t, h, 50, 1000)
		seen := map[string]bool{}
		for _, x := range s.packets() {
			if name := string(x.Data[1:lane.HeaderSize]); seen[name] {
				t.Fatalf("packet %x twice", name)
			} else {
				seen[name] = true
			}
			if at := binary.BigEndian.Uint32(x.Data[5:]); at < lane.MaxSequence-50 {
				t.Fatalf("sequence number %d after the last", at)
			}
		}
		if len(seen) != 51 {
			t.Errorf("%d packets, want 51", len(seen))
		}
	})
}

// TestUnheardMovesEndTheLane: an endpoint from which no report comes is not followed
// beyond what it knows.
func TestUnheardMovesEndTheLane(t *testing.T) {
	needsLane(t)
	k := newPKI(t)
	client := k.config(unit())
	simulated(t, k.config(relayA()), client, func(t *testing.T, n *network, p pair) {
		s := spyOn(n)
		s.set(func(s *laneSpy) { s.block = true })
		d, a := p.connect(t)
		go drain(d) // ends with the link
		takeReports(a)
		h := listenTo(d)
		ids := map[lane.ID]bool{}
		var last []simnet.Packet
		for move := range 8 {
			if move > 0 {
				if err := d.Migrate(t.Context(), n.anotherSocket(t, client)); err != nil {
					t.Fatal(err)
				}
				time.Sleep(4 * oneWay)
			}
			relayTalk(p.l, a, 50*move, 50)
			time.Sleep(time.Second)
			wantAll(t, h, 50*move, 50)
			last = s.packets()
			for _, x := range last {
				id, _ := lane.Identify(x.Data)
				ids[id] = true
			}
		}
		if len(ids) != 5 || len(last) > 0 {
			t.Errorf("%d ids, want 5; %d packets at the last place", len(ids), len(last))
		}
	})
}
