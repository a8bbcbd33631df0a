package relaytest_test

import (
	"context"
	"testing"
	"time"

	"crossband/client"
	"crossband/proto"
	"crossband/proto/wire"
	"crossband/relay/relaytest"
)

func TestVoiceBeforeTheRequestPassesAtTheGrant(t *testing.T) {
	run(t, func(t *testing.T, b *border) {
		p := newPatrol(t, b)
		for _, a := range []*relaytest.Agency{b.us, b.mx} {
			eager := carrier(t, b, a, "unit/eager", b.group)
			g := eager.group(b.group)
			own := eager.sender(g, uint32(g.OwnLeaf()))
			received := func() uint64 { return p.agent.VoiceStats().Received + p.guard.VoiceStats().Received }
			say := func(n int) {
				for range n {
					eager.SendVoice(eager.aliases[b.group], seal(t, own))
				}
				time.Sleep(150 * time.Millisecond)
			}

			before := received()
			say(8)
			if received() != before {
				t.Errorf("%s: voice passed before it was asked for the floor", a.Name)
			}
			burst := eager.granted(b.group, proto.PriorityRoutine)
			say(1)
			if n := received() - before; n != 18 {
				t.Errorf("%s: %d frames came to two listeners, want the 8 from before the request and one more each", a.Name, n)
			}
			eager.release(b.group, burst)
			time.Sleep(time.Second)

			// What was said to nobody stays so.
			holder := push(t, p.us, endless, client.TalkOptions{Priority: proto.PriorityEmergency}).held()
			time.Sleep(200 * time.Millisecond)
			eager.request(b.group, proto.PriorityRoutine)
			say(8)
			eager.Await("the floor is denied", func(f *wire.Frame) bool { return f.GetFloorDeny() != nil })
			say(8)
			holder.release()
			time.Sleep(400 * time.Millisecond)
			before = received()
			burst = eager.granted(b.group, proto.PriorityRoutine)
			say(1)
			if n := received() - before; n != 2 {
				t.Errorf("%s: %d frames came to two listeners, want one each, and nothing of the press that was refused", a.Name, n)
			}
			eager.release(b.group, burst)
			time.Sleep(time.Second)
		}
	})
}

// TestAPressThatWasGivenUpIsHeardByNobody: who waited for the floor and let the button go
// presses again at once and is granted; what he said the first time is not heard.
func TestAPressThatWasGivenUpIsHeardByNobody(t *testing.T) {
	run(t, func(t *testing.T, b *border) {
		p := newPatrol(t, b)
		for _, s := range p.sides() {
			holder := push(t, s.other, endless, client.TalkOptions{Priority: proto.PriorityUrgent}).held()
			time.Sleep(time.Second)
			ctx, cancel := context.WithCancel(t.Context())
			src := &beeps{}
			src.left.Store(endless)
			given := make(chan client.TalkReport)
			go func() { // ends when it is given up
				r, _ := s.ch.Talk(ctx, src, client.TalkOptions{Queue: true})
				given <- r
			}()
			time.Sleep(300 * time.Millisecond)
			cancel()
			first := <-given
			holder.release()
			time.Sleep(100 * time.Millisecond)
			second := push(t, s.ch, endless, client.TalkOptions{}).held()
			time.Sleep(500 * time.Millisecond)
			r := second.release()
			time.Sleep(3 * time.Second)
			if first.Sent == 0 && s.me == p.guard || !first.Granted.IsZero() { // the hub's own endpoint hears at once that it waits
				t.Fatalf("%s: %d frames were said, granted at %v: this tests nothing", s.name, first.Sent, first.Granted)
			}
			if n := len(s.partner.Ear.Played(first.Burst)); n > 0 {
				t.Errorf("%s: %d frames of the press that was given up were played", s.name, n)
			}
			if len(s.partner.Ear.Played(r.Burst)) < 20 {
				t.Errorf("%s: %d frames of the second press were played", s.name, len(s.partner.Ear.Played(r.Burst)))
			}
		}
	})
}

// TestWhoWaitsSpeaksInNobodysName: a member that has asked for the floor says something
// under another member's leaf, before that one is granted the floor and while it holds it.
func TestWhoWaitsSpeaksInNobodysName(t *testing.T) {
	run(t, func(t *testing.T, b *border) {
		p := newPatrol(t, b)
		for _, a := range []*relaytest.Agency{b.us, b.mx} {
			thief, victim := carrier(t, b, a, "unit/thief", b.group), carrier(t, b, a, "unit/victim", b.group)
			time.Sleep(time.Second)
			g := victim.group(b.group)
			own, forged := victim.sender(g, uint32(g.OwnLeaf())), thief.sender(g, uint32(g.OwnLeaf()))
			received := func() uint64 { return p.agent.VoiceStats().Received + p.guard.VoiceStats().Received }
			say := func() {
				for range 8 {
					thief.SendVoice(thief.aliases[b.group], seal(t, forged))
				}
				time.Sleep(150 * time.Millisecond)
			}
			holder := push(t, p.us, endless, client.TalkOptions{Priority: proto.PriorityUrgent}).held()
			time.Sleep(200 * time.Millisecond)
			waits := thief.queue(b.group)
			say()
			thief.release(b.group, waits)
			holder.release()
			time.Sleep(300 * time.Millisecond)
			before := received()
			burst := victim.granted(b.group, proto.PriorityRoutine)
			victim.SendVoice(victim.aliases[b.group], seal(t, own))
			time.Sleep(200 * time.Millisecond)
			if n := received() - before; n != 2 {
				t.Errorf("%s: two listeners got %d frames, and the victim said one", a.Name, n)
			}
			waits = thief.queue(b.group)
			before = received()
			say()
			if n := received() - before; n != 0 {
				t.Errorf("%s: two listeners got %d frames, and the victim was silent", a.Name, n)
			}
			thief.release(b.group, waits)
			victim.release(b.group, burst)
			time.Sleep(time.Second)
		}
	})
}
