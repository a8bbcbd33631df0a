package report

import (
	"errors"
	"fmt"
	"slices"

	"crossband/client/phrase"
	"crossband/crypto/record"
	"crossband/formats/cap"
	"crossband/proto"
)

// CAP returns each call as an alert of CAP 1.2 and what followed as updates and
// cancels of it. Each has an info in English, Spanish and French.
func (i *Incident) CAP(o Options) ([]cap.Alert, error) {
	var list []cap.Alert
	for _, x := range i.exchanges() {
		if x.call == nil {
			continue // nothing that an update could refer to
		}
		w := alertWriter{i: i, o: o, x: x}
		w.add(x.call, cap.MsgAlert, x.hail.String(), "Sent")
		for _, r := range x.replies {
			b := r.Entry.Body.(*record.Reply)
			w.add(r, msgType(b.State), b.Message.String(), b.State.String())
		}
		if x.closed != nil {
			w.add(x.closed, cap.MsgCancel, fmt.Sprintf("%s-closed-%s-%d", x.hail, x.closed.Log.Agency, x.closed.Index), "Closed")
		}
		list = append(list, w.alerts...)
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("%w: the record holds no call for help", ErrNothing)
	}
	return list, nil
}

// CAPDocuments returns each alert as a document.
func (i *Incident) CAPDocuments(o Options) ([]Document, error) {
	alerts, err := i.CAP(o)
	if err != nil {
		return nil, err
	}
	var list []Document
	for n, a := range alerts {
		out, err := a.Marshal()
		if err != nil {
			return nil, err
		}
		list = append(list, Document{documentName(n, string(a.MsgType)), out})
	}
	return list, nil
}

// ErrFeed says that an Atom feed cannot hold all alerts; CAPDocuments can.
var ErrFeed = errors.New("too many alerts for one feed")

// CAPFeed returns all alerts in one Atom feed, cap.MaxAlerts at most.
func (i *Incident) CAPFeed(o Options) ([]byte, error) {
	alerts, err := i.CAP(o)
	if err != nil {
		return nil, err
	}
	if len(alerts) > cap.MaxAlerts {
		return nil, fmt.Errorf("%w: %d, at most %d", ErrFeed, len(alerts), cap.MaxAlerts)
	}
	return cap.MarshalFeed(cap.Feed{
		ID: "urn:x-crossband:incident:" + i.ID.String(), Title: exercising(i.Exercise, i.title(), o.Language), Author: i.exporter(o.Language), Updated: o.Now,
	}, alerts)
}

// exercising puts the word before a text if it is one.
func exercising(exercise bool, s string, l phrase.Language) string {
	if !exercise {
		return s
	}
	return exerciseWord(l) + ": " + s
}

// msgType: what withdraws a call or ends it cancels the alert; all else that
// followed updates it.
func msgType(s proto.HailState) cap.MsgType {
	switch s {
	case proto.HailCancelled, proto.HailReleased, proto.HailExpired:
		return cap.MsgCancel
	}
	return cap.MsgUpdate
}

// alertWriter writes the alerts of one exchange.
type alertWriter struct {
	i      *Incident
	o      Options
	x      *exchange
	alerts []cap.Alert
}

// add appends an alert that refers to all before it.
func (w *alertWriter) add(e *Event, kind cap.MsgType, id, state string) {
	status := cap.Actual
	if w.i.Exercise {
		status = cap.Exercise
	}
	a := cap.Alert{
		Version: cap.V12, Identifier: "crossband-" + id, Sender: shown(e.Entry.Actor), Sent: w.o.at(e.At),
		Status: status, MsgType: kind, Source: "Crossband", Scope: cap.Restricted, Restriction: w.i.restriction(w.o.Language),
		Note:      exercising(w.i.Exercise, w.i.standingLine(w.o.Language), w.o.Language),
		Incidents: []string{w.i.ID.String()},
	}
	for _, before := range w.alerts {
		a.References = append(a.References, cap.Reference{Sender: before.Sender, Identifier: before.Identifier, Sent: before.Sent})
	}
	for _, l := range phrase.Languages() {
		a.Infos = append(a.Infos, w.info(e, l, kind, state))
	}
	w.alerts = append(w.alerts, a)
}

func (w *alertWriter) info(e *Event, l phrase.Language, kind cap.MsgType, state string) cap.Info {
	hail := w.x.hailBody()
	i := cap.Info{
		Language: l.String(), Categories: []string{"Security"}, Event: words{"Call for help", "Llamado de apoyo", "Appel à l'aide"}.in(l),
		Urgency: capUrgency(hail.Urgency), Severity: capSeverity(hail.Urgency), Certainty: certainty(w.x.caller()),
		Audience: w.i.restriction(l), SenderName: shown(e.Entry.Actor), Headline: exercising(w.i.Exercise, headline(e, l), l), Description: e.Sentence(l),
		Parameters: []cap.Pair{{Name: "crossband-state", Value: state}},
	}
	if kind == cap.MsgCancel {
		i.Urgency, i.ResponseTypes = cap.Past, []string{cap.AllClear}
	}
	call := w.x.call.Said
	if call != nil && call.phrase != nil && !call.unreadable {
		i.EventCodes = []cap.Pair{{Name: "crossband-phrase", Value: fmt.Sprint(uint16(call.phrase.Code))}}
		if c := category(call.phrase.Code); c != "" {
			i.Categories = append(i.Categories, c)
		}
	}
	if p, ok := call.slot(phrase.KindPlace); ok {
		i.Areas = []cap.Area{area(p.(phrase.Place))}
	}
	return i
}

// maxHeadline is the length that the standard recommends, in characters
// (CAP-v1.2 3.2.2).
const maxHeadline = 160

func headline(e *Event, l phrase.Language) string {
	s := []rune(e.Sentence(l))
	if len(s) > maxHeadline {
		return string(s[:maxHeadline-1]) + "…"
	}
	return string(s)
}

func capUrgency(p proto.Priority) cap.Urgency {
	switch p {
	case proto.PriorityEmergency, proto.PriorityImminentPeril:
		return cap.Immediate
	case proto.PriorityRoutine:
		return "Future"
	}
	return "Expected"
}

func capSeverity(p proto.Priority) cap.Severity {
	switch p {
	case proto.PriorityEmergency:
		return cap.Extreme
	case proto.PriorityImminentPeril:
		return cap.Severe
	case proto.PriorityUrgent, proto.PrioritySupervisor:
		return cap.Moderate
	case proto.PriorityRoutine:
		return cap.Minor
	}
	return cap.UnknownSeverity
}

// certainty: what people call about they have seen; what a machine or a bridge
// says is for people to judge.
func certainty(caller proto.Name) cap.Certainty {
	if caller.Role == proto.RoleUnit || caller.Role == proto.RoleDesk {
		return "Observed"
	}
	return "Unknown"
}

// category is that of a phrase, beside Security, if it has one.
func category(c phrase.Code) string {
	p, known := phrase.Find(c)
	switch {
	case known && p.Topic() == phrase.TopicPeople:
		return "Rescue"
	case known && slices.Contains([]phrase.Topic{phrase.TopicHazards, phrase.TopicOfficerSafety}, p.Topic()):
		return "Safety"
	}
	return ""
}

func area(p phrase.Place) cap.Area {
	at := cap.Point{Lat: p.Latitude.Degrees(), Lon: p.Longitude.Degrees()}
	return cap.Area{Desc: placeText(p), Circles: []cap.Circle{{Point: at}}}
}
