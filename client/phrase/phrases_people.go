package phrase

// people is the chapter of persons in need of help.
func people() []Phrase {
	return []Phrase{
		{201, "medical-emergency", 0, count, wording{
			"Medical emergency. Ambulance needed.",
			"Emergencia médica. Se requiere ambulancia.",
			"Urgence médicale. Ambulance requise."}},
		{202, "injured", count, 0, wording{
			"Injured: {count}. Medical help needed.",
			"Lesionados: {count}. Se requiere atención médica.",
			"Blessés : {count}. Soins médicaux requis."}},
		{203, "air-evacuation", 0, count, wording{
			"Requesting medical evacuation by air.",
			"Solicito evacuación médica aérea.",
			"Je demande une évacuation médicale par voie aérienne."}},
		{204, "persons-in-river", 0, subject, wording{
			"People in the river.",
			"Personas en el río.",
			"Personnes dans la rivière."}},
		{205, "drowning", 0, subject, wording{
			"Person drowning. Water rescue needed.",
			"Persona ahogándose. Se requiere rescate acuático.",
			"Personne en train de se noyer. Sauvetage nautique requis."}},
		{206, "boat-in-distress", 0, subject, wording{
			"Boat in distress.",
			"Embarcación en peligro.",
			"Embarcation en détresse."}},
		{207, "missing-child", 0, direction | count | vehicle, wording{
			"Missing child.",
			"Menor desaparecido.",
			"Enfant porté disparu."}},
		{208, "missing-person", 0, direction | count | vehicle, wording{
			"Missing person.",
			"Persona desaparecida.",
			"Personne portée disparue."}},
		{209, "child-found", 0, count, wording{
			"Missing child found safe.",
			"Localizamos a salvo al menor desaparecido.",
			"Enfant disparu retrouvé sain et sauf."}},
		{210, "unaccompanied-minors", count, direction, wording{
			"Unaccompanied minors: {count}.",
			"Menores no acompañados: {count}.",
			"Mineurs non accompagnés : {count}."}},
		{211, "exposure", 0, subject, wording{
			"People in distress from heat or cold.",
			"Personas en peligro por calor o frío.",
			"Personnes en détresse à cause de la chaleur ou du froid."}},
		{212, "locked-in-vehicle", 0, count | vehicle, wording{
			"People locked in a vehicle or trailer.",
			"Personas encerradas en un vehículo o remolque.",
			"Personnes enfermées dans un véhicule ou une remorque."}},
		{213, "deceased-found", 0, count, wording{
			"Deceased person found.",
			"Se localizó a una persona sin vida.",
			"Découverte d'une personne décédée."}},
		{214, "abduction", 0, subject | vehicle, wording{
			"Abduction reported.",
			"Se reporta un secuestro.",
			"Enlèvement signalé."}},
		{215, "trafficking-suspected", 0, direction | count | vehicle, wording{
			"Suspected human trafficking.",
			"Posible trata de personas.",
			"Traite de personnes soupçonnée."}},
		{216, "search-and-rescue", 0, subject, wording{
			"Requesting search and rescue.",
			"Solicito búsqueda y rescate.",
			"Je demande une équipe de recherche et sauvetage."}},
	}
}
