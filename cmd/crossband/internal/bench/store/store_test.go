package store

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	relaystore "crossband/relay/store"
)

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func small(t *testing.T) Options {
	t.Helper()
	return Options{Dir: t.TempDir(), Writers: []int{1, 8}, Octets: 300, Slice: 40 * time.Millisecond, Rounds: 2, Say: t.Logf}
}

// sane fails unless a row holds figures that can be true together.
func sane(t *testing.T, r Row) {
	t.Helper()
	if r.MessagesPerS <= 0 || r.RawFsyncPerS <= 0 || r.SingleFsyncPS <= 0 || r.Ratio <= 0 || r.P50MS <= 0 {
		t.Errorf("a figure that is not more than 0: %+v", r)
	}
	if r.P50MS > r.P99MS {
		t.Errorf("half waited longer than 99 in 100: %+v", r)
	}
	if got := r.RawFsyncPerS * float64(r.Writers); got != r.RawPerS {
		t.Errorf("%d messages in %f groups a second are not %f", r.Writers, r.RawFsyncPerS, r.RawPerS)
	}
	// Each writer has one message under way, so what is kept a second and how long it
	// takes hang together: no writer keeps more than 1000 / p50 by much.
	if most := 4 * float64(r.Writers) * 1000 / r.P50MS; r.MessagesPerS > most {
		t.Errorf("%.0f messages a second, half of which took %.3f ms: at most %.0f can be true", r.MessagesPerS, r.P50MS, most)
	}
}

func TestEveryNumberOfWritersHasARow(t *testing.T) {
	o := small(t)
	rows, err := Run(t.Context(), o)
	check(t, err)
	if len(rows) != len(o.Writers) {
		t.Fatalf("%d rows", len(rows))
	}
	for i, r := range rows {
		if r.Engine != "sqlite" || r.Writers != o.Writers[i] || r.Octets != o.Octets {
			t.Errorf("row %d: %+v", i, r)
		}
		sane(t, r)
	}
	left, err := os.ReadDir(o.Dir)
	check(t, err)
	if len(left) > 0 {
		t.Errorf("%s is left", left[0].Name())
	}
}

func TestRowsHaveTheirNames(t *testing.T) {
	octets, err := json.Marshal(Row{})
	check(t, err)
	var got map[string]any
	check(t, json.Unmarshal(octets, &got))
	for _, name := range []string{"engine", "writers", "messages_per_s", "raw_fsync_per_s", "ratio", "p50_ms", "p99_ms", "octets"} {
		if _, ok := got[name]; !ok {
			t.Errorf("no %s", name)
		}
	}
}

// TestWhatWasCountedIsKept: the store holds exactly the messages that were counted.
func TestWhatWasCountedIsKept(t *testing.T) {
	s, err := relaystore.OpenSQLite(filepath.Join(t.TempDir(), "s.db"), relaystore.Options{})
	check(t, err)
	defer s.Close()
	w := &writing{store: s, octets: 100}
	turn, err := w.slice(t.Context(), 5, 30*time.Millisecond)
	check(t, err)
	held := 0
	buckets, err := s.Buckets(t.Context())
	check(t, err)
	for _, b := range buckets {
		check(t, s.Scan(t.Context(), b, nil, func(_, value []byte) bool {
			held++
			return len(value) == 100
		}))
	}
	if held != turn.count || len(turn.waits) != turn.count {
		t.Errorf("%d held, %d counted, %d waits", held, turn.count, len(turn.waits))
	}
	check(t, erase(t.Context(), s))
	if buckets, err = s.Buckets(t.Context()); err != nil || len(buckets) != 0 {
		t.Errorf("%d buckets after everything was erased, %v", len(buckets), err)
	}
}

func TestCancelEndsTheRun(t *testing.T) {
	o := small(t)
	o.Slice = time.Hour
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := Run(ctx, o); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
	if left, _ := os.ReadDir(o.Dir); len(left) > 0 {
		t.Errorf("%s is left", left[0].Name())
	}
}

func TestOptionsThatCannotBeAreRefused(t *testing.T) {
	for why, change := range map[string]func(*Options){
		"no writer":              func(o *Options) { o.Writers = []int{0} },
		"more than the queue":    func(o *Options) { o.Writers = []int{MaxWriters + 1} },
		"empty messages":         func(o *Options) { o.Octets = 0 },
		"no time":                func(o *Options) { o.Slice = 0 },
		"no turn":                func(o *Options) { o.Rounds = 0 },
		"more than channels":     func(o *Options) { o.Endpoints, o.Texts = MaxEndpoints+1, 1 },
		"more than quotas allow": func(o *Options) { o.Endpoints, o.Texts = 1, MaxTextsEach/2+1 },
	} {
		o := small(t)
		change(&o)
		if _, err := Run(t.Context(), o); err == nil {
			t.Errorf("%s: accepted", why)
		}
	}
}

// TestPostgres needs a server.
func TestPostgres(t *testing.T) {
	o := small(t)
	if o.Postgres = os.Getenv("CROSSBAND_POSTGRES"); o.Postgres == "" {
		t.Skip("CROSSBAND_POSTGRES names no server (a connection URL); .ci/postgres starts one")
	}
	rows, err := Run(t.Context(), o)
	check(t, err)
	if len(rows) != 4 || rows[3].Engine != "postgres" {
		t.Fatalf("%+v", rows)
	}
	sane(t, rows[3])
}
