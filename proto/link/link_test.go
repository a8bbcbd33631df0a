package link_test

import (
	"crypto/tls"
	"errors"
	"fmt"
	"testing"
	"time"

	"crossband/proto"
	"crossband/proto/link"
)

func TestLinkCarriesFramesAndVoiceBothWays(t *testing.T) {
	p := newPKI(t)
	server, client := p.config(relayA()), p.config(unit())
	server.Capabilities = []string{"x", "y"}
	client.Capabilities = []string{"y", "z"}
	client.Now = func() time.Time { return time.Now().Add(3 * time.Minute) }
	simulated(t, server, client, func(t *testing.T, n *network, p pair) {
		d, a := p.connect(t)
		if d.Peer() != relayA() || a.Peer() != unit() {
			t.Errorf("peers %v and %v", d.Peer(), a.Peer())
		}
		for _, c := range []*link.Conn{d, a} {
			if c.Version() != proto.VersionMax || c.Has("x") || !c.Has("y") || c.Has("z") {
				t.Errorf("version %d, capabilities x %v y %v z %v", c.Version(), c.Has("x"), c.Has("y"), c.Has("z"))
			}
		}
		if a.Software() != "test of u" || d.Software() != "test of a" {
			t.Errorf("software %q and %q", a.Software(), d.Software())
		}
		// Half a round trip is taken off, so that only rounding is left.
		if got := a.ClockSkew() - 3*time.Minute; got.Abs() > 5*time.Millisecond {
			t.Errorf("listener sees the dialler's clock off by %v", got)
		}
		if got := d.ClockSkew() + 3*time.Minute; got.Abs() > 5*time.Millisecond {
			t.Errorf("dialler sees the listener's clock off by %v", got)
		}
		if err := d.Send(text(9000)); err != nil {
			t.Fatal(err)
		}
		f, err := a.Receive(t.Context())
		if err != nil || len(f.GetText().GetSealed()) != 9000 {
			t.Fatalf("text: %v, %v", f, err)
		}
		if !d.SendVoice(7, []byte("up")) || !a.SendVoice(700, []byte("down")) {
			t.Error("voice was not taken")
		}
		wantVoice(t, a, 7, "up")
		wantVoice(t, d, 700, "down")
		if s := d.Stats(); s.FramesSent != 1 || s.VoiceSent != 1 || s.VoiceReceived != 1 || s.RTT < 2*oneWay || s.RTT > 3*oneWay {
			t.Errorf("stats %+v", s)
		}
	})
}

// TestEachSideLearnsWhatTheOtherOffers: also what was not agreed on, so that either
// side can tell when it changes.
func TestEachSideLearnsWhatTheOtherOffers(t *testing.T) {
	p := newPKI(t)
	server, client := p.config(relayA()), p.config(unit())
	server.Capabilities, server.VersionMax = []string{"y", "x"}, 4
	client.Capabilities, client.VersionMax = []string{"y", "z\x1b"}, 3
	simulated(t, server, client, func(t *testing.T, n *network, p pair) {
		d, a := p.connect(t)
		if got, want := fmt.Sprintf("%+v", d.Offers()), "{VersionMin:1 VersionMax:4 Capabilities:[x y]}"; got != want {
			t.Errorf("dialler learnt %s, want %s", got, want)
		}
		if got, want := fmt.Sprintf("%+v", a.Offers()), "{VersionMin:1 VersionMax:3 Capabilities:[y z]}"; got != want { // what steers a terminal is left out
			t.Errorf("listener learnt %s, want %s", got, want)
		}
	})
}

func wantVoice(t *testing.T, c *link.Conn, alias proto.Alias, frame string) {
	t.Helper()
	b, err := c.ReceiveVoice(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got, voice, err := proto.ParseVoice(b)
	if err != nil || got != alias || string(voice) != frame {
		t.Errorf("voice %d %q, %v; want %d %q", got, voice, err, alias, frame)
	}
}

func TestHandshakeIsPostQuantum(t *testing.T) {
	p := newPKI(t)
	simulated(t, p.config(relayA()), p.config(relayB()), func(t *testing.T, n *network, p pair) {
		d, a := p.connect(t)
		for _, c := range []*link.Conn{d, a} {
			s := c.TLS()
			if s.CurveID != tls.X25519MLKEM768 || s.Version != tls.VersionTLS13 || s.DidResume {
				t.Errorf("group %v, version %x, resumed %v", s.CurveID, s.Version, s.DidResume)
			}
		}
	})
}

func TestCloseLetsQueuedFramesOut(t *testing.T) {
	p := newPKI(t)
	simulated(t, p.config(relayA()), p.config(unit()), func(t *testing.T, n *network, p pair) {
		d, a := p.connect(t)
		go drain(d) // ends with the link
		for range 20 {
			if err := d.Send(text(4000)); err != nil {
				t.Fatal(err)
			}
		}
		begun := time.Now()
		d.Close(nil)
		if err := d.Send(text(1)); err == nil {
			t.Error("a frame was taken after Close")
		}
		for i := range 20 {
			if _, err := a.Receive(t.Context()); err != nil {
				t.Fatalf("frame %d: %v", i, err)
			}
		}
		_, err := a.Receive(t.Context())
		wantPeerRefusal(t, "listener", err, proto.ReasonClosing)
		<-d.Done()
		<-a.Done()
		if took := time.Since(begun); took > time.Second {
			t.Errorf("closing took %v", took)
		}
		wantOwnRefusal(t, "dialler", d.Err(), proto.ReasonClosing)
		wantPeerRefusal(t, "listener", a.Err(), proto.ReasonClosing)
		if d.SendVoice(1, []byte("x")) {
			t.Error("voice was taken after the end")
		}
	})
}

func TestLostLinkIsNoticed(t *testing.T) {
	p := newPKI(t)
	simulated(t, p.config(relayA()), p.config(unit()), func(t *testing.T, n *network, p pair) {
		d, a := p.connect(t)
		time.Sleep(time.Minute) // silence between frames is fine while keep-alives pass
		if d.Err() != nil || a.Err() != nil {
			t.Fatalf("idle link ended: %v, %v", d.Err(), a.Err())
		}
		n.wire.cut.Store(true)
		begun := time.Now()
		<-d.Done()
		<-a.Done()
		// quic-go counts from the last packet received, or the first sent after it.
		if took := time.Since(begun); took > proto.LinkIdle+proto.LinkKeepAlive+oneWay {
			t.Errorf("noticed after %v", took)
		}
		var lost *link.Lost
		if !errors.As(d.Err(), &lost) || !errors.As(a.Err(), &lost) {
			t.Errorf("ends: %v and %v, want lost", d.Err(), a.Err())
		}
	})
}
