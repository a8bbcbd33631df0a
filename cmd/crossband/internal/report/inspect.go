package report

import (
	"fmt"
	"maps"
	"slices"

	"crossband/crypto/record"
)

// Inspect judges a record as far as it can be judged without anybody's bundle:
// each entry canonical and in the chain, the roots of the checkpoints, what is
// revealed, and what the file says of itself. It trusts every signature, so it
// proves nothing: it finds damage, and changes by who could not sign.
func Inspect(x *record.Export) Standing {
	in := &inspection{x: x}
	if len(x.Logs) == 0 {
		in.add(record.Mismatch, record.Origin{}, record.NoEntry, "the file holds no log")
	}
	seen := map[record.Origin]bool{}
	for n := range x.Logs {
		l := &x.Logs[n]
		if l.Origin.Incident != x.Incident {
			in.add(record.Mismatch, l.Origin, record.NoEntry, "it is a log of another incident than the file's")
		}
		if seen[l.Origin] {
			in.add(record.Mismatch, l.Origin, record.NoEntry, "the file holds it twice")
		}
		seen[l.Origin] = true
		in.log(l)
	}
	return Standing{Faults: in.found, More: in.more}
}

// inspection gathers what is found.
type inspection struct {
	x     *record.Export
	found []record.Finding
	more  int
}

func (in *inspection) add(f record.Fault, o record.Origin, index int64, detail string) {
	in.note(record.Finding{Fault: f, Origin: o, Index: index, Until: index, Detail: detail})
}

func (in *inspection) note(f record.Finding) {
	if len(in.found) == record.MaxFindings {
		in.more++
		return
	}
	in.found = append(in.found, f)
}

// log follows the entries as a partner's relay would, until one does not fit.
func (in *inspection) log(l *record.ExportedLog) {
	heads := in.heads(l)
	follower, tree := record.NewReplica(l.Origin), record.Tree{}
	bodies := make([]record.Body, 0, len(l.Entries))
	for n, line := range l.Entries {
		e, err := follower.Take(line)
		if err != nil {
			in.stops(l.Origin, int64(n), err)
			break
		}
		bodies = append(bodies, e.Body)
		if o, ok := e.Body.(*record.Opened); ok {
			in.opened(l, o)
		}
		tree.Append(e.Hash())
		for _, c := range heads[tree.Size()] {
			if tree.Root() != c.Root || e.Hash() != c.Last {
				in.add(record.Edited, l.Origin, int64(n), fmt.Sprintf("the entries up to here are not those that a checkpoint of %d was made over", c.Size))
			}
		}
	}
	for _, size := range slices.Sorted(maps.Keys(heads)) {
		if size > uint64(len(l.Entries)) {
			in.add(record.Truncated, l.Origin, int64(len(l.Entries)), fmt.Sprintf("there is a checkpoint of %d entries", size))
		}
	}
	in.reveals(l, bodies)
}

// stops notes the entry that does not fit. One that follows another entry than the
// one that stands before it tells that either of the two was changed.
func (in *inspection) stops(o record.Origin, n int64, err error) {
	f := record.FaultOf(err)
	if f != record.Forked || n == 0 {
		in.add(inFile(f), o, n, detailOf(err))
		return
	}
	in.note(record.Finding{Fault: record.Edited, Origin: o, Index: n - 1, Until: n, Detail: "one of the two is not the one that was written"})
}

// heads returns the checkpoints by size. Their signatures are not looked at.
func (in *inspection) heads(l *record.ExportedLog) map[uint64][]record.Checkpoint {
	heads := map[uint64][]record.Checkpoint{}
	for n, note := range l.Checkpoints {
		c, err := record.ParseCheckpoint(note)
		switch {
		case err != nil:
			in.add(record.Malformed, l.Origin, record.NoEntry, fmt.Sprintf("checkpoint %d: %s", n+1, detailOf(err)))
		case c.Origin != l.Origin:
			in.add(record.Mismatch, l.Origin, record.NoEntry, fmt.Sprintf("checkpoint %d is of %s", n+1, c.Origin))
		default:
			heads[c.Size] = append(heads[c.Size], c)
		}
	}
	return heads
}

func (in *inspection) opened(l *record.ExportedLog, o *record.Opened) {
	if o.Exercise != in.x.Exercise {
		in.add(record.Mismatch, l.Origin, 0, "whether it was an exercise is not what the file says")
	}
	if !slices.Contains(o.Parties, l.Origin.Agency) {
		in.add(record.Mismatch, l.Origin, 0, "the sequencer's agency is not among the parties")
	}
}

// reveals compares what is revealed with what the sound entries say.
func (in *inspection) reveals(l *record.ExportedLog, bodies []record.Body) {
	for n := range l.Reveals {
		r := &l.Reveals[n]
		if r.Index >= uint64(len(bodies)) {
			in.add(record.Mismatch, l.Origin, int64(r.Index), "what is revealed belongs to no entry that stands here")
			continue
		}
		good := false
		if b, ok := bodies[r.Index].(*record.Burst); ok {
			good = len(r.Salt) == 0 && record.DigestOf(r.Content) == b.Digest
		} else {
			c, _ := contentOf(bodies[r.Index], r)
			good = c == ContentShown
		}
		if !good {
			in.add(record.Mismatch, l.Origin, int64(r.Index), "what is revealed is not what was recorded")
		}
	}
}

// inFile says what a fault of a request is if it stands in a file.
func inFile(f record.Fault) record.Fault {
	switch f {
	case record.Gap:
		return record.Deleted
	case record.Duplicate, record.Passed:
		return record.Inserted
	case record.Forked:
		return record.Edited
	case record.TooLarge:
		return record.Malformed
	}
	return f
}

func detailOf(err error) string {
	if r, ok := err.(*record.Refusal); ok {
		return r.Detail
	}
	return err.Error()
}
