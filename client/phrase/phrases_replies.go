package phrase

// replies is the chapter of answers.
func replies() []Phrase {
	return []Phrase{
		{901, "affirmative", 0, 0, wording{
			"Affirmative.",
			"Afirmativo.",
			"Affirmatif."}},
		{902, "negative", 0, 0, wording{
			"Negative.",
			"Negativo.",
			"Négatif."}},
		{903, "wait", 0, eta, wording{
			"Wait.",
			"Espere.",
			"Attendez."}},
		{904, "say-again", 0, 0, wording{
			"Say again.",
			"Repita.",
			"Répétez."}},
		{905, "unable", 0, 0, wording{
			"Unable to comply.",
			"No nos es posible cumplir.",
			"Dans l'impossibilité d'exécuter."}},
		{906, "received", 0, 0, wording{
			"Message received.",
			"Mensaje recibido.",
			"Message reçu."}},
		{907, "will-comply", 0, eta, wording{
			"Will comply.",
			"Enterado, se cumplirá.",
			"Bien reçu, nous exécutons."}},
		{908, "working-on-it", 0, eta, wording{
			"We are working on it.",
			"Lo estamos atendiendo.",
			"Nous nous en occupons."}},
		{909, "outside-our-area", 0, 0, wording{
			"Outside our area of responsibility.",
			"Fuera de nuestra área de responsabilidad.",
			"Hors de notre secteur de responsabilité."}},
		{910, "no-units-available", 0, eta, wording{
			"No units available.",
			"No hay unidades disponibles.",
			"Aucune unité disponible."}},
		{911, "need-information", 0, 0, wording{
			"More information needed.",
			"Se requiere más información.",
			"Renseignements supplémentaires requis."}},
	}
}

// radio continues the replies with radio procedure and free text alone.
func radio() []Phrase {
	return []Phrase{
		{912, "speak-slowly", 0, 0, wording{
			"Please speak more slowly.",
			"Favor de hablar más despacio.",
			"Veuillez parler plus lentement."}},
		{913, "radio-check", 0, 0, wording{
			"Radio check. How do you hear me?",
			"Prueba de radio. ¿Cómo me escucha?",
			"Vérification radio. Comment me recevez-vous?"}},
		{914, "loud-and-clear", 0, 0, wording{
			"I hear you loud and clear.",
			"Lo escucho fuerte y claro.",
			"Je vous reçois fort et clair."}},
		{915, "weak-signal", 0, 0, wording{
			"I hear you weakly.",
			"Lo escucho débil.",
			"Je vous reçois faiblement."}},
		{916, "switch-to-voice", 0, 0, wording{
			"Switch to voice.",
			"Pase a voz.",
			"Passez à la voix."}},
		{917, "disregard", 0, 0, wording{
			"Disregard my last message.",
			"Ignore mi último mensaje.",
			"Ne tenez pas compte de mon dernier message."}},
		{918, "exercise", 0, 0, wording{
			"This is an exercise.",
			"Esto es un simulacro.",
			"Ceci est un exercice."}},
		{919, "exercise-ended", 0, 0, wording{
			"End of exercise.",
			"Fin del simulacro.",
			"Fin de l'exercice."}},
		{920, "message", text, subject | vehicle | weapon | eta, wording{
			"Message: {text}.",
			"Mensaje: {text}.",
			"Message : {text}."}},
	}
}
