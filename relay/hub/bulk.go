package hub

import (
	"time"

	pb "google.golang.org/protobuf/proto"

	"crossband/proto"
	"crossband/proto/wire"
)

// A bulk link is a second connection of a party that has a live link, for what is large
// and not urgent. It stands for nothing of its own: who is there, what is subscribed and
// what has been used up hang on the live link, or on the name.

// bulkUp takes in a bulk link, in the place of an older one. Without a live link of the
// same party there is none.
func (h *Hub) bulkUp(e LinkUp) {
	l := newLink(e.Link, e.Peer)
	l.since = h.now
	if h.isPeer(l) {
		l.of = h.peers[e.Peer.Agency]
	} else {
		l.of = h.names[e.Peer]
	}
	if l.of == nil || l.of.peer != e.Peer {
		why := proto.Refusef(proto.ReasonNotReady, "no live link of %s", e.Peer)
		h.emit(Close{l.id, why})
		h.emit(Audit{Peer: e.Peer, Kind: proto.KindHello, Refusal: why})
		return
	}
	if old := l.of.bulk; old != nil {
		h.emit(Close{old.id, proto.Refuse(proto.ReasonReplaced, e.Peer.String())})
		h.bulkDown(old)
	}
	l.of.bulk, h.links[l.id] = l, l
}

// bulkDown frees what hung on a bulk link: requests.
func (h *Hub) bulkDown(l *link) {
	delete(h.links, l.id)
	if l.of.bulk == l {
		l.of.bulk = nil
	}
	h.abandon(l)
}

// live is the link that a party's standing hangs on: of a bulk link the one that it
// belongs to.
func (l *link) live() *link {
	if l.of != nil {
		return l.of
	}
	return l
}

// answerTime is how long a request over the link waits for its answer. A page that is
// refused before it has come through is asked for again, and never comes.
func (l *link) answerTime() time.Duration {
	if l.of != nil {
		return proto.BulkTimeout
	}
	return proto.AnswerTimeout
}

// waiting is how many requests wait for the other side's answer, on both links.
func (l *link) waiting() int {
	n := len(l.pending)
	if l.bulk != nil {
		n += len(l.bulk.pending)
	}
	return n
}

// viaBulk says how a request goes to another relay. What may be large goes over the bulk
// link; while there is none a log is asked for in pages of the size that a live link
// takes.
func viaBulk(to *link, f *wire.Frame) (*link, *wire.Frame) {
	if !proto.IsLarge(f) {
		return to, f
	}
	if to.bulk != nil {
		return to.bulk, f
	}
	if b := f.GetFetchLog(); b != nil {
		b = pb.Clone(b).(*wire.FetchLog)
		b.Most = proto.MaxLive
		f = &wire.Frame{Id: f.Id, Re: f.Re, Endpoint: f.Endpoint, Hops: f.Hops, Body: &wire.Frame_FetchLog{FetchLog: b}}
	}
	return to, f
}
