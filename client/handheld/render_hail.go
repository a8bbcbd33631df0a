package handheld

import (
	"fmt"
	"slices"
	"strings"

	"crossband/client/phrase"
)

// hailLines is the hail that is being put together.
func (s *screen) hailLines(room int) []string {
	switch s.mode {
	case modeDesk:
		var items []string
		for i, c := range s.callees() {
			items = append(items, fmt.Sprintf("%d %s", i+1, c.short))
		}
		return append([]string{bold(s.words.toWhom)}, s.list(items, room-1)...)
	case modePhrase:
		var items []string
		for _, p := range s.phrases() {
			items = append(items, p.Says)
		}
		return append([]string{bold(s.hail.toShort + ": " + s.words.what), "> " + s.input + "▏"}, s.list(items, room-2)...)
	case modeSlot:
		slot, form := s.missing(), ""
		if k, ok := phrase.ParseKind(slot); ok {
			form = k.Form()
		}
		return []string{bold(s.hail.toShort + ": " + s.hail.phrase.Says), fmt.Sprintf(s.words.slot, slot, form), "> " + s.input + "▏", s.words.cancel}
	}
	exercise := ""
	if s.exercise() {
		exercise = bold(s.words.exercise)
	}
	return []string{
		bold(s.words.sure), exercise, "  → " + s.hail.toShort, "  " + s.hail.phrase.Says, "  " + strings.Join(slots(s.hail.slots), "  "),
		"  [u] " + strings.ToUpper(s.priority(s.hail.urgency.String())), "", bold(s.words.send) + "  " + s.words.cancel,
	}
}

// list shows the part of a list around its chosen line.
func (s *screen) list(items []string, room int) []string {
	room = max(1, room)
	from := max(0, min(s.hail.at-room/2, len(items)-room))
	out := slices.Clone(items[from:min(len(items), from+room)])
	for i := range out {
		if from+i == s.hail.at {
			out[i] = bold("▶ " + out[i])
		} else {
			out[i] = "  " + out[i]
		}
	}
	return out
}

func (s *screen) helpLines() []string {
	w := s.words
	return []string{
		bold(w.help),
		"  space        " + w.say + " / " + w.release,
		"  tab 1-9      " + w.next,
		"  a c d ← →    " + w.accept + " / " + w.commit + " / " + w.decline,
		"  h            " + w.call,
		"  t            " + w.text,
		"  r            " + w.recall,
		"  p            " + w.position,
		"  s            " + w.test,
		"  m            " + w.mute,
		"  ctrl+e ×2    " + w.emergency,
		"  l            en / es / fr",
		"  x            !",
		"  q            " + w.quit,
	}
}
