package client

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"crossband/crypto/mls"
	"crossband/proto"
	"crossband/proto/incident"
)

// savedChannel is what a restart needs of a channel.
type savedChannel struct {
	Charter []byte
	Cursor  uint64
	Seen    uint64 // highest epoch
	Restart uint64 // SFrame context in use
	Greeted [][]byte
	Wanted  bool // to come back by ourselves, if we have no group
	Lost    bool // the hub has lost the group
	Group   []byte
	Old     bool // the group's state is known to be an old copy
	Hails   []savedHail
	Book    incident.Saved
	Numbers savedNumbers
	Outbox  []*outgoing
	Inbox   []savedText
	Mine    sentList
	Texts   textList
	Holes   []*hole
	Late    []*lateEpoch // of the holes
	Views   []byte       // digests of our last epochs: see views.Book
}

// savedNumbers are numbers with names as text.
type savedNumbers struct {
	Used uint64
	Free []uint64
	Last map[string]uint64
}

func (n numbers) saved() savedNumbers {
	v := savedNumbers{Used: n.Used, Free: n.Free, Last: make(map[string]uint64, len(n.Last))}
	for name, last := range n.Last {
		v.Last[name.String()] = last
	}
	return v
}

func (v savedNumbers) numbers() numbers {
	n := numbers{Used: v.Used, Free: v.Free, Last: make(map[proto.Name]uint64, len(v.Last))}
	for text, last := range v.Last {
		if name, err := proto.ParseName(text); err == nil {
			n.Last[name] = last
		}
	}
	return n
}

const channelKey = "channel-"

// saveLocked keeps the channel's state. It is called after every change and
// before anything that the change produced is sent, so that no key is ever
// used twice.
func (ch *Channel) saveLocked() error {
	book := ch.book.Save(keptOver)
	v := savedChannel{Charter: ch.signed, Cursor: ch.cursor, Seen: ch.seen, Restart: ch.restart, Greeted: ch.greeted, Wanted: ch.wanted, Lost: ch.lost, Old: ch.old, Hails: ch.hailsLocked(book), Book: book,
		Numbers: ch.numbers.saved(), Outbox: ch.outbox, Inbox: ch.inbox, Mine: ch.mine, Texts: ch.texts,
		Holes: ch.holes.list, Late: ch.holes.epochs, Views: ch.heart.book.Save()}
	if ch.group != nil {
		var err error
		if v.Group, err = ch.group.MarshalBinary(); err != nil {
			return fmt.Errorf("save channel: %w", err)
		}
	}
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("save channel: %w", err)
	}
	return ch.s.saveLocked(channelKey+ch.id.String(), b)
}

// restore loads what the last run kept. A channel whose charter has ended leaves
// only what waited on it. One whose state does not load is left out: it is joined
// anew when wanted.
func (s *Session) restore() error {
	names, err := s.cfg.State.Keys()
	if err != nil {
		return fmt.Errorf("client: state: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.restoreDocumentsLocked(names); err != nil {
		return err
	}
	for _, name := range names {
		if strings.HasPrefix(name, letterKey) {
			s.letters++
		}
		if !strings.HasPrefix(name, channelKey) {
			continue
		}
		b, err := s.cfg.State.Load(name)
		if err != nil {
			return fmt.Errorf("client: state: %w", err)
		}
		if err := s.restoreLocked(b); err != nil {
			s.log.Warn("channel state not loaded", "key", name, "why", err.Error())
		}
	}
	s.missedSinceLocked()
	return s.restorePackagesLocked()
}

// openLocked makes a channel, or takes up the state that waited for its agreement: a
// fresh one would overwrite what is to be sent and which keys have been used.
func (s *Session) openLocked(c proto.Charter, signed []byte) *Channel {
	if _, waits := s.pacts.left[c.Channel]; waits {
		delete(s.pacts.left, c.Channel)
		var v struct{ Charter []byte }
		b, err := s.cfg.State.Load(channelKey + c.Channel.String())
		if err == nil {
			err = json.Unmarshal(b, &v)
		}
		if err == nil && bytes.Equal(v.Charter, signed) {
			err = s.restoreLocked(b)
		}
		if err != nil {
			s.log.Warn("channel state not loaded", "channel", c.Channel.Short(), "why", err.Error())
		}
		if ch := s.channels[c.Channel]; ch != nil {
			return ch
		}
	}
	return s.newChannelLocked(c, signed)
}

func (s *Session) restoreLocked(b []byte) error {
	var v savedChannel
	if err := json.Unmarshal(b, &v); err != nil {
		return err
	}
	c, err := s.judge().Payload(v.Charter)
	if err != nil {
		return err
	}
	end := s.pacts.Running(&c, time.Now())
	if end.Reason == proto.ReasonNoAgreement { // its agreement may come again
		s.pacts.left[c.Channel] = struct{}{}
		return end.Refusal()
	}
	if !time.Now().Before(end.At) {
		ch := s.newChannelLocked(c, v.Charter)
		ch.outbox, ch.again, ch.holes.list, ch.holes.epochs = v.Outbox, v.Inbox, v.Holes, v.Late
		ch.endLocked(end.Refusal())
		return nil
	}
	// It was judged good when it came, or it would not be here. That its signer
	// has been revoked since, a lost handset say, ends no channel.
	if _, _, err := s.judge().Read(v.Charter, time.Now()); err != nil && proto.ReasonOf(err) != proto.ReasonRevoked {
		return err
	}
	if err := s.roomLocked(); err != nil {
		return err
	}
	ch := s.newChannelLocked(c, v.Charter)
	ch.seen, ch.restart, ch.greeted = v.Seen, v.Restart, v.Greeted
	ch.numbers, ch.outbox, ch.inbox, ch.again, ch.mine, ch.texts = v.Numbers.numbers(), v.Outbox, v.Inbox, v.Inbox, v.Mine, v.Texts
	ch.holes.list, ch.holes.epochs = v.Holes, v.Late
	ch.cursor, ch.wanted, ch.lost = v.Cursor, v.Wanted, v.Lost
	ch.book.Load(v.Book)
	if len(v.Group) == 0 { // it may have been on its way back in
		ch.restoreHailsLocked(v.Hails)
		return nil
	}
	g, err := mls.UnmarshalGroup(v.Group, s.identity.Key, ch.gate())
	if err != nil {
		delete(s.channels, ch.id)
		return err
	}
	g.SetPadding(paddingBucket)
	// Voice keys are counted from zero by each run: a new context, kept before
	// it is used, makes them new keys (RFC 9605 section 9.1).
	ch.group, ch.created, ch.wanted, ch.restart, ch.restored = g, true, true, v.Restart+1, true
	ch.heart.book.Load(v.Views, time.Now())
	ch.restoreHailsLocked(v.Hails)
	ch.old = v.Old
	if err := ch.saveLocked(); err != nil {
		return err
	}
	if err := ch.newEpochLocked(); err != nil {
		return err
	}
	ch.heart.news = append(ch.heart.news, ch.observersLocked(ch.presentLocked())...)
	if v.Old {
		ch.stillOldLocked()
	}
	return nil
}
