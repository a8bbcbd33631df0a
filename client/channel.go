package client

import (
	"context"
	"time"

	"crossband/client/views"
	"crossband/client/voice"
	"crossband/crypto/mls"
	"crossband/crypto/sframe"
	"crossband/proto"
	"crossband/proto/incident"
)

// Channel is a channel that this endpoint may join or has joined.
type Channel struct {
	s        *Session
	id       proto.ChannelID // static
	charter  proto.Charter   // static
	signed   []byte          // static
	turn     chan struct{}   // holds one token: whoever changes membership takes it
	reading  chan struct{}   // holds one token: whoever fetches the log takes it
	origins  *origins        // of what its log lacks; whoever has reading's token has it
	asking   chan struct{}   // holds one token: whoever subscribes takes it
	fetching bool            // a task fetches the log
	created  bool            // a group exists, as far as the relay said
	wanted   bool            // we have been a member and were not removed: come back by ourselves

	comingBack bool // a goroutine tries to

	end   proto.End     // when the channel ends for us
	said  time.Duration // the last of EndingSaid that has been said; 0: none
	watch time.Time     // when the next observer's time is over; zero: never

	outcasts   []proto.Name // members whose certificates have been taken back
	puttingOut bool         // a goroutine sees to it that they go
	warnedOf   string       // outcasts of whom we have said that they may be listening

	// Set by joining.
	group   *mls.Group              // nil: not a member
	cursor  uint64                  // newest log entry applied
	head    uint64                  // newest that there is, as the relay has told us last
	missing uint64                  // entry of which we have said that the relay leaves it out
	present map[proto.Name]struct{} // the members
	pending []*ownCommit            // made by us in this epoch, not yet in the log; oldest first
	seen    uint64                  // highest epoch that we were in: never joined below it
	lost    bool                    // the hub says that it has lost the group: a new one may begin lower
	greeted [][]byte                // digests of welcomes followed: none is followed twice
	restart uint64                  // counts the starts of this group's state: see newContext
	old     bool                    // the log has shown that it is an old copy: nothing may be sealed by it

	// What has been said and heard.
	outbox    []*outgoing // not back from the log yet
	inbox     []savedText // not shown yet
	mine      sentList    // whose delivery is followed
	texts     textList    // of others: none is shown twice
	numbers   numbers
	delivered map[proto.Agency]uint64 // how far relays have the log
	read      map[proto.Name]uint64   // how far readers have been shown it
	told      uint64                  // how far we have told our relay, on this link
	sending   bool                    // a goroutine empties the outbox
	moved     bool                    // its last try got somewhere
	restored  bool                    // the group's state is of a run before this one, as it was kept
	again     []savedText             // to be shown again, before the first link
	news      []Event                 // of the entry being applied
	holes     holeState               // entries passed over, to be read when their origin is back

	// Set by subscribing, on each link anew.
	in        proto.Alias // our number: voice that we hear
	out       proto.Alias // the relay's: voice that we send; 0 while not subscribed
	deaf      bool        // we want no voice of it; stays as it is over links
	deafThere bool        // and the relay knows; good while subscribed
	hubAway   bool
	awaySince time.Time // when we were told last that it is

	away         time.Time // since when the channel's voice has not been heard; zero: nothing of it has been missed
	fetchingLate bool      // a goroutine fetches that

	heart heart // compares the members' views of the membership

	book    *incident.Book                   // of a calling channel: hails, incidents, duty
	overdue map[proto.MessageID]incident.Due // what the hub was late with, as last told
	touch   time.Time                        // since when we are in touch with the hub
	logTime time.Time                        // the newest time in the log, as far as this run has read it

	sender *sframe.Sender // seals our voice in the present epoch; nil: not a member
	floor  FloorChanged
	burst  *Burst // ours, under way

	bitrate     voice.Bitrate // of our voice, as our relay has told us on this link
	bitrateTold int           // as told last; 0: never
}

// maxPending bounds the commits of one epoch that we would know again; the oldest
// goes.
const maxPending = 4

type ownCommit struct {
	id      proto.MessageID
	pending *mls.Pending
}

// ID returns the channel's identifier.
func (ch *Channel) ID() proto.ChannelID { return ch.id }

// Charter returns the channel's rules.
func (ch *Channel) Charter() proto.Charter { return ch.charter }

func (s *Session) newChannelLocked(c proto.Charter, signed []byte) *Channel {
	s.lastAlias++
	ch := &Channel{
		s: s, id: c.Channel, charter: c, signed: signed, turn: make(chan struct{}, 1), reading: make(chan struct{}, 1), asking: make(chan struct{}, 1), origins: newOrigins(portion{}),
		book: incident.NewBook(c), in: s.lastAlias, delivered: make(map[proto.Agency]uint64), read: make(map[proto.Name]uint64),
	}
	ch.turn <- struct{}{}
	ch.reading <- struct{}{}
	ch.asking <- struct{}{}
	ch.findEndLocked()
	ch.watch = c.NextObserverEnd(time.Now())
	s.pokeLocked()
	ch.heart.book = views.NewBook(ch.id, s.Name(), spread(s.Name()))
	s.channels[ch.id] = ch
	return ch
}

// Channels lists the channels that this endpoint knows.
func (s *Session) Channels() []*Channel {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]*Channel, 0, len(s.channels))
	for _, ch := range s.channels {
		list = append(list, ch)
	}
	return list
}

// Channel returns a channel that this endpoint knows, or nil.
func (s *Session) Channel(id proto.ChannelID) *Channel {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.channels[id]
}

// take waits for the turn to change this channel's membership.
func (ch *Channel) take(ctx context.Context) error {
	select {
	case <-ch.turn:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (ch *Channel) give() { ch.turn <- struct{}{} }

func (s *Session) channelLocked(id []byte) *Channel {
	cid, err := proto.ChannelIDFrom(id)
	if err != nil {
		return nil
	}
	return s.channels[cid]
}

// linkLost is called with the mutex held when the link has ended.
func (ch *Channel) linkLost() {
	ch.awayLocked()
	ch.out, ch.bitrate = 0, voice.Bitrate{}
	if ch.burst != nil {
		ch.burst.endLocked(ErrNoLink)
	}
}
