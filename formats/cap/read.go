package cap

import (
	"fmt"
	"slices"
	"strings"

	"crossband/formats/strictxml"
)

const (
	space11   = "urn:oasis:names:tc:emergency:cap:1.1"
	space12   = "urn:oasis:names:tc:emergency:cap:1.2"
	spaceAtom = "http://www.w3.org/2005/Atom"
)

// Parse reads a document. charset is the encoding that the carrier states, or
// "". Of an alert alone every error is Parse's; in a feed, an alert that breaks a
// rule stands in Refused and the others are read, because one sender's mistake
// must not silence another's alert.
func Parse(b []byte, charset string) (Document, error) {
	root, err := strictxml.Parse(b, charset, strictxml.Limits{Octets: MaxOctets})
	if err != nil {
		return Document{}, fmt.Errorf("cap: %w", err)
	}
	if _, ok := version(root); ok {
		a, err := readAlert(root)
		if err != nil {
			return Document{}, err
		}
		return Document{Alerts: []Alert{a}}, nil
	}
	return readAtom(root)
}

func version(e *strictxml.Element) (Version, bool) {
	switch {
	case e.Is(space11, "alert"):
		return V11, true
	case e.Is(space12, "alert"):
		return V12, true
	}
	return 0, false
}

// readAtom takes the alerts out of the content of an entry, or of every entry of
// a feed (RFC 4287 4.1.3). Entries that only link to an alert hold none.
func readAtom(root *strictxml.Element) (Document, error) {
	entries := []*strictxml.Element{root}
	switch {
	case root.Is(spaceAtom, "feed"):
		entries = root.Kids
	case !root.Is(spaceAtom, "entry"):
		return Document{}, fmt.Errorf("%w: the root element is %q of %q", ErrNotCAP, clip(root.Local), clip(root.Space))
	}
	d := Document{Atom: true}
	for _, entry := range entries {
		if !entry.Is(spaceAtom, "entry") {
			continue
		}
		for _, content := range entry.Kids {
			if content.Is(spaceAtom, "content") {
				if err := d.take(content); err != nil {
					return Document{}, err
				}
			}
		}
	}
	if len(d.Alerts)+len(d.Refused) == 0 {
		return Document{}, fmt.Errorf("%w: no entry of the feed holds one; links are not followed", ErrNotCAP)
	}
	return d, nil
}

func (d *Document) take(content *strictxml.Element) error {
	for _, e := range content.Kids {
		if _, ok := version(e); !ok {
			continue
		}
		if len(d.Alerts)+len(d.Refused) == MaxAlerts {
			return fmt.Errorf("cap: %w: more than %d alerts in a feed", strictxml.ErrTooLarge, MaxAlerts)
		}
		a, err := readAlert(e)
		if err != nil {
			d.Refused = append(d.Refused, err)
			continue
		}
		d.Alerts = append(d.Alerts, a)
	}
	return nil
}

// fields collects the kids of an element by name, and the first fault.
type fields struct {
	of    string // path, such as "alert/info"
	text  map[string]string
	lists map[string][]string
	pairs map[string][]Pair
	inner map[string][]*strictxml.Element
	alien bool
	fault *Fault
}

// shape says which kids an element may have.
type shape struct {
	single, repeated, pairs, inner []string
	alien                          bool // others' elements may stand here
}

func collect(e *strictxml.Element, of string, s shape) *fields {
	f := &fields{of, map[string]string{}, map[string][]string{}, map[string][]Pair{}, map[string][]*strictxml.Element{}, false, nil}
	if !e.Blank() {
		f.wrong("", "text between its elements")
	}
	seen := map[string]bool{}
	for _, k := range e.Kids {
		if k.Space != e.Space {
			if f.alien = true; !s.alien {
				f.wrong(k.Local, fmt.Sprintf("an element of the name space %q", clip(k.Space)))
			}
			continue
		}
		switch n := k.Local; {
		case slices.Contains(s.single, n):
			if seen[n] {
				f.wrong(n, "is there twice")
			}
			seen[n] = true
			f.text[n] = f.plain(k)
		case slices.Contains(s.repeated, n):
			if v := f.plain(k); v != "" {
				f.lists[n] = append(f.lists[n], v)
			}
			f.bound(n, len(f.lists[n]), MaxListed)
		case slices.Contains(s.pairs, n):
			f.pair(k)
			f.bound(n, len(f.pairs[n]), MaxListed)
		case slices.Contains(s.inner, n):
			f.inner[n] = append(f.inner[n], k)
		default:
			f.wrong(n, "is no element of CAP here")
		}
	}
	return f
}

// wrong notes the first fault; a later one would say less.
func (f *fields) wrong(element, why string) {
	if f.fault != nil {
		return
	}
	path := f.of
	if element != "" {
		path += "/" + clip(element)
	}
	f.fault = &Fault{Element: path, Why: why}
}

func (f *fields) bound(element string, n, most int) {
	if n > most {
		f.wrong(element, fmt.Sprintf("is there more than %d times", most))
	}
}

// plain returns the trimmed text of an element that may hold nothing else.
func (f *fields) plain(e *strictxml.Element) string {
	if len(e.Kids) > 0 {
		f.wrong(e.Local, "holds elements, not text")
	}
	if len(e.Text) > MaxText {
		f.wrong(e.Local, fmt.Sprintf("text of %d octets, at most %d", len(e.Text), MaxText))
	}
	return strings.TrimSpace(e.Text)
}

// pair reads valueName and value. Both empty counts as not there; a value may be
// empty, as weather services leave it.
func (f *fields) pair(e *strictxml.Element) {
	in := collect(e, f.of+"/"+e.Local, shape{single: []string{"valueName", "value"}})
	if in.fault != nil && f.fault == nil {
		f.fault = in.fault
	}
	p := Pair{in.text["valueName"], in.text["value"]}
	if p == (Pair{}) {
		return
	}
	if p.Name == "" {
		f.wrong(e.Local+"/valueName", "is missing")
	}
	f.pairs[e.Local] = append(f.pairs[e.Local], p)
}

// need returns a required text.
func (f *fields) need(element string) string {
	v := f.text[element]
	if v == "" {
		f.wrong(element, "is missing")
	}
	return v
}

// code returns a text that must be one of a list.
func code[T ~string](f *fields, element string, known func(T) bool) T {
	v := T(f.need(element))
	if v != "" && !known(v) {
		f.wrong(element, fmt.Sprintf("unknown code %q", clip(string(v))))
	}
	return v
}

// listed returns texts that must each be one of a list.
func listed(f *fields, element string, known func(string) bool) []string {
	for _, v := range f.lists[element] {
		if !known(v) {
			f.wrong(element, fmt.Sprintf("unknown code %q", clip(v)))
		}
	}
	return f.lists[element]
}

func clip(s string) string {
	const most = 60
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}
