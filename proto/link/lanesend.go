package link

import (
	"net"
	"sync"
	"sync/atomic"
	"time"

	"crossband/proto/link/lane"
)

// Times of a lane at the relay.
const (
	// laneIdle without voice makes the relay ask again whether the lane is there:
	// the path may have changed in the meantime and nobody would have noticed.
	laneIdle = 2 * time.Second

	// laneGap without voice does not count in the waiting for a report: the endpoint
	// sends none while nothing comes.
	laneGap = 300 * time.Millisecond

	// laneSilence of voice that nobody has reported ends the lane: QUIC carries the
	// next frame. On a path whose round trip is longer, the first
	// report cannot be there sooner than laneMargin after it.
	laneSilence = 900 * time.Millisecond
	laneMargin  = 200 * time.Millisecond

	// Between two probes, doubling.
	probeFirst = 200 * time.Millisecond
	probeMost  = 5 * time.Second

	// breakerPause keeps a lane shut whose circuit was broken, doubling.
	breakerPause     = 30 * time.Second
	breakerPauseMost = 8 * time.Minute

	// reportEvery is the least time between two reports that are judged apart.
	reportEvery = 100 * time.Millisecond
)

// lanesAhead is how many paths a lane may have gone through since the last that
// the endpoint has heard of. An endpoint knows so many ids ahead.
const lanesAhead = 4

// laneOut is the relay's side of a link's voice lane. What is done for each frame
// is in route and takes no lock.
type laneOut struct {
	conn *Conn
	now  atomic.Pointer[laneWay] // the present path's; nil until there is voice

	mu      sync.Mutex // guards what follows; taken for a path, a report or the end
	secret  []byte     // nil until there is voice
	over    bool       // no path will have a lane any more
	heardOf lane.Generation
	last    lane.Report // zero Received: none of this way
	lastAt  int64
	octets  uint64 // that the way had sent when the last report came
	breaker lane.Breaker
	trips   int
	past    uint64 // packets of earlier ways
	seen    uint64 // packets that reports were about
	gone    uint64 // of them, those that had not arrived by then

	probes, badReports, fallbacks, broken atomic.Uint64
}

// laneWay is a lane on one path. Times are on the socket's clock.
type laneWay struct {
	keys *lane.Keys
	path net.Addr // of the peer, as QUIC has validated it; compared by identity
	oob  []byte   // what names our own address

	next    atomic.Uint64 // sequence number of the next packet
	octets  atomic.Uint64 // sent
	open    atomic.Bool   // the endpoint hears it
	voiceAt atomic.Int64  // when voice went last
	unheard atomic.Int64  // since when voice has gone unreported, pauses left out; 0: it has not
	probeAt atomic.Int64  // no probe before
	pause   atomic.Int64  // until the probe after that
	shut    atomic.Int64  // the circuit was broken: nothing before
}

// passage says how a frame is to go.
type passage int

const (
	byDatagram passage = iota
	byDatagramAndProbe
	byLane
)

// route says which way the next frame goes. Voice goes by the lane while the
// endpoint reports that it arrives, and by QUIC at all other times, with a probe
// beside it now and then.
func (o *laneOut) route(now int64) (*laneWay, passage) {
	w := o.now.Load()
	if w == nil || w.path != o.conn.quic.RemoteAddr() {
		if w = o.enter(now); w == nil {
			return nil, byDatagram
		}
	}
	if w.open.Load() && w.alive(now, o) {
		return w, byLane
	}
	return w, w.probe(now)
}

// alive sees whether an open way still is.
func (w *laneWay) alive(now int64, o *laneOut) bool {
	before := w.voiceAt.Load()
	gap := now - before
	if gap > int64(laneIdle) {
		w.shutUntil(now)
		return false
	}
	if w.voiceAt.CompareAndSwap(before, now) && gap > int64(laneGap) {
		w.skip(gap)
	}
	since := w.unheard.Load()
	switch {
	case since == 0:
		w.unheard.Store(now)
	case now-since <= int64(laneSilence):
	case now-since > int64(o.conn.quic.ConnectionStats().SmoothedRTT+laneMargin):
		o.fallbacks.Add(1)
		w.shutUntil(now)
		return false
	}
	return w.next.Load() <= lane.MaxSequence
}

// skip leaves a pause out of the waiting for a report. It does not begin the waiting
// anew: on a dead lane bursts that are each too short to be missed would all be lost.
func (w *laneWay) skip(gap int64) {
	if since := w.unheard.Load(); since != 0 {
		w.unheard.CompareAndSwap(since, since+gap) // else a report has come meanwhile
	}
}

// shutUntil closes a way; from the time given it is probed again.
func (w *laneWay) shutUntil(when int64) {
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

// enter makes the way of a path that is new, nil when there is to be none.
func (o *laneOut) enter(now int64) *laneWay {
	o.mu.Lock()
	defer o.mu.Unlock()
	old, path := o.now.Load(), o.conn.quic.RemoteAddr()
	switch {
	case o.over:
		return nil
	case old != nil && old.path == path:
		return old // another talker's reader was faster
	}
	var g lane.Generation
	if old != nil {
		g = old.keys.Generation + 1
		o.past += old.next.Load()
	}
	keys, err := o.derive(g)
	if err != nil || g > o.heardOf+lanesAhead {
		o.end()
		return nil
	}
	w := &laneWay{keys: keys, path: path, oob: o.conn.sock.source(o.conn.quic.LocalAddr())}
	w.shutUntil(now)
	if old != nil {
		w.shut.Store(old.shut.Load()) // a new path does not mend a broken circuit: the bottleneck may be the same
	}
	o.last, o.breaker = lane.Report{}, lane.Breaker{}
	o.now.Store(w)
	return w
}

func (o *laneOut) derive(g lane.Generation) (*lane.Keys, error) {
	if o.secret == nil {
		secret, err := o.conn.laneSecret()
		if err != nil {
			return nil, err
		}
		o.secret = secret
	}
	return lane.Derive(o.secret, g)
}

// end closes the lane for good. The caller holds the mutex.
func (o *laneOut) end() {
	if w := o.now.Load(); w != nil {
		o.past += w.next.Load()
	}
	o.over, o.secret = true, nil
	o.now.Store(nil)
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
	o.heardOf = r.Generation
	if now < w.shut.Load() {
		return
	}
	if !o.judge(w, r, now) {
		o.broken.Add(1)
		pause := min(breakerPause<<min(o.trips, 8), breakerPauseMost)
		o.trips++
		w.shut.Store(now + int64(pause))
		w.shutUntil(now + int64(pause))
		return
	}
	w.unheard.Store(0)
	if !w.open.Load() {
		w.voiceAt.Store(now)
		w.open.Store(true)
	}
}

// judge works out what came between two reports, false when the circuit is to be
// broken.
func (o *laneOut) judge(w *laneWay, r lane.Report, now int64) bool {
	octets := w.octets.Load()
	if o.last.Received > 0 && now-o.lastAt < int64(reportEvery) {
		return true
	}
	ok := true
	if o.last.Received > 0 && r.Highest > o.last.Highest {
		i := lane.Interval{
			Packets: r.Highest - o.last.Highest,
			Octets:  octets - o.octets,
			Length:  time.Duration(now - o.lastAt),
			RTT:     o.conn.quic.ConnectionStats().SmoothedRTT,
		}
		i.Lost = i.Packets - min(i.Packets, r.Received-o.last.Received) // what was late counts later
		o.seen, o.gone = o.seen+uint64(i.Packets), o.gone+uint64(i.Lost)
		ok = !o.breaker.Judge(i)
	}
	o.last, o.lastAt, o.octets = r, now, octets
	return ok
}

// sent is how many packets went, probes too.
func (o *laneOut) sent() uint64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	if w := o.now.Load(); w != nil {
		return o.past + w.next.Load()
	}
	return o.past
}

// carried counts what the lane has carried: probes, which are few, as frames too.
func (o *laneOut) carried() carried {
	sent := o.sent()
	o.mu.Lock()
	defer o.mu.Unlock()
	return carried{sent, o.seen, o.gone}
}
