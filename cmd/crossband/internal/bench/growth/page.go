package growth

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"crossband/cmd/crossband/internal/bench/plot"
)

// About says where and with what was measured.
type About struct {
	Machine Machine
	Version string // of Crossband
	Go      string
	QUIC    string // version of quic-go
	Command string
	At      time.Time
}

// Write writes the plots into the folder out, which is made, and beside it the page: for
// docs/performance that is docs/PERFORMANCE.md. Plots of other axes stay. It returns the
// page's path; what cannot be drawn is an error, and the rest is written.
func Write(out string, about About, found []Found) (page string, failed error) {
	if err := os.MkdirAll(out, 0o755); err != nil {
		return "", err
	}
	for _, f := range found {
		if len(f.Points) == 0 {
			continue
		}
		for _, c := range f.Charts {
			svg, err := plot.Draw(f.plot(c))
			if err == nil {
				err = os.WriteFile(filepath.Join(out, f.file(c)), svg, 0o644)
			}
			failed = errors.Join(failed, err)
		}
	}
	page = PageOf(out)
	return page, errors.Join(failed, os.WriteFile(page, Page(filepath.Base(out), about, found), 0o644))
}

// PageOf is the path of the page that belongs to a folder of plots.
func PageOf(out string) string {
	out = filepath.Clean(out)
	return filepath.Join(filepath.Dir(out), strings.ToUpper(filepath.Base(out))+".md")
}

func (a Axis) file(c Chart) string { return a.Name + "-" + c.Name + ".svg" }

func (a Axis) heading(column string) string {
	for _, c := range a.Columns {
		if c.Name == column {
			return c.Heading
		}
	}
	return column
}

// of tells which line a point belongs to, by what a column holds: its text, or its
// heading and its number. It is empty where there is no such column.
func (f Found) of(q Point, column string) string {
	if v, ok := q.number(column); ok {
		return fmt.Sprintf("%s %g", f.heading(column), v)
	}
	v, _ := q[column].(string)
	return v
}

// plot draws a line for each figure of a chart and each value of the column that it
// tells lines by.
func (f Found) plot(c Chart) plot.Plot {
	p := plot.Plot{Title: c.Title, X: f.heading(c.X), Y: c.YHeading, LogX: true, LogY: c.LogY}
	var values []string
	for _, q := range f.Points {
		if v := f.of(q, c.By); !slices.Contains(values, v) {
			values = append(values, v)
		}
	}
	for _, y := range c.Y {
		for _, v := range values {
			p.Series = append(p.Series, f.series(c, y, v))
		}
	}
	return p
}

func (f Found) series(c Chart, y, value string) plot.Series {
	s := plot.Series{Name: strings.TrimPrefix(value+", "+f.heading(y), ", ")}
	for _, q := range f.Points {
		if f.of(q, c.By) != value {
			continue
		}
		a, _ := q.number(c.X)
		b, _ := q.number(y)
		s.Points = append(s.Points, plot.Point{X: a, Y: b})
	}
	return s
}

// Page writes the page. plots is the plots' folder, as it is named from there.
func Page(plots string, about About, found []Found) []byte {
	var b bytes.Buffer
	b.WriteString("# Performance\n\nHow what a relay costs grows, on one machine. This page is made, with its plots, by the command below; what is\nwritten by hand is lost. Ratios travel from machine to machine, times do not.\n\n")
	about.write(&b)
	for _, f := range found {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n", f.Title, f.How)
		if f.Why != nil {
			fmt.Fprintf(&b, "Not all of it was measured: %s.\n\n", strings.ReplaceAll(f.Why.Error(), "\n", "; "))
		}
		if len(f.Points) == 0 {
			continue
		}
		f.table(&b)
		for _, c := range f.Charts {
			fmt.Fprintf(&b, "\n![%s](%s)\n", c.Title, path.Join(plots, f.file(c)))
		}
	}
	return b.Bytes()
}

func (a About) write(b *bytes.Buffer) {
	m := a.Machine
	fmt.Fprintf(b, "| | |\n|---|---|\n")
	for _, l := range [][2]string{
		{"measured", a.At.UTC().Format("2006-01-02 15:04 UTC")}, {"command", "`" + a.Command + "`"},
		{"processor", fmt.Sprintf("%s, %d cores", m.CPU, m.Cores)}, {"memory", m.Memory}, {"system", m.System},
		{"load before", m.Load}, {"Crossband", a.Version}, {"Go", a.Go}, {"quic-go", a.QUIC},
	} {
		if l[1] != "" {
			fmt.Fprintf(b, "| %s | %s |\n", l[0], strings.ReplaceAll(l[1], "|", "/"))
		}
	}
}

func (f Found) table(b *bytes.Buffer) {
	var heads, rule []string
	for _, c := range f.Columns {
		heads, rule = append(heads, c.Heading), append(rule, "---:")
	}
	row := func(cells []string) { fmt.Fprintf(b, "| %s |\n", strings.Join(cells, " | ")) }
	row(heads)
	row(rule)
	for _, p := range f.Points {
		var cells []string
		for _, c := range f.Columns {
			text, is := p[c.Name].(string)
			if v, ok := p.number(c.Name); ok && !is {
				text = fmt.Sprintf("%.*f", c.Decimals, v)
			}
			cells = append(cells, text)
		}
		row(cells)
	}
}
