package phrase

import (
	"fmt"
	"strings"
)

// Wording is one expression in English, Spanish (Mexico) and French (Canada), in this
// order. No native speaker has reviewed the Spanish and the French ones.
type Wording [3]string

// In is the expression in a language.
func (w Wording) In(l Language) string {
	switch l {
	case Spanish, SpanishUnitedStates:
		return w[1]
	case French:
		return strings.ReplaceAll(w[2], " :", "\u00a0:")
	}
	return w[0]
}

// Say is the expression with its values, as fmt writes them.
func (w Wording) Say(l Language, args ...any) string { return fmt.Sprintf(w.In(l), args...) }
