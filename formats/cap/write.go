package cap

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Marshal writes the alert as CAP 1.2: the elements in the order of the standard,
// one <info> for each language, times with a numeric offset and whole seconds. It
// refuses an alert that Parse would refuse, and one whose texts XML cannot carry.
// Resources are written as they are; nothing is fetched or carried inside.
func (a Alert) Marshal() ([]byte, error) {
	w := writer{}
	w.b.WriteString(`<?xml version="1.0" encoding="UTF-8"?>` + "\n" + `<alert xmlns="` + space12 + `">` + "\n")
	w.text("identifier", a.Identifier)
	w.text("sender", a.Sender)
	w.time("sent", a.Sent)
	w.text("status", string(a.Status))
	w.text("msgType", string(a.MsgType))
	w.text("source", a.Source)
	w.text("scope", string(a.Scope))
	w.text("restriction", a.Restriction)
	w.text("addresses", w.list(a.Addresses))
	w.texts("code", a.Codes)
	w.text("note", a.Note)
	var refs []string
	for _, r := range a.References {
		refs = append(refs, r.Sender+","+r.Identifier+","+stamp(r.Sent))
	}
	w.text("references", strings.Join(refs, " "))
	w.text("incidents", w.list(a.Incidents))
	for _, i := range a.Infos {
		w.info(i)
	}
	w.b.WriteString("</alert>\n")
	if w.err != nil {
		return nil, w.err
	}
	if _, err := Parse(w.b.Bytes(), ""); err != nil {
		return nil, err
	}
	return w.b.Bytes(), nil
}

type writer struct {
	b   bytes.Buffer
	err error
}

func (w *writer) info(i Info) {
	w.b.WriteString("<info>\n")
	w.text("language", i.Language)
	w.texts("category", i.Categories)
	w.text("event", i.Event)
	w.texts("responseType", i.ResponseTypes)
	w.text("urgency", string(i.Urgency))
	w.text("severity", string(i.Severity))
	w.text("certainty", string(i.Certainty))
	w.text("audience", i.Audience)
	w.pairs("eventCode", i.EventCodes)
	w.time("effective", i.Effective)
	w.time("onset", i.Onset)
	w.time("expires", i.Expires)
	w.text("senderName", i.SenderName)
	w.text("headline", i.Headline)
	w.text("description", i.Description)
	w.text("instruction", i.Instruction)
	w.text("web", i.Web)
	w.text("contact", i.Contact)
	w.pairs("parameter", i.Parameters)
	for _, r := range i.Resources {
		w.b.WriteString("<resource>\n")
		w.text("resourceDesc", r.Desc)
		w.text("mimeType", r.MimeType)
		w.text("size", r.Size)
		w.text("uri", r.URI)
		w.text("derefUri", r.DerefURI)
		w.text("digest", r.Digest)
		w.b.WriteString("</resource>\n")
	}
	for _, a := range i.Areas {
		w.area(a)
	}
	w.b.WriteString("</info>\n")
}

func (w *writer) area(a Area) {
	w.b.WriteString("<area>\n")
	w.text("areaDesc", a.Desc)
	for _, p := range a.Polygons {
		points := make([]string, len(p))
		for i, at := range p {
			points[i] = at.String()
		}
		w.text("polygon", strings.Join(points, " "))
	}
	for _, c := range a.Circles {
		w.text("circle", c.Point.String()+" "+plainNumber(c.Radius))
	}
	w.pairs("geocode", a.Geocodes)
	w.text("altitude", a.Altitude)
	w.text("ceiling", a.Ceiling)
	w.b.WriteString("</area>\n")
}

// String returns the point as CAP writes it.
func (p Point) String() string { return plainNumber(p.Lat) + "," + plainNumber(p.Lon) }

func plainNumber(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

// text writes an element; an empty one is left out.
func (w *writer) text(element, s string) {
	if s == "" {
		return
	}
	for _, r := range s {
		if r < 0x20 && r != '\t' && r != '\n' && r != '\r' || r == 0xfffd || r == 0xfffe || r == 0xffff {
			w.wrong(element, fmt.Sprintf("holds %U, which XML cannot carry or which stands for what was not text", r))
		}
	}
	w.b.WriteString("<" + element + ">")
	xml.EscapeText(&w.b, []byte(s)) // a buffer's writes do not fail
	w.b.WriteString("</" + element + ">\n")
}

func (w *writer) wrong(element, why string) {
	if w.err == nil {
		w.err = &Fault{Element: element, Why: why}
	}
}

func (w *writer) texts(element string, list []string) {
	for _, s := range list {
		w.text(element, s)
	}
}

func (w *writer) pairs(element string, list []Pair) {
	for _, p := range list {
		w.b.WriteString("<" + element + ">\n")
		w.text("valueName", p.Name)
		if p.Value == "" {
			w.b.WriteString("<value></value>\n")
		}
		w.text("value", p.Value)
		w.b.WriteString("</" + element + ">\n")
	}
}

// list writes items with spaces between, those with spaces in quotation marks,
// for which the standard has no escape.
func (w *writer) list(items []string) string {
	out := make([]string, len(items))
	for i, s := range items {
		if strings.Contains(s, `"`) || s == "" {
			w.wrong("alert", fmt.Sprintf("an item of a list is empty or holds a quotation mark: %q", clip(s)))
		}
		if out[i] = s; strings.ContainsAny(s, " \t\r\n") {
			out[i] = `"` + s + `"`
		}
	}
	return strings.Join(out, " ")
}

func (w *writer) time(element string, t time.Time) {
	if !t.IsZero() {
		w.text(element, stamp(t))
	}
}

// stamp writes UTC as -00:00, which the standard asks for in place of "Z"
// (CAP-v1.2 3.3.2).
func stamp(t time.Time) string {
	if _, offset := t.Zone(); offset == 0 {
		return t.Format("2006-01-02T15:04:05") + "-00:00"
	}
	return t.Format("2006-01-02T15:04:05-07:00")
}
