package report

import (
	"fmt"
	"strings"
	"time"

	"crossband/client/phrase"
	"crossband/proto"
)

// words is one expression in English, Spanish and French, in this order.
type words [3]string

func (w words) in(l phrase.Language) string {
	switch l {
	case phrase.Spanish, phrase.SpanishUnitedStates:
		return w[1]
	case phrase.French:
		return strings.ReplaceAll(w[2], " :", nbsp+":")
	}
	return w[0]
}

// nbsp keeps French punctuation on the line of its word.
const nbsp = "\u00a0"

// fill puts values into a sentence's {places}. Values are not scanned for places;
// a last place may stay empty.
func fill(sentence string, values map[string]string) string {
	var pairs []string
	for k, v := range values {
		pairs = append(pairs, "{"+k+"}", v)
	}
	return strings.TrimRight(strings.NewReplacer(pairs...).Replace(sentence), " ")
}

// reasons are worded in the same three languages.
func reason(r proto.Reason, l phrase.Language) string {
	language := map[string]proto.Language{"es": proto.Spanish, "fr": proto.French}[words{"en", "es", "fr"}.in(l)]
	return r.Sentence(language)
}

func urgency(p proto.Priority, l phrase.Language) string {
	switch p {
	case proto.PriorityRoutine:
		return words{"routine", "rutina", "routine"}.in(l)
	case proto.PriorityUrgent:
		return words{"urgent", "urgente", "urgent"}.in(l)
	case proto.PrioritySupervisor:
		return words{"supervisor", "supervisor", "superviseur"}.in(l)
	case proto.PriorityImminentPeril:
		return words{"imminent peril", "peligro inminente", "péril imminent"}.in(l)
	case proto.PriorityEmergency:
		return words{"emergency", "emergencia", "urgence absolue"}.in(l)
	}
	return fmt.Sprint(uint8(p))
}

func role(r proto.Role, l phrase.Language) string {
	switch r {
	case proto.RoleUnit:
		return words{"Field unit", "Unidad de campo", "Unité de terrain"}.in(l)
	case proto.RoleDesk:
		return words{"Dispatch desk", "Central de despacho", "Poste de répartition"}.in(l)
	case proto.RoleHook:
		return words{"Automated source", "Fuente automática", "Source automatique"}.in(l)
	case proto.RoleGateway:
		return words{"Gateway: encryption ends here", "Pasarela: aquí termina el cifrado", "Passerelle : le chiffrement s'arrête ici"}.in(l)
	case proto.RoleRecorder:
		return words{"Recorder", "Grabadora", "Enregistreur"}.in(l)
	case proto.RoleRelay:
		return words{"Relay", "Repetidor", "Relais"}.in(l)
	}
	return r.String()
}

// shown is a name as people read it.
func shown(n proto.Name) string { return n.Short() + "@" + string(n.Agency) }

func sealedWord(l phrase.Language) string { return words{"(sealed)", "(sellado)", "(scellé)"}.in(l) }

func falseWord(l phrase.Language) string {
	return words{
		"(sealed; what the file gives for it is not what was said)",
		"(sellado; lo que el archivo presenta no es lo que se dijo)",
		"(scellé; ce que le fichier présente n'est pas ce qui a été dit)",
	}.in(l)
}

func exerciseWord(l phrase.Language) string {
	return words{"EXERCISE", "SIMULACRO", "EXERCICE"}.in(l)
}

// stamp is a time in UTC with hundredths of a second.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05.00") + " UTC" }
