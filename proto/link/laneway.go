package link

import (
	"net"
	"sync/atomic"

	"github.com/quic-go/quic-go"

	"crossband/proto/link/lane"
)

// laneWay is a lane on one path. Times are on the socket's clock.
type laneWay struct {
	keys *lane.Keys
	path net.Addr // of the peer, as QUIC has validated it; compared by identity
	oob  []byte   // what names our own address

	looked  atomic.Int64  // when path was last compared with QUIC's
	next    atomic.Uint64 // sequence number of the next packet
	octets  atomic.Uint64 // sent
	voiceAt atomic.Int64  // when voice went last
	unheard atomic.Int64  // since when voice has gone unreported; 0: it has not
	probeAt atomic.Int64  // no probe before
	pause   atomic.Int64  // until the probe after that

	// These are changed with the laneOut's mutex held.
	open    atomic.Bool   // the endpoint hears it
	awaited atomic.Uint64 // 1 more than the sequence number up to which older reports tell nothing; 0: none
	steady  atomic.Int64  // since when voice has gone without a steadyGap
	shut    atomic.Int64  // the circuit was broken: nothing before
}

// strays sees now and then whether QUIC has gone to another path.
func (w *laneWay) strays(now int64, c *quic.Conn) bool {
	if before := w.looked.Load(); now-before < int64(pathEvery) || !w.looked.CompareAndSwap(before, now) {
		return false
	}
	return w.path != c.RemoteAddr()
}

// alive sees whether an open way still is. It takes the mutex only when a burst begins or
// the lane seems to have died.
func (o *laneOut) alive(w *laneWay, now int64) bool {
	before := w.voiceAt.Load()
	if gap := now - before; gap > int64(steadyGap) && w.voiceAt.CompareAndSwap(before, now) {
		o.resume(w, now, gap)
	} else if gap > 0 {
		w.voiceAt.CompareAndSwap(before, now)
	}
	limit := laneUnheard
	if w.awaited.Load() != 0 {
		limit = laneSilence
	}
	if since := w.unheard.Load(); since == 0 {
		w.unheard.CompareAndSwap(0, now)
	} else if now-since > int64(limit) {
		o.lose(w, now)
	}
	return w.open.Load() && w.next.Load() <= lane.MaxSequence
}

// resume begins a burst after a pause.
func (o *laneOut) resume(w *laneWay, now, gap int64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if gap > int64(laneIdle) {
		w.shutUntil(now)
		return
	}
	w.steady.Store(now)
	if gap > int64(laneGap) && w.awaited.Load() == 0 {
		w.unheard.Store(now)
		w.awaited.Store(w.next.Load() + 1)
	}
}

// lose leaves a way whose voice nobody has reported in time.
func (o *laneOut) lose(w *laneWay, now int64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	since := w.unheard.Load()
	switch {
	case since == 0 || !w.open.Load(): // a report has come meanwhile, or somebody else was faster
	case w.awaited.Load() == 0:
		if now-since > int64(laneUnheard) {
			o.trip(w, now) // RFC 8083 4.1: all reports were lost, and it may be no chance
		}
	case now-since > int64(max(laneSilence, o.conn.quic.ConnectionStats().SmoothedRTT+laneMargin)):
		o.fallBack(w, now)
	}
}

// fallBack leaves the rest to QUIC and asks again at once. The caller holds the mutex.
func (o *laneOut) fallBack(w *laneWay, now int64) {
	o.fallbacks.Add(1)
	w.shutUntil(now)
}

// shutUntil closes a way; from the time given it is probed again, and a report of the
// probe opens it. The caller holds the mutex, or is the only one who knows the way.
func (w *laneWay) shutUntil(when int64) {
	w.open.Store(false)
	w.awaited.Store(w.next.Load() + 1)
	w.pause.Store(int64(probeFirst))
	w.probeAt.Store(when)
}

// probe says whether a probe is due. Of those that ask at once one is told so.
func (w *laneWay) probe(now int64) passage {
	due := w.probeAt.Load()
	if now < due || now < w.shut.Load() || w.next.Load() > lane.MaxSequence {
		return byDatagram
	}
	pause := w.pause.Load()
	if !w.probeAt.CompareAndSwap(due, now+pause) {
		return byDatagram
	}
	w.pause.Store(min(2*pause, int64(probeMost)))
	return byDatagramAndProbe
}
