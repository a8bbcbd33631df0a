package cap

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"time"
)

// Feed is an Atom feed (RFC 4287) around alerts, for a file that holds several.
type Feed struct {
	ID      string // an IRI, such as a urn:
	Title   string
	Author  string
	Updated time.Time
}

// MarshalFeed writes the alerts in the order given, each whole in an entry of its
// own, titled by its first headline. It refuses what Parse would refuse.
func MarshalFeed(f Feed, alerts []Alert) ([]byte, error) {
	if len(alerts) == 0 || len(alerts) > MaxAlerts {
		return nil, fmt.Errorf("cap: a feed of %d alerts, 1 to %d are written", len(alerts), MaxAlerts)
	}
	if f.ID == "" || f.Title == "" || f.Author == "" || f.Updated.IsZero() {
		return nil, fmt.Errorf("cap: a feed needs an identifier, a title, an author and a time (RFC 4287 4.1.1)")
	}
	w := writer{}
	w.b.WriteString(xml.Header + `<feed xmlns="` + spaceAtom + `">` + "\n")
	w.text("id", f.ID)
	w.text("title", f.Title)
	w.text("updated", f.Updated.UTC().Format(time.RFC3339))
	w.b.WriteString("<author>\n")
	w.text("name", f.Author)
	w.b.WriteString("</author>\n")
	for n, a := range alerts {
		w.entry(f, n, a)
	}
	w.b.WriteString("</feed>\n")
	if w.err != nil {
		return nil, w.err
	}
	d, err := Parse(w.b.Bytes(), "")
	if err == nil && len(d.Alerts) != len(alerts) {
		err = fmt.Errorf("cap: %d of %d alerts of the feed can be read", len(d.Alerts), len(alerts))
	}
	if err != nil {
		return nil, err
	}
	return w.b.Bytes(), nil
}

func (w *writer) entry(f Feed, n int, a Alert) {
	document, err := a.Marshal()
	if err != nil {
		if w.err == nil {
			w.err = fmt.Errorf("cap: alert %d: %w", n+1, err)
		}
		return
	}
	_, body, _ := bytes.Cut(document, []byte("?>\n")) // an XML declaration stands at the head of a document only
	title := a.Identifier
	if len(a.Infos) > 0 && a.Infos[0].Headline != "" {
		title = a.Infos[0].Headline
	}
	w.b.WriteString("<entry>\n")
	w.text("id", fmt.Sprintf("%s:%d", f.ID, n+1))
	w.text("title", title)
	w.text("updated", a.Sent.UTC().Format(time.RFC3339))
	w.b.WriteString(`<content type="application/cap+xml">` + "\n")
	w.b.Write(body)
	w.b.WriteString("</content>\n</entry>\n")
}
