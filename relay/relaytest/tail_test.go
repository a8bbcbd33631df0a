package relaytest_test

import (
	"testing"
	"time"

	"crossband/client"
	"crossband/crypto/sframe"
	"crossband/proto"
	"crossband/relay/relaytest"
)

// A release goes by the control stream and overtakes voice on its way: on a path whose
// jitter is four frames long the last ones come after it. Not one of them may be lost.
// Each burst begins on a path that is as slow as the jitter makes it later at most, so
// that its beginning and its middle lose nothing either.
func TestLastFramesAreHeardThoughTheReleaseOvertakesThem(t *testing.T) {
	run(t, func(t *testing.T, b *border) {
		p := newPatrol(t, b)
		for i := range 20 {
			for _, s := range p.sides() {
				b.slow(relaytest.Path{Delay: 130 * time.Millisecond})
				talk := push(t, s.ch, 60, client.TalkOptions{}).held()
				time.Sleep(600 * time.Millisecond)
				b.slow(relaytest.Path{Delay: 50 * time.Millisecond, Jitter: 80 * time.Millisecond})
				r := talk.well()
				h := heard(t, s.partner, r, "the burst arrives")
				if missing := unplayed(r, s.partner.Ear.Played(r.Burst)); len(missing) > 0 || !h.Genuine {
					t.Errorf("%s, burst %d: frames %v of %d were not played; %+v", s.name, i, missing, r.Sent, h)
				}
				time.Sleep(time.Second)
			}
		}
	})
}

// unplayed lists the frames of a burst that were not played: its holes, its end and
// its beginning.
func unplayed(r client.TalkReport, played []client.Played) (missing []int) {
	was := make([]bool, r.Sent)
	for _, p := range played {
		if p.Conceal {
			continue
		}
		was[p.Index] = true
		if p.Before != nil {
			was[p.Index-1] = true
		}
	}
	for i, ok := range was {
		if !ok {
			missing = append(missing, i)
		}
	}
	return missing
}

// What a talker sends after his release passes for a moment, under his own leaf only,
// and ends at once when somebody else is granted the floor.
func TestWhoLetsGoIsHeardForAMomentOnly(t *testing.T) {
	run(t, func(t *testing.T, b *border) {
		p := newPatrol(t, b)
		for _, a := range []*relaytest.Agency{b.us, b.mx} {
			late := carrier(t, b, a, "unit/late", b.group)
			g := late.group(b.group)
			own := late.sender(g, uint32(g.OwnLeaf()))
			others := late.sender(g, leafOf(t, g, p.agent.Name()))
			received := func() uint64 { return p.agent.VoiceStats().Received + p.guard.VoiceStats().Received }
			// heard is how many of the listeners get a frame that is sent now.
			heard := func(s *sframe.Sender) uint64 {
				before := received()
				late.SendVoice(late.aliases[b.group], seal(t, s))
				time.Sleep(100 * time.Millisecond)
				return received() - before
			}
			talk := func() {
				burst := late.granted(b.group, proto.PriorityRoutine)
				time.Sleep(200 * time.Millisecond)
				late.release(b.group, burst)
			}
			for i, s := range []*sframe.Sender{own, others} {
				talk()
				time.Sleep(proto.FloorTail * 3 / 4) // a tick has passed
				if n := heard(s); n != uint64(2-2*i) {
					t.Errorf("%s: %d listeners got a frame sent after the release, with leaf %d of two", a.Name, n, i)
				}
				time.Sleep(150 * time.Millisecond)
				if n := heard(own); n != 0 {
					t.Errorf("%s: %d listeners got a frame that was sent 400 ms after the release", a.Name, n)
				}
			}
			talk()
			mark := p.guard.Watch.Mark()
			time.Sleep(60 * time.Millisecond) // the hub has had the release
			next := push(t, p.us, endless, client.TalkOptions{}).held()
			taken(t, p.guard, mark, p.agent.Name(), "the next talker is known everywhere")
			dropped := a.Node.Stats().VoiceNoFloor
			late.SendVoice(late.aliases[b.group], seal(t, own))
			time.Sleep(20 * time.Millisecond)
			if n := a.Node.Stats().VoiceNoFloor - dropped; n != 1 {
				t.Errorf("%s: %d frames of who has let go were dropped with the next talker on, want 1", a.Name, n)
			}
			next.release()
			time.Sleep(time.Second)
		}
	})
}
