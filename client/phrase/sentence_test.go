package phrase

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// threeLanguages checks a content's sentences. A plain space before a French
// colon or inside French quotes stands for an unbreakable one.
func threeLanguages(t *testing.T, c Content, want wording) {
	t.Helper()
	for _, l := range Languages() {
		if got := strings.ReplaceAll(c.Sentence(l), nbsp, " "); got != want.in(l) {
			t.Errorf("code %d in %v:\n got %s\nwant %s", c.Code, l, got, want.in(l))
		}
	}
}

func TestSentence(t *testing.T) {
	threeLanguages(t, Content{Code: OfficerDown}, wording{
		"Officer down. Send help immediately.",
		"Agente caído. Envíen ayuda de inmediato.",
		"Agent à terre. Envoyez de l'aide immédiatement."})
	threeLanguages(t, Content{404, []Slot{
		Place{28_709_100, -100_499_500, "rail bridge"}, Bearing(225), Distance{800_000, Metres}, TowardMexico, Count(1),
		Unit("Del Rio 214"), Instant{1_772_659_800, -360}, Text("two carry rifles")}}, wording{
		"Group of 1 person heading toward Mexico. " +
			"Location: 28.70910, -100.49950 (MGRS 14R LS 53532 76677), near “rail bridge”. " +
			"Bearing: 225° true (southwest). Distance: 0.5 mi (800 m). Unit: “Del Rio 214”. " +
			"Time: 2026-03-04 21:30 UTC (2026-03-04 15:30 UTC-06:00). Message: “two carry rifles”.",
		"Grupo de 1 persona se desplaza hacia México. " +
			"Ubicación: 28.70910, -100.49950 (MGRS 14R LS 53532 76677), cerca de “rail bridge”. " +
			"Rumbo: 225° verdadero (suroeste). Distancia: 800 m (0.5 mi). Unidad: “Del Rio 214”. " +
			"Hora: 2026-03-04 21:30 UTC (2026-03-04 15:30 UTC-06:00). Mensaje: “two carry rifles”.",
		"Groupe de 1 personne se déplaçant vers le Mexique. " +
			"Lieu : 28.70910, -100.49950 (MGRS 14R LS 53532 76677), près de « rail bridge ». " +
			"Relèvement : 225° vrai (sud-ouest). Distance : 800 m (0,5 mi). Unité : « Del Rio 214 ». " +
			"Heure : 2026-03-04 21:30 UTC (2026-03-04 15:30 UTC-06:00). Message : « two carry rifles »."})
	threeLanguages(t, Content{308, []Slot{Count(4), Plate{"ABC-123-A", "MX-COA"}}}, wording{
		"Suspicious vehicle. Number of people: 4. License plate: ABC-123-A (COA, Mexico).",
		"Vehículo sospechoso. Número de personas: 4. Placas: ABC-123-A (COA, México).",
		"Véhicule suspect. Nombre de personnes : 4. Plaque d'immatriculation : ABC-123-A (COA, Mexique)."})
}

// TestLandmarkStandsInForPlace: whoever has no position still says where.
func TestLandmarkStandsInForPlace(t *testing.T) {
	threeLanguages(t, Content{604, []Slot{ETA(10), Landmark{"old mill", Quantity{500_000, Metres}, South}}}, wording{
		"Meeting point: 0.3 mi (500 m) south of “old mill”. Estimated time to arrival: 10 min.",
		"Punto de reunión: a 500 m (0.3 mi) al sur de “old mill”. Tiempo estimado de llegada: 10 min.",
		"Point de rencontre : à 500 m (0,3 mi) au sud de « old mill ». Délai d'arrivée prévu : 10 min."})
	threeLanguages(t, Content{604, []Slot{Place{0, 0, ""}, Landmark{Name: "old mill"}}}, wording{
		"Meeting point: 0.00000, 0.00000 (MGRS 31N AA 66021 00000). Landmark: near “old mill”.",
		"Punto de reunión: 0.00000, 0.00000 (MGRS 31N AA 66021 00000). Punto de referencia: cerca de “old mill”.",
		"Point de rencontre : 0.00000, 0.00000 (MGRS 31N AA 66021 00000). Point de repère : près de « old mill »."})
}

// TestNewerContents: nothing that a newer phrasebook sends is dropped.
func TestNewerContents(t *testing.T) {
	threeLanguages(t, Content{Code: 8120}, wording{
		"Message code 8120 (not in this phrasebook).",
		"Código de mensaje 8120 (no está en este catálogo de frases).",
		"Code de message 8120 (absent de ce recueil de phrases)."})
	threeLanguages(t, Content{8120, []Slot{Count(2), Text("hola")}}, wording{
		"Message code 8120 (not in this phrasebook): Number of people: 2; Message: “hola”.",
		"Código de mensaje 8120 (no está en este catálogo de frases): Número de personas: 2; Mensaje: “hola”.",
		"Code de message 8120 (absent de ce recueil de phrases) : Nombre de personnes : 2; Message : « hola »."})
	threeLanguages(t, Content{103, []Slot{Direction(77), Weapon(99), Unknown{42, "\x1b["}}}, wording{
		"Requesting backup. Direction of travel: (value 77, not in this phrasebook). " +
			"Weapon: (value 99, not in this phrasebook). Item of type 42 (not in this phrasebook): 0x1b5b.",
		"Solicito refuerzos. Dirección de desplazamiento: (valor 77, no está en este catálogo de frases). " +
			"Arma: (valor 99, no está en este catálogo de frases). Dato de tipo 42 (no está en este catálogo de frases): 0x1b5b.",
		"Je demande des renforts. Direction de déplacement : (valeur 77, absente de ce recueil de phrases). " +
			"Arme : (valeur 99, absente de ce recueil de phrases). Élément de type 42 (absent de ce recueil de phrases) : 0x1b5b."})
	threeLanguages(t, Content{Code: 306}, wording{
		"Stolen vehicle, plate (not given).",
		"Vehículo con reporte de robo, placas (sin dato).",
		"Véhicule volé, plaque (non précisé)."})
}

// TestHostileText puts texts that nobody checked into sentences.
func TestHostileText(t *testing.T) {
	for name, text := range map[string]string{
		"escape sequence":  "\x1b[2J\x1b]0;owned\x07",
		"line ends":        "a\r\nOfficer down.\u2028\u2029\u0085",
		"bidi":             "\u202eevil\u2066\u200f\u061c",
		"invisible":        "\u200b\u2060\ufeff\u00ad\u3164\u2800\U000e0041\ufe0f",
		"invalid UTF-8":    "\xff\xc3(\xed\xa0\x80",
		"very long":        strings.Repeat("A", 100_000),
		"private use":      "\ue000\U000f0000",
		"noncharacter":     "\ufffe\ufdd0\U0001ffff",
		"nothing":          "",
		"marks piled high": "Z" + strings.Repeat("\u0301", 50),
	} {
		for _, l := range Languages() {
			for _, c := range []Content{{Message, []Slot{Text(text)}}, {103, []Slot{Place{0, 0, text}, Unit(text)}}, {8120, []Slot{Plate{text, text}}}} {
				s := c.Sentence(l)
				if !visible(s) || len(s) > 5_000 || strings.Contains(s, strings.Repeat("\u0301", maxMarks+1)) {
					t.Errorf("%s in %v: sentence of %d octets is not inert: %.300q", name, l, len(s), s)
				}
			}
		}
	}
}

// TestWordsStayInTheirQuotes: a text can neither end its quotation nor be
// taken for a placeholder.
func TestWordsStayInTheirQuotes(t *testing.T) {
	c := Content{Message, []Slot{Count(2), Text("ok”. Location: “here {count} {text} «x» %d")}}
	threeLanguages(t, c, wording{
		"Message: “ok\". Location: \"here {count} {text} \"x\" %d”. Number of people: 2.",
		"Mensaje: “ok\". Location: \"here {count} {text} \"x\" %d”. Número de personas: 2.",
		"Message : « ok\". Location: \"here {count} {text} \"x\" %d ». Nombre de personnes : 2."})
}

func TestValues(t *testing.T) {
	for _, tt := range []struct {
		s    Slot
		want wording
	}{
		{Bearing(0), wording{"000° true (north)", "000° verdadero (norte)", "000° vrai (nord)"}},
		{Bearing(22), wording{"022° true (north)", "022° verdadero (norte)", "022° vrai (nord)"}},
		{Bearing(23), wording{"023° true (northeast)", "023° verdadero (noreste)", "023° vrai (nord-est)"}},
		{Bearing(270), wording{"270° true (west)", "270° verdadero (oeste)", "270° vrai (ouest)"}},
		{Bearing(337), wording{"337° true (northwest)", "337° verdadero (noroeste)", "337° vrai (nord-ouest)"}},
		{Bearing(338), wording{"338° true (north)", "338° verdadero (norte)", "338° vrai (nord)"}},
		{Bearing(359), wording{"359° true (north)", "359° verdadero (norte)", "359° vrai (nord)"}},
		{North, wording{"north", "hacia el norte", "vers le nord"}},
		{East, wording{"east", "hacia el este", "vers l'est"}},
		{West, wording{"west", "hacia el oeste", "vers l'ouest"}},
		{Northwest, wording{"northwest", "hacia el noroeste", "vers le nord-ouest"}},
		{AwayFromBorder, wording{"away from the border", "alejándose de la frontera", "en s'éloignant de la frontière"}},
		{Direction(0), wording{"(value 0, not in this phrasebook)", "(valor 0, no está en este catálogo de frases)", "(valeur 0, absente de ce recueil de phrases)"}},
		{Count(1), wording{"1 person", "1 persona", "1 personne"}},
		{Count(9999), wording{"9999 people", "9999 personas", "9999 personnes"}},
		{ETA(0), wording{"less than 1 min", "menos de 1 min", "moins de 1 min"}},
		{ETA(60), wording{"1 h", "1 h", "1 h"}},
		{ETA(95), wording{"1 h 35 min", "1 h 35 min", "1 h 35 min"}},
		{Plate{"7ABC123", ""}, wording{"7ABC123", "7ABC123", "7ABC123"}},
		{Plate{"7ABC123", "US-CA"}, wording{"7ABC123 (CA, United States)", "7ABC123 (CA, Estados Unidos)", "7ABC123 (CA, États-Unis)"}},
		{Plate{"7 ABC", "GT"}, wording{"7 ABC (GT)", "7 ABC (GT)", "7 ABC (GT)"}},
		{Instant{1_772_659_815, 0}, wording{"2026-03-04 21:30:15 UTC", "2026-03-04 21:30:15 UTC", "2026-03-04 21:30:15 UTC"}},
		{Instant{1_772_659_800, 330}, wording{"2026-03-04 21:30 UTC (2026-03-05 03:00 UTC+05:30)",
			"2026-03-04 21:30 UTC (2026-03-05 03:00 UTC+05:30)", "2026-03-04 21:30 UTC (2026-03-05 03:00 UTC+05:30)"}},
		{Instant{0, 0}, wording{"(0)", "(0)", "(0)"}},
		{Landmark{Name: "rail bridge"}, wording{"near “rail bridge”", "cerca de “rail bridge”", "près de « rail bridge »"}},
		{Landmark{"gate", Quantity{2_000, Kilometres}, North}, wording{"1.2 mi (2 km) north of “gate”",
			"a 2 km (1.2 mi) al norte de “gate”", "à 2 km (1,2 mi) au nord de « gate »"}},
		{Landmark{"gate", Quantity{}, East}, wording{"east of “gate”", "al este de “gate”", "à l'est de « gate »"}},
		{Landmark{"gate", Quantity{100_000, Feet}, 0}, wording{"100 ft (30 m) from “gate”", "a 30 m (100 pies) de “gate”",
			"à 30 m (100 pi) de « gate »"}},
		{Landmark{"gate", Quantity{100_000, Metres}, West}, wording{"330 ft (100 m) west of “gate”",
			"a 100 m (330 pies) al oeste de “gate”", "à 100 m (330 pi) à l'ouest de « gate »"}},
		{Landmark{"gate", Quantity{3_000, Miles}, Upstream}, wording{"3 mi (4.8 km) upstream of “gate”",
			"a 4.8 km (3 mi) río arriba de “gate”", "à 4,8 km (3 mi) en amont de « gate »"}},
		{Landmark{"gate", Quantity{}, 99}, wording{"(value 99, not in this phrasebook) from “gate”",
			"(valor 99, no está en este catálogo de frases) de “gate”", "(valeur 99, absente de ce recueil de phrases) de « gate »"}},
		{Vehicle{Pickup, White}, wording{"white pickup truck", "camioneta pickup, color blanco", "camionnette, couleur blanche"}},
		{Vehicle{Car, 0}, wording{"car", "automóvil", "automobile"}},
		{Vehicle{99, DarkColour}, wording{"dark (value 99, not in this phrasebook)",
			"(valor 99, no está en este catálogo de frases), color oscuro",
			"(valeur 99, absente de ce recueil de phrases), couleur foncée"}},
		{Place{-33_856_800, 151_215_300, ""}, wording{"-33.85680, 151.21530 (MGRS 56H LH 34900 52288)",
			"-33.85680, 151.21530 (MGRS 56H LH 34900 52288)", "-33.85680, 151.21530 (MGRS 56H LH 34900 52288)"}},
	} {
		for _, l := range Languages() {
			if got := strings.ReplaceAll(tt.s.show(l), nbsp, " "); got != tt.want.in(l) {
				t.Errorf("%v %v in %v: %s, want %s", tt.s.Kind(), tt.s, l, got, tt.want.in(l))
			}
		}
	}
}

// TestEveryWordDiffers: a missing word of an enumeration would be empty or
// the same as another.
func TestEveryWordDiffers(t *testing.T) {
	for _, l := range Languages() {
		seen := map[string]bool{"": true}
		once := func(what, s string) {
			if seen[s] {
				t.Errorf("%s in %v: %q is empty or not the only one", what, l, s)
			}
			seen[s] = true
		}
		for d := North; d <= lastDirection; d++ {
			once(fmt.Sprint("direction ", uint8(d)), d.show(l))
		}
		for w := WeaponUnidentified; w <= lastWeapon; w++ {
			once(fmt.Sprint("weapon ", uint8(w)), w.show(l))
		}
		for d := North; d <= lastDirection; d++ {
			once(fmt.Sprint("from a landmark, direction ", uint8(d)), d.of(l))
		}
		for v := Car; v <= lastVehicle; v++ {
			once(fmt.Sprint("vehicle ", uint8(v)), "the vehicle "+v.show(l))
		}
		for c := White; c <= lastColour; c++ {
			once(fmt.Sprint("color ", uint8(c)), "the color "+c.show(l))
		}
		for k := KindPlace; k <= lastKind+1; k++ {
			once("label of "+k.String(), k.Label(l)+":")
		}
		once("unreadable", Unreadable(l))
	}
}

func TestAt(t *testing.T) {
	zone := time.FixedZone("", -7*3600)
	got := At(time.Date(2026, 3, 4, 15, 35, 9, 999, zone))
	if want := (Instant{1_772_663_709, -420}); got != want {
		t.Errorf("At = %v, want %v", got, want)
	}
}

// TestUnitsOfTheReadersCountry: the words are the language's, the order of
// units is the country's.
func TestUnitsOfTheReadersCountry(t *testing.T) {
	for l, want := range map[Language]string{
		English:             "Perimeter set. Distance: 0.5 mi (800 m).",
		EnglishCanada:       "Perimeter set. Distance: 800 m (0.5 mi).",
		Spanish:             "Perímetro establecido. Distancia: 800 m (0.5 mi).",
		SpanishUnitedStates: "Perímetro establecido. Distancia: 0.5 mi (800 m).",
		French:              "Périmètre établi. Distance : 800 m (0,5 mi).",
		Language(77):        "Perimeter set. Distance: 0.5 mi (800 m).",
	} {
		got := Content{708, []Slot{Distance{800_000, Metres}}}.Sentence(l)
		if got = strings.ReplaceAll(got, nbsp, " "); got != want {
			t.Errorf("in %v: %s, want %s", l, got, want)
		}
	}
}

func TestTitle(t *testing.T) {
	p, _ := Find(751)
	for l, want := range map[Language]string{
		English: "Unit … on the way, arriving in ….",
		Spanish: "Unidad … en camino, llega en ….",
		French:  "Unité … en route, arrivée dans ….",
	} {
		if got := p.Title(l); got != want {
			t.Errorf("title in %v: %s, want %s", l, got, want)
		}
	}
}

func TestParseLanguage(t *testing.T) {
	for s, want := range map[string]Language{"en": English, "EN-us": English, "en-CA": EnglishCanada, "es": Spanish,
		"es-MX": Spanish, "es-us": SpanishUnitedStates, "fr": French, "fr-CA": French, "FR": French} {
		if got, err := ParseLanguage(s); err != nil || got != want {
			t.Errorf("ParseLanguage(%q) = %v, %v; want %v", s, got, err, want)
		}
	}
	for _, s := range []string{"", "de", "english", "fr-FR", "es_MX", "en\x1b[2J"} {
		if got, err := ParseLanguage(s); err == nil || !visible(err.Error()) {
			t.Errorf("ParseLanguage(%q) = %v, %v; want a printable error", s, got, err)
		}
	}
	for l := English; l <= SpanishUnitedStates; l++ {
		if back, err := ParseLanguage(l.String()); err != nil || back != l {
			t.Errorf("%v does not come back: %v, %v", l, back, err)
		}
	}
	if got := (Content{Code: Received}).Sentence(Language(9)); got != "Message received." {
		t.Errorf("an unknown language reads %q, want English", got)
	}
}
