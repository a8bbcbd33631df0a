package client

import (
	"slices"
	"time"

	"crossband/proto"
	"crossband/proto/wire"
)

// savedText is a text that nobody has been shown yet.
type savedText struct {
	ID   proto.MessageID
	From string
	Text string
	At   time.Time
	Seq  uint64
}

// maxInbox bounds the texts of one channel that a restart gives again; beyond it
// the oldest counts as shown.
const maxInbox = 1000

// Shown says that a text has been shown to a person. Until then it is given again
// by every run, so that a crash between receipt and screen takes nothing; and the
// others are not told that it was read.
func (s *Session) Shown(t TextReceived) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ctx.Err() != nil {
		return errClosed // the state may be another's by now
	}
	ch := s.channels[t.Channel]
	if ch == nil {
		return nil
	}
	n := len(ch.inbox)
	ch.inbox = slices.DeleteFunc(ch.inbox, func(x savedText) bool { return x.ID == t.ID })
	if len(ch.inbox) == n {
		return nil
	}
	return ch.saveLocked()
}

func (ch *Channel) receivedLocked(t TextReceived) {
	if len(ch.inbox) == maxInbox {
		ch.inbox = ch.inbox[1:]
	}
	at := len(ch.inbox)
	for at > 0 && ch.inbox[at-1].Seq > t.Seq { // a late one has its place before others
		at--
	}
	ch.inbox = slices.Insert(ch.inbox, at, savedText{t.ID, t.From.String(), t.Text, t.At, t.Seq})
}

// showAgain gives what the last run had received and not shown, and what it had said
// and not sent, of all channels, the oldest of each first. It comes before the first link: what that brings is
// newer.
func (s *Session) showAgain() {
	s.mu.Lock()
	var news []Event
	for _, ch := range s.channels {
		news = append(news, ch.againLocked()...)
		news = append(news, ch.unsentLocked()...)
	}
	s.mu.Unlock()
	s.emitAll(news)
}

func (ch *Channel) againLocked() (news []Event) {
	for _, x := range ch.again {
		if from, err := proto.ParseName(x.From); err == nil {
			news = append(news, TextReceived{ch.id, x.ID, from, x.Text, x.At, x.Seq})
		}
	}
	ch.again = nil
	return news
}

// readUpToLocked is how far a person has been shown the log, without a hole.
func (ch *Channel) readUpToLocked() uint64 {
	upTo := ch.cursor
	if len(ch.inbox) > 0 && ch.inbox[0].Seq <= upTo {
		upTo = ch.inbox[0].Seq - 1
	}
	if list := ch.holes.list; len(list) > 0 && list[0].Seq <= upTo {
		upTo = list[0].Seq - 1
	}
	return upTo
}

// tellEvery is how often the relay is told how far we have read.
const tellEvery = 500 * time.Millisecond

// tellReads tells the relay how far every channel has been read. It ends with
// Close.
func (s *Session) tellReads() {
	for sleep(s.ctx, tellEvery) {
		s.mu.Lock()
		for _, ch := range s.channels {
			if ch.group == nil || ch.out == 0 {
				continue
			}
			if seq := ch.readUpToLocked(); seq > ch.told {
				ch.told = seq
				s.tellLocked(&wire.Frame{Body: &wire.Frame_Read{Read: &wire.Read{Channel: ch.id[:], Seq: seq}}})
			}
		}
		s.mu.Unlock()
	}
}
