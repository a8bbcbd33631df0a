package phrase

// officerSafety is the chapter of danger to officers. A call for help requires no
// slot: it must not wait for a place or a number.
func officerSafety() []Phrase {
	return []Phrase{
		{101, "officer-down", 0, subject | weapon, wording{
			"Officer down. Send help immediately.",
			"Agente caído. Envíen ayuda de inmediato.",
			"Agent à terre. Envoyez de l'aide immédiatement."}},
		{102, "officer-in-distress", 0, subject | weapon, wording{
			"Officer in distress. Emergency assistance needed.",
			"Agente en peligro. Se requiere apoyo de emergencia.",
			"Agent en détresse. Assistance d'urgence requise."}},
		{103, "request-backup", 0, subject | weapon, wording{
			"Requesting backup.",
			"Solicito refuerzos.",
			"Je demande des renforts."}},
		{104, "request-backup-urgent", 0, subject | weapon, wording{
			"Requesting backup, urgent.",
			"Solicito refuerzos con urgencia.",
			"Je demande des renforts de toute urgence."}},
		{105, "shots-fired", 0, subject | weapon, wording{
			"Shots fired.",
			"Disparos de arma de fuego.",
			"Coups de feu."}},
		{106, "shots-across-border", 0, subject | weapon, wording{
			"Shots fired across the border.",
			"Disparos de un lado a otro de la frontera.",
			"Coups de feu d'un côté à l'autre de la frontière."}},
		{107, "gunfire-heard", bearing, distance, wording{
			"Gunfire heard on bearing {bearing}.",
			"Se escuchan disparos, rumbo {bearing}.",
			"Coups de feu entendus, relèvement {bearing}."}},
		{108, "rocks-thrown", 0, subject, wording{
			"Rocks being thrown at officers.",
			"Están lanzando piedras a los agentes.",
			"Des pierres sont lancées sur les agents."}},
		{109, "officer-assaulted", 0, subject | weapon, wording{
			"Officer assaulted.",
			"Agente agredido.",
			"Agent agressé."}},
		{110, "assault-in-progress", 0, subject | weapon, wording{
			"Assault in progress.",
			"Agresión en curso.",
			"Agression en cours."}},
		{111, "armed-person", weapon, subject | vehicle, wording{
			"Armed person. Weapon: {weapon}.",
			"Persona armada. Arma: {weapon}.",
			"Personne armée. Arme : {weapon}."}},
		{112, "armed-group", count, bearing | distance | direction | weapon, wording{
			"Armed group of {count}.",
			"Grupo armado de {count}.",
			"Groupe armé de {count}."}},
		{113, "ambush", 0, subject | weapon, wording{
			"Units under ambush. Do not approach without coordination.",
			"Unidades emboscadas. No se acerquen sin coordinación.",
			"Unités prises en embuscade. N'approchez pas sans coordination."}},
		{114, "hostages", 0, count | weapon, wording{
			"Hostages taken.",
			"Toma de rehenes.",
			"Prise d'otages."}},
		{115, "contact-lost", unit, bearing | distance | direction, wording{
			"We have lost contact with unit {unit}.",
			"Perdimos contacto con la unidad {unit}.",
			"Nous avons perdu le contact avec l'unité {unit}."}},
		{116, "barricaded-suspect", 0, count | weapon, wording{
			"Barricaded suspect.",
			"Sospechoso atrincherado.",
			"Suspect barricadé."}},
	}
}
