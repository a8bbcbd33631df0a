package notice

import (
	"bytes"
	"strconv"
	"strings"
	"time"

	"crossband/proto"
)

// reader takes lines off a text in the order in which they must stand there. The
// first thing that is wrong stays; what is read after it means nothing.
type reader struct {
	rest string
	err  error
}

func bad(format string, args ...any) *proto.Refusal {
	return proto.Refusef(proto.ReasonMalformed, format, args...)
}

func newReader(text []byte, heading string) (*reader, error) {
	if len(text) > proto.MaxNotice {
		return nil, proto.Refusef(proto.ReasonTooLarge, "a text of %d octets, limit %d", len(text), proto.MaxNotice)
	}
	first, rest, ok := strings.Cut(string(text), "\n")
	if !ok || first != heading {
		return nil, bad("want a text that begins %q", heading)
	}
	return &reader{rest: rest}, nil
}

func (r *reader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = bad(format, args...)
	}
}

// cause returns what was wrong before err, or err.
func (r *reader) cause(err error) error {
	if r.err != nil {
		return r.err
	}
	return err
}

func (r *reader) has(name string) bool { return strings.HasPrefix(r.rest, name+": ") }

func (r *reader) line(name string) string {
	line, rest, ok := strings.Cut(r.rest, "\n")
	value, named := strings.CutPrefix(line, name+": ")
	if !ok || !named {
		r.fail("want a line %q, found %.40q", name+": …", line)
		return ""
	}
	r.rest = rest
	return value
}

func (r *reader) optional(name string) string {
	if !r.has(name) {
		return ""
	}
	return r.line(name)
}

func (r *reader) agency(name string) proto.Agency {
	a, err := proto.ParseAgency(r.line(name))
	if err != nil {
		r.fail("%s: %v", name, err)
	}
	return a
}

func (r *reader) name(name string) proto.Name {
	n, err := proto.ParseName(r.line(name))
	if err != nil {
		r.fail("%s: %v", name, err)
	}
	return n
}

func (r *reader) notice(name string) proto.NoticeID {
	id, err := proto.ParseNoticeID(r.line(name))
	if err != nil {
		r.fail("%s: want 64 hexadecimal digits", name)
	}
	return id
}

func (r *reader) time(name string) time.Time {
	s := r.line(name)
	t, err := time.Parse(timeForm, s)
	if err != nil {
		r.fail("%s: %.40q: want a time such as 2026-11-02T12:00:00Z", name, s)
	}
	return t
}

func (r *reader) number(s string, bits int) uint64 {
	n, err := strconv.ParseUint(s, 10, bits)
	if err != nil {
		r.fail("%.40q: want a number", s)
	}
	return n
}

func (r *reader) numbers(name string) (list []uint16) {
	for s := range strings.FieldsSeq(r.line(name)) {
		list = append(list, uint16(r.number(s, 16)))
	}
	return list
}

// end checks what has been read, and that writing it gives the very text again: so
// a text has one form, and a line that nobody asked for does not pass.
func (r *reader) end(validate func() error, write func() []byte, text []byte) error {
	if r.err == nil && r.rest != "" {
		r.fail("a line that does not belong there: %.40q", r.rest)
	}
	if r.err == nil {
		r.err = validate()
	}
	if r.err == nil && !bytes.Equal(write(), text) {
		r.fail("the text is not in its one form")
	}
	return r.err
}
