package report

import (
	"fmt"
	"time"

	"crossband/client/phrase"
	"crossband/crypto/record"
	"crossband/formats/edxl"
	"crossband/proto"
)

// Lists of values that are Crossband's own.
const (
	reasonList = "urn:x-crossband:reason"
	radioList  = "urn:x-crossband:radio"
)

// EDXL returns the calls and their answers as messages of EDXL-RM, in order:
//
//	hail                RequestResource
//	Accepted, Declined  ResponseToRequestResource
//	Committed           CommitResource
//	Released            ReleaseResource
//	Cancelled           RequestResource that recalls the first one
//
// Received and Expired have no message in the standard; they are in the activity
// log.
func (i *Incident) EDXL(o Options) ([]edxl.Message, error) {
	var list []edxl.Message
	for _, x := range i.exchanges() {
		w := resourceWriter{i, o, x, messageID(x.hail)}
		if x.call != nil {
			list = append(list, w.request(x.call))
		}
		for _, r := range x.replies {
			if m := w.reply(r); m != nil {
				list = append(list, m)
				w.preceding = messageID(r.Entry.Body.(*record.Reply).Message)
			}
		}
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("%w: the record holds no call for help", ErrNothing)
	}
	return list, nil
}

// EDXLDocuments returns each message as a document.
func (i *Incident) EDXLDocuments(o Options) ([]Document, error) {
	messages, err := i.EDXL(o)
	if err != nil {
		return nil, err
	}
	var list []Document
	for n, m := range messages {
		out, err := edxl.Write(m)
		if err != nil {
			return nil, err
		}
		list = append(list, Document{documentName(n, edxl.Kind(m)), out})
	}
	return list, nil
}

// EDXLFile returns all messages in one EDXL-DE envelope.
func (i *Incident) EDXLFile(o Options) ([]byte, error) {
	messages, err := i.EDXL(o)
	if err != nil {
		return nil, err
	}
	return edxl.WriteEnvelope(edxl.Envelope{
		ID: edxl.MessageID("urn:x-crossband:incident:" + i.ID.String()), Sender: i.From.Label + "@" + string(i.From.Agency), Sent: o.at(o.Now),
		Exercise: i.Exercise, Sensitivity: i.restriction(phrase.English), Description: i.standingLine(o.Language), Incident: i.ID.String(),
	}, messages)
}

// restriction says who may read a report.
func (i *Incident) restriction(l phrase.Language) string {
	return words{"For the parties to the incident: ", "Para las partes del incidente: ", "Pour les parties à l'incident : "}.in(l) + joined(i.Parties)
}

// standingLine is the record's standing in one text, and who made the file.
func (i *Incident) standingLine(l phrase.Language) string {
	if w := i.Standing.Warning(l); w != "" {
		return w + "\n" + i.note(l)
	}
	return i.note(l)
}

// at puts a time into the zone that was asked for.
func (o Options) at(t time.Time) time.Time {
	if o.Zone == nil {
		return t.UTC()
	}
	return t.In(o.Zone)
}

func messageID(id proto.MessageID) edxl.MessageID {
	return edxl.MessageID("urn:x-crossband:message:" + id.String())
}

// resourceWriter writes the messages of one exchange.
type resourceWriter struct {
	i         *Incident
	o         Options
	x         *exchange
	preceding edxl.MessageID // the last message written
}

const itemID = "1" // a call asks for one thing: help

func (w resourceWriter) header(e *Event, id proto.MessageID) edxl.Header {
	return edxl.Header{
		ID: messageID(id), Sent: w.o.at(e.At), Exercise: w.i.Exercise,
		Description: e.Sentence(w.o.Language) + "\n" + w.i.standingLine(w.o.Language),
		Originating: messageID(w.x.hail), Incident: edxl.Incident{ID: w.i.ID.String()},
		Contacts: w.contacts(e),
	}
}

// contacts are the sender, the caller and the desk that was called.
func (w resourceWriter) contacts(e *Event) []edxl.Contact {
	hail := w.x.hailBody()
	radio := edxl.Radio{}
	if hail.Channel != (proto.ChannelID{}) {
		radio = edxl.Radio{Type: edxl.Term{List: radioList, Value: "Crossband"}, Channel: hail.Channel.Short()}
	}
	list := []edxl.Contact{{Description: shown(e.Entry.Actor), Role: edxl.RoleSender, Radio: radio}}
	if caller := w.x.caller(); caller != (proto.Name{}) {
		list = append(list,
			edxl.Contact{Description: shown(caller), Role: edxl.RoleRequester, Radio: radio},
			edxl.Contact{Description: shown(hail.To), Role: edxl.RoleRespondingOrg, Radio: radio})
	}
	return list
}

// wanted is what the call asks for, in the words in which it does.
func (w resourceWriter) wanted() edxl.Resource {
	l := w.o.Language
	r := edxl.Resource{Name: words{"Help", "Apoyo", "Aide"}.in(l), Description: words{"(the call is not in this record)", "(el llamado no está en este registro)", "(l'appel n'est pas dans ce dossier)"}.in(l)}
	if w.x.call != nil {
		r.Description = w.x.call.saying(l)
	}
	return r
}

// given is the same resource, of the agency that gives it.
func (w resourceWriter) given(by proto.Name) edxl.Resource {
	r := w.wanted()
	r.Owner = string(by.Agency)
	return r
}

func (w resourceWriter) request(e *Event) *edxl.Request {
	item := edxl.Item{ID: itemID, Resource: w.wanted()}
	if p, ok := e.Said.slot(phrase.KindPlace); ok {
		item.Schedule = []edxl.Schedule{{Type: edxl.ReportTo, Place: placeText(p.(phrase.Place))}}
	}
	return &edxl.Request{Header: w.header(e, w.x.hail), Items: []edxl.Item{item}}
}

// reply returns the message of a reply, or nil if the standard has none.
func (w resourceWriter) reply(e *Event) edxl.Message {
	b := e.Entry.Body.(*record.Reply)
	h := w.header(e, b.Message)
	h.Preceding = w.preceding
	item := edxl.Item{ID: itemID, Resource: w.given(e.Entry.Actor)}
	switch b.State {
	case proto.HailAccepted:
		item.Schedule = arrival(e, w.o)
		return &edxl.Response{Header: h, Items: []edxl.Reply{{Item: item, To: itemID, Answer: edxl.Accept}}}
	case proto.HailDeclined:
		return &edxl.Response{Header: h, Items: []edxl.Reply{{Item: edxl.Item{ID: itemID}, To: itemID, Answer: edxl.Decline, Reason: w.declined(e, b)}}}
	case proto.HailCommitted:
		item.Quantity = quantity(e, w.o.Language)
		item.Schedule = append([]edxl.Schedule{{Type: edxl.ScheduleCommitted, At: w.o.at(e.At)}}, arrival(e, w.o)...)
		return &edxl.Commitment{Header: h, Items: []edxl.Committed{{Item: item, To: itemID}}}
	case proto.HailReleased:
		return &edxl.Release{Header: h, Items: []edxl.Item{item}}
	case proto.HailCancelled:
		return w.recall(h)
	}
	return nil
}

// recall withdraws a call. A request follows no message, and has the items of
// the one that it recalls.
func (w resourceWriter) recall(h edxl.Header) edxl.Message {
	h.Preceding = ""
	h.Recall = edxl.Recall{Message: messageID(w.x.hail), Type: edxl.RecallCancel}
	m := &edxl.Request{Header: h, Items: []edxl.Item{{ID: itemID, Resource: w.wanted()}}}
	if w.x.call != nil {
		m.Items = w.request(w.x.call).Items
	}
	return m
}

func (w resourceWriter) declined(e *Event, b *record.Reply) edxl.Reason {
	r := edxl.Reason{Text: reasonOr(b.Reason, w.o.Language)}
	if b.Reason != 0 {
		r.Code = edxl.Term{List: reasonList, Value: fmt.Sprint(uint16(b.Reason))}
	}
	if said := e.saying(w.o.Language); said != "" {
		r.Text += ". " + said
	}
	return r
}

// quantity is how many persons come, if it was said.
func quantity(e *Event, l phrase.Language) string {
	n, ok := e.Said.slot(phrase.KindCount)
	if !ok {
		return words{"not stated in the record", "no consta en el registro", "non précisé au dossier"}.in(l)
	}
	return fmt.Sprintf(words{"persons: %d", "personas: %d", "personnes : %d"}.in(l), uint16(n.(phrase.Count)))
}

// arrival is when help will be there, if it was said.
func arrival(e *Event, o Options) []edxl.Schedule {
	if eta, ok := e.Said.slot(phrase.KindETA); ok {
		return []edxl.Schedule{{Type: edxl.EstimatedArrival, At: o.at(e.At.Add(time.Duration(eta.(phrase.ETA)) * time.Minute))}}
	}
	if at, ok := e.Said.slot(phrase.KindTime); ok {
		return []edxl.Schedule{{Type: edxl.EstimatedArrival, At: o.at(time.Unix(at.(phrase.Instant).Unix, 0))}}
	}
	return nil
}

func placeText(p phrase.Place) string {
	out := fmt.Sprintf("%.5f, %.5f", p.Latitude.Degrees(), p.Longitude.Degrees())
	if ref, ok := p.MGRS(); ok {
		out += " (MGRS " + ref + ")"
	}
	if p.Landmark != "" {
		out += ", " + quote(p.Landmark, phrase.English)
	}
	return out
}
