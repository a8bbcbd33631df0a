package handheld

import "crossband/client/phrase"

// words are the terminal's own words in one language. What the View says is worded
// where it is made.
type words struct {
	up, down, since, expelled                                          string
	secure, unconfirmed, differ, none                                  string
	nobody, talks, mine, asked, queued, left, denied                   string
	channels, calls, texts, outbox, late, observer, gateway, encEnds   string
	exercise, hubAway, listenOnly, notJoined                           string
	accept, commit, decline                                            string
	say, release, next, call, text, recall, position, test, mute, quit string
	emergency, emergencyAgain, muted, noSound, help                    string
	toWhom, what, sure, send, cancel, slot, write, where, noDesks      string
	sent, waits, done, missed, noMissed, parrotSay, fixNone, fixAge    string
	keyAge, members, forged, terminalSmall, hold, toggle, strained     string
	states                                                             map[string]string // of a text of ours
	priorities                                                         map[string]string
}

// wordsFor are the words in a language.
func wordsFor(l phrase.Language) words {
	switch l {
	case phrase.Spanish, phrase.SpanishUnitedStates:
		return spanish()
	case phrase.French:
		return french()
	}
	return english()
}

func english() words {
	return words{
		up: "relay up", down: "NO LINK", since: "since %s", expelled: "THIS DEVICE HAS BEEN TAKEN OUT: %s",
		secure: "SECURE", unconfirmed: "UNCONFIRMED", differ: "VIEWS DIFFER", none: "NOT SECURE",
		nobody: "nobody talks", talks: "%s talks (%s)", mine: "ON AIR: YOU TALK", asked: "asking for the floor", queued: "you wait, place %d", left: "%d s left", denied: "not on air: %s",
		channels: "Channels", calls: "Calls", texts: "Texts", outbox: "Outbox: %d waiting, oldest %s", late: "LATE", observer: "observer", gateway: "gateway", encEnds: "ENCRYPTION ENDS AT A GATEWAY",
		exercise: "EXERCISE", hubAway: "hub away: local talk only", listenOnly: "listen only: you may not talk here", notJoined: "not joined",
		accept: "accept", commit: "commit help", decline: "decline",
		say: "talk", release: "stop talking", next: "channel", call: "hail", text: "text", recall: "missed", position: "position", test: "sound test", mute: "mute", quit: "quit",
		emergency: "EMERGENCY", emergencyAgain: "EMERGENCY: press ctrl+e again within 3 s", muted: "MUTED", noSound: "No sound server answers. Start PipeWire or PulseAudio, or set PULSE_SERVER. Texts and hails work; crossband talk and listen use files.", help: "help",
		toWhom: "Hail whom?", what: "Say what? (type to search)", sure: "Send this hail?", send: "enter: send", cancel: "esc: cancel", slot: "%s: %s", write: "Text to %s", where: "Where are you? LAT,LON or MGRS", noDesks: "No desk can be hailed from here.",
		sent: "sent", waits: "waits in the outbox", done: "done", missed: "%d missed", noMissed: "Nothing was missed.", parrotSay: "Speak now: 3 seconds, then you hear yourself.", fixNone: "position not known", fixAge: "position %s old",
		keyAge: "keys %s old", members: "%d members", forged: "WARNING: FRAMES WERE NOT SIGNED BY THE SPEAKER", terminalSmall: "Make the window larger: 60 by 16 at least.", hold: "hold space", toggle: "space on and off", strained: "bit rate lowered: listeners on a weak link",
		states:     map[string]string{"waiting": "waiting", "kept": "at relay", "logged": "logged", "delivered": "delivered", "read": "read", "failed": "FAILED"},
		priorities: map[string]string{"routine": "routine", "urgent": "urgent", "supervisor": "supervisor", "imminent peril": "imminent peril", "emergency": "EMERGENCY"},
	}
}

func spanish() words {
	return words{
		up: "repetidor conectado", down: "SIN ENLACE", since: "desde %s", expelled: "ESTE EQUIPO FUE DADO DE BAJA: %s",
		secure: "SEGURO", unconfirmed: "SIN CONFIRMAR", differ: "VISTAS DISTINTAS", none: "NO SEGURO",
		nobody: "nadie habla", talks: "habla %s (%s)", mine: "AL AIRE: USTED HABLA", asked: "pidiendo la palabra", queued: "usted espera, lugar %d", left: "quedan %d s", denied: "no está al aire: %s",
		channels: "Canales", calls: "Llamadas", texts: "Mensajes", outbox: "Salida: %d en espera, el más antiguo %s", late: "TARDE", observer: "observador", gateway: "pasarela", encEnds: "EL CIFRADO TERMINA EN UNA PASARELA",
		exercise: "EJERCICIO", hubAway: "repetidor central ausente: solo habla local", listenOnly: "solo escucha: no puede hablar aquí", notJoined: "sin unirse",
		accept: "aceptar", commit: "comprometer ayuda", decline: "rechazar",
		say: "hablar", release: "dejar de hablar", next: "canal", call: "llamar", text: "mensaje", recall: "perdidos", position: "posición", test: "prueba de sonido", mute: "silenciar", quit: "salir",
		emergency: "EMERGENCIA", emergencyAgain: "EMERGENCIA: oprima ctrl+e otra vez antes de 3 s", muted: "SILENCIADO", noSound: "No responde ningún servidor de sonido. Inicie PipeWire o PulseAudio, o defina PULSE_SERVER. Los mensajes y las llamadas funcionan; crossband talk y listen usan archivos.", help: "ayuda",
		toWhom: "¿A quién llama?", what: "¿Qué dice? (escriba para buscar)", sure: "¿Enviar esta llamada?", send: "entrar: enviar", cancel: "esc: cancelar", slot: "%s: %s", write: "Mensaje a %s", where: "¿Dónde está? LAT,LON o MGRS", noDesks: "Desde aquí no se puede llamar a ningún puesto.",
		sent: "enviado", waits: "espera en la salida", done: "hecho", missed: "%d perdidos", noMissed: "No se perdió nada.", parrotSay: "Hable ahora: 3 segundos; luego se oye a sí mismo.", fixNone: "posición desconocida", fixAge: "posición de hace %s",
		keyAge: "claves de hace %s", members: "%d miembros", forged: "AVISO: HUBO VOZ SIN FIRMA DE QUIEN HABLA", terminalSmall: "Agrande la ventana: al menos 60 por 16.", hold: "mantenga la barra espaciadora", toggle: "barra espaciadora: sí y no", strained: "menos bits: hay oyentes con un enlace débil",
		states:     map[string]string{"waiting": "en espera", "kept": "en el repetidor", "logged": "registrado", "delivered": "entregado", "read": "leído", "failed": "FALLÓ"},
		priorities: map[string]string{"routine": "rutina", "urgent": "urgente", "supervisor": "supervisor", "imminent peril": "peligro inminente", "emergency": "EMERGENCIA"},
	}
}

func french() words {
	return words{
		up: "relais joint", down: "AUCUNE LIAISON", since: "depuis %s", expelled: "CET APPAREIL A ÉTÉ EXCLU : %s",
		secure: "SÛR", unconfirmed: "NON CONFIRMÉ", differ: "VUES DIFFÉRENTES", none: "NON SÛR",
		nobody: "personne ne parle", talks: "%s parle (%s)", mine: "EN ONDES : VOUS PARLEZ", asked: "demande de parole", queued: "vous attendez, place %d", left: "reste %d s", denied: "pas en ondes : %s",
		channels: "Canaux", calls: "Appels", texts: "Messages", outbox: "Envoi : %d en attente, le plus ancien %s", late: "EN RETARD", observer: "observateur", gateway: "passerelle", encEnds: "LE CHIFFREMENT S’ARRÊTE À UNE PASSERELLE",
		exercise: "EXERCICE", hubAway: "relais central absent : parole locale seulement", listenOnly: "écoute seulement : vous ne pouvez pas parler ici", notJoined: "non joint",
		accept: "accepter", commit: "engager l’aide", decline: "refuser",
		say: "parler", release: "cesser de parler", next: "canal", call: "appeler", text: "message", recall: "manqués", position: "position", test: "essai du son", mute: "muet", quit: "quitter",
		emergency: "URGENCE", emergencyAgain: "URGENCE : appuyez encore sur ctrl+e d’ici 3 s", muted: "MUET", noSound: "Aucun serveur de son ne répond. Lancez PipeWire ou PulseAudio, ou définissez PULSE_SERVER. Messages et appels fonctionnent; crossband talk et listen utilisent des fichiers.", help: "aide",
		toWhom: "Appeler qui?", what: "Que dire? (tapez pour chercher)", sure: "Envoyer cet appel?", send: "entrée : envoyer", cancel: "échap : annuler", slot: "%s : %s", write: "Message à %s", where: "Où êtes-vous? LAT,LON ou MGRS", noDesks: "Aucun poste ne peut être appelé d’ici.",
		sent: "envoyé", waits: "attend dans l’envoi", done: "fait", missed: "%d manqués", noMissed: "Rien n’a été manqué.", parrotSay: "Parlez maintenant : 3 secondes, puis vous vous entendez.", fixNone: "position inconnue", fixAge: "position d’il y a %s",
		keyAge: "clés d’il y a %s", members: "%d membres", forged: "ATTENTION : VOIX NON SIGNÉE PAR CELUI QUI PARLE", terminalSmall: "Agrandissez la fenêtre : au moins 60 sur 16.", hold: "tenez la barre d’espace", toggle: "barre d’espace : oui et non", strained: "débit réduit : auditeurs sur une liaison faible",
		states:     map[string]string{"waiting": "en attente", "kept": "au relais", "logged": "inscrit", "delivered": "remis", "read": "lu", "failed": "ÉCHEC"},
		priorities: map[string]string{"routine": "courant", "urgent": "urgent", "supervisor": "superviseur", "imminent peril": "péril imminent", "emergency": "URGENCE"},
	}
}
