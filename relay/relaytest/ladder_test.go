package relaytest_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"crossband/client"
	"crossband/crypto/record"
	"crossband/proto"
	"crossband/proto/wire"
	"crossband/relay/relaytest"
)

// rungs are the times of the ladder in these tests.
const (
	toSupervisor = 30 * time.Second
	toNeighbour  = 60 * time.Second
	toPager      = 90 * time.Second
	rearm        = 10 * time.Minute
)

// ladder is a calling channel of the US whose hails to Mexico climb from the desk to
// its supervisor, across the border to the caller's neighbour, and to a hook.
type ladder struct {
	*border
	channel                                   proto.ChannelID
	agent, guard, supervisor, neighbour, hook *relaytest.Endpoint
	calling                                   *client.Channel // the agent's
}

// withLadder charters the channel before the relays start.
func withLadder(l *ladder, change ...func(*wire.Charter)) func(*border) {
	return func(b *border) {
		party := func(a *relaytest.Agency) *wire.Charter_Party {
			p := relaytest.Party(a)
			p.Send = append(p.Send, "hook")
			return p
		}
		both := []*wire.Charter_Party{relaytest.Party(b.us), relaytest.Party(b.mx)}
		step := func(after time.Duration, page string) *wire.Charter_Step {
			return &wire.Charter_Step{AfterMs: uint32(after.Milliseconds()), Page: []string{page}}
		}
		c := &wire.Charter{
			Kind: wire.Charter_KIND_CALLING, Title: "Border calls", Parties: []*wire.Charter_Party{party(b.us), party(b.mx)}, Template: both,
			Ladder: []*wire.Charter_Step{
				step(toSupervisor, "spiffe://gn.example/desk/supervisor"), step(toNeighbour, "spiffe://usbp.example/desk/laredo"),
				step(toPager, "spiffe://usbp.example/hook/pager"),
			},
			RearmMs: uint32(rearm.Milliseconds()),
		}
		for _, f := range change {
			f(c)
		}
		l.border, l.channel = b, b.us.Charter(c)
		if len(b.us.Peers) < 2 {
			directly(b)
		}
	}
}

// join brings everybody to the channel.
func (l *ladder) join() {
	l.agent, l.neighbour, l.hook = l.us.Endpoint("unit/del-rio-214"), l.us.Endpoint("desk/laredo"), l.us.Endpoint("hook/pager")
	l.guard, l.supervisor = l.mx.Endpoint("desk/piedras-negras"), l.mx.Endpoint("desk/supervisor")
	l.calling = l.agent.MustJoin(l.channel)
	for _, e := range []*relaytest.Endpoint{l.neighbour, l.hook, l.guard, l.supervisor} {
		e.MustJoin(l.channel)
	}
	time.Sleep(3 * time.Second)
}

func runLadder(t *testing.T, fn func(*testing.T, *ladder), change ...func(*wire.Charter)) {
	l := new(ladder)
	runWith(t, 1, withLadder(l, change...), func(t *testing.T, _ *border) {
		l.join()
		fn(t, l)
	})
}

// hail calls the guard's desk and returns the hail and when it was made.
func (l *ladder) hail(t *testing.T, o client.HailOptions) (*client.Hail, time.Time) {
	t.Helper()
	h, err := l.calling.Hail(minute(t), l.guard.Name(), phraseOf(t, "shots-fired"), o)
	ok(t, err)
	return h, time.Now()
}

// rings waits until a step of the hail's ladder makes a desk ring, and returns when.
func rings(t *testing.T, e *relaytest.Endpoint, h *client.Hail, round, step int) time.Time {
	t.Helper()
	_, at := relaytest.WaitAfter(t, e.Watch, 0, "it rings", func(x client.HailReceived) bool {
		return x.ID == h.ID() && x.Rings && x.Round == round && x.Step == step
	})
	return at
}

// within checks a time that passed: a tick of the hub, two ways and a little.
func within(t *testing.T, what string, got, want time.Duration) {
	t.Helper()
	if got < want-200*time.Millisecond || got > want+500*time.Millisecond {
		t.Errorf("%s after %v, want %v", what, got, want)
	}
}

// pagesOf lists the steps that a member has seen a hail come to.
func pagesOf(e *relaytest.Endpoint, h *client.Hail) (list [][2]int) {
	for _, p := range relaytest.Find[client.Paged](e.Watch) {
		if p.Hail == h.ID() {
			list = append(list, [2]int{p.Round, p.Step})
		}
	}
	return list
}

func TestALadderCrossesTheBorder(t *testing.T) {
	runLadder(t, func(t *testing.T, l *ladder) {
		h, made := l.hail(t, client.HailOptions{Urgency: proto.PriorityEmergency, Note: "south bank"})
		stands(t, proto.HailReceived, h) // it rings there: that stops nothing
		within(t, "the supervisor is paged", rings(t, l.supervisor, h, 1, 1).Sub(made), toSupervisor)
		within(t, "the neighbour is paged", rings(t, l.neighbour, h, 1, 2).Sub(made), toNeighbour)
		if r := relaytest.Find[client.HailReceived](l.neighbour.Watch); r[len(r)-1].Note != "south bank" || r[0].Rings {
			t.Errorf("the neighbour has seen %+v; it should have seen the hail, and then heard it ring with its words", r)
		}

		// Two accept at once: one has it, the other is told who.
		one, two := l.neighbour.FindHail(h.ID()), l.guard.FindHail(h.ID())
		answers := make(chan error, 2)
		for _, x := range []*client.Hail{one, two} {
			go func() { answers <- x.Reply(minute(t), proto.HailAccepted, 0, nil) }() // ends with the answer
		}
		first, second := <-answers, <-answers
		if (first == nil) == (second == nil) {
			t.Fatalf("two accept at once: %v, %v", first, second)
		}
		for _, err := range []error{first, second} {
			if err != nil && (proto.ReasonOf(err) != proto.ReasonTaken || !strings.Contains(err.Error(), "desk/laredo has it")) {
				t.Errorf("the second is told %v, want that the nearer desk has it", err)
			}
		}
		id, err := h.WaitIncident(minute(t))
		ok(t, err)
		relaytest.Wait(t, l.neighbour.Watch, "the neighbour is in the incident", func(e client.Joined) bool { return e.Channel == id })
		reply(t, one, proto.HailCommitted, 0)
		time.Sleep(time.Hour)
		for _, e := range []*relaytest.Endpoint{l.agent, l.guard, l.supervisor, l.neighbour, l.hook} {
			if got := pagesOf(e, h); !slices.Equal(got, [][2]int{{1, 1}, {1, 2}}) {
				t.Errorf("%s has seen the pages %v", e.Name(), got)
			}
			noAlarms(t, e)
		}
		reply(t, h, proto.HailReleased, 0)
	})
}

// TestAHubRestartsInTheMiddleOfALadder: it is down from before the first step to
// after it: that step comes at its start, once, and the next in time.
func TestAHubRestartsInTheMiddleOfALadder(t *testing.T) {
	runLadder(t, func(t *testing.T, l *ladder) {
		h, made := l.hail(t, client.HailOptions{})
		stands(t, proto.HailReceived, h)
		time.Sleep(20 * time.Second)
		l.us.Crash()
		time.Sleep(time.Until(made.Add(toSupervisor + 10*time.Second)))
		l.us.Restart()
		up := time.Now()
		if late := rings(t, l.supervisor, h, 1, 1).Sub(up); late > 10*time.Second { // the partner dials again
			t.Errorf("the supervisor is paged %v after the start", late)
		}
		within(t, "the neighbour is paged", rings(t, l.neighbour, h, 1, 2).Sub(made), toNeighbour)
		l.us.Crash()
		l.us.Restart()
		for _, state := range []proto.HailState{proto.HailAccepted, proto.HailCommitted} { // the partner dials again
			if err := l.supervisor.FindHail(h.ID()).Reply(minute(t), state, 0, nil); err != nil && !errors.Is(err, client.ErrWaiting) {
				t.Errorf("%s: %v", state, err)
			}
		}
		stands(t, proto.HailCommitted, h)
		time.Sleep(30 * time.Minute)
		for _, e := range []*relaytest.Endpoint{l.agent, l.guard, l.supervisor, l.neighbour} {
			if got := pagesOf(e, h); !slices.Equal(got, [][2]int{{1, 1}, {1, 2}}) {
				t.Errorf("%s has seen the pages %v, want each once", e.Name(), got)
			}
			if list := relaytest.Find[client.DeskUnmanned](e.Watch); len(list) > 0 {
				t.Errorf("%s is told %+v: the desks were there all the time", e.Name(), list)
			}
			noAlarms(t, e)
		}
	})
}

func TestAHookThatFailsAndADeskThatDeclinesBringTheNextStep(t *testing.T) {
	runLadder(t, func(t *testing.T, l *ladder) {
		h, _ := l.hail(t, client.HailOptions{})
		rung := rings(t, l.guard, h, 1, 0)
		reply(t, l.guard.FindHail(h.ID()), proto.HailDeclined, proto.ReasonNoMeans)
		within(t, "the supervisor is paged", rings(t, l.supervisor, h, 1, 1).Sub(rung), 300*time.Millisecond)
		if s, _ := h.State(); s.Over() {
			t.Fatalf("one desk has declined and the hail is %s", s)
		}
		relaytest.Wait(t, l.agent.Watch, "the caller sees who declined", func(m client.HailMoved) bool {
			return m.Said == proto.HailDeclined && m.By == l.guard.Name() && m.Reason == proto.ReasonNoMeans && !m.State.Over()
		})
		time.Sleep(toPager - time.Second)
		p, _ := relaytest.WaitAfter(t, l.hook.Watch, 0, "the hook is paged", func(p client.Paged) bool { return slices.Contains(p.To, l.hook.Name()) })
		ok(t, l.hook.FindHail(h.ID()).AnswerPage(minute(t), p.Round, p.Step, proto.ReasonNoPage))
		relaytest.Wait(t, l.agent.Watch, "the caller sees that the hook failed", func(a client.PageAnswered) bool {
			return a.Hail == h.ID() && !a.Delivered && a.Reason == proto.ReasonNoPage
		})
		// Nobody accepts: it ends its whole life after the last step.
		stands(t, proto.HailReceived, h)
		time.Sleep(2*time.Minute + time.Second)
		if s, _ := h.State(); s != proto.HailExpired {
			t.Errorf("nobody came, and the hail stands at %s", s)
		}
		for _, e := range []*relaytest.Endpoint{l.agent, l.guard, l.hook} {
			noAlarms(t, e)
		}
	})
}

func TestAnAcceptedHailThatNothingFollowsRingsAgain(t *testing.T) {
	long(t)
	runLadder(t, func(t *testing.T, l *ladder) {
		h, _ := l.hail(t, client.HailOptions{})
		rings(t, l.guard, h, 1, 0)
		reply(t, l.guard.FindHail(h.ID()), proto.HailAccepted, 0)
		accepted := time.Now()
		id, err := h.WaitIncident(minute(t))
		ok(t, err)
		time.Sleep(rearm - time.Second)
		within(t, "it rings again", rings(t, l.guard, h, 2, 0).Sub(accepted), rearm)
		within(t, "the supervisor is paged again", rings(t, l.supervisor, h, 2, 1).Sub(accepted), rearm+toSupervisor)
		reply(t, l.supervisor.FindHail(h.ID()), proto.HailAccepted, 0)
		relaytest.Wait(t, l.supervisor.Watch, "who has it now is in the incident's channel", func(j client.Joined) bool { return j.Channel == id })
		ok(t, l.supervisor.Channel(l.channel).CloseIncident(minute(t), incidentOf(l.agent, h), proto.DispositionResolved, "all safe"))
		stands(t, proto.HailClosed, h, l.guard.FindHail(h.ID()))
		time.Sleep(time.Hour)
		if got := pagesOf(l.agent, h); !slices.Equal(got, [][2]int{{2, 0}, {2, 1}}) {
			t.Errorf("pages %v; closed it is quiet for good", got)
		}
		noAlarms(t, l.guard)
	})
}

func incidentOf(e *relaytest.Endpoint, h *client.Hail) proto.IncidentID {
	for _, i := range e.Incidents() {
		for _, x := range i.Hails {
			if x.ID == h.ID() {
				return i.ID
			}
		}
	}
	return proto.IncidentID{}
}

// TestADeskAtWhichNobodyIsIsToldAndPassed: a console that is off for a minute; then a
// hail to it does not wait for the first step's time.
func TestADeskAtWhichNobodyIsIsToldAndPassed(t *testing.T) {
	runLadder(t, func(t *testing.T, l *ladder) {
		l.supervisor.Close()
		gone := time.Now()
		time.Sleep(proto.DeskAway)
		for _, e := range []*relaytest.Endpoint{l.agent, l.guard} {
			_, at := relaytest.WaitAfter(t, e.Watch, 0, "all are told", func(d client.DeskUnmanned) bool { return d.Desk == l.supervisor.Name() && d.Unmanned })
			if d := at.Sub(gone); d < proto.DeskAway || d > proto.DeskAway+5*time.Second { // its relay notices, and tells the hub
				t.Errorf("%s is told after %v", e.Name(), d)
			}
		}
		time.Sleep(10 * time.Minute)
		h, made := l.hail(t, client.HailOptions{})
		within(t, "the neighbour is paged right after the empty desk", rings(t, l.neighbour, h, 1, 2).Sub(made), toSupervisor)
		l.mx.Endpoint("desk/supervisor").MustJoin(l.channel)
		relaytest.Wait(t, l.agent.Watch, "all are told that somebody is there again", func(d client.DeskUnmanned) bool { return d.Desk == l.supervisor.Name() && !d.Unmanned })
		time.Sleep(time.Second)
		if n := len(relaytest.Find[client.DeskUnmanned](l.guard.Watch)); n != 2 {
			t.Errorf("told %d times, want once for the spell and once for its end", n)
		}
		noAlarms(t, l.agent)
	})
}

// TestADeskIsHandedOverAtTheChangeOfShifts: what rings at the one rings at the other,
// which answers in its name.
func TestADeskIsHandedOverAtTheChangeOfShifts(t *testing.T) {
	runLadder(t, func(t *testing.T, l *ladder) {
		night := l.mx.Endpoint("desk/night")
		night.MustJoin(l.channel)
		time.Sleep(2 * time.Second)
		h, _ := l.hail(t, client.HailOptions{})
		rings(t, l.guard, h, 1, 0)
		stands(t, proto.HailReceived, h)
		time.Sleep(time.Second) // all have read it: nothing but the change of duty makes it ring elsewhere
		role := l.guard.Name()
		ok(t, l.guard.Channel(l.channel).HandOverDuty(minute(t), role, night.Name(), "good night"))
		d, _ := relaytest.WaitAfter(t, l.agent.Watch, 0, "all see who is on duty", func(d client.DutyChanged) bool { return d.Role == role })
		if !d.On || d.At != night.Name() || d.By != role || d.Note != "good night" {
			t.Errorf("told %+v", d)
		}
		within(t, "it rings at the other", rings(t, night, h, 1, 0).Sub(d.Time), 100*time.Millisecond)
		reply(t, night.FindHail(h.ID()), proto.HailAccepted, 0)
		m, _ := relaytest.WaitAfter(t, l.agent.Watch, 0, "accepted", func(m client.HailMoved) bool { return m.State == proto.HailAccepted })
		if m.By != night.Name() || m.For != role {
			t.Errorf("accepted by %s for %q", m.By, m.For)
		}
		if got := l.agent.Channel(l.channel).DutyOf(role); got.OnDuty() != night.Name() || got.Off {
			t.Errorf("%+v is on duty", got)
		}
		ok(t, night.Channel(l.channel).OffDuty(minute(t), role, ""))
		relaytest.Wait(t, l.agent.Watch, "nobody is", func(d client.DutyChanged) bool { return d.Role == role && !d.On })
		h2, made := l.hail(t, client.HailOptions{})
		within(t, "a ladder passes it at once", rings(t, l.supervisor, h2, 1, 1).Sub(made), 100*time.Millisecond)
		relaytest.Wait(t, l.agent.Watch, "and all are alarmed", func(d client.DeskUnmanned) bool { return d.Desk == role && d.Unmanned })
		for _, e := range []*relaytest.Endpoint{l.agent, night, l.guard} {
			noAlarms(t, e)
		}
	})
}

// TestAnExerciseIsMarkedAndPagesNoHook on an actual channel.
func TestAnExerciseIsMarkedAndPagesNoHook(t *testing.T) {
	runLadder(t, func(t *testing.T, l *ladder) {
		h, _ := l.hail(t, client.HailOptions{Exercise: true})
		time.Sleep(toPager + time.Second)
		if got := pagesOf(l.hook, h); len(got) != 3 {
			t.Errorf("pages %v", got)
		}
		for _, p := range relaytest.Find[client.Paged](l.hook.Watch) {
			if !p.Exercise || slices.Contains(p.To, l.hook.Name()) {
				t.Errorf("paged %+v", p)
			}
		}
		if err := l.hook.FindHail(h.ID()).AnswerPage(minute(t), 1, 3, 0); proto.ReasonOf(err) != proto.ReasonExercise {
			t.Errorf("a hook answers for an exercise: %v", err)
		}
		for _, r := range relaytest.Find[client.HailReceived](l.supervisor.Watch) {
			if !r.Exercise {
				t.Errorf("rings without its mark: %+v", r)
			}
		}
		reply(t, l.neighbour.FindHail(h.ID()), proto.HailAccepted, 0)
		id, err := h.WaitIncident(minute(t))
		ok(t, err)
		if c := l.agent.Channel(id).Charter(); !c.Exercise || !strings.HasPrefix(c.Title, "EXERCISE ") {
			t.Errorf("the incident's channel is %q, exercise %v", c.Title, c.Exercise)
		}
		ch := l.neighbour.Channel(l.channel)
		ok(t, ch.CloseIncident(minute(t), incidentOf(l.neighbour, h), proto.DispositionExerciseOver, ""))
		m, _ := relaytest.WaitAfter(t, l.agent.Watch, 0, "closed", func(m client.IncidentMoved) bool { return m.Act == proto.ActClose })
		if !m.Exercise {
			t.Errorf("closed without its mark: %+v", m)
		}
	})
}

// TestIncidentsAreKeptByADevice: handed over, merged, and shown after a restart with
// what was done meanwhile.
func TestIncidentsAreKeptByADevice(t *testing.T) {
	runLadder(t, func(t *testing.T, l *ladder) {
		id, state := l.mx.Identity("desk/console"), client.NewMemoryState()
		console := l.mx.EndpointWith(id, state)
		console.MustJoin(l.channel)
		time.Sleep(2 * time.Second)
		h1, _ := l.hail(t, client.HailOptions{Note: "one"})
		h2, _ := l.hail(t, client.HailOptions{Note: "two"})
		rings(t, l.guard, h2, 1, 0)
		one, two := incidentOf(l.agent, h1), incidentOf(l.agent, h2)
		reply(t, l.guard.FindHail(h1.ID()), proto.HailAccepted, 0)
		_, err := h1.WaitIncident(minute(t))
		ok(t, err)
		calling := l.guard.Channel(l.channel)
		if err := calling.Merge(minute(t), two, one, "the same shots"); err != nil {
			t.Fatal(err)
		}
		if err := calling.HandOver(minute(t), one, l.hook.Name(), ""); proto.ReasonOf(err) != proto.ReasonHailTo {
			t.Errorf("handed over to a hook: %v", err)
		}
		ok(t, calling.HandOver(minute(t), one, console.Name(), "yours"))
		if err := calling.HandOver(minute(t), one, l.supervisor.Name(), ""); err != nil { // a desk of the holder's agency may
			t.Errorf("%v", err)
		}
		relaytest.Wait(t, console.Watch, "handed over", func(m client.IncidentMoved) bool { return m.To == l.supervisor.Name() })
		console.Close()
		time.Sleep(proto.MinRearm)
		ok(t, l.supervisor.Channel(l.channel).Rearm(minute(t), one, "no answer by phone"))
		console = l.mx.EndpointWith(id, state)
		relaytest.Wait(t, console.Watch, "what was done meanwhile is read", func(m client.IncidentMoved) bool { return m.Act == proto.ActRearm && m.Note == "no answer by phone" })
		list := console.Incidents()
		if len(list) != 2 {
			t.Fatalf("%d incidents", len(list))
		}
		if i := list[0]; i.ID != one || i.State != client.IncidentAccepted || i.Holder != l.supervisor.Name() || i.Hails[0].Shown.Note != "one" || !slices.Contains(i.Participants, l.guard.Name()) && !slices.Contains(i.Participants, l.agent.Name()) {
			t.Errorf("the first is %+v", i)
		}
		if i := list[1]; i.ID != two || i.State != client.IncidentMerged || i.Into != one {
			t.Errorf("the second is %+v", i)
		}
		ok(t, console.Channel(l.channel).CloseIncident(minute(t), one, proto.DispositionFalseAlarm, "")) // its agency has a part in it
		stands(t, proto.HailClosed, h1, h2)
		for _, i := range l.agent.Incidents() {
			if i.State != client.IncidentClosed || i.Disposition != proto.DispositionFalseAlarm || i.By != console.Name() {
				t.Errorf("closed: %+v", i)
			}
		}
		for _, e := range []*relaytest.Endpoint{l.agent, l.guard, console} {
			noAlarms(t, e)
		}
	})
}

// TestAPageIsReadAfterTheHailThatLiesElsewhere: the caller's relay alone may keep what
// it sealed, and is away while a desk that was off comes back.
func TestAPageIsReadAfterTheHailThatLiesElsewhere(t *testing.T) {
	l := new(ladder)
	runWith(t, 1, withLadder(l, func(c *wire.Charter) { c.Storage = wire.Charter_STORAGE_NONE }), func(t *testing.T, b *border) {
		l.join()
		id, state := b.us.Identity("desk/laredo-2"), client.NewMemoryState()
		away := b.us.EndpointWith(id, state)
		away.MustJoin(l.channel)
		time.Sleep(2 * time.Second)
		ok(t, l.neighbour.Channel(l.channel).HandOverDuty(minute(t), l.neighbour.Name(), id.Name, ""))
		time.Sleep(2 * time.Second)
		away.Close()
		h, err := l.guard.Channel(l.channel).Hail(minute(t), l.supervisor.Name(), phraseOf(t, "shots-fired"), client.HailOptions{Life: 10 * time.Minute, Note: "help"})
		ok(t, err)
		time.Sleep(2 * time.Second)
		b.mx.Stop()
		time.Sleep(toNeighbour + 10*time.Second)
		away = b.us.EndpointWith(id, state)
		relaytest.Wait(t, away.Watch, "the hail waits", func(m client.Missed) bool { return m.Origin == b.mx.Name })
		time.Sleep(10 * time.Second)
		if got := pagesOf(away, h); len(got) != 0 {
			t.Errorf("pages %v of a hail that cannot be read yet", got)
		}
		b.mx.Restart()
		r, _ := relaytest.WaitAfter(t, away.Watch, 0, "it is read and rings", func(x client.HailReceived) bool { return x.ID == h.ID() && x.Rings })
		if r.Step != 2 || r.For != l.neighbour.Name() || r.Note != "help" {
			t.Errorf("rings as %+v", r)
		}
		noAlarms(t, away)
	})
}

// TestALadderIsInTheRecord: both sides' records show whom a hail reached when, what a
// hook said, and what was done with its incident, and bear both signatures.
func TestALadderIsInTheRecord(t *testing.T) {
	runLadder(t, func(t *testing.T, l *ladder) {
		h, _ := l.hail(t, client.HailOptions{})
		other, _ := l.hail(t, client.HailOptions{})
		time.Sleep(toPager + time.Second)
		ok(t, l.hook.FindHail(h.ID()).AnswerPage(minute(t), 1, 3, proto.ReasonNoPage))
		reply(t, l.neighbour.FindHail(h.ID()), proto.HailAccepted, 0)
		_, err := h.WaitIncident(minute(t))
		ok(t, err)
		calling := l.neighbour.Channel(l.channel)
		ok(t, calling.Merge(minute(t), other.Incident(), h.Incident(), ""))
		ok(t, calling.HandOver(minute(t), h.Incident(), l.supervisor.Name(), "their side of the river"))
		ok(t, calling.Rearm(minute(t), h.Incident(), ""))
		time.Sleep(toSupervisor + time.Second)
		ok(t, calling.CloseIncident(minute(t), h.Incident(), proto.DispositionResolved, ""))
		time.Sleep(10 * time.Second)
		ours, theirs := fetched(t, l.neighbour, h.Incident()), fetched(t, l.guard, h.Incident())
		if r := verified(t, l.border, ours, theirs); len(r.Findings) > 0 {
			t.Errorf("the record does not hold: %+v", r.Findings)
		}
		var steps []string
		for _, line := range theirs.Logs[0].Entries {
			e, err := record.ParseEntry(line)
			ok(t, err)
			switch b := e.Body.(type) {
			case *record.LadderStep:
				steps = append(steps, fmt.Sprint(b.Step, " ", b.To.Short()))
			case *record.Page:
				steps = append(steps, b.Hook+" "+b.Outcome)
			case *record.Acknowledged:
				steps = append(steps, "acknowledged by "+e.Actor.Short())
			case *record.Handover:
				steps = append(steps, b.From+" hands over to "+b.To)
			case *record.ReArmed:
				steps = append(steps, "re-armed "+b.Reason)
			case *record.Closed:
				steps = append(steps, "closed "+b.Disposition)
			}
		}
		want := []string{
			"1 desk/supervisor", "2 desk/laredo", "3 hook/pager", "hook/pager failed", "acknowledged by desk/laredo",
			"spiffe://usbp.example/desk/laredo hands over to spiffe://gn.example/desk/supervisor",
			"re-armed ", "re-armed round 2", "1 desk/supervisor", "closed resolved",
		}
		if !slices.Equal(steps, want) {
			t.Errorf("the record says\n%s\nwant\n%s", strings.Join(steps, "\n"), strings.Join(want, "\n"))
		}
		if got := kinds(t, fetched(t, l.guard, other.Incident())); !slices.Contains(got, record.KindMerged) {
			t.Errorf("the duplicate's record does not say that it was merged: %v", got)
		}
	})
}
