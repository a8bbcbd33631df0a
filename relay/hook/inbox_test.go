package hook_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"crossband/proto"
	"crossband/relay/hook"
	"crossband/relay/store"
)

func TestAnAlertRingsOnce(t *testing.T) {
	bubble(t, func(t *testing.T, p *post) {
		first := p.must(hook.Accepted, alert("1"))
		again := p.must(hook.Duplicate, alert("1"))
		if first.Incident == "" || first.Incident != again.Incident || first.Hail != again.Hail || !first.Rings {
			t.Errorf("%+v, then %+v", first, again)
		}
		other := alert("1")
		other.Digest = [32]byte{2}
		p.must(hook.Conflict, other)
		settle()
		if got := p.radio.rang(); len(got) != 1 || got[0].Hail.String() != first.Hail || got[0].Incident.String() != first.Incident {
			t.Errorf("rang %v", got)
		}
	})
}

// TestADeliveryIsKnownAgain: the delivery's own identifier with another body.
func TestADeliveryIsKnownAgain(t *testing.T) {
	bubble(t, func(t *testing.T, p *post) {
		accept := func(body byte, id string) hook.Outcome {
			res, err := p.inbox.Accept(t.Context(), p.src, "d", [32]byte{body}, []hook.Alert{alert(id)})
			if err != nil {
				t.Fatal(err)
			}
			return res[0].Outcome
		}
		if a, b, c := accept(1, "1"), accept(1, "1"), accept(2, "2"); a != hook.Accepted || b != hook.Duplicate || c != hook.Conflict {
			t.Errorf("%s, %s, %s", a, b, c)
		}
		settle()
		if n := len(p.radio.rang()); n != 1 {
			t.Errorf("%d rang", n)
		}
	})
}

// TestNamesAreNotMerged: the same identifier of another sender, or of another
// source, is another alert; and no way of joining names makes one of two.
func TestNamesAreNotMerged(t *testing.T) {
	bubble(t, func(t *testing.T, p *post) {
		p.must(hook.Accepted, alert("1"))
		other := alert("1")
		other.Sender = "t"
		p.must(hook.Accepted, other)
		ab, ba := alert("b"), alert("")
		ab.Sender, ba.Sender, ba.ID = "a", "", "ab"
		p.must(hook.Accepted, ab)
		p.must(hook.Accepted, ba)
		p.src = &hook.Source{Name: "elsewhere"}
		p.must(hook.Accepted, alert("1"))
		settle()
		if n := len(p.radio.rang()); n != 5 {
			t.Errorf("%d rang", n)
		}
	})
}

func TestUpdateAndCancelFollow(t *testing.T) {
	bubble(t, func(t *testing.T, p *post) {
		first := p.must(hook.Accepted, alert("1"))
		up := p.must(hook.Accepted, about(alert("2"), hook.KindUpdate, "1"))
		upOfUp := p.must(hook.Accepted, about(alert("3"), hook.KindUpdate, "2"))
		if up.Incident != first.Incident || upOfUp.Incident != first.Incident || up.Rings || upOfUp.Hail != first.Hail {
			t.Errorf("%+v, %+v, %+v", first, up, upOfUp)
		}
		can := p.must(hook.Accepted, about(alert("4"), hook.KindCancel, "3"))
		p.must(hook.Duplicate, about(alert("4"), hook.KindCancel, "3"))
		settle()
		if got := p.radio.rang(); len(got) != 1 || got[0].cancelled != 1 || can.Incident != first.Incident {
			t.Errorf("rang %+v", got)
		}
		if got := p.radio.heard(); len(got) != 2 || got[0] != first.Incident+": 2" || got[1] != first.Incident+": 3" {
			t.Errorf("heard %q", got)
		}
		// What comes about it after that opens it again: it is on again.
		if res := p.must(hook.Accepted, about(alert("5"), hook.KindUpdate, "4")); res.Incident != first.Incident || !res.Rings {
			t.Errorf("after the end: %+v", res)
		}
	})
}

// TestOrderDoesNotMatter: an update before its alert is one incident, a cancel
// before its alert keeps it from ringing.
func TestOrderDoesNotMatter(t *testing.T) {
	bubble(t, func(t *testing.T, p *post) {
		up := p.must(hook.Accepted, about(alert("2"), hook.KindUpdate, "1"))
		late := p.must(hook.Logged, alert("1"))
		if !up.Rings || late.Incident != up.Incident {
			t.Errorf("%+v, %+v", up, late)
		}
		res := p.must(hook.Logged, about(alert("9"), hook.KindCancel, "8"))
		if !strings.Contains(res.Why, "not known") {
			t.Errorf("a cancel of what is not known: %s", res.Why)
		}
		p.must(hook.Logged, alert("8"))
		settle()
		if n := len(p.radio.rang()); n != 1 {
			t.Errorf("%d rang", n)
		}
	})
}

// TestCancelsThatEndNothing: only its own sender ends an alert, only what is real
// ends what is real.
func TestCancelsThatEndNothing(t *testing.T) {
	bubble(t, func(t *testing.T, p *post) {
		p.src.Policy.Practice = hook.PracticeRings
		p.must(hook.Accepted, alert("1"))
		foreign := about(alert("c1"), hook.KindCancel, "1")
		foreign.Sender = "t"
		if res := p.must(hook.Logged, foreign); !strings.Contains(res.Why, "another sender") {
			t.Errorf("%s", res.Why)
		}
		for i, st := range []hook.Status{hook.Test, hook.Draft, hook.System, hook.Exercise} {
			c := about(alert(fmt.Sprint("c2-", i)), hook.KindCancel, "1")
			c.Status = st
			p.must(hook.Logged, c)
			u := about(alert(fmt.Sprint("u2-", i)), hook.KindUpdate, "1")
			u.Status = st
			if res, err := p.send(u); err != nil || res[0].Outcome == hook.Accepted && !res[0].Exercise {
				t.Errorf("%s updates what is real: %+v, %v", st, res, err)
			}
		}
		exercise := alert("e")
		exercise.Status = hook.Exercise
		p.must(hook.Accepted, exercise)
		p.must(hook.Logged, about(alert("c3"), hook.KindCancel, "e"))
		settle()
		for _, r := range p.radio.rang() {
			if r.cancelled != 0 {
				t.Errorf("%s was cancelled", r.Alert.ID)
			}
		}
		if got := p.radio.heard(); len(got) != 0 {
			t.Errorf("heard %q", got)
		}
	})
}

func TestACancelOfSeveral(t *testing.T) {
	bubble(t, func(t *testing.T, p *post) {
		p.must(hook.Accepted, alert("1"))
		p.must(hook.Accepted, alert("2"))
		p.must(hook.Accepted, about(alert("3"), hook.KindCancel, "1", "2", "unknown"))
		settle()
		if got := p.radio.rang(); len(got) != 2 || got[0].cancelled != 1 || got[1].cancelled != 1 {
			t.Errorf("%+v", got)
		}
	})
}

// TestThreads: alerts of one thread are one incident while it is open.
func TestThreads(t *testing.T) {
	bubble(t, func(t *testing.T, p *post) {
		on := func(id string, kind hook.Kind) hook.Alert {
			a := about(alert(id), kind)
			a.Thread = "U"
			return a
		}
		first := p.must(hook.Accepted, on("1", hook.KindAlert))
		settle()
		if res := p.must(hook.Accepted, on("2", hook.KindAlert)); res.Incident != first.Incident || res.Rings {
			t.Errorf("repeated: %+v", res)
		}
		settle()
		if got := p.radio.heard(); len(got) != 0 {
			t.Errorf("a repetition is told: %q", got)
		}
		p.radio.expireAll() // nobody answered, and it goes on
		p.must(hook.Accepted, on("3", hook.KindAlert))
		settle()
		if got := p.radio.rang(); len(got) != 2 || got[1].Incident != got[0].Incident || got[1].Hail == got[0].Hail {
			t.Fatalf("%+v", got)
		}
		p.must(hook.Accepted, on("4", hook.KindCancel))
		settle()
		if got := p.radio.rang(); got[1].cancelled != 1 {
			t.Errorf("%+v", got)
		}
		if res := p.must(hook.Accepted, on("5", hook.KindAlert)); res.Incident == first.Incident || !res.Rings {
			t.Errorf("after its end: %+v", res)
		}
	})
}

func TestWhatNeverRings(t *testing.T) {
	bubble(t, func(t *testing.T, p *post) {
		p.src.Policy.Least = hook.Moderate
		for i, change := range []func(*hook.Alert){
			func(a *hook.Alert) { a.Status = hook.Test },
			func(a *hook.Alert) { a.Status = hook.Draft },
			func(a *hook.Alert) { a.Status = hook.System },
			func(a *hook.Alert) { a.Status = hook.Exercise },
			func(a *hook.Alert) { a.Kind = hook.KindNotice },
			func(a *hook.Alert) { a.Expires = time.Now() },
			func(a *hook.Alert) { a.Severity = hook.Minor },
			func(a *hook.Alert) { a.AllClear = true },
		} {
			a := alert(fmt.Sprint(i))
			a.Severity, a.Immediate = hook.Extreme, true
			change(&a)
			if res := p.must(hook.Logged, a); res.Why == "" || res.Rings {
				t.Errorf("%d: %+v", i, res)
			}
			up := about(alert(fmt.Sprint("u", i)), hook.KindUpdate, fmt.Sprint(i))
			change(&up)
			p.must(hook.Logged, up)
		}
		settle()
		if got := p.radio.rang(); len(got) != 0 {
			t.Errorf("rang %+v", got)
		}
		// An update that is worse rings, in the incident of the first.
		worse := p.must(hook.Accepted, about(alert("w"), hook.KindUpdate, "6"))
		settle()
		if got := p.radio.rang(); len(got) != 1 || !worse.Rings {
			t.Errorf("rang %+v", got)
		}
	})
}

func TestExercisesRingAsSuch(t *testing.T) {
	bubble(t, func(t *testing.T, p *post) {
		p.src.Policy.Practice = hook.PracticeRings
		a := alert("1")
		a.Status = hook.Exercise
		if res := p.must(hook.Accepted, a); !res.Exercise {
			t.Errorf("%+v", res)
		}
		c := about(alert("2"), hook.KindCancel, "1")
		c.Status = hook.Exercise
		p.must(hook.Accepted, c)
		settle()
		if got := p.radio.rang(); len(got) != 1 || !got[0].Exercise || got[0].cancelled != 1 {
			t.Errorf("%+v", got)
		}
	})
}

func TestUrgency(t *testing.T) {
	bubble(t, func(t *testing.T, p *post) {
		p.must(hook.Accepted, alert("moderate"))
		for id, change := range map[string]func(*hook.Alert){
			"minor":            func(a *hook.Alert) { a.Severity = hook.Minor },
			"unknown":          func(a *hook.Alert) { a.Severity = hook.Unknown },
			"severe":           func(a *hook.Alert) { a.Severity = hook.Severe },
			"severe immediate": func(a *hook.Alert) { a.Severity, a.Immediate = hook.Severe, true },
			"extreme":          func(a *hook.Alert) { a.Severity = hook.Extreme },
			"distress":         func(a *hook.Alert) { a.Distress = true },
		} {
			a := alert(id)
			change(&a)
			p.must(hook.Accepted, a)
		}
		settle()
		want := map[string]proto.Priority{
			"minor": proto.PriorityRoutine, "moderate": proto.PriorityUrgent, "unknown": proto.PriorityUrgent, "severe": proto.PriorityUrgent,
			"severe immediate": proto.PriorityImminentPeril, "extreme": proto.PriorityImminentPeril, "distress": proto.PriorityEmergency,
		}
		got := p.radio.rang()
		for _, r := range got {
			if r.Urgency != want[r.Alert.ID] {
				t.Errorf("%s: %v, want %v", r.Alert.ID, r.Urgency, want[r.Alert.ID])
			}
		}
		if len(got) != len(want) {
			t.Errorf("%d rang", len(got))
		}
		p.src.Policy.Most = proto.PriorityUrgent
		capped := alert("capped")
		capped.Severity = hook.Extreme
		p.must(hook.Accepted, capped)
		settle()
		if got := p.radio.rang(); got[len(got)-1].Urgency != proto.PriorityUrgent {
			t.Errorf("beyond the source's highest class: %v", got[len(got)-1].Urgency)
		}
	})
}

// TestWhatAnEndIsWorth: a cancellation rings nobody, and goes before what is less
// urgent than its hail was.
func TestWhatAnEndIsWorth(t *testing.T) {
	a := about(alert("2"), hook.KindCancel, "1")
	a.Distress, a.Expires = true, time.Unix(1, 0)
	v := hook.Judge(&a, hook.Policy{Most: proto.PriorityImminentPeril}, time.Unix(2, 0))
	if v.Rings || !strings.Contains(v.Why, "ends what it cancels") || v.Urgency != proto.PriorityImminentPeril {
		t.Errorf("%+v", v)
	}
	a.Status = hook.Test
	if v := hook.Judge(&a, hook.Policy{}, time.Unix(2, 0)); v.Rings || !strings.Contains(v.Why, "Test") {
		t.Errorf("%+v", v)
	}
}

// TestShortAlerts: an alert that lives a minute rings within 5 s, or is marked
// late; and is given up when it has ended.
func TestShortAlerts(t *testing.T) {
	bubble(t, func(t *testing.T, p *post) {
		short := func(id string, age time.Duration) hook.Alert {
			a := alert(id)
			a.Sent = time.Now().Add(-age)
			a.Expires = a.Sent.Add(time.Minute)
			return a
		}
		p.must(hook.Accepted, short("in time", time.Second))
		p.must(hook.Accepted, short("late", 30*time.Second))
		long := short("long", time.Hour)
		long.Expires = long.Sent.Add(6 * time.Hour)
		p.must(hook.Accepted, long)
		settle()
		for _, r := range p.radio.rang() {
			if age := r.at.Sub(r.Alert.Sent); r.Alert.ID == "in time" && (age > 5*time.Second || r.Late != 0) || (r.Late > 0) != (r.Alert.ID == "late") {
				t.Errorf("%s rang %v after it was sent, late %v", r.Alert.ID, age, r.Late)
			}
		}
		p.radio.set(func(string) error { return errDown })
		p.must(hook.Accepted, short("never", 0))
		time.Sleep(2 * time.Minute)
		p.radio.set(nil)
		settle()
		if n := len(p.radio.rang()); n != 3 {
			t.Errorf("%d rang, the last of them after its end", n)
		}
		if res := p.must(hook.Duplicate, short("never", 2*time.Minute)); !strings.Contains(res.Why, "given up") || !strings.Contains(res.Why, errDown.Error()) {
			t.Errorf("its sender is not told: %+v", res)
		}
	})
}

// TestFailingRaiser: what cannot be raised now is tried again; what was refused
// is tried under another identifier; order within an incident is kept.
func TestFailingRaiser(t *testing.T) {
	bubble(t, func(t *testing.T, p *post) {
		p.radio.set(func(string) error { return errDown })
		res := p.must(hook.Accepted, alert("1"))
		p.must(hook.Accepted, about(alert("2"), hook.KindUpdate, "1"))
		time.Sleep(time.Minute)
		p.radio.set(nil)
		time.Sleep(time.Minute)
		synctest.Wait()
		if got := p.radio.rang(); len(got) != 1 || got[0].Hail.String() != res.Hail {
			t.Fatalf("%+v", got)
		}
		if got := p.radio.heard(); len(got) != 1 {
			t.Errorf("heard %q", got)
		}
		p.radio.set(func(string) error { return fmt.Errorf("%w: the desk has not joined", hook.ErrRefused) })
		refused := p.must(hook.Accepted, alert("3"))
		settle()
		p.radio.set(nil)
		time.Sleep(time.Minute)
		synctest.Wait()
		if got := p.radio.rang(); len(got) != 2 || got[1].Hail.String() == refused.Hail || got[1].Incident.String() != refused.Incident {
			t.Errorf("%+v, was %+v", got, refused)
		}
	})
}

// TestOrderWithinAnIncident: what follows an alert waits for it.
func TestOrderWithinAnIncident(t *testing.T) {
	bubble(t, func(t *testing.T, p *post) {
		p.radio.set(func(what string) error {
			if what == "raise" {
				return errDown
			}
			return nil
		})
		res := p.must(hook.Accepted, alert("1"))
		worse := about(alert("2"), hook.KindUpdate, "1")
		worse.Severity = hook.Extreme
		p.must(hook.Accepted, worse)
		p.must(hook.Accepted, about(alert("3"), hook.KindCancel, "1"))
		settle()
		p.radio.set(nil)
		time.Sleep(time.Minute)
		synctest.Wait()
		got := p.radio.rang()
		if len(got) != 1 || got[0].Hail.String() != res.Hail || got[0].cancelled != 1 {
			t.Errorf("%+v", got)
		}
		if heard := p.radio.heard(); len(heard) != 1 {
			t.Errorf("heard %q", heard)
		}
	})
}

// TestStormOverRestarts: what is held is told of once, whenever the process ends.
func TestStormOverRestarts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j, r := store.NewMemory(), newRadio()
		p := open(t, j, r, hook.Limits{})
		for i := range 50 {
			if _, err := p.send(alert(fmt.Sprint(i))); err != nil {
				t.Fatal(err)
			}
		}
		for range 3 { // the first ends before there was a summary
			p.end()
			p = open(t, j, r, hook.Limits{})
			time.Sleep(2 * time.Minute)
			synctest.Wait()
		}
		summary := 0
		for _, x := range r.rang() {
			summary += x.Summary
		}
		if ones := len(r.rang()) - 1; summary+ones != 50 || ones != 8 {
			t.Errorf("%d rang by themselves, %d in summaries", ones, summary)
		}
	})
}

// TestAHailThatComesBack is raised again, under another identifier, once.
func TestAHailThatComesBack(t *testing.T) {
	bubble(t, func(t *testing.T, p *post) {
		p.must(hook.Accepted, alert("1"))
		settle()
		first := p.radio.rang()[0]
		p.inbox.Returned(t.Context(), first.Hail, "no such desk")
		p.inbox.Returned(t.Context(), first.Hail, "no such desk")
		p.inbox.Returned(t.Context(), proto.NewMessageID(), "never ours")
		time.Sleep(time.Minute)
		synctest.Wait()
		if got := p.radio.rang(); len(got) != 2 || got[1].Hail == first.Hail || got[1].Incident != first.Incident {
			t.Errorf("%+v", got)
		}
	})
}

// TestAHailThatAlwaysComesBack is not raised as fast as it comes back, and is
// given up.
func TestAHailThatAlwaysComesBack(t *testing.T) {
	bubble(t, func(t *testing.T, p *post) {
		a := alert("1")
		a.Expires = time.Now().Add(12 * time.Minute)
		p.must(hook.Accepted, a)
		seen := 0
		for range 15 * 60 {
			time.Sleep(time.Second)
			for _, r := range p.radio.rang()[seen:] {
				seen++
				p.inbox.Returned(t.Context(), r.Hail, "no such desk")
			}
		}
		if seen < 10 || seen > 60 {
			t.Errorf("raised %d times in ten minutes", seen)
		}
		if res := p.must(hook.Duplicate, a); !res.GivenUp || res.Rings || !strings.Contains(res.Why, "given up") || !strings.Contains(res.Why, "no such desk") {
			t.Errorf("%+v", res)
		}
	})
}

// TestStorm: a thousand alerts in a second are all kept, few of them ring, a
// summary tells of the others, and a severe one among them rings at once.
func TestStorm(t *testing.T) {
	bubble(t, func(t *testing.T, p *post) {
		held := 0
		for i := range 1000 {
			res, err := p.send(alert(fmt.Sprint(i)))
			if err != nil {
				t.Fatal(err)
			}
			if res[0].Outcome == hook.Held {
				held++
			}
			time.Sleep(time.Millisecond)
		}
		start := time.Now()
		severe := alert("severe")
		severe.Severity = hook.Severe
		p.must(hook.Accepted, severe)
		settle()
		for _, r := range p.radio.rang() {
			if r.Alert.ID == "severe" && r.at.Sub(start) > 5*time.Second {
				t.Errorf("the severe one rang after %v", r.at.Sub(start))
			}
		}
		time.Sleep(10 * time.Second)
		synctest.Wait()
		got, summary := p.radio.rang(), 0
		for _, r := range got {
			summary += r.Summary
			if r.Summary > 0 && !strings.Contains(r.Alert.Texts[0].Text, fmt.Sprintf("%d alerts of nws", r.Summary)) {
				t.Errorf("the summary says %q", r.Alert.Texts[0].Text)
			}
		}
		if len(got) > 12 || summary != held || held < 900 {
			t.Errorf("%d rang, %d held, %d in summaries", len(got), held, summary)
		}
		p.must(hook.Duplicate, alert("999"))
		// Another source is not held up by it.
		p.src = &hook.Source{Name: "other"}
		severe.ID = "other"
		p.must(hook.Accepted, severe)
	})
}

// TestACancelledAlertIsNotInTheSummary: what was held and cancelled is over.
func TestACancelledAlertIsNotInTheSummary(t *testing.T) {
	bubble(t, func(t *testing.T, p *post) {
		var last string
		for i := range 20 {
			last = fmt.Sprint(i)
			if _, err := p.send(alert(last)); err != nil {
				t.Fatal(err)
			}
		}
		p.must(hook.Logged, about(alert("c"), hook.KindCancel, last))
		time.Sleep(10 * time.Second)
		synctest.Wait()
		for _, r := range p.radio.rang() {
			if r.Summary > 0 && r.Summary != 20-8-1 {
				t.Errorf("a summary of %d", r.Summary)
			}
		}
	})
}

// TestTheJournalIsBounded: the oldest goes, what waits stays.
func TestTheJournalIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := store.NewMemory()
		p := open(t, j, newRadio(), hook.Limits{Records: 100, Memory: time.Hour})
		p.radio.set(func(string) error { return errDown })
		p.must(hook.Accepted, alert("waits"))
		for i := range 300 {
			a := alert(fmt.Sprint(i))
			a.Status = hook.Test
			p.must(hook.Logged, a)
			time.Sleep(10 * time.Millisecond)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if n := records(t, j); n > 120 || n < 90 {
			t.Errorf("%d records, at most 100 are to be kept", n)
		}
		p.radio.set(nil)
		time.Sleep(time.Minute)
		synctest.Wait()
		if n := len(p.radio.rang()); n != 1 {
			t.Errorf("%d rang: what waited was forgotten", n)
		}
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		if n := records(t, j); n != 0 {
			t.Errorf("%d records after the memory's end", n)
		}
	})
}

func records(t *testing.T, j *store.Memory) (n int) {
	t.Helper()
	if err := j.Scan(t.Context(), "hook/alerts", nil, func([]byte, []byte) bool { n++; return true }); err != nil {
		t.Fatal(err)
	}
	return n
}

// TestAFullJournalRefuses: nothing is acknowledged that is not kept, and what was
// refused can come again.
func TestAFullJournalRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := &stubborn{Memory: store.NewMemory()}
		p := open(t, j, newRadio(), hook.Limits{})
		p.must(hook.Accepted, alert("1"))
		settle()
		j.fail(store.ErrFull)
		if res, err := p.send(alert("2")); !errors.Is(err, store.ErrFull) {
			t.Errorf("%v, %v", res, err)
		}
		settle()
		j.fail(nil)
		p.must(hook.Duplicate, alert("1"))
		p.must(hook.Accepted, alert("2"))
		settle()
		if n := len(p.radio.rang()); n != 2 {
			t.Errorf("%d rang", n)
		}
		j.fail(store.ErrBroken)
		if res, err := p.send(alert("3")); err == nil {
			t.Errorf("acknowledged by a broken journal: %v", res)
		}
		if err := p.end(); !errors.Is(err, hook.ErrBroken) {
			t.Errorf("Run goes on over a broken journal: %v", err)
		}
		if _, err := p.send(alert("4")); !errors.Is(err, hook.ErrClosed) {
			t.Errorf("taken in by an inbox that has ended: %v", err)
		}
		if n := len(p.radio.rang()); n != 2 {
			t.Errorf("%d rang: one of them was never kept", n)
		}
	})
}

// stubborn is a journal whose writes can be made to fail without being done.
type stubborn struct {
	*store.Memory
	mu  sync.Mutex
	why error
}

// fail lets every write fail from now on; nil: none.
func (s *stubborn) fail(why error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.why = why
}

func (s *stubborn) Write(ctx context.Context, records []store.Record) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.why != nil {
		return s.why
	}
	return s.Memory.Write(ctx, records)
}
