package relaytest_test

import (
	"log/slog"
	"sync"
	"testing"
	"time"

	"crossband/client"
	"crossband/proto"
	"crossband/proto/wire"
	"crossband/relay/relaytest"
)

// denied presses for a device of the attacker's and returns why it did not get
// the floor; 0 when it did.
func (s *stolen) denied(id proto.ChannelID) proto.Reason {
	s.t.Helper()
	burst := s.request(id, proto.PriorityRoutine)
	f := s.Await("a word on the press", func(f *wire.Frame) bool {
		return string(f.GetFloorDeny().GetBurst()) == string(burst[:]) || string(f.GetFloorGranted().GetBurst()) == string(burst[:])
	})
	return proto.Reason(f.GetFloorDeny().GetCode())
}

// textRefused sends a text for a device of the attacker's and returns why it was
// not taken; 0 when it was.
func (s *stolen) textRefused(id proto.ChannelID) proto.Reason {
	s.t.Helper()
	mid := proto.NewMessageID()
	f := s.Call(&wire.Frame{Body: &wire.Frame_Text{Text: &wire.Text{Channel: id[:], Id: mid[:], Epoch: 1, Sealed: []byte("x"), Commitment: make([]byte, proto.CommitmentLen)}}})
	return proto.Reason(f.GetRefused().GetCode())
}

// again links the device anew, with the certificate that it has.
func (s *stolen) again(b *border, a *relaytest.Agency, id proto.ChannelID) {
	s.t.Helper()
	s.Rogue = b.Rogue(s.id, a)
	s.subscribe(id)
}

// outside is a follower's side of the border with a member that the hub's desk
// has removed, and that does not care.
type outside struct {
	*patrol
	desk, partner *relaytest.Endpoint
	thief         *stolen
}

// newOutside has the thief removed, and whatever happens before that done by
// before.
func newOutside(t *testing.T, b *border, before func()) *outside {
	t.Helper()
	p := newPatrol(t, b)
	o := &outside{patrol: p, desk: b.us.Endpoint("desk/del-rio"), partner: b.mx.Endpoint("unit/gn-8")}
	ch := o.desk.MustJoin(b.group)
	o.thief = carrier(t, b, b.mx, "unit/thief", b.group)
	o.partner.MustJoin(b.group)
	time.Sleep(time.Second)
	if before != nil {
		before()
	}
	if err := ch.Remove(minute(t), o.thief.name); err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Second)
	return o
}

// goesOn checks that local talk does, as that of a member whom all can tell.
func (o *outside) goesOn(t *testing.T, why string) {
	t.Helper()
	r := push(t, o.mx, 20, client.TalkOptions{}).well()
	if !r.Local {
		t.Errorf("%s: the hub is there: the test shows nothing", why)
	}
	if h := heard(t, o.partner, r, why); h.Frames != r.Sent || !h.Genuine {
		t.Errorf("%s: heard %+v of %d frames", why, h, r.Sent)
	}
}

// With the border cut, whom the hub's desk has removed neither talks nor leaves
// messages at the follower, after a restart of its relay neither; its agency's
// members talk on.
func TestRemovedMemberIsRefusedWhileTheHubIsAway(t *testing.T) {
	run(t, func(t *testing.T, b *border) {
		o := newOutside(t, b, nil)
		b.Net.Cut(b.us.Addr, b.mx.Addr)
		away(t, o.guard, 0, b.group, true)
		check := func(when string) {
			t.Helper()
			if why := o.thief.denied(b.group); why != proto.ReasonNotMember {
				t.Errorf("%s: its press: reason %d, want %d", when, why, proto.ReasonNotMember)
			}
			if why := o.thief.textRefused(b.group); why != proto.ReasonNotMember {
				t.Errorf("%s: its text: reason %d, want %d", when, why, proto.ReasonNotMember)
			}
			o.goesOn(t, when)
		}
		check("the border is cut")

		mark := o.guard.Watch.Mark()
		b.mx.Crash()
		b.mx.Restart()
		time.Sleep(15 * time.Second) // the members are linked again
		o.thief.again(b, b.mx, b.group)
		check("its relay was restarted with the hub away")

		b.Net.Mend(b.us.Addr, b.mx.Addr)
		away(t, o.guard, mark, b.group, false)
		if why := o.thief.denied(b.group); why != proto.ReasonNotMember {
			t.Errorf("the hub is back: reason %d", why)
		}
	})
}

// Whoever talks at a follower while the hub is away is bound to its own sender
// index, as it is at the hub.
func TestForgedLeafIsDroppedWhileTheHubIsAway(t *testing.T) {
	run(t, func(t *testing.T, b *border) {
		p := newPatrol(t, b)
		liar := carrier(t, b, b.mx, "unit/liar", b.group)
		time.Sleep(time.Second)
		b.Net.Cut(b.us.Addr, b.mx.Addr)
		away(t, p.guard, 0, b.group, true)
		g := liar.group(b.group)
		own, others := liar.sender(g, uint32(g.OwnLeaf())), liar.sender(g, leafOf(t, g, p.agent.Name()))
		if why := liar.denied(b.group); why != 0 {
			t.Fatalf("a member's press: reason %d", why)
		}
		before, forged := p.guard.VoiceStats().Received, b.mx.Node.Stats().VoiceForged
		for range 10 {
			liar.SendVoice(liar.aliases[b.group], seal(t, others))
		}
		time.Sleep(300 * time.Millisecond)
		if n := p.guard.VoiceStats().Received - before; n != 0 {
			t.Errorf("%d frames sealed as another member were forwarded", n)
		}
		if n := b.mx.Node.Stats().VoiceForged - forged; n != 10 {
			t.Errorf("%d forged frames were counted, want 10", n)
		}
		for range 10 {
			liar.SendVoice(liar.aliases[b.group], seal(t, own))
		}
		time.Sleep(300 * time.Millisecond)
		if n := p.guard.VoiceStats().Received - before; n != 10 {
			t.Errorf("%d of the holder's own frames came, want 10", n)
		}
	})
}

// A device that is revoked while the hub is away loses the local floor at once.
// Enrolled again under its name it links, and is still no member: it says so with
// the reason of its old certificate.
func TestRevokedDeviceIsRefusedWhileTheHubIsAway(t *testing.T) {
	run(t, func(t *testing.T, b *border) {
		o := newOutside(t, b, nil)
		lost := carrier(t, b, b.mx, "unit/lost", b.group)
		time.Sleep(time.Second)
		b.Net.Cut(b.us.Addr, b.mx.Addr)
		away(t, o.guard, 0, b.group, true)
		mark := o.guard.Watch.Mark()
		if why := lost.denied(b.group); why != 0 {
			t.Fatalf("a member's press: reason %d", why)
		}
		taken(t, o.guard, mark, lost.name, "it talks")
		b.mx.Revoke(lost.name)
		idle(t, o.guard, mark, "the floor is free")

		time.Sleep(time.Second)
		lost.id = b.mx.Identity("unit/lost")
		lost.again(b, b.mx, b.group)
		if why := lost.denied(b.group); why != proto.ReasonRevoked {
			t.Errorf("its press: reason %d, want %d", why, proto.ReasonRevoked)
		}
		if why := lost.textRefused(b.group); why != proto.ReasonRevoked {
			t.Errorf("its text: reason %d, want %d", why, proto.ReasonRevoked)
		}
		o.goesOn(t, "the others talk on")
	})
}

// oldInfo is a hub turned hostile: it withholds an entry, so that the follower
// asks for the group information, and then hands out what it likes.
type oldInfo struct {
	mu       sync.Mutex // guards what follows
	kept     branch     // the newest group information that passed
	instead  *branch    // handed out in its place; nil: the true one
	withhold bool       // the next entries
}

func (o *oldInfo) pass(mx *relaytest.Agency) func(relaytest.Passing) []*wire.Frame {
	return func(p relaytest.Passing) []*wire.Frame {
		o.mu.Lock()
		defer o.mu.Unlock()
		if p.Toward != mx.Name {
			return []*wire.Frame{p.Frame}
		}
		if p.Frame.GetEntries() != nil && o.withhold && p.Frame.Re == 0 {
			o.withhold = false
			return nil
		}
		if info := p.Frame.GetGroupInfo(); info != nil && o.instead != nil {
			lie := &wire.GroupInfo{Channel: info.Channel, Charter: info.Charter, Head: info.Head}
			o.instead.into(lie)
			return []*wire.Frame{{Re: p.Frame.Re, Body: &wire.Frame_GroupInfo{GroupInfo: lie}}}
		} else if info != nil {
			o.kept = branch{info.GroupInfo, info.RatchetTree}
		}
		return []*wire.Frame{p.Frame}
	}
}

// set is locked, for the middle runs meanwhile.
func (o *oldInfo) set(do func()) {
	o.mu.Lock()
	defer o.mu.Unlock()
	do()
}

// A hub that hands out group information of the time before a removal, or none
// that is any, does not bring the removed member back: the follower keeps what it
// knew, and an administrator sees an alarm.
func TestBadGroupInformationBringsNobodyBack(t *testing.T) {
	var m *relaytest.Middle
	logged := new(paper)
	runWith(t, 1, func(b *border) {
		b.Log = slog.New(slog.NewJSONHandler(logged, nil))
		m = b.Middle(b.mx, b.us)
	}, func(t *testing.T, b *border) {
		var hub oldInfo
		m.Tamper(hub.pass(b.mx))
		var old branch
		o := newOutside(t, b, func() {
			b.mx.Endpoint("unit/gn-9").MustJoin(b.group) // for which it fetches the group with the thief in it
			time.Sleep(time.Second)
			hub.set(func() { old = hub.kept })
		})
		for why, instead := range map[string]branch{"old": old, "none": {[]byte("no group information"), old.tree}} {
			hub.set(func() { hub.instead, hub.withhold = &instead, true })
			for range 2 { // the first is withheld, the second shows that one is missing
				if _, err := o.us.Text(minute(t), "a word"); err != nil {
					t.Fatalf("%s: %v", why, err)
				}
			}
			time.Sleep(2 * time.Minute)
		}
		alarms := 0
		list, _ := logged.acts(t, b.mx, 0)
		for _, l := range list {
			if l.Alarm && l.Level == "ERROR" {
				alarms++
			}
		}
		if alarms == 0 {
			t.Errorf("no alarm among %+v", list)
		}
		mark := o.guard.Watch.Mark()
		b.us.Crash()
		away(t, o.guard, mark, b.group, true)
		if why := o.thief.denied(b.group); why != proto.ReasonNotMember {
			t.Errorf("its press: reason %d, want %d", why, proto.ReasonNotMember)
		}
		o.goesOn(t, "the others talk on")
	})
}

// A follower that has never been given group information that it can believe
// works as the charter says: it cannot tell members from others.
func TestFollowerWithoutARosterGoesByTheCharter(t *testing.T) {
	var m *relaytest.Middle
	runWith(t, 1, func(b *border) { m = b.Middle(b.mx, b.us) }, func(t *testing.T, b *border) {
		own := make(map[uint64]bool) // the follower's own requests; Tamper is called by one at a time
		m.Tamper(func(p relaytest.Passing) []*wire.Frame {
			if p.Toward == b.us.Name && p.Frame.GetFetchGroupInfo() != nil && p.Frame.Endpoint == "" {
				own[p.Frame.Id] = true
			}
			if info := p.Frame.GetGroupInfo(); info != nil && p.Toward == b.mx.Name && own[p.Frame.Re] {
				return []*wire.Frame{{Re: p.Frame.Re, Body: &wire.Frame_GroupInfo{GroupInfo: &wire.GroupInfo{Channel: info.Channel, GroupInfo: []byte("no"), Charter: info.Charter}}}}
			}
			return []*wire.Frame{p.Frame}
		})
		o := newOutside(t, b, nil)
		mark := o.guard.Watch.Mark()
		b.us.Crash()
		away(t, o.guard, mark, b.group, true)
		o.goesOn(t, "members talk on")
		if why := o.thief.denied(b.group); why != 0 {
			t.Errorf("a press of one whom the charter lets talk: reason %d: nobody here knows that it was removed", why)
		}
	})
}
