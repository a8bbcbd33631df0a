package hub

import (
	"maps"
	"time"

	"crossband/proto"
	"crossband/proto/wire"
)

// ReadVoice answers a FetchVoice from the relay's memory: the caller sends Answer
// to Link with the channel's frames that passed less than Within ago and after the
// frame numbered After, at most Most octets of them.
type ReadVoice struct {
	Link    LinkID
	ID      uint64 // of the request
	Channel proto.ChannelID
	Within  time.Duration
	After   uint64
	Most    int
}

func (ReadVoice) effect() {}

// keepsVoice reports whether the sealed voice of a channel is kept in memory for
// endpoints of ours that come back: while one of them is subscribed, or has lost its
// link less than proto.VoiceKept ago. Nothing is kept of a channel whose charter
// says that relays store nothing.
func (h *Hub) keepsVoice(ch *channel) bool {
	if ch.charter.Storage == proto.StorageNone || ch.ended {
		return false
	}
	if len(ch.expects) > 0 {
		return true
	}
	for _, l := range ch.subs {
		if !h.isPeer(l) {
			return true
		}
	}
	return false
}

// expect has a channel's voice go on coming here, and be kept, after an endpoint of
// ours has lost its link: it may be back within minutes. Who unsubscribes is not
// waited for.
func (h *Hub) expect(l *link, ch *channel) {
	followed := ch.charter.Owner != h.self.Agency
	switch {
	case l.subs[ch.id] == nil || !l.peer.Role.IsEndpoint():
	case ch.charter.Storage == proto.StorageNone || ch.ended || followed && ch.up.state != upLive:
	case len(ch.expects) >= proto.MaxMembers: // voice is kept for those already
	default:
		if ch.expects == nil {
			ch.expects = make(map[proto.Name]time.Time)
		}
		ch.expects[l.peer] = h.now.Add(proto.VoiceKept)
	}
}

// tickExpected ends the wait for endpoints that have not come back.
func (h *Hub) tickExpected(ch *channel) {
	if len(ch.expects) == 0 || !h.every(time.Second) {
		return
	}
	maps.DeleteFunc(ch.expects, func(n proto.Name, until time.Time) bool {
		return ch.ended || !h.now.Before(until) || ch.charter.RightAt(n, h.now) == proto.RightNone
	})
	if len(ch.expects) > 0 {
		return
	}
	if !ch.ended && h.leavesHub(ch) {
		h.leaveUpstream(ch)
	}
	h.routeAgain(ch)
}

// leavesHub reports whether nobody here needs what the channel's hub sends.
func (h *Hub) leavesHub(ch *channel) bool {
	return ch.charter.Owner != h.self.Agency && len(ch.subs) == 0 && len(ch.expects) == 0
}

// fetchVoice lets a member have the voice that it missed. The newest roster known
// here decides who is one, and not the charter alone: what is kept was said to the
// members, and whoever has been put out since gets none of it.
func (h *Hub) fetchVoice(l *link, ch *channel, actor proto.Name, f *wire.Frame, b *wire.FetchVoice) error {
	m := ch.followed.members
	if ch.charter.Owner == h.self.Agency {
		m = ch.hosted.members
	}
	switch {
	case f.Id == 0:
		return proto.Refuse(proto.ReasonMalformed, "nobody waits for the answer")
	case l.live().subs[ch.id] == nil:
		return proto.Refusef(proto.ReasonNotReady, "%s is not subscribed to", ch.id.Short())
	case m == nil || !m.has(actor):
		return proto.Refuse(proto.ReasonNotMember, actor.String())
	case m.isOutcast(actor):
		return proto.Refuse(proto.ReasonRevoked, actor.String())
	}
	most := int(b.Most)
	if most <= 0 || most > proto.MaxKeptVoice {
		most = proto.MaxKeptVoice
	}
	h.emit(ReadVoice{
		Link: l.id, ID: f.Id, Channel: ch.id, After: b.After, Most: most,
		Within: min(time.Duration(b.WithinMs)*time.Millisecond, proto.VoiceKept),
	})
	return nil
}
