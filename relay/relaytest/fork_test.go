package relaytest_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	pb "google.golang.org/protobuf/proto"

	"crossband/client"
	"crossband/client/views"
	"crossband/proto"
	"crossband/proto/wire"
	"crossband/relay/relaytest"
)

// shownWithin is how soon a fork must be shown, and silentWithin how soon that
// a view is not confirmed.
const (
	shownWithin  = 60 * time.Second
	silentWithin = 75 * time.Second
)

// reaches waits until a member's views are in a state.
func reaches(t *testing.T, e *relaytest.Endpoint, id proto.ChannelID, want views.State, within time.Duration, why string) {
	t.Helper()
	start := time.Now()
	for time.Since(start) < within {
		if v := e.Channel(id).Views(); v.State == want {
			return
		}
		time.Sleep(500 * time.Millisecond)
	}
	t.Errorf("%s: for %s the views are not %s within %v: %+v, %+v", why, e.Name().Short(), want, within, e.Channel(id).Views(), e.Channel(id).HeartbeatCounts())
}

// viewAlarms lists the alarms that a member got about differing views.
func viewAlarms(e *relaytest.Endpoint, m relaytest.Mark) (list []string) {
	for _, x := range e.Watch.After(m) {
		if a, ok := x.(client.Alarm); ok && a.Why.Reason == proto.ReasonViewsDiffer {
			list = append(list, a.Why.Error())
		}
	}
	return list
}

// calm checks that nobody was alarmed at all.
func calm(t *testing.T, why string, list ...*relaytest.Endpoint) {
	t.Helper()
	for _, e := range list {
		for _, a := range relaytest.Find[client.Alarm](e.Watch) {
			t.Errorf("%s: a false alarm for %s: %v", why, e.Name().Short(), a.Why)
		}
		for _, v := range relaytest.Find[client.ViewsChanged](e.Watch) {
			if v.Views.State == views.Differ {
				t.Errorf("%s: %s was shown that the views differ: %+v", why, e.Name().Short(), v.Views)
			}
		}
	}
}

// splitter is a hub that keeps two histories of one channel: what the US relay
// has, and another that MX is shown, into which MX's own commits go.
type splitter struct {
	m       *relaytest.Middle
	b       *border
	channel proto.ChannelID
	head    uint64        // where the histories part
	branch  []*wire.Entry // MX's, from there on
	mute    bool          // heartbeats do not pass
}

// split parts MX's history from here on.
func split(b *border, m *relaytest.Middle, id proto.ChannelID, mute bool) *splitter {
	s := &splitter{m: m, b: b, channel: id, mute: mute}
	for _, p := range m.Seen() {
		s.head = max(s.head, p.Frame.GetEntries().GetHead())
	}
	m.Tamper(s.pass)
	return s
}

func (s *splitter) heal() { s.m.Tamper(nil) }

// pass is called with the middle's lock held.
func (s *splitter) pass(p relaytest.Passing) []*wire.Frame {
	f := p.Frame
	switch {
	case f.GetHeartbeat() != nil && s.mute:
		return nil
	case p.Toward == s.b.us.Name && f.GetCommit() != nil && bytes.Equal(f.GetCommit().Channel, s.channel[:]):
		s.take(f)
		return nil
	case p.Toward == s.b.us.Name && f.GetFetchLog() != nil && bytes.Equal(f.GetFetchLog().Channel, s.channel[:]):
		s.answer(&wire.Frame{Re: f.Id, Body: &wire.Frame_Entries{Entries: s.entries(f.GetFetchLog().After)}})
		return nil
	case p.Toward == s.b.mx.Name && f.GetEntries() != nil && bytes.Equal(f.GetEntries().Channel, s.channel[:]):
		return nil
	}
	return []*wire.Frame{f}
}

// take puts a commit into MX's history.
func (s *splitter) take(f *wire.Frame) {
	c := f.GetCommit()
	seq := s.head + uint64(len(s.branch)) + 1
	e := &wire.Entry{Seq: seq, TimeMs: time.Now().UnixMilli(), Item: &wire.Entry_Commit{Commit: &wire.Commit{
		Channel: c.Channel, Id: c.Id, Epoch: c.Epoch, Message: c.Message,
	}}}
	s.branch = append(s.branch, e)
	s.answer(
		&wire.Frame{Re: f.Id, Body: &wire.Frame_Appended{Appended: &wire.Appended{Channel: c.Channel, Id: c.Id, Seq: seq}}},
		&wire.Frame{Body: &wire.Frame_Entries{Entries: &wire.Entries{Channel: c.Channel, Entries: []*wire.Entry{e}, Head: seq}}},
	)
}

// log puts a text into MX's history. Nothing must pass meanwhile.
func (s *splitter) log(x *wire.Text) {
	s.branch = append(s.branch, &wire.Entry{Seq: s.head + uint64(len(s.branch)) + 1, TimeMs: time.Now().UnixMilli(), Item: &wire.Entry_Text{Text: x}})
}

func (s *splitter) entries(after uint64) *wire.Entries {
	list := slices.DeleteFunc(slices.Clone(s.branch), func(e *wire.Entry) bool { return e.Seq <= after })
	return &wire.Entries{Channel: s.channel[:], Entries: list, Head: s.head + uint64(len(s.branch))}
}

// answer says something towards MX, after the frame at hand has been dealt with.
func (s *splitter) answer(frames ...*wire.Frame) {
	go func() { // ends at once
		for _, f := range frames {
			s.m.Say(s.b.mx, f)
		}
	}()
}

// forked is a channel of five members of three agencies whose US and MX halves
// have been given different commits.
type forked struct {
	*patrol
	*splitter
	usDesk, mxUnit, observer *relaytest.Endpoint
	marks                    map[*relaytest.Endpoint]relaytest.Mark
}

func (f *forked) usSide() []*relaytest.Endpoint { return []*relaytest.Endpoint{f.agent, f.usDesk} }
func (f *forked) mxSide() []*relaytest.Endpoint { return []*relaytest.Endpoint{f.guard, f.mxUnit} }
func (f *forked) all() []*relaytest.Endpoint {
	return append(append(f.usSide(), f.mxSide()...), f.observer)
}

// fork runs fn in a forked world. direct links the MX and CA relays past the
// hub; mute has the hub hold back heartbeats between MX and the others.
func fork(t *testing.T, direct, mute bool, fn func(*testing.T, *forked)) {
	var m *relaytest.Middle
	runWith(t, 1, func(b *border) {
		m = b.Middle(b.mx, b.us)
		if direct {
			b.Link(b.mx, b.ca)
		}
	}, func(t *testing.T, b *border) {
		f := &forked{patrol: newPatrol(t, b), marks: make(map[*relaytest.Endpoint]relaytest.Mark)}
		f.usDesk, f.mxUnit, f.observer = b.us.Endpoint("desk/del-rio"), b.mx.Endpoint("unit/gn-8"), b.ca.Endpoint("desk/windsor")
		for _, e := range []*relaytest.Endpoint{f.usDesk, f.mxUnit, f.observer} {
			e.MustJoin(b.group)
		}
		for _, e := range f.all() {
			reaches(t, e, b.group, views.Agreed, shownWithin, "before the fork")
			f.marks[e] = e.Watch.Mark()
		}
		f.splitter = split(b, m, b.group, mute)
		if err := f.us.Refresh(minute(t)); err != nil {
			t.Fatal(err)
		}
		if err := f.mx.Refresh(minute(t)); err != nil {
			t.Fatal(err)
		}
		_, a1 := f.us.Epoch()
		_, a2 := f.mx.Epoch()
		if bytes.Equal(a1, a2) {
			t.Fatal("the halves have one view: the test shows nothing")
		}
		fn(t, f)
	})
}

// A hub gives the two halves of a channel different commits, but lets their
// heartbeats pass.
func TestForkIsShownToEverybody(t *testing.T) {
	fork(t, false, false, func(t *testing.T, f *forked) {
		start := time.Now()
		for _, e := range f.all() {
			reaches(t, e, f.group, views.Differ, shownWithin-time.Since(start), "a fork")
			if len(viewAlarms(e, f.marks[e])) == 0 {
				t.Errorf("%s was not alarmed", e.Name().Short())
			}
		}
		t.Logf("shown to all after %v", time.Since(start))
		// It is told once for each member and epoch, however often it is heard.
		time.Sleep(2 * time.Minute)
		for _, h := range f.us.LastHeard() {
			if want := h.Member.Agency == f.border.mx.Name; h.Differ != want {
				t.Errorf("the agent is shown of %s: %+v", h.Member.Short(), h)
			}
		}
		for _, e := range f.all() {
			if n := len(viewAlarms(e, f.marks[e])); n > 3 {
				t.Errorf("%s got %d alarms for one fork: %q", e.Name().Short(), n, viewAlarms(e, f.marks[e]))
			}
		}
		// Talk goes on within each half.
		heard(t, f.usDesk, push(t, f.us, 10, client.TalkOptions{}).well(), "talk goes on while the views differ")
		for _, e := range f.all() {
			reaches(t, e, f.group, views.Differ, time.Second, "talk does not make it good")
		}

		// The hub becomes honest: who is on the false branch cannot follow the next
		// commit, joins again, and in time all agree.
		f.heal()
		if err := f.us.Refresh(minute(t)); err != nil {
			t.Fatal(err)
		}
		for _, e := range f.all() {
			reaches(t, e, f.group, views.Agreed, 2*time.Minute, "the fork is healed")
		}
		sameView(t, f.group, f.all()...)
	})
}

// The hub also holds back the heartbeats between its followers. Those whose
// relays have a link with each other compare past it; the others learn that they
// hear nobody of an agency.
func TestForkIsShownPastTheHub(t *testing.T) {
	fork(t, true, true, func(t *testing.T, f *forked) {
		start := time.Now()
		for _, e := range append(f.mxSide(), f.observer) {
			reaches(t, e, f.group, views.Differ, shownWithin-time.Since(start), "a fork whose hub holds back heartbeats")
		}
		t.Logf("shown past the hub after %v", time.Since(start))
		for _, e := range f.usSide() {
			reaches(t, e, f.group, views.Unconfirmed, silentWithin-time.Since(start), "no way past the hub")
			if v := e.Channel(f.group).Views(); !slices.Equal(v.Silent, []proto.Agency{f.border.mx.Name}) {
				t.Errorf("%s is shown %+v, want one agency silent", e.Name().Short(), v)
			}
			if list := viewAlarms(e, f.marks[e]); len(list) > 0 {
				t.Errorf("%s: silence is no alarm: %q", e.Name().Short(), list)
			}
		}
	})
}

// Where there is no way past the hub, nobody is told that the views agree.
func TestForkWithoutAWayPastTheHubIsNotConfirmed(t *testing.T) {
	fork(t, false, true, func(t *testing.T, f *forked) {
		start := time.Now()
		for _, e := range f.all() {
			reaches(t, e, f.group, views.Unconfirmed, silentWithin-time.Since(start), "a fork that nobody can hear across")
		}
		t.Logf("not confirmed after %v", time.Since(start))
	})
}

// A hub holds one half where it is while the other goes on: the half that is
// held hears of an epoch that it is not shown.
func TestHeldBackCommitIsShown(t *testing.T) {
	var m *relaytest.Middle
	runWith(t, 1, func(b *border) { m = b.Middle(b.mx, b.us) }, func(t *testing.T, b *border) {
		p := newPatrol(t, b)
		for _, e := range []*relaytest.Endpoint{p.agent, p.guard} {
			reaches(t, e, b.group, views.Agreed, shownWithin, "before")
		}
		mark := p.guard.Watch.Mark()
		split(b, m, b.group, false)
		if err := p.us.Refresh(minute(t)); err != nil {
			t.Fatal(err)
		}
		reaches(t, p.guard, b.group, views.Differ, shownWithin, "a commit that is held back")
		if list := viewAlarms(p.guard, mark); len(list) != 1 || !strings.Contains(list[0], "does not show us") {
			t.Errorf("the guard was told %q", list)
		}
		reaches(t, p.agent, b.group, views.Unconfirmed, 2*time.Minute, "the other side does not follow")
		m.Tamper(nil)
		if _, err := p.us.Text(minute(t), "which brings the rest"); err != nil {
			t.Fatal(err)
		}
		for _, e := range []*relaytest.Endpoint{p.agent, p.guard} {
			reaches(t, e, b.group, views.Agreed, shownWithin, "it is held back no more")
		}
	})
}

// A hub that holds a commit back also tells of log entries that are not there, once
// or all the time, so that the half that is held has always something to wait for.
func TestTellingOfEntriesThatAreNotThereHidesNoEpoch(t *testing.T) {
	for name, always := range map[string]bool{"once": false, "all the time": true} {
		t.Run(name, func(t *testing.T) {
			var m *relaytest.Middle
			runWith(t, 1, func(b *border) { m = b.Middle(b.mx, b.us) }, func(t *testing.T, b *border) {
				p := newPatrol(t, b)
				for _, e := range []*relaytest.Endpoint{p.agent, p.guard} {
					reaches(t, e, b.group, views.Agreed, shownWithin, "before")
				}
				mark := p.guard.Watch.Mark()
				s := split(b, m, b.group, false)
				invented := func() *wire.Frame {
					return &wire.Frame{Body: &wire.Frame_Entries{Entries: &wire.Entries{Channel: b.group[:], Head: 1 << 40}}}
				}
				if always {
					m.Tamper(func(x relaytest.Passing) []*wire.Frame {
						f := x.Frame.GetFetchLog()
						if f == nil || x.Toward != b.us.Name || !bytes.Equal(f.Channel, b.group[:]) {
							return s.pass(x)
						}
						a := invented()
						a.Re = x.Frame.Id
						s.answer(a)
						return nil
					})
				}
				m.Say(b.mx, invented())
				time.Sleep(time.Second)
				ok(t, p.us.Refresh(minute(t)))
				reaches(t, p.guard, b.group, views.Differ, 2*shownWithin, "a commit that is held back")
				list := viewAlarms(p.guard, mark)
				if !slices.ContainsFunc(list, func(a string) bool { return strings.Contains(a, "does not show us") }) {
					t.Errorf("the guard was told %q, want of an epoch that it is not shown", list)
				}
				m.Tamper(nil)
				ok(t, second(p.us.Text(minute(t), "which brings the rest")))
				for _, e := range []*relaytest.Endpoint{p.agent, p.guard} {
					reaches(t, e, b.group, views.Agreed, shownWithin, "it is held back no more")
				}
			})
		})
	}
}

// A hub tells of a log entry and does not give it out: that is said within a minute.
func TestAnEntryThatIsToldOfAndNotShownIsAnAlarm(t *testing.T) {
	between(t, func(t *testing.T, p *patrol, m *relaytest.Middle) {
		mark := p.guard.Watch.Mark()
		m.Tamper(func(x relaytest.Passing) []*wire.Frame {
			f := x.Frame.GetFetchLog()
			if f != nil && x.Toward == p.border.us.Name && bytes.Equal(f.Channel, p.group[:]) {
				return nil
			}
			return []*wire.Frame{x.Frame}
		})
		m.Say(p.border.mx, &wire.Frame{Body: &wire.Frame_Entries{Entries: &wire.Entries{Channel: p.group[:], Head: 1 << 40}}})
		time.Sleep(time.Minute)
		if list := viewAlarms(p.guard, mark); len(list) != 1 || !strings.Contains(list[0], "has not shown us") {
			t.Errorf("the guard was told %q, want once that an entry is not shown", list)
		}
		m.Tamper(nil)
		time.Sleep(time.Minute)
		usable(t, p, "an entry that is not there")
	})
}

// A device that has never been in the channel is led onto an old branch, where
// somebody sits who was removed.
func TestJoinerOnAnOldBranchIsShown(t *testing.T) {
	between(t, func(t *testing.T, p *patrol, m *relaytest.Middle) {
		gone := p.border.mx.Endpoint("unit/gone")
		gone.MustJoin(p.group)
		old := seenBranch(t, m, p.group) // of an epoch with the one who will be removed
		if err := p.mx.Remove(minute(t), gone.Name()); err != nil {
			t.Fatal(err)
		}
		m.Tamper(withhold)
		if err := p.us.Refresh(minute(t)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		var head uint64
		for _, s := range m.Seen() {
			head = max(head, s.Frame.GetEntries().GetHead())
		}
		m.Tamper(func(x relaytest.Passing) []*wire.Frame {
			f := pb.Clone(x.Frame).(*wire.Frame)
			if g := f.GetGroupInfo(); g != nil {
				old.into(g)
			}
			if c := f.GetCommit(); c != nil && x.Toward == p.border.us.Name { // on the old branch the hub takes it
				go m.Say(p.border.mx, &wire.Frame{Re: f.Id, Body: &wire.Frame_Appended{Appended: &wire.Appended{Channel: c.Channel, Id: c.Id, Seq: head}}})
				return nil
			}
			return []*wire.Frame{f}
		})
		rookie := p.border.mx.Endpoint("unit/rookie")
		ch := rookie.MustJoin(p.group)
		start := time.Now()
		names, err := ch.Members()
		if err != nil || !slices.Contains(names, gone.Name()) {
			t.Fatalf("the rookie sees %v, %v: it is not on the old branch, the test shows nothing", names, err)
		}
		reaches(t, rookie, p.group, views.Differ, shownWithin, "an old branch")
		t.Logf("shown after %v", time.Since(start))
		if c := p.mx.HeartbeatCounts(); c.Strangers == 0 {
			t.Errorf("the rookie's heartbeats were not counted as a stranger's: %+v", c)
		}
		for _, e := range []*relaytest.Endpoint{p.agent, p.guard} {
			if list := viewAlarms(e, 0); len(list) > 0 {
				t.Errorf("%s was alarmed by somebody whom it does not know: %q", e.Name().Short(), list)
			}
		}
	})
}

// A change of members that the hub has taken, or may have, and does not show:
// its maker is told after 10 s that it is not confirmed.
func TestRemovalThatDoesNotComeBackIsAnAlarm(t *testing.T) {
	between(t, func(t *testing.T, p *patrol, m *relaytest.Middle) {
		for why, c := range map[string]struct {
			want proto.Reason
			hide func(relaytest.Passing) []*wire.Frame
		}{
			"taken, but not in the log": {proto.ReasonViewsDiffer, func(x relaytest.Passing) []*wire.Frame {
				if e := x.Frame.GetEntries(); e != nil && x.Toward == p.border.mx.Name {
					f := pb.Clone(x.Frame).(*wire.Frame)
					f.GetEntries().Entries, f.GetEntries().Head = nil, 0
					return []*wire.Frame{f}
				}
				return []*wire.Frame{x.Frame}
			}},
			"not answered": {proto.ReasonHubAway, func(x relaytest.Passing) []*wire.Frame {
				if x.Frame.GetCommit() != nil && x.Toward == p.border.us.Name {
					return nil
				}
				return []*wire.Frame{x.Frame}
			}},
		} {
			rookie := p.border.mx.Endpoint("unit/" + fmt.Sprint(c.want))
			rookie.MustJoin(p.group)
			time.Sleep(time.Second)
			mark, start, done := p.guard.Watch.Mark(), time.Now(), make(chan error, 1)
			m.Tamper(c.hide)
			go func() { done <- p.mx.Remove(minute(t), rookie.Name()) }() // ends when the removal is through, or after a minute
			a, at := relaytest.WaitAfter(t, p.guard.Watch, mark, why, func(a client.Alarm) bool { return a.Channel == p.group })
			if a.Why.Reason != c.want || !strings.Contains(a.Why.Detail, "not confirmed") {
				t.Errorf("%s: alarmed for %v", why, a.Why)
			}
			if d := at.Sub(start); d < client.CommitBack || d > client.CommitBack+2*time.Second {
				t.Errorf("%s: alarmed after %v, want %v", why, d, client.CommitBack)
			}
			m.Tamper(nil)
			if c.want == proto.ReasonHubAway {
				if err := <-done; proto.ReasonOf(err) != proto.ReasonHubAway {
					t.Errorf("%s: the remover was told %v", why, err)
				}
				continue
			}
			if _, err := p.us.Text(minute(t), "which brings the rest"); err != nil {
				t.Fatal(err)
			}
			if err := <-done; err != nil {
				t.Errorf("%s: the removal, once it was shown: %v", why, err)
			}
		}
		mark := p.guard.Watch.Mark()
		if err := p.mx.Refresh(minute(t)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * client.CommitBack)
		for _, e := range p.guard.Watch.After(mark) {
			if a, ok := e.(client.Alarm); ok {
				t.Errorf("a change that came back: %v", a.Why)
			}
		}
	})
}
