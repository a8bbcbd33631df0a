package link_test

import (
	"testing"
	"time"

	"crossband/proto/link"
)

// TestStrainTellsWhatAPathLoses, and that it loses nothing any more.
func TestStrainTellsWhatAPathLoses(t *testing.T) {
	p := newPKI(t)
	simulated(t, p.config(relayA()), p.config(unit()), func(t *testing.T, n *network, p pair) {
		_, a := p.connect(t)
		look := func() link.Strain {
			talk(a, time.Second, 80)
			return a.Strain()
		}
		for range 3 {
			if got := look(); got != 0 {
				t.Errorf("%d per mille on a path that loses nothing", got)
			}
		}
		n.wire.loss.Store(200)
		look()
		sum := link.Strain(0)
		for range 10 {
			sum += look()
		}
		if mean := sum / 10; mean < 130 || mean > 270 {
			t.Errorf("%d per mille on a path that loses 200", mean)
		}
		n.wire.loss.Store(0)
		look()
		look()
		if got := look(); got != 0 {
			t.Errorf("%d per mille, three seconds after the path was good again", got)
		}
		a.Close(nil)
	})
}

// TestStrainTellsWhatTheLaneLoses: QUIC beside it loses nothing.
func TestStrainTellsWhatTheLaneLoses(t *testing.T) {
	withLane(t, func(t *testing.T, n *network, p pair, _, a *link.Conn, _ *listener, spy *laneSpy) {
		second := func() link.Strain {
			relayTalk(p.l, a, 0, 50)
			return a.Strain()
		}
		second()
		if got := second(); got != 0 {
			t.Errorf("%d per mille on a lane that loses nothing", got)
		}
		spy.set(func(s *laneSpy) { s.loss = 100 })
		second()
		sum := link.Strain(0)
		for range 6 {
			sum += second()
		}
		if mean := sum / 6; mean < 40 || mean > 180 {
			t.Errorf("%d per mille on a lane that loses 100", mean)
		}
	})
}
