package growth

import (
	"os"
	"testing"

	"crossband/proto"
)

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestChannels(t *testing.T) {
	rows, err := channels(t.Context(), Sizes{[]int{1, 20}, t.Logf})
	check(t, err)
	for i, n := range []int{1, 20} {
		r := rows[i]
		t.Logf("%+v", r)
		if r.Channels != n || r.KBEach <= 0 || r.TickUS <= 0 || r.TextUS <= 0 || r.LinkUS <= 0 {
			t.Errorf("%+v", r)
		}
		if r.LinkFrames < n {
			t.Errorf("a new endpoint is told %d things with %d channels", r.LinkFrames, n)
		}
	}
}

func TestAgencies(t *testing.T) {
	if testing.Short() {
		t.Skip("founds four agencies; it runs without -short")
	}
	rows, err := agencies(t.Context(), Sizes{[]int{2, 4}, t.Logf})
	check(t, err)
	for i, n := range []int{2, 4} {
		r := rows[i]
		t.Logf("%+v", r)
		if r.Agencies != n || r.LinkOctets <= 0 || r.PartnerOctets <= 0 || r.TextUS <= 0 || r.FramesPerText < r.Copies {
			t.Errorf("%+v", r)
		}
		if r.Copies != n || r.Parties != n {
			t.Errorf("a text that %d relays and one endpoint hear has %d copies", n-1, r.Copies)
		}
		if want := n - 1 + i + 1; r.DocumentsHeld != want {
			t.Errorf("%d documents, want %d: one with each, and those with all", r.DocumentsHeld, want)
		}
	}
}

func TestHistory(t *testing.T) {
	dir := t.TempDir()
	rows, err := history(t.Context(), Sizes{[]int{50, 3000}, t.Logf}, dir)
	check(t, err)
	for i, n := range []int{50, 3000} {
		r := rows[i]
		t.Logf("%+v", r)
		if r.Messages != n || r.StoreMB <= 0 || r.OpenMS <= 0 || r.LoadMS <= 0 || r.PageMS <= 0 || r.AcceptedPS <= 0 {
			t.Errorf("%+v", r)
		}
		if want := min(n, proto.MaxEntries); r.PageSize != want {
			t.Errorf("the newest page has %d entries, want %d", r.PageSize, want)
		}
	}
	left, err := os.ReadDir(dir)
	check(t, err)
	if len(left) > 0 {
		t.Errorf("%s is left", left[0].Name())
	}
}

// TestSizesThatCannotBeAreRefused rather than measured into nothing.
func TestSizesThatCannotBeAreRefused(t *testing.T) {
	for _, list := range [][]int{nil, {0}, {-1}, {5, 0}} {
		sizes := Sizes{list, t.Logf}
		for _, a := range []Axis{Channels(sizes), Agencies(sizes), History(sizes, t.TempDir())} {
			if p, err := a.Measure(t.Context()); err == nil {
				t.Errorf("%s of sizes %v: %v", a.Name, list, p)
			}
		}
	}
	if _, err := agencies(t.Context(), Sizes{[]int{1}, t.Logf}); err == nil {
		t.Error("an agency alone is measured")
	}
}
