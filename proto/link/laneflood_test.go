package link_test

import (
	"net"
	"testing"
	"time"

	"crossband/proto/link"
	"crossband/proto/link/lane"
)

// TestAFloodedEndpointLeavesTheLane: where strangers' packets would crowd the lane's
// out, QUIC, which sorts its own out sooner, has the voice until they are gone.
func TestAFloodedEndpointLeavesTheLane(t *testing.T) {
	withLane(t, func(t *testing.T, n *network, p pair, d, a *link.Conn, h *listener, s *laneSpy) {
		relayTalk(p.l, a, 0, 100)
		if !a.Stats().Lane.Open {
			t.Fatal("no lane")
		}
		stranger, unplug := n.later(&net.UDPAddr{IP: net.IPv4(10, 0, 2, 1), Port: 4433})
		defer unplug()
		defer stranger.Close()
		at, stop, stopped := a.RemoteAddr(), make(chan struct{}), make(chan struct{})
		go func() { // ends with stop
			defer close(stopped)
			for {
				select {
				case <-stop:
					return
				case <-time.After(time.Millisecond):
				}
				for range 5 {
					stranger.WriteTo(append([]byte{lane.Kind}, make([]byte, 60)...), at)
				}
			}
		}()
		relayTalk(p.l, a, 100, 200)
		if st := a.Stats().Lane; st.Open || st.Fallbacks != 1 {
			t.Errorf("in the flood: %+v", st)
		}
		close(stop)
		<-stopped
		relayTalk(p.l, a, 300, 700)
		time.Sleep(time.Second)
		wantAll(t, h, 150, 850)
		if st := a.Stats().Lane; !st.Open {
			t.Errorf("afterwards: %+v", st)
		}
	})
}
