package growth

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"crossband/cmd/crossband/internal/bench"
)

// sized is a row of a benchmark that measures two things at each size.
type sized struct {
	Suite   int     `json:"suite"`
	Members int     `json:"members"`
	JoinMS  float64 `json:"join_ms"`
}

func (sized) Cells() []bench.Cell { return nil }

func groups() Axis {
	return Axis{
		Name: "groups", Title: "Groups", How: "Made up.",
		Columns: []Column{{"suite", "suite", 0}, {"members", "members", 0}, {"join_ms", "join ms", 1}},
		Charts:  []Chart{{Name: "join", Title: "Joining", X: "members", Y: []string{"join_ms"}, By: "suite", YHeading: "ms", LogY: true}},
		Measure: Of(func(context.Context) ([]sized, error) {
			return []sized{{2, 10, 1.25}, {7, 10, 5}, {2, 100, 2}, {7, 100, 8}}, nil
		}),
	}
}

func TestThePageShowsEveryFigureAndPlot(t *testing.T) {
	found, err := Measure(t.Context(), []Axis{groups()}, t.Logf)
	check(t, err)
	out := filepath.Join(t.TempDir(), "docs", "performance")
	page, err := Write(out, About{Machine: Machine{CPU: "A|B", Cores: 3}, Version: "1.2.3", Command: "crossband bench growth", At: time.Unix(0, 0)}, found)
	check(t, err)
	if want := filepath.Join(filepath.Dir(out), "PERFORMANCE.md"); page != want {
		t.Errorf("the page is %s, want %s", page, want)
	}
	octets, err := os.ReadFile(page)
	check(t, err)
	for _, want := range []string{
		"| suite | members | join ms |\n| ---: | ---: | ---: |\n| 2 | 10 | 1.2 |\n| 7 | 10 | 5.0 |\n| 2 | 100 | 2.0 |\n| 7 | 100 | 8.0 |\n",
		"![Joining](performance/groups-join.svg)", "| processor | A/B, 3 cores |", "| Crossband | 1.2.3 |", "1970-01-01 00:00 UTC", "`crossband bench growth`", "Made up.",
	} {
		if !bytes.Contains(octets, []byte(want)) {
			t.Errorf("no %q in\n%s", want, octets)
		}
	}
	svg, err := os.ReadFile(filepath.Join(out, "groups-join.svg"))
	check(t, err)
	if n := bytes.Count(svg, []byte("<polyline")); n != 2 {
		t.Errorf("%d lines, want one for each suite", n)
	}
	if circles, squares := bytes.Count(svg, []byte("<circle")), bytes.Count(svg, []byte(`<rect class="mark`)); circles != 2+1 || squares != 2+1 {
		t.Errorf("%d and %d points, want two of each suite, and one in the legend", circles, squares)
	}
	for _, name := range []string{"suite 2, join ms", "suite 7, join ms"} {
		if !bytes.Contains(svg, []byte(">"+name+"<")) {
			t.Errorf("no line is called %q", name)
		}
	}
}

func TestFiguresThatAreNotThereAreAnError(t *testing.T) {
	for why, change := range map[string]func(*Axis){
		"another name in a column": func(a *Axis) { a.Columns[2].Name = "join_us" },
		"another name in a chart":  func(a *Axis) { a.Charts[0].Y[0] = "join_us" },
		"nothing to tell lines by": func(a *Axis) { a.Charts[0].By = "path" },
		"no rows": func(a *Axis) {
			a.Measure = Of(func(context.Context) ([]sized, error) { return nil, nil })
		},
	} {
		a := groups()
		change(&a)
		if _, err := Measure(t.Context(), []Axis{a}, t.Logf); err == nil || !strings.HasPrefix(err.Error(), "groups: ") {
			t.Errorf("%s: %v", why, err)
		}
	}
}

// TestOneThatFailsLeavesTheOthers: what took minutes to measure is written down.
func TestOneThatFailsLeavesTheOthers(t *testing.T) {
	broken := groups()
	broken.Name, broken.Title = "broken", "Broken"
	broken.Measure = func(context.Context) ([]Point, error) { return nil, errors.New("it rained") }
	half := groups()
	half.Name = "half"
	half.Measure = Of(func(context.Context) ([]sized, error) { return []sized{{2, 77, 1}}, errors.New("it got dark") })
	found, err := Measure(t.Context(), []Axis{broken, half, groups()}, t.Logf)
	if err == nil || len(found) != 3 {
		t.Fatalf("%d found, %v", len(found), err)
	}
	out := filepath.Join(t.TempDir(), "p")
	page, err := Write(out, About{}, found)
	check(t, err)
	octets, err := os.ReadFile(page)
	check(t, err)
	for _, want := range []string{"Not all of it was measured: it rained; nothing was measured.", "groups-join.svg", "| 7 | 100 | 8.0 |", "it got dark.", "| 2 | 77 | 1.0 |", "half-join.svg"} {
		if !bytes.Contains(octets, []byte(want)) {
			t.Errorf("no %q in\n%s", want, octets)
		}
	}
	if bytes.Contains(octets, []byte("broken-join.svg")) {
		t.Error("a plot that there is not is on the page")
	}
}

func TestTheMachineIsKnown(t *testing.T) {
	m := ThisMachine()
	if m.CPU == "" || m.Cores < 1 || m.System == "" {
		t.Errorf("%+v", m)
	}
	if runtime.GOOS == "linux" && (m.Memory == "" || m.Load == "" || !strings.HasPrefix(m.System, "Linux ")) {
		t.Errorf("%+v", m)
	}
}

func TestMeasuringEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	sizes := Sizes{[]int{2}, t.Logf}
	for _, a := range []Axis{Channels(sizes), Agencies(sizes), History(sizes, t.TempDir())} {
		if _, err := Measure(ctx, []Axis{a}, t.Logf); err == nil {
			t.Errorf("%s went on", a.Name)
		}
	}
}
