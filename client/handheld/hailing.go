package handheld

import (
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"crossband/client/console"
	"crossband/proto"
)

// callee is a desk that can be hailed, and where.
type callee struct{ channel, name, short string }

// callees lists the desks that can be hailed: on the chosen channel first.
func (s *screen) callees() []callee {
	var list []callee
	add := func(ch, name, short string) {
		c := callee{ch, name, short}
		if name != s.seen.View.Me.Name && !slices.ContainsFunc(list, func(o callee) bool { return o.channel == ch && o.name == name }) {
			list = append(list, c)
		}
	}
	for _, ch := range s.seen.View.Channels {
		if !ch.MayHail || !ch.Joined {
			continue
		}
		for _, d := range s.seen.View.Desks {
			if d.Channel == ch.ID {
				add(ch.ID, d.Role, d.Short)
			}
		}
		for _, m := range ch.Members {
			if m.Role == proto.RoleDesk.String() && !m.Me {
				add(ch.ID, m.Name, m.Short)
			}
		}
	}
	slices.SortStableFunc(list, func(a, b callee) int {
		return rank(a.channel == s.channel) - rank(b.channel == s.channel)
	})
	return list
}

func rank(first bool) int {
	if first {
		return 0
	}
	return 1
}

func (s *screen) beginHail() tea.Cmd {
	if len(s.callees()) == 0 {
		s.note = s.words.noDesks
		return nil
	}
	s.mode, s.input, s.note = modeDesk, "", ""
	s.hail = hailing{urgency: proto.PriorityUrgent, slots: map[string]string{}}
	return nil
}

// hailKey is for a hail: to whom, what, what is missing, sure.
func (s *screen) hailKey(k tea.KeyPressMsg) tea.Cmd {
	key := k.String()
	switch {
	case key == "esc":
		s.mode, s.input = modeMain, ""
		return nil
	case key == "up", key == "down":
		s.chooseLine(key == "down")
		return nil
	}
	switch s.mode {
	case modeDesk:
		s.deskKey(key)
	case modePhrase:
		if list := s.phrases(); s.edit(k) && s.hail.at < len(list) {
			s.hail.phrase, s.input = list[s.hail.at], ""
			s.nextSlot()
		}
	case modeSlot:
		if s.edit(k) && strings.TrimSpace(s.input) != "" {
			s.hail.slots[s.missing()] = strings.TrimSpace(s.input)
			s.nextSlot()
		}
	case modeSure:
		return s.sureKey(key)
	}
	return nil
}

func (s *screen) chooseLine(down bool) {
	n := len(s.phrases())
	if s.mode == modeDesk {
		n = len(s.callees())
	}
	if n == 0 {
		return
	}
	by := -1
	if down {
		by = 1
	}
	s.hail.at = (s.hail.at + by + n) % n
}

func (s *screen) deskKey(key string) {
	list := s.callees()
	at := s.hail.at
	if len(key) == 1 && key[0] >= '1' && key[0] <= '9' {
		at = int(key[0] - '1')
	} else if key != "enter" {
		return
	}
	if at < len(list) {
		s.hail.channel, s.hail.to, s.hail.toShort = list[at].channel, list[at].name, list[at].short
		s.mode, s.hail.at = modePhrase, 0
	}
}

// phrases are those that hold what has been typed.
func (s *screen) phrases() []console.Phrase {
	want := strings.ToLower(strings.TrimSpace(s.input))
	var list []console.Phrase
	for _, p := range s.seen.View.Me.Phrases {
		if strings.Contains(strings.ToLower(p.Says+" "+p.Slug+" "+p.Group), want) {
			list = append(list, p)
		}
	}
	return list
}

// missing is the first slot that the phrase says nothing without.
func (s *screen) missing() string {
	for _, slot := range s.hail.phrase.Required {
		if s.hail.slots[slot] == "" {
			return slot
		}
	}
	return ""
}

// nextSlot asks for what is missing, and gives the place along where it is known.
func (s *screen) nextSlot() {
	const place = "place"
	if f := s.seen.Fix; f != nil && s.hail.slots[place] == "" && slices.Contains(s.hail.phrase.Slots, place) {
		s.hail.slots[place] = f.Slot()
	}
	s.input = ""
	if s.mode = modeSlot; s.missing() == "" {
		s.mode = modeSure
	}
}

func (s *screen) sureKey(key string) tea.Cmd {
	switch key {
	case "u":
		all := []proto.Priority{proto.PriorityRoutine, proto.PriorityUrgent, proto.PriorityEmergency}
		s.hail.urgency = all[(slices.Index(all, s.hail.urgency)+1)%len(all)]
	case "enter":
		s.mode = modeMain
		return s.do(console.Deed{
			Do: console.DoHail, Channel: s.hail.channel, Name: s.hail.to, Phrase: s.hail.phrase.Slug, Slots: s.hail.slots, Priority: s.hail.urgency.String(), Exercise: s.exercise(),
		})
	}
	return nil
}

// exercise reports whether the hail is one: where its channel is.
func (s *screen) exercise() bool {
	return slices.ContainsFunc(s.seen.View.Channels, func(c console.Channel) bool { return c.ID == s.hail.channel && c.Exercise })
}
