package relaytest_test

import (
	"bytes"
	"sync/atomic"
	"testing"
	"time"

	"crossband/client"
	"crossband/proto"
	"crossband/proto/wire"
	"crossband/relay/relaytest"
)

// deadZone takes a device's link away, runs what happens meanwhile, and gives the
// link back. It returns when the device has been back for ten seconds.
func deadZone(t *testing.T, e *relaytest.Endpoint, home *relaytest.Agency, long time.Duration, meanwhile func()) {
	t.Helper()
	mark := e.Watch.Mark()
	home.W.Net.Cut(e.Addr, home.Addr)
	began := time.Now()
	relaytest.WaitAfter(t, e.Watch, mark, "the link is lost", func(client.Disconnected) bool { return true })
	time.Sleep(time.Second) // the relay has noticed as well
	meanwhile()
	time.Sleep(long - time.Since(began))
	mark = e.Watch.Mark()
	home.W.Net.Mend(e.Addr, home.Addr)
	relaytest.WaitAfter(t, e.Watch, mark, "the link is back", func(client.Connected) bool { return true })
	time.Sleep(10 * time.Second)
}

// missedOnce finds the one late burst that a report is of.
func missedOnce(t *testing.T, e *relaytest.Endpoint, r client.TalkReport, why string) client.LateBurst {
	t.Helper()
	var found []client.LateBurst
	for _, b := range e.Ear.Missed() {
		if b.Burst == r.Burst {
			found = append(found, b)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%s: %d late bursts, want one; all: %d, voice %+v", why, len(found), len(e.Ear.Missed()), e.VoiceStats())
	}
	return found[0]
}

// whole checks a late burst frame by frame against what was said.
func whole(t *testing.T, b client.LateBurst, r client.TalkReport, from proto.Name, said time.Time) {
	t.Helper()
	if !b.Genuine || !b.Whole || b.From != from || len(b.Payloads) != r.Sent {
		t.Fatalf("late burst genuine %t whole %t from %s, %d frames of %d", b.Genuine, b.Whole, b.From, len(b.Payloads), r.Sent)
	}
	if off := b.At.Sub(said); off.Abs() > time.Second {
		t.Errorf("said at %v, marked as said %v after that", said, off)
	}
	for i, p := range b.Payloads {
		if !bytes.Equal(p, beep()) {
			t.Fatalf("frame %d of the late burst is not what was said", i)
		}
	}
}

// TestABurstSaidInADeadZoneComesLate: at the hub and at a follower, whose last member
// of the channel it is that is away.
func TestABurstSaidInADeadZoneComesLate(t *testing.T) {
	run(t, func(t *testing.T, b *border) {
		p := newPatrol(t, b)
		for _, s := range p.sides() {
			home := b.mx
			if s.partner == p.agent {
				home = b.us
			}
			before := push(t, s.ch, 30, client.TalkOptions{}).well()
			heard(t, s.partner, before, "before the dead zone")
			time.Sleep(10 * time.Second) // longer ago than a lost link goes unnoticed
			var one, two client.TalkReport
			var at [2]time.Time
			deadZone(t, s.partner, home, 90*time.Second, func() {
				at[0] = time.Now()
				one = push(t, s.ch, 120, client.TalkOptions{}).well()
				time.Sleep(5 * time.Second)
				at[1] = time.Now()
				two = push(t, s.ch, 60, client.TalkOptions{}).well()
			})
			whole(t, missedOnce(t, s.partner, one, s.name), one, s.me.Name(), at[0])
			whole(t, missedOnce(t, s.partner, two, s.name), two, s.me.Name(), at[1])
			for _, r := range []client.TalkReport{one, two} {
				if n := len(s.partner.Ear.Played(r.Burst)); n > 0 {
					t.Errorf("%s: %d frames of a late burst were played as if live", s.name, n)
				}
				said := relaytest.Wait(t, s.partner.Watch, "it is told of", func(l client.BurstLate) bool { return l.Burst == r.Burst })
				if !said.Genuine || said.From != s.me.Name() || said.Length != time.Duration(r.Sent)*proto.VoiceFrame {
					t.Errorf("told %+v", said)
				}
			}
			if n := len(s.partner.Ear.Missed()); n != 2 {
				t.Errorf("%s: %d late bursts, want two: what was heard live is not given again", s.name, n)
			}
			after := push(t, s.ch, 30, client.TalkOptions{}).well()
			if h := heard(t, s.partner, after, "live again"); h.Frames != after.Sent || !h.Genuine {
				t.Errorf("after the dead zone: heard %+v of %d frames", h, after.Sent)
			}
			deadZone(t, s.partner, home, 20*time.Second, func() {})
			if n := len(s.partner.Ear.Missed()); n != 2 {
				t.Errorf("%s: %d late bursts after a second dead zone, want the same two", s.name, n)
			}
		}
	})
}

// TestABurstHalfHeardComesLateFromThere: the link goes while it is said.
func TestABurstHalfHeardComesLateFromThere(t *testing.T) {
	run(t, func(t *testing.T, b *border) {
		p := newPatrol(t, b)
		talk := push(t, p.us, endless, client.TalkOptions{}).held()
		time.Sleep(4 * time.Second)
		var r client.TalkReport
		deadZone(t, p.guard, b.mx, 30*time.Second, func() { r = talk.release() })
		late := missedOnce(t, p.guard, r, "half of it was missed")
		live := make(map[uint32]bool)
		for _, x := range p.guard.Ear.Played(r.Burst) {
			if !x.Conceal {
				live[x.Index] = true
			}
		}
		if len(live) < 150 || len(live) >= r.Sent {
			t.Fatalf("%d frames of %d were heard live: this is no test", len(live), r.Sent)
		}
		lost := 0
		for i := range r.Sent {
			if !live[uint32(i)] && (i >= len(late.Payloads) || late.Payloads[i] == nil) {
				lost++
			}
		}
		if lost > 0 || !late.Genuine {
			t.Errorf("%d frames were heard neither live nor late; genuine %t", lost, late.Genuine)
		}
	})
}

// TestCommitsInBetweenDoNotLoseLateBursts: what was said in each epoch is opened while
// its keys are there.
func TestCommitsInBetweenDoNotLoseLateBursts(t *testing.T) {
	run(t, func(t *testing.T, b *border) {
		p := newPatrol(t, b)
		var said []client.TalkReport
		var at []time.Time
		deadZone(t, p.guard, b.mx, 60*time.Second, func() {
			for range 3 {
				at = append(at, time.Now())
				said = append(said, push(t, p.us, 60, client.TalkOptions{}).well())
				if err := p.us.Refresh(minute(t)); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Second)
			}
		})
		for i, r := range said {
			whole(t, missedOnce(t, p.guard, r, "across commits"), r, p.agent.Name(), at[i])
		}
	})
}

// TestNothingIsKeptWhereNothingMayBeStored is of a charter that says so, and of two
// channels beside each other.
func TestNothingIsKeptWhereNothingMayBeStored(t *testing.T) {
	var none, other proto.ChannelID
	runWith(t, 1, func(b *border) {
		directly(b)
		both := []*wire.Charter_Party{relaytest.Party(b.us), relaytest.Party(b.mx)}
		none = b.us.Charter(&wire.Charter{Kind: wire.Charter_KIND_STANDING, Title: "Not stored", Storage: wire.Charter_STORAGE_NONE, Parties: both})
		other = b.us.Charter(&wire.Charter{Kind: wire.Charter_KIND_STANDING, Title: "Another", Parties: both})
	}, func(t *testing.T, b *border) {
		p := newPatrol(t, b)
		quiet, second := p.agent.MustJoin(none), p.agent.MustJoin(other)
		p.guard.MustJoin(none)
		b.mx.Endpoint("unit/gn-8").MustJoin(none) // so that its voice goes on coming to the guard's relay
		p.guard.MustJoin(other)
		time.Sleep(time.Second)
		var secret, one, two client.TalkReport
		var at [2]time.Time
		deadZone(t, p.guard, b.mx, 40*time.Second, func() {
			secret = push(t, quiet, 50, client.TalkOptions{}).well()
			time.Sleep(time.Second)
			at[0] = time.Now()
			one = push(t, p.us, 50, client.TalkOptions{}).well()
			time.Sleep(time.Second)
			at[1] = time.Now()
			two = push(t, second, 50, client.TalkOptions{}).well()
		})
		whole(t, missedOnce(t, p.guard, one, "the first channel"), one, p.agent.Name(), at[0])
		whole(t, missedOnce(t, p.guard, two, "the second channel"), two, p.agent.Name(), at[1])
		for _, l := range p.guard.Ear.Missed() {
			if l.Burst == secret.Burst || l.Channel == none {
				t.Error("a burst of a channel where nothing may be stored was kept")
			}
		}
		if a, c := missedOnce(t, p.guard, one, "the first channel"), missedOnce(t, p.guard, two, "the second channel"); a.Channel != b.group || c.Channel != other {
			t.Errorf("late bursts of %s and %s", a.Channel.Short(), c.Channel.Short())
		}
	})
}

// TestOnlyMembersGetKeptVoice: a device of the agency that is no member, one that was
// taken out, and one that has not subscribed get nothing.
func TestOnlyMembersGetKeptVoice(t *testing.T) {
	run(t, func(t *testing.T, b *border) {
		p := newPatrol(t, b)
		second := b.mx.Endpoint("unit/gn-8")
		second.MustJoin(b.group)
		time.Sleep(time.Second)
		push(t, p.us, 50, client.TalkOptions{}).well()
		second.Close()
		time.Sleep(time.Second)
		fetch := &wire.Frame{Body: &wire.Frame_FetchVoice{FetchVoice: &wire.FetchVoice{Channel: b.group[:], WithinMs: 300_000}}}
		subscribe := &wire.Frame{Body: &wire.Frame_Subscribe{Subscribe: &wire.Subscribe{Channel: b.group[:], Alias: 9}}}

		member := b.Rogue(b.mx.Identity("unit/gn-8"), b.mx) // the same name: the member's new link
		if r := member.Refused(fetch); r != proto.ReasonNotReady {
			t.Errorf("not subscribed: reason %d, want %d", r, proto.ReasonNotReady)
		}
		member.Call(subscribe)
		if got := member.Call(fetch).GetKeptVoice(); len(got.GetFrames()) < 50 || got.Next != got.Newest || got.More {
			t.Fatalf("a member gets %d frames, next %d of %d, more %t", len(got.GetFrames()), got.GetNext(), got.GetNewest(), got.GetMore())
		}
		small := member.Call(&wire.Frame{Body: &wire.Frame_FetchVoice{FetchVoice: &wire.FetchVoice{Channel: b.group[:], WithinMs: 300_000, Most: 1}}}).GetKeptVoice()
		if len(small.GetFrames()) != 1 || !small.More {
			t.Errorf("a page of one octet has %d frames, more %t: want one, so that it goes on", len(small.GetFrames()), small.GetMore())
		}

		stranger := b.Rogue(b.mx.Identity("unit/gn-9"), b.mx)
		stranger.Call(subscribe)
		if r := stranger.Refused(fetch); r != proto.ReasonNotMember {
			t.Errorf("no member: reason %d, want %d", r, proto.ReasonNotMember)
		}
		if err := p.mx.Remove(minute(t), second.Name()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		if r := member.Refused(fetch); r != proto.ReasonNotMember && r != proto.ReasonNotReady {
			t.Errorf("taken out: reason %d", r)
		}
		member.Call(subscribe)
		if r := member.Refused(fetch); r != proto.ReasonNotMember {
			t.Errorf("taken out, and subscribed again: reason %d, want %d", r, proto.ReasonNotMember)
		}
		time.Sleep(5*time.Minute + time.Second)
		got := b.Rogue(b.mx.Identity("unit/gn-7"), b.mx)
		got.Call(subscribe)
		if k := got.Call(fetch).GetKeptVoice(); len(k.GetFrames()) != 0 {
			t.Errorf("%d frames are there after five minutes", len(k.GetFrames()))
		}
		if s := b.mx.Node.Stats(); s.VoiceKept < 50 || s.VoiceKeptGiven < 51 || s.VoiceKeptSize != 0 {
			t.Errorf("counted %d kept, %d given, %d octets left", s.VoiceKept, s.VoiceKeptGiven, s.VoiceKeptSize)
		}
	})
}

// TestLateVoiceDoesNotDelayLiveVoice compares what a device that has just come back
// hears live, on a path of 256 kbit/s, with what one hears that was there all the time.
func TestLateVoiceDoesNotDelayLiveVoice(t *testing.T) {
	run(t, func(t *testing.T, b *border) {
		p := newPatrol(t, b)
		second := b.mx.Endpoint("unit/gn-8")
		second.MustJoin(b.group)
		time.Sleep(time.Second)
		push(t, p.us, 50, client.TalkOptions{}).well()
		var said []client.TalkReport
		var live *press
		home := b.mx
		b.Net.Between(p.guard.Addr, home.Addr, relaytest.Path{Delay: 5 * time.Millisecond, Rate: 32_000})
		mark := p.guard.Watch.Mark()
		b.Net.Cut(p.guard.Addr, home.Addr)
		relaytest.WaitAfter(t, p.guard.Watch, mark, "the link is lost", func(client.Disconnected) bool { return true })
		time.Sleep(2 * time.Second)
		for range 6 {
			said = append(said, push(t, p.us, 400, client.TalkOptions{}).well())
			time.Sleep(500 * time.Millisecond)
		}
		mark = p.guard.Watch.Mark()
		b.Net.Mend(p.guard.Addr, home.Addr)
		relaytest.WaitAfter(t, p.guard.Watch, mark, "the link is back", func(client.Connected) bool { return true })
		live = push(t, p.us, endless, client.TalkOptions{}).held()
		time.Sleep(5 * time.Second)
		r := live.release()
		time.Sleep(time.Minute)
		at := make(map[uint32]time.Time)
		for _, x := range second.Ear.Played(r.Burst) {
			if !x.Conceal {
				at[x.Index] = x.At
			}
		}
		compared, slower := 0, time.Duration(0)
		for _, x := range p.guard.Ear.Played(r.Burst) {
			// A page may be on its way when somebody begins to talk: not one follows it.
			if other, both := at[x.Index]; both && !x.Conceal && x.Index >= 100 {
				compared++
				slower = max(slower, x.At.Sub(other))
			}
		}
		if compared < 100 || slower > 250*time.Millisecond {
			t.Errorf("of %d live frames the slowest was played %v later than elsewhere", compared, slower)
		}
		for _, s := range said {
			missedOnce(t, p.guard, s, "beside live voice")
		}
	})
}

// TestADeviceThatStartsAgainGetsWhatItMissed: it was a member before. One that is new
// gets nothing of what was said before it came.
func TestADeviceThatStartsAgainGetsWhatItMissed(t *testing.T) {
	run(t, func(t *testing.T, b *border) {
		p := newPatrol(t, b)
		id, state := b.mx.Identity("unit/gn-8"), client.NewMemoryState()
		was := b.mx.EndpointWith(id, state)
		was.MustJoin(b.group)
		time.Sleep(time.Second)
		heard(t, was, push(t, p.us, 50, client.TalkOptions{}).well(), "before it is switched off")
		time.Sleep(5 * time.Second)
		was.Close()
		time.Sleep(2 * time.Second)
		at := time.Now()
		missed := push(t, p.us, 50, client.TalkOptions{}).well()
		time.Sleep(time.Minute)
		again := b.mx.EndpointWith(id, state)
		rookie := b.mx.Endpoint("unit/rookie")
		rookie.MustJoin(b.group)
		time.Sleep(10 * time.Second)
		whole(t, missedOnce(t, again, missed, "after a start"), missed, p.agent.Name(), at)
		if n := len(again.Ear.Missed()); n != 1 {
			t.Errorf("%d late bursts after a start, want the one that was missed", n)
		}
		if n := len(rookie.Ear.Missed()); n != 0 {
			t.Errorf("a new member was given %d bursts from before it came", n)
		}
	})
}

// TestAQuotaThatIsUsedUpOnlyDelaysLateBursts: what else a device asks for when its link is
// back takes from the same purse. A bulk link's rate would not let it be emptied.
func TestAQuotaThatIsUsedUpOnlyDelaysLateBursts(t *testing.T) {
	runWith(t, 1, func(b *border) { directly(b); b.us.Offers.Capabilities = []string{} }, func(t *testing.T, b *border) {
		desk, unit := b.us.Endpoint("desk/del-rio"), b.mx.Endpoint("unit/gn-7")
		desk.MustJoin(b.calling)
		ch := unit.MustJoin(b.calling)
		time.Sleep(10 * time.Second)
		var said client.TalkReport
		var refused atomic.Int64
		deadZone(t, desk, b.us, 75*time.Second, func() {
			said = push(t, ch, 2900, client.TalkOptions{}).well()
			mark := desk.Watch.Mark()
			for range 20 {
				go func() { // ends when the purse has been empty for some seconds
					relaytest.WaitAfter(t, desk.Watch, mark, "the link is back", func(client.Connected) bool { return true })
					for began := time.Now(); time.Since(began) < 12*time.Second && t.Context().Err() == nil; {
						if _, err := desk.Record(t.Context(), proto.NewIncidentID()); proto.ReasonOf(err) == proto.ReasonQuota {
							refused.Add(1)
						}
					}
				}()
			}
		})
		if refused.Load() == 0 {
			t.Fatal("the quota has never been used up")
		}
		time.Sleep(30 * time.Second)
		if late := missedOnce(t, desk, said, "after the quota"); !late.Whole || !late.Genuine {
			t.Errorf("whole %t, genuine %t", late.Whole, late.Genuine)
		}
	})
}

// TestMissedVoiceOfManyChannelsComesTogether: on a path by satellite, where each answer
// takes long, one channel's pages do not wait for another's.
func TestMissedVoiceOfManyChannelsComesTogether(t *testing.T) {
	var ids [8]proto.ChannelID
	runWith(t, 1, func(b *border) {
		directly(b)
		for i := range ids {
			ids[i] = b.us.Charter(&wire.Charter{
				Kind: wire.Charter_KIND_STANDING, Title: "Channel", Parties: []*wire.Charter_Party{relaytest.Party(b.us), relaytest.Party(b.mx)},
			})
		}
	}, func(t *testing.T, b *border) {
		agent, guard := b.us.Endpoint("unit/del-rio-214"), b.mx.Endpoint("unit/gn-7")
		var talks []*client.Channel
		for _, id := range ids {
			talks = append(talks, agent.MustJoin(id))
			guard.MustJoin(id)
		}
		time.Sleep(10 * time.Second)
		const there = 300 * time.Millisecond // one way
		b.Net.Between(guard.Addr, b.mx.Addr, relaytest.Path{Delay: there})
		mark := guard.Watch.Mark()
		deadZone(t, guard, b.mx, 60*time.Second, func() {
			for _, ch := range talks {
				push(t, ch, 15, client.TalkOptions{}).well()
			}
		})
		var first, last time.Time
		for _, ch := range talks {
			_, at := relaytest.WaitAfter(t, guard.Watch, mark, "the burst comes late", func(l client.BurstLate) bool { return l.Channel == ch.ID() })
			if first.IsZero() || at.Before(first) {
				first = at
			}
			if at.After(last) {
				last = at
			}
		}
		if least := time.Duration(len(ids)-1) * 2 * there; last.Sub(first) >= least {
			t.Errorf("the last channel's burst comes %v after the first's: answers that wait for each other take %v", last.Sub(first), least)
		}
	})
}
