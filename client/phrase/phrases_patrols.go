package phrase

// patrols is the chapter of mirrored patrols: each side moves along its own bank
// or fence, level with the other, and both know where the other is.
func patrols() []Phrase {
	return []Phrase{
		{801, "patrol-position", unit | place, direction | velocity | count | vehicle, wording{
			"Patrol {unit}, position: {place}.",
			"Patrulla {unit}, posición: {place}.",
			"Patrouille {unit}, position : {place}."}},
		{802, "request-position", 0, 0, wording{
			"Send your position.",
			"Envíen su posición.",
			"Transmettez votre position."}},
		{803, "sharing-position", 0, 0, wording{
			"We are sharing our position with you from now on.",
			"A partir de ahora compartimos nuestra posición con ustedes.",
			"À partir de maintenant, nous partageons notre position avec vous."}},
		{804, "position-sharing-ended", 0, 0, wording{
			"We have stopped sharing our position.",
			"Dejamos de compartir nuestra posición.",
			"Nous avons cessé de partager notre position."}},
		{805, "mirrored-patrol-request", 0, bearing | distance | direction | eta, wording{
			"Requesting a mirrored patrol on your side.",
			"Solicito patrullaje en espejo de su lado.",
			"Je demande une patrouille en miroir de votre côté."}},
		{806, "mirrored-patrol-started", direction, count | vehicle | velocity, wording{
			"Mirrored patrol started. We are moving {direction}.",
			"Inicia el patrullaje en espejo. Avanzamos {direction}.",
			"Début de la patrouille en miroir. Nous avançons {direction}."}},
		{807, "mirrored-patrol-ended", 0, 0, wording{
			"Mirrored patrol ended.",
			"Termina el patrullaje en espejo.",
			"Fin de la patrouille en miroir."}},
		{808, "level-with-you", 0, bearing | distance, wording{
			"We are level with you.",
			"Estamos a su altura.",
			"Nous sommes à votre hauteur."}},
		{809, "wait-for-us", 0, eta, wording{
			"Wait until we are level with you.",
			"Esperen hasta que estemos a su altura.",
			"Attendez que nous soyons à votre hauteur."}},
		{810, "patrol-halted", 0, bearing | distance, wording{
			"Our patrol has halted.",
			"Nuestra patrulla hizo alto.",
			"Notre patrouille s'est arrêtée."}},
		{811, "patrol-moving", 0, direction | velocity, wording{
			"Our patrol is moving again.",
			"Nuestra patrulla reanudó la marcha.",
			"Notre patrouille s'est remise en route."}},
		{812, "in-sight", 0, bearing | distance, wording{
			"We have you in sight.",
			"Los tenemos a la vista.",
			"Nous vous avons en vue."}},
	}
}
