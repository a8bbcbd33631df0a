package link

import (
	"context"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/quic-go/quic-go"

	"crossband/proto"
)

// Listener accepts links on one UDP socket.
type Listener struct {
	s     *socket
	quic  *quic.Listener
	ready chan *Conn    // greeted links, handed over one by one
	over  chan struct{} // closed by Close: nothing more is handed over

	greetings  chan struct{} // a token per link that is being greeted
	enrolments chan struct{} // a token per enrolment link
	greeting   nameCount     // links being greeted, by certified name
	accepted   atomic.Uint64
	refused    atomic.Uint64
}

// ListenerStats are a listener's figures since it began.
type ListenerStats struct {
	Handshakes int    // unfinished now
	Greetings  int    // being greeted or waiting for Accept now
	Enrolments int    // enrolment links now
	Accepted   uint64 // links handed to Accept
	Refused    uint64 // parties refused after their handshake
	Retried    uint64 // handshakes that had to prove their address first
	Unsent     uint64 // packets of voice lanes that the system did not take
	Lost       uint64 // packets of QUIC that the system did not take
	TurnedAway uint64 // handshakes not begun: too many were open, of all or of one address, or one address began too many a second
	Limits     Limits // the bounds in force
}

// Listen starts to accept links on pc, which is the Listener's from now on.
func Listen(pc net.PacketConn, cfg Config) (*Listener, error) {
	if cfg.Certificate == nil || cfg.Verify == nil {
		return nil, fmt.Errorf("%w: Listen needs Certificate and Verify", errConfig)
	}
	if udp, ok := pc.(*net.UDPConn); ok {
		pc = newBatchConn(udp)
	}
	s, err := newSocket(pc, cfg)
	if err != nil {
		return nil, err
	}
	q, err := s.tr.Listen(s.cfg.listenerTLS(), s.quicConfig(1))
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", pc.LocalAddr(), err)
	}
	l := &Listener{
		s:          s,
		quic:       q,
		ready:      make(chan *Conn),
		over:       make(chan struct{}),
		greetings:  make(chan struct{}, s.cfg.Limits.Greetings),
		enrolments: make(chan struct{}, s.cfg.Limits.Enrolments),
		greeting:   nameCount{most: s.cfg.Limits.GreetingsEach, open: make(map[proto.Name]int)},
	}
	// Ends when the QUIC listener is closed.
	s.running.Go(l.takeHandshakes)
	return l, nil
}

// Accept returns the next link whose peer is verified and greeted. No peer can
// hold up another: each is judged and greeted apart, within a time limit. It
// returns net.ErrClosed after Close.
func (l *Listener) Accept(ctx context.Context) (*Conn, error) {
	select {
	case c := <-l.ready:
		l.accepted.Add(1)
		return c, nil
	case <-l.over:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Dialer returns a Dialer on the same socket; Close of either closes both.
func (l *Listener) Dialer() *Dialer { return &Dialer{l.s, l.stop} }

// Addr returns the local address.
func (l *Listener) Addr() net.Addr { return l.quic.Addr() }

// Stats returns a snapshot of the listener's figures.
func (l *Listener) Stats() ListenerStats {
	return ListenerStats{
		Handshakes: int(l.s.gate.open.Load()),
		Greetings:  len(l.greetings),
		Enrolments: len(l.enrolments),
		Accepted:   l.accepted.Load(),
		Refused:    l.refused.Load(),
		Retried:    l.s.gate.retried.Load(),
		TurnedAway: l.s.gate.turnedAway.Load(),
		Unsent:     l.s.burst.failed.Load(),
		Lost:       l.s.lost(),
		Limits:     l.s.cfg.Limits,
	}
}

// Close ends the listener, its links and its socket, and waits for all of them.
func (l *Listener) Close() error { return l.s.close(l.stop) }

func (l *Listener) stop() {
	close(l.over)
	l.quic.Close()
}

// takeHandshakes hands every finished handshake to a goroutine of its own, so
// that quic-go's short queue never fills.
func (l *Listener) takeHandshakes() {
	for {
		q, err := l.quic.Accept(context.Background())
		if err != nil {
			return // closed
		}
		handshakeDone(q)
		enrol := q.ConnectionState().TLS.NegotiatedProtocol == proto.ALPNEnrol
		tokens := l.greetings
		if enrol {
			tokens = l.enrolments
		}
		select {
		case tokens <- struct{}{}:
			// Ends within GreetTime of its start, or when the listener closes;
			// on an enrolment link with the link.
			l.s.running.Go(func() {
				defer func() { <-tokens }()
				l.greet(q, enrol)
			})
		default:
			l.turnDown(q, proto.Name{}, proto.Refuse(proto.ReasonFull, "too many links at once"))
		}
	}
}

// greet judges the peer, greets it and hands the link over.
func (l *Listener) greet(q *quic.Conn, enrol bool) {
	by := time.Now().Add(l.s.cfg.Limits.GreetTime)
	var name proto.Name
	if !enrol {
		var err error
		if name, err = l.s.verify(chainOf(q.ConnectionState().TLS), false); err != nil {
			l.turnDown(q, name, proto.AsRefusal(err))
			return
		}
		if !l.greeting.enter(name) {
			l.turnDown(q, name, proto.Refusef(proto.ReasonQuota, "%s makes %d links at once", name, l.s.cfg.Limits.GreetingsEach))
			return
		}
		defer l.greeting.leave(name)
	}
	unwatch := l.closeWith(q)
	stream, t, err := l.s.greetClient(q, l.s.cfg.Self, name)
	if err != nil {
		unwatch()
		err = endGreeting(q, err)
		l.refused.Add(1)
		l.s.audit(Attempt{q.RemoteAddr(), name, err})
		return
	}
	if t.probe {
		<-untilOver(q, by)
		unwatch()
		refuse(q, proto.Refuse(proto.ReasonClosing, ""))
		return
	}
	c, err := l.s.start(q, stream, ends{self: l.s.cfg.Self, peer: name, enrol: enrol, bulk: t.bulk}, t)
	unwatch()
	if err != nil {
		return // the socket is closing
	}
	l.handOver(c, by)
	if enrol {
		<-c.Done()
	}
}

// nameCount counts what each name has open, so that no enrolled party can take
// every place: there are not more names than certificates.
type nameCount struct {
	most int
	mu   sync.Mutex // guards open
	open map[proto.Name]int
}

func (c *nameCount) enter(n proto.Name) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.open[n] >= c.most {
		return false
	}
	c.open[n]++
	return true
}

func (c *nameCount) leave(n proto.Name) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.open[n]--; c.open[n] == 0 {
		delete(c.open, n)
	}
}

// untilOver waits for a probe to have seen enough and leave.
func untilOver(q *quic.Conn, by time.Time) <-chan struct{} {
	ctx, cancel := context.WithDeadline(q.Context(), by)
	context.AfterFunc(ctx, cancel)
	return ctx.Done()
}

// closeWith closes a connection that is still being greeted when the listener
// closes. The returned function ends the watch.
func (l *Listener) closeWith(q *quic.Conn) (unwatch func()) {
	ended := make(chan struct{})
	// Ends when unwatch is called.
	l.s.running.Go(func() {
		select {
		case <-l.over:
			refuse(q, proto.Refuse(proto.ReasonClosing, ""))
		case <-ended:
		}
	})
	return func() { close(ended) }
}

func (l *Listener) handOver(c *Conn, by time.Time) {
	late := time.NewTimer(time.Until(by))
	defer late.Stop()
	select {
	case l.ready <- c:
	case <-late.C:
		l.refused.Add(1)
		why := proto.Refuse(proto.ReasonFull, "nobody took the link in time")
		c.Close(why)
		l.s.audit(Attempt{c.RemoteAddr(), c.Peer(), why})
	case <-c.Done():
	case <-l.over:
	}
}

func (l *Listener) turnDown(q *quic.Conn, name proto.Name, why *proto.Refusal) {
	l.refused.Add(1)
	refuse(q, why)
	l.s.audit(Attempt{q.RemoteAddr(), name, why})
}
