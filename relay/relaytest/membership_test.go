package relaytest_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"crossband/client"
	"crossband/proto"
	"crossband/proto/wire"
	"crossband/relay/relaytest"
)

func TestRemovedMemberIsOut(t *testing.T) {
	run(t, func(t *testing.T, b *border) {
		p := newPatrol(t, b)
		for _, a := range []*relaytest.Agency{b.us, b.mx} {
			thief := steal(t, b, a, "unit/thief", b.group)
			thief.Close()
			gone := a.EndpointWith(thief.id, thief.state)
			relaytest.Wait(t, gone.Watch, "it is offered the channel", func(o client.Offered) bool { return o.Channel == b.group })
			old := gone.Channel(b.group)
			if _, err := p.mx.Text(minute(t), "all units: before"); err != nil {
				t.Fatal(err)
			}
			remover := p.us // a unit may remove members of its own agency
			if a == b.mx {
				remover = p.mx
			}
			if err := remover.Remove(minute(t), gone.Name()); err != nil {
				t.Fatal(err)
			}
			left := relaytest.Wait(t, gone.Watch, "the removed member is told", func(l client.Left) bool { return l.Channel == b.group })
			if left.Why == nil || left.Why.Reason != proto.ReasonNotMember {
				t.Errorf("%s: told %v, want reason %d", a.Name, left.Why, proto.ReasonNotMember)
			}
			for _, e := range []*relaytest.Endpoint{p.agent, p.guard} {
				relaytest.Wait(t, e.Watch, "everybody sees who left", func(m client.MembersChanged) bool { return slices.Contains(m.Removed, gone.Name()) })
			}
			mark := gone.Watch.Mark()
			r := push(t, p.us, 20, client.TalkOptions{}).well()
			heard(t, p.guard, r, "the others talk on")
			if _, err := p.us.Text(minute(t), "all units: after"); err != nil {
				t.Fatal(err)
			}
			time.Sleep(3 * time.Second)
			if len(gone.Ear.Played(r.Burst)) != 0 {
				t.Errorf("%s: the removed member heard a burst that began after its removal", a.Name)
			}
			for _, e := range gone.Watch.After(mark) {
				if x, ok := e.(client.TextReceived); ok {
					t.Errorf("%s: the removed member read %q", a.Name, x.Text)
				}
			}
			for what, err := range map[string]error{
				"its text":   second(old.Text(minute(t), "let me in")),
				"its commit": old.Refresh(minute(t)),
				"its remove": old.Remove(minute(t), p.agent.Name()),
			} {
				if proto.ReasonOf(err) != proto.ReasonNotMember {
					t.Errorf("%s: %s: %v, want reason %d", a.Name, what, err, proto.ReasonNotMember)
				}
			}
			if _, err := old.Talk(minute(t), &beeps{}, client.TalkOptions{}); proto.ReasonOf(err) != proto.ReasonNotMember {
				t.Errorf("%s: its press: %v, want reason %d", a.Name, err, proto.ReasonNotMember)
			}
			gone.Close()
			hostileAfterRemoval(t, b, p, thief, a)
		}
	})
}

func second[T any](_ T, err error) error { return err }

// hostileAfterRemoval lets the removed device speak past its own client, with
// the keys that it had.
func hostileAfterRemoval(t *testing.T, b *border, p *patrol, thief *stolen, a *relaytest.Agency) {
	t.Helper()
	thief.Rogue = b.Rogue(thief.id, a)
	thief.subscribe(b.group)
	epoch, _ := p.us.Epoch()
	id := proto.NewMessageID()
	if why := thief.Refused(&wire.Frame{Body: &wire.Frame_Text{Text: &wire.Text{Channel: b.group[:], Id: id[:], Epoch: epoch, Sealed: []byte("sealed"), Commitment: make([]byte, proto.CommitmentLen)}}}); why != proto.ReasonNotMember {
		t.Errorf("%s: a removed device's text: reason %d, want %d", a.Name, why, proto.ReasonNotMember)
	}
	burst := thief.request(b.group, proto.PriorityRoutine)
	deny := thief.Await("its request is denied", func(f *wire.Frame) bool {
		return f.GetFloorDeny() != nil && string(f.GetFloorDeny().Burst) == string(burst[:])
	})
	if why := proto.Reason(deny.GetFloorDeny().Code); why != proto.ReasonNotMember {
		t.Errorf("%s: a removed device's press: reason %d, want %d", a.Name, why, proto.ReasonNotMember)
	}
	before := p.agent.VoiceStats().Received + p.guard.VoiceStats().Received
	for range 5 {
		thief.SendVoice(thief.aliases[b.group], []byte("\x09\x01\x02sealed under keys of before"))
	}
	time.Sleep(300 * time.Millisecond)
	if p.agent.VoiceStats().Received+p.guard.VoiceStats().Received != before {
		t.Errorf("%s: a removed device's voice was forwarded", a.Name)
	}
	thief.Close()
}

// A removal lasts: the charter and a good certificate do not bring a device back
// that another member removed. A member adds it again, and everybody sees that.
func TestRemovedMemberComesBackOnlyWhenAdded(t *testing.T) {
	run(t, func(t *testing.T, b *border) {
		p := newPatrol(t, b)
		desk := b.us.Endpoint("desk/del-rio")
		if err := desk.MustJoin(b.group).Remove(minute(t), p.guard.Name()); err != nil { // a desk of the owner may remove anybody
			t.Fatal(err)
		}
		relaytest.Wait(t, p.guard.Watch, "it is told", func(l client.Left) bool { return true })
		if err := p.mx.Remove(minute(t), p.agent.Name()); proto.ReasonOf(err) != proto.ReasonNotMember {
			t.Errorf("a removed member removes: %v", err)
		}
		if _, err := p.guard.Session.Join(minute(t), b.group); proto.ReasonOf(err) != proto.ReasonNotMember {
			t.Errorf("a removed member joins by itself: %v, want reason %d", err, proto.ReasonNotMember)
		}
		mark, there := desk.Watch.Mark(), p.guard.Watch.Mark()
		if err := p.us.Add(minute(t), p.guard.Name()); err != nil {
			t.Fatal(err)
		}
		relaytest.WaitAfter(t, desk.Watch, mark, "everybody sees that it is back", func(m client.MembersChanged) bool {
			return slices.Contains(m.Added, p.guard.Name()) && m.By == p.agent.Name()
		})
		relaytest.WaitAfter(t, p.guard.Watch, there, "it is in", func(j client.Joined) bool { return j.Channel == b.group })
		if err := p.mx.Remove(minute(t), p.agent.Name()); proto.ReasonOf(err) != proto.ReasonCharter {
			t.Errorf("a unit removes a member of another agency: %v, want reason %d", err, proto.ReasonCharter)
		}
		time.Sleep(time.Second)
		sameView(t, b.group, p.agent, p.guard, desk)
		heard(t, p.agent, push(t, p.guard.Channel(b.group), 20, client.TalkOptions{}).well(), "voice works after coming back")
	})
}

func TestRacingCommitsBothSucceedOneAfterTheOther(t *testing.T) {
	run(t, func(t *testing.T, b *border) {
		p := newPatrol(t, b)
		epoch, _ := p.us.Epoch()
		const rounds = 5
		for range rounds {
			done := make(chan error, 2)
			for _, ch := range []*client.Channel{p.us, p.mx} {
				go func() { done <- ch.Refresh(minute(t)) }() // ends with its answer
			}
			for range 2 {
				if err := <-done; err != nil {
					t.Errorf("the loser of a race tries again: %v", err)
				}
			}
		}
		time.Sleep(time.Second)
		if now, _ := p.us.Epoch(); now != epoch+2*rounds {
			t.Errorf("epoch %d after %d commits since %d", now, 2*rounds, epoch)
		}
		sameView(t, b.group, p.agent, p.guard)
	})
}

// The answer to a commit is lost, and its maker makes another before it reads that
// the first was taken. It knows both as its own: no alarm, and nobody comes in anew.
func TestACommitWhoseAnswerWasLostIsKnownAgain(t *testing.T) {
	between(t, func(t *testing.T, p *patrol, m *relaytest.Middle) {
		mark, before := p.guard.Watch.Mark(), time.Now()
		lost := false
		m.Tamper(func(x relaytest.Passing) []*wire.Frame {
			late := 4*time.Second - time.Since(before)
			switch {
			case x.Toward != p.border.mx.Name:
			case x.Frame.GetAppended() != nil && !lost:
				lost = true
				return nil
			case x.Frame.GetEntries() != nil && late > 0:
				go func() { // ends within seconds
					time.Sleep(late)
					m.Say(p.border.mx, x.Frame)
				}()
				return nil
			}
			return []*wire.Frame{x.Frame}
		})
		epoch, _ := p.mx.Epoch()
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		if err := p.mx.Refresh(ctx); err == nil {
			t.Fatal("the first commit was answered: the test shows nothing")
		}
		ok(t, p.mx.Refresh(minute(t)))
		time.Sleep(20 * time.Second)
		for _, x := range p.guard.Watch.After(mark) {
			switch x.(type) {
			case client.Alarm, client.Missed, client.Joined:
				t.Errorf("%T %+v: it was its own commit", x, x)
			}
		}
		if now, _ := p.mx.Epoch(); now != epoch+2 {
			t.Errorf("in epoch %d, want both commits after %d", now, epoch)
		}
		sameView(t, p.group, p.agent, p.guard)
	})
}

func TestTenJoinAtOnce(t *testing.T) {
	run(t, func(t *testing.T, b *border) {
		p := newPatrol(t, b)
		all := []*relaytest.Endpoint{p.agent, p.guard}
		for i := range 10 {
			all = append(all, b.agencies[i%2].Endpoint(fmt.Sprintf("unit/new-%d", i)))
		}
		done := make(chan error)
		for _, e := range all[2:] {
			go func() { _, err := e.Session.Join(minute(t), b.group); done <- err }() // ends when it has joined
		}
		for range all[2:] {
			if err := <-done; err != nil {
				t.Errorf("one of ten that join at once: %v", err)
			}
		}
		time.Sleep(2 * time.Second)
		sameView(t, b.group, all...)
		if names, err := p.us.Members(); err != nil || len(names) != len(all) {
			t.Errorf("%d members (%v), want %d", len(names), err, len(all))
		}
	})
}

func TestEndpointRestartsFromItsState(t *testing.T) {
	run(t, func(t *testing.T, b *border) {
		p := newPatrol(t, b)
		for _, side := range []struct {
			agency *relaytest.Agency
			other  *relaytest.Endpoint
			ch     *client.Channel
		}{{b.us, p.guard, p.mx}, {b.mx, p.agent, p.us}} {
			s := steal(t, b, side.agency, "unit/reborn", b.group) // joined, and its client stopped
			s.Close()
			time.Sleep(time.Second)
			epoch, _ := side.ch.Epoch()
			var want []string
			for i := range 3 {
				want = append(want, fmt.Sprintf("while you were away, %d", i))
				if _, err := side.ch.Text(minute(t), want[i]); err != nil {
					t.Fatal(err)
				}
			}
			var first client.TalkReport
			for life := range 2 {
				e := side.agency.EndpointWith(s.id, s.state)
				time.Sleep(2 * time.Second)
				if got := texts(e, b.group); life == 0 && !slices.Equal(got, want) || life == 1 && len(got) != 0 {
					t.Errorf("%s, life %d: shown %q, want %q once", side.agency.Name, life, got, want)
				}
				ch := e.Channel(b.group)
				if now, _ := ch.Epoch(); now != epoch {
					t.Errorf("%s: in epoch %d after its restart, the others in %d: it should need no rejoin", side.agency.Name, now, epoch)
				}
				sameView(t, b.group, p.agent, p.guard, e)
				// Both lives are in one epoch: only another SFrame context keeps
				// their frames from sharing keys and counters, and from looking
				// like replays.
				r := push(t, ch, 20, client.TalkOptions{}).well()
				if h := heard(t, side.other, r, "voice after a restart"); h.Frames != r.Sent || !h.Genuine {
					t.Errorf("%s, life %d: heard %+v of %d frames", side.agency.Name, life, h, r.Sent)
				}
				if life == 0 {
					first = r
				} else if first.Burst == r.Burst {
					t.Error("two lives share a burst")
				}
				heard(t, e, push(t, side.ch, 20, client.TalkOptions{}).well(), "it hears after a restart")
				e.Close()
				time.Sleep(time.Second)
			}
			if err := side.ch.Remove(minute(t), s.name); proto.ReasonOf(err) != proto.ReasonCharter {
				t.Errorf("a unit removes a member of another agency: %v, want reason %d", err, proto.ReasonCharter)
			}
		}
	})
}

// The whole course of an incident on a bad path, three times with other luck.
func TestBorderScenarioUnderLoss(t *testing.T) {
	for seed := uint64(1); seed <= 3; seed++ {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			runWith(t, seed, directly, func(t *testing.T, b *border) {
				b.Net.Everywhere(relaytest.Path{Delay: 5 * time.Millisecond, Jitter: 10 * time.Millisecond, Loss: 0.05})
				b.slow(relaytest.Path{Delay: 50 * time.Millisecond, Jitter: 20 * time.Millisecond, Loss: 0.05})
				d := newDesks(t, b)
				mounty := b.ca.Endpoint("desk/windsor")
				mine, theirs := ring(t, d.us, d.guard, client.HailOptions{Urgency: proto.PriorityEmergency})
				reply(t, theirs, proto.HailAccepted, 0)
				id, err := mine.WaitIncident(minute(t))
				if err != nil {
					t.Fatal(err)
				}
				relaytest.Wait(t, d.guard.Watch, "the desk is in the incident", func(e client.Joined) bool { return e.Channel == id })
				if err := d.agent.Channel(id).Add(minute(t), mounty.Name()); err != nil {
					t.Fatal(err)
				}
				relaytest.Wait(t, mounty.Watch, "the observer is taken in", func(e client.Joined) bool { return e.Channel == id })
				mark := mounty.Watch.Mark()
				exchange(t, id, d.agent, d.guard)
				sameTexts(t, id, mounty, mark, 8, make(map[uint64]proto.MessageID))
				for _, ch := range []*client.Channel{d.agent.Channel(id), d.guard.Channel(id)} {
					r := push(t, ch, 30, client.TalkOptions{}).well()
					if h := heard(t, mounty, r, "voice in the incident"); h.Forged != 0 || h.Frames < r.Sent/2 {
						t.Errorf("heard %+v of %d frames", h, r.Sent)
					}
				}
				reply(t, theirs, proto.HailCommitted, 0)
				if err := d.agent.Channel(id).Remove(minute(t), mounty.Name()); err != nil {
					t.Fatal(err)
				}
				relaytest.Wait(t, mounty.Watch, "the observer is told that it is out", func(l client.Left) bool { return l.Channel == id })
				exchange(t, id, d.agent, d.guard)
				reply(t, mine, proto.HailReleased, 0)
				stands(t, proto.HailReleased, mine, theirs)
				sameView(t, id, d.agent, d.guard)
				sameView(t, b.calling, d.agent, d.guard)
				for _, e := range []*relaytest.Endpoint{d.agent, d.guard, mounty} {
					if alarms := relaytest.Find[client.Alarm](e.Watch); len(alarms) != 0 {
						t.Errorf("%s raised %v on a path that only loses packets", e.Name(), alarms)
					}
				}
			})
		})
	}
}

// A text that leaves while a member is taken in, or put out, is sealed for the
// members of before. The hub has it sealed again for those of now.
func TestTextSealedBeforeAChangeOfMembersIsSealedAgain(t *testing.T) {
	run(t, func(t *testing.T, b *border) {
		p := newPatrol(t, b)
		b.slow(relaytest.Path{Delay: 150 * time.Millisecond}) // the hub's commit and the text pass each other
		late := b.us.Endpoint("unit/late")
		late.MustJoin(b.group)
		if _, err := p.mx.Text(minute(t), "who is there?"); err != nil {
			t.Fatal(err)
		}
		x := relaytest.Wait(t, late.Watch, "a member of before the text can read it", func(client.TextReceived) bool { return true })
		if epoch, _ := late.Channel(b.group).Epoch(); x.Text != "who is there?" || epoch == 0 {
			t.Errorf("read %q in epoch %d", x.Text, epoch)
		}
		if got := texts(p.agent, b.group); len(got) != 1 {
			t.Errorf("shown %q, want it once: sealed again is not sent again", got)
		}

		if err := p.us.Remove(minute(t), late.Name()); err != nil {
			t.Fatal(err)
		}
		if _, err := p.mx.Text(minute(t), "only us"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		if got := texts(late, b.group); len(got) != 1 {
			t.Errorf("a member that had been removed read %q", got[1:])
		}
	})
}
