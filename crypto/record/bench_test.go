package record

import (
	"bytes"
	"testing"
)

// BenchmarkAppend is one entry of a growing log, without a disk.
func BenchmarkAppend(b *testing.B) {
	w := newBorder(b)
	l := NewLog(w.origin)
	i := 0
	for b.Loop() {
		if l.Size() == MaxEntries {
			l, i = NewLog(w.origin), 0
		}
		must(l.Append(at(i), w.unit.Name, w.hub.Name, w.body(i)))(b)
		i++
	}
}

// BenchmarkTake is one entry at a follower.
func BenchmarkTake(b *testing.B) {
	w := newBorder(b)
	h := w.write(b, 10_000, nil, nil)
	r, i := NewReplica(w.origin), 0
	for b.Loop() {
		if i == len(h.lines) {
			r, i = NewReplica(w.origin), 0
		}
		must(r.Take(h.lines[i]))(b)
		i++
	}
}

// BenchmarkCheckpoint is signing and cosigning one head.
func BenchmarkCheckpoint(b *testing.B) {
	w := newBorder(b)
	h := w.write(b, 1000, nil, nil)
	r := NewReplica(w.origin)
	for _, l := range h.lines {
		must(r.Take(l))(b)
	}
	for b.Loop() {
		cp := must(h.log.Checkpoint(w.hub, at(1000)))(b)
		must(r.Cosign(cp.Note(), w.hub.Chain, w.trust, w.partner, at(1000)))(b)
	}
}

// BenchmarkVerify is a file of 10,000 entries with a checkpoint after each
// thousand, read and verified.
func BenchmarkVerify(b *testing.B) {
	w := newBorder(b)
	var file bytes.Buffer
	ok(b, WriteExport(&file, w.export(w.write(b, 10_000, []int{1000, 2000, 3000, 4000, 5000, 6000, 7000, 8000, 9000, 10_000}, nil))))
	b.SetBytes(int64(file.Len()))
	for b.Loop() {
		x := must(ReadExport(bytes.NewReader(file.Bytes())))(b)
		if r := w.verify(b, x); !r.Complete() {
			b.Fatal(r.Findings)
		}
	}
}
