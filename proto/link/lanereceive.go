package link

import (
	"bytes"
	"context"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"crossband/proto/link/lane"
)

// An endpoint reports what it has received when a way begins, when it is probed,
// and while voice comes; never more often than laneReportLeast. Each report costs
// the relay as much as a dozen frames: they are as rare as the relay's laneSilence
// lets them be.
const (
	laneReport      = 700 * time.Millisecond
	laneReportLeast = 50 * time.Millisecond
)

// laneStrangers a second that come to our sockets and are no lane's are a flood:
// quic-go holds 32 packets that are not its own and drops what comes on top, the
// lane's too, while it finds QUIC's by their connection ids. In a flood we report
// nothing, so that the relay sends voice by QUIC.
const laneStrangers = 2000

// laneIn is the endpoint's side of a link's voice lane.
type laneIn struct {
	conn *Conn

	mu       sync.Mutex // guards what follows; taken once a packet, on the endpoint's side only
	secret   []byte
	known    map[lane.ID]lane.Generation // the present one, the one before and lanesAhead after it
	openers  map[lane.Generation]*lane.Opener
	present  lane.Generation
	reported time.Time // when a report was due last
	strange  uint64    // strangers' packets until then
	sockets  []*socket // where the known ids are looked up
	ended    bool

	received, forged, replayed atomic.Uint64
}

// newLaneIn makes the lane known to the link's socket.
func newLaneIn(c *Conn) (*laneIn, error) {
	secret, err := c.laneSecret()
	if err != nil {
		return nil, err
	}
	in := &laneIn{conn: c, secret: secret, known: make(map[lane.ID]lane.Generation), openers: make(map[lane.Generation]*lane.Opener)}
	if err := in.learn(); err != nil {
		return nil, err
	}
	in.join(c.sock)
	return in, nil
}

// learn makes the generations about the present one known, and forgets others.
func (in *laneIn) learn() error {
	for id, g := range in.known {
		if g+1 < in.present {
			delete(in.known, id)
			delete(in.openers, g)
		}
	}
	for g := in.present; g <= in.present+lanesAhead; g++ {
		if in.openers[g] != nil {
			continue
		}
		keys, err := lane.Derive(in.secret, g)
		if err != nil {
			return err
		}
		in.known[keys.ID], in.openers[g] = g, lane.NewOpener(keys)
	}
	return nil
}

// join lets a socket hand its packets of this lane over. Leaving comes with the
// link's end.
func (in *laneIn) join(s *socket) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.ended || slices.Contains(in.sockets, s) {
		return
	}
	in.sockets = append(in.sockets, s)
	s.lanes.set(in, slices.Collect(maps.Keys(in.known)))
}

// end forgets all keys.
func (in *laneIn) end() {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.ended = true
	for _, s := range in.sockets {
		s.lanes.set(in, nil)
	}
	in.secret, in.sockets = nil, nil
	clear(in.known)
	clear(in.openers)
}

// take takes a packet that bears one of the lane's ids. What does not open, or
// came before, is counted and changes nothing.
func (in *laneIn) take(id lane.ID, packet []byte, now time.Time) {
	in.mu.Lock()
	defer in.mu.Unlock()
	g, ok := in.known[id]
	if !ok {
		return
	}
	o := in.openers[g]
	voice, err := o.Open(packet)
	switch err {
	case nil:
	case lane.ErrReplayed:
		in.replayed.Add(1)
		return
	default:
		in.forged.Add(1)
		return
	}
	in.received.Add(1)
	if g > in.present {
		in.advance(g)
	}
	if len(voice) > 0 && !isSounding(voice) {
		in.conn.inbox.push(bytes.Clone(voice))
	}
	if wait := now.Sub(in.reported); wait >= laneReport || len(voice) == 0 && wait >= laneReportLeast {
		in.report(o, wait)
		in.reported = now
	}
}

// report reports, unless there has been a flood since the last time. The caller holds
// the mutex.
func (in *laneIn) report(o *lane.Opener, wait time.Duration) {
	strange := in.forged.Load() + in.replayed.Load()
	for _, s := range in.sockets {
		strange += s.strangers.Load()
	}
	flood := float64(strange-in.strange) > laneStrangers*wait.Seconds()
	in.strange = strange
	if !flood {
		in.conn.sendReport(o.Report())
	}
}

// advance goes to the generation of a new path.
func (in *laneIn) advance(g lane.Generation) {
	in.present = g
	if in.learn() != nil {
		return // nothing more than that no path after these has a lane
	}
	ids := slices.Collect(maps.Keys(in.known))
	for _, s := range in.sockets {
		s.lanes.set(in, ids)
	}
	in.reported = time.Time{}
}

// laneBook finds the lane of a packet that came to a socket.
type laneBook struct {
	mu   sync.Mutex // guards what follows; held for map operations only
	of   map[lane.ID]*laneIn
	read func() // starts the socket's reader; nil when it runs
}

// set makes exactly the ids given a lane's.
func (b *laneBook) set(in *laneIn, ids []lane.ID) {
	b.mu.Lock()
	defer b.mu.Unlock()
	maps.DeleteFunc(b.of, func(_ lane.ID, whose *laneIn) bool { return whose == in })
	for _, id := range ids {
		b.of[id] = in
	}
	if len(ids) > 0 && b.read != nil {
		b.read()
		b.read = nil
	}
}

func (b *laneBook) find(id lane.ID) *laneIn {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.of[id]
}

// readLanes hands packets that are not QUIC's to the lanes whose ids they bear
// until the context or the socket ends.
func (s *socket) readLanes(ctx context.Context) {
	room := make([]byte, lane.MaxPacket+1)
	for {
		n, _, err := s.tr.ReadNonQUICPacket(ctx, room)
		if err != nil {
			return
		}
		id, ok := lane.Identify(room[:n])
		if in := s.lanes.find(id); ok && in != nil {
			in.take(id, room[:n], time.Now())
		} else {
			s.strangers.Add(1)
		}
	}
}
