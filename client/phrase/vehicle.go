package phrase

import "fmt"

// Vehicle is what a vehicle, boat or aircraft looks like.
type Vehicle struct {
	Type   VehicleType
	Colour Colour // 0 if not given
}

// VehicleType is a type of vehicle. Numbers not listed are kept and shown as
// numbers.
type VehicleType uint8

// The types of vehicles. The numbers are on the wire and are never reused.
const (
	Car VehicleType = 1 + iota
	Pickup
	SUV
	Van
	Truck
	TractorTrailer
	Bus
	Motorcycle
	ATV
	Snowmobile
	Bicycle
	Boat
	InflatableBoat
	PersonalWatercraft
	Airplane
	Helicopter

	lastVehicle = Helicopter
)

// Colour is the colour of a vehicle. Numbers not listed are kept and shown as
// numbers.
type Colour uint8

// The colours. The numbers are on the wire and are never reused.
const (
	White Colour = 1 + iota
	Black
	Gray
	Silver
	Red
	Blue
	Green
	Brown
	Yellow
	Orange
	Beige
	DarkColour // dark, in bad light
	LightColour

	lastColour = LightColour
)

// Kind returns KindVehicle.
func (Vehicle) Kind() Kind { return KindVehicle }

func (v Vehicle) check() error {
	if v.Type == 0 {
		return fmt.Errorf("vehicle type 0")
	}
	return nil
}

func (v Vehicle) appendValue(b []byte) []byte { return append(b, byte(v.Type), byte(v.Colour)) }

func decodeVehicle(v []byte) (Slot, bool) {
	if len(v) != 2 {
		return nil, false
	}
	return Vehicle{VehicleType(v[0]), Colour(v[1])}, true
}

// show writes the colour as a noun with its adjective in Spanish and French, so
// that it need not agree with the vehicle.
func (v Vehicle) show(l Language) string {
	if v.Colour == 0 {
		return v.Type.show(l)
	}
	return fmt.Sprintf(wording{"%[2]s %[1]s", "%[1]s, color %[2]s", "%[1]s, couleur %[2]s"}.in(l),
		v.Type.show(l), v.Colour.show(l))
}

// slug returns the word used on the command line.
func (t VehicleType) slug() string {
	return [...]string{Car: "car", Pickup: "pickup", SUV: "suv", Van: "van", Truck: "truck",
		TractorTrailer: "tractor-trailer", Bus: "bus", Motorcycle: "motorcycle", ATV: "atv", Snowmobile: "snowmobile",
		Bicycle: "bicycle", Boat: "boat", InflatableBoat: "inflatable-boat", PersonalWatercraft: "jet-ski",
		Airplane: "airplane", Helicopter: "helicopter"}[t]
}

func (t VehicleType) show(l Language) string {
	if t == 0 || t > lastVehicle {
		return unlisted(uint8(t), l)
	}
	return [...]wording{
		Car:                {"car", "automóvil", "automobile"},
		Pickup:             {"pickup truck", "camioneta pickup", "camionnette"},
		SUV:                {"SUV", "camioneta SUV", "VUS"},
		Van:                {"van", "camioneta van", "fourgonnette"},
		Truck:              {"truck", "camión de carga", "camion"},
		TractorTrailer:     {"tractor-trailer", "tractocamión con remolque", "semi-remorque"},
		Bus:                {"bus", "autobús", "autobus"},
		Motorcycle:         {"motorcycle", "motocicleta", "motocyclette"},
		ATV:                {"ATV", "cuatrimoto", "VTT"},
		Snowmobile:         {"snowmobile", "motonieve", "motoneige"},
		Bicycle:            {"bicycle", "bicicleta", "vélo"},
		Boat:               {"boat", "lancha", "bateau"},
		InflatableBoat:     {"inflatable boat", "lancha inflable", "canot pneumatique"},
		PersonalWatercraft: {"jet ski", "moto acuática", "motomarine"},
		Airplane:           {"airplane", "avión", "avion"},
		Helicopter:         {"helicopter", "helicóptero", "hélicoptère"},
	}[t].in(l)
}

// slug returns the word used on the command line.
func (c Colour) slug() string {
	return [...]string{White: "white", Black: "black", Gray: "gray", Silver: "silver", Red: "red", Blue: "blue",
		Green: "green", Brown: "brown", Yellow: "yellow", Orange: "orange", Beige: "beige", DarkColour: "dark",
		LightColour: "light"}[c]
}

// show gives the French word in the feminine, after "couleur".
func (c Colour) show(l Language) string {
	if c == 0 || c > lastColour {
		return unlisted(uint8(c), l)
	}
	return [...]wording{
		White:       {"white", "blanco", "blanche"},
		Black:       {"black", "negro", "noire"},
		Gray:        {"gray", "gris", "grise"},
		Silver:      {"silver", "plata", "argent"},
		Red:         {"red", "rojo", "rouge"},
		Blue:        {"blue", "azul", "bleue"},
		Green:       {"green", "verde", "verte"},
		Brown:       {"brown", "café", "brune"},
		Yellow:      {"yellow", "amarillo", "jaune"},
		Orange:      {"orange", "naranja", "orange"},
		Beige:       {"beige", "beige", "beige"},
		DarkColour:  {"dark", "oscuro", "foncée"},
		LightColour: {"light-colored", "claro", "pâle"},
	}[c].in(l)
}
