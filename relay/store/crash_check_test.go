package store_test

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"crossband/relay/store"
)

// acks are the numbers of the Writes that were acknowledged, in order, by writer.
type acks [][]int

func newAcks(writers int) acks { return make(acks, writers) }

// note takes a child's line and returns how many acknowledgements it was.
func (a acks) note(line string) int {
	var w, i int
	if n, _ := fmt.Sscanf(line, "ack %d %d", &w, &i); n != 2 {
		return 0
	}
	a[w] = append(a[w], i)
	return 1
}

// last is the highest number that a writer was told is kept; 0: none.
func (a acks) last(writer int) int {
	if n := len(a[writer]); n > 0 {
		return a[writer][n-1]
	}
	return 0
}

// checkCrashed: every entry that was acknowledged is there; entries come with
// their receipts; the last number fits the log.
func checkCrashed(t *testing.T, s store.Store, acked acks) {
	t.Helper()
	if d := s.Damaged(); len(d) != 0 {
		t.Errorf("damage after a crash: %v", d)
	}
	for _, wrong := range crashFaults(t, s, acked) {
		t.Error(wrong)
	}
}

// crashFaults says what a store lacks of what it acknowledged, or holds in part.
func crashFaults(t *testing.T, s store.Store, acked acks) (wrong []string) {
	t.Helper()
	say := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	receipts, last := make(map[string]string), make(map[string]string)
	scan(t, s, "receipts", func(k, v string) { receipts[k] = v })
	scan(t, s, "last", func(k, v string) { last[k] = v })
	highest, found := make([]int, len(acked)), make(map[string]bool)
	scan(t, s, "log", func(k, v string) {
		var w, i int
		fmt.Sscanf(k, "%d-%d", &w, &i)
		if want := crashRecords(w, i)[0].Value; v != string(want) {
			say("%s is torn: %.40q", k, v)
		}
		// Unless it was deleted by the tenth Write behind it.
		if r, ok := receipts[k]; ok && r != "r"+v {
			say("%s with another's receipt", k)
		}
		highest[w], found[k] = max(highest[w], i), true
	})
	for w := range acked {
		for _, i := range acked[w] {
			if !found[fmt.Sprintf("%d-%06d", w, i)] {
				say("writer %d: entry %d was acknowledged and is lost", w, i)
			}
		}
		if highest[w] > 0 && last[fmt.Sprint(w)] != fmt.Sprintf("%06d", highest[w]) {
			say("writer %d: last number %s, last entry %06d: a Write is there in part", w, last[fmt.Sprint(w)], highest[w])
		}
		for i := highest[w]; i > highest[w]-10 && i > acked.last(w)-1; i-- {
			if _, ok := receipts[fmt.Sprintf("%d-%06d", w, i)]; !ok && i > 0 {
				say("writer %d: entry %d without its receipt", w, i)
			}
		}
	}
	return wrong
}

// TestCrashCheckCanFail: an acknowledged entry that is missing is found, also
// when others follow it, as is a Write that is there in part.
func TestCrashCheckCanFail(t *testing.T) {
	s := openFile(t, filepath.Join(t.TempDir(), "relay.db"))
	for i := 1; i <= 20; i++ {
		must(t, s.Write(context.Background(), crashRecords(0, i)))
	}
	all := acks{nil}
	for i := 1; i <= 20; i++ {
		all[0] = append(all[0], i)
	}
	if wrong := crashFaults(t, s, all); len(wrong) != 0 {
		t.Fatalf("nothing is lost: %q", wrong)
	}
	for _, k := range []string{"0-000001", "0-000007", "0-000020"} {
		kept, err := s.Get(context.Background(), "log", []byte(k))
		must(t, err)
		must(t, write(s, gone("log", k)))
		if wrong := crashFaults(t, s, all); len(wrong) == 0 || !strings.Contains(wrong[0], "acknowledged and is lost") {
			t.Errorf("without %s: %q", k, wrong)
		}
		must(t, write(s, rec("log", k, string(kept))))
	}
	must(t, write(s, gone("receipts", "0-000020")))
	if wrong := crashFaults(t, s, all); len(wrong) != 1 || !strings.Contains(wrong[0], "without its receipt") {
		t.Errorf("without a receipt: %q", wrong)
	}
}
