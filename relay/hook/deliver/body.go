package deliver

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"crossband/formats/webhook"
	"crossband/proto"
)

// Names in the body (CloudEvents 1.0, JSON format 3: structured mode).
const (
	contentType = "application/cloudevents+json; charset=utf-8"
	typePrefix  = "crossband."
	schema      = "urn:crossband:hook-event:1"
)

// Data is the event as receivers get it, under "data" of the CloudEvent. What
// is empty is left out. Names are SPIFFE IDs, identifiers lower-case
// hexadecimal, times RFC 3339 in UTC.
type Data struct {
	Kind     Kind     `json:"kind"`
	Incident string   `json:"incident,omitempty"`
	Sequence uint64   `json:"sequence"` // rises within an incident; a target that does not want all kinds sees gaps
	Exercise bool     `json:"exercise"`
	Page     bool     `json:"page"`
	At       string   `json:"at"`
	Hail     string   `json:"hail,omitempty"`
	From     string   `json:"from,omitempty"`
	To       string   `json:"to,omitempty"`
	By       string   `json:"by,omitempty"`
	Paged    []string `json:"paged,omitempty"` // whom a step reaches
	Class    string   `json:"class,omitempty"`
	State    string   `json:"state,omitempty"`
	Said     string   `json:"said,omitempty"`   // by one of several desks: the state is another
	Reason   uint16   `json:"reason,omitempty"` // a code of the table of reasons
	Why      string   `json:"why,omitempty"`    // the reason's sentence in English
	Channel  string   `json:"channel,omitempty"`
	Expires  string   `json:"expires,omitempty"`
	Round    uint8    `json:"round,omitempty"`
	Step     uint8    `json:"step,omitempty"`
	Into     string   `json:"into,omitempty"` // the incident of which this one is a duplicate
	As       string   `json:"disposition,omitempty"`
	Text     string   `json:"text,omitempty"`
}

func dataOf(e Event, sequence uint64) Data {
	d := Data{
		Kind: e.Kind, Sequence: sequence, Exercise: e.Exercise, Page: e.Page, At: stamp(e.At),
		From: e.From.String(), To: e.To.String(), By: e.By.String(), Expires: stamp(e.Expires), Round: e.Round, Step: e.Step, Text: e.Text,
		Incident: incidentText(e.Incident), Into: incidentText(e.Into),
	}
	for _, n := range e.Paged {
		d.Paged = append(d.Paged, n.String())
	}
	if e.Hail != (proto.MessageID{}) {
		d.Hail = e.Hail.String()
	}
	if e.Channel != (proto.ChannelID{}) {
		d.Channel = e.Channel.String()
	}
	if e.Class.Valid() {
		d.Class = e.Class.String()
	}
	if e.State != 0 {
		d.State = e.State.String()
	}
	if e.Said != 0 {
		d.Said = e.Said.String()
	}
	if e.As != 0 {
		d.As = e.As.String()
	}
	if e.Reason != proto.ReasonNone {
		d.Reason, d.Why = uint16(e.Reason), e.Reason.Sentence(proto.English)
	}
	return d
}

func incidentText(id proto.IncidentID) string {
	if id == (proto.IncidentID{}) {
		return ""
	}
	return id.String()
}

func stamp(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.UTC().Format("2006-01-02T15:04:05.000Z07:00")
}

// cloudEvent is the whole body. Source and ID together name the event; the
// sequence is the CloudEvents extension of that name, as text in which the
// order of letters is the order of numbers.
type cloudEvent struct {
	SpecVersion     string `json:"specversion"`
	ID              string `json:"id"`
	Source          string `json:"source"`
	Type            string `json:"type"`
	Subject         string `json:"subject,omitempty"`
	Time            string `json:"time"`
	DataContentType string `json:"datacontenttype"`
	DataSchema      string `json:"dataschema"`
	Sequence        string `json:"sequence"`
	Replayed        bool   `json:"replayed,omitempty"` // an administrator has put it again
	Data            Data   `json:"data"`
}

// Request is what is sent in one attempt.
type Request struct {
	Target string
	URL    string
	Header http.Header
	Body   []byte
}

func (t Target) request(now time.Time, source, id string, d Data, replayed bool) (Request, error) {
	body, err := json.Marshal(cloudEvent{
		SpecVersion: "1.0", ID: id, Source: source, Type: typePrefix + string(d.Kind), Subject: d.Incident, Time: d.At,
		DataContentType: "application/json", DataSchema: schema, Sequence: fmt.Sprintf("%010d", d.Sequence),
		Replayed: replayed, Data: d,
	})
	if err != nil {
		return Request{}, err
	}
	signed, err := webhook.Sign(id, now, body, t.Secrets...)
	if err != nil {
		return Request{}, err
	}
	h := make(http.Header)
	h.Set("Content-Type", contentType)
	h.Set("User-Agent", "crossband")
	h.Set(webhook.HeaderID, signed.ID)
	h.Set(webhook.HeaderTimestamp, signed.Timestamp)
	h.Set(webhook.HeaderSignature, signed.Signature)
	return Request{Target: t.Name, URL: t.URL, Header: h, Body: body}, nil
}
