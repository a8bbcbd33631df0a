package proto

// Language is one of the three in which every refusal can be read.
type Language uint8

// The languages; the zero value is English.
const (
	English Language = iota
	Spanish
	French
)

// Sentence returns the reason in one plain sentence without its object. An
// unknown reason has a sentence too, since a newer peer may send one.
func (r Reason) Sentence(l Language) string {
	s, ok := sentence(r)
	if !ok {
		s = [3]string{"refused for a reason that this version does not know", "rechazado por un motivo que esta versión no conoce", "refusé pour un motif inconnu de cette version"}
	}
	if l > French {
		l = English
	}
	return s[l]
}

// Known reports whether this version knows the reason. One that crossed the
// wire may be unknown.
func (r Reason) Known() bool { _, ok := sentence(r); return ok }

// sentence is the table of reasons: English, Spanish, French.
func sentence(r Reason) ([3]string, bool) {
	switch r.class() {
	case 1:
		return identitySentence(r)
	case 2:
		return protocolSentence(r)
	case 3:
		return channelSentence(r)
	case 4:
		return floorSentence(r)
	}
	return otherSentence(r)
}

func (r Reason) class() int { return int(r) / 100 }

func identitySentence(r Reason) (s [3]string, ok bool) {
	switch r {
	case ReasonExpired:
		s = [3]string{"the certificate has expired", "el certificado ha vencido", "le certificat est expiré"}
	case ReasonNotYetValid:
		s = [3]string{"the certificate is not valid yet; compare both clocks", "el certificado aún no es válido; compare ambos relojes", "le certificat n'est pas encore valide; comparez les deux horloges"}
	case ReasonUnknownAuthority:
		s = [3]string{"the certificate comes from an authority that is not pinned here", "el certificado proviene de una autoridad que no está fijada aquí", "le certificat vient d'une autorité qui n'est pas épinglée ici"}
	case ReasonWrongAgency:
		s = [3]string{"this authority may not vouch for that agency", "esta autoridad no puede avalar a esa agencia", "cette autorité ne peut se porter garante de cette agence"}
	case ReasonNoIdentity:
		s = [3]string{"the certificate names no single valid identity", "el certificado no nombra una identidad única y válida", "le certificat ne nomme pas une identité unique et valide"}
	case ReasonWrongUsage:
		s = [3]string{"the certificate is not made for this use", "el certificado no es para este uso", "le certificat n'est pas prévu pour cet usage"}
	case ReasonWeakKey:
		s = [3]string{"the key or its algorithm is not allowed", "la clave o su algoritmo no está permitido", "la clé ou son algorithme n'est pas permis"}
	case ReasonBadCertificate:
		s = [3]string{"the certificate chain is not acceptable", "la cadena de certificados no es aceptable", "la chaîne de certificats n'est pas acceptable"}
	case ReasonRevoked:
		s = [3]string{"the certificate has been revoked by its agency", "el certificado fue revocado por su agencia", "le certificat a été révoqué par son agence"}
	case ReasonUnknownPeer:
		s = [3]string{"no link with this agency is configured here", "aquí no hay enlace configurado con esta agencia", "aucune liaison avec cette agence n'est configurée ici"}
	case ReasonPinChanged:
		s = [3]string{"the agency's root is not the pinned one and no roll-over signed by the old root came with it", "la raíz de la agencia no es la fijada y no vino con un relevo firmado por la anterior", "la racine de l'agence n'est pas celle épinglée et aucun remplacement signé par l'ancienne ne l'accompagne"}
	case ReasonTokenUsed:
		s = [3]string{"the invitation has been used already", "la invitación ya fue usada", "l'invitation a déjà servi"}
	case ReasonTokenExpired:
		s = [3]string{"the invitation has expired", "la invitación ha vencido", "l'invitation est expirée"}
	case ReasonBadProof:
		s = [3]string{"the enrolment does not prove that it holds the invitation", "la inscripción no demuestra que posee la invitación", "l'inscription ne prouve pas qu'elle détient l'invitation"}
	case ReasonReplaced:
		s = [3]string{"a newer link of the same identity took over", "un enlace más nuevo de la misma identidad tomó el relevo", "une liaison plus récente de la même identité a pris le relais"}
	case ReasonNoAuthority:
		s = [3]string{"the agency's authority is not connected to its relay", "la autoridad de la agencia no está conectada a su repetidor", "l'autorité de l'agence n'est pas connectée à son relais"}
	default:
		return s, false
	}
	return s, true
}

func protocolSentence(r Reason) (s [3]string, ok bool) {
	switch r {
	case ReasonVersion:
		s = [3]string{"the two sides have no protocol version in common at or above the floor", "las dos partes no tienen en común una versión del protocolo igual o superior al mínimo", "les deux côtés n'ont aucune version du protocole en commun au-dessus du minimum"}
	case ReasonMalformed:
		s = [3]string{"the message is malformed", "el mensaje está mal formado", "le message est mal formé"}
	case ReasonTooLarge:
		s = [3]string{"the message is larger than its limit", "el mensaje supera su límite", "le message dépasse sa limite"}
	case ReasonUnknown:
		s = [3]string{"the kind of message is unknown here", "aquí se desconoce este tipo de mensaje", "ce type de message est inconnu ici"}
	case ReasonForbidden:
		s = [3]string{"this role may not send this kind of message", "este rol no puede enviar este tipo de mensaje", "ce rôle ne peut pas envoyer ce type de message"}
	case ReasonNotReady:
		s = [3]string{"the message came before both sides had greeted each other", "el mensaje llegó antes de que ambas partes se saludaran", "le message est arrivé avant que les deux côtés se soient salués"}
	case ReasonHops:
		s = [3]string{"the message has passed too many relays", "el mensaje ha pasado por demasiados repetidores", "le message a traversé trop de relais"}
	case ReasonSpokenFor:
		s = [3]string{"a relay may speak only for endpoints of its own agency", "un repetidor solo puede hablar por terminales de su propia agencia", "un relais ne peut parler que pour les terminaux de sa propre agence"}
	case ReasonBadRequest:
		s = [3]string{"the message breaks a rule of the protocol", "el mensaje infringe una regla del protocolo", "le message enfreint une règle du protocole"}
	default:
		return s, false
	}
	return s, true
}

func channelSentence(r Reason) (s [3]string, ok bool) {
	switch r {
	case ReasonNoChannel:
		s = [3]string{"there is no such channel here", "no existe ese canal aquí", "il n'y a pas de tel canal ici"}
	case ReasonNotMember:
		s = [3]string{"not a member of the channel", "no es miembro del canal", "n'est pas membre du canal"}
	case ReasonStaleEpoch:
		s = [3]string{"the channel's membership has moved on; fetch and try again", "la composición del canal ya cambió; actualice e intente de nuevo", "la composition du canal a changé; mettez à jour et réessayez"}
	case ReasonCharter:
		s = [3]string{"the channel's charter does not allow this", "los estatutos del canal no lo permiten", "la charte du canal ne le permet pas"}
	case ReasonBadCommit:
		s = [3]string{"the change of membership is not valid", "el cambio de composición no es válido", "le changement de composition n'est pas valide"}
	case ReasonExists:
		s = [3]string{"the channel exists already", "el canal ya existe", "le canal existe déjà"}
	case ReasonHubAway:
		s = [3]string{"the channel's hub cannot be reached now", "el nodo central del canal no está disponible ahora", "le pivot du canal est injoignable pour l'instant"}
	case ReasonNoRoute:
		s = [3]string{"there is no link towards that agency", "no hay enlace hacia esa agencia", "il n'y a pas de liaison vers cette agence"}
	case ReasonNoPackage:
		s = [3]string{"the endpoint has left no key package", "la terminal no ha dejado paquete de claves", "le terminal n'a laissé aucun paquet de clés"}
	case ReasonBadPackage:
		s = [3]string{"the key package is not acceptable", "el paquete de claves no es aceptable", "le paquet de clés n'est pas acceptable"}
	case ReasonClosed:
		s = [3]string{"the channel's charter has ended", "los estatutos del canal han terminado", "la charte du canal a pris fin"}
	case ReasonListenOnly:
		s = [3]string{"this party may only listen on the channel", "esta parte solo puede escuchar en el canal", "cette partie ne peut qu'écouter sur le canal"}
	case ReasonWeakSuite:
		s = [3]string{"the cipher suite is below the floor for channels between agencies", "la suite criptográfica está por debajo del mínimo entre agencias", "la suite cryptographique est sous le minimum entre agences"}
	case ReasonViewsDiffer:
		s = [3]string{"members do not agree on the channel's membership", "los miembros no coinciden sobre la composición del canal", "les membres ne s'accordent pas sur la composition du canal"}
	case ReasonRolledBack:
		s = [3]string{"this device's state is older than what its relay has seen of it", "el estado de este dispositivo es anterior a lo que su repetidor ya vio de él", "l'état de cet appareil est antérieur à ce que son relais a déjà vu de lui"}
	case ReasonNoAgreement:
		s = [3]string{"no agreement that every agency has signed is held for this", "no hay para esto ningún acuerdo firmado por todas las agencias", "aucun accord signé par toutes les agences n'existe pour cela"}
	case ReasonAgreement:
		s = [3]string{"the agreement between the agencies does not allow this", "el acuerdo entre las agencias no lo permite", "l'accord entre les agences ne le permet pas"}
	case ReasonWithdrawn:
		s = [3]string{"the agreement between the agencies has ended", "el acuerdo entre las agencias ha terminado", "l'accord entre les agences a pris fin"}
	default:
		return s, false
	}
	return s, true
}

func floorSentence(r Reason) (s [3]string, ok bool) {
	switch r {
	case ReasonFloorTaken:
		s = [3]string{"somebody else is talking", "alguien más está hablando", "quelqu'un d'autre parle"}
	case ReasonFloorQueue:
		s = [3]string{"too many are waiting to talk", "demasiados esperan para hablar", "trop de monde attend pour parler"}
	case ReasonPreempted:
		s = [3]string{"a call of higher priority took the floor", "una llamada de mayor prioridad tomó la palabra", "un appel plus prioritaire a pris la parole"}
	case ReasonTalkLimit:
		s = [3]string{"the talk limit is reached", "se alcanzó el límite de conversación", "la limite de parole est atteinte"}
	case ReasonSilence:
		s = [3]string{"no voice came from the talker", "no llegó voz de quien hablaba", "aucune voix n'est venue du locuteur"}
	case ReasonPriority:
		s = [3]string{"this party may not use that priority", "esta parte no puede usar esa prioridad", "cette partie ne peut pas utiliser cette priorité"}
	case ReasonNotHolder:
		s = [3]string{"the floor is not held by the sender", "el emisor no tiene la palabra", "l'émetteur n'a pas la parole"}
	case ReasonQueueExpired:
		s = [3]string{"waited too long for the floor", "esperó demasiado por la palabra", "attente trop longue de la parole"}
	default:
		return s, false
	}
	return s, true
}

func otherSentence(r Reason) (s [3]string, ok bool) {
	switch r {
	case ReasonConflict:
		s = [3]string{"the same identifier was used before with other content", "el mismo identificador ya se usó con otro contenido", "le même identifiant a déjà servi avec un autre contenu"}
	case ReasonHailState:
		s = [3]string{"the hail cannot go to that state from where it stands", "la llamada no puede pasar a ese estado desde el actual", "l'appel ne peut passer à cet état depuis l'actuel"}
	case ReasonNoHail:
		s = [3]string{"there is no such hail", "no existe esa llamada", "il n'y a pas de tel appel"}
	case ReasonHailTo:
		s = [3]string{"the addressee is not on this calling channel", "el destinatario no está en este canal de llamada", "le destinataire n'est pas sur ce canal d'appel"}
	case ReasonNoMeans:
		s = [3]string{"no unit is available", "no hay unidades disponibles", "aucune unité n'est disponible"}
	case ReasonStandDown:
		s = [3]string{"help is no longer needed", "ya no se necesita ayuda", "l'aide n'est plus nécessaire"}
	case ReasonRetention:
		s = [3]string{"the message expired before everybody had it", "el mensaje caducó antes de que todos lo tuvieran", "le message a expiré avant que tous l'aient reçu"}
	case ReasonLost:
		s = [3]string{"the stored message is damaged", "el mensaje almacenado está dañado", "le message conservé est endommagé"}
	case ReasonNotice:
		s = [3]string{"this change notice, or the answer to it, does not stand", "este aviso de cambio, o la respuesta a él, no tiene validez", "cet avis de changement, ou la réponse à celui-ci, n'est pas valable"}
	case ReasonNoRecord:
		s = [3]string{"this relay has no record of that incident", "este repetidor no tiene registro de ese incidente", "ce relais n'a pas de dossier de cet incident"}
	default:
		return escalationSentence(r)
	}
	return s, true
}

func escalationSentence(r Reason) (s [3]string, ok bool) {
	switch r {
	case ReasonTaken:
		s = [3]string{"somebody else has accepted the hail", "alguien más ya aceptó la llamada", "quelqu'un d'autre a déjà accepté l'appel"}
	case ReasonExercise:
		s = [3]string{"exercise and actual do not mix; an exercise pages no hook", "un ejercicio y un hecho real no se mezclan; un ejercicio no avisa a sistemas", "un exercice et un fait réel ne se mêlent pas; un exercice n'avise aucun système"}
	case ReasonIncident:
		s = [3]string{"there is no such incident, or it does not allow this now", "no existe ese incidente, o ahora no permite esto", "il n'y a pas de tel incident, ou il ne permet pas cela maintenant"}
	case ReasonOffDuty:
		s = [3]string{"nobody is on duty at that desk", "nadie está de guardia en ese puesto", "personne n'est de service à ce poste"}
	case ReasonLadder:
		s = [3]string{"the ladder of the hail was not kept", "no se respetó la escalera de la llamada", "l'échelle de l'appel n'a pas été respectée"}
	case ReasonNoPage:
		s = [3]string{"the page could not be delivered", "no se pudo entregar el aviso", "l'avis n'a pas pu être remis"}
	case ReasonNoTarget:
		s = [3]string{"nothing is set up there to receive pages", "allí no hay nada configurado para recibir avisos", "rien n'y est configuré pour recevoir des avis"}
	default:
		return limitSentence(r)
	}
	return s, true
}

func limitSentence(r Reason) (s [3]string, ok bool) {
	switch r {
	case ReasonFull:
		s = [3]string{"the relay has no room left for this", "el repetidor no tiene espacio para esto", "le relais n'a plus de place pour cela"}
	case ReasonQuota:
		s = [3]string{"the sender's quota is used up", "se agotó la cuota del emisor", "le quota de l'émetteur est épuisé"}
	case ReasonSlow:
		s = [3]string{"the receiver does not keep up", "el receptor no da abasto", "le récepteur ne suit pas"}
	case ReasonInternal:
		s = [3]string{"an internal fault; see the relay's log", "una falla interna; vea el registro del repetidor", "une défaillance interne; voir le journal du relais"}
	case ReasonClosing:
		s = [3]string{"the relay is shutting down", "el repetidor se está apagando", "le relais s'arrête"}
	case ReasonStore:
		s = [3]string{"the relay cannot store now", "el repetidor no puede guardar ahora", "le relais ne peut pas enregistrer pour l'instant"}
	default:
		return s, false
	}
	return s, true
}
