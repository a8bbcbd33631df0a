package phrase

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestParseSlot(t *testing.T) {
	for _, tt := range []struct {
		kind Kind
		in   string
		want Slot
	}{
		{KindPlace, "28.7091,-100.4995", Place{28_709_100, -100_499_500, ""}},
		{KindPlace, "28.7091, -100.4995", Place{28_709_100, -100_499_500, ""}},
		{KindPlace, "28.7091,-100.4995, rail bridge, north side", Place{28_709_100, -100_499_500, "rail bridge, north side"}},
		{KindPlace, "+49.0021,180", Place{49_002_100, -180_000_000, ""}},
		{KindPlace, "-90,0", Place{-90_000_000, 0, ""}},
		{KindPlace, "14R LS 53532 76677, puente", Place{28_709_096, -100_499_502, "puente"}},
		{KindBearing, "045", Bearing(45)},
		{KindBearing, "360", Bearing(0)},
		{KindDistance, "800", Distance{800_000, Metres}},
		{KindDistance, "2.5km", Distance{2_500, Kilometres}},
		{KindDistance, "1 mi", Distance{1_000, Miles}},
		{KindDistance, "100FT", Distance{100_000, Feet}},
		{KindDistance, "0.125 mi", Distance{125, Miles}},
		{KindDistance, "2000km", Distance{2_000_000, Kilometres}},
		{KindSpeed, "120 km/h", Speed{120_000, KilometresPerHour}},
		{KindSpeed, "75MPH", Speed{75_000, MilesPerHour}},
		{KindSpeed, "20 kn", Speed{20_000, Knots}},
		{KindWeight, "12.5kg", Weight{12_500, Kilograms}},
		{KindWeight, "3 oz", Weight{3_000, Ounces}},
		{KindDirection, "northwest", Northwest},
		{KindDirection, "toward-mexico", TowardMexico},
		{KindDirection, "NORTH", North},
		{KindCount, "2", Count(2)},
		{KindLandmark, "rail bridge", Landmark{Name: "rail bridge"}},
		{KindLandmark, "rail bridge, 2km, north", Landmark{"rail bridge", Quantity{2_000, Kilometres}, North}},
		{KindLandmark, "rail bridge,Downstream", Landmark{"rail bridge", Quantity{}, Downstream}},
		{KindLandmark, "gate,1.5 mi", Landmark{"gate", Quantity{1_500, Miles}, 0}},
		{KindLandmark, "Main St, 5", Landmark{Name: "Main St, 5"}},
		{KindLandmark, "gate, north side", Landmark{Name: "gate, north side"}},
		{KindLandmark, "gate,toward-border", Landmark{Name: "gate,toward-border"}},
		{KindVehicle, "pickup", Vehicle{Pickup, 0}},
		{KindVehicle, "SUV, Dark", Vehicle{SUV, DarkColour}},
		{KindPlate, "abc-123-a", Plate{"ABC-123-A", ""}},
		{KindPlate, "ABC 1234, us-tx", Plate{"ABC 1234", "US-TX"}},
		{KindPlate, "ABC1234,CA", Plate{"ABC1234", "CA"}},
		{KindWeapon, "long-gun", LongGun},
		{KindUnit, " Del Rio 214 ", Unit("Del Rio 214")},
		{KindETA, "0", ETA(0)},
		{KindETA, "15", ETA(15)},
		{KindETA, "1h30m", ETA(90)},
		{KindTime, "2026-03-04T15:30:00-06:00", Instant{1_772_659_800, -360}},
		{KindTime, "2026-03-04T21:30:00Z", Instant{1_772_659_800, 0}},
		{KindText, "el río = alto, ¿sí?", Text("el río = alto, ¿sí?")},
		{KindText, "👮 ok", Text("👮 ok")},
	} {
		if got, err := ParseSlot(tt.kind, tt.in); err != nil || got != tt.want {
			t.Errorf("%v=%s is read as %v (%v), want %v", tt.kind, tt.in, got, err, tt.want)
		}
	}
}

func TestParseSlotRefuses(t *testing.T) {
	bad := map[Kind][]string{
		KindPlace: {"", "28.7", "28.7,", ",5", "91,0", "0,181", "NaN,0", "0,Inf", "1e1,0", "0x1,0", "a,b", "28,7091;-100",
			"14R LS 5353 766,x", "28.7,-100.4,bad\nlandmark", "28.7,-100.4," + strings.Repeat("x", 121), "--1,2"},
		KindBearing: {"", "361", "-1", "4.5", "N", "045°"},
		KindDistance: {"", "0", "-5", "0.0004m", "km", "5 miles", "2001km", "2,5km", "1,500 m", "5kmkm", "1e3", "NaN", ".5km",
			"5.km", "1.2.3km", "+5", "5kg", "5 6km", "99999999km", "0x1m"},
		KindSpeed:     {"", "75", "0mph", "-1mph", "75 mi", "75kmh", "3001km/h", "9999999kn"},
		KindWeight:    {"", "5", "5t", "0kg", "5 lbs", "100001kg", "0.0001g", "5km"},
		KindDirection: {"", "up", "n"},
		KindCount:     {"", "0", "10000", "-1", "two", "99999999999999999999"},
		KindPlate:     {"", ",MX", "ABC,MEXICO", "ABC,MX-", "AB*C", "ABCDEFGHIJKLM", "ÑAB"},
		KindLandmark: {"", " ", ",2km", "gate,0km", strings.Repeat("x", 121), "a\nb", "\u202egate", "gate,0km,north\u200b",
			",north"},
		KindVehicle: {"", "white", "white pickup", "pickup,", "pickup,plaid", "tank,white", "pickup,white,red"},
		KindWeapon:  {"", "gun", "0"},
		KindUnit:    {"", "   ", strings.Repeat("x", 61), "a\x1b[31m", "a\u202eb"},
		KindETA:     {"", "2881", "-1", "90s", "49h", "soon"},
		KindTime:    {"", "21:30", "2026-03-04 21:30:00Z", "2026-03-04T21:30:00", "1999-12-31T00:00:00Z", "2026-03-04T21:30:00+00:07"},
		KindText:    {"", "a\nb", "a\tb", strings.Repeat("é", 201), "\xff", "zero\u200bwidth"},
		Kind(99):    {"x"},
	}
	for k, values := range bad {
		for _, v := range values {
			got, err := ParseSlot(k, v)
			if !errors.Is(err, ErrSlots) {
				t.Errorf("%v=%q is read as %v (%v), want it refused", k, v, got, err)
				continue
			}
			if !strings.Contains(err.Error(), k.String()+"=") || !strings.Contains(err.Error(), k.Form()) || !visible(err.Error()) {
				t.Errorf("%v=%q: the error does not name the slot and its form in visible characters: %q", k, v, err)
			}
		}
	}
}

func TestParseSlots(t *testing.T) {
	got, err := ParseSlots(404, []string{"count=2", "text=a=b", "direction=north", "place=28.7091,-100.4995"})
	if want := []Slot{Place{28_709_100, -100_499_500, ""}, North, Count(2), Text("a=b")}; err != nil || !slices.Equal(got, want) {
		t.Errorf("slots %v (%v), want %v", got, err, want)
	}
	if got, err := ParseSlots(RequestBackup, nil); err != nil || len(got) != 0 {
		t.Errorf("a bare call for help: %v (%v)", got, err)
	}
	for _, tt := range []struct {
		code Code
		args []string
		want string
	}{
		{8120, nil, "no phrase has code 8120"},
		{306, nil, "stolen-vehicle needs plate=NUMBER"},
		{306, []string{"plate"}, `"plate" is not a slot of stolen-vehicle; want plate=, place=, landmark=`},
		{901, []string{"count=2"}, `"count=2" is not a slot of affirmative; want place=, landmark=, unit=, time=, text=`},
		{901, []string{"colour=\x1b[31m"}, "is not a slot of affirmative"},
		{101, []string{"count=2", "count=3"}, "count is given twice"},
		{101, []string{"count=none"}, "count=\"none\": not a whole number up to 9999; want NUMBER of persons"},
	} {
		got, err := ParseSlots(tt.code, tt.args)
		if got != nil || !errors.Is(err, ErrSlots) || !strings.Contains(err.Error(), tt.want) || !visible(err.Error()) {
			t.Errorf("%d %q: %v, %v; want an error with %q", tt.code, tt.args, got, err, tt.want)
		}
	}
}

// TestExamplesInForms: what an error shows as an example is itself accepted.
func TestExamplesInForms(t *testing.T) {
	for k := KindPlace; k <= lastKind; k++ {
		form := k.Form()
		if list, ok := strings.CutPrefix(form, "one of "); ok {
			for word := range strings.SplitSeq(list, ", ") {
				if _, err := ParseSlot(k, word); err != nil {
					t.Errorf("%v: word %s: %v", k, word, err)
				}
			}
			continue
		}
		if open := strings.LastIndex(form, "("); open >= 0 {
			if _, err := ParseSlot(k, strings.TrimSuffix(form[open+1:], ")")); err != nil {
				t.Errorf("%v: its example: %v", k, err)
			}
		}
	}
}
