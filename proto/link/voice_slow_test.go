package link_test

import (
	"context"
	"encoding/binary"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quic-go/quic-go/testutils/simnet"

	"crossband/proto"
	"crossband/proto/link"
)

// thinWire is a router with one path of a bounded rate and queue and one that,
// from a moment on, carries nothing.
type thinWire struct {
	simnet.PerfectRouter
	thin, dead string // addresses; "" for none
	rate       int    // bits a second
	most       int    // octets that may wait

	mu      sync.Mutex
	waiting int
	free    time.Time // when the thin path has sent what waits
	lost    int
	cut     bool
}

func (w *thinWire) SendPacket(p simnet.Packet) error {
	to := p.To.String()
	w.mu.Lock()
	switch {
	case to == w.dead && w.cut:
		w.mu.Unlock()
		return nil
	case to != w.thin:
		w.mu.Unlock()
		return w.PerfectRouter.SendPacket(p)
	}
	defer w.mu.Unlock()
	n := len(p.Data) + 28 // IP and UDP
	if w.waiting+n > w.most {
		w.lost++
		return nil
	}
	w.waiting += n
	now := time.Now()
	if w.free.Before(now) {
		w.free = now
	}
	w.free = w.free.Add(time.Duration(n) * 8 * time.Second / time.Duration(w.rate))
	time.AfterFunc(w.free.Sub(now), func() {
		w.mu.Lock()
		w.waiting -= n
		w.mu.Unlock()
		w.PerfectRouter.SendPacket(p)
	})
	return nil
}

// heard is what one listener received.
type heard struct {
	delays []time.Duration
	last   uint64
}

// saying is one frame's way to all listeners.
type saying func(l *link.Listener, ends []*link.Conn, now time.Time, frame []byte)

func byDatagrams(_ *link.Listener, ends []*link.Conn, now time.Time, frame []byte) {
	for _, a := range ends {
		a.SendVoiceAt(now, 1, frame)
	}
}

func byVolley(l *link.Listener, ends []*link.Conn, now time.Time, frame []byte) {
	v := l.Volley(now)
	for _, a := range ends {
		v.Send(a, 1, frame)
	}
	v.Fire()
}

// broadcast has talkers speak for a while to listeners, the first of which may be
// behind a thin path and the second be cut off. It returns what each heard and the
// relay's ends of the links.
func broadcast(t *testing.T, p *pki, wire *thinWire, talkers int, length time.Duration, say saying) (all []*heard, stats []link.Stats) {
	const listeners = 12
	synctest.Test(t, func(t *testing.T) {
		sim := &simnet.Simnet{Router: wire}
		endpoint := func(n byte) net.PacketConn {
			return sim.NewEndpoint(&net.UDPAddr{IP: net.IPv4(10, 0, 0, n), Port: 4433}, simnet.NodeBiDiLinkSettings{Latency: oneWay})
		}
		at := endpoint(1)
		var from []net.PacketConn
		for i := range listeners {
			from = append(from, endpoint(byte(10+i)))
		}
		if err := sim.Start(); err != nil {
			t.Fatal(err)
		}
		l, err := link.Listen(at, p.config(relayA()))
		if err != nil {
			t.Fatal(err)
		}
		begun := time.Now()
		var ends []*link.Conn
		var diallers []*link.Dialer
		var readers sync.WaitGroup
		for _, pc := range from {
			d, err := link.NewDialer(pc, p.config(unit()))
			if err != nil {
				t.Fatal(err)
			}
			diallers = append(diallers, d)
			c, err := d.Dial(context.Background(), l.Addr(), anybody)
			if err != nil {
				t.Fatal(err)
			}
			a, err := l.Accept(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			ends = append(ends, a)
			readers.Go(func() { // the relay's, of reports
				for {
					if _, err := a.ReceiveVoice(context.Background()); err != nil {
						return
					}
				}
			})
			h := &heard{}
			all = append(all, h)
			readers.Go(func() {
				for {
					b, err := c.ReceiveVoice(context.Background())
					if err != nil {
						return
					}
					_, frame, _ := proto.ParseVoice(b)
					sent := time.Duration(binary.BigEndian.Uint64(frame))
					h.delays = append(h.delays, time.Since(begun)-sent)
					h.last = max(h.last, binary.BigEndian.Uint64(frame[8:]))
				}
			})
		}
		time.Sleep(time.Second)
		wire.mu.Lock()
		wire.cut = true
		wire.mu.Unlock()
		var speech sync.WaitGroup
		for range talkers {
			speech.Go(func() { // as a relay forwards: from its reader, to one after another
				for i := range length / proto.VoiceFrame {
					frame := make([]byte, 120)
					now := time.Now()
					binary.BigEndian.PutUint64(frame, uint64(now.Sub(begun)))
					binary.BigEndian.PutUint64(frame[8:], uint64(i))
					say(l, ends, now, frame)
					if took := time.Since(now); took > 0 {
						t.Errorf("handing over took %v", took)
					}
					time.Sleep(proto.VoiceFrame)
				}
			})
		}
		speech.Wait()
		time.Sleep(4 * time.Second) // what quic-go and the path hold gets through
		for _, a := range ends {
			stats = append(stats, a.Stats())
		}
		for _, d := range diallers {
			d.Close()
		}
		l.Close()
		sim.Close()
		readers.Wait()
	})
	return all, stats
}

// TestSlowListenerDelaysNobody: with one listener behind 64 kbit/s and one cut
// off, the others hear everything exactly as soon as they would without the two.
func TestSlowListenerDelaysNobody(t *testing.T) {
	const talkers, length = 4, 20 * time.Second
	const frames = talkers * int(length/proto.VoiceFrame)
	p := newPKI(t)
	alone, _ := broadcast(t, p, &thinWire{}, talkers, length, byDatagrams)
	wire := &thinWire{thin: "10.0.0.10:4433", dead: "10.0.0.11:4433", rate: 64_000, most: 8 << 10}
	got, stats := broadcast(t, p, wire, talkers, length, byDatagrams)
	for i := 2; i < len(got); i++ {
		if len(alone[i].delays) != frames || len(got[i].delays) != frames {
			t.Errorf("listener %d heard %d frames alone, %d beside slow ones, of %d", i, len(alone[i].delays), len(got[i].delays), frames)
		}
		if a, b := longest(alone[i].delays), longest(got[i].delays); b > a {
			t.Errorf("listener %d: the longest delay was %v, alone %v", i, b, a)
		}
	}
	for i, s := range stats[:2] {
		if s.VoiceSent+s.Dropped.Full+s.Dropped.Stale+s.Dropped.Closed != uint64(frames) || s.VoiceQueued != 0 {
			t.Errorf("slow listener %d: frames are not accounted for: %+v", i, s)
		}
		if s.Dropped.Full+s.Dropped.Stale == 0 {
			t.Errorf("slow listener %d: nothing was dropped: %+v", i, s)
		}
	}
	thin := got[0]
	if newest := uint64(length / proto.VoiceFrame); len(thin.delays) < frames/10 || thin.last < newest-25 {
		t.Errorf("the slow listener heard %d of %d frames, the last one was %d", len(thin.delays), frames, thin.last)
	}
	// Beyond our bound there is what quic-go holds and what the path does.
	path := time.Duration(wire.most)*8*time.Second/time.Duration(wire.rate) + oneWay
	inside := 40 * 200 * 8 * time.Second / time.Duration(wire.rate)
	if d := longest(thin.delays); d > proto.VoiceQueue+path+inside {
		t.Errorf("the slow listener heard a frame after %v", d)
	}
	t.Logf("slow: %d of %d frames, the latest after %v, %d packets lost, drops %+v", len(thin.delays), frames, longest(thin.delays), wire.lost, stats[0].Dropped)
}

// TestSlowListenerDelaysNobodyOnTheLane is the same by lanes. The circuit of the
// one behind 64 kbit/s is broken, the one that is cut off is left, and the others
// hear everything as soon as ever.
func TestSlowListenerDelaysNobodyOnTheLane(t *testing.T) {
	needsLane(t)
	const talkers, length = 4, 20 * time.Second
	const frames = talkers * int(length/proto.VoiceFrame)
	p := newPKI(t)
	alone, _ := broadcast(t, p, &thinWire{}, talkers, length, byVolley)
	wire := &thinWire{thin: "10.0.0.10:4433", dead: "10.0.0.11:4433", rate: 64_000, most: 8 << 10}
	got, stats := broadcast(t, p, wire, talkers, length, byVolley)
	for i := 2; i < len(got); i++ {
		if len(alone[i].delays) != frames || len(got[i].delays) != frames {
			t.Errorf("listener %d heard %d frames alone, %d beside slow ones, of %d", i, len(alone[i].delays), len(got[i].delays), frames)
		}
		if a, b := longest(alone[i].delays), longest(got[i].delays); b > a {
			t.Errorf("listener %d: the longest delay was %v, alone %v", i, b, a)
		}
		if s := stats[i].Lane; !s.Open || s.Sent < uint64(frames*9/10) {
			t.Errorf("listener %d: the lane %+v", i, s)
		}
	}
	if s := stats[0].Lane; s.Open || s.Broken == 0 {
		t.Errorf("the lane of the one behind a thin path: %+v", s)
	}
	if s := stats[1].Lane; s.Open {
		t.Errorf("the lane of the one that is cut off: %+v", s)
	}
	if thin, newest := got[0], uint64(length/proto.VoiceFrame); len(thin.delays) < frames/10 || thin.last < newest-25 {
		t.Errorf("the slow listener heard %d of %d frames, the last one was %d", len(thin.delays), frames, thin.last)
	}
}

func longest(all []time.Duration) (d time.Duration) {
	for _, x := range all {
		d = max(d, x)
	}
	return d
}
