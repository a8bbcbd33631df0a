package record

import (
	"fmt"
	"time"

	"crossband/proto"
)

// Report is what Verify found.
type Report struct {
	Incident proto.IncidentID
	Exercise bool
	Logs     []LogReport
	Findings []Finding // at most MaxFindings
	More     int       // findings beyond those
}

// MaxFindings is how many findings a report lists.
const MaxFindings = 1000

// LogReport is one copy of a log, from one export.
type LogReport struct {
	Export     int // which of the exports, from 0
	Origin     Origin
	Entries    uint64       // in the file
	Sound      uint64       // of them, from the first on, in one unbroken chain
	Signed     uint64       // of them under the largest good checkpoint of the sequencer
	Sequencers []proto.Name // who signed good checkpoints, in order of appearance
	Cosigned   []Cosigned   // one for each agency that cosigned, by name
	Parties    []proto.Agency
	From, To   time.Time // of the first and the last sound entry
	Closed     bool
	Unknown    int // entries of kinds that this version does not know
	Bursts     int // bursts whose device's signature is good
	Revealed   int // entries whose content is shown and is what was recorded
}

// Cosigned says how much of a log an agency vouches for.
type Cosigned struct {
	Agency proto.Agency
	By     proto.Name // who cosigned the largest
	Size   uint64     // entries
	At     time.Time
}

// Finding is one thing that is wrong or missing. It concerns the entries Index
// to Until of a log; where one signature covers several and nothing says which
// was changed, the first bad one is among them.
type Finding struct {
	Fault  Fault
	Export int    // which of the exports, or SeveralExports
	Origin Origin // the log; the zero Origin if it is about the file
	Index  int64  // the first bad entry, or NoEntry
	Until  int64  // the last that may be the first bad one, or of those missing; Index in most cases
	Detail string
	Proof  [][]byte // the signed checkpoints that show it
}

// SeveralExports stands for what only shows when exports are compared.
const SeveralExports = -1

// String returns the finding as one line.
func (f Finding) String() string {
	where := ""
	switch {
	case f.Index == NoEntry:
	case f.Index == f.Until:
		where = fmt.Sprintf("entry %d: ", f.Index)
	default:
		where = fmt.Sprintf("entries %d to %d: ", f.Index, f.Until)
	}
	if f.Origin != (Origin{}) {
		where = f.Origin.String() + ": " + where
	}
	return string(f.Fault) + ": " + where + f.Detail
}

// Intact reports whether nothing was found that somebody must have changed or
// signed wrongly.
func (r *Report) Intact() bool {
	for _, f := range r.Findings {
		if f.Fault.Tampering() {
			return false
		}
	}
	return true
}

// Complete reports whether nothing was found at all: intact, and all of it
// signed by its sequencer, cosigned by every party, and at hand.
func (r *Report) Complete() bool { return len(r.Findings) == 0 }

// add keeps tampering rather than anything else when there is no room for all.
func (r *Report) add(f Finding) {
	if len(r.Findings) < MaxFindings {
		r.Findings = append(r.Findings, f)
		return
	}
	r.More++
	for i := range r.Findings {
		if f.Fault.Tampering() && !r.Findings[i].Fault.Tampering() {
			r.Findings[i] = f
			return
		}
	}
}
