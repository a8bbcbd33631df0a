package main

import (
	"fmt"
	"strings"
	"time"

	"crossband/client"
	"crossband/client/phrase"
	"crossband/proto"
	"crossband/proto/incident"
)

// incidentInfo is an incident as `incident list --json` prints it.
type incidentInfo struct {
	ID           string         `json:"id"`
	State        string         `json:"state"`
	Exercise     bool           `json:"exercise"`
	Opened       string         `json:"opened"`
	Changed      string         `json:"changed"`
	Channel      string         `json:"channel,omitempty"`
	Holder       string         `json:"holder,omitempty"`
	Participants []string       `json:"participants"`
	Into         string         `json:"into,omitempty"`
	Disposition  string         `json:"disposition,omitempty"`
	By           string         `json:"by,omitempty"`
	Hails        []incidentHail `json:"hails"`
}

type incidentHail struct {
	ID      string         `json:"id"`
	From    string         `json:"from"`
	To      string         `json:"to"`
	Urgency string         `json:"urgency"`
	State   string         `json:"state"`
	Round   int            `json:"round"`
	Step    int            `json:"step"`
	Reached []incidentRung `json:"reached"`
}

type incidentRung struct {
	Name  string `json:"name"`
	Round int    `json:"round"`
	Step  int    `json:"step"`
	State string `json:"state"`
}

func describeIncident(i client.Incident) incidentInfo {
	v := incidentInfo{
		ID: i.ID.String(), State: string(i.State), Exercise: i.Exercise, Opened: i.Opened.UTC().Format(time.RFC3339),
		Changed: i.Changed.UTC().Format(time.RFC3339), Holder: i.Holder.String(), By: i.By.String(), Participants: []string{},
	}
	for _, n := range i.Participants {
		v.Participants = append(v.Participants, n.String())
	}
	if i.Channel != (proto.ChannelID{}) {
		v.Channel = i.Channel.String()
	}
	if i.Into != (proto.IncidentID{}) {
		v.Into = i.Into.String()
	}
	if i.Disposition != 0 {
		v.Disposition = i.Disposition.String()
	}
	for _, h := range i.Hails {
		x := incidentHail{
			ID: h.ID.String(), From: h.From.String(), To: h.To.String(), Urgency: h.Urgency.String(), State: h.State.String(), Round: h.Round, Step: h.Step,
		}
		for _, r := range h.Reached {
			x.Reached = append(x.Reached, incidentRung{r.Name.String(), r.Round, r.Step, rungState(r)})
		}
		v.Hails = append(v.Hails, x)
	}
	return v
}

// rungState says in a word what became of a hail at somebody whom it reached.
func rungState(r incident.Reached) string {
	switch {
	case r.Declined:
		return "declined"
	case r.Delivered:
		return "delivered"
	case r.Failed:
		return "failed"
	case r.Received:
		return "received"
	}
	return "paged"
}

// incidentLine is an incident on one line.
func incidentLine(i client.Incident) string {
	state := string(i.State)
	if i.State == client.IncidentClosed {
		state += ": " + i.Disposition.String()
	}
	if i.State == client.IncidentMerged {
		state += " into " + i.Into.String()[:8]
	}
	line := fmt.Sprintf("%s  %s%-9s  %s", i.ID.String()[:8], exerciseMark(i.Exercise), state, timeOf(i.Changed))
	if len(i.Hails) > 0 {
		h := i.Hails[0]
		line += fmt.Sprintf("  %s from %s to %s", h.Urgency, shown(h.From), shown(h.To))
	}
	if i.Holder != (proto.Name{}) {
		line += "; " + shown(i.Holder) + " has it"
	}
	return line
}

func showIncident(e env, i client.Incident, l phrase.Language) {
	e.printf("%s\n", incidentLine(i))
	e.printf("incident      %s\n", i.ID)
	e.printf("opened        %s\n", timeOf(i.Opened))
	if i.Channel != (proto.ChannelID{}) {
		e.printf("channel       %s\n", i.Channel)
	}
	e.printf("participants  %s\n", shownList(i.Participants))
	if i.By != (proto.Name{}) {
		e.printf("%-13s by %s\n", i.State, shown(i.By))
	}
	for _, h := range i.Hails {
		said := "(not known here)"
		if h.Shown.ID == h.ID {
			said = hailLine(h.Shown, l)
		}
		e.printf("hail          %s  %s\n", h.State, said)
		for _, r := range h.Reached {
			e.printf("  round %d, step %d  %-9s  %s\n", r.Round, r.Step, rungState(r), shown(r.Name))
		}
	}
}

// pageLine says whom a step of a ladder reaches.
func pageLine(p client.Paged) string {
	what := fmt.Sprintf("step %d", p.Step)
	if p.Step == 0 {
		what = "the addressee again"
	}
	to := shownList(p.To)
	if to == "" {
		to = "nobody"
	}
	return fmt.Sprintf("%spage of incident %s, round %d, %s: %s", exerciseMark(p.Exercise), p.Incident.String()[:8], p.Round, what, to)
}

// actLine says what was done with an incident.
func actLine(m client.IncidentMoved) string {
	line := fmt.Sprintf("%sincident %s %s by %s", exerciseMark(m.Exercise), m.Incident.String()[:8], m.Act, shown(m.By))
	switch m.Act {
	case proto.ActHandOver:
		line += " to " + shown(m.To)
	case proto.ActMerge:
		line += " into " + m.Into.String()[:8]
	case proto.ActClose:
		line += ": " + m.Disposition.String()
	}
	return line + noted(m.Note)
}

// noted is free text beside what was done, as harmless as the rest.
func noted(note string) string {
	if note == "" {
		return ""
	}
	return " “" + phrase.Inert(strings.TrimSpace(note)) + "”"
}
