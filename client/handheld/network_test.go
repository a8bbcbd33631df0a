package handheld

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestNetworks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now, fails, moves := []string{"a"}, false, 0
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go Networks(ctx, func() ([]string, error) {
			if fails {
				return nil, errors.New("no list")
			}
			return now, nil
		}, func() { moves++ })
		look := func(what string, want int) {
			t.Helper()
			time.Sleep(2 * networkEvery)
			synctest.Wait()
			if moves != want {
				t.Errorf("%s: moved %d times, want %d", what, moves, want)
			}
		}
		look("nothing happens", 0)
		now = []string{"a", "b"}
		look("another network comes", 1)
		fails = true
		look("the list fails", 1)
		fails, now = false, nil
		look("no network: nowhere to move to", 1)
		now = []string{"a"}
		look("it is back", 2)
	})
}
