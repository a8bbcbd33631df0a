package record

import (
	"strconv"
	"unicode/utf8"
)

// Limits of one line of canonical JSON.
const (
	maxDepth   = 6   // objects and lists within each other
	maxMembers = 256 // of one object or list
)

// parseCanonical reads one value in its canonical form and nothing else: what
// it accepts, appendValue writes again octet for octet.
func parseCanonical(data []byte) (any, error) {
	if !utf8.Valid(data) {
		return nil, refuse(Malformed, "not UTF-8")
	}
	p := parser{rest: data, size: len(data)}
	v, err := p.value(0)
	if err != nil {
		return nil, err
	}
	if len(p.rest) > 0 {
		return nil, p.fail("more than one value")
	}
	return v, nil
}

type parser struct {
	rest []byte
	size int
}

func (p *parser) fail(why string) error {
	return refuse(Malformed, "not canonical JSON: %s at octet %d", why, p.size-len(p.rest))
}

// take consumes c if it is next.
func (p *parser) take(c byte) bool {
	if len(p.rest) == 0 || p.rest[0] != c {
		return false
	}
	p.rest = p.rest[1:]
	return true
}

func (p *parser) value(depth int) (any, error) {
	if len(p.rest) == 0 {
		return nil, p.fail("the end")
	}
	if depth > maxDepth {
		return nil, p.fail("too deep")
	}
	switch c := p.rest[0]; {
	case c == '{':
		return p.object(depth)
	case c == '[':
		return p.list(depth)
	case c == '"':
		return p.text()
	case c == '-' || c >= '0' && c <= '9':
		return p.integer()
	case p.word("true"):
		return true, nil
	case p.word("false"):
		return false, nil
	case p.word("null"):
		return nil, nil
	}
	return nil, p.fail("an unknown value")
}

func (p *parser) word(w string) bool {
	if len(p.rest) < len(w) || string(p.rest[:len(w)]) != w {
		return false
	}
	p.rest = p.rest[len(w):]
	return true
}

func (p *parser) object(depth int) (object, error) {
	p.take('{')
	o := make(object, 0, 8)
	for first := true; !p.take('}'); first = false {
		if !first && !p.take(',') {
			return nil, p.fail("no comma")
		}
		if len(o) == maxMembers {
			return nil, p.fail("too many members")
		}
		name, err := p.text()
		if err != nil {
			return nil, err
		}
		if !first && compareNames(o[len(o)-1].name, name) >= 0 {
			return nil, p.fail("a name out of order")
		}
		if !p.take(':') {
			return nil, p.fail("no colon")
		}
		v, err := p.value(depth + 1)
		if err != nil {
			return nil, err
		}
		o = append(o, member{name, v})
	}
	return o, nil
}

func (p *parser) list(depth int) (list, error) {
	p.take('[')
	l := list{}
	for first := true; !p.take(']'); first = false {
		if !first && !p.take(',') {
			return nil, p.fail("no comma")
		}
		if len(l) == maxMembers {
			return nil, p.fail("too many members")
		}
		v, err := p.value(depth + 1)
		if err != nil {
			return nil, err
		}
		l = append(l, v)
	}
	return l, nil
}

// integer reads a whole number without leading zero, sign plus, fraction or
// exponent.
func (p *parser) integer() (int64, error) {
	n := 0
	for n < len(p.rest) && (p.rest[n] == '-' && n == 0 || p.rest[n] >= '0' && p.rest[n] <= '9') {
		n++
	}
	text := string(p.rest[:n])
	v, err := strconv.ParseInt(text, 10, 64)
	if err != nil || v > maxInteger || v < -maxInteger || strconv.FormatInt(v, 10) != text {
		return 0, p.fail("not an integer in its shortest form")
	}
	p.rest = p.rest[n:]
	return v, nil
}

func (p *parser) text() (string, error) {
	if !p.take('"') {
		return "", p.fail("no string")
	}
	if n := p.plain(); n < len(p.rest) && p.rest[n] == '"' { // the usual case: nothing is escaped
		s := string(p.rest[:n])
		p.rest = p.rest[n+1:]
		return s, nil
	}
	var out []byte
	for {
		n := p.plain()
		out = append(out, p.rest[:n]...)
		p.rest = p.rest[n:]
		switch {
		case p.take('"'):
			return string(out), nil
		case p.take('\\'):
			c, err := p.escape()
			if err != nil {
				return "", err
			}
			out = append(out, c)
		default:
			return "", p.fail("a string without end")
		}
	}
}

// plain returns how many octets come before the next one that is special.
func (p *parser) plain() int {
	for i, c := range p.rest {
		if c == '"' || c == '\\' || c < ' ' {
			return i
		}
	}
	return len(p.rest)
}

// escape reads what follows a backslash: only what has no plainer form.
func (p *parser) escape() (byte, error) {
	for c := byte(0); c < ' '; c++ {
		if e := shortEscape(c); e != 0 && p.take(e) {
			return c, nil
		}
	}
	for _, c := range []byte{'"', '\\'} {
		if p.take(c) {
			return c, nil
		}
	}
	if len(p.rest) >= 5 && p.rest[0] == 'u' {
		for c := byte(0); c < ' '; c++ {
			if shortEscape(c) == 0 && p.word("u00"+string('0'+rune(c>>4))+"0123456789abcdef"[c&15:c&15+1]) {
				return c, nil
			}
		}
	}
	return 0, p.fail("an escape that is not the canonical one")
}
