package console

import (
	"time"

	"crossband/client"
	"crossband/client/phrase"
	"crossband/proto"
)

// ModelConfig says whose model it is. Endpoint and Me are required.
type ModelConfig struct {
	Endpoint Endpoint
	Me       proto.Name
	Language phrase.Language
	Voice    Voice // nil: no voice comes to the page
	Opus     bool  // voice goes up and down as Opus
	Software string
}

// Limits of a Model; beyond each the oldest goes.
const (
	maxCalls     = 200  // those that are over go first
	maxTexts     = 500  // of one channel
	maxShown     = 2000 // texts in a View: beyond it every channel shows its share
	maxAlarms    = 100
	maxMoments   = 200 // of one incident
	maxIncidents = 200 // those that are closed or merged go first
	maxBursts    = 200
	maxPositions = 500
	maxNotices   = 2 * proto.MaxNotices
	maxRinging   = 200 // that nobody has fetched
)

// Model is what a page shows, folded from what the endpoint tells and from how it says
// that things stand. One goroutine owns it; it holds no clock, lock or socket. It has to
// be given every event of its endpoint, from the first.
type Model struct {
	cfg      ModelConfig
	language phrase.Language
	began    time.Time // when the first event came
	now      time.Time // as it was told last
	link     linkState
	expelled *proto.Refusal

	channels  map[proto.ChannelID]*channelState
	order     []*channelState // by kind, then title
	looked    time.Time       // when the endpoint was asked how everything stands
	calls     callState
	timelines map[proto.IncidentID]*timeline
	texts     textState
	positions map[positionKey]client.PositionReceived
	notices   map[proto.NoticeID]client.ChangeNotice
	pacts     []proto.Agreement
	pactsMade time.Time // when they were worded
	alarms    alarmState
	genuine   map[burstName]judgement // of the newest bursts, by BurstHeard and BurstLate
	judged    []burstName             // the keys of genuine, oldest first

	shown rendered
}

// linkState is the standing with the own relay.
type linkState struct {
	up    bool
	relay proto.Name
	since time.Time
	why   error
	skew  time.Duration // how far the relay's clock is ahead
}

// rendered are the sections that change rarely, as they were made last. A nil one is to
// be made anew; one that is not is the same slice as in the View before.
type rendered struct {
	phrases   []Phrase
	calls     []Call
	incidents []Incident
	messages  []Message
	positions []Position
	desks     []Desk
	notices   []Notice
	pacts     []Pact
	alarms    []Alarm
}

// NewModel returns the model of an endpoint that has told nothing yet.
func NewModel(cfg ModelConfig) *Model {
	return &Model{
		cfg: cfg, language: cfg.Language,
		channels: make(map[proto.ChannelID]*channelState), timelines: make(map[proto.IncidentID]*timeline),
		calls: newCallState(), texts: newTextState(),
		positions: make(map[positionKey]client.PositionReceived), notices: make(map[proto.NoticeID]client.ChangeNotice),
		genuine: make(map[burstName]judgement),
	}
}

// SetLanguage has everything worded in another language from the next View on.
func (m *Model) SetLanguage(l phrase.Language) {
	m.language = l
	m.shown = rendered{}
	m.looked = time.Time{}
}

// lookEvery is how often the endpoint is asked how everything stands. What an event
// tells of is asked for at the next View already.
const lookEvery = time.Second

// hubTime is the time of day by the relay's clock, which is what times in the log are by.
func (m *Model) hubTime(now time.Time) time.Time { return now.Add(m.link.skew) }

// View is everything that the page shows, at now. A section that is the very slice of
// the View before has not changed; none may be written to.
func (m *Model) View(now time.Time) View {
	m.now = now
	m.look(now)
	return View{
		Me: m.me(), Link: m.linkView(), Channels: m.channelViews(now), Calls: m.callViews(now), Incidents: m.incidentViews(),
		Messages: m.messageViews(), Bursts: m.burstViews(), Positions: m.positionViews(), Desks: m.deskViews(),
		Notices: m.noticeViews(now), Pacts: m.pactViews(now), Patches: []Patch{}, Alarms: m.alarmViews(),
	}
}

// look asks the endpoint how things stand: of everything now and then, of what an event
// has told of at once.
func (m *Model) look(now time.Time) {
	all := now.Sub(m.looked) >= lookEvery || now.Before(m.looked)
	if all {
		m.looked = now
		m.lookForChannels()
		m.lookForPacts(now)
	}
	sort := all
	for _, ch := range m.channels {
		if all || ch.stale {
			m.lookAt(ch, now)
			sort = true
		}
	}
	if sort {
		m.sortChannels()
	}
	if all || m.calls.stale {
		m.lookForCalls()
	}
}

func (m *Model) me() Me {
	if m.shown.phrases == nil {
		m.shown.phrases = phraseList(m.language)
	}
	v := Me{
		Name: m.cfg.Me.String(), Short: m.cfg.Me.Short(), Agency: string(m.cfg.Me.Agency), Role: m.cfg.Me.Role.String(),
		Language: code(m.language), Phrases: m.shown.phrases, Opus: m.cfg.Opus, Software: m.cfg.Software,
	}
	if m.expelled != nil {
		v.Expelled = refused(m.expelled, m.language)
	}
	return v
}

func phraseList(l phrase.Language) []Phrase {
	list := []Phrase{}
	for p := range phrase.Phrases() {
		slots := append(p.Required(), p.Optional()...)
		list = append(list, Phrase{
			Slug: p.Slug(), Says: p.Title(l), Group: p.Topic().Name(l),
			Slots: texts(slots, phrase.Kind.String), Required: texts(p.Required(), phrase.Kind.String),
		})
	}
	return list
}

func (m *Model) linkView() Link {
	v := Link{Up: m.link.up, Relay: m.link.relay.String(), Since: stamp(m.link.since), SkewS: int(m.link.skew / time.Second)}
	if !m.link.up && m.link.why != nil {
		_, v.Why = Explain(m.link.why, m.language)
	}
	return v
}
