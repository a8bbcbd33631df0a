package client

import (
	"errors"
	"time"

	"crossband/client/voice"
	"crossband/crypto/sframe"
	"crossband/proto"
)

// LateSink is a Sink that also takes bursts which were said while this device had no
// link. Late is called for one burst at a time, on a goroutine that plays nothing, for
// those of one channel in the order in which they were said. What it is given is its
// own to keep.
type LateSink interface {
	Sink
	Late(LateBurst)
}

// LateBurst is a burst that was missed and comes after the fact, as one finished
// thing. It must never be played as if it were said now.
type LateBurst struct {
	Channel  proto.ChannelID
	Burst    proto.BurstID
	From     proto.Name
	At       time.Time // when it began, by this device's clock as far as the sender's is known
	Codec    voice.Codec
	Payloads [][]byte // 20 ms each, at most voice.MaxCollected; nil: the frame is missing
	Genuine  bool     // every frame was signed by From's device
	Whole    bool     // nothing is missing
}

// BurstLate says that a burst has been given to the LateSink.
type BurstLate struct {
	Channel proto.ChannelID
	Burst   proto.BurstID
	From    proto.Name
	At      time.Time
	Length  time.Duration // with what is missing
	Forged  int           // frames left out that From did not sign: an attack by a member
	Genuine bool
	Whole   bool
}

func (BurstLate) event() {}

// Bounds of voice that comes late. Beyond them frames are refused and counted.
const (
	maxLateBursts = 64      // being put together, of a channel
	maxLateOctets = 4 << 20 // of their payloads
	maxKnown      = 1024    // bursts of the session that are not to be given again; the oldest goes
	lateSlack     = 2 * time.Second
)

// knownBurst names a burst that has been heard, or given.
type knownBurst struct {
	channel proto.ChannelID
	burst   voice.BurstID
}

// knownBursts are the last maxKnown of them.
type knownBursts struct {
	set   map[knownBurst]struct{}
	order []knownBurst
}

func (k *knownBursts) add(b knownBurst) {
	if _, known := k.set[b]; known {
		return
	}
	if k.set == nil {
		k.set = make(map[knownBurst]struct{})
	}
	if len(k.order) == maxKnown {
		delete(k.set, k.order[0])
		k.order = k.order[1:]
	}
	k.set[b] = struct{}{}
	k.order = append(k.order, b)
}

func (k *knownBursts) has(b knownBurst) bool { _, known := k.set[b]; return known }

// lateEar puts one channel's late voice together. Its keys are those of the ear, and
// last as long; its windows are its own, for what is live has gone on meanwhile.
type lateEar struct {
	receiver *sframe.Receiver
	bursts   map[voice.BurstID]*lateHearing
	octets   int
}

// lateHearing is one burst being put together.
type lateHearing struct {
	from   speaker
	ahead  time.Duration // of the sender's stamps, less our clock
	burst  voice.BurstID
	frames *voice.Collector
}

// keptVoice is a page of kept voice on its way to the ears.
type keptVoice struct {
	alias        proto.Alias
	frames       [][]byte
	since, until time.Time           // of the outage, by our clock
	found        chan []*lateHearing // given the bursts after the last page; nil: more pages come
}

func newLateEar(suite sframe.Suite) (*lateEar, error) {
	r, err := sframe.NewReceiver(suite, proto.ChannelKIDLayout())
	if err != nil {
		return nil, err
	}
	return &lateEar{receiver: r, bursts: make(map[voice.BurstID]*lateHearing)}, nil
}

// addEpoch gives a channel's ears the keys of a new epoch.
func (x *ear) addEpoch(k *keys, now time.Time) error {
	return errors.Join(x.receiver.AddEpoch(k.epoch, k.base, now), x.late.receiver.AddEpoch(k.epoch, k.base, now))
}

func (x *ear) wipe() {
	x.receiver.Wipe()
	x.late.receiver.Wipe()
}

// outcomeOf sorts the reasons for which a frame was not opened.
func outcomeOf(err error) outcome {
	switch {
	case err == nil:
		return frameOpened
	case errors.Is(err, sframe.ErrReplay), errors.Is(err, sframe.ErrOld):
		return frameAgain
	case errors.Is(err, sframe.ErrUnknownKey):
		return frameNoKey
	}
	return frameBad
}

// outcome is what became of a sealed frame.
type outcome uint8

const (
	frameOpened outcome = iota
	frameAgain          // genuine, and opened before
	frameNoKey          // of an epoch that we hold no key of
	frameBad            // forged, damaged or malformed
)

// late takes a page on the ears' goroutine.
func (e *ears) late(k keptVoice) {
	x := e.heard[k.alias]
	if x != nil {
		for _, frame := range k.frames {
			e.openLate(x, frame, k)
		}
	}
	if k.found != nil {
		k.found <- e.takeLate(x)
	}
}

// openLate takes one kept frame, if it is genuine, of the outage, and of a burst that
// is not known.
func (e *ears) openLate(x *ear, frame []byte, k keptVoice) {
	now := e.s.cfg.Clock()
	e.now.Fetched++
	o, err := x.late.receiver.Open(nil, nil, frame, now)
	if err != nil {
		e.countLate(err)
		return
	}
	from, ok := x.epochs[o.Epoch][o.Leaf]
	f, err := voice.ParseFrame(o.Plaintext)
	if err != nil || !ok || !from.may {
		e.now.FetchedRefused++
		return
	}
	if from.name == e.s.Name() || e.known.has(knownBurst{x.channel, f.Burst}) {
		e.now.FetchedKnown++
		return
	}
	ahead, in := e.duringOutage(from.name, f, k, now)
	if !in {
		e.now.FetchedRefused++
		return
	}
	h := x.late.bursts[f.Burst]
	switch {
	case h == nil && len(x.late.bursts) == maxLateBursts, x.late.octets >= maxLateOctets, h != nil && h.from.name != from.name:
		e.now.FetchedRefused++
		return
	case h == nil:
		h = &lateHearing{from, ahead, f.Burst, voice.NewCollector(voice.BurstContext{Channel: x.channel, Leaf: o.Leaf, Burst: f.Burst})}
		x.late.bursts[f.Burst] = h
	}
	x.late.octets += h.frames.Add(o.Epoch, f, frame, from.key)
}

// countLate counts a kept frame that was not opened.
func (e *ears) countLate(err error) {
	switch outcomeOf(err) {
	case frameNoKey:
		e.now.FetchedNoKey++
	case frameAgain:
		e.now.FetchedKnown++
	default:
		e.now.FetchedRefused++
	}
}

// duringOutage reports whether a frame was said while we had no link, and how far its
// sender's stamps are ahead of our clock. Of a sender whose pace is not known only its
// time of day can be judged, widely.
func (e *ears) duringOutage(from proto.Name, f voice.Frame, k keptVoice, now time.Time) (ahead time.Duration, in bool) {
	slack, at := voice.StrangerSkew, f.Stamp.Time().Add(-time.Duration(e.ahead.Load()))
	if r := e.fresh[from]; r != nil {
		if said, known := r.Said(f.Stamp, now); known {
			slack, at = lateSlack, said
		}
	}
	return f.Stamp.Time().Sub(at), !at.Before(k.since.Add(-slack)) && !at.After(k.until.Add(slack))
}

// takeLate hands out what has been put together. What is being heard live from its
// beginning is left to that; nothing is given twice.
func (e *ears) takeLate(x *ear) []*lateHearing {
	if x == nil {
		return nil
	}
	var list []*lateHearing
	for id, h := range x.late.bursts {
		b := knownBurst{x.channel, id}
		if live := x.bursts[id]; live != nil && live.began || e.known.has(b) {
			continue
		}
		e.known.add(b)
		list = append(list, h)
	}
	clear(x.late.bursts)
	x.late.octets = 0
	return list
}

// heardWhole notes a burst that has been played from its beginning to its end, but
// for some frames: it is not missed.
func (e *ears) heardWhole(x *ear, id voice.BurstID, h *hearing, r voice.BurstResult) {
	if h.began && r.Complete && h.played*10 >= int(r.Length)*9 {
		e.known.add(knownBurst{x.channel, id})
	}
}
