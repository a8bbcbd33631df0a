package handheld

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestNetworks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex // guards what follows
		now, fails, moves := []string{"a"}, false, 0
		set := func(list []string, bad bool) {
			mu.Lock()
			defer mu.Unlock()
			now, fails = list, bad
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go Networks(ctx, func() ([]string, error) {
			mu.Lock()
			defer mu.Unlock()
			if fails {
				return nil, errors.New("no list")
			}
			return now, nil
		}, func() {
			mu.Lock()
			defer mu.Unlock()
			moves++
		})
		look := func(what string, want int) {
			t.Helper()
			time.Sleep(2 * networkEvery)
			synctest.Wait()
			mu.Lock()
			defer mu.Unlock()
			if moves != want {
				t.Errorf("%s: moved %d times, want %d", what, moves, want)
			}
		}
		look("nothing happens", 0)
		set([]string{"a", "b"}, false)
		look("another network comes", 1)
		set([]string{"a", "b"}, true)
		look("the list fails", 1)
		set(nil, false)
		look("no network: nowhere to move to", 1)
		set([]string{"a"}, false)
		look("it is back", 2)
	})
}
