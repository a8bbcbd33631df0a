package hub

import (
	"bytes"
	"cmp"
	"slices"
	"time"

	"crossband/proto"
)

// A charter may come before what allows it: before its agreement, or while our clock
// is behind the one by which the agreement has begun. Nobody brings it again on the
// same link, so the hub remembers it and judges it again on each document and at
// times between. Nothing of this is stored: a new link brings all of it anew.

const (
	unagreedMost  = 64          // remembered of one owner; the oldest goes
	unagreedEvery = time.Minute // how often they are judged without news
)

// unagreed is a charter that was refused, and may be allowed later.
type unagreed struct {
	charter proto.Charter
	signed  []byte
	peer    proto.Name // who brought it
	came    time.Time
}

// unagreedList are those charters, by their channels.
type unagreedList struct {
	list map[proto.ChannelID]unagreed
	look time.Time // when they were judged last
}

// mayPass reports whether what was refused may be allowed later.
func mayPass(c *proto.Charter, why error, now time.Time) bool {
	switch proto.ReasonOf(why) {
	case proto.ReasonNoAgreement, proto.ReasonAgreement, proto.ReasonWithdrawn:
		return now.Before(c.Expires)
	case proto.ReasonClosed:
		return now.Before(c.NotBefore)
	}
	return false
}

// remember keeps a charter by its owner's authority, or by an endpoint of its owner,
// for which why may pass.
func (h *Hub) remember(c proto.Charter, signed []byte, peer proto.Name, why error) {
	if !mayPass(&c, why, h.now) || h.unagreed.list[c.Channel].signed != nil {
		return
	}
	var oldest *unagreed
	n := 0
	for _, u := range h.unagreed.list {
		if u.charter.Owner != c.Owner {
			continue
		}
		if n++; oldest == nil || cmp.Or(u.came.Compare(oldest.came), bytes.Compare(u.charter.Channel[:], oldest.charter.Channel[:])) < 0 {
			oldest = &u
		}
	}
	if n >= unagreedMost {
		delete(h.unagreed.list, oldest.charter.Channel)
	}
	h.unagreed.list[c.Channel] = unagreed{c, signed, peer, h.now}
}

// judgeUnagreed takes in what is allowed by now. Without news of an agreement it is
// cheap: signatures are judged again only where the rest is good.
func (h *Hub) judgeUnagreed() {
	h.unagreed.look = h.now
	list := make([]unagreed, 0, len(h.unagreed.list))
	for _, u := range h.unagreed.list {
		list = append(list, u)
	}
	slices.SortFunc(list, func(a, b unagreed) int { // calling channels first, as in sortedChannels
		return cmp.Or(cmp.Compare(a.charter.Kind, b.charter.Kind), bytes.Compare(a.charter.Channel[:], b.charter.Channel[:]))
	})
	for _, u := range list {
		why := u.charter.Check(h.now)
		if why == nil {
			why = h.pacts.Covers(&u.charter, h.comes(&u.charter))
		}
		if why != nil && mayPass(&u.charter, why, h.now) {
			continue
		}
		delete(h.unagreed.list, u.charter.Channel)
		if why == nil && h.channels[u.charter.Channel] == nil {
			h.takeUnagreed(u)
		}
	}
}

// comes is when a charter is judged that is brought now: ours is registered ahead,
// what a partner offers is there to be used.
func (h *Hub) comes(c *proto.Charter) time.Time {
	if c.Owner == h.self.Agency {
		return h.opening(c)
	}
	return h.now
}

func (h *Hub) takeUnagreed(u unagreed) {
	kind, err := proto.KindPutCharter, error(nil)
	if u.charter.Owner == h.self.Agency {
		err = h.register(u.peer, u.signed)
	} else {
		kind, err = proto.KindChannelOffer, h.followNew(u.peer, u.signed, true)
	}
	if err != nil {
		h.emit(Audit{Peer: u.peer, Kind: kind, Channel: u.charter.Channel, Refusal: proto.AsRefusal(err)})
	}
}

func (h *Hub) tickUnagreed() {
	if len(h.unagreed.list) > 0 && !h.now.Before(h.unagreed.look.Add(unagreedEvery)) {
		h.judgeUnagreed()
	}
}
