package lane

import (
	"encoding/binary"
	"errors"
	"slices"
	"time"
)

// Report is what an endpoint says of a generation, in a QUIC datagram: how far
// it has come and how many packets that were. Both figures only grow, so that a
// report which is lost takes nothing with it.
type Report struct {
	Generation Generation
	Highest    uint32 // sequence number of the packets received
	Received   uint32 // packets, probes too
	Quiet      bool   // nothing has come for Quiet
	Leave      bool   // packets of strangers crowd the lane's out
}

// Quiet is how long nothing comes after a packet until an endpoint says so: a burst
// has ended, or the lane. Ten frames in a row are not lost by chance.
const Quiet = 200 * time.Millisecond

// A report begins like a sounding, which no voice does, and goes on unlike one.
// It is as long as a sounding, for the same reason; the rest is 0.
const (
	reportMark = 0x01
	reportSize = 32
	reportUsed = 2 + 4 + 4 + 4 + 1

	flagQuiet, flagLeave = 1, 2
)

var errReport = errors.New("lane: not a report")

// Append appends the report's datagram.
func (r Report) Append(b []byte) []byte {
	b = append(b, 0, reportMark)
	b = binary.BigEndian.AppendUint32(b, uint32(r.Generation))
	b = binary.BigEndian.AppendUint32(b, r.Highest)
	b = binary.BigEndian.AppendUint32(b, r.Received)
	flags := byte(0)
	if r.Quiet {
		flags |= flagQuiet
	}
	if r.Leave {
		flags |= flagLeave
	}
	return append(append(b, flags), make([]byte, reportSize-reportUsed)...)
}

// IsReport tells reports from soundings and voice.
func IsReport(b []byte) bool { return len(b) >= 2 && b[0] == 0 && b[1] == reportMark }

// ParseReport reads a report. One that claims more packets than sequence
// numbers, or none, or ends in something else than 0, or has a flag that is none, is
// refused.
func ParseReport(b []byte) (r Report, err error) {
	if len(b) != reportSize || !IsReport(b) {
		return r, errReport
	}
	r = Report{
		Generation: Generation(binary.BigEndian.Uint32(b[2:])),
		Highest:    binary.BigEndian.Uint32(b[6:]),
		Received:   binary.BigEndian.Uint32(b[10:]),
		Quiet:      b[14]&flagQuiet != 0,
		Leave:      b[14]&flagLeave != 0,
	}
	rest := b[reportUsed:]
	if b[14] > flagQuiet|flagLeave || slices.ContainsFunc(rest, func(o byte) bool { return o != 0 }) || r.Received == 0 || uint64(r.Received) > uint64(r.Highest)+1 {
		return Report{}, errReport
	}
	return r, nil
}

// Follows reports whether r can come after an earlier report of the same
// generation: no figure falls, and no more came in between than were sent.
func (r Report) Follows(earlier Report) bool {
	return r.Generation == earlier.Generation && r.Highest >= earlier.Highest && r.Received >= earlier.Received
}
