// Package plot draws figures as lines, in SVG. A drawing needs nothing but itself, its
// text is text, and it can be read on a light and on a dark ground.
package plot

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"math"
	"strings"
)

// Plot is what is to be drawn.
type Plot struct {
	Title      string
	X, Y       string // headings of the axes, with the unit
	LogX, LogY bool   // then every figure on that axis must be more than 0
	Series     []Series
}

// Series is one line.
type Series struct {
	Name   string
	Points []Point // in the order in which they are joined
}

// Point is one figure.
type Point struct{ X, Y float64 }

// MaxSeries is how many lines can be told apart.
const MaxSeries = 6

// Sizes of a drawing, in its own units.
const (
	width, height            = 640, 400
	left, right, top, bottom = 76, 20, 44, 52
	legendLine               = 18
)

// Draw returns the drawing. It is an error if there is nothing to draw, or a figure
// that has no place on its axis.
func Draw(p Plot) ([]byte, error) {
	if err := p.check(); err != nil {
		return nil, fmt.Errorf("plot %q: %w", p.Title, err)
	}
	x, y := p.axes()
	var b bytes.Buffer
	h := height + legendLine*len(p.Series)
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" role="img" aria-label="%s">`+"\n", width, h, escaped(p.Title))
	b.WriteString(style())
	fmt.Fprintf(&b, `<rect class="ground" width="%d" height="%d"/>`+"\n", width, h)
	text(&b, "title", width/2, 24, "middle", p.Title)
	p.grid(&b, x, y)
	for i, s := range p.Series {
		s.draw(&b, i, x, y)
	}
	p.legend(&b)
	b.WriteString("</svg>\n")
	return b.Bytes(), nil
}

func (p *Plot) check() error {
	if len(p.Series) == 0 || len(p.Series) > MaxSeries {
		return fmt.Errorf("%d lines; 1 to %d can be drawn", len(p.Series), MaxSeries)
	}
	for _, s := range p.Series {
		if len(s.Points) == 0 {
			return fmt.Errorf("line %q has no point", s.Name)
		}
		for _, q := range s.Points {
			if bad(q.X, p.LogX) || bad(q.Y, p.LogY) {
				return fmt.Errorf("line %q: point (%g, %g) has no place", s.Name, q.X, q.Y)
			}
		}
	}
	return nil
}

func bad(v float64, log bool) bool {
	return math.IsNaN(v) || math.IsInf(v, 0) || v < 0 || log && v == 0
}

// axes fits both axes around all points.
func (p *Plot) axes() (x, y axis) {
	first := p.Series[0].Points[0]
	lowX, highX, lowY, highY := first.X, first.X, first.Y, first.Y
	for _, s := range p.Series {
		for _, q := range s.Points {
			lowX, highX = min(lowX, q.X), max(highX, q.X)
			lowY, highY = min(lowY, q.Y), max(highY, q.Y)
		}
	}
	return fit(lowX, highX, p.LogX, left, width-right), fit(lowY, highY, p.LogY, height-bottom, top)
}

// grid draws the axes, their lines and their words.
func (p *Plot) grid(b *bytes.Buffer, x, y axis) {
	for _, v := range x.ticks {
		at := x.at(v)
		line(b, "grid", at, top, at, height-bottom)
		text(b, "tick", at, height-bottom+18, "middle", short(v))
	}
	for _, v := range y.ticks {
		at := y.at(v)
		line(b, "grid", left, at, width-right, at)
		text(b, "tick", left-8, at+4, "end", short(v))
	}
	line(b, "axis", left, height-bottom, width-right, height-bottom)
	line(b, "axis", left, top, left, height-bottom)
	text(b, "name", (left+width-right)/2, height-14, "middle", p.X)
	middle := (top + height - bottom) / 2
	fmt.Fprintf(b, `<text class="name" x="18" y="%d" text-anchor="middle" transform="rotate(-90 18 %d)">%s</text>`+"\n", middle, middle, escaped(p.Y))
}

func (p *Plot) legend(b *bytes.Buffer) {
	for i, s := range p.Series {
		y := float64(height + legendLine*i)
		fmt.Fprintf(b, `<line class="line s%d" x1="%d" y1="%s" x2="%d" y2="%s"/>`+"\n", i, left, number(y), left+32, number(y))
		mark(b, i, left+16, y)
		text(b, "tick", left+42, y+4, "start", s.Name)
	}
}

func (s Series) draw(b *bytes.Buffer, i int, x, y axis) {
	var path []string
	for _, q := range s.Points {
		path = append(path, number(x.at(q.X))+","+number(y.at(q.Y)))
	}
	fmt.Fprintf(b, `<polyline class="line s%d" points="%s"/>`+"\n", i, strings.Join(path, " "))
	for _, q := range s.Points {
		mark(b, i, x.at(q.X), y.at(q.Y))
	}
}

// mark draws a point. Lines differ in the shape of their points too: not everybody
// tells colours apart.
func mark(b *bytes.Buffer, i int, x, y float64) {
	const r = 4.0
	switch i % 3 {
	case 0:
		fmt.Fprintf(b, `<circle class="mark s%d" cx="%s" cy="%s" r="%s"/>`+"\n", i, number(x), number(y), number(r))
	case 1:
		fmt.Fprintf(b, `<rect class="mark s%d" x="%s" y="%s" width="%s" height="%s"/>`+"\n", i, number(x-r), number(y-r), number(2*r), number(2*r))
	default:
		fmt.Fprintf(b, `<polygon class="mark s%d" points="%s,%s %s,%s %s,%s"/>`+"\n", i, number(x), number(y-r-1), number(x+r+1), number(y+r), number(x-r-1), number(y+r))
	}
}

func line(b *bytes.Buffer, class string, x1, y1, x2, y2 float64) {
	fmt.Fprintf(b, `<line class="%s" x1="%s" y1="%s" x2="%s" y2="%s"/>`+"\n", class, number(x1), number(y1), number(x2), number(y2))
}

func text(b *bytes.Buffer, class string, x, y float64, anchor, words string) {
	fmt.Fprintf(b, `<text class="%s" x="%s" y="%s" text-anchor="%s">%s</text>`+"\n", class, number(x), number(y), anchor, escaped(words))
}

// number writes a place to a tenth of a unit.
func number(v float64) string {
	return strings.TrimSuffix(fmt.Sprintf("%.1f", v), ".0")
}

func escaped(s string) string {
	var b strings.Builder
	if err := xml.EscapeText(&b, []byte(s)); err != nil {
		panic(errors.Join(errors.New("internal error: a strings.Builder failed"), err))
	}
	return b.String()
}

// style gives the colours: from 3 to 1 in contrast with their ground, light or dark.
func style() string {
	colours := func(dark bool) string {
		list := []string{"#0b63b6", "#b3480a", "#217a3c", "#8a2f9e", "#b01e3c", "#5a5a00"}
		if dark {
			list = []string{"#6db3f2", "#f0a35e", "#6fcf8b", "#d59be6", "#ff8fa3", "#d0d060"}
		}
		var b strings.Builder
		for i, c := range list {
			fmt.Fprintf(&b, ".line.s%d{stroke:%s}.mark.s%d{fill:%s}", i, c, i, c)
		}
		return b.String()
	}
	return "<style>text{font-family:system-ui,sans-serif;fill:#1f2328}.title{font-size:16px;font-weight:600}.name{font-size:13px}.tick{font-size:12px}" +
		".ground{fill:#fff}.grid{stroke:#d0d7de;stroke-width:1}.axis{stroke:#57606a;stroke-width:1}.line{fill:none;stroke-width:2}" + colours(false) +
		"@media(prefers-color-scheme:dark){text{fill:#e6edf3}.ground{fill:#0d1117}.grid{stroke:#30363d}.axis{stroke:#8b949e}" + colours(true) + "}</style>\n"
}
