package hub

import (
	"bytes"
	"maps"
	"slices"
	"time"

	pb "google.golang.org/protobuf/proto"

	"crossband/proto"
	"crossband/proto/wire"
)

// shelf holds one endpoint's key packages, each to be given out once, and one
// of last resort (RFC 9420 16.8).
type shelf struct {
	packages   [][]byte
	lastResort []byte
}

// publish takes in key packages that an endpoint of ours made for itself.
func (h *Hub) publish(l *link, actor proto.Name, f *wire.Frame, b *wire.PublishKeyPackages) error {
	if len(b.Packages) > proto.MaxKeyPackages {
		return proto.Refusef(proto.ReasonQuota, "%d key packages, limit %d", len(b.Packages), proto.MaxKeyPackages)
	}
	all := b.Packages
	if len(b.LastResort) > 0 {
		all = append(slices.Clip(all), b.LastResort)
	}
	judge := &sameChain{Judge: h.judge}
	for i, p := range all {
		if slices.ContainsFunc(all[:i], func(o []byte) bool { return bytes.Equal(o, p) }) {
			return proto.Refuse(proto.ReasonBadPackage, "the same package twice: each is given out once")
		}
		if err := h.checkPackage(judge, p, actor); err != nil {
			return err
		}
	}
	s := &shelf{packages: b.Packages, lastResort: b.LastResort}
	if err := h.storeRoom(false); err != nil {
		return err
	}
	h.packages[actor] = s
	h.saveShelf(actor, s)
	return h.done(l, f)
}

// checkPackage refuses what an adder would refuse: another's name, a wrong
// signature, a suite below the floor, an expired lifetime.
func (h *Hub) checkPackage(judge Judge, octets []byte, owner proto.Name) error {
	if len(octets) > proto.MaxKeyPackage {
		return proto.Refusef(proto.ReasonTooLarge, "key package of %d octets, limit %d", len(octets), proto.MaxKeyPackage)
	}
	name, suite, err := readKeyPackage(octets, judge, h.now)
	if err != nil {
		return proto.Refuse(proto.ReasonBadPackage, err.Error())
	}
	if name != owner {
		return proto.Refusef(proto.ReasonBadPackage, "of %s, published by %s", name, owner)
	}
	if suite != proto.SuiteP256 && suite != proto.SuiteP384 {
		return proto.Refusef(proto.ReasonWeakSuite, "suite %d", suite)
	}
	return nil
}

// sameChain judges a chain once that several packages of one publication show:
// its signatures are most of what a publication costs.
type sameChain struct {
	Judge
	chain [][]byte // judged last
	name  proto.Name
	err   error
}

// Member implements policy.Judge.
func (j *sameChain) Member(chain [][]byte, at time.Time) (proto.Name, error) {
	if j.chain == nil || !slices.EqualFunc(chain, j.chain, bytes.Equal) {
		j.name, j.err = j.Judge.Member(chain, at)
		j.chain = chain
	}
	return j.name, j.err
}

// tellPackages tells an endpoint what is left on its shelf, so that it makes new
// packages when it must and not on every link: each costs us a signature to
// check.
func (h *Hub) tellPackages(l *link) { h.send(l, h.packagesLeft(l.peer)) }

func (h *Hub) packagesLeft(n proto.Name) *wire.Frame {
	left := &wire.KeyPackagesLeft{}
	if s := h.packages[n]; s != nil {
		left.Left, left.LastResort = uint32(len(s.packages)), len(s.lastResort) > 0
	}
	return &wire.Frame{Body: &wire.Frame_KeyPackagesLeft{KeyPackagesLeft: left}}
}

func (h *Hub) saveShelf(owner proto.Name, s *shelf) {
	octets, _ := pb.Marshal(&wire.PublishKeyPackages{Packages: s.packages, LastResort: s.lastResort})
	h.emit(Write{bucketPackages, []byte(owner.String()), octets})
}

// fetchPackage gives out a key package of one of our endpoints, or asks the
// relay of the endpoint's agency for one.
func (h *Hub) fetchPackage(l *link, f *wire.Frame, b *wire.FetchKeyPackage) error {
	name, err := proto.ParseName(b.Name)
	if err != nil {
		return proto.Refuse(proto.ReasonMalformed, err.Error())
	}
	if ch := h.wanted(b.Channel); h.isPeer(l) && (ch == nil || h.running(ch) != nil || !ch.charter.HasPartyAt(l.peer.Agency, h.now) || ch.charter.RightAt(name, h.now) == proto.RightNone) {
		return proto.Refuse(proto.ReasonNoPackage, name.String()) // not for strangers to know who exists, nor to use up
	}
	if name.Agency != h.self.Agency {
		to := h.peers[name.Agency]
		if ch := h.wanted(b.Channel); to == nil && ch != nil && ch.charter.Owner != h.self.Agency {
			to = h.peers[ch.charter.Owner]
		}
		if to == nil || to == l {
			return proto.Refuse(proto.ReasonNoRoute, string(name.Agency))
		}
		return h.forward(l, f, to, proto.Name{}, proto.ChannelID{})
	}
	p, last, ok := h.take(name, uint16(b.Suite))
	if !ok {
		return proto.Refuse(proto.ReasonNoPackage, name.String())
	}
	h.send(l, &wire.Frame{Re: f.Id, Body: &wire.Frame_KeyPackage{KeyPackage: &wire.KeyPackage{Package: p, LastResort: last}}})
	return nil
}

func (h *Hub) wanted(id []byte) *channel {
	cid, err := proto.ChannelIDFrom(id)
	if err != nil {
		return nil
	}
	return h.channels[cid]
}

// take removes and returns a package of the suite; the last resort stays.
func (h *Hub) take(name proto.Name, suite uint16) (p []byte, last, ok bool) {
	s := h.packages[name]
	if s == nil {
		return nil, false, false
	}
	for i, p := range s.packages {
		if packageSuite(p) == suite {
			s.packages = slices.Delete(slices.Clone(s.packages), i, i+1)
			h.saveShelf(name, s)
			if l := h.names[name]; l != nil {
				h.tellPackages(l)
			}
			return p, false, true
		}
	}
	if len(s.lastResort) > 0 && packageSuite(s.lastResort) == suite {
		return s.lastResort, true, true
	}
	return nil, false, false
}

// maxWelcomeOctets bounds what is kept of welcomes for the sake of one agency: its
// channels', or in channels of ours those for its endpoints. It is less than what a
// store has left when it still takes commits.
const maxWelcomeOctets = 8 << 20

// welcomeRoom refuses a welcome that there is no place for.
func (h *Hub) welcomeRoom(n proto.Name, w *wire.Welcome) error {
	if err := h.storeRoom(false); err != nil {
		return err
	}
	a, octets := h.sponsor(n, w), pb.Size(w)
	for to, list := range h.welcomes {
		for _, o := range list {
			if h.sponsor(to, o) == a {
				octets += pb.Size(o)
			}
		}
	}
	if octets > maxWelcomeOctets {
		return proto.Refusef(proto.ReasonQuota, "%d octets of welcomes for %s", octets, a)
	}
	return nil
}

// sponsor is the agency for whose sake a welcome is kept.
func (h *Hub) sponsor(n proto.Name, w *wire.Welcome) proto.Agency {
	if ch := h.wanted(w.Channel); ch != nil && ch.charter.Owner != h.self.Agency {
		return ch.charter.Owner
	}
	return n.Agency
}

// sendWelcomes sends each joiner its welcome and keeps it until acknowledged. Who
// is not here when there is no place to keep it has to join by itself.
func (h *Hub) sendWelcomes(ch *channel, b *wire.Commit, added []proto.Name) {
	if len(b.Welcome) == 0 {
		return
	}
	for _, n := range added {
		if slices.Contains(b.Added, n.String()) {
			w := &wire.Welcome{Channel: ch.id[:], Welcome: b.Welcome, Charter: ch.signed, Head: ch.hosted.epochSeq, Id: b.Id, To: n.String()}
			if err := h.welcomeRoom(n, w); err != nil {
				h.emit(Audit{Actor: n, Kind: proto.KindWelcome, Channel: ch.id, Refusal: proto.AsRefusal(err)})
				h.passWelcome(n, w)
				continue
			}
			h.keepWelcome(n, w)
		}
	}
}

// keepWelcome stores a welcome for one endpoint and delivers what waits, if
// the next hop is there.
func (h *Hub) keepWelcome(n proto.Name, w *wire.Welcome) {
	list := h.welcomes[n]
	if h.keepsWelcome(n, w.Id) {
		return
	}
	if len(list) >= proto.MaxWelcomes { // the oldest is the least likely to still be of use: its epoch is long past
		h.dropWelcome(n, list[0].Id)
		h.emit(Audit{Actor: n, Refusal: proto.Refusef(proto.ReasonFull, "%d welcomes wait", len(list)), Kind: proto.KindWelcome})
	}
	h.welcomes[n] = append(h.welcomes[n], w)
	octets, _ := pb.Marshal(w)
	h.emit(Write{bucketWelcomes, welcomeKey(n, w.Id), octets})
	h.passWelcome(n, w)
}

func (h *Hub) keepsWelcome(n proto.Name, id []byte) bool {
	return slices.ContainsFunc(h.welcomes[n], func(w *wire.Welcome) bool { return bytes.Equal(w.Id, id) })
}

func (h *Hub) passWelcome(n proto.Name, w *wire.Welcome) {
	if next := h.nextHop(n); next != nil {
		h.hand(next, &wire.Frame{Body: &wire.Frame_Welcome{Welcome: w}})
	}
}

func (h *Hub) nextHop(n proto.Name) *link {
	if n.Agency == h.self.Agency {
		return h.names[n]
	}
	return h.peers[n.Agency]
}

func (h *Hub) deliverWelcomes(l *link, n proto.Name) {
	for _, w := range h.welcomes[n] {
		h.hand(l, &wire.Frame{Body: &wire.Frame_Welcome{Welcome: w}})
	}
}

// welcome takes in a welcome from a channel's hub for one of our endpoints.
func (h *Hub) welcome(l *link, b *wire.Welcome) error {
	n, err := proto.ParseName(b.To)
	if err != nil || n.Agency != h.self.Agency || !n.Role.IsEndpoint() {
		return proto.Refuse(proto.ReasonMalformed, "a welcome for nobody here")
	}
	if _, err := proto.MessageIDFrom(b.Id); err != nil {
		return err
	}
	ch := h.wanted(b.Channel)
	if ch == nil || ch.charter.Owner != l.peer.Agency || h.running(ch) != nil || ch.charter.RightAt(n, h.now) == proto.RightNone {
		return proto.Refusef(proto.ReasonCharter, "a welcome of %s for %s", l.peer.Agency, n)
	}
	if h.packages[n] == nil { // nobody can have been invited who has left no key package
		return proto.Refuse(proto.ReasonNoPackage, n.String())
	}
	if !h.keepsWelcome(n, b.Id) {
		if err := h.welcomeRoom(n, b); err != nil {
			return err
		}
	}
	if h.keepWelcome(n, b); ch.up.state != upLive {
		h.fetchRoster(ch) // nobody listens here yet, so the commit that took n in has not been seen
	}
	h.send(l, &wire.Frame{Body: &wire.Frame_WelcomeAck{WelcomeAck: &wire.WelcomeAck{Id: b.Id, To: b.To}}})
	return nil
}

func (h *Hub) welcomeAck(l *link, b *wire.WelcomeAck) error {
	n := l.peer
	if h.isPeer(l) {
		var err error
		if n, err = proto.ParseName(b.To); err != nil || n.Agency != l.peer.Agency {
			return proto.Refuse(proto.ReasonSpokenFor, b.To)
		}
	}
	h.dropWelcome(n, b.Id)
	return nil
}

func (h *Hub) dropWelcome(n proto.Name, id []byte) {
	list := h.welcomes[n]
	i := slices.IndexFunc(list, func(w *wire.Welcome) bool { return bytes.Equal(w.Id, id) })
	if i < 0 {
		return
	}
	h.emit(Write{bucketWelcomes, welcomeKey(n, id), nil})
	if list = slices.Delete(list, i, i+1); len(list) == 0 {
		delete(h.welcomes, n)
		return
	}
	h.welcomes[n] = list
}

// dropWelcomesOf forgets the welcomes to a channel that has ended.
func (h *Hub) dropWelcomesOf(ch *channel) {
	for _, n := range slices.SortedFunc(maps.Keys(h.welcomes), compareNames) {
		for _, w := range slices.Clone(h.welcomes[n]) {
			if bytes.Equal(w.Channel, ch.id[:]) {
				h.dropWelcome(n, w.Id)
			}
		}
	}
}

func welcomeKey(n proto.Name, id []byte) []byte { return append([]byte(n.String()+" "), id...) }

// enrol takes an enrolment or renewal to the authority's link, if it is there.
func (h *Hub) enrol(l *link, f *wire.Frame) error {
	for _, to := range sortedLinks(h.names) {
		if to.peer.Role == proto.RoleAuthority {
			return h.forward(l, f, to, proto.Name{}, proto.ChannelID{})
		}
	}
	return proto.Refuse(proto.ReasonNoAuthority, string(h.self.Agency))
}
