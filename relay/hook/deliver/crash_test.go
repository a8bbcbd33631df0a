package deliver_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"crossband/relay/hook/deliver"
	"crossband/relay/hook/deliver/plan"
	"crossband/relay/store"
)

var errCrash = errors.New("power cut")

// crashing is a store that dies at one of its writes: before the write has
// happened, or after.
type crashing struct {
	store.Store
	written bool

	mu   sync.Mutex // guards left
	left int        // writes until it dies; it stays dead
}

func (c *crashing) Write(ctx context.Context, records []store.Record) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.left--
	switch {
	case c.left > 0:
		return c.Store.Write(ctx, records)
	case c.left == 0 && c.written:
		if err := c.Store.Write(ctx, records); err != nil {
			return err
		}
	}
	return errCrash
}

// firsts returns the order in which a receiver had each event first.
func firsts(had []got) (list []string) {
	seen := make(map[string]bool)
	for _, g := range had {
		if !seen[g.id] {
			seen[g.id] = true
			list = append(list, g.id)
		}
	}
	return list
}

// TestCrashMatrix dies at every write of a run in which a receiver fails now and
// then, before and after the write has happened. Whatever Put took is delivered
// by the next run, in order; nothing that it refused changes that.
func TestCrashMatrix(t *testing.T) {
	for _, written := range []bool{false, true} {
		crashed := 0
		for at := 1; ; at++ {
			died := false
			run(t, func(t *testing.T) { died = crashAt(t, at, written) })
			if !died {
				break
			}
			crashed++
		}
		if crashed < 20 {
			t.Errorf("written %t: only %d crashes", written, crashed)
		}
	}
}

func crashAt(t *testing.T, at int, written bool) (died bool) {
	r := newRig(t, "a", "b")
	flaky := func(n int, _ *http.Request) (int, error) {
		if n%3 == 1 {
			return 500, nil
		}
		return 200, nil
	}
	r.receivers["a"].answers(flaky)
	memory := r.store
	r.store = &crashing{Store: memory, written: written, left: at}
	r.begin()
	var taken []string
	for i := range 8 {
		id := fmt.Sprint("e", i)
		if _, err := r.Put(context.Background(), event(id, byte(i%2))); err == nil {
			taken = append(taken, id)
		}
		after(time.Duration(i) * 500 * time.Millisecond)
	}
	after(10 * time.Minute)
	died = r.stop() != nil
	if died != (len(r.Targets()) > 0 && r.store.(*crashing).left <= 0) {
		t.Errorf("at %d: the run's end does not tell of the crash", at)
	}
	r.store = memory
	r.begin()
	for _, x := range r.Targets() { // what was disabled or refused would explain a loss
		if x.Disabled != "" || x.Refused != 0 {
			t.Errorf("at %d: %+v", at, x)
		}
	}
	r.put(event("last", 0))
	after(time.Hour)
	for name, x := range r.receivers {
		checkDelivered(t, fmt.Sprintf("at %d, written %t, %s", at, written, name), append(taken, "last"), x.had())
	}
	r.end()
	return died
}

// checkDelivered: everything that was taken, each incident in order and with
// rising sequences.
func checkDelivered(t *testing.T, where string, taken []string, had []got) {
	t.Helper()
	order := make(map[string]int)
	for i, id := range firsts(had) {
		order[id] = i + 1
	}
	for _, id := range taken {
		if order[id] == 0 {
			t.Errorf("%s: %s is lost; had %v", where, id, firsts(had))
		}
	}
	lastOf := make(map[string]uint64)
	seen := make(map[string]uint64)
	for _, g := range had {
		if before, again := seen[g.id]; again {
			if before != g.sequence {
				t.Errorf("%s: %s came as %d and as %d", where, g.id, before, g.sequence)
			}
			continue
		}
		seen[g.id] = g.sequence
		if g.sequence <= lastOf[g.incident] {
			t.Errorf("%s: %s of %s is number %d, after %d", where, g.id, g.incident, g.sequence, lastOf[g.incident])
		}
		lastOf[g.incident] = g.sequence
	}
}

// TestOrderOverFailuresAndRestarts: receivers fail by chance and the process
// ends by chance; everything arrives, in order.
func TestOrderOverFailuresAndRestarts(t *testing.T) {
	for seed := range uint64(12) {
		run(t, func(t *testing.T) {
			chance := rand.New(rand.NewPCG(seed, 2))
			var mu sync.Mutex
			roll := func(n int) int {
				mu.Lock()
				defer mu.Unlock()
				return chance.IntN(n)
			}
			r := newRig(t, "a", "b", "c")
			for _, x := range r.receivers {
				x.answers(func(_ int, q *http.Request) (int, error) {
					select {
					case <-time.After(time.Duration(roll(4000)) * time.Millisecond):
					case <-q.Context().Done():
						return 0, q.Context().Err()
					}
					if roll(3) == 0 {
						return []int{500, 503, 302, 404}[roll(4)], nil
					}
					return 200, nil
				})
			}
			r.begin()
			var taken []string
			for i := range 60 {
				id := fmt.Sprint("e", i)
				r.put(event(id, byte(roll(5))))
				taken = append(taken, id)
				time.Sleep(time.Duration(roll(2000)) * time.Millisecond)
				if roll(10) == 0 {
					r.end()
					r.begin()
				}
			}
			after(12 * time.Hour)
			for name, x := range r.receivers {
				checkDelivered(t, fmt.Sprintf("seed %d, %s", seed, name), taken, x.had())
				if n := r.list(deliver.Filter{Target: name, State: plan.Waiting}); len(n) != 0 {
					t.Errorf("seed %d, %s: %d wait", seed, name, len(n))
				}
			}
			r.end()
		})
	}
}

// TestAStopBreaksRequestsOffAndTheyAreMadeAgain: what was under way counts as
// not tried, and the end does not wait for the receiver.
func TestAStopBreaksRequestsOffAndTheyAreMadeAgain(t *testing.T) {
	run(t, func(t *testing.T) {
		r := newRig(t, "a").begin()
		r.receivers["a"].answers(func(_ int, q *http.Request) (int, error) {
			<-q.Context().Done()
			return 0, q.Context().Err()
		})
		r.put(page("one", 1))
		after(time.Second)
		begun := time.Now()
		r.end()
		if time.Since(begun) != 0 || len(r.told()) != 0 {
			t.Errorf("ended after %v, told %v", time.Since(begun), r.told())
		}
		r.receivers["a"].answers(nil)
		r.begin()
		after(0)
		if d := r.list(deliver.Filter{ID: "one"})[0]; d.State != plan.Delivered || d.Tries != 1 || len(d.Attempts) != 1 {
			t.Errorf("%+v", d)
		}
		r.end()
	})
}

// TestADamagedRecordHoldsUpNothing: the store serves all but one.
func TestADamagedRecordHoldsUpNothing(t *testing.T) {
	run(t, func(t *testing.T) {
		r := newRig(t, "a").open()
		for i := range 3 {
			r.put(event(fmt.Sprint("e", i), 1))
		}
		var key []byte
		if err := r.store.Scan(t.Context(), "hook/a", nil, func(k, _ []byte) bool { key = append(key, k...); return false }); err != nil {
			t.Fatal(err)
		}
		for what, value := range map[string][]byte{"gone": nil, "not JSON": []byte("{")} {
			if err := r.store.Write(t.Context(), []store.Record{{Bucket: "hook/a", Key: key, Value: value}}); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan error, 1)
			go func() { ended <- r.Run(ctx) }()
			after(time.Minute)
			cancel()
			if err := <-ended; err != nil {
				t.Errorf("%s: %v", what, err)
			}
			if ids := r.receivers["a"].ids(); fmt.Sprint(ids) != "[e1 e2]" {
				t.Errorf("%s: had %v", what, ids)
			}
			r.begin() // and the next start passes it over
			after(time.Minute)
			r.end()
			r.open()
		}
	})
}

// TestOverSQLite is a restart on the engine that relays use.
func TestOverSQLite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hook.db")
	r := newRig(t, "a")
	r.receivers["a"].answers(dead)
	s, err := store.OpenSQLite(path, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	r.store = s
	r.begin()
	for i := range 5 {
		r.put(event(fmt.Sprint("e", i), 1))
	}
	r.end()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if s, err = store.OpenSQLite(path, store.Options{}); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	r.store = s
	r.receivers["a"].answers(nil)
	r.begin()
	for deadline := time.Now().Add(30 * time.Second); len(r.receivers["a"].had()) < 5; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("had %v", r.receivers["a"].ids())
		}
	}
	r.end()
	if o := r.put(event("next", 1)); o.Sequence != 6 || fmt.Sprint(r.receivers["a"].ids()) != "[e0 e1 e2 e3 e4]" {
		t.Errorf("%+v, had %v", o, r.receivers["a"].ids())
	}
}
