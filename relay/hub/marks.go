package hub

import (
	"cmp"
	"maps"
	"slices"
	"time"

	pb "google.golang.org/protobuf/proto"

	"crossband/proto"
	"crossband/proto/wire"
)

// marks are how far a channel's parties have come in its log: which entries each
// agency's relay has received, and each endpoint has read and kept. They only
// grow. At the hub they are everybody's, at a follower what the hub told and what
// its own endpoints said. Readers are no more than a channel has members.
type marks struct {
	delivered map[proto.Agency]uint64
	read      map[proto.Name]uint64
	claimed   map[proto.Name]uint64 // read, as the hub says of whom no roster shows yet; neither stored nor told
	numbers   map[proto.Name]uint64 // highest message number of each sender

	news    news // since they were last told
	unsaved bool
}

// news is what has changed since the last round.
type news struct {
	delivered map[proto.Agency]struct{}
	read      map[proto.Name]struct{}
}

func newMarks() marks {
	return marks{
		delivered: make(map[proto.Agency]uint64), read: make(map[proto.Name]uint64), claimed: make(map[proto.Name]uint64), numbers: make(map[proto.Name]uint64),
		news: newNews(),
	}
}

func newNews() news {
	return news{make(map[proto.Agency]struct{}), make(map[proto.Name]struct{})}
}

func (m *marks) number(who proto.Name, n uint64) {
	if n > m.numbers[who] {
		m.numbers[who] = n
	}
}

func (m *marks) setDelivered(a proto.Agency, seq uint64) {
	if seq > m.delivered[a] {
		m.delivered[a], m.unsaved = seq, true
		m.news.delivered[a] = struct{}{}
	}
}

func (m *marks) setRead(n proto.Name, seq uint64) {
	if raise(m.read, n, seq) {
		m.unsaved = true
		m.news.read[n] = struct{}{}
	}
}

// raise notes how far n has read, if that is news and there is place for n.
func raise(read map[proto.Name]uint64, n proto.Name, seq uint64) bool {
	was, known := read[n]
	if seq <= was || !known && len(read) >= proto.MaxMembers {
		return false
	}
	read[n] = seq
	return true
}

// believe takes over what the hub claimed of those who have turned out to be
// members, and forgets the rest.
func (m *marks) believe(roster *membership) {
	for n, seq := range m.claimed {
		if roster.has(n) {
			m.setRead(n, seq)
		}
	}
	clear(m.claimed)
}

// part forgets who is a member by the roster before, and by the next one no more.
func (m *marks) part(before, next *membership) {
	for n := range m.read {
		if before.has(n) && !next.has(n) {
			m.leave(n)
		}
	}
}

// leave forgets who is a member no more.
func (m *marks) leave(n proto.Name) {
	delete(m.read, n)
	delete(m.news.read, n)
}

// Times of marks.
const (
	marksEvery     = time.Second     // between two rounds of telling
	marksSaveEvery = 5 * time.Second // between two writes: what a crash takes is told again
	marksInFrame   = 400             // marks in one frame
)

// read takes an endpoint's word on how far it has read and kept the log.
func (h *Hub) read(l *link, ch *channel, actor proto.Name, b *wire.Read) error {
	if b.Seq > ch.head() {
		return proto.Refusef(proto.ReasonBadRequest, "read up to %d of %d", b.Seq, ch.head())
	}
	ch.marks.setRead(actor, b.Seq)
	ch.marks.setDelivered(h.self.Agency, b.Seq) // it came through us
	return nil
}

// received notes entries that the hub has fed us. After a gap they do not count:
// what lies before has not been here until somebody fetched it.
func (h *Hub) received(ch *channel, list []*wire.Entry) {
	if n := len(list); n > 0 && list[0].Seq <= ch.marks.delivered[h.self.Agency]+1 {
		ch.marks.setDelivered(h.self.Agency, list[n-1].Seq)
	}
}

// head is the newest entry that this relay knows of.
func (ch *channel) head() uint64 { return max(ch.hosted.head, ch.up.head) }

// progress takes in what a peer says: a follower of its own agency, the hub of
// all but ours, of which we know better.
func (h *Hub) progress(l *link, ch *channel, b *wire.Progress) error {
	fromHub := ch.charter.Owner == l.peer.Agency
	if !fromHub && (ch.charter.Owner != h.self.Agency || !ch.charter.HasParty(l.peer.Agency)) {
		return proto.Refuse(proto.ReasonForbidden, "progress from neither hub nor follower")
	}
	if !fromHub {
		ch.present(l.peer.Agency, b.Present)
	}
	trusts := func(a proto.Agency) bool {
		if fromHub {
			return a != h.self.Agency
		}
		return a == l.peer.Agency
	}
	for _, m := range b.Delivered {
		if a, err := proto.ParseAgency(m.Name); err == nil && trusts(a) && ch.charter.HasParty(a) {
			ch.marks.setDelivered(a, min(m.Seq, ch.head()))
		}
	}
	for _, m := range b.Read {
		if n, err := proto.ParseName(m.Name); err == nil && trusts(n.Agency) {
			ch.hasRead(n, min(m.Seq, ch.head()))
		}
	}
	return nil
}

// hasRead takes a relay's word on a reader whom the roster shows: the hub's, or a
// follower's. Of others, names are the relay's to invent: where a follower's roster
// is behind or not there, what may be true waits for the next one.
func (ch *channel) hasRead(n proto.Name, seq uint64) {
	m := ch.hosted.members
	if m == nil {
		m = ch.followed.members
	}
	_, known := ch.marks.read[n]
	current := ch.hosted.members != nil || m != nil && m.epoch() >= ch.up.epoch
	switch {
	case m != nil && m.has(n), known && !current:
		ch.marks.setRead(n, seq)
	case !current && ch.charter.RightOf(n) != proto.RightNone:
		raise(ch.marks.claimed, n, seq)
	}
}

// tickMarks tells once in a while what has changed: the hub to everybody, a
// follower to the hub and to its own endpoints.
func (h *Hub) tickMarks(ch *channel) {
	if ch.charter.Owner == h.self.Agency {
		ch.marks.setDelivered(h.self.Agency, ch.hosted.head)
	}
	m := &ch.marks
	if len(m.news.delivered)+len(m.news.read) > 0 && h.every(marksEvery) {
		for _, p := range m.frames(ch.id, m.news) {
			h.toSubs(ch, &wire.Frame{Body: &wire.Frame_Progress{Progress: p}})
		}
		if hub := h.peers[ch.charter.Owner]; hub != nil && ch.charter.Owner != h.self.Agency && ch.up.state == upLive {
			h.tellHub(hub, ch, m.news)
		}
		m.news = newNews()
	}
	if m.unsaved && h.every(marksSaveEvery) {
		h.saveMarks(ch)
	}
}

// tellHub sends the hub what is news of our own agency.
func (h *Hub) tellHub(hub *link, ch *channel, n news) {
	own := newNews()
	if _, ok := n.delivered[h.self.Agency]; ok {
		own.delivered[h.self.Agency] = struct{}{}
	}
	for name := range n.read {
		if name.Agency == h.self.Agency {
			own.read[name] = struct{}{}
		}
	}
	for _, p := range ch.marks.frames(ch.id, own) {
		h.send(hub, &wire.Frame{Body: &wire.Frame_Progress{Progress: p}})
	}
}

// all is everything that is known, as news for who has just come.
func (m *marks) all() news {
	n := newNews()
	for a := range m.delivered {
		n.delivered[a] = struct{}{}
	}
	for name := range m.read {
		n.read[name] = struct{}{}
	}
	return n
}

// frames writes news down, in an order that is always the same.
func (m *marks) frames(id proto.ChannelID, n news) []*wire.Progress {
	var list []*wire.Progress
	var p *wire.Progress
	room := 0
	next := func() *wire.Progress {
		if room == 0 {
			p, room = &wire.Progress{Channel: id[:]}, marksInFrame
			list = append(list, p)
		}
		room--
		return p
	}
	for _, a := range slices.Sorted(maps.Keys(n.delivered)) {
		p := next()
		p.Delivered = append(p.Delivered, &wire.Progress_Mark{Name: string(a), Seq: m.delivered[a]})
	}
	for _, name := range slices.SortedFunc(maps.Keys(n.read), compareNames) {
		p := next()
		p.Read = append(p.Read, &wire.Progress_Mark{Name: name.String(), Seq: m.read[name]})
	}
	return list
}

// every is true at one tick in each period, the same for all channels.
func (h *Hub) every(d time.Duration) bool {
	return h.now.Truncate(d) != h.last.Truncate(d)
}

func (h *Hub) saveMarks(ch *channel) {
	v := &wire.StoredMarks{Numbers: sortedMarks(ch.marks.numbers, proto.Name.String), Read: sortedMarks(ch.marks.read, proto.Name.String)}
	v.Delivered = sortedMarks(ch.marks.delivered, func(a proto.Agency) string { return string(a) })
	h.save(bucketMarks, ch.id[:], v)
	ch.marks.unsaved = false
}

func sortedMarks[K comparable](m map[K]uint64, name func(K) string) []*wire.Progress_Mark {
	list := make([]*wire.Progress_Mark, 0, len(m))
	for k, seq := range m {
		list = append(list, &wire.Progress_Mark{Name: name(k), Seq: seq})
	}
	slices.SortFunc(list, func(a, b *wire.Progress_Mark) int { return cmp.Compare(a.Name, b.Name) })
	return list
}

func (h *Hub) loadMarks(ch *channel, e Loaded) error {
	v := new(wire.StoredMarks)
	if err := pb.Unmarshal(e.Value, v); err != nil {
		return err
	}
	for _, m := range v.Delivered {
		ch.marks.delivered[proto.Agency(m.Name)] = m.Seq
	}
	if ch.charter.Owner == h.self.Agency {
		h.lostUpTo(ch, ch.marks.delivered[h.self.Agency]) // the log was so long a few seconds before the end
	}
	for _, m := range v.Read {
		if n, err := proto.ParseName(m.Name); err == nil {
			raise(ch.marks.read, n, m.Seq)
		}
	}
	for _, m := range v.Numbers {
		if n, err := proto.ParseName(m.Name); err == nil {
			ch.marks.number(n, m.Seq)
		}
	}
	return nil
}
