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
	open    atomic.Bool   // the endpoint hears it
	awaited atomic.Uint64 // 1 more than the sequence number up to which older reports tell nothing; 0: none
	voiceAt atomic.Int64  // when voice went last
	steady  atomic.Int64  // since when voice has gone without a steadyGap
	unheard atomic.Int64  // since when voice has gone unreported; 0: it has not
	probeAt atomic.Int64  // no probe before
	pause   atomic.Int64  // until the probe after that
	shut    atomic.Int64  // the circuit was broken: nothing before
}

// strays sees now and then whether QUIC has gone to another path.
func (w *laneWay) strays(now int64, c *quic.Conn) bool {
	if before := w.looked.Load(); now-before < int64(pathEvery) || !w.looked.CompareAndSwap(before, now) {
		return false
	}
	return w.path != c.RemoteAddr()
}

// alive sees whether an open way still is.
func (w *laneWay) alive(now int64, o *laneOut) bool {
	before := w.voiceAt.Load()
	gap := now - before
	if gap > int64(laneIdle) {
		w.shutUntil(now)
		return false
	}
	if w.voiceAt.CompareAndSwap(before, now) && gap > int64(steadyGap) {
		w.resume(now, gap)
	}
	since := w.unheard.Load()
	if since == 0 {
		w.unheard.Store(now)
	} else if now-since > int64(laneSilence) && now-since > o.patience(w) {
		o.fallBack(w, now)
		return false
	}
	return w.next.Load() <= lane.MaxSequence
}

// patience is how long voice may go unreported.
func (o *laneOut) patience(w *laneWay) int64 {
	if w.awaited.Load() == 0 {
		return int64(laneUnheard)
	}
	return int64(o.conn.quic.ConnectionStats().SmoothedRTT + laneMargin)
}

// resume begins a burst after a pause.
func (w *laneWay) resume(now, gap int64) {
	w.steady.Store(now)
	if gap > int64(laneGap) && w.awaited.Load() == 0 {
		w.unheard.Store(now)
		w.awaited.Store(w.next.Load() + 1)
	}
}

// fallBack leaves the rest to QUIC and asks again at once.
func (o *laneOut) fallBack(w *laneWay, now int64) {
	o.fallbacks.Add(1)
	w.shutUntil(now)
}

// shutUntil closes a way; from the time given it is probed again, and a report of the
// probe opens it.
func (w *laneWay) shutUntil(when int64) {
	w.awaited.Store(w.next.Load() + 1)
	w.pause.Store(int64(probeFirst))
	w.probeAt.Store(when)
	w.open.Store(false)
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
