package terms

import (
	"strings"
	"time"

	"crossband/client/phrase"
	"crossband/proto"
)

func rolesIn(roles []proto.Role, l phrase.Language) string {
	list := make([]string, len(roles))
	for i, r := range roles {
		list[i] = r.In(reasonsIn(l))
	}
	return strings.Join(list, ", ")
}

// reasonsIn is the language in which the vocabulary's own words are.
func reasonsIn(l phrase.Language) proto.Language {
	switch l {
	case phrase.Spanish, phrase.SpanishUnitedStates:
		return proto.Spanish
	case phrase.French:
		return proto.French
	}
	return proto.English
}

func storageWords(s proto.Storage, l phrase.Language) string {
	switch s {
	case proto.StorageNone:
		return phrase.Wording{"kept by the sender's relay only", "se guarda solo en el repetidor de quien envía", "conservé par le seul relais de l'expéditeur"}.In(l)
	case proto.StorageSealed:
		return phrase.Wording{"kept sealed by every relay", "se guarda sellado en cada repetidor", "conservé scellé par chaque relais"}.In(l)
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
