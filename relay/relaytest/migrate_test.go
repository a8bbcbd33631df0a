package relaytest_test

import (
	"testing"
	"time"

	"crossband/client"
	"crossband/proto"
	"crossband/relay/relaytest"
)

// TestADeviceChangesItsNetworkInTheMiddleOfABurst: talking and hearing go on,
// with the old network still there or gone, and no new link is made.
func TestADeviceChangesItsNetworkInTheMiddleOfABurst(t *testing.T) {
	for _, c := range []struct {
		why  string
		gone time.Duration // between the old network's end and the move
		lost int           // frames of speech at most
	}{
		{"make before break", 0, 2},
		{"break before make", 400 * time.Millisecond, 20 + 5},
	} {
		t.Run(c.why, func(t *testing.T) {
			run(t, func(t *testing.T, b *border) {
				p := newPatrol(t, b)
				time.Sleep(time.Second)
				move := func(e *relaytest.Endpoint) {
					t.Helper()
					socket, addr, err := b.Net.Host()
					if err != nil {
						t.Fatal(err)
					}
					if c.gone > 0 {
						b.Net.Unplug(e.Addr)
						time.Sleep(c.gone)
					}
					begun := time.Now()
					if err := e.Migrate(minute(t), socket); err != nil {
						t.Fatalf("%s: %v", e.Name(), err)
					}
					if took := time.Since(begun); took > 500*time.Millisecond {
						t.Errorf("%s: moved in %v", e.Name(), took)
					}
					e.Addr = addr
				}
				agent, guard := p.agent.Watch.Mark(), p.guard.Watch.Mark()
				for _, e := range []*relaytest.Endpoint{p.agent, p.guard} {
					talk := push(t, p.us, endless, client.TalkOptions{}).held()
					time.Sleep(2 * time.Second)
					move(e)
					time.Sleep(2 * time.Second)
					r := talk.release()
					h := heard(t, p.guard, r, "the burst is heard")
					if h.Frames < r.Sent-c.lost || h.Forged > 0 || !h.Genuine && c.gone == 0 { // a signature may be among what is lost
						t.Errorf("%s moved: heard %+v of %d frames, want all but %d", e.Name(), h, r.Sent, c.lost)
					}
					time.Sleep(time.Second)
				}
				if _, err := p.mx.Text(minute(t), "seguimos"); err != nil {
					t.Error(err)
				}
				for e, m := range map[*relaytest.Endpoint]relaytest.Mark{p.agent: agent, p.guard: guard} {
					for _, news := range e.Watch.After(m) {
						if lost, ok := news.(client.Disconnected); ok {
							t.Errorf("%s lost its link: %v", e.Name(), lost.Err)
						}
					}
				}

				// When the link is lost later, the next one is made from the new network.
				mark := p.agent.Watch.Mark()
				b.Net.Cut(p.agent.Addr, b.us.Addr)
				time.Sleep(2 * proto.LinkIdle)
				b.Net.Mend(p.agent.Addr, b.us.Addr)
				relaytest.WaitAfter(t, p.agent.Watch, mark, "the link comes back", func(client.Connected) bool { return true })
				time.Sleep(time.Second)
				heard(t, p.guard, push(t, p.us, 20, client.TalkOptions{}).well(), "voice goes on")
			})
		})
	}
}

// TestADeviceMovesWithoutALink: there is nothing to move, and the next link is
// made from the new network.
func TestADeviceMovesWithoutALink(t *testing.T) {
	run(t, func(t *testing.T, b *border) {
		e := b.us.Endpoint("unit/del-rio-214")
		mark := e.Watch.Mark()
		b.Net.Unplug(e.Addr)
		relaytest.WaitAfter(t, e.Watch, mark, "the link is lost", func(client.Disconnected) bool { return true })
		socket, _, err := b.Net.Host()
		if err != nil {
			t.Fatal(err)
		}
		if err := e.Migrate(minute(t), socket); err == nil {
			t.Error("a link was moved that is not there")
		}
		relaytest.WaitAfter(t, e.Watch, mark, "a link from the new network", func(client.Connected) bool { return true })
	})
}
