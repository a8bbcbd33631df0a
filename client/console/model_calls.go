package console

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"crossband/client"
	"crossband/client/phrase"
	"crossband/proto"
)

// callState is what is known of hails.
type callState struct {
	stale     bool // an event has told of one
	list      []CallNow
	incidents []client.Incident
	rung      []proto.MessageID // that have begun to ring, for Ringing
	strange   []proto.MessageID // of which the endpoint knows nothing
}

func newCallState() callState { return callState{stale: true} }

// lookForCalls asks the endpoint how hails and incidents stand.
func (m *Model) lookForCalls() {
	m.calls.stale = false
	m.calls.list = newestCalls(m.cfg.Endpoint.Calls())
	m.calls.incidents = newestIncidents(m.cfg.Endpoint.Incidents())
	m.shown.calls, m.shown.incidents = nil, nil
	m.timelinesOf()
}

// newestCalls lists the newest first, at most maxCalls: those that are over go first.
func newestCalls(all []CallNow) []CallNow {
	slices.SortFunc(all, func(a, b CallNow) int {
		x, y := a.Call.State.Over(), b.Call.State.Over()
		switch {
		case x != y && y:
			return -1
		case x != y:
			return 1
		}
		return newer(a, b)
	})
	if len(all) > maxCalls {
		all = all[:maxCalls]
	}
	slices.SortFunc(all, newer)
	return all
}

func newer(a, b CallNow) int {
	return cmp.Or(b.Call.Made.Compare(a.Call.Made), slices.Compare(a.Call.ID[:], b.Call.ID[:]))
}

// rings reports whether a call waits for an answer here at now: the endpoint knows the
// log's time only, which stands still while nothing comes.
func (m *Model) rings(c *CallNow, now time.Time) bool {
	return c.Rings && (c.Call.State >= proto.HailAccepted || m.hubTime(now).Before(c.Ends))
}

// Ringing lists what has begun to ring here since it was asked last, as it stands now:
// a page rings for it, once.
func (m *Model) Ringing() []Call {
	if len(m.calls.rung) == 0 {
		return nil
	}
	var list []Call
	m.lookForCalls()
	for _, id := range m.calls.rung {
		i := slices.IndexFunc(m.calls.list, func(c CallNow) bool { return c.Call.ID == id })
		if i >= 0 && m.rings(&m.calls.list[i], m.now) {
			list = append(list, m.callView(&m.calls.list[i], m.now))
		}
	}
	m.calls.rung = nil
	return list
}

// ring notes that a hail has begun to ring, again perhaps.
func (m *Model) ring(id proto.MessageID) {
	if len(m.calls.rung) >= maxRinging {
		m.calls.rung = m.calls.rung[1:]
	}
	m.calls.rung = append(slices.DeleteFunc(m.calls.rung, func(x proto.MessageID) bool { return x == id }), id)
}

func (m *Model) callViews(now time.Time) []Call {
	if m.shown.calls != nil && !m.ringingOver(now) {
		return m.shown.calls
	}
	list := make([]Call, 0, len(m.calls.list))
	for i := range m.calls.list {
		list = append(list, m.callView(&m.calls.list[i], now))
	}
	m.shown.calls = list
	return list
}

// ringingOver reports whether something shown as ringing does not ring any more.
func (m *Model) ringingOver(now time.Time) bool {
	for i := range m.shown.calls {
		if m.shown.calls[i].Rings && !m.rings(&m.calls.list[i], now) {
			return true
		}
	}
	return false
}

func (m *Model) callView(c *CallNow, now time.Time) Call {
	l, k, s := m.language, &c.Call, &c.Shown
	v := Call{
		ID: k.ID.String(), Channel: s.Channel.String(), Incident: k.Incident.String(), From: k.From.String(), FromShort: shown(k.From), To: k.To.String(), ToShort: shown(k.To),
		Urgency: k.Urgency.String(), Exercise: k.Exercise, Says: contentSays(&s.Content, s.Unreadable, l), Note: inert(s.Note, maxNote), Place: placeOf(&s.Content, l),
		At: stamp(k.Made), Expires: stamp(c.Ends), State: strings.ToLower(k.State.String()), StateSays: stateSays(c, l), Reason: reason(k.Reason, l), Holder: k.Holder.String(),
		Rings: m.rings(c, now), Mine: k.From == m.cfg.Me, Step: k.Step, Round: k.Round, Ladder: m.ladderOf(c), May: texts(c.May, func(s proto.HailState) string { return strings.ToLower(s.String()) }),
	}
	if v.Rings {
		v.For = k.To.String()
		if c.For != (proto.Name{}) {
			v.For = c.For.String()
		} else if k.To != m.cfg.Me {
			v.For = m.cfg.Me.String()
		}
	}
	return v
}

// contentSays is what was said with a hail or a reply.
func contentSays(c *phrase.Content, unreadable bool, l phrase.Language) string {
	if unreadable || c.Code == 0 {
		return phrase.Unreadable(l)
	}
	return c.Sentence(l)
}

func placeOf(c *phrase.Content, l phrase.Language) *Place {
	slot, _ := c.Slot(phrase.KindPlace)
	p, is := slot.(phrase.Place)
	if !is {
		return nil
	}
	return &Place{Latitude: p.Latitude.Degrees(), Longitude: p.Longitude.Degrees(), Says: p.Sentence(l)}
}

// ladderOf lists the steps of a hail's ladder, the addressee first.
func (m *Model) ladderOf(c *CallNow) []Rung {
	rungs := []Rung{{Step: 0, To: []string{c.Call.To.String()}, Reached: c.InLog}}
	ch := m.channels[c.Shown.Channel]
	if ch == nil {
		return rungs
	}
	for i, s := range ch.now.Charter.Ladder {
		to := slices.DeleteFunc(slices.Clone(s.Page), func(n proto.Name) bool {
			return n == c.Call.From || c.Call.Exercise && n.Role == proto.RoleHook
		})
		rungs = append(rungs, Rung{Step: i + 1, AfterS: int(s.After / time.Second), To: texts(to, nameText), Reached: c.InLog && c.Call.Step > i})
	}
	return rungs
}

// stateSays is where a hail stands, in a sentence.
func stateSays(c *CallNow, l phrase.Language) string {
	k := &c.Call
	if k.Rearmed() {
		return phrase.Wording{
			"ringing again, round %d: %s had accepted and nothing followed", "llamando de nuevo, ronda %d: %s había aceptado y nada siguió",
			"sonne de nouveau, tour %d : %s avait accepté et rien n'a suivi",
		}.Say(l, k.Round, shown(k.Holder))
	}
	switch k.State {
	case proto.HailSent:
		if !c.InLog {
			return phrase.Wording{"waiting to be sent", "en espera de envío", "en attente d'envoi"}.In(l)
		}
		return phrase.Wording{"sent to %s; it has not rung there yet", "enviado a %s; aún no suena allí", "envoyé à %s; ne sonne pas encore là-bas"}.Say(l, shown(k.To))
	case proto.HailReceived:
		return phrase.Wording{"ringing at %s", "llamando en %s", "sonne chez %s"}.Say(l, ringsAt(c))
	case proto.HailAccepted:
		return phrase.Wording{"accepted by %s", "aceptado por %s", "accepté par %s"}.Say(l, shown(k.Holder))
	case proto.HailCommitted:
		return phrase.Wording{"%s has committed help", "%s comprometió ayuda", "%s a engagé de l'aide"}.Say(l, shown(k.Holder))
	case proto.HailDeclined:
		return phrase.Wording{"declined by whom it reached", "rechazado por quienes lo recibieron", "refusé par ceux qu'il a joints"}.In(l)
	case proto.HailCancelled:
		return phrase.Wording{"cancelled by %s", "cancelado por %s", "annulé par %s"}.Say(l, shown(k.From))
	case proto.HailReleased:
		return phrase.Wording{"released: the help is free again", "liberado: la ayuda está libre de nuevo", "libéré : l'aide est de nouveau disponible"}.In(l)
	case proto.HailExpired:
		return phrase.Wording{"nobody answered in time", "nadie respondió a tiempo", "personne n'a répondu à temps"}.In(l)
	case proto.HailClosed:
		return phrase.Wording{"its incident was closed", "su incidente fue cerrado", "son incident a été clos"}.In(l)
	}
	return k.State.String()
}

// ringsAt names the desks at which a hail rings in its present round.
func ringsAt(c *CallNow) string {
	var list []proto.Name
	for _, r := range c.Call.Reached {
		if r.Round == c.Call.Round && r.Received && !r.Declined {
			list = append(list, r.Name)
		}
	}
	if len(list) == 0 {
		return shown(c.Call.To)
	}
	return listed(list, shown)
}
