package relaytest_test

import (
	"bytes"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	pb "google.golang.org/protobuf/proto"

	"crossband/client"
	"crossband/crypto/identity"
	"crossband/crypto/mls"
	"crossband/crypto/mls/tree"
	"crossband/proto"
	"crossband/proto/wire"
	"crossband/relay/relaytest"
)

// between runs fn with a hostile party between the US and MX relays: towards
// MX it is the US relay, the channels' hub; towards the US it is MX's relay.
func between(t *testing.T, fn func(*testing.T, *patrol, *relaytest.Middle)) {
	var m *relaytest.Middle
	runWith(t, 1, func(b *border) { m = b.Middle(b.mx, b.us) }, func(t *testing.T, b *border) {
		fn(t, newPatrol(t, b), m)
	})
}

// usable checks that honest members still have one channel, whatever has been
// done to them.
func usable(t *testing.T, p *patrol, after string) {
	t.Helper()
	time.Sleep(5 * time.Second)
	sameView(t, p.group, p.agent, p.guard)
	for _, s := range p.sides() {
		mark := s.partner.Watch.Mark()
		if _, err := s.ch.Text(minute(t), "after "+after); err != nil {
			t.Fatalf("after %s: %v", after, err)
		}
		relaytest.WaitAfter(t, s.partner.Watch, mark, "texts go on after "+after, func(x client.TextReceived) bool { return x.Text == "after "+after })
	}
	r := push(t, p.us, 10, client.TalkOptions{}).well()
	heard(t, p.guard, r, "voice goes on after "+after)
}

// alarmed waits for an alarm after the mark.
func alarmed(t *testing.T, e *relaytest.Endpoint, m relaytest.Mark, why string) client.Alarm {
	t.Helper()
	a, _ := relaytest.WaitAfter(t, e.Watch, m, why, func(client.Alarm) bool { return true })
	return a
}

// onEntries has the middle change log entries on their way to MX, live and
// fetched alike, until the returned function is called.
func onEntries(m *relaytest.Middle, mx *relaytest.Agency, change func([]*wire.Entry) []*wire.Entry) (stop func()) {
	m.Tamper(func(p relaytest.Passing) []*wire.Frame {
		if p.Toward != mx.Name || p.Frame.GetEntries() == nil {
			return []*wire.Frame{p.Frame}
		}
		f := pb.Clone(p.Frame).(*wire.Frame)
		f.GetEntries().Entries = change(f.GetEntries().Entries)
		return []*wire.Frame{f}
	})
	return func() { m.Tamper(nil) }
}

// each changes every entry by itself.
func each(change func(*wire.Entry)) func([]*wire.Entry) []*wire.Entry {
	return func(list []*wire.Entry) []*wire.Entry {
		for _, e := range list {
			change(e)
		}
		return list
	}
}

// ghost makes an external commit by which id would join p's group.
func ghost(t *testing.T, p *patrol, m *relaytest.Middle, id *identity.Identity) *wire.Commit {
	t.Helper()
	return externalCommit(t, p.group, seenBranch(t, m, p.group), id) // the one that the guard made when it joined
}

func externalCommit(t *testing.T, ch proto.ChannelID, br branch, id *identity.Identity) *wire.Commit {
	t.Helper()
	j, err := mls.JoinExternal(br.info, mls.Identity{Signer: id.Key, Credential: tree.X509(id.Chain...)}, mls.ExternalOptions{
		JoinOptions: mls.JoinOptions{Verifier: anybody{}, Now: time.Now(), Tree: br.tree},
	})
	if err != nil {
		t.Fatal(err)
	}
	mid := proto.NewMessageID()
	return &wire.Commit{Channel: ch[:], Id: mid[:], Epoch: uint64(j.Accepted().Epoch()) - 1, Message: j.Commit, GroupInfo: j.GroupInfo}
}

func TestHostileHubCannotShowGhosts(t *testing.T) {
	between(t, func(t *testing.T, p *patrol, m *relaytest.Middle) {
		noise := proto.NewMessageID()
		for why, id := range map[string]*identity.Identity{
			"a role that the charter does not let in": p.ca.Identity("unit/ghost"),
			"a relay, which holds no membership":      p.border.us.Identity("relay/ghost"),
			"an agency that nobody has heard of":      p.World.Agency("evil.example").Identity("desk/ghost"),
			"a commit that is noise":                  nil,
		} {
			epoch, _ := p.mx.Epoch()
			g := &wire.Commit{Channel: p.group[:], Id: noise[:], Epoch: epoch, Message: []byte("noise")}
			if id != nil {
				if g = ghost(t, p, m, id); g.Epoch != epoch {
					t.Fatalf("the ghost's commit is for epoch %d, the group is in %d: the test shows nothing", g.Epoch, epoch)
				}
			}
			mark := p.guard.Watch.Mark()
			// The next text's place in the log is given to the ghost.
			stop := onEntries(m, p.border.mx, each(func(e *wire.Entry) { e.Item = &wire.Entry_Commit{Commit: g} }))
			if _, err := p.us.Text(minute(t), "in whose place the ghost comes"); err != nil {
				t.Fatal(err)
			}
			alarmed(t, p.guard, mark, "a member tells its user: "+why)
			stop()
			usable(t, p, why)
			for _, e := range []*relaytest.Endpoint{p.guard, p.agent} {
				for _, c := range relaytest.Find[client.MembersChanged](e.Watch) {
					for _, n := range c.Added {
						if n.Label == "ghost" {
							t.Errorf("%s: %s was shown %s", why, e.Name(), n)
						}
					}
				}
			}
		}
	})
}

func TestHostileHubCannotForgeOrDouble(t *testing.T) {
	between(t, func(t *testing.T, p *patrol, m *relaytest.Middle) {
		other := proto.NewMessageID()
		var last *wire.Entry
		for why, change := range map[string]func(*wire.Entry){
			"another message's identifier":         func(e *wire.Entry) { e.GetText().Id = other[:] },
			"another epoch on the envelope":        func(e *wire.Entry) { e.GetText().Epoch-- },
			"a bit turned in what is sealed":       func(e *wire.Entry) { s := e.GetText().Sealed; s[len(s)-1] ^= 1 },
			"an entry of a kind that nobody knows": func(e *wire.Entry) { e.Item = nil },
		} {
			mark := p.guard.Watch.Mark()
			stop := onEntries(m, p.border.mx, each(func(e *wire.Entry) {
				last = pb.Clone(e).(*wire.Entry)
				change(e)
			}))
			if _, err := p.us.Text(minute(t), why); err != nil {
				t.Fatal(err)
			}
			alarmed(t, p.guard, mark, "a member tells its user: "+why)
			stop()
			if slices.Contains(texts(p.guard, p.group), why) {
				t.Errorf("%s: the text was shown all the same", why)
			}
			usable(t, p, why)
		}
		if last == nil {
			t.Fatal("nothing was changed")
		}

		// The same text under the same number, and under new ones.
		if _, err := p.us.Text(minute(t), "said once"); err != nil {
			t.Fatal(err)
		}
		relaytest.Wait(t, p.guard.Watch, "it arrives", func(x client.TextReceived) bool { return x.Text == "said once" })
		var entry *wire.Entry
		for _, s := range m.Seen() {
			for _, e := range s.Frame.GetEntries().GetEntries() {
				if e.GetText() != nil && s.Toward == p.border.mx.Name {
					entry = e
				}
			}
		}
		for range 3 {
			m.Say(p.border.mx, &wire.Frame{Body: &wire.Frame_Entries{Entries: &wire.Entries{Channel: p.group[:], Entries: []*wire.Entry{entry}, Head: entry.Seq}}})
		}
		mark := p.guard.Watch.Mark()
		stop := onEntries(m, p.border.mx, each(func(e *wire.Entry) { e.Item = entry.Item }))
		if _, err := p.us.Text(minute(t), "in whose place it comes again"); err != nil {
			t.Fatal(err)
		}
		alarmed(t, p.guard, mark, "a member tells its user of a text that comes again")
		stop()
		usable(t, p, "texts said again")
		if n := len(slices.DeleteFunc(texts(p.guard, p.group), func(s string) bool { return s != "said once" })); n != 1 {
			t.Errorf("a text said once was shown %d times", n)
		}
	})
}

// A hub changes the envelope of a text: nobody can read it, and whoever said it is
// told that it has failed.
func TestHostileHubThatSpoilsATextIsToldToItsSender(t *testing.T) {
	between(t, func(t *testing.T, p *patrol, m *relaytest.Middle) {
		stop := onEntries(m, p.border.mx, each(func(e *wire.Entry) {
			if x := e.GetText(); x != nil {
				x.Number += 7
			}
		}))
		mark := p.guard.Watch.Mark()
		id, err := p.mx.Text(minute(t), "spoilt")
		if err != nil && proto.ReasonOf(err) != proto.ReasonMalformed {
			t.Errorf("told %v, want success so far or reason %d", err, proto.ReasonMalformed)
		}
		moved, _ := relaytest.WaitAfter(t, p.guard.Watch, mark, "the sender is told", func(x client.MessageMoved) bool { return x.ID == id && x.State == client.MessageFailed })
		if moved.Why == nil || moved.Why.Reason != proto.ReasonMalformed {
			t.Errorf("it failed for %v, want reason %d", moved.Why, proto.ReasonMalformed)
		}
		alarmed(t, p.guard, mark, "a member tells its user")
		stop()
		if n := len(p.mx.Outbox()); n > 0 {
			t.Errorf("%d messages wait", n)
		}
		usable(t, p, "a spoilt text")
	})
}

// A hub refuses a text as sealed too late, has it sealed anew, and puts both seals
// into the log, one after the other or with a restart of the reader between them.
func TestHostileHubCannotShowOneTextUnderTwoSeals(t *testing.T) {
	between(t, func(t *testing.T, p *patrol, m *relaytest.Middle) {
		sender := p.border.mx.Endpoint("unit/gn-8")
		ch := sender.MustJoin(p.group)
		id, state := p.border.mx.Identity("unit/gn-9"), client.NewMemoryState()
		reader := p.border.mx.EndpointWith(id, state)
		reader.MustJoin(p.group)
		time.Sleep(2 * time.Second)
		s := split(p.border, m, p.group, false)
		var seals []*wire.Text
		m.Tamper(func(x relaytest.Passing) []*wire.Frame {
			b := x.Frame.GetText()
			if b == nil || x.Toward != p.border.us.Name {
				return s.pass(x)
			}
			if seals = append(seals, b); len(seals) == 1 {
				s.answer(&wire.Frame{Re: x.Frame.Id, Body: &wire.Frame_Refused{Refused: &wire.Refused{Code: uint32(proto.ReasonStaleEpoch)}}})
				return nil
			}
			s.log(seals[0])
			s.answer(
				&wire.Frame{Re: x.Frame.Id, Body: &wire.Frame_Appended{Appended: &wire.Appended{Channel: b.Channel, Id: b.Id, Seq: s.head + 1}}},
				&wire.Frame{Body: &wire.Frame_Entries{Entries: s.entries(s.head)}})
			return nil
		})
		ok(t, second(ch.Text(minute(t), "once")))
		time.Sleep(2 * time.Second)
		reader.Close()
		m.Tamper(nil)
		if len(seals) != 2 || bytes.Equal(seals[0].Sealed, seals[1].Sealed) {
			t.Fatalf("%d seals: the test shows nothing", len(seals))
		}
		s.log(seals[1])
		both := s.entries(s.head)
		m.Tamper(s.pass)
		m.Say(p.border.mx, &wire.Frame{Body: &wire.Frame_Entries{Entries: both}})
		time.Sleep(time.Second)
		again := p.border.mx.EndpointWith(id, state)
		time.Sleep(time.Second)
		if got := texts(p.guard, p.group); len(got) != 1 {
			t.Errorf("the guard was shown %q, want one text", got)
		}
		if got := append(texts(reader, p.group), texts(again, p.group)...); len(got) != 1 {
			t.Errorf("the reader was shown %q, want one text", got)
		}
		for _, e := range []*relaytest.Endpoint{p.guard, again} {
			a := relaytest.Wait(t, e.Watch, "it tells its user", func(a client.Alarm) bool { return a.Channel == p.group })
			if a.Why.Reason != proto.ReasonConflict {
				t.Errorf("%s: alarmed for %v, want reason %d", e.Name().Short(), a.Why, proto.ReasonConflict)
			}
		}
	})
}

func TestHostileHubCannotReorderOrLeaveOut(t *testing.T) {
	between(t, func(t *testing.T, p *patrol, m *relaytest.Middle) {
		// Live entries in the wrong order: the gap is filled by fetching.
		var held *wire.Frame
		m.Tamper(func(x relaytest.Passing) []*wire.Frame {
			switch {
			case x.Toward != p.border.mx.Name || x.Frame.GetEntries() == nil || x.Frame.Re != 0:
				return []*wire.Frame{x.Frame}
			case held == nil:
				held = x.Frame
				return nil
			}
			out := []*wire.Frame{x.Frame, held}
			held = nil
			return out
		})
		for _, text := range []string{"one", "two", "three", "four"} {
			if _, err := p.us.Text(minute(t), text); err != nil {
				t.Fatal(err)
			}
		}
		relaytest.Wait(t, p.guard.Watch, "all arrive", func(x client.TextReceived) bool { return x.Text == "four" })
		if got := texts(p.guard, p.group); !slices.Equal(got, []string{"one", "two", "three", "four"}) {
			t.Errorf("shown %q: the log's order was not kept", got)
		}
		m.Tamper(nil)

		// One entry is left out, live and when it is asked for.
		mark := p.guard.Watch.Mark()
		seq := uint64(0)
		stop := onEntries(m, p.border.mx, func(list []*wire.Entry) []*wire.Entry {
			return slices.DeleteFunc(list, func(e *wire.Entry) bool {
				if seq == 0 && e.GetText() != nil {
					seq = e.Seq
				}
				return e.Seq == seq
			})
		})
		for _, text := range []string{"left out", "and what comes after"} {
			if _, err := p.us.Text(minute(t), text); err != nil {
				t.Fatal(err)
			}
		}
		a := alarmed(t, p.guard, mark, "a member tells its user that its relay leaves something out")
		if a.Why.Reason != proto.ReasonViewsDiffer && a.Why.Reason != proto.ReasonMalformed {
			t.Errorf("alarmed for %v", a.Why)
		}
		time.Sleep(3 * time.Second)
		if got := texts(p.guard, p.group); slices.Contains(got, "and what comes after") {
			t.Errorf("shown %q, as if nothing were missing", got)
		}
		if n := len(relaytest.Find[client.Alarm](p.guard.Watch)); n > 2 {
			t.Errorf("%d alarms for one gap", n)
		}
		stop()
		usable(t, p, "an entry left out")
		got := texts(p.guard, p.group)
		if i := slices.Index(got, "left out"); i < 0 || got[i+1] != "and what comes after" {
			t.Errorf("shown %q: what was left out should have been fetched, in its place", got)
		}
	})
}

func TestHostileHubCannotForgeHails(t *testing.T) {
	var m *relaytest.Middle
	runWith(t, 1, func(b *border) { m = b.Middle(b.mx, b.us) }, func(t *testing.T, b *border) {
		d := newDesks(t, b)
		other := proto.Name{Agency: b.mx.Name, Role: proto.RoleDesk, Label: "elsewhere"}
		for why, change := range map[string]func(*wire.Hail){
			"another desk is addressed":  func(h *wire.Hail) { h.To = other.String() },
			"another caller is named":    func(h *wire.Hail) { h.From = b.us.Identity("desk/other").Name.String() },
			"it is called an exercise":   func(h *wire.Hail) { h.Exercise = true },
			"its urgency is played down": func(h *wire.Hail) { h.Urgency = uint32(proto.PriorityRoutine) },
		} {
			mark := d.guard.Watch.Mark()
			stop := onEntries(m, b.mx, each(func(e *wire.Entry) {
				if h := e.GetHail(); h != nil {
					change(h)
				}
			}))
			h, err := d.us.Hail(minute(t), d.guard.Name(), phraseOf(t, "shots-fired"), client.HailOptions{Urgency: proto.PriorityEmergency})
			if err != nil {
				t.Fatal(err)
			}
			alarmed(t, d.guard, mark, "a hail of which "+why+" is shown as an alarm")
			stop()
			if d.guard.FindHail(h.ID()) != nil {
				t.Errorf("a hail of which %s rang as if it were genuine", why)
			}
		}

		// Replies: those of others, and our own as the log gives them back.
		for why, c := range map[string]struct {
			state  proto.HailState
			by     func(mine, theirs *client.Hail) *client.Hail
			spoilt bool // and who said it may be told at once
		}{
			"the caller's cancelling becomes another state": {proto.HailCancelled, func(mine, _ *client.Hail) *client.Hail { return mine }, false},
			"our own declining becomes another state":       {proto.HailDeclined, func(_, theirs *client.Hail) *client.Hail { return theirs }, true},
		} {
			mine, theirs := ring(t, d.us, d.guard, client.HailOptions{})
			stands(t, proto.HailReceived, mine, theirs)
			mark := d.guard.Watch.Mark()
			stop := onEntries(m, b.mx, each(func(e *wire.Entry) {
				if r := e.GetHailReply(); r != nil {
					r.State = uint32(proto.HailAccepted)
				}
			}))
			err := c.by(mine, theirs).Reply(minute(t), c.state, 0, nil)
			if err != nil && !(c.spoilt && proto.ReasonOf(err) == proto.ReasonMalformed) {
				t.Errorf("%s: who replied was told %v", why, err)
			}
			alarmed(t, d.guard, mark, why)
			stop()
			if s, _ := theirs.State(); s == proto.HailAccepted {
				t.Errorf("%s: the forged state is shown", why)
			}
		}

		// Only a call that nobody took can expire, and only the hub says so.
		mine, theirs := ring(t, d.us, d.guard, client.HailOptions{})
		reply(t, theirs, proto.HailAccepted, 0)
		stands(t, proto.HailAccepted, mine, theirs)
		mark := d.guard.Watch.Mark()
		hid, id := mine.ID(), proto.NewMessageID()
		stop := onEntries(m, b.mx, each(func(e *wire.Entry) {
			epoch, _ := d.mx.Epoch()
			e.Item = &wire.Entry_HailReply{HailReply: &wire.HailReply{
				Channel: b.calling[:], Id: id[:], Epoch: epoch, Hail: hid[:], From: b.us.Node.Name().String(), State: uint32(proto.HailExpired),
			}}
		}))
		if _, err := d.us.Text(minute(t), "in whose place the expiry comes"); err != nil {
			t.Fatal(err)
		}
		alarmed(t, d.guard, mark, "a call that was accepted does not expire")
		stop()
		if s, _ := theirs.State(); s != proto.HailAccepted {
			t.Errorf("the hail stands at %s after a false expiry, want Accepted", s)
		}
		sameView(t, b.calling, d.agent, d.guard)
	})
}

func TestHostileHubCannotLureAJoinerOrHoldBackARemoval(t *testing.T) {
	between(t, func(t *testing.T, p *patrol, m *relaytest.Middle) {
		// A joiner gets the group information of something else.
		desk := p.border.us.Endpoint("desk/del-rio")
		desk.MustJoin(p.calling)
		rookie := p.border.mx.Endpoint("unit/rookie")
		old := seenBranch(t, m, p.group)
		rookie.MustJoin(p.calling)
		foreign := seenBranch(t, m, p.calling)
		m.Tamper(withhold)
		if err := p.us.Refresh(minute(t)); err != nil { // makes old old
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		for why, lie := range map[string]func(*wire.GroupInfo){
			"of another channel":                 foreign.into,
			"of an epoch that is over":           old.into,
			"that is noise":                      branch{[]byte("noise"), old.tree}.into,
			"with the tree of an old epoch":      func(g *wire.GroupInfo) { g.RatchetTree = old.tree },
			"with another channel's tree":        func(g *wire.GroupInfo) { g.RatchetTree = foreign.tree },
			"without a tree":                     func(g *wire.GroupInfo) { g.RatchetTree = nil },
			"with a member left out of the tree": func(g *wire.GroupInfo) { g.RatchetTree = withoutFirst(t, g.RatchetTree) },
		} {
			m.Tamper(func(x relaytest.Passing) []*wire.Frame {
				f := pb.Clone(x.Frame).(*wire.Frame)
				if g := f.GetGroupInfo(); g != nil {
					lie(g)
				}
				return []*wire.Frame{f}
			})
			if _, err := rookie.Session.Join(minute(t), p.group); err == nil {
				t.Errorf("joined by group information %s", why)
			}
			if _, auth := rookie.Channel(p.group).Epoch(); auth != nil {
				t.Errorf("a member by group information %s", why)
			}
			m.Tamper(nil)
		}
		rookie.MustJoin(p.group)
		usable(t, p, "false group information")

		// The answer to a removal is held back: the remover is not told that it
		// has succeeded, and is told in time that it is not confirmed.
		m.Tamper(func(x relaytest.Passing) []*wire.Frame {
			if x.Frame.GetCommit() != nil && x.Toward == p.border.us.Name {
				return nil
			}
			return []*wire.Frame{x.Frame}
		})
		start := time.Now()
		err := p.mx.Remove(minute(t), rookie.Name())
		if proto.ReasonOf(err) != proto.ReasonHubAway {
			t.Errorf("a removal that was held back: %v, want reason %d: not confirmed", err, proto.ReasonHubAway)
		}
		if d := time.Since(start); d > proto.AnswerTimeout+time.Second {
			t.Errorf("the remover was told after %v, want %v", d, proto.AnswerTimeout)
		}
		m.Tamper(nil)
		if err := p.mx.Remove(minute(t), rookie.Name()); err != nil {
			t.Errorf("the removal again: %v", err)
		}
		relaytest.Wait(t, rookie.Watch, "the removed member is told", func(l client.Left) bool { return l.Channel == p.group })
		usable(t, p, "a removal held back")
	})
}

func TestHostileRelayCannotReplayVoiceOrShowAGhostTalking(t *testing.T) {
	between(t, func(t *testing.T, p *patrol, m *relaytest.Middle) {
		var mu sync.Mutex // guards what follows
		var frames [][]byte
		var alias proto.Alias
		m.TamperVoice(func(toward proto.Agency, a proto.Alias, f []byte) [][]byte {
			mu.Lock()
			defer mu.Unlock()
			if toward == p.border.mx.Name {
				frames, alias = append(frames, f), a
			}
			return [][]byte{f, f, f} // each frame three times
		})
		r := push(t, p.us, 30, client.TalkOptions{}).well()
		if h := heard(t, p.guard, r, "a burst of which each frame comes three times"); h.Frames != r.Sent || !h.Genuine {
			t.Errorf("heard %+v of %d frames", h, r.Sent)
		}
		m.TamperVoice(nil)
		played := len(p.guard.Ear.Played(proto.BurstID{}))
		before := p.guard.VoiceStats()
		mu.Lock()
		for _, f := range frames {
			m.SayVoice(p.border.mx, alias, f)
		}
		sent := uint64(len(frames))
		mu.Unlock()
		time.Sleep(2 * time.Second)
		after := p.guard.VoiceStats()
		if n := len(p.guard.Ear.Played(proto.BurstID{})); n != played {
			t.Errorf("%d frames of an old burst were played again", n-played)
		}
		if n := after.Duplicates - before.Duplicates; n < sent*9/10 {
			t.Errorf("%d of %d frames were counted as repeated", n, sent)
		}

		// Somebody who is no member cannot be shown as the talker.
		burst := proto.NewBurstID()
		for _, who := range []string{"spiffe://usbp.example/unit/ghost", "spiffe://evil.example/desk/ghost", "\x1b[31mghost"} {
			mark := p.guard.Watch.Mark()
			m.Say(p.border.mx, &wire.Frame{Body: &wire.Frame_FloorTaken{FloorTaken: &wire.FloorTaken{Channel: p.group[:], Burst: burst[:], Holder: who, Leaf: 9, Priority: 1}}})
			time.Sleep(time.Second)
			for _, e := range p.guard.Watch.After(mark) {
				if f, ok := e.(client.FloorChanged); ok && (strings.Contains(f.Holder.String(), "ghost") || f.Burst == burst && f.Holder != proto.Name{}) {
					t.Errorf("%q was shown as the talker", f.Holder)
				}
			}
		}
		m.Say(p.border.mx, &wire.Frame{Body: &wire.Frame_FloorIdle{FloorIdle: &wire.FloorIdle{Channel: p.group[:]}}})
		usable(t, p, "replayed voice and ghosts on the floor")
	})
}

// The relay of a partner agency, with its real certificate, says to the hub
// what it must not.
func TestHostileFollowerIsRefusedWithTheReason(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBorder(t, 1, directly)
		b.Start(b.us, b.mx)
		defer b.Close(b.us, b.mx)
		p := newPatrol(t, b)
		rogue := b.Rogue(b.ca.Identity("relay/r1"), b.us)
		desk := b.ca.Identity("desk/windsor")
		agent := p.agent.Name().String()
		epoch, _ := p.us.Epoch()
		mid, hid := proto.NewMessageID(), proto.NewMessageID()
		text := func(ch proto.ChannelID) *wire.Frame {
			return &wire.Frame{Body: &wire.Frame_Text{Text: &wire.Text{Channel: ch[:], Id: mid[:], Epoch: epoch, Sealed: []byte("sealed"), Commitment: make([]byte, proto.CommitmentLen)}}}
		}
		by := func(who string, hops uint32, f *wire.Frame) *wire.Frame {
			f.Endpoint, f.Hops = who, hops
			return f
		}
		info := rogue.Call(by(desk.Name.String(), 1, &wire.Frame{Body: &wire.Frame_FetchGroupInfo{FetchGroupInfo: &wire.FetchGroupInfo{Channel: b.group[:]}}})).GetGroupInfo()
		commit := func(as string, id *identity.Identity) *wire.Frame {
			return by(as, 1, &wire.Frame{Body: &wire.Frame_Commit{Commit: externalCommit(t, b.group, branch{info.GetGroupInfo(), info.GetRatchetTree()}, id)}})
		}
		noise := &wire.Commit{Channel: b.group[:], Id: hid[:], Epoch: epoch, Message: []byte("noise"), GroupInfo: []byte("noise")}
		for _, c := range []struct {
			why  string
			f    *wire.Frame
			want proto.Reason
		}{
			{"it speaks for another agency's unit", by(agent, 1, text(b.group)), proto.ReasonSpokenFor},
			{"it speaks for itself where an endpoint must", by(b.ca.Identity("relay/r1").Name.String(), 1, text(b.group)), proto.ReasonSpokenFor},
			{"it names nobody", by("ghost", 1, text(b.group)), proto.ReasonMalformed},
			{"its frame has passed too many relays", by(desk.Name.String(), proto.MaxHops+1, text(b.group)), proto.ReasonHops},
			{"its agency is not on the channel", by(desk.Name.String(), 1, text(b.calling)), proto.ReasonNoChannel},
			{"its desk may only listen", by(desk.Name.String(), 1, text(b.group)), proto.ReasonListenOnly},
			{"it feeds entries into the hub's own channel", &wire.Frame{Body: &wire.Frame_Entries{Entries: &wire.Entries{Channel: b.group[:], Head: 99}}}, proto.ReasonNoChannel},
			{"it offers a channel of another agency", &wire.Frame{Body: &wire.Frame_ChannelOffer{ChannelOffer: &wire.ChannelOffer{Charter: b.us.Charters[0], Created: true}}}, proto.ReasonCharter},
			{"its commit is noise", by(desk.Name.String(), 1, &wire.Frame{Body: &wire.Frame_Commit{Commit: noise}}), proto.ReasonBadCommit},
			{"a desk sends another desk's join", commit(desk.Name.String(), b.ca.Identity("desk/ghost")), proto.ReasonSpokenFor},
			{"a role that the charter does not let in joins", commit(desk.Name.String(), b.ca.Identity("unit/ghost")), proto.ReasonCharter},
			{"it asks after endpoints of others", &wire.Frame{Body: &wire.Frame_FetchKeyPackage{FetchKeyPackage: &wire.FetchKeyPackage{Name: agent, Suite: 2, Channel: b.calling[:]}}}, proto.ReasonNoPackage},
		} {
			if why := rogue.Refused(c.f); why != c.want {
				t.Errorf("%s: reason %d, want %d", c.why, why, c.want)
			}
		}
		burst := proto.NewBurstID()
		rogue.Send(by(agent, 1, &wire.Frame{Body: &wire.Frame_FloorRequest{FloorRequest: &wire.FloorRequest{Channel: b.group[:], Burst: burst[:], Priority: uint32(proto.PriorityEmergency)}}}))
		time.Sleep(time.Second)
		for _, f := range relaytest.Find[client.FloorChanged](p.guard.Watch) {
			if f.Holder != (proto.Name{}) {
				t.Errorf("a floor was granted to a voice that was borrowed: %+v", f)
			}
		}
		usable(t, p, "a hostile partner")
		if now, _ := p.us.Epoch(); now != epoch {
			t.Errorf("epoch %d, before the hostile partner it was %d", now, epoch)
		}
	})
}

// TestHostileHubCannotLeadAMemberBack: a hub that spoils a commit for one
// member and then offers it the group as it was before somebody was removed
// must not get that member to speak where the removed one still listens.
func TestHostileHubCannotLeadAMemberBack(t *testing.T) {
	between(t, func(t *testing.T, p *patrol, m *relaytest.Middle) {
		old := seenBranch(t, m, p.group) // of an epoch that the guard leaves behind
		if err := p.us.Refresh(minute(t)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		sameView(t, p.group, p.agent, p.guard)
		left, _ := p.mx.Epoch()

		m.Tamper(func(x relaytest.Passing) []*wire.Frame {
			f := pb.Clone(x.Frame).(*wire.Frame)
			if e := f.GetEntries(); e != nil && x.Toward == p.border.mx.Name {
				for _, entry := range e.Entries {
					if c := entry.GetCommit(); c != nil {
						c.Message[len(c.Message)-1] ^= 1
						c.GroupInfo = nil // or the guard's relay lets it back in by itself
					}
				}
			}
			if g := f.GetGroupInfo(); g != nil {
				old.into(g)
			}
			if c := f.GetCommit(); c != nil && x.Toward == p.border.us.Name { // on the old branch the hub takes it
				go m.Say(p.border.mx, &wire.Frame{Re: f.Id, Body: &wire.Frame_Appended{Appended: &wire.Appended{Channel: c.Channel, Id: c.Id, Seq: 1}}})
				return nil
			}
			return []*wire.Frame{f}
		})
		mark := p.guard.Watch.Mark()
		if err := p.us.Refresh(minute(t)); err != nil {
			t.Fatal(err)
		}
		alarmed(t, p.guard, mark, "the spoilt commit is shown")
		time.Sleep(5 * time.Second)
		if epoch, auth := p.mx.Epoch(); auth != nil && epoch <= left {
			t.Errorf("the guard is in epoch %d of the old branch; it had been in %d", epoch, left)
		}
		m.Tamper(nil)
		time.Sleep(time.Minute)
		usable(t, p, "the old branch was offered")
	})
}
