package handheld

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"crossband/client/phrase"
)

// errSentence says that a sentence of a receiver cannot be read.
var errSentence = errors.New("no NMEA 0183 sentence")

// knot is a knot in metres a second.
const knot = 1852.0 / 3600

// perHDOP is how many metres of error, with 68 %, a horizontal dilution of 1 stands for
// with a civil receiver and nothing that corrects it.
const perHDOP = 5.0

// Receiver reads the sentences of a receiver (NMEA 0183). Fixes come from RMC, which
// alone has a date; their accuracy from the GGA of the same second.
type Receiver struct {
	time string // of day, of the last GGA
	hdop float64
}

// Line reads one line. ok is false when it holds no fix: another sentence, or a
// receiver that has none now.
func (r *Receiver) Line(line string) (f Fix, ok bool, err error) {
	fields, err := sentence(strings.TrimSpace(line))
	if err != nil {
		return Fix{}, false, err
	}
	switch kind := fields[0]; {
	case len(kind) != 5:
		return Fix{}, false, nil
	case kind[2:] == "GGA" && len(fields) >= 9:
		r.time, r.hdop = fields[1], 0
		if h, err := strconv.ParseFloat(fields[8], 64); err == nil && h > 0 && h < 100 {
			r.hdop = h
		}
		return Fix{}, false, nil
	case kind[2:] == "RMC" && len(fields) >= 10:
		return r.minimum(fields)
	}
	return Fix{}, false, nil
}

// sentence checks a sentence's form and sum, and returns its fields.
func sentence(line string) ([]string, error) {
	body, sum, found := strings.Cut(strings.TrimPrefix(line, "$"), "*")
	if !found || !strings.HasPrefix(line, "$") || len(line) > 120 {
		return nil, fmt.Errorf("%w: %.20q", errSentence, line)
	}
	want, err := strconv.ParseUint(sum, 16, 8)
	if err != nil || len(sum) != 2 {
		return nil, fmt.Errorf("%w: its sum is %.20q", errSentence, sum)
	}
	var have byte
	for _, c := range []byte(body) {
		have ^= c
	}
	if have != byte(want) {
		return nil, fmt.Errorf("%w: damaged on its way", errSentence)
	}
	return strings.Split(body, ","), nil
}

// minimum reads RMC: time, A, latitude, N, longitude, W, knots, course, date.
func (r *Receiver) minimum(f []string) (Fix, bool, error) {
	if f[2] != "A" {
		return Fix{}, false, nil
	}
	at, err := moment(f[9], f[1])
	if err != nil {
		return Fix{}, false, err
	}
	lat, err := degrees(f[3], 2, f[4], "N", "S")
	if err != nil {
		return Fix{}, false, err
	}
	lon, err := degrees(f[5], 3, f[6], "E", "W")
	if err != nil {
		return Fix{}, false, err
	}
	p, err := phrase.NewPlace(lat, lon, "")
	if err != nil {
		return Fix{}, false, fmt.Errorf("%w: %w", errSentence, err)
	}
	fix := Fix{Place: p, At: at}
	if r.time == f[1] {
		fix.Accuracy = int(r.hdop*perHDOP + 0.5)
	}
	knots, err := strconv.ParseFloat(f[7], 64)
	course, err2 := strconv.ParseFloat(f[8], 64)
	if err == nil && err2 == nil {
		fix = fix.moving(course, knots*knot)
	}
	return fix, true, nil
}

// moment reads ddmmyy and hhmmss[.sss], in UTC.
func moment(date, clock string) (time.Time, error) {
	t, err := time.Parse("020106 150405", date+" "+clock)
	if err != nil {
		return time.Time{}, fmt.Errorf("%w: date %.10q, time %.10q", errSentence, date, clock)
	}
	return t, nil
}

// degrees reads d…dmm.mmmm with so many digits of degrees, and its half of the globe.
func degrees(s string, digits int, half, plus, minus string) (float64, error) {
	bad := fmt.Errorf("%w: angle %.15q %.2q", errSentence, s, half)
	if len(s) < digits+2 || half != plus && half != minus {
		return 0, bad
	}
	whole, err := strconv.ParseUint(s[:digits], 10, 16)
	if err != nil {
		return 0, bad
	}
	minutes, err := strconv.ParseFloat(s[digits:], 64)
	if err != nil || !(minutes >= 0 && minutes < 60) || strings.ContainsAny(s[digits:], "eExX_+-") {
		return 0, bad
	}
	d := float64(whole) + minutes/60
	if half == minus {
		d = -d
	}
	return d, nil
}
