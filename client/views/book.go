package views

import (
	"crypto"
	"time"

	"crossband/proto"
)

// Limits of a Book.
const (
	// PastEpochs is how many of our own epochs we can compare, the present one
	// included.
	PastEpochs = 64
	// Silence is how long nothing heard may mean nothing.
	Silence = 60 * time.Second
	// Unreached is how long another may be in an epoch that our relay does not
	// bring us to, although it says that there is nothing newer. An honest relay
	// needs a link's round trip, or says within 4 s (proto.LinkIdle) that the
	// hub is away.
	Unreached = 30 * time.Second
	// Freshness is how far a beat's time may be from our own clock. It is not
	// corrected by what our relay says of the time: a relay could use that to
	// hand us old beats as new ones for as long as it likes.
	Freshness = proto.ClockSkewWarning
	// Asleep is a gap between two sweeps by which we know that we did not run.
	Asleep = 10 * time.Second
	// maxNamed bounds the differences reported in one epoch: in a fork of a
	// thousand members the first few say it all.
	maxNamed = 16
)

// Member is one of the group's members.
type Member struct {
	Name proto.Name
	Key  crypto.PublicKey
}

// Difference is a member who is in another view than we, told once for each
// member and epoch.
type Difference struct {
	Member proto.Name
	Epoch  uint64
	Hidden bool // an epoch that our relay does not bring us to; else the same epoch with another history
}

// Counts counts the beats that came in by what became of them.
type Counts struct {
	Agreed    uint64 // compared: the same view
	Differed  uint64 // compared: another one
	Ahead     uint64 // of an epoch that we had not reached
	Unknown   uint64 // of an epoch from before our time, or too long ago
	Own       uint64 // our own, come back
	Strangers uint64 // by nobody who is a member as far as we know
	Stale     uint64 // further than Freshness from our clock
	Replayed  uint64 // not newer than the sender's last one: a copy by another way, or sent again
	Forged    uint64 // the signature does not fit
	Malformed uint64 // cannot be read
}

// Book is one member's record of its own epochs and of what the others say.
// Its zero value is not usable; see NewBook.
type Book struct {
	channel proto.ChannelID
	self    proto.Name
	pick    func(time.Duration) time.Duration // chance: uniform below its argument
	epoch   uint64
	past    []view // oldest first, the present one last; at most PastEpochs
	members map[proto.Name]*member
	place   int // ours among the members
	size    int // of the group, with us
	named   int // differences reported in this epoch
	swept   time.Time
	counts  Counts
	pace    pace
}

// view is an epoch that we have been in.
type view struct {
	epoch  uint64
	digest Digest
	left   time.Time // when we went on; zero: we are in it
}

// member is what another has told us.
type member struct {
	key     crypto.PublicKey
	entered time.Time // since when we know it
	stamp   time.Time // its newest beat, by its own clock
	heard   time.Time // when we heard that, by ours
	epoch   uint64    // that it was in
	agreed  time.Time // when it last said that it shares our view; zero: not since it last did not
	differs bool      // its last comparable word was of another view
	ahead   *ahead    // it is in an epoch that we have not reached
	told    bool      // a difference has been reported, for toldFor
	toldFor uint64
}

// ahead is the first beat of a member about an epoch that we have not reached.
// One is kept of each member; later ones would only restart the wait.
type ahead struct {
	epoch  uint64
	digest Digest
	since  time.Time
}

// NewBook returns an empty book. pick gives chance for spreading beats: a
// duration uniformly below its argument.
func NewBook(ch proto.ChannelID, self proto.Name, pick func(time.Duration) time.Duration) *Book {
	return &Book{channel: ch, self: self, pick: pick, members: make(map[proto.Name]*member)}
}

// Counts returns what became of the beats that came in.
func (b *Book) Counts() Counts { return b.counts }

// Malformed counts a beat that could not be read.
func (b *Book) Malformed() { b.counts.Malformed++ }

// Enter takes an epoch as ours, with its members in the order of their leaves.
// An epoch that does not follow the last one is a new beginning: what we knew
// of earlier ones may be of another history and is not compared any more.
func (b *Book) Enter(epoch uint64, d Digest, members []Member, now time.Time) []Difference {
	switch n := len(b.past); {
	case n > 0 && b.past[n-1].epoch == epoch && b.past[n-1].digest == d: // the same one, after a restart
	case n > 0 && b.past[n-1].epoch+1 == epoch:
		b.past[n-1].left = now
		if n == PastEpochs {
			b.past = b.past[1:]
		}
		b.past = append(b.past, view{epoch: epoch, digest: d})
	default:
		b.Restart()
		b.past = append(b.past, view{epoch: epoch, digest: d})
	}
	b.epoch, b.named = epoch, 0
	b.seat(members, now)
	b.pace.soon(now, b.pick)
	var out []Difference
	for _, m := range members {
		if o := b.members[m.Name]; o != nil && o.ahead != nil && o.ahead.epoch <= epoch {
			a := o.ahead
			o.ahead = nil
			out = append(out, b.compare(m.Name, o, a.epoch, a.digest, now)...)
		}
	}
	return out
}

// Restart forgets our earlier epochs: we come into the group anew. Who differed
// still does, until it says otherwise.
func (b *Book) Restart() {
	b.past = nil
	for _, m := range b.members {
		m.ahead, m.agreed = nil, time.Time{}
	}
}

// seat takes over the members of an epoch.
func (b *Book) seat(members []Member, now time.Time) {
	before := b.members
	b.members = make(map[proto.Name]*member, len(members))
	b.size = len(members)
	for i, m := range members {
		if m.Name == b.self {
			b.place = i
			continue
		}
		o := before[m.Name]
		if o == nil {
			o = &member{entered: now}
		}
		o.key = m.Key
		b.members[m.Name] = o
	}
}

// Hear takes a beat that came in. What is not fresh, new and signed by a member
// changes nothing but a count.
func (b *Book) Hear(x Beat, now time.Time) []Difference {
	if x.From == b.self {
		b.counts.Own++
		return nil
	}
	m := b.members[x.From]
	switch {
	case m == nil:
		b.counts.Strangers++
		return nil
	case x.At.Sub(now).Abs() > Freshness:
		b.counts.Stale++
		return nil
	case !x.At.After(m.stamp):
		b.counts.Replayed++
		return nil
	case !x.signedBy(b.channel, m.key):
		b.counts.Forged++
		return nil
	}
	m.stamp, m.heard, m.epoch = x.At, now, x.Epoch
	if x.Epoch > b.epoch {
		b.counts.Ahead++
		if m.ahead == nil {
			m.ahead = &ahead{x.Epoch, x.Digest, now}
		}
		return nil
	}
	m.ahead = nil
	return b.compare(x.From, m, x.Epoch, x.Digest, now)
}

// compare holds what a member said about an epoch of ours against what we know
// of it.
func (b *Book) compare(name proto.Name, m *member, epoch uint64, d Digest, now time.Time) []Difference {
	v, ok := b.view(epoch)
	switch {
	case !ok:
		b.counts.Unknown++
		return nil
	case v.digest != d:
		b.counts.Differed++
		return b.differ(name, m, Difference{name, epoch, false})
	}
	b.counts.Agreed++
	m.differs = false
	// Who stays behind for long confirms an old view, not ours.
	if v.left.IsZero() || now.Sub(v.left) < Silence {
		m.agreed = now
	}
	return nil
}

func (b *Book) view(epoch uint64) (view, bool) {
	for _, v := range b.past {
		if v.epoch == epoch {
			return v, true
		}
	}
	return view{}, false
}

// differ marks a member and reports it, once for each epoch.
func (b *Book) differ(name proto.Name, m *member, d Difference) []Difference {
	m.differs, m.agreed = true, time.Time{}
	if m.told && m.toldFor == d.Epoch || b.named >= maxNamed {
		return nil
	}
	m.told, m.toldFor = true, d.Epoch
	b.named++
	return []Difference{d}
}

// Sweep finds the members whose epoch our relay has not brought us to in time.
// It is to be called about once a second. inTouch says that we are subscribed,
// that the relay reaches the hub, and that we have all that it says there is:
// only then does a wait count. A wait that a sleeping device slept through
// begins anew.
func (b *Book) Sweep(now time.Time, inTouch bool) []Difference {
	if now.Sub(b.swept) > Asleep {
		inTouch = false
	}
	b.swept = now
	var out []Difference
	for name, m := range b.members {
		if m.ahead == nil {
			continue
		}
		if !inTouch {
			m.ahead.since = now
		} else if now.Sub(m.ahead.since) >= Unreached {
			b.counts.Differed++
			out = append(out, b.differ(name, m, Difference{name, m.ahead.epoch, true})...)
			m.ahead.since = now
		}
	}
	return out
}
