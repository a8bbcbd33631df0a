package phrase

import (
	"fmt"
	"slices"
	"strings"
)

// Sentence returns what the content says in the reader's language: the
// phrase's sentence, then its other slots as "Label: value." It never fails: a
// code this phrasebook lacks, a required slot that is missing and a slot of a
// newer kind are all said in words. The result is one line of visible
// characters, fit for a terminal or as the text of a page.
func (c Content) Sentence(l Language) string {
	p, known := Find(c.Code)
	if !known {
		return c.neutral(l)
	}
	var told kindSet
	out := fill(p.sentence.in(l), l, func(k Kind) string {
		if s, ok := c.fills(k); ok {
			told |= 1 << s.Kind()
			return s.show(l)
		}
		return wording{"(not given)", "(sin dato)", "(non précisé)"}.in(l)
	})
	var details []string
	for _, s := range c.inReadingOrder() {
		if !told.has(s.Kind()) {
			details = append(details, detail(s, l)+".")
		}
	}
	return strings.Join(append([]string{out}, details...), " ")
}

// inReadingOrder returns what can be shown of the slots, as a person tells it.
func (c Content) inReadingOrder() []Slot {
	var out []Slot
	for _, s := range c.Slots {
		if isSlot(s) {
			out = append(out, s)
		}
	}
	slices.SortStableFunc(out, func(a, b Slot) int { return a.Kind().rank() - b.Kind().rank() })
	return out
}

// neutral is the sentence of a code that this phrasebook lacks.
func (c Content) neutral(l Language) string {
	out := fmt.Sprintf(wording{"Message code %d (not in this phrasebook)",
		"Código de mensaje %d (no está en este catálogo de frases)",
		"Code de message %d (absent de ce recueil de phrases)"}.in(l), c.Code)
	var details []string
	for _, s := range c.inReadingOrder() {
		details = append(details, detail(s, l))
	}
	if len(details) == 0 {
		return out + "."
	}
	return out + colon(l) + strings.Join(details, "; ") + "."
}

// detail is a slot with its label.
func detail(s Slot, l Language) string {
	value := s.show(l)
	if n, ok := s.(Count); ok {
		value = fmt.Sprint(uint16(n)) // the label says of what
	}
	return s.Kind().Label(l) + colon(l) + value
}

func colon(l Language) string { return wording{": ", ": ", nbsp + ": "}.in(l) }

// Unreadable is the sentence for a content whose version this phrasebook does
// not know: the reader still learns that somebody called.
func Unreadable(l Language) string {
	return wording{
		"A hail arrived in a format this device cannot read. Ask the sender to repeat it by voice.",
		"Llegó un llamado en un formato que este equipo no puede leer. Pida al remitente que lo repita por voz.",
		"Un appel est arrivé dans un format que cet appareil ne peut pas lire. Demandez à l'expéditeur de le répéter de vive voix.",
	}.in(l)
}
