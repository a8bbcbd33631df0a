package relaytest_test

import (
	"testing"
	"time"

	"crossband/client"
	"crossband/proto"
	"crossband/proto/wire"
	"crossband/relay/relaytest"
)

// patrol is one member of the joint patrol group on each side.
type patrol struct {
	*border
	agent, guard *relaytest.Endpoint // at the hub, at the follower
	us, mx       *client.Channel
}

func newPatrol(t *testing.T, b *border) *patrol {
	p := &patrol{border: b, agent: b.us.Endpoint("unit/del-rio-214"), guard: b.mx.Endpoint("unit/gn-7")}
	p.us, p.mx = p.agent.MustJoin(b.group), p.guard.MustJoin(b.group)
	time.Sleep(time.Second) // everybody has everybody's commit
	return p
}

// side is one talker of a patrol and the other.
type side struct {
	name        string
	ch, other   *client.Channel
	me, partner *relaytest.Endpoint
}

func (p *patrol) sides() []side {
	return []side{
		{"at the hub", p.us, p.mx, p.agent, p.guard},
		{"at the follower", p.mx, p.us, p.guard, p.agent},
	}
}

func TestFloorIsDeniedQueuedAndPassedOnAcrossTheBorder(t *testing.T) {
	run(t, func(t *testing.T, b *border) {
		p := newPatrol(t, b)
		for _, s := range p.sides() {
			mark := s.partner.Watch.Mark()
			first := push(t, s.ch, endless, client.TalkOptions{}).held()
			if f := taken(t, s.partner, mark, s.me.Name(), "the other side sees who talks"); f.Local {
				t.Errorf("%s: the floor is said to be local while the hub is there", s.name)
			}
			push(t, s.other, 20, client.TalkOptions{}).refused("a second press without queueing is denied, and the holder named",
				proto.ReasonFloorTaken, s.me.Name())
			next := push(t, s.other, 20, client.TalkOptions{Queue: true})
			if by := <-next.queued; by != s.me.Name().String() {
				t.Errorf("%s: the queued side is told that %q talks, want %s", s.name, by, s.me.Name())
			}
			first.release()
			next.held() // a release passes the floor to the first in the queue
			heard(t, s.me, next.well(), "the queued burst is heard by whoever had the floor before")
			time.Sleep(time.Second)
		}
	})
}

func TestPerilTakesTheFloorAcrossTheBorder(t *testing.T) {
	run(t, func(t *testing.T, b *border) {
		p := newPatrol(t, b)
		for _, s := range p.sides() {
			low := push(t, s.ch, endless, client.TalkOptions{Priority: proto.PrioritySupervisor}).held()
			push(t, s.other, 20, client.TalkOptions{Priority: proto.PriorityUrgent}).refused(
				"below imminent peril nobody is interrupted", proto.ReasonFloorTaken, s.me.Name())
			high := push(t, s.other, 30, client.TalkOptions{Priority: proto.PriorityImminentPeril}).held()
			low.refused("the loser is told why and by whom", proto.ReasonPreempted, s.partner.Name())
			h := heard(t, s.me, high.well(), "the loser hears the one in peril")
			if !h.Genuine || h.From != s.partner.Name() {
				t.Errorf("%s: heard %+v", s.name, h)
			}
			time.Sleep(time.Second)
		}
		push(t, p.mx, 20, client.TalkOptions{Priority: proto.PriorityEmergency}).refused(
			"a class above what the charter gives the agency is refused", proto.ReasonPriority, proto.Name{})
		mounty := b.ca.Endpoint("desk/windsor")
		push(t, mounty.MustJoin(b.group), 20, client.TalkOptions{Priority: proto.PriorityEmergency}).refused(
			"a party that may only listen gets no floor, not even in an emergency", proto.ReasonListenOnly, proto.Name{})
	})
}

func TestTalkLimitWarnsThenRevokes(t *testing.T) {
	run(t, func(t *testing.T, b *border) {
		p := newPatrol(t, b)
		for _, s := range p.sides() {
			mark := s.partner.Watch.Mark()
			long := push(t, s.ch, endless, client.TalkOptions{}).held()
			if left := <-long.warned; left > proto.TalkWarning || left < proto.TalkWarning-time.Second {
				t.Errorf("%s: warned with %v left, want about %v", s.name, left, proto.TalkWarning)
			}
			long.refused("the limit of the charter ends the burst", proto.ReasonTalkLimit, proto.Name{})
			if talked := time.Since(long.report.Granted); talked < 9900*time.Millisecond || talked > 10400*time.Millisecond {
				t.Errorf("%s: revoked after %v of a limit of 10 s", s.name, talked)
			}
			idle(t, s.partner, mark, "the other side sees the floor free")
		}
	})
}

// carrier is an endpoint that has been a member and whose device now does what
// the test says.
func carrier(t *testing.T, b *border, a *relaytest.Agency, short string, id proto.ChannelID) *stolen {
	t.Helper()
	s := steal(t, b, a, short, id)
	s.subscribe(id)
	return s
}

func TestSilenceFreesTheFloor(t *testing.T) {
	run(t, func(t *testing.T, b *border) {
		p := newPatrol(t, b)
		for _, a := range []*relaytest.Agency{b.us, b.mx} {
			mute := carrier(t, b, a, "unit/mute", b.group)
			mark, other := p.agent.Watch.Mark(), p.guard.Watch.Mark()
			start := time.Now()
			burst := mute.request(b.group, proto.PriorityRoutine)
			taken(t, p.agent, mark, mute.name, "a silent holder is shown as one")
			for e, m := range map[*relaytest.Endpoint]relaytest.Mark{p.agent: mark, p.guard: other} {
				at := idle(t, e, m, "a floor on which nobody is heard is free for others")
				if d := at.Sub(start); d < proto.FloorSilence || d > proto.FloorSilence+500*time.Millisecond {
					t.Errorf("%s: the floor was freed after %v of silence, want %v", a.Name, d, proto.FloorSilence)
				}
			}
			mute.Await("the silent one is told why", func(f *wire.Frame) bool {
				r := f.GetFloorRevoke()
				return r != nil && string(r.Burst) == string(burst[:]) && proto.Reason(r.Code) == proto.ReasonSilence
			})
		}
	})
}

func TestLostLinkFreesTheFloor(t *testing.T) {
	run(t, func(t *testing.T, b *border) {
		p := newPatrol(t, b)
		for _, s := range p.sides() {
			relay := b.us
			if s.me == p.guard {
				relay = b.mx
			}
			talk := push(t, s.ch, endless, client.TalkOptions{}).held()
			mark, start := s.partner.Watch.Mark(), time.Now()
			b.Net.Cut(s.me.Addr, relay.Addr)
			at := idle(t, s.partner, mark, "a talker whose link dies loses the floor")
			if d := at.Sub(start); d > proto.LinkIdle+time.Second {
				t.Errorf("%s: the floor was freed after %v", s.name, d)
			}
			push(t, s.other, 10, client.TalkOptions{}).held().well()
			if r := talk.end(); r == nil {
				t.Errorf("%s: the talker whose link died was not told", s.name)
			}
			b.Net.Mend(s.me.Addr, relay.Addr)
			relaytest.WaitAfter(t, s.me.Watch, 0, "the link comes back", func(c client.Connected) bool { return true })
			time.Sleep(15 * time.Second)
		}

		// A device that is switched off says so: nobody waits for its silence.
		for _, a := range []*relaytest.Agency{b.us, b.mx} {
			off := a.Endpoint("unit/off")
			push(t, off.MustJoin(b.group), endless, client.TalkOptions{}).held()
			mark, start := p.agent.Watch.Mark(), time.Now()
			off.Close()
			if d := idle(t, p.agent, mark, "a talker that is switched off loses the floor").Sub(start); d > time.Second {
				t.Errorf("%s: the floor of a talker that was switched off was free after %v", a.Name, d)
			}
		}

		push(t, p.mx, endless, client.TalkOptions{}).held()
		mark, start := p.agent.Watch.Mark(), time.Now()
		b.Net.Cut(b.us.Addr, b.mx.Addr)
		if d := idle(t, p.agent, mark, "at the hub the floor of a talker beyond a dead link is free").Sub(start); d > proto.LinkIdle+time.Second {
			t.Errorf("the relays' link: the floor was freed after %v", d)
		}
	})
}

func TestTwoPressesAtOnceGiveOneGrant(t *testing.T) {
	run(t, func(t *testing.T, b *border) {
		p := newPatrol(t, b)
		b.slow(relaytest.Path{Delay: 5 * time.Millisecond, Jitter: 40 * time.Millisecond}) // so that either may win
		for i := range 8 {
			one, two := push(t, p.us, 15, client.TalkOptions{}), push(t, p.mx, 15, client.TalkOptions{})
			a, z := one.end(), two.end()
			switch {
			case a == nil && z == nil:
				t.Fatalf("press %d: both were granted", i)
			case a == nil:
				two.refused("the loser is told who holds the floor", proto.ReasonFloorTaken, p.agent.Name())
			case z == nil:
				one.refused("the loser is told who holds the floor", proto.ReasonFloorTaken, p.guard.Name())
			default:
				t.Fatalf("press %d: neither was granted: %v, %v", i, a, z)
			}
			time.Sleep(500 * time.Millisecond)
		}
	})
}

// A revocation that is on its way to the follower when its talker lets go and
// presses again belongs to the old press, not to the new one.
func TestPressAgainWhileTheRevocationIsOnItsWay(t *testing.T) {
	run(t, func(t *testing.T, b *border) {
		p := newPatrol(t, b)
		b.slow(relaytest.Path{Delay: 80 * time.Millisecond})
		old := push(t, p.mx, endless, client.TalkOptions{}).held()
		high := push(t, p.us, endless, client.TalkOptions{Priority: proto.PriorityEmergency})
		time.Sleep(20 * time.Millisecond) // the hub has decided, the follower does not know yet
		old.release()
		again := push(t, p.mx, 60, client.TalkOptions{Queue: true})
		high.held()
		time.Sleep(200 * time.Millisecond)
		high.release()
		r := again.held().well()
		if h := heard(t, p.agent, r, "the second press is heard"); h.Frames < r.Sent {
			t.Errorf("heard %d of %d frames of the second press", h.Frames, r.Sent)
		}
	})
}

// Every refusal says why: also the one that comes from the charter's end.
func TestFloorRequestUnderAnEndedCharterIsAnswered(t *testing.T) {
	var brief proto.ChannelID
	runWith(t, 1, func(b *border) {
		directly(b)
		brief = b.us.Charter(&wire.Charter{
			Kind: wire.Charter_KIND_STANDING, Title: "Half a minute", ExpiresMs: time.Now().Add(30 * time.Second).UnixMilli(),
			Parties: []*wire.Charter_Party{relaytest.Party(b.us), relaytest.Party(b.mx)},
		})
	}, func(t *testing.T, b *border) {
		agent, guard := b.us.Endpoint("unit/del-rio-214"), b.mx.Endpoint("unit/gn-7")
		us, mx := agent.MustJoin(brief), guard.MustJoin(brief)
		time.Sleep(30 * time.Second)
		for _, ch := range []*client.Channel{us, mx} {
			push(t, ch, 20, client.TalkOptions{}).refused("the channel's agreement has ended, and the talker is told so", proto.ReasonClosed, proto.Name{})
		}
	})
}
