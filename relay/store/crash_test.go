package store_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"crossband/relay/store"
)

// childPath tells a child process of these tests which store to write to, and
// childFrom the number of its first record.
const (
	childPath = "CROSSBAND_TEST_STORE"
	childFrom = "CROSSBAND_TEST_FROM"
)

const crashWriters = 4

// crashRecords are the records of one Write of the crash tests: an entry of a
// log, its receipt in another bucket, and the number of the last entry. A Write
// that is torn shows as one without the others.
func crashRecords(writer, number int) []store.Record {
	body := strings.Repeat(fmt.Sprintf("%d/%d ", writer, number), 1+number%150)
	return []store.Record{
		rec("log", fmt.Sprintf("%d-%06d", writer, number), body),
		rec("receipts", fmt.Sprintf("%d-%06d", writer, number), "r"+body),
		rec("last", fmt.Sprint(writer), fmt.Sprintf("%06d", number)),
		gone("receipts", fmt.Sprintf("%d-%06d", writer, number-10)),
	}
}

// TestCrashChild is the process that is killed: it writes until then, and says
// after each Write that it was acknowledged.
func TestCrashChild(t *testing.T) {
	path := os.Getenv(childPath)
	if path == "" {
		t.Skip("runs as a child of TestKill only")
	}
	var from int
	if _, err := fmt.Sscan(os.Getenv(childFrom), &from); err != nil {
		t.Fatal(err)
	}
	s, err := store.OpenSQLite(path, small())
	must(t, err)
	s.SetFoldAfter(1 << 20)
	fmt.Println("open")
	var wg sync.WaitGroup
	for w := range crashWriters {
		wg.Go(func() {
			for i := from; ; i++ {
				if err := s.Write(context.Background(), crashRecords(w, i)); err != nil {
					fmt.Println("error", err)
					return
				}
				fmt.Println("ack", w, i)
			}
		})
	}
	wg.Wait()
}

func child(t *testing.T, test, path string, from int) (*exec.Cmd, io.Reader) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^"+test+"$", "-test.timeout=60s")
	cmd.Env = append(os.Environ(), childPath+"="+path, fmt.Sprint(childFrom, "=", from))
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	return cmd, out
}

// TestKill kills a writing process twenty times. All that it acknowledged is
// there each time, and no Write is there in part.
func TestKill(t *testing.T) {
	kills := 20
	if testing.Short() {
		kills = 5
	}
	rng := rand.New(rand.NewPCG(7, 8))
	path := filepath.Join(t.TempDir(), "relay.db")
	acks := newAcks(crashWriters)
	total := 0
	for round := range kills {
		from := 0
		for w := range acks {
			from = max(from, acks.last(w))
		}
		from += 1000 // above what was written and not acknowledged
		cmd, out := child(t, "TestCrashChild", path, from)
		lines := bufio.NewScanner(out)
		for stop := rng.IntN(400); lines.Scan(); stop-- {
			if strings.HasPrefix(lines.Text(), "error") {
				t.Fatal(lines.Text())
			}
			if round == 0 && lines.Text() == "open" {
				if _, err := store.OpenSQLite(path, small()); !errors.Is(err, store.ErrInUse) {
					t.Fatalf("opened beside another process: %v", err)
				}
			}
			total += acks.note(lines.Text())
			if stop == 0 {
				time.Sleep(time.Duration(rng.IntN(3000)) * time.Microsecond)
				cmd.Process.Kill()
			}
		}
		cmd.Wait()
		s := openFile(t, path)
		checkCrashed(t, s, acks)
		must(t, s.Close())
	}
	t.Logf("%d kills, %d acknowledged Writes of 3 records", kills, total)
	if total < kills*50 {
		t.Errorf("only %d Writes were acknowledged: the kills came too early to show anything", total)
	}
}

func scan(t *testing.T, s store.Store, b store.Bucket, fn func(key, value string)) {
	t.Helper()
	must(t, s.Scan(context.Background(), b, nil, func(k, v []byte) bool { fn(string(k), string(v)); return true }))
}

// disk is what the files of a store hold at one moment.
type disk struct {
	db, log []byte
	acked   int // Writes acknowledged before this moment
}

// TestPowerCut rebuilds what a disk may hold after a power cut: what was synced,
// and of what was written since any choice of sectors, in any order, the rest
// being what stood there before, zeros or noise. SQLite's order of syncs is
// taken from its documentation: the log before the file that it is folded
// into, the file before the log is begun anew, the log's new header before its
// frames.
func TestPowerCut(t *testing.T) {
	path := filepath.Join(t.TempDir(), "relay.db")
	s := openFile(t, path)
	s.SetFoldAfter(128 << 10) // folds every few Writes
	var disks []disk          // before and after each commit in turn
	acked := 0
	s.SetFault(func(store.Moment) error {
		disks = append(disks, readDisk(t, path, acked)) // nothing else runs now
		return nil
	})
	const writes = 60
	for i := 1; i <= writes; i++ {
		must(t, s.Write(context.Background(), crashRecords(0, i)))
		acked = i
	}
	must(t, s.Close())
	rng := rand.New(rand.NewPCG(9, 10))
	cuts := 2 // at each moment
	if testing.Short() {
		cuts = 1
	}
	folds, restarts := 0, 0
	for i := 1; i < len(disks); i++ {
		before, after := disks[i-1], disks[i]
		fold := !bytes.Equal(before.db, after.db)
		restart := len(before.log) >= 32 && !bytes.Equal(before.log[:32], after.log[:32])
		for range cuts {
			cut := before
			if fold {
				cut.db = mixSectors(rng, before.db, after.db)
			} else {
				cut.log = mixLogs(rng, before.log, after.log)
			}
			cut.acked = after.acked
			checkCut(t, cut)
		}
		if fold {
			folds++
		}
		if restart {
			restarts++
		}
	}
	if folds < 5 || restarts < 5 {
		t.Errorf("%d folds and %d new logs among the cuts: the test does not show what it should", folds, restarts)
	}
	t.Logf("%d power cuts, %d of them while the log was folded, %d when it was begun anew", cuts*(len(disks)-1), cuts*folds, cuts*restarts)
}

// readDisk reads the files. That this drops the process's own locks on them
// does no harm: no other process is there.
func readDisk(t *testing.T, path string, acked int) disk {
	db, err := os.ReadFile(path)
	must(t, err)
	log, err := os.ReadFile(path + "-wal")
	must(t, err)
	return disk{db, log, acked}
}

const sector = 512

// mixSectors: each sector that differs is old, new, or (where nothing stood
// before) missing, zeros or noise.
func mixSectors(rng *rand.Rand, before, after []byte) []byte {
	length := len(before)
	if len(after) > length {
		length += rng.IntN(len(after) - length + 1)
	}
	mixed := make([]byte, length)
	copy(mixed, before)
	for at := 0; at < length; at += sector {
		end := min(at+sector, length, len(after))
		if at >= end {
			break
		}
		switch rng.IntN(4) {
		case 0, 1:
			copy(mixed[at:end], after[at:end])
		case 2:
			for j := at; j < end && at >= len(before); j++ {
				mixed[j] = byte(rng.Uint32())
			}
		}
	}
	return mixed
}

// mixLogs: a new header reaches the disk as a whole, its sector being written
// at once, and before any frame behind it.
func mixLogs(rng *rand.Rand, before, after []byte) []byte {
	if len(before) < 32 || bytes.Equal(before[:32], after[:32]) {
		return mixSectors(rng, before, after)
	}
	renewed := bytes.Clone(before)
	copy(renewed, after[:32])
	switch rng.IntN(4) {
	case 0:
		return before
	case 1:
		return renewed
	}
	return mixSectors(rng, renewed, after)
}

func checkCut(t *testing.T, d disk) {
	t.Helper()
	path := place(t, map[string][]byte{"": d.db, "-wal": d.log})
	s, err := store.OpenSQLite(path, small())
	if err != nil {
		t.Errorf("after %d Writes: %v", d.acked, err)
		return
	}
	acked := newAcks(1)
	for i := 1; i <= d.acked; i++ {
		acked[0] = append(acked[0], i)
	}
	checkCrashed(t, s, acked)
	must(t, s.Close())
	if kept, _ := filepath.Glob(path + ".damaged-*"); len(kept) != 0 {
		t.Errorf("a torn tail was taken for damage: %v", kept)
	}
}

// TestPowerCutCanFail: the files as they stood before a Write do not hold it,
// so what TestPowerCut finds there came by the sync that it takes them after.
func TestPowerCutCanFail(t *testing.T) {
	path := filepath.Join(t.TempDir(), "relay.db")
	s := openFile(t, path)
	must(t, s.Write(context.Background(), crashRecords(0, 1)))
	then := readDisk(t, path, 0)
	must(t, s.Write(context.Background(), crashRecords(0, 2)))
	must(t, s.Close())
	cut := openFile(t, place(t, map[string][]byte{"": then.db, "-wal": then.log}))
	found := 0
	scan(t, cut, "log", func(string, string) { found++ })
	if found != 1 {
		t.Fatalf("%d entries on a disk that lost the second of two", found)
	}
	if binary.BigEndian.Uint32(then.log)&^1 != 0x377f0682 {
		t.Fatal("the log does not begin as SQLite's do")
	}
}
