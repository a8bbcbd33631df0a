package link_test

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/quic-go/quic-go/testutils/simnet"

	"crossband/proto"
	"crossband/proto/link"
)

// kill loses every packet from and to an address.
func (n *network) kill(a net.Addr) {
	dead := a.String()
	nowhere := &net.UDPAddr{IP: net.IPv4(10, 0, 0, 99), Port: 1}
	nat := func(pk simnet.Packet) simnet.Packet {
		if pk.From.String() == dead || pk.To.String() == dead {
			pk.To = nowhere
		}
		return pk
	}
	n.wire.rewrite.Store(&nat)
}

// anotherSocket opens one more socket for a client.
func (n *network) anotherSocket(t *testing.T, cfg link.Config) *link.Dialer {
	t.Helper()
	n.last++
	pc, unplug := n.later(&net.UDPAddr{IP: net.IPv4(10, 0, 1, n.last), Port: 4433})
	d, err := link.NewDialer(pc, cfg)
	if err != nil {
		t.Fatal(err)
	}
	n.ends = append(n.ends, func() { d.Close(); unplug() })
	return d
}

// TestMigrate moves a unit to another network in the middle of a talk, with the
// old one still there and with it gone, and then once more.
func TestMigrate(t *testing.T) {
	p := newPKI(t)
	for _, c := range []struct {
		why      string
		dead     bool // the old path, for half a second before
		up, down int  // frames of 750 that may be lost: two outages and what was in flight
	}{
		{"make before break", false, 0, 8},
		{"break before make", true, 62, 70},
	} {
		t.Run(c.why, func(t *testing.T) {
			client := p.config(unit())
			simulated(t, p.config(relayA()), client, func(t *testing.T, n *network, p pair) {
				d, a := p.connect(t)
				heardUp, heardDown := count(a), count(d)
				go drain(d) // ends with the link
				frames := make(chan int, 1)
				go func() { // ends with the link
					got := 0
					for {
						f, err := a.Receive(context.Background())
						if err != nil {
							frames <- got
							return
						}
						if int(f.Id) != got+1 {
							t.Errorf("frame %d after %d", f.Id, got)
						}
						got++
					}
				}()
				const length = 15 * time.Second
				sent := make(chan int, 1)
				go func() { sent <- talk(d, length, 80) }() // ends after fifteen seconds
				go talk(a, length, 80)                      // likewise
				go func() {                                 // likewise
					for i := range 150 {
						f := text(100)
						f.Id = uint64(i + 1)
						d.Send(f)
						time.Sleep(length / 150)
					}
				}()
				at := a.RemoteAddr()
				for range 2 {
					time.Sleep(length / 3)
					if c.dead {
						n.kill(at)
						time.Sleep(500 * time.Millisecond)
					}
					begun := time.Now()
					if err := d.Migrate(t.Context(), n.anotherSocket(t, client)); err != nil {
						t.Fatal(err)
					}
					if took := time.Since(begun); took > 3*oneWay {
						t.Errorf("moved in %v", took)
					}
					time.Sleep(2 * oneWay)
					if a.RemoteAddr().String() == at.String() {
						t.Errorf("the relay still sends to %v", at)
					}
					at = a.RemoteAddr()
				}
				n1 := <-sent
				time.Sleep(2 * time.Second)
				d.Close(nil)
				if up, gap, _ := heardUp(); up < n1-c.up || gap > time.Second {
					t.Errorf("upwards: %d of %d frames, nothing for %v", up, n1, gap)
				}
				if down, gap, _ := heardDown(); down < 750-c.down || gap > time.Second {
					t.Errorf("downwards: %d of 750 frames, nothing for %v", down, gap)
				}
				if got := <-frames; got != 150 {
					t.Errorf("%d of 150 control frames arrived", got)
				}
				<-a.Done()
				wantPeerRefusal(t, "relay", a.Err(), proto.ReasonClosing)
			})
		})
	}
}

// TestMigrateToNowhere: a new path that does not work leaves the link where it
// is, a link that has ended says so, and only who dialled can move.
func TestMigrateToNowhere(t *testing.T) {
	p := newPKI(t)
	client := p.config(unit())
	simulated(t, p.config(relayA()), client, func(t *testing.T, n *network, p pair) {
		d, a := p.connect(t)
		go drain(d) // ends with the link
		go drain(a) // ends with the link
		at := a.RemoteAddr().String()
		dead := n.anotherSocket(t, client)
		n.kill(&net.UDPAddr{IP: net.IPv4(10, 0, 1, n.last), Port: 4433})
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		if err := d.Migrate(ctx, dead); err == nil {
			t.Error("moved to a network that carries nothing")
		}
		time.Sleep(10 * time.Second)
		if d.Err() != nil || a.Err() != nil || a.RemoteAddr().String() != at {
			t.Errorf("afterwards: %v, %v, at %v", d.Err(), a.Err(), a.RemoteAddr())
		}
		if err := a.Migrate(t.Context(), n.anotherSocket(t, client)); err == nil {
			t.Error("the listener moved the link")
		}
		a.Close(nil)
		<-d.Done()
		wantPeerRefusal(t, "a link that has ended", d.Migrate(t.Context(), n.anotherSocket(t, client)), proto.ReasonClosing)
	})
}
