package report_test

import (
	"slices"
	"testing"

	"crossband/cmd/crossband/internal/report"
	"crossband/cmd/crossband/internal/report/reporttest"
	"crossband/crypto/record"
)

// TestInspectFindsWhatWasChanged: without anybody's bundle, and names it.
func TestInspectFindsWhatWasChanged(t *testing.T) {
	b := reporttest.NewBorder(t)
	made := func() *record.Export { return b.Record(t, false, b.Ordinary(t)...) }
	if s := report.Inspect(made()); s.Tampered() || s.Word() != "not-verified" {
		t.Fatalf("a sound record is %s: %v", s.Word(), s.Faults)
	}
	other := b.Record(t, false, b.Everything(t)...)
	for what, c := range map[string]struct {
		change func(x *record.Export, l *record.ExportedLog)
		want   record.Fault
		index  int64
	}{
		"an entry edited": {func(x *record.Export, l *record.ExportedLog) {
			*x = *replaced(t, x, `"disposition":"resolved"`, `"disposition":"repelled"`)
		}, record.Edited, 15},
		"an earlier entry edited": {func(x *record.Export, l *record.ExportedLog) { *x = *replaced(t, x, `"urgency":5`, `"urgency":1`) }, record.Edited, 1},
		"an entry taken out":      {func(_ *record.Export, l *record.ExportedLog) { l.Entries = slices.Delete(l.Entries, 4, 5) }, record.Deleted, 4},
		"an entry put in":         {func(_ *record.Export, l *record.ExportedLog) { l.Entries = slices.Insert(l.Entries, 4, l.Entries[3]) }, record.Inserted, 4},
		"two swapped":             {func(_ *record.Export, l *record.ExportedLog) { l.Entries[4], l.Entries[5] = l.Entries[5], l.Entries[4] }, record.Deleted, 4},
		"a cut end":               {func(_ *record.Export, l *record.ExportedLog) { l.Entries = l.Entries[:10] }, record.Truncated, 10},
		"a line torn":             {func(_ *record.Export, l *record.ExportedLog) { l.Entries[6] = l.Entries[6][:40] }, record.Malformed, 6},
		"another's history":       {func(_ *record.Export, l *record.ExportedLog) { l.Entries = other.Logs[0].Entries }, record.Edited, 15},
		"a torn checkpoint":       {func(_ *record.Export, l *record.ExportedLog) { l.Checkpoints[0] = []byte("x\n") }, record.Malformed, record.NoEntry},
		"another root": {func(_ *record.Export, l *record.ExportedLog) {
			c, err := record.ParseCheckpoint(l.Checkpoints[0])
			ok(t, err)
			c.Root[0]++
			l.Checkpoints[0] = c.Note()
		}, record.Edited, 15},
		"another purpose":   {func(x *record.Export, _ *record.ExportedLog) { x.Exercise = true }, record.Mismatch, 0},
		"another incident":  {func(x *record.Export, _ *record.ExportedLog) { x.Incident[0]++ }, record.Mismatch, record.NoEntry},
		"a log twice":       {func(x *record.Export, _ *record.ExportedLog) { x.Logs = append(x.Logs, x.Logs[0]) }, record.Mismatch, record.NoEntry},
		"no log":            {func(x *record.Export, _ *record.ExportedLog) { x.Logs = nil }, record.Mismatch, record.NoEntry},
		"other words":       {func(_ *record.Export, l *record.ExportedLog) { l.Reveals[0].Content = []byte("x") }, record.Mismatch, 1},
		"words of no entry": {func(_ *record.Export, l *record.ExportedLog) { l.Reveals[0].Index = 99 }, record.Mismatch, 99},
		"blocks of no burst": {func(_ *record.Export, l *record.ExportedLog) {
			l.Reveals[0] = record.Reveal{Index: 11, Content: []byte("x")}
		}, record.Mismatch, 11},
		"words of a sentence": {func(_ *record.Export, l *record.ExportedLog) { l.Reveals[0].Index = 4 }, record.Mismatch, 4},
	} {
		x := made()
		c.change(x, &x.Logs[:1][0])
		s := report.Inspect(x)
		if len(s.Faults) == 0 || !s.Tampered() || s.Word() != "tampered-with" {
			t.Errorf("%s: nothing is found", what)
			continue
		}
		if f := s.Faults[0]; f.Fault != c.want || f.Index != c.index {
			t.Errorf("%s: found %s, want %s at %d", what, f, c.want, c.index)
		}
	}
}

// TestWhatBelongsToABurstIsNoFault: the blocks of a burst may be revealed.
func TestWhatBelongsToABurstIsNoFault(t *testing.T) {
	b := reporttest.NewBorder(t)
	x := b.Record(t, false, b.Ordinary(t)...)
	x.Logs[0].Reveals = append(x.Logs[0].Reveals, record.Reveal{Index: 11, Content: []byte{7, 0, 0, 0, 0, 0, 0, 0}})
	if s := report.Inspect(x); s.Tampered() {
		t.Errorf("found %v", s.Faults)
	}
}
