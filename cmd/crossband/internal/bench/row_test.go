package bench_test

import (
	"strings"
	"testing"

	"crossband/cmd/crossband/internal/bench"
)

type pair struct{ n, ms int }

func (p pair) Cells() []bench.Cell {
	return []bench.Cell{bench.Count("members", p.n), bench.Figure("join ms", float64(p.ms)/10, 1)}
}

func TestPrintAlignsFiguresUnderTheirHeadings(t *testing.T) {
	var b strings.Builder
	if err := bench.Print(&b, []pair{{2, 5}, {2000, 1234}}); err != nil {
		t.Fatal(err)
	}
	want := "" +
		"  members  join ms\n" +
		"        2      0.5\n" +
		"     2000    123.4\n"
	if b.String() != want {
		t.Errorf("got\n%swant\n%s", b.String(), want)
	}
}
