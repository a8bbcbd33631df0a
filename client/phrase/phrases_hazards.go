package phrase

// hazards is the chapter of fire, water, weather and dangerous goods.
func hazards() []Phrase {
	return []Phrase{
		{501, "fire", 0, subject, wording{
			"Fire reported.",
			"Se reporta un incendio.",
			"Incendie signalé."}},
		{502, "wildfire", 0, bearing | distance | direction, wording{
			"Wildfire reported.",
			"Se reporta un incendio forestal.",
			"Incendie de forêt signalé."}},
		{503, "flood", 0, direction, wording{
			"Flooding or fast-rising water.",
			"Inundación o crecida repentina.",
			"Inondation ou montée rapide des eaux."}},
		{504, "hazmat", 0, subject | vehicle, wording{
			"Hazardous materials. Keep your distance and stay upwind.",
			"Materiales peligrosos. Guarden distancia y manténganse con el viento a la espalda.",
			"Matières dangereuses. Gardez vos distances et restez dos au vent."}},
		{505, "explosive-device", 0, bearing | distance | vehicle, wording{
			"Suspected explosive device. Keep clear.",
			"Posible artefacto explosivo. No se acerquen.",
			"Engin explosif soupçonné. N'approchez pas."}},
		{506, "explosion", 0, subject, wording{
			"Explosion.",
			"Explosión.",
			"Explosion."}},
		{507, "gas-leak", 0, bearing | distance | direction, wording{
			"Gas leak.",
			"Fuga de gas.",
			"Fuite de gaz."}},
		{508, "severe-weather", 0, direction, wording{
			"Severe weather.",
			"Condiciones meteorológicas severas.",
			"Conditions météorologiques dangereuses."}},
		{509, "road-impassable", 0, distance | direction, wording{
			"Road impassable.",
			"Camino intransitable.",
			"Route impraticable."}},
		{510, "evacuate", 0, distance | direction, wording{
			"Evacuate the area immediately.",
			"Evacúen el área de inmediato.",
			"Évacuez le secteur immédiatement."}},
		{511, "aircraft-down", 0, subject, wording{
			"Aircraft down.",
			"Aeronave accidentada.",
			"Écrasement d'un aéronef."}},
		{512, "power-outage", 0, 0, wording{
			"Power outage.",
			"Corte de energía eléctrica.",
			"Panne d'électricité."}},
	}
}
