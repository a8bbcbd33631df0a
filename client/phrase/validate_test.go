package phrase

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestValidate(t *testing.T) {
	for _, tt := range []struct {
		name string
		c    Content
		want string // part of the error; empty if valid
	}{
		{"bare call for help", Content{Code: OfficerDown}, ""},
		{"always allowed slots", Content{OfficerDown, []Slot{Place{0, 0, ""}, Unit("1"), Text("a")}}, ""},
		{"unknown code", Content{Code: 8120}, "8120"},
		{"required slot missing", Content{Code: 306}, "stolen-vehicle needs plate="},
		{"place missing", Content{Code: 604}, "meet-at needs place=LAT,LON"},
		{"place missing, second way", Content{Code: 604}, ", or landmark=NAME"},
		{"landmark for a place", Content{604, []Slot{Landmark{Name: "pier"}}}, ""},
		{"slot not of the phrase", Content{901, []Slot{Count(1)}}, `affirmative has no slot "count"`},
		{"unknown slot", Content{901, []Slot{Unknown{99, ""}}}, `"kind-99"`},
		{"unlisted direction", Content{101, []Slot{Direction(99)}}, "direction 99"},
		{"unlisted weapon", Content{101, []Slot{Weapon(99)}}, "weapon 99"},
		{"unlisted unit of measure", Content{101, []Slot{Distance{1, 99}}}, "unit of measure 99"},
		{"unlisted direction from a landmark", Content{101, []Slot{Landmark{"x", Quantity{}, 99}}}, "direction 99"},
		{"unlisted unit from a landmark", Content{101, []Slot{Landmark{"x", Quantity{1, 99}, 0}}}, "unit of measure 99"},
		{"unlisted type of vehicle", Content{317, []Slot{Vehicle{99, 0}}}, "vehicle type 99"},
		{"unlisted color", Content{317, []Slot{Vehicle{Car, 99}}}, "color 99"},
		{"unit of measure of something else", Content{101, []Slot{Distance{1000, Knots}}}, "kn does not fit here"},
		{"value out of range", Content{101, []Slot{Bearing(400)}}, "bearing of 400"},
		{"wrong order", Content{101, []Slot{Text("a"), Bearing(4)}}, "after"},
	} {
		err := tt.c.Validate()
		if tt.want == "" && err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
		if tt.want != "" && (!errors.Is(err, ErrSlots) || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s: %v, want it refused with %q", tt.name, err, tt.want)
		}
	}
}

func TestComposeSortsAndKeepsItsOwnSlots(t *testing.T) {
	slots := []Slot{Text("a"), Count(2), Place{1, 2, ""}}
	c, err := Compose(103, slots...)
	if err != nil {
		t.Fatal(err)
	}
	if want := []Slot{Place{1, 2, ""}, Count(2), Text("a")}; !slices.Equal(c.Slots, want) {
		t.Errorf("slots %v, want %v", c.Slots, want)
	}
	if slots[0] != Slot(Text("a")) {
		t.Error("the caller's slots were sorted")
	}
	for _, bad := range [][]Slot{{nil}, {Text("a"), nil}, {(*Place)(nil)}, {Count(1), Count(1)}} {
		if _, err := Compose(103, bad...); !errors.Is(err, ErrSlots) {
			t.Errorf("%v: %v, want it refused", bad, err)
		}
	}
}
