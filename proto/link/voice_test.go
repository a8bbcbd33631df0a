package link_test

import (
	"fmt"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quic-go/quic-go/testutils/simnet"

	"crossband/proto"
	"crossband/proto/link"
)

// count reads voice until the link ends and returns how much there was and
// the longest time without any.
func count(c *link.Conn) func() (n int, gap time.Duration, last []byte) {
	done := make(chan struct{})
	var n int
	var gap time.Duration
	var last []byte
	go func() { // ends with the link
		defer close(done)
		at := time.Now()
		for {
			b, err := c.ReceiveVoice(c.Context())
			if err != nil {
				return
			}
			if n > 0 {
				gap = max(gap, time.Since(at))
			}
			n, at, last = n+1, time.Now(), b
		}
	}()
	return func() (int, time.Duration, []byte) { <-done; return n, gap, last }
}

// talk sends a voice frame of n octets every 20 ms.
func talk(c *link.Conn, d time.Duration, n int) (sent int) {
	tick := time.NewTicker(proto.VoiceFrame)
	defer tick.Stop()
	for range d / proto.VoiceFrame {
		if c.SendVoice(1, make([]byte, n)) {
			sent++
		}
		<-tick.C
	}
	return sent
}

func TestMinuteOfVoiceOnALossyPath(t *testing.T) {
	p := newPKI(t)
	simulated(t, p.config(relayA()), p.config(unit()), func(t *testing.T, n *network, p pair) {
		d, a := p.connect(t)
		heard := count(d)
		n.wire.loss.Store(30)
		sent := talk(a, time.Minute, 80)
		n.wire.loss.Store(0)
		time.Sleep(time.Second)
		a.Close(nil)
		got, gap, _ := heard()
		if sent != 3000 || got < sent*94/100 || got > sent*995/1000 {
			t.Errorf("%d of %d frames arrived with 3 %% loss", got, sent)
		}
		if gap > 500*time.Millisecond {
			t.Errorf("nothing heard for %v", gap)
		}
		s := a.Stats()
		if s.VoiceSent+s.Dropped.Full+s.Dropped.Stale != uint64(sent) {
			t.Errorf("frames are not accounted for: %+v", s)
		}
		if s.PacketsLost == 0 {
			t.Error("no packet was counted as lost")
		}
	})
}

func TestFullQueueDropsOldestVoice(t *testing.T) {
	p := newPKI(t)
	server := p.config(relayA())
	server.Limits.VoiceFrames = 8
	simulated(t, server, p.config(unit()), func(t *testing.T, n *network, p pair) {
		d, a := p.connect(t)
		heard := count(d)
		n.wire.cut.Store(true)
		for i := range 200 { // quic-go's window and its queue of 32 fill, then ours
			if !a.SendVoice(1, fmt.Appendf(nil, "%03d %1000d", i, 0)) {
				t.Fatal("a full queue refused a new frame")
			}
			time.Sleep(time.Millisecond)
		}
		if s := a.Stats(); s.Dropped.Full == 0 || s.VoiceQueued > 8 {
			t.Errorf("stats %+v", s)
		}
		n.wire.cut.Store(false)
		for i := range 100 { // the path is open again: what is fresh goes out
			a.SendVoice(1, fmt.Appendf(nil, "%03d", 200+i))
			time.Sleep(proto.VoiceFrame)
		}
		time.Sleep(time.Second)
		s := a.Stats()
		if s.VoiceSent+s.Dropped.Full+s.Dropped.Stale != 300 || s.VoiceQueued != 0 {
			t.Errorf("frames are not accounted for: %+v", s)
		}
		a.Close(nil)
		_, _, last := heard()
		if len(last) < 4 || string(last[1:4]) != "299" {
			t.Errorf("the newest frame was not the last heard: %.6q", last)
		}
	})
}

func TestStaleVoiceIsDropped(t *testing.T) {
	p := newPKI(t)
	simulated(t, p.config(relayA()), p.config(unit()), func(t *testing.T, n *network, p pair) {
		d, a := p.connect(t)
		heard := count(d)
		n.wire.cut.Store(true)
		for range 120 {
			a.SendVoice(1, make([]byte, 1000))
			time.Sleep(time.Millisecond)
		}
		time.Sleep(2 * proto.LinkKeepAlive)
		n.wire.cut.Store(false)
		time.Sleep(time.Second)
		s := a.Stats()
		if s.Dropped.Stale == 0 || s.VoiceSent+s.Dropped.Full+s.Dropped.Stale != 120 {
			t.Errorf("stats %+v", s)
		}
		a.Close(nil)
		heard()
	})
}

func TestVoiceSizes(t *testing.T) {
	p := newPKI(t)
	simulated(t, p.config(relayA()), p.config(unit()), func(t *testing.T, n *network, p pair) {
		d, a := p.connect(t)
		for _, tt := range []struct {
			alias proto.Alias
			size  int
			want  bool
		}{
			{1, 1, true}, {1, proto.MaxDatagram - 1, true}, {proto.MaxAlias, proto.MaxDatagram - 2, true},
			{1, 0, false}, {1, proto.MaxDatagram, false}, {proto.MaxAlias, proto.MaxDatagram - 1, false}, {proto.MaxAlias + 1, 1, false},
			{0, 1, false}, // it would be taken for a sounding
		} {
			if got := a.SendVoice(tt.alias, make([]byte, tt.size)); got != tt.want {
				t.Errorf("alias %d, %d octets: taken %v", tt.alias, tt.size, got)
			}
			if !tt.want {
				continue
			}
			b, err := d.ReceiveVoice(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if alias, frame, err := proto.ParseVoice(b); err != nil || alias != tt.alias || len(frame) != tt.size {
				t.Errorf("received alias %d, %d octets, %v", alias, len(frame), err)
			}
		}
		if s := a.Stats(); s.Dropped.Size != 5 {
			t.Errorf("drops %+v", s.Dropped)
		}
	})
}

// TestSoundingsAreNoVoice: what a silent dialler sends so that a restart is noticed
// is not handed to whoever reads voice, and not counted as such.
func TestSoundingsAreNoVoice(t *testing.T) {
	p := newPKI(t)
	simulated(t, p.config(relayA()), p.config(unit()), func(t *testing.T, n *network, p pair) {
		d, a := p.connect(t)
		received := a.Stats().BytesReceived
		time.Sleep(10 * proto.LinkKeepAlive)
		if got := a.Stats().BytesReceived - received; got < 12*50 { // QUIC's keep-alives come to fewer
			t.Fatalf("%d octets came on a silent link: no soundings", got)
		}
		d.SendVoice(7, []byte("voice"))
		wantVoice(t, a, 7, "voice")
		if s := a.Stats(); s.VoiceReceived != 1 {
			t.Errorf("%d frames of voice were received, one was sent", s.VoiceReceived)
		}
	})
}

// TestSlowReaderLosesOldestVoice has an endpoint that stops reading.
func TestSlowReaderLosesOldestVoice(t *testing.T) {
	p := newPKI(t)
	client := p.config(unit())
	client.Limits.VoiceInbox = 10
	simulated(t, p.config(relayA()), client, func(t *testing.T, n *network, p pair) {
		d, a := p.connect(t)
		for i := range 300 {
			a.SendVoice(1, []byte(fmt.Sprint(i)))
			time.Sleep(proto.VoiceFrame)
		}
		time.Sleep(time.Second)
		wantVoice(t, d, 1, "290")
		if s := d.Stats(); s.Dropped.Unread != 290 {
			t.Errorf("drops %+v", s.Dropped)
		}
	})
}

// TestPathShrinks cuts the path to IPv6's least in the middle of a talk: 1280
// octets less 40 of IP and 8 of UDP.
func TestPathShrinks(t *testing.T) {
	p := newPKI(t)
	simulated(t, p.config(relayA()), p.config(unit()), func(t *testing.T, n *network, p pair) {
		n.wire.mtu.Store(1452)
		d, a := p.connect(t)
		heard := count(d)
		sent := talk(a, 5*time.Second, proto.MaxDatagram-1)
		n.wire.mtu.Store(1232)
		sent += talk(a, 5*time.Second, proto.MaxDatagram-1)
		if err := d.Send(text(15_000)); err != nil {
			t.Error(err)
		}
		if _, err := a.Receive(t.Context()); err != nil {
			t.Error(err)
		}
		a.Close(nil)
		if got, _, _ := heard(); got != sent || n.wire.lost.Load() > 0 {
			t.Errorf("%d of %d frames heard, %d packets did not fit", got, sent, n.wire.lost.Load())
		}
	})
}

// TestAddressChange gives the unit another address in the middle of a talk, as
// a NAT that forgets does.
func TestAddressChange(t *testing.T) {
	p := newPKI(t)
	simulated(t, p.config(relayA()), p.config(unit()), func(t *testing.T, n *network, p pair) {
		d, a := p.connect(t)
		before := a.RemoteAddr().String()
		heardUp, heardDown := count(a), count(d)
		done := make(chan struct{})
		go func() { talk(a, 10*time.Second, 80); close(done) }() // ends after ten seconds
		talk(d, 5*time.Second, 80)
		old := &net.UDPAddr{IP: net.IPv4(10, 0, 0, 2), Port: 4433}
		moved := &net.UDPAddr{IP: net.IPv4(10, 9, 9, 9), Port: 999}
		nat := func(pk simnet.Packet) simnet.Packet {
			if pk.From.String() == old.String() {
				pk.From = moved
			}
			if pk.To.String() == moved.String() {
				pk.To = old
			} else if pk.To.String() == old.String() {
				pk.To = &net.UDPAddr{IP: net.IPv4(10, 0, 0, 99), Port: 1} // the old mapping is gone
			}
			return pk
		}
		n.wire.rewrite.Store(&nat)
		talk(d, 5*time.Second, 80)
		<-done
		if a.RemoteAddr().String() == before {
			t.Errorf("the relay still sends to %v", before)
		}
		time.Sleep(200 * time.Millisecond)
		d.Close(nil)
		if up, gap, _ := heardUp(); up < 490 || gap > time.Second {
			t.Errorf("upwards: %d of 500 frames, nothing for %v", up, gap)
		}
		if down, gap, _ := heardDown(); down < 450 || gap > time.Second {
			t.Errorf("downwards: %d of 500 frames, nothing for %v", down, gap)
		}
		if a.Err() != nil {
			wantPeerRefusal(t, "relay", a.Err(), proto.ReasonClosing)
		}
	})
}

// TestSendVoiceAllocatesNothing measures our own part: the queue is full, so
// that quic-go is not involved.
func TestSendVoiceAllocatesNothing(t *testing.T) {
	p := newPKI(t)
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t)
		at, from := n.endpoint(), n.endpoint()
		n.sim.Start()
		pr := open(t, at, from, p.config(relayA()), p.config(unit()))
		_, a := pr.connect(t)
		n.wire.cut.Store(true)
		frame := make([]byte, 80)
		for range 500 {
			a.SendVoice(1, frame)
		}
		synctest.Wait()
		now := time.Now()
		if got := testing.AllocsPerRun(1000, func() { a.SendVoiceAt(now, 1, frame) }); got > 0.1 {
			t.Errorf("%.2f allocations per frame", got)
		}
		pr.close(t)
		n.sim.Close()
	})
}
