package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"crossband/relay/store"
)

// implementation is one kind of Store, for the suite.
type implementation struct {
	// place makes room for one store and returns what opens it, again and
	// again with the same content if it is durable.
	place   func(t testing.TB) func(store.Options) (store.Store, error)
	durable bool
}

func implementations() map[string]implementation {
	return map[string]implementation{
		"memory": {func(testing.TB) func(store.Options) (store.Store, error) {
			return func(o store.Options) (store.Store, error) { return store.OpenMemory(o), nil }
		}, false},
		"sqlite": {func(t testing.TB) func(store.Options) (store.Store, error) {
			path := filepath.Join(t.TempDir(), "relay.db")
			return func(o store.Options) (store.Store, error) { return opened(store.OpenSQLite(path, o)) }
		}, true},
		"postgres": {postgresPlace, true},
	}
}

// opened keeps a nil pointer from becoming a Store that is not nil.
func opened[S store.Store](s S, err error) (store.Store, error) {
	if err != nil {
		return nil, err
	}
	return s, nil
}

// TestContract is run against every implementation of Store.
func TestContract(t *testing.T) {
	for name, impl := range implementations() {
		t.Run(name, func(t *testing.T) {
			open := func(t *testing.T, o store.Options) store.Store {
				t.Helper()
				s, err := impl.place(t)(o)
				must(t, err)
				t.Cleanup(func() { s.Close() })
				return s
			}
			for what, test := range map[string]func(*testing.T, store.Store){
				"order and deletion": testOrder,
				"one record":         testGet,
				"values are copies":  testCopies,
				"any octets":         testOctets,
				"long scan":          testLongScan,
				"write while scan":   testWriteInScan,
				"all or none":        testAllOrNone,
				"against a model":    testModel,
				"concurrency":        testConcurrency,
				"closed":             testClosed,
			} {
				t.Run(what, func(t *testing.T) { test(t, open(t, small())) })
			}
			t.Run("limits", func(t *testing.T) { testLimits(t, open(t, store.Options{Limit: 100_000, Reserve: 20_000})) })
			if !impl.durable {
				return
			}
			t.Run("reopening", func(t *testing.T) { testReopening(t, impl.place(t)) })
			t.Run("one at a time", func(t *testing.T) { testOneAtATime(t, impl.place(t)) })
			t.Run("broken by a failed sync", func(t *testing.T) { testBroken(t, impl.place(t), store.BeforeCommit) })
			t.Run("broken after the commit", func(t *testing.T) { testBroken(t, impl.place(t), store.AfterCommit) })
			t.Run("full disk", func(t *testing.T) { testFullDisk(t, impl.place(t)) })
			t.Run("neighbours", func(t *testing.T) { testNeighbours(t, impl.place(t)) })
		})
	}
}

// small keeps tests from occupying the default reserve each.
func small() store.Options { return store.Options{Limit: 64 << 20, Reserve: 1 << 20} }

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

func write(s store.Store, records ...store.Record) error {
	return s.Write(context.Background(), records)
}

func rec(bucket store.Bucket, key, value string) store.Record {
	return store.Record{Bucket: bucket, Key: []byte(key), Value: []byte(value)}
}

func gone(bucket store.Bucket, key string) store.Record {
	return store.Record{Bucket: bucket, Key: []byte(key)}
}

func used(t *testing.T, s store.Store) int64 {
	t.Helper()
	u, err := s.Usage(context.Background())
	must(t, err)
	return u.Used
}

func testOrder(t *testing.T, s store.Store) {
	must(t, write(s, rec("a", "3", "z"), rec("a", "1", "x"), rec("b", "1", "other"), rec("a", "2", "y")))
	if got := keys(t, s, "a", "", 9); got != "1=x 2=y 3=z " {
		t.Fatalf("scan: %s", got)
	}
	if got := keys(t, s, "a", "1", 1); got != "2=y " {
		t.Fatalf("scan after 1, one only: %s", got)
	}
	names, err := s.Buckets(context.Background())
	if must(t, err); !slices.Equal(names, []store.Bucket{"a", "b"}) {
		t.Fatalf("buckets %v, want a and b", names)
	}
	must(t, write(s, gone("a", "2"), rec("a", "3", "new"), gone("a", "9"), gone("b", "1")))
	if got := keys(t, s, "a", "", 9); got != "1=x 3=new " {
		t.Fatalf("after deletion: %s", got)
	}
	names, err = s.Buckets(context.Background())
	if must(t, err); len(names) != 1 || names[0] != "a" {
		t.Fatalf("buckets %v, want the one that still holds records", names)
	}
}

// testGet: one record is read by its key alone, and without a look at its
// neighbours.
func testGet(t *testing.T, s store.Store) {
	must(t, write(s, rec("a", "1", "x"), rec("a", "2", "y"), rec("a", "3", ""), rec("b", "1", "other")))
	must(t, write(s, gone("a", "2")))
	for _, c := range []struct {
		bucket    store.Bucket
		key, want string
		there     bool
	}{{"a", "1", "x", true}, {"b", "1", "other", true}, {"a", "3", "", true}, {"a", "2", "", false}, {"a", "", "", false}, {"c", "1", "", false}} {
		got, err := s.Get(context.Background(), c.bucket, []byte(c.key))
		if must(t, err); string(got) != c.want || (got != nil) != c.there {
			t.Errorf("%s of %s: %q, there: %v; want %q, %v", c.key, c.bucket, got, got != nil, c.want, c.there)
		}
		if c.there && c.want != "" {
			got[0] = '!'
		}
	}
	if got, _ := s.Get(context.Background(), "a", []byte("1")); string(got) != "x" {
		t.Errorf("the caller's change of what it got reached the store: %q", got)
	}
}

func testCopies(t *testing.T, s store.Store) {
	key, value := []byte("k"), []byte("value")
	must(t, write(s, store.Record{Bucket: "a", Key: key, Value: value}))
	key[0], value[0] = '!', '!'
	if got := keys(t, s, "a", "", 1); got != "k=value " {
		t.Fatalf("the caller's later writes reached the store: %s", got)
	}
}

// testOctets: buckets, keys and values are octets, not text, and keys are in
// the order of octets.
func testOctets(t *testing.T, s store.Store) {
	bucket := store.Bucket("\x00\xff'é")
	var list []store.Record
	for i := range 256 {
		list = append(list, store.Record{Bucket: bucket, Key: []byte{byte(255 - i)}, Value: []byte{byte(i), 0}})
	}
	list = append(list, store.Record{Bucket: bucket, Key: []byte{0, 0}, Value: []byte{}})
	must(t, write(s, list...))
	var last []byte
	n := 0
	must(t, s.Scan(context.Background(), bucket, nil, func(k, v []byte) bool {
		switch {
		case n > 0 && bytes.Compare(last, k) >= 0:
			t.Errorf("%x after %x", k, last)
		case len(k) == 2 && (v == nil || len(v) != 0):
			t.Errorf("an empty value is read as %#v", v)
		case len(k) == 1 && !bytes.Equal(v, []byte{255 - k[0], 0}):
			t.Errorf("%x holds %x", k, v)
		}
		last = bytes.Clone(k)
		n++
		return true
	}))
	if n != 257 {
		t.Errorf("%d records of 257", n)
	}
	names, err := s.Buckets(context.Background())
	if must(t, err); len(names) != 1 || names[0] != bucket {
		t.Errorf("buckets %q", names)
	}
}

func testLongScan(t *testing.T, s store.Store) {
	const n = 2_000 // more than a scan reads at once
	var list []store.Record
	for i := range n {
		list = append(list, rec("a", fmt.Sprintf("%06d", i), "v"))
	}
	must(t, write(s, list...))
	i := 0
	must(t, s.Scan(context.Background(), "a", nil, func(k, _ []byte) bool {
		if want := fmt.Sprintf("%06d", i); string(k) != want {
			t.Fatalf("key %s, want %s", k, want)
		}
		i++
		return true
	}))
	if i != n {
		t.Fatalf("%d of %d records", i, n)
	}
	ctx, cancel := context.WithCancel(context.Background())
	err := s.Scan(ctx, "a", nil, func([]byte, []byte) bool { cancel(); return true })
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("a scan whose context ended: %v", err)
	}
}

// testWriteInScan: a scan does not hold up a Write, even of the function that
// it calls.
func testWriteInScan(t *testing.T, s store.Store) {
	must(t, write(s, rec("a", "1", "x"), rec("a", "2", "y")))
	must(t, s.Scan(context.Background(), "a", nil, func(k, _ []byte) bool {
		must(t, write(s, rec("b", string(k), "seen")))
		return true
	}))
	if got := keys(t, s, "b", "", 9); got != "1=seen 2=seen " {
		t.Fatalf("written during the scan: %s", got)
	}
}

func testAllOrNone(t *testing.T, s store.Store) {
	must(t, write(s, rec("a", "1", "old")))
	before := used(t, s)
	for what, bad := range map[string]store.Record{
		"empty bucket": rec("", "k", "v"), "long bucket": rec(store.Bucket(strings.Repeat("b", 256)), "k", "v"),
		"empty key": rec("a", "", "v"), "long key": rec("a", strings.Repeat("k", 1025), "v"),
		"long value": {Bucket: "a", Key: []byte("k"), Value: make([]byte, store.MaxValue+1)},
	} {
		if err := write(s, rec("a", "1", "new"), rec("a", "2", "new"), bad); !errors.Is(err, store.ErrRecord) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if got := keys(t, s, "a", "", 9); got != "1=old " || used(t, s) != before {
		t.Errorf("a refused Write left %s, %d octets, want 1=old, %d", got, used(t, s), before)
	}
	must(t, write(s, rec("a", "1", "first"), gone("a", "1"), rec("a", "2", "x"), gone("a", "2"), rec("a", "1", "last")))
	if got := keys(t, s, "a", "", 9); got != "1=last " {
		t.Errorf("of two for one key the later counts: %s", got)
	}
}

// testModel compares the store with a map over random Writes.
func testModel(t *testing.T, s store.Store) {
	rng := rand.New(rand.NewPCG(1, 2))
	model := make(map[string]string)
	for range 60 {
		var list []store.Record
		for range 1 + rng.IntN(20) {
			r := rec(store.Bucket(fmt.Sprint("b", rng.IntN(3))), fmt.Sprint(rng.IntN(40)), strings.Repeat("x", rng.IntN(200)))
			if rng.IntN(3) == 0 {
				r.Value = nil
			}
			list = append(list, r)
			if name := string(r.Bucket) + "/" + string(r.Key); r.Value == nil {
				delete(model, name)
			} else {
				model[name] = string(r.Value)
			}
		}
		must(t, write(s, list...))
	}
	size := int64(0)
	found := 0
	names, err := s.Buckets(context.Background())
	must(t, err)
	for _, b := range names {
		must(t, s.Scan(context.Background(), b, nil, func(k, v []byte) bool {
			found++
			size += store.RecordSize(store.Record{Bucket: b, Key: k, Value: v})
			if want, ok := model[string(b)+"/"+string(k)]; !ok || want != string(v) {
				t.Errorf("%s/%s holds %q, want %q", b, k, v, want)
			}
			return true
		}))
	}
	if found != len(model) {
		t.Errorf("%d records, want %d", found, len(model))
	}
	if got := used(t, s); got != size {
		t.Errorf("usage says %d octets, the records take %d", got, size)
	}
}

func testConcurrency(t *testing.T, s store.Store) {
	const writers, each = 32, 40
	commits := 0 // the committer's, and ours when the Writes are answered
	if f, ok := s.(store.Faulty); ok {
		f.SetFault(func(m store.Moment) error {
			if m == store.AfterCommit {
				commits++
			}
			return nil
		})
	}
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				k := fmt.Sprintf("%02d-%02d", w, i)
				if err := write(s, rec("a", k, "x"), rec("b", k, "y")); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Go(func() {
		for range 20 {
			if err := s.Scan(context.Background(), "a", nil, func([]byte, []byte) bool { return true }); err != nil {
				t.Error(err)
			}
		}
	})
	wg.Wait()
	for i := range writers { // all at one key, so that one group changes it often
		wg.Go(func() {
			for j := range each {
				r := rec("c", "same", strings.Repeat("x", i*j%50))
				if (i+j)%3 == 0 {
					r.Value = nil
				}
				if err := write(s, r); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	must(t, write(s, gone("c", "same")))
	size := int64(0)
	for i := range writers * each {
		k := fmt.Sprintf("%02d-%02d", i/each, i%each)
		size += store.RecordSize(rec("a", k, "x")) + store.RecordSize(rec("b", k, "y"))
	}
	if got := used(t, s); got != size {
		t.Errorf("usage says %d octets, the records take %d", got, size)
	}
	for _, b := range []store.Bucket{"a", "b"} {
		if n := strings.Count(keys(t, s, b, "", writers*each+1), " "); n != writers*each {
			t.Errorf("bucket %s holds %d of %d", b, n, writers*each)
		}
	}
	if c, ok := s.(store.Faulty); ok {
		if writes := 2*writers*each + 1; commits == 0 || commits >= writes || c.Queued() != 0 {
			t.Errorf("%d Writes in %d commits, %d queued: want fewer commits, none queued", writes, commits, c.Queued())
		}
	}
}

func testLimits(t *testing.T, s store.Store) {
	u, err := s.Usage(context.Background())
	if must(t, err); u.Used != 0 || u.Limit != 100_000 || u.Reserve != 20_000 || u.Full() {
		t.Fatalf("empty: %+v", u)
	}
	n, full := 0, 0
	for ; n < 1000; n++ {
		if err = write(s, rec("log", fmt.Sprintf("%04d", n), strings.Repeat("x", 300))); err != nil {
			break
		}
		if u, _ = s.Usage(context.Background()); u.Full() {
			full++
		}
	}
	if !errors.Is(err, store.ErrFull) || n < 200 || full < 30 {
		t.Fatalf("after %d records, %d of them from the reserve: %v", n, full, err)
	}
	if u, _ = s.Usage(context.Background()); u.Used > u.Limit {
		t.Fatalf("%+v: more than the limit", u)
	}
	last := fmt.Sprintf("%04d", n)
	if got := keys(t, s, "log", fmt.Sprintf("%04d", n-1), 1); got != "" {
		t.Fatalf("a refused record is there: %s", got)
	}
	must(t, write(s, rec("log", "0000", strings.Repeat("y", 300)))) // no larger than before
	if err := write(s, rec("log", "0000", strings.Repeat("y", 700)), rec("log", last, "x")); !errors.Is(err, store.ErrFull) {
		t.Fatalf("a larger value in a full store: %v", err)
	}
	must(t, write(s, gone("log", "0001"), gone("log", "0002")))
	must(t, write(s, rec("log", last, strings.Repeat("x", 300))))
	// A Write that deletes more than it adds goes through at any time.
	must(t, write(s, gone("log", "0003"), gone("log", "0004"), rec("state", "cut", "4")))
}

func testClosed(t *testing.T, s store.Store) {
	must(t, s.Close())
	must(t, s.Close())
	if err := s.Write(context.Background(), nil); !errors.Is(err, store.ErrClosed) {
		t.Fatalf("write after close: %v", err)
	}
	if _, err := s.Get(context.Background(), "a", []byte("k")); !errors.Is(err, store.ErrClosed) {
		t.Fatalf("get after close: %v", err)
	}
	if err := s.Scan(context.Background(), "a", nil, nil); !errors.Is(err, store.ErrClosed) {
		t.Fatalf("scan after close: %v", err)
	}
	if _, err := s.Buckets(context.Background()); !errors.Is(err, store.ErrClosed) {
		t.Fatalf("buckets after close: %v", err)
	}
	if _, err := s.Usage(context.Background()); !errors.Is(err, store.ErrClosed) {
		t.Fatalf("usage after close: %v", err)
	}
}

func testReopening(t *testing.T, open func(store.Options) (store.Store, error)) {
	s, err := open(small())
	must(t, err)
	must(t, write(s, rec("a", "1", "x"), rec("a", "2", "y")))
	must(t, write(s, gone("a", "1"), rec("a", "2", "z")))
	before := used(t, s)
	must(t, s.Close())
	s, err = open(small())
	must(t, err)
	defer s.Close()
	if got := keys(t, s, "a", "", 9); got != "2=z " {
		t.Errorf("after reopening: %s", got)
	}
	if got := used(t, s); got != before {
		t.Errorf("%d octets used after reopening, %d before", got, before)
	}
	if d := s.Damaged(); len(d) != 0 {
		t.Errorf("damage in a sound store: %v", d)
	}
}

func testOneAtATime(t *testing.T, open func(store.Options) (store.Store, error)) {
	s, err := open(small())
	must(t, err)
	if _, err := open(small()); !errors.Is(err, store.ErrInUse) {
		t.Fatalf("opened twice: %v", err)
	}
	must(t, write(s, rec("a", "1", "x"))) // the attempt did no harm
	must(t, s.Close())
	s, err = open(small())
	must(t, err)
	must(t, s.Close())
}

// testBroken: after one sync that failed, nothing is accepted, nothing is
// tried again, and what was acknowledged before is there.
func testBroken(t *testing.T, open func(store.Options) (store.Store, error), when store.Moment) {
	s, err := open(small())
	must(t, err)
	defer s.Close()
	eio, failing, commits := errors.New("input/output error"), false, 0
	s.(store.Faulty).SetFault(func(m store.Moment) error {
		if commits++; failing && m == when {
			return eio
		}
		return nil
	})
	must(t, write(s, rec("a", "1", "acknowledged")))
	failing = true
	if err := write(s, rec("a", "2", "unknown")); !errors.Is(err, store.ErrBroken) || !errors.Is(err, eio) {
		t.Fatalf("the Write whose sync failed: %v", err)
	}
	failing, commits = false, 0
	for range 3 {
		if err := write(s, rec("a", "3", "late")); !errors.Is(err, store.ErrBroken) || !errors.Is(err, eio) {
			t.Fatalf("a later Write: %v", err)
		}
	}
	if commits != 0 {
		t.Fatal("a broken store tried again")
	}
	if got := keys(t, s, "a", "", 1); got != "1=acknowledged " {
		t.Fatalf("scan of a broken store: %s", got)
	}
	must(t, s.Close())
	s, err = open(small())
	must(t, err)
	defer s.Close()
	got := keys(t, s, "a", "", 9)
	if want := map[store.Moment]string{store.BeforeCommit: "1=acknowledged ", store.AfterCommit: "1=acknowledged 2=unknown "}[when]; got != want {
		t.Fatalf("after reopening: %s, want %s", got, want)
	}
}

// testFullDisk: a full disk refuses, changes nothing and breaks nothing.
func testFullDisk(t *testing.T, open func(store.Options) (store.Store, error)) {
	o := small()
	o.Reserve = 1 // nothing to give up
	s, err := open(o)
	must(t, err)
	defer s.Close()
	room := true
	s.(store.Faulty).SetFault(func(m store.Moment) error {
		if !room && m == store.BeforeCommit {
			return fmt.Errorf("%w: no space left on device", store.ErrFull)
		}
		return nil
	})
	must(t, write(s, rec("a", "1", "x")))
	before := used(t, s)
	room = false
	if err := write(s, rec("a", "1", "y"), rec("a", "2", "y")); !errors.Is(err, store.ErrFull) || errors.Is(err, store.ErrBroken) {
		t.Fatalf("full disk: %v", err)
	}
	if got := keys(t, s, "a", "", 9); got != "1=x " || used(t, s) != before {
		t.Fatalf("a refused Write changed the store: %s", got)
	}
	room = true
	must(t, write(s, rec("a", "2", "y")))
}

// testNeighbours: of many Writes in one group, the one that cannot be served
// fails alone.
func testNeighbours(t *testing.T, open func(store.Options) (store.Store, error)) {
	s, err := open(store.Options{Limit: 50_000, Reserve: 1})
	must(t, err)
	defer s.Close()
	reached, holding := make(chan struct{}), make(chan struct{})
	commits, kept := 0, 0
	s.(store.Faulty).SetFault(func(m store.Moment) error {
		if m == store.AfterCommit {
			kept++
			return nil
		}
		switch commits++; commits {
		case 1:
			close(reached)
			<-holding // so that the others gather
		case 2: // as a group they fail, alone none does
			return store.ErrFull
		}
		return nil
	})
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := write(s, rec("a", "first", "x")); err != nil {
			t.Error(err)
		}
	})
	<-reached
	errs := make([]error, 20)
	for i := range errs {
		wg.Go(func() {
			value := "x"
			if i%5 == 0 {
				value = strings.Repeat("x", 60_000)
			}
			errs[i] = write(s, rec("a", fmt.Sprintf("%02d", i), value))
		})
	}
	for s.(store.Faulty).Queued() < len(errs) {
		time.Sleep(time.Millisecond)
	}
	close(holding)
	wg.Wait()
	for i, err := range errs {
		if large := i%5 == 0; large != errors.Is(err, store.ErrFull) || !large && err != nil {
			t.Errorf("write %d: %v", i, err)
		}
	}
	if n := strings.Count(keys(t, s, "a", "", 99), " "); n != 17 {
		t.Errorf("%d records, want 17", n)
	}
	if want := 1 + len(errs); kept != want {
		t.Errorf("%d commits, want %d: each alone after the group had failed", kept, want)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
