package hook_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"crossband/relay/hook"
	"crossband/relay/store"
)

// TestWhatWasGivenUpIsDoneWhenItComesAgain: its sender is told that it was given up,
// or it is raised; never that it rings when it does not.
func TestWhatWasGivenUpIsDoneWhenItComesAgain(t *testing.T) {
	bubble(t, func(t *testing.T, p *post) {
		p.radio.set(func(string) error { return errDown })
		ended, cancelled := alert("ended"), alert("cancelled")
		ended.Expires = time.Now().Add(time.Minute)
		first := p.must(hook.Accepted, alert("1"))
		p.must(hook.Accepted, ended)
		p.must(hook.Accepted, cancelled)
		time.Sleep(11 * time.Minute)
		p.radio.set(nil)
		p.must(hook.Logged, about(alert("c"), hook.KindCancel, "cancelled"))
		for _, a := range []hook.Alert{ended, cancelled} {
			if res := p.must(hook.Duplicate, a); res.Rings || !res.GivenUp {
				t.Errorf("%s: %+v", a.ID, res)
			}
		}
		if res := p.must(hook.Accepted, alert("1")); !res.Rings || !res.Waits || res.Incident != first.Incident {
			t.Errorf("%+v", res)
		}
		settle()
		if res := p.must(hook.Duplicate, alert("1")); !res.Rings || res.Waits || res.GivenUp {
			t.Errorf("after it rang: %+v", res)
		}
		p.radio.set(func(string) error { return errDown })
		end := about(alert("end"), hook.KindCancel, "1")
		p.must(hook.Accepted, end)
		time.Sleep(11 * time.Minute)
		p.radio.set(nil)
		p.must(hook.Accepted, end)
		settle()
		if got := p.radio.rang(); len(got) != 1 || got[0].cancelled != 1 {
			t.Errorf("rang %+v", got)
		}
	})
}

// TestWhatIsBeingRaisedIsNotGivenUp: the errand under way when its time is over
// decides, and not the clock.
func TestWhatIsBeingRaisedIsNotGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRadio()
		b, err := hook.Open(t.Context(), store.NewMemory(), hook.Limits{}, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- b.Run(ctx, ponderous{r}) }() // ends with ctx
		defer func() { cancel(); <-ended }()
		src, a := &hook.Source{Name: "x"}, alert("1")
		a.Expires = time.Now().Add(5 * time.Second)
		send := func() hook.Result {
			res, err := b.Accept(ctx, src, "", [32]byte{1}, []hook.Alert{a})
			if err != nil {
				t.Fatal(err)
			}
			return res[0]
		}
		send()
		time.Sleep(7 * time.Second)
		if res := send(); !res.Waits || res.GivenUp {
			t.Errorf("under way: %+v", res)
		}
		time.Sleep(10 * time.Second)
		if res := send(); !res.Rings || res.GivenUp || len(r.rang()) != 1 {
			t.Errorf("%+v, %d rang", res, len(r.rang()))
		}
	})
}

// ponderous is a Raiser that takes 10 s for a hail.
type ponderous struct{ *radio }

func (s ponderous) Raise(ctx context.Context, x hook.Raise) error {
	time.Sleep(10 * time.Second)
	return s.radio.Raise(ctx, x)
}
