package report

import "crossband/crypto/record"

// variant is which of a kind's sentences an entry takes.
type variant string

// The variants. Those of a reply are the names of its states.
const (
	plain      variant = ""
	exercise   variant = "exercise"
	observer   variant = "observer"
	why        variant = "why"
	local      variant = "local"
	away       variant = "away"
	unknown    variant = "unknown"
	unreadable variant = "unreadable"
)

// table has the sentences of a kind of entry, in three languages. No native
// speaker has reviewed the Spanish and the French ones. A kind that is not here
// is said neutrally, by the sentences of no kind.
func table(k record.Kind) map[variant]words {
	switch k {
	case "":
		return map[variant]words{
			unknown: {"{actor}: an entry of the kind {kind}, which this version does not know. {body}", "{actor}: una entrada del tipo {kind}, que esta versión no conoce. {body}",
				"{actor} : une entrée du genre {kind}, inconnu de cette version. {body}"},
			unreadable: {"Line {index} of the log cannot be read.", "La línea {index} del registro no se puede leer.", "La ligne {index} du journal est illisible."},
		}
	case record.KindOpened:
		return map[variant]words{
			plain: {"Incident opened on channel {channel}. Parties: {parties}.", "Incidente abierto en el canal {channel}. Partes: {parties}.",
				"Incident ouvert sur le canal {channel}. Parties : {parties}."},
			exercise: {"EXERCISE opened on channel {channel}. Parties: {parties}.", "SIMULACRO abierto en el canal {channel}. Partes: {parties}.",
				"EXERCICE ouvert sur le canal {channel}. Parties : {parties}."},
		}
	case record.KindHail:
		return one("{actor} called {to} ({urgency}): {said}", "{actor} llamó a {to} ({urgency}): {said}", "{actor} a appelé {to} ({urgency}) : {said}")
	case record.KindReply:
		return replies()
	case record.KindLadderStep:
		return one("The call is not answered yet. Step {step}: {to} is called too.", "El llamado sigue sin respuesta. Paso {step}: se llama también a {to}.",
			"L'appel est encore sans réponse. Étape {step} : {to} est appelé aussi.")
	case record.KindAcknowledged:
		return one("{actor} has taken the call; nobody else is called.", "{actor} tomó el llamado; no se llama a nadie más.", "{actor} a pris l'appel; personne d'autre n'est appelé.")
	case record.KindPage:
		return one("Notice to {hook}, attempt {attempt}: {outcome}{status}.", "Aviso a {hook}, intento {attempt}: {outcome}{status}.", "Avis à {hook}, tentative {attempt} : {outcome}{status}.")
	case record.KindHandover:
		return one("{role} was handed over from {from} to {to}.", "{role} pasó de {from} a {to}.", "{role} est passé de {from} à {to}.")
	case record.KindMerged:
		return one("It is the same as incident {incident}; both records stay.", "Es el mismo que el incidente {incident}; se conservan ambos registros.",
			"C'est le même que l'incident {incident}; les deux dossiers demeurent.")
	case record.KindReArmed:
		return map[variant]words{
			plain: {"Not resolved: the call rings again.", "Sin resolver: el llamado suena de nuevo.", "Non résolu : l'appel sonne de nouveau."},
			why: {"Not resolved: the call rings again. Reason: {reason}.", "Sin resolver: el llamado suena de nuevo. Motivo: {reason}.",
				"Non résolu : l'appel sonne de nouveau. Motif : {reason}."},
		}
	case record.KindClosed:
		return one("{actor} closed the incident: {disposition}.", "{actor} cerró el incidente: {disposition}.", "{actor} a clos l'incident : {disposition}.")
	}
	return channelTable(k)
}

// replies are the sentences of a call's states. There is none of a call that is
// sent: a reply never says so.
func replies() map[variant]words {
	return map[variant]words{
		"Received":  {"Received: the call rings at {actor}. {said}", "Recibido: el llamado suena en {actor}. {said}", "Reçu : l'appel sonne chez {actor}. {said}"},
		"Accepted":  {"{actor} accepted the call. {said}", "{actor} aceptó el llamado. {said}", "{actor} a accepté l'appel. {said}"},
		"Committed": {"{actor} committed help. {said}", "{actor} comprometió apoyo. {said}", "{actor} a engagé de l'aide. {said}"},
		"Declined": {"{actor} declined the call: {reason}. {said}", "{actor} no aceptó el llamado: {reason}. {said}",
			"{actor} a refusé l'appel : {reason}. {said}"},
		"Cancelled": {"{actor} withdrew the call. {said}", "{actor} retiró el llamado. {said}", "{actor} a retiré l'appel. {said}"},
		"Released":  {"{actor} released the help that was committed. {said}", "{actor} liberó el apoyo comprometido. {said}", "{actor} a libéré l'aide engagée. {said}"},
		"Expired":   {"Nobody accepted the call in time. {said}", "Nadie aceptó el llamado a tiempo. {said}", "Personne n'a accepté l'appel à temps. {said}"},
	}
}

// channelTable continues the table with what happens on channels, and to the
// log itself.
func channelTable(k record.Kind) map[variant]words {
	switch k {
	case record.KindJoined:
		return map[variant]words{
			plain: {"{member} joined channel {channel}.", "{member} entró al canal {channel}.", "{member} est entré sur le canal {channel}."},
			observer: {"{member} joined channel {channel} as an observer: it may not send.", "{member} entró al canal {channel} como observador: no puede transmitir.",
				"{member} est entré sur le canal {channel} comme observateur : il ne peut pas émettre."},
		}
	case record.KindLeft:
		return one("{member} left channel {channel}.", "{member} salió del canal {channel}.", "{member} a quitté le canal {channel}.")
	case record.KindRemoved:
		return map[variant]words{
			plain: {"{actor} removed {member} from channel {channel}.", "{actor} sacó a {member} del canal {channel}.", "{actor} a retiré {member} du canal {channel}."},
			why: {"{actor} removed {member} from channel {channel}: {reason}.", "{actor} sacó a {member} del canal {channel}: {reason}.",
				"{actor} a retiré {member} du canal {channel} : {reason}."},
		}
	case record.KindFloorGranted:
		return map[variant]words{
			plain: {"{actor} got the floor on channel {channel} ({urgency}).", "{actor} obtuvo la palabra en el canal {channel} ({urgency}).",
				"{actor} a obtenu la parole sur le canal {channel} ({urgency})."},
			local: {"{actor} got the floor on channel {channel} ({urgency}), on its own side only.", "{actor} obtuvo la palabra en el canal {channel} ({urgency}), solo de su lado.",
				"{actor} a obtenu la parole sur le canal {channel} ({urgency}), de son côté seulement."},
		}
	case record.KindFloorReleased:
		return map[variant]words{
			plain: {"{actor} gave back the floor on channel {channel}.", "{actor} devolvió la palabra en el canal {channel}.", "{actor} a rendu la parole sur le canal {channel}."},
			why: {"{actor} lost the floor on channel {channel}: {reason}.", "{actor} perdió la palabra en el canal {channel}: {reason}.",
				"{actor} a perdu la parole sur le canal {channel} : {reason}."},
		}
	case record.KindFloorLost:
		return one("{by} ({urgency}) took the floor from {actor} on channel {channel}.", "{by} ({urgency}) tomó la palabra de {actor} en el canal {channel}.",
			"{by} ({urgency}) a pris la parole de {actor} sur le canal {channel}.")
	case record.KindFloorDenied:
		return one("{actor} was refused the floor on channel {channel}: {reason}.", "A {actor} se le negó la palabra en el canal {channel}: {reason}.",
			"La parole a été refusée à {actor} sur le canal {channel} : {reason}.")
	case record.KindBurst:
		return one("{actor} spoke for {seconds} s on channel {channel}; what was said is not in the record.", "{actor} habló {seconds} s en el canal {channel}; lo dicho no está en el registro.",
			"{actor} a parlé {seconds} s sur le canal {channel}; ce qui a été dit n'est pas au dossier.")
	case record.KindText:
		return one("{actor} wrote on channel {channel}: {said}", "{actor} escribió en el canal {channel}: {said}", "{actor} a écrit sur le canal {channel} : {said}")
	}
	return logTable(k)
}

func logTable(k record.Kind) map[variant]words {
	switch k {
	case record.KindAgreement:
		return one("Agreement in force: {document}.", "Acuerdo vigente: {document}.", "Accord en vigueur : {document}.")
	case record.KindNotice:
		return one("Notice of a change: {title} ({document}).", "Aviso de un cambio: {title} ({document}).", "Avis d'un changement : {title} ({document}).")
	case record.KindGap:
		return map[variant]words{
			plain: {"The link to {relay} was lost at {lost} and was back at {back}.", "El enlace con {relay} se perdió a las {lost} y volvió a las {back}.",
				"La liaison avec {relay} a été perdue à {lost} et rétablie à {back}."},
			away: {"The link to {relay} was lost at {lost}.", "El enlace con {relay} se perdió a las {lost}.", "La liaison avec {relay} a été perdue à {lost}."},
		}
	case record.KindSplit:
		return one("{relay} was seen to have another view of {what} at {at}.", "Se vio que {relay} tiene otra versión de {what} en {at}.", "On a vu que {relay} a une autre version de {what} à {at}.")
	case record.KindClockSet:
		return one("The relay's clock was set back; it had shown {was}.", "Se atrasó el reloj del repetidor; marcaba {was}.", "L'horloge du relais a été retardée; elle indiquait {was}.")
	}
	return nil
}

func one(english, spanish, french string) map[variant]words {
	return map[variant]words{plain: {english, spanish, french}}
}
