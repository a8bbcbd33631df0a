package phrase

import (
	"fmt"
	"strings"
)

// Language is a reader's language and, where it decides which units of measure
// come first, the reader's country. The zero Language is English; a value that
// is none of the constants reads as English too.
type Language uint8

// The languages of the phrasebook.
const (
	English Language = iota // United States
	Spanish                 // Mexico
	French                  // Canada

	EnglishCanada       // worded as English, with metric units first
	SpanishUnitedStates // worded as Spanish, with miles and pounds first
)

// languages is how many languages the phrasebook is worded in.
const languages = 3

// Languages returns every language that the phrasebook is worded in, each with
// the habits of its first country.
func Languages() [languages]Language { return [...]Language{English, Spanish, French} }

// String returns the BCP 47 tag: "en", "es-MX", "fr-CA", "en-CA" or "es-US".
func (l Language) String() string {
	switch l {
	case EnglishCanada:
		return "en-CA"
	case SpanishUnitedStates:
		return "es-US"
	}
	return wording{"en", "es-MX", "fr-CA"}.in(l)
}

// ParseLanguage returns the language of a tag: en, es or fr, alone or with a
// country the phrasebook serves (en-US, en-CA, es-MX, es-US, fr-CA), in any case.
func ParseLanguage(s string) (Language, error) {
	switch strings.ToLower(s) {
	case "en", "en-us":
		return English, nil
	case "en-ca":
		return EnglishCanada, nil
	case "es", "es-mx":
		return Spanish, nil
	case "es-us":
		return SpanishUnitedStates, nil
	case "fr", "fr-ca":
		return French, nil
	}
	return English, fmt.Errorf("unknown language %s: want en, es (es-MX) or fr (fr-CA)", quoted(s))
}

// metric reports whether the reader's country measures in metres and kilograms.
func (l Language) metric() bool { return l == Spanish || l == French || l == EnglishCanada }

// wording is one expression in English, Spanish and French, in this order.
type wording [languages]string

func (w wording) in(l Language) string {
	switch l {
	case Spanish, SpanishUnitedStates:
		return w[1]
	case French:
		return w[2]
	}
	return w[0]
}
