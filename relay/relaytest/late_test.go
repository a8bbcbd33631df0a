package relaytest_test

import (
	"testing"
	"time"

	"crossband/client"
)

func TestLateEntryHearsWithinATwinkling(t *testing.T) {
	run(t, func(t *testing.T, b *border) {
		p := newPatrol(t, b)
		for _, s := range p.sides() {
			agency := b.mx
			if s.me == p.guard {
				agency = b.us
			}
			late := agency.Endpoint("unit/late-" + s.me.Name().Label)
			talk := push(t, s.ch, endless, client.TalkOptions{}).held()
			time.Sleep(3 * time.Second)
			start := time.Now()
			late.MustJoin(b.group)
			time.Sleep(2 * time.Second)
			r := talk.release()
			h := heard(t, late, r, "the late member hears the rest of the burst")
			played := late.Ear.Played(r.Burst)
			entry := played[0].At.Sub(start)
			t.Logf("%s: heard %v after asking to join, keys included", s.name, entry)
			if entry > 350*time.Millisecond {
				t.Errorf("%s: late entry took %v, promised are 350 ms", s.name, entry)
			}
			for i, x := range played {
				if !x.Conceal && !loud(x.PCM) && i > 1 {
					t.Errorf("%s: frame %d of the late entry is not what was said", s.name, i)
				}
			}
			if st := late.VoiceStats(); st.Rejected != 0 {
				t.Errorf("%s: %d frames were rejected: they were sent under keys that a new member has not", s.name, st.Rejected)
			}
			if h.Forged != 0 {
				t.Errorf("%s: half a burst looks forged to the late member: %+v", s.name, h)
			}
			time.Sleep(time.Second)
		}
	})
}
