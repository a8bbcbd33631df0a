package voice

import (
	"encoding/binary"
	"time"
)

// Stamp is a time by the talker's own clock, which may be minutes off. Stamps
// of one run can be compared with each other, stamps of different runs cannot.
type Stamp struct {
	// Run changes whenever the talker's clock has been set, so that a step of
	// the clock is not taken for a delay. It begins anywhere.
	Run    uint8
	Millis uint64 // since 1970, below 2^48
}

const (
	stampLen  = 7 // octets: the run, the milliseconds
	maxMillis = 1<<48 - 1
)

// Time returns the stamp as a time, as far as the talker's clock is right.
func (s Stamp) Time() time.Time { return time.UnixMilli(int64(s.Millis)) }

func (s Stamp) appendTo(b []byte) []byte {
	return append(binary.BigEndian.AppendUint16(append(b, s.Run), uint16(s.Millis>>32)), byte(s.Millis>>24), byte(s.Millis>>16), byte(s.Millis>>8), byte(s.Millis))
}

func parseStamp(b [stampLen]byte) Stamp {
	return Stamp{b[0], uint64(binary.BigEndian.Uint16(b[1:]))<<32 | uint64(binary.BigEndian.Uint32(b[3:]))}
}

// clockStep is by how much a clock must have been set to begin a new run: well
// below Staleness, well above what a clock drifts between two bursts.
const clockStep = 250 * time.Millisecond

// TalkClock makes the stamps of one device's bursts. Within a burst it goes on
// by the steady clock alone, whatever happens to the time of day.
type TalkClock struct {
	run    uint8
	begun  bool
	steady time.Time // a reading of the steady clock
	wall   time.Time // and what the time of day was then
}

// NewTalkClock returns a clock whose first run is the given one. It should be
// drawn at random: after a restart the clock may have been set.
func NewTalkClock(run uint8) TalkClock { return TalkClock{run: run} }

// Burst begins a burst now. ahead is how far the relay's clock is ahead of
// ours: most handhelds that are wrong are wrong by more than their relay.
func (c *TalkClock) Burst(now time.Time, ahead time.Duration) {
	wall := now.Round(0).Add(ahead)
	if c.begun {
		if set := wall.Sub(c.wall.Add(now.Sub(c.steady))); set.Abs() > clockStep {
			c.run++
		}
	}
	c.begun, c.steady, c.wall = true, now, wall
}

// Stamp returns the stamp of something that happens now, in the burst begun
// last. A clock before 1970 says 1970.
func (c *TalkClock) Stamp(now time.Time) Stamp {
	ms := c.wall.Add(now.Sub(c.steady)).UnixMilli()
	return Stamp{c.run, uint64(min(max(ms, 0), maxMillis))}
}
