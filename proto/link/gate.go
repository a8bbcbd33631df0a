package link

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"

	"github.com/quic-go/quic-go"
)

// gate bounds unfinished handshakes, the one thing that a stranger can make us
// hold. Above RetryAbove an address must first show that it receives what we
// send there; above Handshakes, or half of it from one address, it is turned
// away.
type gate struct {
	most, mostPerAddr, retryAbove int

	open       atomic.Int64 // handshakes begun and neither done nor failed
	retried    atomic.Uint64
	turnedAway atomic.Uint64

	mu      sync.Mutex
	perAddr map[netip.Addr]int // no zero values: at most `most` entries
}

func newGate(l Limits) *gate {
	return &gate{
		most:        l.Handshakes,
		mostPerAddr: max(1, l.Handshakes/2),
		retryAbove:  l.RetryAbove,
		perAddr:     make(map[netip.Addr]int),
	}
}

var errTurnedAway = errors.New("too many handshakes")

func (g *gate) mustProve(net.Addr) bool {
	if g.open.Load() < int64(g.retryAbove) {
		return false
	}
	g.retried.Add(1)
	return true
}

func (g *gate) enter(addr netip.Addr) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.open.Load() >= int64(g.most) || g.perAddr[addr] >= g.mostPerAddr {
		g.turnedAway.Add(1)
		return false
	}
	g.open.Add(1)
	g.perAddr[addr]++
	return true
}

func (g *gate) leave(addr netip.Addr) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.open.Add(-1)
	if g.perAddr[addr]--; g.perAddr[addr] == 0 {
		delete(g.perAddr, addr)
	}
}

type handshakeKey struct{}

// handshake is one that has begun; it leaves the gate when it is done or has
// failed, whichever is first.
type handshake struct {
	leave func()
	stop  func() bool // takes back the watch for failure
}

// connContext is called by quic-go when a handshake begins. The context ends
// with the connection, with what ended it as its cause.
func (s *socket) connContext(ctx context.Context, info *quic.ClientInfo) (context.Context, error) {
	addr := ipOf(info.RemoteAddr)
	if !s.gate.enter(addr) {
		return nil, errTurnedAway
	}
	h := &handshake{leave: sync.OnceFunc(func() { s.gate.leave(addr) })}
	ctx = context.WithValue(ctx, handshakeKey{}, h)
	// The function runs in its own goroutine when the handshake fails, and ends
	// as soon as it has told the audit.
	h.stop = context.AfterFunc(ctx, func() {
		h.leave()
		s.audit(Attempt{Addr: info.RemoteAddr, Err: verdict(context.Cause(ctx))})
	})
	return ctx, nil
}

// handshakeDone takes a finished handshake out of the gate.
func handshakeDone(q *quic.Conn) {
	if h, ok := q.Context().Value(handshakeKey{}).(*handshake); ok {
		h.stop()
		h.leave()
	}
}

func (s *socket) audit(a Attempt) {
	if s.cfg.Refused != nil {
		s.cfg.Refused(a)
	}
}

// ipOf returns the address without its port; the zero address for a transport
// that is not UDP.
func ipOf(a net.Addr) netip.Addr {
	if u, ok := a.(*net.UDPAddr); ok {
		return u.AddrPort().Addr().Unmap()
	}
	return netip.Addr{}
}
