package plot

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"slices"
	"strings"
	"testing"
)

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func usual() Plot {
	return Plot{Title: "Cost <of> a & b", X: "members", Y: "ms", LogX: true, LogY: true, Series: []Series{
		{"suite 2", []Point{{2, 1}, {20, 10}, {200, 100}}},
		{"suite 7", []Point{{2, 5}, {20, 50}, {200, 500}}},
	}}
}

// elements counts what a drawing is made of, and collects its text.
func elements(t *testing.T, svg []byte) (count map[string]int, words []string) {
	t.Helper()
	count = make(map[string]int)
	inText := false
	for d := xml.NewDecoder(bytes.NewReader(svg)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return count, words
		}
		check(t, err)
		switch e := token.(type) {
		case xml.StartElement:
			name := e.Name.Local
			for _, a := range e.Attr {
				if a.Name.Local == "class" {
					name += "." + strings.Fields(a.Value)[0]
				}
			}
			count[name]++
			inText = e.Name.Local == "text"
		case xml.CharData:
			if inText {
				words = append(words, string(e))
			}
		case xml.EndElement:
			inText = false
		}
	}
}

func TestADrawingHasEverything(t *testing.T) {
	svg, err := Draw(usual())
	check(t, err)
	count, words := elements(t, svg)
	// Every point of both lines has a mark, and so has the legend.
	if count["polyline.line"] != 2 || count["circle.mark"] != 3+1 || count["rect.mark"] != 3+1 {
		t.Errorf("%v", count)
	}
	for _, w := range []string{"Cost <of> a & b", "members", "ms", "suite 2", "suite 7", "100", "1"} {
		if !slices.Contains(words, w) {
			t.Errorf("no %q in %q", w, words)
		}
	}
	if !bytes.Contains(svg, []byte("prefers-color-scheme:dark")) {
		t.Error("no colours for a dark ground")
	}
	again, err := Draw(usual())
	check(t, err)
	if !bytes.Equal(svg, again) {
		t.Error("the same figures are drawn differently")
	}
}

// TestLogarithmicAxesKeepRatios: ten times as much is as far, wherever it begins.
func TestLogarithmicAxesKeepRatios(t *testing.T) {
	a := fit(3, 700, true, 0, 100)
	if one, other := a.at(50)-a.at(5), a.at(500)-a.at(50); math.Abs(one-other) > 1e-6 || one <= 0 {
		t.Errorf("%f and %f", one, other)
	}
	if a.low != 2 || a.high != 1000 {
		t.Errorf("from %g to %g", a.low, a.high)
	}
	if want := []float64{2, 5, 10, 20, 50, 100, 200, 500, 1000}; !slices.EqualFunc(a.ticks, want, near) {
		t.Errorf("ticks %v", a.ticks)
	}
	if wide := fit(1, 1e6, true, 0, 1); !slices.EqualFunc(wide.ticks, []float64{1, 10, 100, 1e3, 1e4, 1e5, 1e6}, near) {
		t.Errorf("ticks over six powers of ten: %v", wide.ticks)
	}
}

func near(a, b float64) bool { return math.Abs(a-b) < 1e-9*math.Max(a, b) }

func TestOtherAxesBeginAtZero(t *testing.T) {
	a := fit(30, 73, false, 400, 0)
	if a.at(0) != 400 || a.high != 80 || a.at(80) != 0 || a.at(40) != 200 {
		t.Errorf("%+v", a)
	}
	if flat := fit(0, 0, false, 0, 10); math.IsNaN(flat.at(0)) {
		t.Errorf("%+v", flat)
	}
	if one := fit(7, 7, true, 0, 10); math.IsNaN(one.at(7)) || one.at(7) < 0 || one.at(7) > 10 {
		t.Errorf("%+v", one)
	}
}

// TestEveryPointLiesWithin: whatever the figures, marks are inside the axes.
func TestEveryPointLiesWithin(t *testing.T) {
	for _, high := range []float64{0.003, 0.9, 1, 1.01, 2, 9.99, 10, 4999, 5000, 5001, 123456} {
		for _, log := range []bool{true, false} {
			a := fit(high/7, high, log, 10, 20)
			for _, v := range []float64{high / 7, high / 2, high} {
				if at := a.at(v); at < 10-1e-9 || at > 20+1e-9 {
					t.Errorf("%g of %g lies at %g, log %v", v, high, at, log)
				}
			}
			least, most := 4+1, 10+1
			if log {
				least, most = 2, 12
			}
			if n := len(a.ticks); n < least || n > most {
				t.Errorf("%d ticks up to %g, log %v: %v", n, high, log, a.ticks)
			}
		}
	}
}

func TestShortFigures(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 0.25: "0.25", 7: "7", 500: "500", 1000: "1k", 2500: "2.5k", 1e6: "1M", 2e9: "2G"} {
		if got := short(v); got != want {
			t.Errorf("%g is %q, want %q", v, got, want)
		}
	}
}

func TestWhatCannotBeDrawnIsRefused(t *testing.T) {
	for why, change := range map[string]func(*Plot){
		"no line":             func(p *Plot) { p.Series = nil },
		"a line of no points": func(p *Plot) { p.Series[0].Points = nil },
		"zero on a log axis":  func(p *Plot) { p.Series[0].Points[1].Y = 0 },
		"no number":           func(p *Plot) { p.Series[0].Points[1].Y = math.NaN() },
		"without end":         func(p *Plot) { p.Series[0].Points[1].X = math.Inf(1) },
		"less than nothing":   func(p *Plot) { p.LogY, p.Series[0].Points[1].Y = false, -1 },
		"too many lines":      func(p *Plot) { p.Series = slices.Repeat(p.Series, 4) },
	} {
		p := usual()
		change(&p)
		if _, err := Draw(p); err == nil {
			t.Errorf("%s: drawn", why)
		}
	}
}
