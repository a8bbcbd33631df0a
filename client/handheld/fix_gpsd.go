package handheld

import (
	"encoding/json"
	"fmt"
	"time"

	"crossband/client/phrase"
)

// watch is what gpsd is told so that it tells what it knows, as JSON.
const watch = "?WATCH={\"enable\":true,\"json\":true};\n"

// report is a time-position-velocity report of gpsd. What is not known is left out.
type report struct {
	Class string    `json:"class"`
	Mode  int       `json:"mode"` // 2 and 3: there is a fix
	Time  time.Time `json:"time"`
	Lat   *float64  `json:"lat"`
	Lon   *float64  `json:"lon"`
	EPH   float64   `json:"eph"` // metres
	EPX   float64   `json:"epx"`
	EPY   float64   `json:"epy"`
	Track *float64  `json:"track"` // degrees true
	Speed *float64  `json:"speed"` // metres a second
}

// parseReport reads one line of gpsd. ok is false when it holds no fix.
func parseReport(line []byte) (f Fix, ok bool, err error) {
	var class struct {
		Class string `json:"class"`
	}
	if err := json.Unmarshal(line, &class); err != nil {
		return Fix{}, false, fmt.Errorf("no report of gpsd: %w", err)
	}
	if class.Class != "TPV" {
		return Fix{}, false, nil
	}
	var r report
	if err := json.Unmarshal(line, &r); err != nil {
		return Fix{}, false, fmt.Errorf("no report of gpsd: %w", err)
	}
	if r.Mode < 2 || r.Lat == nil || r.Lon == nil || r.Time.IsZero() {
		return Fix{}, false, nil
	}
	p, err := phrase.NewPlace(*r.Lat, *r.Lon, "")
	if err != nil {
		return Fix{}, false, fmt.Errorf("no report of gpsd: %w", err)
	}
	f = Fix{Place: p, At: r.Time}
	if m := max(r.EPH, r.EPX, r.EPY); m > 0 && m <= 1_000_000 {
		f.Accuracy = int(m + 0.5)
	}
	if r.Track != nil && r.Speed != nil {
		f = f.moving(*r.Track, *r.Speed)
	}
	return f, true, nil
}
