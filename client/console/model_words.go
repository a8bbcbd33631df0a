package console

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"crossband/client/phrase"
	"crossband/proto"
)

// reasonsIn is the language in which a page's reasons are worded.
func reasonsIn(l phrase.Language) proto.Language {
	switch l {
	case phrase.Spanish, phrase.SpanishUnitedStates:
		return proto.Spanish
	case phrase.French:
		return proto.French
	}
	return proto.English
}

// code is the language as a page names it: en, es or fr.
func code(l phrase.Language) string { return phrase.Wording{"en", "es", "fr"}.In(l) }

// Limits of what is shown of a person's words, in octets before they are made inert.
const (
	maxNote   = 2000
	maxDetail = 400
)

// inert returns a person's words, or a peer's, as they may stand on one line of a page
// or a terminal: at most limit octets, ends of lines shown as an arrow, and what is
// unseen shown by its number.
func inert(s string, limit int) string {
	if len(s) > limit {
		for limit > 0 && !utf8.RuneStart(s[limit]) {
			limit--
		}
		s = s[:limit] + "…"
	}
	s = strings.ReplaceAll(s, "\r\n", "\n")
	return phrase.Inert(strings.ReplaceAll(s, "\n", " ↵ "))
}

// stamp writes a time as a View does; "" for none.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05.000Z")
}

// timeOfDay is a time of day within a sentence.
func timeOfDay(t time.Time) string { return t.UTC().Format("15:04:05") + " UTC" }

// shown is a name as people read it.
func shown(n proto.Name) string { return n.Short() + "@" + string(n.Agency) }

// most bounds the names that a sentence lists.
const most = 4

// listed names a few and counts the rest.
func listed[T any](list []T, text func(T) string) string {
	var parts []string
	for i, x := range list {
		if i == most {
			parts = append(parts, fmt.Sprintf("+%d", len(list)-most))
			break
		}
		parts = append(parts, text(x))
	}
	return strings.Join(parts, ", ")
}

func texts[T any](list []T, text func(T) string) []string {
	out := make([]string, 0, len(list))
	for _, x := range list {
		out = append(out, text(x))
	}
	return out
}

func nameText(n proto.Name) string     { return n.String() }
func agencyText(a proto.Agency) string { return string(a) }
