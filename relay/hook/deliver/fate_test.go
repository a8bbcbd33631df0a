package deliver_test

import (
	"net/http"
	"testing"
	"time"

	"crossband/relay/hook/deliver"
)

// TestTheFateOfAPage is that at each target; over a restart it is the same, but for
// what had failed by its time alone.
func TestTheFateOfAPage(t *testing.T) {
	run(t, func(t *testing.T) {
		r := newRig(t, "a", "b", "c")
		r.targets[2].Kinds = []deliver.Kind{deliver.Hail}
		r.begin()
		fate := func(why, id string, want deliver.Fate) {
			t.Helper()
			if f, err := r.Fate(t.Context(), id); err != nil || f != want {
				t.Errorf("%s: %+v, %v, want %+v", why, f, err, want)
			}
		}
		silent := func(_ int, q *http.Request) (int, error) { <-q.Context().Done(); return 0, q.Context().Err() }
		r.receivers["a"].answers(silent)
		r.receivers["b"].answers(silent)
		fate("not put", "one", deliver.Fate{})
		r.put(page("one", 1))
		after(time.Second)
		fate("put", "one", deliver.Fate{Waiting: 2})
		r.receivers["b"].answers(always(http.StatusInternalServerError))
		r.put(page("two", 2))
		after(time.Second)
		fate("b has failed", "two", deliver.Fate{Waiting: 1, Failed: 1})
		after(8 * time.Second)
		fate("after ten seconds", "one", deliver.Fate{Failed: 2})
		r.end()
		r.receivers["a"].answers(nil)
		r.begin()
		defer r.end()
		after(time.Minute)
		fate("a is back", "one", deliver.Fate{Delivered: 1, Failed: 1})
		r.receivers["b"].answers(nil)
		after(time.Hour)
		fate("both are", "one", deliver.Fate{Delivered: 2})
		fate("both are", "two", deliver.Fate{Delivered: 2})
	})
}
