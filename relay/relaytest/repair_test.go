package relaytest_test

import (
	"bytes"
	"crypto/x509"
	"slices"
	"testing"
	"time"

	"crossband/client"
	"crossband/proto"
	"crossband/proto/wire"
	"crossband/relay/relaytest"
)

// TestACommitThatSomeCannotFollowIsRepairedInSeconds: the US side follows a
// commit, Mexico's members cannot, as when its author seals a path that not
// everybody can open. Each of them says so at once, comes back by itself within
// ten seconds, and has heard or been told of everything: nobody is silently
// deaf.
func TestACommitThatSomeCannotFollowIsRepairedInSeconds(t *testing.T) {
	between(t, func(t *testing.T, p *patrol, m *relaytest.Middle) {
		second := p.border.mx.Endpoint("unit/gn-8")
		second.MustJoin(p.group)
		time.Sleep(2 * time.Second)
		hit := []*relaytest.Endpoint{p.guard, second}
		marks := map[*relaytest.Endpoint]relaytest.Mark{}
		for _, e := range hit {
			marks[e] = e.Watch.Mark()
		}
		good, _ := p.us.Epoch()
		spoil := each(func(e *wire.Entry) {
			if c := e.GetCommit(); c != nil && c.Epoch == good {
				c.Message = bytes.Clone(c.Message)
				c.Message[len(c.Message)/2] ^= 1
			}
		})
		stop := onEntries(m, p.border.mx, spoil)
		begun := time.Now()
		if err := p.us.Refresh(minute(t)); err != nil {
			t.Fatal(err)
		}
		for _, e := range hit {
			a, at := relaytest.WaitAfter(t, e.Watch, marks[e], "who cannot follow says so", func(client.Alarm) bool { return true })
			if a.Why.Reason != proto.ReasonBadCommit || at.Sub(begun) > time.Second {
				t.Errorf("%s said %v after %v", e.Name(), a.Why, at.Sub(begun))
			}
			_, at = relaytest.WaitAfter(t, e.Watch, marks[e], "and is back", func(j client.Joined) bool { return j.Channel == p.group })
			if d := at.Sub(begun); d > 10*time.Second {
				t.Errorf("%s was back after %v, promised are 10 s", e.Name(), d)
			}
		}
		stop()
		time.Sleep(time.Until(begun.Add(10 * time.Second)))
		sameView(t, p.group, p.agent, p.guard, second)
		r := push(t, p.us, 20, client.TalkOptions{}).well()
		for _, e := range hit {
			if h := heard(t, e, r, "who could not follow hears again"); h.Frames != r.Sent || !h.Genuine {
				t.Errorf("%s heard %+v of %d frames", e.Name(), h, r.Sent)
			}
			if n := len(relaytest.Find[client.Left](e.Watch)); n > 0 {
				t.Errorf("%s was told %d times that it had left", e.Name(), n)
			}
		}
		usable(t, p, "a commit that only some could follow")
	})
}

// TestADeviceThatWasAwayTooLongIsToldWhatItMissed: a handheld lies in a drawer
// until its certificate is over. Meanwhile it is taken out of the channel, and
// texts go on without it. Switched on, it is told why its relay turns it away;
// with a new certificate it reads what it still can, is told since when and how
// much it cannot, and is in again as soon as a member adds it.
func TestADeviceThatWasAwayTooLongIsToldWhatItMissed(t *testing.T) {
	run(t, func(t *testing.T, b *border) {
		p := newPatrol(t, b)
		s := steal(t, b, b.us, "unit/drawer", b.group) // joined, and switched off
		s.Close()
		time.Sleep(time.Second)
		say := func(text string) {
			t.Helper()
			if _, err := p.mx.Text(minute(t), text); err != nil {
				t.Fatal(err)
			}
		}
		say("while it was still a member")
		if err := p.us.Remove(minute(t), s.name); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			say("without it")
		}

		over := b.us.Forge(s.name.String(), func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-23 * 24 * time.Hour) })
		if err := b.Stranger(over, b.us); proto.ReasonOf(err) != proto.ReasonExpired {
			t.Fatalf("its old certificate: told %v, want reason %d", err, proto.ReasonExpired)
		}
		renewed, err := b.us.Authority.Reissue(s.id, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		e := b.us.EndpointWith(renewed, s.state)
		left := relaytest.Wait(t, e.Watch, "it is told that it was taken out", func(l client.Left) bool { return l.Channel == b.group })
		if left.Why == nil || left.Why.Reason != proto.ReasonNotMember || left.Why.Detail == "" {
			t.Errorf("told %v, want reason %d and by whom", left.Why, proto.ReasonNotMember)
		}
		if got := texts(e, b.group); !slices.Equal(got, []string{"while it was still a member"}) {
			t.Errorf("shown %q: it can read what was said while it was a member, and nothing else", got)
		}
		if err := p.us.Add(minute(t), e.Name()); err != nil { // it comes back when it is added
			t.Fatal(err)
		}
		relaytest.Wait(t, e.Watch, "it is in again", func(j client.Joined) bool { return j.Channel == b.group })
		gap := relaytest.Wait(t, e.Watch, "it is told what it cannot read", func(m client.Missed) bool { return m.Channel == b.group })
		if gap.Count != 3 || gap.Seq == 0 {
			t.Errorf("told of %d entries from %d on, want the 3 texts that were said without it", gap.Count, gap.Seq)
		}
		mark := e.Watch.Mark()
		say("welcome back")
		relaytest.WaitAfter(t, e.Watch, mark, "it reads on", func(x client.TextReceived) bool { return x.Text == "welcome back" })
		sameView(t, b.group, p.agent, p.guard, e)
		heard(t, e, push(t, p.mx, 20, client.TalkOptions{}).well(), "and hears")
	})
}
