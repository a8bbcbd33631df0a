package relaytest_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"crossband/client"
	"crossband/proto"
	"crossband/proto/wire"
	"crossband/relay/relaytest"
)

// silentHub is a device that has channels of its own agency and, far more, of a partner
// whose hub comes to give it no answers of some kind.
type silentHub struct {
	*border
	m                  *relaytest.Middle
	own                [4]proto.ChannelID
	theirs             [40]proto.ChannelID
	agent, desk, guard *relaytest.Endpoint // a partner's; who writes on our own; whom it is about
}

func withSilentHub(t *testing.T, test func(*testing.T, *silentHub)) {
	var h silentHub
	runWith(t, 1, func(b *border) {
		h.border, h.m = b, b.Middle(b.mx, b.us)
		charter := func(of *relaytest.Agency, i int) proto.ChannelID {
			return of.Charter(&wire.Charter{
				Kind: wire.Charter_KIND_STANDING, Title: fmt.Sprint(of.Name, i), Parties: []*wire.Charter_Party{relaytest.Party(b.us), relaytest.Party(b.mx)},
			})
		}
		for i := range h.theirs {
			h.theirs[i] = charter(b.us, i)
		}
		for i := range h.own {
			h.own[i] = charter(b.mx, i)
		}
	}, func(t *testing.T, b *border) {
		h.agent, h.desk, h.guard = b.us.Endpoint("unit/del-rio-214"), b.mx.Endpoint("desk/piedras-negras"), b.mx.Endpoint("unit/gn-7")
		for _, id := range h.own {
			h.desk.MustJoin(id)
			h.guard.MustJoin(id)
		}
		for _, id := range h.theirs {
			h.agent.MustJoin(id)
			h.guard.MustJoin(id)
		}
		time.Sleep(10 * time.Second)
		test(t, &h)
	})
}

// withhold has the partner's hub not answer what is true for drop.
func (h *silentHub) withhold(drop func(*wire.Frame) bool) {
	h.m.Tamper(func(x relaytest.Passing) []*wire.Frame {
		if x.Toward == h.us.Name && drop(x.Frame) {
			return nil
		}
		return []*wire.Frame{x.Frame}
	})
}

// missed has the device miss a number of long texts on each of its own channels and two
// on each of the partner's, more than a first page holds, and come back. It returns how long each own channel's took
// from then on.
func (h *silentHub) missed(t *testing.T, texts int) (took []time.Duration) {
	t.Helper()
	h.Net.Cut(h.guard.Addr, h.mx.Addr)
	time.Sleep(3 * time.Minute)
	say := func(e *relaytest.Endpoint, id proto.ChannelID, n int) {
		for range n {
			if _, err := e.Session.Channel(id).Text(minute(t), strings.Repeat("x", historyText)); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, id := range h.own {
		say(h.desk, id, texts)
	}
	for _, id := range h.theirs {
		say(h.agent, id, 2)
	}
	mark := h.guard.Watch.Mark()
	h.Net.Mend(h.guard.Addr, h.mx.Addr)
	_, up := relaytest.WaitAfter(t, h.guard.Watch, mark, "it is up", func(client.Connected) bool { return true })
	for _, id := range h.own {
		left := texts
		_, read := relaytest.WaitAfter(t, h.guard.Watch, mark, "the last text", func(m client.TextReceived) bool {
			if m.Channel == id {
				left--
			}
			return left == 0
		})
		took = append(took, read.Sub(up))
	}
	return took
}

// TestASilentHubHoldsUpItsOwnChannelsOnly: a partner's hub answers no subscription, or is
// asked for its logs and gives none. What was missed on the own agency's channels comes all
// the same, little or much.
func TestASilentHubHoldsUpItsOwnChannelsOnly(t *testing.T) {
	const (
		soon      = 5 * time.Second // a request that gets no answer is given up after 30 s
		firstPage = 4 << 10         // octets, as a device asks for
	)
	log := func(f *wire.Frame) bool { return f.GetFetchLog() != nil }
	for name, c := range map[string]struct {
		texts int
		drop  func(*wire.Frame) bool
	}{
		"subscriptions": {1, func(f *wire.Frame) bool { return f.GetSubscribe() != nil || log(f) }},
		"first pages":   {1, log},
		"later pages":   {20, func(f *wire.Frame) bool { return f.GetFetchLog().GetMost() > firstPage }},
	} {
		t.Run(name, func(t *testing.T) {
			withSilentHub(t, func(t *testing.T, h *silentHub) {
				h.withhold(c.drop)
				for round := range 2 {
					for i, took := range h.missed(t, c.texts) {
						if t.Logf("round %d, own channel %d: %v", round, i, took); took > soon {
							t.Errorf("round %d: what was missed on own channel %d took %v", round, i, took)
						}
					}
				}
			})
		})
	}
}
