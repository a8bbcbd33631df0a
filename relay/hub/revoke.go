package hub

import (
	"slices"
	"time"

	"crossband/crypto/mls/policy"
	"crossband/crypto/mls/roster"
	"crossband/proto"
	"crossband/proto/wire"
)

// Revoked says that the node has verified and installed revocation lists, and
// that the Judge knows them.
type Revoked struct {
	Lists []SignedList // all that are held now
	Names []proto.Name // whom they take back and the lists before did not
	From  proto.Agency // whose list is new: it is handed on; empty at start
}

// SignedList is an agency's revocation list, as it came.
type SignedList struct {
	Agency proto.Agency
	Signed []byte
}

func (Revoked) event() {}

// InstallRevocations asks the caller to verify a revocation list and install
// it; then it applies Revoked. Who brought it, by request ID of Link, is
// answered Done, or told why it was refused.
type InstallRevocations struct {
	Link   LinkID
	ID     uint64
	Peer   proto.Name // who brought it
	Signed []byte
}

func (InstallRevocations) effect() {}

// Told says what a partner's relay answered to a revocation list.
type Told struct {
	Peer    proto.Name
	List    proto.Agency   // whose list
	Refusal *proto.Refusal // nil: it has taken the list
}

func (Told) effect() {}

func revocationFrame(signed []byte) *wire.Frame {
	return &wire.Frame{Body: &wire.Frame_RevocationList{RevocationList: &wire.RevocationList{Signed: signed}}}
}

// revoked frees what revoked names held here, and hands the lists on. Links of
// revoked certificates are for the node to cut: the hub knows only names, and a
// name may have a new certificate.
func (h *Hub) revoked(e Revoked) {
	h.lists = e.Lists
	h.doubt()
	for _, l := range sortedLinks(h.names) {
		if l.peer.Role.IsEndpoint() {
			h.sendLists(l, e.From)
		}
	}
	for _, l := range sortedLinks(h.peers) {
		h.sendLists(l, e.From)
	}
	for _, ch := range h.sortedChannels() {
		h.judgeAgain(ch)
	}
	for _, n := range e.Names {
		h.dropShelf(n)
		for _, w := range slices.Clone(h.welcomes[n]) {
			h.dropWelcome(n, w.Id)
		}
		h.emit(Audit{Actor: n, Kind: proto.KindRevocationList, What: "revoked"})
	}
}

// sendLists hands a link the lists of one agency, or all for the empty one.
// Endpoints of ours get every list; another agency's relay gets ours, and those
// of agencies that it meets on channels of ours: it may have no link with them.
func (h *Hub) sendLists(l *link, of proto.Agency) {
	for _, s := range h.lists {
		if of != "" && s.Agency != of || h.isPeer(l) && !h.concerns(l.peer.Agency, s.Agency) {
			continue
		}
		if !h.isPeer(l) {
			h.send(l, revocationFrame(s.Signed))
			continue
		}
		id, err := h.ask(l, proto.ChannelID{}, revocationFrame(s.Signed))
		if err != nil { // too much waits for it: it gets the list, and we no answer
			h.send(l, revocationFrame(s.Signed))
			continue
		}
		p := l.pending[id]
		p.list = s.Agency
		l.pending[id] = p
	}
}

// listTold passes a partner's answer to a list on, so that the administrator
// knows who has been told and who has not; and its refusal of a document.
func (h *Hub) listTold(l *link, p pending, refusal *proto.Refusal) {
	switch {
	case p.kind == proto.KindRevocationList:
		h.emit(Told{l.peer, p.list, refusal})
	case p.kind == proto.KindDocument && refusal != nil:
		h.emit(Audit{Peer: l.peer, Actor: h.self, Kind: p.kind, Refusal: refusal})
	}
}

func (h *Hub) concerns(peer, listed proto.Agency) bool {
	if listed == h.self.Agency {
		return true
	}
	for _, ch := range h.channels {
		if ch.charter.Owner == h.self.Agency && ch.created && ch.charter.HasParty(peer) && ch.charter.HasParty(listed) {
			return peer != listed
		}
	}
	return false
}

// judgeAgain finds out which members of a channel are outcasts by now and takes
// from them the floor that is decided here and, where there is no other hub to
// decide it, their subscriptions.
func (h *Hub) judgeAgain(ch *channel) {
	known := &ch.hosted.members
	if ch.charter.Owner != h.self.Agency {
		known = &ch.followed.members
	}
	before := *known
	if before == nil {
		return
	}
	*known = before.judged(h.judge, h.now)
	for _, n := range (*known).outcasts() {
		if before.isOutcast(n) {
			continue
		}
		h.floorGone(ch, n, proto.ReasonRevoked)
		if l := h.names[n]; l != nil && l.subs[ch.id] != nil && h.deciding(ch) != nil {
			h.unsubscribe(l, ch)
		}
	}
}

// judged returns the membership with its outcasts found anew.
func (m *membership) judged(judge Judge, now time.Time) *membership {
	next := *m
	next.outcast = nil
	gate := policy.Gate{Judge: judge, Charter: *m.rules}
	for _, n := range gate.Outcasts(m.group.Members(), now) {
		if next.outcast == nil {
			next.outcast = make(map[proto.Name]struct{})
		}
		next.outcast[n] = struct{}{}
	}
	return &next
}

// judgeMoved finds out who is an outcast after a change of the membership before.
// The certificates of all others are as they were, and so are the lists: when these
// change, or somebody's time ends, all members are judged again (judgeAgain).
func (m *membership) judgeMoved(before *membership, change roster.Change, judge Judge, now time.Time) {
	moved := slices.Concat(change.Added, change.Updated)
	if by, ok := m.group.Member(change.Committer); ok && !change.External {
		moved = append(moved, by)
	}
	gate := policy.Gate{Judge: judge, Charter: *m.rules}
	m.outcast = nil
	out := func(n proto.Name) {
		if m.outcast == nil {
			m.outcast = make(map[proto.Name]struct{})
		}
		m.outcast[n] = struct{}{}
	}
	for n := range before.outcast {
		if at, in := m.leaves[n]; in && !slices.ContainsFunc(moved, func(c roster.Member) bool { return c.Leaf == at }) {
			out(n)
		}
	}
	for _, n := range gate.Outcasts(moved, now) {
		out(n)
	}
}

// outcasts lists the members whose certificates have been taken back, and observers
// whose time is over, in order.
func (m *membership) outcasts() []proto.Name {
	list := make([]proto.Name, 0, len(m.outcast))
	for n := range m.outcast {
		list = append(list, n)
	}
	slices.SortFunc(list, compareNames)
	return list
}

func (m *membership) isOutcast(n proto.Name) bool { _, is := m.outcast[n]; return is }

// mayAct refuses what a member says whose certificate has been taken back, by
// its own link or by its agency's relay. The name may have been enrolled again:
// then it may fetch the group and come in anew, and the judge looks at the
// certificate that it comes with.
func (h *Hub) mayAct(ch *channel, actor proto.Name, f *wire.Frame) error {
	if m := h.deciding(ch); m == nil || !m.isOutcast(actor) {
		return nil
	}
	switch f.Body.(type) {
	case *wire.Frame_Subscribe, *wire.Frame_Unsubscribe, *wire.Frame_FloorRelease, *wire.Frame_FetchGroupInfo, *wire.Frame_Commit:
		return nil
	}
	return proto.Refuse(proto.ReasonRevoked, actor.String())
}

// dropShelf forgets an endpoint's key packages: they show the certificate that
// was taken back.
func (h *Hub) dropShelf(n proto.Name) {
	if h.packages[n] == nil {
		return
	}
	delete(h.packages, n)
	h.emit(Write{bucketPackages, []byte(n.String()), nil})
}
