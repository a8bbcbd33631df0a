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

// laneStrangers a second that come to our sockets and are no lane's are a flood:
// quic-go holds 32 packets that are not its own and drops what comes on top, the
// lane's too, while it finds QUIC's by their connection ids. In a flood we ask the relay
// to send voice by QUIC. Each laneLook we find out.
const (
	laneStrangers = 2000
	laneLook      = 700 * time.Millisecond
)

// laneIn is the endpoint's side of a link's voice lane.
type laneIn struct {
	conn *Conn

	mu       sync.Mutex // guards what follows; taken once a packet, on the endpoint's side only
	secret   []byte
	known    map[lane.ID]lane.Generation // the present one, the one before and lanesAhead after it
	openers  map[lane.Generation]*lane.Opener
	present  lane.Generation
	reporter laneReporter // of the present one
	quiet    *time.Timer  // runs while packets come, and lane.Quiet after the last
	looked   time.Time    // when flood was found out last
	strange  uint64       // strangers' packets until then
	flood    bool         // they are one
	sockets  []*socket    // where the known ids are looked up
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
	in.quiet = time.AfterFunc(lane.Quiet, in.listen) // runs for a moment; stopped with the link
	in.quiet.Stop()
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
	in.quiet.Stop()
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
	if g == in.present {
		in.report(o.Report(), len(voice) == 0, now)
	}
}

// report reports if that is due. The caller holds the mutex.
func (in *laneIn) report(r lane.Report, probe bool, now time.Time) {
	begins, due := in.reporter.packet(r, probe, now)
	if begins {
		in.quiet.Reset(lane.Quiet)
	}
	if now.Sub(in.looked) >= laneLook {
		in.look(now)
		due = due || in.flood
	}
	if due {
		in.say(r, now)
	}
}

// say sends a report. The caller holds the mutex.
func (in *laneIn) say(r lane.Report, now time.Time) {
	in.reporter.reported(r, now)
	r.Leave = in.flood
	in.conn.sendReport(r)
}

// listen finds out whether packets still come.
func (in *laneIn) listen() {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.ended {
		return
	}
	now := time.Now()
	quiet, again := in.reporter.quiet(now)
	if again > 0 {
		in.quiet.Reset(again)
	}
	if quiet {
		in.look(now)
		r := in.openers[in.present].Report()
		r.Quiet = true
		in.say(r, now)
	}
}

// look finds out whether there has been a flood since the last time. The caller holds
// the mutex.
func (in *laneIn) look(now time.Time) {
	strange := in.forged.Load() + in.replayed.Load()
	for _, s := range in.sockets {
		strange += s.strangers.Load()
	}
	in.flood = float64(strange-in.strange) > laneStrangers*now.Sub(in.looked).Seconds()
	in.looked, in.strange = now, strange
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
	in.reporter = laneReporter{}
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
