package relaytest_test

import (
	"testing"
	"time"

	"crossband/client"
	"crossband/proto"
	"crossband/relay/relaytest"
)

// TestWhoWantsNoVoiceGetsNone: at the hub's relay and at a follower's, over a new link
// too; everything else comes, and who does not listen may talk.
func TestWhoWantsNoVoiceGetsNone(t *testing.T) {
	run(t, func(t *testing.T, b *border) {
		agent, near, far := b.us.Endpoint("unit/del-rio-214"), b.us.Endpoint("unit/del-rio-215"), b.mx.Endpoint("unit/gn-7")
		here := agent.MustJoin(b.calling)
		other := b.mx.Endpoint("desk/piedras-negras")
		say := func(why string, want bool) {
			t.Helper()
			time.Sleep(time.Second)
			before := map[*relaytest.Endpoint]uint64{near: near.VoiceStats().Received, far: far.VoiceStats().Received}
			mark := map[*relaytest.Endpoint]relaytest.Mark{near: near.Watch.Mark(), far: far.Watch.Mark()}
			r := push(t, here, 50, client.TalkOptions{}).well()
			heard(t, other, r, why+": the others hear it")
			for e, n := range before {
				relaytest.WaitAfter(t, e.Watch, mark[e], why+": who talks is shown", func(f client.FloorChanged) bool { return f.Holder == agent.Name() })
				if came := e.VoiceStats().Received - n; (came > 0) != want {
					t.Errorf("%s: %d frames came to %s", why, came, e.Name())
				}
			}
		}
		other.MustJoin(b.calling)
		chans := map[*relaytest.Endpoint]*client.Channel{near: near.MustJoin(b.calling), far: far.MustJoin(b.calling)}
		say("at first", true)
		listen := func(on bool) {
			for _, ch := range chans {
				if err := ch.Listen(minute(t), on); err != nil || ch.Listens() != on {
					t.Fatalf("listens %v: %v", ch.Listens(), err)
				}
			}
		}
		listen(false)
		say("without voice", false)
		for _, a := range []*relaytest.Agency{b.us, b.mx} {
			a.Stop()
			a.Restart()
		}
		time.Sleep(20 * time.Second)
		say("over a new link", false)
		r := push(t, chans[far], 30, client.TalkOptions{}).well()
		heard(t, agent, r, "who does not listen talks")
		if _, err := here.Text(minute(t), "still here"); err != nil {
			t.Fatal(err)
		}
		relaytest.Wait(t, far.Watch, "texts come", func(x client.TextReceived) bool { return x.Text == "still here" })
		listen(true)
		say("again", true)
	})
}

// TestWhoBeginsToListenHearsWhatIsSaid: within the time that a late entry may take.
func TestWhoBeginsToListenHearsWhatIsSaid(t *testing.T) {
	run(t, func(t *testing.T, b *border) {
		agent, far := b.us.Endpoint("unit/del-rio-214"), b.mx.Endpoint("unit/gn-7")
		here, there := agent.MustJoin(b.calling), far.MustJoin(b.calling)
		if err := there.Listen(minute(t), false); err != nil {
			t.Fatal(err)
		}
		talk := push(t, here, endless, client.TalkOptions{}).held()
		time.Sleep(2 * time.Second)
		if n := len(far.Ear.Played(proto.BurstID{})); n > 0 {
			t.Fatalf("%d frames played", n)
		}
		start := time.Now()
		if err := there.Listen(minute(t), true); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		r := talk.release()
		played := far.Ear.Played(r.Burst)
		if len(played) == 0 {
			t.Fatal("nothing played")
		}
		if late := played[0].At.Sub(start); late > 350*time.Millisecond {
			t.Errorf("the first sound came %v after", late)
		}
	})
}

// TestWhoIsRefusedDoesNotThinkThatItListens: what is shown is what the relay does, and
// asking again helps.
func TestWhoIsRefusedDoesNotThinkThatItListens(t *testing.T) {
	run(t, func(t *testing.T, b *border) {
		agent, near := b.us.Endpoint("unit/del-rio-214"), b.us.Endpoint("unit/del-rio-215")
		here, there := agent.MustJoin(b.calling), near.MustJoin(b.calling)
		comes := func() bool {
			t.Helper()
			before := near.VoiceStats().Received
			push(t, here, 50, client.TalkOptions{}).well()
			return near.VoiceStats().Received > before
		}
		var err error
		for range 1000 { // subscriptions have a quota
			if err = there.Listen(minute(t), false); err != nil {
				break
			}
			if err = there.Listen(minute(t), true); err != nil {
				break
			}
		}
		if proto.ReasonOf(err) != proto.ReasonQuota {
			t.Fatalf("never refused: %v", err)
		}
		if shown, real := there.Listens(), comes(); shown != real {
			t.Errorf("refused, it says that it listens: %t; voice comes: %t", shown, real)
		}
		time.Sleep(time.Minute)
		for _, on := range []bool{false, true} {
			if err := there.Listen(minute(t), on); err != nil || there.Listens() != on {
				t.Errorf("listens %t: %v", there.Listens(), err)
			}
			if real := comes(); real != on {
				t.Errorf("asked again for %t, voice comes: %t", on, real)
			}
		}
	})
}
