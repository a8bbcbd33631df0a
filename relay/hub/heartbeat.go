package hub

import (
	"crypto/sha256"
	"maps"
	"time"

	pb "google.golang.org/protobuf/proto"

	"crossband/proto"
	"crossband/proto/wire"
)

// Heartbeats are members' signed words to each other about which membership
// they see. They exist because hubs may lie, so they do not go by the hub alone:
// a follower hands those of its own endpoints to the hub and to every other
// party's relay that it has a link with. Relays keep none, judge no signature,
// and forward each once.

// Limits on heartbeats. Members beat once per 15 s, and within 5 s of a new
// epoch, at least 5 s apart (client/views).
const (
	beatEvery  = 5 * time.Second  // of one sender on one channel
	beatBurst  = 3                // more than one: a lost packet makes the next ones bunch
	beatShare  = 64               // in beatEvery, of one agency on one channel
	beatMemory = 30 * time.Second // how long a copy that came by another way is known
	maxBeats   = 4096             // each of senders of one link, and of copies remembered
	beatDigest = 32               // octets
	beatSigMax = 110              // octets of ASN.1 ECDSA by P-384
)

// beats is what the hub remembers of heartbeats: who has sent how much by which
// link, and which ones have passed. Allowances belong to the link that brought
// them: what a hub invents in a sender's name must not use up what the sender's
// own relay brings of it.
type beats struct {
	allowed map[LinkID]map[beatKey]proto.Bucket
	passed  [2]map[beatSum]struct{} // the younger one first
	turned  time.Time               // when the younger one was begun
}

// beatKey is whom an allowance is for: a sender, or by an empty label and role
// all of its agency.
type beatKey struct {
	channel proto.ChannelID
	from    proto.Name
}

type beatSum [16]byte

// beatRates are those of one sender, and of one agency, on one channel.
func beatRates() (one, agency proto.Rate) {
	each := beatEvery.Seconds()
	return proto.Rate{PerSecond: 1 / each, Burst: beatBurst}, proto.Rate{PerSecond: beatShare / each, Burst: beatShare}
}

// heartbeat hands on a member's word. Nobody waits for an answer.
func (h *Hub) heartbeat(l *link, actor proto.Name, f *wire.Frame, b *wire.Heartbeat) error {
	id, err := proto.ChannelIDFrom(b.Channel)
	if err != nil {
		return err
	}
	ch := h.channels[id]
	if ch == nil || !ch.created {
		return proto.Refuse(proto.ReasonNoChannel, id.Short())
	}
	if err := h.mayUse(l, ch, actor, f); err != nil {
		return err
	}
	from, err := h.beatSender(l, ch, actor, b)
	if err != nil {
		return err
	}
	out := &wire.Frame{Hops: f.Hops, Body: f.Body}
	if !h.isPeer(l) {
		out.Hops = 1
	} else if ch.charter.Owner == h.self.Agency {
		out.Hops++
	}
	if out.Hops > proto.MaxHops {
		return proto.Refusef(proto.ReasonHops, "%d", f.Hops)
	}
	if err := h.spendBeat(l, beatKey{ch.id, from}); err != nil {
		return err
	}
	if !h.beatPassed(b) {
		h.spreadBeat(l, ch, out)
	}
	return nil
}

// beatSender judges in whose name a link may bring a heartbeat: an endpoint in
// its own, a relay in those of its own agency, and the channel's hub in those of
// all but ours, which come to us first.
func (h *Hub) beatSender(l *link, ch *channel, actor proto.Name, b *wire.Heartbeat) (proto.Name, error) {
	if len(b.Digest) != beatDigest || len(b.Signature) == 0 || len(b.Signature) > beatSigMax {
		return proto.Name{}, proto.Refusef(proto.ReasonMalformed, "digest of %d octets, signature of %d", len(b.Digest), len(b.Signature))
	}
	from, err := proto.ParseName(b.From)
	if err != nil {
		return from, proto.Refuse(proto.ReasonMalformed, err.Error())
	}
	var may bool
	switch {
	case !h.isPeer(l):
		may = from == actor
	case l.peer.Agency == ch.charter.Owner:
		may = from.Agency != h.self.Agency
	default:
		may = from.Agency == l.peer.Agency
	}
	if !may {
		return from, proto.Refusef(proto.ReasonSpokenFor, "%s brings a heartbeat of %s", l.peer, from)
	}
	if ch.charter.RightAt(from, h.now) == proto.RightNone {
		return from, proto.Refusef(proto.ReasonCharter, "heartbeat of %s", from)
	}
	return from, nil
}

// spendBeat takes one heartbeat off the allowances of its sender and of the
// sender's agency, or refuses it. At the bound the senders go whose allowance
// is whole again.
func (h *Hub) spendBeat(l *link, k beatKey) error {
	m := h.beats.allowed[l.id]
	whole := beatKey{k.channel, proto.Name{Agency: k.from.Agency}}
	one, agency := beatRates()
	sender, all := m[k], m[whole]
	switch {
	case !sender.Allows(h.now, one, 1):
		return proto.Refusef(proto.ReasonQuota, "heartbeats of %s: one in %v", k.from, beatEvery)
	case !all.Allows(h.now, agency, 1):
		return proto.Refusef(proto.ReasonQuota, "heartbeats of %s: %d in %v", k.from.Agency, beatShare, beatEvery)
	case len(m)+2 > maxBeats:
		maps.DeleteFunc(m, func(_ beatKey, b proto.Bucket) bool { return b.Full(h.now, one) })
		if len(m)+2 > maxBeats {
			return proto.Refusef(proto.ReasonQuota, "heartbeats of %d senders on one link", len(m))
		}
	}
	if m == nil {
		m = make(map[beatKey]proto.Bucket)
		h.beats.allowed[l.id] = m
	}
	sender.Take(h.now, one, 1)
	all.Take(h.now, agency, 1)
	m[k], m[whole] = sender, all
	return nil
}

// beatPassed reports whether this very heartbeat has been handed on, and notes
// it. The whole of it counts, signature included: a relay that sends something
// else in a sender's name must not keep the sender's own word from passing.
func (h *Hub) beatPassed(b *wire.Heartbeat) bool {
	octets, _ := pb.MarshalOptions{Deterministic: true}.Marshal(b) // cannot fail: it came off the wire
	full := sha256.Sum256(octets)
	sum := beatSum(full[:len(beatSum{})])
	p := &h.beats.passed
	for _, old := range p {
		if _, ok := old[sum]; ok {
			return true
		}
	}
	if p[0] == nil || len(p[0]) >= maxBeats || h.now.Sub(h.beats.turned) >= beatMemory {
		p[0], p[1], h.beats.turned = make(map[beatSum]struct{}), p[0], h.now
	}
	p[0][sum] = struct{}{}
	return false
}

// spreadBeat sends a heartbeat to the subscribers, and from where it began also
// straight to the other parties' relays.
func (h *Hub) spreadBeat(l *link, ch *channel, f *wire.Frame) {
	for _, s := range ch.sortedSubs() {
		switch {
		case s == l:
		case h.isPeer(s):
			h.send(s, f)
		default:
			h.send(s, &wire.Frame{Body: f.Body})
		}
	}
	if h.isPeer(l) || ch.charter.Owner == h.self.Agency {
		return
	}
	for _, p := range sortedLinks(h.peers) {
		if ch.charter.HasPartyAt(p.peer.Agency, h.now) {
			h.send(p, f)
		}
	}
}

// forgetBeats drops the allowances of a link that has ended.
func (h *Hub) forgetBeats(id LinkID) { delete(h.beats.allowed, id) }
