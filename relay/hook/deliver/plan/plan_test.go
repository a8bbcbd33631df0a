package plan_test

import (
	"fmt"
	"testing"
	"time"

	"crossband/relay/hook/deliver/plan"
)

func start() time.Time { return time.Date(2026, 8, 14, 23, 44, 0, 0, time.UTC) }

// desk is a plan with the tests' words.
type desk struct {
	*plan.Plan
	t      *testing.T
	now    time.Time
	serial uint64
}

func newDesk(t *testing.T, targets ...string) *desk {
	return &desk{Plan: plan.New(func() float64 { return 0.5 }, targets...), t: t, now: start()}
}

func (d *desk) add(target, incident string, page bool) plan.Key {
	d.serial++
	k := plan.Key{Target: target, Serial: d.serial}
	d.Add(plan.Job{Key: k, Incident: incident, Page: page, Accepted: d.now, Due: d.now})
	return k
}

// want checks what is to be done now: "+a/1" starts, "-a/1" is given up,
// "!a/1" is reported.
func (d *desk) want(why, want string) plan.Orders {
	d.t.Helper()
	o := d.Next(d.now)
	got := ""
	for _, part := range []struct {
		sign string
		jobs []plan.Job
	}{{"+", o.Start}, {"-", o.Fail}, {"!", o.Tell}} {
		for _, j := range part.jobs {
			got += fmt.Sprintf(" %s%s/%d", part.sign, j.Target, j.Serial)
		}
	}
	if got != "" {
		got = got[1:]
	}
	if got != want {
		d.t.Errorf("%s: %q, want %q", why, got, want)
	}
	return o
}

func (d *desk) finish(k plan.Key, incident string, ok bool) plan.Outcome {
	return d.Finish(d.now, k, incident, plan.Verdict{OK: ok})
}

func TestOneIncidentIsInOrderAndOthersGoOn(t *testing.T) {
	d := newDesk(t, "a")
	first, second := d.add("a", "x", false), d.add("a", "x", false)
	other := d.add("a", "y", false)
	d.want("both lines begin", "+a/1 +a/3")
	d.finish(first, "x", false)
	d.want("the second waits for the first", "")
	d.finish(other, "y", true)
	d.now = d.now.Add(3 * time.Second)
	d.want("the first again", "+a/1")
	d.finish(first, "x", true) // back, after a failure
	d.want("then the second", "+a/2")
	d.now = d.now.Add(time.Second)
	if o := d.finish(second, "x", true); o.State != plan.Delivered || o.Changed || d.Pending("a") != 0 {
		t.Errorf("%+v, %d pending", o, d.Pending("a"))
	}
}

func TestBackoffGrowsFromOneSecondToAQuarterOfAnHour(t *testing.T) {
	for _, c := range []struct{ chance, first, last float64 }{{0, 1, 450}, {0.5, 1.5, 675}, {0.999999, 2, 900}} {
		d := newDesk(t)
		d.Plan = plan.New(func() float64 { return c.chance }, "a")
		k := d.add("a", "x", false)
		var pauses []time.Duration
		for d.now.Sub(start()) < 20*time.Hour {
			d.want("due", "+a/1")
			o := d.finish(k, "x", false)
			pauses = append(pauses, o.Due.Sub(d.now))
			d.now = o.Due.Add(-1)
			if o := d.want("not before it is due", ""); o.Wake != d.now.Add(1) {
				t.Fatalf("wakes at %v", o.Wake)
			}
			d.now = d.now.Add(1)
		}
		for i, want := range map[int]float64{0: c.first, len(pauses) - 1: c.last} {
			if got := pauses[i].Seconds(); got < want-0.01 || got > want {
				t.Errorf("chance %v: pause %d is %v, want %v s", c.chance, i, pauses[i], want)
			}
		}
		for i := range pauses[1:] {
			if pauses[i+1] < pauses[i] {
				t.Errorf("chance %v: pause %v after %v", c.chance, pauses[i+1], pauses[i])
			}
		}
	}
}

func TestGivenUpAfterADay(t *testing.T) {
	d := newDesk(t, "a")
	k := d.add("a", "x", false)
	d.add("a", "x", false)
	var last plan.Outcome
	for {
		o := d.Next(d.now)
		if len(o.Fail) > 0 {
			if age := d.now.Sub(start()); age != plan.GiveUp || len(o.Fail) != 2 || last.Tries < 90 {
				t.Errorf("%d given up after %v and %d tries", len(o.Fail), age, last.Tries)
			}
			for _, j := range o.Fail {
				d.Remove(j.Key, j.Incident)
			}
			break
		}
		if len(o.Start) == 1 {
			last = d.finish(k, "x", false)
			continue
		}
		d.now = o.Wake
	}
	if o := d.want("nothing is left", ""); !o.Wake.IsZero() || d.Pending("a") != 0 {
		t.Errorf("%+v, %d pending", o, d.Pending("a"))
	}
}

// TestAnOldDeliveryIsTriedBeforeItIsGivenUp: after two days off, the target may
// be well again.
func TestAnOldDeliveryIsTriedBeforeItIsGivenUp(t *testing.T) {
	d := newDesk(t, "a")
	d.SetHealth("a", plan.Health{FailingSince: d.now.Add(-time.Hour), LastTry: d.now})
	k := plan.Key{Target: "a", Serial: 1}
	d.Add(plan.Job{Key: k, Incident: "x", Accepted: d.now, Due: d.now, Tries: 9})
	d.now = d.now.Add(48 * time.Hour)
	d.want("tried", "+a/1")
	if o := d.finish(k, "x", false); o.State != plan.Failed {
		t.Errorf("%+v", o)
	}
}

func TestGoneDisablesAtOnce(t *testing.T) {
	d := newDesk(t, "a", "b")
	k := d.add("a", "x", false)
	d.add("a", "x", true)
	d.add("a", "y", false)
	d.add("b", "x", false)
	d.want("three lines", "+a/1 +a/3 +b/4")
	if o := d.Finish(d.now, k, "x", plan.Verdict{Gone: true}); o.State != plan.Failed || !o.Changed || d.Health("a").Disabled != plan.WhyGone || d.Health("a").Since != d.now {
		t.Errorf("%+v, %+v", o, d.Health("a"))
	}
	d.want("what waits for it is given up, the page told, and what is under way goes on", "-a/2 !a/2")
	d.Remove(plan.Key{Target: "a", Serial: 2}, "x")
	d.now = d.now.Add(time.Second)
	if o := d.Finish(d.now, plan.Key{Target: "a", Serial: 3}, "y", plan.Verdict{Gone: true}); o.State != plan.Failed || d.Health("a").Since != start() {
		t.Errorf("%+v, %+v", o, d.Health("a"))
	}
	if o := d.finish(plan.Key{Target: "b", Serial: 4}, "x", true); o.State != plan.Delivered || d.Health("b").Disabled != "" {
		t.Errorf("%+v, %+v", o, d.Health("b"))
	}
	d.Enable(d.now, "a")
	d.add("a", "x", false)
	d.want("enabled again", "+a/5")
}

// failFor has a target fail one delivery after the other, with a pause between
// tries, until a time has passed or it is disabled.
func (d *desk) failFor(long, pause time.Duration) {
	for end := d.now.Add(long); d.now.Before(end) && d.Health("a").Disabled == ""; d.now = d.now.Add(pause) {
		if d.Pending("a") == 0 {
			d.add("a", "x", false)
		}
		for o := d.Next(d.now); len(o.Start)+len(o.Fail) > 0; o = d.Next(d.now) {
			for _, j := range o.Start {
				d.finish(j.Key, j.Incident, false)
			}
			for _, j := range o.Fail {
				d.Remove(j.Key, j.Incident)
			}
		}
	}
}

func TestThreeDaysOfFailureDisable(t *testing.T) {
	d := newDesk(t, "a")
	d.failFor(100*time.Hour, 16*time.Minute)
	if h := d.Health("a"); h.Disabled != plan.WhyFailing || d.now.Sub(start()) < plan.DisableAfter || d.now.Sub(start()) > plan.DisableAfter+time.Hour {
		t.Errorf("%+v after %v", h, d.now.Sub(start()))
	}
}

// TestIdleTimeIsNoFailure: two failures four days apart say nothing of what was
// between them.
func TestIdleTimeIsNoFailure(t *testing.T) {
	d := newDesk(t, "a")
	d.failFor(30*time.Hour, 16*time.Minute)
	for o := d.Next(d.now.Add(2 * time.Hour)); len(o.Start) > 0; o = d.Next(d.now) {
		d.now = d.now.Add(2 * time.Hour)
		d.finish(o.Start[0].Key, "x", true)
	}
	d.add("a", "x", false)
	d.failFor(time.Minute, 2*time.Minute)
	d.now = d.now.Add(96 * time.Hour)
	d.failFor(24*time.Hour, 16*time.Minute)
	if h := d.Health("a"); h.Disabled != "" {
		t.Errorf("%+v", h)
	}
	d.failFor(60*time.Hour, 16*time.Minute)
	if h := d.Health("a"); h.Disabled == "" {
		t.Error("not disabled after three days on end")
	}
}

func TestRetryAfterIsHonouredAndBounded(t *testing.T) {
	for _, c := range []struct{ asked, want time.Duration }{
		{time.Minute, time.Minute}, {0, 1500 * time.Millisecond}, {-time.Hour, 1500 * time.Millisecond}, {30 * 24 * time.Hour, 15 * time.Minute},
	} {
		d := newDesk(t, "a")
		k := d.add("a", "x", false)
		d.want("first", "+a/1")
		o := d.Finish(d.now, k, "x", plan.Verdict{RetryAfter: c.asked})
		if got := o.Due.Sub(d.now); got != c.want {
			t.Errorf("asked for %v: %v, want %v", c.asked, got, c.want)
		}
		d.add("a", "y", false)
		if c.asked < time.Second {
			continue
		}
		if o := d.want("others of the target wait too", ""); o.Wake != d.now.Add(c.want) {
			t.Errorf("asked for %v: wakes at %v", c.asked, o.Wake)
		}
		d.add("a", "z", true)
		d.want("a page is tried all the same", "+a/3")
	}
}

func TestAPageIsToldAtItsFirstFailure(t *testing.T) {
	d := newDesk(t, "a")
	k := d.add("a", "x", true)
	d.want("tried", "+a/1")
	if o := d.finish(k, "x", false); !o.Tell || o.State != plan.Waiting {
		t.Errorf("first failure: %+v", o)
	}
	d.now = d.now.Add(2 * time.Second)
	d.want("tried on", "+a/1")
	if o := d.finish(k, "x", false); o.Tell {
		t.Errorf("second failure: %+v", o)
	}
	d.add("a", "x", true)
	d.want("a page behind a failure is told without a try", "!a/2")
	d.want("and once", "")
}

func TestAPageIsToldWhenItsTimeIsOver(t *testing.T) {
	d := newDesk(t, "a")
	k := d.add("a", "x", false)
	d.add("a", "x", true)
	d.want("the first, urgently", "+a/1")
	d.now = start().Add(plan.PageLimit - 1)
	if o := d.want("not yet", ""); o.Wake != start().Add(plan.PageLimit) {
		t.Errorf("wakes at %v", o.Wake)
	}
	d.now = start().Add(plan.PageLimit)
	d.want("the page waits for too long", "!a/2")
	d.finish(k, "x", true)
	d.want("it is tried all the same", "+a/2")
	if o := d.finish(plan.Key{Target: "a", Serial: 2}, "x", false); o.Tell {
		t.Errorf("told again: %+v", o)
	}
}

// TestPlaces: dead targets hold up neither the living one nor a page.
func TestPlaces(t *testing.T) {
	d := newDesk(t, "a", "b", "c", "d")
	for i := range 5 {
		for _, name := range []string{"a", "b", "c"} {
			d.add(name, fmt.Sprint(i), false)
		}
	}
	o := d.want("three at most, by turns", "+a/1 +b/2 +c/3")
	d.add("d", "x", true)
	d.add("d", "y", true)
	d.want("one place is a page's", "+d/16")
	d.want("and no more", "")
	for _, j := range o.Start {
		d.finish(j.Key, j.Incident, false)
	}
	d.want("a page first, then one each of those that fail", "+d/17 +a/4 +b/5")
	d = newDesk(t, "a")
	for i := range 5 {
		d.add("a", fmt.Sprint(i), false)
	}
	o = d.want("two at a healthy one", "+a/1 +a/2")
	d.finish(o.Start[0].Key, "0", false)
	d.want("one at a failing one", "")
	d.finish(o.Start[1].Key, "1", true)
	d.want("two again", "+a/3 +a/4")
}

func TestWhatWaitedIsTriedSoonWhenTheTargetIsBack(t *testing.T) {
	d := newDesk(t, "a")
	d.SetHealth("a", plan.Health{FailingSince: d.now.Add(-time.Hour), LastTry: d.now})
	k := d.add("a", "x", false)
	for i, incident := range []string{"y", "z"} {
		d.Add(plan.Job{Key: plan.Key{Target: "a", Serial: uint64(10 + i)}, Incident: incident, Accepted: d.now, Due: d.now.Add(12 * time.Minute), Tries: 12})
	}
	d.want("one is due", "+a/1")
	d.finish(k, "x", true)
	if o := d.want("the others are due soon", ""); o.Wake.Sub(d.now) >= plan.WakeSpread {
		t.Errorf("wakes after %v", o.Wake.Sub(d.now))
	}
	d.now = d.now.Add(plan.WakeSpread)
	d.want("and are tried", "+a/10 +a/11")
}

func TestEnableEndsAPause(t *testing.T) {
	d := newDesk(t, "a")
	k := d.add("a", "x", false)
	d.want("tried", "+a/1")
	d.Finish(d.now, k, "x", plan.Verdict{RetryAfter: time.Hour})
	d.Enable(d.now, "a")
	if d.Health("a") != (plan.Health{}) {
		t.Errorf("%+v", d.Health("a"))
	}
	d.want("not in the same moment", "")
	d.now = d.now.Add(plan.WakeSpread)
	d.want("tried soon", "+a/1")
}

func TestASuccessDoesNotEnable(t *testing.T) {
	d := newDesk(t, "a")
	d.add("a", "x", false)
	d.add("a", "y", false)
	o := d.want("both", "+a/1 +a/2")
	d.Finish(d.now, o.Start[0].Key, "x", plan.Verdict{Gone: true})
	if d.finish(o.Start[1].Key, "y", true); d.Health("a").Disabled != plan.WhyGone {
		t.Errorf("%+v", d.Health("a"))
	}
}

func TestWhatIsDueFirstGoesFirst(t *testing.T) {
	d := newDesk(t, "a")
	k := d.add("a", "x", false)
	d.want("the old one", "+a/1")
	d.finish(k, "x", false) // due again in 1.5 s
	d.add("a", "y", false)
	d.now = d.now.Add(time.Minute)
	d.want("the one that was due at once", "+a/2")
}

func TestABrokenOffTryDoesNotCount(t *testing.T) {
	d := newDesk(t, "a")
	k := d.add("a", "x", false)
	d.want("tried", "+a/1")
	d.Abandon(k, "x")
	if o := d.want("again at once", "+a/1"); o.Start[0].Tries != 0 || d.Health("a") != (plan.Health{}) {
		t.Errorf("%+v, %+v", o.Start, d.Health("a"))
	}
}

func TestWhatIsUnderWayIsNotRemoved(t *testing.T) {
	d := newDesk(t, "a")
	k := d.add("a", "x", false)
	d.want("tried", "+a/1")
	d.Remove(k, "x")
	d.Remove(plan.Key{Target: "a", Serial: 9}, "x")
	d.Remove(k, "y")
	if d.Pending("a") != 1 {
		t.Error("removed")
	}
}
