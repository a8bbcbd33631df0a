package handheld

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	tea "charm.land/bubbletea/v2"

	"crossband/client/console"
	"crossband/client/handheld/sound"
	"crossband/client/phrase"
	"crossband/proto"
)

// actor is what a screen has done for it. A Unit is one.
type actor interface {
	Do(context.Context, console.Deed) console.Outcome
	Replay(context.Context, proto.BurstID) error
	Unheard() []console.Spoken
	Parrot(context.Context, func(percent int)) (sound.Report, error)
	Mute(bool)
	Typed(string) error // where the unit is
}

// mode is what the keys are for.
type mode uint8

const (
	modeMain mode = iota
	modeText
	modePosition
	modeDesk   // of a hail: to whom
	modePhrase // what
	modeSlot   // what is missing
	modeSure
	modeHelp
)

// screen is what the terminal shows and how it takes keys: a function of what it was
// sent, without clock or socket. What it wants done it returns as commands.
type screen struct {
	ctx           context.Context
	act           actor
	language      phrase.Language
	words         words
	seen          Seen
	width, height int

	mode    mode
	channel string // chosen
	call    string // chosen; empty: the first that rings
	input   string
	hail    hailing
	down    bool      // our button, until the press of this number is known to be over
	presses int       // so far: the number of the newest
	on      string    // its channel
	holds   bool      // the terminal tells when a key goes up
	armed   time.Time // since when the next ctrl+e is meant
	note    string    // what became of the last deed
	shown   map[string]struct{}
	bell    bell
}

// hailing is a hail that is being put together.
type hailing struct {
	channel, to, toShort string
	phrase               console.Phrase
	slots                map[string]string
	at                   int // chosen line of the list
	urgency              proto.Priority
}

// armedFor is how long an emergency waits for its second press.
const armedFor = 3 * time.Second

// maxInput bounds what is typed, in octets.
const maxInput = 1000

// What commands report.
type (
	outcomeMsg struct {
		deed console.Deed
		console.Outcome
	}
	parrotMsg struct {
		report sound.Report
		err    error
	}
	replayMsg struct {
		rest []console.Spoken
		err  error
	}
)

func newScreen(ctx context.Context, act actor, l phrase.Language) *screen {
	return &screen{ctx: ctx, act: act, language: l, words: wordsFor(l), width: 80, height: 24, shown: make(map[string]struct{})}
}

// Init implements tea.Model.
func (s *screen) Init() tea.Cmd { return nil }

// Update implements tea.Model.
func (s *screen) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch m := msg.(type) {
	case tea.WindowSizeMsg:
		s.width, s.height = m.Width, m.Height
	case tea.KeyboardEnhancementsMsg:
		s.holds = m.SupportsEventTypes() && m.SupportsAllKeysAsEscapeCodes()
	case tea.BlurMsg:
		if s.holds { // the release would go to another window
			return s, s.release()
		}
	case tea.KeyReleaseMsg:
		if s.holds && m.Code == tea.KeySpace {
			return s, s.release()
		}
	case tea.KeyPressMsg:
		return s, s.key(m)
	case tea.PasteMsg:
		s.typed(m.Content)
	case Seen:
		return s, s.look(m)
	case outcomeMsg:
		s.outcome(m)
	case parrotMsg:
		s.parrot(m)
	case replayMsg:
		return s, s.replayed(m)
	}
	return s, nil
}

// look takes in what is to be seen.
func (s *screen) look(seen Seen) tea.Cmd {
	s.seen = seen
	if _, ok := s.chosen(); !ok && len(seen.View.Channels) > 0 {
		s.channel = firstChannel(seen.View.Channels)
	}
	if s.over() {
		s.down = false // it was taken away, or never came
	}
	var cmds []tea.Cmd
	for _, c := range seen.Ringing {
		s.call = c.ID
	}
	if s.bell.due(seen.View.Calls, seen.At) != nil { // the terminal's own, where no sound server is
		cmds = append(cmds, tea.Raw("\a"))
	}
	return tea.Batch(append(cmds, s.showTexts())...)
}

// over reports whether the newest press is known to have ended. What is seen may be older
// than the press, and of the one before: the button must not be taken for up while the
// microphone is open.
func (s *screen) over() bool {
	for _, c := range s.seen.View.Channels {
		if c.ID == s.on && c.Floor.Press == s.number() {
			return c.Floor.Mine == "denied" || c.Floor.Mine == "idle"
		}
	}
	return false
}

// number is the number of the newest press.
func (s *screen) number() string { return strconv.Itoa(s.presses) }

// firstChannel prefers where one may talk.
func firstChannel(list []console.Channel) string {
	if i := slices.IndexFunc(list, func(c console.Channel) bool { return c.MayTalk && c.Joined }); i >= 0 {
		return list[i].ID
	}
	return list[0].ID
}

// showTexts says that the texts on the screen have been shown to a person.
func (s *screen) showTexts() tea.Cmd {
	if s.mode != modeMain && s.mode != modeText {
		return nil
	}
	var cmds []tea.Cmd
	for _, m := range s.texts(s.textLines()) {
		if _, told := s.shown[m.ID]; told || m.Mine {
			continue
		}
		if len(s.shown) > 2*maxUnseen {
			clear(s.shown) // told twice does no harm
		}
		s.shown[m.ID] = struct{}{}
		cmds = append(cmds, s.do(console.Deed{Do: console.DoShown, Message: m.ID}))
	}
	return tea.Batch(cmds...)
}

// texts are the newest texts of the chosen channel.
func (s *screen) texts(most int) []console.Message {
	var list []console.Message
	for _, m := range s.seen.View.Messages {
		if m.Channel == s.channel {
			list = append(list, m)
		}
	}
	return list[max(0, len(list)-most):]
}

func (s *screen) chosen() (console.Channel, bool) {
	for _, c := range s.seen.View.Channels {
		if c.ID == s.channel {
			return c, true
		}
	}
	return console.Channel{}, false
}

// answerable is the chosen call, or the first that rings.
func (s *screen) answerable() (console.Call, bool) {
	var first *console.Call
	for i, c := range s.seen.View.Calls {
		if c.ID == s.call && (c.Rings || len(c.May) > 0) {
			return c, true
		}
		if c.Rings && first == nil {
			first = &s.seen.View.Calls[i]
		}
	}
	if first != nil {
		return *first, true
	}
	return console.Call{}, false
}

func (s *screen) do(d console.Deed) tea.Cmd {
	return func() tea.Msg { return outcomeMsg{d, s.act.Do(s.ctx, d)} }
}

// outcome says what became of a deed.
func (s *screen) outcome(m outcomeMsg) {
	switch {
	case m.Says != "" && !m.Waits:
		s.note = m.Says
		if m.deed.Do == console.DoPress && m.deed.Press == s.number() {
			s.down = false
		}
	case m.Waits:
		s.note = s.words.waits
	case m.deed.Do == console.DoText, m.deed.Do == console.DoHail:
		s.note = s.words.sent
	case m.deed.Do == console.DoReply, m.deed.Do == console.DoPosition:
		s.note = s.words.done
	}
}

func (s *screen) parrot(m parrotMsg) {
	if m.err != nil {
		s.note = s.words.noSound
		return
	}
	s.note = m.report.Verdict.Sentence(s.language) + " (" + m.report.Figures() + ")"
}

// press puts the button down, once.
func (s *screen) press(priority proto.Priority) tea.Cmd {
	ch, ok := s.chosen()
	if !ok || s.down {
		return nil
	}
	if !ch.MayTalk {
		s.note = s.words.listenOnly
		return nil
	}
	s.presses++
	s.down, s.on, s.note = true, ch.ID, ""
	return s.do(console.Deed{Do: console.DoPress, Press: s.number(), Channels: []string{ch.ID}, Priority: priority.String()})
}

// release lets the button go. Commands may overtake each other: the number tells which
// press is over.
func (s *screen) release() tea.Cmd {
	if !s.down {
		return nil
	}
	s.down = false
	return s.do(console.Deed{Do: console.DoRelease, Press: s.number()})
}

// emergency talks with that priority, after a second press: a key is hit by accident.
func (s *screen) emergency() tea.Cmd {
	if s.seen.At.Sub(s.armed) > armedFor {
		s.armed = s.seen.At
		s.note = s.words.emergencyAgain
		return nil
	}
	s.armed = time.Time{}
	before := s.release()
	return tea.Sequence(before, s.press(proto.PriorityEmergency))
}

// replay plays what was missed, one after the other, and says of each that it is late.
func (s *screen) replay(list []console.Spoken) tea.Cmd {
	if len(list) == 0 {
		s.note = s.words.noMissed
		return nil
	}
	b := list[0]
	s.note = fmt.Sprintf("%s %s %s", s.words.late, b.At.Local().Format(time.TimeOnly), short(b.From))
	return func() tea.Msg { return replayMsg{list[1:], s.act.Replay(s.ctx, b.ID)} }
}

func (s *screen) replayed(m replayMsg) tea.Cmd {
	if m.err != nil {
		s.note = s.words.noSound
		return nil
	}
	if len(m.rest) == 0 {
		s.note = ""
		return nil
	}
	return s.replay(m.rest)
}

func short(n proto.Name) string { return n.Short() + "@" + string(n.Agency) }
