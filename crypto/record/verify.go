package record

import (
	"time"

	"crossband/crypto/identity"
	"crossband/proto"
)

// MaxExports is how many exports of one incident Verify compares.
const MaxExports = 8

// Verify verifies one or more exports of one incident, for instance ours and
// the partner's, by the bundles of the agencies, which must have been
// confirmed: nothing in the exports is trusted. Certificates are judged as of
// the time of what they signed, each against its own agency's roots. The
// error is about the arguments; what is wrong with the exports is in the report.
func Verify(exports []*Export, bundles []*identity.Bundle) (*Report, error) {
	if len(exports) == 0 || len(exports) > MaxExports || len(bundles) == 0 {
		return nil, refuse(TooLarge, "%d exports and %d bundles: 1 to %d exports and a bundle are needed", len(exports), len(bundles), MaxExports)
	}
	trust, err := identity.NewTrustStore(bundles[0], bundles[1:]...)
	if err != nil {
		return nil, err
	}
	return verify(exports, &remembering{judge: trust, seen: map[Digest]span{}}), nil
}

// verify is Verify with a judge.
func verify(exports []*Export, judge Judge) *Report {
	v := &verifier{
		exports: exports,
		judge:   judge,
		report:  &Report{Incident: exports[0].Incident, Exercise: exports[0].Exercise},
		chains:  map[Digest][][]byte{},
		heads:   map[Origin][]*signedHead{},
		notes:   map[Digest]*signedHead{},
		split:   map[Origin]bool{},
	}
	v.collect()
	for _, l := range v.copies {
		v.walk(l)
	}
	for _, l := range v.copies {
		v.settle(l)
	}
	v.compare()
	for _, l := range v.copies {
		for _, f := range l.doubts {
			if l.bad == nil || f.Index < int64(l.report.Sound) {
				v.add(f)
			}
		}
		v.missing(l)
		l.keepSound()
		v.report.Logs = append(v.report.Logs, l.report)
	}
	v.attachments()
	for _, f := range v.found {
		v.report.add(*f)
	}
	return v.report
}

// verifier is one run of Verify.
type verifier struct {
	exports []*Export
	judge   Judge
	report  *Report
	found   []*Finding // all, until the report is made: later ones may narrow earlier ones
	signers *Signers
	chains  map[Digest][][]byte      // by the digest of the leaf
	heads   map[Origin][]*signedHead // good checkpoints of all exports, by size
	notes   map[Digest]*signedHead   // the same, by the digest of the note
	copies  []*logCopy
	split   map[Origin]bool // logs of which two histories are known to be signed
}

// logCopy is a log as it stands in one export.
type logCopy struct {
	export  int
	log     *ExportedLog
	report  LogReport
	chain   chain           // over the sound beginning
	signed  []*signedHead   // what its sequencer signed, as far as known, by size
	heads   map[uint64]head // of the entries, at sizes that somebody has signed
	bySize  map[uint64][]*signedHead
	agreed  *signedHead // the largest that the entries agree with
	bad     *Finding    // where the sound beginning ends; nil if it does not
	doubts  []Finding   // about single entries
	reveals map[uint64][]*Reveal
	named   []named // agreements in force
	lacking int     // bursts whose device's certificate is not at hand
	lacks   uint64  // the first of them
}

// named is a document and the first entry that names it.
type named struct {
	document Digest
	index    uint64
}

func (l *logCopy) finding(f Fault, index, until int64, detail string) Finding {
	return Finding{Fault: f, Export: l.export, Origin: l.log.Origin, Index: index, Until: until, Detail: detail}
}

// maxFound bounds what is held before the report is made: no more than the
// lines that may be wrong in themselves.
const maxFound = 2 * MaxFindings

func (v *verifier) add(f Finding) {
	if len(v.found) < maxFound {
		v.found = append(v.found, &f)
		return
	}
	v.report.More++
}

// collect gathers chains, good checkpoints and logs from all exports.
func (v *verifier) collect() {
	v.signers, _ = NewSigners() // nothing to refuse
	for _, x := range v.exports {
		for _, c := range x.Chains {
			if len(c) > 0 {
				v.chains[DigestOf(c[0])] = c // for a burst that names it to be judged by, whatever it is
			}
			v.signers.Add(c) // a chain that cannot be read signs no line; what needs it is found to lack it
		}
	}
	for i, x := range v.exports {
		v.sameIncident(i, x)
		for j := range x.Logs {
			l := &logCopy{export: i, log: &x.Logs[j], chain: newChain(x.Logs[j].Origin), heads: map[uint64]head{},
				bySize: map[uint64][]*signedHead{}, reveals: map[uint64][]*Reveal{}}
			l.report = LogReport{Export: i, Origin: l.log.Origin, Entries: uint64(len(l.log.Entries))}
			for k := range l.log.Reveals {
				r := &l.log.Reveals[k]
				l.reveals[r.Index] = append(l.reveals[r.Index], r)
			}
			v.copies = append(v.copies, l)
			v.collectHeads(l)
		}
	}
	for _, heads := range v.heads {
		sortHeads(heads)
	}
}

// sameIncident compares what a file says of itself with the first file.
func (v *verifier) sameIncident(i int, x *Export) {
	bad := func(detail string) {
		v.add(Finding{Fault: Mismatch, Export: i, Index: NoEntry, Until: NoEntry, Detail: detail})
	}
	if x.Incident != v.report.Incident || x.Exercise != v.report.Exercise {
		bad("it is the record of incident " + x.Incident.String() + ", or of another purpose than the first file's")
	}
	if len(x.Logs) == 0 {
		bad("it holds no log")
	}
	for j := range x.Logs {
		if x.Logs[j].Origin.Incident != x.Incident {
			bad("it holds a log of incident " + x.Logs[j].Origin.Incident.String())
		}
	}
}

// keepSound takes out of the report what only entries say that may not be the
// ones that were written.
func (l *logCopy) keepSound() {
	if l.bad == nil {
		return
	}
	l.report.Closed = false
	if last, ok := l.header(int(l.report.Sound) - 1); ok {
		l.report.To = last.Time
		return
	}
	l.report.From, l.report.To, l.report.Parties = time.Time{}, time.Time{}, nil
}

// missing names what is not there although nothing was changed: signatures and
// documents. After a fault of the entries there is nothing to say of them.
func (v *verifier) missing(l *logCopy) {
	if l.bad == nil {
		n := int64(l.report.Entries)
		if s := int64(l.report.Signed); s < n {
			v.add(l.finding(UnsignedTail, s, n-1, "no good checkpoint of the sequencer covers them"))
		}
		for _, p := range l.report.Parties {
			if size := int64(l.report.cosignedBy(p)); p != l.log.Origin.Agency && size < int64(l.report.Signed) {
				v.add(l.finding(MissingCosigner, size, int64(l.report.Signed)-1, string(p)+" has not cosigned them"))
			}
		}
	}
	if l.lacking > 0 {
		v.add(l.finding(MissingChain, int64(l.lacks), int64(l.lacks), plural(l.lacking, "burst")+" cannot be proven: the file has not the device's certificate"))
	}
}

// attachments compares the agreements in each file with those that its logs
// name.
func (v *verifier) attachments() {
	for i, x := range v.exports {
		there := map[Digest]bool{}
		for _, a := range x.Agreements {
			there[DigestOf(a)] = false
		}
		for _, l := range v.copies {
			for _, n := range l.named {
				if _, ok := there[n.document]; l.export == i && ok {
					there[n.document] = true
				} else if l.export == i {
					v.add(l.finding(MissingAttachment, int64(n.index), int64(n.index), "the agreement "+n.document.String()+" is not in the file"))
				}
			}
		}
		for _, a := range x.Agreements {
			if d := DigestOf(a); !there[d] {
				v.add(Finding{Fault: Mismatch, Export: i, Index: NoEntry, Until: NoEntry, Detail: "the agreement " + d.String() + " is named by no entry"})
			}
		}
	}
}

func (r *LogReport) cosignedBy(a proto.Agency) uint64 {
	for _, c := range r.Cosigned {
		if c.Agency == a {
			return c.Size
		}
	}
	return 0
}
