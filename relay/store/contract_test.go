package store_test

import (
	"context"
	"errors"
	"testing"

	"crossband/relay/store"
)

// TestContract is run against every implementation of Store.
func TestContract(t *testing.T) {
	for name, open := range map[string]func(t *testing.T) store.Store{
		"memory": func(*testing.T) store.Store { return store.NewMemory() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Run("order and deletion", func(t *testing.T) { testOrder(t, open(t)) })
			t.Run("values are copies", func(t *testing.T) { testCopies(t, open(t)) })
			t.Run("closed", func(t *testing.T) { testClosed(t, open(t)) })
		})
	}
}

func keys(t *testing.T, s store.Store, b store.Bucket, after string, limit int) (got string) {
	t.Helper()
	err := s.Scan(context.Background(), b, []byte(after), func(k, v []byte) bool {
		got += string(k) + "=" + string(v) + " "
		limit--
		return limit > 0
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func testOrder(t *testing.T, s store.Store) {
	defer s.Close()
	must(t, s.Write(context.Background(), []store.Record{
		{"a", []byte("3"), []byte("z")}, {"a", []byte("1"), []byte("x")}, {"b", []byte("1"), []byte("other")}, {"a", []byte("2"), []byte("y")},
	}))
	if got := keys(t, s, "a", "", 9); got != "1=x 2=y 3=z " {
		t.Fatalf("scan: %s", got)
	}
	if got := keys(t, s, "a", "1", 1); got != "2=y " {
		t.Fatalf("scan after 1, one only: %s", got)
	}
	must(t, s.Write(context.Background(), []store.Record{{"a", []byte("2"), nil}, {"a", []byte("3"), []byte("new")}, {"a", []byte("9"), nil}, {"b", []byte("1"), nil}}))
	if got := keys(t, s, "a", "", 9); got != "1=x 3=new " {
		t.Fatalf("after deletion: %s", got)
	}
	names, err := s.Buckets(context.Background())
	if must(t, err); len(names) != 1 || names[0] != "a" {
		t.Fatalf("buckets %v, want the one that still holds records", names)
	}
}

func testCopies(t *testing.T, s store.Store) {
	defer s.Close()
	key, value := []byte("k"), []byte("value")
	must(t, s.Write(context.Background(), []store.Record{{"a", key, value}}))
	key[0], value[0] = '!', '!'
	if got := keys(t, s, "a", "", 1); got != "k=value " {
		t.Fatalf("the caller's later writes reached the store: %s", got)
	}
}

func testClosed(t *testing.T, s store.Store) {
	must(t, s.Close())
	if err := s.Write(context.Background(), nil); !errors.Is(err, store.ErrClosed) {
		t.Fatalf("write after close: %v", err)
	}
	if err := s.Scan(context.Background(), "a", nil, nil); !errors.Is(err, store.ErrClosed) {
		t.Fatalf("scan after close: %v", err)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
