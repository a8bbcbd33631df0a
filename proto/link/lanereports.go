package link

import (
	"time"

	"crossband/proto/link/lane"
)

// judged is a report, when it came, and what its way had sent by then.
type judged struct {
	lane.Report
	at     int64
	octets uint64
}

// take takes an endpoint's report. One that cannot be true changes nothing; one
// that is a lie harms the endpoint's own voice, or is stopped by the breaker of
// nobody else.
func (o *laneOut) take(report []byte, now int64) {
	r, err := lane.ParseReport(report)
	o.mu.Lock()
	defer o.mu.Unlock()
	w := o.now.Load()
	if err != nil || w == nil || r.Generation != w.keys.Generation || uint64(r.Highest) >= w.next.Load() ||
		o.last.Received > 0 && !r.Follows(o.last) {
		o.badReports.Add(1)
		return
	}
	o.heardOf, o.last = r.Generation, r
	if now < w.shut.Load() {
		return
	}
	switch {
	case !o.judge(w, r, now):
		o.trip(w, now)
	case w.open.Load() && (r.Leave || r.Quiet && o.missed(w, now)):
		o.fallBack(w, now)
	case !r.Leave && uint64(r.Highest)+1 >= w.awaited.Load():
		o.heard(w, r, now)
	}
}

// trip breaks the circuit.
func (o *laneOut) trip(w *laneWay, now int64) {
	o.broken.Add(1)
	pause := min(breakerPause<<min(o.trips, 8), breakerPauseMost)
	o.trips++
	o.breaker, o.judged = lane.Breaker{}, judged{} // what comes after it is another matter
	w.shut.Store(now + int64(pause))
	w.shutUntil(now + int64(pause))
}

// missed reports whether voice went all the time in which an endpoint, whose report
// has come now, found that nothing came.
func (o *laneOut) missed(w *laneWay, now int64) bool {
	until := now - int64(o.conn.quic.ConnectionStats().SmoothedRTT)
	return w.steady.Load() <= until-int64(lane.Quiet-steadySlack) && w.voiceAt.Load() >= until-int64(steadySlack)
}

// heard notes that what was waited for has arrived, and opens a way that was shut:
// then the voice that is to come is waited for. So is what comes after a word of quiet:
// the endpoint reports the first packet of it.
func (o *laneOut) heard(w *laneWay, r lane.Report, now int64) {
	w.unheard.Store(0)
	switch {
	case !w.open.Load():
		w.awaited.Store(w.next.Load() + 1)
		w.voiceAt.Store(now)
		w.steady.Store(now)
		w.open.Store(true)
	case r.Quiet:
		w.awaited.Store(uint64(r.Highest) + 2)
	default:
		w.awaited.Store(0)
	}
}

// judge works out what came since the last report that was judged, false when the
// circuit is to be broken.
func (o *laneOut) judge(w *laneWay, r lane.Report, now int64) bool {
	last, this := o.judged, judged{r, now, w.octets.Load()}
	if last.Received == 0 {
		o.judged = this
		return true
	}
	i := lane.Interval{
		Packets: r.Highest - last.Highest,
		Octets:  this.octets - last.octets,
		Length:  time.Duration(now - last.at),
		RTT:     o.conn.quic.ConnectionStats().SmoothedRTT,
	}
	if i.Packets < judgedLeast || i.Length < judgedEvery {
		return true
	}
	i.Lost = i.Packets - min(i.Packets, r.Received-last.Received) // what was late counts later
	o.judged, o.seen, o.gone = this, o.seen+uint64(i.Packets), o.gone+uint64(i.Lost)
	return !o.breaker.Judge(i)
}
