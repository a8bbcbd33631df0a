package hub_test

import (
	"testing"

	"crossband/proto"
	"crossband/relay/hub"
)

// TestSummaryOfAHub: numbers and standings, and looking changes nothing.
func TestSummaryOfAHub(t *testing.T) {
	p := newFloorPlay(t, 1, false)
	for i, c := range p.parties[:3] {
		p.do("from %s: subscribe border alias=%d", c.link, i+1)
		p.do("from %s: floor-request border burst=%d priority=routine queue=true", c.link, i+1)
	}
	before := p.w.hub.Dump()
	s := p.w.hub.Summary()
	if p.w.hub.Dump() != before {
		t.Error("looking has changed the hub")
	}
	if len(s.Channels) != 1 {
		t.Fatalf("%d channels, want one", len(s.Channels))
	}
	ch := s.Channels[0]
	if !ch.Hub || !ch.Created || ch.Owner != agencies()["us"] || ch.Upstream != hub.UpstreamNone {
		t.Errorf("standing: %+v", ch)
	}
	if len(ch.Parties) == 0 || ch.Suite == 0 {
		t.Errorf("parties %+v of suite %d", ch.Parties, ch.Suite)
	}
	known := 0
	for _, party := range ch.Parties {
		known += party.Members
	}
	if known != len(p.parties) {
		t.Errorf("%d members of all parties, want %d", known, len(p.parties))
	}
	if ch.Members != len(p.parties) || ch.Subscribers < 3 || !ch.FloorHeld || ch.FloorQueue != 2 {
		t.Errorf("%d members, %d subscribers, floor held %t, %d wait; want %d, 3 at least, true, 2", ch.Members, ch.Subscribers, ch.FloorHeld, ch.FloorQueue, len(p.parties))
	}
}

// TestSummaryOfAFollower: how it stands with the hub, and requests under way.
func TestSummaryOfAFollower(t *testing.T) {
	p := newFloorPlay(t, 1, true)
	standing := func(want hub.Upstream, why string) hub.Summary {
		t.Helper()
		s := p.w.hub.Summary()
		if got := s.Channels[0].Upstream; got != want {
			t.Errorf("%s: %v, want %v", why, got, want)
		}
		return s
	}
	standing(hub.UpstreamIdle, "nobody here listens")
	p.do("from us/unit/a: subscribe border alias=1")
	s := standing(hub.UpstreamAsking, "the hub has been asked")
	if len(s.Pending) != 1 || s.Pending[0] != (hub.PendingSummary{Agency: agencies()["mx"], Count: 1}) || s.Channels[0].Hub {
		t.Errorf("requests under way %+v, %+v", s.Pending, s.Channels[0])
	}
	p.do("down mx/relay")
	s = standing(hub.UpstreamAway, "the hub's link is lost")
	if len(s.Pending) != 0 || s.Fullest > proto.MaxWelcomes {
		t.Errorf("after the loss: %+v", s)
	}
}
