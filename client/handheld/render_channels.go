package handheld

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"charm.land/lipgloss/v2"

	"crossband/client/console"
)

// channelRows is how many rows the list of channels takes, with its heading.
func (s *screen) channelRows() int {
	return 1 + min(len(s.seen.View.Channels), max(3, s.height/3))
}

func (s *screen) channels() []string {
	all := s.seen.View.Channels
	rows := s.channelRows() - 1
	at := max(0, slices.IndexFunc(all, func(c console.Channel) bool { return c.ID == s.channel }))
	from := max(0, min(at-rows/2, len(all)-rows))
	list := []string{bold(s.words.channels)}
	for i := from; i < min(len(all), from+rows); i++ {
		list = append(list, s.channelLine(i, all[i]))
	}
	return list
}

func (s *screen) channelLine(i int, ch console.Channel) string {
	mark := "  "
	if ch.ID == s.channel {
		mark = "▶ "
	}
	title := lipgloss.NewStyle().Inline(true).Width(22).MaxWidth(22).Render(ch.Title)
	secure := lipgloss.NewStyle().Inline(true).Width(19).MaxWidth(19).Render(s.secure(ch))
	line := fmt.Sprintf("%s%d %s %s %s", mark, i+1, title, secure, s.floor(ch))
	if ch.Unread > 0 {
		line += fmt.Sprintf("  ✉%d", ch.Unread)
	}
	if ch.ID == s.channel {
		return bold(line)
	}
	return line
}

// secure is the state as a shape and a word: what is not known to be secure has another
// shape, and no colour is needed to see it.
func (s *screen) secure(ch console.Channel) string {
	switch ch.Secure.State {
	case "secure":
		if slices.ContainsFunc(ch.Members, func(m console.Member) bool { return m.Gateway }) { // it is, up to there
			return "⚠ " + strings.ToUpper(s.words.gateway)
		}
		return "◆ " + s.words.secure
	case "unconfirmed":
		return "◇ " + s.words.unconfirmed
	case "differ":
		return "✖ " + s.words.differ
	}
	return "○ " + s.words.none
}

func (s *screen) floor(ch console.Channel) string {
	f := ch.Floor
	switch {
	case !ch.Joined:
		return s.words.notJoined
	case f.Holder == "":
		return s.words.nobody
	}
	says := fmt.Sprintf(s.words.talks, f.Short+"@"+f.Agency, s.priority(f.Priority)) + " " + bar(f.Level)
	if f.Queue > 0 {
		says += " " + fmt.Sprintf(s.words.queued, f.Queue)
	}
	return says
}

// priority is a class in the unit's language.
func (s *screen) priority(class string) string {
	if w, ok := s.words.priorities[class]; ok {
		return w
	}
	return class
}

// detail is what there is to know of the chosen channel.
func (s *screen) detail() []string {
	ch, ok := s.chosen()
	if !ok {
		return nil
	}
	parts := []string{ch.Secure.Says}
	if ch.Joined {
		parts = append(parts, fmt.Sprintf(s.words.members, len(ch.Members)), fmt.Sprintf(s.words.keyAge, span(time.Duration(ch.Secure.KeyAge)*time.Second)))
	}
	if ch.HubAway {
		parts = append(parts, s.words.hubAway)
	}
	if ch.Floor.Bits > 0 && (ch.Floor.Mine == "granted" || ch.Floor.Mine == "warned") {
		parts = append(parts, s.words.strained)
	}
	list := []string{"  " + strings.Join(parts, " · ")}
	var marked []string
	gateway := false
	for _, m := range ch.Members {
		switch {
		case m.Gateway:
			gateway = true
			marked = append(marked, m.Short+" ("+s.words.gateway+")")
		case m.Observer:
			marked = append(marked, m.Short+" ("+s.words.observer+")")
		}
	}
	if gateway {
		list = append(list, bold("  ! "+s.words.encEnds+": "+strings.Join(marked, ", ")))
	} else if len(marked) > 0 {
		list = append(list, "  "+strings.Join(marked, ", "))
	}
	if ch.Floor.Forged {
		list = append(list, bold("  ! "+s.words.forged))
	}
	return list
}
