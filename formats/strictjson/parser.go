package strictjson

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// parser reads one text. It moves forward only.
type parser struct {
	in     []byte
	at     int
	values int
	limits Limits
}

func (p *parser) wrong(what string) error {
	return fmt.Errorf("%w: %s at octet %d", ErrMalformed, what, p.at)
}

func (p *parser) space() {
	for p.at < len(p.in) && (p.in[p.at] == ' ' || p.in[p.at] == '\t' || p.in[p.at] == '\n' || p.in[p.at] == '\r') {
		p.at++
	}
}

// peek returns the next octet, 0 at the end: no value begins with it.
func (p *parser) peek() byte {
	if p.at < len(p.in) {
		return p.in[p.at]
	}
	return 0
}

func (p *parser) take(c byte) bool {
	if p.peek() != c || p.at == len(p.in) {
		return false
	}
	p.at++
	return true
}

// value reads a value inside so many arrays and objects.
func (p *parser) value(depth int) (v Value, err error) {
	if p.values++; p.values > p.limits.Values {
		return v, fmt.Errorf("%w: more than %d values", ErrTooLarge, p.limits.Values)
	}
	begin := p.at
	switch c := p.peek(); {
	case (c == '{' || c == '[') && depth >= p.limits.Depth:
		return v, fmt.Errorf("%w: nested deeper than %d", ErrTooLarge, p.limits.Depth)
	case c == '{':
		v.kind = Object
		v.members, err = p.object(depth + 1)
	case c == '[':
		v.kind = Array
		v.list, err = p.array(depth + 1)
	case c == '"':
		v.kind = String
		v.text, err = p.text()
	case c == '-' || c >= '0' && c <= '9':
		v.kind = Number
		v.text, err = p.number()
	default:
		v.kind, v.text, err = p.word()
	}
	v.raw = p.in[begin:p.at:p.at]
	return v, err
}

func (p *parser) word() (Kind, string, error) {
	for _, w := range []struct {
		text string
		kind Kind
	}{{"true", Bool}, {"false", Bool}, {"null", Null}} {
		if bytes.HasPrefix(p.in[p.at:], []byte(w.text)) {
			p.at += len(w.text)
			return w.kind, w.text, nil
		}
	}
	return None, "", p.wrong("no value")
}

func (p *parser) array(depth int) (list []Value, err error) {
	p.at++ // [
	p.space()
	if p.take(']') {
		return nil, nil
	}
	for {
		p.space()
		v, err := p.value(depth)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
		p.space()
		if p.take(']') {
			return list, nil
		}
		if !p.take(',') {
			return nil, p.wrong("neither a comma nor the end of an array")
		}
	}
}

func (p *parser) object(depth int) (members []Member, err error) {
	p.at++ // {
	p.space()
	if p.take('}') {
		return nil, nil
	}
	seen := make(map[string]string)
	for {
		p.space()
		if p.peek() != '"' {
			return nil, p.wrong("no name of a member")
		}
		name, err := p.text()
		if err != nil {
			return nil, err
		}
		if other, twice := seen[fold(name)]; twice {
			if other == name {
				return nil, p.wrong("a second member " + quoted(name))
			}
			return nil, p.wrong("members " + quoted(other) + " and " + quoted(name) + ", which some readers take for one,")
		}
		seen[fold(name)] = name
		if p.space(); !p.take(':') {
			return nil, p.wrong("no colon after a name")
		}
		p.space()
		v, err := p.value(depth)
		if err != nil {
			return nil, err
		}
		members = append(members, Member{name, v})
		p.space()
		if p.take('}') {
			return members, nil
		}
		if !p.take(',') {
			return nil, p.wrong("neither a comma nor the end of an object")
		}
	}
}

// fold returns one form for all names that differ in case only, in the sense of
// Unicode simple folding, which encoding/json compares by: "ſ" is "s" there.
func fold(s string) string {
	return strings.Map(func(r rune) rune {
		least := r
		for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
			least = min(least, f)
		}
		return least
	}, s)
}

func quoted(s string) string {
	const most = 40
	if r := []rune(s); len(r) > most {
		s = string(r[:most]) + "…"
	}
	return strconv.QuoteToASCII(s)
}

// number reads the grammar of RFC 8259 6 and keeps it as it is written.
func (p *parser) number() (string, error) {
	begin := p.at
	p.take('-')
	if !p.take('0') && p.digits() == 0 {
		return "", p.wrong("no digit")
	}
	if p.take('.') && p.digits() == 0 {
		return "", p.wrong("no digit after the point")
	}
	if p.take('e') || p.take('E') {
		if !p.take('+') {
			p.take('-')
		}
		if p.digits() == 0 {
			return "", p.wrong("no digit in an exponent")
		}
	}
	return string(p.in[begin:p.at]), nil
}

func (p *parser) digits() (n int) {
	for ; p.peek() >= '0' && p.peek() <= '9'; n++ {
		p.at++
	}
	return n
}

// text reads a string from its opening quotation mark on.
func (p *parser) text() (string, error) {
	p.at++ // "
	var b strings.Builder
	for p.at < len(p.in) {
		switch c := p.in[p.at]; {
		case c == '"':
			p.at++
			return b.String(), nil
		case c == '\\':
			if err := p.escape(&b); err != nil {
				return "", err
			}
		case c < 0x20:
			return "", p.wrong("a control character in a string")
		default:
			r, n := utf8.DecodeRune(p.in[p.at:])
			if r == utf8.RuneError && n <= 1 {
				return "", p.wrong("invalid UTF-8")
			}
			b.WriteRune(r)
			p.at += n
		}
	}
	return "", p.wrong("a string that does not end")
}

func (p *parser) escape(b *strings.Builder) error {
	p.at++ // \
	c := p.peek()
	if i := strings.IndexByte(`"\/bfnrt`, c); c != 0 && i >= 0 {
		b.WriteByte("\"\\/\b\f\n\r\t"[i])
		p.at++
		return nil
	}
	if c != 'u' {
		return p.wrong("an unknown escape")
	}
	p.at++
	r, err := p.hex()
	if err != nil {
		return err
	}
	if utf16.IsSurrogate(r) {
		if !p.take('\\') || !p.take('u') {
			return p.wrong("half a surrogate pair")
		}
		low, err := p.hex()
		if err != nil {
			return err
		}
		if r = utf16.DecodeRune(r, low); r == unicode.ReplacementChar {
			return p.wrong("half a surrogate pair")
		}
	}
	b.WriteRune(r)
	return nil
}

func (p *parser) hex() (rune, error) {
	if len(p.in)-p.at < 4 {
		return 0, p.wrong("an escape that is cut")
	}
	n, err := strconv.ParseUint(string(p.in[p.at:p.at+4]), 16, 16)
	if err != nil {
		return 0, p.wrong("an escape that is not hexadecimal")
	}
	p.at += 4
	return rune(n), nil
}
