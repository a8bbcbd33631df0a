package phrase

// answers continues the replies with what is said when a hail moves on: accepted,
// committed, cancelled, released; and with the offer that nobody asked for.
func answers() []Phrase {
	return []Phrase{
		{930, "accepted", 0, eta, wording{
			"Request accepted.",
			"Solicitud aceptada.",
			"Demande acceptée."}},
		{931, "accepted-in-part", 0, count | eta, wording{
			"Request accepted in part. We can do only some of it.",
			"Solicitud aceptada en parte. Solo podemos cumplir una parte.",
			"Demande acceptée en partie. Nous ne pouvons en faire qu'une partie."}},
		{932, "committed", 0, count | vehicle, wording{
			"We are sending units.",
			"Enviamos unidades.",
			"Nous envoyons des unités."}},
		{933, "committed-eta", eta, count | vehicle, wording{
			"We are sending units. Time to arrival: {eta}.",
			"Enviamos unidades. Tiempo de llegada: {eta}.",
			"Nous envoyons des unités. Délai d'arrivée : {eta}."}},
		{934, "arrival-time", instant, 0, wording{
			"Time of arrival: {time}.",
			"Hora de llegada: {time}.",
			"Heure d'arrivée : {time}."}},
		{935, "arrival-unknown", 0, 0, wording{
			"We do not know the time of arrival yet.",
			"Aún no sabemos la hora de llegada.",
			"Nous ne connaissons pas encore l'heure d'arrivée."}},
		{936, "passed-on", unit, eta, wording{
			"Your call has been passed on to {unit}.",
			"Su llamado se pasó a {unit}.",
			"Votre appel a été transmis à {unit}."}},
		{937, "cancelled", 0, 0, wording{
			"We cancel our request.",
			"Cancelamos nuestra solicitud.",
			"Nous annulons notre demande."}},
		{938, "released", 0, 0, wording{
			"Your units are no longer needed here and are released. Thank you.",
			"Ya no se requieren sus unidades aquí y pueden retirarse. Gracias.",
			"Vos unités ne sont plus requises ici et peuvent disposer. Merci."}},
		{939, "offer-help", 0, count | eta, wording{
			"We offer help. Do you need it?",
			"Ofrecemos apoyo. ¿Lo requieren?",
			"Nous offrons notre aide. En avez-vous besoin?"}},
		{940, "no-help-needed", 0, 0, wording{
			"Thank you, we need no help.",
			"Gracias, no requerimos apoyo.",
			"Merci, nous n'avons pas besoin d'aide."}},
	}
}

// declines continues the answers with every reason for which a desk says no.
func declines() []Phrase {
	return []Phrase{
		{950, "declined", 0, 0, wording{
			"Request declined.",
			"Solicitud no aceptada.",
			"Demande refusée."}},
		{951, "declined-no-units", 0, eta, wording{
			"Request declined: no units available.",
			"Solicitud no aceptada: no hay unidades disponibles.",
			"Demande refusée : aucune unité disponible."}},
		{952, "declined-busy", 0, eta, wording{
			"Request declined: our units are at another incident.",
			"Solicitud no aceptada: nuestras unidades atienden otro incidente.",
			"Demande refusée : nos unités sont à un autre incident."}},
		{953, "declined-outside-area", 0, 0, wording{
			"Request declined: outside our area of responsibility.",
			"Solicitud no aceptada: fuera de nuestra área de responsabilidad.",
			"Demande refusée : hors de notre secteur de responsabilité."}},
		{954, "declined-other-agency", 0, 0, wording{
			"Request declined: another agency is responsible.",
			"Solicitud no aceptada: corresponde a otra dependencia.",
			"Demande refusée : un autre organisme en est responsable."}},
		{955, "declined-not-authorized", 0, 0, wording{
			"Request declined: we are not authorized to do this.",
			"Solicitud no aceptada: no tenemos autorización para hacerlo.",
			"Demande refusée : nous ne sommes pas autorisés à le faire."}},
		{956, "declined-no-agreement", 0, 0, wording{
			"Request declined: no agreement between us covers it.",
			"Solicitud no aceptada: ningún acuerdo entre nosotros lo prevé.",
			"Demande refusée : aucune entente entre nous ne le prévoit."}},
		{957, "declined-too-dangerous", 0, 0, wording{
			"Request declined: too dangerous for our officers.",
			"Solicitud no aceptada: demasiado peligroso para nuestros agentes.",
			"Demande refusée : trop dangereux pour nos agents."}},
		{958, "declined-weather", 0, eta, wording{
			"Request declined: the weather does not allow it.",
			"Solicitud no aceptada: las condiciones del tiempo no lo permiten.",
			"Demande refusée : la météo ne le permet pas."}},
		{959, "declined-no-access", 0, 0, wording{
			"Request declined: we cannot reach the place.",
			"Solicitud no aceptada: no podemos llegar al lugar.",
			"Demande refusée : nous ne pouvons pas atteindre le lieu."}},
		{960, "declined-no-equipment", 0, 0, wording{
			"Request declined: we do not have the equipment.",
			"Solicitud no aceptada: no contamos con el equipo.",
			"Demande refusée : nous n'avons pas l'équipement."}},
		{961, "declined-already-handled", 0, 0, wording{
			"Request declined: this is already being handled.",
			"Solicitud no aceptada: ya se está atendiendo.",
			"Demande refusée : on s'en occupe déjà."}},
		{962, "declined-not-confirmed", 0, 0, wording{
			"Request declined: we cannot confirm the report.",
			"Solicitud no aceptada: no podemos confirmar el reporte.",
			"Demande refusée : nous ne pouvons pas confirmer le signalement."}},
	}
}

// questions continues the answers with what a desk asks before it decides.
func questions() []Phrase {
	return []Phrase{
		{970, "need-location", 0, 0, wording{
			"Where is it? Give the location.",
			"¿Dónde es? Indique la ubicación.",
			"Où est-ce? Indiquez le lieu."}},
		{971, "need-count", 0, 0, wording{
			"How many people?",
			"¿Cuántas personas?",
			"Combien de personnes?"}},
		{972, "need-plate", 0, 0, wording{
			"Give the license plate.",
			"Indique las placas.",
			"Indiquez la plaque d'immatriculation."}},
		{973, "need-description", 0, 0, wording{
			"Give a description.",
			"Indique la descripción.",
			"Donnez une description."}},
		{974, "need-direction", 0, 0, wording{
			"Which way are they moving?",
			"¿Hacia dónde se desplazan?",
			"Dans quelle direction se déplacent-ils?"}},
		{975, "are-they-armed", 0, 0, wording{
			"Are they armed?",
			"¿Están armados?",
			"Sont-ils armés?"}},
		{976, "anyone-injured", 0, 0, wording{
			"Is anyone injured?",
			"¿Hay personas lesionadas?",
			"Y a-t-il des blessés?"}},
		{977, "confirm", 0, 0, wording{
			"Please confirm.",
			"Favor de confirmar.",
			"Veuillez confirmer."}},
		{978, "not-understood", 0, 0, wording{
			"Message not understood.",
			"No se entendió el mensaje.",
			"Message non compris."}},
		{979, "wait-for-reply", eta, 0, wording{
			"Wait. We will reply within this time: {eta}.",
			"Espere. Responderemos en este tiempo: {eta}.",
			"Attendez. Nous répondrons dans ce délai : {eta}."}},
	}
}
