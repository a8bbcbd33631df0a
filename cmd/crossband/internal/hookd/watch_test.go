package hookd_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"crossband/client"
	"crossband/cmd/crossband/internal/hookd"
	"crossband/proto"
	"crossband/relay/hook"
	"crossband/relay/relaytest"
)

// TestAHailThatOnlyTheRelayHas is on its way for who goes on, and not raised for who
// must be sure before he ends. When it came back it is refused under its name, and
// not known; under another it goes out.
func TestAHailThatOnlyTheRelayHas(t *testing.T) {
	onBorder(t, func(t *testing.T, b *border) {
		sensor := b.mx.Endpoint("hook/river") // the hub is on the other side
		sensor.MustJoin(b.alerts)
		r := &hookd.Raiser{Session: sensor.Session, Channel: "Alerts", Speaker: says{b.guard.Name()}}
		sure := hookd.Sure{Raiser: r}
		if err := sure.Raise(b.minute(), hook.Raise{Call: call(1)}); err != nil {
			t.Fatalf("with the hub there: %v", err)
		}
		b.us.W.Net.Cut(b.us.Addr, b.mx.Addr)
		time.Sleep(30 * time.Second) // the relays know it
		lost := hook.Raise{Call: call(2)}
		if err := r.Raise(b.minute(), lost); err != nil {
			t.Errorf("who goes on: %v", err)
		}
		bounded, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		if err := sure.Raise(bounded, lost); !errors.Is(err, hookd.ErrNotOut) || errors.Is(err, hook.ErrRefused) {
			t.Errorf("who must be sure: %v", err)
		}
		known := func(h proto.MessageID) bool {
			is, err := r.Known(b.minute(), h)
			if err != nil {
				t.Error(err)
			}
			return is
		}
		if !known(lost.Hail) || known(proto.MessageID{9}) {
			t.Error("what is on its way is not known, or what never was is")
		}
		time.Sleep(3 * time.Minute) // its life is over
		b.us.W.Net.Mend(b.us.Addr, b.mx.Addr)
		time.Sleep(time.Minute)
		if err := r.Raise(b.minute(), lost); !errors.Is(err, hook.ErrRefused) {
			t.Errorf("it came back, and is said to be on its way: %v", err)
		}
		if known(lost.Hail) {
			t.Error("it came back, and is known")
		}
		if err := sure.Raise(b.minute(), hook.Raise{Call: call(3)}); err != nil {
			t.Errorf("under another name: %v", err)
		}
		relaytest.Wait(t, b.guard.Watch, "it rings", func(e client.HailReceived) bool { return e.ID == call(3).Hail })
		if rings := len(relaytest.Find[client.HailReceived](b.guard.Watch)); rings != 2 {
			t.Errorf("%d rang", rings)
		}
	})
}
