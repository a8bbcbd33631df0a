package link

import (
	"context"
	"errors"
	"maps"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/quic-go/quic-go"

	"crossband/proto"
)

// gate bounds unfinished handshakes, the one thing that a stranger can make us
// hold. Above RetryAbove an address must first show that it receives what we
// send there; above Handshakes, or half of it from one address, it is turned
// away. So it is when it begins them faster than its rate: a handshake costs us
// a signature.
type gate struct {
	most, mostPerAddr, retryAbove int
	rate                          proto.Rate // of one address

	open       atomic.Int64 // handshakes begun and neither done nor failed
	retried    atomic.Uint64
	turnedAway atomic.Uint64

	mu      sync.Mutex
	perAddr map[netip.Addr]*visitor // at most maxVisitors, or as many as have handshakes open
}

// visitor is one address from which handshakes come.
type visitor struct {
	open  int
	spent proto.Bucket
}

// maxVisitors bounds the addresses remembered. At the bound those that have
// nothing open are forgotten: their rate begins anew.
const maxVisitors = 4096

func newGate(l Limits) *gate {
	return &gate{
		most:        l.Handshakes,
		mostPerAddr: max(1, l.Handshakes/2),
		retryAbove:  l.RetryAbove,
		rate:        proto.Rate{PerSecond: float64(l.AddressRate), Burst: 10 * float64(l.AddressRate)},
		perAddr:     make(map[netip.Addr]*visitor),
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

func (g *gate) enter(addr netip.Addr, now time.Time) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	v := g.visitor(addr)
	if g.open.Load() >= int64(g.most) || v.open >= g.mostPerAddr || !v.spent.TakeIf(now, g.rate, 1) {
		g.turnedAway.Add(1)
		return false
	}
	g.open.Add(1)
	v.open++
	return true
}

func (g *gate) visitor(addr netip.Addr) *visitor {
	if v := g.perAddr[addr]; v != nil {
		return v
	}
	if len(g.perAddr) >= maxVisitors {
		maps.DeleteFunc(g.perAddr, func(_ netip.Addr, v *visitor) bool { return v.open == 0 })
	}
	v := new(visitor)
	g.perAddr[addr] = v
	return v
}

func (g *gate) leave(addr netip.Addr) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.open.Add(-1)
	g.perAddr[addr].open-- // it has one open: it is not forgotten
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
	if !s.gate.enter(addr, time.Now()) {
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

// ipOf returns the address without its port, of IPv6 the network of 64 bits
// that one party has for itself; the zero address for a transport that is not
// UDP.
func ipOf(a net.Addr) netip.Addr {
	u, ok := a.(*net.UDPAddr)
	if !ok {
		return netip.Addr{}
	}
	ip := u.AddrPort().Addr().Unmap()
	if ip.Is6() {
		if net, err := ip.Prefix(64); err == nil {
			return net.Addr()
		}
	}
	return ip
}
