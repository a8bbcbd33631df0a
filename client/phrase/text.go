package phrase

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// nbsp keeps French punctuation on the line of its word.
const nbsp = "\u00a0"

// maxMarks is how many combining marks in a row are drawn on one letter; more
// would paint over the neighbouring lines of a screen.
const maxMarks = 3

// checkText refuses what must not travel in a text of at most limit octets:
// nothing at all, invalid UTF-8, and runes that are unseen.
func checkText(s string, limit int) error {
	switch {
	case s == "":
		return fmt.Errorf("empty text")
	case len(s) > limit:
		return fmt.Errorf("text of %d octets, at most %d", len(s), limit)
	case !utf8.ValidString(s):
		return fmt.Errorf("text is not valid UTF-8")
	}
	for _, r := range s {
		if isUnseen(r) {
			return fmt.Errorf("text holds the control or invisible character U+%04X", r)
		}
	}
	return nil
}

// isUnseen reports whether r steers a terminal or a page, or is not seen at
// all. The list is fixed here and not taken from the Unicode tables of the Go
// release: both ends must refuse the same octets.
func isUnseen(r rune) bool {
	switch {
	case r < 0x20, r >= 0x7f && r <= 0x9f: // C0, DEL, C1
		return true
	case r == 0x00ad, r == 0x034f, r == 0x061c: // soft hyphen, grapheme joiner, Arabic letter mark
		return true
	case r == 0x115f, r == 0x1160, r == 0x3164, r == 0xffa0: // Hangul fillers
		return true
	case r == 0x17b4, r == 0x17b5, r >= 0x180b && r <= 0x180f: // Khmer, Mongolian invisibles
		return true
	case r >= 0x200b && r <= 0x200f, r >= 0x2028 && r <= 0x202e: // zero width, line ends, bidi
		return true
	case r >= 0x2060 && r <= 0x206f, r == 0x2800, r == 0xfeff: // joiners, isolates, blank, BOM
		return true
	case r >= 0xfe00 && r <= 0xfe0f, r >= 0xe0000 && r <= 0xe0fff: // variation selectors, tags
		return true
	case r >= 0xfff0 && r <= 0xfffb, r >= 0xfdd0 && r <= 0xfdef: // specials, noncharacters
		return true
	case r >= 0x1bca0 && r <= 0x1bca3, r >= 0x1d173 && r <= 0x1d17a: // shorthand, musical formats
		return true
	case r >= 0xe000 && r <= 0xf8ff, r >= 0xf0000: // private use: what it shows is anybody's guess
		return true
	}
	return r&0xfffe == 0xfffe // U+xxFFFE, U+xxFFFF
}

// inert returns s as it may be shown: at most limit octets of it, unseen runes
// and piled-up marks as <U+202E>, quotation marks as plain ones, so that a text
// cannot close the quotes it stands in.
func inert(s string, limit int) string {
	var b strings.Builder
	marks := 0
	for i, r := range s {
		if i >= limit {
			b.WriteString("…")
			break
		}
		if strings.ContainsRune("“”„‟«»‹›〝〞＂", r) {
			r = '"'
		}
		marks = writeInert(&b, r, marks)
	}
	return b.String()
}

// Inert returns what somebody wrote as it may be shown on one line of a
// terminal: unseen runes, which steer it or hide something, and piled-up marks
// as <U+202E>.
func Inert(s string) string {
	var b strings.Builder
	marks := 0
	for _, r := range s {
		marks = writeInert(&b, r, marks)
	}
	return b.String()
}

// writeInert writes one rune that came after so many combining marks, and
// returns how many there are now.
func writeInert(b *strings.Builder, r rune, marks int) int {
	if unicode.Is(unicode.M, r) {
		marks++
	} else {
		marks = 0
	}
	if isUnseen(r) || marks > maxMarks {
		fmt.Fprintf(b, "<U+%04X>", r)
	} else {
		b.WriteRune(r) // invalid UTF-8 ranges as U+FFFD
	}
	return marks
}

// quote returns a person's words in the quotation marks of the language.
func quote(s string, limit int, l Language) string {
	s = inert(s, limit)
	return wording{"“" + s + "”", "“" + s + "”", "«" + nbsp + s + nbsp + "»"}.in(l)
}

// quoted returns the start of s for an error message, escaped.
func quoted(s string) string {
	const most = 40
	return strconv.QuoteToGraphic(inert(s, most))
}
