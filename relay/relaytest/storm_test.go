package relaytest_test

import (
	"fmt"
	"testing"
	"time"

	"crossband/client"
	"crossband/relay/relaytest"
)

// TestTwoHundredComeAndGoWhileSomebodyTalks: within one minute of talk members
// join and are removed two hundred times, and each change is a commit of its
// own with new voice keys. The path loses nothing, so not one frame may be
// missing, on neither side.
func TestTwoHundredComeAndGoWhileSomebodyTalks(t *testing.T) {
	long(t)
	const changes, pace = 200, 280 * time.Millisecond // within the talk limit of 60 s
	run(t, func(t *testing.T, b *border) {
		desk, guard, agent := b.us.Endpoint("desk/del-rio"), b.mx.Endpoint("desk/piedras-negras"), b.us.Endpoint("unit/del-rio-214")
		here := desk.MustJoin(b.calling)
		there := guard.MustJoin(b.calling)
		voice := agent.MustJoin(b.calling)
		var crowd []*relaytest.Endpoint
		for i := range 8 {
			crowd = append(crowd, b.us.Endpoint(fmt.Sprintf("unit/crowd-%d", i)))
		}
		time.Sleep(time.Second)
		b.Net.Everywhere(relaytest.Path{Delay: 5 * time.Millisecond, Jitter: 10 * time.Millisecond})
		epoch, _ := here.Epoch()
		talk := push(t, voice, endless, client.TalkOptions{}).held()
		begun := time.Now()
		for i := range changes {
			next := time.Now().Add(pace)
			e := crowd[i/2%len(crowd)]
			if i < 2*len(crowd) && i%2 == 0 {
				e.MustJoin(b.calling)
			} else if i%2 == 0 { // who was removed comes back when it is added
				if err := there.Add(minute(t), e.Name()); err != nil {
					t.Fatal(err)
				}
			} else if err := here.Remove(minute(t), e.Name()); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Until(next))
		}
		if d := time.Since(begun); d > time.Minute {
			t.Errorf("%d changes took %v: the test shows nothing", changes, d)
		}
		r := talk.release()
		if now, _ := here.Epoch(); now != epoch+changes {
			t.Errorf("epoch %d after %d changes since %d", now, changes, epoch)
		}
		for _, e := range []*relaytest.Endpoint{desk, guard} {
			if h := heard(t, e, r, "the burst over all changes"); h.Frames != r.Sent || h.Verified != r.Sent || !h.Genuine {
				t.Errorf("%s heard %+v of %d frames", e.Name(), h, r.Sent)
			}
			if st := e.VoiceStats(); st.Concealed != 0 || st.NoKey != 0 || st.Rejected != 0 {
				t.Errorf("%s: %d gaps, %d frames without a key, %d rejected", e.Name(), st.Concealed, st.NoKey, st.Rejected)
			}
		}
		sameView(t, b.calling, desk, guard, agent)
	})
}
