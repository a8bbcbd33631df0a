package terms

import (
	"fmt"
	"strings"
	"time"

	"crossband/client/phrase"
	"crossband/proto"
)

// words is one expression in English, Spanish and French, in this order. No native
// speaker has reviewed the Spanish and the French ones.
type words [3]string

func (w words) in(l phrase.Language) string {
	switch l {
	case phrase.Spanish, phrase.SpanishUnitedStates:
		return w[1]
	case phrase.French:
		return strings.ReplaceAll(w[2], " :", "\u00a0:")
	}
	return w[0]
}

func (w words) say(l phrase.Language, args ...any) string { return fmt.Sprintf(w.in(l), args...) }

func roleWord(r proto.Role, l phrase.Language) string {
	switch r {
	case proto.RoleUnit:
		return words{"unit", "unidad", "unité"}.in(l)
	case proto.RoleDesk:
		return words{"desk", "mesa de despacho", "poste de répartition"}.in(l)
	case proto.RoleHook:
		return words{"hook", "fuente automática", "source automatique"}.in(l)
	case proto.RoleGateway:
		return words{"gateway", "pasarela", "passerelle"}.in(l)
	case proto.RoleRecorder:
		return words{"recorder", "grabadora", "enregistreur"}.in(l)
	}
	return r.String()
}

func rolesIn(roles []proto.Role, l phrase.Language) string {
	list := make([]string, len(roles))
	for i, r := range roles {
		list[i] = roleWord(r, l)
	}
	return strings.Join(list, ", ")
}

// Priority is a class of the floor or of a hail as people read it.
func Priority(p proto.Priority, l phrase.Language) string {
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
	return words{"none", "ninguna", "aucune"}.in(l)
}

func kindWord(k proto.CharterKind, l phrase.Language) string {
	switch k {
	case proto.KindCalling:
		return words{"calling", "de llamado", "d'appel"}.in(l)
	case proto.KindIncident:
		return words{"incident", "de incidente", "d'incident"}.in(l)
	case proto.KindPatrol:
		return words{"patrol", "de patrulla", "de patrouille"}.in(l)
	}
	return words{"standing", "permanente", "permanent"}.in(l)
}

func storageWords(s proto.Storage, l phrase.Language) string {
	switch s {
	case proto.StorageNone:
		return words{"kept by the sender's relay only", "se guarda solo en el repetidor de quien envía", "conservé par le seul relais de l'expéditeur"}.in(l)
	case proto.StorageSealed:
		return words{"kept sealed by every relay", "se guarda sellado en cada repetidor", "conservé scellé par chaque relais"}.in(l)
	}
	return ""
}

func joined[T ~string](list []T) string {
	texts := make([]string, len(list))
	for i, x := range list {
		texts[i] = string(x)
	}
	return strings.Join(texts, ", ")
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
