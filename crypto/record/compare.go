package record

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"slices"

	"crossband/proto"
)

// settle compares a log's entries with all that its sequencer signed.
func (v *verifier) settle(l *logCopy) {
	v.credit(l)
	var wrong *signedHead // the smallest that the entries do not agree with
	for _, h := range l.signed {
		own := l.heads[h.Size]
		switch {
		case h.Size > l.report.Sound || own.size == 0 || own.root == h.Root && own.last == h.Last:
		case l.agreed != nil && h.Size <= l.agreed.Size:
			v.conflict(l.agreed, h)
		case wrong == nil:
			wrong = h
		}
	}
	if wrong != nil && l.bad == nil {
		v.rewritten(l, wrong)
	}
	if l.bad == nil && len(l.signed) > 0 {
		v.short(l)
	}
}

// short names a log that ends before a head that was signed. If no such head
// is in the same export, this one may just be the older.
func (v *verifier) short(l *logCopy) {
	n := int64(len(l.log.Entries))
	for _, h := range slices.Backward(l.signed) {
		if int64(h.Size) > n && h.in&(1<<l.export) != 0 {
			f := l.finding(Truncated, n, int64(h.Size)-1, "a checkpoint covers more entries than are there"+cosigners(h))
			f.Proof = [][]byte{h.Note()}
			v.broken(l, f)
			return
		}
	}
	if h := l.signed[len(l.signed)-1]; int64(h.Size) > n {
		f := l.finding(Behind, n, int64(h.Size)-1, "another copy of the log goes on, signed"+cosigners(h))
		f.Proof = [][]byte{h.Note()}
		v.add(f)
	}
}

// rewritten is a log whose entries follow each other but are not those that
// were signed. The first bad one lies behind the last head that agrees.
func (v *verifier) rewritten(l *logCopy, h *signedHead) {
	from, last := l.proven(), int(h.Size)-1
	if from < last && l.onlyLast(h) {
		from = last
	}
	f := l.finding(Edited, int64(from), int64(last), fmt.Sprintf("the entries are not those that %s signed at size %d%s", h.by, h.Size, cosigners(h)))
	f.Proof = [][]byte{h.Note()}
	v.broken(l, f)
}

// onlyLast reports whether the entries agree with a head but for the last one,
// whose hash the checkpoint tells.
func (l *logCopy) onlyLast(h *signedHead) bool {
	var t Tree
	for _, line := range l.log.Entries[:h.Size-1] {
		t.Append(LeafHash(line))
	}
	t.Append(h.Last)
	return t.Root() == h.Root
}

func cosigners(h *signedHead) string {
	s := ""
	for _, c := range h.cosigned {
		s += ", cosigned by " + c.By.String()
	}
	return s
}

// credit says who vouches for how many entries.
func (v *verifier) credit(l *logCopy) {
	best, strangers := map[proto.Agency]Cosigned{}, map[proto.Name]*signedHead{}
	for _, h := range l.signed {
		if own := l.heads[h.Size]; h.Size > l.report.Sound || own.root != h.Root || own.last != h.Last {
			continue
		}
		l.report.Signed = max(l.report.Signed, h.Size)
		if !slices.Contains(l.report.Sequencers, h.by) {
			l.report.Sequencers = append(l.report.Sequencers, h.by)
		}
		for _, c := range h.cosigned {
			if p := l.report.Parties; len(p) > 0 && !slices.Contains(p, c.By.Agency) {
				strangers[c.By] = h
				continue
			}
			if h.Size > best[c.By.Agency].Size {
				best[c.By.Agency] = Cosigned{c.By.Agency, c.By, h.Size, c.At}
			}
		}
	}
	for _, c := range best {
		l.report.Cosigned = append(l.report.Cosigned, c)
	}
	slices.SortFunc(l.report.Cosigned, func(a, b Cosigned) int { return cmp.Compare(a.Agency, b.Agency) })
	for _, who := range slices.SortedFunc(maps.Keys(strangers), func(a, b proto.Name) int { return cmp.Compare(a.String(), b.String()) }) {
		f := l.finding(WrongSigner, NoEntry, NoEntry, fmt.Sprintf("%s cosigned and is of no party", who))
		f.Proof = [][]byte{strangers[who].Note()}
		v.add(f)
	}
}

// conflict reports two signed heads of which one cannot be the beginning of the
// other: the first pair of a log.
func (v *verifier) conflict(a, b *signedHead) {
	if v.split[a.Origin] {
		return
	}
	v.split[a.Origin] = true
	f := Finding{Fault: SplitView, Export: SeveralExports, Origin: a.Origin, Index: NoEntry, Until: NoEntry, Proof: [][]byte{a.Note(), b.Note()}}
	if a.in&b.in != 0 {
		f.Fault = Forked
	}
	if i := v.firstDifference(a, b); i >= 0 {
		f.Index, f.Until = int64(i), int64(i)
	}
	f.Detail = fmt.Sprintf("%s signed %d entries, %s signed %d others", a.by, a.Size, b.by, b.Size)
	v.add(f)
	for _, c := range a.cosigned {
		for _, d := range b.cosigned {
			if c.By.Agency == d.By.Agency {
				f.Detail = fmt.Sprintf("%s and %s cosigned both histories", c.By, d.By)
				v.add(f)
			}
		}
	}
}

// firstDifference compares a copy that agrees with one head with a copy that
// agrees with the other, or returns -1.
func (v *verifier) firstDifference(a, b *signedHead) int {
	for _, x := range v.copies {
		for _, y := range v.copies {
			if x.agrees(a) && y.agrees(b) {
				if d := differ(x.log.Entries, y.log.Entries); d < int(min(a.Size, b.Size)) {
					return d
				}
			}
		}
	}
	return -1
}

func (l *logCopy) agrees(h *signedHead) bool {
	own := l.heads[h.Size]
	return l.log.Origin == h.Origin && own.size == h.Size && own.root == h.Root
}

// differ returns the index of the first line that two logs do not have in
// common.
func differ(a, b [][]byte) int {
	n := min(len(a), len(b))
	for i := range n {
		if !bytes.Equal(a[i], b[i]) {
			return i
		}
	}
	return n
}

// compare compares copies of one log from different exports, line by line.
func (v *verifier) compare() {
	for i, a := range v.copies {
		heads := v.heads[a.log.Origin]
		for j := 1; j < len(heads); j++ {
			if h, k := heads[j-1], heads[j]; h.Size == k.Size && h.Root != k.Root {
				v.conflict(h, k)
			}
		}
		for _, b := range v.copies[:i] {
			if a.log.Origin == b.log.Origin {
				v.comparePair(b, a)
			}
		}
	}
}

func (v *verifier) comparePair(a, b *logCopy) {
	d := differ(a.log.Entries, b.log.Entries)
	if d == min(len(a.log.Entries), len(b.log.Entries)) {
		return
	}
	a.narrow(d)
	b.narrow(d)
	if a.bad != nil || b.bad != nil || v.split[a.log.Origin] {
		return
	}
	// Both are whole, and what nobody signed differs.
	v.add(Finding{Fault: Edited, Export: SeveralExports, Origin: a.log.Origin, Index: int64(d), Until: int64(d),
		Detail: fmt.Sprintf("the copies differ, of which %d and %d entries are signed", a.report.Signed, b.report.Signed)})
}

// narrow takes the entry at which two copies begin to differ for the first bad
// one, if it is among those that may be it.
func (l *logCopy) narrow(d int) {
	if f := l.bad; f != nil && f.Fault == Edited && f.Index <= int64(d) && int64(d) <= f.Until {
		f.Index, f.Until = int64(d), int64(d)
		l.report.Sound = uint64(d)
	}
}
