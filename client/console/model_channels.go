package console

import (
	"cmp"
	"slices"
	"time"

	"crossband/client"
	"crossband/proto"
)

// channelState is a channel as the model knows it.
type channelState struct {
	id     proto.ChannelID
	now    ChannelNow
	stale  bool // an event has told of it
	told   bool // the endpoint knows it
	keys   keyState
	secure secureState

	away       bool
	awaySince  time.Time
	floor      client.FloorChanged
	waiting    []client.Waiter // for the floor
	floorSince time.Time
	press      PressState
	pressed    time.Time // when press was reported
	forged     bool      // of the last burst
	bits       int       // a second that our voice is to have; 0: as it has by itself
	observers  map[proto.Name]struct{}

	base  Channel // what changes only when the endpoint is asked
	shown shownMembers
}

// shownMembers are the members as they were shown last, with what that rests on.
type shownMembers struct {
	names []proto.Name
	heard []time.Time
	until []time.Time
	list  []Member
}

// keyState is since when the present keys are known.
type keyState struct {
	joined bool
	epoch  uint64
	since  time.Time
}

// secureState is since when the channel has its state, for its cause.
type secureState struct {
	state string
	why   cause
	since time.Time
}

// touch returns the channel of an event and notes that there is news of it.
func (m *Model) touch(id proto.ChannelID) *channelState {
	ch := m.channels[id]
	if ch == nil {
		ch = &channelState{id: id, observers: make(map[proto.Name]struct{})}
		m.channels[id] = ch
	}
	ch.stale = true
	return ch
}

// Press takes in how this endpoint's own press stands.
func (m *Model) Press(id proto.ChannelID, p PressState, now time.Time) {
	ch := m.touch(id)
	ch.press, ch.pressed = p, now
}

// lookForChannels finds the channels that the endpoint knows. Those that it has
// forgotten go, with what was said there.
func (m *Model) lookForChannels() {
	known := make(map[proto.ChannelID]struct{})
	for _, id := range m.cfg.Endpoint.Channels() {
		known[id] = struct{}{}
		m.touch(id)
	}
	for id := range m.channels {
		if _, still := known[id]; !still {
			m.forgetChannel(id)
		}
	}
}

func (m *Model) forgetChannel(id proto.ChannelID) {
	delete(m.channels, id)
	m.texts.forget(id)
	for k := range m.positions {
		if k.channel == id {
			delete(m.positions, k)
		}
	}
	m.shown.messages, m.shown.positions, m.shown.desks = nil, nil, nil
}

// lookAt asks the endpoint how a channel stands.
func (m *Model) lookAt(ch *channelState, now time.Time) {
	ch.stale = false
	ch.now, ch.told = m.cfg.Endpoint.Channel(ch.id)
	if k := (keyState{joined: ch.now.Joined, epoch: ch.now.Epoch}); k.joined != ch.keys.joined || k.epoch != ch.keys.epoch {
		k.since = now
		ch.keys = k
	}
	for n := range ch.observers { // who has left and comes again is told of again
		if !slices.Contains(ch.now.Members, n) {
			delete(ch.observers, n)
		}
	}
	ch.base = m.baseOf(ch, now)
	m.shown.desks = nil
}

func (m *Model) sortChannels() {
	m.order = m.order[:0]
	for _, ch := range m.channels {
		if ch.told {
			m.order = append(m.order, ch)
		}
	}
	slices.SortFunc(m.order, func(a, b *channelState) int {
		x, y := &a.now.Charter, &b.now.Charter
		return cmp.Or(cmp.Compare(x.Kind, y.Kind), cmp.Compare(x.Title, y.Title), slices.Compare(a.id[:], b.id[:]))
	})
}

// baseOf makes what stays the same until the endpoint is asked again.
func (m *Model) baseOf(ch *channelState, now time.Time) Channel {
	c, me := &ch.now.Charter, m.cfg.Me
	v := Channel{
		ID: ch.id.String(), Title: inert(c.Title, maxDetail), Kind: c.Kind.String(), Owner: string(c.Owner),
		Agencies: texts(c.Members(), agencyText), Joined: ch.now.Joined, Exercise: c.Exercise,
		Ends: stamp(ch.now.Ends.At), EndsWhy: reason(ch.now.Ends.Reason, m.language), Members: m.membersOf(ch), Outbox: []Queued{}, Priorities: []string{},
	}
	if c.Incident != (proto.IncidentID{}) {
		v.Incident = c.Incident.String()
	}
	if c.Agreement != (proto.AgreementID{}) {
		v.Pact = c.Agreement.String()
	}
	runs := ch.now.Ends.At.IsZero() || now.Before(ch.now.Ends.At)
	v.Hears = ch.now.Joined && ch.now.Listens
	if v.MayTalk = ch.now.Joined && runs && m.expelled == nil && c.RightAt(me, now) == proto.RightSend; v.MayTalk {
		for p := proto.PriorityRoutine; p <= c.MaxPriority(me); p++ {
			v.Priorities = append(v.Priorities, p.String())
		}
	}
	v.MayHail = v.MayTalk && c.Kind == proto.KindCalling && c.MayHail(me)
	for _, q := range ch.now.Outbox {
		v.Outbox = append(v.Outbox, Queued{ID: q.ID.String(), Kind: queuedKind(q.Kind), At: stamp(q.At), Kept: q.Kept})
	}
	return v
}

// queuedKind names what waits in an outbox.
func queuedKind(k proto.Kind) string {
	switch k {
	case proto.KindText:
		return "text"
	case proto.KindHail:
		return "hail"
	case proto.KindHailReply:
		return "reply"
	case proto.KindPageResult:
		return "page"
	case proto.KindIncidentAct:
		return "incident"
	case proto.KindDuty:
		return "duty"
	}
	return "other"
}

// heardStep is how exactly a member's last heartbeat is shown: each change of a
// channel is told to the page.
const heardStep = 10 * time.Second

// membersOf lists who is in the channel: this endpoint first, then by agency and name.
// As long as nothing has changed it is the same list.
func (m *Model) membersOf(ch *channelState) []Member {
	last := make(map[proto.Name]time.Time, len(ch.now.Heard))
	for _, h := range ch.now.Heard {
		last[h.Member] = h.At.Truncate(heardStep)
	}
	s := shownMembers{names: ch.now.Members}
	for _, n := range s.names {
		until, _ := ch.now.Charter.Observes(n.Agency)
		s.heard, s.until = append(s.heard, last[n]), append(s.until, until)
	}
	if was := &ch.shown; was.list != nil && slices.Equal(was.names, s.names) && slices.EqualFunc(was.heard, s.heard, time.Time.Equal) && slices.EqualFunc(was.until, s.until, time.Time.Equal) {
		return was.list
	}
	s.list = make([]Member, 0, len(s.names))
	for i, n := range s.names {
		s.list = append(s.list, Member{
			Name: n.String(), Short: n.Short(), Agency: string(n.Agency), Role: n.Role.String(), Me: n == m.cfg.Me, Gateway: n.Role == proto.RoleGateway,
			Observer: !s.until[i].IsZero(), Until: stamp(s.until[i]), Heard: stamp(s.heard[i]),
		})
	}
	slices.SortFunc(s.list, func(a, b Member) int {
		switch {
		case a.Me != b.Me && a.Me:
			return -1
		case a.Me != b.Me:
			return 1
		}
		return cmp.Compare(a.Name, b.Name)
	})
	ch.shown = s
	return s.list
}

func (m *Model) channelViews(now time.Time) []Channel {
	list := make([]Channel, 0, len(m.order))
	for _, ch := range m.order {
		v := ch.base
		v.HubAway = ch.away
		v.Secure = m.secureOf(ch, now)
		v.Floor = m.floorOf(ch, now)
		v.Unread = m.texts.fresh[ch.id]
		list = append(list, v)
	}
	return list
}

func (m *Model) secureOf(ch *channelState, now time.Time) Secure {
	g := grounds{
		me: m.cfg.Me, joined: ch.now.Joined, expelled: m.expelled != nil, charter: &ch.now.Charter, members: ch.now.Members, views: ch.now.Views,
		linkUp: m.link.up, linkSince: m.link.since, hubAway: ch.away, awaySince: ch.awaySince,
	}
	state, why := g.judge()
	if state != ch.secure.state || why != ch.secure.why {
		ch.secure = secureState{state, why, now}
	}
	v := Secure{
		State: state, Says: g.says(why, ch.secure.since, m.language), Silent: texts(g.views.Silent, agencyText), Differ: texts(g.views.Differ, nameText),
		Gateways: texts(g.gateways(), nameText), Observers: texts(g.observers(), nameText),
	}
	if ch.now.Joined {
		v.Epoch, v.Suite, v.KeyAge = ch.now.Epoch, suiteWords(ch.now.Charter.Suite), keyAge(now.Sub(ch.keys.since))
	}
	return v
}

// keyAge is an age in seconds, the coarser the older: each change of a channel is told
// to the page.
func keyAge(d time.Duration) int {
	step := 10 * time.Second
	switch {
	case d < 0:
		return 0
	case d >= time.Hour:
		step = 10 * time.Minute
	case d >= time.Minute:
		step = time.Minute
	}
	return int(d.Truncate(step) / time.Second)
}

// waitingFor lists who waits for the floor. The list is the hub's word; whether we wait
// is known here better.
func (m *Model) waitingFor(ch *channelState) []Waiter {
	list := []Waiter{}
	for _, w := range ch.waiting {
		list = append(list, Waiter{w.Name.String(), w.Name.Short(), string(w.Name.Agency), w.Priority.String(), w.Name == m.cfg.Me})
	}
	return list
}

func (m *Model) floorOf(ch *channelState, now time.Time) Floor {
	v := Floor{
		Mine: cmp.Or(ch.press.State, "idle"), Press: ch.press.Press, Queue: ch.press.Queue, Waiting: []Waiter{}, Forged: ch.forged,
	}
	if ch.floor.Holder != (proto.Name{}) && m.link.up && ch.now.Joined { // else nobody here knows who speaks now
		n := ch.floor.Holder
		v.Holder, v.Short, v.Agency, v.Priority = n.String(), n.Short(), string(n.Agency), ch.floor.Priority.String()
		v.Since, v.Local = stamp(ch.floorSince), ch.floor.Local
		v.Waiting = m.waitingFor(ch)
	}
	if v.Mine == "granted" || v.Mine == "warned" {
		if left := ch.press.Left - now.Sub(ch.pressed); left > 0 {
			v.LeftS = int((left + time.Second - 1) / time.Second)
		}
	}
	if ch.press.Why != nil {
		_, v.Why = Explain(ch.press.Why, m.language)
	}
	if m.cfg.Opus {
		v.Bits = ch.bits
	}
	if m.cfg.Voice != nil {
		v.Level = min(max(m.cfg.Voice.Level(ch.id), 0), 100)
	}
	return v
}
