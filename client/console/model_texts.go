package console

import (
	"cmp"
	"slices"
	"time"

	"crossband/client"
	"crossband/client/phrase"
	"crossband/proto"
)

// text is a text of somebody, or of ours.
type text struct {
	id      proto.MessageID
	channel proto.ChannelID
	from    proto.Name
	says    string // inert
	at      time.Time
	mine    bool
	late    bool
	seen    bool            // a person has been shown it
	made    *Message        // as it was shown last; nil: it has changed since
	madeIn  phrase.Language // of made
	progress
}

// progress is how far a text of ours has come.
type progress struct {
	state    client.MessageState
	seq      uint64 // its place in the log; 0: none yet
	agencies []proto.Agency
	readers  []proto.Name
	why      *proto.Refusal
}

// maxReaders bounds the readers that are named; the first ones stay.
const maxReaders = 200

// textState is what has been said, by channel, in the order of the log; what has no
// place there yet comes last.
type textState struct {
	of    map[proto.ChannelID][]*text
	fresh map[proto.ChannelID]int // how many of others nobody has been shown
	byID  map[proto.MessageID]*text
	early map[proto.MessageID]progress // of ours, told before the text
	first []proto.MessageID            // the keys of early, oldest first
}

// maxUntold bounds what is known of messages whose text has not been told: replies and
// hails among them, of which none will be.
const maxUntold = 128

func newTextState() textState {
	return textState{of: make(map[proto.ChannelID][]*text), fresh: make(map[proto.ChannelID]int), byID: make(map[proto.MessageID]*text), early: make(map[proto.MessageID]progress)}
}

// put gives a text its place; beyond the bound the oldest goes.
func (s *textState) put(t *text) {
	list := s.of[t.channel]
	i := len(list)
	for i > 0 && t.before(list[i-1]) {
		i--
	}
	list = slices.Insert(list, i, t)
	s.byID[t.id] = t
	if len(list) > maxTexts {
		s.see(list[0])
		delete(s.byID, list[0].id)
		list = slices.Delete(list, 0, 1)
	}
	s.of[t.channel] = list
}

// newest is the last place in the log of what is known of a channel.
func (s *textState) newest(ch proto.ChannelID) uint64 {
	for _, t := range slices.Backward(s.of[ch]) {
		if t.seq != 0 {
			return t.seq
		}
	}
	return 0
}

func (t *text) before(o *text) bool {
	if t.seq != 0 && o.seq != 0 {
		return t.seq < o.seq
	}
	return t.seq != 0 && o.seq == 0 || t.seq == 0 && o.seq == 0 && t.at.Before(o.at)
}

// place moves a text that has got its place in the log.
func (s *textState) place(t *text) {
	s.of[t.channel] = slices.DeleteFunc(s.of[t.channel], func(x *text) bool { return x == t })
	s.put(t)
}

func (s *textState) forget(ch proto.ChannelID) {
	for _, t := range s.of[ch] {
		delete(s.byID, t.id)
	}
	delete(s.of, ch)
	delete(s.fresh, ch)
}

// see notes that a text needs no reader any more.
func (s *textState) see(t *text) {
	if !t.seen {
		t.seen = true
		s.fresh[t.channel]--
	}
}

func (m *Model) foldText(e client.TextReceived) {
	m.touch(e.Channel)
	if m.texts.byID[e.ID] != nil {
		return
	}
	t := &text{id: e.ID, channel: e.Channel, from: e.From, says: inert(e.Text, client.MaxText), at: e.At}
	t.seq = e.Seq
	t.late = e.At.Before(m.hubTime(m.began)) || m.texts.newest(e.Channel) > e.Seq
	m.texts.fresh[e.Channel]++
	m.texts.put(t)
	m.shown.messages = nil
}

func (m *Model) foldSaid(e client.TextSaid) {
	m.touch(e.Channel)
	if m.texts.byID[e.ID] != nil {
		return
	}
	t := &text{id: e.ID, channel: e.Channel, from: m.cfg.Me, says: inert(e.Text, client.MaxText), at: e.At, mine: true, seen: true, late: e.At.Before(m.began)}
	t.state = client.MessageQueued
	if p, told := m.texts.early[e.ID]; told {
		t.progress = p
		delete(m.texts.early, e.ID)
		m.texts.first = slices.DeleteFunc(m.texts.first, func(x proto.MessageID) bool { return x == e.ID })
	}
	m.texts.put(t)
	m.shown.messages = nil
}

// foldMoved takes in how far a message of ours has come: a text, or a hail, reply or
// act, of which only the failure is shown.
func (m *Model) foldMoved(e client.MessageMoved, now time.Time) {
	m.touch(e.Channel)
	t := m.texts.byID[e.ID]
	if t == nil {
		m.calls.stale = true // it may be a hail
		p := m.texts.early[e.ID]
		p.move(&e)
		m.texts.keep(e.ID, p)
		if e.State == client.MessageFailed {
			m.alarm(now, e.Channel, e.Why)
		}
		return
	}
	if !t.mine {
		return
	}
	t.made = nil
	if before := t.seq; t.move(&e) != before {
		m.texts.place(t)
	}
	m.shown.messages = nil
}

func (s *textState) keep(id proto.MessageID, p progress) {
	if _, known := s.early[id]; !known {
		if len(s.first) >= maxUntold {
			delete(s.early, s.first[0])
			s.first = s.first[1:]
		}
		s.first = append(s.first, id)
	}
	s.early[id] = p
}

// move goes on, never back, and returns the place in the log.
func (p *progress) move(e *client.MessageMoved) (seq uint64) {
	p.state, p.seq = max(p.state, e.State), max(p.seq, e.Seq)
	for _, a := range e.Agencies {
		if !slices.Contains(p.agencies, a) && len(p.agencies) < proto.MaxParties {
			p.agencies = append(p.agencies, a)
		}
	}
	for _, n := range e.Readers {
		if !slices.Contains(p.readers, n) && len(p.readers) < maxReaders {
			p.readers = append(p.readers, n)
		}
	}
	if e.Why != nil {
		p.why = e.Why
	}
	return p.seq
}

// Shown notes that a person has been shown a text.
func (m *Model) Shown(id proto.MessageID) {
	if t := m.texts.byID[id]; t != nil {
		m.texts.see(t)
	}
}

// Text returns a text that another has said, as Session.Shown takes it.
func (m *Model) Text(id proto.MessageID) (client.TextReceived, bool) {
	t := m.texts.byID[id]
	if t == nil || t.mine {
		return client.TextReceived{}, false
	}
	return client.TextReceived{Channel: t.channel, ID: t.id, From: t.from, At: t.at, Seq: t.seq}, true
}

// ordered is a text with the time by which it is put among those of other channels.
type ordered struct {
	*text
	by time.Time
}

// messageViews lists what was said on all channels. When there is more than a page can
// take at once, every channel shows its newest.
func (m *Model) messageViews() []Message {
	if m.shown.messages != nil {
		return m.shown.messages
	}
	share := maxTexts
	if n := len(m.texts.of); n*share > maxShown {
		if total := len(m.texts.byID); total > maxShown {
			share = max(maxShown/n, 1)
		}
	}
	var all []ordered
	for _, list := range m.texts.of {
		var last time.Time
		for _, t := range list[max(0, len(list)-share):] { // a channel keeps the order of its log
			if t.at.After(last) {
				last = t.at
			}
			all = append(all, ordered{t, last})
		}
	}
	slices.SortStableFunc(all, func(a, b ordered) int {
		return cmp.Or(a.by.Compare(b.by), slices.Compare(a.channel[:], b.channel[:]))
	})
	m.shown.messages = make([]Message, 0, len(all))
	for _, t := range all {
		if t.made == nil || t.madeIn != m.language {
			v := t.view(m.language)
			t.made, t.madeIn = &v, m.language
		}
		m.shown.messages = append(m.shown.messages, *t.made)
	}
	return m.shown.messages
}

func (t *text) view(l phrase.Language) Message {
	v := Message{
		ID: t.id.String(), Channel: t.channel.String(), From: t.from.String(), Short: t.from.Short(), Agency: string(t.from.Agency),
		Mine: t.mine, Text: t.says, At: stamp(t.at), Late: t.late, Read: texts(t.readers, nameText), Reached: texts(t.agencies, agencyText),
	}
	if t.mine {
		v.State = messageState(t.state)
	}
	if t.why != nil {
		v.Why = refused(t.why, l)
	}
	return v
}

// messageState names how far a message has come.
func messageState(s client.MessageState) string {
	switch s {
	case client.MessageKept:
		return "kept"
	case client.MessageOrdered:
		return "logged"
	case client.MessageDelivered:
		return "delivered"
	case client.MessageRead:
		return "read"
	case client.MessageFailed:
		return "failed"
	}
	return "waiting"
}
