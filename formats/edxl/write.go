package edxl

import (
	"fmt"
	"time"
)

// timeLayout is a dateTime with hundredths. The standard forbids the letter Z:
// UTC is +00:00.
const timeLayout = "2006-01-02T15:04:05.00-07:00"

// Write returns a message as an XML document, the same octets for the same
// message. Errors wrap ErrMessage and name what is wrong.
func Write(m Message) ([]byte, error) {
	root, err := treeOf(m)
	if err != nil {
		return nil, err
	}
	out := document(root)
	if len(out) > MaxMessage {
		return nil, fmt.Errorf("%w: %d octets, at most %d", ErrMessage, len(out), MaxMessage)
	}
	return out, nil
}

func treeOf(m Message) (element, error) {
	if err := check(m); err != nil {
		return element{}, err
	}
	root := msg(string(m.kind()))
	root.in = headerElements(m.header(), m.kind())
	for _, i := range m.items() {
		root.in = append(root.in, i.element())
	}
	return root, nil
}

func headerElements(h *Header, k kind) []element {
	list := []element{
		msgText("MessageID", string(h.ID)),
		msgText("SentDateTime", timeText(h.Sent)),
		msgText("MessageContentType", string(k)),
	}
	list = optional(list, msgText("MessageDescription", mark(h.Exercise, h.Description)))
	list = append(list, msgText("OriginatingMessageID", string(h.Originating)))
	list = optional(list, msgText("PrecedingMessageID", string(h.Preceding)))
	list = optional(list, msg("IncidentInformation", incident(h)...))
	if h.Recall != (Recall{}) {
		list = append(list, msg("MessageRecall",
			rmText("RecallMessageID", string(h.Recall.Message)), rmText("RecallType", string(h.Recall.Type))))
	}
	for _, c := range h.Contacts {
		list = append(list, c.element())
	}
	return list
}

// incident: an exercise's incident is marked too, as it is filed apart from
// the message.
func incident(h *Header) []element {
	list := optional(nil, rmText("IncidentID", h.Incident.ID))
	return optional(list, rmText("IncidentDescription", mark(h.Exercise && h.Incident != (Incident{}), h.Incident.Description)))
}

func (c Contact) element() element {
	list := optional(nil, rmText("ContactDescription", c.Description))
	list = optional(list, rmText("ContactRole", string(c.Role)))
	if c.Radio != (Radio{}) {
		list = append(list, rm("Radio", c.Radio.Type.element(rm("RadioType")), rmText("RadioChannel", c.Radio.Channel)))
	}
	list = optional(list, rm("ContactLocation", place(c.Place)...))
	return msg("ContactInformation", list...)
}

func (i item) element() element {
	list := []element{msgText("ResourceInfoElementID", string(i.ID))}
	if i.answers {
		list = append(list, i.response())
	}
	list = optional(list, i.Resource.element())
	assignment := optional(nil, msg("Quantity", optional(nil, rmText("QuantityText", i.Quantity))...))
	assignment = optional(assignment, msgText("AnticipatedFunction", i.Function))
	list = optional(list, msg("AssignmentInformation", assignment...))
	for _, s := range i.Schedule {
		list = append(list, s.element())
	}
	return msg("ResourceInformation", list...)
}

func (i item) response() element {
	list := []element{rmText("PrecedingResourceInfoElementID", string(i.to)), rmText("ResponseType", string(i.answer))}
	list = optional(list, i.reason.Code.element(rm("ReasonCode")))
	list = optional(list, rmText("ResponseReason", i.reason.Text))
	return msg("ResponseInformation", list...)
}

func (r Resource) element() element {
	list := optional(nil, msgText("ResourceID", r.ID))
	list = optional(list, msgText("Name", r.Name))
	list = optional(list, r.Type.element(msg("TypeStructure")))
	list = optional(list, msgText("Description", r.Description))
	list = optional(list, msg("OwnershipInformation", optional(nil, rmText("Owner", r.Owner))...))
	return msg("Resource", list...)
}

func (s Schedule) element() element {
	list := []element{msgText("ScheduleType", string(s.Type))}
	if !s.At.IsZero() {
		list = append(list, msgText("DateTime", timeText(s.At)))
	}
	list = optional(list, msg("Location", place(s.Place)...))
	return msg("ScheduleInformation", list...)
}

// element fills an element of the schema's ValueListType.
func (t Term) element(e element) element {
	e.in = optional(nil, rmText("ValueListURN", t.List))
	e.in = optional(e.in, rmText("Value", t.Value))
	return e
}

func place(s string) []element { return optional(nil, rmText("LocationDescription", s)) }

func mark(exercise bool, s string) string {
	switch {
	case !exercise:
		return s
	case s == "":
		return ExerciseMark
	}
	return ExerciseMark + " " + s
}

// timeText writes an instant with its offset. The schema's dateTime knows
// offsets of whole minutes up to 14 hours; another becomes UTC.
func timeText(t time.Time) string {
	if _, offset := t.Zone(); offset%60 != 0 || offset < -14*3600 || offset > 14*3600 {
		t = t.UTC()
	}
	return t.Format(timeLayout)
}

func msg(name string, in ...element) element { return element{nsMessage, name, "", in} }
func msgText(name, text string) element      { return element{nsMessage, name, text, nil} }
func rm(name string, in ...element) element  { return element{nsCommon, name, "", in} }
func rmText(name, text string) element       { return element{nsCommon, name, text, nil} }
func (e element) empty() bool                { return e.text == "" && len(e.in) == 0 }
func optional(list []element, e element) []element {
	if e.empty() {
		return list
	}
	return append(list, e)
}
