package console

import (
	"slices"
	"time"

	"crossband/client"
	"crossband/client/phrase"
	"crossband/proto"
)

// timeline is what has happened in one incident, as far as this run has seen it.
type timeline struct {
	calling proto.ChannelID
	channel proto.ChannelID // of the incident, as it was announced
	moments []moment        // by time
	called  map[proto.MessageID]struct{}
}

// moment is a line of a timeline; it is worded when it is shown.
type moment struct {
	at   time.Time
	by   proto.Name
	says func(phrase.Language) string
}

// timelineOf returns an incident's timeline.
func (m *Model) timelineOf(id proto.IncidentID, calling proto.ChannelID) *timeline {
	t := m.timelines[id]
	if t == nil {
		t = &timeline{calling: calling, called: make(map[proto.MessageID]struct{})}
		m.timelines[id] = t
	}
	return t
}

// happened puts a moment where it belongs: what is read late in the log may be of
// before.
func (m *Model) happened(t *timeline, at time.Time, by proto.Name, says func(phrase.Language) string) {
	i := len(t.moments)
	for i > 0 && t.moments[i-1].at.After(at) {
		i--
	}
	t.moments = slices.Insert(t.moments, i, moment{at, by, says})
	if len(t.moments) > maxMoments {
		t.moments = t.moments[1:]
	}
	m.shown.incidents = nil
}

// timelinesOf begins the timelines of what the endpoint knows, own hails and those of a
// run before this one included, and forgets those of what it has forgotten.
func (m *Model) timelinesOf() {
	known := make(map[proto.IncidentID]struct{}, len(m.calls.incidents))
	for i := range m.calls.incidents {
		k := &m.calls.incidents[i]
		known[k.ID] = struct{}{}
		for _, h := range k.Hails {
			if h.Shown.ID != (proto.MessageID{}) {
				m.called(h.Shown)
			}
		}
	}
	for id := range m.timelines {
		if _, still := known[id]; !still {
			delete(m.timelines, id)
		}
	}
}

// called notes, once, that a hail was made.
func (m *Model) called(h client.HailReceived) *timeline {
	t := m.timelineOf(h.Incident, h.Channel)
	if _, known := t.called[h.ID]; known || len(t.called) >= maxMoments {
		return t
	}
	t.called[h.ID] = struct{}{}
	m.happened(t, h.At, h.From, func(l phrase.Language) string {
		says := phrase.Wording{"called %s: %s", "llamó a %s: %s", "a appelé %s : %s"}.Say(l, shown(h.To), contentSays(&h.Content, h.Unreadable, l))
		if h.Note != "" {
			says += phrase.Wording{" Note: ", " Nota: ", " Note : "}.In(l) + inert(h.Note, maxDetail)
		}
		return says
	})
	return t
}

func (m *Model) foldReceived(e client.HailReceived, now time.Time) {
	t := m.called(e)
	if !e.Rings {
		return
	}
	m.ring(e.ID)
	who := e.For
	if who == (proto.Name{}) {
		who = m.cfg.Me
	}
	m.happened(t, m.hubTime(now), m.cfg.Me, func(l phrase.Language) string {
		if e.Step == 0 && e.Round <= 1 {
			return phrase.Wording{"it rings here for %s", "suena aquí para %s", "sonne ici pour %s"}.Say(l, shown(who))
		}
		return phrase.Wording{"it rings here for %s: round %d, step %d", "suena aquí para %s: ronda %d, paso %d", "sonne ici pour %s : tour %d, étape %d"}.Say(l, shown(who), e.Round, e.Step)
	})
}

// incidentOf finds the incident of a hail; false: it is not known. One of ours may be
// known to the endpoint and of no event yet.
func (m *Model) incidentOf(hail proto.MessageID) (*timeline, bool) {
	t, known := m.timelineWith(hail)
	if known || slices.Contains(m.calls.strange, hail) {
		return t, known
	}
	m.lookForCalls()
	if t, known = m.timelineWith(hail); !known {
		if len(m.calls.strange) >= maxStrange {
			m.calls.strange = m.calls.strange[1:]
		}
		m.calls.strange = append(m.calls.strange, hail)
	}
	return t, known
}

// maxStrange bounds the hails of which it is remembered that the endpoint does not know
// them.
const maxStrange = 64

func (m *Model) timelineWith(hail proto.MessageID) (*timeline, bool) {
	for _, t := range m.timelines {
		if _, its := t.called[hail]; its {
			return t, true
		}
	}
	return nil, false
}

func (m *Model) foldHailMoved(e client.HailMoved) {
	t, known := m.incidentOf(e.Hail)
	if !known {
		return
	}
	m.happened(t, e.At, e.By, func(l phrase.Language) string {
		says := movedSays(&e, l)
		if e.For != (proto.Name{}) && e.For != e.By {
			says += phrase.Wording{" for %s", " por %s", " pour %s"}.Say(l, shown(e.For))
		}
		if e.Reason != 0 {
			says += phrase.Wording{": ", ": ", " : "}.In(l) + reason(e.Reason, l)
		}
		if e.Content != nil || e.Unreadable {
			content := phrase.Content{}
			if e.Content != nil {
				content = *e.Content
			}
			says += ". " + contentSays(&content, e.Unreadable, l)
		}
		return says
	})
}

// movedSays is what somebody has said of a hail.
func movedSays(e *client.HailMoved, l phrase.Language) string {
	said := e.Said
	if said == 0 { // of the endpoint itself, that it was not sent
		said = e.State
	}
	switch said {
	case proto.HailReceived:
		return phrase.Wording{"the hail rings there", "el llamado suena allí", "l'appel y sonne"}.In(l)
	case proto.HailAccepted:
		return phrase.Wording{"accepted", "aceptó", "a accepté"}.In(l)
	case proto.HailCommitted:
		return phrase.Wording{"committed help", "comprometió ayuda", "a engagé de l'aide"}.In(l)
	case proto.HailDeclined:
		return phrase.Wording{"declined", "rechazó", "a refusé"}.In(l)
	case proto.HailCancelled:
		return phrase.Wording{"cancelled the hail", "canceló el llamado", "a annulé l'appel"}.In(l)
	case proto.HailReleased:
		return phrase.Wording{"released the help", "liberó la ayuda", "a libéré l'aide"}.In(l)
	case proto.HailExpired:
		return phrase.Wording{"the hail expired: nobody had answered", "el llamado venció: nadie había respondido", "l'appel a expiré : personne n'avait répondu"}.In(l)
	case proto.HailClosed:
		return phrase.Wording{"the hail ended with its incident", "el llamado terminó con su incidente", "l'appel a pris fin avec son incident"}.In(l)
	}
	return phrase.Wording{"moved the hail", "cambió el llamado", "a fait évoluer l'appel"}.In(l)
}

func (m *Model) foldPaged(e client.Paged) {
	m.happened(m.timelineOf(e.Incident, e.Channel), e.At, proto.Name{}, func(l phrase.Language) string {
		return phrase.Wording{"round %d, step %d of the ladder: %s", "ronda %d, paso %d de la escalada: %s", "tour %d, étape %d de l'escalade : %s"}.Say(l, e.Round, e.Step, listed(e.To, shown))
	})
}

func (m *Model) foldAnswered(e client.PageAnswered) {
	t, known := m.incidentOf(e.Hail)
	if !known {
		return
	}
	m.happened(t, e.At, e.By, func(l phrase.Language) string {
		if e.Delivered {
			return phrase.Wording{"delivered the page", "entregó el aviso", "a remis l'avis"}.In(l)
		}
		return phrase.Wording{"could not deliver the page: %s", "no pudo entregar el aviso: %s", "n'a pas pu remettre l'avis : %s"}.Say(l, reason(e.Reason, l))
	})
}

func (m *Model) foldOpened(e client.IncidentOpened, now time.Time) {
	calling := proto.ChannelID{}
	if t, known := m.incidentOf(e.Hail); known {
		calling = t.calling
	}
	t := m.timelineOf(e.Incident, calling)
	if t.channel == e.Channel {
		return
	}
	t.channel = e.Channel
	m.touch(e.Channel)
	m.happened(t, m.hubTime(now), e.By, func(l phrase.Language) string {
		return phrase.Wording{"opened the incident's channel", "abrió el canal del incidente", "a ouvert le canal de l'incident"}.In(l)
	})
}

func (m *Model) foldIncident(e client.IncidentMoved) {
	m.happened(m.timelineOf(e.Incident, e.Channel), e.At, e.By, func(l phrase.Language) string {
		says := actSays(&e, l)
		if e.Note != "" {
			says += ". " + inert(e.Note, maxDetail)
		}
		return says
	})
}

func actSays(e *client.IncidentMoved, l phrase.Language) string {
	switch e.Act {
	case proto.ActHandOver:
		return phrase.Wording{"handed the incident over to %s", "entregó el incidente a %s", "a transmis l'incident à %s"}.Say(l, shown(e.To))
	case proto.ActMerge:
		return phrase.Wording{"merged the incident into %s", "unió el incidente con %s", "a fusionné l'incident avec %s"}.Say(l, e.Into.String()[:8])
	case proto.ActRearm:
		return phrase.Wording{"had the ladder begin again", "reinició la escalada", "a relancé l'escalade"}.In(l)
	case proto.ActClose:
		return phrase.Wording{"closed the incident: %s", "cerró el incidente: %s", "a clos l'incident : %s"}.Say(l, dispositionWord(e.Disposition, l))
	}
	return phrase.Wording{"did something with the incident that this version does not know", "hizo con el incidente algo que esta versión no conoce", "a fait de l'incident quelque chose que cette version ne connaît pas"}.In(l)
}

func dispositionWord(d proto.Disposition, l phrase.Language) string {
	switch d {
	case proto.DispositionResolved:
		return phrase.Wording{"resolved", "resuelto", "résolu"}.In(l)
	case proto.DispositionFalseAlarm:
		return phrase.Wording{"false alarm", "falsa alarma", "fausse alerte"}.In(l)
	case proto.DispositionDuplicate:
		return phrase.Wording{"duplicate", "duplicado", "en double"}.In(l)
	case proto.DispositionHandedOver:
		return phrase.Wording{"handed over elsewhere", "entregado a otros", "transmis ailleurs"}.In(l)
	case proto.DispositionNoAction:
		return phrase.Wording{"no action needed", "sin acción necesaria", "aucune action nécessaire"}.In(l)
	case proto.DispositionUnfounded:
		return phrase.Wording{"unfounded", "sin fundamento", "non fondé"}.In(l)
	case proto.DispositionExerciseOver:
		return phrase.Wording{"exercise over", "fin del simulacro", "fin de l'exercice"}.In(l)
	}
	return d.String()
}
