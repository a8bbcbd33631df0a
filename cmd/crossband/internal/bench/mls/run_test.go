package mls

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"crossband/crypto/mls/suite"
)

// TestRun: a row for each suite and size, with every figure in it, and sizes that
// grow with the group where they must.
func TestRun(t *testing.T) {
	said := 0
	rows, err := Run(context.Background(), Options{
		Members: []int{8, 2, 8}, Suites: []suite.ID{suite.P256AES128, suite.P384AES256}, Rounds: 1,
		Say: func(string, ...any) { said++ },
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 4 || said != 4 {
		t.Fatalf("%d rows, said %d times", len(rows), said)
	}
	for i, want := range [][2]int{{2, 2}, {2, 8}, {7, 2}, {7, 8}} {
		r := rows[i]
		if r.Suite != want[0] || r.Members != want[1] {
			t.Errorf("row %d is of suite %d, %d members, want %v", i, r.Suite, r.Members, want)
		}
		v := reflect.ValueOf(r)
		for f := range v.NumField() {
			if v.Field(f).IsZero() {
				t.Errorf("row %d: %s is nothing", i, v.Type().Field(f).Name)
			}
		}
		if r.ProcessP95MS < r.ProcessMS || r.WelcomeOctets <= r.InfoOctets+r.TreeOctets || r.StateOctets <= r.TreeOctets {
			t.Errorf("row %d: %+v", i, r)
		}
		if headings := len(r.Cells()); headings != v.NumField() {
			t.Errorf("%d cells of %d figures", headings, v.NumField())
		}
	}
	if a, b := rows[0], rows[1]; b.TreeOctets <= 3*a.TreeOctets || b.CommitOctets <= a.CommitOctets || b.CommitOctets >= b.TreeOctets || max(a.InfoOctets, b.InfoOctets)-min(a.InfoOctets, b.InfoOctets) > 8 {
		t.Errorf("2 members: %+v, 8: %+v", a, b)
	}
}

// TestFieldNames are what scripts read.
func TestFieldNames(t *testing.T) {
	b, err := json.Marshal(Row{})
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(b, &m); err != nil {
		t.Fatal(err)
	}
	want := "commit_ms commit_octets group_info_octets join_again_ms join_ms members process_add_ms process_ms process_p95_ms process_remove_ms ratchet_tree_octets save_ms state_octets suite welcome_ms welcome_octets"
	if got := strings.Join(slices.Sorted(maps.Keys(m)), " "); got != want {
		t.Errorf("fields %s", got)
	}
}

// TestWhatCannotBeMeasured is refused before anything is made, and an end that is
// asked for comes soon.
func TestWhatCannotBeMeasured(t *testing.T) {
	suites := []suite.ID{suite.P256AES128}
	for why, o := range map[string]Options{
		"no size":        {Suites: suites, Rounds: 1},
		"no suite":       {Members: []int{2}, Rounds: 1},
		"no round":       {Members: []int{2}, Suites: suites},
		"one member":     {Members: []int{1}, Suites: suites, Rounds: 1},
		"too many":       {Members: []int{MostMembers + 1}, Suites: suites, Rounds: 1},
		"another suite":  {Members: []int{2}, Suites: []suite.ID{suite.X25519AES128}, Rounds: 1},
		"a negative one": {Members: []int{-5}, Suites: suites, Rounds: 1},
	} {
		if rows, err := Run(context.Background(), o); err == nil {
			t.Errorf("%s: %d rows", why, len(rows))
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Run(ctx, Options{Members: []int{1000}, Suites: suites, Rounds: 1}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestPercentiles(t *testing.T) {
	v := times{5, 1, 4, 2, 3}
	if v.median() != 3 || v.at(0.95) != 5 || v.at(0.2) != 1 || (times{7}).at(0.5) != 7 {
		t.Errorf("median %v, p95 %v, p20 %v", v.median(), v.at(0.95), v.at(0.2))
	}
}
