package relaytest_test

import (
	"testing"
	"time"

	"crossband/proto"
	"crossband/proto/wire"
	"crossband/relay/relaytest"
)

// A device comes into a channel that another member of its agency is in: its own relay
// tells it the group, and only its commit goes to the hub.
func TestJoinerIsToldTheGroupByItsOwnRelay(t *testing.T) {
	between(t, func(t *testing.T, p *patrol, m *relaytest.Middle) {
		if err := p.us.Refresh(minute(t)); err != nil { // known to the relay by the log alone
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		before := len(m.Seen())
		rookie := p.border.mx.Endpoint("unit/rookie")
		rookie.MustJoin(p.group)
		for _, s := range m.Seen()[before:] {
			if s.Frame.GetFetchGroupInfo() != nil || s.Frame.GetGroupInfo() != nil {
				t.Errorf("crossed the border towards %s: %v", s.Toward, proto.KindOf(s.Frame))
			}
			for _, c := range commitsIn(s.Frame) {
				if n := len(c.GroupInfo) + len(c.Message); n > proto.MaxLive/2 {
					t.Errorf("a commit of %d octets towards %s", n, s.Toward)
				}
			}
		}
		time.Sleep(time.Second)
		sameView(t, p.group, p.agent, p.guard, rookie)
		usable(t, p, "somebody came in")

		// So it does after a restart.
		p.border.mx.Crash()
		p.border.mx.Restart()
		time.Sleep(15 * time.Second)
		before = len(m.Seen())
		second := p.border.mx.Endpoint("unit/second")
		second.MustJoin(p.group)
		for _, s := range m.Seen()[before:] {
			if s.Frame.GetGroupInfo() != nil {
				t.Errorf("after a restart of the relay group information crossed the border")
			}
		}
		time.Sleep(time.Second)
		sameView(t, p.group, p.agent, p.guard, rookie, second)

		// And after a restart of the hub.
		p.border.us.Crash()
		p.border.us.Restart()
		time.Sleep(15 * time.Second)
		third := p.border.us.Endpoint("unit/third")
		third.MustJoin(p.group)
		time.Sleep(time.Second)
		sameView(t, p.group, p.agent, p.guard, rookie, second, third)
	})
}

// A follower that has not heard of the newest commit tells a joiner the epoch before it.
// The hub refuses the joiner's commit; with its next try it wants no such answer any more,
// and is told by the hub.
func TestJoinerIsToldByTheHubAfterAStaleAnswer(t *testing.T) {
	between(t, func(t *testing.T, p *patrol, m *relaytest.Middle) {
		old, _ := p.us.Epoch()
		m.Tamper(func(x relaytest.Passing) []*wire.Frame {
			if x.Toward == p.border.mx.Name && x.Frame.Re == 0 && len(commitsIn(x.Frame)) > 0 {
				return nil
			}
			return []*wire.Frame{x.Frame}
		})
		if err := p.us.Refresh(minute(t)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(200 * time.Millisecond)
		m.Tamper(nil)
		before := len(m.Seen())
		rookie := p.border.mx.Endpoint("unit/rookie")
		rookie.MustJoin(p.group)
		stale, asked := 0, 0
		for _, s := range m.Seen()[before:] {
			if s.Toward != p.border.us.Name {
				continue
			}
			for _, c := range commitsIn(s.Frame) {
				if c.Epoch == old {
					stale++
				}
			}
			if f := s.Frame.GetFetchGroupInfo(); f != nil && s.Frame.Endpoint == rookie.Name().String() && f.FromEpoch == old+1 {
				asked++
			}
		}
		if stale != 1 || asked != 1 {
			t.Errorf("%d commits on the old epoch, and then the hub asked %d times, want once each", stale, asked)
		}
		time.Sleep(time.Minute)
		sameView(t, p.group, p.agent, p.guard, rookie)
		usable(t, p, "a stale answer")
	})
}
