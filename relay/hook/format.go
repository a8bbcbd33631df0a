package hook

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"mime"
	"strings"

	"crossband/formats/cap"
	"crossband/formats/cloudevents"
	"crossband/formats/cot"
	"crossband/formats/strictjson"
	"crossband/formats/strictxml"
)

// Format is a way in which alerts are written.
type Format string

// The formats.
const (
	FormatCAP          Format = "cap"                // CAP 1.1 and 1.2, alone or within Atom
	FormatCoT          Format = "cot"                // Cursor on Target
	FormatCloudEvents  Format = "cloudevents"        // CloudEvents 1.0 in structured mode
	FormatBinaryEvents Format = "cloudevents-binary" // in binary mode: its headers are not signed
	FormatEvent        Format = "event"              // {"type", "timestamp", "data"}, as Standard Webhooks shows it
	FormatAlertmanager Format = "alertmanager"       // version 4
	FormatIncidents    Format = "incidents"          // routing_key, event_action, dedup_key, as incident services take it
)

// Formats lists them all.
func Formats() []Format {
	return []Format{FormatCAP, FormatCoT, FormatCloudEvents, FormatBinaryEvents, FormatEvent, FormatAlertmanager, FormatIncidents}
}

// Fault says what of a message breaks a rule, naming the element, and in a message of
// several alerts which.
type Fault struct{ Element, Why, ID string }

// Error implements error.
func (f *Fault) Error() string { return f.Element + ": " + f.Why }

func fault(element, format string, args ...any) error {
	return &Fault{Element: element, Why: fmt.Sprintf(format, args...)}
}

// Message is a body as it was carried.
type Message struct {
	ContentType string
	Header      map[string][]string // for FormatBinaryEvents
	Body        []byte
	ID          string // of the delivery; names an alert whose format has no name of its own
}

// Reading is what a message holds.
type Reading struct {
	Format  Format
	Alerts  []Alert
	Refused []error // of several: alerts that break a rule, each naming the element
	Nothing string  // why a good message holds no alert, such as a position
}

// errFormat: the message is in no format that the source may use.
var errFormat = errors.New("this source may not send that format")

// Read reads a message in one of the allowed formats, by its media type and what
// its body looks like.
func Read(m Message, allowed func(Format) bool) (Reading, error) {
	media, params, err := mime.ParseMediaType(m.ContentType)
	if err != nil && m.ContentType != "" {
		return Reading{}, fmt.Errorf("%w: Content-Type is malformed", errFormat)
	}
	f, err := tell(media, m)
	if err != nil {
		return Reading{}, err
	}
	if !allowed(f) {
		return Reading{Format: f}, fmt.Errorf("%w: %s", errFormat, f)
	}
	r, err := read(f, params["charset"], m)
	if err != nil {
		return Reading{Format: f}, err
	}
	r.Format = f
	several := len(r.Alerts)+len(r.Refused) > 1
	good := r.Alerts[:0]
	for _, a := range r.Alerts {
		switch err := a.bound(); {
		case err == nil:
			good = append(good, a)
		case !several:
			return Reading{Format: f}, err
		default:
			r.refuse(err, a.ID)
		}
	}
	r.Alerts = good
	return r, nil
}

// refuse notes what is wrong with one alert; the others are none the worse for it.
func (r *Reading) refuse(err error, id string) {
	if f := new(Fault); errors.As(err, &f) {
		err = &Fault{f.Element, f.Why, line(id, maxEvent)}
	}
	r.Refused = append(r.Refused, err)
}

// tell tells the format. Media types are often wrong by one step (text/xml,
// application/json for anything), so the body decides within XML and JSON.
func tell(media string, m Message) (Format, error) {
	switch {
	case media == cloudevents.MediaType:
		return FormatCloudEvents, nil
	case strings.HasPrefix(media, "application/cloudevents"):
		return "", fmt.Errorf("%w: batches and other encodings of CloudEvents", errFormat)
	case hasHeader(m.Header, "ce-specversion"):
		return FormatBinaryEvents, nil
	case strings.HasSuffix(media, "xml"):
		return tellXML(m.Body), nil
	case strings.HasSuffix(media, "json"):
		return tellJSON(m.Body), nil
	}
	return "", fmt.Errorf("%w: media type %q; taken are XML and JSON", errFormat, line(media, maxEvent))
}

func hasHeader(h map[string][]string, name string) bool {
	for k := range h {
		if strings.EqualFold(k, name) {
			return true
		}
	}
	return false
}

// tellXML looks at the first tag. A wrong guess is refused by the reader it leads
// to.
func tellXML(body []byte) Format {
	for rest := body; ; {
		i := bytes.IndexByte(rest, '<')
		if i < 0 || i+1 == len(rest) {
			return FormatCAP
		}
		rest = rest[i+1:]
		switch {
		case bytes.HasPrefix(rest, []byte("!--")):
			_, rest, _ = bytes.Cut(rest, []byte("-->"))
		case rest[0] == '?' || rest[0] == '!':
		case bytes.HasPrefix(rest, []byte("event")):
			return FormatCoT
		default:
			return FormatCAP
		}
	}
}

func tellJSON(body []byte) Format {
	v, err := strictjson.Parse(body, strictjson.Limits{})
	has := func(name string) bool { return err == nil && v.Get(name).Kind() != strictjson.None }
	switch {
	case has("specversion"):
		return FormatCloudEvents
	case has("groupKey") && has("alerts"):
		return FormatAlertmanager
	case has("event_action"):
		return FormatIncidents
	}
	return FormatEvent
}

func read(f Format, charset string, m Message) (Reading, error) {
	switch f {
	case FormatCAP:
		return readCAP(m.Body, charset)
	case FormatCoT:
		return readCoT(m.Body, charset)
	case FormatCloudEvents:
		e, err := cloudevents.ParseStructured(m.Body)
		if err != nil {
			return Reading{}, err
		}
		return readCloudEvent(e, sha256.Sum256(m.Body))
	case FormatBinaryEvents:
		return readBinaryEvent(m)
	}
	v, err := strictjson.Parse(m.Body, strictjson.Limits{})
	if err != nil {
		return Reading{}, err
	}
	switch f {
	case FormatAlertmanager:
		return readAlertmanager(v)
	case FormatIncidents:
		return readIncident(v, m)
	}
	return readEvent(v, m)
}

// isSyntax reports that a message could not be read at all, rather than that it
// breaks a rule of its format.
func isSyntax(err error) bool {
	return errors.Is(err, strictxml.ErrMalformed) || errors.Is(err, strictjson.ErrMalformed)
}

func isTooLarge(err error) bool {
	return errors.Is(err, strictxml.ErrTooLarge) || errors.Is(err, strictjson.ErrTooLarge)
}

// element names what an error is about, "" if it does not say.
func element(err error) string {
	var own *Fault
	var ofCAP *cap.Fault
	var ofCoT *cot.Fault
	var ofEvent *cloudevents.Fault
	switch {
	case errors.As(err, &own):
		return own.Element
	case errors.As(err, &ofCAP):
		return ofCAP.Element
	case errors.As(err, &ofCoT):
		return ofCoT.Element
	case errors.As(err, &ofEvent):
		return ofEvent.Attribute
	}
	return ""
}
