package notice

import (
	"encoding/hex"
	"strconv"
	"strings"
	"time"

	"crossband/proto"
)

// Headings of the two texts; the number is that of the form.
const (
	headingNotice = "crossband change notice 1"
	headingAnswer = "crossband answer to a change notice 1"
)

// Write returns the text of a notice, which has been validated.
func Write(n *proto.Notice) []byte {
	w := writer{[]byte(headingNotice + "\n")}
	w.line("agency", string(n.Agency))
	for _, a := range n.To {
		w.line("to", string(a))
	}
	w.line("kind", n.Kind.String())
	w.line("title", n.Title)
	w.optional("text", n.Text)
	w.time("issued", n.Issued)
	w.time("begins", n.Begins)
	w.time("ends", n.Ends)
	if n.Replaces != (proto.NoticeID{}) {
		w.line("replaces", n.Replaces.String())
	}
	w.parameters(n)
	return w.text
}

func (w *writer) parameters(n *proto.Notice) {
	switch n.Kind {
	case proto.NoticeProtocol:
		w.line("versions", strconv.FormatUint(uint64(n.Protocol.Min), 10)+" "+strconv.FormatUint(uint64(n.Protocol.Max), 10))
		if n.Protocol.Capabilities != nil {
			w.line("capabilities", strings.Join(n.Protocol.Capabilities, " "))
		}
	case proto.NoticeSuite:
		w.line("suites-before", numbers(n.Suites.Before))
		w.line("suites-after", numbers(n.Suites.After))
	case proto.NoticeCodec:
		w.line("codecs-before", strings.Join(n.Codecs.Before, " "))
		w.line("codecs-after", strings.Join(n.Codecs.After, " "))
	case proto.NoticeRollover:
		w.line("root", hex.EncodeToString(n.Root[:]))
	case proto.NoticeGateway:
		w.line("gateway", n.Gateway.Name.String())
		w.line("gateway-is", upDown(n.Gateway.Up))
	case proto.NoticeAddress:
		w.line("address-before", n.Address.Before)
		w.line("address-after", n.Address.After)
	}
}

func upDown(up bool) string {
	if up {
		return "up"
	}
	return "down"
}

func numbers(list []uint16) string {
	words := make([]string, len(list))
	for i, n := range list {
		words[i] = strconv.Itoa(int(n))
	}
	return strings.Join(words, " ")
}

// Read reads the text of a notice and checks every rule that needs nothing else.
func Read(text []byte) (proto.Notice, error) {
	r, err := newReader(text, headingNotice)
	if err != nil {
		return proto.Notice{}, err
	}
	n := proto.Notice{ID: proto.NoticeIDOf(text)}
	n.Agency = r.agency("agency")
	for len(n.To) < proto.MaxNoticeTo && r.has("to") {
		n.To = append(n.To, r.agency("to"))
	}
	if n.Kind, err = proto.ParseNoticeKind(r.line("kind")); err != nil {
		return proto.Notice{}, r.cause(err)
	}
	n.Title, n.Text = r.line("title"), r.optional("text")
	n.Issued, n.Begins, n.Ends = r.time("issued"), r.time("begins"), r.time("ends")
	if r.has("replaces") {
		n.Replaces = r.notice("replaces")
	}
	r.parameters(&n)
	return n, r.end(n.Validate, func() []byte { return Write(&n) }, text)
}

func (r *reader) parameters(n *proto.Notice) {
	switch n.Kind {
	case proto.NoticeProtocol:
		low, high, _ := strings.Cut(r.line("versions"), " ")
		n.Protocol.Min, n.Protocol.Max = uint32(r.number(low, 32)), uint32(r.number(high, 32))
		if r.has("capabilities") {
			n.Protocol.Capabilities = strings.Fields(r.line("capabilities"))
		}
	case proto.NoticeSuite:
		n.Suites.Before, n.Suites.After = r.numbers("suites-before"), r.numbers("suites-after")
	case proto.NoticeCodec:
		n.Codecs.Before, n.Codecs.After = strings.Fields(r.line("codecs-before")), strings.Fields(r.line("codecs-after"))
	case proto.NoticeRollover:
		root, err := hex.DecodeString(r.line("root"))
		if err != nil || len(root) != len(n.Root) {
			r.fail("root: want 64 hexadecimal digits")
		}
		copy(n.Root[:], root)
	case proto.NoticeGateway:
		n.Gateway.Name = r.name("gateway")
		n.Gateway.Up = r.line("gateway-is") == upDown(true)
	case proto.NoticeAddress:
		n.Address.Before, n.Address.After = r.line("address-before"), r.line("address-after")
	}
}

// WriteAnswer returns the text of an answer, which has been validated.
func WriteAnswer(a *proto.NoticeAnswer) []byte {
	w := writer{[]byte(headingAnswer + "\n")}
	w.line("agency", string(a.By))
	w.line("notice", a.Notice.String())
	w.line("of", string(a.Of))
	w.line("answer", answerWord(a.Objects))
	w.optional("text", a.Text)
	w.time("issued", a.Issued)
	return w.text
}

func answerWord(objects bool) string {
	if objects {
		return "objection"
	}
	return "seen"
}

// ReadAnswer reads the text of an answer.
func ReadAnswer(text []byte) (proto.NoticeAnswer, error) {
	r, err := newReader(text, headingAnswer)
	if err != nil {
		return proto.NoticeAnswer{}, err
	}
	a := proto.NoticeAnswer{By: r.agency("agency"), Notice: r.notice("notice"), Of: r.agency("of")}
	a.Objects = r.line("answer") == answerWord(true)
	a.Text, a.Issued = r.optional("text"), r.time("issued")
	return a, r.end(a.Validate, func() []byte { return WriteAnswer(&a) }, text)
}

// timeForm is RFC 3339 in UTC, to the second.
const timeForm = "2006-01-02T15:04:05Z"

type writer struct{ text []byte }

func (w *writer) line(name, value string) { w.text = append(w.text, name+": "+value+"\n"...) }

func (w *writer) optional(name, value string) {
	if value != "" {
		w.line(name, value)
	}
}

func (w *writer) time(name string, t time.Time) { w.line(name, t.UTC().Format(timeForm)) }
