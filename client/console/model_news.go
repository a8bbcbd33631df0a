package console

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"crossband/client"
	"crossband/client/phrase"
	"crossband/client/terms"
	"crossband/proto"
)

// alarmState are the alarms that nobody has put away, oldest first.
type alarmState struct {
	last int // the last number given
	list []alarm
}

// alarm is worded when it is shown.
type alarm struct {
	id      int
	at      time.Time
	channel proto.ChannelID
	code    proto.Reason
	says    func(phrase.Language) string
}

// alarm tells of a refusal.
func (m *Model) alarm(now time.Time, ch proto.ChannelID, why *proto.Refusal) {
	m.warn(now, ch, why, func(l phrase.Language) string { return because(why, l) })
}

// warn tells a person something; why gives the code, if there is one.
func (m *Model) warn(now time.Time, ch proto.ChannelID, why *proto.Refusal, says func(phrase.Language) string) {
	a := alarm{at: now, channel: ch, says: says}
	if why != nil {
		a.code = why.Reason
	}
	m.alarms.last++
	a.id = m.alarms.last
	if len(m.alarms.list) >= maxAlarms {
		m.alarms.list = slices.Delete(m.alarms.list, 0, 1)
	}
	m.alarms.list = append(m.alarms.list, a)
	m.shown.alarms = nil
}

// AlarmSeen puts an alarm away.
func (m *Model) AlarmSeen(id int) {
	m.alarms.list = slices.DeleteFunc(m.alarms.list, func(a alarm) bool { return a.id == id })
	m.shown.alarms = nil
}

func (m *Model) alarmViews() []Alarm {
	if m.shown.alarms != nil {
		return m.shown.alarms
	}
	list := make([]Alarm, 0, len(m.alarms.list))
	for _, a := range slices.Backward(m.alarms.list) {
		v := Alarm{ID: a.id, At: stamp(a.at), Code: int(a.code), Says: a.says(m.language)}
		if a.channel != (proto.ChannelID{}) {
			v.Channel = a.channel.String()
		}
		list = append(list, v)
	}
	m.shown.alarms = list
	return list
}

// positionKey is whose position it is, and where it was told.
type positionKey struct {
	channel proto.ChannelID
	name    proto.Name
}

func (m *Model) foldPosition(e client.PositionReceived) {
	k := positionKey{e.Channel, e.From}
	if was, known := m.positions[k]; known && was.Position.Fix.After(e.Position.Fix) {
		return // it came late
	} else if !known && len(m.positions) >= maxPositions {
		oldest := k
		for other, p := range m.positions {
			if oldest == k || p.At.Before(m.positions[oldest].At) {
				oldest = other
			}
		}
		delete(m.positions, oldest)
	}
	m.positions[k] = e
	m.shown.positions = nil
}

func (m *Model) positionViews() []Position {
	if m.shown.positions != nil {
		return m.shown.positions
	}
	list := make([]Position, 0, len(m.positions))
	for _, e := range m.positions {
		p := &e.Position
		list = append(list, Position{
			Channel: e.Channel.String(), Name: e.From.String(), Short: shown(e.From), Lat: p.Place.Latitude.Degrees(), Lon: p.Place.Longitude.Degrees(),
			Meters: p.Accuracy, Fix: stamp(p.Fix), At: stamp(e.At), Says: positionSays(p, m.language),
		})
	}
	slices.SortFunc(list, func(a, b Position) int {
		return cmp.Or(cmp.Compare(a.Channel, b.Channel), cmp.Compare(a.Name, b.Name))
	})
	m.shown.positions = list
	return list
}

func positionSays(p *client.Position, l phrase.Language) string {
	says := p.Place.Sentence(l)
	if p.Accuracy > 0 {
		says += phrase.Wording{", within %d m", ", a menos de %d m", ", à moins de %d m"}.Say(l, p.Accuracy)
	}
	if p.Course > 0 && p.Speed > 0 {
		says += phrase.Wording{", course %03d°, %.0f km/h", ", rumbo %03d°, %.0f km/h", ", cap %03d°, %.0f km/h"}.Say(l, p.Course, p.Speed*3.6)
	}
	return says
}

func (m *Model) foldNotice(e client.ChangeNotice) {
	if _, known := m.notices[e.Notice.ID]; !known && len(m.notices) >= maxNotices {
		oldest := e.Notice
		for _, o := range m.notices {
			if oldest.ID == e.Notice.ID || o.Notice.Ends.Before(oldest.Ends) {
				oldest = o.Notice
			}
		}
		delete(m.notices, oldest.ID)
	}
	m.notices[e.Notice.ID] = e
	m.shown.notices = nil
}

// noticeViews lists the notices, the soonest first; those that are over for long go.
func (m *Model) noticeViews(now time.Time) []Notice {
	for id, e := range m.notices {
		if !now.Before(e.Notice.Ends.Add(proto.NoticeLife)) {
			delete(m.notices, id)
			m.shown.notices = nil
		}
	}
	if m.shown.notices != nil {
		return m.shown.notices
	}
	list := make([]Notice, 0, len(m.notices))
	for _, e := range m.notices {
		n := &e.Notice
		list = append(list, Notice{
			ID: n.ID.String(), Agency: string(n.Agency), Kind: n.Kind.String(), Title: inert(n.Title, maxNote), Text: inert(n.Text, maxNote),
			Begins: stamp(n.Begins), Ends: stamp(n.Ends), Stage: stageOf(&e), Says: noticeSays(&e, m.language),
		})
	}
	slices.SortFunc(list, func(a, b Notice) int { return cmp.Or(cmp.Compare(a.Begins, b.Begins), cmp.Compare(a.ID, b.ID)) })
	m.shown.notices = list
	return list
}

// stageOf names how near a change is: announced, month, week, day, hour, begun, over or
// off.
func stageOf(e *client.ChangeNotice) string {
	if e.Off {
		return "off"
	}
	switch e.Stage {
	case proto.StageMonth:
		return "month"
	case proto.StageWeek:
		return "week"
	case proto.StageDay:
		return "day"
	case proto.StageHour:
		return "hour"
	case proto.StageBegun:
		return "begun"
	case proto.StageOver:
		return "over"
	}
	return "announced"
}

func noticeSays(e *client.ChangeNotice, l phrase.Language) string {
	n := &e.Notice
	says := phrase.Wording{"%s announces %s: %s", "%s anuncia %s: %s", "%s annonce %s : %s"}.Say(l, n.Agency, noticeWord(n.Kind, l), stageWord(e, l))
	if more := n.Says(); more != "" {
		says += " (" + inert(more, maxDetail) + ")"
	}
	return says
}

func noticeWord(k proto.NoticeKind, l phrase.Language) string {
	switch k {
	case proto.NoticeProtocol:
		return phrase.Wording{"another protocol version", "otra versión del protocolo", "une autre version du protocole"}.In(l)
	case proto.NoticeSuite:
		return phrase.Wording{"other cipher suites", "otras suites de cifrado", "d'autres suites de chiffrement"}.In(l)
	case proto.NoticeCodec:
		return phrase.Wording{"other voice codecs", "otros códecs de voz", "d'autres codecs vocaux"}.In(l)
	case proto.NoticeRollover:
		return phrase.Wording{"a new certificate authority", "una nueva autoridad certificadora", "une nouvelle autorité de certification"}.In(l)
	case proto.NoticeGateway:
		return phrase.Wording{"a change of a gateway", "un cambio de pasarela", "un changement de passerelle"}.In(l)
	case proto.NoticeMaintenance:
		return phrase.Wording{"maintenance of its relay", "mantenimiento de su repetidor", "la maintenance de son relais"}.In(l)
	case proto.NoticeAddress:
		return phrase.Wording{"another address of its relay", "otra dirección de su repetidor", "une autre adresse de son relais"}.In(l)
	}
	return phrase.Wording{"a change", "un cambio", "un changement"}.In(l)
}

func stageWord(e *client.ChangeNotice, l phrase.Language) string {
	if e.Off {
		return phrase.Wording{"taken back", "retirado", "retiré"}.In(l)
	}
	switch e.Stage {
	case proto.StageMonth:
		return phrase.Wording{"within 30 days", "dentro de 30 días", "d'ici 30 jours"}.In(l)
	case proto.StageWeek:
		return phrase.Wording{"within a week", "dentro de una semana", "d'ici une semaine"}.In(l)
	case proto.StageDay:
		return phrase.Wording{"within a day", "dentro de un día", "d'ici un jour"}.In(l)
	case proto.StageHour:
		return phrase.Wording{"within the hour", "dentro de una hora", "d'ici une heure"}.In(l)
	case proto.StageBegun:
		return phrase.Wording{"under way", "en curso", "en cours"}.In(l)
	case proto.StageOver:
		return phrase.Wording{"over", "terminado", "terminé"}.In(l)
	}
	return phrase.Wording{"later than in 30 days", "en más de 30 días", "dans plus de 30 jours"}.In(l)
}

// pactsStand is how long it may take until a page shows that an agreement has begun or
// ended.
const pactsStand = time.Minute

func (m *Model) lookForPacts(now time.Time) {
	list := m.cfg.Endpoint.Agreements()
	same := slices.EqualFunc(list, m.pacts, func(a, b proto.Agreement) bool { return a.ID == b.ID && a.Digest == b.Digest })
	if m.pacts = list; !same || now.Sub(m.pactsMade) >= pactsStand {
		m.shown.pacts, m.pactsMade = nil, now
	}
}

func (m *Model) pactViews(now time.Time) []Pact {
	if m.shown.pacts != nil {
		return m.shown.pacts
	}
	list := make([]Pact, 0, len(m.pacts))
	for i := range m.pacts {
		a := &m.pacts[i]
		v := Pact{
			ID: a.ID.String(), Title: inert(a.Title, maxDetail), Parties: texts(a.Parties, agencyText), Begins: stamp(a.Begins), Ends: stamp(a.Ends),
			Observes: texts(a.Observers, func(o proto.AgreedObserver) string { return string(o.Agency) }), Lines: []string{},
			Mine: texts(terms.Of(a, m.cfg.Me, now, m.language), func(s string) string { return inert(s, maxNote) }),
		}
		for _, line := range terms.Lines(a, m.language) {
			v.Lines = append(v.Lines, inert(strings.TrimSpace(line.Label+" "+strings.TrimSpace(line.Text)), maxNote))
		}
		list = append(list, v)
	}
	m.shown.pacts = list
	return list
}

// burstViews lists what can be heard again, newest first. A burst of which the endpoint
// has not said that it was genuine is none.
func (m *Model) burstViews() []Burst {
	list := []Burst{}
	if m.cfg.Voice == nil {
		return list
	}
	spoken := slices.Clone(m.cfg.Voice.Bursts())
	slices.SortFunc(spoken, func(a, b Spoken) int { return cmp.Or(b.At.Compare(a.At), slices.Compare(a.ID[:], b.ID[:])) })
	for _, s := range spoken[:min(len(spoken), maxBursts)] {
		list = append(list, Burst{
			ID: s.ID.String(), Channel: s.Channel.String(), From: s.From.String(), Short: s.From.Short(), Agency: string(s.From.Agency),
			At: stamp(s.At), Millis: int(s.Length.Milliseconds()), Over: s.Over, Heard: s.Heard, Genuine: m.genuine[burstName{s.Channel, s.ID, s.From}] == signed,
		})
	}
	return list
}
