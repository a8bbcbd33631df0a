package relaytest_test

import (
	"bytes"
	"crypto/sha256"
	"slices"
	"testing"
	"time"

	pb "google.golang.org/protobuf/proto"

	"crossband/client"
	"crossband/client/phrase"
	"crossband/client/voice"
	"crossband/crypto/mls"
	"crossband/crypto/mls/tree"
	"crossband/crypto/sframe"
	"crossband/proto"
	"crossband/proto/wire"
	"crossband/relay/relaytest"
)

// withObserver runs fn on a border with a channel of US and MX that CA observes for so long.
func withObserver(t *testing.T, lasts time.Duration, link func(*border), fn func(*testing.T, *accord, time.Time)) {
	a := &accord{}
	var until time.Time
	runWith(t, 1, func(b *border) {
		link(b)
		until = time.Now().Add(lasts).UTC()
		parties := []*wire.Charter_Party{relaytest.Party(b.us), relaytest.Party(b.mx)}
		a.agreed = b.Agree(proto.Agreement{
			Title: "Observed", Parties: []proto.Agency{b.us.Name, b.mx.Name},
			Channels:  []proto.AgreedChannel{relaytest.AgreedChannel("talk", proto.KindStanding, "Talk", []*relaytest.Agency{b.us}, parties...)},
			Observers: []proto.AgreedObserver{{Agency: b.ca.Name, Roles: []proto.Role{proto.RoleDesk}, Channels: []string{"talk"}, Until: until}},
		})
		watcher := relaytest.Observer(b.ca)
		watcher.ObserverUntilMs = until.UnixMilli()
		a.talk = b.us.Charter(&wire.Charter{Kind: wire.Charter_KIND_STANDING, Title: "Talk", Parties: append(parties, watcher), Agreement: a.agreed.ID[:]})
	}, func(t *testing.T, b *border) {
		a.border = b
		a.agent, a.guard = b.us.Endpoint("unit/del-rio-214"), b.mx.Endpoint("unit/gn-7")
		a.us, a.mx = a.agent.MustJoin(a.talk), a.guard.MustJoin(a.talk)
		time.Sleep(2 * time.Second)
		fn(t, a, until)
	})
}

// TestAnObserverHearsAndIsSeen: it hears and reads, everybody sees it, it sends
// nothing; and when its time is over it is out, at its relay, at the hub and in the
// group, while the others go on.
func TestAnObserverHearsAndIsSeen(t *testing.T) {
	withObserver(t, 3*time.Minute, directly, func(t *testing.T, a *accord, until time.Time) {
		o := a.ca.Endpoint("desk/observer")
		ch := o.MustJoin(a.talk)
		for _, e := range []*relaytest.Endpoint{a.agent, a.guard} {
			x := relaytest.Wait(t, e.Watch, "a member is told of the observer", func(x client.ObserverThere) bool { return x.Name == o.Name() })
			if !x.Until.Equal(until) {
				t.Errorf("%s is told that it observes until %v, want %v", e.Name(), x.Until, until)
			}
		}
		later := a.border.us.Endpoint("unit/later")
		later.MustJoin(a.talk)
		relaytest.Wait(t, later.Watch, "who comes later is told too", func(x client.ObserverThere) bool { return x.Name == o.Name() })
		r := push(t, a.us, 20, client.TalkOptions{}).well()
		heard(t, o, r, "the observer hears")
		if _, err := a.mx.Text(minute(t), "para todos"); err != nil {
			t.Fatal(err)
		}
		relaytest.Wait(t, o.Watch, "the observer reads", func(x client.TextReceived) bool { return x.Text == "para todos" })
		push(t, ch, 10, client.TalkOptions{Priority: proto.PriorityEmergency}).refused("it gets no floor", proto.ReasonListenOnly, proto.Name{})
		if _, err := ch.Text(minute(t), "x"); proto.ReasonOf(err) != proto.ReasonListenOnly {
			t.Errorf("its text: %v", err)
		}

		time.Sleep(time.Until(until.Add(-5 * time.Second)))
		p := push(t, a.us, 1000, client.TalkOptions{}).held() // over its end
		out := relaytest.Wait(t, o.Watch, "it is told that its time is over", func(x client.Left) bool { return x.Channel == a.talk })
		if out.Why.Reason != proto.ReasonClosed || time.Since(until).Abs() > time.Second {
			t.Errorf("it left at %v because of %v", time.Since(until), out.Why)
		}
		p.well()
		silent(t, o, until)
		relaytest.Wait(t, a.guard.Watch, "a member has removed it", func(x client.MembersChanged) bool { return slices.Contains(x.Removed, o.Name()) })
		if took := time.Since(until); took > 25*time.Second {
			t.Errorf("it was removed %v after its end", took)
		}
		sameView(t, a.talk, a.agent, a.guard)
		r = push(t, a.mx, 10, client.TalkOptions{}).well()
		heard(t, a.agent, r, "the others go on")
		if _, err := a.ca.Endpoint("desk/second").Join(minute(t), a.talk); err == nil {
			t.Error("another of the observer's desks comes in after its end")
		}
	})
}

// insider is a member whose keys are in the test's hands.
type insider struct {
	group *mls.Group
	name  proto.Name
}

// enter joins a group by the agency's own relay, as a real member does.
func enter(t *testing.T, b *border, a *relaytest.Agency, short string, ch proto.ChannelID) insider {
	t.Helper()
	id := a.Identity(short)
	r := b.Rogue(id, a)
	info := r.Call(&wire.Frame{Body: &wire.Frame_FetchGroupInfo{FetchGroupInfo: &wire.FetchGroupInfo{Channel: ch[:]}}}).GetGroupInfo()
	j, err := mls.JoinExternal(info.GetGroupInfo(), mls.Identity{Signer: id.Key, Credential: tree.X509(id.Chain...)}, mls.ExternalOptions{
		JoinOptions: mls.JoinOptions{Verifier: anybody{}, Now: time.Now(), Tree: info.GetRatchetTree()},
	})
	if err != nil {
		t.Fatal(err)
	}
	mid := proto.NewMessageID()
	answer := r.Call(&wire.Frame{Body: &wire.Frame_Commit{Commit: &wire.Commit{
		Channel: ch[:], Id: mid[:], Epoch: uint64(j.Accepted().Epoch()) - 1, Message: j.Commit, GroupInfo: j.GroupInfo,
	}}})
	if answer.GetAppended() == nil {
		t.Fatalf("%s does not get in: %v", short, answer)
	}
	return insider{j.Accepted(), id.Name}
}

// letterOf is what is sealed of a message, and the commitment to it.
func letterOf(t *testing.T, m *wire.Message) (letter, commitment []byte) {
	t.Helper()
	said, err := pb.Marshal(m)
	ok(t, err)
	salt := make([]byte, proto.CommitmentLen)
	sum := sha256.Sum256(append(bytes.Clone(salt), said...))
	letter, err = pb.Marshal(&wire.Letter{Salt: salt, Message: said})
	ok(t, err)
	return letter, sum[:]
}

// text seals a text as any member could.
func (i insider) text(t *testing.T, ch proto.ChannelID, words string) *wire.Text {
	t.Helper()
	id := proto.NewMessageID()
	letter, commitment := letterOf(t, &wire.Message{Body: &wire.Message_Text{Text: words}})
	b := &wire.Text{Channel: ch[:], Id: id[:], Number: 1, Commitment: commitment}
	aad, err := pb.MarshalOptions{Deterministic: true}.Marshal(b)
	if err != nil {
		t.Fatal(err)
	}
	b.Epoch = uint64(i.group.Epoch())
	if b.Sealed, err = i.group.Encrypt(letter, aad); err != nil {
		t.Fatal(err)
	}
	return b
}

// voice seals n frames of tone as any member could.
func (i insider) voice(t *testing.T, n int) (frames [][]byte) {
	t.Helper()
	suite := sframe.SuiteAES128GCM
	base, err := i.group.Export(sframe.BaseKeyLabel, nil, suite.BaseKeyLen())
	if err != nil {
		t.Fatal(err)
	}
	sender, err := sframe.NewSender(sframe.SenderConfig{Suite: suite, BaseKey: base, Epoch: uint64(i.group.Epoch()), Leaf: uint32(i.group.OwnLeaf()), Context: 1})
	if err != nil {
		t.Fatal(err)
	}
	talker, clock := voice.NewTalker(voice.BurstID(proto.NewBurstID()), voice.CodecPCMU), voice.NewTalkClock(1)
	clock.Burst(time.Now(), 0)
	for k := range n {
		f, err := talker.Next(beep(), k == n-1, clock.Stamp(time.Now()))
		if err != nil {
			t.Fatal(err)
		}
		plain, err := f.AppendTo(nil)
		if err != nil {
			t.Fatal(err)
		}
		sealed, err := sender.Seal(nil, nil, plain)
		if err != nil {
			t.Fatal(err)
		}
		frames = append(frames, sealed)
	}
	return frames
}

// TestMembersRefuseWhatAnObserverSends: a hostile hub hands its text and its voice on
// as if it might send. Members open them, see whose they are, and show and play
// nothing. The same of one who may send is shown and played: the test reaches them.
func TestMembersRefuseWhatAnObserverSends(t *testing.T) {
	var m *relaytest.Middle
	withObserver(t, time.Hour, func(b *border) { m = b.Middle(b.mx, b.us) }, func(t *testing.T, a *accord, _ time.Time) {
		for _, c := range []struct {
			of    *relaytest.Agency
			short string
			may   bool
		}{{a.ca, "desk/observer", false}, {a.border.us, "desk/insider", true}} {
			i := enter(t, a.border, c.of, c.short, a.talk)
			time.Sleep(2 * time.Second)
			mark, said := a.guard.Watch.Mark(), "said by "+c.short
			text := i.text(t, a.talk, said)
			stop := onEntries(m, a.border.mx, each(func(e *wire.Entry) { e.Item = &wire.Entry_Text{Text: text} }))
			if _, err := a.us.Text(minute(t), "in whose place it comes"); err != nil {
				t.Fatal(err)
			}
			if c.may {
				relaytest.WaitAfter(t, a.guard.Watch, mark, "a sender's text is shown", func(x client.TextReceived) bool { return x.Text == said })
			} else if why := alarmed(t, a.guard, mark, "its user is told"); why.Why.Reason != proto.ReasonListenOnly {
				t.Errorf("alarm %v", why.Why)
			}
			stop()
			if slices.Contains(texts(a.guard, a.talk), said) != c.may {
				t.Errorf("%s: shown is %v", c.short, !c.may)
			}

			before, played := a.guard.VoiceStats(), len(a.guard.Ear.Played(proto.BurstID{}))
			for _, f := range i.voice(t, 25) {
				m.SayVoice(a.border.mx, hubAlias(t, m, a), f)
				time.Sleep(proto.VoiceFrame)
			}
			time.Sleep(2 * time.Second)
			after := a.guard.VoiceStats()
			if rejected := after.Rejected - before.Rejected; (rejected >= 25) == c.may {
				t.Errorf("%s: %d of 25 frames rejected", c.short, rejected)
			}
			if n := len(a.guard.Ear.Played(proto.BurstID{})) - played; (n > 0) != c.may {
				t.Errorf("%s: %d frames played", c.short, n)
			}
		}
		usableBy(t, a)
	})
}

// hubAlias is the number under which MX's relay takes the hub's voice.
func hubAlias(t *testing.T, m *relaytest.Middle, a *accord) proto.Alias {
	t.Helper()
	for _, p := range m.Seen() {
		if s := p.Frame.GetSubscribe(); s != nil && p.Toward == a.border.us.Name && string(s.Channel) == string(a.talk[:]) {
			return proto.Alias(s.Alias)
		}
	}
	t.Fatal("MX's relay has not subscribed")
	return 0
}

// usableBy checks that the honest members still talk and read.
func usableBy(t *testing.T, a *accord) {
	t.Helper()
	time.Sleep(2 * time.Second)
	mark := a.guard.Watch.Mark()
	if _, err := a.us.Text(minute(t), "afterwards"); err != nil {
		t.Fatal(err)
	}
	relaytest.WaitAfter(t, a.guard.Watch, mark, "texts go on", func(x client.TextReceived) bool { return x.Text == "afterwards" })
	r := push(t, a.us, 10, client.TalkOptions{}).well()
	heard(t, a.guard, r, "voice goes on")
}

// hail seals a call for help as any member could.
func (i insider) hail(t *testing.T, ch proto.ChannelID, to proto.Name, number uint64) *wire.Hail {
	t.Helper()
	id, incident := proto.NewMessageID(), proto.NewIncidentID()
	content, err := shotsFired(t).AppendTo(nil)
	if err != nil {
		t.Fatal(err)
	}
	letter, commitment := letterOf(t, &wire.Message{Body: &wire.Message_Phrase{Phrase: content}})
	b := &wire.Hail{
		Commitment: commitment,
		Channel:    ch[:], Id: id[:], Incident: incident[:], From: i.name.String(), To: to.String(), Urgency: uint32(proto.PriorityUrgent),
		ExpiresMs: time.Now().Add(time.Minute).UnixMilli(), Number: number,
	}
	aad, err := pb.MarshalOptions{Deterministic: true}.Marshal(b)
	if err != nil {
		t.Fatal(err)
	}
	b.Epoch = uint64(i.group.Epoch())
	if b.Sealed, err = i.group.Encrypt(letter, aad); err != nil {
		t.Fatal(err)
	}
	return b
}

// TestMembersHearNoHailThatIsNotAgreed: the agreement lets units hail and desks not.
// A hub that lets a desk's hail pass makes nobody's desk ring; a unit's rings.
func TestMembersHearNoHailThatIsNotAgreed(t *testing.T) {
	var m *relaytest.Middle
	var calling proto.ChannelID
	runWith(t, 1, func(b *border) {
		m = b.Middle(b.mx, b.us)
		ours, theirs := relaytest.Party(b.us), relaytest.Party(b.mx)
		ours.Hail = []string{"unit"}
		theirs.Hail = []string{"unit"}
		agreed := b.Agree(proto.Agreement{
			Title: "Hails", Parties: []proto.Agency{b.us.Name, b.mx.Name},
			Channels: []proto.AgreedChannel{relaytest.AgreedChannel("calling", proto.KindCalling, "Hails", []*relaytest.Agency{b.us}, ours, theirs)},
		})
		calling = b.us.Charter(&wire.Charter{Kind: wire.Charter_KIND_CALLING, Title: "Hails", Parties: []*wire.Charter_Party{ours, theirs}, Agreement: agreed.ID[:]})
	}, func(t *testing.T, b *border) {
		own, desk := b.us.Endpoint("desk/del-rio"), b.mx.Endpoint("desk/piedras-negras")
		ch := own.MustJoin(calling)
		desk.MustJoin(calling)
		time.Sleep(2 * time.Second)
		if _, err := ch.Hail(minute(t), desk.Name(), shotsFired(t), client.HailOptions{}); proto.ReasonOf(err) != proto.ReasonCharter {
			t.Errorf("our own desk hails: %v", err)
		}
		for _, short := range []string{"desk/insider", "unit/insider"} {
			i := enter(t, b, b.us, short, calling)
			time.Sleep(2 * time.Second)
			mark, hail := desk.Watch.Mark(), i.hail(t, calling, desk.Name(), 1)
			stop := onEntries(m, b.mx, each(func(e *wire.Entry) { e.Item = &wire.Entry_Hail{Hail: hail} }))
			if _, err := ch.Text(minute(t), "in whose place it comes"); err != nil {
				t.Fatal(err)
			}
			if i.name.Role == proto.RoleUnit {
				relaytest.WaitAfter(t, desk.Watch, mark, "a unit's hail rings", func(x client.HailReceived) bool { return x.From == i.name })
			} else {
				if why := alarmed(t, desk, mark, "the user is told"); why.Why.Reason != proto.ReasonCharter {
					t.Errorf("alarm %v", why.Why)
				}
				for _, x := range relaytest.Find[client.HailReceived](desk.Watch) {
					t.Errorf("it rings: %+v", x)
				}
			}
			stop()
		}
	})
}

// shotsFired is what the hails of these tests say.
func shotsFired(t *testing.T) phrase.Content {
	t.Helper()
	return phraseOf(t, "shots-fired", "place=28.7091,-100.4995")
}

// TestAnObserverIsShownAfterARestart: a device that comes back as the member it was
// tells of the observers that are there.
func TestAnObserverIsShownAfterARestart(t *testing.T) {
	withObserver(t, 10*time.Minute, directly, func(t *testing.T, a *accord, until time.Time) {
		id, state := a.border.us.Identity("unit/r"), client.NewMemoryState()
		e := a.border.us.EndpointWith(id, state)
		e.MustJoin(a.talk)
		o := a.ca.Endpoint("desk/observer")
		o.MustJoin(a.talk)
		there := func(x client.ObserverThere) bool { return x.Name == o.Name() && x.Until.Equal(until) }
		relaytest.Wait(t, e.Watch, "an observer has come", there)
		e.Close()
		e = a.border.us.EndpointWith(id, state)
		e.MustJoin(a.talk)
		relaytest.Wait(t, e.Watch, "an observer is there", there)
	})
}
