package store_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"crossband/relay/store"
)

// TestRealFullDisk fills a small file system with another program's data. The
// store then refuses what is new and large, while small Writes and deletions
// go on from what it kept for that; nothing acknowledged is lost.
func TestRealFullDisk(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("none", dir, "tmpfs", 0, "size=8m"); err != nil {
		t.Skipf("needs to mount a tmpfs: %v", err)
	}
	t.Cleanup(func() { syscall.Unmount(dir, syscall.MNT_DETACH) })
	path := filepath.Join(dir, "relay.db")
	o := store.Options{Limit: 64 << 20, Reserve: 2 << 20}
	s, err := store.OpenSQLite(path, o)
	must(t, err)
	defer s.Close()
	if s.Ballast() != o.Reserve {
		t.Fatalf("%d octets kept for a full disk, want %d", s.Ballast(), o.Reserve)
	}
	if u, _ := s.Usage(context.Background()); u.Limit > 8<<20 || u.Full() {
		t.Fatalf("%+v: want the limit of the small disk, not full", u)
	}
	originals := writeOriginal(t, s, 200)
	fill(t, filepath.Join(dir, "other"))

	before := used(t, s)
	large := rec("log/1", "large", strings.Repeat("x", store.Small+1))
	if err := write(s, large); !errors.Is(err, store.ErrFull) || errors.Is(err, store.ErrBroken) {
		t.Fatalf("a large Write on a full disk: %v", err)
	}
	if used(t, s) != before {
		t.Fatal("a refused Write counts")
	}
	must(t, write(s, rec("state", "removed", "member"))) // from what was kept
	for name := range originals {
		bucket, key, _ := strings.Cut(name[len("log/"):], "/")
		must(t, write(s, gone(store.Bucket("log/"+bucket), key)))
		delete(originals, name)
		if len(originals) == 150 {
			break
		}
	}
	if u, _ := s.Usage(context.Background()); s.Ballast() >= o.Reserve || !u.Full() {
		t.Fatalf("%d octets kept, %+v: want less than at first, and full", s.Ballast(), u)
	}
	originals["state/removed"] = "member"
	exhaust(t, s, originals)
	originals.compare(t, "full disk", s)

	must(t, os.Remove(filepath.Join(dir, "other")))
	must(t, write(s, rec("state", "room", "again")))
	originals["state/room"] = "again"
	must(t, s.Close())
	s, err = store.OpenSQLite(path, o)
	must(t, err)
	if n := originals.compare(t, "reopened", s); n != len(originals) {
		t.Errorf("%d records of %d", n, len(originals))
	}
	if s.Ballast() != o.Reserve {
		t.Errorf("%d octets kept again, want %d", s.Ballast(), o.Reserve)
	}
	must(t, s.Close())
}

// exhaust writes small records until what was kept is used up.
func exhaust(t *testing.T, s store.Store, originals original) {
	t.Helper()
	for i := range 10_000 {
		r := rec("state", fmt.Sprintf("small-%04d", i), strings.Repeat("s", 2000))
		err := write(s, r)
		if errors.Is(err, store.ErrFull) && !errors.Is(err, store.ErrBroken) {
			t.Logf("%d small Writes after the disk was full", i)
			return
		}
		must(t, err)
		originals["state/"+string(r.Key)] = string(r.Value)
	}
	t.Fatal("the disk never filled up")
}

func fill(t *testing.T, path string) {
	t.Helper()
	f, err := os.Create(path)
	must(t, err)
	defer f.Close()
	for block := make([]byte, 4096); err == nil; {
		_, err = f.Write(block)
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
}

// TestFailingDiskChild writes to a file that the system lets grow to 1 MiB
// only: an error of writing that is not a full disk.
func TestFailingDiskChild(t *testing.T) {
	path := os.Getenv(childPath)
	if path == "" {
		t.Skip("runs as a child of TestFailingDisk only")
	}
	s, err := store.OpenSQLite(path, store.Options{Reserve: 1})
	must(t, err)
	signal.Ignore(syscall.SIGXFSZ)
	must(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 1 << 20, Max: 1 << 20}))
	for i := 1; ; i++ {
		err := s.Write(context.Background(), crashRecords(0, i))
		if err == nil {
			fmt.Println("ack", 0, i)
			continue
		}
		again := s.Write(context.Background(), crashRecords(0, i))
		fmt.Println("broken", errors.Is(err, store.ErrBroken), errors.Is(again, store.ErrBroken), err)
		return
	}
}

// TestFailingDisk: a real error of the disk breaks the store for good, and
// what it acknowledged before is there.
func TestFailingDisk(t *testing.T) {
	path := filepath.Join(t.TempDir(), "relay.db")
	cmd, out := child(t, "TestFailingDiskChild", path, 0)
	acked, broke := newAcks(1), ""
	for lines := bufio.NewScanner(out); lines.Scan(); {
		acked.note(lines.Text())
		if strings.HasPrefix(lines.Text(), "broken") {
			broke = lines.Text()
		}
	}
	cmd.Wait()
	if !strings.HasPrefix(broke, "broken true true") || len(acked[0]) < 10 {
		t.Fatalf("after %d Writes: %q", len(acked[0]), broke)
	}
	s := openFile(t, path)
	checkCrashed(t, s, acked)
	t.Logf("%d Writes acknowledged, then %s", len(acked[0]), broke)
}
