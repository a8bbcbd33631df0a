package store_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"crossband/relay/store"
)

// original is what the damaged stores of these tests held.
type original map[string]string // bucket/key to value

func openFile(t *testing.T, path string) *store.SQLite {
	t.Helper()
	s, err := store.OpenSQLite(path, small())
	must(t, err)
	t.Cleanup(func() { s.Close() })
	return s
}

// writeOriginal fills a store with Writes of two records each.
func writeOriginal(t *testing.T, s store.Store, n int) original {
	t.Helper()
	o := make(original)
	for i := 0; i < n; i += 2 {
		var list []store.Record
		for j := i; j < i+2; j++ {
			r := rec(store.Bucket(fmt.Sprintf("log/%d", j%3)), fmt.Sprintf("key-%06d", j), fmt.Sprintf("value-%06d-", j)+strings.Repeat(fmt.Sprint(j%10), 250))
			o[string(r.Bucket)+"/"+string(r.Key)] = string(r.Value)
			list = append(list, r)
		}
		must(t, write(s, list...))
	}
	return o
}

// compare fails the test when a record is wrong, or is neither served nor
// named as damaged. It returns how many are served.
func (o original) compare(t *testing.T, what string, s store.Store) (served int) {
	t.Helper()
	found := make(map[string]bool)
	names, err := s.Buckets(context.Background())
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	for _, b := range names {
		err := s.Scan(context.Background(), b, nil, func(k, v []byte) bool {
			name := string(b) + "/" + string(k)
			found[name] = true
			if want, ok := o[name]; !ok || want != string(v) {
				t.Errorf("%s: %s holds %.30q, want %.30q", what, name, v, want)
			}
			return true
		})
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
	}
	named := make(map[string]bool)
	for _, d := range s.Damaged() {
		named[string(d.Bucket)+"/"+string(d.Key)] = true
	}
	for name := range o {
		if !found[name] && !named[name] {
			t.Errorf("%s: %s was lost without a word", what, name)
		}
	}
	return len(found)
}

// closedStore makes a store file of n records and returns its octets.
func closedStore(t *testing.T, n int) ([]byte, original) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "relay.db")
	s := openFile(t, path)
	o := writeOriginal(t, s, n)
	must(t, s.Close())
	octets, err := os.ReadFile(path)
	must(t, err)
	return octets, o
}

func place(t *testing.T, files map[string][]byte) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "relay.db")
	for suffix, octets := range files {
		must(t, os.WriteFile(path+suffix, octets, 0o600))
	}
	return path
}

// TestDamagedRecord: a flipped bit in a value costs that record and no other.
func TestDamagedRecord(t *testing.T) {
	octets, o := closedStore(t, 60)
	at := bytes.Index(octets, []byte("value-000031-"))
	octets[at+100] ^= 4
	path := place(t, map[string][]byte{"": octets})
	var log bytes.Buffer
	options := small()
	options.Log = slog.New(slog.NewTextHandler(&log, nil))
	for range 2 { // the second opening still knows
		s, err := store.OpenSQLite(path, options)
		must(t, err)
		if d := s.Damaged(); len(d) != 1 || d[0].Bucket != "log/1" || string(d[0].Key) != "key-000031" || d[0].Why == "" {
			t.Fatalf("damaged: %+v, want log/1 key-000031", d)
		}
		if n := o.compare(t, "one bit", s); n != 59 {
			t.Fatalf("%d records served, want 59", n)
		}
		must(t, s.Close())
	}
	if n := strings.Count(log.String(), "stored record damaged"); n != 1 {
		t.Fatalf("logged %d times, want once:\n%s", n, &log)
	}
	s := openFile(t, path)
	before := used(t, s)
	must(t, write(s, rec("log/1", "key-000031", "again"))) // its place is free
	if used(t, s) <= before {
		t.Fatal("the damaged record still counts")
	}
}

// TestDamagedWhileOpen: what the check at opening could not see yet, Get
// and Scan leave out and name.
func TestDamagedWhileOpen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "relay.db")
	s := openFile(t, path)
	o := writeOriginal(t, s, 60)
	must(t, s.Close())
	s = openFile(t, path) // nothing is cached for readers, nothing in the log
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	must(t, err)
	octets, err := os.ReadFile(path)
	must(t, err)
	at := int64(bytes.Index(octets, []byte("value-000031-")))
	_, err = f.WriteAt([]byte("X"), at)
	must(t, err)
	must(t, f.Close())
	if v, err := s.Get(context.Background(), "log/1", []byte("key-000031")); v != nil || err != nil {
		t.Fatalf("got %q, %v, want nothing", v, err)
	}
	for range 2 {
		if n := o.compare(t, "while open", s); n != 59 {
			t.Fatalf("%d records served, want 59", n)
		}
	}
	if d := s.Damaged(); len(d) != 1 || string(d[0].Key) != "key-000031" {
		t.Fatalf("damaged: %+v", d)
	}
}

// TestDamagedName: a record's name stands in the table and in the index.
// Damage to one of them costs nothing or is named.
func TestDamagedName(t *testing.T) {
	octets, o := closedStore(t, 60)
	from := 0
	for i := range 2 {
		at := bytes.Index(octets[from:], []byte("key-000031"))
		if at < 0 {
			t.Fatal("the name does not stand twice")
		}
		from += at + 9
		damaged := bytes.Clone(octets)
		damaged[from] ^= 1
		s := openFile(t, place(t, map[string][]byte{"": damaged}))
		if n := o.compare(t, fmt.Sprint("occurrence ", i), s); n < 59 {
			t.Errorf("occurrence %d: %d records served", i, n)
		}
	}
}

// TestDamagedPages garbles one page after the other. Whatever page it is, all
// records that are served are right, the others are named, and the damaged
// file is kept.
func TestDamagedPages(t *testing.T) {
	const page = 4096
	octets, o := closedStore(t, 300)
	least := len(o)
	step := 1
	if testing.Short() {
		step = 3
	}
	for i := 0; i < len(octets)/page; i += step {
		damaged := bytes.Clone(octets)
		for j := range page {
			damaged[i*page+j] = byte(j*7 + i)
		}
		path := place(t, map[string][]byte{"": damaged})
		s, err := store.OpenSQLite(path, small())
		if i == 0 { // the first page tells where everything is
			if err == nil {
				t.Fatal("a file without its first page was opened")
			}
			if now, _ := os.ReadFile(path); !bytes.Equal(now, damaged) {
				t.Fatal("a file that cannot be salvaged was changed")
			}
			continue
		}
		must(t, err)
		served := o.compare(t, fmt.Sprint("page ", i), s)
		must(t, s.Close())
		least = min(least, served)
		kept, _ := filepath.Glob(path + ".damaged-*")
		if len(kept) != 1 {
			t.Fatalf("page %d: kept %v", i, kept)
		}
		if then, _ := os.ReadFile(kept[0]); !bytes.Equal(then, damaged) {
			t.Errorf("page %d: the kept file is not the damaged one", i)
		}
	}
	t.Logf("%d pages garbled one at a time, at least %d of %d records served", len(octets)/page-1, least, len(o))
}

// TestFlippedBits flips one bit anywhere, many times.
func TestFlippedBits(t *testing.T) {
	octets, o := closedStore(t, 300)
	rng := rand.New(rand.NewPCG(3, 4))
	refused, harmed, flips := 0, 0, 150
	if testing.Short() {
		flips = 40
	}
	for range flips {
		damaged := bytes.Clone(octets)
		bit := rng.IntN(len(damaged) * 8)
		damaged[bit/8] ^= 1 << (bit % 8)
		s, err := store.OpenSQLite(place(t, map[string][]byte{"": damaged}), small())
		if err != nil {
			refused++
			continue
		}
		if o.compare(t, fmt.Sprint("bit ", bit), s) < len(o) {
			harmed++
		}
		must(t, s.Close())
	}
	if refused > flips/20 || harmed < flips/3 {
		t.Errorf("%d files refused, %d with records lost and named: this is not what flips do", refused, harmed)
	}
}

// snapshot is what a store's files hold at this moment.
func snapshot(t *testing.T, path string) map[string][]byte {
	t.Helper()
	files := make(map[string][]byte)
	for _, suffix := range []string{"", "-wal"} {
		octets, err := os.ReadFile(path + suffix)
		must(t, err)
		files[suffix] = octets
	}
	return files
}

// TestDamagedLog flips bits of synced transactions in SQLite's log, which
// SQLite would take for the end of the log.
func TestDamagedLog(t *testing.T) {
	path := filepath.Join(t.TempDir(), "relay.db")
	s := openFile(t, path)
	o := writeOriginal(t, s, 60)
	files := snapshot(t, path)
	must(t, s.Close())
	frames := lastFrames(t, files["-wal"])
	// Behind the end of the last transaction but one nothing tells damage
	// from a torn tail.
	end := frames[len(frames)-2]
	rng := rand.New(rand.NewPCG(5, 6))
	flips := 60
	if testing.Short() {
		flips = 20
	}
	for range flips {
		log := bytes.Clone(files["-wal"])
		at := 32 + rng.IntN(end-32)
		log[at] ^= 1 << rng.IntN(8)
		path := place(t, map[string][]byte{"": files[""], "-wal": log})
		s := openFile(t, path)
		o.compare(t, fmt.Sprint("octet ", at, " of the log"), s)
		must(t, s.Close())
		if kept, _ := filepath.Glob(path + ".damaged-*-log"); len(kept) != 1 {
			t.Errorf("octet %d: the damaged log was not kept", at)
		}
	}
}

// lastFrames returns where the frames that end transactions end.
func lastFrames(t *testing.T, log []byte) (ends []int) {
	t.Helper()
	page := int(binary.BigEndian.Uint32(log[8:]))
	for at := 32; at+24+page <= len(log); at += 24 + page {
		if binary.BigEndian.Uint32(log[at+4:]) != 0 && bytes.Equal(log[at+8:at+16], log[16:24]) {
			ends = append(ends, at+24+page)
		}
	}
	if len(ends) < 3 {
		t.Fatalf("%d transactions in the log", len(ends))
	}
	return ends
}

// TestInterruptedSalvage: a process that dies while it puts the new file in
// place leaves a store that opens.
func TestInterruptedSalvage(t *testing.T) {
	octets, o := closedStore(t, 60)
	old := filepath.Join(t.TempDir(), "relay.db")
	s := openFile(t, old)
	must(t, write(s, rec("log/0", "key-000000", "stale")))
	stale := snapshot(t, old)
	path := place(t, map[string][]byte{".salvaged": octets, "": []byte("damaged"), "-wal": stale["-wal"]})
	s = openFile(t, path)
	if n := o.compare(t, "interrupted", s); n != 60 {
		t.Fatalf("%d records of 60", n)
	}
}
