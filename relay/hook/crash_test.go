package hook_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"crossband/relay/hook"
	"crossband/relay/store"
)

var errDead = errors.New("the process is dead")

// fate kills a process at one of its steps: a write of the journal or what a
// Raiser does outside. After that nothing that the process does has an effect.
type fate struct {
	mu    sync.Mutex // guards what follows; not held during a step
	steps int        // so far
	at    int        // the step that is the last; 0: none is
	done  bool       // whether that one still has its effect
	dead  bool
}

// step reports whether the step has its effect, and whether its caller lives on.
func (f *fate) step() (effect, lives bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.dead {
		return false, false
	}
	f.steps++
	if f.steps == f.at {
		f.dead = true
		return f.done, false
	}
	return true, true
}

func (f *fate) do(fn func() error) error {
	effect, lives := f.step()
	var err error
	if effect {
		err = fn()
	}
	if !lives {
		return errDead
	}
	return err
}

type mortalJournal struct {
	*store.Memory
	fate *fate
}

func (m mortalJournal) Write(ctx context.Context, r []store.Record) error {
	return m.fate.do(func() error { return m.Memory.Write(ctx, r) })
}

type mortalRaiser struct {
	*radio
	fate *fate
}

func (m mortalRaiser) Raise(ctx context.Context, r hook.Raise) error {
	return m.fate.do(func() error { return m.radio.Raise(ctx, r) })
}

func (m mortalRaiser) Update(ctx context.Context, u hook.Update) error {
	return m.fate.do(func() error { return m.radio.Update(ctx, u) })
}

func (m mortalRaiser) Cancel(ctx context.Context, c hook.Cancel) error {
	return m.fate.do(func() error { return m.radio.Cancel(ctx, c) })
}

// story is what the source sends, in this order: each until it is acknowledged.
func story() []hook.Alert {
	return []hook.Alert{
		alert("1"), about(alert("2"), hook.KindUpdate, "1"), alert("3"), about(alert("4"), hook.KindCancel, "2"), about(alert("5"), hook.KindUpdate, "3"),
	}
}

// live runs one life of the process: it sends what is left until that is
// acknowledged or the process dies, and returns how much was acknowledged.
func live(t *testing.T, j *store.Memory, r *radio, f *fate, acknowledged int) int {
	t.Helper()
	b, err := hook.Open(t.Context(), mortalJournal{j, f}, hook.Limits{}, nil, nil)
	if err != nil {
		return acknowledged // it died while it started
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- b.Run(ctx, mortalRaiser{r, f}) }() // ends before live returns
	src := &hook.Source{Name: "nws"}
	for _, a := range story()[acknowledged:] {
		if _, err := b.Accept(t.Context(), src, "d-"+a.ID, [32]byte{1}, []hook.Alert{a}); err != nil {
			break
		}
		acknowledged++
		time.Sleep(3 * time.Second) // its errand is done before the next one comes
	}
	time.Sleep(time.Minute)
	synctest.Wait()
	cancel()
	<-ended
	return acknowledged
}

// TestCrashAnywhere kills the process at each of its steps, with and without the
// step having happened, and again at each step of the life after. Each alert that
// was acknowledged has rung once, each update is told once, and what was cancelled
// is.
func TestCrashAnywhere(t *testing.T) {
	steps := 0
	synctest.Test(t, func(t *testing.T) {
		f := &fate{}
		if n := live(t, store.NewMemory(), newRadio(), f, 0); n != len(story()) {
			t.Fatalf("%d acknowledged without any crash", n)
		}
		steps = f.steps
	})
	if steps < 12 {
		t.Fatalf("%d steps: the test looks at too little", steps)
	}
	for first := 1; first <= steps; first++ {
		for _, done := range []bool{false, true} {
			for second := 0; second <= 4; second++ { // 0: the second life lasts
				synctest.Test(t, func(t *testing.T) { crash(t, first, done, second) })
			}
		}
	}
}

func crash(t *testing.T, first int, done bool, second int) {
	j, r := store.NewMemory(), newRadio()
	n := live(t, j, r, &fate{at: first, done: done}, 0)
	n = live(t, j, r, &fate{at: second, done: !done}, n)
	n = live(t, j, r, &fate{}, n)
	if n != len(story()) {
		t.Fatalf("killed at %d (done %t), then at %d: %d acknowledged at the end", first, done, second, n)
	}
	got := r.rang()
	if len(got) != 2 || got[0].Alert.ID != "1" || got[1].Alert.ID != "3" || got[0].cancelled != 1 || got[1].cancelled != 0 {
		t.Errorf("killed at %d (done %t), then at %d: rang %+v", first, done, second, got)
	}
	if heard := r.heard(); len(heard) != 2 || heard[0] != got[0].Incident.String()+": 2" || heard[1] != got[1].Incident.String()+": 5" {
		t.Errorf("killed at %d (done %t), then at %d: heard %q", first, done, second, heard)
	}
}
