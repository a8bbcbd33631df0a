package phrase

// border is the chapter of what happens on the line itself.
func border() []Phrase {
	return []Phrase{
		{401, "tunnel-found", 0, distance | direction, wording{
			"Tunnel found.",
			"Túnel localizado.",
			"Tunnel découvert."}},
		{402, "tunnel-suspected", 0, bearing | distance, wording{
			"Suspected tunnel.",
			"Posible túnel.",
			"Tunnel soupçonné."}},
		{403, "group-crossing", count, bearing | distance | direction, wording{
			"Group of {count} crossing the border.",
			"Grupo de {count} cruzando la frontera.",
			"Groupe de {count} traversant la frontière."}},
		{404, "group-heading", direction | count, bearing | distance, wording{
			"Group of {count} heading {direction}.",
			"Grupo de {count} se desplaza {direction}.",
			"Groupe de {count} se déplaçant {direction}."}},
		{405, "large-group", 0, subject, wording{
			"Large group gathering at the border.",
			"Grupo numeroso concentrado en la frontera.",
			"Grand groupe rassemblé à la frontière."}},
		{406, "drone", 0, subject | velocity, wording{
			"Drone sighted.",
			"Dron avistado.",
			"Drone aperçu."}},
		{407, "drone-crossing", 0, bearing | distance | direction | velocity, wording{
			"Drone crossing the border.",
			"Dron cruzando la frontera.",
			"Drone franchissant la frontière."}},
		{408, "drone-drop", 0, bearing | distance | direction | mass, wording{
			"A drone dropped a load.",
			"Un dron soltó una carga.",
			"Un drone a largué un chargement."}},
		{409, "barrier-breached", 0, direction | count, wording{
			"Fence cut or barrier breached.",
			"Cerca cortada o barrera vulnerada.",
			"Clôture coupée ou barrière forcée."}},
		{410, "sensor-activated", 0, subject, wording{
			"Sensor activated.",
			"Sensor activado.",
			"Capteur déclenché."}},
		{411, "smuggling", 0, subject | vehicle | mass, wording{
			"Smuggling in progress.",
			"Contrabando en curso.",
			"Contrebande en cours."}},
		{412, "contraband-found", 0, count | vehicle | mass, wording{
			"Contraband found.",
			"Contrabando localizado.",
			"Contrebande découverte."}},
		{413, "weapons-found", 0, weapon | vehicle, wording{
			"Weapons found.",
			"Armas localizadas.",
			"Armes découvertes."}},
		{414, "officers-watched", 0, subject, wording{
			"Officers are being watched by lookouts.",
			"Hay vigías observando a los agentes.",
			"Des guetteurs observent les agents."}},
		{415, "drugs-found", mass, count | vehicle, wording{
			"Drugs found: {weight}.",
			"Droga localizada: {weight}.",
			"Drogue découverte : {weight}."}},
	}
}
