package link

import (
	"time"

	"crossband/proto/link/lane"
)

// When an endpoint reports. Each report costs the relay as much as a dozen frames, so
// while all is well they are rare; what the relay must know soon is said at once.
const (
	laneReport      = 3 * time.Second        // while packets come and none is missing
	laneReportLossy = 700 * time.Millisecond // while some are
	laneReportLeast = 50 * time.Millisecond  // between any two
	laneQuietAgain  = 300 * time.Millisecond // after quiet was said, and twice that after the second time
	laneQuietTimes  = 3                      // that quiet is said: a word may be lost
)

// laneReporter decides when an endpoint reports on one generation. It is pure.
type laneReporter struct {
	last   lane.Report // the last report
	at     time.Time   // when; zero: there was none
	came   time.Time   // the last packet
	due    bool        // a report is, as soon as laneReportLeast allows
	probed bool        // the last packet was a probe
	quiets int         // times that quiet was said since the last packet
	runs   bool        // quiet is waited for
}

// packet takes a packet in, with the report that can be made now. begins says that
// quiet is to be looked for in lane.Quiet from now, due that the report is to be made.
//
// A probe is reported, for it is a question, and what comes first after a probe or a
// quiet, for until then the relay does not know that voice arrives.
func (l *laneReporter) packet(r lane.Report, probe bool, now time.Time) (begins, due bool) {
	l.due = l.due || probe || l.probed || now.Sub(l.came) >= lane.Quiet
	begins = !l.runs || l.quiets > 0
	l.came, l.probed, l.quiets, l.runs = now, probe, 0, true
	switch wait := now.Sub(l.at); {
	case wait >= laneReport:
		return begins, true
	case wait >= laneReportLossy && l.missing(r):
		return begins, true
	}
	return begins, l.due && now.Sub(l.at) >= laneReportLeast
}

// missing reports whether packets have been missed since the last report.
func (l *laneReporter) missing(r lane.Report) bool {
	return r.Highest-l.last.Highest > r.Received-l.last.Received
}

// reported notes that a report has been made.
func (l *laneReporter) reported(r lane.Report, now time.Time) {
	l.last, l.at, l.due = r, now, false
}

// quiet says whether quiet is to be reported, and after how long it is to be asked
// again; 0: not before the next packet.
func (l *laneReporter) quiet(now time.Time) (say bool, again time.Duration) {
	if since := now.Sub(l.came); l.quiets == 0 && since < lane.Quiet {
		return false, lane.Quiet - since
	}
	if l.quiets++; l.quiets < laneQuietTimes {
		return true, time.Duration(l.quiets) * laneQuietAgain
	}
	l.runs = false
	return true, 0
}
