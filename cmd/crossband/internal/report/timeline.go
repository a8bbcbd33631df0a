package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// TimelineText returns the events as lines of text, one each, between a head and
// a foot. In an exercise, and if the record was changed, each line says so: lines
// are cut out and passed on.
func (i *Incident) TimelineText(o Options) []byte {
	var b bytes.Buffer
	l := o.Language
	mark := ""
	if i.Exercise {
		mark += "[" + exerciseWord(l) + "] "
	}
	if i.Standing.Tampered() {
		mark += "[" + words{"TAMPERED WITH", "ALTERADO", "ALTÉRÉ"}.in(l) + "] "
	}
	about := i.standingLine(l)
	fmt.Fprintf(&b, "%s%s\n", mark, i.title())
	fmt.Fprintf(&b, "%s\n\n", about)
	for n := range i.Events {
		e := &i.Events[n]
		fmt.Fprintf(&b, "%s%s  %s %d  %s\n", mark, o.stamp(e.At), e.Log.Agency, e.Index, e.Sentence(l))
	}
	fmt.Fprintf(&b, "\n%s\n", about)
	return b.Bytes()
}

// stamp is a time in UTC and, if another zone was asked for, there.
func (o Options) stamp(t time.Time) string {
	if o.Zone == nil || o.Zone == time.UTC {
		return stamp(t)
	}
	return stamp(t) + " = " + t.In(o.Zone).Format("2006-01-02 15:04:05.00 -07:00")
}

// head is the first line of a timeline for programs.
type head struct {
	Incident string   `json:"incident"`
	Exercise bool     `json:"exercise"`
	Parties  []string `json:"parties"`
	Record   string   `json:"record"` // Standing.Word
	Standing string   `json:"standing"`
}

// row is each other line.
type row struct {
	Time     string `json:"time"`            // UTC, milliseconds
	Local    string `json:"local,omitempty"` // in the zone that was asked for
	Log      string `json:"log"`
	Index    int    `json:"index"`
	Kind     string `json:"kind"` // "unreadable" if the line cannot be read
	Actor    string `json:"actor,omitempty"`
	Place    string `json:"place,omitempty"`
	Content  string `json:"content"` // none, sealed, shown or false
	Sentence string `json:"sentence"`
	Exercise bool   `json:"exercise"`
	Record   string `json:"record"`
}

const localLayout = "2006-01-02T15:04:05.000-07:00"

// TimelineJSON returns the same for programs: one object on a line, the first
// one about the incident.
func (i *Incident) TimelineJSON(o Options) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	h := head{i.ID.String(), i.Exercise, []string{}, i.Standing.Word(), strings.ReplaceAll(i.standingLine(o.Language), "\n", "; ")}
	for _, p := range i.Parties {
		h.Parties = append(h.Parties, string(p))
	}
	if err := enc.Encode(h); err != nil {
		return nil, err
	}
	for n := range i.Events {
		if err := enc.Encode(i.row(&i.Events[n], o)); err != nil {
			return nil, err
		}
	}
	return b.Bytes(), nil
}

func (i *Incident) row(e *Event, o Options) row {
	r := row{
		Time: e.At.UTC().Format("2006-01-02T15:04:05.000Z"), Log: e.Log.String(), Index: e.Index, Kind: "unreadable",
		Content: e.Content.String(), Sentence: e.Sentence(o.Language), Exercise: i.Exercise, Record: i.Standing.Word(),
	}
	if o.Zone != nil && o.Zone != time.UTC {
		r.Local = e.At.In(o.Zone).Format(localLayout)
	}
	if e.Entry != nil {
		r.Kind, r.Actor, r.Place = string(e.Entry.Kind()), e.Entry.Actor.String(), e.Entry.Place.String()
	}
	return r
}
