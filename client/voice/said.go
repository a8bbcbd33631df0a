package voice

import "time"

// Said returns when something was captured, by our own clock, as far as the way
// that the sender's fastest frames take can be told from the difference of the two
// clocks; false of a sender, or a run of its clock, that has not been heard live
// within PaceMemory.
func (f *Freshness) Said(s Stamp, now time.Time) (time.Time, bool) {
	p := f.pace(s.Run, now)
	if p == nil {
		return time.Time{}, false
	}
	return now.Add(p.fastest() - f.transit(s, now)), true
}
