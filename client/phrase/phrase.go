package phrase

import (
	"iter"
	"slices"
	"strings"
)

// Code is the number of a phrase on the wire: 1 to 65535, never reused, never
// given another meaning. The hundreds are its topic. Code 0 is no code.
type Code uint16

// Codes that programs send by themselves. Every code has a slug; see Lookup.
const (
	OfficerDown       Code = 101
	OfficerInDistress Code = 102
	RequestBackup     Code = 103
	Received          Code = 906
	RadioCheck        Code = 913
	Message           Code = 920 // free text alone
)

// Topic is a chapter of the phrasebook: the hundreds of a code.
type Topic uint8

// The topics.
const (
	TopicOfficerSafety Topic = 1
	TopicPeople        Topic = 2
	TopicVehicles      Topic = 3
	TopicBorder        Topic = 4
	TopicHazards       Topic = 5
	TopicRequests      Topic = 6
	TopicStatus        Topic = 7
	TopicPatrols       Topic = 8
	TopicReplies       Topic = 9
)

// Topics returns the topics in the order of their codes.
func Topics() []Topic {
	return []Topic{TopicOfficerSafety, TopicPeople, TopicVehicles, TopicBorder, TopicHazards, TopicRequests,
		TopicStatus, TopicPatrols, TopicReplies}
}

// Name returns the topic's heading.
func (t Topic) Name(l Language) string {
	switch t {
	case TopicOfficerSafety:
		return wording{"Officer safety", "Seguridad de los agentes", "Sécurité des agents"}.in(l)
	case TopicPeople:
		return wording{"People in need", "Personas que requieren ayuda", "Personnes à secourir"}.in(l)
	case TopicVehicles:
		return wording{"Pursuits and vehicles", "Persecuciones y vehículos", "Poursuites et véhicules"}.in(l)
	case TopicBorder:
		return wording{"Activity at the border", "Actividad en la frontera", "Activité à la frontière"}.in(l)
	case TopicHazards:
		return wording{"Hazards", "Riesgos", "Dangers"}.in(l)
	case TopicRequests:
		return wording{"Requests and arrangements", "Solicitudes y coordinación", "Demandes et coordination"}.in(l)
	case TopicStatus:
		return wording{"Movements and status", "Movimientos y situación", "Déplacements et situation"}.in(l)
	case TopicPatrols:
		return wording{"Mirrored patrols", "Patrullajes en espejo", "Patrouilles en miroir"}.in(l)
	case TopicReplies:
		return wording{"Replies and radio", "Respuestas y radio", "Réponses et radio"}.in(l)
	}
	return wording{"Other", "Otros", "Autres"}.in(l)
}

// table returns the topic's phrases in ascending order of code. The tables are
// functions so that no part of the program can change a sentence.
func (t Topic) table() []Phrase {
	switch t {
	case TopicOfficerSafety:
		return officerSafety()
	case TopicPeople:
		return people()
	case TopicVehicles:
		return vehicles()
	case TopicBorder:
		return border()
	case TopicHazards:
		return hazards()
	case TopicRequests:
		return slices.Concat(requests(), crossings())
	case TopicStatus:
		return slices.Concat(status(), movements())
	case TopicPatrols:
		return patrols()
	case TopicReplies:
		return slices.Concat(replies(), radio(), answers(), declines(), questions())
	}
	return nil
}

// Phrase is one row of the phrasebook.
type Phrase struct {
	code     Code
	slug     string
	required kindSet // each named once by every sentence
	optional kindSet // besides the slots that are always allowed
	sentence wording // with placeholders such as {place}
}

// Code returns the phrase's number.
func (p Phrase) Code() Code { return p.code }

// Slug returns the phrase's stable name, such as "shots-fired".
func (p Phrase) Slug() string { return p.slug }

// Topic returns the chapter the phrase is in.
func (p Phrase) Topic() Topic { return topicOf(p.code) }

// Required returns the kinds of slots the phrase says nothing without.
func (p Phrase) Required() []Kind { return p.required.kinds() }

// Optional returns the kinds of slots the phrase may carry besides.
func (p Phrase) Optional() []Kind { return ((p.optional | always) &^ p.required).kinds() }

// Always returns the kinds of slots that every phrase may carry.
func Always() []Kind { return always.kinds() }

// Template returns the sentence with each slot's name in braces, such as {place}.
func (p Phrase) Template(l Language) string { return p.sentence.in(l) }

// Title returns the sentence with an ellipsis for every slot, for menus.
func (p Phrase) Title(l Language) string {
	return fill(p.sentence.in(l), l, func(Kind) string { return "…" })
}

func (p Phrase) allows(k Kind) bool { return (p.required | p.optional | always).has(k) }

func topicOf(c Code) Topic { return Topic(min(c/100, 255)) }

// Find returns the phrase of a code, or false if this phrasebook lacks it.
func Find(c Code) (Phrase, bool) {
	for _, p := range topicOf(c).table() {
		if p.code == c {
			return p, true
		}
	}
	return Phrase{}, false
}

// Lookup returns the code of a slug, such as "shots-fired".
func Lookup(slug string) (Code, bool) {
	for p := range Phrases() {
		if p.slug == slug {
			return p.code, true
		}
	}
	return 0, false
}

// Phrases yields every phrase in ascending order of code.
func Phrases() iter.Seq[Phrase] {
	return func(yield func(Phrase) bool) {
		for _, t := range Topics() {
			for _, p := range t.table() {
				if !yield(p) {
					return
				}
			}
		}
	}
}

// fill replaces every placeholder of a sentence. Values are never scanned for
// placeholders. A space before a French colon is made unbreakable.
func fill(sentence string, l Language, value func(Kind) string) string {
	var b strings.Builder
	for rest := sentence; rest != ""; {
		words, after, found := strings.Cut(rest, "{")
		if l == French {
			words = strings.ReplaceAll(words, " :", nbsp+":")
		}
		b.WriteString(words)
		if !found {
			break
		}
		name, tail, _ := strings.Cut(after, "}")
		if k, ok := ParseKind(name); ok {
			b.WriteString(value(k))
		}
		rest = tail
	}
	return b.String()
}
