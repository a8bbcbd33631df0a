package phrase

// vehicles is the chapter of pursuits, vehicles, boats and aircraft.
func vehicles() []Phrase {
	return []Phrase{
		{301, "pursuit-toward-border", 0, subject | vehicle | eta | velocity, wording{
			"Vehicle pursuit in progress toward the border.",
			"Persecución vehicular en curso hacia la frontera.",
			"Poursuite de véhicule en cours vers la frontière."}},
		{302, "foot-pursuit", 0, subject | eta, wording{
			"Foot pursuit in progress toward the border.",
			"Persecución a pie en curso hacia la frontera.",
			"Poursuite à pied en cours vers la frontière."}},
		{303, "pursuit-ended", 0, subject | vehicle | velocity, wording{
			"Pursuit ended.",
			"Persecución terminada.",
			"Poursuite terminée."}},
		{304, "pursuit-stopped-at-border", 0, subject | vehicle | velocity, wording{
			"We stopped our pursuit at the border. The subject is on your side.",
			"Detuvimos la persecución en la frontera. El sujeto está de su lado.",
			"Nous avons cessé la poursuite à la frontière. Le sujet est de votre côté."}},
		{305, "failed-to-stop", 0, subject | vehicle | velocity, wording{
			"Vehicle crossed the border without stopping.",
			"Un vehículo cruzó la frontera sin detenerse.",
			"Un véhicule a franchi la frontière sans s'arrêter."}},
		{306, "stolen-vehicle", plate, subject | velocity | looks, wording{
			"Stolen vehicle, plate {plate}.",
			"Vehículo con reporte de robo, placas {plate}.",
			"Véhicule volé, plaque {plate}."}},
		{307, "abandoned-vehicle", 0, count | vehicle, wording{
			"Abandoned vehicle.",
			"Vehículo abandonado.",
			"Véhicule abandonné."}},
		{308, "suspicious-vehicle", 0, subject | vehicle | velocity, wording{
			"Suspicious vehicle.",
			"Vehículo sospechoso.",
			"Véhicule suspect."}},
		{309, "lookout-vehicle", plate, subject | weapon | velocity | looks, wording{
			"Be on the lookout for the vehicle with plate {plate}.",
			"Estén atentos al vehículo con placas {plate}.",
			"Soyez à l'affût du véhicule portant la plaque {plate}."}},
		{310, "vehicle-check", plate, looks, wording{
			"Requesting information on the vehicle with plate {plate}.",
			"Solicito datos del vehículo con placas {plate}.",
			"Je demande des renseignements sur le véhicule portant la plaque {plate}."}},
		{311, "vehicle-stopped", 0, count | vehicle, wording{
			"Vehicle stopped.",
			"Vehículo detenido.",
			"Véhicule intercepté."}},
		{312, "wrong-way-driver", direction, count | vehicle | velocity, wording{
			"Vehicle driving against traffic, heading {direction}.",
			"Vehículo en sentido contrario, circula {direction}.",
			"Véhicule à contresens, circulant {direction}."}},
		{313, "collision", 0, count | vehicle, wording{
			"Vehicle collision.",
			"Choque de vehículos.",
			"Collision de véhicules."}},
		{314, "suspicious-boat", 0, subject | velocity, wording{
			"Suspicious boat.",
			"Embarcación sospechosa.",
			"Embarcation suspecte."}},
		{315, "low-flying-aircraft", 0, subject | velocity, wording{
			"Low-flying aircraft crossing the border.",
			"Aeronave a baja altura cruza la frontera.",
			"Aéronef à basse altitude franchissant la frontière."}},
		{316, "vehicle-fleeing", velocity | direction, bearing | distance | count | vehicle | weapon, wording{
			"Vehicle fleeing {direction} at {speed}.",
			"Vehículo en fuga {direction} a {speed}.",
			"Véhicule en fuite {direction} à {speed}."}},
		{317, "vehicle-involved", looks, subject | plate | velocity, wording{
			"Vehicle involved: {vehicle}.",
			"Vehículo involucrado: {vehicle}.",
			"Véhicule impliqué : {vehicle}."}},
	}
}
