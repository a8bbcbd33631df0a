package relaytest_test

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"crossband/client"
	"crossband/proto"
)

// ends counts in the relays' logs how many links ended for which reason.
type ends struct {
	slog.Handler
	mu    sync.Mutex // guards count
	count map[proto.Reason]int
}

func newEnds() *ends {
	return &ends{Handler: slog.DiscardHandler, count: make(map[proto.Reason]int)}
}

func (e *ends) Enabled(context.Context, slog.Level) bool { return true }

func (e *ends) WithAttrs([]slog.Attr) slog.Handler { return e }

func (e *ends) Handle(_ context.Context, r slog.Record) error {
	if r.Message != "link ended" && r.Message != "link ended by the peer" {
		return nil
	}
	r.Attrs(func(a slog.Attr) bool {
		if a.Key == "code" {
			e.mu.Lock()
			e.count[proto.Reason(a.Value.Int64())]++
			e.mu.Unlock()
		}
		return true
	})
	return nil
}

func (e *ends) of(r proto.Reason) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.count[r]
}

// TestRelaysSettleOnOneLinkAfterACut: both relays know each other's address,
// both dial as soon as the path is back, and they agree at once on which of
// their links to keep.
func TestRelaysSettleOnOneLinkAfterACut(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBorder(t, 7, func(b *border) { directly(b); b.us.Offers.Capabilities = []string{} }) // one link, no bulk link with it
		log := newEnds()
		b.Log = slog.New(log)
		b.Start(b.agencies...)
		defer b.Close(b.agencies...)
		b.us.Endpoint("desk/del-rio").MustJoin(b.group)
		guard := b.mx.Endpoint("desk/piedras-negras")
		guard.MustJoin(b.group)
		time.Sleep(5 * time.Second)
		both := 0
		for round := range 40 {
			before, mark, links := log.of(proto.ReasonReplaced), guard.Watch.Mark(), b.us.Node.Stats().Links
			b.Net.Cut(b.us.Addr, b.mx.Addr)
			away(t, guard, mark, b.group, true)
			time.Sleep(5 * time.Second)
			b.Net.Mend(b.us.Addr, b.mx.Addr)
			away(t, guard, mark, b.group, false)
			time.Sleep(20 * time.Second)
			// A link that makes place for another ends once at each relay.
			if n := log.of(proto.ReasonReplaced) - before; n > 2 {
				t.Errorf("round %d: a link was replaced %d times by the two relays' logs, want one at most: twice", round, n)
			} else if n > 0 {
				both++
			}
			if n := b.us.Node.Stats().Links - links; n > 2 {
				t.Errorf("round %d: %d links were made, want one from each side at most", round, n)
			}
			news := 0
			for _, e := range guard.Watch.After(mark) {
				if h, ok := e.(client.HubAway); ok && h.Channel == b.group {
					news++
				}
			}
			if news > 4 { // away, back, and once more when one link makes place for the other
				t.Errorf("round %d: the hub went and came %d times", round, news)
			}
		}
		if both == 0 {
			t.Error("the relays never dialled at once: the test shows nothing")
		}
		t.Logf("in %d of 40 rounds both had dialled", both)
	})
}
