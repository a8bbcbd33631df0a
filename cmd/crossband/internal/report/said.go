package report

import (
	"fmt"
	"slices"
	"strings"

	pb "google.golang.org/protobuf/proto"

	"crossband/client/phrase"
	"crossband/crypto/record"
	"crossband/proto"
	"crossband/proto/wire"
)

// said is a message as its sender committed to it.
type said struct {
	phrase     *phrase.Content
	unreadable bool // octets that this version cannot read
	text       string
	note       string
	opened     proto.ChannelID // it tells of this channel
	position   *wire.Position
}

// contentOf says what is known of an entry's content.
func contentOf(b record.Body, r *record.Reveal) (Content, *said) {
	var commitment record.Digest
	switch b := b.(type) {
	case *record.Hail:
		commitment = b.Commitment
	case *record.Text:
		commitment = b.Commitment
	case *record.Reply:
		if commitment = b.Commitment; b.Sealed == (record.Digest{}) && commitment == (record.Digest{}) {
			return ContentNone, nil
		}
	default:
		return ContentNone, nil
	}
	switch {
	case r == nil:
		return ContentSealed, nil
	case len(r.Salt) != record.SaltLen || record.Open(commitment, [record.SaltLen]byte(r.Salt), r.Content) != nil:
		return ContentFalse, nil
	}
	return ContentShown, readSaid(r.Content)
}

// readSaid never fails: what cannot be read is said to be so.
func readSaid(content []byte) *said {
	m := new(wire.Message)
	if err := pb.Unmarshal(content, m); err != nil {
		return &said{unreadable: true}
	}
	s := &said{text: m.GetText(), note: m.Note, position: m.GetPosition()}
	if p := m.GetPhrase(); len(p) > 0 {
		c, err := phrase.ParseContent(p)
		s.phrase, s.unreadable = &c, err != nil
	}
	if o := m.GetIncident(); o != nil {
		id, err := proto.ChannelIDFrom(o.Channel)
		s.opened, s.unreadable = id, err != nil
	}
	return s
}

// sentence returns what was said; "" if nothing was.
func (s *said) sentence(l phrase.Language) string {
	if s.unreadable {
		return words{"(not readable by this version)", "(esta versión no puede leerlo)", "(illisible pour cette version)"}.in(l)
	}
	var parts []string
	if s.phrase != nil {
		parts = append(parts, legible(s.phrase.Sentence(l)))
	}
	most := maxShown
	if s.note != "" && (s.phrase != nil || s.text != "") { // neither pushes the other out
		most /= 2
	}
	if s.text != "" {
		parts = append(parts, quoteTo(most, s.text, l))
	}
	if s.opened != (proto.ChannelID{}) {
		parts = append(parts, fmt.Sprintf(words{"The incident's channel is %s.", "El canal del incidente es %s.", "Le canal de l'incident est %s."}.in(l), s.opened.Short()))
	}
	if p := s.position; p != nil {
		parts = append(parts, position(p, l))
	}
	if s.note != "" {
		parts = append(parts, words{"Note: ", "Nota: ", "Note : "}.in(l)+quoteTo(most, s.note, l))
	}
	return strings.Join(parts, " ")
}

func position(p *wire.Position, l phrase.Language) string {
	out := fmt.Sprintf(words{"Position %.5f, %.5f", "Posición %.5f, %.5f", "Position %.5f, %.5f"}.in(l), float64(p.Latitude)/1e6, float64(p.Longitude)/1e6)
	if p.AccuracyM > 0 {
		out += fmt.Sprintf(" (± %d m)", p.AccuracyM)
	}
	return out + "."
}

// slot returns a slot of the phrase that was said, if one was.
func (s *said) slot(k phrase.Kind) (phrase.Slot, bool) {
	if s == nil || s.phrase == nil || s.unreadable {
		return nil, false
	}
	return s.phrase.Slot(k)
}

// maxShown is how much of a person's words a report shows, in octets. No text
// that a relay takes is longer, unless it is made of what must be written out.
const maxShown = 12_000

// legible returns what a person wrote as every format can hold it, on one line.
func legible(s string) string { return legibleTo(maxShown, s) }

func legibleTo(most int, s string) string {
	return shorten(most, strings.ReplaceAll(phrase.Inert(s), "\ufffd", "<U+FFFD>"))
}

// shorten cuts a text to so many octets, and says how many are not shown.
func shorten(most int, s string) string {
	if len(s) <= most {
		return s
	}
	cut := strings.ToValidUTF8(s[:most], "")
	return fmt.Sprintf("%s [… %d]", cut, len(s)-len(cut))
}

// quote returns a person's words in the language's quotation marks. They cannot
// close them.
func quote(s string, l phrase.Language) string { return quoteTo(maxShown, s, l) }

func quoteTo(most int, s string, l phrase.Language) string {
	s = strings.Map(func(r rune) rune {
		if strings.ContainsRune("“”„‟«»‹›〝〞＂", r) {
			return '"'
		}
		return r
	}, legibleTo(most, s))
	return words{"“" + s + "”", "“" + s + "”", "«" + nbsp + s + nbsp + "»"}.in(l)
}

// union returns the sorted members of both lists.
func union[T ~string](a, b []T) []T {
	all := slices.Concat(a, b)
	slices.Sort(all)
	return slices.Compact(all)
}
