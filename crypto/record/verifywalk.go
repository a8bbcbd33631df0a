package record

import (
	"slices"
	"strconv"
)

// walk follows a log's entries from the first on, until one does not fit.
func (v *verifier) walk(l *logCopy) {
	l.signed = v.heads[l.log.Origin]
	for _, h := range l.signed {
		l.heads[h.Size] = head{}
		l.bySize[h.Size] = append(l.bySize[h.Size], h)
	}
	for i, line := range l.log.Entries {
		e, body, err := parseHeader(line)
		if err != nil || e.Index != l.chain.tree.size || e.Prev != l.chain.last {
			bad := l.diagnose(i, err)
			v.broken(l, bad)
			break
		}
		if e.Body, err = body.read(); err != nil {
			e.Body = body.unknown()
			l.doubt(l.finding(Malformed, int64(i), int64(i), err.Error()))
		}
		if err := l.chain.sound(&e); err != nil {
			l.doubt(l.finding(FaultOf(err), int64(i), int64(i), err.(*Refusal).Detail))
		}
		l.chain.take(&e)
		v.note(l, &e)
		v.measure(l)
	}
	if l.bad == nil {
		l.report.Sound = l.chain.tree.size
	}
	l.report.Closed = l.chain.closed
	for _, r := range l.log.Reveals {
		if r.Index >= l.chain.tree.size {
			l.doubt(l.finding(Mismatch, int64(r.Index), int64(r.Index), "what is revealed belongs to no entry that stands here"))
		}
	}
}

// doubt keeps what is wrong with an entry itself. It counts if the entry turns
// out to be the one that was written.
func (l *logCopy) doubt(f Finding) {
	if len(l.doubts) < maxFound {
		l.doubts = append(l.doubts, f)
	}
}

// broken ends a log's sound beginning.
func (v *verifier) broken(l *logCopy, f Finding) {
	l.bad = &f
	v.found = append(v.found, l.bad)
	l.report.Sound = min(uint64(f.Index), l.chain.tree.size)
}

// measure computes the head where somebody has signed one, and compares.
func (v *verifier) measure(l *logCopy) {
	size := l.chain.tree.size
	if _, signed := l.heads[size]; !signed {
		return
	}
	own := l.chain.head()
	l.heads[size] = own
	for _, h := range l.bySize[size] {
		if h.Root == own.root && h.Last == own.last {
			l.agreed = h
		}
	}
}

// proven is the number of entries that a good checkpoint has shown to be the
// ones that were signed.
func (l *logCopy) proven() int {
	if l.agreed == nil {
		return 0
	}
	return int(l.agreed.Size)
}

// note takes from an entry what the report and later checks need.
func (v *verifier) note(l *logCopy, e *Entry) {
	if l.report.From.IsZero() {
		l.report.From = e.Time
	}
	l.report.To = e.Time
	switch b := e.Body.(type) {
	case *Opened:
		if e.Index == 0 {
			v.opened(l, b)
		}
	case *Unknown:
		l.report.Unknown++
	case *Agreement:
		if len(l.named) < MaxAgreements && !slices.ContainsFunc(l.named, func(n named) bool { return n.document == b.Document }) {
			l.named = append(l.named, named{b.Document, e.Index})
		}
	case *Burst:
		v.burst(l, e, b)
	}
	for _, r := range l.reveals[e.Index] {
		if err := r.check(e.Body); err != nil {
			l.doubt(l.finding(Mismatch, int64(e.Index), int64(e.Index), err.(*Refusal).Detail))
			continue
		}
		l.report.Revealed++
	}
}

func (v *verifier) opened(l *logCopy, b *Opened) {
	l.report.Parties = b.Parties
	if b.Exercise != v.exports[l.export].Exercise {
		l.doubt(l.finding(Mismatch, 0, 0, "whether it was an exercise is not what the file says"))
	}
	if !slices.Contains(b.Parties, l.log.Origin.Agency) {
		l.doubt(l.finding(Mismatch, 0, 0, "the sequencer's agency is not among the parties"))
	}
}

// burst checks the device's signature over what it said.
func (v *verifier) burst(l *logCopy, e *Entry, b *Burst) {
	chain, there := v.chains[b.Certificate]
	if !there {
		if l.lacking == 0 {
			l.lacks = e.Index
		}
		l.lacking++
		return
	}
	statement := BurstStatement{l.log.Origin.Incident, b.Channel, b.Burst, b.Digest}
	who, err := VerifyBurst(statement, b.Signature, chain, v.judge, e.Time)
	if err == nil && who != e.Actor {
		err = refuse(WrongSigner, "the burst of %s is signed by %s", e.Actor, who)
	}
	if err != nil {
		l.doubt(l.finding(FaultOf(err), int64(e.Index), int64(e.Index), err.(*Refusal).Detail))
		return
	}
	l.report.Bursts++
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return strconv.Itoa(n) + " " + what + "s"
}
