package phrase

import (
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
)

// TestQuantities: the units of the reader's country first, what was typed
// always as it was typed.
func TestQuantities(t *testing.T) {
	for _, tt := range []struct {
		s    Slot
		want wording
	}{
		{Distance{1_000, Metres}, wording{"3 ft (1 m)", "1 m (3 pies)", "1 m (3 pi)"}},
		{Distance{2_000, Metres}, wording{"7 ft (2 m)", "2 m (7 pies)", "2 m (7 pi)"}},
		{Distance{305, Metres}, wording{"1 ft (0.305 m)", "0.305 m (1 pie)", "0,305 m (1 pi)"}},
		{Distance{10, Metres}, wording{"0.01 m", "0.01 m", "0,01 m"}},
		{Distance{100_000, Metres}, wording{"330 ft (100 m)", "100 m (330 pies)", "100 m (330 pi)"}},
		{Distance{100_000, Feet}, wording{"100 ft (30 m)", "30 m (100 pies)", "30 m (100 pi)"}},
		{Distance{401_000, Metres}, wording{"1320 ft (401 m)", "401 m (1320 pies)", "401 m (1320 pi)"}},
		{Distance{999_000, Metres}, wording{"0.6 mi (999 m)", "999 m (0.6 mi)", "999 m (0,6 mi)"}},
		{Distance{1_000, Miles}, wording{"1 mi (1.6 km)", "1.6 km (1 mi)", "1,6 km (1 mi)"}},
		{Distance{250, Miles}, wording{"0.25 mi (400 m)", "400 m (0.25 mi)", "400 m (0,25 mi)"}},
		{Distance{2_500, Kilometres}, wording{"1.6 mi (2.5 km)", "2.5 km (1.6 mi)", "2,5 km (1,6 mi)"}},
		{Distance{99_949_000, Metres}, wording{"62.1 mi (99949 m)", "99949 m (62.1 mi)", "99949 m (62,1 mi)"}},
		{Distance{62_137, Miles}, wording{"62.137 mi (100 km)", "100 km (62.137 mi)", "100 km (62,137 mi)"}},
		{Distance{2_000_000, Kilometres}, wording{"1243 mi (2000 km)", "2000 km (1243 mi)", "2000 km (1243 mi)"}},
		{Distance{2_500, 99}, wording{"2.5 (value 99, not in this phrasebook)", "2.5 (valor 99, no está en este catálogo de frases)",
			"2,5 (valeur 99, absente de ce recueil de phrases)"}},
		{Speed{75_000, MilesPerHour}, wording{"75 mph (121 km/h)", "121 km/h (75 mph)", "121 km/h (75 mi/h)"}},
		{Speed{120_000, KilometresPerHour}, wording{"75 mph (120 km/h)", "120 km/h (75 mph)", "120 km/h (75 mi/h)"}},
		{Speed{20_000, Knots}, wording{"23 mph (20 knots)", "37 km/h (20 nudos)", "37 km/h (20 nœuds)"}},
		{Speed{1_000, Knots}, wording{"1 mph (1 knot)", "2 km/h (1 nudo)", "2 km/h (1 nœud)"}},
		{Speed{1_500, Knots}, wording{"2 mph (1.5 knots)", "3 km/h (1.5 nudos)", "3 km/h (1,5 nœud)"}},
		{Weight{500, Pounds}, wording{"0.5 lb (227 g)", "227 g (0.5 lb)", "227 g (0,5 lb)"}},
		{Weight{100_000, Grams}, wording{"3.5 oz (100 g)", "100 g (3.5 oz)", "100 g (3,5 oz)"}},
		{Weight{12_500, Kilograms}, wording{"27.6 lb (12.5 kg)", "12.5 kg (27.6 lb)", "12,5 kg (27,6 lb)"}},
		{Weight{1_000_000, Pounds}, wording{"1000 lb (454 kg)", "454 kg (1000 lb)", "454 kg (1000 lb)"}},
		{Weight{1_000, Grams}, wording{"1 g", "1 g", "1 g"}},
	} {
		for _, l := range Languages() {
			if got := tt.s.show(l); got != tt.want.in(l) {
				t.Errorf("%v %v in %v: %s, want %s", tt.s.Kind(), tt.s, l, got, tt.want.in(l))
			}
		}
	}
}

// TestFactors holds the units to each other by relations that people know.
func TestFactors(t *testing.T) {
	f := func(m Measure) float64 { return m.row().factor }
	for name, pair := range map[string][2]float64{
		"5280 feet are a mile":               {5280 * f(Feet), f(Miles)},
		"a mile in metres":                   {f(Miles), 1609.344},
		"a mile an hour is a mile's":         {f(MilesPerHour) * 1000, f(Miles)},
		"a nautical mile is 1852 m":          {f(Knots), 1.852},
		"16 ounces are a pound":              {16 * f(Ounces), f(Pounds)},
		"1000 grams are a kilogram":          {1000 * f(Grams), f(Kilograms)},
		"1000 metres are a kilometre":        {1000 * f(Metres), f(Kilometres)},
		"a kilogram is about 2.20462 pounds": {math.Round(f(Kilograms)/f(Pounds)*1e5) / 1e5, 2.20462},
	} {
		if math.Abs(pair[0]-pair[1]) > 1e-9 {
			t.Errorf("%s: %v and %v", name, pair[0], pair[1])
		}
	}
}

// TestConvertedNumbersAreRight reads what is shown back and compares: at random
// amounts, the converted number is within what rounding can do.
func TestConvertedNumbersAreRight(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	for range 20_000 {
		d := Distance{1 + rnd.Uint32N(1<<(1+rnd.Uint32N(31))), []Measure{Feet, Miles}[rnd.IntN(2)]}
		if d.check() != nil {
			continue
		}
		shown := d.show(Spanish) // metric first, the sender's own in parentheses
		number, rest, _ := strings.Cut(shown, " ")
		word, _, both := strings.Cut(rest, " (")
		if !both {
			continue // too little to convert
		}
		n, err := strconv.ParseFloat(number, 64)
		if err != nil {
			t.Fatalf("%v is shown as %q", d, shown)
		}
		metres := n * map[string]float64{"m": 1, "km": 1000}[word]
		want := float64(d.Thousandths) / 1000 * d.In.row().factor
		if off := math.Abs(metres - want); off > 0.5 && off > 0.051*want {
			t.Fatalf("%v is shown as %q, %.1f m off %.1f m", d, shown, off, want)
		}
	}
}
