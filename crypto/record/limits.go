package record

import (
	"time"

	"crossband/proto"
)

// Limits. Readers and writers refuse more.
const (
	MaxEntries     = 1_000_000            // of one export, and so of one log
	MaxEntry       = 8 << 10              // octets of an entry's line
	MaxCheckpoint  = 16 << 10             // octets of a signed checkpoint
	MaxSignatures  = 32                   // on a checkpoint
	MaxExport      = 64 << 20             // octets of an export file
	MaxLogs        = 64                   // of one export
	MaxCheckpoints = 20_000               // of one export
	MaxChains      = 4_096                // certificate chains of one export
	MaxReveals     = 100_000              // of one export
	MaxContent     = 64 << 10             // octets of a revealed content
	MaxAgreements  = 256                  // of one export
	MaxAgreement   = 64 << 10             // octets of an agreement's document
	MaxParties     = 2 * proto.MaxParties // of a log: those of a calling channel and of what it opens
)

// Skew is how far the times of a log may go back, and a checkpoint's time may
// lie ahead of a cosigner's clock: clocks that differ by more are a fault.
const Skew = proto.ClockSkewWarning

// timeLayout is the one form of a time: UTC with milliseconds. CJIS AU-8 asks
// for hundredths of a second.
const timeLayout = "2006-01-02T15:04:05.000Z"

func formatTime(t time.Time) string { return t.UTC().Format(timeLayout) }

// parseTime reads what formatTime wrote and nothing else.
func parseTime(s string) (time.Time, error) {
	t, err := time.Parse(timeLayout, s)
	if err != nil || formatTime(t) != s {
		return time.Time{}, refuse(Malformed, "%.40q is not a time in the form %s", s, timeLayout)
	}
	return t, nil
}
