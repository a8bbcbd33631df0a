package link_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quic-go/quic-go"

	"crossband/proto"
	"crossband/proto/link"
)

// TestOneNameCannotTakeEveryGreeting has an enrolled party finish handshakes
// without end and say nothing: it has its share of the places, everybody else
// the rest.
func TestOneNameCannotTakeEveryGreeting(t *testing.T) {
	p := newPKI(t)
	cert := p.issue(relayB())
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t)
		at, silent, from := n.endpoint(), n.endpoint(), n.endpoint()
		n.sim.Start()
		server := p.config(relayA())
		server.Limits.Greetings = 16
		told := make(chan link.Attempt, 64)
		server.Refused = func(a link.Attempt) { told <- a }
		pr := open(t, at, from, server, p.config(unit()))
		tr := &quic.Transport{Conn: silent}
		for range 40 {
			if _, err := tr.Dial(t.Context(), at.LocalAddr(), memberTLS(cert), &quic.Config{EnableDatagrams: true}); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		if s := pr.l.Stats(); s.Greetings != 8 {
			t.Errorf("%d links of one name are being greeted, want its share of 8", s.Greetings)
		}
		begun := time.Now()
		pr.connect(t)
		if took := time.Since(begun); took > time.Second {
			t.Errorf("an honest peer waited %v", took)
		}
		if a := <-told; proto.ReasonOf(a.Err) != proto.ReasonQuota || a.Name != relayB() {
			t.Errorf("the audit is told %+v, want the name and its quota", a)
		}
		tr.Close()
		silent.Close()
		pr.close(t)
		n.sim.Close()
	})
}

// TestHandshakeFlood has one address begin handshakes ten times as fast as it
// may. What is over its rate costs no signature, and another address links
// within a second meanwhile.
func TestHandshakeFlood(t *testing.T) {
	p := newPKI(t)
	cert := p.issue(relayB())
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t)
		at, flooder, from := n.endpoint(), n.endpoint(), n.endpoint()
		n.sim.Start()
		server := p.config(relayA())
		server.Limits.AddressRate = 5
		pr := open(t, at, from, server, p.config(unit()))
		tr := &quic.Transport{Conn: flooder}
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		const seconds = 10
		for range seconds * 50 {
			wg.Go(func() { // ends with its Dial
				ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
				defer cancel()
				if q, err := tr.Dial(ctx, at.LocalAddr(), memberTLS(cert), &quic.Config{EnableDatagrams: true}); err == nil {
					q.CloseWithError(0, "")
				}
			})
			time.Sleep(time.Second / 50)
		}
		begun := time.Now()
		pr.connect(t)
		if took := time.Since(begun); took > time.Second {
			t.Errorf("another address waited %v", took)
		}
		cancel()
		wg.Wait()
		s := pr.l.Stats()
		if begun := seconds*50 - int(s.TurnedAway); s.TurnedAway == 0 || begun > 50+seconds*5+10 {
			t.Errorf("%d handshakes were begun, want the burst of 50 and 5 a second; stats %+v", begun, s)
		}
		tr.Close()
		flooder.Close()
		pr.close(t)
		n.sim.Close()
	})
}
