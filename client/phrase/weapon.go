package phrase

import "fmt"

// Weapon is a kind of weapon.
type Weapon uint8

// The kinds of weapons. Numbers not listed are kept and shown as numbers.
const (
	WeaponUnidentified Weapon = 1 + iota
	Handgun
	LongGun
	Shotgun
	AutomaticWeapon
	Knife
	Machete
	BluntObject
	Rocks
	IncendiaryDevice
	Explosive
	VehicleAsWeapon

	lastWeapon = VehicleAsWeapon
)

// Kind returns KindWeapon.
func (Weapon) Kind() Kind { return KindWeapon }

func (w Weapon) check() error {
	if w == 0 {
		return fmt.Errorf("weapon 0")
	}
	return nil
}

func (w Weapon) appendValue(b []byte) []byte { return append(b, byte(w)) }

// slug returns the word used on the command line.
func (w Weapon) slug() string {
	return [...]string{WeaponUnidentified: "unidentified", Handgun: "handgun", LongGun: "long-gun", Shotgun: "shotgun",
		AutomaticWeapon: "automatic", Knife: "knife", Machete: "machete", BluntObject: "blunt-object", Rocks: "rocks",
		IncendiaryDevice: "incendiary", Explosive: "explosive", VehicleAsWeapon: "vehicle"}[w]
}

func (w Weapon) show(l Language) string {
	if w == 0 || w > lastWeapon {
		return unlisted(uint8(w), l)
	}
	return [...]wording{
		WeaponUnidentified: {"unidentified", "sin identificar", "non identifiée"},
		Handgun:            {"handgun", "arma corta", "arme de poing"},
		LongGun:            {"long gun", "arma larga", "arme d'épaule"},
		Shotgun:            {"shotgun", "escopeta", "fusil de chasse"},
		AutomaticWeapon:    {"automatic weapon", "arma automática", "arme automatique"},
		Knife:              {"knife", "cuchillo", "couteau"},
		Machete:            {"machete", "machete", "machette"},
		BluntObject:        {"blunt object", "objeto contundente", "objet contondant"},
		Rocks:              {"rocks", "piedras", "pierres"},
		IncendiaryDevice:   {"incendiary device", "artefacto incendiario", "engin incendiaire"},
		Explosive:          {"explosive", "explosivo", "explosif"},
		VehicleAsWeapon:    {"vehicle used as a weapon", "vehículo usado como arma", "véhicule utilisé comme arme"},
	}[w].in(l)
}
