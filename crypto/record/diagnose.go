package record

import (
	"bytes"
)

// diagnose says what was done where line i does not follow line i-1. The
// entries before it are linked to each other without a break.
func (l *logCopy) diagnose(i int, unreadable error) Finding {
	at := uint64(i)
	e, _, _ := parseHeader(l.log.Entries[i])
	next, hasNext := l.header(i + 1)
	rival := hasNext && next.Index == at && next.Prev == l.chain.last
	if unreadable != nil {
		if rival {
			return l.one(Inserted, i, "a line that is no entry stands before it")
		}
		return l.one(Edited, i, unreadable.Error())
	}
	switch {
	case e.Index == at && rival:
		return l.one(Inserted, i, "two entries have this index, and this one follows none")
	case e.Index == at:
		return l.brokenLink(i, &e)
	case e.Prev == l.chain.last:
		return l.one(Edited, i, "it follows the entry before, under another index")
	case e.Index < at:
		return l.doubled(i, &e)
	case l.claimed(i, at):
		if l.claims(i, e.Index) > 1 {
			return l.one(Inserted, i, "an entry that stands in its own place as well")
		}
		return l.one(Reordered, i, "another entry stands in its place, and it stands further on")
	case hasNext && next.Index == at+1:
		return l.one(Edited, i, "it has another index and follows another entry")
	}
	return l.finding(Deleted, int64(i), int64(e.Index)-1, plural(int(e.Index-at), "entry")+" missing before the entry that comes next")
}

// one is a finding about one entry.
func (l *logCopy) one(f Fault, i int, detail string) Finding {
	return l.finding(f, int64(i), int64(i), detail)
}

// header reads line i if it is there and can be read.
func (l *logCopy) header(i int) (Entry, bool) {
	if i < 0 || i >= len(l.log.Entries) {
		return Entry{}, false
	}
	e, _, err := parseHeader(l.log.Entries[i])
	return e, err == nil
}

// claims counts the lines from i on that bear an index.
func (l *logCopy) claims(i int, index uint64) (n int) {
	for ; i < len(l.log.Entries); i++ {
		if e, ok := l.header(i); ok && e.Index == index {
			n++
		}
	}
	return n
}

func (l *logCopy) claimed(i int, index uint64) bool { return l.claims(i, index) > 0 }

// doubled is a line that bears the index of one before it.
func (l *logCopy) doubled(i int, e *Entry) Finding {
	before, _ := l.header(i - 1)
	next, hasNext := l.header(i + 1)
	if e.Index == before.Index && e.Prev == before.Prev && e.Hash() != before.Hash() && hasNext && next.Prev == e.Hash() {
		return l.one(Inserted, i-1, "what comes later follows another entry of this index")
	}
	return l.one(Inserted, i, "an entry with the index of one before it")
}

// brokenLink is an entry under the right index that names another entry before
// it than the one that stands there: either one of the two was changed.
func (l *logCopy) brokenLink(i int, e *Entry) Finding {
	const changed = "its octets are not those that the next entry, or a checkpoint, names"
	const relinked = "it names another entry before it than the one that was written"
	if i == 0 {
		return l.one(Edited, 0, "it belongs to another log")
	}
	if l.proven() == i {
		return l.one(Edited, i, relinked)
	}
	if names, known := l.nameOf(i); known {
		if names == e.Hash() {
			return l.one(Edited, i-1, changed)
		}
		if names == LeafHash(relink(e.line, l.chain.last)) {
			return l.one(Edited, i, relinked)
		}
	}
	return l.finding(Edited, int64(i)-1, int64(i), changed)
}

// nameOf returns the hash by which a checkpoint, or else the next entry, names
// entry i.
func (l *logCopy) nameOf(i int) (Digest, bool) {
	if heads := l.bySize[uint64(i)+1]; len(heads) > 0 {
		return heads[0].Last, true
	}
	next, ok := l.header(i + 1)
	return next.Prev, ok && next.Index == uint64(i)+1
}

// relink returns an entry's line with another entry before it. "prev" is the
// last member of that name: what comes after it holds no names of others.
func relink(line []byte, prev Digest) []byte {
	const name = `"prev":"`
	at := bytes.LastIndex(line, []byte(name))
	if at < 0 {
		return nil
	}
	out := bytes.Clone(line)
	copy(out[at+len(name):], prev.String())
	return out
}
