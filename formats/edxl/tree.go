package edxl

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Namespaces of EDXL-RM 1.0, and of EDXL-DE 1.0 around it. An element belongs to the one whose schema file
// declares it: messages and what is different among them to nsMessage, the
// common types' parts to nsCommon.
const (
	nsCommon  = "urn:oasis:names:tc:emergency:EDXL:RM:1.0"
	nsMessage = "urn:oasis:names:tc:emergency:EDXL:RM:1.0:msg"

	nsEnvelope = "urn:oasis:names:tc:emergency:EDXL:DE:1.0"
)

// element is one XML element: either with text or with others in it.
type element struct {
	space, name string
	text        string
	in          []element
}

// prefix returns the prefix that writes a namespace.
func prefix(space string) string {
	switch space {
	case nsCommon:
		return "rm:"
	case nsEnvelope:
		return "de:"
	}
	return "rmsg:"
}

// document returns the root as an XML document: UTF-8, two spaces a level.
func document(root element) []byte {
	var b strings.Builder
	b.WriteString("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n")
	spaces := ` xmlns:rm="` + nsCommon + `" xmlns:rmsg="` + nsMessage + `"`
	if root.space == nsEnvelope {
		spaces = ` xmlns:de="` + nsEnvelope + `"` + spaces
	}
	root.write(&b, 0, spaces)
	return []byte(b.String())
}

func (e element) write(b *strings.Builder, depth int, attributes string) {
	indent, name := strings.Repeat("  ", depth), prefix(e.space)+e.name
	b.WriteString(indent + "<" + name + attributes + ">")
	if len(e.in) == 0 {
		writeText(b, e.text)
	} else {
		b.WriteByte('\n')
		for _, child := range e.in {
			child.write(b, depth+1, "")
		}
		b.WriteString(indent)
	}
	b.WriteString("</" + name + ">\n")
}

// writeText escapes what would be markup, and what a parser would change:
// it turns a bare carriage return into a line feed.
func writeText(b *strings.Builder, s string) {
	for _, r := range Visible(s) {
		switch r {
		case '&':
			b.WriteString("&amp;")
		case '<':
			b.WriteString("&lt;")
		case '>':
			b.WriteString("&gt;")
		case '\r':
			b.WriteString("&#xD;")
		default:
			b.WriteRune(r)
		}
	}
}

// Visible returns s with everything that XML 1.0 cannot hold (section 2.2,
// production Char) written out: U+0000 as <U+0000>, an octet that is not UTF-8
// as <0xFF>. Messages are written with it, so that no text can keep an incident
// from being exported; only such texts read back differently.
func Visible(s string) string {
	var b strings.Builder
	for i, r := range s {
		switch {
		case r == utf8.RuneError && !strings.HasPrefix(s[i:], string(utf8.RuneError)):
			fmt.Fprintf(&b, "<0x%02X>", s[i])
		case isChar(r):
			b.WriteRune(r)
		default:
			fmt.Fprintf(&b, "<U+%04X>", r)
		}
	}
	return b.String()
}

func isChar(r rune) bool {
	return r == '\t' || r == '\n' || r == '\r' || r >= 0x20 && r <= 0xd7ff || r >= 0xe000 && r <= 0xfffd || r >= 0x10000
}
