package phrase

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// MGRS, the Military Grid Reference System on WGS 84: zone and band (14R), a
// square of 100 km named by two letters (LS), then easting and northing within
// it, truncated. Only the UTM part, from 80 degrees south to below 84 north, is here.

const (
	mgrsBands   = "CDEFGHJKLMNPQRSTUVWX"     // from 80° S, 8 degrees each, X 12
	mgrsColumns = "ABCDEFGHJKLMNPQRSTUVWXYZ" // eight to a zone, again after three zones
	mgrsRows    = "ABCDEFGHJKLMNPQRSTUV"     // again after 2,000 km

	squareSide    = 100_000   // metres
	rowCycle      = 2_000_000 // metres
	falseEasting  = 500_000
	falseNorthing = 10_000_000 // south of the equator
)

// MGRS returns the grid reference to one metre, as in "14R LS 53526 76653".
// The second result is false near the poles, where the grid is another one.
func (p Place) MGRS() (string, bool) {
	if p.check() != nil || p.Latitude < -80e6 || p.Latitude >= 84e6 {
		return "", false
	}
	lat, lon := p.Latitude.Degrees(), p.Longitude.Degrees()
	zone, band := utmZone(lat, lon), bandOf(lat)
	x, y := toGrid(lat, lon-centralMeridian(zone))
	if lat < 0 {
		y += falseNorthing
	}
	// Ten nanometres keep a point on a grid line from falling off it.
	e, n := int(math.Floor(x+falseEasting+1e-8)), int(math.Floor(y+1e-8))
	column := (zone-1)%3*8 + e/squareSide - 1
	row := (n/squareSide + rowShift(zone)) % len(mgrsRows)
	return fmt.Sprintf("%d%c %c%c %05d %05d", zone, mgrsBands[band], mgrsColumns[column], mgrsRows[row],
		e%squareSide, n%squareSide), true
}

// ParseMGRS returns the middle of the cell that a reference names, in either
// case, with or without spaces, to between 1 km (four digits) and 1 m (ten).
func ParseMGRS(s string) (Place, error) {
	ref, err := splitMGRS(s)
	if err != nil {
		return Place{}, fmt.Errorf("grid reference %s: %w", quoted(s), err)
	}
	lat, lon, ok := ref.locate()
	if !ok {
		return Place{}, fmt.Errorf("grid reference %s: its square is not in its zone and band", quoted(s))
	}
	if lon >= 180 {
		lon -= 360
	}
	if lon < -180 {
		lon += 360
	}
	return NewPlace(lat, lon, "")
}

// gridReference is a parsed reference.
type gridReference struct {
	zone, band  int
	column, row int     // of the 100 km square: easting from 1 to 8, northing modulo 20
	x, y        float64 // of the cell's middle within the square, metres
	cell        float64 // side of the cell, metres
}

func splitMGRS(s string) (gridReference, error) {
	if len(s) > 32 {
		return gridReference{}, fmt.Errorf("too long")
	}
	s = strings.ToUpper(strings.ReplaceAll(s, " ", ""))
	letters := strings.IndexFunc(s, func(r rune) bool { return r < '0' || r > '9' })
	if letters < 1 || letters > 2 || len(s) < letters+3 || s[0] == '0' {
		return gridReference{}, fmt.Errorf("want zone, band and two letters, such as 14R LS")
	}
	zone, _ := strconv.Atoi(s[:letters])
	ref := gridReference{zone: zone, band: strings.IndexByte(mgrsBands, s[letters])}
	if zone > 60 || ref.band < 0 {
		return gridReference{}, fmt.Errorf("no such zone or band")
	}
	column := strings.IndexByte(mgrsColumns, s[letters+1]) - (zone-1)%3*8
	row := strings.IndexByte(mgrsRows, s[letters+2])
	if column < 0 || column > 7 || row < 0 {
		return gridReference{}, fmt.Errorf("no such square in zone %d", zone)
	}
	ref.column, ref.row = column+1, (row-rowShift(zone)+len(mgrsRows))%len(mgrsRows)
	digits := s[letters+3:]
	half := len(digits) / 2
	if len(digits)%2 != 0 || half < 2 || half > 5 || strings.Trim(digits, "0123456789") != "" {
		return gridReference{}, fmt.Errorf("want 4, 6, 8 or 10 digits after the letters")
	}
	e, _ := strconv.Atoi(digits[:half])
	n, _ := strconv.Atoi(digits[half:])
	ref.cell = math.Pow10(5 - half)
	ref.x, ref.y = (float64(e)+0.5)*ref.cell, (float64(n)+0.5)*ref.cell
	return ref, nil
}

// locate finds the one row of the named letters, repeated every 2,000 km, that
// lies in the band, and checks that the cell reaches into the zone.
func (g gridReference) locate() (lat, lon float64, ok bool) {
	south, north := bandEdges(g.band)
	easting := float64(g.column*squareSide) + g.x - falseEasting
	for cycle := range falseNorthing / rowCycle {
		northing := float64(cycle*rowCycle+g.row*squareSide) + g.y
		if south < 0 {
			northing -= falseNorthing
		}
		lat, lon = fromGrid(easting, northing)
		lon += centralMeridian(g.zone)
		slack := g.cell / 100_000 // a cell may lie across an edge; 1 degree is 111 km
		if lat < south-slack || lat > north+slack {
			continue
		}
		near := min(max(lat, south), north-1e-9) // zones change only where bands do
		wide := slack / math.Cos(lat*math.Pi/180)
		return lat, lon, utmZone(near, lon-wide) == g.zone || utmZone(near, lon) == g.zone ||
			utmZone(near, lon+wide) == g.zone
	}
	return 0, 0, false
}

func bandOf(lat float64) int { return min(int(math.Floor(lat/8))+10, len(mgrsBands)-1) }

func bandEdges(band int) (south, north float64) {
	south = float64(band-10) * 8
	if band == len(mgrsBands)-1 {
		return south, 84
	}
	return south, south + 8
}

// rowShift is where the row letters start: even zones begin at F.
func rowShift(zone int) int { return (1 - zone%2) * 5 }

func centralMeridian(zone int) float64 { return float64(zone)*6 - 183 }

// utmZone returns the zone of a point, with the exceptions of south-western
// Norway and Svalbard.
func utmZone(lat, lon float64) int {
	if lon < -180 {
		lon += 360
	}
	if lon >= 180 {
		lon -= 360
	}
	switch {
	case lat >= 56 && lat < 64 && lon >= 3 && lon < 12:
		return 32
	case lat >= 72 && lon >= 0 && lon < 42:
		return [...]int{31, 31, 31, 33, 33, 33, 33, 35, 35, 35, 35, 37, 37, 37}[int(lon/3)]
	}
	return int(math.Floor((lon+180)/6)) + 1
}

// The transverse Mercator projection by Krüger's series in the third
// flattening n, to the fourth order: better than a micrometre within a zone.
// (Karney, Transverse Mercator with an accuracy of a few nanometers, 2011.)
const (
	wgsA = 6378137.0
	wgsF = 1 / 298.257223563
	tmN  = wgsF / (2 - wgsF)
	tmK0 = 0.9996

	tmRadius = tmK0 * wgsA / (1 + tmN) * (1 + tmN*tmN/4 + tmN*tmN*tmN*tmN/64)
)

func eccentricity() float64 { return math.Sqrt(wgsF * (2 - wgsF)) }

func alphas() [4]float64 {
	const n = tmN
	return [...]float64{
		n/2 - 2*n*n/3 + 5*n*n*n/16 + 41*n*n*n*n/180,
		13*n*n/48 - 3*n*n*n/5 + 557*n*n*n*n/1440,
		61*n*n*n/240 - 103*n*n*n*n/140,
		49561 * n * n * n * n / 161280,
	}
}

func betas() [4]float64 {
	const n = tmN
	return [...]float64{
		n/2 - 2*n*n/3 + 37*n*n*n/96 - n*n*n*n/360,
		n*n/48 + n*n*n/15 - 437*n*n*n*n/1440,
		17*n*n*n/480 - 37*n*n*n*n/840,
		4397 * n * n * n * n / 161280,
	}
}

// toGrid projects a latitude and a longitude from the central meridian, in
// degrees, to metres east of the meridian and north of the equator.
func toGrid(lat, lon float64) (x, y float64) {
	phi, lambda := lat*math.Pi/180, lon*math.Pi/180
	t := conformalTan(math.Tan(phi))
	xi := math.Atan2(t, math.Cos(lambda))
	eta := math.Asinh(math.Sin(lambda) / math.Hypot(t, math.Cos(lambda)))
	sumXi, sumEta := xi, eta
	for i, a := range alphas() {
		k := float64(2 * (i + 1))
		sumXi += a * math.Sin(k*xi) * math.Cosh(k*eta)
		sumEta += a * math.Cos(k*xi) * math.Sinh(k*eta)
	}
	return tmRadius * sumEta, tmRadius * sumXi
}

// fromGrid is the inverse of toGrid.
func fromGrid(x, y float64) (lat, lon float64) {
	xi, eta := y/tmRadius, x/tmRadius
	sumXi, sumEta := xi, eta
	for i, b := range betas() {
		k := float64(2 * (i + 1))
		sumXi -= b * math.Sin(k*xi) * math.Cosh(k*eta)
		sumEta -= b * math.Cos(k*xi) * math.Sinh(k*eta)
	}
	t := math.Sin(sumXi) / math.Hypot(math.Sinh(sumEta), math.Cos(sumXi))
	lambda := math.Atan2(math.Sinh(sumEta), math.Cos(sumXi))
	return math.Atan(geodeticTan(t)) * 180 / math.Pi, lambda * 180 / math.Pi
}

// conformalTan returns the tangent of the conformal latitude.
func conformalTan(tau float64) float64 {
	e := eccentricity()
	sigma := math.Sinh(e * math.Atanh(e*tau/math.Hypot(1, tau)))
	return tau*math.Hypot(1, sigma) - sigma*math.Hypot(1, tau)
}

// geodeticTan inverts conformalTan by Newton's method; three steps suffice on
// the Earth, five are taken.
func geodeticTan(t float64) float64 {
	e2 := wgsF * (2 - wgsF)
	tau := t / (1 - e2)
	for range 5 {
		back := conformalTan(tau)
		tau += (t - back) / math.Hypot(1, back) * (1 + (1-e2)*tau*tau) / ((1 - e2) * math.Hypot(1, tau))
	}
	return tau
}
