package link_test

import (
	"context"
	"errors"
	"testing"
	"time"
)

// TestAProbeLearnsAllAndIsHandedToNobody: who looks for a fault must not take
// the place of a working link.
func TestAProbeLearnsAllAndIsHandedToNobody(t *testing.T) {
	p := newPKI(t)
	server, client := p.config(relayA()), p.config(unit())
	server.Software = "the relay"
	server.Now = func() time.Time { return time.Now().Add(time.Hour) }
	client.Probe = true
	simulated(t, server, client, func(t *testing.T, _ *network, p pair) {
		c, err := p.d.Dial(t.Context(), p.l.Addr(), anybody)
		if err != nil {
			t.Fatal(err)
		}
		if c.Software() != "the relay" || c.ClockSkew() < 59*time.Minute || c.Peer() != relayA() {
			t.Errorf("learnt %s, %q and a skew of %v", c.Peer(), c.Software(), c.ClockSkew())
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if got, err := p.l.Accept(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a probe was handed over as a link: %v, %v", got, err)
		}
		c.Close(nil)
		<-c.Done()
	})
}
