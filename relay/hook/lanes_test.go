package hook_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"crossband/relay/hook"
	"crossband/relay/store"
)

// sluggish is a Raiser whose texts take a while, or never end by themselves.
type sluggish struct {
	*radio
	takes time.Duration // 0: for ever
}

func (s sluggish) Update(ctx context.Context, u hook.Update) error {
	if s.takes == 0 {
		<-ctx.Done()
		return ctx.Err()
	}
	time.Sleep(s.takes)
	return s.radio.Update(ctx, u)
}

// TestTextsHoldUpNoHail: neither a text that hangs nor a queue of them delays a
// call for help, of the same source or of another.
func TestTextsHoldUpNoHail(t *testing.T) {
	for name, takes := range map[string]time.Duration{"one that hangs": 0, "many": 300 * time.Millisecond} {
		synctest.Test(t, func(t *testing.T) {
			b, err := hook.Open(t.Context(), store.NewMemory(), hook.Limits{}, nil, nil)
			if err != nil {
				t.Fatal(err)
			}
			r := newRadio()
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan error, 1)
			go func() { ended <- b.Run(ctx, sluggish{r, takes}) }() // ends with ctx
			defer func() { cancel(); <-ended }()
			n := 0
			send := func(src string, a hook.Alert) {
				n++
				if _, err := b.Accept(ctx, &hook.Source{Name: src}, fmt.Sprint(n), [32]byte{}, []hook.Alert{a}); err != nil {
					t.Fatal(err)
				}
			}
			worst := func(a hook.Alert) hook.Alert { a.Severity, a.Immediate = hook.Extreme, true; return a }
			for i := range 10 {
				send("nws", worst(alert(fmt.Sprint(i))))
			}
			settle()
			for i := range 500 {
				send("nws", worst(about(alert(fmt.Sprint("u", i)), hook.KindUpdate, fmt.Sprint(i%10))))
			}
			time.Sleep(10 * time.Millisecond)
			from := time.Now()
			call := alert("call")
			call.Severity = hook.Severe // less than the updates
			send("tak", call)
			time.Sleep(time.Minute)
			synctest.Wait()
			got := r.rang()
			if last := got[len(got)-1]; last.Source != "tak" || last.at.Sub(from) > 5*time.Second {
				t.Errorf("%s: the last that rang is of %s, after %v", name, last.Source, last.at.Sub(from))
			}
		})
	}
}
