package handheld

import (
	"fmt"
	"time"

	"crossband/client"
	"crossband/client/phrase"
)

// Fix is where the unit is, and since when that is known.
type Fix struct {
	Place    phrase.Place // without landmark
	Accuracy int          // metres; 0: not known
	At       time.Time    // when it was found: by the receiver's clock, or by ours when typed
	Course   int          // degrees from true north, 1 to 360; 0: not known, or it stands
	Speed    float64      // metres a second; 0: not known, or it stands
	ByHand   bool
}

// Position is the fix as it goes out.
func (f Fix) Position() client.Position {
	return client.Position{Place: f.Place, Accuracy: f.Accuracy, Fix: f.At, Course: f.Course, Speed: f.Speed}
}

// Age is how old the fix is; never negative, for a receiver's clock may be ahead.
func (f Fix) Age(now time.Time) time.Duration { return max(0, now.Sub(f.At)) }

// Slot is the fix as phrases take it: "LAT,LON".
func (f Fix) Slot() string {
	return fmt.Sprintf("%.6f,%.6f", f.Place.Latitude.Degrees(), f.Place.Longitude.Degrees())
}

// TypedFix reads what a person typed: "LAT,LON" in degrees, or an MGRS reference.
func TypedFix(typed string, now time.Time) (Fix, error) {
	s, err := phrase.ParseSlot(phrase.KindPlace, typed)
	if err != nil {
		return Fix{}, err
	}
	p := s.(phrase.Place)
	p.Landmark = ""
	return Fix{Place: p, At: now, ByHand: true}, nil
}

// standing is the speed, in metres a second, below which a receiver's course is noise.
const standing = 0.5

// moving gives a fix its course and speed, unless it stands.
func (f Fix) moving(course, speed float64) Fix {
	if !(speed >= standing && speed <= 400) || !(course >= 0 && course <= 360) {
		return f
	}
	f.Speed = speed
	if f.Course = int(course + 0.5); f.Course == 0 {
		f.Course = 360
	}
	return f
}
