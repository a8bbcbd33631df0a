package relay

import (
	"encoding/json"
	"maps"
	"slices"
	"testing"
)

// TestARowWithoutFiguresShowsNone: neither as JSON nor in a table. Zeros would be perfect.
func TestARowWithoutFiguresShowsNone(t *testing.T) {
	bad := Row{Path: PathLane, Listeners: 9, Talkers: 3, Loss: 0.5, Error: "none of 7 frames was heard"}
	want := map[string]any{"path": PathLane, "listeners": 9.0, "talkers": 3.0, "error": bad.Error}
	if got := decoded(t, bad); !maps.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	for _, c := range bad.Cells()[3:] {
		if c.Text != "-" {
			t.Errorf("%s is %s", c.Heading, c.Text)
		}
	}
	good := decoded(t, Row{Path: PathLane, Listeners: 9, Talkers: 3})
	if _, is := good["error"]; is || len(good) != 16 {
		t.Errorf("a row with figures: %v", slices.Sorted(maps.Keys(good)))
	}
}

func decoded(t *testing.T, r Row) (fields map[string]any) {
	t.Helper()
	octets, err := json.Marshal(r)
	if err == nil {
		err = json.Unmarshal(octets, &fields)
	}
	if err != nil {
		t.Fatal(err)
	}
	return fields
}
