package phrase

import (
	"bufio"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
)

// knownPoint is a line of testdata/mgrs.txt.
type knownPoint struct {
	lat, lon  float64
	ref, name string
}

func knownPoints(t testing.TB, file string) []knownPoint {
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var out []knownPoint
	for sc := bufio.NewScanner(f); sc.Scan(); {
		if strings.HasPrefix(sc.Text(), "#") {
			continue
		}
		var p knownPoint
		if _, err := fmt.Sscan(sc.Text(), &p.lat, &p.lon, &p.ref, &p.name); err != nil {
			t.Fatalf("%q: %v", sc.Text(), err)
		}
		out = append(out, p)
	}
	if len(out) < 50 {
		t.Fatalf("%d known points, want 50 or more", len(out))
	}
	return out
}

func TestMGRSOfKnownPoints(t *testing.T) {
	for _, k := range knownPoints(t, "testdata/mgrs.txt") {
		p, err := NewPlace(k.lat, k.lon, "")
		if err != nil {
			t.Fatal(err)
		}
		got, ok := p.MGRS()
		// Reference files write 04Q as this package writes 4Q.
		if want := strings.TrimPrefix(k.ref, "0"); !ok || strings.ReplaceAll(got, " ", "") != want {
			t.Errorf("%s at %f, %f: grid reference %s, want %s", k.name, k.lat, k.lon, got, want)
		}
		back, err := ParseMGRS(strings.TrimPrefix(k.ref, "0"))
		if err != nil {
			t.Errorf("%s: %v", k.name, err)
			continue
		}
		if d := metresApart(p, back); d > 0.85 {
			t.Errorf("%s: %s is read %.2f m away, more than half the diagonal of its cell", k.name, k.ref, d)
		}
	}
}

// metresApart is good to a millimetre over a few metres.
func metresApart(a, b Place) float64 {
	lon := math.Remainder(b.Longitude.Degrees()-a.Longitude.Degrees(), 360)
	east := lon * 111_320 * math.Cos(a.Latitude.Degrees()*math.Pi/180)
	north := (b.Latitude - a.Latitude).Degrees() * 111_200
	return math.Hypot(east, north)
}

// TestMGRSThereAndBack holds the two directions to each other at random places.
func TestMGRSThereAndBack(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		p, err := NewPlace(-79.99+rnd.Float64()*163.98, -179.99+rnd.Float64()*359.98, "")
		if err != nil {
			t.Fatal(err)
		}
		ref, ok := p.MGRS()
		if !ok {
			t.Fatalf("%v has no grid reference", p)
		}
		back, err := ParseMGRS(strings.ToLower(ref))
		if err != nil {
			t.Fatalf("%v: %v", p, err)
		}
		if d := metresApart(p, back); d > 0.85 {
			t.Fatalf("%v and %s are %.2f m apart", p, ref, d)
		}
	}
}

// TestProjectionInverts holds the two series to each other to a micrometre;
// grid references alone would hide an error of decimetres in the inverse.
func TestProjectionInverts(t *testing.T) {
	for lat := -80.0; lat <= 84; lat += 0.5 {
		for lon := -6.0; lon <= 6; lon += 0.5 {
			x, y := toGrid(lat, lon)
			backLat, backLon := fromGrid(x, y)
			if math.Abs(backLat-lat) > 1e-11 || math.Abs(backLon-lon) > 1e-10 {
				t.Fatalf("%g, %g comes back as %.12f, %.12f", lat, lon, backLat, backLon)
			}
		}
	}
}

func TestMGRSNearThePoles(t *testing.T) {
	for _, lat := range []float64{-90, -80.000001, 84, 90} {
		p, err := NewPlace(lat, 12, "")
		if err != nil {
			t.Fatal(err)
		}
		if ref, ok := p.MGRS(); ok {
			t.Errorf("latitude %f has grid reference %s, want none", lat, ref)
		}
		if got := p.show(English); strings.Contains(got, "MGRS") {
			t.Errorf("latitude %f is shown as %s", lat, got)
		}
	}
}

func TestParseMGRSPrecisions(t *testing.T) {
	exact, err := ParseMGRS("18SUJ2337106519")
	if err != nil {
		t.Fatal(err)
	}
	for ref, within := range map[string]float64{
		"18S UJ 2337 0651":   7.1,
		"18SUJ 233 065":      71,
		"18 S UJ 23 06":      710,
		"18suj23 06":         710,
		" 18SUJ2337106519  ": 0.01,
	} {
		p, err := ParseMGRS(ref)
		if err != nil {
			t.Errorf("%s: %v", ref, err)
			continue
		}
		if d := metresApart(exact, p); d > within {
			t.Errorf("%s is %.1f m from the full reference, want at most %.1f", ref, d, within)
		}
	}
}

func TestParseMGRSRefuses(t *testing.T) {
	for ref, why := range map[string]string{
		"":                       "empty",
		"18":                     "no band",
		"18S":                    "no square",
		"18SUJ":                  "no digits",
		"18SUJ12":                "two digits are 10 km",
		"18SUJ12345":             "odd number of digits",
		"18SUJ123456123456":      "twelve digits",
		"18SUJ-2337106519":       "sign",
		"0SUJ2337106519":         "zone 0",
		"018SUJ2337106519":       "three digits of zone",
		"61SUJ2337106519":        "zone 61",
		"18IUJ2337106519":        "no band I",
		"18OUJ2337106519":        "no band O",
		"18SAJ2337106519":        "column A is not in zone 18",
		"18SUW2337106519":        "no row W",
		"18SUI2337106519":        "no row I",
		"18SSJ0000106519":        "column S lies west of zone 18 at this latitude",
		"18KUJ2337106519":        "row J is not in band K of zone 18",
		"18SÜJ2337106519":        "not ASCII",
		"18SUJ２３３７１０":            "full-width digits",
		"ZAB0000044542":          "polar grid",
		"18SUJ2337106519 \x1b[2": "escape",
	} {
		if p, err := ParseMGRS(ref); err == nil {
			t.Errorf("%q (%s) is read as %v", ref, why, p)
		}
	}
}
