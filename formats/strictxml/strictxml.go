// Package strictxml reads small XML documents of other systems into a tree,
// and refuses what encoding/xml lets pass or a message never needs: document
// types and with them every declared entity, a second root, text outside it,
// attributes twice, undeclared prefixes, other encodings than four, and
// anything beyond its limits. It verifies no signatures and fetches nothing.
package strictxml

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"
)

// Limits bound a document. A zero value means the default.
type Limits struct {
	Octets     int // of the document as it came; 1 MiB
	Depth      int // of nested elements, the root counting 1; 32
	Elements   int // in all; 20,000
	Attributes int // of one element; 64
}

func (l Limits) filled() Limits {
	set := func(v *int, to int) {
		if *v == 0 {
			*v = to
		}
	}
	set(&l.Octets, 1<<20)
	set(&l.Depth, 32)
	set(&l.Elements, 20_000)
	set(&l.Attributes, 64)
	return l
}

// ErrMalformed is wrapped by every error about a document that is not well
// formed, or is refused for what it holds. ErrTooLarge: it is beyond a limit.
var (
	ErrMalformed = errors.New("not acceptable XML")
	ErrTooLarge  = errors.New("XML beyond a limit")
)

// Element is one element of the tree. What is in it is UTF-8, whatever the
// document was written in.
type Element struct {
	Space string // namespace name, not the prefix
	Local string
	Attrs []xml.Attr // without declarations of namespaces
	Text  string     // all character data directly in it, entities and CDATA resolved
	Kids  []*Element

	source     []byte
	begin, end int
}

// Is reports whether the element has that name.
func (e *Element) Is(space, local string) bool { return e.Space == space && e.Local == local }

// Raw returns the element as it stands in the document, in UTF-8. Names whose
// prefixes are declared further out are not complete without them.
func (e *Element) Raw() []byte { return e.source[e.begin:e.end:e.end] }

// Attr returns the value of an attribute without a namespace.
func (e *Element) Attr(local string) (string, bool) {
	for _, a := range e.Attrs {
		if a.Name.Space == "" && a.Name.Local == local {
			return a.Value, true
		}
	}
	return "", false
}

// Blank reports whether the element holds no text but white space.
func (e *Element) Blank() bool { return strings.TrimSpace(e.Text) == "" }

// Parse reads a document. charset is the encoding that the carrier states, such
// as the parameter of a media type, or "": one that contradicts the document's
// own is refused, because two readers would read two documents.
func Parse(b []byte, charset string, l Limits) (*Element, error) {
	l = l.filled()
	if len(b) > l.Octets {
		return nil, fmt.Errorf("%w: %d octets, at most %d", ErrTooLarge, len(b), l.Octets)
	}
	source, err := decode(b, charset)
	if err != nil {
		return nil, err
	}
	d := xml.NewDecoder(bytes.NewReader(source))
	d.Strict, d.Entity = true, nil // the five named entities and numbers only
	p := parser{limits: l, source: source}
	for {
		begin := int(d.InputOffset())
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil {
			err = p.take(token, begin, int(d.InputOffset()))
		} else {
			err = fmt.Errorf("%w: %w", ErrMalformed, err)
		}
		if err != nil {
			return nil, err
		}
	}
	if p.root == nil {
		return nil, fmt.Errorf("%w: no element", ErrMalformed)
	}
	return p.root, nil
}

// parser builds the tree from tokens.
type parser struct {
	limits   Limits
	source   []byte
	root     *Element
	open     []*Element
	text     []*strings.Builder // of the open elements
	elements int
}

func (p *parser) take(token xml.Token, begin, end int) error {
	switch t := token.(type) {
	case xml.StartElement:
		return p.start(t, begin)
	case xml.EndElement: // the decoder has matched it
		last := len(p.open) - 1
		p.open[last].Text, p.open[last].end = p.text[last].String(), end
		p.open, p.text = p.open[:last], p.text[:last]
	case xml.CharData:
		if len(p.open) > 0 {
			p.text[len(p.text)-1].Write(t)
		} else if len(bytes.TrimSpace(t)) > 0 {
			return fmt.Errorf("%w: text outside the root element", ErrMalformed)
		}
	case xml.Directive:
		return fmt.Errorf("%w: a document type or other declaration", ErrMalformed)
	case xml.ProcInst:
		if strings.EqualFold(t.Target, "xml") {
			return fmt.Errorf("%w: an XML declaration that is not at the beginning", ErrMalformed)
		}
	}
	return nil
}

func (p *parser) start(t xml.StartElement, begin int) error {
	p.elements++
	switch {
	case p.root != nil && len(p.open) == 0:
		return fmt.Errorf("%w: a second root element %q", ErrMalformed, clip(t.Name.Local))
	case len(p.open) >= p.limits.Depth:
		return fmt.Errorf("%w: elements nested deeper than %d", ErrTooLarge, p.limits.Depth)
	case p.elements > p.limits.Elements:
		return fmt.Errorf("%w: more than %d elements", ErrTooLarge, p.limits.Elements)
	case len(t.Attr) > p.limits.Attributes:
		return fmt.Errorf("%w: %d attributes of %q, at most %d", ErrTooLarge, len(t.Attr), clip(t.Name.Local), p.limits.Attributes)
	}
	attrs, err := attributes(t)
	if err != nil {
		return err
	}
	e := &Element{Space: t.Name.Space, Local: t.Name.Local, Attrs: attrs, source: p.source, begin: begin}
	if len(p.open) == 0 {
		p.root = e
	} else {
		parent := p.open[len(p.open)-1]
		parent.Kids = append(parent.Kids, e)
	}
	p.open, p.text = append(p.open, e), append(p.text, new(strings.Builder))
	return nil
}

// attributes leaves out declarations of namespaces and refuses an attribute
// that comes twice, which XML 1.0 3.1 forbids and encoding/xml takes.
func attributes(t xml.StartElement) ([]xml.Attr, error) {
	var kept []xml.Attr
	seen := make(map[xml.Name]bool, len(t.Attr))
	for _, a := range t.Attr {
		if seen[a.Name] {
			return nil, fmt.Errorf("%w: attribute %q twice in %q", ErrMalformed, clip(a.Name.Local), clip(t.Name.Local))
		}
		seen[a.Name] = true
		if a.Name.Space != "xmlns" && a.Name != (xml.Name{Local: "xmlns"}) {
			kept = append(kept, a)
		}
	}
	return kept, nil
}

// clip makes what somebody wrote fit for an error message.
func clip(s string) string {
	const most = 40
	s = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '?'
	}, s)
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}
