package phrase

import (
	"encoding/binary"
	"fmt"
)

// Bearing is a direction seen from the sender, in degrees true, 0 to 359.
type Bearing uint16

// Kind returns KindBearing.
func (Bearing) Kind() Kind { return KindBearing }

func (d Bearing) check() error {
	if d > 359 {
		return fmt.Errorf("bearing of %d degrees, at most 359", uint16(d))
	}
	return nil
}

func (d Bearing) appendValue(b []byte) []byte { return binary.BigEndian.AppendUint16(b, uint16(d)) }

func (d Bearing) show(l Language) string {
	point := North + Direction((uint(d)*2+45)/90%8)
	return fmt.Sprintf(wording{"%03d° true (%s)", "%03d° verdadero (%s)", "%03d° vrai (%s)"}.in(l),
		uint16(d), point.compass().in(l))
}

// Direction is a direction of travel.
type Direction uint8

// The directions of travel. Numbers not listed are kept and shown as numbers.
const (
	North Direction = 1 + iota
	Northeast
	East
	Southeast
	South
	Southwest
	West
	Northwest
	TowardBorder
	AwayFromBorder
	TowardUnitedStates
	TowardMexico
	TowardCanada
	Upstream
	Downstream

	lastDirection = Downstream
)

// Kind returns KindDirection.
func (Direction) Kind() Kind { return KindDirection }

func (d Direction) check() error {
	if d == 0 {
		return fmt.Errorf("direction 0")
	}
	return nil
}

func (d Direction) appendValue(b []byte) []byte { return append(b, byte(d)) }

// slug returns the word used on the command line.
func (d Direction) slug() string {
	return [...]string{North: "north", Northeast: "northeast", East: "east", Southeast: "southeast",
		South: "south", Southwest: "southwest", West: "west", Northwest: "northwest",
		TowardBorder: "toward-border", AwayFromBorder: "away-from-border",
		TowardUnitedStates: "toward-us", TowardMexico: "toward-mexico", TowardCanada: "toward-canada",
		Upstream: "upstream", Downstream: "downstream"}[d]
}

// compass returns the noun of a compass point.
func (d Direction) compass() wording {
	return [...]wording{
		North: {"north", "norte", "nord"}, Northeast: {"northeast", "noreste", "nord-est"},
		East: {"east", "este", "est"}, Southeast: {"southeast", "sureste", "sud-est"},
		South: {"south", "sur", "sud"}, Southwest: {"southwest", "suroeste", "sud-ouest"},
		West: {"west", "oeste", "ouest"}, Northwest: {"northwest", "noroeste", "nord-ouest"},
	}[d]
}

func (d Direction) show(l Language) string {
	switch d {
	case TowardBorder:
		return wording{"toward the border", "hacia la frontera", "vers la frontière"}.in(l)
	case AwayFromBorder:
		return wording{"away from the border", "alejándose de la frontera", "en s'éloignant de la frontière"}.in(l)
	case TowardUnitedStates:
		return wording{"toward the United States", "hacia Estados Unidos", "vers les États-Unis"}.in(l)
	case TowardMexico:
		return wording{"toward Mexico", "hacia México", "vers le Mexique"}.in(l)
	case TowardCanada:
		return wording{"toward Canada", "hacia Canadá", "vers le Canada"}.in(l)
	case Upstream:
		return wording{"upstream", "río arriba", "vers l'amont"}.in(l)
	case Downstream:
		return wording{"downstream", "río abajo", "vers l'aval"}.in(l)
	}
	if d == 0 || d > lastDirection {
		return unlisted(uint8(d), l)
	}
	article := "le "
	if d == East || d == West {
		article = "l'"
	}
	return wording{"", "hacia el ", "vers " + article}.in(l) + d.compass().in(l)
}
