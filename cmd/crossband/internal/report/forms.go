package report

import (
	"fmt"
	"slices"
	"strings"

	"crossband/client/phrase"
	"crossband/crypto/record"
	"crossband/formats/ics"
	"crossband/proto"
)

// Layout returns how the forms are laid out: with the record's standing on every
// page.
func (i *Incident) Layout(o Options) ics.Layout {
	return ics.Layout{Zone: o.Zone, Warning: i.Standing.Warning(o.Language), Note: i.note(o.Language)}
}

// note stands at the foot of every page: how the record stands, and who made the
// file, which no signature is over.
func (i *Incident) note(l phrase.Language) string {
	return i.Standing.Note(l) + "\n" + i.exporter(l)
}

func (i *Incident) exporter(l phrase.Language) string {
	return words{"exported by, not signed: ", "exportado por, sin firma: ", "exporté par, sans signature : "}.in(l) + shown(i.From)
}

// title names the incident: a record has no other name for it.
func (i *Incident) title() string { return "Crossband " + i.ID.String() }

func (i *Incident) period() ics.Period {
	from, to := i.span()
	return ics.Period{From: from, To: to}
}

// ActivityLog fills an ICS 214: from the first to the last entry, the members who
// joined, and a row for each entry. Who keeps it and who prepared it are for whoever
// signs it to fill in: the record proves neither.
func (i *Incident) ActivityLog(o Options) ics.ActivityLog {
	f := ics.ActivityLog{
		Incident: i.title(), Exercise: i.Exercise, Period: i.period(),
		Resources: i.resources(o.Language),
		Prepared:  ics.Preparer{At: o.Now},
	}
	for n := range i.Events {
		e := &i.Events[n]
		f.Activities = append(f.Activities, ics.Activity{At: e.At, What: e.Sentence(o.Language)})
	}
	return f
}

// resources are the members who joined, each once, by agency and name.
func (i *Incident) resources(l phrase.Language) (list []ics.Resource) {
	positions := map[proto.Name]string{}
	for n := range i.Events {
		if b, ok := i.Events[n].body().(*record.Joined); ok {
			position := role(b.Member.Role, l)
			if b.Observer {
				position += words{", observer", ", observador", ", observateur"}.in(l)
			}
			positions[b.Member] = position
		}
	}
	for _, m := range sortedNames(positions) {
		list = append(list, ics.Resource{Name: m.Label, Position: positions[m], Agency: string(m.Agency)})
	}
	return list
}

func sortedNames[V any](set map[proto.Name]V) []proto.Name {
	var list []proto.Name
	for n := range set {
		list = append(list, n)
	}
	slices.SortFunc(list, func(a, b proto.Name) int { return strings.Compare(a.String(), b.String()) })
	return list
}

// RadioPlan fills an ICS 205 with the channels that occur in the record.
func (i *Incident) RadioPlan(o Options) ics.RadioPlan {
	l := o.Language
	f := ics.RadioPlan{
		Incident: i.title(), Exercise: i.Exercise, Prepared: o.Now, Period: i.period(),
		Special: words{
			"From the incident's record: it knows a channel's number, its members and its agencies, not its title.",
			"Del registro del incidente: conoce el número de un canal, sus miembros y sus dependencias, no su título.",
			"Tiré du dossier de l'incident : il connaît le numéro d'un canal, ses membres et ses organismes, pas son titre.",
		}.in(l),
		By: ics.Preparer{At: o.Now},
	}
	for n, c := range i.channels() {
		f.Channels = append(f.Channels, c.row(n, l))
	}
	return f
}

// channel is what a record knows of one.
type channel struct {
	id       proto.ChannelID
	calling  bool // calls were made on it
	agencies []proto.Agency
	members  map[proto.Name]bool
}

func (c *channel) row(n int, l phrase.Language) ics.Channel {
	function, name := words{"Incident", "Incidente", "Incident"}, words{"Incident channel", "Canal del incidente", "Canal de l'incident"}
	if c.calling {
		function, name = words{"Calling", "Llamada", "Appel"}, words{"Calling channel", "Canal de llamada", "Canal d'appel"}
	}
	var agencies, members []string
	for _, a := range c.agencies {
		agencies = append(agencies, string(a))
	}
	for _, m := range sortedNames(c.members) {
		members = append(members, m.Short())
	}
	if len(members) == 0 {
		members = []string{words{"Desks of the parties", "Centrales de las partes", "Postes des parties"}.in(l)}
	}
	return ics.Channel{
		Zone: "CB", Number: fmt.Sprint(n + 1), Function: function.in(l), Name: name.in(l) + " " + c.id.Short(), ID: c.id.Short(),
		Assignment: strings.Join(members, ", "), Mode: ics.Digital, Agencies: agencies,
		Encryption: words{"end-to-end, MLS", "de extremo a extremo, MLS", "de bout en bout, MLS"}.in(l),
		Remarks:    words{"Mode: Crossband digital", "Modo: Crossband digital", "Mode : Crossband numérique"}.in(l) + ". " + c.id.String(),
	}
}

// channels lists the channels in the order in which they occur, calling channels
// first. Every party of the incident has members of its own on each.
func (i *Incident) channels() []*channel {
	known := map[proto.ChannelID]*channel{}
	var list []*channel
	for n := range i.Events {
		e := &i.Events[n]
		id, on := channelOf(e)
		if !on {
			continue
		}
		c := known[id]
		if c == nil {
			c = &channel{id: id, agencies: i.Parties, members: map[proto.Name]bool{}}
			known[id], list = c, append(list, c)
		}
		switch b := e.body().(type) {
		case *record.Hail:
			c.calling = true
		case *record.Joined:
			c.agencies, c.members[b.Member] = union(c.agencies, []proto.Agency{b.Member.Agency}), true
		}
	}
	slices.SortStableFunc(list, func(a, b *channel) int {
		return map[bool]int{true: 0, false: 1}[a.calling] - map[bool]int{true: 0, false: 1}[b.calling]
	})
	return list
}

// channelOf returns the channel on which something happened.
func channelOf(e *Event) (id proto.ChannelID, on bool) {
	switch b := e.body().(type) {
	case *record.Opened:
		id = b.Channel
	case *record.Hail:
		id = b.Channel
	case *record.Joined:
		id = b.Channel
	case *record.Left:
		id = b.Channel
	case *record.Removed:
		id = b.Channel
	case *record.FloorGranted:
		id = b.Channel
	case *record.FloorReleased:
		id = b.Channel
	case *record.FloorLost:
		id = b.Channel
	case *record.FloorDenied:
		id = b.Channel
	case *record.Burst:
		id = b.Channel
	case *record.Text:
		id = b.Channel
	}
	return id, id != proto.ChannelID{}
}
