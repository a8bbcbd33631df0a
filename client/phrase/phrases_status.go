package phrase

// status is the chapter of where things stand.
func status() []Phrase {
	return []Phrase{
		{701, "on-scene", 0, count, wording{
			"On scene.",
			"En el lugar.",
			"Sur les lieux."}},
		{702, "visual-contact", 0, subject | vehicle | velocity, wording{
			"We have visual contact.",
			"Tenemos contacto visual.",
			"Nous avons un contact visuel."}},
		{703, "visual-lost", 0, subject | vehicle | velocity, wording{
			"Visual contact lost.",
			"Contacto visual perdido.",
			"Contact visuel perdu."}},
		{704, "subject-at", bearing | distance, direction | count | vehicle | velocity, wording{
			"Subject at {distance}, bearing {bearing}.",
			"Sujeto a {distance}, rumbo {bearing}.",
			"Sujet à {distance}, relèvement {bearing}."}},
		{705, "in-custody", count, vehicle, wording{
			"In custody: {count}.",
			"Bajo custodia: {count}.",
			"Sous garde : {count}."}},
		{706, "group-turned-back", 0, direction | count, wording{
			"The group turned back.",
			"El grupo dio vuelta atrás.",
			"Le groupe a rebroussé chemin."}},
		{707, "roadblock-in-place", 0, direction, wording{
			"Roadblock in place.",
			"Retén instalado.",
			"Barrage routier en place."}},
		{708, "perimeter-set", 0, distance, wording{
			"Perimeter set.",
			"Perímetro establecido.",
			"Périmètre établi."}},
		{709, "under-control", 0, count, wording{
			"Situation under control.",
			"Situación bajo control.",
			"Situation maîtrisée."}},
		{710, "all-clear", 0, 0, wording{
			"All clear.",
			"Todo despejado.",
			"Fin d'alerte."}},
		{711, "false-alarm", 0, 0, wording{
			"False alarm.",
			"Falsa alarma.",
			"Fausse alerte."}},
		{712, "my-position", place, direction, wording{
			"My position: {place}.",
			"Mi posición: {place}.",
			"Ma position : {place}."}},
	}
}

// movements continues the status with units on the move and orders to them.
func movements() []Phrase {
	return []Phrase{
		{750, "units-on-the-way", eta, direction | count, wording{
			"Units on the way, arriving in {eta}.",
			"Unidades en camino, llegan en {eta}.",
			"Unités en route, arrivée dans {eta}."}},
		{751, "unit-on-the-way", unit | eta, direction | count, wording{
			"Unit {unit} on the way, arriving in {eta}.",
			"Unidad {unit} en camino, llega en {eta}.",
			"Unité {unit} en route, arrivée dans {eta}."}},
		{752, "ambulance-on-the-way", eta, 0, wording{
			"Ambulance on the way, arriving in {eta}.",
			"Ambulancia en camino, llega en {eta}.",
			"Ambulance en route, arrivée dans {eta}."}},
		{753, "delayed", eta, 0, wording{
			"Delayed, now arriving in {eta}.",
			"Con retraso, llegamos en {eta}.",
			"En retard, arrivée dans {eta}."}},
		{754, "hold-position", 0, 0, wording{
			"Hold your position.",
			"Mantengan su posición.",
			"Maintenez votre position."}},
		{755, "proceed", 0, direction, wording{
			"Proceed.",
			"Procedan.",
			"Allez-y."}},
		{756, "stay-on-your-side", 0, 0, wording{
			"Stay on your side of the border.",
			"Permanezcan de su lado de la frontera.",
			"Restez de votre côté de la frontière."}},
		{757, "stand-down", 0, 0, wording{
			"Stand down. No further help needed.",
			"Pueden retirarse. Ya no se requiere apoyo.",
			"Vous pouvez vous retirer. Aucune autre aide requise."}},
		{758, "leaving-scene", 0, direction, wording{
			"Leaving the scene.",
			"Nos retiramos del lugar.",
			"Nous quittons les lieux."}},
		{759, "hold-fire", 0, subject, wording{
			"Hold your fire. Our officers are in the area.",
			"No disparen. Nuestros agentes están en el área.",
			"Ne tirez pas. Nos agents sont dans le secteur."}},
	}
}
