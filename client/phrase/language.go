package phrase

import (
	"fmt"
	"strings"
)

// Language is a reader's language. The zero Language is English; a value that
// is none of the constants reads as English too.
type Language uint8

// The languages of the phrasebook.
const (
	English Language = iota // United States
	Spanish                 // Mexico
	French                  // Canada
)

const languages = 3

// Languages returns every language of the phrasebook.
func Languages() [languages]Language { return [...]Language{English, Spanish, French} }

// String returns the BCP 47 tag: "en", "es-MX" or "fr-CA".
func (l Language) String() string { return wording{"en", "es-MX", "fr-CA"}.in(l) }

// ParseLanguage returns the language of a tag: en, es or fr, alone or with a
// region the phrasebook serves (en-US, en-CA, es-MX, es-US, fr-CA), in any case.
func ParseLanguage(s string) (Language, error) {
	switch strings.ToLower(s) {
	case "en", "en-us", "en-ca":
		return English, nil
	case "es", "es-mx", "es-us":
		return Spanish, nil
	case "fr", "fr-ca":
		return French, nil
	}
	return English, fmt.Errorf("unknown language %s: want en, es (es-MX) or fr (fr-CA)", quoted(s))
}

// wording is one expression in English, Spanish and French, in this order.
type wording [languages]string

func (w wording) in(l Language) string {
	if l >= languages {
		l = English
	}
	return w[l]
}
