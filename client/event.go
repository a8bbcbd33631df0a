package client

import (
	"time"

	"crossband/client/phrase"
	"crossband/client/views"
	"crossband/proto"
)

// Event is what happened without being asked: Connected, Disconnected,
// Offered, Joined, Left, TextReceived, TextSaid, MessageMoved, Gap, HailReceived, HailMoved,
// Paged, PageAnswered, IncidentOpened, IncidentMoved, DutyChanged, DeskUnmanned, FloorChanged, FloorWaiting, VoiceStrained, MembersChanged, ViewsChanged, HubAway, BurstHeard, BurstLate,
// Missed, PositionReceived, ChangeNotice, Expelled, Ending, ObserverThere or Alarm.
type Event interface{ event() }

// Connected says that the link to the relay is up.
type Connected struct {
	Relay proto.Name
	Skew  time.Duration // how far the relay's clock is ahead of ours
}

// Disconnected says why the link went down. The Session dials again by itself.
type Disconnected struct{ Err error }

// Offered says that a channel exists, or may be created, which this endpoint
// may join.
type Offered struct {
	Channel proto.ChannelID
	Charter proto.Charter
	Created bool
}

// Joined says that this endpoint is now a member.
type Joined struct {
	Channel proto.ChannelID
	Charter proto.Charter
	Epoch   uint64
}

// Left says that this endpoint is a member no more, and why.
type Left struct {
	Channel proto.ChannelID
	Why     *proto.Refusal
}

// TextReceived is a text of another member. It is given once, and by later runs
// again until Session.Shown says that a person has seen it.
type TextReceived struct {
	Channel proto.ChannelID
	ID      proto.MessageID
	From    proto.Name
	Text    string
	At      time.Time // the hub's clock when it was accepted
	Seq     uint64
}

// MessageMoved says how far a text, hail or reply of ours has come.
type MessageMoved struct {
	Channel  proto.ChannelID
	ID       proto.MessageID
	State    MessageState
	Seq      uint64         // its place in the log, once it has one
	Agencies []proto.Agency // MessageDelivered: whose relays have it now
	Readers  []proto.Name   // MessageRead: who has been shown it now
	Why      *proto.Refusal // MessageFailed
}

// Gap says that messages of a sender are missing before one that came: somebody
// withholds them, or they are late. Those that are late come as any other.
type Gap struct {
	Channel proto.ChannelID
	From    proto.Name
	First   uint64 // number of the first one missing
	Count   uint64
}

// HailReceived is a call for help on a calling channel. It rings at its
// addressee; others on the channel see it. It comes again, with Rings, where its
// ladder, or a change of duty, makes it ring.
type HailReceived struct {
	Channel  proto.ChannelID
	ID       proto.MessageID
	Incident proto.IncidentID
	From, To proto.Name
	Urgency  proto.Priority
	Exercise bool
	Content  phrase.Content
	Note     string // free text beside it
	Expires  time.Time
	At       time.Time

	// Unreadable: Content is of a newer phrasebook, or damaged by its sender.
	Unreadable bool

	Rings bool       // here, for an answer
	For   proto.Name // the desk for which it does
	Round int        // of the ladder; 1 is the hail's own
	Step  int        // of the ladder that has made it ring; 0: this is the addressee
}

// HailMoved says where a hail stands now and who moved it. With a ladder a desk may
// decline, and the hail stay open for the others.
type HailMoved struct {
	Channel  proto.ChannelID
	Hail     proto.MessageID
	State    proto.HailState
	Said     proto.HailState // what By said
	By       proto.Name
	For      proto.Name // the desk for which By spoke, when not for itself
	Round    int        // of the ladder
	Reason   proto.Reason
	Content  *phrase.Content // what was said with it, if anything
	Exercise bool
	At       time.Time

	// Unreadable: something was said, of a newer phrasebook or damaged by its sender.
	Unreadable bool
}

// Paged says that a hail has come to a step of its ladder, and whom that reaches.
type Paged struct {
	Channel  proto.ChannelID
	Hail     proto.MessageID
	Incident proto.IncidentID
	Round    int
	Step     int // 0: the addressee, with whom a later round begins
	To       []proto.Name
	Exercise bool
	At       time.Time
}

// PageAnswered is a hook's word on its page.
type PageAnswered struct {
	Channel   proto.ChannelID
	Hail      proto.MessageID
	Round     int
	Step      int
	By        proto.Name
	Delivered bool
	Reason    proto.Reason // why not
	At        time.Time
}

// IncidentOpened says which channel an accepted hail has opened.
type IncidentOpened struct {
	Incident proto.IncidentID
	Hail     proto.MessageID
	Channel  proto.ChannelID
	By       proto.Name
	Exercise bool // as far as the hail is known
}

// IncidentMoved says what was done with an incident.
type IncidentMoved struct {
	Channel     proto.ChannelID // the calling channel
	Incident    proto.IncidentID
	Act         proto.Act
	By          proto.Name
	To          proto.Name        // who has it now, handed over
	Into        proto.IncidentID  // of which it is a duplicate, merged
	Disposition proto.Disposition // closed
	Note        string
	Exercise    bool
	At          time.Time
}

// DutyChanged says who is on duty for a desk.
type DutyChanged struct {
	Channel proto.ChannelID
	Role    proto.Name
	On      bool
	At      proto.Name // the endpoint at which its hails ring
	By      proto.Name
	Note    string
	Time    time.Time
}

// DeskUnmanned says that nobody is found at a desk, or hook, that is needed; and, with
// Unmanned false, that somebody is again. The hub says so, once for each spell.
type DeskUnmanned struct {
	Channel  proto.ChannelID
	Desk     proto.Name
	Unmanned bool
	At       time.Time
}

// FloorChanged says who holds a channel's floor; the zero Holder is nobody.
type FloorChanged struct {
	Channel  proto.ChannelID
	Holder   proto.Name
	Burst    proto.BurstID
	Priority proto.Priority
	Local    bool // decided by our own relay while the hub is away
}

// MembersChanged says who came and went.
type MembersChanged struct {
	Channel proto.ChannelID
	Epoch   uint64
	By      proto.Name
	Added   []proto.Name
	Removed []proto.Name
}

// HubAway says that a channel's hub cannot be reached, or can be again. While it
// is away one talks with those of the own relay only.
type HubAway struct {
	Channel proto.ChannelID
	Away    bool
	Since   time.Time // when this device was told that it is away; also beside the news that it is back
}

// BurstHeard is what is known of a burst once it is over.
type BurstHeard struct {
	Channel  proto.ChannelID
	Burst    proto.BurstID
	From     proto.Name
	Frames   int  // played
	Verified int  // frames whose signature was good
	Forged   int  // frames that their sender did not sign: an attack by a member
	Genuine  bool // every frame was signed by From's device
}

// Missed says that log entries cannot be read by this device: they were sealed
// in epochs whose keys it does not have, or no longer; or what was sealed lies at
// its origin's relay, which is away.
type Missed struct {
	Channel proto.ChannelID
	Seq     uint64 // the first
	Count   uint64
	Origin  proto.Agency // whose relay has them: they are read when it is back; empty: they are missed for good
}

// ViewsChanged says that the members' views of the channel's membership now
// agree, differ, or are not confirmed.
type ViewsChanged struct {
	Channel proto.ChannelID
	Before  views.State // None: we have just come in
	Views   views.Views
}

// Alarm is something that a person should look at.
type Alarm struct {
	Channel proto.ChannelID
	Why     *proto.Refusal
}

func (Connected) event()      {}
func (Disconnected) event()   {}
func (Offered) event()        {}
func (Joined) event()         {}
func (Left) event()           {}
func (TextReceived) event()   {}
func (MessageMoved) event()   {}
func (Gap) event()            {}
func (HailReceived) event()   {}
func (HailMoved) event()      {}
func (Paged) event()          {}
func (PageAnswered) event()   {}
func (IncidentOpened) event() {}
func (IncidentMoved) event()  {}
func (DutyChanged) event()    {}
func (DeskUnmanned) event()   {}
func (FloorChanged) event()   {}
func (MembersChanged) event() {}
func (HubAway) event()        {}
func (BurstHeard) event()     {}
func (Missed) event()         {}
func (ViewsChanged) event()   {}
func (Alarm) event()          {}
