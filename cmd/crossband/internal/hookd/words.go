package hookd

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"crossband/client/phrase"
	"crossband/proto"
	"crossband/relay/hook"
)

// Words is what is said about an alert, and to whom.
type Words struct {
	To      proto.Name
	Content phrase.Content
	Note    string
}

// maxNote bounds the free text beside a phrase, in octets.
const maxNote = 1200

// Speaker finds the words for the alerts of a source.
type Speaker interface {
	Words(r hook.Raise) (Words, error)
}

// Words implements Speaker by the file.
func (c *Config) Words(r hook.Raise) (Words, error) {
	s := c.Source(r.Source)
	if s == nil { // it was taken out of the file while an alert of it waited
		return Words{}, fmt.Errorf("%w: there is no source %s any more", hook.ErrRefused, r.Source)
	}
	code := s.phraseFor(&r.Alert)
	p, _ := phrase.Find(code)
	var slots []phrase.Slot
	if at := r.Alert.Place; at != nil && slices.Contains(p.Optional(), phrase.KindPlace) {
		place, err := phrase.NewPlace(at.Lat, at.Lon, at.Desc)
		if err != nil { // an odd character in the description
			place, err = phrase.NewPlace(at.Lat, at.Lon, "")
		}
		if err == nil {
			slots = append(slots, place)
		}
	}
	content, err := phrase.Compose(code, slots...)
	return Words{s.to, content, note(r)}, err
}

func (s *Source) phraseFor(a *hook.Alert) phrase.Code {
	for _, name := range append([]string{a.Event}, a.Codes...) {
		if code, ok := s.phrases[strings.ToLower(name)]; ok {
			return code
		}
	}
	return s.phrase
}

// note says what the source said, in all its languages, and when.
func note(r hook.Raise) string {
	var texts []string
	for _, t := range r.Alert.Texts {
		if t.Text != "" && !slices.Contains(texts, t.Text) {
			texts = append(texts, t.Text)
		}
	}
	if len(texts) == 0 {
		texts = []string{r.Alert.Event}
	}
	said := fmt.Sprintf("%s: %s", r.Source, strings.Join(texts, " / "))
	if !r.Alert.Sent.IsZero() {
		said += fmt.Sprintf(" [sent %s UTC", r.Alert.Sent.UTC().Format("2006-01-02 15:04:05"))
		if r.Late > 0 {
			said += fmt.Sprintf(", LATE by %v", r.Late.Round(time.Second))
		}
		said += "]"
	}
	return cut(said, maxNote)
}

func cut(s string, most int) string {
	if len(s) <= most {
		return s
	}
	s = s[:most]
	for !utf8.ValidString(s) {
		s = s[:len(s)-1]
	}
	return s + "…"
}
