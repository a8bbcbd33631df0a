package record

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Entries are canonical JSON (RFC 8785), with integers as the only numbers, so
// that they read the same in every language. A value is nil, a bool, an int64,
// a string, a list or an object.

// maxInteger is the largest number that every reader of JSON holds exactly
// (RFC 8785, appendix D).
const maxInteger = 1<<53 - 1

type list []any

// object is the members of a JSON object in canonical order.
type object []member

type member struct {
	name  string
	value any
}

// get returns the value of a member.
func (o object) get(name string) (any, bool) {
	for _, m := range o {
		if m.name == name {
			return m.value, true
		}
	}
	return nil, false
}

// sorted puts members into the order of RFC 8785, section 3.2.3.
func (o object) sorted() object {
	slices.SortFunc(o, func(a, b member) int { return compareNames(a.name, b.name) })
	return o
}

// compareNames compares by UTF-16 code units. That is the order of the octets
// except between what lies above U+FFFF and what lies from U+E000 to U+FFFF.
func compareNames(a, b string) int {
	if isASCII(a) && isASCII(b) {
		return strings.Compare(a, b)
	}
	return slices.Compare(utf16.Encode([]rune(a)), utf16.Encode([]rune(b)))
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// appendValue writes a value in its one form.
func appendValue(b []byte, v any) []byte {
	switch v := v.(type) {
	case nil:
		return append(b, "null"...)
	case bool:
		return strconv.AppendBool(b, v)
	case int64:
		return strconv.AppendInt(b, v, 10)
	case string:
		return appendString(b, v)
	case list:
		b = append(b, '[')
		for i, e := range v {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendValue(b, e)
		}
		return append(b, ']')
	case object:
		b = append(b, '{')
		for i, m := range v {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendString(b, m.name)
			b = append(b, ':')
			b = appendValue(b, m.value)
		}
		return append(b, '}')
	}
	panic("record: a value of no JSON type") // only this package makes values
}

// appendString follows RFC 8785, section 3.2.2.2: control characters by their
// short escape or \u00xx, quotation mark and backslash, all else as it is.
func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	done := 0 // of s, in b already
	for i := range len(s) {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		b = append(b, s[done:i]...)
		done = i + 1
		switch {
		case c >= ' ':
			b = append(b, '\\', c)
		case shortEscape(c) != 0:
			b = append(b, '\\', shortEscape(c))
		default:
			b = append(b, '\\', 'u', '0', '0', '0'+c>>4, "0123456789abcdef"[c&15])
		}
	}
	return append(append(b, s[done:]...), '"')
}

// shortEscape returns the letter that stands for a control character, or 0.
func shortEscape(c byte) byte {
	switch c {
	case '\b':
		return 'b'
	case '\t':
		return 't'
	case '\n':
		return 'n'
	case '\f':
		return 'f'
	case '\r':
		return 'r'
	}
	return 0
}
