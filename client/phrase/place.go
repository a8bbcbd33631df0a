package phrase

import (
	"encoding/binary"
	"fmt"
	"math"
)

// Microdegrees is an angle in millionths of a degree: 11 cm on the ground.
type Microdegrees int32

// Degrees returns the angle in degrees.
func (m Microdegrees) Degrees() float64 { return float64(m) / 1e6 }

// Place is a point on the WGS 84 ellipsoid, with an optional landmark in words.
type Place struct {
	Latitude  Microdegrees // north, -90 to 90 degrees
	Longitude Microdegrees // east, -180 to less than 180 degrees
	Landmark  string       // at most MaxLandmark octets; may be empty
}

// NewPlace returns the place at a latitude and longitude in degrees. Longitude
// 180 becomes -180.
func NewPlace(latitude, longitude float64, landmark string) (Place, error) {
	if !(latitude >= -90 && latitude <= 90 && longitude >= -180 && longitude <= 180) {
		return Place{}, fmt.Errorf("latitude is not within 90 degrees or longitude not within 180")
	}
	p := Place{Microdegrees(math.Round(latitude * 1e6)), Microdegrees(math.Round(longitude * 1e6)), landmark}
	if p.Longitude == 180e6 {
		p.Longitude = -180e6
	}
	if err := p.check(); err != nil {
		return Place{}, err
	}
	return p, nil
}

// Kind returns KindPlace.
func (Place) Kind() Kind { return KindPlace }

func (p Place) check() error {
	if p.Latitude < -90e6 || p.Latitude > 90e6 || p.Longitude < -180e6 || p.Longitude >= 180e6 {
		return fmt.Errorf("latitude is not within 90 degrees or longitude not from -180 to less than 180")
	}
	if p.Landmark == "" {
		return nil
	}
	return checkText(p.Landmark, MaxLandmark)
}

func (p Place) appendValue(b []byte) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(p.Latitude))
	b = binary.BigEndian.AppendUint32(b, uint32(p.Longitude))
	return append(b, p.Landmark...)
}

func decodePlace(v []byte) (Slot, bool) {
	if len(v) < 8 {
		return nil, false
	}
	lat, lon := int32(binary.BigEndian.Uint32(v)), int32(binary.BigEndian.Uint32(v[4:]))
	return Place{Microdegrees(lat), Microdegrees(lon), string(v[8:])}, true
}

// Sentence returns the place as a reader sees it: decimal degrees, the MGRS reference
// where there is one, and the landmark in quotation marks.
func (p Place) Sentence(l Language) string { return p.show(l) }

// show writes decimal degrees with a point in every language: they are typed
// into maps, not read as numbers.
func (p Place) show(l Language) string {
	out := fmt.Sprintf("%.5f, %.5f", p.Latitude.Degrees(), p.Longitude.Degrees())
	if ref, ok := p.MGRS(); ok {
		out += " (MGRS " + ref + ")"
	}
	if p.Landmark != "" {
		out += wording{", near ", ", cerca de ", ", près de "}.in(l) + quote(p.Landmark, MaxLandmark, l)
	}
	return out
}
