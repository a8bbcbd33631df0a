package console

import (
	"cmp"
	"slices"

	"crossband/client"
	"crossband/proto"
)

// done reports whether nothing more is to be expected of an incident.
func done(k *client.Incident) bool {
	return k.State == client.IncidentClosed || k.State == client.IncidentMerged
}

// newestIncidents lists those that are not done first, each part with what has changed
// last first; at most maxIncidents.
func newestIncidents(all []client.Incident) []client.Incident {
	slices.SortFunc(all, func(a, b client.Incident) int {
		x, y := done(&a), done(&b)
		switch {
		case x != y && y:
			return -1
		case x != y:
			return 1
		}
		return cmp.Or(b.Changed.Compare(a.Changed), slices.Compare(a.ID[:], b.ID[:]))
	})
	return all[:min(len(all), maxIncidents)]
}

func (m *Model) incidentViews() []Incident {
	if m.shown.incidents != nil {
		return m.shown.incidents
	}
	list := make([]Incident, 0, len(m.calls.incidents))
	for i := range m.calls.incidents {
		list = append(list, m.incidentView(&m.calls.incidents[i]))
	}
	m.shown.incidents = list
	return list
}

func (m *Model) incidentView(k *client.Incident) Incident {
	v := Incident{
		ID: k.ID.String(), Calling: k.Calling.String(), State: string(k.State), Exercise: k.Exercise, Opened: stamp(k.Opened), Changed: stamp(k.Changed),
		Holder: k.Holder.String(), Calls: []string{}, Timeline: []Moment{}, Participants: texts(k.Participants, nameText),
	}
	if k.Channel != (proto.ChannelID{}) {
		v.Channel = k.Channel.String()
	} else if t := m.timelines[k.ID]; t != nil && t.channel != (proto.ChannelID{}) {
		v.Channel = t.channel.String()
	}
	if k.Into != (proto.IncidentID{}) {
		v.Into = k.Into.String()
	}
	if k.Disposition != 0 {
		v.Disposition = k.Disposition.String()
	}
	for _, h := range k.Hails {
		v.Calls = append(v.Calls, h.Call.ID.String())
	}
	if t := m.timelines[k.ID]; t != nil {
		for _, x := range t.moments {
			v.Timeline = append(v.Timeline, Moment{At: stamp(x.at), By: x.by.String(), Says: x.says(m.language)})
		}
	}
	return v
}
