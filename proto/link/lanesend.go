package link

import (
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

	// laneGap without voice makes the endpoint report the first packet after it.
	laneGap = 300 * time.Millisecond

	// laneSilence of voice, since voice began again, that nobody has reported ends the
	// lane: QUIC carries the next frame. On a path whose round trip is longer, the
	// first report cannot be there sooner than laneMargin after it.
	laneSilence = 900 * time.Millisecond
	laneMargin  = 200 * time.Millisecond

	// laneUnheard is as much for voice that goes on: more than two of the endpoint's reports.
	// Where the lane breaks the endpoint says so; this is for when what it says is lost.
	laneUnheard = 2*laneReport + time.Second

	// steadyGap is the longest pause between two frames of a burst, and steadySlack
	// what an endpoint's word of quiet may be off.
	steadyGap   = 100 * time.Millisecond
	steadySlack = 60 * time.Millisecond

	// pathEvery is how long a path is used without looking whether QUIC still does:
	// each look costs more than sealing a frame.
	pathEvery = 100 * time.Millisecond

	// Between two probes, doubling.
	probeFirst = 200 * time.Millisecond
	probeMost  = 5 * time.Second

	// breakerPause keeps a lane shut whose circuit was broken, doubling.
	breakerPause     = 30 * time.Second
	breakerPauseMost = 8 * time.Minute

	// judgedLeast is how many packets, and judgedEvery how much time, tell a rate and
	// a loss. Reports that come sooner are judged with the next.
	judgedLeast = 10
	judgedEvery = 100 * time.Millisecond
)

// lanesAhead is how many paths a lane may have gone through since the last that
// the endpoint has heard of. An endpoint knows so many ids ahead.
const lanesAhead = 4

// laneOut is the relay's side of a link's voice lane. What is done for each frame
// is in route and takes no lock; the first frame after a pause does.
type laneOut struct {
	conn *Conn
	now  atomic.Pointer[laneWay] // the present path's; nil until there is voice

	mu      sync.Mutex // guards what follows; taken for a path, a report or the end
	secret  []byte     // nil until there is voice
	over    bool       // no path will have a lane any more
	heardOf lane.Generation
	last    lane.Report // zero Received: none of this way
	judged  judged      // up to where the breaker has judged
	breaker lane.Breaker
	trips   int
	past    uint64 // packets of earlier ways
	seen    uint64 // packets that reports were about
	gone    uint64 // of them, those that had not arrived by then

	probes, badReports, fallbacks, broken atomic.Uint64
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
	if w == nil || w.strays(now, o.conn.quic) {
		if w = o.enter(now); w == nil {
			return nil, byDatagram
		}
	}
	if w.open.Load() && o.alive(w, now) {
		return w, byLane
	}
	return w, w.probe(now)
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
	w.looked.Store(now)
	w.shutUntil(now)
	if old != nil {
		w.shut.Store(old.shut.Load()) // a new path does not mend a broken circuit: the bottleneck may be the same
	}
	o.last, o.judged, o.breaker = lane.Report{}, judged{}, lane.Breaker{}
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
