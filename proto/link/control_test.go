package link_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"crossband/proto"
	"crossband/proto/link"
)

// TestOverflowClosesAsSlow has a peer that does not read.
func TestOverflowClosesAsSlow(t *testing.T) {
	p := newPKI(t)
	for name, limits := range map[string]link.Limits{
		"by frames": {ControlFrames: 10},
		"by octets": {ControlOctets: 100_000},
	} {
		t.Run(name, func(t *testing.T) {
			server := p.config(relayA())
			server.Limits = limits
			simulated(t, server, p.config(unit()), func(t *testing.T, n *network, p pair) {
				d, a := p.connect(t)
				var err error
				sent := 0
				for err == nil && sent < 1000 {
					err = a.Send(text(15_000))
					time.Sleep(10 * time.Millisecond)
					sent++
				}
				wantOwnRefusal(t, "Send", err, proto.ReasonSlow)
				if sent > 30 { // ten in the queue, the rest in the peer's window
					t.Errorf("%d frames were taken", sent)
				}
				begun := time.Now()
				<-a.Done()
				<-d.Done()
				if took := time.Since(begun); took > time.Second {
					t.Errorf("the link closed %v after the overflow", took)
				}
				wantOwnRefusal(t, "sender", a.Err(), proto.ReasonSlow)
				wantPeerRefusal(t, "slow peer", d.Err(), proto.ReasonSlow)
				if s := a.Stats(); s.ControlQueued != 0 || s.ControlOctets != 0 {
					t.Errorf("an ended link holds %+v", s)
				}
			})
		})
	}
}

func TestStalledWriteClosesAsSlow(t *testing.T) {
	p := newPKI(t)
	simulated(t, p.config(relayA()), p.config(unit()), func(t *testing.T, n *network, p pair) {
		d, a := p.connect(t)
		begun := time.Now()
		for range 20 { // fits the queue, not the peer's window
			if err := a.Send(text(15_000)); err != nil {
				t.Fatal(err)
			}
		}
		<-a.Done()
		<-d.Done()
		wantOwnRefusal(t, "sender", a.Err(), proto.ReasonSlow)
		wantPeerRefusal(t, "slow peer", d.Err(), proto.ReasonSlow)
		if took := time.Since(begun); took < 5*time.Second || took > 7*time.Second {
			t.Errorf("slow after %v, want StallTime", took)
		}
	})
}

func TestTooLargeFrameIsRefusedToTheSender(t *testing.T) {
	p := newPKI(t)
	simulated(t, p.config(relayA()), p.config(unit()), func(t *testing.T, n *network, p pair) {
		d, a := p.connect(t)
		wantOwnRefusal(t, "Send", d.Send(text(proto.MaxFrame)), proto.ReasonTooLarge)
		if err := d.Send(text(3)); err != nil {
			t.Fatal(err)
		}
		if f, err := a.Receive(t.Context()); err != nil || len(f.GetText().GetSealed()) != 3 {
			t.Errorf("the link did not go on: %v, %v", f, err)
		}
	})
}

func TestReceiveCanBeCancelled(t *testing.T) {
	p := newPKI(t)
	simulated(t, p.config(relayA()), p.config(unit()), func(t *testing.T, n *network, p pair) {
		d, a := p.connect(t)
		for range 3 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			if _, err := a.Receive(ctx); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("cancelled Receive: %v", err)
			}
			if _, err := a.ReceiveVoice(ctx); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("cancelled ReceiveVoice: %v", err)
			}
			cancel()
		}
		if err := d.Send(text(3)); err != nil {
			t.Fatal(err)
		}
		if f, err := a.Receive(t.Context()); err != nil || len(f.GetText().GetSealed()) != 3 {
			t.Errorf("the link did not go on: %v, %v", f, err)
		}
	})
}

func TestOrderIsKeptAndNothingIsLostUnderLoss(t *testing.T) {
	p := newPKI(t)
	simulated(t, p.config(relayA()), p.config(unit()), func(t *testing.T, n *network, p pair) {
		d, a := p.connect(t)
		n.wire.loss.Store(100)
		go func() { // ends when all is sent
			for i := range 200 {
				f := text(i)
				f.Id = uint64(i + 1)
				d.Send(f)
				time.Sleep(5 * time.Millisecond)
			}
		}()
		for i := range 200 {
			f, err := a.Receive(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if f.Id != uint64(i+1) || len(f.GetText().GetSealed()) != i {
				t.Fatalf("frame %d, %d octets at place %d", f.Id, len(f.GetText().GetSealed()), i)
			}
		}
		n.wire.loss.Store(0)
	})
}
