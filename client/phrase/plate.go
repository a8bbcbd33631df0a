package phrase

import (
	"fmt"
	"strings"
)

// Plate is a vehicle's license plate: letters, digits, inner hyphens and
// spaces, in upper case.
type Plate struct {
	Number string // 1 to MaxPlate of A-Z 0-9, hyphen, space
	Origin string // ISO 3166 country or subdivision: "MX", "US-TX"; empty if not known
}

// Kind returns KindPlate.
func (Plate) Kind() Kind { return KindPlate }

func (p Plate) check() error {
	if len(p.Number) < 1 || len(p.Number) > MaxPlate {
		return fmt.Errorf("plate of %d characters, want 1 to %d", len(p.Number), MaxPlate)
	}
	for i, c := range []byte(p.Number) {
		inner := i > 0 && i < len(p.Number)-1 && p.Number[i-1] != ' ' && p.Number[i-1] != '-'
		if !isUpperAlnum(c) && !(inner && (c == '-' || c == ' ')) {
			return fmt.Errorf("plate holds something other than A-Z, 0-9, inner hyphens and spaces")
		}
	}
	if !validOrigin(p.Origin) {
		return fmt.Errorf("plate's origin is not a country such as MX or a subdivision such as US-TX")
	}
	return nil
}

func validOrigin(s string) bool {
	if s == "" {
		return true
	}
	country, region, dash := strings.Cut(s, "-")
	if len(country) != 2 || !isUpper(country[0]) || !isUpper(country[1]) {
		return false
	}
	if len(region) > 3 || dash != (region != "") {
		return false
	}
	for _, c := range []byte(region) {
		if !isUpperAlnum(c) {
			return false
		}
	}
	return true
}

func isUpper(c byte) bool      { return c >= 'A' && c <= 'Z' }
func isDigit(c byte) bool      { return c >= '0' && c <= '9' }
func isUpperAlnum(c byte) bool { return isUpper(c) || isDigit(c) }

func (p Plate) appendValue(b []byte) []byte {
	b = append(b, byte(len(p.Origin)))
	b = append(b, p.Origin...)
	return append(b, p.Number...)
}

func decodePlate(v []byte) (Slot, bool) {
	if len(v) == 0 || int(v[0]) > len(v)-1 {
		return nil, false
	}
	n := 1 + int(v[0])
	return Plate{Number: string(v[n:]), Origin: string(v[1:n])}, true
}

func (p Plate) show(l Language) string {
	number := inert(p.Number, MaxPlate)
	country, region, _ := strings.Cut(inert(p.Origin, len("US-TEX")), "-")
	if country == "" {
		return number
	}
	switch country {
	case "US":
		country = wording{"United States", "Estados Unidos", "États-Unis"}.in(l)
	case "MX":
		country = wording{"Mexico", "México", "Mexique"}.in(l)
	case "CA":
		country = wording{"Canada", "Canadá", "Canada"}.in(l)
	}
	if region != "" {
		country = region + ", " + country
	}
	return number + " (" + country + ")"
}
