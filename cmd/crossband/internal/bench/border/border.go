// Package border is a border between two relays as a benchmark wants it: UDP packets
// are delayed, unevenly if so wished, and some are lost. It counts what crosses.
package border

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// Conditions are how packets fare one way.
type Conditions struct {
	Delay  time.Duration // of every packet
	Jitter time.Duration // up to this much more, for each packet by itself: they overtake one another
	Loss   float64       // share that is lost, 0 to below 1
}

// mostDelay bounds the delay of one packet: links are dead after a few seconds.
const mostDelay = 2 * time.Second

// Check reports what is not possible.
func (c Conditions) Check() error {
	switch {
	case c.Delay < 0 || c.Jitter < 0 || c.Delay+c.Jitter > mostDelay:
		return fmt.Errorf("a delay of %v and up to %v more: from 0 to %v in all are possible", c.Delay, c.Jitter, mostDelay)
	case !(c.Loss >= 0 && c.Loss < 1):
		return fmt.Errorf("a loss of %v: it is a share, from 0 to below 1", c.Loss)
	}
	return nil
}

// Counts are the packets of both ways. Octets are those of UDP payloads.
type Counts struct {
	Packets, Octets uint64 // sent across
	Lost            uint64 // by Conditions.Loss
	Full            uint64 // by the bounds of Crossing
}

// Sub returns what was counted since an earlier moment.
func (c Counts) Sub(before Counts) Counts {
	return Counts{c.Packets - before.Packets, c.Octets - before.Octets, c.Lost - before.Lost, c.Full - before.Full}
}

// Add sums up two crossings.
func (c Counts) Add(o Counts) Counts {
	return Counts{c.Packets + o.Packets, c.Octets + o.Octets, c.Lost + o.Lost, c.Full + o.Full}
}

// Crossing passes UDP between one relay and those who know the crossing's address.
// What one seed loses and delays depends on the order of packets alone.
type Crossing struct {
	outside *net.UDPConn // the others talk to this address
	relay   *net.UDPAddr
	in, out *way

	mu      sync.Mutex // guards what follows
	over    bool
	parties map[netip.AddrPort]*net.UDPConn

	packets, octets, lost, full atomic.Uint64
}

// maxParties bounds who may cross: a partner relay, and its former sockets. Packets of
// further ones are dropped.
const maxParties = 64

// socketBuffer is asked for, in octets: what overflows there would not be counted.
const socketBuffer = 4 << 20

// Open opens a crossing to a relay's address. Run passes packets.
func Open(relay *net.UDPAddr, c Conditions, seed uint64) (*Crossing, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	socket, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return nil, err
	}
	socket.SetReadBuffer(socketBuffer)
	x := &Crossing{outside: socket, relay: relay, parties: make(map[netip.AddrPort]*net.UDPConn)}
	x.in = newWay(x, c, rand.NewPCG(seed, 1))
	x.out = newWay(x, c, rand.NewPCG(seed, 2))
	return x, nil
}

// Addr is where the relay is reached across the border.
func (x *Crossing) Addr() *net.UDPAddr { return x.outside.LocalAddr().(*net.UDPAddr) }

// Counts returns what has crossed so far.
func (x *Crossing) Counts() Counts {
	return Counts{x.packets.Load(), x.octets.Load(), x.lost.Load(), x.full.Load()}
}

// Run passes packets until ctx ends.
func (x *Crossing) Run(ctx context.Context) {
	var wg sync.WaitGroup
	defer wg.Wait()
	stop := context.AfterFunc(ctx, x.close)
	defer stop()
	wg.Go(func() { x.in.run(ctx) })  // ends with ctx
	wg.Go(func() { x.out.run(ctx) }) // ends with ctx
	buf := make([]byte, 1<<16)
	for {
		n, from, err := x.outside.ReadFromUDPAddrPort(buf)
		if err != nil {
			if ctx.Err() != nil {
				return
			}
			continue
		}
		to, fresh := x.party(from)
		if to == nil {
			x.full.Add(1)
			continue
		}
		if fresh {
			wg.Go(func() { x.back(to, from) }) // ends when its socket closes
		}
		x.in.pass(buf[:n], func(b []byte) { to.Write(b) })
	}
}

// party returns the socket by which one who crosses reaches the relay.
func (x *Crossing) party(from netip.AddrPort) (c *net.UDPConn, fresh bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if c := x.parties[from]; c != nil {
		return c, false
	}
	if x.over || len(x.parties) >= maxParties {
		return nil, false
	}
	c, err := net.DialUDP("udp", nil, x.relay)
	if err != nil {
		return nil, false
	}
	c.SetReadBuffer(socketBuffer)
	x.parties[from] = c
	return c, true
}

// back passes what the relay sends to one party.
func (x *Crossing) back(from *net.UDPConn, to netip.AddrPort) {
	buf := make([]byte, 1<<16)
	for {
		n, err := from.Read(buf)
		if err != nil {
			if x.isOver() {
				return
			}
			continue // the relay's port was closed for a moment
		}
		x.out.pass(buf[:n], func(b []byte) { x.outside.WriteToUDPAddrPort(b, to) })
	}
}

func (x *Crossing) isOver() bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.over
}

func (x *Crossing) close() {
	x.outside.Close()
	x.mu.Lock()
	defer x.mu.Unlock()
	x.over = true
	for _, c := range x.parties {
		c.Close()
	}
}
