package hub

import (
	"time"

	"crossband/proto"
	"crossband/proto/wire"
)

// A follower keeps the public roster of a channel as its hub does: who is a
// member, under which leaf, in which epoch. It has it from the hub, and judges
// group information and every commit of the log by the channel's gate: a hub
// cannot tell it of members whom the charter does not allow.
//
// The roster decides only while the hub is away, and only about this agency's
// own endpoints: who may talk to the others here, under which leaf, and whose
// messages are kept. While the hub is there the hub decides, whatever the roster
// says: one that is behind must not silence anybody.
//
// Without a roster the charter alone decides, and no talker is bound to a leaf;
// nobody else's word on who has read what counts.
// So it is where the hub has not been reached since the channel was offered, and
// where it has never given group information that the gate lets pass.

// followed is what a follower knows of a channel's membership.
type followed struct {
	members  *membership   // nil: not known
	epochSeq uint64        // log entry that made its epoch, by the hub's word
	behind   bool          // the hub is to be asked for it
	doubted  bool          // what the hub told of it last does not go with it
	lost     uint64        // the epoch that a commit would have made that was refused: no other that would make it is judged
	request  uint64        // our FetchGroupInfo whose answer counts; 0: none is under way
	asked    uint64        // the epoch that was known when it was asked: the answer is no older
	later    []*wire.Entry // commits that have come since then, and that the answer may not know
	again    time.Time     // not to be asked before
	wait     time.Duration // between the last two requests
}

// To judge group information takes a millisecond for each member, which is about
// a KiB of it, and nothing else is decided meanwhile: a hub must not be able to
// have it judged as often as it likes. So a hub is asked for one channel's at a
// time, and then for none until ten times what the judging took has passed; for
// the same channel's not before rosterEvery, and for what was refused less and
// less often.
const (
	rosterEvery  = 10 * time.Second
	rosterRest   = 10 * time.Minute
	rosterPerKiB = 10 * time.Millisecond
)

// rosterLive compares the roster with the epoch that the hub tells. One without its group
// information cannot be told to joiners, and is asked for as well.
func (h *Hub) rosterLive(ch *channel) {
	if m := ch.followed.members; m != nil && m.info != nil && m.epoch() == ch.up.epoch {
		ch.followed.behind = false
		return
	}
	h.fetchRoster(ch)
}

// fetchRoster asks the hub for the channel's group information, now or as soon
// as it may be asked again. One that has not taken our subscription tells its
// epoch when it does.
func (h *Hub) fetchRoster(ch *channel) {
	f, hub := &ch.followed, h.peers[ch.charter.Owner]
	f.behind = true
	switch {
	case hub == nil, ch.up.state == upAsking, ch.up.state == upAway:
		return
	case h.now.Before(f.again), h.now.Before(hub.rested), hub.asksRoster():
		return
	}
	f.wait = min(max(2*f.wait, rosterEvery), rosterRest)
	f.again = h.now.Add(f.wait)
	id, err := h.ask(hub, ch.id, &wire.Frame{Body: &wire.Frame_FetchGroupInfo{FetchGroupInfo: &wire.FetchGroupInfo{Channel: ch.id[:]}}})
	if err == nil {
		f.request, f.asked, f.later = id, ch.up.epoch, nil
		if f.members != nil {
			f.asked = max(f.asked, f.members.epoch())
		}
	}
}

func (h *Hub) tickRoster(ch *channel) {
	if ch.followed.behind {
		h.fetchRoster(ch)
	}
}

// asksRoster reports whether a request is our own for group information.
func (p pending) asksRoster() bool {
	return p.kind == proto.KindFetchGroupInfo && p.from == SelfLink
}

// asksRoster reports whether one is under way.
func (l *link) asksRoster() bool {
	for _, p := range l.pending {
		if p.asksRoster() {
			return true
		}
	}
	return false
}

// rosterAnswered takes the hub's answer to fetchRoster, or the news that there
// is none. What the gate refuses changes nothing: who is known stays known. It
// alarms the administrator, for either the hub lies or the two agencies do not
// trust the same authorities.
func (h *Hub) rosterAnswered(p pending, b *wire.GroupInfo, why *proto.Refusal) {
	ch := h.channels[p.channel]
	if ch == nil || ch.followed.request != p.re {
		return
	}
	later := ch.followed.later
	ch.followed.request, ch.followed.later = 0, nil
	if why != nil && why.Reason == proto.ReasonHubAway {
		ch.followed.wait = 0
		return // asked again at a tick
	}
	said := Audit{Kind: proto.KindFetchGroupInfo, Channel: ch.id, Refusal: why}
	if hub := h.peers[ch.charter.Owner]; hub != nil {
		said.Peer = hub.peer
		hub.rested = h.now.Add(time.Duration(len(b.GetGroupInfo())+len(b.GetRatchetTree())) * rosterPerKiB / 1024)
	}
	if err := h.storeRoom(false); why == nil && err != nil {
		said.Refusal = proto.AsRefusal(err) // asked again when it may be
		h.emit(said)
		return
	}
	if why == nil {
		m, made, err := h.readRoster(ch, b)
		if err == nil {
			ch.followed.doubted, ch.followed.wait = false, 0
			h.setRoster(ch, m, made)
			h.catchUp(said.Peer, ch, later)
			h.saveChannel(ch)
			return
		}
		ch.followed.doubted = true
		said.Refusal, said.Alarm, said.What = proto.AsRefusal(err), true, "the hub's word on the members is not believed"
	}
	h.emit(said)
}

// mayBringNew holds one of our endpoints to the agreement as the hub has to: in the
// countdown of a channel nobody new comes in. The roster says who is new, if it is of
// the commit's epoch.
func (h *Hub) mayBringNew(ch *channel, actor proto.Name, c *wire.Commit) error {
	m := ch.followed.members
	if c == nil || m == nil || m.epoch() != c.Epoch {
		return nil
	}
	fresh := !m.has(actor)
	for _, word := range c.Added {
		n, err := proto.ParseName(word)
		if err != nil {
			return err
		}
		fresh = fresh || !m.has(n)
	}
	if !fresh {
		return nil
	}
	return h.pacts.Covers(&ch.charter, h.now)
}

// setRoster takes a roster in the place of the one before. The caller stores it.
func (h *Hub) setRoster(ch *channel, m *membership, made uint64) {
	if was := ch.followed.members; was != nil {
		ch.marks.part(was, m)
	}
	ch.followed.members, ch.followed.epochSeq = m, made
	if ch.followed.behind = m.epoch() < ch.up.epoch; !ch.followed.behind {
		ch.marks.believe(m)
		h.judgeTail(ch, m)
		if len(ch.up.asked) > 0 {
			h.routeAgain(ch) // by the leaves that its talkers have now
		}
	}
}

// follow takes the roster along with new entries of the hub's log. before is the
// newest one known before them. A gap that a commit of the roster's own epoch
// follows has hidden no other one. Such a commit that is not judged, for one before it
// was refused, says that the roster is behind.
func (h *Hub) follow(hub *link, ch *channel, list []*wire.Entry, before uint64) {
	was := ch.followed.members
	for _, e := range list {
		gap := e.Seq > before+1
		before = max(before, e.Seq)
		m, c := ch.followed.members, e.GetCommit()
		ahead := c != nil && (m == nil || c.Epoch > m.epoch())
		if ahead {
			ch.followed.keep(e)
		}
		next := c != nil && m != nil && c.Epoch == m.epoch()
		switch {
		case next && ch.followed.takes(c):
			h.followCommit(hub.peer, ch, c, e.Seq)
		case gap, ahead, next:
			h.fetchRoster(ch)
		}
	}
	if ch.followed.members != was {
		h.saveChannel(ch)
	}
}

// catchUp takes the roster that an answer has brought along with the commits that came
// while it was under way, as follow would have. What they leave out is in the answer.
func (h *Hub) catchUp(hub proto.Name, ch *channel, later []*wire.Entry) {
	for _, e := range later {
		if c := e.GetCommit(); ch.followed.takes(c) {
			h.followCommit(hub, ch, c, e.Seq)
		}
	}
}

// takes reports whether a commit is to be judged by the roster: it is of its epoch, and
// none of that epoch has been refused.
func (f *followed) takes(c *wire.Commit) bool {
	return f.members != nil && c.Epoch == f.members.epoch() && c.Epoch >= f.lost
}

// followCommit judges a commit as the hub has to. One that is refused is no word
// of the hub's to take: its group information may tell what happened, once it is of the
// epoch that the commit has made. That which comes
// with the commit is kept for those who join here, if it fits.
func (h *Hub) followCommit(hub proto.Name, ch *channel, c *wire.Commit, seq uint64) {
	next, _, err := ch.followed.members.follow(c.Message, h.judge, h.now)
	if err != nil {
		h.emit(Audit{Peer: hub, Kind: proto.KindCommit, Channel: ch.id, Refusal: proto.AsRefusal(err)})
		ch.followed.lost = c.Epoch + 1
		h.fetchRoster(ch)
		return
	}
	if len(c.GroupInfo) > 0 {
		if err := next.describedBy(c.GroupInfo); err != nil {
			h.emit(Audit{Peer: hub, Kind: proto.KindGroupInfo, Channel: ch.id, Refusal: proto.AsRefusal(err)})
		}
	}
	h.setRoster(ch, next, seq)
}

// deciding is the roster by which requests are judged here: the hub's own, or a
// follower's while no link leads to the hub; nil where nothing is known, and
// where the hub is there to be asked.
func (h *Hub) deciding(ch *channel) *membership {
	switch {
	case ch.charter.Owner == h.self.Agency:
		return ch.hosted.members
	case h.peers[ch.charter.Owner] == nil:
		return ch.followed.members
	}
	return nil
}

// place finds a local talker's leaf where the floor is decided without the hub,
// and refuses who is no member. It binds the talker only by a roster that is not
// behind: who has come back in another place must be heard.
func (ch *channel) place(t *talker) error {
	m := ch.followed.members
	if m == nil {
		return nil // the charter has let it pass, and nothing better is known
	}
	leaf, member := m.leafOf(t.who)
	switch {
	case !member:
		return proto.Refuse(proto.ReasonNotMember, t.who.String())
	case m.isOutcast(t.who):
		return proto.Refuse(proto.ReasonRevoked, t.who.String())
	case m.epoch() >= ch.up.epoch:
		t.leaf, t.bound = leaf, true
	}
	return nil
}

// loadRoster takes in a stored roster, if there is one.
func (h *Hub) loadRoster(ch *channel, v *wire.StoredChannel) (err error) {
	if len(v.Group) > 0 {
		ch.followed.epochSeq = v.EpochSeq
		ch.followed.members, err = h.loadMembership(ch, v)
	}
	return err
}
