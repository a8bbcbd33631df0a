package hub

import (
	"cmp"
	"slices"
	"time"

	"crossband/proto"
	"crossband/proto/wire"
)

// presence is who of a calling channel's desks and hooks is subscribed at its own
// relay: a desk at which nobody is found for proto.DeskAway is unmanned. It is of
// now, and no record keeps it: after a start nobody counts as missing before that
// time has passed.
type presence struct {
	told map[proto.Name]struct{}  // a follower's: of whom it has told the hub, since that took it, that they are here
	here map[proto.Name]struct{}  // the hub's: partners' endpoints that are here, as their relays say
	gone map[proto.Name]time.Time // the hub's: desks that must be there and are not, and since when
	away map[proto.Name]spell     // the hub's: desks that were unmanned of late
}

// presenceEvery is how often it is looked at.
const presenceEvery = time.Second

func (h *Hub) tickPresence(ch *channel) {
	switch {
	case !ch.created || ch.charter.Kind != proto.KindCalling || !h.every(presenceEvery) || ch.charter.Check(h.now) != nil:
	case ch.charter.Owner == h.self.Agency:
		h.watchDesks(ch)
	default:
		h.tellPresence(ch)
	}
}

// watchDesks tells all members, once for each spell, at which desk nobody is.
func (h *Hub) watchDesks(ch *channel) {
	watched := ch.hosted.book.Watched()
	gone := make(map[proto.Name]time.Time)
	for _, role := range watched {
		d := ch.hosted.book.DutyOf(role)
		there, since := h.isThere(ch, d.OnDuty()), h.now
		if !there {
			if was, known := ch.presence.gone[role]; known {
				since = was
			}
			gone[role] = since
		}
		off := ch.hosted.book.OffDuty(role)
		missing := off || !there && h.now.Sub(since) >= proto.DeskAway
		switch {
		case missing && !d.Unmanned:
			if h.sayDuty(ch, role, proto.DutyUnmanned) {
				ch.presence.begin(role, h.now)
			}
		case d.Unmanned && ch.presence.isBack(role, there && !off, h.now):
			h.sayDuty(ch, role, proto.DutyManned)
		}
	}
	ch.presence.gone = gone
}

// spell is how a desk was unmanned last: one that comes and goes must not fill the
// log. Each time that it is unmanned again it counts as such until it has been there
// for twice as long as the time before: no ladder waits for it meanwhile, and it rings
// there all the same.
type spell struct {
	began time.Time
	back  time.Time     // since when it is there again; zero: it is not
	wait  time.Duration // for how long it must be
}

// Times of spells.
const (
	spellFirst = 2 * time.Second // the second one's wait; the first has none
	spellMost  = time.Hour
	spellLife  = 2 * spellMost // after which the next one is a first
)

func (p *presence) begin(n proto.Name, now time.Time) {
	for n, s := range p.away {
		if now.Sub(s.began) >= spellLife {
			delete(p.away, n)
		}
	}
	if p.away == nil {
		p.away = make(map[proto.Name]spell)
	}
	s := spell{began: now}
	if last, known := p.away[n]; known {
		s.wait = min(max(2*last.wait, spellFirst), spellMost)
	}
	p.away[n] = s
}

// isBack reports whether a desk has been there for as long as it must be.
func (p *presence) isBack(n proto.Name, there bool, now time.Time) bool {
	s, known := p.away[n]
	switch {
	case !known: // since a restart
		return there
	case !there:
		s.back = time.Time{}
	case s.back.IsZero():
		s.back = now
	}
	p.away[n] = s
	return there && now.Sub(s.back) >= s.wait
}

// isThere reports whether an endpoint is a member and subscribed at its relay, as far
// as that can be told: of a partner whose relay is not linked nobody is.
func (h *Hub) isThere(ch *channel, n proto.Name) bool {
	if !ch.hosted.members.has(n) {
		return false
	}
	if n.Agency == h.self.Agency {
		l := h.names[n]
		return l != nil && l.subs[ch.id] != nil
	}
	l := h.peers[n.Agency]
	_, here := ch.presence.here[n]
	return here && l != nil && l.subs[ch.id] != nil
}

// maxStrangers bounds the names of one agency that are said to be here and are no
// members: a device may subscribe before it has joined, but other names are the
// relay's to invent.
const maxStrangers = 64

// present takes a follower's word on its own desks and hooks. Members always have a
// place.
func (ch *channel) present(of proto.Agency, list []*wire.Progress_Presence) {
	if ch.charter.Kind != proto.KindCalling || ch.hosted.members == nil {
		return
	}
	for _, p := range list {
		n, err := proto.ParseName(p.Name)
		if err != nil || n.Agency != of || !answersHails(n) {
			continue
		}
		if !p.Here {
			delete(ch.presence.here, n)
		} else if ch.hosted.members.has(n) || ch.strangers(of) < maxStrangers {
			if ch.presence.here == nil {
				ch.presence.here = make(map[proto.Name]struct{})
			}
			ch.presence.here[n] = struct{}{}
		}
	}
}

// strangers counts the names of an agency that are said to be here and are no members.
func (ch *channel) strangers(of proto.Agency) (count int) {
	for n := range ch.presence.here {
		if n.Agency == of && !ch.hosted.members.has(n) {
			count++
		}
	}
	return count
}

// absent forgets who of an agency was here, when its relay is a subscriber no more.
func (ch *channel) absent(a proto.Agency) {
	for n := range ch.presence.here {
		if n.Agency == a {
			delete(ch.presence.here, n)
		}
	}
}

func answersHails(n proto.Name) bool { return n.Role == proto.RoleDesk || n.Role == proto.RoleHook }

// tellPresence tells the hub who of our own desks and hooks has come and gone.
func (h *Hub) tellPresence(ch *channel) {
	hub := h.peers[ch.charter.Owner]
	if hub == nil || ch.up.state != upLive {
		return
	}
	here := make(map[proto.Name]struct{})
	var news []*wire.Progress_Presence
	for _, l := range ch.subs {
		if !h.isPeer(l) && answersHails(l.peer) {
			here[l.peer] = struct{}{}
			if _, told := ch.presence.told[l.peer]; !told {
				news = append(news, &wire.Progress_Presence{Name: l.peer.String(), Here: true})
			}
		}
	}
	for n := range ch.presence.told {
		if _, still := here[n]; !still {
			news = append(news, &wire.Progress_Presence{Name: n.String()})
		}
	}
	ch.presence.told = here
	slices.SortFunc(news, func(a, b *wire.Progress_Presence) int { return cmp.Compare(a.Name, b.Name) })
	for part := range slices.Chunk(news, marksInFrame) {
		h.send(hub, &wire.Frame{Body: &wire.Frame_Progress{Progress: &wire.Progress{Channel: ch.id[:], Present: part}}})
	}
}
