package ics

import (
	"encoding/xml"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
)

// TestHTMLHasEveryBoxAndWord: the same of the page, and that it is made of the
// form's own elements only.
func TestHTMLHasEveryBoxAndWord(t *testing.T) {
	anyForms(t, func(t *testing.T, f Form, l Layout, s sheet) {
		out, err := HTML(f, l)
		if err != nil {
			t.Fatal(err)
		}
		got := readHTML(t, string(out))
		var titles, texts []string
		for n, b := range boxesOf(s.number) {
			titles = append(titles, fmt.Sprintf("%d. %s:", n+1, b.title))
			texts = append(texts, s.boxes[n].texts(b.parts)...)
		}
		if !slices.Equal(got.titles, titles) {
			t.Errorf("boxes %q, want %q", got.titles, titles)
		}
		if !slices.Equal(got.texts, texts) {
			t.Errorf("texts\n%q, want\n%q", got.texts, texts)
		}
		if marks := map[bool]int{true: 2}[s.exercise]; got.banners != marks || strings.Contains(string(out), "@top-center") != s.exercise {
			t.Errorf("%d banners, exercise %v", got.banners, s.exercise)
		}
	})
}

// texts is what a box shows in HTML, in order.
func (b box) texts(parts []string) []string {
	var list []string
	switch {
	case b.table != nil && len(b.table.rows) == 0:
		return []string{"(none)"}
	case b.table != nil:
		list = append(list, parts...)
		for _, row := range b.table.rows {
			for _, cell := range row {
				list = append(list, visible(cell))
			}
		}
	case parts != nil:
		for n, f := range b.fields {
			list = append(list, parts[n]+":", visible(f.value))
		}
	default:
		list = append(list, visible(b.text))
	}
	return list
}

type readPage struct {
	titles, texts []string
	banners       int
}

func readHTML(t *testing.T, page string) readPage {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(page))
	d.Strict, d.AutoClose, d.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
	known := strings.Fields("html head meta title style body table thead tbody tfoot tr th td section h1 h2 p dl dt dd div footer b")
	var got readPage
	var path, texts []string
	for {
		token, err := d.Token()
		if err == io.EOF {
			return got
		}
		if err != nil {
			t.Fatalf("%v in\n%s", err, page)
		}
		switch e := token.(type) {
		case xml.StartElement:
			if !slices.Contains(known, e.Name.Local) {
				t.Errorf("element %s", e.Name.Local)
			}
			for _, a := range e.Attr {
				if !slices.Contains([]string{"lang", "charset", "http-equiv", "content", "class"}, a.Name.Local) {
					t.Errorf("attribute %s", a.Name.Local)
				}
			}
			path, texts = append(path, e.Name.Local), append(texts, "")
		case xml.CharData:
			if len(texts) > 0 {
				texts[len(texts)-1] += string(e)
			}
		case xml.EndElement:
			text := texts[len(texts)-1]
			inSection := slices.Contains(path, "section")
			switch {
			case e.Name.Local == "h2":
				got.titles = append(got.titles, text)
			case e.Name.Local == "div" && text == banner:
				got.banners++
			case inSection && slices.Contains([]string{"p", "dt", "dd", "th", "td"}, e.Name.Local):
				got.texts = append(got.texts, text)
			}
			path, texts = path[:len(path)-1], texts[:len(texts)-1]
		}
	}
}
