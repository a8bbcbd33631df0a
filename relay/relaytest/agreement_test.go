package relaytest_test

import (
	"slices"
	"testing"
	"time"

	pb "google.golang.org/protobuf/proto"

	"crossband/client"
	"crossband/proto"
	"crossband/proto/wire"
	"crossband/relay"
	"crossband/relay/relaytest"
	"crossband/relay/store"
)

// accord is a border with a channel on an agreement of its own, and its charter.
type accord struct {
	*border
	agreed  proto.Agreement
	talk    proto.ChannelID
	agent   *relaytest.Endpoint // of the US, whose relay is the hub
	guard   *relaytest.Endpoint // of MX
	us, mx  *client.Channel
	charter *wire.Charter
}

// withAccord runs fn on the channel of an agreement that lasts so long.
func withAccord(t *testing.T, lasts time.Duration, link func(*border), fn func(*testing.T, *accord)) {
	a := &accord{}
	runWith(t, 1, func(b *border) {
		link(b)
		parties := []*wire.Charter_Party{relaytest.Party(b.us), relaytest.Party(b.mx)}
		a.agreed = b.Agree(proto.Agreement{
			Title: "Accord", Parties: []proto.Agency{b.us.Name, b.mx.Name}, Ends: time.Now().Add(lasts).UTC(),
			Channels: []proto.AgreedChannel{relaytest.AgreedChannel("talk", proto.KindStanding, "Talk", []*relaytest.Agency{b.us}, parties...)},
		})
		a.charter = &wire.Charter{Kind: wire.Charter_KIND_STANDING, Title: "Talk", Parties: parties, Agreement: a.agreed.ID[:]}
		a.talk = b.us.Charter(a.charter)
	}, func(t *testing.T, b *border) {
		a.border = b
		a.agent, a.guard = b.us.Endpoint("unit/del-rio-214"), b.mx.Endpoint("unit/gn-7")
		a.us, a.mx = a.agent.MustJoin(a.talk), a.guard.MustJoin(a.talk)
		time.Sleep(2 * time.Second)
		fn(t, a)
	})
}

// TestTalkEndsWithItsAgreement: at the hub and at the follower, in the middle of a
// burst, after warnings; then there is no channel any more.
func TestTalkEndsWithItsAgreement(t *testing.T) {
	for _, talker := range []string{"hub", "follower"} {
		t.Run(talker, func(t *testing.T) {
			withAccord(t, 80*time.Second, directly, func(t *testing.T, a *accord) {
				speaks, hears, listener := a.us, a.mx, a.guard
				if talker == "follower" {
					speaks, hears, listener = a.mx, a.us, a.agent
				}
				time.Sleep(time.Until(a.agreed.Ends.Add(-20 * time.Second)))
				p := push(t, speaks, endless, client.TalkOptions{}).held()
				p.refused("the talker is told why", proto.ReasonWithdrawn, proto.Name{})
				if late := time.Since(a.agreed.Ends); late < 0 || late > 200*time.Millisecond {
					t.Errorf("the burst ended %v after the agreement", late)
				}
				if left := <-p.warned; left > proto.TalkWarning {
					t.Errorf("warned with %v left", left)
				}
				silent(t, listener, a.agreed.Ends)
				for _, e := range []*relaytest.Endpoint{a.agent, a.guard} {
					warnedOfEnd(t, e, a.talk, a.agreed.Ends)
				}
				for _, ch := range []*client.Channel{speaks, hears} {
					push(t, ch, 10, client.TalkOptions{}).refused("nobody talks any more", proto.ReasonWithdrawn, proto.Name{})
					if _, err := ch.Text(minute(t), "x"); proto.ReasonOf(err) != proto.ReasonWithdrawn {
						t.Errorf("a text: %v", err)
					}
				}
				late := a.border.us.Endpoint("unit/late")
				if _, err := late.Join(minute(t), a.talk); err == nil {
					t.Error("somebody joins a channel that has ended")
				}
			})
		})
	}
}

// silent checks that nothing that was said after a moment is played.
func silent(t *testing.T, e *relaytest.Endpoint, after time.Time) {
	t.Helper()
	time.Sleep(3 * time.Second)
	n := 0
	for _, p := range e.Ear.Played(proto.BurstID{}) {
		if p.At.Before(after) {
			n++
		} else if !p.Conceal && !p.End && p.At.After(after.Add(time.Second)) {
			t.Errorf("%s: voice is played %v after the end", e.Name(), p.At.Sub(after))
			return
		}
	}
	if n < 100 {
		t.Errorf("%s heard %d frames before the end: the test shows nothing", e.Name(), n)
	}
}

// warnedOfEnd checks that a member was told 60, 30 and 10 s before the end, and then
// that it is out.
func warnedOfEnd(t *testing.T, e *relaytest.Endpoint, ch proto.ChannelID, ends time.Time) {
	t.Helper()
	var left []time.Duration
	for _, x := range relaytest.Find[client.Ending](e.Watch) {
		if x.Channel == ch && x.At.Equal(ends) {
			left = append(left, x.Left.Round(100*time.Millisecond))
		}
	}
	if !slices.Equal(left, client.EndingSaid()) {
		t.Errorf("%s was warned with %v left, want %v", e.Name(), left, client.EndingSaid())
	}
	out := relaytest.Wait(t, e.Watch, "a member is told that it is out", func(x client.Left) bool { return x.Channel == ch })
	if out.Why.Reason != proto.ReasonWithdrawn {
		t.Errorf("%s left because of %v", e.Name(), out.Why)
	}
}

// TestWithdrawalStopsBothSides: either party's word is enough, whoever talks.
func TestWithdrawalStopsBothSides(t *testing.T) {
	for _, by := range []string{"usbp.example", "gn.example"} {
		t.Run(by, func(t *testing.T) {
			withAccord(t, time.Hour, directly, func(t *testing.T, a *accord) {
				who := a.border.us
				if by == string(a.border.mx.Name) {
					who = a.border.mx
				}
				ends := time.Now().Add(70 * time.Second).Truncate(time.Millisecond)
				who.Withdraw(a.agreed, ends)
				time.Sleep(50 * time.Second)
				p := push(t, a.us, endless, client.TalkOptions{}).held()
				p.refused("the talker is told who has withdrawn", proto.ReasonWithdrawn, proto.Name{})
				silent(t, a.guard, ends)
				for _, e := range []*relaytest.Endpoint{a.agent, a.guard} {
					warnedOfEnd(t, e, a.talk, ends)
				}
			})
		})
	}
}

// TestAHubThatHidesAWithdrawal: it goes on as if it had never heard of it. The
// withdrawing agency's relay and members stop all the same.
func TestAHubThatHidesAWithdrawal(t *testing.T) {
	var m *relaytest.Middle
	withAccord(t, time.Hour, func(b *border) { m = b.Middle(b.mx, b.us) }, func(t *testing.T, a *accord) {
		m.Tamper(func(p relaytest.Passing) []*wire.Frame {
			if p.Frame.GetDocument() != nil {
				return nil
			}
			return []*wire.Frame{p.Frame}
		})
		ends := time.Now().Add(70 * time.Second).Truncate(time.Millisecond)
		a.border.mx.Withdraw(a.agreed, ends)
		time.Sleep(time.Until(ends.Add(-10 * time.Second)))
		p := push(t, a.us, endless, client.TalkOptions{}).held()
		time.Sleep(15 * time.Second)
		p.release() // at the hub's side nobody knows
		silent(t, a.guard, ends)
		warnedOfEnd(t, a.guard, a.talk, ends)
		if _, err := a.us.Text(minute(t), "nobody reads this"); err != nil {
			t.Errorf("at the hub: %v", err)
		}
		time.Sleep(5 * time.Second)
		if got := texts(a.guard, a.talk); len(got) != 0 {
			t.Errorf("the withdrawing side is shown %q", got)
		}
	})
}

// TestARelayThatForgetsAWithdrawal: put back to before it, it offers the channel
// again. A device that knows better refuses.
func TestARelayThatForgetsAWithdrawal(t *testing.T) {
	var m *relaytest.Middle
	withAccord(t, time.Hour, func(b *border) { m = b.Middle(b.mx, b.us) }, func(t *testing.T, a *accord) {
		m.Tamper(func(p relaytest.Passing) []*wire.Frame { // the hub never hears of it
			if d := p.Frame.GetDocument(); d != nil && d.Kind == wire.Document_KIND_WITHDRAWAL {
				return nil
			}
			return []*wire.Frame{p.Frame}
		})
		id, state := a.border.mx.Identity("unit/knows"), client.NewMemoryState()
		knows := a.border.mx.EndpointWith(id, state)
		knows.MustJoin(a.talk)
		before := slices.Clone(a.border.mx.Documents)
		a.border.mx.Withdraw(a.agreed, time.Now().Add(time.Minute))
		relaytest.Wait(t, knows.Watch, "the device is warned", func(x client.Ending) bool { return x.Channel == a.talk })
		knows.Close()
		time.Sleep(70 * time.Second)
		a.border.mx.Stop()
		a.border.mx.Documents, a.border.mx.Store = before, store.NewMemory()
		a.border.mx.Restart()
		fresh := a.border.mx.Endpoint("unit/fresh") // has nothing but its relay's word
		fresh.MustJoin(a.talk)
		again := a.border.mx.EndpointWith(id, state)
		if _, err := again.Join(minute(t), a.talk); proto.ReasonOf(err) != proto.ReasonWithdrawn {
			t.Errorf("a device that has the withdrawal: %v", err)
		}
		relaytest.Wait(t, again.Watch, "its user is told", func(x client.Alarm) bool {
			return x.Channel == a.talk && x.Why.Reason == proto.ReasonWithdrawn
		})
	})
}

// TestDocumentsComeWithTheLink: a relay that was away, or has lost everything, gets
// from its partners what concerns it before the channels that rest on it.
func TestDocumentsComeWithTheLink(t *testing.T) {
	withAccord(t, time.Hour, directly, func(t *testing.T, a *accord) {
		mx := a.border.mx
		mx.Stop()
		mx.Documents, mx.Store = nil, store.NewMemory()
		mx.Restart()
		time.Sleep(5 * time.Second)
		fresh := mx.Endpoint("desk/fresh")
		fresh.MustJoin(a.talk)
		if list := fresh.Agreements(); !slices.ContainsFunc(list, func(x proto.Agreement) bool { return x.ID == a.agreed.ID }) {
			t.Errorf("the device holds %v", list)
		}
	})
}

// TestARevisionEndsWhatItAllowsNoMore: one channel of two goes on; the other is
// ended with a countdown at both sides, mid-burst.
func TestARevisionEndsWhatItAllowsNoMore(t *testing.T) {
	withAccord(t, time.Hour, directly, func(t *testing.T, a *accord) {
		next := a.agreed
		next.Revision, next.Countdown = 1, 20*time.Second
		next.Channels = append([]proto.AgreedChannel{}, a.agreed.Channels...)
		next.Channels[0].Title = "Renamed"
		mark := a.guard.Watch.Mark()
		p := push(t, a.us, endless, client.TalkOptions{}).held()
		f := a.Signed(next)
		came := time.Now()
		a.border.Give(a.border.us, relay.Document{Kind: proto.DocumentAgreement, Signed: f.Encode()})
		p.refused("the talker is told", proto.ReasonAgreement, proto.Name{})
		if after := time.Since(came); after < 20*time.Second || after > 21*time.Second {
			t.Errorf("the burst ended %v after the revision came", after)
		}
		warned, _ := relaytest.WaitAfter(t, a.guard.Watch, mark, "the other side is warned", func(x client.Ending) bool { return x.Channel == a.talk })
		if warned.Why.Reason != proto.ReasonAgreement {
			t.Errorf("warned because of %v", warned.Why)
		}
		relaytest.Wait(t, a.guard.Watch, "and out", func(x client.Left) bool { return x.Channel == a.talk })
		renamed := pb.Clone(a.charter).(*wire.Charter)
		renamed.Title = "Renamed"
		id := a.border.us.Charter(renamed)
		if err := a.border.us.Node.Register(t.Context(), a.border.us.Charters[len(a.border.us.Charters)-1]); err != nil {
			t.Fatal(err)
		}
		a.agent.MustJoin(id)
		a.guard.MustJoin(id)
	})
}

// TestAFollowerAsksNobodyWhatIsAgreed: a hub offers a channel on no agreement, on one
// that lacks a signature, and wider than agreed. Its partner's relay takes none.
func TestAFollowerAsksNobodyWhatIsAgreed(t *testing.T) {
	runWith(t, 1, func(b *border) { b.mx.Peers = append(b.mx.Peers, relay.Peer{Agency: b.us.Name}) }, func(t *testing.T, b *border) {
		hub := b.Rogue(b.us.Identity("relay/r1"), b.mx)
		parties := func() []*wire.Charter_Party {
			return []*wire.Charter_Party{relaytest.Party(b.us), relaytest.Party(b.mx)}
		}
		draft := proto.Agreement{
			Title: "Half", Parties: []proto.Agency{b.us.Name, b.mx.Name},
			Channels: []proto.AgreedChannel{relaytest.AgreedChannel("talk", proto.KindStanding, "Talk", []*relaytest.Agency{b.us}, parties()...)},
		}
		f := b.Signed(draft)
		half := f
		half.Signatures = f.Signatures[:1]
		give := func(octets []byte) *wire.Frame {
			return &wire.Frame{Body: &wire.Frame_Document{Document: &wire.Document{Kind: wire.Document_KIND_AGREEMENT, Signed: octets}}}
		}
		if why := hub.Refused(give(half.Encode())); why != proto.ReasonNoAgreement {
			t.Errorf("half signed: reason %d", why)
		}
		agree := f.Agreement.ID
		offers := map[string]*wire.Charter{
			"on an agreement that is not held": {Title: "Talk", Parties: parties(), Agreement: agree[:]},
		}
		offer := func(why string, c *wire.Charter) {
			c.Kind = wire.Charter_KIND_STANDING
			id := b.us.Charter(c)
			signed := b.us.Charters[len(b.us.Charters)-1]
			hub.Send(&wire.Frame{Body: &wire.Frame_ChannelOffer{ChannelOffer: &wire.ChannelOffer{Charter: signed, Created: true}}})
			time.Sleep(time.Second)
			if why != "" && knows(b.mx, id) {
				t.Errorf("%s: followed", why)
			} else if why == "" && !knows(b.mx, id) {
				t.Error("what is agreed is not followed")
			}
		}
		for why, c := range offers {
			offer(why, c)
		}
		if a := hub.Call(give(f.Encode())); a.GetDone() == nil {
			t.Fatalf("the agreement: %v", a)
		}
		wide := parties()
		wide[1].Send = append(wide[1].Send, "gateway")
		offer("wider than agreed", &wire.Charter{Title: "Talk", Parties: wide, Agreement: agree[:]})
		offer("another title", &wire.Charter{Title: "Other", Parties: parties(), Agreement: agree[:]})
		offer("", &wire.Charter{Title: "Talk", Parties: parties(), Agreement: agree[:]})
	})
}

// knows reports whether an agency's relay has a channel.
func knows(a *relaytest.Agency, id proto.ChannelID) bool {
	time.Sleep(2 * time.Second) // it tells its state once a second
	s := a.Node.State()
	for _, ch := range s.Hub.Channels {
		if ch.ID == id {
			return true
		}
	}
	return false
}

// TestAFollowerThatGoesOn: a partner's relay that pays no heed to its own agency's
// withdrawal is refused everything by the hub, and hears nothing more.
func TestAFollowerThatGoesOn(t *testing.T) {
	withAccord(t, time.Hour, directly, func(t *testing.T, a *accord) {
		a.border.mx.Stop()
		defer a.border.mx.Restart()
		rogue := a.Rogue(a.border.mx.Identity("relay/r1"), a.border.us) // stands for MX's relay
		ask := func() map[string]*wire.Frame {
			id, name := proto.NewMessageID(), a.guard.Name().String()
			text := &wire.Frame{Endpoint: name, Hops: 1, Body: &wire.Frame_Text{Text: &wire.Text{Channel: a.talk[:], Id: id[:], Epoch: 1, Sealed: []byte("x"), Number: 9, Commitment: make([]byte, proto.CommitmentLen)}}}
			return map[string]*wire.Frame{
				"it subscribes":             {Body: &wire.Frame_Subscribe{Subscribe: &wire.Subscribe{Channel: a.talk[:], Alias: 5}}},
				"it asks for the log":       {Body: &wire.Frame_FetchLog{FetchLog: &wire.FetchLog{Channel: a.talk[:]}}},
				"it asks for the group":     {Body: &wire.Frame_FetchGroupInfo{FetchGroupInfo: &wire.FetchGroupInfo{Channel: a.talk[:]}}},
				"its unit writes":           text,
				"its unit asks for members": {Endpoint: name, Hops: 1, Body: &wire.Frame_FetchGroupInfo{FetchGroupInfo: &wire.FetchGroupInfo{Channel: a.talk[:]}}},
			}
		}
		if f := rogue.Call(ask()["it subscribes"]); f.GetSubscribed() == nil {
			t.Fatalf("before the end: %v", f)
		}
		ends := time.Now().Add(70 * time.Second).Truncate(time.Millisecond)
		a.border.us.Withdraw(a.agreed, ends)
		time.Sleep(time.Until(ends) + time.Second)
		for why, f := range ask() {
			if got := rogue.Refused(f); got != proto.ReasonWithdrawn {
				t.Errorf("%s: reason %d, want %d", why, got, proto.ReasonWithdrawn)
			}
		}
		again := a.Rogue(a.border.mx.Identity("relay/r1"), a.border.us)
		time.Sleep(2 * time.Second)
		for _, f := range again.Frames() {
			if o := f.GetChannelOffer(); o != nil && slices.Equal(o.Charter, a.border.us.Charters[len(a.border.us.Charters)-1]) {
				t.Error("the channel is offered after its end")
			}
		}
	})
}
