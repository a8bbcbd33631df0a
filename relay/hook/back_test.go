package hook_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"crossband/relay/hook"
	"crossband/relay/store"
)

// hasty is a Raiser whose first hail is on its way, and comes back while the inbox
// has not heard that, or has not looked at it.
type hasty struct {
	*radio
	inbox  *hook.Inbox
	before time.Duration // from the beginning of the errand to its coming back
	came   bool
}

func (h *hasty) Raise(ctx context.Context, x hook.Raise) error {
	if h.came {
		return h.radio.Raise(ctx, x)
	}
	h.came = true
	go func() { time.Sleep(h.before); h.inbox.Returned(context.WithoutCancel(ctx), x.Hail, "quota") }() // ends by itself
	time.Sleep(time.Millisecond)
	return nil
}

// slow is a journal that takes 10 ms for a write.
type slow struct{ hook.Journal }

func (s slow) Write(ctx context.Context, l []store.Record) error {
	time.Sleep(10 * time.Millisecond)
	return s.Journal.Write(ctx, l)
}

// TestAHailThatComesBackAtOnce is raised again, whether the inbox hears first that
// it was on its way or that it came back.
func TestAHailThatComesBackAtOnce(t *testing.T) {
	for _, before := range []time.Duration{0, 2 * time.Millisecond, 4 * time.Millisecond, 20 * time.Millisecond} {
		for range 10 { // which of two that wait is taken first is chance
			synctest.Test(t, func(t *testing.T) {
				b, err := hook.Open(t.Context(), slow{store.NewMemory()}, hook.Limits{}, nil, nil)
				if err != nil {
					t.Fatal(err)
				}
				r := &hasty{radio: newRadio(), inbox: b, before: before}
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				go b.Run(ctx, r) // ends with ctx
				src, test := &hook.Source{Name: "x"}, alert("2")
				test.Status = hook.Test
				go b.Accept(ctx, src, "d1", [32]byte{1}, []hook.Alert{alert("1")})
				time.Sleep(10*time.Millisecond + 500*time.Microsecond) // it is on disk, and its errand under way
				go b.Accept(ctx, src, "d2", [32]byte{2}, []hook.Alert{test})
				time.Sleep(time.Minute)
				if n := len(r.rang()); n != 1 {
					t.Errorf("came back after %v: %d rang", before, n)
				}
			})
		}
	}
}

// TestAFullJournalForgetsNoReturn: a hail that came back while nothing could be
// written is raised again when there is room.
func TestAFullJournalForgetsNoReturn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := &stubborn{Memory: store.NewMemory()}
		p := open(t, j, newRadio(), hook.Limits{})
		p.must(hook.Accepted, alert("1"))
		settle()
		j.fail(store.ErrFull)
		p.inbox.Returned(t.Context(), p.radio.rang()[0].Hail, "quota")
		settle()
		j.fail(nil)
		time.Sleep(time.Minute)
		if n := len(p.radio.rang()); n != 2 {
			t.Errorf("%d rang", n)
		}
	})
}

// TestAHailThatNobodyKnowsAfterARestart: the run ended between the hail's coming
// back and the journal's hearing of it. It is raised again as it was; one that is
// known, or is of no use any more, is not.
func TestAHailThatNobodyKnowsAfterARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j, r := store.NewMemory(), newRadio()
		p := open(t, j, r, hook.Limits{})
		short, over := alert("short"), alert("over")
		short.Expires = time.Now().Add(10 * time.Second)
		for _, a := range []hook.Alert{alert("lost"), alert("known"), short, over, about(alert("c"), hook.KindCancel, "over")} {
			p.must(hook.Accepted, a)
		}
		settle()
		p.end()
		time.Sleep(10 * time.Second)
		r.forget("lost", "short", "over")
		r.set(func(what string) error {
			if what == "known" {
				return errDown
			}
			return nil
		})
		p = open(t, j, r, hook.Limits{})
		settle() // not known yet whether it is known
		r.set(nil)
		time.Sleep(time.Minute)
		got := r.rang()
		if len(got) != 5 || got[4].Alert.ID != "lost" || got[4].Hail != got[0].Hail {
			t.Errorf("rang %+v", got)
		}
		if res := p.must(hook.Duplicate, alert("lost")); !res.Rings || res.Waits {
			t.Errorf("%+v", res)
		}
	})
}

// forget is what a session does that lost hails as they came back.
func (r *radio) forget(alerts ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for id, h := range r.hails {
		for _, a := range alerts {
			if h.Alert.ID == a {
				delete(r.hails, id)
			}
		}
	}
}

// clerk is a Raiser that notes what it was asked to send.
type clerk struct {
	*radio
	updates []hook.Update
	cancels []hook.Cancel
}

func (c *clerk) Update(ctx context.Context, u hook.Update) error {
	c.updates = append(c.updates, u)
	return c.radio.Update(ctx, u)
}

func (c *clerk) Cancel(ctx context.Context, x hook.Cancel) error {
	c.cancels = append(c.cancels, x)
	return c.radio.Cancel(ctx, x)
}

// pass lets a time go by, and everything happen that is due.
func pass(d time.Duration) { time.Sleep(d); synctest.Wait() }

// TestTextsAndEndsThatComeBack are sent again as they were, until it would be of no
// use; news of what has ended meanwhile calls nobody.
func TestTextsAndEndsThatComeBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j, c := store.NewMemory(), &clerk{radio: newRadio()}
		var b *hook.Inbox
		run := func() (end func()) {
			var err error
			if b, err = hook.Open(t.Context(), j, hook.Limits{}, nil, nil); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan error, 1)
			go func() { ended <- b.Run(ctx, c) }() // ends with end
			return func() { cancel(); <-ended }
		}
		send := func(a hook.Alert) {
			if _, err := b.Accept(t.Context(), &hook.Source{Name: "x"}, a.ID, [32]byte{1}, []hook.Alert{a}); err != nil {
				t.Fatal(err)
			}
			settle()
		}
		end := run()
		send(alert("1"))
		send(alert("2"))
		send(about(alert("u"), hook.KindUpdate, "1"))
		b.Returned(t.Context(), c.updates[0].Message, "full")
		pass(time.Minute)
		if len(c.updates) != 2 || c.updates[1].Message != c.updates[0].Message {
			t.Errorf("news that came back: %+v", c.updates)
		}
		send(about(alert("end"), hook.KindCancel, "1", "2"))
		end()
		end = run() // it may come back in the next life
		defer func() { end() }()
		if len(c.cancels) != 2 || c.cancels[0].Reply == c.cancels[1].Reply || c.cancels[0].Message != c.cancels[1].Message {
			t.Fatalf("two ends: %+v", c.cancels)
		}
		b.Returned(t.Context(), c.cancels[1].Reply, "full")
		pass(time.Minute)
		b.Returned(t.Context(), c.cancels[0].Message, "full")
		pass(time.Minute)
		if len(c.cancels) != 6 || c.cancels[5].Reply != c.cancels[1].Reply {
			t.Errorf("ends that came back: %+v", c.cancels)
		}
		c.radio.expireAll()
		b.Returned(t.Context(), c.updates[0].Message, "full")
		pass(time.Minute)
		if n := len(c.radio.rang()); len(c.updates) != 3 || n != 2 {
			t.Errorf("news of what has ended: %d texts, %d rang", len(c.updates), n)
		}
		pass(20 * time.Minute)
		b.Returned(t.Context(), c.cancels[1].Reply, "full")
		pass(time.Minute)
		if len(c.cancels) != 6 {
			t.Error("it is sent again for ever")
		}
		if err := j.Scan(t.Context(), "hook/alerts", nil, func(_, v []byte) bool {
			if bytes.Contains(v, []byte(`"alert":`)) || bytes.Contains(v, []byte("given up")) {
				t.Errorf("kept for ever, or given up: %s", v)
			}
			return true
		}); err != nil {
			t.Error(err)
		}
	})
}

// TestTheLogSaysWhatWasLost: what it means that something could not be done.
func TestTheLogSaysWhatWasLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		b, err := hook.Open(t.Context(), store.NewMemory(), hook.Limits{}, slog.New(slog.NewTextHandler(&log, nil)), nil)
		if err != nil {
			t.Fatal(err)
		}
		r := newRadio()
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- b.Run(ctx, r) }() // ends with ctx
		send := func(list ...hook.Alert) {
			for _, a := range list {
				if _, err := b.Accept(ctx, &hook.Source{Name: "x"}, a.ID, [32]byte{1}, []hook.Alert{a}); err != nil {
					t.Fatal(err)
				}
			}
			pass(11 * time.Minute)
		}
		send(alert("1"), alert("2"))
		r.set(func(string) error { return errDown })
		send(about(alert("u"), hook.KindUpdate, "1"), about(alert("c"), hook.KindCancel, "2"))
		if s := log.String(); strings.Contains(s, "NOBODY WAS CALLED") || strings.Count(s, "THE HAIL STILL STANDS") != 1 || strings.Count(s, "NOBODY WAS TOLD") != 1 {
			t.Errorf("%s", s)
		}
		send(alert("3"))
		cancel()
		<-ended
		if s := log.String(); strings.Count(s, "NOBODY WAS CALLED") != 1 {
			t.Errorf("%s", s)
		}
	})
}

// TestAHailThatComesBackTooLate is given up: its source is not told that it rings.
func TestAHailThatComesBackTooLate(t *testing.T) {
	bubble(t, func(t *testing.T, p *post) {
		a := alert("1")
		a.Expires = time.Now().Add(time.Minute)
		p.must(hook.Accepted, a)
		pass(2 * time.Minute)
		p.inbox.Returned(t.Context(), p.radio.rang()[0].Hail, "the hub was away")
		settle()
		if res := p.must(hook.Duplicate, a); res.Rings || !res.GivenUp {
			t.Errorf("%+v", res)
		}
	})
}
