package console

import (
	"time"

	"crossband/client"
	"crossband/client/phrase"
	"crossband/proto"
)

// Fold takes in what has happened. Every kind of event has its case here, and a test
// fails when one has none.
func (m *Model) Fold(event client.Event, now time.Time) {
	if m.now = now; m.began.IsZero() {
		m.began = now
	}
	switch e := event.(type) {
	case client.Connected:
		m.link = linkState{up: true, relay: e.Relay, since: now, skew: e.Skew}
		m.looked = time.Time{}
	case client.Disconnected:
		m.disconnected(e, now)
	case client.Expelled:
		m.expelled = e.Why
		m.alarm(now, proto.ChannelID{}, e.Why)
		m.looked = time.Time{}
	case client.ChangeNotice:
		m.foldNotice(e)
	case client.PositionReceived:
		m.foldPosition(e)
	case client.TextReceived:
		m.foldText(e)
	case client.TextSaid:
		m.foldSaid(e)
	case client.MessageMoved:
		m.foldMoved(e, now)
	case client.BurstHeard:
		m.foldBurst(e, now)
	case client.BurstLate:
		m.foldLate(e, now)
	case client.Alarm:
		m.alarm(now, e.Channel, e.Why)
	default:
		m.foldChannel(event, now)
	}
}

// foldChannel takes in what happened on one channel.
func (m *Model) foldChannel(event client.Event, now time.Time) {
	switch e := event.(type) {
	case client.Offered:
		m.touch(e.Channel)
	case client.Joined:
		m.touch(e.Channel)
	case client.Left:
		m.left(e, now)
	case client.MembersChanged:
		m.touch(e.Channel)
		m.foldMembers(e, now)
	case client.ViewsChanged:
		m.touch(e.Channel)
	case client.HubAway:
		ch := m.touch(e.Channel)
		ch.away, ch.awaySince = e.Away, e.Since
	case client.FloorChanged:
		ch := m.touch(e.Channel)
		ch.floor, ch.floorSince = e, now
		if e.Holder == (proto.Name{}) {
			ch.waiting = nil
		}
	case client.FloorWaiting:
		m.touch(e.Channel).waiting = e.Waiting
	case client.VoiceStrained:
		if ch := m.touch(e.Channel); e.Lowered() {
			ch.bits = e.Bits
		} else {
			ch.bits = 0
		}
	case client.Ending:
		m.touch(e.Channel)
		m.warn(now, e.Channel, e.Why, func(l phrase.Language) string {
			return phrase.Wording{"the channel ends at %s: %s", "el canal termina a las %s: %s", "le canal prend fin à %s : %s"}.Say(l, timeOfDay(e.At), because(e.Why, l))
		})
	case client.ObserverThere:
		m.foldObserver(e, now)
	case client.Gap:
		m.warn(now, e.Channel, nil, func(l phrase.Language) string {
			return phrase.Wording{
				"%d messages of %s are missing: somebody withholds them, or they are late", "faltan %d mensajes de %s: alguien los retiene o llegan tarde",
				"%d messages de %s manquent : quelqu'un les retient, ou ils sont en retard",
			}.Say(l, e.Count, shown(e.From))
		})
	case client.Missed:
		m.foldMissed(e, now)
	default:
		m.foldHail(event, now)
	}
}

// foldHail takes in what happened to hails, incidents and desks. What it means for the
// calls is asked of the endpoint; here it makes the timelines.
func (m *Model) foldHail(event client.Event, now time.Time) {
	m.calls.stale = true
	switch e := event.(type) {
	case client.HailReceived:
		m.foldReceived(e, now)
	case client.HailMoved:
		m.foldHailMoved(e)
	case client.Paged:
		m.foldPaged(e)
	case client.PageAnswered:
		m.foldAnswered(e)
	case client.IncidentOpened:
		m.foldOpened(e, now)
	case client.IncidentMoved:
		m.foldIncident(e)
	case client.DutyChanged:
		m.touch(e.Channel)
		m.foldDuty(e)
	case client.DeskUnmanned:
		m.touch(e.Channel)
		m.foldUnmanned(e, now)
	}
}

func (m *Model) disconnected(e client.Disconnected, now time.Time) {
	if m.link.up || m.link.since.IsZero() {
		m.link.since = now
	}
	m.link.up, m.link.why = false, e.Err
	for _, ch := range m.channels {
		ch.waiting = nil // the relay tells again when it changes
	}
}

func (m *Model) left(e client.Left, now time.Time) {
	ch := m.touch(e.Channel)
	ch.floor, ch.waiting, ch.press, ch.forged = client.FloorChanged{}, nil, PressState{}, false
	m.warn(now, e.Channel, e.Why, func(l phrase.Language) string {
		return phrase.Wording{"you have left the channel: %s", "usted salió del canal: %s", "vous avez quitté le canal : %s"}.Say(l, because(e.Why, l))
	})
}

func (m *Model) foldObserver(e client.ObserverThere, now time.Time) {
	ch := m.touch(e.Channel)
	if _, told := ch.observers[e.Name]; told {
		return
	}
	ch.observers[e.Name] = struct{}{}
	m.warn(now, e.Channel, nil, func(l phrase.Language) string {
		return phrase.Wording{
			"%s observes the channel until %s: it hears and reads, and cannot send", "%s observa el canal hasta %s: oye y lee, y no puede enviar",
			"%s observe le canal jusqu'au %s : il entend et lit, et ne peut rien envoyer",
		}.Say(l, shown(e.Name), e.Until.UTC().Format(time.RFC3339))
	})
}

func (m *Model) foldMissed(e client.Missed, now time.Time) {
	m.warn(now, e.Channel, nil, func(l phrase.Language) string {
		if e.Origin == "" {
			return phrase.Wording{
				"%d entries of the channel cannot be read here, and never will be", "%d entradas del canal no pueden leerse aquí, ni podrán",
				"%d entrées du canal ne peuvent pas être lues ici et ne le seront jamais",
			}.Say(l, e.Count)
		}
		return phrase.Wording{
			"%d entries of the channel lie at the relay of %s, which is away: they come when it is back",
			"%d entradas del canal están en el repetidor de %s, que no responde: llegarán cuando vuelva",
			"%d entrées du canal sont au relais de %s, qui est absent : elles viendront à son retour",
		}.Say(l, e.Count, e.Origin)
	})
}

// judgement is what is known of a burst's signatures.
type judgement uint8

const (
	unsigned judgement = iota // not all of it is known to be signed by the speaker's device
	signed
	forged // some of it was not, and that stays
)

// burstName names a burst: a number alone may come again, said by another or elsewhere.
type burstName struct {
	channel proto.ChannelID
	burst   proto.BurstID
	from    proto.Name
}

// judge notes what is known of a burst now. What was heard only in part may be known
// better when the rest has come late.
func (m *Model) judge(id burstName, genuine, attacked bool) {
	before, known := m.genuine[id]
	if !known {
		if len(m.judged) >= maxBursts {
			delete(m.genuine, m.judged[0])
			m.judged = m.judged[1:]
		}
		m.judged = append(m.judged, id)
	}
	switch {
	case attacked || before == forged:
		m.genuine[id] = forged
	case genuine:
		m.genuine[id] = signed
	default:
		m.genuine[id] = unsigned
	}
}

func (m *Model) foldBurst(e client.BurstHeard, now time.Time) {
	ch := m.touch(e.Channel)
	ch.forged = e.Forged > 0
	m.judge(burstName{e.Channel, e.Burst, e.From}, e.Genuine, e.Forged > 0)
	m.imitated(now, e.Channel, e.From, e.Forged)
}

// foldLate takes in a burst that was missed. It says nothing of who speaks now, nor, of a
// burst that was heard in part, anything of that part, unless it came whole.
func (m *Model) foldLate(e client.BurstLate, now time.Time) {
	m.touch(e.Channel)
	id := burstName{e.Channel, e.Burst, e.From}
	before, heard := m.genuine[id]
	m.judge(id, e.Genuine && (e.Whole || !heard || before == signed), e.Forged > 0)
	m.imitated(now, e.Channel, e.From, e.Forged)
}

func (m *Model) imitated(now time.Time, ch proto.ChannelID, from proto.Name, frames int) {
	if frames == 0 {
		return
	}
	m.warn(now, ch, nil, func(l phrase.Language) string {
		return phrase.Wording{
			"%d frames of a burst of %s were not signed by its device: somebody imitates it",
			"%d tramas de una transmisión de %s no fueron firmadas por su equipo: alguien lo imita",
			"%d trames d'une émission de %s n'ont pas été signées par son appareil : quelqu'un l'imite",
		}.Say(l, frames, shown(from))
	})
}

// because is a reason within a sentence.
func because(why *proto.Refusal, l phrase.Language) string {
	if why == nil {
		return phrase.Wording{"no reason given", "sin motivo indicado", "sans motif donné"}.In(l)
	}
	return refused(why, l)
}
