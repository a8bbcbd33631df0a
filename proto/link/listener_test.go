package link_test

import (
	"context"
	"errors"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quic-go/quic-go"

	"crossband/proto"
	"crossband/proto/link"
)

// TestSilentPeersHoldUpNobody has peers that finish the handshake and then
// say nothing.
func TestSilentPeersHoldUpNobody(t *testing.T) {
	p := newPKI(t)
	cert := p.issue(relayB())
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t)
		at, silent, from := n.endpoint(), n.endpoint(), n.endpoint()
		n.sim.Start()
		pr := open(t, at, from, p.config(relayA()), p.config(unit()))
		tr := &quic.Transport{Conn: silent}
		for range 50 {
			if _, err := tr.Dial(t.Context(), at.LocalAddr(), memberTLS(cert), &quic.Config{EnableDatagrams: true}); err != nil {
				t.Fatal(err)
			}
		}
		begun := time.Now()
		pr.connect(t)
		if took := time.Since(begun); took > time.Second {
			t.Errorf("an honest peer waited %v", took)
		}
		if s := pr.l.Stats(); s.Greetings == 0 {
			t.Errorf("stats %+v", s)
		}
		time.Sleep(6 * time.Second)
		if s := pr.l.Stats(); s.Greetings != 0 || s.Refused != 50 {
			t.Errorf("silent peers still hold places: %+v", s)
		}
		tr.Close()
		silent.Close()
		pr.close(t)
		n.sim.Close()
	})
}

func TestGreetingsAreBounded(t *testing.T) {
	p := newPKI(t)
	server := p.config(relayA())
	server.Limits.Greetings = 2
	simulated(t, server, p.config(relayB()), func(t *testing.T, n *network, p pair) {
		var full, ok int
		for range 4 { // nobody accepts
			_, err := p.d.Dial(t.Context(), p.l.Addr(), anybody)
			if proto.ReasonOf(err) == proto.ReasonFull {
				full++
			} else if err == nil {
				ok++
			}
		}
		if ok != 2 || full != 2 {
			t.Errorf("%d greeted, %d refused as full", ok, full)
		}
	})
}

// TestRetryUnderLoad has many handshakes at once: above the threshold an
// address must prove itself, above the limit it is turned away, and all that
// come later are served.
func TestRetryUnderLoad(t *testing.T) {
	p := newPKI(t)
	server := p.config(relayA())
	server.Limits.RetryAbove, server.Limits.Handshakes = 2, 8
	simulated(t, server, p.config(relayB()), func(t *testing.T, n *network, p pair) {
		go func() { // ends when the listener closes
			for {
				if _, err := p.l.Accept(t.Context()); err != nil {
					return
				}
			}
		}()
		var wg sync.WaitGroup
		for range 60 {
			wg.Go(func() { // ends with its Dial
				ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
				defer cancel()
				p.d.Dial(ctx, p.l.Addr(), anybody)
			})
		}
		wg.Wait()
		s := p.l.Stats()
		if s.Retried == 0 || s.TurnedAway == 0 {
			t.Errorf("stats %+v", s)
		}
		time.Sleep(15 * time.Second)
		begun := time.Now()
		if _, err := p.d.Dial(t.Context(), p.l.Addr(), anybody); err != nil || time.Since(begun) > time.Second {
			t.Errorf("afterwards: %v after %v", err, time.Since(begun))
		}
		if s := p.l.Stats(); s.Handshakes != 0 {
			t.Errorf("handshakes never leave: %+v", s)
		}
	})
}

func TestCloseEndsEverything(t *testing.T) {
	p := newPKI(t)
	simulated(t, p.config(relayA()), p.config(unit()), func(t *testing.T, n *network, p pair) {
		d, a := p.connect(t)
		accept := make(chan error, 1)
		go func() { _, err := p.l.Accept(t.Context()); accept <- err }() // ends with Close
		go drain(d)                                                      // ends with the link
		begun := time.Now()
		if err := p.l.Close(); err != nil {
			t.Error(err)
		}
		if took := time.Since(begun); took > time.Second {
			t.Errorf("Close took %v", took)
		}
		select {
		case <-a.Done():
		default:
			t.Error("Close did not wait for a link")
		}
		if err := <-accept; !errors.Is(err, net.ErrClosed) {
			t.Errorf("Accept: %v", err)
		}
		<-d.Done()
		wantPeerRefusal(t, "dialler", d.Err(), proto.ReasonClosing)
	})
}

// TestOneSocketListensAndDials has two relays that dial each other from the
// port on which they listen.
func TestOneSocketListensAndDials(t *testing.T) {
	p := newPKI(t)
	l1, err := link.Listen(loopback(t), p.config(relayA()))
	if err != nil {
		t.Fatal(err)
	}
	defer l1.Close()
	l2, err := link.Listen(loopback(t), p.config(relayB()))
	if err != nil {
		t.Fatal(err)
	}
	defer l2.Close()
	for _, tt := range []struct{ from, to *link.Listener }{{l1, l2}, {l2, l1}} {
		d, err := tt.from.Dialer().Dial(t.Context(), tt.to.Addr(), anybody)
		if err != nil {
			t.Fatal(err)
		}
		a, err := tt.to.Accept(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if a.RemoteAddr().String() != tt.from.Addr().String() || !d.Dialled() || a.Dialled() {
			t.Errorf("dialled from %v, listening on %v", a.RemoteAddr(), tt.from.Addr())
		}
	}
}

func TestDialGivesUp(t *testing.T) {
	p := newPKI(t)
	simulated(t, p.config(relayA()), p.config(unit()), func(t *testing.T, n *network, p pair) {
		n.wire.cut.Store(true)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := p.d.Dial(ctx, p.l.Addr(), anybody); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Dial: %v", err)
		}
		var lost *link.Lost
		if _, err := p.d.Dial(t.Context(), p.l.Addr(), anybody); !errors.As(err, &lost) {
			t.Errorf("Dial without limit: %v", err)
		}
	})
}
