package relaytest_test

import (
	"bytes"
	"sync"
	"testing"
	"time"

	"crossband/client"
	"crossband/client/voice"
	"crossband/proto"
	"crossband/proto/wire"
	"crossband/relay/relaytest"
)

// oldest returns how old the oldest genuine frame was when it was played, by
// the talker's own record of its capture.
func oldest(r client.TalkReport, played []client.Played) (most time.Duration) {
	for _, d := range mouthToEar(r, played) {
		most = max(most, d)
	}
	return most
}

// A relay on the way stands still for four seconds and then forwards what lay
// in its buffers. What is played is never older than a listener may take for
// live, and what is said afterwards is heard.
func TestHeldVoiceIsNotPlayedAsLive(t *testing.T) {
	between(t, func(t *testing.T, p *patrol, m *relaytest.Middle) {
		b := p.border
		heard(t, p.agent, push(t, p.mx, 50, client.TalkOptions{}).well(), "before")
		var mu sync.Mutex
		var held [][]byte
		holding := true
		talk := push(t, p.mx, endless, client.TalkOptions{}).held()
		time.Sleep(voice.EarlyLife)
		var on proto.Alias
		m.TamperVoice(func(toward proto.Agency, alias proto.Alias, f []byte) [][]byte {
			mu.Lock()
			defer mu.Unlock()
			if toward != b.us.Name || !holding {
				return [][]byte{f}
			}
			on, held = alias, append(held, bytes.Clone(f))
			return nil
		})
		var ticks sync.WaitGroup
		stop := make(chan struct{})
		ticks.Go(func() { // ends with stop: the hub takes the floor from a talker who is silent
			for {
				select {
				case <-stop:
					return
				case <-time.After(time.Second):
				}
				mu.Lock()
				f, alias := bytes.Clone(held[0]), on
				mu.Unlock()
				m.SayVoice(b.us, alias, f)
			}
		})
		time.Sleep(4 * time.Second)
		close(stop)
		ticks.Wait()
		before := p.agent.VoiceStats()
		mu.Lock()
		holding = false
		n := len(held)
		mu.Unlock()
		for i, f := range held[:n] {
			m.SayVoice(b.us, on, f)
			if i%16 == 15 { // its own queue is as short as any
				time.Sleep(time.Millisecond)
			}
		}
		time.Sleep(2 * time.Second)
		r := talk.release()
		heard(t, p.agent, r, "the burst")
		st := p.agent.VoiceStats()
		stale, played := st.Stale-before.Stale, p.agent.Ear.Played(r.Burst)
		t.Logf("%d frames held, %d refused as stale; the oldest frame played was %v old", n, stale, oldest(r, played))
		if stale < uint64(n)/2 || stale > uint64(n) {
			t.Errorf("%d of %d frames that lay up to 4 s were refused, want those older than %v", stale, n, voice.Staleness)
		}
		// Beyond Staleness a frame waits its turn behind those before it.
		if most := oldest(r, played); most > voice.Staleness+500*time.Millisecond {
			t.Errorf("a frame was played %v after it was said", most)
		}
		if last := played[len(played)-1]; int(last.Index) < r.Sent-3 {
			t.Errorf("heard up to frame %d of %d: the talker was not heard again", last.Index, r.Sent)
		}
		for _, x := range played[len(played)-20:] {
			if x.Age > 300*time.Millisecond {
				t.Errorf("frame %d was played at the age of %v, long after the path had come back", x.Index, x.Age)
			}
		}
		after := push(t, p.mx, 50, client.TalkOptions{}).well()
		if h := heard(t, p.agent, after, "what is said afterwards"); h.Frames < after.Sent-2 {
			t.Errorf("heard %d frames of %d", h.Frames, after.Sent)
		}
	})
}

// recorded says a burst and returns its frames as the middle saw them.
func recorded(t *testing.T, p *patrol, m *relaytest.Middle) (alias proto.Alias, frames [][]byte) {
	t.Helper()
	var mu sync.Mutex
	m.TamperVoice(func(toward proto.Agency, a proto.Alias, f []byte) [][]byte {
		mu.Lock()
		defer mu.Unlock()
		if toward == p.border.us.Name {
			alias, frames = a, append(frames, bytes.Clone(f))
		}
		return [][]byte{f}
	})
	push(t, p.mx, 100, client.TalkOptions{}).well()
	time.Sleep(time.Second)
	m.TamperVoice(nil)
	mu.Lock()
	defer mu.Unlock()
	return alias, frames
}

// A relay that has recorded a burst sends it again to a device that has started
// anew in the same epoch: its replay windows are empty. It plays nothing and
// tells of no talk; once the sender is heard live, a burst recorded a moment
// ago fares no better.
func TestRecordedVoiceIsNotPlayedAfterARestart(t *testing.T) {
	between(t, func(t *testing.T, p *patrol, m *relaytest.Middle) {
		b := p.border
		id, state := b.us.Identity("desk/restarts"), client.NewMemoryState()
		desk := b.us.EndpointWith(id, state)
		desk.MustJoin(p.group)
		time.Sleep(time.Second)
		alias, frames := recorded(t, p, m)
		time.Sleep(3 * time.Minute)
		epoch, _ := p.us.Epoch()
		again := func() *relaytest.Endpoint {
			desk.Close()
			desk = b.us.EndpointWith(id, state)
			time.Sleep(2 * time.Second)
			if now, _ := desk.Channel(p.group).Epoch(); now != epoch {
				t.Fatalf("epoch %d, was %d: the recording is of no use", now, epoch)
			}
			return desk
		}
		e := again()
		play(t, p, m, alias, frames)
		if st := e.VoiceStats(); st.Stale < uint64(len(frames))/2 || st.Played != 0 || st.Concealed != 0 {
			t.Errorf("a recording of three minutes ago, %d frames: %+v", len(frames), st)
		}
		time.Sleep(5 * time.Second)
		if list := relaytest.Find[client.BurstHeard](e.Watch); len(list) != 0 {
			t.Errorf("the recording is told as talk: %+v", list)
		}

		_, frames = recorded(t, p, m)
		e = again()
		live := push(t, p.mx, 20, client.TalkOptions{}).well()
		heard(t, e, live, "live voice, by one who has started anew")
		played := e.VoiceStats().Played
		time.Sleep(5 * time.Second)
		play(t, p, m, alias, frames)
		if st := e.VoiceStats(); st.Played != played || st.Stale < uint64(len(frames))/2 {
			t.Errorf("a recording of a moment ago, after live voice: %+v", st)
		}
	})
}

// play has the talker hold the floor, in silence as far as others hear it, while
// the middle sends what it has recorded in its place.
func play(t *testing.T, p *patrol, m *relaytest.Middle, alias proto.Alias, frames [][]byte) {
	t.Helper()
	m.TamperVoice(func(toward proto.Agency, _ proto.Alias, f []byte) [][]byte { return nil })
	talk := push(t, p.mx, endless, client.TalkOptions{}).held()
	time.Sleep(200 * time.Millisecond)
	for _, f := range frames {
		m.SayVoice(p.border.us, alias, f)
		time.Sleep(voice.FrameDuration)
	}
	talk.release()
	m.TamperVoice(nil)
	time.Sleep(time.Second)
}

// A handheld whose clock is ten minutes off is heard and hears, by those who
// know it and by those who do not.
func TestAWrongClockSilencesNobody(t *testing.T) {
	for _, off := range []time.Duration{10 * time.Minute, -10 * time.Minute} {
		t.Run(off.String(), func(t *testing.T) {
			run(t, func(t *testing.T, b *border) {
				p := newPatrol(t, b)
				wrong := b.mx.EndpointAt(b.mx.Identity("unit/wrong"), off)
				ch := wrong.MustJoin(b.group)
				time.Sleep(time.Second)
				for range 2 {
					r := push(t, ch, 40, client.TalkOptions{}).well()
					for _, e := range []*relaytest.Endpoint{p.agent, p.guard} {
						if h := heard(t, e, r, "a handheld whose clock is wrong"); h.Frames < r.Sent-2 {
							t.Errorf("clock %v off: %s heard %d frames of %d", off, e.Name(), h.Frames, r.Sent)
						}
					}
					for _, s := range p.sides() {
						r := push(t, s.ch, 40, client.TalkOptions{}).well()
						if h := heard(t, wrong, r, "by a handheld whose clock is wrong"); h.Frames < r.Sent-2 {
							t.Errorf("clock %v off: it heard %d frames of %d", off, h.Frames, r.Sent)
						}
						time.Sleep(time.Second)
					}
				}
				for _, e := range []*relaytest.Endpoint{p.agent, p.guard, wrong} {
					if st := e.VoiceStats(); st.Stale != 0 {
						t.Errorf("clock %v off: %s refused %d frames as stale", off, e.Name(), st.Stale)
					}
				}
			})
		})
	}
}

// What a bad path does to voice does not make it stale.
func TestABadPathMakesNothingStale(t *testing.T) {
	runWith(t, 3, directly, func(t *testing.T, b *border) {
		p := newPatrol(t, b)
		b.slow(relaytest.Path{Delay: 50 * time.Millisecond, Jitter: 200 * time.Millisecond, Loss: 0.03})
		for range 5 {
			for _, s := range p.sides() {
				r := push(t, s.ch, 300, client.TalkOptions{}).well()
				heard(t, s.partner, r, "the burst arrives")
				time.Sleep(2 * time.Second)
			}
		}
		for _, e := range []*relaytest.Endpoint{p.agent, p.guard} {
			st := e.VoiceStats()
			t.Logf("%s: %+v", e.Name(), st)
			if st.Stale != 0 {
				t.Errorf("%s refused %d frames as stale", e.Name(), st.Stale)
			}
		}
	})
}

// The hub's grant comes after two and a half seconds: what was said since the
// press is as old, and is heard.
func TestALateGrantLosesNothingToTheRule(t *testing.T) {
	between(t, func(t *testing.T, p *patrol, m *relaytest.Middle) {
		heard(t, p.agent, push(t, p.mx, 20, client.TalkOptions{}).well(), "before")
		// Talker and buffer hold 75 frames. A burst that is older is entered at once:
		// with what is sent again, or, where live frames come first, with those.
		for wait, want := range map[time.Duration]int{time.Second: 150, 2500 * time.Millisecond: 26} {
			m.Tamper(func(x relaytest.Passing) []*wire.Frame {
				if x.Frame.GetFloorRequest() == nil {
					return []*wire.Frame{x.Frame}
				}
				f := x.Frame
				time.AfterFunc(wait, func() { m.Say(p.border.us, f) })
				return nil
			})
			r := push(t, p.mx, 150, client.TalkOptions{}).well()
			h := heard(t, p.agent, r, "a burst whose grant came late")
			st := p.agent.VoiceStats()
			t.Logf("grant after %v: %d sent, %d heard, %d sent again, %d stale", r.Granted.Sub(r.Pressed), r.Sent, h.Frames, r.Again, st.Stale)
			if st.Stale != 0 || h.Frames < want-3 {
				t.Errorf("grant after %v: heard %d of %d, %d stale", wait, h.Frames, r.Sent, st.Stale)
			}
			time.Sleep(2 * time.Second)
		}
	})
}

// Who has waited in the floor's queue for long is heard from the first word on,
// including what was said before the hub's word to wait.
func TestAWaitInTheQueueLosesNothingToTheRule(t *testing.T) {
	run(t, func(t *testing.T, b *border) {
		p := newPatrol(t, b)
		b.slow(relaytest.Path{Delay: 50 * time.Millisecond})
		heard(t, p.agent, push(t, p.mx, 20, client.TalkOptions{}).well(), "before")
		time.Sleep(time.Second)
		first := push(t, p.us, endless, client.TalkOptions{}).held()
		time.Sleep(time.Second)
		next := push(t, p.mx, 60, client.TalkOptions{Queue: true})
		time.Sleep(6 * time.Second)
		first.release()
		r := next.well()
		h := heard(t, p.agent, r, "who has waited")
		st := p.agent.VoiceStats()
		if h.Frames < 60-2 || st.Stale != 0 {
			t.Errorf("heard %d frames of a burst of 60, %d were stale", h.Frames, st.Stale)
		}
		if most := oldest(r, p.agent.Ear.Played(r.Burst)); most > 600*time.Millisecond {
			t.Errorf("a frame was played %v after it was said", most)
		}

		// Too short a burst to be said anew: the talker is told.
		first = push(t, p.us, endless, client.TalkOptions{}).held()
		time.Sleep(time.Second)
		next = push(t, p.mx, 2, client.TalkOptions{Queue: true})
		time.Sleep(6 * time.Second)
		next.refused("a word said before the hub's word to wait", proto.ReasonQueueExpired, proto.Name{})
		first.release()
	})
}

// TestAWrongClockKeepsNobodyFromCalling: what a hail lives is reckoned by the relay's
// clock, so that a handheld whose own is wrong calls and is called as everybody is.
func TestAWrongClockKeepsNobodyFromCalling(t *testing.T) {
	for _, off := range []time.Duration{10 * time.Minute, -10 * time.Minute} {
		t.Run(off.String(), func(t *testing.T) {
			run(t, func(t *testing.T, b *border) {
				d := newDesks(t, b)
				wrong := b.us.EndpointAt(b.us.Identity("unit/wrong"), off)
				ch := wrong.MustJoin(b.calling)
				time.Sleep(time.Second)
				mine, theirs := ring(t, ch, d.guard, client.HailOptions{})
				stands(t, proto.HailReceived, mine, theirs)
				time.Sleep(90 * time.Second)
				stands(t, proto.HailReceived, mine)
				time.Sleep(time.Minute)
				stands(t, proto.HailExpired, mine, theirs)
			})
		})
	}
}
