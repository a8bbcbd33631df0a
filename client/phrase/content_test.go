package phrase

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestEncoding(t *testing.T) {
	cat := func(parts ...string) string { return strings.Join(parts, "") }
	for _, tt := range []struct {
		name string
		c    Content
		want string
	}{
		{"bare code", Content{Code: 103}, cat(
			"\x01",     // version
			"\x00\x67", // code 103
			"\x00",     // no slots
		)},
		{"every kind", Content{999, []Slot{
			Place{28_709_100, -100_499_500, "pier"}, Bearing(270), Distance{70_000_000, Metres}, South, Count(300),
			Plate{"AB 12", "US-TX"}, Knife, Unit("U1"), ETA(90), Instant{1_772_659_800, -360}, Text("é"),
			Speed{75_000, MilesPerHour}, Weight{12_500, Kilograms},
			Landmark{"pier", Quantity{2_500, Kilometres}, Downstream}, Vehicle{Pickup, White}, Unknown{200, "\x00\xff"}}}, cat(
			"\x01\x03\xe7\x10", // version, code 999, 16 slots
			"\x01\x00\x0c", "\x01\xb6\x10\xec", "\xfa\x02\x7f\xd4", "pier",
			"\x02\x00\x02", "\x01\x0e",
			"\x03\x00\x05", "\x01", "\x04\x2c\x1d\x80",
			"\x04\x00\x01", "\x05",
			"\x05\x00\x02", "\x01\x2c",
			"\x06\x00\x0b", "\x05US-TX", "AB 12",
			"\x07\x00\x01", "\x06",
			"\x08\x00\x02", "U1",
			"\x09\x00\x02", "\x00\x5a",
			"\x0a\x00\x0a", "\x00\x00\x00\x00\x69\xa8\xa4\x58", "\xfe\x98",
			"\x0b\x00\x02", "é",
			"\x0c\x00\x05", "\x06", "\x00\x01\x24\xf8",
			"\x0d\x00\x05", "\x09", "\x00\x00\x30\xd4",
			"\x0e\x00\x0a", "\x02\x00\x00\x09\xc4", "\x0f", "pier",
			"\x0f\x00\x02", "\x02\x01",
			"\xc8\x00\x02", "\x00\xff",
		)},
		{"newer enumerations", Content{7, []Slot{Distance{1, 249}, Direction(250), Weapon(251)}}, cat(
			"\x01\x00\x07\x03", "\x03\x00\x05\xf9\x00\x00\x00\x01", "\x04\x00\x01\xfa", "\x07\x00\x01\xfb")},
		{"newer enumerations within values", Content{7, []Slot{Landmark{"x", Quantity{1, 249}, 250}, Vehicle{251, 252}}}, cat(
			"\x01\x00\x07\x02", "\x0e\x00\x07\xf9\x00\x00\x00\x01\xfax", "\x0f\x00\x02\xfb\xfc")},
		{"landmark alone", Content{7, []Slot{Landmark{Name: "x"}}}, cat(
			"\x01\x00\x07\x01", "\x0e\x00\x07\x00\x00\x00\x00\x00\x00x")},
	} {
		got, err := tt.c.AppendTo([]byte("before"))
		if err != nil || string(got) != "before"+tt.want {
			t.Errorf("%s: encoded as %x (%v), want %x", tt.name, got, err, "before"+tt.want)
		}
		back, err := ParseContent([]byte(tt.want))
		if err != nil || back.Code != tt.c.Code || !slices.Equal(back.Slots, tt.c.Slots) {
			t.Errorf("%s: decoded as %v (%v), want %v", tt.name, back, err, tt.c)
		}
	}
}

// TestTruncations cuts a content with every kind of slot at every octet.
func TestTruncations(t *testing.T) {
	for p := range Phrases() {
		c := sample(t, p, append(p.Required(), p.Optional()...))
		c.Slots = append(c.Slots, Unknown{77, "abc"})
		b, err := c.AppendTo(nil)
		if err != nil {
			t.Fatal(err)
		}
		for n := range b {
			if got, err := ParseContent(b[:n]); !errors.Is(err, ErrContent) {
				t.Fatalf("%s: %d of %d octets are read as %v (%v)", p.Slug(), n, len(b), got, err)
			}
		}
		if _, err := ParseContent(append(b, 0)); !errors.Is(err, ErrContent) {
			t.Fatalf("%s: an octet after the end is accepted (%v)", p.Slug(), err)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	one := func(slot string) string { return "\x01\x00\x67\x01" + slot }
	long := strings.Repeat("a", MaxText+1)
	for _, tt := range []struct{ name, in string }{
		{"code 0", "\x01\x00\x00\x00"},
		{"version 0", "\x00\x00\x67\x00"},
		{"version 2", "\x02\x00\x67\x00"},
		{"slots announced but absent", "\x01\x00\x67\x01"},
		{"more slots than allowed", "\x01\x00\x67\x19" + strings.Repeat("\x0b\x00\x01a", 25)},
		{"two of a kind", "\x01\x00\x67\x02\x02\x00\x02\x00\x01\x02\x00\x02\x00\x01"},
		{"two of an unknown kind", "\x01\x00\x67\x02\x63\x00\x00\x63\x00\x00"},
		{"descending kinds", "\x01\x00\x67\x02\x05\x00\x02\x00\x01\x02\x00\x02\x00\x01"},
		{"kind 0", one("\x00\x00\x01a")},
		{"place of 7 octets", one("\x01\x00\x07\x00\x00\x00\x00\x00\x00\x00")},
		{"latitude beyond the pole", one("\x01\x00\x08\x05\x5d\x4a\x81\x00\x00\x00\x00")},
		{"longitude 180 is written -180", one("\x01\x00\x08\x00\x00\x00\x00\x0a\xba\x95\x00")},
		{"longitude below -180", one("\x01\x00\x08\x00\x00\x00\x00\xf5\x45\x6a\xff")},
		{"landmark with a line end", one("\x01\x00\x0a\x00\x00\x00\x00\x00\x00\x00\x00a\n")},
		{"landmark too long", one("\x01\x00\x81\x00\x00\x00\x00\x00\x00\x00\x00" + strings.Repeat("a", 121))},
		{"bearing of one octet", one("\x02\x00\x01\x01")},
		{"bearing of three octets", one("\x02\x00\x03\x00\x00\x01")},
		{"bearing 360", one("\x02\x00\x02\x01\x68")},
		{"distance 0", one("\x03\x00\x05\x01\x00\x00\x00\x00")},
		{"distance of four octets", one("\x03\x00\x04\x00\x00\x03\xe8")},
		{"distance of six octets", one("\x03\x00\x06\x01\x00\x00\x03\xe8\x00")},
		{"distance in no unit", one("\x03\x00\x05\x00\x00\x00\x03\xe8")},
		{"distance in kilograms", one("\x03\x00\x05\x09\x00\x00\x03\xe8")},
		{"distance too far", one("\x03\x00\x05\x02\x00\x1e\x84\x81")},
		{"speed in miles", one("\x0c\x00\x05\x04\x00\x00\x03\xe8")},
		{"speed too high", one("\x0c\x00\x05\x05\x00\x2d\xc6\xc1")},
		{"weight in knots", one("\x0d\x00\x05\x07\x00\x00\x03\xe8")},
		{"weight too high", one("\x0d\x00\x05\x09\x05\xf5\xe1\x01")},
		{"direction 0", one("\x04\x00\x01\x00")},
		{"direction empty", one("\x04\x00\x00")},
		{"count 0", one("\x05\x00\x02\x00\x00")},
		{"count too high", one("\x05\x00\x02\x27\x10")},
		{"plate empty", one("\x06\x00\x00")},
		{"plate without number", one("\x06\x00\x03\x02MX")},
		{"plate whose origin is cut", one("\x06\x00\x02\x02M")},
		{"plate in lower case", one("\x06\x00\x04\x00abc")},
		{"plate with a final space", one("\x06\x00\x04\x00AB ")},
		{"plate with two hyphens", one("\x06\x00\x05\x00A--B")},
		{"plate too long", one("\x06\x00\x0e\x00ABCDEFGHIJKLM")},
		{"plate with an escape", one("\x06\x00\x04\x00A\x1bB")},
		{"plate's country of one letter", one("\x06\x00\x03\x01MA")},
		{"plate's region empty", one("\x06\x00\x05\x03MX-A")},
		{"plate's region too long", one("\x06\x00\x09\x07MX-COAHA")},
		{"weapon 0", one("\x07\x00\x01\x00")},
		{"landmark without a name", one("\x0e\x00\x06\x00\x00\x00\x00\x00\x00")},
		{"landmark without a direction", one("\x0e\x00\x05\x00\x00\x00\x00\x00")},
		{"landmark with an amount of no unit", one("\x0e\x00\x07\x00\x00\x00\x00\x01\x00x")},
		{"landmark with a unit and no amount", one("\x0e\x00\x07\x01\x00\x00\x00\x00\x00x")},
		{"landmark at so many kilograms", one("\x0e\x00\x07\x09\x00\x00\x00\x01\x00x")},
		{"toward the border of a landmark", one("\x0e\x00\x07\x00\x00\x00\x00\x00\x09x")},
		{"landmark with a bidi override", one("\x0e\x00\x09\x00\x00\x00\x00\x00\x00\xe2\x80\xae")},
		{"landmark's name too long", one("\x0e\x00\x7f\x00\x00\x00\x00\x00\x00" + strings.Repeat("a", 121))},
		{"vehicle of one octet", one("\x0f\x00\x01\x01")},
		{"vehicle of three octets", one("\x0f\x00\x03\x01\x01\x01")},
		{"vehicle type 0", one("\x0f\x00\x02\x00\x01")},
		{"unit empty", one("\x08\x00\x00")},
		{"unit too long", one("\x08\x00\x3d" + strings.Repeat("a", 61))},
		{"unit with an escape", one("\x08\x00\x05\x1b[31m")},
		{"arrival in three days", one("\x09\x00\x02\x10\xe0")},
		{"time of nine octets", one("\x0a\x00\x09\x00\x00\x00\x00\x69\xa8\xa4\x58\x00")},
		{"time before 2000", one("\x0a\x00\x0a\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00")},
		{"time with an odd offset", one("\x0a\x00\x0a\x00\x00\x00\x00\x69\xa8\xa4\x58\x00\x01")},
		{"time with an offset of 15 hours", one("\x0a\x00\x0a\x00\x00\x00\x00\x69\xa8\xa4\x58\x03\x84")},
		{"text empty", one("\x0b\x00\x00")},
		{"text too long", one("\x0b\x01\x91" + long)},
		{"text not UTF-8", one("\x0b\x00\x01\xff")},
		{"text with half a character", one("\x0b\x00\x01\xc3")},
		{"text with a surrogate", one("\x0b\x00\x03\xed\xa0\x80")},
		{"text with a line end", one("\x0b\x00\x03a\r\n")},
		{"text with NUL", one("\x0b\x00\x01\x00")},
		{"text with CSI", one("\x0b\x00\x02\u009b")},
		{"text with bidi override", one("\x0b\x00\x03\u202e")},
		{"text with bidi isolate", one("\x0b\x00\x03\u2066")},
		{"text with zero width space", one("\x0b\x00\x03\u200b")},
		{"text with byte order mark", one("\x0b\x00\x03\ufeff")},
		{"text with a tag character", one("\x0b\x00\x04\U000e0041")},
		{"content too long", one("\xc8\x03\xfa" + strings.Repeat("a", 1018))},
	} {
		if got, err := ParseContent([]byte(tt.in)); !errors.Is(err, ErrContent) {
			t.Errorf("%s: read as %v (%v), want it refused", tt.name, got, err)
		}
	}
	if _, err := ParseContent([]byte("\x02")); !errors.Is(err, ErrVersion) {
		t.Errorf("version 2 is not told apart: %v", err)
	}
	if _, err := ParseContent([]byte("\x01\x00\x67")); errors.Is(err, ErrVersion) {
		t.Errorf("a truncation is called a version: %v", err)
	}
}

// TestLargestContents: what is at a limit goes through, one more does not.
func TestLargestContents(t *testing.T) {
	full := Content{65_535, []Slot{Text(strings.Repeat("é", MaxText/2)), Unknown{112, strings.Repeat("x", MaxContent-headerLen-2*slotHeaderLen-MaxText)}}}
	b, err := full.AppendTo(nil)
	if err != nil || len(b) != MaxContent {
		t.Fatalf("%d octets (%v), want %d", len(b), err, MaxContent)
	}
	if _, err := ParseContent(b); err != nil {
		t.Error(err)
	}
	for _, extra := range []int{1, 70_000} {
		full.Slots[1] = Unknown{112, strings.Repeat("x", MaxContent-headerLen-2*slotHeaderLen-MaxText+extra)}
		if b, err := full.AppendTo([]byte("ab")); !errors.Is(err, ErrContent) || string(b) != "ab" {
			t.Errorf("%d octets too many: returned %d octets and %v", extra, len(b), err)
		}
	}
}

func TestAppendRefuses(t *testing.T) {
	bearing := Bearing(1)
	for name, c := range map[string]Content{
		"code 0":                {Code: 0},
		"nil slot":              {103, []Slot{nil}},
		"pointer":               {103, []Slot{&bearing}},
		"nil pointer":           {103, []Slot{(*Text)(nil)}},
		"two of a kind":         {103, []Slot{Bearing(1), Bearing(2)}},
		"descending":            {103, []Slot{Count(1), Bearing(2)}},
		"unknown that is known": {103, []Slot{Unknown{KindText, "a"}}},
		"unknown kind 0":        {103, []Slot{Unknown{0, "a"}}},
		"bad value":             {103, []Slot{Text("\x1b[2J")}},
		"too many slots":        {103, slices.Repeat([]Slot{Bearing(1)}, MaxSlots+1)},
	} {
		if b, err := c.AppendTo([]byte("ab")); !errors.Is(err, ErrContent) || string(b) != "ab" {
			t.Errorf("%s: appended %x (%v), want it refused", name, b, err)
		}
		if s := c.Sentence(French); !visible(s) {
			t.Errorf("%s: sentence is not inert: %q", name, s)
		}
	}
}

// visible reports whether s is one line that shows every character it holds.
func visible(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, isUnseen) && s != ""
}

func FuzzParseContent(f *testing.F) {
	seeds := 0
	for p := range Phrases() {
		b, err := sample(f, p, append(p.Required(), p.Optional()...)).AppendTo(nil)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
		f.Add(b[:len(b)/2])
		seeds++
	}
	if seeds == 0 {
		f.Fatal("no seeds")
	}
	newer, err := Content{8120, []Slot{Direction(200), Unknown{90, "\x1b\xff"}, Unknown{255, ""}}}.AppendTo(nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(newer)
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := ParseContent(b)
		if err != nil {
			if !errors.Is(err, ErrContent) || c.Code != 0 || c.Slots != nil {
				t.Fatalf("refused with %v and %v", c, err)
			}
		} else if again, err := c.AppendTo(nil); err != nil || !bytes.Equal(again, b) {
			t.Fatalf("%x is accepted but encodes to %x (%v)", b, again, err)
		}
		// The same octets as a text that nobody checked.
		c.Slots = append(c.Slots, Text(b), Unit(b), Place{1 << 30, -1 << 31, string(b)}, Plate{string(b), string(b)}, Instant{-1 << 63, 7},
			Landmark{string(b), Quantity{1 << 31, Measure(len(b))}, Direction(len(b))}, Vehicle{VehicleType(len(b)), 255})
		for _, l := range Languages() {
			if s := c.Sentence(l); !visible(s) || len(s) > 20_000 {
				t.Fatalf("sentence of %d octets is not inert: %q", len(s), s)
			}
		}
	})
}
