package processors

import (
	"context"
	"runtime"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// machine is a process and what it uses, in virtual time.
type machine struct {
	took time.Duration // what a change takes

	mu    sync.Mutex // guards what follows
	cores float64    // that the process would use, if it had them
	wait  bool       // something waits
	had   time.Duration
	at    time.Time
	n     int
	sets  []int
}

func (m *machine) used() (time.Duration, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	m.had += time.Duration(min(m.cores, float64(m.n)) * float64(now.Sub(m.at)))
	m.at = now
	return m.had, nil
}

func (m *machine) since() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.wait
}

func (m *machine) set(n int) {
	time.Sleep(m.took)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.n = n
	m.sets = append(m.sets, n)
}

// runs has the process use so much, or wait, for a while.
func (m *machine) runs(cores float64, wait bool, length time.Duration) {
	m.mu.Lock()
	m.cores, m.wait = cores, wait
	m.mu.Unlock()
	time.Sleep(length)
}

// governed runs a governor over a machine of four processors.
func governed(t *testing.T, took time.Duration, test func(m *machine)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		m := &machine{took: took, at: time.Now(), n: 4}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { // ends with ctx
			defer close(done)
			(&governor{m.used, m, m.set}).govern(ctx, newLoad(4))
		}()
		test(m)
		cancel()
		<-done
	})
}

func wantSets(t *testing.T, m *machine, want ...int) {
	t.Helper()
	synctest.Wait()
	m.mu.Lock()
	defer m.mu.Unlock()
	if !slices.Equal(m.sets, want) {
		t.Errorf("processors %v, want %v", m.sets, want)
	}
	m.sets = nil
}

// TestGovernFollowsTheLoad: an idle process comes down to one processor, one that has much
// to do has them back at once, and so has one in which something waits.
func TestGovernFollowsTheLoad(t *testing.T) {
	governed(t, 0, func(m *machine) {
		m.runs(0.4, false, 10*time.Second)
		wantSets(t, m, 3, 2, 1)
		m.runs(3.9, false, time.Second)
		wantSets(t, m, 2, 4)
		m.runs(0.4, false, 10*time.Second)
		wantSets(t, m, 3, 2, 1)
		m.runs(0.4, true, lookEvery)
		wantSets(t, m, 2)
		m.runs(0.4, false, 5*time.Second)
		wantSets(t, m, 1)
	})
}

// TestItsOwnChangeIsNotLate: a change that had to wait for a collection of garbage is not
// taken back for that.
func TestItsOwnChangeIsNotLate(t *testing.T) {
	governed(t, 300*time.Millisecond, func(m *machine) {
		m.runs(0, false, 10*time.Second)
		wantSets(t, m, 3, 2, 1)
	})
}

// TestWaitsAreSeen: on one processor four goroutines that compute keep all others waiting
// for a turn of each.
func TestWaitsAreSeen(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	w := newWaits()
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	for range 4 {
		wg.Go(func() { // ends with ctx
			for ctx.Err() == nil {
			}
		})
	}
	for !w.since() { // until the test's time is over: Go counts one wait in eight
		runtime.Gosched()
	}
}

// TestTheEnvironmentDecides: who has said how many there are to be is obeyed.
func TestTheEnvironmentDecides(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds; runs without -short")
	}
	t.Setenv("GOMAXPROCS", "64")
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(64))
	defer Govern(t.Context())()
	time.Sleep(3 * restLooks * lookEvery / 2)
	if got := runtime.GOMAXPROCS(0); got != 64 {
		t.Errorf("%d processors", got)
	}
}

// TestGovern: the real thing takes processors away that nobody needs. There are so many
// that they go also on a busy machine.
func TestGovern(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds; runs without -short")
	}
	if _, err := processorTime(); err != nil {
		t.Skip(err)
	}
	t.Setenv("GOMAXPROCS", "")
	before := runtime.GOMAXPROCS(64)
	defer runtime.GOMAXPROCS(before)
	stop := Govern(t.Context())
	for runtime.GOMAXPROCS(0) == 64 { // until the test's time is over
		time.Sleep(lookEvery)
	}
	stop()
	if got := runtime.GOMAXPROCS(0); got == 63 {
		t.Errorf("%d processors at the end: it is not left to the runtime", got)
	}
}
