package deliver_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"crossband/formats/cloudevents"
	"crossband/proto"
	"crossband/relay/hook/deliver"
	"crossband/relay/hook/deliver/plan"
	"crossband/relay/store"
)

func TestDeliveredAndLogged(t *testing.T) {
	run(t, func(t *testing.T) {
		r := newRig(t, "a", "b").begin()
		defer r.end()
		o := r.put(event("one", 1))
		if fmt.Sprint(o) != "{1 [a b] [] map[]}" {
			t.Errorf("taken as %v", o)
		}
		after(time.Second)
		for _, name := range []string{"a", "b"} {
			if ids := r.receivers[name].ids(); fmt.Sprint(ids) != "[one]" {
				t.Errorf("%s had %v", name, ids)
			}
			list := r.list(deliver.Filter{Target: name})
			if len(list) != 1 || list[0].State != plan.Delivered || list[0].Tries != 1 || list[0].Attempts[0].Status != 200 || list[0].Ended.IsZero() {
				t.Errorf("%s: %+v", name, list)
			}
		}
		if o := r.put(event("one", 1)); fmt.Sprint(o) != "{1 [] [a b] map[]}" {
			t.Errorf("the same again: %v", o)
		}
		if o := r.put(event("two", 1)); o.Sequence != 2 {
			t.Errorf("the next: %v", o)
		}
		if o := r.put(event("three", 2)); o.Sequence != 1 {
			t.Errorf("another incident's: %v", o)
		}
	})
}

// TestTheBodyIsACloudEvent fixes what receivers rely on.
func TestTheBodyIsACloudEvent(t *testing.T) {
	run(t, func(t *testing.T) {
		r := newRig(t, "a").open()
		e := event("one", 0xab)
		e.Hail, e.Channel, e.Reason, e.By = proto.MessageID{1}, proto.ChannelID{2}, proto.ReasonNoMeans, e.To
		e.Expires, e.Step, e.Exercise = e.At.Add(2*time.Minute), 3, true
		list, err := r.DryRun(e)
		if err != nil || len(list) != 1 {
			t.Fatal(list, err)
		}
		want := `{"specversion":"1.0","id":"one","source":"spiffe://usbp.example/hook/out","type":"crossband.hail",` +
			`"subject":"ab000000000000000000000000000000","time":"2000-01-01T00:00:00.000Z","datacontenttype":"application/json",` +
			`"dataschema":"urn:crossband:hook-event:1","sequence":"0000000001","data":{"kind":"hail","incident":"ab000000000000000000000000000000",` +
			`"sequence":1,"exercise":true,"page":false,"at":"2000-01-01T00:00:00.000Z","hail":"01000000000000000000000000000000",` +
			`"from":"spiffe://usbp.example/unit/del-rio-214","to":"spiffe://gn.example/desk/piedras-negras","by":"spiffe://gn.example/desk/piedras-negras",` +
			`"class":"emergency","state":"Sent","reason":504,"why":"no unit is available",` +
			`"channel":"0200000000000000000000000000000000000000000000000000000000000000","expires":"2000-01-01T00:02:00.000Z","step":3}}`
		if string(list[0].Body) != want {
			t.Errorf("body\n%s\nwant\n%s", list[0].Body, want)
		}
		h := list[0].Header
		if ce, err := cloudevents.ParseStructured(list[0].Body); err != nil || ce.ID != "one" || ce.Extensions["sequence"] != "0000000001" {
			t.Errorf("read as a CloudEvent: %+v, %v", ce, err)
		}
		if h.Get("Content-Type") != "application/cloudevents+json; charset=utf-8" || h.Get("webhook-id") != "one" || h.Get("webhook-timestamp") != "946684800" || !strings.HasPrefix(h.Get("webhook-signature"), "v1,") {
			t.Errorf("header %v", h)
		}
		if len(r.receivers["a"].had()) != 0 || len(r.list(deliver.Filter{})) != 0 {
			t.Error("a dry run was sent or kept")
		}
	})
}

func TestKindsAndExercises(t *testing.T) {
	run(t, func(t *testing.T) {
		r := newRig(t, "a", "b")
		r.targets[0].Kinds = []deliver.Kind{deliver.Closed, deliver.Notice}
		r.targets[1].Exercises = false
		r.begin()
		defer r.end()
		real, drill, closed := event("real", 1), event("drill", 2), event("closed", 1)
		drill.Exercise, closed.Kind = true, deliver.Closed
		if o := r.put(drill); o.Sequence != 0 || o.Accepted != nil {
			t.Errorf("an exercise that nobody wants: %+v", o)
		}
		r.put(real)
		r.put(closed)
		after(time.Second)
		if a, b := r.receivers["a"].ids(), r.receivers["b"].ids(); fmt.Sprint(a, b) != "[closed] [real closed]" {
			t.Errorf("a had %v, b %v", a, b)
		}
	})
}

func TestBadEventsAreRefused(t *testing.T) {
	run(t, func(t *testing.T) {
		r := newRig(t, "a").open()
		for what, change := range map[string]func(*deliver.Event){
			"no ID": func(e *deliver.Event) { e.ID = "" }, "dot": func(e *deliver.Event) { e.ID = "a.b" }, "line": func(e *deliver.Event) { e.ID = "a\nb" }, "long": func(e *deliver.Event) { e.ID = strings.Repeat("a", 257) },
			"kind": func(e *deliver.Event) { e.Kind = "x" }, "time": func(e *deliver.Event) { e.At = time.Time{} },
			"many paged": func(e *deliver.Event) { e.Paged = make([]proto.Name, proto.MaxPaged+1) }, "exercise pages": func(e *deliver.Event) { e.Page, e.Exercise = true, true },
			"text": func(e *deliver.Event) { e.Text = "x" }, "long text": func(e *deliver.Event) { e.Kind, e.Text = deliver.Notice, strings.Repeat("a", 513) }, "bad text": func(e *deliver.Event) { e.Kind, e.Text = deliver.Notice, "\xff" },
		} {
			e := event("one", 1)
			change(&e)
			if _, err := r.Put(t.Context(), e); !errors.Is(err, deliver.ErrEvent) {
				t.Errorf("%s: %v", what, err)
			}
			if _, err := r.DryRun(e); !errors.Is(err, deliver.ErrEvent) {
				t.Errorf("%s, dry: %v", what, err)
			}
		}
		if r.put(event("one", 1)).Sequence != 1 {
			t.Error("a refused event counted")
		}
	})
}

func TestBadTargetsAreRefused(t *testing.T) {
	for what, change := range map[string]func(*deliver.Target){
		"name": func(x *deliver.Target) { x.Name = "A b" }, "inside": func(x *deliver.Target) { x.URL = "https://10.0.0.1/" }, "http": func(x *deliver.Target) { x.URL = "http://example.com/" },
		"no secret": func(x *deliver.Target) { x.Secrets = nil }, "kind": func(x *deliver.Target) { x.Kinds = []deliver.Kind{"x"} }, "timeout": func(x *deliver.Target) { x.Timeout = time.Hour },
		"twice": func(x *deliver.Target) { x.Name = "b" },
	} {
		r := newRig(t, "a", "b")
		change(&r.targets[0])
		if _, err := deliver.Open(t.Context(), r.config()); !errors.Is(err, deliver.ErrTarget) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// TestADeadTargetIsRetriedInOrder: the incident waits for its first event, other
// incidents and targets do not; the ID stays, the signature is of the attempt.
func TestADeadTargetIsRetriedInOrder(t *testing.T) {
	run(t, func(t *testing.T) {
		r := newRig(t, "a", "b").begin()
		defer r.end()
		r.receivers["a"].answers(dead)
		for i := range 4 {
			r.put(event(fmt.Sprint("e", i), 1))
		}
		after(time.Hour)
		if n := len(r.receivers["b"].had()); n != 4 {
			t.Errorf("the other target had %d", n)
		}
		if d := r.list(deliver.Filter{Target: "a", ID: "e0"})[0]; d.State != plan.Waiting || d.Tries < 5 || d.Attempts[0].Why != "connection refused" || d.Due.IsZero() {
			t.Errorf("%+v", d)
		}
		if s := r.Targets()[0]; s.Waiting != 4 || s.Failing.IsZero() || s.Disabled != "" {
			t.Errorf("%+v", s)
		}
		r.receivers["a"].answers(always(http.StatusNoContent))
		after(16 * time.Minute)
		if ids := r.receivers["a"].ids(); fmt.Sprint(ids) != "[e0 e1 e2 e3]" {
			t.Errorf("had %v", ids)
		}
		if s := r.Targets()[0]; s.Waiting != 0 || !s.Failing.IsZero() {
			t.Errorf("%+v", s)
		}
	})
}

func TestWhatIsNo2xxIsNoSuccess(t *testing.T) {
	run(t, func(t *testing.T) {
		r := newRig(t, "a").begin()
		defer r.end()
		for i, status := range []int{301, 302, 307, 308, 400, 401, 404, 500, 199, 304} {
			r.receivers["a"].answers(always(status))
			id := fmt.Sprint("e", status)
			r.put(event(id, byte(i+1)))
			after(500 * time.Millisecond)
			if d := r.list(deliver.Filter{ID: id})[0]; d.State != plan.Waiting || d.Attempts[0].Status != status {
				t.Errorf("%d: %+v", status, d)
			}
			r.receivers["a"].answers(nil)
			after(time.Hour)
			if d := r.list(deliver.Filter{ID: id})[0]; d.State != plan.Delivered {
				t.Errorf("%d, then well: %+v", status, d)
			}
		}
	})
}

func TestRetryAfterOfTheReceiver(t *testing.T) {
	run(t, func(t *testing.T) {
		for _, status := range []int{429, 503} {
			r := newRig(t, "a").begin()
			r.receivers["a"].header = http.Header{"Retry-After": {"120"}}
			r.receivers["a"].answers(func(n int, _ *http.Request) (int, error) {
				if n == 1 {
					return status, nil
				}
				return 200, nil
			})
			r.put(event("one", 1))
			begun := time.Now()
			after(time.Hour)
			if had := r.receivers["a"].had(); len(had) != 1 || had[0].at.Sub(begun) != 2*time.Minute {
				t.Errorf("%d: %+v, begun %v", status, had, begun)
			}
			r.end()
		}
	})
}

func TestGivenUpIntoTheLogAndReplayed(t *testing.T) {
	run(t, func(t *testing.T) {
		r := newRig(t, "a").begin()
		defer func() { r.end() }()
		r.receivers["a"].answers(dead)
		r.put(event("one", 1))
		r.put(event("two", 1))
		r.put(event("other", 2))
		after(25 * time.Hour)
		for _, d := range r.list(deliver.Filter{}) {
			if d.State != plan.Failed || d.Why == "" || len(d.Attempts) > deliver.MaxAttempts {
				t.Errorf("%+v", d)
			}
		}
		r.receivers["a"].answers(nil)
		if n, err := r.Replay(t.Context(), deliver.Filter{Incident: incident(1)}); n != 2 || err != nil {
			t.Errorf("replayed %d, %v", n, err)
		}
		after(time.Second)
		had := r.receivers["a"].had()
		if ids := r.receivers["a"].ids(); fmt.Sprint(ids) != "[one two]" || !had[0].replayed || had[1].sequence != 2 {
			t.Errorf("had %+v", had)
		}
		if n, err := r.Replay(t.Context(), deliver.Filter{ID: "one", Target: "a"}); n != 1 || err != nil {
			t.Errorf("replayed %d, %v", n, err)
		}
		after(time.Second)
		if d := r.list(deliver.Filter{ID: "one"}); len(d) != 1 || d[0].Replays != 2 || d[0].State != plan.Delivered || len(d[0].Attempts) < 3 {
			t.Errorf("%+v", d)
		}
		for _, f := range []deliver.Filter{{}, {ID: "nothing"}, {Incident: incident(9)}} {
			if _, err := r.Replay(t.Context(), f); !errors.Is(err, deliver.ErrNothing) {
				t.Errorf("%+v: %v", f, err)
			}
		}
		if _, err := r.Replay(t.Context(), deliver.Filter{ID: "one", Target: "x"}); !errors.Is(err, deliver.ErrNoTarget) {
			t.Error(err)
		}
	})
}

// TestReplayOfWhatWaits changes nothing.
func TestReplayOfWhatWaits(t *testing.T) {
	run(t, func(t *testing.T) {
		r := newRig(t, "a").open()
		r.put(event("one", 1))
		if n, err := r.Replay(t.Context(), deliver.Filter{ID: "one"}); n != 0 || err != nil {
			t.Errorf("replayed %d, %v", n, err)
		}
	})
}

func TestGoneIsVisibleAndLosesNothing(t *testing.T) {
	run(t, func(t *testing.T) {
		r := newRig(t, "a", "b").begin()
		r.receivers["a"].answers(always(http.StatusGone))
		r.put(event("one", 1))
		r.put(event("two", 1))
		after(time.Minute)
		if s := r.Targets()[0]; s.Disabled != plan.WhyGone || s.Since.IsZero() || s.Waiting != 0 {
			t.Errorf("%+v", s)
		}
		r.end()
		r.begin() // it stays so over a restart
		defer func() { r.end() }()
		o := r.put(event("three", 1))
		if fmt.Sprint(o.Accepted) != "[b]" || !strings.Contains(o.Refused["a"], plan.WhyGone) {
			t.Errorf("%+v", o)
		}
		after(time.Minute)
		if n := r.receivers["a"].tried(); n != 1 {
			t.Errorf("tried %d times", n)
		}
		if _, err := r.Replay(t.Context(), deliver.Filter{Incident: incident(1), Target: "a"}); !errors.Is(err, deliver.ErrTarget) {
			t.Errorf("replayed to a disabled target: %v", err)
		}
		r.receivers["a"].answers(nil)
		if err := r.Enable(t.Context(), "a"); err != nil {
			t.Fatal(err)
		}
		if n, err := r.Replay(t.Context(), deliver.Filter{Incident: incident(1), Target: "a"}); n != 3 || err != nil {
			t.Errorf("replayed %d, %v", n, err)
		}
		after(time.Minute)
		if ids := r.receivers["a"].ids(); fmt.Sprint(ids) != "[one two three]" {
			t.Errorf("had %v", ids)
		}
		if err := r.Enable(t.Context(), "x"); !errors.Is(err, deliver.ErrNoTarget) {
			t.Error(err)
		}
	})
}

// TestEnableTriesNow: whoever has mended a target need not wait for the pause.
func TestEnableTriesNow(t *testing.T) {
	run(t, func(t *testing.T) {
		r := newRig(t, "a").begin()
		defer r.end()
		r.receivers["a"].answers(dead)
		r.put(event("one", 1))
		after(10 * time.Hour)
		r.receivers["a"].answers(nil)
		if err := r.Enable(t.Context(), "a"); err != nil {
			t.Fatal(err)
		}
		after(plan.WakeSpread)
		if ids := r.receivers["a"].ids(); fmt.Sprint(ids) != "[one]" {
			t.Errorf("had %v", ids)
		}
	})
}

func TestAFailingPageIsToldAtOnceAndTriedOn(t *testing.T) {
	run(t, func(t *testing.T) {
		r := newRig(t, "a", "b").begin()
		defer r.end()
		r.receivers["a"].answers(func(n int, _ *http.Request) (int, error) {
			if n < 4 {
				return 500, nil
			}
			return 200, nil
		})
		r.put(page("one", 1))
		after(0)
		want := []deliver.Result{{Target: "a", ID: "one", Why: "Internal Server Error"}, {Target: "b", ID: "one", Delivered: true}}
		told := r.told()
		slices.SortFunc(told, func(x, y deliver.Result) int { return strings.Compare(x.Target, y.Target) })
		if fmt.Sprint(told) != fmt.Sprint(want) {
			t.Errorf("at once: %+v", told)
		}
		r.put(page("two", 1))
		after(0)
		if told := r.told(); len(told) != 4 || told[2].ID != "two" || told[3].ID != "two" {
			t.Errorf("behind it: %+v", told)
		}
		after(time.Minute)
		if told := r.told(); fmt.Sprint(told[4:]) != "[{a one true } {a two true }]" {
			t.Errorf("later: %+v", told[4:])
		}
	})
}

// TestASilentTargetsPageIsToldInTime: its receiver takes the connection and says
// nothing.
func TestASilentTargetsPageIsToldInTime(t *testing.T) {
	run(t, func(t *testing.T) {
		r := newRig(t, "a").begin()
		defer r.end()
		r.receivers["a"].answers(func(_ int, q *http.Request) (int, error) {
			<-q.Context().Done()
			return 0, q.Context().Err()
		})
		r.put(page("one", 1))
		after(plan.PageLimit)
		if told := r.told(); len(told) != 1 || told[0].Delivered || told[0].ID != "one" {
			t.Errorf("%+v", told)
		}
	})
}

// TestTheBoundIsARefusalWithAReasonAndACount: at the bound nothing is dropped
// that was taken, and the other target goes on.
func TestTheBoundIsARefusalWithAReasonAndACount(t *testing.T) {
	run(t, func(t *testing.T) {
		r := newRig(t, "a", "b").begin()
		defer r.end()
		r.receivers["a"].answers(dead)
		for i := range plan.MaxPending {
			r.put(event(fmt.Sprint("e", i), 1))
		}
		after(0)
		o := r.put(page("over", 1))
		if fmt.Sprint(o.Accepted) != "[b]" || o.Refused["a"] != "10000 events wait for this target; at most 10000 may" {
			t.Errorf("%+v", o)
		}
		if told := r.told(); len(told) == 0 || told[0].Target != "a" || told[0].Delivered {
			t.Errorf("the page's ladder was told %+v", told)
		}
		if s := r.Targets()[0]; s.Refused != 1 || s.Waiting != plan.MaxPending {
			t.Errorf("%+v", s)
		}
		r.receivers["a"].answers(nil)
		after(16 * time.Minute)
		again := r.put(page("over", 1))
		if fmt.Sprint(again.Accepted, again.Known) != "[a] [b]" || again.Sequence != o.Sequence {
			t.Errorf("offered again: %+v, was %+v", again, o)
		}
		after(time.Minute)
		if had := r.receivers["a"].had(); len(had) != plan.MaxPending+1 || had[plan.MaxPending].sequence != o.Sequence {
			t.Errorf("had %d", len(had))
		}
	})
}

func TestTheLogIsBounded(t *testing.T) {
	run(t, func(t *testing.T) {
		r := newRig(t, "a").begin()
		defer r.end()
		for i := range deliver.MaxLogged + 50 {
			r.put(event(fmt.Sprint("e", i), byte(i)))
			if i%100 == 0 {
				after(time.Second)
			}
		}
		after(time.Minute)
		list := r.list(deliver.Filter{Limit: 1 << 20})
		if len(list) != deliver.MaxLogged || list[0].ID != "e50" {
			t.Errorf("%d logged, the oldest is %s", len(list), list[0].ID)
		}
		kept := 0
		if err := r.store.Scan(t.Context(), "hook/a", nil, func(_, _ []byte) bool { kept++; return true }); err != nil || kept != deliver.MaxLogged {
			t.Errorf("%d kept, %v", kept, err)
		}
		if list := r.list(deliver.Filter{Limit: 3}); len(list) != 3 || list[2].ID != fmt.Sprint("e", deliver.MaxLogged+49) {
			t.Errorf("the newest three: %+v", list)
		}
	})
}

// TestAFullStoreRefuses: what cannot be kept is refused, and what was taken is
// sent.
func TestAFullStoreRefuses(t *testing.T) {
	run(t, func(t *testing.T) {
		r := newRig(t, "a")
		r.store = store.OpenMemory(store.Options{Limit: 60_000})
		r.begin()
		defer r.end()
		r.receivers["a"].answers(dead)
		taken := 0
		for i := range 1000 {
			if _, err := r.Put(context.Background(), event(fmt.Sprint("e", i), byte(i))); err != nil {
				if !errors.Is(err, store.ErrFull) {
					t.Fatal(err)
				}
				break
			}
			taken++
		}
		if taken == 0 || taken == 1000 {
			t.Fatalf("%d taken", taken)
		}
		after(time.Minute)
		r.receivers["a"].answers(nil)
		after(time.Hour)
		if had := r.receivers["a"].had(); len(had) != taken {
			t.Errorf("%d of %d were delivered", len(had), taken)
		}
		r.end()
		r.begin() // what could not be kept as delivered must not be sent again
		after(time.Hour)
		if had := r.receivers["a"].had(); len(had) != taken {
			t.Errorf("%d of %d were delivered", len(had), taken)
		}
	})
}

// TestTheLogMakesRoom: a full store forgets what has ended before it refuses
// what comes.
func TestTheLogMakesRoom(t *testing.T) {
	run(t, func(t *testing.T) {
		r := newRig(t, "a")
		r.store = store.OpenMemory(store.Options{Limit: 60_000})
		r.begin()
		defer r.end()
		for i := range 300 {
			if o := r.put(event(fmt.Sprint("e", i), 1)); len(o.Accepted) != 1 {
				t.Fatalf("%d: %+v", i, o)
			}
			after(time.Second)
		}
		if had := r.receivers["a"].had(); len(had) != 300 {
			t.Errorf("had %d", len(had))
		}
	})
}
