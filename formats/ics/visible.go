package ics

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxMarks is how many combining marks in a row stay on one letter; more would
// be painted over neighbouring lines.
const maxMarks = 3

// visible returns s as it may be printed: letters, signs, spaces and line
// feeds. A tab becomes a space, CR LF a line feed; everything else that steers
// a terminal or a page, or is not seen, is written out as <U+001B>, and an
// octet that is not UTF-8 as <0xFF>.
func visible(s string) string {
	var b strings.Builder
	marks := 0
	s = strings.ReplaceAll(s, "\r\n", "\n")
	for i, r := range s {
		if unicode.Is(unicode.M, r) {
			marks++
		} else {
			marks = 0
		}
		switch {
		case r == utf8.RuneError && !strings.HasPrefix(s[i:], string(utf8.RuneError)):
			fmt.Fprintf(&b, "<0x%02X>", s[i])
		case r == '\t':
			b.WriteByte(' ')
		case r == '\n', unicode.IsGraphic(r) && !isBlank(r) && marks <= maxMarks:
			b.WriteRune(r)
		default:
			fmt.Fprintf(&b, "<U+%04X>", r)
		}
	}
	return b.String()
}

// isBlank reports runes that Unicode counts as letters, marks or signs but that
// show nothing or change what is beside them.
func isBlank(r rune) bool {
	switch {
	case r == 0x034f, r == 0x115f, r == 0x1160, r == 0x3164, r == 0xffa0: // joiner, Hangul fillers
		return true
	case r == 0x17b4, r == 0x17b5, r >= 0x180b && r <= 0x180f: // Khmer, Mongolian invisibles
		return true
	case r == 0x2800, r == 0xfffc, r >= 0xfe00 && r <= 0xfe0f, r >= 0xe0100 && r <= 0xe01ef: // blank, variations
		return true
	}
	return false
}

// cells returns how many places a rune takes on a line of fixed pitch: none for
// a combining mark, two for the wide letters and signs of East Asia.
func cells(r rune) int {
	switch {
	case unicode.Is(unicode.Mn, r), unicode.Is(unicode.Me, r):
		return 0
	case r >= 0x1100 && r <= 0x115f, r >= 0x2e80 && r <= 0x303e, r >= 0x3041 && r <= 0xa4cf, r >= 0xac00 && r <= 0xd7a3:
		return 2
	case r >= 0xf900 && r <= 0xfaff, r >= 0xfe30 && r <= 0xfe6f, r >= 0xff00 && r <= 0xff60, r >= 0xffe0 && r <= 0xffe6:
		return 2
	case r >= 0x1f300 && r <= 0x1f64f, r >= 0x1f680 && r <= 0x1f6ff, r >= 0x1f900 && r <= 0x1faff, r >= 0x20000 && r <= 0x3fffd:
		return 2
	}
	return 1
}

func width(s string) int {
	n := 0
	for _, r := range s {
		n += cells(r)
	}
	return n
}

// broken ends a line on which a word is cut, so that a cut can be told from a
// space.
const broken = "\\"

// wrap breaks a visible text into lines of at most so many cells, at least 4:
// at its line feeds, at spaces, which then are dropped, and, if a word is longer
// than a line, after broken.
func wrap(s string, limit int) []string {
	var lines []string
	for paragraph := range strings.SplitSeq(s, "\n") {
		for {
			line, rest := cut(paragraph, limit)
			lines = append(lines, line)
			if rest == "" {
				break
			}
			paragraph = rest
		}
	}
	return lines
}

// cut returns the first line of a paragraph and what follows it.
func cut(s string, limit int) (line, rest string) {
	used, space, hard := 0, 0, 0
	for i, r := range s {
		w := cells(r)
		if used+w > limit {
			switch {
			case r == ' ':
				return s[:i], s[i+1:]
			case space > 0:
				return s[:space], s[space+1:]
			}
			return s[:hard] + broken, s[hard:]
		}
		if r == ' ' {
			space = i
		}
		if used+w <= limit-width(broken) {
			hard = i + utf8.RuneLen(r)
		}
		used += w
	}
	return s, ""
}
