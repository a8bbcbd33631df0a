package edxl

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// maxDepth is how deep elements nest at most: a term in a radio in a contact.
const maxDepth = 8

// Read reads a message that Write wrote, and nothing else: what it accepts,
// Write returns octet for octet. It is for checking an export, not for taking
// in other systems' messages. Errors wrap ErrMessage.
func Read(document []byte) (Message, error) {
	if len(document) > MaxMessage {
		return nil, fmt.Errorf("%w: %d octets, at most %d", ErrMessage, len(document), MaxMessage)
	}
	root, err := parse(document)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMessage, err)
	}
	m, err := message(root)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrMessage, root.name, err)
	}
	again, err := Write(m)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(again, document) {
		return nil, fmt.Errorf("%w: %s: not in the form in which it is written here", ErrMessage, root.name)
	}
	return m, nil
}

// parse returns the root element. Document types, processing instructions and
// text beside elements are refused.
func parse(document []byte) (element, error) {
	d := xml.NewDecoder(bytes.NewReader(document))
	stack := []element{{}}
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return element{}, err
		}
		switch t := token.(type) {
		case xml.StartElement:
			if len(stack) > maxDepth {
				return element{}, fmt.Errorf("elements nest deeper than %d", maxDepth)
			}
			if err := stack[len(stack)-1].blank(); err != nil {
				return element{}, err
			}
			stack = append(stack, element{space: t.Name.Space, name: t.Name.Local})
		case xml.EndElement:
			top := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			if len(top.in) > 0 {
				if err := top.blank(); err != nil {
					return element{}, err
				}
			}
			parent := &stack[len(stack)-1]
			parent.in = append(parent.in, top)
		case xml.CharData:
			stack[len(stack)-1].text = string(t)
		case xml.ProcInst:
			if t.Target != "xml" {
				return element{}, fmt.Errorf("processing instruction %s", t.Target)
			}
		default:
			return element{}, fmt.Errorf("a comment or a document type")
		}
	}
	if len(stack[0].in) != 1 {
		return element{}, fmt.Errorf("%d root elements", len(stack[0].in))
	}
	return stack[0].in[0], nil
}

// blank drops the layout before a part and after the last one, which must be
// nothing but that.
func (e *element) blank() error {
	if strings.TrimSpace(e.text) != "" {
		return fmt.Errorf("%s holds text beside elements", e.name)
	}
	e.text = ""
	return nil
}

// cursor takes an element's parts in the order of the schema. The first error
// stays.
type cursor struct {
	in  []element
	err error
}

// next returns the next part if it is of that name, and whether it is.
func (c *cursor) next(space, name string) (element, bool) {
	if len(c.in) == 0 || c.in[0].space != space || c.in[0].name != name {
		return element{}, false
	}
	e := c.in[0]
	c.in = c.in[1:]
	return e, true
}

// text returns the text of the next part of that name, or nothing.
func (c *cursor) text(space, name string) string {
	e, _ := c.next(space, name)
	if len(e.in) > 0 {
		c.fail(fmt.Errorf("%s holds elements", name))
	}
	return e.text
}

// inside reads the parts of the next part of that name, if there is one.
func (c *cursor) inside(space, name string, read func(*cursor)) bool {
	e, ok := c.next(space, name)
	if ok {
		in := cursor{in: e.in}
		read(&in)
		c.fail(in.end())
	}
	return ok
}

func (c *cursor) fail(err error) {
	if c.err == nil {
		c.err = err
	}
}

// end returns the first error; a part that was not taken is one.
func (c *cursor) end() error {
	if len(c.in) > 0 {
		c.fail(fmt.Errorf("%s is not expected there", c.in[0].name))
	}
	return c.err
}

func (c *cursor) time(name string) time.Time {
	s := c.text(nsMessage, name)
	if s == "" {
		return time.Time{}
	}
	t, err := time.Parse(timeLayout, s)
	if err != nil {
		c.fail(fmt.Errorf("%s is not a time with hundredths and an offset", name))
		return time.Time{}
	}
	_, offset := t.Zone()
	if offset == 0 {
		return t.UTC()
	}
	return t.In(time.FixedZone("", offset))
}

// message reads a whole message. What a kind must and must not hold is for
// check to judge, when it is written again.
func message(root element) (Message, error) {
	k := kind(root.name)
	if root.space != nsMessage || assemble(k, Header{}, nil) == nil {
		return nil, fmt.Errorf("not a message known here")
	}
	c := cursor{in: root.in}
	h := readHeader(&c, k)
	var items []item
	for c.inside(nsMessage, "ResourceInformation", func(c *cursor) { items = append(items, readItem(c)) }) {
		if len(items) > MaxItems {
			return nil, fmt.Errorf("more than %d items", MaxItems)
		}
	}
	return assemble(k, h, items), c.end()
}

func readHeader(c *cursor, k kind) Header {
	h := Header{ID: MessageID(c.text(nsMessage, "MessageID")), Sent: c.time("SentDateTime")}
	if c.text(nsMessage, "MessageContentType") != string(k) {
		c.fail(fmt.Errorf("its content type is another"))
	}
	h.Description = c.text(nsMessage, "MessageDescription")
	h.Originating = MessageID(c.text(nsMessage, "OriginatingMessageID"))
	h.Preceding = MessageID(c.text(nsMessage, "PrecedingMessageID"))
	c.inside(nsMessage, "IncidentInformation", func(c *cursor) {
		h.Incident = Incident{c.text(nsCommon, "IncidentID"), c.text(nsCommon, "IncidentDescription")}
	})
	h.Description, h.Exercise = unmark(h.Description)
	if h.Exercise {
		h.Incident.Description, _ = unmark(h.Incident.Description)
	}
	c.inside(nsMessage, "MessageRecall", func(c *cursor) {
		h.Recall = Recall{MessageID(c.text(nsCommon, "RecallMessageID")), RecallType(c.text(nsCommon, "RecallType"))}
	})
	for c.inside(nsMessage, "ContactInformation", func(c *cursor) { h.Contacts = append(h.Contacts, readContact(c)) }) {
	}
	return h
}

func readContact(c *cursor) Contact {
	p := Contact{Description: c.text(nsCommon, "ContactDescription"), Role: Role(c.text(nsCommon, "ContactRole"))}
	c.inside(nsCommon, "Radio", func(c *cursor) {
		p.Radio.Type = readTerm(c, nsCommon, "RadioType")
		p.Radio.Channel = c.text(nsCommon, "RadioChannel")
	})
	p.Place = readPlace(c, nsCommon, "ContactLocation")
	return p
}

func readItem(c *cursor) item {
	i := item{Item: Item{ID: ItemID(c.text(nsMessage, "ResourceInfoElementID"))}}
	i.answers = c.inside(nsMessage, "ResponseInformation", func(c *cursor) {
		i.to = ItemID(c.text(nsCommon, "PrecedingResourceInfoElementID"))
		i.answer = Answer(c.text(nsCommon, "ResponseType"))
		i.reason = Reason{readTerm(c, nsCommon, "ReasonCode"), c.text(nsCommon, "ResponseReason")}
	})
	c.inside(nsMessage, "Resource", func(c *cursor) {
		i.Resource.ID, i.Resource.Name = c.text(nsMessage, "ResourceID"), c.text(nsMessage, "Name")
		i.Resource.Type = readTerm(c, nsMessage, "TypeStructure")
		i.Resource.Description = c.text(nsMessage, "Description")
		c.inside(nsMessage, "OwnershipInformation", func(c *cursor) { i.Resource.Owner = c.text(nsCommon, "Owner") })
	})
	c.inside(nsMessage, "AssignmentInformation", func(c *cursor) {
		c.inside(nsMessage, "Quantity", func(c *cursor) { i.Quantity = c.text(nsCommon, "QuantityText") })
		i.Function = c.text(nsMessage, "AnticipatedFunction")
	})
	for c.inside(nsMessage, "ScheduleInformation", func(c *cursor) {
		s := Schedule{Type: ScheduleType(c.text(nsMessage, "ScheduleType")), At: c.time("DateTime")}
		s.Place = readPlace(c, nsMessage, "Location")
		i.Schedule = append(i.Schedule, s)
	}) {
	}
	return i
}

func readTerm(c *cursor, space, name string) (t Term) {
	c.inside(space, name, func(c *cursor) { t = Term{c.text(nsCommon, "ValueListURN"), c.text(nsCommon, "Value")} })
	return t
}

func readPlace(c *cursor, space, name string) (s string) {
	c.inside(space, name, func(c *cursor) { s = c.text(nsCommon, "LocationDescription") })
	return s
}

// unmark takes the mark of an exercise off a text.
func unmark(s string) (string, bool) {
	rest, ok := strings.CutPrefix(s, ExerciseMark)
	if !ok {
		return s, false
	}
	return strings.TrimPrefix(rest, " "), true
}
