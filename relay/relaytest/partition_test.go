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

// sending is a text on its way, for however long that takes.
type sending struct {
	done chan struct{}
	id   proto.MessageID
	err  error
}

func send(ch *client.Channel, text string) *sending {
	s := &sending{done: make(chan struct{})}
	go func() { // ends when the hub has the text, or after five minutes
		defer close(s.done)
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
		defer cancel()
		s.id, s.err = ch.Text(ctx, text)
	}()
	return s
}

func (s *sending) sent() bool {
	select {
	case <-s.done:
		return true
	default:
		return false
	}
}

// texts lists what a member has been shown on a channel, in order.
func texts(e *relaytest.Endpoint, id proto.ChannelID) (list []string) {
	for _, x := range relaytest.Find[client.TextReceived](e.Watch) {
		if x.Channel == id {
			list = append(list, x.Text)
		}
	}
	return list
}

// away waits until e is told that the hub is away, or back, and since when it is
// or was away.
func away(t *testing.T, e *relaytest.Endpoint, m relaytest.Mark, id proto.ChannelID, want bool) time.Time {
	t.Helper()
	h, at := relaytest.WaitAfter(t, e.Watch, m, fmt.Sprintf("the hub is shown as away: %v", want),
		func(h client.HubAway) bool { return h.Channel == id && h.Away == want })
	if ago := at.Sub(h.Since); h.Since.IsZero() || want && (ago < 0 || ago > time.Second) || !want && ago < time.Second {
		t.Errorf("away %v since %v, told at %v", want, h.Since, at)
	}
	return at
}

func TestBothSidesWorkOnWhileTheBorderLinkIsCut(t *testing.T) {
	run(t, func(t *testing.T, b *border) {
		p := newPatrol(t, b)
		desk := b.us.Endpoint("desk/del-rio")
		usDesk := desk.MustJoin(b.group)
		partner := b.mx.Endpoint("unit/gn-8")
		mx2 := partner.MustJoin(b.group)
		time.Sleep(time.Second)
		local, m2 := p.guard.Watch.Mark(), partner.Watch.Mark()
		b.Net.Cut(b.us.Addr, b.mx.Addr)
		cut := time.Now()
		for e, m := range map[*relaytest.Endpoint]relaytest.Mark{p.guard: local, partner: m2} {
			if d := away(t, e, m, b.group, true).Sub(cut); d > proto.LinkIdle+proto.LinkKeepAlive+100*time.Millisecond {
				t.Errorf("%s was told after %v that the hub is away", e.Name(), d)
			}
		}
		time.Sleep(2 * time.Second) // the hub has noticed as well

		// Voice goes on within each side, and neither hears the other's.
		here, there := push(t, p.us, 50, client.TalkOptions{}), push(t, p.mx, 50, client.TalkOptions{})
		usTalk, mxTalk := here.held().well(), there.held().well()
		if usTalk.Local || !mxTalk.Local {
			t.Errorf("local floors: at the hub %v, at the follower %v; want only the follower's to be said local", usTalk.Local, mxTalk.Local)
		}
		if h := heard(t, desk, usTalk, "talk on the hub's side goes on"); h.Frames != usTalk.Sent || !h.Genuine {
			t.Errorf("heard %+v of %d frames", h, usTalk.Sent)
		}
		if h := heard(t, partner, mxTalk, "talk on the follower's side goes on"); h.Frames != mxTalk.Sent || !h.Genuine {
			t.Errorf("heard %+v of %d frames", h, mxTalk.Sent)
		}

		// One floor on each side: the follower arbitrates among its own.
		first := push(t, p.mx, endless, client.TalkOptions{}).held()
		push(t, mx2, 10, client.TalkOptions{}).refused("the follower names the local holder", proto.ReasonFloorTaken, p.guard.Name())
		first.release()

		// Texts: those of the hub's side are there at once, those beyond wait.
		waiting := []*sending{send(p.mx, "de Piedras Negras, 1"), send(mx2, "de Piedras Negras, 2")}
		if _, err := p.us.Text(minute(t), "from Eagle Pass"); err != nil {
			t.Errorf("a text on the hub's side: %v", err)
		}
		// Commits: the hub's side only, and more than members keep keys for.
		for range 4 {
			if err := usDesk.Refresh(minute(t)); err != nil {
				t.Errorf("a commit on the hub's side: %v", err)
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		if err := p.mx.Refresh(ctx); proto.ReasonOf(err) != proto.ReasonHubAway {
			t.Errorf("a commit beyond the cut: %v, want reason %d: no history is made on the minority side", err, proto.ReasonHubAway)
		}
		cancel()
		// Their own relay has them on disk, which is what is acknowledged; the log
		// does not have them, and their age can be seen.
		for i, s := range waiting {
			if <-s.done; s.err != nil {
				t.Errorf("a text while the hub is away: %v", s.err)
			}
			ch := []*client.Channel{p.mx, mx2}[i]
			if q := ch.Outbox(); len(q) != 1 || !q[0].Kept || time.Since(q[0].At) <= 0 || ch.Delivery(q[0].ID).State != client.MessageKept {
				t.Errorf("the outbox is %+v, want one text that the relay keeps", q)
			}
		}

		b.Net.Mend(b.us.Addr, b.mx.Addr)
		for e, m := range map[*relaytest.Endpoint]relaytest.Mark{p.guard: local, partner: m2} {
			away(t, e, m, b.group, false)
		}
		time.Sleep(5 * time.Second)
		for _, ch := range []*client.Channel{p.mx, mx2} {
			if q := ch.Outbox(); len(q) != 0 {
				t.Errorf("after healing the outbox holds %+v", q)
			}
		}
		for e, want := range map[*relaytest.Endpoint][]string{
			p.agent: {"de Piedras Negras, 1", "de Piedras Negras, 2"},
			desk:    {"de Piedras Negras, 1", "de Piedras Negras, 2", "from Eagle Pass"},
			p.guard: {"de Piedras Negras, 2", "from Eagle Pass"},
			partner: {"de Piedras Negras, 1", "from Eagle Pass"},
		} {
			got := texts(e, b.group)
			slices.Sort(got)
			if !slices.Equal(got, want) {
				t.Errorf("%s was shown %q, want each once: %q", e.Name(), got, want)
			}
		}
		sameView(t, b.group, p.agent, desk, p.guard, partner)
		// What was said during the cut is not played afterwards as if live.
		if len(p.agent.Ear.Played(mxTalk.Burst))+len(p.guard.Ear.Played(usTalk.Burst)) != 0 {
			t.Error("talk of one side during the cut was played on the other")
		}
		heard(t, p.agent, push(t, p.mx, 20, client.TalkOptions{}).well(), "voice crosses again")
	})
}

// When the cut heals while somebody talks on either side there are two talkers
// for one floor.
func TestSplitFloorsAreResolvedWhenTheLinkHeals(t *testing.T) {
	var long proto.ChannelID
	runWith(t, 1, func(b *border) {
		directly(b)
		long = b.us.Charter(&wire.Charter{
			Kind: wire.Charter_KIND_STANDING, Title: "Joint operation",
			Parties: []*wire.Charter_Party{relaytest.Party(b.us), relaytest.Party(b.mx)},
		})
	}, func(t *testing.T, b *border) {
		agent, guard := b.us.Endpoint("unit/del-rio-214"), b.mx.Endpoint("unit/gn-7")
		us, mx := agent.MustJoin(long), guard.MustJoin(long)
		for _, c := range []struct {
			why         string
			here, there proto.Priority
			winner      *relaytest.Endpoint
			lost        proto.Reason
		}{
			{"in one class the hub's talker keeps the floor", proto.PriorityRoutine, proto.PriorityRoutine, agent, proto.ReasonFloorTaken},
			{"peril beyond the cut takes the floor", proto.PriorityRoutine, proto.PriorityImminentPeril, guard, proto.ReasonPreempted},
		} {
			m1, m2 := agent.Watch.Mark(), guard.Watch.Mark()
			b.Net.Cut(b.us.Addr, b.mx.Addr)
			away(t, guard, m2, long, true)
			time.Sleep(3 * time.Second)
			here, there := push(t, us, endless, client.TalkOptions{Priority: c.here}).held(), push(t, mx, endless, client.TalkOptions{Priority: c.there}).held()
			b.Net.Mend(b.us.Addr, b.mx.Addr)
			away(t, guard, m2, long, false)
			win, lose, loser, mark := here, there, guard, m2
			if c.winner == guard {
				win, lose, loser, mark = there, here, agent, m1
			}
			lose.refused(c.why+": the other is told who talks", c.lost, c.winner.Name())
			taken(t, loser, mark, c.winner.Name(), "both sides see one holder")
			time.Sleep(2 * time.Second)
			r := win.release()
			if n := len(loser.Ear.Played(r.Burst)); n < 50 {
				t.Errorf("%s: the loser heard %d frames of the winner in two seconds", c.why, n)
			}
			time.Sleep(3 * time.Second)
		}
	})
}

func TestEndpointComesBackAfterACutAndHasEverythingOnce(t *testing.T) {
	run(t, func(t *testing.T, b *border) {
		p := newPatrol(t, b)
		for _, s := range p.sides() {
			relay, other := b.us, b.mx
			if s.me == p.guard {
				relay, other = b.mx, b.us
			}
			mark := s.me.Watch.Mark()
			b.Net.Cut(s.me.Addr, relay.Addr)
			late := send(s.ch, s.name+", from the one cut off")
			var want []string
			for i := range 5 {
				text := fmt.Sprintf("%s, %d", s.name, i)
				if _, err := s.other.Text(minute(t), text); err != nil {
					t.Fatal(err)
				}
				want = append(want, text)
				if i%2 == 0 {
					if err := s.other.Refresh(minute(t)); err != nil { // the membership moves on meanwhile
						t.Fatal(err)
					}
				}
			}
			r := push(t, s.other, 20, client.TalkOptions{}).well()
			time.Sleep(10 * time.Second)
			b.Net.Mend(s.me.Addr, relay.Addr)
			relaytest.WaitAfter(t, s.me.Watch, mark, "the link comes back", func(client.Connected) bool { return true })
			if <-late.done; late.err != nil {
				t.Errorf("%s: the text of the one cut off: %v", s.name, late.err)
			}
			time.Sleep(3 * time.Second)
			var got []string
			for _, e := range s.me.Watch.After(mark) {
				if x, ok := e.(client.TextReceived); ok {
					got = append(got, x.Text)
				}
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s was shown %q, want each once and in order: %q", s.name, got, want)
			}
			if n := slices.Index(texts(s.partner, b.group), s.name+", from the one cut off"); n < 0 {
				t.Errorf("%s: the text sent while cut off did not arrive", s.name)
			}
			if len(s.me.Ear.Played(r.Burst)) != 0 {
				t.Errorf("%s: voice of during the cut was played afterwards", s.name)
			}
			sameView(t, b.group, p.agent, p.guard)
			heard(t, s.me, push(t, s.other, 20, client.TalkOptions{}).well(), "voice goes on")
			_ = other
		}
	})
}

// The hub has a text and its acknowledgement is lost; before the sender is back
// the membership has moved on beyond what the hub would accept of a new text.
func TestTextWhoseAcknowledgementWasLostIsSentOnce(t *testing.T) {
	run(t, func(t *testing.T, b *border) {
		p := newPatrol(t, b)
		s := send(p.us, "persons in the river")
		relaytest.Wait(t, p.guard.Watch, "the text is through", func(x client.TextReceived) bool { return x.Text == "persons in the river" })
		<-s.done

		// The same with the way back cut: the text leaves, the answer does not come.
		mark := p.agent.Watch.Mark()
		s = send(p.us, "sent before the cut")
		time.Sleep(time.Millisecond) // it is on its way, the answer is not yet
		b.Net.Cut(p.agent.Addr, b.us.Addr)
		relaytest.Wait(t, p.guard.Watch, "the text is through", func(x client.TextReceived) bool { return x.Text == "sent before the cut" })
		for range 4 {
			if err := p.mx.Refresh(minute(t)); err != nil {
				t.Fatal(err)
			}
		}
		if s.sent() {
			t.Fatal("the acknowledgement was not lost: the test shows nothing")
		}
		time.Sleep(2 * proto.LinkIdle) // the link is given up, and the answer with it
		b.Net.Mend(p.agent.Addr, b.us.Addr)
		relaytest.WaitAfter(t, p.agent.Watch, mark, "the link comes back", func(client.Connected) bool { return true })
		if <-s.done; s.err != nil {
			t.Errorf("the sender is told that its text failed, and it did not: %v", s.err)
		}
		time.Sleep(time.Second)
		if got := texts(p.guard, b.group); len(got) != 2 {
			t.Errorf("shown %q, want each text once", got)
		}
	})
}

// A request that is under way to the hub when its link is lost is not lost with
// it: the follower decides on it.
func TestPressWhileTheBorderLinkIsDyingIsDecidedLocally(t *testing.T) {
	run(t, func(t *testing.T, b *border) {
		p := newPatrol(t, b)
		partner := b.mx.Endpoint("unit/gn-8")
		second := partner.MustJoin(b.group)
		time.Sleep(time.Second)
		b.Net.Cut(b.us.Addr, b.mx.Addr)
		time.Sleep(3 * time.Second) // the link is given up 4 to 5 s after the cut: what passed last decides
		first := push(t, p.mx, endless, client.TalkOptions{})
		time.Sleep(100 * time.Millisecond)
		next := push(t, second, 20, client.TalkOptions{Queue: true})
		r := first.held()
		if by := <-next.queued; by != p.guard.Name().String() {
			t.Errorf("the second press waits for %q, want the first", by)
		}
		time.Sleep(time.Second)
		talk := r.release()
		if !talk.Local {
			t.Error("the grant is not said to be local")
		}
		// A silent link is given up after four to five seconds, so up to three had
		// passed before the grant, and speech is kept for one and a half.
		if h := heard(t, partner, talk, "the local listener hears it"); h.Frames < talk.Sent-75 {
			t.Errorf("heard %d of %d frames", h.Frames, talk.Sent)
		}
		heard(t, p.guard, next.held().well(), "then the second one has its turn")
	})
}
