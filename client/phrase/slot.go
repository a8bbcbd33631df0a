package phrase

import (
	"fmt"
	"math/bits"
	"slices"
)

// Kind says what a slot holds. The numbers are on the wire, are never reused,
// and their order is the order of slots in a content; people are shown slots in
// the order of readingOrder. A value's layout never changes; a new layout gets a
// new kind.
type Kind uint8

// The kinds of slots and their values on the wire (integers big-endian).
const (
	KindPlace     Kind = 1  // latitude i32, longitude i32 in microdegrees, landmark text [0..MaxLandmark]
	KindBearing   Kind = 2  // degrees true u16, 0..359
	KindDistance  Kind = 3  // Measure u8, thousandths u32, neither 0
	KindDirection Kind = 4  // Direction u8, not 0
	KindCount     Kind = 5  // persons u16, 1..MaxCount
	KindPlate     Kind = 6  // length of origin u8, origin "", "US" or "US-TX", number [1..MaxPlate]
	KindWeapon    Kind = 7  // Weapon u8, not 0
	KindUnit      Kind = 8  // name text [1..MaxUnit]
	KindETA       Kind = 9  // minutes u16, 0..MaxETA
	KindTime      Kind = 10 // Unix seconds i64, offset from UTC in minutes i16
	KindText      Kind = 11 // text [1..MaxText]
	KindSpeed     Kind = 12 // as distance
	KindWeight    Kind = 13 // as distance
	KindLandmark  Kind = 14 // Measure u8 and thousandths u32, both 0 or neither; Direction u8 or 0; name text [1..MaxLandmark]
	KindVehicle   Kind = 15 // VehicleType u8, not 0; Colour u8 or 0

	lastKind = KindVehicle
)

// Limits. Lengths are in octets.
const (
	MaxContent  = 1024      // a whole content
	MaxText     = 400       // free text
	MaxLandmark = 120       // name of a landmark
	MaxUnit     = 60        // name of a unit
	MaxPlate    = 12        // number of a plate
	MaxDistance = 2_000_000 // metres
	MaxSpeed    = 3_000     // kilometres an hour
	MaxWeight   = 100_000   // kilograms
	MaxCount    = 9_999     // persons
	MaxETA      = 2_880     // minutes: two days
	MaxSlots    = 24        // slots of a content, unknown ones included
)

// Slot is one typed value of a content: a Place, Bearing, Distance, Direction,
// Count, Plate, Weapon, Unit, ETA, Instant, Text, Speed, Weight, Landmark, Vehicle
// or Unknown, always by value.
type Slot interface {
	Kind() Kind

	check() error                // nil if the value may be on the wire
	appendValue(b []byte) []byte // layout of the kind
	show(l Language) string      // inert, without a label
}

// Unknown is a slot of a kind that this phrasebook does not have. It is kept,
// encodes to the same octets, and is shown as octets.
type Unknown struct {
	Of    Kind
	Value string // raw octets
}

// Kind returns the kind's number.
func (u Unknown) Kind() Kind { return u.Of }

func (u Unknown) check() error {
	if u.Of == 0 || u.Of <= lastKind {
		return fmt.Errorf("kind %d is not an unknown kind", u.Of)
	}
	return nil
}

func (u Unknown) appendValue(b []byte) []byte { return append(b, u.Value...) }

func (u Unknown) show(Language) string {
	const most = 16
	if len(u.Value) > most {
		return fmt.Sprintf("0x%x…", u.Value[:most])
	}
	return fmt.Sprintf("0x%x", u.Value)
}

// parseValue decodes the value of one slot. Only the length and the fixed
// fields are judged here; check judges the rest.
func parseValue(k Kind, v []byte) (Slot, error) {
	s, ok := decodeValue(k, v)
	if !ok {
		return nil, fmt.Errorf("value of %d octets", len(v))
	}
	return s, s.check()
}

func decodeValue(k Kind, v []byte) (Slot, bool) {
	switch k {
	case KindPlace:
		return decodePlace(v)
	case KindBearing:
		n, ok := decodeUint(v, 2)
		return Bearing(n), ok
	case KindDistance:
		q, ok := decodeQuantity(v)
		return Distance(q), ok
	case KindDirection:
		n, ok := decodeUint(v, 1)
		return Direction(n), ok
	case KindCount:
		n, ok := decodeUint(v, 2)
		return Count(n), ok
	case KindPlate:
		return decodePlate(v)
	case KindWeapon:
		n, ok := decodeUint(v, 1)
		return Weapon(n), ok
	case KindUnit:
		return Unit(v), true
	case KindETA:
		n, ok := decodeUint(v, 2)
		return ETA(n), ok
	case KindTime:
		return decodeInstant(v)
	case KindText:
		return Text(v), true
	case KindSpeed:
		q, ok := decodeQuantity(v)
		return Speed(q), ok
	case KindWeight:
		q, ok := decodeQuantity(v)
		return Weight(q), ok
	case KindLandmark:
		return decodeLandmark(v)
	case KindVehicle:
		return decodeVehicle(v)
	}
	return Unknown{k, string(v)}, true
}

// decodeUint decodes a big-endian integer that fills exactly size octets.
func decodeUint(v []byte, size int) (uint64, bool) {
	if len(v) != size {
		return 0, false
	}
	var n uint64
	for _, c := range v {
		n = n<<8 | uint64(c)
	}
	return n, true
}

// isSlot reports whether s is a slot type of this package held by value. A nil
// or a pointer satisfies the interface but is no slot.
func isSlot(s Slot) bool {
	switch s.(type) {
	case Place, Bearing, Distance, Direction, Count, Plate, Weapon, Unit, ETA, Instant, Text, Speed, Weight, Landmark,
		Vehicle, Unknown:
		return true
	}
	return false
}

// String returns the name used on the command line, such as "place".
func (k Kind) String() string {
	names := [...]string{KindPlace: "place", KindBearing: "bearing", KindDistance: "distance",
		KindDirection: "direction", KindCount: "count", KindPlate: "plate", KindWeapon: "weapon",
		KindUnit: "unit", KindETA: "eta", KindTime: "time", KindText: "text",
		KindSpeed: "speed", KindWeight: "weight", KindLandmark: "landmark", KindVehicle: "vehicle"}
	if k == 0 || k > lastKind {
		return fmt.Sprintf("kind-%d", uint8(k))
	}
	return names[k]
}

// Label returns the words that stand before a slot's value on a screen.
func (k Kind) Label(l Language) string {
	labels := [...]wording{
		KindPlace:     {"Location", "Ubicación", "Lieu"},
		KindBearing:   {"Bearing", "Rumbo", "Relèvement"},
		KindDistance:  {"Distance", "Distancia", "Distance"},
		KindDirection: {"Direction of travel", "Dirección de desplazamiento", "Direction de déplacement"},
		KindCount:     {"Number of people", "Número de personas", "Nombre de personnes"},
		KindPlate:     {"License plate", "Placas", "Plaque d'immatriculation"},
		KindWeapon:    {"Weapon", "Arma", "Arme"},
		KindUnit:      {"Unit", "Unidad", "Unité"},
		KindETA:       {"Estimated time to arrival", "Tiempo estimado de llegada", "Délai d'arrivée prévu"},
		KindTime:      {"Time", "Hora", "Heure"},
		KindText:      {"Message", "Mensaje", "Message"},
		KindSpeed:     {"Speed", "Velocidad", "Vitesse"},
		KindWeight:    {"Weight", "Peso", "Poids"},
		KindLandmark:  {"Landmark", "Punto de referencia", "Point de repère"},
		KindVehicle:   {"Vehicle", "Vehículo", "Véhicule"},
	}
	if k == 0 || k > lastKind {
		return fmt.Sprintf(wording{"Item of type %d (not in this phrasebook)",
			"Dato de tipo %d (no está en este catálogo de frases)",
			"Élément de type %d (absent de ce recueil de phrases)"}.in(l), uint8(k))
	}
	return labels[k].in(l)
}

// readingOrder returns the known kinds as a person tells them: where, what, how
// many, who, when, and words last.
func readingOrder() []Kind {
	return []Kind{KindPlace, KindLandmark, KindBearing, KindDistance, KindDirection, KindSpeed, KindCount, KindVehicle,
		KindPlate, KindWeapon, KindWeight, KindUnit, KindETA, KindTime, KindText}
}

// rank is where a kind comes in what a person is shown, kinds of a newer
// phrasebook after all others.
func (k Kind) rank() int {
	if at := slices.Index(readingOrder(), k); at >= 0 {
		return at
	}
	return int(lastKind) + int(k)
}

// StandIn returns the kind that serves as well where a phrase requires k, or 0.
func (k Kind) StandIn() Kind {
	if k == KindPlace {
		return KindLandmark
	}
	return 0
}

// ParseKind returns the kind with the name used on the command line.
func ParseKind(s string) (Kind, bool) {
	for k := KindPlace; k <= lastKind; k++ {
		if k.String() == s {
			return k, true
		}
	}
	return 0, false
}

// kindSet is a set of known kinds, one bit each.
type kindSet uint32

const (
	place     kindSet = 1 << KindPlace
	bearing   kindSet = 1 << KindBearing
	distance  kindSet = 1 << KindDistance
	direction kindSet = 1 << KindDirection
	count     kindSet = 1 << KindCount
	plate     kindSet = 1 << KindPlate
	weapon    kindSet = 1 << KindWeapon
	unit      kindSet = 1 << KindUnit
	eta       kindSet = 1 << KindETA
	instant   kindSet = 1 << KindTime
	text      kindSet = 1 << KindText
	velocity  kindSet = 1 << KindSpeed
	mass      kindSet = 1 << KindWeight
	landmark  kindSet = 1 << KindLandmark
	looks     kindSet = 1 << KindVehicle

	// always are the slots that any phrase may carry.
	always = place | landmark | unit | instant | text
	// subject are the slots that describe somebody or something on the move.
	subject = bearing | distance | direction | count
	// vehicle are the slots by which others know a vehicle.
	vehicle = plate | looks
)

func (s kindSet) has(k Kind) bool { return k <= lastKind && s>>k&1 == 1 }

// kinds returns the set in reading order.
func (s kindSet) kinds() []Kind {
	out := make([]Kind, 0, bits.OnesCount16(uint16(s)))
	for _, k := range readingOrder() {
		if s.has(k) {
			out = append(out, k)
		}
	}
	return out
}
