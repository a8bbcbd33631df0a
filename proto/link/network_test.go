package link_test

import (
	"math/rand/v2"
	"net"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quic-go/quic-go/testutils/simnet"

	"crossband/proto/link"
)

// network is a simulated one whose faults can be changed while it runs.
type network struct {
	t    testing.TB
	sim  *simnet.Simnet
	wire *faultyWire
	last byte
	ends []func() // of what came later

	refused chan link.Attempt // what the listener tells its audit
}

// faultyWire routes packets and loses some of them.
type faultyWire struct {
	simnet.PerfectRouter
	cut  atomic.Bool  // nothing passes
	loss atomic.Int64 // per thousand
	mtu  atomic.Int64 // octets of UDP payload that pass, 0 for all
	lost atomic.Int64

	rewrite atomic.Pointer[func(simnet.Packet) simnet.Packet] // a NAT
}

func (w *faultyWire) SendPacket(p simnet.Packet) error {
	if w.cut.Load() || rand.Int64N(1000) < w.loss.Load() || w.mtu.Load() > 0 && int64(len(p.Data)) > w.mtu.Load() {
		w.lost.Add(1)
		return nil
	}
	if nat := w.rewrite.Load(); nat != nil {
		p = (*nat)(p)
	}
	return w.PerfectRouter.SendPacket(p)
}

// oneWay is the delay of every test network.
const oneWay = 50 * time.Millisecond

func newNetwork(t testing.TB) *network {
	w := &faultyWire{}
	return &network{t: t, sim: &simnet.Simnet{Router: w}, wire: w, refused: make(chan link.Attempt, 16)}
}

// endpoint opens the next address.
func (n *network) endpoint() net.PacketConn {
	n.last++
	return n.sim.NewEndpoint(&net.UDPAddr{IP: net.IPv4(10, 0, 0, n.last), Port: 4433},
		simnet.NodeBiDiLinkSettings{Latency: oneWay})
}

// later opens an address while the network runs; whoever had it before has lost
// it. The second result closes its link.
func (n *network) later(a net.Addr) (net.PacketConn, func() error) {
	sim := &simnet.Simnet{Router: n.wire}
	pc := sim.NewEndpoint(a.(*net.UDPAddr), simnet.NodeBiDiLinkSettings{Latency: oneWay})
	if err := sim.Start(); err != nil {
		n.t.Fatal(err)
	}
	return pc, sim.Close
}

// simulated runs test in virtual time on a network with two sockets. The
// bubble ends only when every goroutine in it has: a leak fails the test.
func simulated(t *testing.T, server, client link.Config, test func(t *testing.T, n *network, p pair)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t)
		at, from := n.endpoint(), n.endpoint()
		if err := n.sim.Start(); err != nil {
			t.Fatal(err)
		}
		server.Refused = func(a link.Attempt) { n.refused <- a }
		p := open(t, at, from, server, client)
		defer func() {
			p.close(t)
			for _, end := range n.ends {
				end()
			}
			n.sim.Close()
		}()
		test(t, n, p)
	})
}
