package relaytest_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"crossband/client"
	"crossband/crypto/mls"
	"crossband/crypto/mls/tree"
	"crossband/crypto/sframe"
	"crossband/proto"
	"crossband/proto/wire"
	"crossband/relay/relaytest"
)

// recorder keeps every voice frame and log entry that crosses the border: what a
// hostile relay on either side can hand to a device that should not have it.
type recorder struct {
	mu      sync.Mutex // held for the whole of every method
	voice   [][]byte
	commits [][]byte
}

func recordBorder(m *relaytest.Middle) *recorder {
	r := &recorder{}
	m.TamperVoice(func(_ proto.Agency, _ proto.Alias, frame []byte) [][]byte {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.voice = append(r.voice, slices.Clone(frame))
		return [][]byte{frame}
	})
	m.Tamper(func(p relaytest.Passing) []*wire.Frame {
		r.mu.Lock()
		defer r.mu.Unlock()
		for _, e := range p.Frame.GetEntries().GetEntries() {
			if c := e.GetCommit(); c != nil {
				r.commits = append(r.commits, c.Message)
			}
		}
		return []*wire.Frame{p.Frame}
	})
	return r
}

// take returns what was recorded since the last time.
func (r *recorder) take() (voice, commits [][]byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	voice, commits = r.voice, r.commits
	r.voice, r.commits = nil, nil
	return voice, commits
}

// thiefEars opens voice with every key that the stolen device has ever had, and
// goes on following the group as far as its state lets it.
type thiefEars struct {
	t        *testing.T
	group    *mls.Group
	receiver *sframe.Receiver
}

func (s *stolen) ears(id proto.ChannelID) *thiefEars {
	s.t.Helper()
	r, err := sframe.NewReceiver(sframe.SuiteAES128GCM, proto.ChannelKIDLayout())
	if err != nil {
		s.t.Fatal(err)
	}
	e := &thiefEars{s.t, s.group(id), r}
	e.learn()
	return e
}

func (e *thiefEars) learn() {
	e.t.Helper()
	base, err := e.group.Export(sframe.BaseKeyLabel, nil, sframe.SuiteAES128GCM.BaseKeyLen())
	if err == nil {
		err = e.receiver.AddEpoch(uint64(e.group.Epoch()), base, time.Now())
	}
	if err != nil {
		e.t.Fatal(err)
	}
}

// follow applies commits where it can, in any order.
func (e *thiefEars) follow(commits [][]byte) {
	for _, c := range commits {
		if _, err := e.group.Process(c, time.Now()); err == nil && !e.group.Removed() {
			e.learn()
		}
	}
}

// opens counts the frames that can be read.
func (e *thiefEars) opens(frames [][]byte) (n int) {
	for _, f := range frames {
		if _, err := e.receiver.Open(nil, nil, f, time.Now()); err == nil {
			n++
		}
	}
	return n
}

// The number that counts: a burst that begins more than 2 s after the list has
// reached the members cannot be read by the revoked device, although it has kept
// its keys and gets every octet from a relay that does not care.
func TestRevokedDeviceReadsNoBurstTwoSecondsLater(t *testing.T) {
	var m *relaytest.Middle
	runWith(t, 1, func(b *border) { m = b.Middle(b.mx, b.us) }, func(t *testing.T, b *border) {
		p := newPatrol(t, b)
		for _, a := range []*relaytest.Agency{b.us, b.mx} {
			thief := steal(t, b, a, "unit/thief", b.group)
			time.Sleep(time.Second)
			rec, ears := recordBorder(m), thief.ears(b.group)
			ears.t = t
			heard(t, p.guard, push(t, p.us, 20, client.TalkOptions{}).well(), "before")
			voice, commits := rec.take()
			ears.follow(commits)
			if n := ears.opens(voice); n < 20 {
				t.Fatalf("%s: the thief reads %d of %d frames while nobody knows: the test would not notice", a.Name, n, len(voice))
			}
			marks := []relaytest.Mark{p.agent.Watch.Mark(), p.guard.Watch.Mark()}
			revoked := time.Now()
			a.Revoke(thief.name)
			for i, e := range []*relaytest.Endpoint{p.agent, p.guard} {
				_, at := relaytest.WaitAfter(t, e.Watch, marks[i], "the others remove it", func(c client.MembersChanged) bool { return slices.Contains(c.Removed, thief.name) })
				t.Logf("%s: %s saw it removed %v after the list was made", a.Name, e.Name().Short(), at.Sub(revoked))
				if at.Sub(revoked) > 2*time.Second {
					t.Errorf("%s: removed after %v", a.Name, at.Sub(revoked))
				}
			}
			time.Sleep(time.Until(revoked.Add(2 * time.Second)))
			rec.take()
			for _, s := range p.sides() {
				heard(t, s.partner, push(t, s.ch, 50, client.TalkOptions{}).well(), "the others talk on")
				voice, commits := rec.take()
				ears.follow(commits)
				if len(voice) < 50 {
					t.Fatalf("%s: only %d frames recorded", a.Name, len(voice))
				}
				if n := ears.opens(voice); n != 0 {
					t.Errorf("%s: %s: the revoked device reads %d of %d frames", a.Name, s.name, n, len(voice))
				}
			}
			sameView(t, b.group, p.agent, p.guard)
		}
	})
}

// A device that is revoked while it talks is cut off within 5 s, told why, and
// holds nothing any more; the floor is free for the others.
func TestRevokedWhileTalking(t *testing.T) {
	run(t, func(t *testing.T, b *border) {
		p := newPatrol(t, b)
		for _, a := range []*relaytest.Agency{b.us, b.mx} {
			state := client.NewMemoryState()
			lost := a.EndpointWith(a.Identity("unit/lost"), state)
			ch := lost.MustJoin(b.group)
			time.Sleep(time.Second)
			talk := push(t, ch, endless, client.TalkOptions{}).held()
			time.Sleep(time.Second)
			mark := p.agent.Watch.Mark()
			start := time.Now()
			a.Revoke(lost.Name())
			gone, at := relaytest.WaitAfter(t, lost.Watch, 0, "it is told that it is out", func(client.Expelled) bool { return true })
			if gone.Why.Reason != proto.ReasonRevoked || at.Sub(start) > 5*time.Second {
				t.Errorf("%s: told %v after %v", a.Name, gone.Why, at.Sub(start))
			}
			if free := idle(t, p.agent, mark, "the floor is free"); free.Sub(start) > time.Second {
				t.Errorf("%s: the floor was free after %v", a.Name, free.Sub(start))
			}
			if r := talk.end(); r == nil {
				t.Errorf("%s: its burst ended well", a.Name)
			}
			if keys, _ := state.Keys(); len(keys) != 0 || len(lost.Channels()) != 0 {
				t.Errorf("%s: the lost device still holds %v and %d channels", a.Name, keys, len(lost.Channels()))
			}
			for what, err := range map[string]error{
				"its text": second(ch.Text(minute(t), "let me in")), "its join": second(lost.Session.Join(minute(t), b.group)),
				"its press": second(ch.Talk(minute(t), &beeps{}, client.TalkOptions{})), "its renewal": lost.Renew(minute(t)),
			} {
				if proto.ReasonOf(err) != proto.ReasonRevoked {
					t.Errorf("%s: %s: %v, want reason %d", a.Name, what, err, proto.ReasonRevoked)
				}
			}
			time.Sleep(30 * time.Minute)
			if n := len(relaytest.Find[client.Expelled](lost.Watch)); n != 1 {
				t.Errorf("%s: told %d times that it is out", a.Name, n)
			}
			if n := len(relaytest.Find[client.Disconnected](lost.Watch)); n > 8 {
				t.Errorf("%s: %d tries to link in half an hour", a.Name, n)
			}
			heard(t, p.guard, push(t, p.us, 20, client.TalkOptions{}).well(), "the others talk on")
			sameView(t, b.group, p.agent, p.guard)
		}
	})
}

// A device that was off when it was revoked learns on its next try to link why
// it is out, and forgets what it had kept.
func TestOfflineDeviceLearnsWhyOnReconnect(t *testing.T) {
	run(t, func(t *testing.T, b *border) {
		p := newPatrol(t, b)
		thief := steal(t, b, b.us, "unit/lost", b.group)
		thief.Close()
		b.us.Revoke(thief.name)
		relaytest.Wait(t, p.guard.Watch, "the others remove it though it is off", func(c client.MembersChanged) bool { return slices.Contains(c.Removed, thief.name) })
		if keys, _ := thief.state.Keys(); len(keys) == 0 {
			t.Fatal("the device holds nothing: the test would not notice")
		}
		e := b.us.Dial(thief.id, thief.state)
		gone := relaytest.Wait(t, e.Watch, "it learns why", func(client.Expelled) bool { return true })
		if gone.Why.Reason != proto.ReasonRevoked || gone.Why.Detail == "" {
			t.Errorf("told %v", gone.Why)
		}
		if keys, _ := thief.state.Keys(); len(keys) != 0 {
			t.Errorf("it still holds %v", keys)
		}
	})
}

// Partners are told at once, and again when their link comes up; members whose
// agencies have no link with each other are told through the channel's hub.
func TestPartnersAreToldAtOnceAndOnReconnect(t *testing.T) {
	run(t, func(t *testing.T, b *border) {
		p := newPatrol(t, b)
		mounty := b.ca.Endpoint("desk/windsor") // its agency has no link with MX
		mounty.MustJoin(b.group)
		knows := func(e *relaytest.Endpoint, name proto.Name) func(client.MembersChanged) bool {
			return func(c client.MembersChanged) bool { return slices.Contains(c.Removed, name) }
		}
		lost := steal(t, b, b.mx, "unit/lost", b.group)
		time.Sleep(time.Second)
		b.mx.Revoke(lost.name)
		relaytest.Wait(t, mounty.Watch, "the third agency sees it go", knows(mounty, lost.name))
		time.Sleep(5 * time.Second)
		sameView(t, b.group, p.agent, p.guard, mounty)
		for _, e := range []*relaytest.Endpoint{p.agent, p.guard, mounty} {
			if alarms := relaytest.Find[client.Alarm](e.Watch); len(alarms) != 0 {
				t.Errorf("%s raised %v", e.Name(), alarms)
			}
			if n := len(relaytest.Find[client.MembersChanged](e.Watch)); n > 6 {
				t.Errorf("%s saw %d changes: a storm of commits", e.Name(), n)
			}
		}

		// The border is cut, MX revokes another, and the border is mended.
		other := steal(t, b, b.mx, "unit/other", b.group)
		time.Sleep(time.Second)
		b.Net.Cut(b.us.Addr, b.mx.Addr)
		time.Sleep(10 * time.Second)
		mark := p.agent.Watch.Mark()
		b.mx.Revoke(other.name)
		time.Sleep(time.Second)
		alarms := p.guard.Watch.Mark()
		talk := push(t, p.mx, 20, client.TalkOptions{})
		alarm := alarmed(t, p.guard, alarms, "who talks while the hub is away is told who may listen")
		if r := talk.well(); alarm.Why.Reason != proto.ReasonRevoked || r.Sent != 20 {
			t.Errorf("alarm %v, %d frames said", alarm.Why, r.Sent)
		}
		time.Sleep(10 * time.Second)
		if len(p.agent.Watch.After(mark)) != 0 && slices.ContainsFunc(p.agent.Watch.After(mark), func(e client.Event) bool { _, is := e.(client.MembersChanged); return is }) {
			t.Error("the other side knows before the border is mended")
		}
		b.Net.Mend(b.us.Addr, b.mx.Addr)
		relaytest.WaitAfter(t, p.agent.Watch, mark, "told when the link is back", knows(p.agent, other.name))
		time.Sleep(5 * time.Second)
		sameView(t, b.group, p.agent, p.guard, mounty)
	})
}

// Members whose agencies have no link with the one that revokes learn through the
// channel's hub, before the removal that rests on it: else they would refuse it.
func TestThirdAgencyIsToldThroughTheHub(t *testing.T) {
	run(t, func(t *testing.T, b *border) {
		p := newPatrol(t, b)
		mounty := b.ca.Endpoint("desk/windsor")
		mounty.MustJoin(b.group)
		thief := steal(t, b, b.mx, "unit/thief", b.group)
		p.guard.Close() // nobody of the agency that revokes is there to remove it by its own right
		time.Sleep(time.Second)
		b.mx.Revoke(thief.name)
		removed := relaytest.Wait(t, p.agent.Watch, "it is removed", func(c client.MembersChanged) bool { return slices.Contains(c.Removed, thief.name) })
		if removed.By != mounty.Name() {
			t.Errorf("removed by %s; a desk is first, though it only listens", removed.By)
		}
		time.Sleep(5 * time.Second)
		if alarms := relaytest.Find[client.Alarm](mounty.Watch); len(alarms) != 0 {
			t.Errorf("the third agency raised %v", alarms)
		}
		sameView(t, b.group, p.agent, mounty)
	})
}

// A hostile hub, or one that does not know the list, will not take the removal:
// then nothing is said to a group that holds a revoked device.
func TestNothingIsSaidToAGroupThatCannotBeCleaned(t *testing.T) {
	between(t, func(t *testing.T, p *patrol, m *relaytest.Middle) {
		thief := steal(t, p.border, p.border.mx, "unit/thief", p.group)
		time.Sleep(time.Second)
		m.Tamper(func(x relaytest.Passing) []*wire.Frame {
			if x.Frame.GetRevocationList() != nil || x.Frame.GetCommit() != nil {
				return nil // the hub never learns of it
			}
			return []*wire.Frame{x.Frame}
		})
		p.border.mx.Revoke(thief.name)
		time.Sleep(3 * time.Second)
		before := time.Now()
		push(t, p.mx, 20, client.TalkOptions{Priority: proto.PriorityImminentPeril}).refused("a press", proto.ReasonRevoked, proto.Name{})
		if took := time.Since(before); took > 3*time.Second {
			t.Errorf("refused after %v", took)
		}
		mark := p.guard.Watch.Mark()
		if _, err := p.mx.Text(minute(t), "who is there?"); !errors.Is(err, client.ErrWaiting) {
			t.Errorf("a text: %v, want that it waits until the device is out", err)
		}
		begun := time.Now()
		if _, err := p.mx.Hail(minute(t), p.agent.Name(), phraseOf(t, "shots-fired"), client.HailOptions{}); proto.ReasonOf(err) != proto.ReasonRevoked || time.Since(begun) > 15*time.Second {
			t.Errorf("a hail behind it: %v after %v, want reason %d soon", err, time.Since(begun), proto.ReasonRevoked)
		}
		alarms := slices.DeleteFunc(p.guard.Watch.After(mark), func(x client.Event) bool {
			a, is := x.(client.Alarm)
			return !is || a.Why.Reason != proto.ReasonRevoked
		})
		if len(alarms) != 1 {
			t.Errorf("alarmed %d times in a minute that the text waits, want once", len(alarms))
		}
		thief.Close()
		if slices.Contains(texts(p.agent, p.group), "who is there?") {
			t.Error("it was said to a group that holds a revoked device")
		}
		m.Tamper(nil)
		relaytest.Wait(t, p.agent.Watch, "the text is read once the device is out", func(x client.TextReceived) bool { return x.Text == "who is there?" })
		if names, err := p.us.Members(); err != nil || slices.Contains(names, thief.name) {
			t.Errorf("members %v, %v", names, err)
		}
	})
}

// What is older, forged, or not for its bringer to bring is refused and counted,
// and changes nothing.
func TestRevocationListsThatAreRefused(t *testing.T) {
	run(t, func(t *testing.T, b *border) {
		unit := b.us.Endpoint("unit/a")
		older := b.us.Revoke(b.us.Identity("unit/x").Name)
		newer := b.us.Revoke(b.us.Identity("unit/y").Name)
		time.Sleep(time.Second)
		authority := b.Rogue(b.us.Mailbox, b.us)
		if why := authority.Refused(&wire.Frame{Body: &wire.Frame_RevocationList{RevocationList: &wire.RevocationList{Signed: older}}}); why != proto.ReasonBadCertificate {
			t.Errorf("an older list: reason %d", why)
		}
		if a := authority.Call(&wire.Frame{Body: &wire.Frame_RevocationList{RevocationList: &wire.RevocationList{Signed: newer}}}); a.GetDone() == nil {
			t.Errorf("the same list again: %v", a)
		}
		theirs, err := b.mx.Authority.Revoke(b.mx.Identity("unit/x").Name, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		if why := authority.Refused(&wire.Frame{Body: &wire.Frame_RevocationList{RevocationList: &wire.RevocationList{Signed: theirs}}}); why != proto.ReasonSpokenFor {
			t.Errorf("our authority with another's list: reason %d", why)
		}
		forged := slices.Clone(newer)
		forged[len(forged)-1] ^= 1
		if why := authority.Refused(&wire.Frame{Body: &wire.Frame_RevocationList{RevocationList: &wire.RevocationList{Signed: forged}}}); why == proto.ReasonNone {
			t.Error("a forged list was taken")
		}
		if n := b.us.Node.Stats().ListsRefused; n != 3 {
			t.Errorf("%d lists refused, want 3", n)
		}
		device := b.Rogue(b.us.Identity("unit/b"), b.us)
		if err := device.Send(&wire.Frame{Body: &wire.Frame_RevocationList{RevocationList: &wire.RevocationList{Signed: newer}}}); err != nil {
			t.Fatal(err)
		}
		ended(t, device, "a device may not send such a thing at all")
		device.Close()
		authority.Close()
		unit.Close()
		partner := b.Rogue(b.mx.Identity("relay/r1"), b.us)
		if why := partner.Refused(&wire.Frame{Body: &wire.Frame_RevocationList{RevocationList: &wire.RevocationList{Signed: newer}}}); why != proto.ReasonSpokenFor {
			t.Errorf("a partner with our own list: reason %d", why)
		}
		partner.Close()
	})
}

func ended(t *testing.T, r *relaytest.Rogue, why string) {
	t.Helper()
	select {
	case <-r.Done():
	case <-time.After(time.Minute):
		t.Fatalf("%s: its link has not ended in a minute", why)
	}
}

// The authority's mailbox and a partner's relay are cut off like any device, and
// a relay that starts again still refuses whom it refused.
func TestRevokedMailboxRelayAndRestart(t *testing.T) {
	run(t, func(t *testing.T, b *border) {
		p := newPatrol(t, b)
		mailbox := b.Rogue(b.us.Mailbox, b.us)
		b.us.Revoke(b.us.Mailbox.Name)
		ended(t, mailbox, "the mailbox is cut off")
		if why := proto.ReasonOf(mailbox.Err()); why != proto.ReasonRevoked {
			t.Errorf("the mailbox was cut with %v", mailbox.Err())
		}
		mailbox.Close()

		lost := b.us.Identity("unit/lost")
		b.us.Revoke(lost.Name)
		time.Sleep(time.Second)
		b.us.Stop()
		b.Start(b.us)
		e := b.us.Dial(lost, client.NewMemoryState())
		if gone := relaytest.Wait(t, e.Watch, "refused after the relay's restart", func(client.Expelled) bool { return true }); gone.Why.Reason != proto.ReasonRevoked {
			t.Errorf("told %v", gone.Why)
		}

		// MX's own relay is revoked by MX: the US relay cuts the link with reason 108
		// and its devices no longer link with it.
		time.Sleep(30 * time.Second)
		b.mx.Revoke(b.mx.Node.Name())
		relaytest.WaitAfter(t, p.guard.Watch, 0, "its own devices drop it", func(d client.Disconnected) bool { return proto.ReasonOf(d.Err) == proto.ReasonRevoked })
		time.Sleep(time.Second)
		if n := len(relaytest.Find[client.Expelled](p.guard.Watch)); n != 0 {
			t.Error("a device took its relay's revocation for its own")
		}
		if n := b.us.Node.Stats().RevokedCut; n == 0 {
			t.Error("the partner's relay was not cut off")
		}
	})
}

// A device that was revoked and is enrolled again comes back by itself, under
// the same name.
func TestRevokedNameEnrolledAgainComesBack(t *testing.T) {
	run(t, func(t *testing.T, b *border) {
		p := newPatrol(t, b)
		thief := steal(t, b, b.us, "unit/lost", b.group)
		b.us.Revoke(thief.name)
		relaytest.Wait(t, p.guard.Watch, "it is removed", func(c client.MembersChanged) bool { return slices.Contains(c.Removed, thief.name) })
		time.Sleep(2 * time.Second)
		anew := b.us.Endpoint("unit/lost")
		ch := anew.MustJoin(b.group)
		heard(t, p.guard, push(t, ch, 20, client.TalkOptions{}).well(), "it talks again")
		sameView(t, b.group, p.agent, p.guard, anew)
		thief.Close()
	})
}

// The desk goes on being hailable; one that was revoked is not, and the caller
// is told so at once instead of hearing it ring for nobody.
func TestHailToARevokedDeskIsRefused(t *testing.T) {
	run(t, func(t *testing.T, b *border) {
		d := newDesks(t, b)
		b.mx.Revoke(d.guard.Name())
		time.Sleep(time.Second)
		_, err := d.us.Hail(minute(t), d.guard.Name(), phraseOf(t, "shots-fired"), client.HailOptions{})
		if proto.ReasonOf(err) != proto.ReasonHailTo {
			t.Errorf("a hail to a revoked desk: %v, want reason %d", err, proto.ReasonHailTo)
		}
	})
}

// A list that is not renewed is warned about each hour, from two days on, and so
// is one that never came.
func TestStaleListsAreWarnedAbout(t *testing.T) {
	long(t)
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBorder(t, 1, directly)
		lists, err := b.us.Authority.RevocationLists(time.Now())
		if err != nil {
			t.Fatal(err)
		}
		theirs, err := b.mx.Authority.RevocationLists(time.Now())
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(46*time.Hour + 50*time.Minute) // with nothing running, for the test's sake
		b.Start(b.agencies...)
		defer b.Close(b.agencies...)
		b.us.HandOver(lists[0])
		b.us.HandOver(theirs[0]) // is refused: a partner's list does not come out of our folder
		time.Sleep(70 * time.Minute)
		if n := b.us.Node.Stats().ListsStale; n != 2 {
			t.Errorf("%d warnings in the 48th hour, want those about the two partners, whose lists never came", n)
		}
		time.Sleep(time.Hour)
		if n := b.us.Node.Stats().ListsStale; n != 2+3 {
			t.Errorf("%d warnings after an hour more, want 5", n)
		}
	})
}

// A revoked device that is alone in the group, for everybody else is off, does
// not keep others from joining; and who joins says nothing that it could read.
func TestWhoJoinsPutsOutARevokedMemberBeforeItSpeaks(t *testing.T) {
	var m *relaytest.Middle
	runWith(t, 1, func(b *border) { m = b.Middle(b.mx, b.us) }, func(t *testing.T, b *border) {
		thief := steal(t, b, b.us, "unit/thief", b.group)
		b.us.Revoke(thief.name)
		time.Sleep(time.Second)
		rec, ears := recordBorder(m), thief.ears(b.group)
		guard := b.mx.Endpoint("unit/gn-7") // at the other side, so that what it says is recorded
		ch := guard.MustJoin(b.group)
		if _, err := ch.Text(minute(t), "is anybody there?"); err != nil {
			t.Fatal(err)
		}
		names, err := ch.Members()
		if err != nil || len(names) != 1 {
			t.Errorf("members after the first text: %v, %v", names, err)
		}
		r := push(t, ch, 20, client.TalkOptions{}).well()
		voice, commits := rec.take()
		ears.follow(commits)
		if n := ears.opens(voice); n != 0 || len(voice) < r.Sent {
			t.Errorf("the revoked device reads %d of %d frames", n, len(voice))
		}
		if alarms := relaytest.Find[client.Alarm](guard.Watch); len(alarms) != 0 {
			t.Errorf("raised %v", alarms)
		}
	})
}

// Twelve members hear of a revocation at once: one of them commits, the others
// wait their turn and find nothing left to do.
func TestRevocationMakesNoStormOfCommits(t *testing.T) {
	long(t)
	var m *relaytest.Middle
	runWith(t, 1, func(b *border) { m = b.Middle(b.mx, b.us) }, func(t *testing.T, b *border) {
		var all []*relaytest.Endpoint
		for i := range 6 {
			for _, a := range []*relaytest.Agency{b.us, b.mx} {
				e := a.Endpoint(fmt.Sprintf("unit/u-%d", i))
				e.MustJoin(b.group)
				all = append(all, e)
			}
		}
		thief := steal(t, b, b.us, "unit/z-thief", b.group)
		time.Sleep(2 * time.Second)
		epoch, _ := all[0].Channel(b.group).Epoch()
		up := 0
		m.Tamper(func(p relaytest.Passing) []*wire.Frame {
			if p.Frame.GetCommit() != nil && p.Toward == b.us.Name {
				up++
			}
			return []*wire.Frame{p.Frame}
		})
		b.us.Revoke(thief.name)
		time.Sleep(5 * time.Second)
		if now, _ := all[0].Channel(b.group).Epoch(); now != epoch+1 {
			t.Errorf("%d changes of the group for one revocation", now-epoch)
		}
		m.Tamper(nil) // ends the counting
		if up > 1 {
			t.Errorf("%d commits crossed the border for one revocation", up)
		}
		sameView(t, b.group, all...)
		for _, e := range all {
			if alarms := relaytest.Find[client.Alarm](e.Watch); len(alarms) != 0 {
				t.Errorf("%s raised %v", e.Name(), alarms)
			}
		}
	})
}

// A revoked device with its own software, linked through a relay of its agency
// that does not care, is refused by the hub whatever it tries.
func TestHubRefusesARevokedDeviceBehindAHostileRelay(t *testing.T) {
	run(t, func(t *testing.T, b *border) {
		p := newPatrol(t, b)
		thief := steal(t, b, b.mx, "unit/thief", b.group)
		time.Sleep(time.Second)
		thief.Close()
		before := thief.group(b.group)
		b.Net.Cut(b.us.Addr, b.mx.Addr) // MX's relay is in wrong hands from now on
		time.Sleep(10 * time.Second)
		list, err := b.mx.Authority.Revoke(thief.name, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		hostile := b.Rogue(b.mx.Identity("relay/r1"), b.us)
		if a := hostile.Call(&wire.Frame{Body: &wire.Frame_RevocationList{RevocationList: &wire.RevocationList{Signed: list}}}); a.GetDone() == nil {
			t.Fatalf("the list: %v", a)
		}
		say := func(body *wire.Frame) proto.Reason {
			body.Endpoint = thief.name.String()
			return hostile.Refused(body)
		}
		id := proto.NewMessageID()
		if why := say(&wire.Frame{Body: &wire.Frame_Text{Text: &wire.Text{Channel: b.group[:], Id: id[:], Epoch: uint64(before.Epoch()), Sealed: []byte("x"), Commitment: make([]byte, proto.CommitmentLen)}}}); why != proto.ReasonRevoked && why != proto.ReasonNotMember {
			t.Errorf("its text: reason %d", why)
		}
		relaytest.Wait(t, p.agent.Watch, "it is removed", func(c client.MembersChanged) bool { return slices.Contains(c.Removed, thief.name) })
		a := hostile.Call(&wire.Frame{Endpoint: thief.name.String(), Body: &wire.Frame_FetchGroupInfo{FetchGroupInfo: &wire.FetchGroupInfo{Channel: b.group[:]}}})
		j, err := mls.JoinExternal(a.GetGroupInfo().GetGroupInfo(), mls.Identity{Signer: thief.id.Key, Credential: tree.X509(thief.id.Chain...)}, mls.ExternalOptions{
			JoinOptions: mls.JoinOptions{Verifier: anybody{}, Now: time.Now(), Tree: a.GetGroupInfo().GetRatchetTree()},
		})
		if err != nil {
			t.Fatal(err)
		}
		if why := say(&wire.Frame{Body: &wire.Frame_Commit{Commit: &wire.Commit{
			Channel: b.group[:], Id: id[:], Epoch: uint64(j.Accepted().Epoch()) - 1, Message: j.Commit, GroupInfo: j.GroupInfo,
		}}}); why != proto.ReasonRevoked {
			t.Errorf("its join with the certificate that was taken back: reason %d, want %d", why, proto.ReasonRevoked)
		}
		hostile.Close()
	})
}

// A device that has read of itself in a list holds nothing from its start on,
// whatever its relay says or does not say.
func TestDeviceThatReadOfItselfHoldsNothing(t *testing.T) {
	long(t)
	run(t, func(t *testing.T, b *border) {
		thief := steal(t, b, b.us, "unit/lost", b.group)
		thief.Close()
		list, err := b.us.Authority.Revoke(thief.name, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		trust, err := thief.id.TrustStore(time.Now())
		if err != nil {
			t.Fatal(err)
		}
		if err := trust.ApplyRevocations(list, time.Now()); err != nil {
			t.Fatal(err)
		}
		e := b.us.Dial(thief.id.Adopt(trust), thief.state) // its relay does not know, and lets it in
		relaytest.Wait(t, e.Watch, "it says that it is out", func(client.Expelled) bool { return true })
		if keys, _ := thief.state.Keys(); len(keys) != 0 {
			t.Errorf("it still holds %v", keys)
		}
		time.Sleep(time.Hour)
		if _, err := e.Session.Join(minute(t), b.group); proto.ReasonOf(err) != proto.ReasonRevoked {
			t.Errorf("its join: %v, want reason %d", err, proto.ReasonRevoked)
		}
		if keys, _ := thief.state.Keys(); len(keys) != 0 || len(relaytest.Find[client.Connected](e.Watch)) != 0 {
			t.Errorf("it uses the link that its relay lets it have, and holds %v", keys)
		}
	})
}

// Who signed a channel's charter is revoked. The device that has the channel keeps
// it over a restart, with what waits there.
func TestAChannelOutlivesWhoSignedItsCharter(t *testing.T) {
	run(t, func(t *testing.T, b *border) {
		p := newPatrol(t, b)
		id, state := b.mx.Identity("unit/again"), client.NewMemoryState()
		e := b.mx.EndpointWith(id, state)
		ch := e.MustJoin(b.group)
		time.Sleep(2 * time.Second)
		b.Net.Cut(e.Addr, b.mx.Addr)
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		_, err := ch.Text(ctx, "waits")
		cancel()
		if !errors.Is(err, client.ErrWaiting) {
			t.Fatalf("%v, want that the text waits", err)
		}
		e.Close()
		list, err := b.us.Authority.Revoke(b.us.Mailbox.Name, time.Now())
		ok(t, err)
		trust, err := id.TrustStore(time.Now())
		ok(t, err)
		ok(t, trust.ApplyRevocations(list, time.Now()))
		e = b.mx.Dial(id.Adopt(trust), state)
		if e.Channel(b.group) == nil {
			t.Fatal("the channel is gone")
		}
		relaytest.Wait(t, p.agent.Watch, "what waited is read", func(x client.TextReceived) bool { return x.Text == "waits" })
	})
}
