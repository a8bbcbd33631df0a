package hub

import (
	"time"

	pb "google.golang.org/protobuf/proto"

	"crossband/proto"
	"crossband/proto/wire"
)

// Who links must hear of every document, channel, welcome and returned message that is there
// for it, and a partner decides how many channels there are. Told at once they
// would overflow the link's queue, which closes as slow, and the next link would
// end the same way. So they are handed out in portions, in their order: what goes
// beyond one waits for the next tick.
type portions struct {
	later  []*wire.Frame
	size   int // of later, in octets
	frames proto.Bucket
	octets proto.Bucket
	joins  proto.Bucket // subscriptions at a hub whose link has come back
}

// Bounds of what waits for one link: as much as there can be when it comes. Whoever
// lets it grow beyond reads too slowly.
const (
	maxLater       = (1+proto.MaxParties)*proto.MaxDocuments + proto.MaxChannels + proto.MaxWelcomes*proto.MaxMembers + maxReturned
	maxLaterOctets = 2*maxDocumentOctets + proto.MaxChannels*proto.MaxCharter + maxWelcomeOctets + 1<<20
)

// portion is what may pass in one tick.
func portion(n float64) proto.Rate {
	return proto.Rate{PerSecond: n * float64(time.Second/TickEvery), Burst: n}
}

func frameRate() proto.Rate { return portion(64) }
func octetRate() proto.Rate { return portion(64 << 10) }
func joinRate() proto.Rate  { return portion(32) }

// hand sends a frame now, or behind those that wait for a later portion.
func (h *Hub) hand(l *link, f *wire.Frame) {
	p := &l.portions
	switch {
	case len(p.later) == 0 && p.ready(h.now):
		h.give(l, f)
	case len(p.later) < maxLater && p.size < maxLaterOctets:
		p.later, p.size = append(p.later, f), p.size+pb.Size(f)
	default:
		h.emit(Close{l.id, proto.Refusef(proto.ReasonSlow, "%d frames wait", len(p.later))})
	}
}

// tickPortions hands out the next portion.
func (h *Hub) tickPortions(l *link) {
	p := &l.portions
	for len(p.later) > 0 && p.ready(h.now) {
		f := p.later[0]
		p.later, p.size = p.later[1:], p.size-pb.Size(f)
		h.give(l, f)
	}
	if len(p.later) == 0 {
		p.later = nil
	}
}

// ready reports whether the portion is not used up. A frame larger than what is
// left of it passes; those behind it wait for longer.
func (p *portions) ready(now time.Time) bool {
	return p.frames.Allows(now, frameRate(), 1) && p.octets.Allows(now, octetRate(), 1)
}

func (h *Hub) give(l *link, f *wire.Frame) {
	l.portions.frames.Take(h.now, frameRate(), 1)
	l.portions.octets.Take(h.now, octetRate(), float64(pb.Size(f)))
	h.send(l, f)
}
