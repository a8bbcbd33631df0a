package phrase

import "testing"

// TestEveryReplyHasItsWords: there is a phrase for each state that a person
// moves a hail to, for each reason to decline, and for what is asked before.
// None but those about a time asks for a slot.
func TestEveryReplyHasItsWords(t *testing.T) {
	for _, slug := range []string{"received", "accepted", "accepted-in-part", "committed", "cancelled", "released",
		"declined", "declined-no-units", "declined-busy", "declined-outside-area", "declined-other-agency",
		"declined-not-authorized", "declined-no-agreement", "declined-too-dangerous", "declined-weather",
		"declined-no-access", "declined-no-equipment", "declined-already-handled", "declined-not-confirmed",
		"wait", "say-again", "need-information", "need-location", "not-understood", "stand-down", "offer-help"} {
		c, ok := Lookup(slug)
		if _, err := Compose(c); !ok || err != nil {
			t.Errorf("%s cannot be said alone: %v", slug, err)
		}
	}
	for slug, s := range map[string]Slot{"committed-eta": ETA(5), "units-on-the-way": ETA(5), "wait-for-reply": ETA(5),
		"arrival-time": Instant{1_772_659_800, 0}} {
		c, ok := Lookup(slug)
		if _, err := Compose(c, s); !ok || err != nil {
			t.Errorf("%s: %v", slug, err)
		}
	}
}

// TestMirroredPatrols: what two patrols that move level with each other tell.
func TestMirroredPatrols(t *testing.T) {
	threeLanguages(t, Content{801, []Slot{Place{28_709_100, -100_499_500, ""}, South, Unit("GN 7"),
		Instant{1_772_659_800, 0}, Speed{12_000, KilometresPerHour}}}, wording{
		"Patrol “GN 7”, position: 28.70910, -100.49950 (MGRS 14R LS 53532 76677). Direction of travel: south. " +
			"Speed: 7 mph (12 km/h). Time: 2026-03-04 21:30 UTC.",
		"Patrulla “GN 7”, posición: 28.70910, -100.49950 (MGRS 14R LS 53532 76677). " +
			"Dirección de desplazamiento: hacia el sur. Velocidad: 12 km/h (7 mph). Hora: 2026-03-04 21:30 UTC.",
		"Patrouille « GN 7 », position : 28.70910, -100.49950 (MGRS 14R LS 53532 76677). " +
			"Direction de déplacement : vers le sud. Vitesse : 12 km/h (7 mi/h). Heure : 2026-03-04 21:30 UTC."})
	for _, slug := range []string{"request-position", "sharing-position", "position-sharing-ended",
		"mirrored-patrol-request", "mirrored-patrol-ended", "level-with-you", "wait-for-us", "patrol-halted", "in-sight"} {
		c, ok := Lookup(slug)
		if _, err := Compose(c); !ok || err != nil {
			t.Errorf("%s cannot be said alone: %v", slug, err)
		}
	}
}
