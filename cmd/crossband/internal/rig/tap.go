package rig

import (
	"bytes"
	"context"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
)

// Tap passes UDP between a relay and everybody who knows the tap's address. It
// can keep what went by, so that it can be searched, and it can be cut, so that
// everything is lost until it is mended.
type Tap struct {
	outside *net.UDPConn // everybody talks to this address
	relay   *net.UDPAddr
	keeps   bool
	cut     atomic.Bool

	mu    sync.Mutex // guards what follows
	over  bool       // closed: no new way is taken up
	ways  map[netip.AddrPort]*net.UDPConn
	seen  []byte // payloads, one after the other
	total int
}

// maxSeen bounds what is kept, in octets; the demo's traffic is far below it.
const maxSeen = 256 << 20

// NewTap opens a tap to a relay's address. With keep it remembers what goes by.
func NewTap(relay *net.UDPAddr, keep bool) (*Tap, error) {
	c, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return nil, err
	}
	c.SetReadBuffer(4 << 20)
	return &Tap{outside: c, relay: relay, keeps: keep, ways: make(map[netip.AddrPort]*net.UDPConn)}, nil
}

// Addr is where the tap is reached.
func (t *Tap) Addr() *net.UDPAddr { return t.outside.LocalAddr().(*net.UDPAddr) }

// Cut drops, or again passes, everything in both directions. Nothing is told to
// either side: it is a cable pulled, not a port closed.
func (t *Tap) Cut(cut bool) { t.cut.Store(cut) }

// Run passes packets until ctx ends.
func (t *Tap) Run(ctx context.Context) {
	stop := context.AfterFunc(ctx, t.close)
	defer stop()
	var wg sync.WaitGroup
	defer wg.Wait()
	buf := make([]byte, 1<<16)
	for {
		n, from, err := t.outside.ReadFromUDPAddrPort(buf)
		if err != nil {
			return
		}
		if t.cut.Load() {
			continue
		}
		t.keep(buf[:n])
		way := t.way(from)
		if way == nil {
			var err error
			if way, err = net.DialUDP("udp", nil, t.relay); err != nil {
				return
			}
			if !t.open(from, way) {
				way.Close()
				return
			}
			wg.Go(func() { t.back(way, from) }) // ends when its socket closes
		}
		way.Write(buf[:n])
	}
}

func (t *Tap) way(from netip.AddrPort) *net.UDPConn {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.ways[from]
}

func (t *Tap) open(from netip.AddrPort, way *net.UDPConn) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.over {
		t.ways[from] = way
	}
	return !t.over
}

// back passes what the relay sends to one party.
func (t *Tap) back(way *net.UDPConn, to netip.AddrPort) {
	buf := make([]byte, 1<<16)
	for {
		n, err := way.Read(buf)
		if err != nil {
			if ne, ok := err.(net.Error); ok && !ne.Timeout() && t.way(to) != nil {
				continue // the relay's port was closed for a moment
			}
			return
		}
		if t.cut.Load() {
			continue
		}
		t.keep(buf[:n])
		t.outside.WriteToUDPAddrPort(buf[:n], to)
	}
}

func (t *Tap) keep(b []byte) {
	if !t.keeps {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.total += len(b)
	if len(t.seen)+len(b) <= maxSeen {
		t.seen = append(t.seen, b...)
	}
}

func (t *Tap) close() {
	t.outside.Close()
	t.mu.Lock()
	defer t.mu.Unlock()
	t.over = true
	for from, way := range t.ways {
		delete(t.ways, from)
		way.Close()
	}
}

// Find counts how often a pattern went by, and how many octets did, as far as
// they were kept.
func (t *Tap) Find(pattern []byte) (hits, octets int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return bytes.Count(t.seen, pattern), t.total
}
