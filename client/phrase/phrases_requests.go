package phrase

// requests is the chapter of what one agency asks of another.
func requests() []Phrase {
	return []Phrase{
		{601, "handover-request", place | count, eta, wording{
			"Requesting handover of {count}. Place: {place}.",
			"Solicito la entrega de {count}. Lugar: {place}.",
			"Je demande la remise de {count}. Lieu : {place}."}},
		{602, "handover-ready", count, 0, wording{
			"Ready to hand over {count}.",
			"Listos para entregar a {count}.",
			"Prêts à remettre {count}."}},
		{603, "handover-complete", count, 0, wording{
			"Handover of {count} complete.",
			"Entrega de {count} concluida.",
			"Remise de {count} terminée."}},
		{604, "meet-at", place, eta, wording{
			"Meeting point: {place}.",
			"Punto de reunión: {place}.",
			"Point de rencontre : {place}."}},
		{605, "meet-at-time", place | instant, 0, wording{
			"Meeting point: {place}; time: {time}.",
			"Punto de reunión: {place}; hora: {time}.",
			"Point de rencontre : {place}; heure : {time}."}},
		{606, "need-interpreter", 0, count, wording{
			"Interpreter needed.",
			"Se requiere intérprete.",
			"Interprète requis."}},
		{607, "roadblock-request", place, direction | vehicle, wording{
			"Requesting a roadblock. Place: {place}.",
			"Solicito instalar un retén. Lugar: {place}.",
			"Je demande un barrage routier. Lieu : {place}."}},
		{608, "watch-area", place, subject | vehicle, wording{
			"Please watch this area: {place}.",
			"Favor de vigilar esta área: {place}.",
			"Veuillez surveiller ce secteur : {place}."}},
		{609, "intercept-request", direction, bearing | distance | count | vehicle | weapon | eta | velocity, wording{
			"Requesting an intercept. Subject moving {direction}.",
			"Solicito interceptar. El sujeto se desplaza {direction}.",
			"Je demande une interception. Le sujet se déplace {direction}."}},
		{610, "request-air-support", 0, subject, wording{
			"Requesting air support.",
			"Solicito apoyo aéreo.",
			"Je demande un appui aérien."}},
		{611, "request-dog-team", 0, 0, wording{
			"Requesting a dog team.",
			"Solicito un binomio canino.",
			"Je demande une équipe cynophile."}},
		{612, "request-supervisor", 0, 0, wording{
			"Supervisor needed.",
			"Se requiere un supervisor.",
			"Superviseur requis."}},
		{613, "call-by-telephone", 0, 0, wording{
			"Please call by telephone.",
			"Favor de llamar por teléfono.",
			"Veuillez appeler par téléphone."}},
	}
}

// crossings continues the requests with ports of entry and with officers of one
// side near or on the other.
func crossings() []Phrase {
	return []Phrase{
		{650, "crossing-suspended", 0, direction, wording{
			"Crossing suspended.",
			"Cruce suspendido.",
			"Passage frontalier suspendu."}},
		{651, "crossing-suspended-until", instant, direction, wording{
			"Crossing suspended until {time}.",
			"Cruce suspendido hasta el {time}.",
			"Passage frontalier suspendu jusqu'au {time}."}},
		{652, "crossing-reopened", 0, direction, wording{
			"Crossing reopened.",
			"Cruce reabierto.",
			"Passage frontalier rouvert."}},
		{653, "request-to-cross", 0, count | vehicle | eta, wording{
			"Requesting permission to cross.",
			"Solicito autorización para cruzar.",
			"Je demande l'autorisation de traverser."}},
		{654, "officers-near-border", 0, subject | vehicle, wording{
			"Our officers are working next to the border.",
			"Nuestros agentes trabajan junto a la frontera.",
			"Nos agents travaillent à proximité de la frontière."}},
		{655, "crossed-by-mistake", 0, subject | vehicle, wording{
			"Our officers crossed the border by mistake and are returning.",
			"Nuestros agentes cruzaron la frontera por error y están regresando.",
			"Nos agents ont franchi la frontière par erreur et reviennent."}},
	}
}
