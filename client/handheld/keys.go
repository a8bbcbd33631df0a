package handheld

import (
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"crossband/client/console"
	"crossband/client/phrase"
	"crossband/proto"
)

// key takes a key. Those that end the program and those of an emergency work always.
func (s *screen) key(k tea.KeyPressMsg) tea.Cmd {
	switch k.String() {
	case "ctrl+c":
		return tea.Sequence(s.release(), tea.Quit)
	case "ctrl+e":
		if k.IsRepeat {
			return nil
		}
		return s.emergency()
	}
	switch s.mode {
	case modeMain:
		return s.mainKey(k)
	case modeHelp:
		s.mode = modeMain
		return nil
	case modeDesk, modePhrase, modeSlot, modeSure:
		return s.hailKey(k)
	}
	return s.lineKey(k)
}

func (s *screen) mainKey(k tea.KeyPressMsg) tea.Cmd {
	switch key := k.String(); key {
	case "space":
		if k.IsRepeat {
			return nil
		}
		if s.down && !s.holds {
			return s.release()
		}
		return s.press(proto.PriorityRoutine)
	case "tab", "down":
		return s.move(1)
	case "shift+tab", "up":
		return s.move(-1)
	case "1", "2", "3", "4", "5", "6", "7", "8", "9":
		if n := int(key[0] - '1'); n < len(s.seen.View.Channels) && !s.down {
			s.channel = s.seen.View.Channels[n].ID
		}
	case "left":
		s.moveCall(-1)
	case "right":
		s.moveCall(1)
	case "a":
		return s.answer(proto.HailAccepted)
	case "c":
		return s.answer(proto.HailCommitted)
	case "d":
		return s.answer(proto.HailDeclined)
	case "h":
		return s.beginHail()
	case "t":
		s.mode, s.input = modeText, ""
	case "p":
		s.mode, s.input = modePosition, ""
	default:
		return s.otherKey(key)
	}
	return nil
}

func (s *screen) otherKey(key string) tea.Cmd {
	switch key {
	case "enter":
		if ch, ok := s.chosen(); ok && !ch.Joined {
			return s.do(console.Deed{Do: console.DoJoin, Channel: ch.ID})
		}
	case "r":
		return s.replay(s.act.Unheard())
	case "s":
		s.note = s.words.parrotSay
		return func() tea.Msg {
			r, err := s.act.Parrot(s.ctx, nil)
			return parrotMsg{r, err}
		}
	case "m":
		s.act.Mute(!s.seen.Muted)
	case "l":
		return s.nextLanguage()
	case "x":
		if a := s.seen.View.Alarms; len(a) > 0 {
			return s.do(console.Deed{Do: console.DoAlarmSeen, Alarm: a[0].ID})
		}
	case "?":
		s.mode = modeHelp
	case "q":
		return tea.Sequence(s.release(), tea.Quit)
	}
	return nil
}

// move chooses another channel, unless one talks.
func (s *screen) move(by int) tea.Cmd {
	list := s.seen.View.Channels
	if s.down || len(list) == 0 {
		return nil
	}
	i := slices.IndexFunc(list, func(c console.Channel) bool { return c.ID == s.channel })
	s.channel = list[(i+by+len(list))%len(list)].ID
	return s.showTexts()
}

// moveCall chooses another call that can be answered.
func (s *screen) moveCall(by int) {
	var list []string
	for _, c := range s.seen.View.Calls {
		if c.Rings || len(c.May) > 0 {
			list = append(list, c.ID)
		}
	}
	if len(list) > 0 {
		i := max(0, slices.Index(list, s.call))
		s.call = list[(i+by+len(list))%len(list)]
	}
}

func (s *screen) answer(state proto.HailState) tea.Cmd {
	c, ok := s.answerable()
	word := strings.ToLower(state.String())
	if !ok || !may(c, word) {
		return nil
	}
	return s.do(console.Deed{Do: console.DoReply, Call: c.ID, State: word})
}

func (s *screen) nextLanguage() tea.Cmd {
	all := phrase.Languages()
	i := slices.Index(all[:], s.language)
	s.language = all[(i+1)%len(all)]
	s.words = wordsFor(s.language)
	return s.do(console.Deed{Do: console.DoLanguage, Language: s.language.String()})
}

// typed adds to the line that is being typed, in the modes that have one.
func (s *screen) typed(text string) {
	if s.mode == modeMain || s.mode == modeDesk || s.mode == modeSure || s.mode == modeHelp {
		return
	}
	text = strings.ToValidUTF8(strings.Map(func(r rune) rune {
		if r < ' ' {
			return ' '
		}
		return r
	}, text), "")
	if len(s.input)+len(text) <= maxInput {
		s.input += text
	}
	s.hail.at = 0
}

// edit takes a key of a line. done: it has been typed.
func (s *screen) edit(k tea.KeyPressMsg) (done bool) {
	switch k.String() {
	case "enter":
		return true
	case "esc":
		s.mode, s.input = modeMain, ""
	case "backspace":
		if r := []rune(s.input); len(r) > 0 {
			s.input = string(r[:len(r)-1])
		}
	default:
		if k.Text != "" {
			s.typed(k.Text)
		}
	}
	return false
}

// lineKey is for a text or a position.
func (s *screen) lineKey(k tea.KeyPressMsg) tea.Cmd {
	if !s.edit(k) {
		return nil
	}
	text, was := strings.TrimSpace(s.input), s.mode
	if text == "" {
		s.mode = modeMain
		return nil
	}
	if was == modePosition {
		if err := s.act.Typed(text); err != nil {
			s.note = phrase.Inert(err.Error())
			return nil
		}
		s.mode, s.input, s.note = modeMain, "", s.words.done
		return nil
	}
	s.mode, s.input = modeMain, ""
	return s.do(console.Deed{Do: console.DoText, Channel: s.channel, Text: text})
}
