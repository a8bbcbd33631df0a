package record

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// An act is one thing that somebody with the file can do to entry i of n, and
// what has to be found: the fault and the first bad entry.
type act struct {
	name string
	main bool // one of the four that are done to every entry of the longer log
	do   func(lines [][]byte, i int) [][]byte
	want Fault
	from int                       // the first i that it can be done to
	to   func(n int) int           // the first that it cannot
	at   func(i, n int) (int, int) // Index and Until
}

func acts() []act {
	self := func(i, _ int) (int, int) { return i, i }
	all := func(n int) int { return n }
	return []act{
		{"edit what it says", true, func(l [][]byte, i int) [][]byte { l[i] = otherText(l[i]); return l }, Edited, 0, all, self},
		{"flip a bit", false, func(l [][]byte, i int) [][]byte {
			l[i] = bytes.Clone(l[i])
			l[i][len(l[i])/2] ^= 1
			return l
		}, Edited, 0, all, self},
		{"edit which entry it follows", false, func(l [][]byte, i int) [][]byte { l[i] = relink(l[i], Digest{9}); return l }, Edited, 0, all, self},
		{"edit its index", false, func(l [][]byte, i int) [][]byte {
			l[i] = bytes.Replace(l[i], fmt.Appendf(nil, `"index":%d,`, i), fmt.Appendf(nil, `"index":%d,`, i+5), 1)
			return l
		}, Edited, 0, all, self},
		{"edit its index and which entry it follows", false, func(l [][]byte, i int) [][]byte {
			l[i] = relink(bytes.Replace(l[i], fmt.Appendf(nil, `"index":%d,`, i), fmt.Appendf(nil, `"index":%d,`, i+500), 1), Digest{9})
			return l
		}, Edited, 0, func(n int) int { return n - 1 }, self},
		{"put a copy of a later one before it", false, func(l [][]byte, i int) [][]byte { return slices.Insert(l, i, l[i+3]) }, Inserted, 0,
			func(n int) int { return n - 3 }, self},
		{"delete", true, func(l [][]byte, i int) [][]byte { return slices.Delete(l, i, i+1) }, Deleted, 0, func(n int) int { return n - 1 }, self},
		{"delete three", false, func(l [][]byte, i int) [][]byte { return slices.Delete(l, i, i+3) }, Deleted, 0, func(n int) int { return n - 3 },
			func(i, _ int) (int, int) { return i, i + 2 }},
		{"swap with the next", true, func(l [][]byte, i int) [][]byte { l[i], l[i+1] = l[i+1], l[i]; return l }, Reordered, 0, func(n int) int { return n - 1 }, self},
		{"swap with one further on", false, func(l [][]byte, i int) [][]byte { l[i], l[i+9] = l[i+9], l[i]; return l }, Reordered, 0, func(n int) int { return n - 9 }, self},
		{"move back to the beginning", false, func(l [][]byte, i int) [][]byte {
			moved := l[i]
			return slices.Insert(slices.Delete(l, i, i+1), 0, moved)
		}, Reordered, 1, all,
			func(int, int) (int, int) { return 0, 0 }},
		{"copy", false, func(l [][]byte, i int) [][]byte { return slices.Insert(l, i, l[i]) }, Inserted, 0, all, func(i, _ int) (int, int) { return i + 1, i + 1 }},
		{"put a forged one before it", false, func(l [][]byte, i int) [][]byte { return slices.Insert(l, i, otherText(l[i])) }, Inserted, 1,
			func(n int) int { return n - 1 }, self},
		{"put one before it that follows nothing", false, func(l [][]byte, i int) [][]byte { return slices.Insert(l, i, relink(l[i], Digest{9})) }, Inserted, 0, all, self},
		{"put a line before it that is no entry", false, func(l [][]byte, i int) [][]byte { return slices.Insert(l, i, []byte("{}")) }, Inserted, 0, all, self},
		{"cut it and all after it", true, func(l [][]byte, i int) [][]byte { return l[:i] }, Truncated, 0, all,
			func(i, n int) (int, int) { return i, n - 1 }},
	}
}

// otherText changes who did it, and nothing else.
func otherText(line []byte) []byte {
	return bytes.Replace(line, []byte(`unit/del-rio-214`), []byte(`unit/del-rio-215`), 1)
}

// tampered does an act to entry i and says what is not found of it.
func (b *border) tampered(t *testing.T, x *Export, a act, i int) {
	t.Helper()
	n := len(x.Logs[0].Entries)
	y := *x
	y.Logs = []ExportedLog{x.Logs[0]}
	y.Logs[0].Entries = a.do(slices.Clone(x.Logs[0].Entries), i)
	r := verify([]*Export{&y}, b.judge)
	first, last := a.at(i, n)
	for _, f := range r.Findings {
		if f.Fault == a.want && f.Index == int64(first) && f.Until == int64(last) {
			if len(r.Findings) > 1 {
				t.Errorf("%s, entry %d: found, and more: %v", a.name, i, r.Findings)
			}
			return
		}
	}
	t.Errorf("%s, entry %d: found %v, want %s at %d to %d", a.name, i, r.Findings, a.want, first, last)
}

// TestEveryChangeIsNamed: every entry of a log is edited, deleted, moved,
// doubled and cut off; each time the first bad entry is named.
func TestEveryChangeIsNamed(t *testing.T) {
	long := 1000
	if testing.Short() {
		long = 60
	}
	b := newBorder(t)
	for _, n := range []int{120, long} {
		x := b.export(b.write(t, n, []int{n / 2, n}, nil))
		if r := b.verify(t, x); !r.Complete() {
			t.Fatalf("the log as written: %v", r.Findings)
		}
		for _, a := range acts() {
			for i := a.from; i < a.to(n) && (a.main || n == 120) && !t.Failed(); i++ {
				b.tampered(t, x, a, i)
			}
		}
	}
}

// TestChangesInALongLog: the same in a log of 10,000, at its ends, around its
// checkpoints and at places between.
func TestChangesInALongLog(t *testing.T) {
	if testing.Short() {
		t.Skip("writes and verifies a log of 10,000 entries many times")
	}
	const n = 10_000
	b := newBorder(t)
	x := b.export(b.write(t, n, []int{5000, n}, nil))
	places := []int{0, 1, 2, 4095, 4096, 4998, 4999, 5000, 5001, n - 10, n - 3, n - 2, n - 1}
	for range 10 {
		places = append(places, rand.IntN(n))
	}
	for _, a := range acts() {
		for _, i := range places {
			if a.main && i >= a.from && i < a.to(n) {
				b.tampered(t, x, a, i)
			}
		}
	}
}

// TestTwoChangesSideBySide: what an entry says and which one it follows are
// both changed. Only a checkpoint of all before it can say that those are good.
func TestTwoChangesSideBySide(t *testing.T) {
	b := newBorder(t)
	x := b.export(b.write(t, 30, []int{10, 20, 30}, nil))
	both := act{"edit both", false, func(l [][]byte, i int) [][]byte { l[i] = relink(otherText(l[i]), Digest{9}); return l }, Edited, 0, nil,
		func(i, _ int) (int, int) {
			if i%10 == 0 {
				return i, i
			}
			return i - 1, i
		}}
	for i := range 30 {
		b.tampered(t, x, both, i)
	}
}
