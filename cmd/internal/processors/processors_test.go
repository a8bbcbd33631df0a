package processors

import (
	"context"
	"runtime"
	"testing"
	"time"
)

// TestGovern: an idle program comes down to fewer processors, one that has much to do
// has them back, and all is as it was when the governing ends.
func TestGovern(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds; runs without -short")
	}
	if _, err := processorTime(); err != nil {
		t.Skip(err)
	}
	t.Setenv("GOMAXPROCS", "")
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2))
	stop := Govern(t.Context())
	defer stop()
	wait := func(want int) {
		t.Helper()
		for end := time.Now().Add(time.Minute); runtime.GOMAXPROCS(0) != want; time.Sleep(10 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("%d processors, want %d", runtime.GOMAXPROCS(0), want)
			}
		}
	}
	wait(1)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { // ends with ctx
		defer close(done)
		for ctx.Err() == nil {
		}
	}()
	wait(2)
	cancel()
	<-done
	wait(1)
	stop()
	if got := runtime.GOMAXPROCS(0); got != 2 {
		t.Errorf("%d processors at the end", got)
	}
}

// TestTheEnvironmentDecides: who has said how many there are to be is obeyed.
func TestTheEnvironmentDecides(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds; runs without -short")
	}
	t.Setenv("GOMAXPROCS", "2")
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2))
	defer Govern(t.Context())()
	time.Sleep(3 * restLooks * lookEvery / 2)
	if got := runtime.GOMAXPROCS(0); got != 2 {
		t.Errorf("%d processors", got)
	}
}
