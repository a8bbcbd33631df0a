// Package relaytest runs whole federations in virtual time: real relays and
// real endpoints over quic-go's simulated network inside a testing/synctest
// bubble. It is for tests only and the one place where relays and endpoints
// meet in one program.
package relaytest

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/quic-go/quic-go/testutils/simnet"
)

// Network is a simulated internet with a delay, jitter and loss between any
// two hosts, whose paths can be cut and mended.
type Network struct {
	mu    sync.Mutex // guards what follows; held for one packet's decision
	nodes map[string]simnet.PacketReceiver

	starting map[string]simnet.PacketReceiver // not yet ready for packets
	paths    map[[2]netip.Addr]Path
	cut      map[[2]netip.Addr]bool
	off      map[netip.Addr]bool
	barred   map[netip.Addr]bool
	all      Path
	seed     uint64
	busy     map[[2]netip.Addr]time.Time  // by from and to: until when a path with a Rate carries what it has
	random   map[[2]netip.Addr]*rand.Rand // by from and to: what one way loses does not depend on traffic elsewhere
	taps     []func(simnet.Packet)
	hosts    []host
}

// host is a simulated net of one socket, so that hosts can come at any time.
type host struct {
	*simnet.Simnet
	socket net.PacketConn
}

// Path is how packets fare between two hosts.
type Path struct {
	Delay  time.Duration // one way
	Jitter time.Duration // up to this much more
	Loss   float64       // share lost
	Rate   int           // octets a second each way, what is above it waits; 0: any number
}

func newNetwork(seed uint64) *Network {
	return &Network{
		nodes: make(map[string]simnet.PacketReceiver), starting: make(map[string]simnet.PacketReceiver), paths: make(map[[2]netip.Addr]Path), cut: make(map[[2]netip.Addr]bool), off: make(map[netip.Addr]bool), barred: make(map[netip.Addr]bool), busy: make(map[[2]netip.Addr]time.Time),
		seed: seed, random: make(map[[2]netip.Addr]*rand.Rand),
	}
}

// AddNode implements simnet.Router. Packets go to the node once it has started.
func (n *Network) AddNode(addr net.Addr, r simnet.PacketReceiver) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.starting[addr.String()] = r
}

// started lets packets through to a node.
func (n *Network) started(addr net.Addr) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.nodes[addr.String()] = n.starting[addr.String()]
	delete(n.starting, addr.String())
}

// SendPacket implements simnet.Router: it loses packets, or hands them to the
// receiver's link, which delays them.
func (n *Network) SendPacket(p simnet.Packet) error {
	n.mu.Lock()
	to := n.nodes[p.To.String()]
	path := n.path(p)
	lost := to == nil || n.cut[pair(p.From, p.To)] || n.unplugged(p.From) || n.unplugged(p.To) || n.bars(p) || path.Loss > 0 && n.chance(p).Float64() < path.Loss
	taps := n.taps
	n.mu.Unlock()
	for _, tap := range taps {
		tap(p)
	}
	if !lost {
		to.RecvPacket(p)
	}
	return nil
}

func (n *Network) path(p simnet.Packet) Path {
	if path, ok := n.paths[pair(p.From, p.To)]; ok {
		return path
	}
	return n.all
}

// chance is that of one way between two hosts.
func (n *Network) chance(p simnet.Packet) *rand.Rand {
	from, to := p.From.(*net.UDPAddr).AddrPort().Addr(), p.To.(*net.UDPAddr).AddrPort().Addr()
	r := n.random[[2]netip.Addr{from, to}]
	if r == nil {
		way := sha256.Sum256([]byte(from.String() + " " + to.String()))
		r = rand.New(rand.NewPCG(n.seed, binary.BigEndian.Uint64(way[:])))
		n.random[[2]netip.Addr{from, to}] = r
	}
	return r
}

func (n *Network) latency(p simnet.Packet) time.Duration {
	n.mu.Lock()
	defer n.mu.Unlock()
	path := n.path(p)
	if path.Rate > 0 {
		return path.Delay + n.carried(p, path.Rate)
	}
	if path.Jitter > 0 {
		return path.Delay + time.Duration(n.chance(p).Int64N(int64(path.Jitter)))
	}
	return path.Delay
}

// carried is how long it takes until a path has carried a packet behind those before it.
func (n *Network) carried(p simnet.Packet, rate int) time.Duration {
	way := [2]netip.Addr{p.From.(*net.UDPAddr).AddrPort().Addr(), p.To.(*net.UDPAddr).AddrPort().Addr()}
	now := time.Now()
	if n.busy[way].Before(now) {
		n.busy[way] = now
	}
	n.busy[way] = n.busy[way].Add(time.Duration(len(p.Data)) * time.Second / time.Duration(rate))
	return n.busy[way].Sub(now)
}

func pair(a, b net.Addr) [2]netip.Addr {
	x, y := a.(*net.UDPAddr).AddrPort().Addr(), b.(*net.UDPAddr).AddrPort().Addr()
	if y.Less(x) {
		x, y = y, x
	}
	return [2]netip.Addr{x, y}
}

// Everywhere sets the path between all hosts that have none of their own.
func (n *Network) Everywhere(p Path) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.all = p
}

// Between sets the path between two hosts.
func (n *Network) Between(a, b net.Addr, p Path) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.paths[pair(a, b)] = p
}

// Cut loses every packet between two hosts until Mend.
func (n *Network) Cut(a, b net.Addr) { n.setCut(a, b, true) }

// Mend undoes Cut.
func (n *Network) Mend(a, b net.Addr) { n.setCut(a, b, false) }

func (n *Network) setCut(a, b net.Addr, cut bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.cut[pair(a, b)] = cut
}

// Tap shows every packet sent from now on to fn.
func (n *Network) Tap(fn func(simnet.Packet)) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.taps = append(n.taps, fn)
}

// Host adds a host and returns its socket.
func (n *Network) Host() (net.PacketConn, *net.UDPAddr, error) {
	n.mu.Lock()
	addr := &net.UDPAddr{IP: net.IPv4(10, 0, byte((len(n.hosts)+1)>>8), byte(len(n.hosts)+1)), Port: 4000}
	n.mu.Unlock()
	c, err := n.Again(addr)
	return c, addr, err
}

// Again opens an address that a host has closed, or is done with: what is sent
// there from now on goes to the new socket.
func (n *Network) Again(addr *net.UDPAddr) (net.PacketConn, error) {
	sim := &simnet.Simnet{Router: n}
	c := sim.NewEndpoint(addr, simnet.NodeBiDiLinkSettings{LatencyFunc: n.latency})
	n.mu.Lock()
	n.hosts = append(n.hosts, host{sim, c})
	n.mu.Unlock()
	err := sim.Start()
	n.started(addr)
	return c, err
}

// Unplug loses every packet from or to a host until Plug: its process has died
// and says nothing.
func (n *Network) Unplug(a net.Addr) { n.setUnplugged(a, true) }

// Plug undoes Unplug.
func (n *Network) Plug(a net.Addr) { n.setUnplugged(a, false) }

func (n *Network) setUnplugged(a net.Addr, off bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.off[a.(*net.UDPAddr).AddrPort().Addr()] = off
}

func (n *Network) unplugged(a net.Addr) bool { return n.off[a.(*net.UDPAddr).AddrPort().Addr()] }

// Bar loses every packet that begins a connection from a host, as long as on: those that
// are there go on.
func (n *Network) Bar(a net.Addr, on bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.barred[a.(*net.UDPAddr).AddrPort().Addr()] = on
}

// bars finds QUIC's Initial packets (RFC 9000 17.2.2).
func (n *Network) bars(p simnet.Packet) bool {
	return len(p.Data) > 0 && p.Data[0]&0xf0 == 0xc0 && n.barred[p.From.(*net.UDPAddr).AddrPort().Addr()]
}

// Close ends every host's socket, and then its link: a link waits for its socket
// to take what has come, which one that nobody reads never does.
func (n *Network) Close() error {
	var err error
	for _, h := range n.hosts {
		err = errors.Join(err, h.socket.Close(), h.Simnet.Close())
	}
	return err
}
