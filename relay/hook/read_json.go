package hook

import (
	"crypto/sha256"
	"encoding/hex"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"crossband/formats/cloudevents"
	"crossband/formats/strictjson"
)

// object reads members of a JSON object and keeps the first fault.
type object struct {
	v     strictjson.Value
	path  string
	fault error
}

func (o *object) wrong(name, format string, args ...any) {
	if o.fault == nil {
		o.fault = fault(o.path+name, format, args...)
	}
}

// text returns a string; "" when it is not there or null.
func (o *object) text(name string) string {
	v := o.v.Get(name)
	s, ok := v.Text()
	if !ok && v.Kind() != strictjson.None && v.Kind() != strictjson.Null {
		o.wrong(name, "is no string")
	}
	return s
}

func (o *object) time(name string) time.Time {
	s := o.text(name)
	if s == "" {
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339, s)
	_, offset := t.Zone() // the standard library reads one of 24 hours, and encodes none
	if err != nil || max(offset, -offset) >= 24*60*60 || len(s) > maxDigits+3 || t.Year() < 1970 || t.Year() > 2200 {
		o.wrong(name, "is no time of RFC 3339")
		return time.Time{}
	}
	return t
}

func (o *object) severity(name string) Severity {
	s, ok := ParseSeverity(o.text(name))
	if !ok {
		o.wrong(name, "unknown severity %q", line(o.text(name), maxEvent))
	}
	return s
}

// degrees reads a number; ok is false when it is not there.
func (o *object) degrees(name string, most float64) (v float64, ok bool) {
	n := o.v.Get(name)
	if n.Kind() == strictjson.None || n.Kind() == strictjson.Null {
		return 0, false
	}
	s, isNumber := n.Number()
	v, err := strconv.ParseFloat(s, 64)
	if !isNumber || err != nil || math.Abs(v) > most {
		o.wrong(name, "is no number of degrees up to %v", most)
	}
	return v, true
}

func (o *object) place() *Place {
	lat, hasLat := o.degrees("lat", 90)
	lon, hasLon := o.degrees("lon", 180)
	switch {
	case hasLat != hasLon:
		o.wrong("lat", "stands without lon, or the other way round")
	case hasLat:
		return &Place{lat, lon, o.text("place")}
	}
	return nil
}

func (o *object) status(name string) Status {
	for _, s := range []Status{Actual, Exercise, System, Test, Draft} {
		if v := o.text(name); v == "" || strings.EqualFold(v, s.String()) {
			return s
		}
	}
	o.wrong(name, "unknown status %q", line(o.text(name), maxEvent))
	return Draft
}

func (o *object) kind(name string) Kind {
	switch o.text(name) {
	case "", "alert", "trigger":
		return KindAlert
	case "update":
		return KindUpdate
	case "cancel", "resolve":
		return KindCancel
	case "acknowledge":
		return KindNotice
	}
	o.wrong(name, "unknown action %q; known are alert, update, cancel", line(o.text(name), maxEvent))
	return KindNotice
}

// titles reads title, and title_LANGUAGE beside it.
func (o *object) titles() (list []Text) {
	for _, t := range []struct{ name, language string }{{"title", ""}, {"title_en", "en"}, {"title_es", "es"}, {"title_fr", "fr"}} {
		if s := o.text(t.name); s != "" {
			list = append(list, Text{t.language, s})
		}
	}
	return list
}

func (o *object) references(sender string) (refs []Ref) {
	v := o.v.Get("references")
	if v.Kind() != strictjson.None && v.Kind() != strictjson.Null && v.Kind() != strictjson.Array {
		o.wrong("references", "is no list of identifiers")
	}
	for _, e := range v.List() {
		id, ok := e.Text()
		if !ok || id == "" {
			o.wrong("references", "holds what is no identifier")
		}
		refs = append(refs, Ref{sender, id})
	}
	return refs
}

// fill reads what an event's data says (docs/OPERATING.md, Hooks in). Members
// that it does not know are passed over.
func (o *object) fill(a *Alert) error {
	if o.v.Kind() != strictjson.Object {
		o.wrong("", "is no object")
		return o.fault
	}
	a.Kind, a.Status, a.Severity, a.Texts, a.Place = o.kind("action"), o.status("status"), o.severity("severity"), o.titles(), o.place()
	a.Thread, a.Expires, a.References = o.text("dedup_key"), o.time("expires"), o.references(a.Sender)
	a.Immediate = strings.EqualFold(o.text("urgency"), "immediate")
	if k := o.text("kind"); k != "" {
		a.Event = k
	}
	return o.fault
}

// readEvent reads {"type", "timestamp", "data"}.
func readEvent(v strictjson.Value, m Message) (Reading, error) {
	top := &object{v: v}
	data := &object{v: v.Get("data"), path: "data."}
	a := Alert{Event: top.text("type"), Sent: top.time("timestamp"), Sender: data.text("source"), ID: data.text("id"), Digest: sha256.Sum256(v.Raw())}
	if a.Event == "" {
		top.wrong("type", "is missing")
	}
	if a.ID == "" {
		a.ID = m.ID // the delivery's own, which its sender repeats
	}
	if top.fault != nil {
		return Reading{}, top.fault
	}
	return Reading{Alerts: []Alert{a}}.filled(data)
}

func (r Reading) filled(data *object) (Reading, error) {
	if err := data.fill(&r.Alerts[0]); err != nil {
		return Reading{}, err
	}
	return r, nil
}

// readCloudEvent reads an event's data: an alert of CAP, or JSON as readEvent's.
func readCloudEvent(e cloudevents.Event, digest [32]byte) (Reading, error) {
	if strings.HasSuffix(strings.TrimSpace(strings.ToLower(strings.SplitN(e.DataContentType, ";", 2)[0])), "xml") {
		r, err := readCAP(e.Data, "")
		if err == nil && len(r.Alerts)+len(r.Refused) != 1 {
			err = fault("data", "holds %d alerts, want one", len(r.Alerts)+len(r.Refused))
		}
		return r, err
	}
	a := Alert{Sender: e.Source, ID: e.ID, Event: e.Type, Sent: e.Time, Digest: digest}
	return Reading{Alerts: []Alert{a}}.filled(&object{v: e.JSON, path: "data."})
}

// readBinaryEvent reads an event whose attributes are headers. The signature is
// over delivery id, time and body only, so the event's id must be the delivery's.
func readBinaryEvent(m Message) (Reading, error) {
	e, err := cloudevents.ParseBinary(m.Header, m.ContentType, m.Body)
	if err != nil {
		return Reading{}, err
	}
	if e.ID != m.ID {
		return Reading{}, fault("id", "ce-id is not webhook-id, and no signature is over it")
	}
	h := sha256.New()
	for _, s := range []string{e.Source, e.ID, e.Type, e.Subject, e.Time.String()} {
		h.Write([]byte(strconv.Quote(s)))
	}
	h.Write(m.Body)
	return readCloudEvent(e, [32]byte(h.Sum(nil)))
}

// maxGroup is the most alerts of one notification.
const maxGroup = 1000

// readAlertmanager reads a notification of version 4: each alert of the group is
// one, and its fingerprint with its beginning names it.
func readAlertmanager(v strictjson.Value) (Reading, error) {
	top := &object{v: v}
	if top.text("version") != "4" {
		return Reading{}, fault("version", "%q; read is 4", line(top.text("version"), maxEvent))
	}
	var r Reading
	list := v.Get("alerts").List()
	for i, e := range list {
		if i == maxGroup {
			return Reading{}, fault("alerts", "more than %d", maxGroup)
		}
		a, err := fromAlertmanager(&object{v: e, path: "alerts." + strconv.Itoa(i) + "."})
		switch {
		case err == nil:
			r.Alerts = append(r.Alerts, a)
		case len(list) == 1:
			return Reading{}, err
		default:
			r.refuse(err, a.ID)
		}
	}
	if len(list) == 0 {
		return Reading{}, fault("alerts", "holds none")
	}
	return r, nil
}

func fromAlertmanager(o *object) (Alert, error) {
	labels, notes := &object{v: o.v.Get("labels"), path: o.path + "labels."}, &object{v: o.v.Get("annotations"), path: o.path + "annotations."}
	state, begun := o.text("status"), o.text("startsAt")
	a := Alert{
		Thread: o.text("fingerprint"), Kind: KindAlert, Status: Actual,
		Event: labels.text("alertname"), Sent: o.time("startsAt"),
	}
	// What labels say is for each installation to choose (page, P1, …). What is not known
	// here may be the worst.
	a.Severity, _ = ParseSeverity(labels.text("severity"))
	a.ID = a.Thread + "@" + begun
	for _, name := range []string{"summary", "description", "message"} {
		if s := notes.text(name); s != "" {
			a.Texts = append(a.Texts, Text{"", s})
			break
		}
	}
	switch {
	case state == "resolved":
		a.Kind = KindCancel
		a.ID += "/resolved"
	case state != "firing":
		o.wrong("status", "%q is neither firing nor resolved", line(state, maxEvent))
	case a.Thread == "" || begun == "":
		o.wrong("fingerprint", "or startsAt is missing")
	}
	// A notification is repeated as long as it fires: the alert is the same while
	// its labels and its beginning are.
	a.Digest = sha256.Sum256(slices.Concat([]byte(a.ID), o.v.Get("labels").Raw()))
	for _, other := range []*object{labels, notes} {
		if o.fault == nil {
			o.fault = other.fault
		}
	}
	return a, o.fault
}

// readIncident reads the events that incident services take: an action, a key
// that names the incident, and a payload.
func readIncident(v strictjson.Value, m Message) (Reading, error) {
	top, load := &object{v: v}, &object{v: v.Get("payload"), path: "payload."}
	a := Alert{
		Thread: top.text("dedup_key"), Kind: top.kind("event_action"), Status: Actual, Event: load.text("class"),
		Severity: load.severity("severity"), Sent: load.time("timestamp"), Digest: sha256.Sum256(v.Raw()),
	}
	if s := load.text("summary"); s != "" {
		a.Texts = []Text{{"", s}}
	}
	if a.Kind == KindAlert && load.v.Kind() != strictjson.Object {
		load.wrong("", "is missing")
	}
	if a.Thread == "" { // the format lets the receiver choose one
		a.Thread = m.ID
	}
	a.ID = a.Thread + "/" + top.text("event_action") + "/" + hex.EncodeToString(a.Digest[:8])
	if top.fault == nil {
		top.fault = load.fault
	}
	if top.fault != nil {
		return Reading{}, top.fault
	}
	return Reading{Alerts: []Alert{a}}, nil
}
