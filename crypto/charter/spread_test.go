package charter

import (
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"
	"testing"
	"time"
)

// TestSpread: every number is judged once, the lowest that fails decides, and nobody
// is left at work.
func TestSpread(t *testing.T) {
	for _, hands := range []int{1, 2, 4} {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(hands))
		for _, n := range []int{0, 1, 3, 4, 100, 1000} {
			judged := make([]atomic.Int32, n)
			check(t, Judge{}.Spread(n, func(i int) error { judged[i].Add(1); return nil }))
			for i := range judged {
				if got := judged[i].Load(); got != 1 {
					t.Fatalf("%d hands, %d of %d: judged %d times", hands, i, n, got)
				}
			}
		}
		for range 50 {
			var under atomic.Int32
			taken := make(chan struct{}) // 12 is at work when 5 fails, and fails after it
			err := Judge{}.Spread(100, func(i int) error {
				under.Add(1)
				defer under.Add(-1)
				if i == 5 && hands > 1 {
					<-taken
				}
				if i == 12 && hands > 1 {
					close(taken)
					time.Sleep(time.Millisecond)
				}
				if i%7 == 5 {
					return fmt.Errorf("number %d", i)
				}
				return nil
			})
			if err == nil || err.Error() != "number 5" || under.Load() != 0 {
				t.Fatalf("%d hands: %v, %d at work", hands, err, under.Load())
			}
		}
	}
}

// TestSpreadPanics in its caller, where whoever guards it can recover.
func TestSpreadPanics(t *testing.T) {
	fault := errors.New("a fault of ours")
	defer func() {
		if p := recover(); p != fault {
			t.Errorf("recovered %v", p)
		}
	}()
	Judge{}.Spread(100, func(i int) error {
		if i == 50 {
			panic(fault)
		}
		return nil
	})
	t.Error("it went on")
}
