package link_test

import (
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/quic-go/quic-go/testutils/simnet"

	"crossband/proto/link"
	"crossband/proto/link/lane"
)

// TestALaneThatDiesSoon: one that carries its probe and no voice is left within a
// second of voice, also when the endpoint's words of quiet are lost.
func TestALaneThatDiesSoon(t *testing.T) {
	withLane(t, func(t *testing.T, n *network, p pair, d, a *link.Conn, h *listener, s *laneSpy) {
		relayTalk(p.l, a, 0, 1)
		if len(s.packets()) != 1 {
			t.Fatal("no probe")
		}
		time.Sleep(4 * oneWay)
		s.set(func(s *laneSpy) { s.block = true })
		silence(n, s, a, 1200*time.Millisecond)
		relayTalk(p.l, a, 1, 300)
		time.Sleep(time.Second)
		// QUIC's voice waits for acknowledgements as long as the endpoint cannot be heard.
		if lost, _ := h.missing(0, 301); lost == 0 || lost > 75 {
			t.Errorf("%d frames lost: want at most a second, and what QUIC could not send", lost)
		}
		if st := a.Stats().Lane; st.Open || st.Fallbacks != 1 {
			t.Errorf("%+v", st)
		}
	})
}

// TestALaneThatDiesInAShortPause: the quiet of the pause is not taken for an answer to
// the voice after it.
func TestALaneThatDiesInAShortPause(t *testing.T) {
	for _, pause := range []time.Duration{100 * time.Millisecond, 250 * time.Millisecond, 350 * time.Millisecond, 450 * time.Millisecond, time.Second, 1900 * time.Millisecond} {
		t.Run(pause.String(), func(t *testing.T) {
			withLane(t, func(t *testing.T, n *network, p pair, d, a *link.Conn, h *listener, s *laneSpy) {
				relayTalk(p.l, a, 0, 200)
				time.Sleep(pause)
				s.set(func(s *laneSpy) { s.block = true })
				relayTalk(p.l, a, 200, 200)
				time.Sleep(time.Second)
				if lost, _ := h.missing(0, 400); lost == 0 || lost > 50 {
					t.Errorf("%d frames lost: want at most a second", lost)
				}
				if st := a.Stats().Lane; st.Open || st.Fallbacks != 1 {
					t.Errorf("%+v", st)
				}
			})
		})
	}
}

// silence loses all that an endpoint sends for a while.
func silence(n *network, s *laneSpy, a *link.Conn, length time.Duration) {
	from, until := a.RemoteAddr().String(), time.Now().Add(length)
	f := func(x simnet.Packet) simnet.Packet {
		if x.From.String() == from && time.Now().Before(until) {
			x.To = &net.UDPAddr{IP: net.IPv4(10, 0, 0, 99), Port: 1} // nowhere
		}
		return s.pass(x)
	}
	n.wire.rewrite.Store(&f)
}

// TestAPauseWhoseQuietIsLost: the waiting for a report begins with the voice.
func TestAPauseWhoseQuietIsLost(t *testing.T) {
	withLane(t, func(t *testing.T, n *network, p pair, d, a *link.Conn, h *listener, s *laneSpy) {
		relayTalk(p.l, a, 0, 120)
		silence(n, s, a, 1300*time.Millisecond)
		time.Sleep(1400 * time.Millisecond)
		relayTalk(p.l, a, 120, 100)
		time.Sleep(time.Second)
		wantAll(t, h, 0, 220)
		if st := a.Stats().Lane; !st.Open || st.Fallbacks > 0 {
			t.Errorf("%+v", st)
		}
	})
}

// TestAWordOfQuietThatIsLost: where the endpoint's reports are lost too, the relay leaves
// the lane for want of any.
func TestAWordOfQuietThatIsLost(t *testing.T) {
	withLane(t, func(t *testing.T, n *network, p pair, d, a *link.Conn, h *listener, s *laneSpy) {
		relayTalk(p.l, a, 0, 100)
		silence(n, s, a, 1500*time.Millisecond)
		s.set(func(s *laneSpy) { s.block = true })
		relayTalk(p.l, a, 100, 500)
		time.Sleep(time.Second)
		if lost, _ := h.missing(100, 500); lost < 75 || lost > 400 {
			t.Errorf("%d frames lost", lost)
		}
		if st := a.Stats().Lane; st.Open || st.Broken != 1 || st.Fallbacks > 0 {
			t.Errorf("%+v", st)
		}
	})
}

// TestReportsAreRare: an endpoint that hears all says so each three seconds, one that
// misses some more often, and one that hears nothing not at all.
func TestReportsAreRare(t *testing.T) {
	withLane(t, func(t *testing.T, n *network, p pair, d, a *link.Conn, h *listener, s *laneSpy) {
		reports := func(seconds int) uint64 {
			before := link.Reports(d)
			relayTalk(p.l, a, 0, 50*seconds)
			return link.Reports(d) - before
		}
		reports(2)
		if got := reports(30); got < 9 || got > 11 {
			t.Errorf("%d reports in thirty seconds, want one each three", got)
		}
		s.set(func(s *laneSpy) { s.loss = 100 })
		if got := reports(30); got < 30 || got > 45 {
			t.Errorf("%d reports in thirty seconds in which a tenth is lost", got)
		}
		before := link.Reports(d)
		time.Sleep(time.Minute)
		if got := link.Reports(d) - before; got < 3 || got > 4 { // one more where the last of the burst was lost
			t.Errorf("%d reports in a minute after a burst, want three", got)
		}
		if st := a.Stats().Lane; st.Fallbacks > 0 || st.Untrue > 0 {
			t.Errorf("%+v", st)
		}
	})
}

// TestADeadLaneUnderUnevenVoice: frames that come in batches, or seldom, hide no dead lane.
func TestADeadLaneUnderUnevenVoice(t *testing.T) {
	for _, c := range []struct {
		batch int
		pause time.Duration
	}{{5, 100 * time.Millisecond}, {6, 120 * time.Millisecond}, {8, 160 * time.Millisecond}, {10, 200 * time.Millisecond}, {14, 280 * time.Millisecond}, {1, 120 * time.Millisecond}, {1, 290 * time.Millisecond}} {
		t.Run(fmt.Sprint(c.batch, " each ", c.pause), func(t *testing.T) {
			withLane(t, func(t *testing.T, n *network, p pair, d, a *link.Conn, h *listener, s *laneSpy) {
				at := 0
				talk := func(length time.Duration) {
					for end := time.Now().Add(length); time.Now().Before(end); time.Sleep(c.pause) {
						for range c.batch {
							v := p.l.Volley(time.Now())
							v.Send(a, 1, numbered(at))
							v.Fire()
							at++
						}
					}
				}
				talk(5 * time.Second)
				dead := at
				s.set(func(s *laneSpy) { s.block = true })
				talk(20 * time.Second)
				time.Sleep(time.Second)
				lost, _ := h.missing(dead, at-dead)
				if most := int(1500*time.Millisecond/c.pause) * c.batch; lost == 0 || lost > most {
					t.Errorf("%d of %d frames lost, want at most %d: a second and a half", lost, at-dead, most)
				}
			})
		})
	}
}

// probesOnly is a box on the way that lets a lane's small packets pass.
func probesOnly(n *network, more func(x *simnet.Packet)) {
	var mu sync.Mutex // hosts send side by side
	f := func(x simnet.Packet) simnet.Packet {
		mu.Lock()
		defer mu.Unlock()
		if _, ok := lane.Identify(x.Data); ok && len(x.Data) > lane.HeaderSize+lane.TagSize {
			x.To = &net.UDPAddr{IP: net.IPv4(10, 0, 0, 99), Port: 1} // nowhere
		}
		more(&x)
		return x
	}
	n.wire.rewrite.Store(&f)
}

// TestAPathThatCarriesProbesOnly: it is tried less and less often.
func TestAPathThatCarriesProbesOnly(t *testing.T) {
	withLane(t, func(t *testing.T, n *network, p pair, d, a *link.Conn, h *listener, s *laneSpy) {
		probesOnly(n, func(*simnet.Packet) {})
		relayTalk(p.l, a, 0, 6000)
		time.Sleep(time.Second)
		if lost, _ := h.missing(0, 6000); lost == 0 || lost > 250 {
			t.Errorf("%d of two minutes' frames lost; %+v", lost, a.Stats().Lane)
		}
	})
}

// TestWordsOfQuietThatAreLostAgainAndAgain: who also loses what the endpoint says of it
// has voice on the lane seldom.
func TestWordsOfQuietThatAreLostAgainAndAgain(t *testing.T) {
	withLane(t, func(t *testing.T, n *network, p pair, d, a *link.Conn, h *listener, s *laneSpy) {
		from, voice := a.RemoteAddr().String(), time.Time{}
		probesOnly(n, func(x *simnet.Packet) {
			if _, ok := lane.Identify(x.Data); ok && len(x.Data) > lane.HeaderSize+lane.TagSize {
				if time.Since(voice) > 2*time.Second {
					voice = time.Now() // the first of an opening
				}
				if time.Since(voice) < 100*time.Millisecond {
					x.To = a.RemoteAddr()
				}
			}
			if since := time.Since(voice); x.From.String() == from && since > 150*time.Millisecond && since < 1500*time.Millisecond {
				x.To = &net.UDPAddr{IP: net.IPv4(10, 0, 0, 99), Port: 1}
			}
		})
		relayTalk(p.l, a, 0, 9000)
		time.Sleep(time.Second)
		if lost, _ := h.missing(0, 9000); lost < 300 || lost > 1400 {
			t.Errorf("%d of three minutes' frames lost; %+v", lost, a.Stats().Lane)
		}
	})
}
