// Package growth measures how what a relay costs grows with listeners, channels,
// agencies and history, and writes down what it found: plots, and a page with tables.
package growth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"

	"crossband/cmd/crossband/internal/bench"
)

// Axis is one thing that grows.
type Axis struct {
	Name    string // short, for file names and the command line
	Title   string
	How     string // what was measured, and how: sentences for the page
	Columns []Column
	Charts  []Chart
	Measure func(context.Context) ([]Point, error)
}

// Column is one figure of every point.
type Column struct {
	Name     string // in Point, as in a benchmark's JSON
	Heading  string // with the unit
	Decimals int    // worth showing
}

// Chart is one plot of an axis.
type Chart struct {
	Name     string // of its file, after that of the axis
	Title    string
	X        string   // Name of the column that grows
	Y        []string // Names of the columns that are drawn, each a line
	By       string   // Name of a column, text or number: a line for each of its values; empty: none
	YHeading string
	LogY     bool // X is always logarithmic: sizes are
}

// Point is what was found at one size, by the columns' names: numbers, and text where a
// benchmark measures several things at each size.
type Point map[string]any

// number returns a figure of a point.
func (p Point) number(name string) (float64, bool) {
	v, ok := p[name].(float64)
	return v, ok && !math.IsNaN(v) && !math.IsInf(v, 0)
}

// Of makes the points of an axis from another benchmark's rows, by their JSON names. Rows
// that come with an error count: they took minutes.
func Of[R bench.Row](run func(context.Context) ([]R, error)) func(context.Context) ([]Point, error) {
	return func(ctx context.Context) ([]Point, error) {
		rows, failed := run(ctx)
		list, err := points(rows)
		return list, errors.Join(failed, err)
	}
}

func points[R any](rows []R) (list []Point, err error) {
	for _, r := range rows {
		octets, err := json.Marshal(r)
		if err != nil {
			return nil, err
		}
		p := Point{}
		if err := json.Unmarshal(octets, &p); err != nil {
			return nil, err
		}
		list = append(list, p)
	}
	return list, nil
}

// check refuses points that lack what the axis shows: a plot without a line would go
// unnoticed.
func (a Axis) check(list []Point) error {
	if len(list) == 0 {
		return errors.New("nothing was measured")
	}
	for _, p := range list {
		for _, c := range a.Columns {
			if _, text := p[c.Name].(string); text {
				continue
			}
			if _, ok := p.number(c.Name); !ok {
				return fmt.Errorf("no figure %s in %v", c.Name, p)
			}
		}
	}
	for _, c := range a.Charts {
		for _, name := range append([]string{c.X}, c.Y...) {
			if _, ok := list[0].number(name); !ok {
				return fmt.Errorf("no figure %s to draw in %q", name, c.Title)
			}
		}
		if _, ok := list[0][c.By]; c.By != "" && !ok {
			return fmt.Errorf("no %s to tell lines by in %q", c.By, c.Title)
		}
	}
	return nil
}

// Found is an axis with what was measured.
type Found struct {
	Axis
	Points []Point
	Why    error // there are no points, or not all that there should be
}

// Measure measures the axes one after the other. One that fails says why in its place,
// and in the error: the others took minutes to measure. When ctx ends there is nothing.
func Measure(ctx context.Context, axes []Axis, say func(format string, args ...any)) (list []Found, err error) {
	for _, a := range axes {
		say("%s: begins", a.Name)
		p, failed := a.Measure(ctx)
		if wrong := a.check(p); wrong != nil {
			p, failed = nil, errors.Join(failed, wrong)
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		f := Found{Axis: a, Points: p, Why: failed}
		if failed != nil {
			err = errors.Join(err, fmt.Errorf("%s: %w", a.Name, failed))
			say("%s: %v", a.Name, failed)
		}
		list = append(list, f)
	}
	return list, err
}
