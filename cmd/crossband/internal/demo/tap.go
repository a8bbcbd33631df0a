package demo

import (
	"bytes"
	"context"
	"net"
	"net/netip"
	"sync"
)

// tap passes UDP between a relay and everybody else and keeps what went by, so
// that it can be searched for what was said.
type tap struct {
	outside *net.UDPConn // everybody talks to this address
	relay   *net.UDPAddr

	mu    sync.Mutex // guards what follows
	over  bool       // closed: no new way is taken up
	ways  map[netip.AddrPort]*net.UDPConn
	seen  []byte // payloads, one after the other
	total int
}

// maxSeen bounds what is kept; the demo's traffic is far below it.
const maxSeen = 256 << 20

func newTap(relay *net.UDPAddr) (*tap, error) {
	c, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return nil, err
	}
	c.SetReadBuffer(4 << 20)
	return &tap{outside: c, relay: relay, ways: make(map[netip.AddrPort]*net.UDPConn)}, nil
}

func (t *tap) addr() *net.UDPAddr { return t.outside.LocalAddr().(*net.UDPAddr) }

// run passes packets until ctx ends.
func (t *tap) run(ctx context.Context) {
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

func (t *tap) way(from netip.AddrPort) *net.UDPConn {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.ways[from]
}

func (t *tap) open(from netip.AddrPort, way *net.UDPConn) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.over {
		t.ways[from] = way
	}
	return !t.over
}

// back passes what the relay sends to one party.
func (t *tap) back(way *net.UDPConn, to netip.AddrPort) {
	buf := make([]byte, 1<<16)
	for {
		n, err := way.Read(buf)
		if err != nil {
			if ne, ok := err.(net.Error); ok && !ne.Timeout() && t.way(to) != nil {
				continue // the relay's port was closed for a moment
			}
			return
		}
		t.keep(buf[:n])
		t.outside.WriteToUDPAddrPort(buf[:n], to)
	}
}

func (t *tap) keep(b []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.total += len(b)
	if len(t.seen)+len(b) <= maxSeen {
		t.seen = append(t.seen, b...)
	}
}

func (t *tap) close() {
	t.outside.Close()
	t.mu.Lock()
	defer t.mu.Unlock()
	t.over = true
	for from, way := range t.ways {
		delete(t.ways, from)
		way.Close()
	}
}

// find counts how often a pattern went by, and how many octets did.
func (t *tap) find(pattern []byte) (hits, octets int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return bytes.Count(t.seen, pattern), t.total
}
