package link_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quic-go/quic-go"

	"crossband/proto"
	"crossband/proto/link"
)

// TestRestartIsNoticedAtOnce has a relay's process die without a word and start
// again at the same address. What the endpoint sends next is answered with a
// reset: it knows a round trip later, in the middle of a talk and in silence.
// Without a key it waits for its link to have been idle too long.
func TestRestartIsNoticedAtOnce(t *testing.T) {
	p := newPKI(t)
	for _, c := range []struct {
		why     string
		key     byte
		talks   bool
		at, not time.Duration // noticed between
	}{
		{"talking", 1, true, 0, 3*oneWay + proto.VoiceFrame},
		{"silent", 1, false, 0, proto.LinkKeepAlive + 3*oneWay},
		{"without a key", 0, true, proto.LinkIdle - time.Second, proto.LinkIdle + proto.LinkKeepAlive + oneWay},
	} {
		t.Run(c.why, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := newNetwork(t)
				at, from := n.endpoint(), n.endpoint()
				n.sim.Start()
				server := p.config(relayA())
				server.StatelessResetKey[0] = c.key
				first := open(t, at, from, server, p.config(unit()))
				d, _ := first.connect(t)
				go drain(d) // ends with the link
				time.Sleep(2 * time.Second)

				n.wire.cut.Store(true) // the process is gone: what it would still say does not arrive
				first.l.Close()
				socket, unplug := n.later(at.LocalAddr())
				again, err := link.Listen(socket, server)
				if err != nil {
					t.Fatal(err)
				}
				if c.talks {
					go talk(d, 10*time.Second, 80) // ends after ten seconds
				}
				n.wire.cut.Store(false)
				begun := time.Now()
				<-d.Done()
				took := time.Since(begun)
				if took < c.at || took > c.not {
					t.Errorf("noticed after %v, want %v to %v", took, c.at, c.not)
				}
				var lost *link.Lost
				var reset *quic.StatelessResetError
				if !errors.As(d.Err(), &lost) || errors.As(d.Err(), &reset) != (c.key != 0) {
					t.Errorf("the link ended with %v", d.Err())
				}
				time.Sleep(10 * time.Second)
				if err := errors.Join(first.d.Close(), again.Close(), unplug()); err != nil {
					t.Error(err)
				}
				n.sim.Close()
			})
		})
	}
}
