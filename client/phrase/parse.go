package phrase

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Form returns what a slot looks like on the command line.
func (k Kind) Form() string {
	switch k {
	case KindPlace:
		return "LAT,LON or an MGRS reference, then optionally ,LANDMARK (28.7091,-100.4995,rail bridge)"
	case KindBearing:
		return "DEGREES true, 0 to 359 (45)"
	case KindDistance:
		return "NUMBER with m, km, ft or mi; metres if none (2.5km)"
	case KindSpeed:
		return "NUMBER with km/h, mph or kn (75mph)"
	case KindWeight:
		return "NUMBER with g, kg, oz or lb (12.5kg)"
	case KindLandmark:
		return "NAME, then optionally ,DISTANCE with its unit and ,DIRECTION from it (rail bridge,2km,north)"
	case KindVehicle:
		return "TYPE of " + words(Car, lastVehicle, VehicleType.slug) +
			", then optionally ,COLOR of " + words(White, lastColour, Colour.slug) + " (pickup,white)"
	case KindDirection:
		return wordList(North, lastDirection, Direction.slug)
	case KindCount:
		return fmt.Sprintf("NUMBER of persons, 1 to %d (2)", MaxCount)
	case KindPlate:
		return "NUMBER, then optionally ,COUNTRY or ,COUNTRY-STATE (ABC-123-A,MX-COA)"
	case KindWeapon:
		return wordList(WeaponUnidentified, lastWeapon, Weapon.slug)
	case KindUnit:
		return fmt.Sprintf("NAME of at most %d octets (Del Rio 214)", MaxUnit)
	case KindETA:
		return fmt.Sprintf("MINUTES, 0 to %d, or a duration such as 1h30m (15)", MaxETA)
	case KindTime:
		return "date and time with offset (2026-03-04T15:35:00-06:00)"
	case KindText:
		return fmt.Sprintf("TEXT of at most %d octets", MaxText)
	}
	return ""
}

func wordList[T ~uint8](first, last T, slug func(T) string) string {
	return "one of " + words(first, last, slug)
}

func words[T ~uint8](first, last T, slug func(T) string) string {
	var list []string
	for v := first; v <= last; v++ {
		list = append(list, slug(v))
	}
	return strings.Join(list, ", ")
}

// ParseSlots reads the slots of a phrase as typed on a command line, such as
// "place=28.7091,-100.4995" and "count=2", and returns them in the order of a
// Content. Every error names the slot and the form it wants.
func ParseSlots(c Code, args []string) ([]Slot, error) {
	p, ok := Find(c)
	if !ok {
		return nil, fmt.Errorf("%w: no phrase has code %d", ErrSlots, c)
	}
	var slots []Slot
	for _, arg := range args {
		name, value, found := strings.Cut(arg, "=")
		k, known := ParseKind(strings.TrimSpace(name))
		if !found || !known || !p.allows(k) {
			return nil, fmt.Errorf("%w: %s is not a slot of %s; want %s", ErrSlots, quoted(arg), p.slug, slotNames(p))
		}
		if slices.ContainsFunc(slots, func(s Slot) bool { return s.Kind() == k }) {
			return nil, fmt.Errorf("%w: %s is given twice", ErrSlots, k)
		}
		s, err := ParseSlot(k, value)
		if err != nil {
			return nil, err
		}
		slots = append(slots, s)
	}
	out, err := Compose(c, slots...)
	return out.Slots, err
}

func slotNames(p Phrase) string {
	var names []string
	for _, k := range append(p.Required(), p.Optional()...) {
		names = append(names, k.String()+"=")
	}
	return strings.Join(names, ", ")
}

// ParseSlot reads one slot's value as typed on a command line or into a field.
func ParseSlot(k Kind, value string) (Slot, error) {
	s, err := readSlot(k, strings.TrimSpace(value))
	if err == nil {
		err = s.check()
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %s=%s: %w; want %s", ErrSlots, k, quoted(value), err, k.Form())
	}
	return s, nil
}

func readSlot(k Kind, v string) (Slot, error) {
	switch k {
	case KindPlace:
		return readPlace(v)
	case KindBearing:
		n, err := readNumber(v, 360)
		return Bearing(n % 360), err
	case KindDistance:
		q, err := readQuantity(v, length, Metres)
		return Distance(q), err
	case KindSpeed:
		q, err := readQuantity(v, speed, 0)
		return Speed(q), err
	case KindWeight:
		q, err := readQuantity(v, weight, 0)
		return Weight(q), err
	case KindLandmark:
		return readLandmark(v), nil
	case KindVehicle:
		return readVehicle(v)
	case KindDirection:
		return readWord(v, North, lastDirection, Direction.slug)
	case KindCount:
		n, err := readNumber(v, MaxCount)
		return Count(n), err
	case KindPlate:
		number, origin, _ := strings.Cut(strings.ToUpper(v), ",")
		return Plate{strings.TrimSpace(number), strings.TrimSpace(origin)}, nil
	case KindWeapon:
		return readWord(v, WeaponUnidentified, lastWeapon, Weapon.slug)
	case KindUnit:
		return Unit(v), nil
	case KindETA:
		return readETA(v)
	case KindTime:
		t, err := time.Parse(time.RFC3339, v)
		if err != nil {
			return nil, fmt.Errorf("not a date and time with offset")
		}
		return At(t), nil
	case KindText:
		return Text(v), nil
	}
	return nil, fmt.Errorf("unknown kind of slot")
}

func readNumber(v string, most uint64) (uint64, error) {
	n, err := strconv.ParseUint(v, 10, 32)
	if err != nil || n > most {
		return 0, fmt.Errorf("not a whole number up to %d", most)
	}
	return n, nil
}

// readPlace takes what stands before the landmark as a grid reference if it
// begins like one, and as a latitude and longitude if not.
func readPlace(v string) (Slot, error) {
	first, rest, _ := strings.Cut(v, ",")
	if strings.ContainsAny(first, "CDEFGHJKLMNPQRSTUVWXcdefghjklmnpqrstuvwx") {
		p, err := ParseMGRS(first)
		p.Landmark = strings.TrimSpace(rest)
		return p, err
	}
	second, landmark, _ := strings.Cut(rest, ",")
	lat, errLat := readDegrees(first)
	lon, errLon := readDegrees(second)
	if errLat != nil || errLon != nil {
		return nil, fmt.Errorf("not two numbers of degrees")
	}
	return NewPlace(lat, lon, strings.TrimSpace(landmark))
}

// readDegrees reads a plain decimal number: no exponent, no hexadecimal.
func readDegrees(v string) (float64, error) {
	v = strings.TrimSpace(v)
	if strings.Trim(v, "+-.0123456789") != "" {
		return 0, strconv.ErrSyntax
	}
	return strconv.ParseFloat(v, 64)
}

func readETA(v string) (Slot, error) {
	if n, err := readNumber(v, MaxETA); err == nil {
		return ETA(n), nil
	}
	d, err := time.ParseDuration(v)
	if err != nil || d < 0 || d > MaxETA*time.Minute || d%time.Minute != 0 {
		return nil, fmt.Errorf("not whole minutes up to %d", MaxETA)
	}
	return ETA(d / time.Minute), nil
}

// readLandmark takes a direction and a distance with its unit off the end; what
// is left is the name, commas and all.
func readLandmark(v string) Landmark {
	var out Landmark
	if name, last, ok := cutLast(v); ok {
		if d, err := readWord(last, North, lastDirection, Direction.slug); err == nil && d.fromHere() {
			out.Toward, v = d, name
		}
	}
	if name, last, ok := cutLast(v); ok {
		if q, err := readQuantity(last, length, 0); err == nil {
			out.Offset, v = q, name
		}
	}
	out.Name = v
	return out
}

func cutLast(v string) (before, last string, found bool) {
	i := strings.LastIndexByte(v, ',')
	if i < 0 {
		return v, "", false
	}
	return strings.TrimSpace(v[:i]), strings.TrimSpace(v[i+1:]), true
}

func readVehicle(v string) (Slot, error) {
	first, second, both := strings.Cut(v, ",")
	out, err := Vehicle{}, error(nil)
	if out.Type, err = readWord(strings.TrimSpace(first), Car, lastVehicle, VehicleType.slug); err != nil {
		return nil, fmt.Errorf("not a type of the list")
	}
	if both {
		out.Colour, err = readWord(strings.TrimSpace(second), White, lastColour, Colour.slug)
	}
	return out, err
}

func readWord[T ~uint8](v string, first, last T, slug func(T) string) (T, error) {
	for t := first; t <= last; t++ {
		if slug(t) == strings.ToLower(v) {
			return t, nil
		}
	}
	return 0, fmt.Errorf("not a word of the list")
}
