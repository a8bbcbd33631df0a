package handheld

import (
	"fmt"
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
	"charm.land/lipgloss/v2"

	"crossband/client/console"
)

// The least window.
const (
	leastWidth  = 60
	leastHeight = 16
)

// View implements tea.Model.
func (s *screen) View() tea.View {
	v := tea.NewView(strings.Join(s.lines(), "\n"))
	v.AltScreen, v.ReportFocus = true, true
	v.WindowTitle = "Crossband " + s.seen.View.Me.Short
	v.KeyboardEnhancements = tea.KeyboardEnhancements{ReportEventTypes: true, ReportAllKeysAsEscapeCodes: true, ReportAssociatedText: true}
	return v
}

// lines is the whole screen, no line wider than it and no more lines than it has.
func (s *screen) lines() []string {
	if s.width < leastWidth || s.height < leastHeight {
		return s.fit([]string{s.words.terminalSmall})
	}
	top := slices.Concat(s.header(), s.ringing(), s.air())
	foot := s.footer()
	var body []string
	switch s.mode {
	case modeDesk, modePhrase, modeSlot, modeSure:
		body = s.hailLines(s.height - len(top) - len(foot))
	case modeHelp:
		body = s.helpLines()
	default:
		body = slices.Concat(s.channels(), s.detail(), s.textBlock(s.height-len(top)-len(foot)-s.channelRows()-4))
	}
	room := max(0, s.height-len(top)-len(foot))
	body = append(body[:min(len(body), room)], make([]string, max(0, room-len(body)))...)
	return s.fit(slices.Concat(top, body, foot))
}

// fit cuts what is too wide or too much.
func (s *screen) fit(list []string) []string {
	cut := lipgloss.NewStyle().Inline(true).MaxWidth(max(1, s.width))
	out := make([]string, 0, len(list))
	for _, l := range list[:min(len(list), max(1, s.height))] {
		out = append(out, cut.Render(l))
	}
	return out
}

func bold(text string) string { return lipgloss.NewStyle().Bold(true).Render(text) }

// loud is a line across the screen that cannot be overlooked.
func (s *screen) loud(text string) string {
	return lipgloss.NewStyle().Bold(true).Reverse(true).Inline(true).Width(s.width).MaxWidth(s.width).Render(" " + text)
}

func (s *screen) header() []string {
	v := s.seen.View
	link := "▲ " + s.words.up
	if !v.Link.Up {
		link = "▼ " + s.words.down + " " + fmt.Sprintf(s.words.since, clock(v.Link.Since))
		if v.Link.Why != "" {
			link += ": " + v.Link.Why
		}
	}
	list := []string{bold("CROSSBAND") + " " + v.Me.Short + "@" + v.Me.Agency + "  " + bold(link) + "  " + s.seen.At.Local().Format(time.TimeOnly)}
	if v.Me.Expelled != "" {
		list = append(list, s.loud(fmt.Sprintf(s.words.expelled, v.Me.Expelled)))
	}
	if ch, ok := s.chosen(); ok && ch.Exercise {
		list = append(list, s.loud(strings.Repeat(s.words.exercise+" ░ ", 3)+s.words.exercise))
	}
	if len(v.Alarms) > 0 {
		list = append(list, bold("! "+v.Alarms[0].Says)+" [x]")
	}
	return list
}

// ringing are the calls that want an answer, at most three.
func (s *screen) ringing() []string {
	var list []string
	chosen, _ := s.answerable()
	for _, c := range s.seen.View.Calls {
		if !c.Rings && c.ID != chosen.ID {
			continue
		}
		if len(list) == 6 {
			break
		}
		mark := "  "
		if c.ID == chosen.ID {
			mark = "▶ "
		}
		exercise := ""
		if c.Exercise {
			exercise = s.words.exercise + " "
		}
		says := c.Says
		if c.Note != "" {
			says += " “" + c.Note + "”"
		}
		list = append(list, s.loud(mark+exercise+strings.ToUpper(s.priority(c.Urgency))+" "+c.FromShort+": "+says))
		list = append(list, "   "+strings.Join(append(s.answers(c), c.StateSays, "→ "+c.ToShort, s.until(c)), "  "))
	}
	return list
}

// answers are the keys that answer a call.
func (s *screen) answers(c console.Call) (list []string) {
	for _, k := range [][3]string{{"a", "accepted", s.words.accept}, {"c", "committed", s.words.commit}, {"d", "declined", s.words.decline}} {
		if may(c, k[1]) {
			list = append(list, bold("["+k[0]+"] "+k[2]))
		}
	}
	return list
}

// may reports whether something can be said of a call here. Who may accept may commit
// at once: that accepts, too.
func may(c console.Call, state string) bool {
	return slices.Contains(c.May, state) || state == "committed" && slices.Contains(c.May, "accepted")
}

// until is how long a call still rings.
func (s *screen) until(c console.Call) string {
	t, err := time.Parse(time.RFC3339, c.Expires)
	if err != nil || !c.Rings {
		return ""
	}
	return "⏱ " + span(max(0, t.Sub(s.seen.At)))
}

// air is the button: who talks on the chosen channel, and whether we do.
func (s *screen) air() []string {
	ch, ok := s.chosen()
	if !ok {
		return []string{"", ""}
	}
	how := s.words.toggle
	if s.holds {
		how = s.words.hold
	}
	var says string
	switch f := ch.Floor; f.Mine {
	case "granted", "warned":
		says = s.loud("● " + s.words.mine + "   " + fmt.Sprintf(s.words.left, f.LeftS) + "   " + bar(s.seen.Mic) + "   [" + how + "]")
	case "asked":
		says = s.loud("◌ " + s.words.asked + "…   " + bar(s.seen.Mic))
	case "queued":
		says = s.loud("◌ " + fmt.Sprintf(s.words.queued, f.Queue))
	case "denied":
		says = bold("✖ " + fmt.Sprintf(s.words.denied, f.Why))
	default:
		says = "○ " + s.say(ch, how)
		if s.seen.Mic > 0 {
			says += "   " + bar(s.seen.Mic)
		}
	}
	note := s.note
	if note == "" && s.seen.Sound != nil {
		note = s.words.noSound
	}
	return []string{says, note}
}

func (s *screen) say(ch console.Channel, how string) string {
	switch {
	case !ch.Joined:
		return s.words.notJoined + " [enter]"
	case !ch.MayTalk:
		return s.words.listenOnly
	}
	return "[" + how + "] " + s.words.say + ": " + ch.Title
}

// textLines is how many texts the screen has room for.
func (s *screen) textLines() int { return max(2, s.height-s.channelRows()-12) }

func (s *screen) textBlock(room int) []string {
	list := []string{bold(s.words.texts)}
	for _, m := range s.texts(max(1, min(room, s.textLines()))) {
		line := "  " + clock(m.At) + " " + m.Short + "@" + m.Agency + ": " + m.Text
		if m.Late {
			line = "  " + s.words.late + line
		}
		if m.Mine {
			line += "  [" + s.words.states[m.State]
			if m.Why != "" {
				line += ": " + m.Why
			}
			line += "]"
		}
		list = append(list, line)
	}
	return list
}

func (s *screen) footer() []string {
	switch s.mode {
	case modeText:
		ch, _ := s.chosen()
		return []string{bold(fmt.Sprintf(s.words.write, ch.Title)), "> " + s.input + "▏", s.words.send + "  " + s.words.cancel}
	case modePosition:
		return []string{bold(s.words.where), "> " + s.input + "▏", s.words.send + "  " + s.words.cancel}
	}
	w := s.words
	keys := []string{"tab " + w.next, "h " + w.call, "t " + w.text, "r " + w.recall, "p " + w.position, "s " + w.test, "m " + w.mute, "^e " + w.emergency, "? " + w.help, "q " + w.quit}
	return []string{s.status(), strings.Join(keys, "  ")}
}

// status is what waits, what was missed and where we are.
func (s *screen) status() string {
	var parts []string
	if s.seen.Muted {
		parts = append(parts, bold(s.words.muted))
	}
	n, oldest := s.outbox()
	if n > 0 {
		parts = append(parts, bold(fmt.Sprintf(s.words.outbox, n, span(oldest))))
	}
	missed := 0
	for _, b := range s.seen.View.Bursts {
		if !b.Heard && b.Over {
			missed++
		}
	}
	if missed > 0 {
		parts = append(parts, bold("[r] "+fmt.Sprintf(s.words.missed, missed)))
	}
	switch f := s.seen.Fix; {
	case f != nil:
		parts = append(parts, f.Slot(), fmt.Sprintf(s.words.fixAge, span(f.Age(s.seen.At))))
	case s.seen.FixWhy != "":
		parts = append(parts, s.words.fixNone+": "+s.seen.FixWhy)
	}
	return strings.Join(parts, " · ")
}

// outbox is what waits on all channels, and for how long the oldest has.
func (s *screen) outbox() (n int, oldest time.Duration) {
	for _, ch := range s.seen.View.Channels {
		for _, q := range ch.Outbox {
			n++
			if t, err := time.Parse(time.RFC3339, q.At); err == nil {
				oldest = max(oldest, s.seen.At.Sub(t))
			}
		}
	}
	return n, oldest
}

// bar is a level from 0 to 100 as a meter.
func bar(percent int) string {
	const wide = 8
	n := (max(0, min(100, percent))*wide + 50) / 100
	return strings.Repeat("▮", n) + strings.Repeat("▯", wide-n)
}

// span is a time as people say it: seconds, then minutes, then hours.
func span(d time.Duration) string {
	switch {
	case d < 2*time.Minute:
		return fmt.Sprintf("%d s", int(d/time.Second))
	case d < 2*time.Hour:
		return fmt.Sprintf("%d min", int(d/time.Minute))
	}
	return fmt.Sprintf("%d h", int(d/time.Hour))
}

// clock is a moment of the View as a local time of day.
func clock(text string) string {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return text
	}
	return t.Local().Format(time.TimeOnly)
}
