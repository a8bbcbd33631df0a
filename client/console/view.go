package console

// View is everything that a page shows. Each section is sent whole when it has changed,
// at most ten times a second, as an event of its JSON name; the first events of a stream
// are all sections. Names are as proto.Name writes them; Short is for people. Times are
// RFC 3339 in UTC with milliseconds. Every text is plain: a page must not read it as
// markup, and what a person wrote has been made inert (phrase.Inert).
type View struct {
	Me        Me         `json:"me"`
	Link      Link       `json:"link"`
	Channels  []Channel  `json:"channels"`  // by kind, then title
	Calls     []Call     `json:"calls"`     // hails, newest first, at most 200
	Incidents []Incident `json:"incidents"` // those open first
	Messages  []Message  `json:"messages"`  // of all channels, oldest first, at most 500 of one channel
	Bursts    []Burst    `json:"bursts"`    // that can be heard again, newest first
	Positions []Position `json:"positions"` // the newest of each device on each channel
	Desks     []Desk     `json:"desks"`     // who is on duty where
	Notices   []Notice   `json:"notices"`
	Pacts     []Pact     `json:"pacts"` // agreements
	Patches   []Patch    `json:"patches"`
	Alarms    []Alarm    `json:"alarms"` // newest first, at most 100, until a person has put them away
}

// Me is this endpoint and how its page speaks.
type Me struct {
	Name     string   `json:"name"`
	Short    string   `json:"short"`
	Agency   string   `json:"agency"`
	Role     string   `json:"role"`
	Language string   `json:"language"` // en, es, fr
	Phrases  []Phrase `json:"phrases"`  // the phrasebook in that language
	Opus     bool     `json:"opus"`     // voice goes up and down as Opus; otherwise as G.711
	Expelled string   `json:"expelled"` // why this device was put out; empty: it was not
	Software string   `json:"software"` // and version
}

// Phrase is an entry of the phrasebook.
type Phrase struct {
	Slug     string   `json:"slug"`
	Says     string   `json:"says"` // without slots
	Group    string   `json:"group"`
	Slots    []string `json:"slots"`    // that it may have
	Required []string `json:"required"` // without which it says nothing
}

// Link is this endpoint's standing with its relay.
type Link struct {
	Up    bool   `json:"up"`
	Relay string `json:"relay"`
	Since string `json:"since"`  // of the state
	Why   string `json:"why"`    // it is down
	SkewS int    `json:"skew_s"` // how far the relay's clock is ahead of ours, in seconds
}

// Channel is a channel that this endpoint is in, or may join.
type Channel struct {
	ID       string   `json:"id"`
	Title    string   `json:"title"`
	Kind     string   `json:"kind"` // calling, standing, incident, patrol
	Owner    string   `json:"owner"`
	Agencies []string `json:"agencies"`
	Joined   bool     `json:"joined"`
	Exercise bool     `json:"exercise"`
	Incident string   `json:"incident"` // of an incident's channel
	Pact     string   `json:"pact"`     // the agreement that it rests on
	Ends     string   `json:"ends"`
	EndsWhy  string   `json:"ends_why"`
	HubAway  bool     `json:"hub_away"` // one talks with those of the own relay only

	Hears      bool     `json:"hears"` // its voice comes to this endpoint
	MayTalk    bool     `json:"may_talk"`
	MayHail    bool     `json:"may_hail"`
	Priorities []string `json:"priorities"` // that this endpoint may press with: routine, urgent, emergency, …
	Secure     Secure   `json:"secure"`
	Members    []Member `json:"members"`
	Floor      Floor    `json:"floor"`
	Unread     int      `json:"unread"`
	Outbox     []Queued `json:"outbox"`
}

// Secure says whether a channel is secure, and never more than is known.
type Secure struct {
	State  string   `json:"state"` // secure: the members' views agree; unconfirmed; differ: somebody sees other members; none: not joined, or nobody else is there
	Says   string   `json:"says"`  // in the page's language
	Epoch  uint64   `json:"epoch"`
	KeyAge int      `json:"key_age_s"` // since the present keys were made, as far as this run knows: by 10 s, then by minutes, after an hour by 10 minutes
	Suite  string   `json:"suite"`
	Silent []string `json:"silent"` // agencies none of whose members has confirmed
	Differ []string `json:"differ"` // members whose view is another

	Gateways  []string `json:"gateways"`  // members at which the encryption ends
	Observers []string `json:"observers"` // members who hear and read, and cannot send
}

// Member is one who is in the channel.
type Member struct {
	Name     string `json:"name"`
	Short    string `json:"short"`
	Agency   string `json:"agency"`
	Role     string `json:"role"`
	Me       bool   `json:"me"`
	Observer bool   `json:"observer"` // hears and reads, and cannot send
	Until    string `json:"until"`    // of an observer
	Gateway  bool   `json:"gateway"`  // content leaves the encryption there
	Heard    string `json:"heard"`    // when its heartbeat was heard last
}

// Floor is who speaks, and how this endpoint's own press stands.
type Floor struct {
	Holder   string   `json:"holder"` // empty: nobody
	Short    string   `json:"short"`
	Agency   string   `json:"agency"`
	Priority string   `json:"priority"`
	Since    string   `json:"since"`
	Mine     string   `json:"mine"`    // idle, asked, queued, granted, denied, warned
	Press    string   `json:"press"`   // the page's own number for the press that mine is of, or was of last
	Queue    int      `json:"queue"`   // our place in it; 0: none
	Waiting  []Waiter `json:"waiting"` // who waits for it, the next one first
	LeftS    int      `json:"left_s"`  // of our turn, in seconds, when mine is granted or warned
	Why      string   `json:"why"`     // of a denial or an end, in the page's language
	Local    bool     `json:"local"`   // granted by the own relay while the hub is away
	Level    int      `json:"level"`   // of what is heard, 0 to 100, newest
	Forged   bool     `json:"forged"`  // of the last burst: frames that their sender did not sign
	Bits     int      `json:"bits"`    // a second that the own voice here is to have at most, because listeners lose some of it; 0: they do not
}

// Waiter is one who waits for the floor.
type Waiter struct {
	Name     string `json:"name"`
	Short    string `json:"short"`
	Agency   string `json:"agency"`
	Priority string `json:"priority"`
	Me       bool   `json:"me"`
}

// Call is a hail.
type Call struct {
	ID        string   `json:"id"`
	Channel   string   `json:"channel"`
	Incident  string   `json:"incident"`
	From      string   `json:"from"`
	FromShort string   `json:"from_short"`
	To        string   `json:"to"`
	ToShort   string   `json:"to_short"`
	For       string   `json:"for"` // the desk for which it rings here
	Urgency   string   `json:"urgency"`
	Exercise  bool     `json:"exercise"`
	Says      string   `json:"says"` // in the page's language
	Note      string   `json:"note"`
	Place     *Place   `json:"place"`
	At        string   `json:"at"`
	Expires   string   `json:"expires"`
	State     string   `json:"state"`
	StateSays string   `json:"state_says"`
	Reason    string   `json:"reason"`
	Holder    string   `json:"holder"`
	Rings     bool     `json:"rings"` // here, for an answer
	Mine      bool     `json:"mine"`  // this endpoint called
	Step      int      `json:"step"`  // of its ladder
	Round     int      `json:"round"`
	Ladder    []Rung   `json:"ladder"`
	May       []string `json:"may"` // what can be said of it here: accepted, committed, declined, cancelled, released
}

// Rung is a step of a ladder.
type Rung struct {
	Step    int      `json:"step"`
	AfterS  int      `json:"after_s"` // of the hail
	To      []string `json:"to"`
	Reached bool     `json:"reached"`
}

// Place is where something is.
type Place struct {
	Latitude  float64 `json:"lat"`
	Longitude float64 `json:"lon"`
	Says      string  `json:"says"`
}

// Incident is one as far as this endpoint sees it.
type Incident struct {
	ID          string   `json:"id"`
	Calling     string   `json:"calling"`
	Channel     string   `json:"channel"` // empty: none yet, or not known
	State       string   `json:"state"`
	Exercise    bool     `json:"exercise"`
	Opened      string   `json:"opened"`
	Changed     string   `json:"changed"`
	Holder      string   `json:"holder"`
	Into        string   `json:"into"` // of which it is a duplicate
	Disposition string   `json:"disposition"`
	Calls       []string `json:"calls"` // by id

	Participants []string `json:"participants"` // who hailed, who has or had it, and who is in its channel

	Timeline []Moment `json:"timeline"` // oldest first, at most 200
}

// Moment is a line of a timeline.
type Moment struct {
	At   string `json:"at"`
	By   string `json:"by"`
	Says string `json:"says"`
}

// Message is a text.
type Message struct {
	ID      string   `json:"id"`
	Channel string   `json:"channel"`
	From    string   `json:"from"`
	Short   string   `json:"short"`
	Agency  string   `json:"agency"`
	Mine    bool     `json:"mine"`
	Text    string   `json:"text"`
	At      string   `json:"at"`
	Late    bool     `json:"late"`      // it came after later ones, or was said before this run
	State   string   `json:"state"`     // of ours: waiting, kept, logged, delivered, read, failed
	Read    []string `json:"read"`      // by whom
	Reached []string `json:"delivered"` // agencies whose relays have it
	Why     string   `json:"why"`
}

// Queued is a message that has not gone.
type Queued struct {
	ID   string `json:"id"`
	Kind string `json:"kind"`
	At   string `json:"at"`
	Kept bool   `json:"kept"` // our relay has it, and waits for the hub
}

// Burst is voice that was heard, or missed and came late, and can be heard again for
// some minutes: GET /api/recall/ID gives it as WAV.
type Burst struct {
	ID      string `json:"id"`
	Channel string `json:"channel"`
	From    string `json:"from"`
	Short   string `json:"short"`
	Agency  string `json:"agency"`
	At      string `json:"at"`
	Millis  int    `json:"ms"`
	Over    bool   `json:"over"`
	Genuine bool   `json:"genuine"` // every frame was signed by the speaker's device
	Heard   bool   `json:"heard"`   // played as it came; false: it came while no page listened
}

// Position is where a device said that it is.
type Position struct {
	Channel string  `json:"channel"`
	Name    string  `json:"name"`
	Short   string  `json:"short"`
	Lat     float64 `json:"lat"`
	Lon     float64 `json:"lon"`
	Meters  int     `json:"accuracy_m"`
	Fix     string  `json:"fix"`
	At      string  `json:"at"`
	Says    string  `json:"says"`
}

// Desk is a desk and who is there.
type Desk struct {
	Channel  string `json:"channel"`
	Role     string `json:"role"`
	Short    string `json:"short"`
	StandsIn string `json:"stands_in"`
	Off      bool   `json:"off"`
	Unmanned bool   `json:"unmanned"`
}

// Notice is a change notice.
type Notice struct {
	ID     string `json:"id"`
	Agency string `json:"agency"`
	Kind   string `json:"kind"`
	Title  string `json:"title"`
	Text   string `json:"text"`
	Begins string `json:"begins"`
	Ends   string `json:"ends"`
	Stage  string `json:"stage"`
	Says   string `json:"says"`
}

// Pact is an agreement between agencies.
type Pact struct {
	ID       string   `json:"id"`
	Title    string   `json:"title"`
	Parties  []string `json:"parties"`
	Observes []string `json:"observes"`
	Begins   string   `json:"begins"`
	Ends     string   `json:"ends"`
	Lines    []string `json:"lines"` // what it says, a sentence a line, in the page's language
	Mine     []string `json:"mine"`  // what this endpoint may do under it and may not, a sentence each
}

// Alarm is something that a person should look at.
type Alarm struct {
	ID      int    `json:"id"`
	At      string `json:"at"`
	Channel string `json:"channel"`
	Code    int    `json:"code"`
	Says    string `json:"says"`
}

// Patch is channels that this desk has joined: what is said on one it says again on
// the others.
type Patch struct {
	ID       string   `json:"id"`
	Channels []string `json:"channels"`
	Until    string   `json:"until"`    // it ends by itself
	Withheld []string `json:"withheld"` // what is not carried, in sentences
}
