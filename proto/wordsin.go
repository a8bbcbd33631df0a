package proto

// in picks the expression of a language; an unknown one reads as English.
func (l Language) in(words [3]string) string {
	if l > French {
		l = English
	}
	return words[l]
}

// In is the role as people read it in a language; in English as String writes it.
func (r Role) In(l Language) string {
	switch r {
	case RoleUnit:
		return l.in([3]string{"unit", "unidad", "unité"})
	case RoleDesk:
		return l.in([3]string{"desk", "mesa de despacho", "poste de répartition"})
	case RoleHook:
		return l.in([3]string{"hook", "fuente automática", "source automatique"})
	case RoleGateway:
		return l.in([3]string{"gateway", "pasarela", "passerelle"})
	case RoleRecorder:
		return l.in([3]string{"recorder", "grabadora", "enregistreur"})
	case RoleRelay:
		return l.in([3]string{"relay", "repetidor", "relais"})
	}
	return r.String()
}

// In is the class as people read it in a language; in English as String writes it.
func (p Priority) In(l Language) string {
	switch p {
	case PriorityRoutine:
		return l.in([3]string{"routine", "rutina", "routine"})
	case PriorityUrgent:
		return l.in([3]string{"urgent", "urgente", "urgent"})
	case PrioritySupervisor:
		return l.in([3]string{"supervisor", "supervisor", "superviseur"})
	case PriorityImminentPeril:
		return l.in([3]string{"imminent peril", "peligro inminente", "péril imminent"})
	case PriorityEmergency:
		return l.in([3]string{"emergency", "emergencia", "urgence absolue"})
	}
	return l.in([3]string{"none", "ninguna", "aucune"})
}

// In is the kind of channel as people read it in a language; in English as String
// writes it.
func (k CharterKind) In(l Language) string {
	switch k {
	case KindCalling:
		return l.in([3]string{"calling", "de llamado", "d'appel"})
	case KindIncident:
		return l.in([3]string{"incident", "de incidente", "d'incident"})
	case KindPatrol:
		return l.in([3]string{"patrol", "de patrulla", "de patrouille"})
	}
	return l.in([3]string{"standing", "permanente", "permanent"})
}

// In is the act as a verb in a language; in English as String writes it.
func (a May) In(l Language) string {
	switch a {
	case MayListen:
		return l.in([3]string{"listen", "escuchar", "écouter"})
	case MaySpeak:
		return l.in([3]string{"speak", "hablar", "parler"})
	case MayHail:
		return l.in([3]string{"hail", "llamar", "appeler"})
	case MayOpen:
		return l.in([3]string{"open", "abrir", "ouvrir"})
	}
	return l.in([3]string{"nothing", "nada", "rien"})
}
