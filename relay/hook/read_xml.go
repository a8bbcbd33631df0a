package hook

import (
	"crypto/sha256"
	"slices"
	"strings"
	"time"

	"crossband/formats/cap"
	"crossband/formats/cot"
)

func readCAP(body []byte, charset string) (Reading, error) {
	d, err := cap.Parse(body, charset)
	if err != nil {
		return Reading{}, err
	}
	r := Reading{Refused: d.Refused}
	for _, a := range d.Alerts {
		r.Alerts = append(r.Alerts, fromCAP(a))
	}
	return r, nil
}

// fromCAP takes from all infos the worst of each: they are one event in several
// languages, or several areas of it.
func fromCAP(c cap.Alert) Alert {
	a := Alert{
		Sender: c.Sender, ID: c.Identifier, Kind: kindOfCAP(c.MsgType), Status: statusOfCAP(c.Status),
		Sent: c.Sent, Digest: sha256.Sum256(c.Raw), AllClear: len(c.Infos) > 0, Expires: lastExpiry(c.Infos),
	}
	for _, r := range c.References {
		a.References = append(a.References, Ref{r.Sender, r.Identifier})
	}
	for _, i := range c.Infos {
		s, _ := ParseSeverity(string(i.Severity))
		a.Severity = max(a.Severity, s)
		a.Immediate = a.Immediate || i.Urgency == cap.Immediate
		a.AllClear = a.AllClear && slices.Contains(i.ResponseTypes, cap.AllClear)
		for _, p := range i.EventCodes {
			a.Codes = append(a.Codes, p.Value)
		}
		a.Texts = append(a.Texts, Text{i.Language, sentence(i)})
		if a.Event == "" {
			a.Event = i.Event
		}
		if a.Place == nil {
			a.Place = placeOfCAP(i.Areas)
		}
	}
	return a
}

// lastExpiry is when the longest part of an alert ends; zero if one does not.
func lastExpiry(infos []cap.Info) (last time.Time) {
	for _, i := range infos {
		if i.Expires.IsZero() {
			return time.Time{}
		}
		if i.Expires.After(last) {
			last = i.Expires
		}
	}
	return last
}

func sentence(i cap.Info) string {
	s := i.Headline
	if s == "" {
		s = i.Event
	}
	if len(i.Areas) > 0 && !strings.Contains(s, i.Areas[0].Desc) {
		s += " (" + i.Areas[0].Desc + ")"
	}
	return s
}

func kindOfCAP(m cap.MsgType) Kind {
	switch m {
	case cap.MsgAlert:
		return KindAlert
	case cap.MsgUpdate:
		return KindUpdate
	case cap.MsgCancel:
		return KindCancel
	}
	return KindNotice
}

func statusOfCAP(s cap.Status) Status {
	switch s {
	case cap.Actual:
		return Actual
	case cap.Exercise:
		return Exercise
	case cap.System:
		return System
	case cap.Test:
		return Test
	}
	return Draft
}

// placeOfCAP is the middle of the first area that has a shape.
func placeOfCAP(areas []cap.Area) *Place {
	for _, a := range areas {
		if len(a.Circles) > 0 {
			return &Place{a.Circles[0].Lat, a.Circles[0].Lon, a.Desc}
		}
		if len(a.Polygons) > 0 {
			p := a.Polygons[0]
			low, high := p[0], p[0]
			for _, q := range p { // the corners of the box around it
				low.Lat, high.Lat = min(low.Lat, q.Lat), max(high.Lat, q.Lat)
				low.Lon, high.Lon = min(low.Lon, q.Lon), max(high.Lon, q.Lon)
			}
			if high.Lon-low.Lon > 180 { // it may lie across the 180th meridian: its first corner is in it for sure
				return &Place{p[0].Lat, p[0].Lon, a.Desc}
			}
			return &Place{(low.Lat + high.Lat) / 2, (low.Lon + high.Lon) / 2, a.Desc}
		}
	}
	return nil
}

// readCoT takes emergencies and what cancels them. Everything else that TAK
// devices send all the time holds no alert.
func readCoT(body []byte, charset string) (Reading, error) {
	e, err := cot.Parse(body, charset)
	if err != nil {
		return Reading{}, err
	}
	a := Alert{
		ID: e.UID + "@" + e.Time.UTC().Format("20060102T150405.000Z"), Thread: e.UID, Status: Actual, Severity: Extreme, Immediate: true, Distress: true,
		Event: e.Alarm, Codes: []string{e.Type}, Sent: e.Time, Place: &Place{e.Lat, e.Lon, ""}, Digest: sha256.Sum256(body),
	}
	switch e.Kind() {
	case cot.Emergency:
		a.Kind = KindAlert
	case cot.EmergencyCancel:
		a.Kind = KindCancel
	default:
		return Reading{Nothing: "a Cursor on Target " + e.Kind().String() + " raises no incident"}, nil
	}
	if a.Event == "" {
		a.Event = "emergency"
	}
	a.Texts = []Text{{"", strings.TrimSpace(e.Callsign + ": " + a.Event)}}
	return Reading{Alerts: []Alert{a}}, nil
}
