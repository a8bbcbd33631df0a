package bench_test

import (
	"testing"
	"time"

	"crossband/cmd/crossband/internal/bench"
)

func TestQuantileIsAValueThatWasMeasured(t *testing.T) {
	list := []time.Duration{50, 10, 40, 20, 30}
	for _, c := range []struct {
		share float64
		want  time.Duration
	}{{0, 10}, {0.2, 10}, {0.21, 20}, {0.5, 30}, {0.95, 50}, {1, 50}} {
		if got := bench.Quantile(list, c.share); got != c.want {
			t.Errorf("%v of them: %d, want %d", c.share, got, c.want)
		}
	}
	if list[0] != 50 {
		t.Error("the list was sorted")
	}
	if got := bench.Quantile(nil, 0.5); got != 0 {
		t.Errorf("of nothing: %d", got)
	}
	twenty := make([]time.Duration, 20)
	for i := range twenty {
		twenty[i] = time.Duration(i + 1)
	}
	if got := bench.Quantile(twenty, 0.95); got != 19 {
		t.Errorf("nineteen in twenty: %d", got)
	}
}
