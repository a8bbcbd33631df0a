package relaytest_test

import (
	"bytes"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/quic-go/quic-go/testutils/simnet"

	"crossband/client"
)

// TestWhatComesByALaneIsCounted: packets that come again and packets that are not the
// relay's can be read of the device that they are sent to, also when their link is over.
func TestWhatComesByALaneIsCounted(t *testing.T) {
	run(t, func(t *testing.T, b *border) {
		agent, guard := b.us.Endpoint("unit/del-rio-214"), b.mx.Endpoint("unit/gn-7")
		ch := agent.MustJoin(b.group)
		guard.MustJoin(b.group)
		time.Sleep(5 * time.Second)
		var mu sync.Mutex
		var lane []simnet.Packet
		b.Net.Tap(func(p simnet.Packet) {
			mu.Lock()
			defer mu.Unlock()
			if p.From.String() == b.mx.Addr.String() && p.To.String() == guard.Addr.String() && len(p.Data) > 0 && p.Data[0]&0x40 == 0 {
				p.Data = bytes.Clone(p.Data)
				lane = append(lane, p)
			}
		})
		p := push(t, ch, endless, client.TalkOptions{}).held()
		time.Sleep(2 * time.Second)
		b.Net.Cut(guard.Addr, b.mx.Addr)
		mu.Lock()
		first := len(lane)
		mu.Unlock()
		time.Sleep(100 * time.Millisecond)
		mu.Lock()
		lost, came := slices.Clone(lane[first:]), slices.Clone(lane[:first])
		mu.Unlock()
		b.Net.Mend(guard.Addr, b.mx.Addr)
		time.Sleep(200 * time.Millisecond)
		heard(t, guard, p.release(), "by the lane")
		before := guard.VoiceStats()
		if before.LanePackets < 50 || len(came) < 50 || len(lost) == 0 || before.LaneForged+before.LaneReplayed > 0 {
			t.Fatalf("%d and %d packets on the way, counted %+v: this is no test", len(came), len(lost), before)
		}
		b.Net.SendPacket(came[len(came)-1])
		forged := lost[0]
		forged.Data[len(forged.Data)-1] ^= 1
		b.Net.SendPacket(forged)
		time.Sleep(time.Second)
		counted := func(when string) {
			if st := guard.VoiceStats(); st.LaneReplayed != 1 || st.LaneForged != 1 || st.LanePackets < before.LanePackets {
				t.Errorf("%s: %+v", when, st)
			}
		}
		counted("while the link is there")
		deadZone(t, guard, b.mx, 20*time.Second, func() { counted("without a link") })
		counted("on the next link")
	})
}
