package store_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"crossband/relay/store"

	"github.com/jackc/pgx/v5"
)

// postgresURL is the server of these tests; each test has its own schema there.
func postgresURL(t testing.TB) string {
	u := os.Getenv("CROSSBAND_POSTGRES")
	if u == "" {
		t.Skip("CROSSBAND_POSTGRES names no server (a connection URL); .ci/postgres starts one")
	}
	return u
}

func postgresPlace(t testing.TB) func(store.Options) (store.Store, error) {
	u := postgresURL(t)
	schema := newSchema(t, u)
	return func(o store.Options) (store.Store, error) {
		o.Schema = schema
		return opened(store.OpenPostgres(context.Background(), u, o))
	}
}

// newSchema names a schema that does not exist, and drops it after the test.
func newSchema(t testing.TB, u string) string {
	name := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, strings.ToLower(t.Name()))
	schema := fmt.Sprintf("t%d_%d_%.30s", os.Getpid(), time.Now().UnixNano(), name)
	t.Cleanup(func() { direct(t, u, `DROP SCHEMA IF EXISTS `+schema+` CASCADE`) })
	return schema
}

func direct(t testing.TB, u, query string) {
	t.Helper()
	conn, err := pgx.Connect(context.Background(), u)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	if _, err := conn.Exec(context.Background(), query); err != nil {
		t.Fatal(err)
	}
}

// TestPostgresRefusesAsynchronousCommit: a server that answers before its disk
// is no store.
func TestPostgresRefusesAsynchronousCommit(t *testing.T) {
	u, err := url.Parse(postgresURL(t))
	must(t, err)
	q := u.Query()
	for _, value := range []string{"off", "local"} {
		q.Set("options", "-c synchronous_commit="+value)
		u.RawQuery = q.Encode()
		_, err := store.OpenPostgres(context.Background(), u.String(), store.Options{Schema: newSchema(t, postgresURL(t))})
		if err == nil || !strings.Contains(err.Error(), "synchronous_commit") {
			t.Errorf("synchronous_commit=%s: %v", value, err)
		}
	}
}

func TestPostgresSchemaName(t *testing.T) {
	for _, name := range []string{"A", "a-b", "a;drop", strings.Repeat("a", 64), "1a", "é"} {
		if _, err := store.OpenPostgres(context.Background(), "postgres://127.0.0.1:1/", store.Options{Schema: name}); err == nil || !strings.Contains(err.Error(), "lower case") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestPostgresDamaged: a value that changed behind the store's back is named,
// and not served.
func TestPostgresDamaged(t *testing.T) {
	u := postgresURL(t)
	schema := newSchema(t, u)
	o := small()
	o.Schema = schema
	s, err := store.OpenPostgres(context.Background(), u, o)
	must(t, err)
	originals := writeOriginal(t, s, 20)
	direct(t, u, `UPDATE `+schema+`.record SET value = set_byte(value, 20, 0) WHERE key = 'key-000007'`)
	if n := originals.compare(t, "while open", s); n != 19 || len(s.Damaged()) != 1 {
		t.Errorf("%d served, damaged %v", n, s.Damaged())
	}
	must(t, s.Close())
	for range 2 {
		s, err = store.OpenPostgres(context.Background(), u, o)
		must(t, err)
		if n := originals.compare(t, "opened again", s); n != 19 || len(s.Damaged()) != 1 || string(s.Damaged()[0].Key) != "key-000007" {
			t.Errorf("%d served, damaged %v", n, s.Damaged())
		}
		must(t, s.Close())
	}
}

// TestPostgresLostSession: when the server ends the session the lock is gone
// and the store is broken, for good.
func TestPostgresLostSession(t *testing.T) {
	u := postgresURL(t)
	o := small()
	o.Schema = newSchema(t, u)
	s, err := store.OpenPostgres(context.Background(), u, o)
	must(t, err)
	defer s.Close()
	must(t, write(s, rec("a", "1", "x")))
	direct(t, u, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = left('crossband relay `+o.Schema+`', 63)`)
	for range 2 {
		if err := write(s, rec("a", "2", "x")); !errors.Is(err, store.ErrBroken) {
			t.Fatalf("after the session was ended: %v", err)
		}
	}
	again, err := store.OpenPostgres(context.Background(), u, o)
	for errors.Is(err, store.ErrInUse) { // till the server has ended the session
		time.Sleep(10 * time.Millisecond)
		again, err = store.OpenPostgres(context.Background(), u, o)
	}
	must(t, err)
	defer again.Close()
	if got := keys(t, again, "a", "", 9); got != "1=x " {
		t.Fatalf("after opening again: %s", got)
	}
}

// TestGetReadsOneRecord: one record costs no look at the rest of its bucket, which
// a Scan that ends at its first record still has sent.
func TestGetReadsOneRecord(t *testing.T) {
	s, err := postgresPlace(t)(small())
	must(t, err)
	defer s.Close()
	key := func(i int) []byte { return fmt.Appendf(nil, "%04d", i) }
	var list []store.Record
	for i := range 1000 {
		list = append(list, store.Record{Bucket: "a", Key: key(i), Value: make([]byte, 1000)})
	}
	must(t, s.Write(context.Background(), list))
	fastest := func(read func(i int) error) time.Duration {
		best := time.Hour
		for range 5 {
			began := time.Now()
			for i := range 50 {
				must(t, read(i))
			}
			best = min(best, time.Since(began))
		}
		return best
	}
	get := fastest(func(i int) error { _, err := s.Get(context.Background(), "a", key(i)); return err })
	scan := fastest(func(i int) error {
		return s.Scan(context.Background(), "a", key(i), func(_, _ []byte) bool { return false })
	})
	if get*3 > scan {
		t.Errorf("fifty records by their keys took %v, fifty scans to the first record %v", get, scan)
	}
}
