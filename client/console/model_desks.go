package console

import (
	"cmp"
	"slices"
	"time"

	"crossband/client"
	"crossband/client/phrase"
	"crossband/proto"
)

func (m *Model) foldDuty(e client.DutyChanged) {
	m.whileOpen(e.Channel, e.Time, e.By, func(l phrase.Language) string {
		says := phrase.Wording{"%s is off duty", "%s queda fuera de servicio", "%s n'est plus de service"}.Say(l, shown(e.Role))
		if e.On && (e.At == e.Role || e.At == (proto.Name{})) {
			says = phrase.Wording{"%s is on duty", "%s está de servicio", "%s est de service"}.Say(l, shown(e.Role))
		} else if e.On {
			says = phrase.Wording{"%[2]s stands in for %[1]s", "%[2]s suple a %[1]s", "%[2]s remplace %[1]s"}.Say(l, shown(e.Role), shown(e.At))
		}
		if e.Note != "" {
			says += ". " + inert(e.Note, maxDetail)
		}
		return says
	})
}

func (m *Model) foldUnmanned(e client.DeskUnmanned, now time.Time) {
	says := func(l phrase.Language) string {
		if !e.Unmanned {
			return phrase.Wording{"somebody is at %s again", "hay alguien de nuevo en %s", "il y a de nouveau quelqu'un à %s"}.Say(l, shown(e.Desk))
		}
		return phrase.Wording{
			"nobody is found at %s, where hails may ring", "no hay nadie en %s, donde pueden sonar llamados",
			"personne n'est trouvé à %s, où des appels peuvent sonner",
		}.Say(l, shown(e.Desk))
	}
	m.whileOpen(e.Channel, e.At, proto.Name{}, says)
	if e.Unmanned {
		m.warn(now, e.Channel, nil, says)
	}
}

// foldMembers tells in an incident who came and went on its channel.
func (m *Model) foldMembers(e client.MembersChanged, now time.Time) {
	for _, t := range m.timelines {
		if t.channel != e.Channel || e.Channel == (proto.ChannelID{}) {
			continue
		}
		if len(e.Added) > 0 {
			m.happened(t, m.hubTime(now), e.By, func(l phrase.Language) string {
				return phrase.Wording{"came into the channel: %s", "entró al canal: %s", "entré sur le canal : %s"}.Say(l, listed(e.Added, shown))
			})
		}
		if len(e.Removed) > 0 {
			m.happened(t, m.hubTime(now), e.By, func(l phrase.Language) string {
				return phrase.Wording{"left the channel: %s", "salió del canal: %s", "sorti du canal : %s"}.Say(l, listed(e.Removed, shown))
			})
		}
	}
}

// whileOpen tells something in each incident of a calling channel that is not done.
func (m *Model) whileOpen(calling proto.ChannelID, at time.Time, by proto.Name, says func(phrase.Language) string) {
	for i := range m.calls.incidents {
		k := &m.calls.incidents[i]
		if t := m.timelines[k.ID]; t != nil && k.Calling == calling && !done(k) && k.State != client.IncidentOver {
			m.happened(t, at, by, says)
		}
	}
}

// deskViews lists the desks of calling channels: those of which something has been said
// and those that are there, by channel and name.
func (m *Model) deskViews() []Desk {
	if m.shown.desks != nil {
		return m.shown.desks
	}
	list := []Desk{}
	for _, ch := range m.order {
		if ch.now.Charter.Kind != proto.KindCalling {
			continue
		}
		of := []Desk{}
		for _, d := range ch.now.Duties {
			of = append(of, Desk{Channel: ch.id.String(), Role: d.Role.String(), Short: shown(d.Role), StandsIn: d.StandsIn.String(), Off: d.Off, Unmanned: d.Unmanned})
		}
		for _, n := range ch.now.Members {
			said := slices.ContainsFunc(ch.now.Duties, func(d client.Duty) bool { return d.Role == n })
			if n.Role == proto.RoleDesk && !said {
				of = append(of, Desk{Channel: ch.id.String(), Role: n.String(), Short: shown(n)})
			}
		}
		slices.SortFunc(of, func(a, b Desk) int { return cmp.Compare(a.Role, b.Role) })
		list = append(list, of...)
	}
	m.shown.desks = list
	return list
}
