package client

import (
	"crypto"
	"errors"
	"sync/atomic"
	"time"

	"crossband/client/voice"
	"crossband/crypto/mls/tree"
	"crossband/crypto/sframe"
	"crossband/proto"
)

// Sink is where voice is played: 20 ms at a time, on one goroutine. Play must
// return well within 20 ms and must not keep the samples.
type Sink interface {
	Play(Played)
}

// Played is 20 ms of one channel's voice.
type Played struct {
	Channel proto.ChannelID
	From    proto.Name
	Burst   proto.BurstID
	Index   uint32 // of the frame in its burst; meaningless when Concealed
	PCM     []int16
	At      time.Time
	Age     time.Duration // since capture, less the fastest way that a frame of From has had lately; 0 when Conceal
	Conceal bool          // the frame was lost: this stands in for it
	End     bool          // the burst is over

	// The frame as it came, for who passes it on without coding it again; good during
	// Play only. There is none when Conceal, or when it could not be decoded: then PCM
	// stands in for it all the same.
	Codec   voice.Codec
	Payload []byte
	Before  []byte // the frame before, when PCM is two in the time of one: to be given first
}

// VoiceStats counts voice frames that came in, by what became of them.
type VoiceStats struct {
	Received       uint64 // datagrams
	Played         uint64
	Concealed      uint64 // played in place of lost ones
	Late           uint64 // came after their place had been played
	Stale          uint64 // held back or played back on their way: see voice.Freshness
	Duplicates     uint64 // genuine, and opened before: sent again when the floor was granted
	NoKey          uint64 // of an epoch that we hold no key of
	Rejected       uint64 // forged, damaged, malformed, or by a member that may not send
	Dropped        uint64 // our own queues were full, or a burst was cut off
	Fetched        uint64 // frames of missed bursts that our relay had kept
	FetchedKnown   uint64 // of these, of bursts that have been heard or given, and our own
	FetchedNoKey   uint64 // of an epoch that we hold no key of
	FetchedRefused uint64 // forged, damaged, not of the outage, by a member that may not send, or beyond a bound
	Unreported     uint64 // bursts whose BurstHeard found the queue of events full
	LanePackets    uint64 // genuine packets of voice lanes, those that ask whether one is open too
	LaneForged     uint64 // packets that bore our lane's number and were not our relay's
	LaneReplayed   uint64 // packets of a lane that had come before
}

// ears own all voice coming in: opening, ordering, playing, and checking whose
// it was. Everything about a channel arrives by message; only the goroutine of
// listen touches the rest.
type ears struct {
	s     *Session
	sink  Sink
	in    chan []byte    // voice datagrams; full: the oldest is dropped
	kept  chan keptVoice // pages of missed voice, one at a time
	keys  chan keyNews   // from the mutex's holders; the queue is drained first
	stats atomic.Pointer[VoiceStats]
	lost  atomic.Uint64 // dropped at in
	now   VoiceStats
	heard map[proto.Alias]*ear
	early []early      // frames that overtook the commit which brings their key
	ahead atomic.Int64 // nanoseconds by which the relay's clock was ahead when the link began
	fresh map[proto.Name]*freshness
	known knownBursts // heard or given: not to be given late
}

// freshness is what tells a sender's live voice, on whichever channel, from old.
type freshness struct {
	voice.Freshness
	heard time.Time
	stale uint64    // frames that were not live
	said  time.Time // when the log was told last
}

// early is a datagram whose key is not there yet.
type early struct {
	datagram []byte
	at       time.Time
}

type keyNews struct {
	alias proto.Alias
	keys  *keys // nil: forget the channel
}

// keys are what opens one epoch of one channel, and who is who in it.
type keys struct {
	channel  proto.ChannelID
	suite    sframe.Suite
	epoch    uint64
	base     []byte
	speakers map[uint32]speaker
	own      uint32
}

// speaker is a member as the ears know it.
type speaker struct {
	name proto.Name
	key  crypto.PublicKey
	may  bool // the charter lets it send
}

// ear is one channel's.
type ear struct {
	channel  proto.ChannelID
	receiver *sframe.Receiver
	player   *voice.Player
	late     *lateEar
	epochs   map[uint64]map[uint32]speaker
	bursts   map[voice.BurstID]*hearing
}

// hearing is one burst on its way in.
type hearing struct {
	from     speaker
	verifier *voice.BurstVerifier
	last     time.Time
	played   int
	began    bool // its first frame has come
	over     bool
}

const (
	voiceInbox  = 256             // datagrams that wait for the ears
	keyInbox    = 64              // epochs that wait for the ears
	burstMemory = 3 * time.Second // after its last frame a burst's signatures may still come
	maxBursts   = 32              // remembered per channel; beyond it the oldest is closed
	maxEarly    = 100             // frames kept until their key comes; beyond it the oldest is given up
	earlyLife   = time.Second     // and how long
	maxSenders  = 1024            // whose pace is remembered; beyond it the one not heard for longest is forgotten
	staleSaid   = time.Minute     // at least, between two lines in the log about one sender's old voice
)

func newEars(s *Session, sink Sink) *ears {
	e := &ears{s: s, sink: sink, in: make(chan []byte, voiceInbox), keys: make(chan keyNews, keyInbox), kept: make(chan keptVoice), heard: make(map[proto.Alias]*ear), fresh: make(map[proto.Name]*freshness)}
	e.stats.Store(&VoiceStats{})
	return e
}

// VoiceStats returns the figures of voice heard so far.
func (s *Session) VoiceStats() VoiceStats {
	st := *s.ears.stats.Load()
	st.Dropped += s.ears.lost.Load()
	s.inbound().addTo(&st)
	return st
}

// hear takes a datagram off the link. It never blocks.
func (e *ears) hear(b []byte) {
	for {
		select {
		case e.in <- b:
			return
		default:
		}
		select {
		case <-e.in:
			e.lost.Add(1)
		default:
		}
	}
}

// learn hands over the keys of a new epoch. It waits for the ears, which never
// wait for anybody.
func (e *ears) learn(a proto.Alias, k keys) { e.tell(keyNews{a, &k}) }

func (e *ears) forget(a proto.Alias) { e.tell(keyNews{a, nil}) }

func (e *ears) tell(n keyNews) {
	select {
	case e.keys <- n:
	case <-e.s.ctx.Done():
	}
}

// listen is the ears' goroutine. It ends with the Session.
func (e *ears) listen() {
	tick := time.NewTicker(proto.VoiceFrame)
	defer tick.Stop()
	for {
		select {
		case n := <-e.keys:
			e.news(n)
			continue
		default:
		}
		select {
		case <-e.s.ctx.Done():
			for _, x := range e.heard {
				x.wipe()
			}
			return
		case n := <-e.keys:
			e.news(n)
		case b := <-e.in:
			e.open(b, e.s.cfg.Clock())
		case k := <-e.kept:
			e.late(k)
		case <-tick.C:
			e.tick(e.s.cfg.Clock())
		}
	}
}

func (e *ears) news(n keyNews) {
	x := e.heard[n.alias]
	if n.keys == nil {
		if x != nil {
			x.wipe()
			delete(e.heard, n.alias)
		}
		return
	}
	if x == nil {
		r, err := sframe.NewReceiver(n.keys.suite, proto.ChannelKIDLayout())
		late, again := newLateEar(n.keys.suite)
		if err = errors.Join(err, again); err != nil {
			e.s.log.Error("no ears", "why", err.Error())
			return
		}
		x = &ear{
			channel: n.keys.channel, receiver: r, player: voice.NewPlayer(voice.JitterConfig{}), late: late,
			epochs: make(map[uint64]map[uint32]speaker), bursts: make(map[voice.BurstID]*hearing),
		}
		e.heard[n.alias] = x
	}
	if err := x.addEpoch(n.keys, e.s.cfg.Clock()); err != nil {
		e.s.log.Warn("voice key not taken", "why", err.Error())
		return
	}
	clear(n.keys.base)
	x.epochs[n.keys.epoch] = n.keys.speakers
	e.retry(n.alias)
	for old := range x.epochs { // the receiver forgets the keys by time, we the names by number
		if old+sframe.MaxEpochs <= n.keys.epoch {
			delete(x.epochs, old)
		}
	}
}

// keepEarly keeps a frame for which there is no key: the commit that brings it
// may be a packet behind.
func (e *ears) keepEarly(b []byte, now time.Time) {
	if len(e.early) == maxEarly {
		e.early = e.early[1:]
		e.now.NoKey++
	}
	e.early = append(e.early, early{b, now})
}

// retry opens again what was kept for a channel that has a new key.
func (e *ears) retry(a proto.Alias) {
	kept := e.early
	e.early = nil
	for _, k := range kept {
		if alias, _, _ := proto.ParseVoice(k.datagram); alias == a {
			e.now.Received-- // counted when it came
			e.open(k.datagram, k.at)
		} else {
			e.early = append(e.early, k)
		}
	}
}

func (e *ears) giveUpEarly(now time.Time) {
	for len(e.early) > 0 && now.Sub(e.early[0].at) > earlyLife {
		e.early = e.early[1:]
		e.now.NoKey++
	}
}

// open takes one datagram, which came at the time given, as far as the jitter
// buffer.
func (e *ears) open(b []byte, at time.Time) {
	now := e.s.cfg.Clock()
	e.now.Received++
	alias, frame, err := proto.ParseVoice(b)
	x := e.heard[alias]
	if err != nil || x == nil {
		e.now.Rejected++
		return
	}
	o, err := x.receiver.Open(nil, nil, frame, now)
	switch outcomeOf(err) {
	case frameOpened:
	case frameAgain:
		e.now.Duplicates++
		return
	case frameNoKey:
		e.keepEarly(b, at)
		return
	default:
		e.now.Rejected++
		return
	}
	from, ok := x.epochs[o.Epoch][o.Leaf]
	f, err := voice.ParseFrame(o.Plaintext)
	if err != nil || !ok || !from.may {
		e.now.Rejected++
		return
	}
	if !e.live(from.name, f, at) {
		return
	}
	h := x.burst(f.Burst, from, o.Leaf, now, e)
	if h.from.name != from.name {
		e.now.Rejected++ // another member's burst
		return
	}
	h.last, h.began = now, h.began || f.First
	if f.Kind == voice.KindSignature {
		if err := h.verifier.Block(o.Epoch, f.Payload, from.key); err != nil {
			e.now.Rejected++
			e.s.log.Warn("burst's signature refused", "from", from.name.String(), "why", err.Error())
		} else if r := h.verifier.Result(); r.Complete {
			x.player.EndAt(f.Burst, r.Length)
		}
		return
	}
	h.verifier.Frame(f.Index, frame)
	x.player.Push(f, now)
}

// live reports whether a frame is to be played: not one that lay somewhere. A
// burst of which no frame is live is not heard of.
func (e *ears) live(from proto.Name, f voice.Frame, at time.Time) bool {
	r := e.fresh[from]
	if r == nil {
		e.makeRoom()
		r = &freshness{}
		e.fresh[from] = r
	}
	r.heard = at
	if r.Judge(f, at, time.Duration(e.ahead.Load())) {
		return true
	}
	e.now.Stale++
	r.stale++
	if at.Sub(r.said) >= staleSaid {
		e.s.log.Warn("old voice not played", "from", from.String(), "frames", r.stale, "said", f.Stamp.Time())
		r.said = at
	}
	return false
}

// makeRoom forgets the sender that has not been heard for longest.
func (e *ears) makeRoom() {
	if len(e.fresh) < maxSenders {
		return
	}
	var oldest proto.Name
	for name, r := range e.fresh {
		if o := e.fresh[oldest]; o == nil || r.heard.Before(o.heard) {
			oldest = name
		}
	}
	delete(e.fresh, oldest)
}

func (x *ear) burst(id voice.BurstID, from speaker, leaf uint32, now time.Time, e *ears) *hearing {
	if h := x.bursts[id]; h != nil {
		return h
	}
	if len(x.bursts) >= maxBursts {
		var oldest voice.BurstID
		for id, h := range x.bursts {
			if o := x.bursts[oldest]; o == nil || h.last.Before(o.last) {
				oldest = id
			}
		}
		e.finish(x, oldest)
	}
	h := &hearing{from: from, last: now, verifier: voice.NewBurstVerifier(voice.BurstContext{Channel: x.channel, Leaf: leaf, Burst: id})}
	x.bursts[id] = h
	return h
}

// tick plays 20 ms of every channel.
func (e *ears) tick(now time.Time) {
	for _, x := range e.heard {
		x.receiver.Expire(now)
		x.late.receiver.Expire(now)
		p := x.player.Tick(now)
		if p.PCM != nil {
			h := x.bursts[p.Burst]
			if h != nil {
				h.played += framesIn(p.Action)
			}
			e.play(x, h, p, now)
		}
		if p.End {
			if h := x.bursts[p.Burst]; h != nil {
				h.over = true
			}
		}
		for id, h := range x.bursts {
			r := h.verifier.Result()
			if now.Sub(h.last) > burstMemory || h.over && r.Complete {
				e.finish(x, id)
			}
		}
	}
	e.giveUpEarly(now)
	e.publish()
}

// framesIn is how many frames an action plays: Skip plays two in the time of
// one, and what stands in for a lost frame is none.
func framesIn(a voice.Action) int {
	switch a {
	case voice.Play:
		return 1
	case voice.Skip:
		return 2
	}
	return 0
}

func (e *ears) play(x *ear, h *hearing, p voice.Heard, now time.Time) {
	if e.sink == nil {
		return
	}
	out := Played{Channel: x.channel, Burst: proto.BurstID(p.Burst), Index: p.Index, PCM: p.PCM, At: now, Conceal: p.Action == voice.Conceal, End: p.End,
		Codec: p.Codec, Payload: p.Payload, Before: p.Before}
	if h != nil {
		out.From = h.from.name
		if r := e.fresh[h.from.name]; r != nil && !out.Conceal {
			out.Age = r.Age(p.Stamp, now)
		}
	}
	e.sink.Play(out)
}

// publish makes the counters readable for others.
func (e *ears) publish() {
	st := e.now
	for _, x := range e.heard {
		p := x.player.Stats()
		st.Played += uint64(p.Played)
		st.Concealed += uint64(p.Concealed)
		st.Late += uint64(p.Late)
		st.Duplicates += uint64(p.Duplicate)
		st.Dropped += uint64(p.Dropped)
	}
	e.stats.Store(&st)
}

// finish says what is known of a burst that is over.
func (e *ears) finish(x *ear, id voice.BurstID) {
	h := x.bursts[id]
	delete(x.bursts, id)
	r := h.verifier.Result()
	e.heardWhole(x, id, h, r)
	select {
	case e.s.events <- BurstHeard{
		Channel: x.channel, Burst: proto.BurstID(id), From: h.from.name,
		Frames: h.played, Verified: r.Verified, Forged: r.Forged, Genuine: r.Genuine(),
	}:
	default:
		e.now.Unreported++ // nobody fetches events: voice goes on
	}
	if r.Forged > 0 || r.Contradicted {
		e.s.log.Warn("forged voice", "from", h.from.name.String(), "frames", r.Forged)
	}
}

// publicKey returns the key that a member's certificate certifies.
func publicKey(c tree.Credential) (crypto.PublicKey, error) {
	cert, err := c.Certificate()
	if err != nil {
		return nil, proto.Refuse(proto.ReasonBadCertificate, err.Error())
	}
	return cert.Key, nil
}
